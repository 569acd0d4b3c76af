"""Every form of a flag, in every engine: what cat says it means, by hand.

A flag that is lost is a data race that nobody hears of, and so is one that is taken for another.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.solve.explicit import ExplicitSession
from ksmcheck.solve.limits import Limits
from ksmcheck.solve.outcome import Found
from ksmcheck.solve.session import Session
from ksmcheck.solve.space import space_of
from ksmcheck.solve.straight import MOST, StraightSession, straight
from ksmcheck.solve.wide import WideSession
from tests.solve.conftest import Build, CatOf

Opened = Callable[[Build, CompiledCat], Session | ExplicitSession | StraightSession | WideSession]


def directly(b: Build, cat: CompiledCat) -> StraightSession:
    session = straight(b.structure(), cat, Limits(), lambda: Session(b.structure(), cat))
    assert isinstance(session, StraightSession)
    return session


def widely(b: Build, cat: CompiledCat) -> WideSession:
    space = space_of(b.structure(), cat, MOST)
    assert space is not None
    return WideSession(space, cat, Limits(), lambda: Session(b.structure(), cat))


ENGINES: dict[str, Opened] = {
    "lazy": lambda b, cat: Session(b.structure(), cat),
    "tuple": lambda b, cat: Session(b.structure(), cat, engine="tuple"),
    "explicit": lambda b, cat: ExplicitSession(b.structure(), cat),
    "straight": directly,
    "wide": widely,
}
ALL = pytest.mark.parametrize("opened", ENGINES.values(), ids=ENGINES)


@ALL
def test_conditions_of_one_relation(build: type[Build], cat_of: CatOf, opened: Opened) -> None:
    """P1 reads 1 from P0 or 0 from the beginning; that rf is in no circle either way, and with
    what leads back to P0 it is in one where there is a pair at all."""
    forms = ("empty", "~empty", "irreflexive", "~irreflexive", "acyclic", "~acyclic")
    text = ["let seen = rfe \\ (IW * _)", "let round = seen | (R * W) & loc", "empty 0 as nothing"]
    text += [f"flag {form} {name}" for name in ("seen", "round") for form in forms]
    cat = cat_of("\n".join(text))
    b = build(0)
    b.write(b.thread(), 0, 1)
    read = b.read(b.thread(), 0, (0, 1))
    session = opened(b, cat)  # one for all: an answer is not taken for another's
    raised = {
        value: [
            isinstance(session.find_flag(c, b.eq(read, value)), Found) for c in cat.checks if c.flag
        ]
        for value in (0, 1)
    }
    assert raised == {
        0: [True, False, True, False, True, False, False, True, True, False, True, False],
        1: [False, True, True, False, True, False, False, True, True, False, False, True],
    }


@ALL
@pytest.mark.parametrize(
    ("relation", "has_some"),
    [
        *((r, True) for r in ("rmw?", "rmw*", "~rmw", "~F", "[_]", "~F * W", "rmw | id", "W \\ F")),
        *((r, True) for r in ("domain(po)", "W & domain(po)", "[range(po) & R] ; po^-1")),
        *((r, False) for r in ("rmw+", "rmw^-1", "domain(rmw)", "range(rmw)", "[F]", "rmw ; po")),
        *((r, False) for r in ("po & rmw", "F * W", "W * F", "rmw \\ po", "rmw ; rmw?", "F & W")),
    ],
)
def test_of_what_the_program_has_nothing_of(
    build: type[Build], cat_of: CatOf, opened: Opened, relation: str, has_some: bool
) -> None:
    """It has neither fences nor atomic updates: what is made of these alone is empty, but for
    operators that have something of every event."""
    flags = f"flag ~empty ({relation}) as some\nflag empty ({relation}) as none\n"
    cat = cat_of(f"empty 0 as nothing\n{flags}")
    b = build(0)
    thread = b.thread()
    b.write(thread, 0, 1)
    b.read(thread, 0, (0, 1))
    session = opened(b, cat)
    some, none = (
        isinstance(session.find_flag(c, b.terms.true), Found) for c in cat.checks if c.flag
    )
    assert (some, none) == (has_some, not has_some)


@ALL
def test_one_model_for_several_programs(build: type[Build], cat_of: CatOf, opened: Opened) -> None:
    """What was found out for one kind of program is not taken for another's."""
    cat = cat_of("empty 0 as nothing\nflag ~empty [Mb] ; po ; [W] as fenced\n")
    (flag,) = (c for c in cat.checks if c.flag)

    def raised(*tags: str) -> bool:
        b = build(0)
        thread = b.thread()
        b.fence(thread, *tags)
        b.write(thread, 0, 1)
        return isinstance(opened(b, cat).find_flag(flag, b.terms.true), Found)

    assert [raised(), raised("Mb"), raised("Wmb"), raised("Mb")] == [False, True, False, True]


@ALL
def test_definitions_that_need_each_other(
    build: type[Build], cat_of: CatOf, opened: Opened
) -> None:
    """``all`` has what ``some`` has, which begins with po."""
    cat = cat_of(
        "let rec all = some and some = (all & rf) | po\nempty 0 as nothing\nflag ~empty all as a\n"
    )
    (flag,) = (c for c in cat.checks if c.flag)
    b = build(0)
    thread = b.thread()
    b.write(thread, 0, 1)
    b.write(thread, 0, 2)
    assert isinstance(opened(b, cat).find_flag(flag, b.terms.true), Found)
