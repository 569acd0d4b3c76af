"""<linux/list.h>, <linux/rculist.h> and <linux/llist.h>: what a list's reader may find.

What is expected follows from what the kernel's functions are made of. An entry is initialised, then
published by a release store (RCU lists) or a full cmpxchg (llist); a reader comes to it by a
dependent load or a full xchg. That is message passing, which every model forbids to fail; with a
plain publication all but SC and TSO allow it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

MACHINES = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")
STRONG = ("sc", "tso")
FEW = ("tso", "power", "alpha", "lkmm")
"""Those that tell the most apart; other spellings of the same are asked of them alone."""


def check(text: str, tmp_path: Path, model: str, kernel: str = "6.12", **defines: str) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(text)
    return fresh_checker().check(Request(path, model, kernel, defines=tuple(defines.items())))


_PUBLISHED = """C published
#include <linux/rculist.h>
struct foo { int a; struct list_head list; };
struct foo f;
struct foo g;
LIST_HEAD(head);
spinlock_t l;
{ }
P0(void)
{
	f.a = 1;
	spin_lock(&l);
	ADD(&f.list, &head);
	spin_unlock(&l);
}
P1(void)
{
	g.a = 1;
	spin_lock(&l);
	ADD(&g.list, &head);
	spin_unlock(&l);
}
P2(void)
{
	struct foo *p;
	int n = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(p, &head, list, lockdep_is_held(&l)) {
		n++;
		BUG_ON(p->a != 1);
	}
	rcu_read_unlock();
	BUG_ON(n > 2);
}
"""


@pytest.mark.parametrize(
    ("add", "model"),
    [*(("list_add_rcu", m) for m in MACHINES), *(("list_add_tail_rcu", m) for m in FEW)],
)
def test_an_rcu_reader_finds_whole_entries(add: str, model: str, tmp_path: Path) -> None:
    assert check(_PUBLISHED, tmp_path, model, ADD=add).verdict == "SAFE"
    plain = check(_PUBLISHED, tmp_path, model, ADD=add, rcu_assign_pointer="WRITE_ONCE")
    assert plain.verdict == ("SAFE" if model in STRONG else "VIOLATED")


def test_all_lengths_are_met(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(_PUBLISHED + "exists (2:n=2)")
    request = Request(path, "armv8", defines=(("ADD", "list_add_rcu"),))
    found = fresh_checker().states(request)
    assert sorted(found.states) == [(0,), (1,), (2,)]


_DELETED = """C deleted
#include <linux/rculist.h>
struct foo { int a; struct list_head list; };
struct foo f = { .a = 1 };
struct list_head head = { &f.list, &f.list };
{ f.list.next = &head; f.list.prev = &head; }
P0(void)
{
	list_del_rcu(&f.list);
	SYNCHRONIZE();
	f.a = 2;
}
P1(void)
{
	struct foo *p;

	rcu_read_lock();
	list_for_each_entry_rcu(p, &head, list)
		BUG_ON(p->a != 1);
	rcu_read_unlock();
}
"""


def test_a_grace_period_before_the_entry_is_used_again(tmp_path: Path) -> None:
    """RCU's guarantee: a reader that has come to the entry ends before synchronize_rcu() does."""
    assert check(_DELETED, tmp_path, "lkmm", SYNCHRONIZE="synchronize_rcu").verdict == "SAFE"
    found = check(_DELETED, tmp_path, "lkmm", SYNCHRONIZE="barrier")
    assert found.verdict == "VIOLATED"


_EXCHANGED = """C exchanged
#include <linux/rculist.h>
struct foo { struct list_head list; int val; };
struct foo f;
struct foo g;
struct list_head head;
{
	head.next = &f.list; head.prev = &f.list;
	f.list.next = &head; f.list.prev = &head;
	f.val = 1;
}
P0(void)
{
	struct foo *p;

	rcu_read_lock();
	list_for_each_entry_rcu(p, &head, list)
		BUG_ON(READ_ONCE(p->val) <= 0);
	rcu_read_unlock();
}
P1(void)
{
	WRITE_ONCE(g.val, 2);
	list_add_rcu(&g.list, &head);
	list_del_rcu(&f.list);
	WAIT;
	WRITE_ONCE(f.val, -1);
}
"""


