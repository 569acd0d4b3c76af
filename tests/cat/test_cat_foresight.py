"""Reasons about what a candidate lacks, or does not do: any candidate they speak of is violated.

As in ``test_cat_reasons``, candidates are drawn at random around a reason, and nothing here knows
how reasons are found.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ksmcheck.cat.absence import Scope
from ksmcheck.cat.bounds import Bounds
from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.derive import LACKING
from ksmcheck.cat.graph import DYNAMIC, Graph, rel_bits
from ksmcheck.cat.load import load_text
from ksmcheck.cat.reasons import Reason
from ksmcheck.record import replace
from tests.cat.test_cat_reasons import (
    World,
    candidate,
    model_text,
    some_events,
    some_pairs,
    world_of,
)

Drawn = tuple[CompiledCat, World, Graph, Scope]


def one_source(pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """As rf is: no event has two sources."""
    return {(w, r) for r, w in {r: w for w, r in sorted(pairs)}.items()}


def drawn(rng: Random) -> Drawn:
    cat, (n, rels, sets) = compile_cat(load_text(model_text(rng))), world_of(rng)
    rels = {**rels, "rf": one_source(rels["rf"])}
    world = n, rels, sets
    everything = {(a, b) for a in range(n) for b in range(n)}
    most = {**rels, **dict.fromkeys(DYNAMIC, everything)}
    may = candidate(range(n), most, sets)
    must = Graph(n, {"_": 0}, {})
    scope = Scope(tuple(range(n)), n, Bounds(cat, may, must).may)
    return cat, world, candidate(range(n), rels, sets), scope


def assert_forces(cat: CompiledCat, reason: Reason, world: World, rng: Random) -> None:
    """Candidates with all facts and without the lacking ones fail, whatever else they have."""
    n, rels, sets = world
    lacking = {
        (f[0].removeprefix(LACKING), *f[1:]) for f in reason.facts if f[0].startswith(LACKING)
    }
    absent = {a for name, a, _ in lacking if name == "exec"}
    needed = {a for name, a, _ in reason.facts if name == "exec"}
    for _ in range(8):
        executed = (needed | some_events(rng, n)) - absent
        if not needed <= executed:
            return  # the reason can hold in no candidate
        other = dict(rels)
        for name in DYNAMIC:
            own = {(a, b) for rel, a, b in reason.facts if rel == name}
            without = {(a, b) for rel, a, b in lacking if rel == name}
            if own & without:
                return
            more = some_pairs(rng, n) - without
            if name == "rf":
                read = {r for _, r in own}
                more = one_source({(w, r) for w, r in more if r not in read})
            other[name] = own | more
        assert cat.violated(candidate(executed, other, sets)) == (cat.checks[0],)


@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_reasons_may_say_what_is_absent(seed: int) -> None:
    rng = Random(seed)
    cat, world, graph, scope = drawn(rng)
    for check in cat.violated(graph):
        for reason in cat.explain(graph, check, 4, scope=scope):
            if not reason.whole:
                assert_forces(cat, reason, world, rng)


@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_reasons_may_say_what_is_absent_where_some_events_are(seed: int) -> None:
    """The candidate has only some of the events: what holds is told by its own numbers, and what is
    lacking by those of all."""
    rng = Random(seed)
    cat, world, _, whole = drawn(rng)
    n, rels, sets = world
    events = tuple(e for e in range(n) if rng.random() < 0.7)
    graph, scope = candidate(events, rels, sets), Scope(events, n, whole.may)
    for check in cat.violated(graph):
        for reason in cat.explain(graph, check, 4, scope=scope):
            if not reason.whole:
                facts = [
                    (name, a, b) if name.startswith(LACKING) else (name, events[a], events[b])
                    for name, a, b in reason.facts
                ]
                assert_forces(cat, replace(reason, facts=frozenset(facts)), world, rng)


@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 1 << 40))
@example(seed=1028243)  # what excludes a source is not that source, imagined
@example(seed=33198624)  # what is imagined has both operands of an intersection that is lacking
def test_what_is_foreseen_is_violated(seed: int) -> None:
    rng = Random(seed)
    cat, world, graph, scope = drawn(rng)
    n, rels, _ = world
    might = {name: rel_bits(n, rels[name] | some_pairs(rng, n)) for name in ("rf", "co")}
    for check in cat.violated(graph):
        near = cat.foresight(graph, check, might, scope=rng.choice([None, scope]))
        for pair in near.tuples()[:6]:
            reason = near.reason(pair)
            if reason is not None:
                assert_forces(cat, reason, world, rng)


def test_an_absent_event_is_named() -> None:
    # `po \ (po ; po)` holds of 0 -> 2 where event 1, between them, is not executed.
    cat = compile_cat(load_text(r"empty (po \ (po ; po)) & rf as c"))
    rels = {"po": {(0, 1), (1, 2), (0, 2)}, "rf": {(0, 2)}}
    may = candidate(range(3), rels, {})
    scope = Scope((0, 2), 3, Bounds(cat, may, Graph(3, {"_": 0}, {})).may)
    graph = candidate((0, 2), rels, {})
    (reason,) = cat.explain(graph, cat.checks[0], scope=scope)
    assert reason.facts == {
        ("exec", 0, 0),
        ("exec", 1, 1),
        ("rf", 0, 1),
        (LACKING + "exec", 1, 1),
    }
    assert not reason.whole


@pytest.mark.parametrize(
    ("cut", "po", "limit"),
    [
        ("po+", {(0, 1), (1, 2)}, ("from", 0, 0)),
        ("po ; po", {(0, 1), (1, 2)}, ("between", 0, 2)),
        ("domain(po) * _", {(0, 1)}, ("from", 0, 0)),
        ("_ * range(po)", {(1, 2)}, ("into", 2, 2)),
    ],
)
def test_whatever_it_would_have_led_through(
    cut: str, po: set[tuple[int, int]], limit: tuple[str, int, int]
) -> None:
    """Were event 1 executed, 0 -> 2 would be in what is taken away from rf. That nothing but 1
    leads there is no fact of the candidate, but of the program."""
    cat = compile_cat(load_text(f"empty rf \\ ({cut}) as c"))
    rels = {"po": po, "rf": {(0, 2)}}
    assert cat.violated(candidate((0, 2), rels, {}))
    assert not cat.violated(candidate(range(3), rels, {}))
    scope = Scope((0, 2), 3, Bounds(cat, candidate(range(3), rels, {}), Graph(3, {"_": 0}, {})).may)
    (reason,) = cat.explain(candidate((0, 2), rels, {}), cat.checks[0], scope=scope)
    assert not reason.whole
    assert reason.facts >= {("rf", 0, 1), (LACKING + "exec", 1, 1)}
    through = {(kind, a, b): events for kind, _, a, b, events in reason.limits}
    assert through[limit] == {1}


def test_a_way_back_to_itself_is_lacking_too() -> None:
    """Event 0 is in no circle of co: it neither has itself nor leads on to 1."""
    cat = compile_cat(load_text(r"empty [A] \ co+ as c"))
    everything = {(a, b) for a in range(2) for b in range(2)}
    may = candidate(range(2), {"co": everything}, {"A": {0}})
    scope = Scope((0, 1), 2, Bounds(cat, may, Graph(2, {"_": 0}, {})).may)
    graph = candidate(range(2), {}, {"A": {0}})
    (reason,) = cat.explain(graph, cat.checks[0], scope=scope)
    assert not reason.whole
    assert reason.facts >= {(LACKING + "co", 0, 0), (LACKING + "co", 0, 1)}


def test_the_other_source_that_would_close_a_cycle_is_foreseen() -> None:
    # 0 and 1 are on a cycle already; 2 -rf-> 0 would close another one with 0 -po-> 2.
    cat = compile_cat(load_text("acyclic po | rf as c"))
    rels = {"po": {(0, 1), (0, 2)}, "rf": {(1, 0)}}
    graph = candidate(range(3), rels, {})
    near = cat.foresight(graph, cat.checks[0], {"rf": rel_bits(3, [(1, 0), (2, 0)])})
    assert near.tuples() == [(2, 0)]
    reason = near.reason((2, 0))
    assert reason is not None
    assert ("rf", 2, 0) in reason.facts
    assert ("rf", 1, 0) not in reason.facts


def test_what_takes_the_place_of_what_closes_the_cycle_is_not_foreseen() -> None:
    """Write 0 before write 1 in coherence, read 2 of 0: to read from 1 instead leads from 1 to 2,
    and from 2 back to 1 only because it reads from 0."""
    cat = compile_cat(load_text("acyclic po | rf | co | (rf^-1 ; co) as c"))
    broken = {(3, 4), (4, 3)}
    rels = {"po": broken, "rf": {(0, 2)}, "co": {(0, 1)}}
    might = {"rf": rel_bits(6, [(0, 2), (1, 2)]), "co": rel_bits(6, [(0, 1), (1, 0)])}
    near = cat.foresight(candidate(range(6), rels, {}), cat.checks[0], might)
    assert [near.reason(pair) for pair in near.tuples()] == [None, None]
    # Where po leads back too, to read from 1 is forbidden for that.
    rels["po"] = broken | {(2, 5), (5, 1)}
    near = cat.foresight(candidate(range(6), rels, {}), cat.checks[0], might)
    reason = near.reason((1, 2))
    assert reason is not None
    assert {fact for fact in reason.facts if fact[0] in ("rf", "co")} == {("rf", 1, 2)}
