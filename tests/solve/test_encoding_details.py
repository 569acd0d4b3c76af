"""Parts of the encoding that the random structures reach too seldom to rely on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.events.terms import Term, TermTable
from ksmcheck.kernel.ints import ADDRESS, BOOL, S32, U8, U32, DivisionByZero, IntType, apply
from ksmcheck.record import replace
from ksmcheck.solve.base import WIDE
from ksmcheck.solve.gates import FALSE, TRUE, Gates
from ksmcheck.solve.outcome import Found, Refuted
from ksmcheck.solve.premises import Premises, premises
from ksmcheck.solve.session import Session
from tests.solve.conftest import Build, CatOf

NOTHING = '"none"\nempty 0 as nothing\n'


def test_some_write_is_always_the_last(build: type[Build], cat_of: CatOf) -> None:
    # Coherence is a total order even where the model does not look at it: with four writers of
    # one cell each can be the last, and someone is.
    b = build(0)
    for value in (1, 2, 3, 4):
        b.write(b.thread(), 0, value)
    session = Session(b.structure(), cat_of(NOTHING))
    assert session.states([b.final(0)], b.terms.true).values == ((1,), (2,), (3,), (4,))
    none = b.terms.both(*(b.terms.no(b.eq(b.final(0), v)) for v in (1, 2, 3, 4)))
    assert isinstance(session.find(none), Refuted)


def test_flags_that_hang_on_coherence_alone(build: type[Build], cat_of: CatOf) -> None:
    # The flag is raised for one of the two orders only, and that one has to be looked for.
    for first in "AB":
        cat = cat_of(f'"f"\nempty 0 as nothing\nflag ~empty [{first}];co;[C] as ordered\n')
        b = build(0)
        b.write(b.thread(), 0, 1, tags=("A",))
        b.write(b.thread(), 0, 2, tags=("B",))
        b.write(b.thread(), 0, 3, tags=("C",))
        (flag,) = (c for c in cat.checks if c.flag)
        outcome = Session(b.structure(), cat).find_flag(flag, b.eq(b.final(0), 2))
        assert isinstance(outcome, Found) is (first == "A")


@pytest.mark.parametrize(
    ("axioms", "expected"),
    [
        ("acyclic po-loc | rf | co | fr", (True, False)),
        ("acyclic po | rf | co | fr", (True, False)),
        ("acyclic po-loc | rf | co", (False, False)),
        ("acyclic rf | co | fr", (False, False)),
        ("acyclic po-loc | rfe | co | fr", (False, False)),
        ("acyclic po-loc | rf | fr | coe", (False, False)),
        ("acyclic (po-loc & (W * W)) | rf | co | fr", (False, False)),
        ("acyclic (po & rmw) | rf | co | fr", (False, False)),
        ("acyclic po-loc | rf | co | (rf^-1 ; po)", (False, False)),
        ("acyclic po-loc | rf | co | (rmw^-1 ; co)", (False, False)),
        ("acyclic po-loc | rf | co | ((rf^-1 ; co) \\ loc)", (False, False)),
        ("irreflexive po-loc | rf | co | fr", (False, False)),
        ("flag ~acyclic po-loc | rf | co | fr", (False, False)),
        ("flag acyclic po-loc | rf | co | fr", (False, False)),
        ("empty rmw & (fre ; coe)", (False, True)),
        ("empty (fre ; coe) & rmw", (False, True)),
        ("empty rmw & (fri ; coi)", (False, False)),
        ("empty rmw & (fre ; coe) & (A * _)", (False, False)),
        ("empty rmw & ((fr & rmw) ; coe)", (False, False)),
        ("empty rmw & (fre ; (co & rmw))", (False, False)),
        ("empty rmw & (rf ; coe)", (False, False)),
        ("acyclic rmw & (fre ; coe)", (False, False)),
        ("~empty rmw & (fre ; coe)", (False, False)),
        ("~acyclic po-loc | rf | co | fr", (False, False)),
    ],
)
def test_only_plain_axioms_are_premises(
    cat_of: CatOf, axioms: str, expected: tuple[bool, bool]
) -> None:
    assert premises(cat_of(f'"p"\n{axioms} as x\n')) == Premises(*expected)


def test_writes_to_unknown_cells_are_ordered_cell_by_cell(
    build: type[Build], sc: CompiledCat
) -> None:
    # p is 0 or 1 by another thread's choice; P1 writes c[p] and then c[0]. The two are in order
    # only where p is 0; c0 ends as 2 in any case, c1 as 1 if p is 1.
    b = build(0, 0, 0)
    b.write(b.thread(), 2, 1)
    t = b.thread()
    p = b.read(t, 2, (0, 1))
    wide = b.terms.op("mul", ADDRESS, b.terms.op("cast", ADDRESS, p), b.terms.const(8, ADDRESS))
    where = b.terms.op("add", ADDRESS, wide, b.terms.const(1000, ADDRESS))
    b.write(t, where, 1, cells=(0, 1))
    b.write(t, 0, 2)
    states = Session(b.structure(), sc).states([p, b.final(0), b.final(1)], b.terms.true)
    assert states.values == ((0, 2, 0), (1, 2, 1))


@pytest.mark.parametrize("count", range(1, 10))
@pytest.mark.parametrize("conditional", [False, True])
def test_one_hot(count: int, conditional: bool) -> None:
    gates = Gates()
    when = gates.new() if conditional else TRUE
    literals = gates.one_hot(count, when)
    projected = {
        tuple(model[abs(v) - 1] == v for v in (when, *literals)) for model in models(gates)
    }
    hot = {(True, *(i == j for i in range(count))) for j in range(count)}
    assert projected == (hot | {(False,) * (count + 1)} if conditional else hot)


def models(gates: Gates) -> Iterator[list[int]]:
    """All assignments of the clauses, by brute force over a solver with blocking clauses."""
    import pysolvers

    solver = pysolvers.minisat22_new()
    known = [[v, -v] for v in range(1, gates.variables + 1)]  # so that it decides each of them
    for clause in (*known, *gates.clauses):
        pysolvers.minisat22_add_cl(solver, clause)
    while pysolvers.minisat22_solve(solver, [], 0):
        model = pysolvers.minisat22_model(solver)
        yield model
        pysolvers.minisat22_add_cl(solver, [-x for x in model])
    pysolvers.minisat22_del(solver)


Shape = Callable[[TermTable, Sequence[Term]], Term]

TYPES = st.sampled_from([BOOL, U8, S32, U32, ADDRESS, IntType(16, True)])
OPS = ["add", "sub", "mul", "div", "mod", "and", "or", "xor", "shl", "shr"]
COMPARE = ["eq", "ne", "lt", "le", "gt", "ge"]


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> Shape:
    """An expression as a function (terms, reads) -> term, over two reads."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        which = draw(st.integers(0, 3))
        type = draw(TYPES)
        constant = draw(st.integers(-3, 300))
        if which < 2:
            return lambda t, r: t.op("cast", type, r[which])
        return lambda t, r: t.const(constant, type)
    op = draw(st.sampled_from([*OPS, *COMPARE, "ite", "land", "lor", "lnot", "neg", "bitnot"]))
    type = draw(TYPES)
    parts = [draw(expressions(depth=depth - 1)) for _ in range(3)]

    def make(t: TermTable, r: Sequence[Term]) -> Term:
        a, c, d = (t.op("cast", type, part(t, r)) for part in parts)
        if op in COMPARE:
            return t.op(op, BOOL, a, c)
        if op == "ite":
            return t.ite(type, t.truth(a), c, d)
        if op == "lnot":
            return t.no(t.truth(a))
        if op in ("land", "lor"):
            return (t.both if op == "land" else t.either)(t.truth(a), t.truth(c))
        return t.op(op, type, a) if op in ("neg", "bitnot") else t.op(op, type, a, c)

    return make


