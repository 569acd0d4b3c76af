"""The replay against hand-made executions: right ones are accepted, each wrong one refused.

The executions are written down by hand from the text of the tests, not taken from the engine.
"""

from __future__ import annotations

import pytest

from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.execution.plain_relations import pairs_in
from ksmcheck.execution.replay import Replayed, replay
from ksmcheck.execution.wellformed import check_orders, universe_of
from ksmcheck.kernel.ints import S32, IntType
from ksmcheck.lowering.template import LOCK_OFFSET
from ksmcheck.model.load import load_model
from ksmcheck.program.ir import Cell
from ksmcheck.record import replace
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import Inconclusive, InternalError, Source

Pairs = frozenset[tuple[int, int]]
NONE: Pairs = frozenset()

X, Y = 1 << 24, 1 << 25


def cell(number: int, name: str, address: int, init: int = 0, type: IntType = S32) -> Cell:
    return Cell(number, name, address, type, init, False, "int")


CELLS = (cell(0, "x", X), cell(1, "y", Y))


class Story:
    """Builds an execution: initial writes first, then events in program order."""

    def __init__(self, cells: tuple[Cell, ...] = CELLS) -> None:
        self.cells = cells
        self.events: list[ExecutedEvent] = []
        self.instance = 0
        for one in cells:
            self.add(-1, "W", one.name, one.init, "", ("IW",), -1)

    def add(
        self,
        thread: int,
        kind: str,
        name: str | None,
        value: int | None,
        primitive: str,
        tags: tuple[str, ...] = (),
        instance: int | None = None,
    ) -> int:
        where = next((c for c in self.cells if c.name == name), None)
        number = self.instance if instance is None else instance
        self.instance += 1
        self.events.append(
            ExecutedEvent(
                id=len(self.events),
                thread=thread,
                kind=kind,
                cell=name,
                address=None if where is None else where.address,
                value=value,
                tags=frozenset(tags),
                instance=number,
                primitive=primitive,
                outcome="always",
                origin=None,
            )
        )
        return len(self.events) - 1

    def done(
        self,
        rf: set[tuple[int, int]],
        co: set[tuple[int, int]],
        *,
        addr: Pairs = frozenset(),
        data: Pairs = frozenset(),
        ctrl: Pairs = frozenset(),
        rmw: Pairs = frozenset(),
        registers: dict[tuple[int, str], int] | None = None,
    ) -> Execution:
        last = {e.cell: e.value for e in self.events if e.kind == "W"}
        memory = tuple((c.name, int(last[c.name] or 0)) for c in self.cells)
        return Execution(
            tuple(self.events),
            frozenset(rf),
            frozenset(co),
            rmw,
            addr,
            data,
            ctrl,
            memory,
            tuple((registers or {}).items()),
            True,
        )


def check(
    text: str, execution: Execution, model: str = "sc", cells: tuple[Cell, ...] = CELLS
) -> Replayed:
    test = parse_litmus(Source("t.litmus", text), kernel="6.12")
    loaded = load_model(model)
    config = loaded.configs("6.12")[0]
    return replay(test, "6.12", loaded, config, execution, cells)


SB = """C SB
{}
P0(int *x, int *y) { int r0; WRITE_ONCE(*x, 1); r0 = READ_ONCE(*y); }
P1(int *x, int *y) { int r0; WRITE_ONCE(*y, 1); r0 = READ_ONCE(*x); }
exists (0:r0=0 /\\ 1:r0=0)
"""


def store_buffering() -> Execution:
    """Both reads read 0: the initial writes are 0 (x) and 1 (y)."""
    story = Story()
    story.add(0, "W", "x", 1, "WRITE_ONCE")  # 2
    story.add(0, "R", "y", 0, "READ_ONCE")  # 3
    story.add(1, "W", "y", 1, "WRITE_ONCE")  # 4
    story.add(1, "R", "x", 0, "READ_ONCE")  # 5
    return story.done({(1, 3), (0, 5)}, {(0, 2), (1, 4)}, registers={(0, "r0"): 0, (1, "r0"): 0})


def test_store_buffering_is_accepted_under_tso() -> None:
    assert check(SB, store_buffering(), "tso") == Replayed((), (), True, True)


