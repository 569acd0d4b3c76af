"""What is like a reason is one: candidates that have its facts fail the same requirement, or lack
the same tuple.

Candidates are drawn as in ``test_cat_foresight``; nothing here knows how proofs are compared.
"""

from __future__ import annotations

from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ksmcheck.cat.absence import Failure, Scope
from ksmcheck.cat.bounds import Bounds
from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.derive import LACKING
from ksmcheck.cat.graph import DYNAMIC, Graph, rel_bits
from ksmcheck.cat.load import load_text
from ksmcheck.cat.reasons import Reason
from tests.cat.test_cat_foresight import assert_forces, drawn, one_source
from tests.cat.test_cat_reasons import (
    World,
    candidate,
    relation,
    some_events,
    some_pairs,
    world_of,
)


def what_might(rng: Random, world: World) -> dict[str, int]:
    n, rels, _ = world
    return {name: rel_bits(n, rels[name] | some_pairs(rng, n)) for name in ("rf", "co")}


@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_what_is_like_a_reason_is_one(seed: int) -> None:
    rng = Random(seed)
    cat, world, graph, scope = drawn(rng)
    might, within = what_might(rng, world), rng.choice([None, scope])
    for check in cat.violated(graph):
        found = cat.explain(graph, check, 4, scope=within)
        for reason in cat.similar(graph, check, found, might, scope=within):
            assert not reason.whole
            assert_forces(cat, reason, world, rng)


def difference(rng: Random) -> str:
    found = rf"({relation(rng, 1)} \ {relation(rng, 2)})"
    return rf"({found} \ ({relation(rng, 1)}))" if rng.random() < 0.4 else found


def assert_lacks(
    cat: CompiledCat, pair: tuple[int, int], failure: Failure, world: World, rng: Random
) -> None:
    """Candidates with the facts that hold and without the lacking ones lack the pair."""
    n, rels, sets = world
    root = cat.algebra.roots[0]
    own = {(name, a, b) for name, a, b in failure.holding if not name.startswith(LACKING)}
    needed = {a for name, a, _ in own if name == "exec"} | set(pair)
    absent = {a for name, a, _ in failure.lacking if name == "exec"}
    for _ in range(8):
        executed = (needed | some_events(rng, n)) - absent
        if not needed <= executed:
            return
        other = dict(rels)
        for name in DYNAMIC:
            there = {(a, b) for rel, a, b in own if rel == name}
            without = {(a, b) for rel, a, b in failure.lacking if rel == name}
            if there & without:
                return
            more = some_pairs(rng, n) - without
            if name == "rf":
                read = {r for _, r in there}
                more = one_source({(w, r) for w, r in more if r not in read})
            other[name] = there | more
        at = {event: i for i, event in enumerate(sorted(executed))}
        value = cat.value(candidate(executed, other, sets), root)
        a, b = (at[event] for event in pair)
        assert not value >> (a * len(at) + b) & 1


@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 1 << 40))
@example(seed=5006182)  # what is exchanged contradicts the rest: two sources of one read
def test_what_is_like_the_reason_for_an_absence_is_one(seed: int) -> None:
    rng = Random(seed)
    cat = compile_cat(load_text(f"flag ~empty {difference(rng)} | {difference(rng)} as f"))
    n, rels, sets = world_of(rng)
    rels = {**rels, "rf": one_source(rels["rf"])}
    world = n, rels, sets
    everything = {(a, b) for a in range(n) for b in range(n)}
    most = candidate(range(n), {**rels, **dict.fromkeys(DYNAMIC, everything)}, sets)
    scope = Scope(tuple(range(n)), n, Bounds(cat, most, Graph(n, {"_": 0}, {})).may)
    graph = candidate(range(n), rels, sets)
    absence = cat.absence(graph, scope, (), what_might(rng, world))
    root = cat.algebra.roots[0]
    for pair in everything:
        if not absence.has(root, *pair):
            for failure in absence.similar(root, *pair):
                assert not failure.whole
                assert_lacks(cat, pair, failure, world, rng)


# Message passing: 0 and 1 are writes with a fence (2) between, 3 and 4 reads that depend on each
# other. 4 reads from before 0 (the write 5), 3 from 1.
PASSED = {
    "po": {(0, 2), (2, 1), (0, 1), (2, 6), (0, 6), (1, 6), (3, 4)},
    "addr": {(3, 4)},
    "rf": {(1, 3), (5, 4)},
    "co": {(5, 0)},
    "ext": {(a, b) for a in (0, 1, 6) for b in (3, 4)} | {(4, 0)},
}
SETS = {"W": {0, 1, 5, 6}, "R": {3, 4}, "F": {2}}


def dynamic_of(reason: Reason) -> set[tuple[str, int, int]]:
    return {fact for fact in reason.facts if fact[0] != "exec"}


def test_another_write_behind_the_same_fence_is_found() -> None:
    cat = compile_cat(load_text("acyclic (po ; [F] ; po) | rfe | fre | addr as c"))
    graph = candidate(range(7), PASSED, SETS)
    found = cat.explain(graph, cat.checks[0])
    # 6 is behind the fence as 1 is; 5 is not.
    might = {"rf": rel_bits(7, PASSED["rf"] | {(6, 3), (5, 3)}), "co": rel_bits(7, {(5, 0)})}
    similar = cat.similar(graph, cat.checks[0], found, might)
    assert [dynamic_of(reason) for reason in similar] == [
        {("rf", 6, 3), ("rf", 5, 4), ("co", 5, 0), ("addr", 3, 4)}
    ]
    assert {("exec", 2, 2), ("exec", 6, 6)} <= similar[0].facts


def test_what_cannot_be_read_from_is_not_found() -> None:
    cat = compile_cat(load_text("acyclic (po ; [F] ; po) | rfe | fre | addr as c"))
    graph = candidate(range(7), PASSED, SETS)
    found = cat.explain(graph, cat.checks[0])
    might = {"rf": rel_bits(7, PASSED["rf"]), "co": rel_bits(7, {(5, 0)})}
    assert cat.similar(graph, cat.checks[0], found, might) == ()


def test_what_is_lacking_for_what_is_read_is_not_taken_for_granted() -> None:
    # The pair of po counts because rf is not (0, 1): what else 1 reads from is not exchanged.
    cat = compile_cat(load_text(r"empty (po \ rf) & (po ; rf^-1) as c"))
    rels = {"po": {(0, 1), (0, 2)}, "rf": {(1, 2)}}
    everything = {(a, b) for a in range(3) for b in range(3)}
    may = candidate(range(3), {**rels, **dict.fromkeys(DYNAMIC, everything)}, {})
    scope = Scope((0, 1, 2), 3, Bounds(cat, may, Graph(3, {"_": 0}, {})).may)
    graph = candidate(range(3), rels, {})
    found = cat.explain(graph, cat.checks[0], scope=scope)
    assert not found[0].whole
    might = {"rf": rel_bits(3, everything)}
    assert cat.similar(graph, cat.checks[0], found, might, scope=scope) == ()
