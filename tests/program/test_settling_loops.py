"""Loops that wait, and note that they did: an iteration beyond the first changes nothing, and no
bound is reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import BOUNDED
from ksmcheck.record import replace
from tests.fresh import fresh_checker

TEXT = """C t
{{ }}
P0(int *x, int *y, int *z)
{{
    int r1 = 0;
    int r2 = 0;
{loop}
}}
P1(int *x, int *y, int *z)
{{
    WRITE_ONCE(*x, 1);
    smp_wmb();
    WRITE_ONCE(*x, 2);
}}
{condition}
"""

# (the loop, the states of r1 and r2 in C: it may go round never, or any number of times, and P1's
# stores are seen in their order).
SETTLING = [
    ("while (READ_ONCE(*x) == 0) r1 = 1;", {(0, 0), (1, 0)}),
    ("while (READ_ONCE(*x) != 2) { r1 = 1; r2 = 3; cpu_relax(); }", {(0, 0), (1, 3)}),
    ("for (;;) { if (READ_ONCE(*x) == 2) break; r1 = 1; }", {(0, 0), (1, 0)}),
    ("again: r2 = READ_ONCE(*x); if (r2 == 0) { r1 = 1; goto again; }",
     {(0, 1), (0, 2), (1, 1), (1, 2)}),
    ("do { r1 = 1; } while (READ_ONCE(*x) == 0);", {(1, 0)}),
    ("while (READ_ONCE(*x) == 0) { r1 = 1; r1 = 2; }", {(0, 0), (2, 0)}),
    # What r1 was before is used up when it is read anew (y is always 0).
    ("r1 = 5; for (;;) { if (READ_ONCE(*x) == r1 - 3) break; r1 = READ_ONCE(*y) + 5; }", {(5, 0)}),
    ("r1 = 3; for (;;) { if (READ_ONCE(*x) == r1 - 1) break; r1 = READ_ONCE(*y) + 2; }",
     {(3, 0), (2, 0)}),
]  # fmt: skip

# What is carried on changes in some iterations alone, as in a state machine that polls; those that
# find nothing new are left out. In a function: a local of the thread itself may be asked for.
POLLING = [
    ("while (r1 != 2) { v = READ_ONCE(*x); if (v != r1) r1 = v; }", {2}),
    ("do { v = READ_ONCE(*x); if (v == r1 + 1) r1 = v; } while (r1 != 2);", {2}),
    ("for (;;) { v = READ_ONCE(*x); if (v > r1) r1 = v; else if (v == 2) break; }", {2}),
    ("again: v = READ_ONCE(*x); if (v != r1) { r1 = v; if (v != 2) goto again; } else goto again;",
     {2}),
    # Three rounds change a local and nothing else, to constants that are put in where it is read.
    ("for (;;) { v = READ_ONCE(*x); if (v == 1 && r1 == 0) r1 = 1; else if (v == 1 && r1 == 1)"
     " r1 = 3; else if (v == 1 && r1 == 3) r1 = 4; if (v == 2) break; }", {0, 1, 3, 4}),
    ("for (;;) { if (r1 == 2) break; v = READ_ONCE(*x); if (v == 1 && !r1) r1 = 1;"
     " else if (v == 2) r1 = 2; }", {2}),
]  # fmt: skip
POLL = """C t
{{ }}
static int poll(int *x)
{{
    int r1 = 0;
    int v;

{loop}
    return r1;
}}
P0(int *x) {{ int r1 = poll(x); }}
P1(int *x) {{ WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*x, 2); }}
{condition}
"""

# Here an iteration does something each time, or may.
CHANGING = [
    "while (READ_ONCE(*x) == 0) r1++;",
    "while (READ_ONCE(*x) == 0) { r1 = r2; r2 = 1; }",
    "while (READ_ONCE(*x) == 0) { r1 = 1; WRITE_ONCE(*z, READ_ONCE(*z) + 1); }",
]


def written(path: Path, loop: str, condition: str = "exists (0:r1=1 /\\ 0:r2=1)") -> Request:
    path.write_text(TEXT.format(loop=loop, condition=condition))
    return Request(path, "armv8")


@pytest.mark.parametrize(("loop", "expected"), SETTLING)
def test_all_states_are_found_without_a_bound(
    loop: str, expected: set[tuple[int, int]], tmp_path: Path
) -> None:
    path = tmp_path / "t.litmus"
    found = fresh_checker().states(written(path, loop, "locations [0:r1; 0:r2;]\nexists (0:r1=0)"))
    r1, r2 = found.texts.index("0:r1"), found.texts.index("0:r2")
    assert {(s[r1], s[r2]) for s in found.states} == expected
    ruled_out = " /\\ ".join(f"~(0:r1={a} /\\ 0:r2={b})" for a, b in expected)
    assert fresh_checker().check(written(path, loop, f"~exists ({ruled_out})")).verdict == "SAFE"


@pytest.mark.parametrize("loop", CHANGING)
def test_where_an_iteration_matters_the_bound_is_said(loop: str, tmp_path: Path) -> None:
    request = written(tmp_path / "t.litmus", loop, "~exists (0:r1=77)")
    assert fresh_checker().check(request).verdict == BOUNDED


def test_a_writing_loop_that_settles(tmp_path: Path) -> None:
    """Each iteration that goes round writes, and a later one may matter to P1: the bound stays."""
    loop = "while (READ_ONCE(*x) == 0) { r1 = 1; WRITE_ONCE(*z, 1); }"
    request = written(tmp_path / "t.litmus", loop, "~exists (0:r1=77)")
    assert fresh_checker().check(request).verdict == BOUNDED


def test_a_race_of_a_later_iteration_is_found(tmp_path: Path) -> None:
    """What is read where the loop has settled races with P1's store (LKMM: both plain, and nothing
    orders a read before the look that is to see the flag), and the first iteration has no read."""
    path = tmp_path / "t.litmus"
    loop = "while (!READ_ONCE(*x)) { if (w) { r = *y; } w = 1; }"
    path.write_text(
        f"C t\n{{ }}\nP0(int *x, int *y) {{ int w = 0; int r = 0; {loop} WRITE_ONCE(*x, 2); }}\n"
        "P1(int *x, int *y) { *y = 1; smp_store_release(x, 1); }\nforall (true)\n"
    )
    found = fresh_checker().check(Request(path, "lkmm"))
    assert (found.verdict, found.flags) == ("VIOLATED", ("data-race",))


@pytest.mark.parametrize("update", ["__set_bit(0, &a);", "__clear_bit(1, &a);"])
def test_a_race_with_what_is_no_store_by_name(update: str, tmp_path: Path) -> None:
    """Documentation/atomic_bitops.txt: those with two underscores are plain accesses. The read is
    in an iteration that goes on, and nothing orders it before the update."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nlong a;\nint go;\n{ }\n"
        "void P0(void) { while (!READ_ONCE(go)) READ_ONCE(a); }\n"
        f"void P1(void) {{ {update} WRITE_ONCE(go, 1); }}\nforall (true)\n"
    )
    found = fresh_checker().check(Request(path, "lkmm"))
    assert (found.verdict, found.flags) == ("VIOLATED", ("data-race",))


