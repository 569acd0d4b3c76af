"""Declarations decide which accesses are made, though no statement of a test changes with them.

C17 5.1.2.3 p6: accesses to volatile objects are made strictly as the abstract machine makes them;
that is all that READ_ONCE and WRITE_ONCE do as well. C17 3.14: neighbouring bit-fields are one
memory location, so that a store to one of them writes the others.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.gate.conftest import Project

DECLARED = """\
C box
typedef unsigned short half;
struct inner { u32 a; };
struct box { volatile u32 flag; u32 data; u32 low; u32 high; struct { u32 deep; } in; u8 unused; };
struct box M;
volatile int seen;
int other;
volatile int *where = &other;
{ }
P0(int *x, volatile int *y)
{
	struct box *m = &M;
	volatile int *p = &other;
	m->data = 1;
	m->low = 1;
	m->in.deep = 1;
	smp_wmb();
	m->flag = 1;
	seen = 1;
	*p = 1;
	*x = 1;
	*(volatile int *)x = 2;
	*y = 1;
	*where = 1;
}
P1(int *x) { struct box *m = &M; int r = m->flag; smp_rmb(); int s = m->data + m->high; }
~exists (1:r=1 /\\ 1:s=0)
"""

CONFIG = """\
[[tests]]
files = "box.litmus"
models = ["sc"]
"""


@pytest.fixture
def box(project: Project) -> Project:
    (project.folder / "box.litmus").write_text(DECLARED)
    (project.folder / "ksmcheck.toml").write_text(CONFIG)
    project.record()
    return project


def found(project: Project) -> list[tuple[str, str, str]]:
    told = json.loads(project.gate("--report", "json").out)["findings"]
    return [(f["rule"], f["level"], f["message"]) for f in told]


GONE = [
    ("volatile u32 flag", "u32 flag", "flag of struct box is no longer volatile"),
    ("volatile int seen", "int seen", "seen is no longer volatile"),
    ("volatile int *where", "int *where", "where is no longer volatile"),
    ("volatile int *y", "int *y", "volatile y removed in P0"),
    ("volatile int *p", "int *p", "volatile p removed in P0"),
    ("*(volatile int *)x", "*(int *)x", "removed in P0"),
]


@pytest.mark.parametrize(("with_it", "without", "said"), GONE)
def test_a_volatile_that_goes_fails(box: Project, with_it: str, without: str, said: str) -> None:
    box.edit(with_it, without, "box.litmus")
    ran = box.gate()
    assert ran.code == 1, ran.out
    (only,) = found(box)
    assert only[:2] == ("site", "error"), only
    assert said in only[2], only


@pytest.mark.parametrize(("with_it", "without", "said"), GONE)
def test_a_volatile_that_comes_is_told(box: Project, with_it: str, without: str, said: str) -> None:
    box.edit(with_it, without, "box.litmus")
    box.record()
    box.edit(without, with_it, "box.litmus")
    assert box.gate().code == 0
    (only,) = found(box)
    assert only[:2] == ("site", "warning"), only


def test_a_volatile_does_not_go_with_the_struct_s_name(box: Project) -> None:
    text = (box.folder / "box.litmus").read_text()
    text = text.replace("struct box", "struct crate").replace("volatile u32", "u32")
    (box.folder / "box.litmus").write_text(text)
    assert ("site", "error", "flag of struct box was volatile, and is gone or nothing uses it") in (
        found(box)
    )


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        # A narrower store is another access: its neighbours may be beside it in one word.
        ("u32 data", "u8 data", ["data of struct box"]),
        ("u32 deep", "u16 deep", ["in.deep of struct box"]),
        ("int seen", "u64 seen", ["seen"]),
        # A store to one is now a load and a store of both.
        ("u32 low; u32 high", "u32 low:1, high:1", ["low of struct box", "high of struct box"]),
    ],
)
def test_a_declaration_that_changes_the_accesses_is_named(
    box: Project, before: str, after: str, names: list[str]
) -> None:
    box.edit(f"{before};", f"{after};", "box.litmus")
    told = [f for f in found(box) if f[0] == "access"]
    wanted = [f"the declaration of {n} changed, and with it the accesses" for n in names]
    assert all(any(w in f[2] for f in told) for w in wanted), told
    assert len(told) == len(names)
    assert all(level == "warning" for _, level, _ in told)


SIGNS = [
    ("u32 data;", "int data;", "data of struct box is signed now"),
    ("int seen;", "unsigned int seen;", "seen is unsigned now"),
    ("u32 deep;", "s32 deep;", "in.deep of struct box is signed now"),
]


@pytest.mark.parametrize(("before", "after", "said"), SIGNS)
def test_a_sign_that_changes_is_told(box: Project, before: str, after: str, said: str) -> None:
    """C17 6.3.1.8: whether -1 < x depends on it; the accesses are the same."""
    box.edit(before, after, "box.litmus")
    wanted = f"{said}: it compares, divides and widens in another way"
    assert found(box) == [("access", "warning", wanted)]


def test_the_sign_of_a_bit_field(box: Project) -> None:
    """C17 6.2.6.2: of one bit, it holds 0 and -1, or 0 and 1."""
    box.edit("u32 low; u32 high", "u32 low:1, high:1", "box.litmus")
    box.record()
    box.edit("u32 low:1, high:1", "s32 low:1; u32 high:1", "box.litmus")
    ((rule, _, message),) = found(box)
    assert rule == "access" and message.startswith("low of struct box is signed now"), message


@pytest.mark.parametrize(("before", "after", "said"), SIGNS)
def test_a_baseline_without_signs(box: Project, before: str, after: str, said: str) -> None:
    text = box.baseline.read_text()
    box.baseline.write_text(re.sub(r"\b(un)?signed ", "", text))
    assert found(box) == []
    box.edit(before, after, "box.litmus")
    assert found(box) == []
    box.edit(after, before.replace("u32", "u8").replace("int", "u8"), "box.litmus")
    assert [f[0] for f in found(box)] == ["access"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("u32 data;", "unsigned int data;"),  # LP64: the same type by another name
        ("u32 data; u32 low;", "u32 low; u32 data;"),
        ("u8 unused;", "u8 unused; u8 more;"),
        ("u8 unused;", ""),
        ("struct inner { u32 a; };", "struct inner { u8 a; };"),  # nothing uses it
    ],
)
def test_what_changes_no_access_is_no_change(box: Project, before: str, after: str) -> None:
    box.edit(before, after, "box.litmus")
    assert found(box) == []


def test_a_baseline_from_before_is_not_wrong(box: Project) -> None:
    """It had no declarations, and no volatile in a function's outline."""
    blocks = box.baseline.read_text().split("\n\n")
    old = [b for b in blocks if "(struct " not in b and "(variables)" not in b]
    lines = "\n\n".join(old).rstrip("\n").split("\n")
    kept = [line for line in lines if '"* volatile' not in line and '"* (volatile' not in line]
    box.baseline.write_text("\n".join(kept) + "\n")
    told = found(box)
    assert box.gate().code == 0
    assert [f for f in told if f[1] == "note"] == [
        (
            "access",
            "note",
            "the baseline does not say what is declared: volatile, widths, bit-fields",
        )
    ]
    assert all(level != "error" for _, level, _ in told)
