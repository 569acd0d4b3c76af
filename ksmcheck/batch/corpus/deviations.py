"""Deliberate differences from recorded answers, each with its reason and source.

[[deviation]]
id = "copy-dependency"
reason = "..."
source = "..."
tests = ["lkmm/dep+plain.litmus"]
observation = "Never"    # optional: what we answer; any other answer is a disagreement
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ksmcheck.batch.corpus.expected import OBSERVATIONS
from ksmcheck.batch.suite import read_toml
from ksmcheck.record import Struct
from ksmcheck.text import InputError

DEVIATIONS = "deviations.toml"
"""The file beside the shipped models: where ksmcheck means to differ from herd7."""

_NEEDED = ("id", "reason", "source", "tests")
_KNOWN = (*_NEEDED, "observation")


class Deviation(Struct, frozen=True):
    """``tests`` are paths below the corpus folder, or below the folder that it lies in, or names of
    tests (a file's without its ending). None: the difference is one of principle."""

    id: str
    reason: str
    source: str
    tests: tuple[str, ...]
    observation: str | None = None


class Deviations(Struct, frozen=True):
    """All that a file lists; ``by_test`` has the one of each test."""

    all: tuple[Deviation, ...] = ()
    by_test: Mapping[str, Deviation] | None = None

    def of(self, folder: Path, file: str) -> Deviation | None:
        known = self.by_test or {}
        places = [file]
        if any(place.endswith(f"/{file}") for place in known):
            places.append(f"{folder.resolve().name}/{file}")  # the file system is slow to tell
        places.append(Path(file).stem)
        return next((known[place] for place in places if place in known), None)


def read_deviations(path: Path) -> Deviations:
    """Raises InputError for a malformed file, and for a test under two reasons."""
    table = read_toml(path)
    entries = table.get("deviation", [])
    if set(table) - {"deviation"} or not isinstance(entries, list):
        raise InputError(f"{path}: only [[deviation]] tables may stand here")
    found = tuple(_deviation(path, number, entry) for number, entry in enumerate(entries, 1))
    by_test: dict[str, Deviation] = {}
    for one in found:
        for test in one.tests:
            if test in by_test:
                raise InputError(f"{path}: {test} is under {by_test[test].id} and {one.id}")
            by_test[test] = one
    return Deviations(found, by_test)


def _deviation(path: Path, number: int, entry: Any) -> Deviation:
    where = f"{path}: deviation {number}"
    if not isinstance(entry, dict):
        raise InputError(f"{where} is no table", hint="write [[deviation]]")
    for key in _NEEDED:
        if key not in entry or entry[key] == "":
            raise InputError(f"{where} has no {key}", hint=f"each has {', '.join(_NEEDED)}")
    for key in entry:
        if key not in _KNOWN:
            raise InputError(f"{where}: {key!r} is unknown", hint=f"known: {', '.join(_KNOWN)}")
    tests = entry["tests"]
    if not isinstance(tests, list) or not all(isinstance(t, str) for t in tests):
        raise InputError(f"{where}: tests is a list of strings")
    texts = [entry["id"], entry["reason"], entry["source"], entry.get("observation", "")]
    if not all(isinstance(text, str) for text in texts):
        raise InputError(f"{where}: id, reason, source and observation are strings")
    if texts[3] and texts[3] not in OBSERVATIONS:
        raise InputError(
            f"{where}: {texts[3]!r} is no observation", hint=f"one of {', '.join(OBSERVATIONS)}"
        )
    return Deviation(texts[0], texts[1], texts[2], tuple(tests), texts[3] or None)
