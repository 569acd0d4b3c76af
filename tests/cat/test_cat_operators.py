"""Every operator, and random expressions of them, against plain sets of pairs.

The reference below is the textbook definition of each operator on Python sets; it shares nothing
with the evaluator but the numbering of events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.graph import Graph, members, pairs, rel_bits, set_bits
from ksmcheck.cat.load import load_text

SETS = ("R", "W", "F", "IW", "Tag", "DMB.ISH")
RELS = ("po", "rf", "co", "loc", "int", "ext", "addr", "data", "ctrl", "rmw")

Plain = dict[str, Any]


def plus(r: set[tuple[int, int]]) -> set[tuple[int, int]]:
    out = set(r)
    while True:
        more = {(a, d) for a, b in out for c, d in r if b == c} - out
        if not more:
            return out
        out |= more


def ident(s: Any) -> set[tuple[int, int]]:
    return {(a, a) for a in s}


# text with {0}, {1} for operands -> (sorts of operands, sort, meaning on sets of pairs)
def events(n: int) -> set[int]:
    return set(range(n))


def square(n: int) -> set[tuple[int, int]]:
    return {(a, b) for a in range(n) for b in range(n)}


def compose(a: Any, b: Any) -> set[tuple[int, int]]:
    return {(x, w) for x, y in a for z, w in b if y == z}


OPERATORS: list[tuple[str, str, str, Callable[..., Any]]] = [
    ("({0} | {1})", "rr", "r", lambda n, a, b: a | b),
    ("({0} & {1})", "rr", "r", lambda n, a, b: a & b),
    (r"({0} \ {1})", "rr", "r", lambda n, a, b: a - b),
    ("({0} ; {1})", "rr", "r", lambda n, a, b: compose(a, b)),
    ("({0})^-1", "r", "r", lambda n, a: {(y, x) for x, y in a}),
    ("({0})+", "r", "r", lambda n, a: plus(a)),
    ("({0})*", "r", "r", lambda n, a: plus(a) | ident(events(n))),
    ("({0})?", "r", "r", lambda n, a: a | ident(events(n))),
    ("(~{0})", "r", "r", lambda n, a: square(n) - a),
    ("[{0}]", "s", "r", lambda n, a: ident(a)),
    ("({0} * {1})", "ss", "r", lambda n, a, b: {(x, y) for x in a for y in b}),
    ("({0} | {1})", "ss", "s", lambda n, a, b: a | b),
    ("({0} & {1})", "ss", "s", lambda n, a, b: a & b),
    (r"({0} \ {1})", "ss", "s", lambda n, a, b: a - b),
    ("(~{0})", "s", "s", lambda n, a: events(n) - a),
    ("domain({0})", "r", "s", lambda n, a: {x for x, _ in a}),
    ("range({0})", "r", "s", lambda n, a: {y for _, y in a}),
]

# A predefined name, and what it is by its definition in herd7's manual.
DERIVED: dict[str, Callable[[int, Plain], Any]] = {
    "M": lambda n, g: g["R"] | g["W"],
    "I": lambda n, g: g["IW"],
    "_": lambda n, g: events(n),
    "emptyset": lambda n, g: set(),
    "{}": lambda n, g: set(),
    "RMW": lambda n, g: {x for pair in g["rmw"] for x in pair},
    "'tag": lambda n, g: g["Tag"],
    "id": lambda n, g: ident(events(n)),
    "0": lambda n, g: set(),
    "po-loc": lambda n, g: g["po"] & g["loc"],
    "rfe": lambda n, g: g["rf"] & g["ext"],
    "rfi": lambda n, g: g["rf"] & g["int"],
    "coe": lambda n, g: g["co"] & g["ext"],
    "coi": lambda n, g: g["co"] & g["int"],
    "fr": lambda n, g: from_reads(g),
    "fre": lambda n, g: from_reads(g) & g["ext"],
    "fri": lambda n, g: from_reads(g) & g["int"],
    "fencerel(Tag)": lambda n, g: fenced(g["po"], g),
    "ctrlcfence(Tag)": lambda n, g: fenced(g["ctrl"], g),
    "noid(po)": lambda n, g: {(x, y) for x, y in g["po"] if x != y},
    "toid(Tag)": lambda n, g: ident(g["Tag"]),
    "imply(po, rf)": lambda n, g: (square(n) - g["po"]) | g["rf"],
    "nodetour(po, rf, co)": lambda n, g: g["po"] - compose(g["rf"], g["co"]),
    "singlestep(co)": lambda n, g: g["co"] - compose(g["co"], g["co"]),
    "RW(po)": lambda n, g: {(x, y) for x, y in g["po"] if x in g["R"] and y in g["W"]},
    "MM(po)": lambda n, g: {(x, y) for x, y in g["po"] if {x, y} <= g["R"] | g["W"]},
}


def from_reads(g: Plain) -> set[tuple[int, int]]:
    return {(r, w) for s, r in g["rf"] for t, w in g["co"] if s == t and r != w}


def fenced(first: set[tuple[int, int]], g: Plain) -> set[tuple[int, int]]:
    return {(a, c) for a, b in first for x, c in g["po"] if b == x and b in g["Tag"]}


@st.composite
def plain_graphs(draw: st.DrawFn, most: int = 5) -> tuple[int, Plain]:
    """Any sets and relations, well-formed or not: operators do not care."""
    n = draw(st.integers(1, most))
    event = st.integers(0, n - 1)
    sets = {name: draw(st.sets(event)) for name in SETS}
    rels = {name: draw(st.sets(st.tuples(event, event), max_size=2 * n)) for name in RELS}
    return n, {**sets, **rels}


def graph_of(n: int, plain: Plain) -> Graph:
    sets = {name: set_bits(plain[name]) for name in SETS}
    return Graph(n, sets, {name: rel_bits(n, plain[name]) for name in RELS})


Expression = tuple[str, Callable[[int, Plain], Any]]


def leaf(name: str) -> Expression:
    return name, lambda n, g: g[name]


def expressions(sort: str, depth: int) -> st.SearchStrategy[Expression]:
    """Random text with its meaning."""
    leaves = st.sampled_from([leaf(x) for x in (SETS if sort == "s" else RELS)])
    if depth == 0:
        return leaves
    makers = [operator for operator in OPERATORS if operator[2] == sort]
    return st.one_of(leaves, st.sampled_from(makers).flatmap(lambda op: applied(op, depth - 1)))


def applied(operator: Any, depth: int) -> st.SearchStrategy[Expression]:
    template, sorts, _, meaning = operator

    def build(operands: tuple[Expression, ...]) -> Expression:
        text = template.format(*(o[0] for o in operands))
        return text, lambda n, g: meaning(n, *(o[1](n, g) for o in operands))

    return st.tuples(*(expressions(s, depth) for s in sorts)).map(build)


def compiled(text: str) -> CompiledCat:
    return compile_cat(load_text(f"empty {text} as probe\nflag ~empty {text} as raised"))


def as_plain(cat: CompiledCat, n: int, value: int) -> set[Any]:
    sort = cat.nodes[cat.algebra.roots[0]].sort
    return set(members(value)) if sort == "set" else set(pairs(n, value))


def check(text: str, meaning: Callable[[int, Plain], Any], n: int, plain: Plain) -> None:
    cat, graph, expected = compiled(text), graph_of(n, plain), meaning(n, plain)
    probe, raised = cat.checks
    # One operator at a time, as bounds and reasons do it.
    assert as_plain(cat, n, cat.value(graph, cat.root(probe))) == expected
    # The generated code: its locals are kept when a check fails.
    assert cat.violated(graph) == ((probe,) if expected else ())
    assert cat.raises(graph, raised) == bool(expected)
    if expected:
        values = cat._values(graph, 0)
        root = cat.root(probe)
        constants = ("universe", "id", "empty")
        if cat.nodes[root].op not in constants:
            assert as_plain(cat, n, values[f"x{root}"]) == expected


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda op: op[0] + op[1])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_operator(operator: Any, data: st.DataObject) -> None:
    n, plain = data.draw(plain_graphs())
    check(*data.draw(applied(operator, 0)), n, plain)


@pytest.mark.parametrize("name", DERIVED)
@settings(max_examples=15, deadline=None)
@given(graph=plain_graphs())
def test_predefined(name: str, graph: tuple[int, Plain]) -> None:
    check(name, DERIVED[name], *graph)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), sort=st.sampled_from("rs"), graph=plain_graphs(6))
def test_random_expression(data: st.DataObject, sort: str, graph: tuple[int, Plain]) -> None:
    check(*data.draw(expressions(sort, 4)), *graph)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), graph=plain_graphs(6))
def test_checks_mean_what_they_say(data: st.DataObject, graph: tuple[int, Plain]) -> None:
    text, meaning = data.draw(expressions("r", 2))
    n, plain = graph
    value = meaning(n, plain)
    holds = {
        "empty": not value,
        "irreflexive": all(x != y for x, y in value),
        "acyclic": all(x != y for x, y in plus(value)),
    }
    for kind, holding in holds.items():
        for negation, expected in (("", holding), ("~", not holding)):
            model = f"{negation}{kind} {text} as c\nflag {negation}{kind} {text} as f"
            cat = compile_cat(load_text(model))
            assert bool(cat.violated(graph_of(n, plain))) == (not expected)
            assert bool(cat.flags(graph_of(n, plain))) == expected


@settings(max_examples=40, deadline=None)
@given(data=st.data(), graph=plain_graphs(6))
def test_recursion_is_the_least_fixpoint(data: st.DataObject, graph: tuple[int, Plain]) -> None:
    """Iterating the two bodies together from empty, on sets of pairs, gives the same."""
    texts = ("(b ; x) | a", "x ; y | c")
    a, b, c = (data.draw(expressions("r", 1)) for _ in range(3))
    n, plain = graph
    va, vb, vc = (m(n, plain) for _, m in (a, b, c))
    x: set[Any] = set()
    y: set[Any] = set()
    while (x, y) != (compose(vb, x) | va | y, compose(x, y) | vc):
        x, y = compose(vb, x) | va | y, compose(x, y) | vc
    lets = f"let a = {a[0]}\nlet b = {b[0]}\nlet c = {c[0]}\n"
    rec = f"let rec x = {texts[0]} | y and y = {texts[1]}\n"
    for name, expected in (("x", x), ("y", y)):
        cat = compile_cat(load_text(f"{lets}{rec}empty {name} as probe"))
        value = cat.value(graph_of(n, plain), cat.root(cat.checks[0]))
        assert as_plain(cat, n, value) == expected
        assert bool(cat.violated(graph_of(n, plain))) == bool(expected)