def test_store_buffering_is_refused_under_sc() -> None:
    """po, fr, po, fr is a cycle."""
    with pytest.raises(InternalError, match="not consistent under sc"):
        check(SB, store_buffering(), "sc")


def changed(event: int, **fields: object) -> Execution:
    base = store_buffering()
    events = list(base.events)
    events[event] = replace(events[event], **fields)
    return replace(base, events=tuple(events))


WRONG = {
    "writes 2, not 1": changed(2, value=2),
    "is at the address": replace(changed(3, cell="x", address=X), rf=frozenset({(0, 3), (0, 5)})),
    "is in the sets": changed(2, tags=frozenset({"Acquire"})),
    "is R of smp_load_acquire": changed(3, primitive="smp_load_acquire"),
    "does not read what": changed(3, value=1),
    # Both are 0 as they begin, but of other words.
    "event 3 does not read what 0 wrote": replace(
        store_buffering(), rf=frozenset({(0, 3), (0, 5)})
    ),
    "starts as 0": changed(0, value=7),
    "reads from nowhere": replace(store_buffering(), rf=frozenset({(1, 3)})),
    "reads from two writes": replace(store_buffering(), rf=frozenset({(1, 3), (4, 3), (0, 5)})),
    "is no total order": replace(store_buffering(), co=frozenset({(0, 2)})),
    "begin with its initial write": replace(
        store_buffering(), co=frozenset({(2, 0), (1, 4)}), memory=(("x", 0), ("y", 1))
    ),
    "x ends as 1, not 5": replace(store_buffering(), memory=(("x", 5), ("y", 1))),
    "0:r0 ends as 0, not 1": replace(store_buffering(), registers=(((0, "r0"), 1),)),
    "addr differs": replace(store_buffering(), addr=frozenset({(3, 4)})),
    "ctrl differs": replace(store_buffering(), ctrl=frozenset({(5, 4)})),
    "rmw differs": replace(store_buffering(), rmw=frozenset({(3, 2)})),
    "has another place in program order": changed(3, joined=True),
    "event 3 is not at y": changed(3, address=X),
    "is R of WRITE_ONCE, not W": replace(
        changed(2, kind="R", value=0),
        rf=frozenset({(1, 3), (0, 5), (0, 2)}),
        co=frozenset({(1, 4)}),
        memory=(("x", 0), ("y", 1)),
    ),
    "event 4 is out of order": replace(
        store_buffering(),
        events=tuple(
            replace(e, id=number)
            for number, e in enumerate(store_buffering().events[k] for k in (0, 1, 4, 5, 2, 3))
        ),
        rf=frozenset({(1, 5), (0, 3)}),
        co=frozenset({(0, 4), (1, 2)}),
    ),
    "P0 has no local variable r9": replace(store_buffering(), registers=(((0, "r9"), 1),)),
    "does not end": replace(
        store_buffering(), events=store_buffering().events[:-1], rf=frozenset({(1, 3)})
    ),
}


@pytest.mark.parametrize("said", WRONG)
def test_a_wrong_execution_is_refused(said: str) -> None:
    with pytest.raises(InternalError, match=said):
        check(SB, WRONG[said], "tso")


def test_a_source_is_a_write() -> None:
    """And not a read of the same value, at the same place."""
    story = Story()
    story.add(0, "R", "x", 0, "READ_ONCE")  # 2
    story.add(0, "R", "x", 0, "READ_ONCE")  # 3
    text = one_thread("READ_ONCE(*x); READ_ONCE(*x);")
    assert check(text, story.done({(0, 2), (0, 3)}, set())).failed == ()
    with pytest.raises(InternalError, match="rf from R 2 to R 3"):
        check(text, story.done({(0, 2), (2, 3)}, set()))


def test_coherence_is_an_order_whatever_the_model_says_of_it() -> None:
    """Here each write has as many before it as in an order, but not those."""
    story = Story()
    for value in (1, 2):
        story.add(0, "W", "x", value, "WRITE_ONCE")  # 2 and 3
    right = {(0, 2), (0, 3), (2, 3)}
    check_orders(story.done(set(), right), CELLS)
    with pytest.raises(InternalError, match="co is no total order"):
        check_orders(story.done(set(), right ^ {(0, 2), (3, 2)}), CELLS)


