"""Many candidates judged together come out as each of them alone, and what is said to have no
tuples has none."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.graph import Graph, rel_bits, set_bits
from ksmcheck.cat.load import load_text
from ksmcheck.cat.many import Many, sliced
from ksmcheck.cat.plan import plan
from ksmcheck.cat.stages import StagedValues
from ksmcheck.cat.vacuity import Base, inhabited
from tests.cat.test_cat_bounds import RELS, Pairs, relation, some

FIXED = tuple(name for name in RELS if name not in ("rf", "co"))


def model(rng: Random) -> CompiledCat:
    """Requirements of every kind, some negated, and a recursion."""
    lines = []
    for name in "abc":
        kind = rng.choice(("empty", "irreflexive", "acyclic"))
        no = rng.choice(("", "", "~"))
        lines.append(f"{no}{kind} {relation(rng, 3)} as {name}")
    if rng.random() < 0.6:
        lines.append(f"let rec x = {relation(rng, 1)} | (x ; x) | y and y = {relation(rng, 1)} & x")
        lines.append("acyclic x | [domain(y)] as d")
    return compile_cat(load_text("\n".join(lines)))


def judged(many: Many, graphs: Sequence[Graph]) -> int:
    names = ("rf", "co")
    rows = {name: sliced([g.rels.get(name, 0) for g in graphs], graphs[0].n) for name in names}
    return many.failing(rows, len(graphs))


def square(n: int) -> Pairs:
    return {(a, b) for a in range(n) for b in range(n)}


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_together_as_one_by_one(seed: int) -> None:
    rng = Random(seed)
    cat = model(rng)
    for _ in range(2):  # what is known of one kind of candidates is not taken for another's
        graphs = alike(rng, rng.randrange(2, 7))
        many = cat.together(graphs[0])
        for part in (graphs, graphs[::2], graphs[:1]):
            failing = judged(many, part)
            expected = [bool(cat.violated(g)) for g in part]
            assert [failing >> k & 1 for k in range(len(part))] == expected
            assert failing >> len(part) == 0


def alike(rng: Random, n: int) -> list[Graph]:
    """Candidates that differ in rf and co; what else there is may be nothing."""
    sets = {"R": set_bits(e for e in range(n) if rng.random() < rng.choice((0, 0.5)))}
    share = rng.choice((0.1, 0.3))
    shares = {name: rng.choice((0, share, share)) for name in FIXED}
    rels = {name: rel_bits(n, some(rng, square(n), shares[name])) for name in FIXED}
    return [
        Graph(n, sets, {**rels, **{r: rel_bits(n, some(rng, square(n), share)) for r in own}})
        for own in [("rf", "co")] * rng.randrange(1, 20)
    ]


def test_what_is_empty_in_one_test_is_not_in_another() -> None:
    """By hand: rf between events of one place in program order, of which the first test has none;
    both have the same relations."""
    cat = compile_cat(load_text("let r = (po & loc) ; rf\nempty r as a\nacyclic r | co as b"))
    for loc, failing in (({(1, 0)}, 0b10), ({(0, 1)}, 0b11), ({(1, 0)}, 0b10)):
        graphs = [
            Graph(
                3,
                {},
                {n: rel_bits(3, p) for n, p in zip(("po", "loc", "rf", "co"), own, strict=True)},
            )
            for own in (({(0, 1)}, loc, {(1, 2)}, {(2, 1)}), ({(0, 1)}, loc, {(1, 2)}, {(2, 2)}))
        ]
        assert judged(cat.together(graphs[0]), graphs) == failing


def test_some_pass_and_some_fail() -> None:
    """The property above would hold of empty lists: rf or not, by hand."""
    cat = compile_cat(load_text("acyclic po | rf as a\nempty rf ; [R] ; co as b"))
    po = rel_bits(3, [(0, 1), (1, 2), (0, 2)])

    def graph(rf: Pairs, co: Pairs) -> Graph:
        rels = {"po": po, "rf": rel_bits(3, rf), "co": rel_bits(3, co)}
        return Graph(3, {"R": set_bits([1])}, rels)

    fine = graph({(0, 1)}, set())
    cycle = graph({(2, 1)}, set())
    path = graph({(0, 1)}, {(1, 2)})
    elsewhere = graph({(0, 1)}, {(2, 0)})
    assert judged(cat.together(fine), [fine, cycle, path, elsewhere, cycle]) == 0b10110


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_what_has_no_tuples_has_none(seed: int) -> None:
    rng = Random(seed)
    cat, n = model(rng), rng.randrange(1, 6)
    given_: set[Base] = {("rel", name) for name in RELS if rng.random() < 0.5}
    if rng.random() < 0.5:
        given_.add(("set", "R"))
    found = inhabited(cat.algebra, given_)
    rels = {name: rel_bits(n, some(rng, square(n), 0.6)) for sort, name in given_ if sort == "rel"}
    sets = {"R": set_bits(range(n))} if ("set", "R") in given_ else {}
    whole = plan(cat.algebra, frozenset())
    values = StagedValues(whole, Graph(n, sets, rels), {})
    for node in cat.nodes:
        if not found[node.id] and not whole.free[node.id]:
            assert values.value(node.id) == 0


def test_a_race_needs_plain_accesses() -> None:
    cat = compile_cat(
        load_text("let race = ext & loc & (Plain * W)\nflag ~empty race as data-race")
    )
    root = cat.algebra.roots[0]
    accesses: set[Base] = {("set", "W"), ("rel", "ext"), ("rel", "loc")}
    assert not inhabited(cat.algebra, accesses)[root]
    assert inhabited(cat.algebra, {*accesses, ("set", "Plain")})[root]


FLAGGED = ("M", "R", "(R | W)", "(M \\ R)", "(M \\ (R | W))", "(W & R)", "domain(po)")


def flagged(rng: Random) -> CompiledCat:
    """Flags of every kind over sets and relations, some of them empty for what they are made of."""
    lines = ["acyclic po | rf as order"]
    for name in "abcd":
        one, other = rng.choice(FLAGGED), rng.choice(FLAGGED)
        pairs = f"(({one} * {other}) & ({relation(rng, 2)}))"
        kind = rng.choice(("empty", "empty", "irreflexive", "acyclic"))
        also = rng.choice(("", f" | ({pairs} ; co)", f" \\ ({relation(rng, 1)})", " & (rf | co)"))
        lines.append(f"flag {rng.choice(('~', '~', ''))}{kind} ({pairs}{also}) as {name}")
    return compile_cat(load_text("\n".join(lines)))


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_flags_together_as_one_by_one(seed: int) -> None:
    """And what is said to be never raised is not, be that from all but rf and co or from the events
    alone."""
    rng = Random(seed)
    cat, n = flagged(rng), rng.randrange(2, 6)
    sets = {name: set_bits(e for e in range(n) if rng.random() < 0.5) for name in "RW"}
    alike = {name: rel_bits(n, some(rng, square(n), 0.3)) for name in FIXED}
    graphs = [
        Graph(n, sets, {**alike, **{r: rel_bits(n, some(rng, square(n), 0.3)) for r in own}})
        for own in [("rf", "co")] * rng.randrange(1, 12)
    ]
    elsewhere = Graph(n, sets, {name: rel_bits(n, some(rng, square(n), 0.5)) for name in RELS})
    many = cat.together(graphs[0])
    judged(many, graphs)
    for number, check in enumerate(cat.checks):
        if check.flag:
            raised = [cat.raises(graph, check) for graph in graphs]
            assert many.raising(number) == sum(1 << k for k, on in enumerate(raised) if on)
            if cat.raises_never(graphs[0], check):
                assert not any(raised)
            if cat.raises_never_among(graphs[0], check):
                assert not any(raised) and not cat.raises(elsewhere, check)


def test_what_is_plainly_never_raised_is_seen() -> None:
    """The property above would hold if nothing ever were."""
    text = "let race = loc & ((M \\ R) * W)\nflag ~empty race & rf as race\nflag ~empty co as any"
    cat = compile_cat(load_text(text))
    race, anything = cat.checks
    loc = {"loc": rel_bits(2, [(0, 1)])}
    reads = Graph(2, {"R": 0b11, "W": 0b10}, loc)
    assert cat.raises_never(reads, race)
    assert cat.raises_never_among(reads, race)
    mixed = Graph(2, {"R": 0b10, "W": 0b11}, loc)
    assert not cat.raises_never(mixed, race)
    assert not cat.raises_never_among(mixed, race)
    # Of the events alone it may, but not where no two are at one location.
    apart = Graph(2, {"R": 0b10, "W": 0b11}, {})
    assert cat.raises_never(apart, race)
    assert not cat.raises_never_among(apart, race)
    assert not cat.raises_never(reads, anything)
