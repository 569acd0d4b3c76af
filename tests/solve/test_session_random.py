"""Random small structures: the engine against enumeration of everything, written the plain way.

The enumeration takes every value for every read, every source with that value, and every
coherence order, and keeps what meets the axioms, here sets of pairs and a search for cycles. It
shares nothing with the engine but the meaning of terms (``evaluate``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.events.structure import Event, EventStructure
from ksmcheck.events.terms import Term, evaluate
from ksmcheck.kernel.ints import ADDRESS, BOOL, U32
from ksmcheck.solve.outcome import Found, Refuted
from ksmcheck.solve.session import Session
from tests.solve.conftest import Build

Drawn = list[list[tuple[str, int, int, str]]]
"""Threads of steps: kind, cell, value, twist."""
Pair = tuple[int, int]
Value = Callable[[Term | None], int]
Rule = Callable[
    [EventStructure, Sequence[Event], dict[int, int], Sequence[Pair], set[Pair], set[Pair]], bool
]

VALUES = (0, 1, 2)

STEPS = st.tuples(
    st.sampled_from(["R", "R", "W", "W", "W+", "U", "F"]),
    st.integers(0, 1),  # cell
    st.integers(1, 2),  # value
    st.sampled_from(["", "", "", "guard", "address", "choice", "both"]),
)
THREADS = st.lists(st.lists(STEPS, min_size=1, max_size=3), min_size=2, max_size=3).filter(
    lambda threads: sum(len(t) + sum(s[0] == "U" for s in t) for t in threads) <= 6
)


def make(
    build: type[Build], threads: Drawn, constrain: bool
) -> tuple[EventStructure, list[Term], list[Term]]:
    """A structure with guards, addresses and values that depend on earlier reads."""
    b = build(0, 0)
    terms = b.terms
    reads: list[Term] = []
    choices: list[Term] = []
    for steps in threads:
        t = b.thread()
        last: Term | None = None
        for kind, cell, value, twist in steps:
            guard, before = terms.true, last
            where: int | Term = cell
            cells: tuple[int, ...] | None = None
            if twist in ("guard", "both") and last is not None:
                guard = b.eq(last, 1)
            if twist == "choice":
                choices.append(terms.choice(len(choices)))
                guard = choices[-1]
            if twist in ("address", "both") and last is not None:
                # 1000 + 8 * (last & 1): one of the two cells.
                low = terms.op("and", ADDRESS, last, terms.const(1, ADDRESS))
                scaled = terms.op("mul", ADDRESS, low, terms.const(8, ADDRESS))
                where = terms.op("add", ADDRESS, scaled, terms.const(1000, ADDRESS))
                cells = (0, 1)
            if kind == "F":
                b.fence(t, "MFENCE")
            elif kind == "U":
                last = b.read(t, where, VALUES, guard, cells)
                b.rmw.append((len(b.events) - 1, len(b.events)))
                b.write(t, where, b.plus(last, 1), guard, cells)
                reads.append(last)
            elif kind == "R":
                last = b.read(t, where, VALUES, guard, cells)
                reads.append(last)
            elif kind == "W+" and last is not None:
                b.write(t, where, b.plus(last, 1), guard, cells)
            else:
                b.write(t, where, value, guard, cells)
            if before is not None and kind != "F":
                depend(b, before, kind, twist)
    if constrain and reads:
        b.constraints.append(terms.op("ne", BOOL, reads[0], b.const(2)))
    return b.structure(), reads, choices


def depend(b: Build, source: Term, kind: str, twist: str) -> None:
    """Dependencies of the newest event, one of them only where the source is 1."""
    if twist in ("address", "both"):
        b.depend("addr", source)
    if twist in ("guard", "both"):
        b.depend("ctrl", source)
    if kind == "W+":
        b.depend("data", source)
    elif kind == "W":
        b.depend("data", source, b.eq(source, 1))


def cyclic(edges: Iterable[Pair]) -> bool:
    after: dict[int, set[int]] = {}
    for a, b in edges:
        after.setdefault(a, set()).add(b)
    state: dict[int, int] = {}

    def visit(node: int) -> bool:
        state[node] = 1
        for other in after.get(node, ()):
            if state.get(other) == 1 or (other not in state and visit(other)):
                return True
        state[node] = 2
        return False

    return any(visit(node) for node in list(after) if node not in state)


def read_by(event: Event) -> Term:
    assert event.value is not None
    return event.value


def everything(
    structure: EventStructure, reads: Sequence[Term], choices: Sequence[Term], consistent: Rule
) -> set[tuple[int, ...]]:
    """All (values of reads, of choices, and of the cells at the end) of consistent executions."""
    events = structure.events
    read_events = [e for e in events if e.kind == "R"]
    out: set[tuple[int, ...]] = set()
    for picked in product(VALUES, repeat=len(reads)):
        for chosen in product((0, 1), repeat=len(choices)):
            leaves = {read_by(e).id: v for e, v in zip(read_events, picked, strict=True)}
            leaves |= {c.id: v for c, v in zip(choices, chosen, strict=True)}
            memo: dict[int, int] = {}

            def value(
                term: Term | None, leaves: dict[int, int] = leaves, memo: dict[int, int] = memo
            ) -> int:
                assert term is not None
                return evaluate(term, leaves, memo)

            executed = [e for e in events if value(e.guard)]
            if any(leaves[read_by(e).id] for e in read_events if e not in executed):
                continue  # by convention 0
            if not all(value(rule) for rule in structure.constraints):
                continue
            at = {e.id: value(e.address) for e in executed if e.kind != "F"}
            for rf in sources(executed, at, value):
                for co, last in orders(executed, at):
                    graph = (structure, executed, at, rf, co)
                    deps = {
                        (d.source, d.target)
                        for d in structure.dependencies
                        if {d.source, d.target} <= {e.id for e in executed} and value(d.guard)
                    }
                    if consistent(*graph, deps):
                        ends = tuple(value(last[1000 + 8 * c].value) for c in (0, 1))
                        out.add((*picked, *chosen, *ends))
    return out


def sources(
    executed: Sequence[Event], at: dict[int, int], value: Value
) -> Iterable[tuple[Pair, ...]]:
    options: list[list[Pair]] = []
    for r in executed:
        if r.kind == "R":
            options.append(
                [
                    (w.id, r.id)
                    for w in executed
                    if w.kind == "W" and at[w.id] == at[r.id] and value(w.value) == value(r.value)
                ]
            )
    return product(*options)


def orders(
    executed: Sequence[Event], at: dict[int, int]
) -> Iterator[tuple[set[Pair], dict[int, Event]]]:
    ways: list[list[tuple[Event, ...]]] = []
    for address in (1000, 1008):
        writes = [e for e in executed if e.kind == "W" and at[e.id] == address]
        start = [e for e in writes if e.thread < 0]
        ways.append([(*start, *p) for p in permutations([e for e in writes if e.thread >= 0])])
    for first, second in product(*ways):
        co = {
            (line[i].id, line[j].id)
            for line in (first, second)
            for j in range(len(line))
            for i in range(j)
        }
        yield co, {1000: first[-1], 1008: second[-1]}


def parts(
    structure: EventStructure, executed: Sequence[Event], rf: Sequence[Pair], co: set[Pair]
) -> tuple[set[Pair], set[Pair], bool]:
    """po, fr, and whether the atomic updates are whole."""
    thread = {e.id: e.thread for e in executed}
    po = {
        (a.id, b.id)
        for a in executed
        for b in executed
        if a.thread == b.thread >= 0 and a.position < b.position
    }
    fr = {(r, w2) for w, r in rf for w1, w2 in co if w1 == w}
    torn = any(
        (r, w) in structure.rmw and any((m, w) in co and thread[m] != thread[w] for m in between)
        for r in thread
        for w in thread
        for between in [[m for x, m in fr if x == r and thread[m] != thread[r]]]
    )
    return po, fr, not torn


def consistent_sc(
    structure: EventStructure,
    executed: Sequence[Event],
    at: dict[int, int],
    rf: Sequence[Pair],
    co: set[Pair],
    deps: set[Pair],
) -> bool:
    po, fr, whole = parts(structure, executed, rf, co)
    return whole and not cyclic(po | set(rf) | co | fr)


def consistent_tso(
    structure: EventStructure,
    executed: Sequence[Event],
    at: dict[int, int],
    rf: Sequence[Pair],
    co: set[Pair],
    deps: set[Pair],
) -> bool:
    po, fr, whole = parts(structure, executed, rf, co)
    if not whole:
        return False
    local = {(a, b) for a, b in po if at.get(a) == at.get(b) is not None}
    if cyclic(local | set(rf) | co | fr):
        return False
    kind = {e.id: e.kind for e in executed}
    thread = {e.id: e.thread for e in executed}
    locked = {x for pair in structure.rmw if set(pair) <= kind.keys() for x in pair}
    fences = {e.id for e in executed if "MFENCE" in e.tags}
    ppo = {
        (a, b)
        for a, b in po
        if "F" not in (kind[a], kind[b])
        and (
            (kind[a], kind[b]) != ("W", "R")
            or a in locked
            or b in locked
            or any((a, f) in po and (f, b) in po for f in fences)
        )
    }
    rfe = {(w, r) for w, r in rf if thread[w] != thread[r]}
    return not cyclic(ppo | rfe | co | fr)


def consistent_deps(
    structure: EventStructure,
    executed: Sequence[Event],
    at: dict[int, int],
    rf: Sequence[Pair],
    co: set[Pair],
    deps: set[Pair],
) -> bool:
    po, fr, whole = parts(structure, executed, rf, co)
    thread = {e.id: e.thread for e in executed}
    local = {(a, b) for a, b in po if at.get(a) == at.get(b) is not None}
    outside = {(a, b) for a, b in set(rf) | co | fr if thread[a] != thread[b]}
    if not whole or cyclic(local | set(rf) | co | fr):
        return False
    return not cyclic(local | deps | outside)


RULES: dict[str, Rule] = {"sc": consistent_sc, "tso": consistent_tso, "deps": consistent_deps}


@pytest.mark.parametrize("name", list(RULES))
@settings(max_examples=90, deadline=None)
@given(threads=THREADS, constrain=st.booleans())
def test_all_executions_and_no_others(
    request: pytest.FixtureRequest, build: type[Build], name: str, threads: Drawn, constrain: bool
) -> None:
    cat = request.getfixturevalue(name)
    structure, reads, choices = make(build, threads, constrain)
    expected = everything(structure, reads, choices, RULES[name])
    session = Session(structure, cat)
    observed = [*reads, *choices, structure.terms.final(0, U32), structure.terms.final(1, U32)]
    states = session.states(observed, structure.terms.true)
    assert states.complete
    assert set(states.values) == expected


@settings(max_examples=40, deadline=None)
@given(threads=THREADS)
def test_a_found_candidate_is_an_execution_of_the_enumeration(
    build: type[Build], tso: CompiledCat, threads: Drawn
) -> None:
    structure, reads, choices = make(build, threads, False)
    session = Session(structure, tso)
    expected = everything(structure, reads, choices, consistent_tso)
    for value in VALUES:
        goal = structure.terms.op(
            "eq", BOOL, structure.terms.final(0, U32), structure.terms.const(value, U32)
        )
        outcome = session.find(goal)
        wanted = {state for state in expected if state[-2] == value}
        if isinstance(outcome, Found):
            candidate = outcome.candidate
            ends = [candidate.final(0), candidate.final(1)]
            state = (*map(candidate.value, reads), *map(candidate.value, choices), *ends)
            assert state in wanted
            at = {e: 1000 + 8 * cell for e, cell in candidate.cells.items()}
            rf = [(w, r) for r, w in candidate.rf.items()]
            co = {
                (line[i], line[j])
                for line in candidate.co.values()
                for j in range(len(line))
                for i in range(j)
            }
            executed = [structure.events[e] for e in candidate.executed]
            assert consistent_tso(structure, executed, at, rf, co, set())
        else:
            assert isinstance(outcome, Refuted)
            assert not wanted
