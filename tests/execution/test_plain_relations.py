"""The operators of the plain evaluator against their definitions, pair by pair."""

from __future__ import annotations

from itertools import product as pairs_of_both

from hypothesis import given
from hypothesis import strategies as st

from ksmcheck.execution import plain_relations as plain
from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.execution.plain_relations import Rows, members, pairs_in, rows_of, set_of
from ksmcheck.execution.wellformed import universe_of

EVENTS = range(7)
Pairs = set[tuple[int, int]]
events = st.sets(st.sampled_from(EVENTS))
relations = st.sets(st.tuples(st.sampled_from(EVENTS), st.sampled_from(EVENTS)), max_size=16)


def pairs(a: Rows) -> Pairs:
    assert all(a.values()), "no row is empty"
    return set(pairs_in(a))


def paths(a: Pairs) -> Pairs:
    """The ends of the paths in ``a``: one step more until there is nothing new."""
    found = set(a)
    while True:
        more = {(x, z) for x, y in found for w, z in a if y == w} - found
        if not more:
            return found
        found |= more


@given(relations)
def test_there_and_back(a: Pairs) -> None:
    assert pairs(rows_of(a)) == a
    assert rows_of(sorted(a)) == rows_of(sorted(a, reverse=True))
    assert set(members(plain.domain(rows_of(a)))) == {x for x, _ in a}
    assert set(members(plain.codomain(rows_of(a)))) == {y for _, y in a}


@given(relations, relations)
def test_of_two_relations(a: Pairs, b: Pairs) -> None:
    first, second = rows_of(a), rows_of(b)
    assert pairs(plain.union(first, second)) == a | b
    assert pairs(plain.intersection(first, second)) == a & b
    assert pairs(plain.difference(first, second)) == a - b
    assert pairs(plain.compose(first, second)) == {(x, z) for x, y in a for w, z in b if y == w}
    assert (pairs(first), pairs(second)) == (a, b), "operands stay as they are"


@given(relations)
def test_of_one_relation(a: Pairs) -> None:
    rows = rows_of(a)
    assert pairs(plain.inverse(rows)) == {(y, x) for x, y in a}
    assert pairs(plain.closure(rows)) == paths(a)
    assert plain.acyclic(rows) == all(x != y for x, y in paths(a))
    assert plain.irreflexive(rows) == all(x != y for x, y in a)


@given(relations, events, events)
def test_of_sets(a: Pairs, s: set[int], t: set[int]) -> None:
    one, two = set_of(s), set_of(t)
    assert list(members(one)) == sorted(s)
    assert pairs(plain.identity(one)) == {(x, x) for x in s}
    assert pairs(plain.product(one, two)) == set(pairs_of_both(s, t))
    assert pairs(plain.within(rows_of(a), one, two)) == {(x, y) for x, y in a if x in s and y in t}


def event(number: int, thread: int, value: int, *, joined: bool = False) -> ExecutedEvent:
    cell = "x" if value < 2 else "y"
    return ExecutedEvent(
        *(number, thread, "W", cell, ord(cell), value, frozenset({"A"} if joined else ())),
        *(number, "store", "always", None, joined),
    )


def test_what_a_candidate_begins_with() -> None:
    """Two initial writes, a thread of three, the first two of one instruction, and one of one.

    herd7 (machModelChecker.ml): ``int`` is ``same_proc_not_init``, ``ext`` is ``not same_proc``,
    and initial writes are the ``same_proc`` among themselves (event.ml)."""
    none: frozenset[tuple[int, int]] = frozenset()
    all = (
        event(0, -1, 0),
        event(1, -1, 2),
        event(2, 0, 1),
        event(3, 0, 2, joined=True),
        event(4, 0, 2),
        event(5, 1, 1),
    )
    u = universe_of(Execution(all, none, frozenset({(0, 2)}), *(none,) * 4, (), (), True))
    threads = ({2, 3, 4}, {5})
    internal = {pair for t in threads for pair in pairs_of_both(t, t)}
    everything = set(pairs_of_both(range(6), range(6)))
    assert pairs(u.relation("po")) == {(2, 4), (3, 4)}
    assert pairs(u.relation("int")) == internal
    assert pairs(u.relation("ext")) == everything - internal - set(pairs_of_both([0, 1], [0, 1]))
    same = {pair for t in ({0, 2, 5}, {1, 3, 4}) for pair in pairs_of_both(t, t)}
    assert pairs(u.relation("loc")) == same
    alike = {pair for t in ({0}, {2, 5}, {1, 3, 4}) for pair in pairs_of_both(t, t)}
    assert pairs(u.relation("different-values")) == everything - alike
    assert pairs(u.relation("co")) == {(0, 2)}
    assert (u.set("IW"), u.set("A"), u.set("W")) == (set_of([0, 1]), set_of([3]), set_of(range(6)))
    assert u.relation("rf") == {}
