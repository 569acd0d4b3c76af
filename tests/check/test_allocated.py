"""kmalloc() and its like: an object of one's own, with garbage in it; and what becomes of it.

include/linux/slab.h: kzalloc() sets the memory to zero, by stores of the caller's CPU.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import SAFE, VIOLATED, Verdict
from ksmcheck.text import InputError
from ksmcheck.whatif.why import grounds
from tests.fresh import fresh_asker, fresh_checker

_TOP = """C t
#include <linux/slab.h>
struct node { int a; struct node *next; struct rcu_head rcu; };
struct node *gp;
struct kmem_cache *cache;
{ }
"""


def check(text: str, folder: Path, model: str = "armv8", **more: object) -> Verdict:
    path = folder / "t.litmus"
    path.write_text(_TOP + text)
    return fresh_checker().check(Request(path, model, "6.12", **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "safe"),
    [
        # Each has its own, another one with each call.
        ("struct node *p = kmalloc(sizeof(*p), 0); p->a = 1; assert(p->a == 1);", True),
        ("struct node *p = make(1), *q = make(2); assert(p != q && p->a == 1 && q->a == 2);", True),
        ("struct node *p = make(1); kfree(p); assert(p->a == 1);", False),
        ("struct node *p = make(1), *q = make(2); kfree(p); assert(q->a == 2); kfree(q);", True),
        ("struct node *p = make(1); kfree(p); kfree(p);", False),
        # It is never NULL, and nothing else.
        ("struct node *p = make(1); assert(p && p != gp);", True),
        # What the memory holds is not 0, or where a pointer might lead.
        ("struct node *p = kmalloc(sizeof(struct node), 0); assert(p->a == 0);", False),
        ("struct node *p = kmalloc(sizeof *p, 0); int r = p->next->a;", False),
        ("struct node *p = kzalloc(sizeof *p, 0); assert(!p->a && !p->next);", True),
        ("struct node *p; p = kvzalloc(sizeof(*p), 0); assert(!p->rcu.next);", True),
        ("struct node *p = kmem_cache_zalloc(cache, GFP_ATOMIC); assert(!p->a);", True),
        ("struct node *p = kmem_cache_alloc(cache, 0); kmem_cache_free(cache, p);", True),
        (
            "struct node *p = make(1); p->next = kmem_cache_zalloc(cache, 0); assert(!p->next->a);",
            True,
        ),
        # __free(kfree) frees what is left at the end of the scope, on each way out of it; not
        # NULL, nor an error (include/linux/slab.h).
        ("struct node *k; { struct node *p __free(kfree) = make(1); k = p; } k->a = 2;", False),
        ("{ struct node *p __free(kvfree) = make(1); gp = no_free_ptr(p); } gp->a = 2;", True),
        (
            "gp = make(1); { struct node *p __free(kfree) = NULL; }"
            " { struct node *p __free(kfree) = bad(); }",
            True,
        ),
        ("struct node *p __free(kfree) = make(1); if (p->a) return; gp = p; return;", True),
        ("struct node *p __free(kfree) = make(1); kfree(p);", False),
        ("struct node *p __free(kfree) = make(1); kfree(no_free_ptr(p));", True),
        # A pointer that has got no value yet leads nowhere, and is freed all the same: GCC
        # calls the function wherever the scope ends.
        ("struct node *p __free(kfree); if (__VERIFIER_nondet_bool()) return; p = make(1);", False),
        ("struct node *p __free(kfree); p = make(1); if (__VERIFIER_nondet_bool()) return;", True),
        (
            "gp = make(1); for (int i = 0; i < 2; i++)"
            " { struct node *p __free(kfree); if (i) break; p = NULL; }",
            False,
        ),
        # A part of it is not what was allocated.
        ("struct node *p = make(1); kfree(&p->rcu);", False),
        ("struct node *p = make(1); kfree(p + 1);", False),
    ],
)
@pytest.mark.parametrize("manner", [{}, {"engine": "tuple"}])
def test_of_one_thread(body: str, safe: bool, manner: dict[str, object], tmp_path: Path) -> None:
    make = "struct node *p = kmalloc(sizeof(*p), GFP_KERNEL); p->a = v; return p;"
    other = "static struct rcu_head head;\n"  # what kfree(&p->rcu) might free
    text = f"{other}static struct node *make(int v) {{ {make} }}\n"
    text += "static struct node *bad(void) { return ERR_PTR(-12); }\n"
    text += f"void P0(void) {{ {body} }}\n"
    assert check(text, tmp_path, "sc", **manner).verdict == (SAFE if safe else VIOLATED)


_PUBLISH = """void P0(void)
{{
	struct node *new = {new}(sizeof(*new), GFP_KERNEL);
	{store}
}}
void P1(void)
{{
	struct node *p = READ_ONCE(gp);
	if (p) {{ BUG_ON({wrong}); }}
}}
"""


@pytest.mark.parametrize(
    ("new", "store", "wrong", "weak"),
    [
        ("kmalloc", "new->a = 1; rcu_assign_pointer(gp, new);", "p->a != 1", set()),
        # Without the release the stores may come later, those of kzalloc too (and only those of
        # x86 stay in order).
        ("kmalloc", "new->a = 1; WRITE_ONCE(gp, new);", "p->a != 1", {"armv8", "power"}),
        ("kzalloc", "WRITE_ONCE(gp, new);", "p->a != 0", {"armv8", "power"}),
        ("kzalloc", "smp_wmb(); WRITE_ONCE(gp, new);", "p->a != 0", set()),
        # It was never stored.
        ("kmalloc", "rcu_assign_pointer(gp, new);", "p->a != 0", {"tso", "armv8", "power"}),
    ],
)
@pytest.mark.parametrize("model", ["tso", "armv8", "power"])
def test_published(
    new: str, store: str, wrong: str, weak: set[str], model: str, tmp_path: Path
) -> None:
    text = _PUBLISH.format(new=new, store=store, wrong=wrong)
    assert check(text, tmp_path, model).verdict == (VIOLATED if model in weak else SAFE)


_REPLACE = """static int replace(int v)
{
	struct node *new, *old;

	new = kmalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->a = v;
	old = EXCHANGE(&gp, new);
	if (old) {
		FREE;
	}
	return 0;
}
void P0(void) { int r = replace(1); }
void P1(void) { int r = replace(2); }
void P2(void)
{
	rcu_read_lock();
	struct node *p = rcu_dereference(gp);
	if (p) { BUG_ON(p->a != 1 && p->a != 2); }
	rcu_read_unlock();
}
"""


@pytest.mark.parametrize(
    ("exchange", "free", "safe"),
    [
        ("xchg", "synchronize_rcu(); kfree(old)", True),
        ("xchg", "kfree(old)", False),
        ("xchg_relaxed", "synchronize_rcu(); kfree(old)", False),
    ],
)
def test_two_that_replace_each_others(exchange: str, free: str, safe: bool, tmp_path: Path) -> None:
    """Each has an object of its own, though one line of text allocates both."""
    text = _REPLACE.replace("EXCHANGE", exchange).replace("FREE", free)
    assert check(text, tmp_path, "lkmm").verdict == (SAFE if safe else VIOLATED)


@pytest.mark.parametrize("type", ["spinlock_t", "rwlock_t", "struct mutex"])
@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
def test_a_lock_in_what_was_allocated_is_free(type: str, model: str, tmp_path: Path) -> None:
    """As every lock at the start. With garbage in it nobody would come past it, and never to the
    assertion. (LKMM, whose locks are only taken and released, knows no spin_lock_init().)"""
    kind = {"spinlock_t": "spin_", "rwlock_t": "write_", "struct mutex": "mutex_"}[type]
    lock, unlock = (f"{kind}{how}lock(&p->in[1].lock)" for how in ("", "un"))
    text = f"""struct own {{ int v; struct {{ int a; {type} lock; }} in[2]; }} *gown;
