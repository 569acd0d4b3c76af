"""A compiled model keeps what candidates share: what it says of one must not be of another.

Each candidate is asked about in several orders, and of a model that is fresh.
"""

from __future__ import annotations

from itertools import permutations

import pytest

from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.graph import Graph, rel_bits
from ksmcheck.cat.load import load_text

# The flags build on what the requirements are made of, so that its values are kept.
TEXT = """let both = rf | co
acyclic both as one
irreflexive rf ; rf as two
empty rf ; co as three
flag ~empty both ; both as twice
flag empty both & rf as none
"""


def candidate(rf: list[tuple[int, int]], co: list[tuple[int, int]]) -> Graph:
    return Graph(3, {}, {"rf": rel_bits(3, rf), "co": rel_bits(3, co)})


# With the requirements that fail, in the file's order, and the flags; worked out by hand.
CANDIDATES = [
    (candidate([], []), [], ["none"]),
    (candidate([(0, 1)], []), [], []),
    (candidate([(0, 1), (1, 0)], []), ["one", "two"], ["twice"]),
    (candidate([(0, 1)], [(1, 2)]), ["three"], ["twice"]),
    (candidate([(0, 1)], [(1, 0)]), ["one", "three"], ["twice"]),
    (candidate([], [(0, 1), (1, 2)]), [], ["twice", "none"]),
]


COMPILED = compile_cat(load_text(TEXT)).compiled


def fresh() -> CompiledCat:
    return CompiledCat(COMPILED)


def first(cat: CompiledCat, number: int) -> None:
    graph, failing, _ = CANDIDATES[number]
    assert [c.name for c in cat.violated(graph)] == failing[:1]


def everything(cat: CompiledCat, number: int) -> None:
    graph, failing, _ = CANDIDATES[number]
    assert [c.name for c in cat.violated(graph, first=False)] == failing


def flags(cat: CompiledCat, number: int) -> None:
    graph, _, raised = CANDIDATES[number]
    assert [c.name for c in cat.flags(graph)] == raised


def values(cat: CompiledCat, number: int) -> None:
    """A reason for each requirement that fails rests on what the candidate has, and on no more."""
    graph, failing, _ = CANDIDATES[number]
    for check in cat.checks:
        if check.name in failing:
            for reason in cat.explain(graph, check):
                for name, a, b in reason.facts:
                    assert name == "exec" or graph.rels[name] >> (a * 3 + b) & 1


def judged(cat: CompiledCat, number: int) -> None:
    graph, failing, _ = CANDIDATES[number]
    fails = cat.judge(candidate([], []))
    assert fails(graph.rels["rf"], graph.rels["co"]) is bool(failing)


QUESTIONS = (first, everything, flags, values, judged)


@pytest.mark.parametrize("number", range(len(CANDIDATES)))
def test_of_one_candidate_in_any_order(number: int) -> None:
    for order in permutations(QUESTIONS):
        cat = fresh()
        for ask in order:
            ask(cat, number)


def test_of_two_candidates_by_turns() -> None:
    for one, other in permutations(range(len(CANDIDATES)), 2):
        for ask in QUESTIONS:
            cat = fresh()
            for again in QUESTIONS:
                ask(cat, one)
                again(cat, other)
                ask(cat, one)


def test_of_candidates_with_more_or_fewer_events() -> None:
    """That have no pairs at all: two events are apart from each other, one is not."""
    cat = compile_cat(load_text("empty ~(po | id) as alone\n"))
    for n in (1, 2, 1, 3, 2):
        assert bool(cat.violated(Graph(n))) is (n > 1)


def test_reasons_say_what_the_caller_does_not_vouch_for() -> None:
    graph, *_ = CANDIDATES[4]
    events, pairs = {("exec", 0, 0), ("exec", 1, 1)}, {("rf", 0, 1), ("co", 1, 0)}
    expected = {(): events | pairs, ("exec",): pairs}
    for order in permutations(expected):
        cat = fresh()
        for fixed in (*order, *order):
            (reason,) = cat.explain(graph, cat.checks[0], fixed=fixed)
            assert reason.facts == expected[fixed]


def test_a_recursion_inside_another_turns_it_round() -> None:
    """``r`` is taken away in ``t``, of which ``s`` is made: it does not only grow with itself, and
    ``s`` and ``t`` do. (It hangs on nothing that varies, and is accepted.)"""
    inner = "let rec s = rmw | t and t = (po \\ r) | (s & loc) in s"
    algebra = load_text(f"let rec r = loc & po | ({inner})\nempty r as c").algebra
    assert {g.names: g.monotone for g in algebra.groups} == {("r",): False, ("s", "t"): True}


@pytest.mark.parametrize(
    ("definition", "grows"),
    [
        ("loc | (r ; r)", True),
        ("loc | (r \\ po)", True),
        ("loc \\ r", False),
        ("loc & ~r", False),
        ("loc \\ (po \\ r)", True),
        ("~(loc & ~r)", True),
        ("r | (loc \\ (po ; r))", False),
    ],
)
def test_what_grows_with_itself(definition: str, grows: bool) -> None:
    """A relation taken away an odd number of times does not."""
    (group,) = load_text(f"let rec r = {definition}\nempty r as c").algebra.groups
    assert group.monotone is grows
