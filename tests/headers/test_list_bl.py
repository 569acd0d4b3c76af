"""<linux/list_bl.h>: lists whose head has a lock in its lowest bit.

The lock is a bit spin lock (litmus/classic/bit), so that who has it sees all that others did under
it, and nothing that is added is lost. A store to the head keeps the bit: the lock stays taken.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from tests.fresh import fresh_checker

MACHINES = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")

_TOP = """#include <linux/list_bl.h>
struct item { int value; struct hlist_bl_node node; };
struct hlist_bl_head head;
struct item a;
struct item b;
"""


def check(text: str, tmp_path: Path, model: str) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{_TOP}{text}")
    return fresh_checker().check(Request(path, model))


_ADD = """P{n}(void)
{{
	{item}.value = {n} + 1;
	hlist_bl_lock(&head);
	hlist_bl_add_head(&{item}.node, &head);
	hlist_bl_unlock(&head);
}}
"""
_WALK = """P2(void)
{
	struct item *item;
	struct hlist_bl_node *pos;
	int sum = 0;

	hlist_bl_lock(&head);
	hlist_bl_for_each_entry(item, pos, &head, node)
		sum += item->value;
	hlist_bl_unlock(&head);
}
"""


@pytest.mark.parametrize("model", MACHINES)
def test_nothing_is_lost(model: str, tmp_path: Path) -> None:
    """In LKMM all accesses under the lock are plain, and do not race."""
    text = "{ }\n" + _ADD.format(n=0, item="a") + _ADD.format(n=1, item="b") + _WALK
    for total, word in ((0, "Sometimes"), (1, "Sometimes"), (2, "Sometimes"), (3, "Sometimes")):
        found = check(text + f"exists (2:sum={total})", tmp_path, model)
        assert (found.observation, found.flags) == (word, ())
    assert check(text + "exists (2:sum>3 \\/ 2:sum<0)", tmp_path, model).observation == "Never"


@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
def test_one_after_the_other(model: str, tmp_path: Path) -> None:
    text = """{ }
P0(void)
{
	INIT_HLIST_BL_HEAD(&head);
	INIT_HLIST_BL_NODE(&b.node);
	BUG_ON(!hlist_bl_empty(&head) || hlist_bl_first(&head) || !hlist_bl_unhashed(&b.node));
	hlist_bl_lock(&head);
	hlist_bl_add_head(&a.node, &head);
	BUG_ON(!hlist_bl_is_locked(&head) || hlist_bl_first(&head) != &a.node);
	hlist_bl_add_behind(&b.node, &a.node);
	hlist_bl_del(&a.node);
	BUG_ON(!hlist_bl_is_locked(&head) || hlist_bl_first(&head) != &b.node);
	hlist_bl_del_init(&b.node);
	hlist_bl_del_init(&b.node);
	hlist_bl_unlock(&head);
	BUG_ON(hlist_bl_is_locked(&head) || !hlist_bl_empty(&head));
}
"""
    assert check(text, tmp_path, model).verdict == "SAFE"