void P0(void) {{ struct own *p = kmalloc(sizeof(*p), 0); p->v = 1; smp_store_release(&gown, p); }}
void P1(void)
{{
	struct own *p = smp_load_acquire(&gown);
	if (p) {{ {lock}; BUG_ON(p->v == 1); {unlock}; }}
}}
"""
    assert check(text, tmp_path, model).verdict == VIOLATED
    assert check(text.replace("== 1)", "!= 1)"), tmp_path, model).verdict == SAFE
    # Beside it there is garbage.
    assert check(text.replace("v == 1", "in[1].a != 0"), tmp_path, model).verdict == VIOLATED


@pytest.mark.parametrize(
    ("body", "message", "hint"),
    [
        ("int *p = kmalloc(4 * sizeof(int), 0);", "kmalloc of what", "arrays are not allocated"),
        ("struct node *p = kmalloc(16, 0);", "kmalloc of what", "write sizeof"),
        ("struct node *p = kmalloc(sizeof(*p) + 8, 0);", "kmalloc of what", "write sizeof"),
        ("use(kmem_cache_alloc(cache, 0));", "kmem_cache_alloc of what", "assign it"),
        ("f()->next = kmem_cache_alloc(cache, 0);", "kmem_cache_alloc of what", "assign it"),
        ("again: gp = kmalloc(sizeof(*gp), 0); if (READ_ONCE(gp->a)) goto again;", "once", "loop"),
        ("for (int i = 0; i < 2; i++) gp = kzalloc(sizeof(*gp), 0);", "once", "before the loop"),
        ("while (!gp) make();", "may be reached again", "before the loop"),
    ],
)
def test_what_cannot_be_allocated(body: str, message: str, hint: str, tmp_path: Path) -> None:
    make = "static void make(void) { gp = kmalloc(sizeof(*gp), GFP_KERNEL); }\n"
    with pytest.raises(InputError) as refused:
        check(f"{make}void P0(void) {{ {body} }}\n", tmp_path)
    assert message in str(refused.value)
    assert hint in str(refused.value)


def test_a_safe_says_that_no_allocation_fails(tmp_path: Path) -> None:
    made = check("void P0(void) { struct node *p = kzalloc(sizeof(*p), 0); }\n", tmp_path)
    assert (made.verdict, made.notes) == (SAFE, ("assuming that no allocation fails",))
    assert check("void P0(void) { gp = NULL; }\n", tmp_path).notes == ()


def test_a_function_of_the_tests_own(tmp_path: Path) -> None:
    own = "struct node n;\nstatic struct node *kmalloc(int size) { return &n; }\n"
    found = check(f"{own}void P0(void) {{ gp = kmalloc(16); }}\nforall (gp=&n)\n", tmp_path)
    assert found.verdict == SAFE


_LISTED = """C t
#include <linux/slab.h>
#include <linux/kref.h>
#include <linux/list.h>
struct obj { struct kref ref; int data; struct list_head link; };
LIST_HEAD(all);
DEFINE_SPINLOCK(lock);
{ }
static void release(struct kref *ref)
{
	struct obj *o = container_of(ref, struct obj, ref);
	TAKE
	list_del(&o->link);
	spin_unlock(&lock);
	kfree(o);
}
static void put(struct obj *o)
{
	PUT;
}
static struct obj *obj_new(int v)
{
	struct obj *o = kzalloc(sizeof(*o), GFP_KERNEL);
	if (!o)
		return NULL;
	kref_init(&o->ref);
	o->data = v;
	spin_lock(&lock);
	list_add(&o->link, &all);
	spin_unlock(&lock);
	return o;
}
static struct obj *obj_get(void)
{
	struct obj *o;
	spin_lock(&lock);
	o = list_first_entry_or_null(&all, struct obj, link);
	if (o)
		kref_get(&o->ref);
	spin_unlock(&lock);
	return o;
}
void P0(void)
{
	struct obj *o = obj_new(1);
	if (o)
		put(o);
}
void P1(void)
{
	struct obj *o = obj_get();
	if (o) {
		BUG_ON(o->data != 1);
		put(o);
	}
}
"""


@pytest.mark.parametrize(
    ("take", "put", "safe"),
    [
        ("", "kref_put_lock(&o->ref, release, &lock)", True),
        # Between the count's last step and the lock another finds the object in the list.
        ("spin_lock(&lock);", "kref_put(&o->ref, release)", False),
    ],
)
@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
def test_an_object_in_a_list(take: str, put: str, safe: bool, model: str, tmp_path: Path) -> None:
    """Documentation/core-api/kref.rst: who takes a reference without having one needs a lock that
    the release holds, too."""
    path = tmp_path / "t.litmus"
    path.write_text(_LISTED.replace("TAKE", take).replace("PUT", put))
    found = fresh_checker().check(Request(path, model, "6.12"))
    assert found.verdict == (SAFE if safe else VIOLATED)


@pytest.mark.parametrize("alloc", ["kmalloc", "kzalloc"])
@pytest.mark.parametrize("init", ["", "spin_lock_init(&p->lock);"])
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("publish", ["smp_store_release(&gown, p);", "WRITE_ONCE(gown, p);"])
@pytest.mark.parametrize("model", ["armv8", "lkmm"])
def test_a_lock_is_made_ready(
    alloc: str, init: str, held: bool, publish: str, model: str, tmp_path: Path
) -> None:
    """By its own thread before others see it, as kernel code does: LKMM, in whose tests locks are
    only taken and released, has nothing against that. Without an order others may not see what is
    beside it. Who takes it after somebody else has what was done under it; but they may be there
    before it is made ready."""
    taken, given = ("spin_lock(&p->lock);", "spin_unlock(&p->lock);") if held else ("", "")
    text = f"""struct own {{ spinlock_t lock; int v; }} *gown;