def test_a_walk_in_a_section_that_a_grace_period_waits_for(tmp_path: Path) -> None:
    """The reader meets two entries at most, and a second round of its loop settles what one leaves
    open: a walk that has not ended holds the grace period up. Then the entry that was deleted is
    changed only behind each section that can still see it (Documentation/RCU/listRCU.rst)."""
    waits = _EXCHANGED.replace("WAIT", "synchronize_rcu()")
    assert check(waits, tmp_path, "lkmm").verdict == "SAFE"
    assert check(_EXCHANGED.replace("WAIT", ""), tmp_path, "lkmm").verdict == "VIOLATED"


_LOCKED = """C locked
#include <linux/list.h>
struct foo { int a; struct list_head list; };
struct foo f;
struct foo g;
LIST_HEAD(head);
spinlock_t l;
{ }
P0(void)
{
	guard(spinlock)(&l);
	list_add(&f.list, &head);
}
P1(void)
{
	guard(spinlock)(&l);
	list_add_tail(&g.list, &head);
}
P2(void)
{
	struct foo *p;
	struct foo *next;
	int n = 0;

	guard(spinlock)(&l);
	list_for_each_entry_safe(p, next, &head, list) {
		n++;
		list_del(&p->list);
	}
	BUG_ON(!list_empty(&head) || head.prev != &head);
}
"""


@pytest.mark.parametrize("model", MACHINES)
def test_a_lock_keeps_writers_apart(model: str, tmp_path: Path) -> None:
    """Each order of the three sections leaves what the list's definition says; plain accesses."""
    assert check(_LOCKED, tmp_path, model).verdict == "SAFE"
    left = """forall (2:n=2 /\\ head.next=&head /\\ head.prev=&head
 \\/ 2:n=0 /\\ head.next=&f.list /\\ head.prev=&g.list
 \\/ 2:n=1 /\\ head.next=[head.prev] /\\ (head.next=&f.list \\/ head.next=&g.list))
"""
    assert check(_LOCKED + left, tmp_path, model).verdict == "SAFE"


def test_the_links_of_what_was_deleted_lead_nowhere(tmp_path: Path) -> None:
    text = """C poisoned
#include <linux/list.h>
struct list_head f;
LIST_HEAD(head);
{ }
P0(void) { list_add(&f, &head); list_del(&f); f.next->prev = &head; }
"""
    found = check(text, tmp_path, "sc")
    assert (found.verdict, found.subject) == ("VIOLATED", "bad address")


def test_moved_replaced_and_asked(tmp_path: Path) -> None:
    """One thread: C alone decides."""
    text = """C alone
#include <linux/list.h>
struct foo { int a; struct list_head list; };
struct foo f = { .a = 1 };
struct foo g = { .a = 2 };
struct foo h = { .a = 3 };
LIST_HEAD(head);
LIST_HEAD(other);
{ }
P0(void)
{
	struct foo *p;
	struct list_head *at;
	int all = 0;

	BUG_ON(!list_empty(&head) || !list_empty_careful(&head));
	BUG_ON(list_first_entry_or_null(&head, struct foo, list) != NULL);
	list_add_tail(&f.list, &head);
	BUG_ON(!list_is_singular(&head));
	list_add_tail(&g.list, &head);
	BUG_ON(!list_is_first(&f.list, &head) || !list_is_last(&g.list, &head));
	list_for_each_entry(p, &head, list)
		all = all * 10 + p->a;
	list_for_each_entry_reverse(p, &head, list)
		all = all * 10 + p->a;
	BUG_ON(all != 1221);
	list_replace(&g.list, &h.list);
	BUG_ON(list_last_entry(&head, struct foo, list) != &h);
	BUG_ON(list_next_entry(&f, list) != &h || list_prev_entry(&h, list) != &f);
	list_move(&h.list, &other);
	list_move_tail(&f.list, &other);
	all = 0;
	list_for_each(at, &other)
		all = all * 10 + list_entry(at, struct foo, list)->a;
	BUG_ON(all != 31 || !list_empty(&head));
	list_del_init(&h.list);
	list_del_init_careful(&f.list);
	BUG_ON(!list_empty(&h.list) || !list_empty(&f.list) || !list_empty(&other));
	INIT_LIST_HEAD(&head);
}
"""
    assert check(text, tmp_path, "sc").verdict == "SAFE"
    assert check(text, tmp_path, "lkmm").verdict == "SAFE"


