"""The states of threads in C beside those of what a compiler makes of them."""

from __future__ import annotations

from pathlib import Path

from ksmcheck.check import Checker, Request
from ksmcheck.check.verdict import Observed
from ksmcheck.text import InputError
from tests.compiled.machines import Machine
from tests.compiled.threads import RESULTS, SHARED, Threads

EQUAL = "equal"
WEAKER = "weaker in C"
TOLD = "the compiler orders less, as is told"
OPEN = "not answered"
MISSED = "MISSED"
"""The machine's own code has a state that the C has not, and no SAFE without it says why."""

_SECONDS = 20.0


def compare(threads: Threads, machine: Machine, folder: Path, checker: Checker) -> str:
    """One of the words above, for what the machine's compiler makes."""
    return compare_texts(threads.litmus(), machine.assembly(threads), machine, folder, checker)


def compare_texts(
    text: str, assembly: str, machine: Machine, folder: Path, checker: Checker
) -> str:
    """The same for two tests that show the same locations."""
    try:
        ours, theirs = (_states(one, machine, folder, checker) for one in (text, assembly))
    except (InputError, TimeoutError):
        return OPEN
    missing = [state for state in theirs if state not in ours]
    if missing:
        told = all(_told(text, state, machine, folder) for state in missing)
        return TOLD if told else MISSED
    return EQUAL if len(ours) == len(theirs) else WEAKER


def _states(text: str, machine: Machine, folder: Path, checker: Checker) -> set[tuple[int, ...]]:
    checker.forget()  # what was in that file before
    observed = checker.states(_request(text, machine, folder))
    order = [_place(observed, name) for name in (*SHARED, *RESULTS)]
    return {tuple(state[place] for place in order) for state in observed.states}


def _place(observed: Observed, name: str) -> int:
    return observed.texts.index(name)


def _told(text: str, state: tuple[int, ...], machine: Machine, folder: Path) -> bool:
    """Whether a SAFE that rules the state out names a dependency that a compiler may leave out."""
    named = zip((*SHARED, *RESULTS), state, strict=True)
    final = "~exists (" + " /\\ ".join(f"{name}={value}" for name, value in named) + ")"
    request = _request(text[: text.rindex("exists")] + final, machine, folder)
    notes = Checker(doubting=True).check(request).notes
    return any(note.startswith("assuming the compiler keeps") for note in notes)


def _request(text: str, machine: Machine, folder: Path) -> Request:
    path = folder / "t.litmus"
    path.write_text(text)
    return Request(path, machine.model, timeout=_SECONDS)
