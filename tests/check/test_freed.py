"""kfree(): that nobody comes to what is freed, who frees it again included.

Of each program it is said beside it why somebody may, or why nobody does. What may be is looked for
in another way as well: a store of a value that is stored nowhere else takes the place of the kfree,
and then whoever comes after it reads that value, or stores over it.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import SAFE, UNKNOWN, VIOLATED, Verdict
from ksmcheck.explain.tell import story_of
from ksmcheck.model.load import shipped_models
from ksmcheck.store.paths import models_dir
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

_TOP = """C t
#include <linux/slab.h>
struct node { int a; struct node *next; };
struct node n1;
struct node n2;
struct node *gp = &n1;
int done;
atomic_t refs = ATOMIC_INIT(2);
{ }
"""


def written(text: str, folder: Path) -> Path:
    path = folder / "t.litmus"
    path.write_text(_TOP + text)
    return path


def check(text: str, folder: Path, model: str = "armv8", **more: object) -> Verdict:
    request = Request(written(text, folder), model, "6.12", **more)  # type: ignore[arg-type]
    return fresh_checker().check(request)


# The last to look says so, and who sees that frees the node.
_USER = "void P0(void) {{ int r0 = READ_ONCE(n1.a); {said} }}\n"
_OWNER = "void P1(void) {{ if ({seen}) kfree(&n1); }}\n"
HANDED_OVER = {
    # Nothing orders the read before the store: where a machine reorders those, it comes too late.
    ("WRITE_ONCE(done, 1);", "READ_ONCE(done)"): {"armv7", "armv8", "power", "riscv", "lkmm"},
    # That it is called is decided in time, but the kfree's stores are plain: they race.
    ("smp_mb(); WRITE_ONCE(done, 1);", "READ_ONCE(done)"): {"lkmm"},
    ("smp_store_release(&done, 1);", "smp_load_acquire(&done)"): set(),
    # A store barrier orders no read.
    ("smp_wmb(); WRITE_ONCE(done, 1);", "smp_load_acquire(&done)"): {
        "armv7",
        "armv8",
        "riscv",
        "lkmm",
    },
    # Nobody waits for anybody.
    ("WRITE_ONCE(done, 1);", "1"): set(shipped_models()),
}


@pytest.mark.parametrize("model", shipped_models())
@pytest.mark.parametrize("said, seen", list(HANDED_OVER))
def test_who_hands_over_is_done(said: str, seen: str, model: str, tmp_path: Path) -> None:
    found = check(_USER.format(said=said) + _OWNER.format(seen=seen), tmp_path, model)
    used = model in HANDED_OVER[said, seen]
    assert found.verdict == (VIOLATED if used else SAFE)
    flag = "data-race" if said.startswith("smp_mb") else "use-after-free"
    assert found.flags == ((flag,) if used else ())
    assert "use-after-free" in found.properties


_PUT = "static void put(struct node *p) {{ if ({last}) kfree(p); }}\n"
_BOTH = """void P0(void) { int r0 = READ_ONCE(n1.a); put(&n1); }
void P1(void) { WRITE_ONCE(n1.a, 1); put(&n1); }
"""


@pytest.mark.parametrize(
    ("last", "safe"),
    [
        ("atomic_dec_and_test(&refs)", True),
        # Relaxed: what the other did before its own may come after the kfree.
        ("atomic_dec_return_relaxed(&refs) == 0", False),
        # Each is taken for the last one.
        ("atomic_dec_return(&refs) <= 1", False),
        # Nobody is: the node stays.
        ("atomic_dec_return(&refs) < 0", True),
    ],
)
@pytest.mark.parametrize("model", ["armv8", "lkmm"])
def test_the_last_reference(last: str, safe: bool, model: str, tmp_path: Path) -> None:
    found = check(_PUT.format(last=last) + _BOTH, tmp_path, model)
    assert found.verdict == (SAFE if safe else VIOLATED)


_LOCKED = """#include <linux/bit_spinlock.h>
struct guarded { spinlock_t l; unsigned long bits; int v; };
struct guarded b = { .v = 2 };
static int last(void)
{
	int left;
	%s;
	left = --b.v;
	%s;
	return !left;
}
void P0(void) { if (last()) kfree(&b); }
void P1(void) { if (last()) kfree(&b); }
"""


@pytest.mark.parametrize(
    ("lock", "unlock", "flags"),
    [
        # The lock is in what is freed, and who holds it last knows that: no matter what LKMM lets a
        # plain read see, that is decided before kfree() comes to the lock.
        ("spin_lock(&b.l)", "spin_unlock(&b.l)", ()),
        ("bit_spin_lock(0, &b.bits)", "bit_spin_unlock(0, &b.bits)", ()),
        # Nobody holds it for the last time.
        ("", "spin_lock(&b.l); spin_unlock(&b.l)", ("use-after-free",)),
    ],
)
@pytest.mark.parametrize("model", ["armv8", "lkmm"])
def test_a_lock_in_what_is_freed(
    lock: str, unlock: str, flags: tuple[str, ...], model: str, tmp_path: Path
) -> None:
    found = check(_LOCKED % (lock, unlock), tmp_path, model)
    assert found.flags == flags


_SLEEPS = """struct owned { struct mutex m; struct rw_semaphore s; int v; atomic_t ref; };
struct owned b = { .ref = ATOMIC_INIT(2) };
"""
_LAST = "if (last) kfree(&b);"
_COUNTED = "if (atomic_dec_and_test(&b.ref)) kfree(&b);"
_RELAXED = "if (atomic_sub_return_relaxed(1, &b.ref) == 0) kfree(&b);"


@pytest.mark.parametrize(
    ("lock", "unlock", "end", "safe"),
    [
        # The comment on mutex_unlock() in kernel/locking/mutex.c: it may be executing still when
        # another takes the mutex, so that it is no way to release the object.
        ("mutex_lock(&b.m)", "mutex_unlock(&b.m)", _LAST, ()),
        ("down_write(&b.s)", "up_write(&b.s)", _LAST, ()),
        # Nobody waits for what is only tried: nothing is looked for, but who has the count of 2
        # is the last one all the same.
        ("if (!mutex_trylock(&b.m)) return", "mutex_unlock(&b.m)", _LAST, ("sc", "armv8", "lkmm")),
        # References that are counted with an order: what the others do to the lock is over.
        ("mutex_lock(&b.m)", "mutex_unlock(&b.m)", _COUNTED, ("sc", "armv8", "lkmm")),
        ("down_write(&b.s)", "up_write(&b.s)", _COUNTED, ("sc", "armv8", "lkmm")),
        # Without one, the look may come late on a machine that moves reads behind stores.
        ("mutex_lock(&b.m)", "mutex_unlock(&b.m)", _RELAXED, ("sc",)),
    ],
)
@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
def test_a_sleeping_lock_in_what_is_freed(
    lock: str, unlock: str, end: str, safe: tuple[str, ...], model: str, tmp_path: Path
) -> None:
    thread = "void P%d(void) { int last; %s; last = ++b.v == 2; %s; %s }\n"
    text = _SLEEPS + "".join(thread % (i, lock, unlock, end) for i in (0, 1))
    found = check(text, tmp_path, model)
    assert ("use-after-free" in found.flags) == (model not in safe)
    assert found.verdict == (SAFE if model in safe else VIOLATED)


@pytest.mark.parametrize(
    ("other", "flags"),
    [
        # Nobody waits where all read.
        ("down_read(&b.s); up_read(&b.s)", ()),
        ("down_write(&b.s); up_write(&b.s)", ("use-after-free",)),
    ],
)
def test_a_reader_wakes_writers(other: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    """kernel/locking/rwsem.c, __up_read(): who frees has seen the reader's store, and then that it
    has given the lock back, but not that it does no more."""
    text = f"""{_SLEEPS}void P0(void) {{ down_read(&b.s); WRITE_ONCE(b.v, 1); up_read(&b.s); }}
