"""What a query answers besides yes and no: limits, flags, awaits, strays, undefined values."""

from __future__ import annotations

import pytest

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.load import load_text
from ksmcheck.events.terms import Term
from ksmcheck.kernel.ints import ADDRESS, BOOL, U32
from ksmcheck.record import replace
from ksmcheck.solve.limits import Limits
from ksmcheck.solve.outcome import Found, GaveUp, Refuted
from ksmcheck.solve.session import Session
from ksmcheck.solve.witness import to_execution
from ksmcheck.text import InputError
from tests.solve.conftest import Build, CatOf


def flag_of(cat: CompiledCat, name: str) -> Check:
    return next(c for c in cat.checks if c.name == name)


def counters(build: type[Build], threads: int) -> Build:
    b = build(0)
    for _ in range(threads):
        b.atomic(b.thread(), 0, lambda old: b.plus(old, 1))
    return b


def test_an_await_admits_only_executions_that_go_on(build: type[Build], sc: CompiledCat) -> None:
    # P1 waits for the flag, then reads the data: under SC it must see them.
    b = build(0, 0)
    p, q = b.thread(), b.thread()
    b.write(p, 0, 1)
    b.write(p, 1, 1)
    flag, data = b.read(q, 1), b.read(q, 0)
    b.constraints.append(b.eq(flag, 1))
    session = Session(b.structure(), sc)
    assert isinstance(session.find(b.eq(data, 1)), Found)
    assert isinstance(session.find(b.eq(data, 0)), Refuted)


def test_contradictory_constraints_leave_no_execution(build: type[Build], sc: CompiledCat) -> None:
    b = build(0)
    value = b.read(b.thread(), 0)
    b.constraints += [b.eq(value, 1)]  # nobody writes 1
    session = Session(b.structure(), sc)
    assert isinstance(session.find(b.terms.true), Refuted)
    assert session.states([value], b.terms.true).values == ()


def test_queries_do_not_disturb_each_other(build: type[Build], tso: CompiledCat) -> None:
    b = build(0, 0)
    p, q = b.thread(), b.thread()
    b.write(p, 0, 1)
    one = b.read(p, 1)
    b.write(q, 1, 1)
    two = b.read(q, 0)
    session = Session(b.structure(), tso)
    everything = {(0, 0), (0, 1), (1, 0), (1, 1)}  # store buffering, all four under TSO
    for _ in range(2):
        assert set(session.states([one, two], b.terms.true).values) == everything
        assert session.states([one], b.eq(two, 1)).values == ((0,), (1,))
        assert isinstance(session.find(b.terms.both(b.eq(one, 0), b.eq(two, 0))), Found)
        assert isinstance(session.find_flag(flag_of(tso, "never"), b.terms.true), Refuted)


def test_a_flag_is_raised_only_where_its_condition_holds(
    build: type[Build], tso: CompiledCat
) -> None:
    # `communicates`: some read takes its value from another thread, that is, reads 1.
    b = build(0)
    b.write(b.thread(), 0, 1)
    seen = b.read(b.thread(), 0)
    session = Session(b.structure(), tso)
    communicates = flag_of(tso, "communicates")
    outcome = session.find_flag(communicates, b.terms.true)
    assert isinstance(outcome, Found)
    assert outcome.candidate.value(seen) == 1
    assert isinstance(session.find_flag(communicates, b.eq(seen, 0)), Refuted)


def test_initial_values_come_from_outside_too(build: type[Build], tso: CompiledCat) -> None:
    # herd7's rfe includes reads from initial writes, since these belong to no thread.
    b = build(0)
    seen = b.read(b.thread(), 0)
    session = Session(b.structure(), tso)
    assert isinstance(session.find_flag(flag_of(tso, "foreign"), b.eq(seen, 0)), Found)


@pytest.mark.parametrize("backend", ["cadical", "glucose"])
def test_a_time_limit_ends_a_hard_search(
    build: type[Build], tso: CompiledCat, backend: str
) -> None:
    # 9 atomic increments: 9! symmetric orders, far beyond the time allowed.
    b = counters(build, 9)
    b.events = [  # reads may see any sum
        e if e.kind != "R" else replace(e, values=tuple(range(10))) for e in b.events
    ]
    session = Session(b.structure(), tso, backend=backend, limits=Limits(seconds=0.6))
    outcome = session.find(b.eq(b.final(0), 8))
    assert isinstance(outcome, GaveUp)
    assert "0.6 s" in outcome.reason
    assert outcome.stats.seconds < 5


