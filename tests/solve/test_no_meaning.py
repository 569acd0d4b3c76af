"""What C gives no meaning: no engine may answer as if the execution in question were not there.

P0 writes 2 to x and P1 reads it: r is 0 or 2, and 6 / r has no meaning where it is 0. Such an
execution may do anything, so that nothing is refuted as long as it is possible; and it is none that
shows something, so that nothing is found by it either.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.events.terms import Term
from ksmcheck.kernel.ints import ADDRESS, BOOL, U32
from ksmcheck.solve.explicit import ExplicitSession
from ksmcheck.solve.outcome import Found, GaveUp, Refuted
from ksmcheck.solve.session import Session
from tests.solve.conftest import Build

Opened = Callable[[Build, CompiledCat], Session | ExplicitSession]

ENGINES: dict[str, Opened] = {
    "lazy": lambda b, cat: Session(b.structure(), cat),
    "tuple": lambda b, cat: Session(b.structure(), cat, engine="tuple"),
    "explicit": lambda b, cat: ExplicitSession(b.structure(), cat),
}
ALL = pytest.mark.parametrize("opened", ENGINES.values(), ids=ENGINES)


def divided(b: Build, by: Term) -> Term:
    return b.terms.op("div", U32, b.const(6), by)


def reading(b: Build) -> tuple[int, Term]:
    """P1, and what it reads."""
    b.write(b.thread(), 0, 2)
    thread = b.thread()
    return thread, b.read(thread, 0, (0, 2))


def in_value(b: Build, thread: int, r: Term) -> None:
    b.write(thread, 1, divided(b, r))


def in_address(b: Build, thread: int, r: Term) -> None:
    """The cell at 1000 + 8 * (6 / r - 2): the second one, if r is 2."""
    place = b.terms.op("sub", U32, divided(b, r), b.const(2))
    wide = b.terms.op("cast", ADDRESS, place)
    bytes_ = b.terms.op("mul", ADDRESS, wide, b.terms.const(8, ADDRESS))
    where = b.terms.op("add", ADDRESS, bytes_, b.terms.const(1000, ADDRESS))
    b.write(thread, where, 1, cells=(1,))


def in_guard(b: Build, thread: int, r: Term) -> None:
    b.write(thread, 1, 1, guard=b.eq(divided(b, r), 9))


def in_constraint(b: Build, thread: int, r: Term) -> None:
    b.constraints.append(b.terms.no(b.eq(divided(b, r), 9)))


@ALL
@pytest.mark.parametrize("used", [in_value, in_address, in_guard, in_constraint])
def test_wherever_it_is_used(
    build: type[Build], sc: CompiledCat, opened: Opened, used: Callable[[Build, int, Term], None]
) -> None:
    b = build(0, 0)
    thread, r = reading(b)
    used(b, thread, r)
    session = opened(b, sc)
    assert isinstance(session.find(b.eq(r, 2)), Found)
    assert isinstance(session.find(b.eq(r, 0)), GaveUp)
    assert isinstance(session.find(b.terms.false), GaveUp)
    assert session.states([r], b.terms.true).values == ((2,),)


@ALL
def test_in_the_question_itself(build: type[Build], sc: CompiledCat, opened: Opened) -> None:
    b = build(0)
    _, r = reading(b)
    assert isinstance(opened(b, sc).find(b.eq(divided(b, r), 3)), Found)
    assert isinstance(opened(b, sc).find(b.eq(divided(b, r), 9)), GaveUp)
    # 6 / r is looked at where r is not 0 alone.
    safe = b.terms.op("land", BOOL, b.terms.no(b.eq(r, 0)), b.eq(divided(b, r), 9))
    assert isinstance(opened(b, sc).find(safe), Refuted)


@ALL
def test_states_say_that_there_may_be_more(
    build: type[Build], sc: CompiledCat, opened: Opened
) -> None:
    b = build(0, 0)
    thread, r = reading(b)
    for observed, goal in (([divided(b, r)], b.terms.true), ([r], b.eq(divided(b, r), 3))):
        states = opened(b, sc).states(observed, goal)
        assert (len(states.values), states.complete) == (1, False)
    in_value(b, thread, r)
    states = opened(b, sc).states([r], b.terms.true)
    assert (states.values, states.complete) == (((2,),), False)


@pytest.mark.parametrize("engine", ["lazy", "tuple"])
def test_what_is_assumed_may_leave_it_out(build: type[Build], sc: CompiledCat, engine: str) -> None:
    """A refutation then rests on that as well as on what contradicts the goal."""
    b = build(0, 0, 0)
    thread, r = reading(b)
    in_value(b, thread, r)
    s, other = (b.read(b.thread(), 2, (0, 1)) for _ in range(2))
    b.write(b.thread(), 2, 1)
    session = Session(b.structure(), sc, engine=engine)
    goal, defined, against = b.eq(s, 1), b.terms.no(b.eq(r, 0)), b.eq(s, 0)
    assert isinstance(session.find(goal, [against]), GaveUp)
    outcome = session.find(goal, [against, b.eq(other, 1), defined])
    assert isinstance(outcome, Refuted)
    assert outcome.core == (against, defined)
    # The next question is answered for itself.
    outcome = session.find(b.eq(s, 5), [against, defined])
    assert isinstance(outcome, Refuted)
    assert outcome.core == (defined,)


@ALL
def test_of_an_access_that_goes_astray(build: type[Build], sc: CompiledCat, opened: Opened) -> None:
    """Where r is 2 there is no cell, and 6 / (r - 2) has no meaning."""
    b = build(0, 0)
    thread, r = reading(b)
    wide = b.terms.op("cast", ADDRESS, r)
    bytes_ = b.terms.op("mul", ADDRESS, wide, b.terms.const(8, ADDRESS))
    where = b.terms.op("add", ADDRESS, bytes_, b.terms.const(1000, ADDRESS))
    b.read(thread, where, (0, 2), cells=(0,))
    assert isinstance(opened(b, sc).find(b.eq(r, 2)), Found)
    b.write(thread, 1, divided(b, b.terms.op("sub", U32, r, b.const(2))))
    assert isinstance(opened(b, sc).find(b.eq(r, 2)), GaveUp)
    assert isinstance(opened(b, sc).find(b.eq(r, 0)), Found)
