"""The classic shapes, whose verdicts under SC and x86-TSO are textbook knowledge.

Sources: Lamport 1979 for SC (an outcome is allowed iff an interleaving gives it); Owens, Sarkar and
Sewell, "A better x86 memory model: x86-TSO", 2009, for TSO (only a write and a later read of
another cell may be seen out of order; own writes are seen early).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.solve.backends import DEFAULT
from ksmcheck.solve.outcome import Found, Refuted
from ksmcheck.solve.session import Session
from tests.solve.conftest import Build, CatOf


def found(structure: EventStructure, cat: CompiledCat, goal: Term, backend: str = DEFAULT) -> bool:
    outcome = Session(structure, cat, backend=backend).find(goal)
    assert isinstance(outcome, Found | Refuted)
    return isinstance(outcome, Found)


def message_passing(b: Build) -> Term:
    p, q = b.thread(), b.thread()
    b.write(p, 0, 1)
    b.write(p, 1, 1)
    flag, data = b.read(q, 1), b.read(q, 0)
    return b.terms.both(b.eq(flag, 1), b.eq(data, 0))


def store_buffering(b: Build, fence: tuple[str, ...] = ()) -> Term:
    reads = []
    for cell in (0, 1):
        t = b.thread()
        b.write(t, cell, 1)
        if fence:
            b.fence(t, *fence)
        reads.append(b.read(t, 1 - cell))
    return b.terms.both(*(b.eq(r, 0) for r in reads))


def load_buffering(b: Build) -> Term:
    reads = []
    for cell in (0, 1):
        t = b.thread()
        reads.append(b.read(t, cell))
        b.write(t, 1 - cell, 1)
    return b.terms.both(*(b.eq(r, 1) for r in reads))


def iriw(b: Build) -> Term:
    for cell in (0, 1):
        b.write(b.thread(), cell, 1)
    seen = []
    for cell in (0, 1):
        t = b.thread()
        seen += [b.eq(b.read(t, cell), 1), b.eq(b.read(t, 1 - cell), 0)]
    return b.terms.both(*seen)


def corr(b: Build) -> Term:
    b.write(b.thread(), 0, 1)
    t = b.thread()
    first, second = b.read(t, 0), b.read(t, 0)
    return b.terms.both(b.eq(first, 1), b.eq(second, 0))


def two_plus_two_writes(b: Build) -> Term:
    for cell in (0, 1):
        t = b.thread()
        b.write(t, cell, 2)
        b.write(t, 1 - cell, 1)
    return b.terms.both(b.eq(b.final(0), 2), b.eq(b.final(1), 2))


SHAPES = [
    (message_passing, False, False),
    (store_buffering, False, True),
    (lambda b: store_buffering(b, ("MFENCE",)), False, False),
    (load_buffering, False, False),
    (iriw, False, False),
    (corr, False, False),
    (two_plus_two_writes, False, False),
]


@pytest.mark.parametrize("backend", ["cadical", "glucose", "minisat"])
@pytest.mark.parametrize(("shape", "under_sc", "under_tso"), SHAPES)
def test_classic(
    build: type[Build],
    sc: CompiledCat,
    tso: CompiledCat,
    shape: Callable[[Build], Term],
    under_sc: bool,
    under_tso: bool,
    backend: str,
) -> None:
    b = build(0, 0)
    goal = shape(b)
    structure = b.structure()
    assert found(structure, sc, goal, backend=backend) is under_sc
    assert found(structure, tso, goal, backend=backend) is under_tso


def test_a_store_is_seen_early_by_its_own_thread_under_tso(
    build: type[Build], tso: CompiledCat
) -> None:
    # n6 of Owens et al.: P0 reads its own write of x before the other thread's y is visible, and
    # the final x is P0's value though P1 wrote x after writing y.
    b = build(0, 0)
    p, q = b.thread(), b.thread()
    b.write(p, 0, 1)
    own, other = b.read(p, 0), b.read(p, 1)
    b.write(q, 1, 2)
    b.write(q, 0, 2)
    goal = b.terms.both(b.eq(own, 1), b.eq(other, 0), b.eq(b.final(0), 1))
    assert found(b.structure(), tso, goal)


def test_nothing_but_the_model_forbids(build: type[Build], cat_of: CatOf) -> None:
    # A model without axioms allows every rf and co, even reading from a later own write.
    nothing = cat_of('"none"\nempty 0 as nothing\n')
    b = build(0)
    t = b.thread()
    early = b.read(t, 0)
    b.write(t, 0, 1)
    assert found(b.structure(), nothing, b.eq(early, 1))


def test_coherence_said_otherwise_is_found_lazily(build: type[Build], cat_of: CatOf) -> None:
    # irreflexive of the closure is acyclicity, but not recognised as such: no eager clauses.
    odd = cat_of('"odd"\nirreflexive (po-loc | rf | co | fr)+ as uniproc\n')
    b = build(0)
    goal = corr(b)
    session = Session(b.structure(), odd)
    assert not session.base.coherent
    assert isinstance(session.find(goal), Refuted)


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_atomic_increments_add_up(build: type[Build], tso: CompiledCat, threads: int) -> None:
    # Each of n atomic increments reads from a different one (or the start), so the sum is n.
    b = build(0)
    for _ in range(threads):
        b.atomic(b.thread(), 0, lambda old: b.plus(old, 1))
    session = Session(b.structure(), tso)
    states = session.states([b.final(0)], b.terms.true)
    assert states.complete
    assert states.values == ((threads,),)


def test_atomicity_said_otherwise_is_found_lazily(build: type[Build], cat_of: CatOf) -> None:
    odd = cat_of('"odd"\nacyclic po | rf | co | fr\nirreflexive rmw ; (fre ; coe)^-1 as whole\n')
    b = build(0)
    for _ in range(2):
        b.atomic(b.thread(), 0, lambda old: b.plus(old, 1))
    states = Session(b.structure(), odd).states([b.final(0)], b.terms.true)
    assert states.values == ((2,),)


def test_plain_increments_lose_updates(build: type[Build], sc: CompiledCat) -> None:
    b = build(0)
    for _ in range(2):
        t = b.thread()
        b.write(t, 0, b.plus(b.read(t, 0), 1))
    states = Session(b.structure(), sc).states([b.final(0)], b.terms.true)
    assert states.values == ((1,), (2,))
