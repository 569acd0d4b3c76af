"""The parts of the tuple encoding one by one, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.model.load import load_model
from ksmcheck.solve import exact, tuple_cycles
from ksmcheck.solve.backends import Backend, open_backend
from ksmcheck.solve.base import Base
from ksmcheck.solve.facts import Presence
from ksmcheck.solve.gates import Gates
from ksmcheck.solve.outcome import Found, GaveUp, Refuted
from ksmcheck.solve.ranks import Ranks
from ksmcheck.solve.refused import Refused
from ksmcheck.solve.session import Session
from ksmcheck.solve.tuple_checks import TupleChecks
from ksmcheck.solve.tuple_cycles import Edges, forbid_cycles
from ksmcheck.text import InputError
from tests.solve.conftest import Build, CatOf


def solver_of(gates: Gates) -> Backend:
    solver = open_backend("cadical")
    for clause in gates.clauses:
        solver.add(clause)
    return solver


def flag_of(cat: CompiledCat, name: str) -> Check:
    return next(c for c in cat.checks if c.name == name)


# Acyclicity: a graph has a cycle iff removing vertices without a predecessor gets stuck.


def has_cycle(vertices: Iterable[int], edges: Iterable[tuple[int, int]]) -> bool:
    left = set(vertices)
    while True:
        sources = {v for v in left if not any(a in left and b == v for a, b in edges)}
        if not sources:
            return bool(left)
        left -= sources


def fences(build: type[Build], optional: set[int]) -> EventStructure:
    """Five events without rf or co; those of ``optional`` are executed as a choice says."""
    b = build()
    t = b.thread()
    for i in range(5):
        b.fence(t, guard=b.terms.choice(i)) if i in optional else b.fence(t)
    return b.structure()


def test_two_edges_may_share_a_variable(build: type[Build]) -> None:
    # Eliminating a vertex with two certain successors gives its predecessor two edges that stand
    # or fall together; what is learned later of one of them says nothing of the other. The graph,
    # found by random search, has no cycle though it looks so if that is forgotten.
    b = build()
    t = b.thread()
    for _ in range(7):
        b.fence(t)
    base = Base(b.structure(), False)
    free = [(0, 4), (1, 0), (1, 5), (2, 1), (2, 4), (3, 1), (5, 1)]
    certain = [(2, 0), (2, 3), (4, 1), (4, 3), (5, 3)]
    edges: Edges = {e: (base.gates.new(),) for e in free} | dict.fromkeys(certain, ())
    forbid_cycles(base, edges, Presence(base))
    there = {(0, 4), (1, 5)}
    assert not has_cycle(range(7), [*there, *certain])
    asked = [edges[e][0] if e in there else -edges[e][0] for e in free]
    assert solver_of(base.gates).solve(asked, None) is True


@pytest.mark.parametrize("most", [60_000, 0])  # 0: by ranks from the start
@settings(max_examples=40, deadline=None)
@given(
    edges=st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=4, max_size=10),
    fixed=st.sets(st.integers(0, 9), min_size=2, max_size=6),
    optional=st.sets(st.integers(0, 4), max_size=1),
)
def test_exactly_the_acyclic_graphs(
    most: int,
    build: type[Build],
    edges: set[tuple[int, int]],
    fixed: set[int],
    optional: set[int],
) -> None:
    structure = fences(build, optional)
    base = Base(structure, False)
    ordered = sorted(edges)
    # An edge is certain or has a variable of its own.
    cubes: list[tuple[int, ...]] = [
        () if k in fixed else (base.gates.new(),) for k in range(len(edges))
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuple_cycles, "_MOST_CLAUSES", most)
        forbid_cycles(base, dict(zip(ordered, cubes, strict=True)), Presence(base))
    solver = solver_of(base.gates)
    free = [k for k, cube in enumerate(cubes) if cube]
    maybe = sorted(optional)
    for present in product((True, False), repeat=len(free)):
        for executed in product((True, False), repeat=len(maybe)):
            there = [e for k, e in enumerate(ordered) if not cubes[k] or present[free.index(k)]]
            gone = {v for v, on in zip(maybe, executed, strict=True) if not on}
            vertices = set(range(5)) - gone
            chosen = zip(free, present, strict=True)
            asked = [cubes[k][0] if on else -cubes[k][0] for k, on in chosen]
            asked += [
                base.exec[v] if on else -base.exec[v] for v, on in zip(maybe, executed, strict=True)
            ]
            assert solver.solve(asked, None) is not has_cycle(vertices, there)


def test_a_circle_of_certain_edges_is_no_detour(build: type[Build], cat_of: CatOf) -> None:
    # Among three events of three threads every edge of ext has a detour over the third; one that
    # left them all out would find no cycle.
    b = build()
    for _ in range(3):
        b.fence(b.thread())
    session = Session(b.structure(), cat_of('"x"\nacyclic ext\n'), engine="tuple")
    assert isinstance(session.find(b.terms.true), Refuted)


@pytest.mark.parametrize("count", [2, 4, 5])
def test_ranks_compare_as_numbers(build: type[Build], count: int) -> None:
    gates = Base(build().structure(), False).gates
    ranks = Ranks(gates, count)
    a, b = ranks.new(), ranks.new()
    less = ranks.less(a, b)
    solver = solver_of(gates)
    for x, y in product(product((0, 1), repeat=len(a)), repeat=2):
        bits = [v if on else -v for v, on in zip((*a, *b), (*x, *y), strict=True)]
        # Tuples of bits, most significant first, compare like the numbers.
        assert solver.solve([*bits, less], None) is (x < y)
    assert 2 ** len(a) >= count


# Presence, by hand: guard c0 and its negation exclude each other, c0 & c1 implies c0.


def test_presence_of_guarded_events(build: type[Build]) -> None:
    b = build()
    t, terms = b.thread(), b.terms
    first, second = terms.choice(0), terms.choice(1)
    for guard in (terms.true, first, terms.no(first), terms.both(first, second)):
        b.fence(t, guard=guard)
    found = Presence(Base(b.structure(), False))

    def bit(relation: int, x: int, y: int) -> bool:
        return bool(relation >> (x * 4 + y) & 1)

    assert found.live == 0b1111
    assert not bit(found.together, 1, 2)
    assert not bit(found.together, 3, 2)
    assert bit(found.together, 1, 3)
    assert bit(found.implied, 3, 1)
    assert not bit(found.implied, 1, 3)
    assert all(bit(found.implied, x, 0) for x in range(4))
    assert not bit(found.implied, 0, 1)


def test_what_a_constraint_rules_out_is_not_there(build: type[Build]) -> None:
    b = build()
    t, terms = b.thread(), b.terms
    choice = terms.choice(0)
    b.fence(t, guard=choice)
    b.fence(t, guard=terms.no(choice))
    b.constraints.append(choice)
    assert Presence(Base(b.structure(), False)).live == 0b01


# Recursion through a difference.

PARITY = """"parity"
let next = po \\ (po ; po)
let rec odd = [F] ; next \\ even
and even = next ; odd
acyclic odd | even | rf as order
"""


def read_and_fences(build: type[Build], guarded: bool) -> EventStructure:
    b = build(0)
    b.write(b.thread(), 0, 1)
    t = b.thread()
    value = b.read(t, 0)
    for _ in range(3):
        b.fence(t, guard=b.eq(value, 0) if guarded else None)
    return b.structure()


def test_recursion_through_a_difference_is_refused_where_it_varies(
    build: type[Build], cat_of: CatOf
) -> None:
    structure = read_and_fences(build, guarded=True)
    outcome = Session(structure, cat_of(PARITY), engine="tuple").find(structure.terms.true)
    assert isinstance(outcome, GaveUp)
    assert "difference" in outcome.reason


def test_recursion_through_a_difference_is_evaluated_where_it_is_certain(
    build: type[Build], cat_of: CatOf
) -> None:
    structure = read_and_fences(build, guarded=False)
    cat = cat_of(PARITY)
    assert isinstance(Session(structure, cat, engine="tuple").find(structure.terms.true), Found)


def test_a_recursion_that_depends_on_candidates_is_no_model_at_all(cat_of: CatOf) -> None:
    with pytest.raises(InputError, match="recursive through a difference"):
        cat_of('"x"\nlet rec a = rf \\ a\nacyclic a\n')


# Flags.


def message_passing(b: Build, plain: bool) -> tuple[Term, Term]:
    """P0: x = 1; smp_store_release(&y, 1)   P1: r = smp_load_acquire(&y); s = x."""
    data = () if plain else ("Once",)
    p, q = b.thread(), b.thread()
    b.write(p, 0, 1, tags=data)
    b.write(p, 1, 1, tags=("Release",))
    flag = b.read(q, 1, tags=("Acquire",))
    seen = b.read(q, 0, tags=data)
    return flag, seen


def test_the_data_race_of_an_unguarded_read(build: type[Build]) -> None:
    # P1 reads x whatever it saw in y: where it saw 0 nothing orders the plain accesses, a race;
    # where it saw 1, release and acquire order them (explanation.txt, "Plain accesses and data
    # races").
    cat = load_model("lkmm").compiled
    b = build(0, 0)
    flag, _ = message_passing(b, plain=True)
    session = Session(b.structure(), cat, engine="tuple")
    race = flag_of(cat, "data-race")
    outcome = session.find_flag(race, b.terms.true)
    assert isinstance(outcome, Found)
    assert outcome.candidate.value(flag) == 0
    assert isinstance(session.find_flag(race, b.eq(flag, 1)), Refuted)


def test_marked_accesses_do_not_race(build: type[Build]) -> None:
    cat = load_model("lkmm").compiled
    b = build(0, 0)
    flag, seen = message_passing(b, plain=False)
    session = Session(b.structure(), cat, engine="tuple")
    assert isinstance(session.find_flag(flag_of(cat, "data-race"), b.terms.true), Refuted)
    stale = b.terms.both(b.eq(flag, 1), b.eq(seen, 0))
    assert isinstance(session.find(stale), Refuted)  # release and acquire


FORMS = """"forms"
flag acyclic po | rf as orderly
flag ~acyclic po | rf as causal-loop
flag empty rf & ext & (_ * R) & ((W \\ IW) * _) as silent
flag ~irreflexive rf ; po as own-future
"""


@pytest.mark.parametrize(
    ("name", "both", "none"),
    [
        # Load buffering: po | rf has a cycle iff both reads see the other thread's write.
        ("orderly", False, True),
        ("causal-loop", True, False),
        ("silent", False, True),
        # Each read is before the write of its own thread, which is to the other cell.
        ("own-future", False, False),
    ],
)
def test_every_form_of_flag(
    build: type[Build], cat_of: CatOf, name: str, both: bool, none: bool
) -> None:
    cat = cat_of(FORMS)
    b = build(0, 0)
    reads = []
    for cell in (0, 1):
        t = b.thread()
        reads.append(b.read(t, cell))
        b.write(t, 1 - cell, 1)
    session = Session(b.structure(), cat, engine="tuple")
    check = flag_of(cat, name)
    for value, expected in ((1, both), (0, none)):
        goal = b.terms.both(*(b.eq(r, value) for r in reads))
        assert isinstance(session.find_flag(check, goal), Found if expected else Refuted)


# The lazy engine's help.


def test_the_encoding_joins_a_lazy_session(
    build: type[Build], deps: CompiledCat, monkeypatch: pytest.MonkeyPatch
) -> None:
    # From the first inconsistent candidate on; then no candidate is inconsistent any more.
    monkeypatch.setattr(exact, "_CANDIDATES", 0)
    monkeypatch.setattr(exact, "_RATIO", 0.0)
    b = build(0)
    for _ in range(3):
        b.atomic(b.thread(), 0, lambda old: b.plus(old, 1))
    session = Session(b.structure(), deps)
    states = session.states([b.final(0)], b.terms.true)
    assert states.values == ((3,),)  # atomic increments add up
    assert session.exact.complete
    assert session.lazy.learned <= 6  # the reasons of one candidate


def test_what_is_too_large_for_a_help_is_left_out(
    build: type[Build], sc: CompiledCat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "AS_HELP", -1)
    b = build(0)
    b.write(b.thread(), 0, 1)
    b.read(b.thread(), 0)
    helped = exact.Exact(Base(b.structure(), False), sc, -1)
    helped.join()
    assert not helped.complete
    assert "too large" in (helped.refused or "")


def test_the_number_of_clauses_is_limited(build: type[Build], deps: CompiledCat) -> None:
    b = build(0)
    for _ in range(4):
        b.atomic(b.thread(), 0, lambda old: b.plus(old, 1))
    structure: EventStructure = b.structure()
    with pytest.raises(Refused, match="too many clauses"):
        TupleChecks(Base(structure, False), deps, 10).require_all()


@pytest.mark.parametrize("engine", ["lazy", "tuple"])
def test_a_requirement_may_be_that_there_is_something(
    build: type[Build], cat_of: CatOf, engine: str
) -> None:
    """P1 has to see what P0 wrote: of the two executions one is left."""
    b = build(0)
    b.write(b.thread(), 0, 1)
    seen = b.read(b.thread(), 0, (0, 1))
    cat = cat_of("~empty rfe \\ (IW * _) as told\n")
    states = Session(b.structure(), cat, engine=engine).states([seen], b.terms.true)
    assert states.values == ((1,),)
    nobody = cat_of("~acyclic rf as round\n")
    assert isinstance(Session(b.structure(), nobody, engine=engine).find(b.terms.true), Refuted)
