"""Straight tests without a solver: against plain enumeration, and against the SAT engine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.load import load_text
from ksmcheck.check.check import Checker
from ksmcheck.check.goals import goals_of
from ksmcheck.check.prepare import Workshop
from ksmcheck.check.verdict import Request
from ksmcheck.events.structure import CutPoint, Dependency, EventStructure, Obligation
from ksmcheck.events.terms import Term
from ksmcheck.kernel.ints import ADDRESS, BOOL, U8, U32
from ksmcheck.program.ir import LoopIteration, Origin
from ksmcheck.record import replace
from ksmcheck.solve.limits import Limits
from ksmcheck.solve.outcome import Found, Refuted
from ksmcheck.solve.session import Session
from ksmcheck.solve.straight import MOST, StraightSession, straight
from ksmcheck.solve.wide import WideSession
from ksmcheck.text import InputError, Source, Span
from tests.fresh import fresh_checker
from tests.solve.conftest import Build
from tests.solve.test_session_random import RULES, everything

CLASSICS = Path(__file__).parents[2] / "litmus" / "classic"

Steps = list[list[tuple[str, int, int, bool]]]
"""Threads of steps: kind, cell, value, and whether it belongs to the instruction before."""

STEPS = st.tuples(
    st.sampled_from(["R", "R", "W", "W", "U", "F"]),
    st.integers(0, 1),
    st.integers(1, 2),
    st.booleans(),
)
THREADS = st.lists(st.lists(STEPS, min_size=1, max_size=3), min_size=2, max_size=3).filter(
    lambda threads: sum(len(t) + sum(s[0] == "U" for s in t) for t in threads) <= 7
)


def no_solver() -> Session:
    raise AssertionError("a solver was opened")


def opened(structure: EventStructure, cat: CompiledCat) -> StraightSession | None:
    session = straight(structure, cat, Limits(), no_solver)
    assert not isinstance(session, WideSession)
    return session


def make(
    build: type[Build], threads: Steps, *, together: bool = False
) -> tuple[EventStructure, list[Term]]:
    """With ``together``, some accesses are at the place of the one before."""
    b = build(0, 0)
    reads: list[Term] = []
    for steps in threads:
        t, first = b.thread(), len(b.events)
        for kind, cell, value, same in steps:
            last = reads[-1] if reads else None
            if kind == "F":
                b.fence(t, "MFENCE")
                continue
            if kind in "RU":
                reads.append(b.read(t, cell, (0, 1, 2)))
            if kind == "U":
                b.rmw.append((len(b.events) - 1, len(b.events)))
            if kind in "WU":
                b.write(t, cell, value)
                if last is not None and last.payload >= first:
                    b.depend("data", last)
            new, before = b.events[-1], b.events[-2]
            there = [e.kind for e in b.events[first:-1] if e.position == before.position]
            # One instruction reads once and writes once.
            if same and together and len(b.events) - 1 > first and new.kind not in there:
                b.events[-1] = replace(new, position=before.position)
    return b.structure(), reads


def shown(structure: EventStructure, reads: list[Term]) -> list[Term]:
    return [*reads, structure.terms.final(0, U32), structure.terms.final(1, U32)]


@pytest.mark.parametrize("name", list(RULES))
@settings(max_examples=50, deadline=None)
@given(threads=THREADS)
def test_all_executions_and_no_others(
    request: pytest.FixtureRequest, build: type[Build], name: str, threads: Steps
) -> None:
    structure, reads = make(build, threads)
    session = opened(structure, request.getfixturevalue(name))
    assume(session is not None)
    assert session is not None
    states = session.states(shown(structure, reads), structure.terms.true)
    assert states.complete
    assert set(states.values) == everything(structure, reads, (), RULES[name])


@pytest.mark.parametrize("name", list(RULES))
@settings(max_examples=40, deadline=None)
@given(threads=THREADS, wanted=st.integers(0, 2))
def test_as_with_a_solver_with_accesses_of_one_instruction(
    request: pytest.FixtureRequest, build: type[Build], name: str, threads: Steps, wanted: int
) -> None:
    cat = request.getfixturevalue(name)
    structure, reads = make(build, threads, together=True)
    plain, solver = opened(structure, cat), Session(structure, cat)
    assume(plain is not None)
    assert plain is not None
    terms = structure.terms
    seen = shown(structure, reads)
    assert plain.states(seen, terms.true).values == solver.states(seen, terms.true).values
    for term in seen:
        goal = terms.op("eq", terms.true.type, term, terms.const(wanted, U32))
        one, two = plain.find(goal), solver.find(goal)
        assert type(one) is type(two)
        if isinstance(one, Found):
            assert one.candidate.value(term) == wanted


@pytest.mark.parametrize("model", ["sc", "tso", "armv8", "power", "lkmm"])
def test_the_classics(model: str) -> None:
    workshop = Workshop()
    cat = workshop.model(model).compiled
    compared = 0
    for path in sorted(CLASSICS.rglob("*.litmus")):
        request = Request(path, model)
        try:
            structure = workshop.structure(request, workshop.configs(request)[0])
        except InputError:
            continue  # a primitive that only the other kernel point has
        session = straight(structure, cat, Limits(), lambda s=structure: Session(s, cat))  # type: ignore[misc]
        if session is None:
            continue
        compared += 1
        goals, other = goals_of(structure), Session(structure, cat)
        terms = [term for _, term, _ in structure.observed]
        terms += [structure.condition] if structure.condition is not None else []
        told = [s.states(terms, goals.complete).values for s in (session, other)]
        assert told[0] == told[1], path
        for goal in (goals.wanted, goals.unwanted):
            assert type(session.find(goal)) is type(other.find(goal)), path
        for check in cat.checks:
            if check.flag:
                raised = [type(s.find_flag(check, goals.complete)) for s in (session, other)]
                assert raised[0] is raised[1], (path, check.name)
    assert compared > 60


def test_a_witness_is_one(build: type[Build], tso: CompiledCat) -> None:
    """Both stores of SB wait: each read takes the initial value, and nothing else fits that."""
    b = build(0, 0)
    one, two = b.thread(), b.thread()
    writes = [b.write(one, 0, 1)]
    left = b.read(one, 1)
    writes.append(b.write(two, 1, 1))
    right = b.read(two, 0)
    structure = b.structure()
    session = opened(structure, tso)
    assert session is not None
    found = session.find(b.terms.both(b.eq(left, 0), b.eq(right, 0)))
    assert isinstance(found, Found)
    assert found.candidate.rf == {left.payload: 1, right.payload: 0}
    assert found.candidate.co == {0: (0, writes[0]), 1: (1, writes[1])}
    assert found.candidate.values == {0: 0, 1: 0, 2: 1, 3: 0, 4: 1, 5: 0}
    # Two reads that differ are not both of the one write of a location, in any model.
    assert isinstance(session.find(b.eq(left, 3)), Refuted)


def test_as_many_candidates_as_are_judged_at_once(build: type[Build], sc: CompiledCat) -> None:
    """Sixteen: four threads that each read one location, which a fifth writes once."""
    b = build(0)
    writer = b.thread()
    reads = [b.read(b.thread(), 0, (0, 1)) for _ in range(4)]
    b.write(writer, 0, 1)
    structure = b.structure()
    session = opened(structure, sc)
    assert session is not None
    assert len(session.states(reads, b.terms.true).values) == 16
    assert isinstance(session.find(b.terms.both(*(b.eq(r, 1) for r in reads))), Found)


def test_a_read_that_is_never_executed_is_0(build: type[Build], sc: CompiledCat) -> None:
    b = build(7)
    t = b.thread()
    never = b.read(t, 0, (7,), guard=b.terms.false)
    seen = b.read(t, 0, (7,))
    session = opened(b.structure(), sc)
    assert session is not None
    assert session.states([never, seen, b.final(0)], b.terms.true).values == ((0, 7, 7),)


def test_what_turns_is_left_to_a_solver(build: type[Build], sc: CompiledCat) -> None:
    """A guard, a place or a value that hangs on a read; and a test with too many candidates."""

    def told(*, guard: bool = False, place: bool = False, value: bool = False) -> bool:
        b = build(0, 0)
        t = b.thread()
        seen = b.read(t, 0)
        where = b.terms.op("add", b.address(0).type, seen, b.address(0))
        b.write(
            t,
            where if place else 1,
            b.plus(seen, 1) if value else 1,
            b.eq(seen, 1) if guard else None,
            cells=(0, 1) if place else None,
        )
        return opened(b.structure(), sc) is not None

    assert told()
    assert not told(guard=True)
    assert not told(place=True)
    assert not told(value=True)

    def crowd(readers: int) -> StraightSession | None:
        b = build(0)
        for _ in range(2):
            b.write(b.thread(), 0, 1)
        for _ in range(readers):
            b.read(b.thread(), 0)
        return opened(b.structure(), sc)

    # 2 orders, and each reader reads from one of three writes.
    assert 2 * 3**5 <= MOST < 2 * 3**6
    assert crowd(5) is not None
    assert crowd(6) is None


@pytest.mark.parametrize(("writes", "reads"), [(9, 0), (1, 30), (5, 12)])
def test_too_many_to_put_together(
    build: type[Build], sc: CompiledCat, writes: int, reads: int
) -> None:
    """Not even those that the model would leave are counted out: it takes no time."""
    b = build(0)
    for _ in range(writes):
        b.write(b.thread(), 0, 1)
    t = b.thread()
    for _ in range(reads):
        b.read(t, 0, (0, 1))
    assert opened(b.structure(), sc) is None


def test_what_a_solver_has_to_be_asked_besides(build: type[Build], sc: CompiledCat) -> None:
    """Candidates are put together as if all of them were executions of the program to its end:
    nothing is demanded, no bound is reached, nobody waits, and no barrier may be missing."""
    b = build(0, 0)
    seen = b.read(b.thread(), 0)
    plain, one = b.structure(), b.eq(seen, 1)
    span = Span(Source("t", "x"), 0, 1)
    more = {
        "constraints": replace(plain, constraints=(one,)),
        "obligations": replace(
            plain,
            obligations=(Obligation("assert", b.terms.true, one, 0, Origin(span, "P0", (), "x")),),
        ),
        "cuts": replace(
            plain, cuts=(CutPoint(one, 0, LoopIteration(span, 1, frozenset(), False)),)
        ),
        "waits": replace(plain, waits=True),
        "dependencies": replace(plain, dependencies=(Dependency("ctrl", 2, 2, one),)),
        "selectors": replace(plain, selectors=((("smp_mb@P0", ""), one),)),
    }
    assert opened(plain, sc) is not None
    # It may go astray: there is one cell that it may hit.
    wide = b.terms.op("cast", ADDRESS, seen)
    b.read(b.thread(), b.terms.op("add", ADDRESS, wide, b.address(1)), cells=(1,))
    more["strays"] = b.structure()
    for name, structure in more.items():
        assert opened(structure, sc) is None, name


def test_a_part_of_a_word_is_looked_at(build: type[Build], sc: CompiledCat) -> None:
    """0x1ff as 8 bits is 0xff."""
    b = build(0)
    b.write(b.thread(), 0, 0x1FF)
    seen = b.read(b.thread(), 0, (0, 0x1FF))
    low = b.terms.op("cast", U8, seen)
    session = opened(b.structure(), sc)
    assert session is not None
    assert session.states([low], b.terms.true).values == ((0,), (0xFF,))
    full = b.terms.op("eq", BOOL, low, b.terms.const(0xFF, U8))
    assert isinstance(session.find(full), Found)
    assert session.states([seen], full).values == ((0x1FF,),)


def test_a_dependency_that_never_is_orders_nothing(build: type[Build], deps: CompiledCat) -> None:
    """Load buffering, which one dependency does not forbid and two do."""
    for both in (False, True):
        b = build(0, 0)
        reads = []
        for cell in (0, 1):
            thread = b.thread()
            reads.append(b.read(thread, cell, (0, 1)))
            b.write(thread, 1 - cell, 1)
            guard = b.terms.true if both or not cell else b.terms.false
            b.depend("data", reads[-1], guard)
        session = opened(b.structure(), deps)
        assert session is not None
        goal = b.terms.both(*(b.eq(r, 1) for r in reads))
        assert isinstance(session.find(goal), Refuted if both else Found)


def test_division_is_left_to_a_solver(build: type[Build], sc: CompiledCat) -> None:
    """C may give it no meaning, of which only the solver's session speaks."""
    b = build(1)
    seen = b.read(b.thread(), 0)
    plain = b.structure()
    divided = b.terms.op("div", U32, b.const(4), seen)
    assert opened(replace(plain, condition=b.eq(seen, 4)), sc) is not None
    assert opened(replace(plain, condition=b.eq(divided, 4)), sc) is None


