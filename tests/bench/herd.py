"""herd7 over many files in one process, timed test by test.

herd7 flushes its output after each test, so the time at which a test's ``Observation`` line
arrives, less that of the test before, is what the test took: model, parsing and start-up included
for the first one. Files that it refuses produce no output; which files are meant is found by
matching the tests' names in their order.
"""

from __future__ import annotations

import os
import re
import selectors
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

SECONDS = 10.0
"""A test that takes longer is left out."""

_DONE = re.compile(rb"^Observation (\S+) (\w+)", re.M)
_FIRST = re.compile(r"\s*\w+[ \t]+([^\s\"(]\S*)")


@dataclass(frozen=True, slots=True)
class Command:
    """herd7 with its arguments, and the folder that it starts in."""

    words: tuple[str, ...]
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class HerdRun:
    """One process: ``times`` in wall seconds by file; ``wall`` and ``cpu`` of all of it.

    ``stuck`` is the file at which it was stopped, if it was.
    """

    times: dict[Path, float]
    observations: dict[Path, str]
    wall: float
    cpu: float
    stuck: Path | None


def test_name(path: Path) -> str:
    """The name inside a test as herd7 prints it."""
    found = _FIRST.match(path.read_text(encoding="utf-8", errors="replace"))
    return found[1].removesuffix(".litmus") if found else ""


def run_herd(command: Command, files: Sequence[Path], limit: float | None = SECONDS) -> HerdRun:
    """Runs herd7 over the files; stops it when one test takes longer than ``limit``."""
    started = perf_counter()
    with subprocess.Popen(
        [*command.words, *(str(file.resolve()) for file in files)],
        cwd=command.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    ) as process:
        arrivals, stopped = _watch(process, started, limit)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = perf_counter() - started
    matched = _matched(files, [name for name, _, _ in arrivals])
    times, observations, before = {}, {}, 0.0
    for (_, word, at), file in zip(arrivals, matched, strict=True):
        if file is not None:
            times[file], observations[file] = at - before, word
        before = at
    stuck = _next(files, matched) if stopped else None
    return HerdRun(times, observations, wall, usage.ru_utime + usage.ru_stime, stuck)


def _watch(
    process: subprocess.Popen[bytes], started: float, limit: float | None
) -> tuple[list[tuple[str, str, float]], bool]:
    """(Name, observation, seconds since the start) of each test; whether it was stopped."""
    assert process.stdout is not None
    found: list[tuple[str, str, float]] = []
    text, last = b"", started
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = None if limit is None else last + limit - perf_counter()
            if left is not None and (left <= 0 or not ready.select(left)):
                process.kill()
                return found, True
            piece = os.read(process.stdout.fileno(), 1 << 16)
            if not piece:
                return found, False
            now = perf_counter()
            whole, _, text = (text + piece).rpartition(b"\n")
            for line in _DONE.finditer(whole + b"\n"):
                name, word = line[1].decode(errors="replace"), line[2].decode()
                found.append((name, word, now - started))
                last = now


def _matched(files: Sequence[Path], names: Sequence[str]) -> list[Path | None]:
    """The file of each printed name: the next one in order that bears it."""
    own = [test_name(file) for file in files]
    at = 0
    found: list[Path | None] = []
    for name in names:
        try:
            place = own.index(name, at)
        except ValueError:
            found.append(None)
            continue
        found.append(files[place])
        at = place + 1
    return found


def _next(files: Sequence[Path], matched: Sequence[Path | None]) -> Path | None:
    """The file behind the last one that was answered."""
    answered = [files.index(f) for f in matched if f is not None]
    place = answered[-1] + 1 if answered else 0
    return files[place] if place < len(files) else None


@dataclass(frozen=True, slots=True)
class Sorted:
    """``answered`` is what herd7 can be compared on; ``slow`` took too long, ``silent`` gave no
    answer at all (herd7 refuses the file)."""

    answered: tuple[Path, ...]
    slow: tuple[Path, ...]
    silent: tuple[Path, ...]


def sort_out(command: Command, files: Sequence[Path], limit: float = SECONDS) -> Sorted:
    """Finds the tests that herd7 answers within the limit; goes on behind each other."""
    answered: set[Path] = set()
    slow: list[Path] = []
    left = list(files)
    while left:
        ran = run_herd(command, left, limit)
        answered |= {f for f, seconds in ran.times.items() if seconds <= limit}
        slow += [f for f, seconds in ran.times.items() if seconds > limit]
        if ran.stuck is None:
            break
        # A refused file in front of the stuck one takes its blame: it is tried again alone.
        left = left[left.index(ran.stuck) :]
        alone = run_herd(command, left[:1], limit)
        if alone.stuck is not None:
            slow.append(left[0])
        answered |= set(alone.times)
        left = left[1:]
    kept = tuple(f for f in files if f in answered)
    silent = tuple(f for f in files if f not in answered and f not in slow)
    return Sorted(kept, tuple(dict.fromkeys(slow)), silent)
