"""Which of the dependencies that a compiler may leave out a SAFE rests on."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.check.breakable import Breakable, breakable
from ksmcheck.check.influence import TimeUp
from ksmcheck.check.questions import OutOfTime
from ksmcheck.check.search import Search
from ksmcheck.check.verdict import Verdict
from ksmcheck.record import replace

_TOLD = 3
_ONE = "assuming the compiler keeps a dependency,"
_UNTOLD = "out of time: which dependencies a compiler may leave out was not found out"
_SEVERAL = "assuming the compiler keeps one of these dependencies,"


def doubts(search: Search, answer: Verdict, seconds: float) -> tuple[str, ...]:
    """A note for each of them without which the property fails; where it takes several, one for
    all. ``seconds`` are for finding them."""
    if answer.observation not in (None, "Never"):
        return ()
    try:
        found = breakable(search.structure, seconds)
        if not found or not _fails(search, found):
            return ()
        alone = [one for one in found if _fails(search, (one,))]
    except (OutOfTime, TimeUp):
        return (_UNTOLD,)
    if alone:
        return tuple(f"{_ONE} {one.text}" for one in alone)
    more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return (f"{_SEVERAL} {'; '.join(one.text for one in found[:_TOLD])}{more}",)


def _fails(search: Search, without: Sequence[Breakable]) -> bool:
    """Whether the property fails without these. Raises OutOfTime."""
    gone = {id(d) for one in without for d in one.dependencies}
    structure = search.structure
    kept = tuple(d for d in structure.dependencies if id(d) not in gone)
    other = Search(
        search.workshop,
        search.request,
        replace(structure, dependencies=kept),
        search.opened,
        search.base,
    )
    asked = other.goals.wanted if structure.quantifier == "exists" else other.goals.broken
    try:
        return other.find(asked) is not None
    finally:
        other.close()
