"""<linux/rculist_bl.h> and <linux/rculist_nulls.h>: lists that are walked without the lock in their
head, and lists whose objects may come back on another list.

Why: rcu_assign_pointer() and rcu_dereference() order what was stored before an object was published
(MP with release and address dependency, litmus/classic/MP). Documentation/RCU/rculist_nulls.rst: a
walk that ends on another list than it began may have missed what stood behind the object that
moved, on any machine; one that ends where it began has not.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from tests.fresh import fresh_checker

MACHINES = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")


def check(text: str, tmp_path: Path, model: str, **more: object) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{text}")
    return fresh_checker().check(Request(path, model, **more))  # type: ignore[arg-type]


_BL = """#include <linux/rculist_bl.h>
struct item { int value; struct hlist_bl_node node; };
struct hlist_bl_head head;
struct item a;
struct item b;
{ }
P0(void)
{
	hlist_bl_lock(&head);
	a.value = 1;
	b.value = 1;
	hlist_bl_ADD(&a.node, &head);
	hlist_bl_ADD(&b.node, &head);
	hlist_bl_unlock(&head);
MORE}
P1(void)
{
	struct item *item;
	struct hlist_bl_node *pos;

	rcu_read_lock();
	hlist_bl_for_each_entry_rcu(item, pos, &head, node)
		BUG_ON(item->value != 1);
	rcu_read_unlock();
}
"""


@pytest.mark.parametrize("model", MACHINES)
def test_what_is_published_is_there(model: str, tmp_path: Path) -> None:
    """The plain addition stores an item's address without a barrier (LKMM: a race). Taking the
    lock is none between what follows it, on any machine."""
    text = _BL.replace("MORE", "")
    found = check(text.replace("ADD", "add_head_rcu"), tmp_path, model)
    assert (found.verdict, found.flags) == ("SAFE", ())
    plain = check(text.replace("ADD", "add_head"), tmp_path, model)
    assert plain.verdict == ("SAFE" if model in ("sc", "tso") else "VIOLATED")


def test_what_is_deleted_may_be_freed_after_a_grace_period(tmp_path: Path) -> None:
    delete = "\thlist_bl_lock(&head);\n\thlist_bl_del_rcu(&a.node);\n\thlist_bl_unlock(&head);\n"
    text = _BL.replace("ADD", "add_head_rcu")
    freed = "\tsynchronize_rcu();\n\ta.value = 0;\n"
    assert check(text.replace("MORE", delete + freed), tmp_path, "lkmm").verdict == "SAFE"
    early = check(text.replace("MORE", delete + "\ta.value = 0;\n"), tmp_path, "lkmm")
    assert early.flags == ("data-race",)


_NULLS = """#include <linux/rculist_nulls.h>
struct item { int key; struct hlist_nulls_node node; };
struct hlist_nulls_head table[2] = {
	{ (struct hlist_nulls_node *)NULLS_MARKER(0) }, { (struct hlist_nulls_node *)NULLS_MARKER(1) },
};
struct item a;
struct item b;
{ }
P0(int *there)
{
	WRITE_ONCE(a.key, 1);
	WRITE_ONCE(b.key, 2);
	hlist_nulls_add_head_rcu(&b.node, &table[0]);
	hlist_nulls_add_head_rcu(&a.node, &table[0]);
	smp_store_release(there, 1);
	hlist_nulls_del_rcu(&a.node);
	hlist_nulls_add_HOW_rcu(&a.node, &table[1]);
}
P1(int *there)
{
	struct item *item;
	struct hlist_nulls_node *pos;
	int found = 0;

	if (!smp_load_acquire(there))
		return;
	rcu_read_lock();
again:
	hlist_nulls_for_each_entry_rcu(item, pos, &table[0], node)
		if (READ_ONCE(item->key) == 2)
			found = 1;
	AGAIN
	rcu_read_unlock();
	BUG_ON(!found);
}
"""


@pytest.mark.parametrize("how", ["head", "tail"])
@pytest.mark.parametrize("model", ["sc", "armv8", "power", "lkmm"])
def test_an_object_that_moves_to_another_list(how: str, model: str, tmp_path: Path) -> None:
    text = _NULLS.replace("HOW", how)
    again = "if (get_nulls_value(pos) != 0) goto again;"
    assert check(text.replace("AGAIN", again), tmp_path, model).verdict == "SAFE"
    assert check(text.replace("AGAIN", ""), tmp_path, model).verdict == "VIOLATED"
