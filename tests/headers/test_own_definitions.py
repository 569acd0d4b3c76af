"""A test that is made of a kernel file (lib/llist.c) defines what that defines, beside the header
that declares it. Here the header has the definition, and the test's own stands for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_asker, fresh_checker

OWN = """struct llist_node *llist_reverse_order(struct llist_node *head)
{
	smp_mb();
	WRITE_ONCE(seen, 1);
	return head;
}
"""
TEST = """C t
#include <linux/llist.h>
int seen;
%s{ }
P0(void)
{
	struct llist_node *first = llist_reverse_order(NULL);
}
exists (seen=1)
"""


def test_it_is_the_one_that_is_called(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(TEST % OWN)
    assert fresh_checker().states(Request(path, "armv8")).observation == "Always"
    sites = [spot.name for spot in fresh_asker().spots(Request(path, "armv8"))]
    assert [site for site in sites if "reverse" in site] == [
        "smp_mb@llist_reverse_order",
        "WRITE_ONCE@llist_reverse_order",
    ]
    path.write_text(TEST % "")
    assert fresh_checker().states(Request(path, "armv8")).observation == "Never"


def test_two_of_its_own_are_one_too_many(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(TEST % (OWN * 2))
    with pytest.raises(InputError, match="llist_reverse_order is defined twice"):
        fresh_checker().check(Request(path, "armv8"))


def test_where_a_struct_was_defined_before_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    own = "struct task_struct { int on_rq; };\n"
    path.write_text(f"C t\n#include <linux/sched.h>\n{own * 2}{{ }}\nP0(void) {{ }}\n")
    with pytest.raises(InputError, match="struct task_struct is defined twice") as error:
        fresh_checker().check(Request(path, "sc"))
    (note,) = error.value.diagnostic.notes
    assert note.span is not None
    assert note.span.line == 3


SLEEP = """C t
%s
struct task_struct *waiter;
{ int ready; }
P0(int *ready)
{
	current->flags = 5;
	WRITE_ONCE(waiter, current);
	set_current_state(TASK_INTERRUPTIBLE);
	if (!READ_ONCE(*ready))
		schedule();
	__set_current_state(TASK_RUNNING);
	BUG_ON(current->flags != 5 || current->pid);
}
P1(int *ready)
{
	struct task_struct *p;

	WRITE_ONCE(*ready, 1);
	%s
	p = READ_ONCE(waiter);
	if (p)
		wake_up_process(p);
}
"""
TASK = "struct task_struct { int pid; int flags; struct task_struct *parent; };"


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
@pytest.mark.parametrize("own_first", [True, False])
def test_a_task_with_members_of_its_own_sleeps_and_wakes(
    kernel: str, own_first: bool, tmp_path: Path
) -> None:
    """Who sleeps is woken by a waker with a barrier between its store and its look for a sleeper,
    and may sleep on without: as with the header's task alone (tests/headers/test_sched.py)."""
    path = tmp_path / "t.litmus"
    parts = [TASK, "#include <linux/sched.h>"]
    top = "\n".join(parts if own_first else parts[::-1])
    for barrier, verdict in (("smp_mb();", "SAFE"), ("", "VIOLATED")):
        path.write_text(SLEEP % (top, barrier))
        request = Request(path, "armv8", kernel, liveness=True)
        assert fresh_checker().check(request).verdict == verdict


@pytest.mark.parametrize(
    ("top", "code", "x"),
    [
        # The test's members come first, and are its own where the header has some of that name.
        (
            f"#include <linux/sched.h>\n{TASK}",
            "struct task_struct t = { 3, 4, &t }; *x = t.pid + t.parent->flags;",
            7,
        ),
        (
            "#include <linux/list.h>\nstruct list_head { struct list_head *next, *prev; int n; };",
            "struct list_head h = { .n = 4 }; INIT_LIST_HEAD(&h); *x = list_empty(&h) + h.n;",
            5,
        ),
        (
            "#include <linux/sched.h>\nstruct task_struct { u64 __state; };",
            "set_current_state(TASK_RUNNING); *x = sizeof(current->__state);",
            8,
        ),
        (
            "#include <linux/sched.h>\nstruct task_struct { union { struct { u64 __state; };"
            " u64 all; }; };",
            "set_current_state(TASK_RUNNING); *x = sizeof(current->__state);",
            8,
        ),
        # The header's members stand before what has no length of its own.
        (
            "#include <linux/list.h>\nstruct list_head { int n; int more[]; };",
            "struct list_head h = { .n = 4 }; INIT_LIST_HEAD(&h);"
            " *x = h.n + (offsetof(struct list_head, more) == sizeof(h));",
            5,
        ),
    ],
)
def test_a_struct_has_the_members_of_both(top: str, code: str, x: int, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{top}\n{{ int x; }}\nP0(int *x) {{ {code} }}\n~exists (x={x})\n")
    assert fresh_checker().check(Request(path, "armv8")).verdict == "VIOLATED"


def test_a_member_that_the_header_needs_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    top = "#include <linux/sched.h>\nstruct task_struct { int pi_lock; };\n"
    path.write_text(f"C t\n{top}{{ }}\nP0(void) {{ wake_up_process(current); }}\n")
    with pytest.raises(InputError, match="needs a pointer to raw_spinlock_t, not to int"):
        fresh_checker().check(Request(path, "sc"))