def test_initial_writes_are_in_no_thread() -> None:
    """So says ``Execution``, after herd7: they are before nothing in program order, external to
    what is in a thread, and nothing is said of two of them."""
    universe = universe_of(store_buffering())
    pairs = {name: set(pairs_in(universe.relation(name))) for name in ("po", "int", "ext")}
    own, other = {2, 3}, {4, 5}
    assert pairs["po"] == {(2, 3), (4, 5)}
    assert pairs["int"] == {(a, b) for some in (own, other) for a in some for b in some}
    apart = [({0, 1}, own | other), (own, other)]
    assert pairs["ext"] == {
        pair for one, two in apart for a in one for b in two for pair in ((a, b), (b, a))
    }
    # Two events of one instruction are in no order either.
    assert set(pairs_in(universe_of(changed(3, joined=True)).relation("po"))) == {(4, 5)}


def test_the_model_judges_by_the_branches_of_the_text() -> None:
    """Load buffering where P0's store is under a branch in a loop. The record of an unrolled loop
    may know less of its branches; the model still has to be asked about the loop as written, under
    which ARMv8 orders the store behind the load. Then there is no execution to show: the record
    that has all of the branches is wrong, and the one that has less decides nothing."""
    text = """C LB
{}
P0(int *x, int *y) { int n = 0; do { if (READ_ONCE(*x)) WRITE_ONCE(*y, 1); } while (n); }
P1(int *x, int *y) { int r = READ_ONCE(*y); WRITE_ONCE(*x, r); }
exists (true)
"""
    story = Story()
    story.add(0, "R", "x", 1, "READ_ONCE")  # 2
    story.add(0, "W", "y", 1, "WRITE_ONCE")  # 3
    story.add(1, "R", "y", 1, "READ_ONCE")  # 4
    story.add(1, "W", "x", 1, "WRITE_ONCE")  # 5
    branch = frozenset({(2, 3)})
    for known, refused, says in (
        (branch, InternalError, "not consistent under armv8"),
        (NONE, Inconclusive, "more depends on a branch before it than was counted"),
    ):
        execution = story.done(
            {(5, 2), (3, 4)}, {(0, 5), (1, 3)}, data=frozenset({(4, 5)}), ctrl=known
        )
        with pytest.raises(refused, match=says):
            check(text, execution, "armv8")
    # Without the other thread's dependency the two loads may be late.
    free = text.replace("WRITE_ONCE(*x, r)", "WRITE_ONCE(*x, 1)")
    check(free, story.done({(5, 2), (3, 4)}, {(0, 5), (1, 3)}), "armv8")


def test_a_register_that_nothing_was_put_into_is_0() -> None:
    """herd7's registers need no declaration."""
    check(SB, replace(store_buffering(), registers=(((0, "r9"), 0),)), "tso")


def test_an_access_beside_all_cells_is_at_no_location() -> None:
    universe = universe_of(changed(3, cell=None))
    assert set(pairs_in(universe.relation("loc"))) == {
        (a, b) for at in ({0, 2, 5}, {1, 4}) for a in at for b in at
    }


def test_an_event_too_many_is_refused() -> None:
    base = store_buffering()
    more = replace(base.events[5], id=6, instance=9)
    longer = replace(base, events=(*base.events, more), rf=base.rf | {(0, 6)})
    with pytest.raises(InternalError, match="P1 ends before event 6"):
        check(SB, longer, "tso")


def one_thread(body: str, *, before: str = "", condition: str = "exists (true)") -> str:
    return f"C t\n{before}\n{{}}\nP0(int *x, int *y) {{ {body} }}\n{condition}\n"


def read_then_write(ctrl: Pairs = frozenset(), data: Pairs = frozenset()) -> Execution:
    """x is read as 0, then y is written as 1."""
    story = Story()
    story.add(0, "R", "x", 0, "READ_ONCE")  # 2
    story.add(0, "W", "y", 1, "WRITE_ONCE")  # 3
    return story.done({(0, 2)}, {(1, 3)}, ctrl=ctrl, data=data)


CTRL: Pairs = frozenset({(2, 3)})

