"""A function under another name is the same function: C17 6.2.1, a name means nothing by itself."""

from __future__ import annotations

import json

import pytest

from ksmcheck.gate.baseline import Baseline, Known
from ksmcheck.gate.renamed_functions import Renamed, renamed_functions, under_new_function_names
from tests.gate.conftest import Project


def found(project: Project) -> list[tuple[str, str, str]]:
    told = json.loads(project.gate("--report", "json").out)["findings"]
    return [(f["rule"], f["level"], f["message"]) for f in told]


def rename(project: Project, old: str = "publish", new: str = "announce") -> None:
    for file in ("mp.h", "mp.litmus"):
        path = project.folder / file
        path.write_text(path.read_text().replace(f"{old}(", f"{new}("))


CALLED = ("site", "error", "`publish` is called `announce` now")


def test_a_renamed_function_is_one_finding(project: Project) -> None:
    project.record()
    rename(project)
    assert found(project) == [CALLED]
    ran = project.gate()
    assert ran.code == 1
    assert "mp.h:1: error: `publish` is called `announce` now\n  mp.litmus\n" in ran.out
    project.record()
    assert project.gate().code == 0


def test_what_else_changed_in_it_is_told_under_the_new_name(project: Project) -> None:
    project.record()
    rename(project)
    project.edit("\tsmp_wmb();\n", "\tbarrier();\n")
    told = found(project)
    assert CALLED in told
    assert ("site", "error", "smp_wmb() replaced by barrier() in announce") in told
    assert not any("publish" in message for _, _, message in told if message != CALLED[2])
    assert "recorded as needed: armv8 (mp.litmus, 6.12)" in project.gate().out


def test_two_that_are_renamed_at_once(project: Project) -> None:
    project.record()
    rename(project)
    rename(project, "consume", "take")
    assert sorted(found(project)) == [("site", "error", "`consume` is called `take` now"), CALLED]


def test_one_that_is_called_by_another(project: Project) -> None:
    project.edit(
        "static void publish", "static void fence(void) { smp_wmb(); }\nstatic void publish"
    )
    project.edit("\tsmp_wmb();\n", "\tfence();\n")
    project.record()
    path = project.folder / "mp.h"
    path.write_text(path.read_text().replace("fence(", "order("))
    rename(project)
    assert sorted(found(project)) == [
        ("site", "error", "`fence` is called `order` now"),
        ("site", "error", "`publish` is called `announce` now"),
    ]


def test_without_anything_that_orders_it_is_a_warning(project: Project) -> None:
    project.edit("static void publish", "static int one(void) { return 1; }\nstatic void publish")
    project.edit("WRITE_ONCE(*x, 1)", "int r = one(); WRITE_ONCE(*x, r)")
    project.record()
    path = project.folder / "mp.h"
    path.write_text(path.read_text().replace("one(", "eins("))
    assert found(project) == [("access", "warning", "`one` is called `eins` now")]
    assert project.gate().code == 0


def test_the_old_name_in_use_elsewhere_is_no_rename(project: Project) -> None:
    """Half of the calls go to a copy: that is a second function."""
    project.record()
    copy = (
        "static void announce(int *x, int *y) { WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1); }"
    )
    project.edit("static void consume", f"{copy}\nstatic void consume")
    (project.folder / "two.litmus").write_text(
        (project.folder / "mp.litmus").read_text().replace("publish(", "announce(")
    )
    assert not any("is called" in message for _, _, message in found(project))


# Outlines alone.

Functions = dict[str, list[str]]


def baseline(functions: Functions) -> Baseline:
    known = {key: (Known((), tuple(lines)),) for key, lines in functions.items()}
    return Baseline({}, {"6.12": known}, {("mp", "6.12"): {"smp_wmb@old#2": {"armv8": "needed"}}})


BODY = ["  (int *x)", "* WRITE_ONCE(*x, 1)", "* smp_wmb()", "* WRITE_ONCE(*x, 2)"]
OTHER = ["  (int *x)", "* WRITE_ONCE(*x, 1)", "* smp_mb()", "* WRITE_ONCE(*x, 2)"]


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ({"a.h old": BODY}, {"a.h new": BODY}, True),
        # In another file it is another function, for all that is known.
        ({"a.h old": BODY}, {"b.h new": BODY}, False),
        # Which of two?
        ({"a.h old": BODY}, {"a.h new": BODY, "a.h newer": BODY}, False),
        ({"a.h old": BODY, "a.h older": BODY}, {"a.h new": BODY}, False),
        # The closer one.
        ({"a.h old": BODY}, {"a.h new": BODY, "a.h newer": OTHER}, True),
        # Nearly the same, and called in the same way, or in another.
        ({"a.h old": BODY, "a P0": ["* old(x)"]}, {"a.h new": OTHER, "a P0": ["* new(x)"]}, True),
        ({"a.h old": BODY, "a P0": ["* old(x)"]}, {"a.h new": OTHER, "a P0": ["* new(y)"]}, False),
        # Nothing in common.
        ({"a.h old": BODY}, {"a.h new": ["  ()", "* smp_wmb()"]}, False),
        # A name that something had already, or has still.
        ({"a.h old": BODY, "a P0": ["  if(new)"]}, {"a.h new": BODY}, False),
        ({"a.h old": BODY}, {"a.h new": BODY, "a P0": ["* old()"]}, False),
        # A member of that name is another thing.
        ({"a.h old": BODY}, {"a.h new": BODY, "a P0": ["  p->old", "  q.old"]}, True),
        # Threads have the names that litmus tests give them.
        ({"a.litmus P0": BODY}, {"a.litmus P1": BODY}, False),
        # One name in two files, of which one has another now.
        ({"a.h old": BODY, "b.h old": BODY}, {"a.h new": BODY, "b.h other": BODY}, False),
        ({"a.h old": BODY, "b.h old": BODY}, {"a.h new": BODY, "b.h new": BODY}, True),
    ],
)
def test_what_is_certain(before: Functions, now: Functions, same: bool) -> None:
    told = renamed_functions(baseline(before), baseline(now))
    assert {(one.old, one.new) for one in told} == ({("old", "new")} if same else set())


def test_the_baseline_under_the_new_name() -> None:
    before = baseline({"a.h old": BODY, "a P0": ["* old(p->old)", "  &old"]})
    now = under_new_function_names(before, [Renamed("a.h", "old", "new")])
    assert now.outlines["6.12"].keys() == {"a.h new", "a P0"}
    assert now.outlines["6.12"]["a P0"][0].lines == ("* new(p->old)", "  &new")
    assert now.needs == {("mp", "6.12"): {"smp_wmb@new#2": {"armv8": "needed"}}}
