"""One base encoding for several models and changed programs: nothing leaks from one to another.

What a session answers on shared ground, whatever was asked there before, is what it answers alone.
"""

from __future__ import annotations

import gc
from pathlib import Path
from weakref import ref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.check import Checker, Request
from ksmcheck.check.goals import goals_of
from ksmcheck.check.prepare import Workshop
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.kernel.ints import ADDRESS, U32
from ksmcheck.record import replace
from ksmcheck.solve.ground import Grounds
from ksmcheck.solve.outcome import Found
from ksmcheck.solve.session import Session
from ksmcheck.text import InputError
from tests.fresh import fresh_checker
from tests.solve.conftest import Build, CatOf

LITMUS = Path(__file__).parents[2] / "litmus"
CLASSICS = sorted(
    path for path in (LITMUS / "classic").rglob("*.litmus") if not path.stem.endswith("-3.9")
)
MODELS = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")

questions = st.lists(
    st.tuples(st.sampled_from(MODELS), st.sampled_from(("", "smp_wmb", "smp_rmb", "smp_mb"))),
    min_size=2,
    max_size=6,
)


def answer(checker: Checker, path: Path, model: str, left_out: str) -> object:
    test = Request(path, model)
    removed = [s.name for s in checker.workshop.spots(test) if s.name.startswith(f"{left_out}@")]
    observed = checker.states(Request(path, model, removed=frozenset(removed if left_out else ())))
    return observed.states, observed.observation, observed.flags


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(CLASSICS), questions)
def test_states_of_classics(path: Path, asked: list[tuple[str, str]]) -> None:
    together = fresh_checker()
    for model, left_out in asked:
        try:
            expected = answer(fresh_checker(), path, model, left_out)
        except InputError:  # no machine has RCU
            continue
        assert answer(together, path, model, left_out) == expected, (model, left_out)


@pytest.mark.parametrize("file", ["reuse"])
def test_verdicts_of_the_suite(file: str) -> None:
    together, alone = fresh_checker(), dict[str, str]()
    for model in (*MODELS, *reversed(MODELS)):
        request = Request(LITMUS / "ksm" / f"{file}.litmus", model)
        found = together.check(request)
        if model not in alone:
            alone[model] = fresh_checker().check(request).verdict
        assert found.verdict == alone[model], model
        together._answers.clear()


def test_models_with_the_same_accesses_share() -> None:
    workshop, grounds = Workshop(), Grounds()
    path = LITMUS / "classic" / "MP" / "MP+wmb+rmb.litmus"
    sessions = []
    for model in ("sc", "power", "alpha"):
        request = Request(path, model)
        structure = workshop.structure(request, workshop.configs(request)[0])
        cat = workshop.model(model).compiled
        sessions.append(Session(structure, cat, grounds=grounds))
    assert len({id(s.lazy.backend) for s in sessions}) == 1
    assert len({s.lazy.own for s in sessions}) == 3
    # Only Power and Alpha reorder, and both barriers hold there too: nowhere is MP's outcome seen.
    for session in sessions:
        assert type(session.find(goals_of(session.structure).wanted)).__name__ == "Refuted"


def test_an_encoding_that_joins_gets_ground_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksmcheck.solve.exact._CANDIDATES", -1)
    monkeypatch.setattr("ksmcheck.solve.exact._RATIO", -1.0)
    workshop = Workshop()
    request = Request(LITMUS / "classic" / "IRIW" / "IRIW+mb+mb.litmus", "power")
    structure = workshop.structure(request, workshop.configs(request)[0])
    cat = workshop.model("power").compiled
    other = Session(structure, cat, grounds=workshop.grounds)
    session = Session(structure, cat, grounds=workshop.grounds)
    goal = goals_of(structure).wanted
    expected = type(Session(structure, cat).find(goal))
    assert type(session.find(goal)) is expected
    assert session.exact.complete and session.lazy.backend is not other.lazy.backend
    assert not other.exact.complete


