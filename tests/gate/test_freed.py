"""What is freed, and where, is told as the test has it: a verdict need not change with it."""

from __future__ import annotations

import pytest

from ksmcheck.gate.changes import changes
from ksmcheck.gate.outline import Outline, inventory_of
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import Source

_TEST = """C t
struct node { int a; struct rcu_head rcu; };
struct node n1;
struct node n2;
struct node *gp = &n1;
{ }
void P0(void)
{
	struct node *old = gp;
	rcu_assign_pointer(gp, NULL);
	synchronize_rcu();
	FREE;
}
"""


def outline(text: str) -> Outline:
    test = parse_litmus(Source("t.litmus", text), kernel="6.12")
    return next(o for o in inventory_of(test, "6.12").outlines if o.function == "P0")


def told(before: str, now: str) -> list[tuple[str, str]]:
    return [(c.kind, c.detail) for c in changes(outline(before).lines, outline(now))]


@pytest.mark.parametrize("free", ["kfree(%s)", "kvfree(%s)", "kfree_rcu(%s, rcu)"])
def test_another_object(free: str) -> None:
    before, now = (_TEST.replace("FREE", free % which) for which in ("old", "&n2"))
    name = "kfree_rcu" if "rcu" in free else "kfree"
    assert told(before, now) == [("around", f"no longer: {name}(old); new: {name}(&n2)")]


def test_before_the_grace_period() -> None:
    before = _TEST.replace("FREE", "kfree(old)")
    now = before.replace("\tkfree(old);\n", "").replace("\tsync", "\tkfree(old);\n\tsync")
    ((kind, detail),) = told(before, now)
    assert kind == "moved"
    assert detail.endswith("and stands behind kfree(old)")


@pytest.mark.parametrize("free", ["kfree", "own"])
def test_another_variable_whose_scope_ends(free: str) -> None:
    own = "static void __free_own(struct node **p) { if (*p) kfree(*p); }\n"
    text = _TEST.replace("void P0", f"#include <linux/slab.h>\n{own}void P0")
    body = "struct node *p%s = &n1; struct node *q%s = &n2; WRITE_ONCE(p->a, q->a)"
    marks = f" __free({free})", ""
    before, now = (text.replace("FREE", body % m) for m in (marks, marks[::-1]))
    found = told(before, now)
    assert found
    assert all("q" in detail for _, detail in found)
