"""A program and changes of it: what sharing finds out has to be what each alone says.

One checker answers about all of them, in any order, with what it learned from those before
(``solve.lemmas``, ``solve.ground``, ``check.answers``); an asker answers by selectors where it can;
and a new checker knows of nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ksmcheck.check.check import Checker
from ksmcheck.check.verdict import UNKNOWN, Request, Verdict
from ksmcheck.program.change import Change
from ksmcheck.record import replace
from ksmcheck.text import InputError
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.matrix import ALL_KINDS, chosen_changes

Changes = tuple[Change, ...]

_SINGLE, _DOUBLE = 4, 2
"""Changes alone, and two at a time."""


def differences(request: Request, checker: Checker) -> list[str]:
    """Where the three say different things, each in a line. Raises InputError for the program as it
    is, and whatever a bug raises."""
    workshop = checker.workshop
    shared = Checker(workshop.with_models_only())
    asker = Asker(workshop.with_models_only())
    found = []
    for changes in _sets(request, shared):
        changed = replace(request, changes=changes)
        said = {
            "sharing": _said(shared.check, changed),
            "by selectors": _said(asker.check, changed),
            "alone": _said(Checker(workshop.with_models_only()).check, changed),
        }
        if UNKNOWN not in said.values() and len(set(said.values())) > 1:
            found.append(f"{', '.join(map(str, changes)) or 'as it is'}: {said}")
    return found


def _sets(request: Request, checker: Checker) -> list[Changes]:
    """Some changes of the program, one and two at a time, and none, in any order."""
    text = checker.workshop.test(request).span.source.text
    random = Random(text)
    every = chosen_changes(checker.workshop.spots(request), ALL_KINDS, everything=True)
    alone = random.sample(every, min(_SINGLE, len(every)))
    pairs = [random.sample(every, 2) for _ in range(_DOUBLE) if len(every) > 1]
    sets: list[Changes] = [(), *((change,) for change in alone), *map(tuple, pairs)]
    random.shuffle(sets)
    return sets


def _said(check: Callable[[Request], Verdict], request: Request) -> str:
    """The verdict in words, or what is wrong with the changed program."""
    try:
        verdict = check(request)
    except InputError as error:
        if not request.changes:
            raise
        return error.diagnostic.message
    if verdict.verdict == UNKNOWN:
        return UNKNOWN
    return f"{verdict.verdict} {verdict.observation}"
