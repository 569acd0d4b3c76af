"""Unions whose members differ in width: the checker has a cell for the members that the test uses.

C17 6.2.6.1: the members of a union share its bytes. What no program text names, ``sizeof`` and
``typeof`` aside, no execution accesses, and so it needs no cell.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.program.change import REMOVE
from ksmcheck.text import InputError
from ksmcheck.whatif.asker import Asker

# As struct page and kfifo: the members that are used have less width than others, or more.
TOP = """
struct item { int state; int more; };
union place { unsigned long word; struct item item; void *pointer; char bytes[8]; };
struct page { union place place; union { bool set; char number; }; };
struct page page;
int flag;
"""
READER = "P1(void) { int r = READ_ONCE(flag); smp_rmb(); int s = page.place.item.state; }"


def checked(text: str, folder: Path, model: str = "armv8") -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{TOP}\n{{ }}\n{text}\n")
    return Checker().check(Request(path, model))


def refused(text: str, folder: Path) -> str:
    with pytest.raises(InputError) as error:
        checked(text, folder)
    diagnostic = error.value.diagnostic
    assert diagnostic.span is not None
    return diagnostic.message


@pytest.mark.parametrize(("barrier", "verdict"), [("smp_wmb();", "SAFE"), ("", "VIOLATED")])
def test_one_member_of_a_union_is_used(barrier: str, verdict: str, tmp_path: Path) -> None:
    """Message passing, which needs the writer's barrier."""
    writer = f"P0(void) {{ page.place.item.state = 1; {barrier} WRITE_ONCE(flag, 1); }}"
    property = "~exists (1:r=1 /\\ 1:s=0)"
    assert checked(f"{writer}\n{READER}\n{property}", tmp_path).verdict == verdict


def test_both_members_of_a_union_are_used(tmp_path: Path) -> None:
    text = (
        "P0(void) { page.place.item.state = 1; }\nP1(void) { page.place.word = 2; }\nexists (true)"
    )
    assert "place.word" in refused(text, tmp_path)
    text = "P0(void) { page.set = true; }\n~exists (page.number=2)"
    assert "both are used" in refused(text, tmp_path)


def test_sizeof_and_typeof_use_nothing(tmp_path: Path) -> None:
    """kfifo keeps types so: a member that is there to be asked for its type."""
    text = (
        "P0(void) { typeof(page.place.word) a = sizeof(page.place.bytes);"
        " page.place.item.more = a; }\n~exists (page.place.item.more=8)"
    )
    assert checked(text, tmp_path).verdict == "VIOLATED"


def test_a_struct_with_such_a_union_is_copied(tmp_path: Path) -> None:
    text = (
        "P0(void) { struct page own; own.place.item.state = 3; own.place.item.more = 4;"
        " own.number = 5; page = own; }\n"
        "~exists (page.place.item.state=3 /\\ page.place.item.more=4 /\\ page.number=5)"
    )
    assert checked(text, tmp_path).verdict == "VIOLATED"


@pytest.mark.parametrize("given", ["{ 0 }", "{ { 0 }, { 0 } }", "{ .set = 0 }"])
def test_zero_is_zero_in_any_member(given: str, tmp_path: Path) -> None:
    """C17 6.7.9 p10, p21: all that is left of a static object, or of a list, is zero."""
    used = "page.place.item.state" if ".set" not in given else "page.set"
    text = f"P0(void) {{ struct page own = {given}; page = own; }}\n~exists ({used}=0)"
    assert checked(text, tmp_path).verdict == "VIOLATED"


@pytest.mark.parametrize("where", ["struct page own = { { 7 } }; page = own;", ""])
def test_a_value_for_a_member_without_a_cell_is_refused(where: str, tmp_path: Path) -> None:
    """Without a designator it is for the first member of the union, ``word``."""
    shared = "" if where else "struct page other = { { 7 } };"
    text = f"{shared} P0(void) {{ {where} page.place.item.state = 1; }}\nexists (true)"
    assert "member of a union" in refused(text, tmp_path)


@pytest.mark.parametrize("model", ["lkmm", "alpha"])
def test_what_a_change_leaves_unused_is_still_replayed(model: str, tmp_path: Path) -> None:
    """Without the store nothing names ``more`` any more; the cells are those of the whole test."""
    path = tmp_path / "t.litmus"
    writer = "P0(void) { WRITE_ONCE(page.place.item.more, 1); WRITE_ONCE(flag, 1); }"
    reader = "P1(void) { int r = READ_ONCE(flag); }"
    path.write_text(f"C t\n{TOP}\n{{ }}\n{writer}\n{reader}\n~exists (1:r=1)\n")
    asker, request = Asker(), Request(path, model)
    found = [
        asker.ask(request, [change]).verdict
        for spot in asker.spots(request)
        for change in spot.changes
        if change.kind == REMOVE and spot.name.startswith("WRITE_ONCE")
    ]
    assert found == ["VIOLATED", "SAFE"]