def test_an_iteration_limit_keeps_the_states_found_so_far(
    build: type[Build], tso: CompiledCat
) -> None:
    b = build(0)
    b.write(b.thread(), 0, 1)
    seen = b.read(b.thread(), 0)
    states = Session(b.structure(), tso, limits=Limits(iterations=0)).states([seen], b.terms.true)
    assert not states.complete
    assert "0 candidates" in (states.reason or "")


def test_a_memory_limit_is_noticed(build: type[Build], tso: CompiledCat) -> None:
    b = counters(build, 2)
    outcome = Session(b.structure(), tso, limits=Limits(memory_mb=1)).find(b.terms.true)
    assert isinstance(outcome, GaveUp)
    assert "1 MiB" in outcome.reason


def stray(b: Build, value: int) -> tuple[Term, Term]:
    """Reads x at address 1000 + 8 * r for r in {0, value}: a cell only for r = 0."""
    b.write(b.thread(), 0, value)
    t = b.thread()
    r = b.read(t, 0, (0, value))
    offset = b.terms.op("mul", ADDRESS, b.terms.op("cast", ADDRESS, r), b.terms.const(8, ADDRESS))
    where = b.terms.op("add", ADDRESS, offset, b.terms.const(1000, ADDRESS))
    return r, b.read(t, where, (0, value), cells=(0,))


def test_a_stray_access_can_be_found_when_asked_for(build: type[Build], sc: CompiledCat) -> None:
    # The bad access happens exactly where r is 7, so a goal that says so has to be reachable.
    b = build(0)
    r, _ = stray(b, 7)
    session = Session(b.structure(), sc)
    outcome = session.find(b.eq(r, 7))
    assert isinstance(outcome, Found)
    execution = to_execution(b.structure(), outcome.candidate)
    lost = [e for e in execution.events if e.kind == "R" and e.cell is None]
    assert [e.address for e in lost] == [1000 + 8 * 7]


def test_strays_are_no_states(build: type[Build], sc: CompiledCat) -> None:
    b = build(0)
    r, x = stray(b, 7)
    # With r = 0 the second read is of x as well, which may have become 7 in between.
    assert Session(b.structure(), sc).states([r, x], b.terms.true).values == ((0, 0), (0, 7))


def test_undefined_arithmetic_is_never_safe(build: type[Build], sc: CompiledCat) -> None:
    # w = 6 / r, r in {0, 2}: with r = 0 the program has no meaning, so "w is 9" is not refuted.
    b = build(0, 0)
    b.write(b.thread(), 0, 2)
    t = b.thread()
    r = b.read(t, 0)
    b.write(t, 1, b.terms.op("div", U32, b.const(6), r))
    session = Session(b.structure(), sc)
    outcome = session.find(b.eq(b.final(1), 9))
    assert isinstance(outcome, GaveUp)
    assert "divides by zero" in outcome.reason
    assert isinstance(session.find(b.eq(b.final(1), 3)), Found)


def test_a_guarded_division_is_defined(build: type[Build], sc: CompiledCat) -> None:
    b = build(0, 0)
    b.write(b.thread(), 0, 2)
    t = b.thread()
    r = b.read(t, 0)
    guard = b.terms.op("ne", BOOL, r, b.const(0))
    b.write(t, 1, b.terms.op("div", U32, b.const(6), r), guard)
    assert isinstance(Session(b.structure(), sc).find(b.eq(b.final(1), 9)), Refuted)


def test_unknown_engines_and_solvers_are_input_errors(build: type[Build], sc: CompiledCat) -> None:
    structure = build(0).structure()
    with pytest.raises(InputError, match="engine"):
        Session(structure, sc, engine="magic")
    with pytest.raises(InputError, match="solver"):
        Session(structure, sc, backend="magic")


def test_a_flag_may_look_at_values(build: type[Build], cat_of: CatOf) -> None:
    # One cell, written 1 or 2 by the value that P0 saw; P1's read of it differs from the initial
    # value 1 exactly when it saw the 2.
    cat = cat_of('"v"\nacyclic po | rf | co | fr as sc\n'
                 "flag ~empty different-values(([IW] ; loc ; [R & T])) as other\n")  # fmt: skip
    b = build(0, 1)
    b.write(b.thread(), 0, 1)
    t = b.thread()
    b.write(t, 1, b.plus(b.read(t, 0, (0, 1)), 1))
    seen = b.read(b.thread(), 1, (1, 2), tags=("T",))
    session = Session(b.structure(), cat)
    (flag,) = (c for c in cat.checks if c.flag)
    assert isinstance(session.find_flag(flag, b.eq(seen, 2)), Found)
    assert isinstance(session.find_flag(flag, b.eq(seen, 1)), Refuted)