def polled(path: Path, loop: str, condition: str) -> Request:
    path.write_text(POLL.format(loop=loop, condition=condition))
    return Request(path, "armv8")


@pytest.mark.parametrize(("loop", "expected"), POLLING)
def test_what_a_poll_may_end_with(loop: str, expected: set[int], tmp_path: Path) -> None:
    """P1's stores are seen in their order, and each of them or none, as often as one likes."""
    path = tmp_path / "t.litmus"
    for value in range(5):
        found = fresh_checker().check(polled(path, loop, f"~exists (0:r1={value})")).verdict
        assert found == ("VIOLATED" if value in expected else "SAFE")


def test_rounds_that_change_locals_alone_count_for_the_bound(tmp_path: Path) -> None:
    """Three rounds make it 4, and a fourth leaves; one that goes round again once is too few."""
    request = polled(tmp_path / "t.litmus", POLLING[4][0], "~exists (0:r1=4)")
    assert fresh_checker().check(replace(request, unroll=1)).verdict == BOUNDED
    assert fresh_checker().check(replace(request, unroll=4)).verdict == "VIOLATED"


STATES = """C t
{ }
P0(int *state, atomic_t *acks, int *x)
{
    int now = 0;
    int v;

    do {
        v = READ_ONCE(*state);
        if (v != now) {
            now = v;
            WRITE_ONCE(*x, v);
            atomic_inc(acks);
        }
    } while (now != 3);
    BUG_ON(READ_ONCE(*x) != 3);
}
P1(int *state, atomic_t *acks)
{
    WRITE_ONCE(*state, 1);
    WRITE_ONCE(*state, 2);
    while (!atomic_read(acks))
        cpu_relax();
    WRITE_ONCE(*state, 3);
}
"""


@pytest.mark.parametrize("liveness", [False, True])
@pytest.mark.parametrize("model", ["armv8", "power", "lkmm"])
def test_two_that_wait_for_each_others_steps(model: str, liveness: bool, tmp_path: Path) -> None:
    """As multi_cpu_stop() of the kernel polls: each step is waited for, and none is missed, since
    who leaves has seen state 3, which P1 stores once P0 has acknowledged another."""
    path = tmp_path / "t.litmus"
    path.write_text(STATES)
    assert fresh_checker().check(Request(path, model, liveness=liveness)).verdict == "SAFE"
    path.write_text(STATES.replace("WRITE_ONCE(*state, 3);", ""))
    waits = "VIOLATED" if liveness else "VACUOUS"
    assert fresh_checker().check(Request(path, model, liveness=liveness)).verdict == waits


@pytest.mark.parametrize(
    ("asked", "bounded"),
    [
        ("~exists (0:r1=77)", False),
        ("~exists (0:r1=77 /\\ 0:r2=77)", True),
        ("filter (0:r2=0)\n~exists (0:r1=77)", True),
        ("locations [0:r2;]\n~exists (0:r1=77)", True),
    ],
)
def test_a_local_that_nobody_asks_for_changes_nothing(
    asked: str, bounded: bool, tmp_path: Path
) -> None:
    loop = "while (READ_ONCE(*x) == 0) { if (!READ_ONCE(*y)) r2 = READ_ONCE(*y) + 1; }"
    request = written(tmp_path / "t.litmus", loop, asked)
    assert fresh_checker().check(request).verdict == (BOUNDED if bounded else "SAFE")
