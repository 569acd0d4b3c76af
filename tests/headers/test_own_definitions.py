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
    path.write_text(
        "C t\n#include <linux/sched.h>\nstruct task_struct { int on_rq; };\n{ }\nP0(void) { }\n"
    )
    with pytest.raises(InputError, match="struct task_struct is defined twice") as error:
        fresh_checker().check(Request(path, "sc"))
    (note,) = error.value.diagnostic.notes
    assert note.span is not None
    assert str(note.span).startswith("<linux/sched.h>:")