def test_flags_are_asked_for_anew_on_ground_of_its_own(
    build: type[Build], cat_of: CatOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Store buffering. That both read 1 takes no lesson; that both read 0 is learned to be
    impossible, after which the exact encoding joins, and the session begins again."""
    monkeypatch.setattr("ksmcheck.solve.exact._CANDIDATES", -1)
    monkeypatch.setattr("ksmcheck.solve.exact._RATIO", -1.0)
    text = """irreflexive (po | rf | co | fr)+ as sc
flag ~empty rfe \\ (IW * _) as told
flag ~empty rfe & (IW * _) as kept"""
    cat = cat_of(text)
    b = build(0, 0)
    reads = []
    for cell in (0, 1):
        thread = b.thread()
        b.write(thread, cell, 1)
        reads.append(b.read(thread, 1 - cell, (0, 1)))
    both = {value: b.terms.both(*(b.eq(r, value) for r in reads)) for value in (0, 1)}
    mixed = b.terms.both(b.eq(reads[0], 0), b.eq(reads[1], 1))
    session = Session(b.structure(), cat, grounds=Grounds())
    flags = [c for c in cat.checks if c.flag]
    shared = session.lazy.backend

    def raised(value: Term) -> list[bool]:
        return [isinstance(session.find_flag(c, value), Found) for c in flags]

    assert raised(both[1]) == [True, False]
    assert session.lazy.backend is shared
    assert not isinstance(session.find(both[0]), Found)
    assert session.lazy.backend is not shared
    assert raised(both[1]) == [True, False]
    assert raised(mixed) == [True, True]
    assert raised(both[0]) == [False, False]


def test_a_ground_full_of_single_sessions_clauses_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workshop = Workshop()
    request = Request(LITMUS / "classic" / "MP" / "MP+wmb+rmb.litmus", "sc")
    structure = workshop.structure(request, "default")
    cat = workshop.model("sc").compiled

    def backend() -> object:
        return Session(structure, cat, grounds=workshop.grounds).lazy.backend

    first = backend()
    assert backend() is first
    monkeypatch.setattr("ksmcheck.solve.ground._GROWN", 0)
    assert backend() is not first


@pytest.mark.parametrize("name", ["path-b", "notice"])  # with words of few values, and of many
def test_a_ground_that_nobody_uses_is_gone_at_once(name: str) -> None:
    """It has megabytes of clauses, and the collector of cycles comes rarely."""
    workshop = Workshop()
    request = Request(LITMUS / "ksm" / f"{name}.litmus", "armv8", "6.12", unroll=1)
    (config, *_) = workshop.configs(request)
    structure = workshop.structure(request, config)
    cat = workshop.model("armv8").compiled
    gc.disable()
    try:
        session = Session(structure, cat, grounds=Grounds())
        session.find(goals_of(structure).broken)
        clauses = Watched(session.base.gates.clauses)
        session.base.gates.clauses = clauses
        gone = ref(clauses)
        del session, clauses
        assert gone() is None
    finally:
        gc.enable()


class Watched(list[list[int]]):
    """A list that can be referred to weakly."""


COHERENT = "acyclic po-loc | rf | co | fr as coherence\n"
ATOMIC = "empty rmw & (fre ; coe) as atomic\n"


def test_models_that_forbid_less_do_not_share(build: type[Build], cat_of: CatOf) -> None:
    """What a base encoding takes for granted depends on the model: on its coherence (P0 may read
    what its own write has overwritten), and on its atomicity (one of two increments is lost)."""
    b = build(0, 0)
    p, q = b.thread(), b.thread()
    b.write(p, 0, 1)
    own = b.read(p, 0, (0, 1))
    for thread in (p, q):
        b.atomic(thread, 1, lambda old: b.plus(old, 1))
    structure, grounds = b.structure(), Grounds()
    past, lost = b.eq(own, 0), b.eq(b.final(1), 1)
    for text in (COHERENT + ATOMIC, ATOMIC, COHERENT, "empty 0 as nothing\n") * 2:
        session = Session(structure, cat_of(text), grounds=grounds)
        assert isinstance(session.find(past), Found) is (COHERENT not in text), text
        assert isinstance(session.find(lost), Found) is (ATOMIC not in text), text


def test_back_ends_do_not_share(build: type[Build], sc: CompiledCat) -> None:
    """The second opinion is to be another solver's."""
    b = build(0)
    structure, grounds = b.structure(), Grounds()
    first, second = (
        Session(structure, sc, backend=name, grounds=grounds) for name in ("cadical", "glucose")
    )
    assert first.lazy.backend is not second.lazy.backend


def changed(structure: EventStructure, number: int, **fields: object) -> EventStructure:
    """The structure with one event changed."""
    events = list(structure.events)
    events[number] = replace(events[number], **fields)
    return replace(structure, events=tuple(events))


def test_programs_whose_accesses_differ_do_not_share(build: type[Build], cat_of: CatOf) -> None:
    """P0 writes 2 to x and reads x, while P1 adds 1 to it; then one thing is changed at a time.
    What is asked for is possible in one of the two programs and not in the other."""
    b = build(0, 0)
    p, q = b.thread(), b.thread()
    flag = b.read(p, 1, (0, 5))
    write = b.write(p, 0, 2)
    seen = b.read(p, 0)
    b.write(q, 1, 5)
    b.atomic(q, 0, lambda old: b.plus(old, 1))
    first, read = b.structure(), seen.payload
    written, zero, three = b.const(1), b.eq(seen, 0), b.eq(seen, 3)
    # With coherence P0 reads its own write, or what overwrites it: 2 or 3.
    variants = {
        "value": (changed(first, write, value=written, values=(1,)), three, False),
        "address": (changed(first, write, address=b.address(1), cells=(1,)), zero, True),
        "guard": (changed(first, write, guard=b.eq(flag, 5)), zero, True),
        "values": (changed(first, read, values=(0, 1, 2)), three, False),
        "thread": (changed(first, read, thread=q), zero, True),
        "place": (changed(first, read, position=first.events[write].position), zero, True),
        "rmw": (replace(first, rmw=()), b.eq(b.final(0), 1), True),  # P0's write is lost
        "constraints": (replace(first, constraints=(b.eq(seen, 2),)), three, False),
    }
    cat = cat_of(COHERENT + ATOMIC)
    for name, (other, goal, possible) in variants.items():
        for order in ((False, True), (True, False)):
            grounds = Grounds()
            for changed_one in order:
                session = Session(other if changed_one else first, cat, grounds=grounds)
                expected = possible if changed_one else not possible
                assert isinstance(session.find(goal), Found) is expected, (name, order)


def test_what_an_access_computes_counts_too(build: type[Build], cat_of: CatOf) -> None:
    """Not only which cells it may be to, and what it may write: the flag's own cell or its value
    hang on the flag in one way, and in the other."""
    b = build(0, 0, 0)
    p = b.thread()
    flag = b.read(p, 2, (0, 1))
    here, there = b.eq(flag, 1), b.eq(flag, 0)
    values = [b.terms.op("ite", U32, when, b.const(1), b.const(2)) for when in (here, there)]
    places = [
        b.terms.op("ite", ADDRESS, when, b.address(0), b.address(1)) for when in (here, there)
    ]
    write = b.write(p, places[0], values[0], cells=(0, 1))
    b.write(b.thread(), 2, 1)
    b.events[write] = replace(b.events[write], values=(1, 2))
    first = b.structure()
    goals = {
        "value": b.terms.both(here, b.eq(b.final(0), 1)),
        "address": b.terms.both(here, b.terms.no(b.eq(b.final(0), 0))),
    }
    cat = cat_of(COHERENT)
    for name, other in (
        ("value", changed(first, write, value=values[1])),
        ("address", changed(first, write, address=places[1])),
    ):
        for pair in ((first, other), (other, first)):
            grounds = Grounds()
            for structure in pair:
                found = Session(structure, cat, grounds=grounds).find(goals[name])
                assert isinstance(found, Found) is (structure is first), name
