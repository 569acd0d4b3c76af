"""Bounds contain every candidate; polarity says in which direction a tuple can act.

Both are tested by drawing candidates between a least and a greatest one and evaluating them.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat.bounds import bounds, polarity
from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.graph import Graph, members, pairs, rel_bits, set_bits
from ksmcheck.cat.load import load_text
from ksmcheck.cat.recursion import NEGATIVE, POSITIVE

SHAPES = [
    "({0} ; {1})",
    "({0} | {1})",
    "({0} & {1})",
    r"({0} \ {1})",
    "({0})+",
    "({0})*",
    "({0})?",
    "({0})^-1",
    "([R] ; {0})",
    "[domain({0})]",
    "(range({0}) * _)",
    "(~{0})",
    "[~domain({0})]",
]
LEAVES = ["rf", "co", "po", "fr", "id", "rfe", "loc"]
RELS = ("rf", "co", "po", "loc", "ext", "int")

Pairs = set[tuple[int, int]]


def relation(rng: Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(LEAVES)
    return rng.choice(SHAPES).format(relation(rng, depth - 1), relation(rng, depth - 1))


def model(rng: Random) -> CompiledCat:
    text = f"empty {relation(rng, 3)} as a"
    if rng.random() < 0.4:
        text += f"\nlet rec x = {relation(rng, 1)} | (x ; x) | y and y = {relation(rng, 1)} & x"
        text += "\nacyclic x as b"
    return compile_cat(load_text(text))


def some(rng: Random, full: Pairs, share: float) -> Pairs:
    return {pair for pair in sorted(full) if rng.random() < share}


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_bounds_hold_for_every_candidate(seed: int) -> None:
    """Events with one guard are executed together; guard 0 holds always."""
    rng = Random(seed)
    cat, n = model(rng), rng.randrange(2, 7)
    guards = [rng.randrange(4) for _ in range(n)]
    certain = {e for e in range(n) if guards[e] == 0}
    square = {(a, b) for a in range(n) for b in range(n)}
    implied = {(a, b) for a, b in square if guards[b] in (0, guards[a])}
    may = {name: some(rng, square, 0.4) for name in RELS}
    must = {name: some(rng, may[name], 0.5) for name in RELS}
    reads = {e for e in range(n) if rng.random() < 0.5}
    given_ = (
        Graph(n, {"R": set_bits(reads)}, {k: rel_bits(n, v) for k, v in may.items()}),
        Graph(
            n,
            {"R": set_bits(reads), "_": set_bits(certain)},
            {k: rel_bits(n, v) for k, v in must.items()},
        ),
    )
    got = bounds(cat, *given_, rel_bits(n, implied) if rng.random() < 0.7 else None)
    for _ in range(6):
        holding = {0, *(g for g in (1, 2, 3) if rng.random() < 0.5)}
        events = [e for e in range(n) if guards[e] in holding]
        at = {event: i for i, event in enumerate(events)}
        own = {name: must[name] | some(rng, may[name], 0.5) for name in RELS}
        graph = Graph(
            len(events),
            {"R": set_bits(at[e] for e in reads if e in at)},
            {
                name: rel_bits(len(events), ((at[a], at[b]) for a, b in ps if {a, b} <= set(at)))
                for name, ps in own.items()
            },
        )
        assert_between(cat, got, graph, events, n)


def assert_between(
    cat: CompiledCat, got: list[tuple[int, int]], graph: Graph, events: list[int], n: int
) -> None:
    for node in cat.nodes:
        if node.op == "var" or node.id not in closed(cat):
            continue
        value, (may, must) = cat.value(graph, node.id), got[node.id]
        if node.sort == "set":
            here = set_bits(events[i] for i in members(value))
        else:
            here = rel_bits(n, ((events[a], events[b]) for a, b in pairs(graph.n, value)))
        assert must & ~here == 0, node
        assert here & ~may == 0, node


def closed(cat: CompiledCat) -> set[int]:
    """Nodes outside `let rec`: only these have one value."""
    inside: set[int] = set()
    for node in cat.nodes:
        if node.op == "var" or (node.op != "fix" and any(a in inside for a in node.args)):
            inside.add(node.id)
    return {node.id for node in cat.nodes} - inside


@settings(max_examples=90, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_bounds_meet_where_nothing_is_open(seed: int) -> None:
    """With equal bounds of the leaves, the bounds are the value."""
    rng = Random(seed)
    cat, n = model(rng), rng.randrange(2, 6)
    square = {(a, b) for a in range(n) for b in range(n)}
    graph = Graph(n, {"R": 1}, {name: rel_bits(n, some(rng, square, 0.3)) for name in RELS})
    for node, (may, must) in zip(cat.nodes, bounds(cat, graph, graph), strict=True):
        if node.id in closed(cat):
            assert may == must == cat.value(graph, node.id)


def test_bounds_of_non_monotone_recursion() -> None:
    # The innermost pairs first: with all leaves certain the value is exact, else anything is
    # possible and nothing certain.
    text = r"let rec x = x | (po \ (y ; y)) and y = po \ x" + "\nempty x as c"
    cat = compile_cat(load_text(text))
    root = cat.root(cat.checks[0])
    certain = Graph(3, {}, {"po": rel_bits(3, [(0, 1), (1, 2), (0, 2)])})
    assert bounds(cat, certain, certain)[root] == (cat.value(certain, root),) * 2
    assert bounds(cat, certain, Graph(3))[root] == (2**9 - 1, 0)


def test_recursion_that_goes_round_for_ever_has_no_bounds() -> None:
    cat = compile_cat(load_text("let rec x = po \\ x\nempty x as c"))
    graph = Graph(3, {}, {"po": rel_bits(3, [(0, 1), (1, 2), (0, 2)])})
    assert bounds(cat, graph, graph)[cat.root(cat.checks[0])] == (2**9 - 1, 0)


BRACKETS = r"""
let rec open = Lock \ domain(matched)
and close = Unlock \ range(matched)
and between = [open | close] ; po ; [open | close]
and matched = matched | (([open] ; po ; [close]) \ (between ; between))
empty matched as c
"""


def test_non_monotone_recursion_over_events_that_may_be_missing() -> None:
    """Lock, lock, unlock, of which the second lock is behind a branch: what the unlock matches is
    the first lock where the second is not executed."""
    cat = compile_cat(load_text(BRACKETS))
    root = cat.root(cat.checks[0])
    po = rel_bits(3, [(0, 1), (1, 2), (0, 2)])
    graph = Graph(3, {"Lock": 3, "Unlock": 4}, {"po": po})
    must = Graph(3, {**graph.sets, "_": 5}, {"po": po})
    implied = rel_bits(3, [(a, b) for a in range(3) for b in range(3) if a == b or b != 1])
    with_all = cat.value(graph, root)
    without = cat.value(Graph(2, {"Lock": 1, "Unlock": 2}, {"po": rel_bits(2, [(0, 1)])}), root)
    assert (with_all, without) == (rel_bits(3, [(1, 2)]), rel_bits(2, [(0, 1)]))
    # What hangs on who is executed is not worked out: anything is possible, and nothing certain.
    assert bounds(cat, graph, must, implied)[root] == (2**9 - 1, 0)
    assert bounds(cat, graph, graph)[root] == (with_all, with_all)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A requirement fails by more tuples, so rf occurs positively; under a difference it turns.
        ("acyclic rf as c", POSITIVE),
        ("empty rf+ ; po as c", POSITIVE),
        (r"empty po \ rf as c", NEGATIVE),
        (r"empty po \ (co \ rf) as c", POSITIVE),
        ("empty ~rf as c", NEGATIVE),
        (r"acyclic rf | (po \ rf) as c", POSITIVE | NEGATIVE),
        # `~empty` fails by too few tuples; the flag `~empty` is raised by more.
        ("~empty rf as c", NEGATIVE),
        ("flag ~empty rf as c", POSITIVE),
        ("flag acyclic rf as c", NEGATIVE),
        (r"let rec x = rf | (x ; x)" + "\nacyclic x as c", POSITIVE),
        # x is used in z only through y, which z cuts away.
        (r"let z = let rec y = rf | (y ; y) and z = po \ y in z" + "\nempty z as c", NEGATIVE),
    ],
)
def test_polarity(text: str, expected: int) -> None:
    cat = compile_cat(load_text(text))
    (rf,) = [node.id for node in cat.nodes if node.name == "rf"]
    assert polarity(cat)[rf] == expected


def test_polarity_of_some_checks_only() -> None:
    cat = compile_cat(load_text("acyclic rf as a\nflag acyclic co as b"))
    at = {node.name: node.id for node in cat.nodes}
    assert polarity(cat, [cat.checks[0]]) == {at["rf"]: POSITIVE}
    assert polarity(cat, [cat.checks[1]]) == {at["co"]: NEGATIVE}