# Which of these writes depends on the branch: iff some way from the branch does not come to it.
CONTROL = [
    ("int r = READ_ONCE(*x); if (!r) WRITE_ONCE(*y, 1);", CTRL),
    # A choice is what a branch hands on: the store waits for it, as for a branch.
    ("int r = READ_ONCE(*x); WRITE_ONCE(*y, r ? 0 : 1);", CTRL),
    ("int r = READ_ONCE(*x); if (r) r = 1; WRITE_ONCE(*y, 1);", NONE),
    ("int r = READ_ONCE(*x); if (r) return; WRITE_ONCE(*y, 1);", CTRL),
    ("int r = READ_ONCE(*x); if (r) goto out; r = 5; out: WRITE_ONCE(*y, 1);", NONE),
    ("int r = READ_ONCE(*x); if (r) goto out; WRITE_ONCE(*y, 1); out: r = 2;", CTRL),
    ("do { if (READ_ONCE(*x)) break; WRITE_ONCE(*y, 1); } while (0);", CTRL),
    ("switch (READ_ONCE(*x)) { case 0: WRITE_ONCE(*y, 1); break; default: ; }", CTRL),
    ("switch (READ_ONCE(*x)) { case 1: ; default: WRITE_ONCE(*y, 1); }", NONE),
    ("int r = READ_ONCE(*x); r == 0 && (WRITE_ONCE(*y, 1), 1);", CTRL),
    # The function's early return joins at the call's end.
    ("if (f(READ_ONCE(*x))) ; WRITE_ONCE(*y, 1);", NONE),
    # What f gives was chosen by a branch: another branch on it depends on the same (as in herd7).
    ("int r = f(READ_ONCE(*x)); if (!r) WRITE_ONCE(*y, 1);", CTRL),
    ("int r = READ_ONCE(*x), t = 1; if (r == 0) t = 0; if (t == 0) WRITE_ONCE(*y, 1);", CTRL),
    ("int r = READ_ONCE(*x), t = 1; if (r == 0) t = 0; t += 2; if (t) WRITE_ONCE(*y, 1);", CTRL),
    ("int t; if (READ_ONCE(*x)) t = 1; else t = 2; if (t) WRITE_ONCE(*y, 1);", CTRL),
    ("int t = 0, u = 0; if (!READ_ONCE(*x)) t = 1; if (t) u = 1; if (u) WRITE_ONCE(*y, 1);", CTRL),
    ("int t = READ_ONCE(*x) && g(); if (!t) WRITE_ONCE(*y, 1);", CTRL),
    ("int t = READ_ONCE(*x) ? g() : 3; if (t) WRITE_ONCE(*y, 1);", CTRL),
    # What was assigned before stays what it was where the other way was taken.
    ("int r = READ_ONCE(*x), t = 1; if (r) t = 0; if (t) WRITE_ONCE(*y, 1);", NONE),
    ("int r = READ_ONCE(*x), t = 1; if (r == 0) t = 0; t = 1; if (t) WRITE_ONCE(*y, 1);", NONE),
    # Whatever way is taken, it is the same.
    ("int t; if (READ_ONCE(*x)) t = 1; else t = 1; if (t) WRITE_ONCE(*y, 1);", NONE),
    # A function of a constant decides whether that way comes to the write.
    ("int r = READ_ONCE(*x); if (r) { if (f(0)) return; } WRITE_ONCE(*y, 1);", NONE),
    ("int r = READ_ONCE(*x); if (r) { if (f(f(7))) return; } WRITE_ONCE(*y, 1);", CTRL),
    ("int r = READ_ONCE(*x); if (r) { if (f(r)) return; } WRITE_ONCE(*y, 1);", CTRL),
    # So does one that gives a constant, whatever it reads and is handed.
    ("int r = READ_ONCE(*x); if (r) { if (zero(x, r)) return; } WRITE_ONCE(*y, 1);", NONE),
    ("int r = READ_ONCE(*x); if (r) { if (zero(x, r) || f(3)) return; } WRITE_ONCE(*y, 1);", CTRL),
    ("int r = READ_ONCE(*x); if (r) { if (other(x)) return; } WRITE_ONCE(*y, 1);", CTRL),
    # Where the second operand gives a constant, run or not, the first may decide nothing.
    ("(READ_ONCE(*x) || f(9)) ? (WRITE_ONCE(*y, 1), 1) : 3;", NONE),
    ("(READ_ONCE(*x) || f(0)) ? 3 : (WRITE_ONCE(*y, 1), 1);", CTRL),
    ("(READ_ONCE(*x) && f(0)) ? 3 : (WRITE_ONCE(*y, 1), 1);", NONE),
    ("(READ_ONCE(*x) && f(9)) ? 3 : (WRITE_ONCE(*y, 1), 1);", CTRL),
    # Both arms come to 1, the one that is run and the other; or they do not.
    ("if ((READ_ONCE(*x) ? f(9) : 1) != 1) return; WRITE_ONCE(*y, 1);", NONE),
    ("int r = READ_ONCE(*x); if (r) { if ((r ? f(0) : 1) != 1) return; } WRITE_ONCE(*y, 1);", CTRL),
    ("int r = READ_ONCE(*x); if (r) { if ((r ? f(9) : 1) != 1) return; } WRITE_ONCE(*y, 1);", NONE),
    # So does a test that has a read in it, on the way that is not taken.
    ("int s = 1; if (READ_ONCE(*x) && !(READ_ONCE(*y) ? s : s)) return; WRITE_ONCE(*y, 1);", NONE),
    ("int s = 1; if (READ_ONCE(*x) && (READ_ONCE(*y) ? s : s)) return; WRITE_ONCE(*y, 1);", CTRL),
]


