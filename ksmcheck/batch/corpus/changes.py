"""Two runs of the same tests: what changed between them."""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.batch.corpus.answer import Answer
from ksmcheck.record import Struct


class Run(Struct, frozen=True):
    """``answers``: answers and outcomes by test. ``settings`` as the run's JSON has them."""

    answers: Mapping[str, tuple[Answer, str]]
    settings: Mapping[str, object]


_FACTOR, _LEAST = 1.5, 0.02
"""A time has changed if it did so by that factor and by that many seconds."""


class Change(Struct, frozen=True):
    """One test that is answered otherwise. ``what`` has a line for each thing that changed:
    outcome, status, observation, flags, states."""

    file: str
    what: tuple[str, ...]


class Changes(Struct, frozen=True):
    """``old_only`` and ``new_only`` are tests that the other run does not have. ``slower`` and
    ``faster`` are (test, old, new) in seconds of CPU, the largest difference first; ``totals`` the
    sums over the tests that both runs answered. ``settings`` has (name, old, new) of those that are
    not the same."""

    answers: tuple[Change, ...]
    old_only: tuple[str, ...]
    new_only: tuple[str, ...]
    slower: tuple[tuple[str, float, float], ...]
    faster: tuple[tuple[str, float, float], ...]
    totals: tuple[float, float]
    common: int
    settings: tuple[tuple[str, object, object], ...] = ()


def changes(one: Run, other: Run) -> Changes:
    """Compares two runs test by test."""
    old, new = one.answers, other.answers
    both = [file for file in old if file in new]
    found = ((file, _what(old[file], new[file])) for file in both)
    answered = [f for f in both if {old[f][0].status, new[f][0].status} == {"answered"}]
    timed = [(f, old[f][0].cpu, new[f][0].cpu) for f in answered]
    return Changes(
        answers=tuple(Change(file, what) for file, what in found if what),
        old_only=tuple(f for f in old if f not in new),
        new_only=tuple(f for f in new if f not in old),
        slower=_moved([t for t in timed if t[2] > t[1]]),
        faster=_moved([t for t in timed if t[2] < t[1]]),
        totals=(sum(t[1] for t in timed), sum(t[2] for t in timed)),
        common=len(both),
        settings=_settings(one.settings, other.settings),
    )


def _settings(
    old: Mapping[str, object], new: Mapping[str, object]
) -> tuple[tuple[str, object, object], ...]:
    names = dict.fromkeys((*old, *new))
    return tuple((n, old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n))


def _moved(timed: list[tuple[str, float, float]]) -> tuple[tuple[str, float, float], ...]:
    found = [t for t in timed if abs(t[1] - t[2]) > _LEAST and max(t[1:]) > _FACTOR * min(t[1:])]
    return tuple(sorted(found, key=lambda t: -abs(t[1] - t[2])))


def _what(old: tuple[Answer, str], new: tuple[Answer, str]) -> tuple[str, ...]:
    was, now = old[0], new[0]
    lines = []
    if old[1] != new[1]:
        lines.append(f"outcome: {old[1]} -> {new[1]}")
    if was.status == now.status == "answered":
        lines += _differing("observation", was.observation, now.observation)
        lines += _sets("flag", was.flags, now.flags)
        lines += _sets("state", was.states, now.states)
    elif was.status == now.status:
        lines += _differing("reason", was.reason, now.reason)
    return tuple(lines)


def _differing(title: str, was: str | None, now: str | None) -> list[str]:
    return [] if was == now else [f"{title}: {was} -> {now}"]


def _sets(title: str, was: tuple[str, ...] | None, now: tuple[str, ...] | None) -> list[str]:
    """Nothing where one of the runs did not ask."""
    if was is None or now is None:
        return []
    gone, come = sorted({*was} - {*now}), sorted({*now} - {*was})
    return [f"{title} gone: {x}" for x in gone] + [f"{title} new: {x}" for x in come]
