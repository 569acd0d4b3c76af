"""The plain evaluator against the compiled one, and against hand-computed values."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.graph import Graph, rel_bits, set_bits
from ksmcheck.cat.load import CatModel, load_cat, load_text
from ksmcheck.execution.plain_cat import PlainResult, evaluate
from ksmcheck.execution.plain_names import Universe
from ksmcheck.execution.plain_relations import members, pairs_in, set_of
from ksmcheck.model.load import load_model, shipped_models

SETS = ("R", "W", "F", "IW", "RMW")
RELATIONS = ("po", "rf", "co", "rmw", "loc", "int", "ext", "addr", "data", "ctrl")


def universe(n: int, sets: dict[str, set[int]], rels: dict[str, set[tuple[int, int]]]) -> Universe:
    return Universe.of(range(n), sets, rels)


def graph(u: Universe) -> Graph:
    n = len(list(members(u.events)))
    return Graph(
        n,
        {k: set_bits(members(v)) for k, v in u.sets.items()},
        {k: rel_bits(n, pairs_in(v)) for k, v in u.relations.items()},
    )


def compiled_result(cat: CompiledCat, u: Universe) -> PlainResult:
    g = graph(u)
    failed = cat.violated(g, first=False)
    return PlainResult(tuple(c.name for c in failed), tuple(c.name for c in cat.flags(g)))


# Store buffering: two initial writes (0, 1), P0 = W x (2), R y (3), P1 = W y (4), R x (5), and both
# reads read the initial values.
SB = universe(
    6,
    {"W": {0, 1, 2, 4}, "R": {3, 5}, "IW": {0, 1}},
    {
        "po": {(2, 3), (4, 5)},
        "rf": {(1, 3), (0, 5)},
        "co": {(0, 2), (1, 4)},
        "loc": {(a, b) for c in ({0, 2, 5}, {1, 3, 4}) for a in c for b in c},
        "int": {(a, b) for c in ({0}, {1}, {2, 3}, {4, 5}) for a in c for b in c},
        "ext": {
            (a, b)
            for a, b in permutations(range(6), 2)
            if (a, b) not in {(2, 3), (3, 2), (4, 5), (5, 4)}
        },
    },
)


@pytest.mark.parametrize(
    ("text", "failed", "flags"),
    [
        # The cycle 2 -po-> 3 -fr-> 4 -po-> 5 -fr-> 2 is what sequential consistency forbids.
        ("acyclic po | rf | co | fr as sc", ("sc",), ()),
        # TSO drops the order from a write to a later read.
        ("acyclic (po \\ (W*R)) | rfe | co | fr as tso", (), ()),
        ("irreflexive fr ; po ; fr ; po as two", ("two",), ()),
        ("~empty rfe as seen", (), ()),
        ("empty rfi as own", (), ()),
        ("empty rfe", ("empty@1",), ()),
        # A flag is raised where its condition holds; `~empty` negates it.
        ("flag ~empty fr as overtaken", (), ("overtaken",)),
        ("flag empty fr as quiet", (), ()),
        ("undefined_unless empty fr as odd", (), ("odd",)),
        # Two steps along `let rec` equal the closure.
        ("let rec t = po | (t ; t)\nempty t \\ po+ as same", (), ()),
        ("let f(r) = r ; r\nempty f(po) as one-step", (), ()),
        ("let x = po\nlet g(r) = r & x\nlet x = 0\n~empty g(po) as definition-time", (), ()),
        ("procedure p(r) = acyclic r as inner end\ncall p(po | fr) as outer", ("outer.inner",), ()),
        ("empty ([W] ; po ; [R]) \\ (W*R) as types", (), ()),
        ("~empty ~(_*_) as nothing", ("nothing",), ()),
    ],
)
def test_store_buffering(text: str, failed: tuple[str, ...], flags: tuple[str, ...]) -> None:
    result = evaluate(load_text(text).tree, SB)
    assert result == PlainResult(failed, flags)


# Random candidates: nothing makes them executions, so every operator meets odd shapes too.
@st.composite
def universes(draw: st.DrawFn) -> Universe:
    n = draw(st.integers(1, 5))
    event = st.integers(0, n - 1)
    sets = {name: draw(st.sets(event)) for name in (*SETS, "A", "Mb")}
    rels = {name: draw(st.sets(st.tuples(event, event), max_size=6)) for name in RELATIONS}
    return universe(n, sets, rels)


_set = st.sampled_from(["R", "W", "F", "IW", "M", "RMW", "_", "A", "Mb", "emptyset"])
_relation = st.sampled_from(
    ["po", "rf", "co", "fr", "rfe", "coi", "fri", "po-loc", "rmw", "addr", "ctrl", "id", "0", "loc"]
)


_tag = st.sampled_from(["'mb", "'a", "'rmb"])


def set_texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["|", "&", "\\"]), inner),
        st.builds("(~{})".format, inner),
        st.builds("({} | tag2events({}))".format, inner, _tag),
        st.builds("(let rec s = {} | (s & {}) in s)".format, inner, inner),
    )


sets = st.recursive(_set, set_texts, max_leaves=3)


def relation_texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["|", "&", "\\", ";"]), inner),
        st.builds("({}{})".format, inner, st.sampled_from(["+", "*", "?", "^-1"])),
        st.builds("(~{})".format, inner),
        st.builds("[{}]".format, sets),
        st.builds("({} * {})".format, sets, sets),
        st.builds("[domain({})]".format, inner),
        st.builds("[range({})]".format, inner),
        st.builds("fencerel({})".format, sets),
        st.builds("RW({})".format, inner),
        st.builds("(let rec q = {} | (q ; {}) in q)".format, inner, inner),
        st.builds("(let f(x) = x ; {} in f({}))".format, inner, inner),
        st.builds("(let (x, y) = ({}, {}) in x \\ y)".format, inner, inner),
        st.builds("(match {} with 'mb -> {} || _ -> {} end)".format, _tag, inner, inner),
        st.builds("(if {} in {{'mb, 'a}} then {} else {})".format, _tag, inner, inner),
        st.builds("(try {} & R with {})".format, inner, inner),
        st.builds("(try {} with nothing)".format, inner),
        st.builds("tag2fenced({})".format, _tag),
        st.builds("({} & _ | nodetour({}, po, {}))".format, inner, inner, inner),
    )


relations = st.recursive(_relation, relation_texts, max_leaves=6)


@settings(max_examples=150, deadline=None)
@given(relations, relations, universes())
def test_random_expressions(left: str, right: str, u: Universe) -> None:
    lines = [
        f"let a = {left}",
        f"let b = {right}",
        "empty a \\ b as difference",
        "acyclic a as a",
        "irreflexive b as b",
        "flag ~empty a & b as both",
    ]
    model = load_text("\n".join(lines))
    assert evaluate(model.tree, u) == compiled_result(compile_cat(model), u)


def shipped() -> list[str]:
    return list(shipped_models())


@pytest.fixture(scope="module")
def loaded() -> dict[str, tuple[CatModel, CompiledCat]]:
    models = [load_model(name) for name in shipped()]
    return {m.name: (load_cat(m.cat_path), m.compiled) for m in models}


@pytest.mark.parametrize("name", shipped())
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_shipped_models(
    loaded: dict[str, tuple[CatModel, CompiledCat]], name: str, data: st.DataObject
) -> None:
    cat, compiled = loaded[name]
    u = data.draw(universes())
    tags = sorted(compiled.tags)
    event = st.sampled_from(list(members(u.events)))
    sets = {**u.sets, **{tag: set_of(data.draw(st.sets(event, max_size=2))) for tag in tags}}
    u = Universe(u.events, sets, u.relations)
    assert evaluate(cat.tree, u) == compiled_result(compiled, u)