_HASHED = """C hashed
#include <linux/rculist.h>
struct foo { int a; struct hlist_node node; };
struct foo f;
struct foo g;
HLIST_HEAD(head);
{ }
P0(void)
{
	f.a = 1;
	hlist_add_head_rcu(&f.node, &head);
	g.a = 1;
	hlist_add_head_rcu(&g.node, &head);
	hlist_del_rcu(&f.node);
	BUG_ON(head.first != &g.node || g.node.next || g.node.pprev != &head.first);
}
P1(void)
{
	struct foo *p;
	int n = 0;

	rcu_read_lock();
	hlist_for_each_entry_rcu(p, &head, node) {
		n++;
		BUG_ON(p->a != 1);
	}
	rcu_read_unlock();
	BUG_ON(n > 2);
}
"""


@pytest.mark.parametrize("model", MACHINES)
def test_hashed_lists(model: str, tmp_path: Path) -> None:
    assert check(_HASHED, tmp_path, model).verdict == "SAFE"
    plain = check(_HASHED, tmp_path, model, rcu_assign_pointer="WRITE_ONCE")
    assert plain.verdict == ("SAFE" if model in STRONG else "VIOLATED")


@pytest.mark.parametrize("model", FEW)
def test_lists_of_3_9(model: str, tmp_path: Path) -> None:
    """Entries are published as today; Alpha's reader has a barrier in rcu_dereference_raw."""
    for text in (
        _PUBLISHED,
        _HASHED.replace("hlist_del_rcu(&f.node);", "").replace("|| g.node.next ", ""),
    ):
        found = check(text, tmp_path, model, "3.9", ADD="list_add_rcu")
        assert found.verdict == "SAFE"
        plain = check(
            text, tmp_path, model, "3.9", ADD="list_add_rcu", rcu_assign_pointer="WRITE_ONCE"
        )
        assert plain.verdict == ("SAFE" if model in STRONG else "VIOLATED")


def test_what_3_9_did_plainly_is_a_race(tmp_path: Path) -> None:
    """A reader looks at the pointer that __hlist_del and __list_del set: marked since then."""
    for text, machine in ((_HASHED, "SAFE"), (_DELETED, "VIOLATED")):
        found = check(text, tmp_path, "lkmm", "3.9", SYNCHRONIZE="synchronize_rcu")
        assert (found.verdict, found.subject) == ("VIOLATED", "data-race")
        assert check(text, tmp_path, "tso", "3.9", SYNCHRONIZE="barrier").verdict == machine