@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(shape=expressions(), data=st.data())
def test_terms_have_the_values_that_evaluation_gives(
    build: type[Build], cat_of: CatOf, shape: Shape, data: st.DataObject
) -> None:
    encoded_as_evaluated(build, cat_of, 3, shape, data)


@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(shape=expressions(), data=st.data())
def test_terms_of_many_values_have_those_that_evaluation_gives(
    build: type[Build], cat_of: CatOf, shape: Shape, data: st.DataObject
) -> None:
    # Fewer examples: each is a thousand times as large.
    encoded_as_evaluated(build, cat_of, WIDE + 16, shape, data)


def encoded_as_evaluated(
    build: type[Build], cat_of: CatOf, count: int, shape: Shape, data: st.DataObject
) -> None:
    # Two cells with a racing write each, of few or of many values; whatever the reads return, the
    # encoded value of the term is the evaluated one. Undefined arithmetic gives up instead.
    values = st.lists(st.integers(0, 255), min_size=count, max_size=count, unique=True)
    domains = [sorted({0, *data.draw(values)})[:count] for _ in range(2)]
    b = build(0, 0, 0, 0)
    reads = []
    for cell, domain in enumerate(domains):
        for value in domain[1:]:
            b.write(b.thread(), cell, value)
        t = b.thread()  # a copy, so that the read's sources are not all constants
        b.write(t, cell + 2, b.read(t, cell, tuple(domain)))
        reads.append(b.read(b.thread(), cell + 2, tuple(domain)))
    term = shape(b.terms, reads)
    session = Session(b.structure(), cat_of(NOTHING))
    picked = [data.draw(st.sampled_from(domain)) for domain in domains]
    goal = b.terms.both(*(b.eq(r, v) for r, v in zip(reads, picked, strict=True)))
    try:
        expected = value_of(term, dict(zip((r.id for r in reads), picked, strict=True)))
    except DivisionByZero:
        assert not session.states([term], goal).complete
        return
    states = session.states([term], goal)
    if "too many values" in (states.reason or ""):
        # Two reads of many values each may make too many to enumerate: that is said, not guessed.
        assert count > WIDE
        return
    assert states.values == ((expected,),)
    assert session.base.terms.equals(term, expected) != FALSE


