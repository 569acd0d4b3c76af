"""Changes to a kernel function, and what drift says of each: what was done is known here."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ksmcheck.gate.drift import drift
from ksmcheck.text import InputError
from tests.drift.conftest import TOY, Findings


def test_the_toy_is_as_it_was_recorded_and_as_it_is_encoded(findings: Findings) -> None:
    """The record was written by hand, the encoding in another style than the kernel's."""
    assert findings() == []


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ("\tsmp_wmb();\n", "", {"removed", "encoding"}),
        ("smp_wmb();", "smp_rmb();", {"changed", "encoding"}),
        ("smp_rmb();", "smp_mb();", {"changed", "encoding"}),
        ("smp_rmb();", "smp_rmb();\n\tsmp_mb();", {"added", "encoding"}),
        ("READ_ONCE(lodge->key) != key", "lodge->key != key", {"changed", "encoding"}),
        ("from->owner = NULL;", "WRITE_ONCE(from->owner, NULL);", {"changed", "encoding"}),
        ("atomic_set_release(&", "atomic_set(&", {"changed", "encoding"}),
        ("\tcount_visit(lodge);\n", "", {"removed"}),
        (
            "smp_wmb();\n\tfrom->owner = NULL;",
            "from->owner = NULL;\n\tsmp_wmb();",
            {"moved", "encoding"},
        ),
        ("set_bit(DOOR_far", "test_and_set_bit(DOOR_far", {"changed", "encoding"}),
        ("clear_bit(DOOR_open", "clear_bit(DOOR_far", {"changed", "encoding"}),
        # Control: a branch turned round, a loop that became a test, a jump to elsewhere.
        ("if (how == ENTER_LOCKED)", "if (how != ENTER_LOCKED)", {"control", "encoding"}),
        (
            "while (!door_try_enter(door)) {",
            "if (!door_try_enter(door)) {",
            {"control", "encoding"},
        ),
        ("\t\tdoor_leave(door);\n\t\tgoto gone;", "\t\tdoor_leave(door);", {"control", "encoding"}),
        # Data: the door does not come from the key any more; another constant is compared with.
        ("door = key_to_door(key);", "door = key_to_door(how);", None),
        ("lodge->key = door_to_key(to)", "lodge->key = door_to_key(from)", {"changed", "encoding"}),
        ("how == ENTER_LOCKED", "how == MARKED|LOCKED", None),
        ("&from->_users, 1, 0", "&from->_users, 2, 0", {"renamed"}),
    ],
)
def test_each_change_is_noticed(
    findings: Findings, old: str, new: str, kinds: set[str] | None
) -> None:
    found = findings(old, new)
    assert found
    if kinds is not None:
        assert {f.kind for f in found} == kinds


def test_a_finding_has_its_place_on_both_sides(findings: Findings) -> None:
    found = findings("smp_wmb();", "smp_mb();")
    changed, encoding = (next(f for f in found if f.kind == k) for k in ("changed", "encoding"))
    assert (changed.file, changed.line, changed.column) == ("mm/door.c", 64, 2)
    assert changed.message == "door_move: smp_mb() in the place of smp_wmb()"
    assert changed.other is not None and changed.other.file.endswith("kernel-1.0.skeletons")
    assert encoding.other is not None and encoding.other.file.endswith("door.h")
    assert "move has smp_wmb()" in encoding.message


def test_a_new_token_in_what_is_left_out_is_noticed(findings: Findings) -> None:
    """Inside a call that is left out with a reason, and inside a block that is."""
    inside = findings("lodge->visits++;", "lodge->visits++;\n\tsmp_mb();", "include/linux/door.h")
    assert {f.kind for f in inside} == {"changed", "encoding"}
    assert "visits are counted" in inside[0].details[0]
    block = findings(
        "set_bit(DOOR_far, &to->flags);", "set_bit(DOOR_far, &to->flags);\n\t\tsmp_mb();"
    )
    assert {f.kind for f in block} == {"added", "encoding"}


def test_a_call_that_orders_nothing_may_come_and_go(findings: Findings) -> None:
    assert findings("int far = distance(to, from);", "int far = to - from;") == []
    assert findings("smp_wmb();", "smp_wmb();\n\tdistance(to, from);") == []


def test_a_call_that_nobody_knows_may_not(findings: Findings) -> None:
    found = findings("smp_wmb();", "smp_wmb();\n\tdoor_paint(to);")
    assert any("call door_paint(new) @?" in f.message for f in found)


def test_a_barrier_in_a_helper_that_is_followed_is_noticed(findings: Findings) -> None:
    file = "include/linux/door.h"
    found = findings("\treturn likely(atomic", "\tsmp_mb();\n\treturn likely(atomic", file)
    assert {f.subject for f in found} == {"door_try_enter"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("struct door *door_enter(", "struct door *door_go_in(", "has no function door_enter"),
        ("\tsmp_wmb();", "\tsmp_wmb(;", "cannot read the C of door_move"),
        ("\tint far =", "\tint far {=", "cannot read the C of door_move"),
    ],
)
def test_what_cannot_be_read_is_an_error(findings: Findings, old: str, new: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        findings(old, new)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("{ return test_bit(DOOR_##name", "{ return test_and_set_bit(DOOR_##name", "DOOR_FLAG"),
        ("return all_doors + key;", "smp_mb();\n\treturn all_doors + key;", "key_to_door"),
        ("return door - all_doors;", "return READ_ONCE(door->owner);", "door_to_key"),
    ],
)
def test_what_stands_behind_a_word_may_not_change(
    tmp_path: Path, old: str, new: str, name: str
) -> None:
    tree = Path(shutil.copytree(TOY / "kernel", tmp_path / "linux"))
    file = tree / "include" / "linux" / "door.h"
    assert drift(tree, correspondence=TOY / "kernel.toml").findings == ()
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, new))
    (found,) = drift(tree, correspondence=TOY / "kernel.toml").findings
    assert (found.kind, found.subject, found.file) == ("definition", name, "include/linux/door.h")
