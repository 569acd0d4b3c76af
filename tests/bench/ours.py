"""ksmcheck over many files in one process."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.process import KSMCHECK, spent


@dataclass(frozen=True, slots=True)
class OurRun:
    """Seconds by file, wall and CPU, of the tests that were answered; ``wall`` and ``cpu`` of the
    whole process, start-up and parsing included. ``unanswered``: file to reason."""

    walls: dict[Path, float]
    cpus: dict[Path, float]
    observations: dict[Path, str]
    unanswered: dict[Path, str]
    wall: float
    cpu: float


def run_ours(files: Sequence[Path], mode: str, *, timeout: float = 60.0) -> OurRun:
    """One process for all the files."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, saved = Path(scratch, "tests"), Path(scratch, "run.json")
        links = _linked(files, folder)
        args = ["corpus", str(folder), "--mode", mode, "--timeout", str(timeout)]
        done = spent([str(KSMCHECK), *args, "--json", str(saved)])
        tests = json.loads(saved.read_text(encoding="utf-8"))["tests"]
    answered = {links[t["file"]]: t for t in tests if t["status"] == "answered"}
    return OurRun(
        walls={f: t["seconds"] for f, t in answered.items()},
        cpus={f: t["cpu"] for f, t in answered.items()},
        observations={f: t["observation"] for f, t in answered.items()},
        unanswered={links[t["file"]]: t["reason"] for t in tests if t["status"] != "answered"},
        wall=done.wall,
        cpu=done.cpu,
    )


def _linked(files: Sequence[Path], folder: Path) -> dict[str, Path]:
    """A folder with a link to each file, numbered so that they run in this order."""
    folder.mkdir()
    found = {}
    for number, file in enumerate(files):
        name = f"{number:05}.litmus"
        (folder / name).symlink_to(file.resolve())
        found[name] = file
    return found