def value_of(term: Term, leaves: dict[int, int]) -> int:
    """Evaluation that looks at what it needs only, as C does."""
    if term.op == "const":
        return term.payload
    if term.op == "read":
        return leaves[term.id]
    if term.op == "ite":
        return value_of(term.args[1] if value_of(term.args[0], leaves) else term.args[2], leaves)
    if term.op in ("land", "lor"):
        known = (value_of(a, leaves) for a in term.args)
        return int(all(known) if term.op == "land" else any(known))
    return apply(term.op, term.type, tuple(value_of(a, leaves) for a in term.args))


def test_a_value_may_be_chosen_by_another_read(build: type[Build], sc: CompiledCat) -> None:
    # w = r ? 5 : 6, under all orders of the two threads.
    b = build(0, 0)
    b.write(b.thread(), 0, 1)
    t = b.thread()
    r = b.read(t, 0, (0, 1))
    b.write(t, 1, b.terms.ite(U32, b.eq(r, 1), b.const(5), b.const(6)))
    states = Session(b.structure(), sc).states([r, b.final(1)], b.terms.true)
    assert states.values == ((0, 6), (1, 5))


def test_interleavings_of_bit_operations(build: type[Build], sc: CompiledCat) -> None:
    # Four threads each xor a bit of their own, shifted, into one word atomically: each thread
    # reads what those before it left, whatever the order.
    b = build(0)
    wide = tuple(range(16))

    def toggle(bit: int) -> Callable[[Term], Term]:
        return lambda old: b.terms.op("xor", U32, old, b.const(1 << bit))

    seen = [b.atomic(b.thread(), 0, toggle(k)) for k in range(4)]
    b.events = [replace(e, values=wide) if e.kind == "R" else e for e in b.events]
    states = Session(b.structure(), sc).states([*seen, b.final(0)], b.terms.true)
    expected = set()
    for order in permutations(range(4)):
        word, reads = 0, [0] * 4
        for k in order:
            reads[k] = word
            word |= 1 << k
        expected.add((*reads, word))
    assert set(states.values) == expected