void P0(void)
{{
	struct own *p = {alloc}(sizeof(*p), GFP_KERNEL);
	{init} {taken} p->v = 2; {given}
	{publish}
}}
void P1(void)
{{
	struct own *p = READ_ONCE(gown);
	if (p) {{ spin_lock(&p->lock); BUG_ON(p->v != 2); spin_unlock(&p->lock); }}
}}
"""
    found = check(text, tmp_path, model)
    ordered = "release" in publish or (held and not init)
    assert found.verdict == (SAFE if ordered else VIOLATED)
    assert "mixed-lock-accesses" not in found.flags


@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
def test_a_lock_that_is_held_is_made_ready_again(model: str, tmp_path: Path) -> None:
    """It lets another in. LKMM says that it is a race."""
    text = """struct own { spinlock_t lock; int v; } b;
void P0(void) { spin_lock(&b.lock); b.v = 1; b.v = 0; spin_unlock(&b.lock); }
void P1(void) { spin_lock(&b.lock); BUG_ON(b.v); spin_unlock(&b.lock); }
void P2(void) { spin_lock_init(&b.lock); }
"""
    assert check(text, tmp_path, model).verdict == VIOLATED
    without = text[: text.index("void P2")]
    assert check(without, tmp_path, model).verdict == SAFE


@pytest.mark.parametrize(
    ("model", "publish", "told"),
    [
        ("sc", "WRITE_ONCE(gown, p)", False),
        ("armv8", "WRITE_ONCE(gown, p)", True),
        ("armv8", "smp_store_release(&gown, p)", False),
        ("tso", "WRITE_ONCE(gown, p)", False),
    ],
)
def test_what_is_read_unwritten_is_told(
    model: str, publish: str, told: bool, tmp_path: Path
) -> None:
    """Garbage is one value here: what the other branch would do is not looked at."""
    text = f"""struct own {{ int v; }} *gown;
