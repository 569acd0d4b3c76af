"""Many candidates judged at once: against plain enumeration, the solver, and numbers by hand."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.load import load_text
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.kernel.ints import U32
from ksmcheck.record import replace
from ksmcheck.solve import wide
from ksmcheck.solve.limits import Limits
from ksmcheck.solve.session import Session
from ksmcheck.solve.space import space_of
from ksmcheck.solve.straight import MOST, straight
from ksmcheck.solve.wide import WideSession
from tests.solve.conftest import Build, CatOf
from tests.solve.test_session_random import RULES, everything
from tests.solve.test_straight import FLAGS, THREADS, Steps, make, no_solver, shown


def widely(
    structure: EventStructure, cat: CompiledCat, block: int, *, alone: bool = True
) -> WideSession:
    """``block``: so many candidates are judged at once at most."""
    space = space_of(structure, cat, MOST)
    assume(space is not None)
    assert space is not None
    other = no_solver if alone else lambda: Session(structure, cat)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wide, "_BLOCK", block)
        return WideSession(space, cat, Limits(), other)


BLOCKS = st.sampled_from([1, 2, 4, 9, 8192])


@pytest.mark.parametrize("name", list(RULES))
@settings(max_examples=40, deadline=None)
@given(threads=THREADS, block=BLOCKS)
def test_all_executions_and_no_others(
    request: pytest.FixtureRequest, build: type[Build], name: str, threads: Steps, block: int
) -> None:
    structure, reads = make(build, threads)
    session = widely(structure, request.getfixturevalue(name), block)
    states = session.states(shown(structure, reads), structure.terms.true)
    assert states.complete
    assert set(states.values) == everything(structure, reads, (), RULES[name])


@settings(max_examples=40, deadline=None)
@given(threads=THREADS, wanted=st.integers(0, 2), block=BLOCKS)
def test_as_with_a_solver(
    tso: CompiledCat, build: type[Build], threads: Steps, wanted: int, block: int
) -> None:
    """With a goal, accesses of one instruction, and what is made of several reads."""
    structure, reads = make(build, threads, together=True)
    session, solver = widely(structure, tso, block, alone=False), Session(structure, tso)
    terms, seen = structure.terms, shown(structure, reads)
    total = seen[0]
    for term in seen[1:]:
        total = terms.op("add", U32, total, term)
    goal = terms.op("eq", terms.true.type, seen[-1], terms.const(wanted, U32))
    for holds in (terms.true, goal, terms.no(goal)):
        for observed in (seen, [total], [goal, *seen[:1]]):
            assert session.states(observed, holds).values == solver.states(observed, holds).values
        assert type(session.find(holds)) is type(solver.find(holds))


@settings(max_examples=40, deadline=None)
@given(threads=THREADS, block=BLOCKS)
def test_flags_as_with_a_solver(build: type[Build], threads: Steps, block: int) -> None:
    cat = compile_cat(load_text(FLAGS))
    structure, _ = make(build, threads)
    session, other = widely(structure, cat, block, alone=False), Session(structure, cat)
    for check in cat.checks:
        if check.flag:
            found = [type(s.find_flag(check, structure.terms.true)) for s in (session, other)]
            assert found[0] is found[1], check.name


def backwards(build: type[Build], count: int) -> tuple[EventStructure, list[Term]]:
    """One thread writes so many cells, and another reads them from the last to the first; what it
    reads is observed."""
    b = build(*[0] * count)
    writer = b.thread()
    for cell in range(count):
        b.write(writer, cell, 1)
    reader = b.thread()
    reads = [b.read(reader, cell, (0, 1)) for cell in reversed(range(count))]
    observed = tuple((f"1:r{n}", read, U32) for n, read in enumerate(reads))
    return replace(b.structure(), observed=observed), reads


def test_the_states_of_many_reads_in_order(build: type[Build], sc: CompiledCat) -> None:
    """Whoever has seen a write sees all that were before it: a one is followed by ones alone."""
    structure, reads = backwards(build, 11)
    session = straight(structure, sc, Limits(), no_solver)
    assert isinstance(session, WideSession)
    states = session.states(reads, structure.terms.true)
    assert states.complete
    assert set(states.values) == {(0,) * zeros + (1,) * (11 - zeros) for zeros in range(12)}


def test_the_states_of_many_reads_in_no_order(build: type[Build], cat_of: CatOf) -> None:
    structure, reads = backwards(build, 11)
    session = straight(structure, cat_of("acyclic po & loc | rf | co"), Limits(), no_solver)
    assert isinstance(session, WideSession)
    assert session.states(reads, structure.terms.true).values == tuple(product((0, 1), repeat=11))
    (some, *_), terms = reads, structure.terms
    assert (
        len(session.states(reads, terms.op("eq", terms.true.type, some, reads[1])).values) == 1024
    )


def test_few_ends_are_left_to_a_solver(build: type[Build], cat_of: CatOf) -> None:
    """What most reads read is not asked for."""
    structure, _ = backwards(build, 11)
    few = replace(structure, observed=structure.observed[:1])
    assert straight(few, cat_of("acyclic po & loc | rf | co"), Limits(), no_solver) is None


def test_too_many_candidates_are_left_to_a_solver(build: type[Build], cat_of: CatOf) -> None:
    structure, _ = backwards(build, 19)
    assert straight(structure, cat_of("acyclic po & loc | rf | co"), Limits(), no_solver) is None