FUNCTIONS = """
    static int f(int v) { if (v) return 1; return 0; }
    static int g(void) { barrier(); return 1; }
    static int other(int *p) { return READ_ONCE(*p); }
    static int zero(int *p, int v) { int s = other(p); WRITE_ONCE(*p, s + v); return f(0); }
"""


@pytest.mark.parametrize(("body", "ctrl"), CONTROL)
def test_control_dependencies(body: str, ctrl: Pairs) -> None:
    text = one_thread(body, before=FUNCTIONS)
    assert check(text, read_then_write(ctrl)).failed == ()
    other = NONE if ctrl else CTRL
    with pytest.raises(InternalError, match="ctrl differs"):
        check(text, read_then_write(other))


# What comes after a loop waits for the branches that may leave it, if its rounds do something.
WAITED = [
    ("while (READ_ONCE(*x)) ; WRITE_ONCE(*y, 1);", True),
    ("again: if (READ_ONCE(*x)) goto again; WRITE_ONCE(*y, 1);", True),
    ("int r; do { r = READ_ONCE(*x); } while (r); WRITE_ONCE(*y, 1);", True),
    ("for (;;) { if (!READ_ONCE(*x)) break; barrier(); } WRITE_ONCE(*y, 1);", True),
    ("if (spin(x)) return; WRITE_ONCE(*y, 1);", True),
    ("int r = READ_ONCE(*x); while (r) r--; WRITE_ONCE(*y, 1);", False),
    ("int r = READ_ONCE(*x), s = 0; for (int i = 0; i < r; i++) s += i; WRITE_ONCE(*y, 1);", False),
    ("int r = READ_ONCE(*x); while (r) { if (r == 7) return; r--; } WRITE_ONCE(*y, 1);", True),
    ("while (1) { int r = READ_ONCE(*x); if (r) r = 2; break; } WRITE_ONCE(*y, 1);", False),
]
SPIN = "static int spin(int *p) { while (READ_ONCE(*p)) cpu_relax(); return 0; }"


@pytest.mark.parametrize(("body", "waits"), WAITED)
def test_loops_that_are_left(body: str, waits: bool) -> None:
    text = one_thread(body, before=FUNCTIONS + SPIN)
    if waits:
        assert check(text, read_then_write(CTRL)).failed == ()
    else:
        assert check(text, read_then_write(NONE)).failed == ()
        with pytest.raises(InternalError, match="ctrl differs"):
            check(text, read_then_write(CTRL))


DATA = [
    ("int r = READ_ONCE(*x); WRITE_ONCE(*y, r + 1);", CTRL),
    ("int r = READ_ONCE(*x); WRITE_ONCE(*y, (r ^ r) + 1);", CTRL),
    ("int r = READ_ONCE(*x); r = 1; WRITE_ONCE(*y, r);", NONE),
    ("int r = READ_ONCE(*x); int s = r; s += 1; WRITE_ONCE(*y, s);", CTRL),
    ("int r = READ_ONCE(*x); if (r) r = 0; else r = 1; WRITE_ONCE(*y, r);", NONE),
    ("int r = READ_ONCE(*x); WRITE_ONCE(*y, r == 0 || r);", CTRL),
    ("int r = READ_ONCE(*x); WRITE_ONCE(*y, f(r));", CTRL),
]


