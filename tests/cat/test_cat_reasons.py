"""A reason is sound: any candidate that has its facts fails the same requirement.

Candidates are drawn at random around the reason: other events executed besides those it names,
other dynamic tuples besides its own; the static relations of the executed events stay. Nothing
here knows how reasons are found.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.graph import DYNAMIC, Graph, rel_bits, set_bits
from ksmcheck.cat.load import load_text
from ksmcheck.cat.reasons import Reason

STATIC = ("po", "int", "ext", "rmw")
SETS = ("R", "W", "F", "Tag")

Pairs = set[tuple[int, int]]

SOME_SETS = ["R", "W", "F", "Tag", "(W | Tag)", "(~F)", "range(rf)", r"(R \ Tag)"]
SOME_STATIC = ["po", "ext", "(po ; [F] ; po)", "[Tag]", "(R * W)", "rmw"]
SOME_DYNAMIC = ["rf", "co", "fr", "rfe", "po-loc", "addr", "ctrl", "data", "(~rf)"]
SHAPES = [
    "({0} ; {1})",
    "({0} ; {1})",
    "({0} | {1})",
    "({0} & {1})",
    r"({0} \ {1})",
    r"({0} \ {1})",
    "({0})+",
    "({0})*",
    "({0})?",
    "({0})^-1",
    "([{2}] ; {0})",
    "({0} ; [{2}])",
    "[domain({0})]",
    "(~{0})",
]


def relation(rng: Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(SOME_DYNAMIC if rng.random() < 0.7 else SOME_STATIC)
    below = relation(rng, depth - 1), relation(rng, depth - 1)
    return rng.choice(SHAPES).format(*below, rng.choice(SOME_SETS))


def model_text(rng: Random) -> str:
    if rng.random() < 0.7:
        kind = rng.choice(["acyclic", "irreflexive", "empty"])
        return f"{kind} {relation(rng, 3)} as c"
    base, step, other = (relation(rng, 1) for _ in range(3))
    bodies = f"x = {base} | (x ; {step}) | y and y = {other} & (x | x^-1)"
    return f"let rec {bodies}\nacyclic x | y as c"


World = tuple[int, dict[str, Pairs], dict[str, set[int]]]


def some_pairs(rng: Random, n: int) -> Pairs:
    return {(rng.randrange(n), rng.randrange(n)) for _ in range(rng.randrange(n + 3))}


def some_events(rng: Random, n: int) -> set[int]:
    return {event for event in range(n) if rng.random() < 0.5}


def world_of(rng: Random) -> World:
    """All possible events, their static relations and sets, and the dynamic ones of one candidate
    in which all events are executed."""
    n = rng.randrange(2, 7)
    rels = {name: some_pairs(rng, n) for name in (*STATIC, *DYNAMIC)}
    return n, rels, {name: some_events(rng, n) for name in SETS}


def candidate(executed: Iterable[int], rels: dict[str, Pairs], sets: dict[str, set[int]]) -> Graph:
    """The candidate with only these events, renumbered in order."""
    at = {event: i for i, event in enumerate(sorted(executed))}
    return Graph(
        len(at),
        {name: set_bits(at[e] for e in events if e in at) for name, events in sets.items()},
        {
            name: rel_bits(len(at), ((at[a], at[b]) for a, b in ps if a in at and b in at))
            for name, ps in rels.items()
        },
    )


def assert_forces(
    cat: CompiledCat, reason: Reason, world: World, rng: Random, fixed: tuple[str, ...] = ()
) -> None:
    """The least candidate with the facts, the one with every tuple, and others between."""
    n, rels, sets = world
    everything = {(a, b) for a in range(n) for b in range(n)}
    for more in (set(), everything, some_pairs(rng, n), some_pairs(rng, n)):
        for events in (set(), set(range(n)), some_events(rng, n)):
            needed = {a for name, a, _ in reason.facts if name == "exec"}
            executed = set(range(n)) if "exec" in fixed else needed | events
            other = dict(rels)
            for name in DYNAMIC:
                if name not in fixed:
                    own = {(a, b) for rel, a, b in reason.facts if rel == name}
                    other[name] = own | (more if rng.random() < 0.7 else some_pairs(rng, n))
            assert cat.violated(candidate(executed, other, sets)) == (cat.checks[0],)


@settings(max_examples=500, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_reasons_force_the_violation(seed: int) -> None:
    rng = Random(seed)
    cat, world = compile_cat(load_text(model_text(rng))), world_of(rng)
    graph = candidate(range(world[0]), world[1], world[2])
    for check in cat.violated(graph):
        found = cat.explain(graph, check, 4)
        assert 1 <= len(found) <= 4
        for reason in found:
            assert all((a, b) in world[1][rel] for rel, a, b in reason.facts if rel != "exec")
            if not reason.whole:
                assert_forces(cat, reason, world, rng)


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_reasons_given_what_the_caller_vouches_for(seed: int) -> None:
    rng = Random(seed)
    fixed = ("exec", "loc", "addr", "data", "ctrl")
    cat, world = compile_cat(load_text(model_text(rng))), world_of(rng)
    graph = candidate(range(world[0]), world[1], world[2])
    for check in cat.violated(graph):
        for reason in cat.explain(graph, check, fixed=fixed):
            assert {rel for rel, _, _ in reason.facts} <= {"rf", "co"}
            if not reason.whole:
                assert_forces(cat, reason, world, rng, fixed)


def events_of(reason: Reason) -> set[int]:
    return {a for rel, a, _ in reason.facts if rel == "exec"}


def dynamic_of(reason: Reason) -> set[tuple[str, int, int]]:
    return {fact for fact in reason.facts if fact[0] != "exec"}


def test_the_reason_of_a_coherence_cycle_is_its_edges() -> None:
    # Event 0 writes x, 1 writes x later in program order, but co puts 1 before 0: the cycle is
    # 0 -po-loc-> 1 -co-> 0. The rf edge to 2 plays no part.
    cat = compile_cat(load_text("acyclic po-loc | rf | co | fr as coherence"))
    rels = {"po": {(0, 1)}, "co": {(1, 0)}, "rf": {(1, 2)}, "loc": {(0, 1), (1, 0)}}
    graph = candidate(range(3), rels, {"W": {0, 1}, "R": {2}})
    (reason,) = cat.explain(graph, cat.checks[0])
    assert dynamic_of(reason) == {("loc", 0, 1), ("co", 1, 0)}
    assert events_of(reason) == {0, 1}
    assert not reason.whole


def test_from_reads_rests_on_rf_and_co() -> None:
    # 2 reads from 0 although 1 is co-after 0 and po-before 2: 2 -fr-> 1 -po-loc-> 2, where
    # fr(2, 1) holds because of rf(0, 2) and co(0, 1).
    cat = compile_cat(load_text("acyclic po-loc | rf | co | fr as coherence"))
    loc = {(a, b) for a in range(3) for b in range(3)}
    rels = {"po": {(1, 2)}, "co": {(0, 1)}, "rf": {(0, 2)}, "loc": loc}
    graph = candidate(range(3), rels, {"W": {0, 1}, "R": {2}})
    (reason,) = cat.explain(graph, cat.checks[0])
    assert dynamic_of(reason) == {("rf", 0, 2), ("co", 0, 1), ("loc", 1, 2)}


def test_the_fence_between_counts_as_an_event() -> None:
    # The order 0 -> 2 exists only if the fence 1 is executed.
    cat = compile_cat(load_text("acyclic fencerel(F) | rf as c"))
    rels = {"po": {(0, 1), (1, 2), (0, 2)}, "rf": {(2, 0)}}
    graph = candidate(range(3), rels, {"F": {1}})
    (reason,) = cat.explain(graph, cat.checks[0])
    assert events_of(reason) == {0, 1, 2}
    assert dynamic_of(reason) == {("rf", 2, 0)}


def test_absence_of_a_dynamic_tuple_makes_a_reason_whole() -> None:
    cat = compile_cat(load_text(r"empty po \ rf as c"))
    graph = candidate(range(2), {"po": {(0, 1)}}, {})
    (reason,) = cat.explain(graph, cat.checks[0])
    assert reason.whole


def test_absence_of_an_event_makes_a_reason_whole_unless_events_are_fixed() -> None:
    # `po \ (po ; po)`: immediate successors. Another candidate may execute an event in between.
    cat = compile_cat(load_text(r"empty (po \ (po ; po)) & rf as c"))
    graph = candidate(range(2), {"po": {(0, 1)}, "rf": {(0, 1)}}, {})
    (reason,) = cat.explain(graph, cat.checks[0])
    assert reason.whole
    (reason,) = cat.explain(graph, cat.checks[0], fixed=("exec",))
    assert not reason.whole
    assert reason.facts == {("rf", 0, 1)}


def test_a_static_difference_is_not_whole() -> None:
    cat = compile_cat(load_text(r"acyclic rf | (po \ (W * R)) as c"))
    graph = candidate(range(2), {"po": {(0, 1)}, "rf": {(1, 0)}}, {"R": {0}, "W": {1}})
    (reason,) = cat.explain(graph, cat.checks[0])
    assert not reason.whole


def test_several_cycles_give_several_reasons() -> None:
    cat = compile_cat(load_text("acyclic rf as c"))
    rels = {"rf": {(0, 1), (1, 0), (2, 3), (3, 2)}}
    found = cat.explain(candidate(range(4), rels, {}), cat.checks[0])
    assert [dynamic_of(r) for r in found] == [
        {("rf", 0, 1), ("rf", 1, 0)},
        {("rf", 2, 3), ("rf", 3, 2)},
    ]


def test_the_shorter_derivation_is_preferred() -> None:
    # 0 -> 1 holds by po, and by rf too: the reason needs no rf.
    cat = compile_cat(load_text("acyclic rf | po | co as c"))
    rels = {"rf": {(0, 1)}, "po": {(0, 1)}, "co": {(1, 0)}}
    (reason,) = cat.explain(candidate(range(2), rels, {}), cat.checks[0])
    assert dynamic_of(reason) == {("co", 1, 0)}


def test_a_derivation_that_is_too_deep_is_whole_not_a_traceback() -> None:
    # x = rf | (x ; rf) along a cycle of 200 events takes 200 stages, several frames each.
    n = 200
    cat = compile_cat(load_text("let rec x = rf | (x ; rf)\nirreflexive x as c"))
    graph = candidate(range(n), {"rf": {(i, (i + 1) % n) for i in range(n)}}, {})
    assert cat.violated(graph) == cat.checks
    (reason,) = cat.explain(graph, cat.checks[0], 1)
    assert reason.whole


def test_a_recursive_tuple_is_derived_from_earlier_stages() -> None:
    # x = rf | x ; x over the path 0 -> 1 -> 2 -> 0: x(0, 0) needs all three edges.
    cat = compile_cat(load_text("let rec x = rf | (x ; x)\nirreflexive x as c"))
    rels = {"rf": {(0, 1), (1, 2), (2, 0)}}
    found = cat.explain(candidate(range(3), rels, {}), cat.checks[0])
    assert found
    for reason in found:
        assert dynamic_of(reason) == {("rf", 0, 1), ("rf", 1, 2), ("rf", 2, 0)}