void P1(void) {{ {other}; if (READ_ONCE(b.v) && !rwsem_is_locked(&b.s)) kfree(&b); }}
"""
    assert check(text, tmp_path, "sc").flags == flags


@pytest.mark.parametrize("model", ["armv8", "lkmm"])
def test_who_is_told_under_a_lock_may_free_it(model: str, tmp_path: Path) -> None:
    """complete() gives the lock in it back last."""
    top = "#include <linux/completion.h>\nstruct work { struct completion done; int v; } work;\n"
    worker = "void P0(void) { work.v = 1; complete(&work.done); }\n"
    waiter = "void P1(void) { wait_for_completion(&work.done); kfree(&work); }\n"
    assert check(top + worker + waiter, tmp_path, model).verdict == SAFE
    late = "void P0(void) { complete(&work.done); work.v = 1; }\n"
    assert check(top + late + waiter, tmp_path, model).flags == ("use-after-free",)


@pytest.mark.parametrize(
    ("one", "other", "flags"),
    [
        ("synchronize_srcu(&own.srcu); kfree(&own);", "", ()),
        # Who waits for readers is no access: that it comes before the kfree is only seen in one
        # thread.
        ("kfree(&own);", "synchronize_srcu(&own.srcu);", ("mixed-lock-accesses",)),
        ("kfree(&own); synchronize_srcu(&own.srcu);", "", ("mixed-lock-accesses",)),
        (
            "kfree(&own);",
            "int i = srcu_read_lock(&own.srcu); srcu_read_unlock(&own.srcu, i);",
            ("use-after-free",),
        ),
    ],
)
def test_srcu_in_what_is_freed(
    one: str, other: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    top = "struct own { struct srcu_struct srcu; int v; } own;\n"
    text = f"{top}void P0(void) {{ {one} }}\nvoid P1(void) {{ {other} }}\n"
    found = check(text, tmp_path, "lkmm")
    assert (found.verdict == VIOLATED, found.flags) == (bool(flags), flags)


_READER = """void P0(void)
{
	rcu_read_lock();
	struct node *p = rcu_dereference(gp);
	int r0 = p->a;
	rcu_read_unlock();
	%s
}
"""
_UPDATE = """void P1(void)
{
	struct node *old = gp;
	rcu_assign_pointer(gp, &n2);
	%s
}
"""


@pytest.mark.parametrize(
    ("reader", "update", "safe"),
    [
        ("", "synchronize_rcu(); kfree(old);", True),
        ("", "kfree(old);", False),
        ("", "kfree_rcu_mightsleep(old);", True),
        ("int r1 = p->a;", "synchronize_rcu(); kfree(old);", False),  # outside of the section
        ("", "synchronize_rcu(); kfree(old); kfree(old);", False),  # twice
        ("", "synchronize_rcu(); kfree(old); old->a = 1;", False),  # by itself
        ("", "synchronize_rcu(); kfree(&n2);", False),  # the new one
    ],
)
def test_behind_a_grace_period(reader: str, update: str, safe: bool, tmp_path: Path) -> None:
    found = check(_READER % reader + _UPDATE % update, tmp_path, "lkmm")
    assert found.verdict == (SAFE if safe else VIOLATED)
    assert found.flags == (() if safe else ("use-after-free",))


_LATER = """C t
struct node { int a; struct { int b; struct rcu_head rcu; } in; };
struct node n1 = { .a = 1 };
struct node *gp = &n1;
{ }
void P0(void)
{
	%s
	struct node *p = rcu_dereference(gp);
	if (p) {
		int r0 = READ_ONCE(p->a);
	}
	%s
}
void P1(void)
{
	struct node *old = gp;
	rcu_assign_pointer(gp, NULL);
	%s;
}
"""


@pytest.mark.parametrize(
    ("lock", "unlock", "call", "safe"),
    [
        ("rcu_read_lock();", "rcu_read_unlock();", "kfree_rcu(old, in.rcu)", True),
        ("rcu_read_lock();", "rcu_read_unlock();", "kvfree_rcu(old, in.rcu)", True),
        ("", "", "kfree_rcu(old, in.rcu)", False),
        ("", "", "kfree_rcu((struct node *)NULL, in.rcu)", True),
        ("", "", "struct node *freed__ = old; kfree_rcu(freed__, in.rcu)", False),
        ("rcu_read_lock();", "rcu_read_unlock();", "kfree_rcu(old, in.rcu); kfree(old)", False),
    ],
)
def test_freed_later(lock: str, unlock: str, call: str, safe: bool, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(_LATER % (lock, unlock, call))
    found = fresh_checker().check(Request(path, "lkmm", "6.12"))
    assert found.verdict == (SAFE if safe else VIOLATED)


@pytest.mark.parametrize(
    ("update", "refused"),
    [
        ("struct node *old = gp; kfree_rcu(old, rcu);", False),
        ("kfree_rcu((struct node *)&n1, rcu);", False),
        ("kfree_rcu(gp->next, rcu);", False),
        ("kfree_rcu(&n1, rcu);", True),
    ],
)
def test_heads_of_one_name(update: str, refused: bool, tmp_path: Path) -> None:
    """The pointer tells which is meant."""
    path = tmp_path / "t.litmus"
    top = "struct other { struct rcu_head rcu; };\nstruct node { int a; struct node *next;"
    top = f"C t\n{top} struct rcu_head rcu; }};\nstruct node n1;\nstruct node *gp = &n1;\n{{ }}\n"
    path.write_text(f"{top}void P0(void) {{ gp->next = &n1; {update} }}\n")
    request = Request(path, "lkmm", "6.12")
    if not refused:
        assert fresh_checker().check(request).verdict == SAFE
        path.write_text(path.read_text() + "void P1(void) { n1.a = 1; }\n")
        assert fresh_checker().check(request).verdict == VIOLATED
        return
    with pytest.raises(InputError, match="struct other and struct node have a head of the name"):
        fresh_checker().check(request)


_WAITED = """C t
struct node { int a; struct rcu_head rcu; };
struct node n1;
struct node n2;
struct node *gp = &n1;
{ }
static void free(struct rcu_head *head) { kfree(container_of(head, struct node, rcu)); }
void P0(void)
{
	rcu_read_lock();
	struct node *p = rcu_dereference(gp);
	if (p) {
		int r0 = READ_ONCE(p->a);
	}
	rcu_read_unlock();
}
void P1(void)
{
	struct node *old = gp, *other = &n2;
	rcu_assign_pointer(gp, NULL);
	%s;
	kfree(old);
}
"""


@pytest.mark.parametrize(
    ("wait", "kernel", "safe"),
    [
        ("call_rcu(&other->rcu, free); rcu_barrier()", "6.12", True),
        ("kfree_rcu(other, rcu); rcu_barrier()", "3.9", True),
        # 6.12 (and 5.6) puts it into a list of its own, which rcu_barrier() does not look at.
        ("kfree_rcu(other, rcu); rcu_barrier()", "6.12", False),
        ("kfree_rcu(other, rcu); kvfree_rcu_barrier()", "6.12", True),
        ("call_rcu(&other->rcu, free); kvfree_rcu_barrier()", "6.12", False),
        # Without a head, too: it only waits where that list gets no memory.
        ("kfree_rcu_mightsleep(other)", "6.12", False),
        ("kfree_rcu_mightsleep(other); rcu_barrier()", "6.12", False),
        ("kvfree_rcu_mightsleep(other); kvfree_rcu_barrier()", "6.12", True),
        ("other = NULL; kfree_rcu_mightsleep(other); kvfree_rcu_barrier()", "6.12", False),
        ("kfree_rcu_mightsleep((struct node *)&n2); kvfree_rcu_barrier()", "6.12", True),
    ],
)
def test_what_waits_for_what_is_freed_later(
    wait: str, kernel: str, safe: bool, tmp_path: Path
) -> None:
    """kvfree_call_rcu() and kvfree_rcu_barrier() in kernel/rcu/tree.c; at 3.9 kfree_rcu() is
    call_rcu() (kernel/rcutree_plugin.h). Who waits for what was freed behind a grace period that
    began after another object was taken away may free that, too."""
    path = tmp_path / "t.litmus"
    path.write_text(_WAITED % wait)
    found = fresh_checker().check(Request(path, "lkmm", kernel))
    assert found.verdict == (SAFE if safe else VIOLATED)


@pytest.mark.parametrize(
    ("body", "free"),
    [
        # What an iteration reads that goes on, and in no order with what ends it.
        ("while (!READ_ONCE(done)) READ_ONCE(n1.a);", "kfree(&n1); WRITE_ONCE(done, 1);"),
        ("while (!READ_ONCE(done)) { int r = n1.a; }", "kfree(&n1); WRITE_ONCE(done, 1);"),
        # The value stays: what waits for it does not wait for ever once it is freed.
        ("while (!READ_ONCE(n1.a)) cpu_relax();", "WRITE_ONCE(n1.a, 1); kfree(&n1);"),
        ("while (READ_ONCE(n1.a)) cpu_relax();", "WRITE_ONCE(n1.a, 0); kfree(&n1);"),
        ("kfree(&n1); while (!READ_ONCE(done)) READ_ONCE(n1.a);", "WRITE_ONCE(done, 1);"),
    ],
)
@pytest.mark.parametrize("manner", [{}, {"engine": "tuple"}, {"engine": "explicit"}])
@pytest.mark.parametrize("model", ["tso", "lkmm"])
def test_in_loops(
    body: str, free: str, manner: dict[str, object], model: str, tmp_path: Path
) -> None:
    text = f"void P0(void) {{ {body} }}\nvoid P1(void) {{ {free} }}\n"
    found = check(text, tmp_path, model, **manner)
    assert (found.verdict, found.flags) == (VIOLATED, ("use-after-free",))


_ENDLESS = (
    # It waits in what is freed, behind its use, or in the object and without any other way.
    "if (READ_ONCE(done)) while (!READ_ONCE(n1.a)) cpu_relax();",
    "if (READ_ONCE(done)) { int r = READ_ONCE(n1.a); while (!READ_ONCE(n2.a)) cpu_relax(); }",
    "smp_cond_load_acquire(&n1.a, VAL);",
    "int r = READ_ONCE(n1.a); while (1) cpu_relax();",
    # More rounds than are looked at.
    "while (READ_ONCE(done)) { atomic_inc(&refs); READ_ONCE(n1.a); }",
)


@pytest.mark.parametrize("body", _ENDLESS)
@pytest.mark.parametrize("model", ["armv8", "lkmm"])
def test_in_an_execution_that_does_not_end(body: str, model: str, tmp_path: Path) -> None:
    """It is used, whatever becomes of the threads then."""
    free = "void P1(void) { kfree(&n1); WRITE_ONCE(done, 1); }\n"
    found = check(f"void P0(void) {{ {body} }}\n{free}", tmp_path, model)
    assert (found.verdict, found.flags) == (VIOLATED, ("use-after-free",))
    # A filter speaks of executions that end.
    kept = "filter (done=1)\nforall (done=1)\n"
    found = check(f"void P0(void) {{ {_ENDLESS[0]} }}\n{free}{kept}", tmp_path, model)
    assert found.verdict == UNKNOWN


@pytest.mark.parametrize(
    ("before", "verdict"),
    [
        # The reader waits in its section: no grace period ends before.
        ("", UNKNOWN),
        ("kfree(old);", VIOLATED),
    ],
)
def test_a_reader_that_does_not_end(before: str, verdict: str, tmp_path: Path) -> None:
    reader = "rcu_read_lock(); READ_ONCE(gp->a); while (!READ_ONCE(done)) READ_ONCE(gp->a);"
    owner = f"struct node *old = gp; {before} synchronize_rcu(); kfree(old);"
    text = f"void P0(void) {{ {reader} rcu_read_unlock(); }}\nvoid P1(void) {{ {owner} }}\n"
    assert check(text, tmp_path, "lkmm").verdict == verdict


@pytest.mark.parametrize(
    ("top", "one", "other", "safe"),
    [
        # Fields of one word are freed once.
        ("struct { unsigned x:3, y:5; } b;", "kfree(&b);", "", True),
        ("struct { unsigned x:3, y:5; } b;", "kfree(&b);", "int r = b.y;", False),
        # An element stands for itself, an array of arrays for all of its elements.
        ("struct node v[3];", "kfree(&v[1]);", "int r = v[2].a; kfree(&v[0]);", True),
        ("struct node v[3];", "kfree(&v[1]);", "int r = v[1].a;", False),
        ("struct node v[2][2];", "kfree(&v[1][0]);", "int r = v[1][1].a;", True),
        ("struct node v[2][2];", "kfree(&v[1][0]);", "int r = v[1][0].a;", False),
        # All that lies in it is freed.
        ("struct { struct node in; spinlock_t l; } b;", "kfree(&b);", "spin_lock(&b.l); "
         "spin_unlock(&b.l);", False),
        ("struct { struct node in; int c; } b;", "kfree(&b);", "b.in.next = 0;", False),
        ("struct { int c[3]; } b;", "kfree(&b);", "int r = b.c[2];", False),
        # A part of an object, and what lies beside one, is none.
        ("struct { struct node in; int c; } b;", "kfree(&b.in);", "", False),
        ("struct node v[3];", "kfree(&v[0] + 3);", "", False),
        ("", "struct node own; kfree(&own);", "", False),
        # A read alone is enough, and another thread's kfree.
        ("", "kfree(&n1);", "n1.a;", False),
        ("", "kfree(&n1);", "kvfree(&n1);", False),
        ("struct kmem_cache *c;", "kmem_cache_free(c, &n1);", "vfree(&n2);", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("model", ["sc", "lkmm"])
def test_what_is_freed(
    top: str, one: str, other: str, safe: bool, model: str, tmp_path: Path
) -> None:
    text = f"{top}\nvoid P0(void) {{ {one} }}\nvoid P1(void) {{ {other} }}\n"
    assert check(text, tmp_path, model).verdict == (SAFE if safe else VIOLATED)


@pytest.mark.parametrize(
    ("statement", "message", "hint"),
    [
        ("int *p = &done; kfree(p);", "kfree needs a pointer to a struct, not to int", "struct"),
        ("struct { int a; } *p = 0; kfree(p);", "that could be freed", "at file level"),
        (
            "kfree_rcu(gp, rcu);",
            "no struct of the test has an rcu_head of the name rcu",
            "call_rcu",
        ),
        ("kfree_rcu(gp);", "takes a pointer and the name of a head", "kfree_rcu_mightsleep"),
        ("kfree_rcu_mightsleep(&n1);", "kfree_rcu_mightsleep of what", "cast it"),
    ],
)
def test_what_cannot_be_freed(statement: str, message: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        check(f"void P0(void) {{ {statement} }}\n", tmp_path)
    assert message in str(refused.value)
    assert hint in str(refused.value)


def test_the_room_behind_an_object_is_freed_with_it_or_not_at_all(tmp_path: Path) -> None:
    text = "struct room { int n; int v[]; };\nstruct room room = { 1, { 2, 3 } };\n"
    with pytest.raises(InputError, match="flexible array"):
        check(f"{text}void P0(void) {{ kfree(&room); }}\n", tmp_path)


def test_a_function_of_the_tests_own(tmp_path: Path) -> None:
    """What it does is what it says."""
    own = "static void kfree(struct node *p) { WRITE_ONCE(p->a, 7); }\n"
    threads = "void P0(void) { kfree(&n1); }\nvoid P1(void) { int r = READ_ONCE(n1.a); }\n"
    found = check(f"{own}{threads}exists (1:r=7)\n", tmp_path)
    assert (found.observation, found.flags) == ("Sometimes", ())


def test_an_exists_does_not_take_it_back(tmp_path: Path) -> None:
    """It is a property of every test that frees something."""
    threads = "void P0(void) { kfree(&n1); }\nvoid P1(void) { int r = READ_ONCE(n1.a); }\n"
    found = check(f"{threads}exists (1:r=0)\n", tmp_path)
    assert (found.verdict, found.flags) == (VIOLATED, ("use-after-free",))


def test_a_model_that_does_not_tell(tmp_path: Path) -> None:
    """It would find nothing."""
    cat = tmp_path / "own.cat"
    cat.write_text('"own"\nacyclic po | rf | co | fr as sc\n')
    text = "void P0(void) { kfree(&n1); }\n"
    with pytest.raises(InputError) as refused:
        check(text, tmp_path, str(cat))
    assert "flag ~empty [Freed]" in str(refused.value)
    cat.write_text(
        '"own"\nacyclic po | rf | co | fr as sc\n'
        "flag ~empty [Freed] ; (rf | co) ; [M] as use-after-free\n"
    )
    assert check(text, tmp_path, str(cat)).verdict == SAFE


def test_a_models_own_table(tmp_path: Path) -> None:
    """It takes over the shipped rows of plain accesses, that of kfree among them."""
    own = tmp_path / "own"
    own.mkdir()
    common = Path(__file__).parents[2] / "models" / "common.toml"
    (own / "lowering.toml").write_text(
        f'[model]\ntitle = "own"\nkernels = ["6.12"]\nlowering = "{common}"\n'
    )
    order = '"own"\nacyclic po | rf | co | fr as sc\n'
    free = "void P0(void) { kfree(&n1); }\n"
    for flag in ("", "flag ~empty rf & 0 as use-after-free\n"):
        (own / "own.cat").write_text(order + flag)
        assert check("void P0(void) { n1.a = 1; }\nforall (n1.a=1)\n", tmp_path, str(own)).verdict
        with pytest.raises(InputError, match="does not tell who uses what is freed"):
            check(free, tmp_path, str(own))
    (own / "own.cat").write_text(
        f"{order}flag ~empty [Freed] ; (rf | co) ; [M] as use-after-free\n"
    )
    assert check(free, tmp_path, str(own)).verdict == SAFE


def test_the_story(tmp_path: Path) -> None:
    checker = fresh_checker()
    text = _USER.format(said="WRITE_ONCE(done, 1);") + _OWNER.format(seen="READ_ONCE(done)")
    found = checker.check(Request(written(text, tmp_path), "armv8", "6.12"))
    assert story_of(checker, found) == (
        "P0's read of n1.a (t.litmus:10) comes after P1 frees it (t.litmus:11): nothing orders "
        "P0's read of n1.a (t.litmus:10) before its store to done (t.litmus:10)"
    )
    checker = fresh_checker()
    found = checker.check(
        Request(written("void P0(void) { kfree(&n1); }\nvoid P1(void) { kfree(&n1); }\n", tmp_path))
    )
    assert (story_of(checker, found) or "").startswith(
        "P1 frees n1.a (t.litmus:11) when P0 does (t.litmus:10), too: "
    )


_ROUNDS = """struct node v[2];
int x;
void P0(void)
{
	int i = 0;
	while (x == i) {
		%s;
		if (++i == 2)
			break;
	}
	WRITE_ONCE(done, 1);
}
void P1(void) { int r = READ_ONCE(done); smp_mb(); WRITE_ONCE(x, 1); }
exists (1:r=1)
"""


@pytest.mark.parametrize("model", ["armv8", "power"])
def test_a_loop_that_frees_is_one_that_does_something(model: str, tmp_path: Path) -> None:
    """No compiler stores before it has come out of it: as the call of any primitive."""
    found = [
        check(_ROUNDS % statement, tmp_path, model).observation
        for statement in ("kfree(&v[i])", "smp_store_release(&v[i].a, 0)")
    ]
    assert found[0] is not None
    assert found[0] == found[1]


# Random threads of accesses to one object and two flags.
_ACCESSES = (
    "int r{n} = READ_ONCE(n1.a);", "WRITE_ONCE(n1.a, {n});", "int r{n} = READ_ONCE(x);",
    "WRITE_ONCE(x, 1);", "int r{n} = READ_ONCE(y);", "WRITE_ONCE(y, 1);", "smp_mb();", "smp_rmb();",
    "smp_wmb();", "if (!READ_ONCE(x)) return;", "if (!smp_load_acquire(&y)) return;",
    "smp_store_release(&x, 1);", "int r{n} = xchg(&n1.a, {n});",
)  # fmt: skip
_FREE, _MARK = "FREE;", 99
_MARKED = f"{{ int old = n1.a; n1.a = old * 0 + {_MARK}; freed = 1; }}"


def _random_threads(random: Random) -> list[list[str]]:
    threads = []
    for thread in range(2):
        chosen = random.sample(_ACCESSES, random.randint(2, 4))
        if not thread:
            chosen.insert(random.randint(1, len(chosen)), _FREE)
        threads.append([text.format(n=10 * thread + n + 1) for n, text in enumerate(chosen)])
    return threads


def _text(threads: list[list[str]], free: str) -> str:
    bodies = (" ".join(thread).replace(_FREE, free) for thread in threads)
    return "".join(f"void P{number}(void) {{ {body} }}\n" for number, body in enumerate(bodies))


def _comes_after(threads: list[list[str]]) -> str:
    """That somebody reads the mark, or stores over it."""
    reads = [
        f"{number}:{statement.split()[1]}={_MARK}"
        for number, thread in enumerate(threads)
        for statement in thread
        if statement.startswith("int ") and "n1.a" in statement
    ]
    return f"exists (freed=1 /\\ ({' or '.join([*reads, f'~n1.a={_MARK}'])}))\n".replace(
        " or ", " \\/ "
    )


@pytest.mark.parametrize("share", range(2))
@pytest.mark.parametrize("model", ["sc", "tso", "armv8", "power"])
def test_as_whoever_reads_or_overwrites_a_mark(model: str, share: int, tmp_path: Path) -> None:
    random = Random(f"{model} {share}")
    used = 0
    top = "C t\nstruct one { int a; };\nstruct one n1;\nint x; int y; int freed;\n{ }\n"
    path = tmp_path / "t.litmus"
    for _ in range(15):
        threads = _random_threads(random)
        path.write_text(top + _text(threads, "kfree(&n1);"))
        found = fresh_checker().check(Request(path, model, "6.12"))
        path.write_text(top + _text(threads, _MARKED) + _comes_after(threads))
        seen = fresh_checker().check(Request(path, model, "6.12"))
        assert (found.verdict == VIOLATED) == (seen.observation != "Never"), threads
        used += found.verdict == VIOLATED
    assert 2 < used < 15


def test_a_table_that_takes_rows_from_the_machines(tmp_path: Path) -> None:
    """Of these kfree is one, which its model need not know (models/common.toml)."""
    common = models_dir() / "common.toml"
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "own.cat").write_text('"own"\nacyclic po | rf | co | fr as sc\n')
    (folder / "lowering.toml").write_text(
        f'[model]\ntitle = "own"\nkernels = ["6.12"]\nlowering = "{common}"\n'
    )
    assert check("void P0(void) { n1.a = 1; }\n", tmp_path, str(folder)).verdict == SAFE
    with pytest.raises(InputError, match="does not tell who uses what is freed"):
        check("void P0(void) { kfree(&n1); }\n", tmp_path, str(folder))