@pytest.mark.parametrize(("body", "data"), DATA)
def test_data_dependencies(body: str, data: Pairs) -> None:
    text = one_thread(body, before="static int f(int v) { return !v; }")
    assert check(text, read_then_write(data=data)).failed == ()
    with pytest.raises(InternalError, match="data differs"):
        check(text, read_then_write(data=NONE if data else CTRL))


# C's arithmetic, worked out by the standard (C17 6.3.1, 6.5) for LP64; the value is written to y,
# an unsigned int or a long of its own.
ARITHMETIC = [
    ("-7 / 2", -3),  # towards 0
    ("-7 % 2", -1),  # with the sign of the dividend
    ("(unsigned char)300", 44),  # 300 - 256
    ("(signed char)200", -56),  # 200 - 256
    ("-1 < 1u", 0),  # -1 becomes 2**32 - 1
    ("-1 < 1L", 1),
    ("1 << 3 | 1", 9),
    ("2147483647 + 1", -(1 << 31)),  # wraps in the kernel
    ("-16 >> 2", -4),  # arithmetic shift
    ("(bool)256", 1),
    ("sizeof(struct s)", 24),  # 4, 4 of padding, 8, 2, 6 of padding
    ("offsetof(struct s, b)", 8),
    ("~0u >> 31", 1),
    ("1 ? 2 : 3, 4", 4),
    ("!5 + !0", 1),
    ("'a'", 97),
    ("0x10 + 010", 24),
    ("({ int t = 3; t *= 2; t; })", 6),
    ("loop(4)", 10),  # 1 + 2 + 3 + 4
    ("fall(1)", 6),  # 2 and 4, no break between
    ("fall(9)", 8),
    ("skip(5)", 4),  # 0..4 without 2 is 4 rounds
]

HELPERS = """
struct s { int a; long b; short c; };
static int loop(int n) { int t = 0; for (int i = 1; i <= n; i++) t += i; return t; }
static int fall(int v) {
    int t = 0;
    switch (v) { case 0: t = 1; break; case 1: t = 2; case 2: t += 4; break; case 8 ... 10: t = 8; }
    return t;
}
static int skip(int n) {
    int t = 0, i = -1;
    while (1) { if (++i == n) break; if (i == 2) continue; t++; }
    return t;
}
"""


@pytest.mark.parametrize(("text", "value"), ARITHMETIC)
def test_arithmetic(text: str, value: int) -> None:
    cells = (cell(0, "x", X), cell(1, "y", Y, type=IntType(64, True)))
    story = Story(cells)
    story.add(0, "W", "y", value % (1 << 64), "WRITE_ONCE")
    litmus = f"C t\n{HELPERS}\n{{}}\nP0(int *x, long *y) {{ WRITE_ONCE(*y, ({text})); }}\n"
    right = f"exists (y == {value})"
    execution = story.done(set(), {(1, 2)})
    assert check(litmus + right, execution, cells=cells).condition is True
    assert check(litmus + f"exists (y != {value})", execution, cells=cells).condition is False


def test_failed_assertions_are_told() -> None:
    text = one_thread("int r = READ_ONCE(*x); BUG_ON(!r); assert(!r); WRITE_ONCE(*y, 1);")
    failed = check(text, read_then_write()).failed
    assert [(f.kind, f.thread) for f in failed] == [("BUG_ON", 0)]


def test_a_broken_assumption_is_refused() -> None:
    text = one_thread("int r = READ_ONCE(*x); __assume(r); WRITE_ONCE(*y, 1);")
    with pytest.raises(InternalError, match="breaks an assumption"):
        check(text, read_then_write())


def exchange(old: int, new: int | None) -> Execution:
    """cmpxchg on x under armv8 6.12 LL/SC: ldxr, stlxr, dmb ish; only ldxr where it fails."""
    cells = (cell(0, "x", X, old), CELLS[1])
    story = Story(cells)
    story.add(0, "R", "x", old, "atomic_cmpxchg", ("RMW",), 0)
    if new is None:
        return story.done({(0, 2)}, set())
    story.add(0, "W", "x", new, "atomic_cmpxchg", ("L", "RMW"), 0)
    story.add(0, "F", None, None, "atomic_cmpxchg", ("DMB.ISH",), 0)
    return story.done({(0, 2)}, {(0, 3)}, rmw=frozenset({(2, 3)}))


