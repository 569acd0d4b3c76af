"""Division of many values by a constant, as bits: against C's own definition (C17 6.5.5)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.events.terms import Term, TermTable
from ksmcheck.kernel.ints import OPERATORS, S32, S64, U8, U32, U64, IntType
from ksmcheck.solve.backends import open_backend
from ksmcheck.solve.gates import Gates
from ksmcheck.solve.term_literals import TermLiterals
from ksmcheck.solve.vectors import Vector

TYPES = st.sampled_from([U8, IntType(16, True), S32, U32, S64, U64])


@settings(max_examples=40, deadline=None)
@given(
    type=TYPES,
    op=st.sampled_from(["div", "mod"]),
    raw=st.integers(0, 2**64 - 1),
    by=st.one_of(st.integers(1, 9), st.integers(1, 2**63 - 1)),
)
def test_quotient_and_remainder(type: IntType, op: str, raw: int, by: int) -> None:
    by = type.wrap(by)
    if by <= 0:
        by = 1
    value, terms, gates = type.wrap(raw), TermTable(), Gates()
    leaf = terms.read(0, IntType(type.width, False))
    bits: Vector = tuple(gates.new() for _ in range(type.width))
    dividend = terms.op("cast", type, leaf)
    result: Term = terms.op(op, type, dividend, terms.const(by, type))
    form = TermLiterals(gates, lambda _: bits)
    equal = form.equals(result, type.wrap(OPERATORS[op](value, by)))
    solver = open_backend("cadical")
    solver.extend(gates.clauses)
    given_ = [x if value >> k & 1 else -x for k, x in enumerate(bits)]
    assert solver.solve([*given_, equal], None)
    assert not solver.solve([*given_, -equal], None)
    solver.close()