_LOCKLESS = """C lockless
#include <linux/llist.h>
struct foo { int a; struct llist_node node; };
struct foo f;
struct foo g;
LLIST_HEAD(head);
{ }
P0(void)
{
	f.a = 1;
	llist_add(&f.node, &head);
}
P1(void)
{
	g.a = 1;
	llist_add(&g.node, &head);
}
P2(void)
{
	struct foo *p;
	struct llist_node *all = llist_del_all(&head);
	int n = 0;

	llist_for_each_entry(p, all, node) {
		n++;
		BUG_ON(p->a != 1);
	}
}
"""
_NONE_IS_LOST = """forall (2:n=2 /\\ head.first=0
 \\/ 2:n=1 /\\ ~head.first=0 /\\ (f.node.next=0 \\/ g.node.next=0)
 \\/ 2:n=0 /\\ ~head.first=0 /\\ ~(f.node.next=0 /\\ g.node.next=0))
"""


@pytest.mark.parametrize("model", MACHINES)
def test_lists_without_a_lock(model: str, tmp_path: Path) -> None:
    assert check(_LOCKLESS + _NONE_IS_LOST, tmp_path, model).verdict == "SAFE"
    weak = check(_LOCKLESS, tmp_path, model, try_cmpxchg="try_cmpxchg_relaxed")
    # Alpha's READ_ONCE of the head has a full barrier, behind which the cmpxchg stands.
    assert weak.verdict == ("SAFE" if model in (*STRONG, "alpha") else "VIOLATED")


@pytest.mark.parametrize("model", MACHINES)
def test_the_first_of_a_list_without_a_lock(model: str, tmp_path: Path) -> None:
    text = """C first
#include <linux/llist.h>
struct llist_node f;
struct llist_node g;
LLIST_HEAD(head);
{ }
P0(void) { bool was_empty = llist_add(&f, &head); }
P1(void)
{
	llist_add(&g, &head);
	struct llist_node *first = llist_del_first(&head);

	BUG_ON(first != &f && first != &g);
	BUG_ON(llist_empty(&head) && first == NULL);
}
"""
    assert check(text, tmp_path, model).verdict == "SAFE"


@pytest.mark.parametrize(
    ("top", "body", "header"),
    [
        ("LIST_HEAD(h);", "", "list"),
        ("static LIST_HEAD(h);", "", "list"),
        ("struct foo { struct list_head list; }; struct foo f;", "", "list"),
        ("", "list_for_each_entry(x, x, x) { }", "list"),
        ("", "list_for_each_entry_rcu(x, x, x) smp_mb();", "rculist"),
        ("", "list_add_rcu(x, x);", "rculist"),
        ("struct llist_node n;", "", "llist"),
        ("struct kref k;", "", "kref"),
        ("struct completion c;", "", "completion"),
        ("DECLARE_COMPLETION(c);", "", "completion"),
        ("", "complete(x);", "completion"),
        ("wait_queue_head_t q;", "", "wait"),
        ("", "wait_event(x, *x);", "wait"),
        ("", "wake_up(x);", "wait"),
        ("DEFINE_PER_CPU(int, c);", "", "percpu"),
        ("", "this_cpu_inc(x);", "percpu"),
    ],
)
def test_without_the_include(top: str, body: str, header: str, tmp_path: Path) -> None:
    text = f"C t\n{top}\n{{ }}\nP0(int *x) {{ {body} WRITE_ONCE(*x, 1); }}\nexists (x=1)\n"
    with pytest.raises(InputError) as refused:
        check(text, tmp_path, "sc")
    assert f"#include <linux/{header}.h>" in (refused.value.diagnostic.hint or "")


@pytest.mark.parametrize(
    ("top", "body"),
    [
        ("", "msleep(1);"),
        ("", "alloc_percpu(int);"),
        ("#include <linux/seqlock.h>\nseqcount_mutex_t s;", ""),
    ],
)
def test_what_is_not_modelled_is_said_so(top: str, body: str, tmp_path: Path) -> None:
    text = f"C t\n{top}\n{{ }}\nP0(int *x) {{ {body} WRITE_ONCE(*x, 1); }}\nexists (x=1)\n"
    with pytest.raises(InputError) as refused:
        check(text, tmp_path, "sc")
    assert "is not modelled" in (refused.value.diagnostic.hint or "")