@pytest.mark.parametrize(
    ("old", "new", "returned", "fits"),
    [(0, 5, 0, True), (1, None, 1, True), (0, None, 0, False), (1, 5, 1, False)],
)
def test_cmpxchg(old: int, new: int | None, returned: int, fits: bool) -> None:
    text = (
        f"C t\n{{ x = {old}; }}\n"
        f"P0(atomic_t *x, int *y) {{ int r = atomic_cmpxchg(x, 0, 5); }}\nexists (0:r={returned})\n"
    )
    cells = (cell(0, "x", X, old), CELLS[1])
    if fits:
        assert check(text, exchange(old, new), "armv8", cells).condition is True
    else:
        with pytest.raises(InternalError, match="performs atomic_cmpxchg"):
            check(text, exchange(old, new), "armv8", cells)


def hashed(locked: int, freed: int, held: int = 0) -> Execution:
    """set_bit(0, w) of 3.9 on ARMv8: a lock beside the word is taken and freed, and the word is
    read and written in between, by two accesses of which the second gets its value from the
    first."""
    story = Story(HASHED)
    events = [
        ("R", "w.lock", held, ("A", "RMW")),  # 2
        ("W", "w.lock", locked, ("RMW",)),
        ("R", "w", 4, ()),
        ("W", "w", 5, ()),
        ("W", "w.lock", freed, ("L",)),
    ]
    for kind, name, value, tags in events:
        story.add(0, kind, name, value, "set_bit", tags, 0)
    rmw, data = frozenset({(2, 3)}), frozenset({(4, 5)})
    return story.done({(1, 2), (0, 4)}, {(0, 5), (1, 3), (1, 6), (3, 6)}, rmw=rmw, data=data)


WORD = IntType(64, False)
HASHED = (cell(0, "w", X, 4, WORD), cell(1, "w.lock", X + LOCK_OFFSET, 0, WORD))


def set_bit(execution: Execution, cells: tuple[Cell, ...] = HASHED) -> Replayed:
    text = Source(
        "t.litmus", "C t\n{ w = 4; }\nP0(unsigned long *w) { set_bit(0, w); }\nexists (w=5)\n"
    )
    model = load_model("armv8")
    config = model.configs("3.9")[0]
    return replay(parse_litmus(text, kernel="3.9"), "3.9", model, config, execution, cells)


def test_a_lock_is_taken_free_and_given_back() -> None:
    assert set_bit(hashed(1, 0)).condition is True
    for execution, said in (
        (hashed(2, 0), "writes 2, not 1"),
        (hashed(1, 1), "writes 1, not 0"),
        (replace(hashed(1, 0), data=NONE), "data differs"),
        (replace(hashed(1, 0), rmw=NONE), "rmw differs"),
    ):
        with pytest.raises(InternalError, match=said):
            set_bit(execution)
    held = (HASHED[0], replace(HASHED[1], init=1))
    taken = hashed(1, 0, held=1)
    start = replace(taken.events[1], value=1)
    with pytest.raises(InternalError, match="takes a lock that holds 1"):
        set_bit(replace(taken, events=(taken.events[0], start, *taken.events[2:])), held)


# Threads that go no further.


def at_rest(body: str, *values: int, kernel: str = "6.12", model: str = "sc") -> str:
    """What P0 waits for for ever, as it is written, "" where it goes on: it has read the given
    values from x, which at last is what P1 has written, or 0."""
    text = f"""C t
{{}}
P0(int *x, int *y, unsigned long *w) {{ {body} }}
P1(int *x) {{ WRITE_ONCE(*x, 1); }}
exists (true)
"""
    cells = (*CELLS, cell(2, "w", 1 << 26, type=IntType(64, False)))
    story = Story(cells)
    for value in values:
        story.add(0, "R", "x", value, "READ_ONCE")
    written = story.add(1, "W", "x", 1, "WRITE_ONCE")
    rf = {(written if value else 0, 3 + k) for k, value in enumerate(values)}
    execution = replace(story.done(rf, {(0, written)}), complete=False)
    source = Source("t.litmus", text)
    loaded = load_model(model)
    config = loaded.configs(kernel)[0]
    test = parse_litmus(source, kernel=kernel)
    waiting = replay(test, kernel, loaded, config, execution, cells).waiting
    return "".join(text[w.span.start : w.span.end] for w in waiting)


