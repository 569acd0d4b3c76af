"""Random small structures: the tuple encoding, the SMT-LIB text and z3 against enumeration.

``ExplicitSession`` lists every choice, rf and co and asks the compiled cat about each; it knows
nothing of literals, polarities or closures as clauses.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.kernel.ints import ADDRESS, BOOL, U32
from ksmcheck.model.load import load_model, shipped_models
from ksmcheck.solve.explicit import ExplicitSession
from ksmcheck.solve.outcome import Found, Refuted
from ksmcheck.solve.session import Session
from ksmcheck.solve.smtlib import smtlib_text
from tests.solve.conftest import Build, CatOf

Drawn = list[list[tuple[str, int, int, str, int]]]
"""Threads of steps: kind, cell, value, twist, a number for the tags."""

VALUES = (0, 1, 2)
TWISTS = ["", "", "", "guard", "address", "choice", "both"]
STEPS = st.tuples(
    st.sampled_from(["R", "R", "W", "W", "W+", "U", "F"]),
    st.integers(0, 1),  # cell
    st.integers(1, 2),  # value
    st.sampled_from(TWISTS),
    st.integers(0, 10**6),  # which tags
)
THREADS = st.lists(st.lists(STEPS, min_size=1, max_size=4), min_size=2, max_size=3).filter(
    lambda threads: sum(len(t) + sum(s[0] == "U" for s in t) for t in threads) <= 7
)
FIXTURES = [HealthCheck.function_scoped_fixture]


def tags_of(number: int, names: Sequence[str]) -> tuple[str, ...]:
    """None, one or two of the names."""
    if not names:
        return ()
    choices = ["", *names]
    picked = {choices[number % len(choices)], choices[number // 997 % len(choices)]}
    return tuple(sorted(picked - {""}))


def make(
    build: type[Build], threads: Drawn, names: Sequence[str] = ()
) -> tuple[EventStructure, list[Term]]:
    """A structure with guards, addresses, values and dependencies that hang on earlier reads."""
    b = build(0, 0)
    terms = b.terms
    observed: list[Term] = []
    choices: list[Term] = []
    for steps in threads:
        t = b.thread()
        last: Term | None = None
        for kind, cell, value, twist, number in steps:
            tags = tags_of(number, names)
            guard, before = terms.true, last
            where: int | Term = cell
            cells: tuple[int, ...] | None = None
            if twist in ("guard", "both") and last is not None:
                guard = b.eq(last, 1)
            if twist == "choice" and kind != "F":
                choices.append(terms.choice(len(choices)))
                guard = choices[-1]
            if twist in ("address", "both") and last is not None:
                low = terms.op("and", ADDRESS, last, terms.const(1, ADDRESS))
                scaled = terms.op("mul", ADDRESS, low, terms.const(8, ADDRESS))
                where = terms.op("add", ADDRESS, scaled, terms.const(1000, ADDRESS))
                cells = (0, 1)
            if kind == "F":
                b.fence(t, *tags)
                continue
            if kind in "RU":
                last = b.read(t, where, VALUES, guard, cells, tags)
                observed.append(last)
            if kind == "U":
                b.rmw.append((len(b.events) - 1, len(b.events)))
                b.write(t, where, b.plus(observed[-1], 1), guard, cells, tags)
            elif kind == "W+" and last is not None:
                b.write(t, where, b.plus(last, 1), guard, cells, tags)
            elif kind in ("W", "W+"):
                b.write(t, where, value, guard, cells, tags)
            if before is not None:
                b.depend("addr" if twist in ("address", "both") else "data", before)
                b.depend("ctrl", before, b.eq(before, 1))
    ends = [terms.final(0, U32), terms.final(1, U32)]
    return b.structure(), [*observed, *choices, *ends]


def agree(structure: EventStructure, cat: CompiledCat, observed: Sequence[Term]) -> None:
    """States and flags of the tuple engine are those of enumeration."""
    always = structure.terms.true
    explicit = ExplicitSession(structure, cat)
    wanted = explicit.states(observed, always)
    assert wanted.complete
    session = Session(structure, cat, engine="tuple")
    assert session.exact.complete, session.exact.refused
    found = session.states(observed, always)
    assert found.complete
    assert found.values == wanted.values
    for check in cat.checks:
        if check.flag:
            expected = type(explicit.find_flag(check, always))
            assert type(session.find_flag(check, always)) is expected, check.name


@pytest.mark.parametrize("name", shipped_models())
@settings(max_examples=10, deadline=None, suppress_health_check=FIXTURES)
@given(threads=THREADS)
def test_every_shipped_model(build: type[Build], name: str, threads: Drawn) -> None:
    cat = load_model(name).compiled
    names = sorted(cat.tags - {"R", "W", "F", "M", "IW"})
    structure, observed = make(build, threads, names)
    agree(structure, cat, observed)


# Polarity: relations under a difference, twice under one, closures and recursion there, relations
# that may run in circles, sets that hang on rf, negated requirements, every kind of flag.
ODD = {
    "immediate": "acyclic (po \\ (po ; po)) | rf | co | fr",
    "next-read": "let r = po & (R * R)\nacyclic (r \\ (r ; [R] ; r)) | rf | co | fr",
    "closure": "acyclic po-loc | rf | co | fr\nempty (po & (W * R)) \\ (rf | co | fr)+",
    "star": "acyclic (po \\ (rf | fr)*) | rf | co | fr",
    "twice": "acyclic (po \\ (po \\ (rf | co | fr)+)) | rf | co | fr",
    "complement": "acyclic po-loc | rf | co | fr\nempty ~((rf | co)+) & (W * R) & ext & loc",
    "complements": "empty ~(po | ~fr) & (_ * W) & int\nflag ~empty (M & ~domain(rf)) as unread",
    "ends": "acyclic ([M \\ domain(po)] ; co) | rf | fr\nflag ~empty R \\ domain(po) as last\n"
    "flag ~empty W \\ range(po) as first",
    "rec": "let rec a = rf | (b ; fr) and b = co | (a ; po)\nacyclic a | b\n"
    "flag ~empty po \\ a as unseen\nflag empty a as still",
    "rec-under": "let rec a = rf | (a ; (po | fr) ; a)\nempty (co & ext) \\ a as backed",
    "circle": "empty ((W \\ IW) * W) & co \\ (rf | rf^-1)+\nflag ~empty co & (rf | rf^-1)+ as met",
    "sets": "let seen = domain(rf)\nacyclic ([W \\ seen] ; po) | rf | co | fr",
    "ranges": "empty R \\ range(rf & ext)\nflag ~empty W \\ domain(rf | co) as last",
    "negated": "~empty rf & ext\n~acyclic po | rf | co | fr",
    "loop": "~irreflexive (po | rf | co | fr)+",
    "flags": "flag acyclic po | rf as a\nflag ~acyclic po | rf as b\n"
    "flag irreflexive po ; co as c\nflag ~irreflexive po ; co as d\nflag empty rf & ext as e",
    "data": "acyclic (addr | data | ctrl | rf)\nempty (rmw & (fr ; co)) as atomic\n"
    "flag ~empty (ctrl \\ addr) & (R * W) as f",
    "chain": "let f = po & (W * W)\nlet c = f ; (rf | po)*\nacyclic (c | rf)+ | co\n"
    "irreflexive (fr ; c*) ; (rf | po)*",
    "hops": "let c = rf ; (po & (R * W))*\nirreflexive c+\nempty (c* ; co) & (R * W)",
    "opt": "irreflexive (rf? ; fr?) ; co ; po?",
}


@pytest.mark.parametrize("name", list(ODD))
@settings(max_examples=12, deadline=None, suppress_health_check=FIXTURES)
@given(threads=THREADS)
def test_polarities(build: type[Build], cat_of: CatOf, name: str, threads: Drawn) -> None:
    structure, observed = make(build, threads)
    agree(structure, cat_of(f'"{name}"\n{ODD[name]}\n'), observed)


def z3_says(text: str) -> str:
    import z3

    solver = z3.Solver()
    solver.from_string(text)
    return str(solver.check())


@pytest.mark.parametrize("name", ["tso", "riscv", "lkmm", *list(ODD)])
@settings(max_examples=5, deadline=None, suppress_health_check=FIXTURES)
@given(threads=THREADS, value=st.sampled_from(VALUES))
def test_smtlib_text(
    build: type[Build], cat_of: CatOf, name: str, threads: Drawn, value: int
) -> None:
    cat = cat_of(f'"{name}"\n{ODD[name]}\n') if name in ODD else load_model(name).compiled
    names = () if name in ODD else sorted(cat.tags - {"R", "W", "F", "M", "IW"})
    structure, observed = make(build, threads, names)
    terms = structure.terms
    explicit = ExplicitSession(structure, cat)
    for term in (observed[0], observed[-1]):
        goal = terms.op("eq", BOOL, term, terms.const(value, term.type))
        wanted = explicit.find(goal)
        assert isinstance(wanted, Found | Refuted)
        expected = "sat" if isinstance(wanted, Found) else "unsat"
        assert z3_says(smtlib_text(structure, cat, goal)) == expected


@pytest.mark.parametrize("engine", ["lazy", "tuple"])
@pytest.mark.parametrize("backend", ["z3", "both"])
@settings(max_examples=6, deadline=None, suppress_health_check=FIXTURES)
@given(threads=THREADS)
def test_z3_finds_the_same_states(
    build: type[Build], tso: CompiledCat, engine: str, backend: str, threads: Drawn
) -> None:
    structure, observed = make(build, threads, ["MFENCE"])
    states = Session(structure, tso, backend=backend, engine=engine).states(
        observed, structure.terms.true
    )
    wanted = ExplicitSession(structure, tso).states(observed, structure.terms.true)
    assert states.values == wanted.values