void P0(void) {{ struct own *p = kmalloc(sizeof(*p), 0); WRITE_ONCE(p->v, 1); {publish}; }}
void P1(void)
{{
	struct own *p = READ_ONCE(gown);
	if (!p) return;
	if (READ_ONCE(p->v) == 0) {{ BUG(); }}
}}
"""
    found = check(text, tmp_path, model)
    assert found.verdict == SAFE
    assert any("t.litmus:13 may read it unwritten" in note for note in found.notes) == told


def test_that_nothing_is_read_unwritten_is_no_part_of_the_proof(tmp_path: Path) -> None:
    """The release keeps garbage from the reader, and nothing asked for hangs on that: P1 asserts
    nothing. What SAFE rests on names no site."""
    text = """struct own { int v; } *gown;
void P0(void)
{
	struct own *p = kmalloc(sizeof(*p), 0);
	WRITE_ONCE(p->v, 1);
	smp_store_release(&gown, p);
}
void P1(void)
{
	struct own *p = READ_ONCE(gown);
	if (p && READ_ONCE(p->v) == 0) BUG();
}
"""
    path = tmp_path / "t.litmus"
    path.write_text(_TOP + text)
    found = grounds(fresh_asker(), Request(path, "armv8", "6.12"))
    assert found is not None
    assert (found.orders, found.accesses) == ((), ())