def test_a_checker_lists_directly_only_if_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says the same; the engines that a user names are used."""
    request = Request(CLASSICS / "SB" / "SB.litmus", "tso")
    with_solver = fresh_checker().states(request)

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a solver was opened")

    monkeypatch.setattr(sys.modules[Checker.__module__], "Session", refuse)
    assert Checker(direct=True).states(request) == with_solver
    for checker, asked in (
        (fresh_checker(), request),
        (Checker(direct=True), replace(request, engine="tuple")),
    ):
        with pytest.raises(AssertionError, match="a solver was opened"):
            checker.states(asked)


FLAGS = """SC
acyclic po | rf | co | fr as sc
flag ~empty different-values(loc & ext & (R * W)) as differ
flag ~empty loc & ext & (R * W) & fr as overtaken
flag ~empty rf & po as own
flag ~empty loc & ext & (F * W) as never
flag empty rf & ext as apart
flag ~irreflexive rf ; co as round
flag ~acyclic rf | co | (W * R) & loc as circle
"""


@settings(max_examples=50, deadline=None)
@given(threads=THREADS)
def test_flags_as_with_a_solver(build: type[Build], threads: Steps) -> None:
    """Those that look at values have to be asked of the solver: candidates here have none."""
    cat = compile_cat(load_text(FLAGS))
    structure, _ = make(build, threads)
    session = straight(structure, cat, Limits(), lambda: Session(structure, cat))
    assume(session is not None)
    assert session is not None
    other, true = Session(structure, cat), structure.terms.true
    for check in cat.checks:
        if check.flag:
            found = [type(s.find_flag(check, true)) for s in (session, other)]
            assert found[0] is found[1], check.name


def test_a_flag_that_looks_at_values_by_hand(build: type[Build]) -> None:
    cat = compile_cat(load_text(FLAGS))
    differ = cat.checks[1]
    b = build(0)
    writer, reader = b.thread(), b.thread()
    b.write(writer, 0, 1)
    read = b.read(reader, 0)
    structure = b.structure()
    session = straight(structure, cat, Limits(), lambda: Session(structure, cat))
    assert session is not None
    assert isinstance(session.find_flag(differ, b.eq(read, 0)), Found)
    assert isinstance(session.find_flag(differ, b.eq(read, 2)), Refuted)