@pytest.mark.parametrize("locked", [False, True])
def test_a_race_is_looked_for_only_where_one_may_be(
    build: type[Build], cat_of: CatOf, locked: bool
) -> None:
    # Eight racing reads have 2^8 graphs, all consistent. Where no access is marked A the flag
    # cannot be raised, which is seen without looking at all of them.
    cat = cat_of('"r"\nempty 0 as nothing\nflag ~empty [A] ; rfe ; [R] as race\n')
    b = build(0)
    b.write(b.thread(), 0, 1, tags=() if locked else ("A",))
    for _ in range(8):
        b.read(b.thread(), 0)
    (flag,) = (c for c in cat.checks if c.flag)
    outcome = Session(b.structure(), cat).find_flag(flag, b.terms.true)
    assert isinstance(outcome, Refuted if locked else Found)
    assert outcome.stats.candidates < 20


def test_values_in_a_requirement_are_refused(build: type[Build], cat_of: CatOf) -> None:
    with pytest.raises(InputError, match="different-values") as refused:
        Session(build(0).structure(), cat_of('"x"\nempty different-values(rf) as a\n'))
    place = refused.value.diagnostic.span
    assert place is not None and place.line == 2


def test_the_execution_is_numbered_thread_by_thread(build: type[Build], sc: CompiledCat) -> None:
    b = build(0, 5)
    p, q = b.thread(), b.thread()
    b.write(p, 0, 1)
    seen = b.read(q, 0)
    skipped = b.write(q, 1, 2, guard=b.eq(seen, 0))
    b.write(q, 1, 3, guard=b.eq(seen, 1))
    structure = b.structure()
    outcome = Session(structure, sc).find(b.eq(seen, 1))
    assert isinstance(outcome, Found)
    assert skipped not in outcome.candidate.executed
    execution = to_execution(structure, outcome.candidate)
    assert [e.id for e in execution.events] == list(range(5))
    assert [(e.thread, e.kind, e.cell, e.value) for e in execution.events] == [
        (-1, "W", "c0", 0),
        (-1, "W", "c1", 5),
        (0, "W", "c0", 1),
        (1, "R", "c0", 1),
        (1, "W", "c1", 3),
    ]
    assert [e.instance for e in execution.events] == [-1, -1, 0, 0, 1]
    assert execution.rf == {(2, 3)}
    assert execution.co == {(0, 2), (1, 4)}
    assert execution.memory == (("c0", 1), ("c1", 3))


@pytest.mark.parametrize("turned", [False, True])
def test_flags_of_one_name_are_two_flags(build: type[Build], turned: bool) -> None:
    """herd7 takes several flags of one name; each is raised by its own relation. The first is
    never raised: no event is its own rmw partner. The second always is."""
    flags = ["flag ~empty rmw & id as odd", "flag ~empty [W] ; po ; [W] as odd"]
    text = "\n".join(["acyclic po | rf | co | fr as sc", *(flags[::-1] if turned else flags)])
    b = build(0, 0)
    p = b.thread()
    b.write(p, 0, 1)
    b.write(p, 1, 1)
    cat = compile_cat(load_text(text))
    session = Session(b.structure(), cat)
    found = [type(session.find_flag(c, b.terms.true)) for c in cat.checks if c.flag]
    assert found == ([Found, Refuted] if turned else [Refuted, Found])


def test_a_question_about_too_many_values_is_not_answered(
    build: type[Build], sc: CompiledCat
) -> None:
    """The product of two words that are any of two thousand numbers; others are told as ever."""
    b = build(0, 0)
    values = tuple(range(0, 4000, 2))
    writer, copier, reader = b.thread(), b.thread(), b.thread()
    for cell in (0, 1):
        b.write(writer, cell, 2)
    for cell in (0, 1):  # where all that is written were constants, there would be few values
        copied = b.terms.op("and", U32, b.read(copier, cell, values), b.const(0xFFE))
        b.write(copier, 1 - cell, copied)
    one, two = (b.read(reader, cell, values) for cell in (0, 1))
    session = Session(b.structure(), sc)
    product = b.terms.op("mul", U32, one, two)
    outcome = session.find(b.eq(product, 4))
    assert isinstance(outcome, GaveUp)
    assert "too many values" in outcome.reason
    states = session.states([product], b.terms.true)
    assert not states.complete
    assert "too many values" in (states.reason or "")
    assert isinstance(session.find(b.terms.both(b.eq(one, 2), b.eq(two, 2))), Found)