def test_where_a_thread_waits_for_ever() -> None:
    """At the read that it tests, on the final memory, in which x is 1 and y is 0. The rounds that
    were looked at before are over."""
    wait = "while (!READ_ONCE(*x)) ; while (!READ_ONCE(*y)) ;"
    assert at_rest(wait, 0, 0, 1) == at_rest(wait) == "READ_ONCE(*y)"
    assert at_rest("while (!READ_ONCE(*x)) ;", 0, 0) == ""  # it sees the 1 at last
    assert at_rest("while (!READ_ONCE(*y)) WRITE_ONCE(*y, 1);") == ""
    assert at_rest("while (!READ_ONCE(*y)) WRITE_ONCE(*x, 1);") == "READ_ONCE(*y)"  # no change
    assert at_rest("int n = 0; while (!READ_ONCE(*y)) if (++n == 3) break;") == ""


def test_who_leaves_the_memory_waits_for_nothing() -> None:
    assert at_rest("while (!READ_ONCE(*(int *) 8)) ;") == ""


def test_a_free_lock_holds_nobody_up() -> None:
    """set_bit of 3.9 on ARMv8 takes a lock, which nobody has here."""
    wait = "set_bit(0, w); while (!READ_ONCE(*y)) ;"
    assert at_rest("while (!READ_ONCE(*y)) clear_bit(0, w);", kernel="3.9", model="armv8") == (
        "READ_ONCE(*y)"
    )
    assert at_rest(wait, kernel="3.9", model="armv8") == ""  # the bit is set: not at rest


def test_nobody_waits_while_another_goes_on() -> None:
    """P0 waits for what P1 has still to write."""
    text = """C t
{}
P0(int *y) { while (!READ_ONCE(*y)) ; }
P1(int *x, int *y) { WRITE_ONCE(*x, 1); MORE }
exists (true)
"""
    story = Story()
    story.add(1, "W", "x", 1, "WRITE_ONCE")  # 2
    execution = replace(story.done(set(), {(0, 2)}), complete=False)
    assert len(check(text.replace("MORE", ""), execution).waiting) == 1
    assert check(text.replace("MORE", "WRITE_ONCE(*y, 1);"), execution).waiting == ()


def readers(body: str, *primitives: str, passed: bool = False) -> int:
    """How many wait for ever where P0 has entered and left read-side critical sections in this
    order, and P1 waits for a grace period before it writes y; or has ``passed`` it and ended."""
    text = f"""C t
{{}}
P0(int *y) {{ {body} }}
P1(int *y) {{ synchronize_rcu(); {"" if passed else "WRITE_ONCE(*y, 1);"} }}
exists (true)
"""
    tags = {"rcu_read_lock": "Rcu-lock", "rcu_read_unlock": "Rcu-unlock"}
    story = Story()
    for name in primitives:
        story.add(0, "F", None, None, name, (tags[name],))
    if passed:
        story.add(1, "F", None, None, "synchronize_rcu", ("Sync-rcu",))
    return len(check(text, replace(story.done(set(), set()), complete=False), "lkmm").waiting)


def test_who_waits_for_readers() -> None:
    inside = "rcu_read_lock(); while (!READ_ONCE(*y)) ; rcu_read_unlock();"
    assert readers(inside, "rcu_read_lock") == 2  # each for the other
    # No grace period ends before its readers have left: that is no execution to be shown.
    assert readers(inside, "rcu_read_lock", passed=True) == 0
    assert readers("while (!READ_ONCE(*y)) ;", passed=True) == 1  # there is no reader
    # Outside of a section P0 holds nobody up, and P1 goes on.
    behind = "rcu_read_lock(); rcu_read_unlock(); while (!READ_ONCE(*y)) ;"
    assert readers(behind, "rcu_read_lock", "rcu_read_unlock") == 0
    # In going round it leaves the section that P1 waits for.
    again = "do { rcu_read_lock(); rcu_read_unlock(); } while (!READ_ONCE(*y));"
    assert readers(again, "rcu_read_lock") == 0
