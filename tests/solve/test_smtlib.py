"""The SMT-LIB text: arithmetic as ``kernel.ints`` has it, C's gaps, and what a reader sees."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.events.terms import Term, TermTable
from ksmcheck.kernel.ints import ADDRESS, BOOL, S32, U8, U32, DivisionByZero, IntType, apply
from ksmcheck.record import replace
from ksmcheck.solve.outcome import Found, GaveUp, Refuted
from ksmcheck.solve.session import Session
from ksmcheck.solve.smtlib import smtlib_text
from ksmcheck.solve.smtlib_terms import SmtTerms, constant, sort
from ksmcheck.text import InputError
from tests.solve.conftest import Build, CatOf

S8, S16 = IntType(8, True), IntType(16, True)
TYPES = [BOOL, U8, S8, S16, U32, S32, ADDRESS]
UNARY = ["neg", "bitnot", "cast", "lnot"]
BINARY = ["add", "sub", "mul", "div", "mod", "and", "or", "xor", "shl", "shr", "land", "lor",
          "eq", "ne", "lt", "le", "gt", "ge"]  # fmt: skip
EDGES = [0, 1, 2, 3, 7, 31, 32, 63, 64, 65, 127, 128, 255, -1, -2, -128, 2**31, 2**31 - 1, 2**63]


def z3_says(text: str) -> str:
    import z3

    solver = z3.Solver()
    solver.from_string(text)
    return str(solver.check())


@settings(max_examples=400, deadline=None)
@given(
    op=st.sampled_from([*UNARY, *BINARY]),
    of=st.sampled_from(TYPES),
    types=st.tuples(st.sampled_from(TYPES), st.sampled_from(TYPES)),
    same=st.booleans(),
    values=st.tuples(st.sampled_from(EDGES), st.sampled_from(EDGES)),
)
def test_operators_are_those_of_the_kernel(
    op: str, of: IntType, types: tuple[IntType, ...], same: bool, values: tuple[int, int]
) -> None:
    # ``apply`` computes on Python's integers; the text has to come to the same bits.
    if op in UNARY:
        types = types[:1]
    if same:
        types = (of,) * len(types)
    table = TermTable()
    args = [table.read(i, t) for i, t in enumerate(types)]
    term = table._make(op, tuple(args), 0, of)  # not folded, whatever it is
    lines = [f"(declare-const v{i} {sort(t)})" for i, t in enumerate(types)]
    terms = SmtTerms(lines, lambda leaf: f"v{leaf.payload}")
    text, missing = terms.text(term), terms.undefined(term)
    inputs = [t.wrap(v) for t, v in zip(types, values, strict=False)]
    for i, (t, value) in enumerate(zip(types, inputs, strict=True)):
        known = ("true" if value else "false") if t == BOOL else constant(value, t.width)
        lines.append(f"(assert (= v{i} {known}))")
    try:
        result = apply(op, of, tuple(inputs))
    except DivisionByZero:
        lines.append(f"(assert (not {missing}))")
    else:
        known = ("true" if result else "false") if of == BOOL else constant(result, of.width)
        lines.append(f"(assert (or {missing} (distinct {text} {known})))")
    assert z3_says("\n".join(lines)) == "unsat"


@pytest.mark.parametrize("op", ["lowest", "highest", "weight"])
@settings(max_examples=40, deadline=None)
@given(word=st.one_of(st.sampled_from([0, 1, 1 << 63, (1 << 64) - 1]), st.integers(0, 2**64 - 1)))
def test_bits_are_found_and_counted(op: str, word: int) -> None:
    table = TermTable()
    term = table.op(op, ADDRESS, table.read(0, ADDRESS))
    lines = [f"(declare-const v0 {sort(ADDRESS)})"]
    text = SmtTerms(lines, lambda leaf: f"v{leaf.payload}").text(term)
    known = {
        "lowest": len(bin(word)) - 1 - bin(word).rfind("1") if word else 63,
        "highest": len(bin(word)) - 3,
        "weight": bin(word).count("1"),
    }
    assert apply(op, ADDRESS, (word,)) == known[op]
    lines.append(f"(assert (= v0 {constant(word, 64)}))")
    lines.append(f"(assert (distinct {text} {constant(known[op], 64)}))")
    assert z3_says("\n".join(lines)) == "unsat"


@pytest.mark.parametrize(
    ("op", "left", "expected"),
    [("land", 0, "false"), ("land", 1, "true"), ("lor", 1, "false"), ("lor", 0, "true")],
)
def test_what_is_not_evaluated_may_be_undefined(op: str, left: int, expected: str) -> None:
    # C17 6.5.13 and 6.5.14: the right side is evaluated only if the left one does not decide.
    table = TermTable()
    bad = table.op("ne", BOOL, table.op("div", U32, table.const(6, U32), table.read(1, U32)),
                   table.const(1, U32))  # fmt: skip
    term = table._make(op, (table.read(0, BOOL), bad), 0, BOOL)
    lines = ["(declare-const v0 Bool)", "(declare-const v1 (_ BitVec 32))"]
    missing = SmtTerms(lines, lambda leaf: f"v{leaf.payload}").undefined(term)
    lines += [f"(assert (= v0 {str(bool(left)).lower()}))", f"(assert (= v1 {constant(0, 32)}))"]
    lines.append(f"(assert (distinct {missing} {expected}))")
    assert z3_says("\n".join(lines)) == "unsat"


def division(b: Build, divisor_may_be_zero: bool) -> tuple[Term, Term]:
    """c1 = 6 / r, where another thread makes r 2; r is 0 or 2, or only 2."""
    b.write(b.thread(), 0, 2)
    t = b.thread()
    r = b.read(t, 0)
    guard = None if divisor_may_be_zero else b.terms.op("ne", BOOL, r, b.const(0))
    b.write(t, 1, b.terms.op("div", U32, b.const(6), r), guard)
    return b.eq(b.final(1), 3), b.eq(b.final(1), 9)


def test_a_guarded_division(build: type[Build], sc: CompiledCat) -> None:
    b = build(0, 0)
    reachable, not_reachable = division(b, divisor_may_be_zero=False)
    structure = b.structure()
    assert z3_says(smtlib_text(structure, sc, reachable)) == "sat"
    assert z3_says(smtlib_text(structure, sc, not_reachable)) == "unsat"
    assert isinstance(Session(structure, sc).find(not_reachable), Refuted)


def test_an_execution_without_meaning_reaches_every_goal(
    build: type[Build], sc: CompiledCat
) -> None:
    # With r = 0 C says nothing about what follows: the engine gives up, the text is satisfiable.
    b = build(0, 0)
    _, not_reachable = division(b, divisor_may_be_zero=True)
    structure = b.structure()
    text = smtlib_text(structure, sc, not_reachable)
    assert z3_says(text) == "sat"
    assert "no meaning in C" in text
    assert isinstance(Session(structure, sc).find(not_reachable), GaveUp)


@pytest.mark.parametrize("known", [(0,), (0, 1)])
def test_no_value_out_of_thin_air(
    known: tuple[int, ...], build: type[Build], cat_of: CatOf
) -> None:
    # r = x; y = r || s = y; x = s, with nothing but values to keep 1 from justifying itself; nor
    # may it go round where either read could have it. At the start there is 0.
    lax = cat_of('"lax"\nacyclic po-loc | rf | co | fr\n')
    b = build(0, 0)
    reads = []
    for cell in (0, 1):
        t = b.thread()
        reads.append(b.read(t, cell, values=known))
        b.write(t, 1 - cell, reads[-1])
    structure = b.structure()
    for value, answer in ((1, "unsat"), (0, "sat")):
        goal = b.eq(reads[0], value)
        assert z3_says(smtlib_text(structure, lax, goal)) == answer
        assert isinstance(Session(structure, lax).find(goal), Found) == (answer == "sat")


def test_a_stray_access_reads_nothing(build: type[Build], sc: CompiledCat) -> None:
    # The address is a cell's only where the first read gives 0; with 7 the second read has no cell.
    b = build(0)
    b.write(b.thread(), 0, 7)
    t = b.thread()
    r = b.read(t, 0, (0, 7))
    offset = b.terms.op("mul", ADDRESS, b.terms.op("cast", ADDRESS, r), b.terms.const(8, ADDRESS))
    where = b.terms.op("add", ADDRESS, offset, b.terms.const(1000, ADDRESS))
    lost = b.read(t, where, (0, 7), cells=(0,))
    structure = b.structure()
    seven = b.eq(r, 7)
    assert isinstance(Session(structure, sc).find(seven), Found)
    assert z3_says(smtlib_text(structure, sc, seven)) == "sat"
    both = b.terms.both(seven, b.eq(lost, 7))
    assert z3_says(smtlib_text(structure, sc, both)) == "unsat"  # it would read 0 from nowhere


def store_buffering(b: Build) -> Term:
    reads = []
    for cell in (0, 1):
        t = b.thread()
        b.write(t, cell, 1)
        reads.append(b.read(t, 1 - cell))
    return b.terms.both(*(b.eq(r, 0) for r in reads))


def program() -> str | None:
    """The z3 program of the wheel, or None."""
    beside = Path(sys.executable).with_name("z3")
    return str(beside) if beside.exists() else shutil.which("z3")


@pytest.mark.skipif(program() is None, reason="no z3 program to run")
def test_a_program_of_its_own_answers(
    build: type[Build], sc: CompiledCat, tso: CompiledCat, tmp_path: Path
) -> None:
    z3 = program()
    assert z3 is not None
    b = build(0, 0)
    goal = store_buffering(b)
    for cat, answer in ((sc, "unsat"), (tso, "sat")):  # textbook
        file = tmp_path / f"{cat.name}.smt2"
        file.write_text(smtlib_text(b.structure(), cat, goal), encoding="utf-8")
        done = subprocess.run([z3, str(file)], capture_output=True, text=True, check=False)
        assert done.stdout.split() == [answer]


def test_a_reader_finds_names_and_events(build: type[Build], tso: CompiledCat) -> None:
    b = build(0, 0)
    goal = store_buffering(b)
    lines = smtlib_text(b.structure(), tso, goal).splitlines()
    assert "; e2 P0 W c0" in lines
    assert "; e0 init W c0 IW" in lines
    assert "(set-logic QF_BV)" in lines
    assert "(declare-const v3 (_ BitVec 32)) ; read by e3 P0 R c1" in lines
    assert "; required: acyclic ghb" in lines
    assert lines[-1] == "(check-sat)"
    assert "learned" not in "\n".join(lines)


def test_what_has_no_exact_encoding_is_an_input_error(build: type[Build], cat_of: CatOf) -> None:
    cat = cat_of('"odd"\nlet rec odd = [F] ; po \\ even\nand even = po ; odd\nacyclic odd | rf\n')
    b = build(0)
    b.write(b.thread(), 0, 1)
    t = b.thread()
    value = b.read(t, 0)
    for _ in range(2):
        b.fence(t, guard=b.eq(value, 0))
    with pytest.raises(InputError, match="cannot be written as SMT-LIB"):
        smtlib_text(b.structure(), cat, b.terms.true)


def test_line_breaks_in_names_do_not_end_a_comment(build: type[Build], sc: CompiledCat) -> None:
    b = build(0)
    value = b.read(b.thread(), 0)
    structure = b.structure()
    cells = (replace(structure.cells[0], name="a\n(assert false)"),)
    text = smtlib_text(replace(structure, cells=cells), sc, b.eq(value, 0))
    assert z3_says(text) == "sat"
