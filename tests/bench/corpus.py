"""The corpus section: each family in one process, beside herd7 where there is one."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.figures import share
from tests.bench.herd import SECONDS, Command, HerdRun, run_herd, sort_out
from tests.bench.ours import OurRun, run_ours
from tests.conformance.families import BY_COMMENT, Family, families

MODES = ("states", "verdict")
TARGETS = {"states": (10, 4), "verdict": (20, 8)}
"""At least so many times faster than herd7: in all, and for the median test."""

HERD_MODELS = {
    "X86": "x86tso.cat",
    "X86_64": "x86tso.cat",
    "AARCH64": "aarch64.cat",
    "ARM": "arm.cat",
    "PPC": "ppc.cat",
    "RISCV": "riscv.cat",
}
"""herd7's own model for a test's language."""


@dataclass(frozen=True, slots=True)
class Herd:
    """``args`` for all families, ``family_args`` for one instead of its language's. ``kernel`` is a
    kernel tree, whose tools/memory-model is for tests in C."""

    path: str
    args: tuple[str, ...] = ()
    family_args: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kernel: Path | None = None

    def command(self, family: Family) -> Command:
        """What runs it on a family. tools/memory-model/README: herd7 starts in that folder."""
        if family.name in self.family_args:
            return Command((self.path, *self.args, *self.family_args[family.name]))
        language = _language(family)
        if language == "C" and self.kernel is not None:
            folder = self.kernel / "tools" / "memory-model"
            return Command((self.path, *self.args, "-conf", "linux-kernel.cfg"), folder)
        model = HERD_MODELS.get(language)
        return Command((self.path, *self.args, *(("-model", model) if model else ())))


def _language(family: Family) -> str:
    """Of its first test, in capitals."""
    for name in family.files[:1]:
        words = (family.folder / name).read_text(encoding="utf-8", errors="replace").split(None, 1)
        return words[0].upper() if words else ""
    return ""


def corpus_section(corpus: Path, herd: Herd | None, names: Sequence[str] = ()) -> None:
    """Prints the figures of each family (only ``names``, if any)."""
    found = [f for f in families(corpus) if not names or f.name in names]
    if not found:
        sys.exit(f"{corpus} has no such family folder")
    print("\ncorpus, one process a family, parsing and start-up included; times in ms a test")
    for family in found:
        files = [family.folder / name for name in family.files]
        if herd is None:
            _alone(family, files)
        else:
            _beside(family, files, herd)


def _alone(family: Family, files: Sequence[Path]) -> None:
    for mode in MODES:
        if family.name == BY_COMMENT and mode == "states":
            continue
        ran = run_ours(files, mode)
        print(_ours_line(family, mode, ran), flush=True)
        _unanswered(ran)


def _ours_line(family: Family, mode: str, ran: OurRun) -> str:
    cpus, walls = list(ran.cpus.values()), list(ran.walls.values())
    return (
        f"{family.name:8} {mode:8} {len(cpus):4} tests  cpu total {ran.cpu:7.2f} s, "
        f"{_spread(cpus)}  wall total {ran.wall:7.2f} s, {_spread(walls)}"
    )


def _spread(seconds: Sequence[float]) -> str:
    figures = (share(seconds, 0.5), share(seconds, 0.9), max(seconds, default=0.0))
    return "median {:.2f} p90 {:.2f} max {:.1f}".format(*(1000 * x for x in figures))


def _unanswered(ran: OurRun) -> None:
    for file, reason in list(ran.unanswered.items())[:5]:
        print(f"    not answered: {file.name}: {reason}")
    if len(ran.unanswered) > 5:
        print(f"    not answered: ... {len(ran.unanswered) - 5} more")


def _beside(family: Family, files: Sequence[Path], herd: Herd) -> None:
    command = herd.command(family)
    kept = sort_out(command, files, SECONDS)
    print(f"{family.name}: {len(kept.answered)} of {len(files)} tests compared", flush=True)
    for title, left in (
        (f"herd7 needs longer than {SECONDS:g} s", kept.slow),
        ("no answer", kept.silent),
    ):
        for file in left:
            print(f"    left out, {title}: {file.name}")
    if not kept.answered:
        return
    theirs = run_herd(command, kept.answered, None)
    print(f"    herd7             total {theirs.wall:8.2f} s wall {theirs.cpu:8.2f} s cpu")
    for mode in MODES:
        _compare(mode, run_ours(kept.answered, mode), theirs)


def _compare(mode: str, ours: OurRun, theirs: HerdRun) -> None:
    both = [f for f in ours.walls if f in theirs.times]
    ratios = [theirs.times[f] / max(ours.walls[f], 1e-6) for f in both]
    whole, typical = TARGETS[mode]
    print(
        f"    {mode:8}  total {ours.wall:8.2f} s wall {ours.cpu:8.2f} s cpu  "
        f"ratio {theirs.cpu / ours.cpu:5.1f} (cpu), {theirs.wall / ours.wall:5.1f} (wall), "
        f"aim {whole}; median test {statistics.median(ratios or [0]):5.1f}, aim {typical}"
    )
    for file in sorted(both, key=lambda f: theirs.times[f] - ours.walls[f])[:3]:
        late = ours.walls[file] - theirs.times[file]
        if late > 0:
            note = "  MORE THAN 50 ms" if late > 0.05 else ""
            print(
                f"        slower than herd7: {1000 * ours.walls[file]:.1f} ms "
                f"against {1000 * theirs.times[file]:.1f}  {file.name}{note}"
            )
    for file in both:
        if ours.observations[file] != theirs.observations[file]:
            print(
                f"        herd7 says {theirs.observations[file]}, "
                f"we {ours.observations[file]}: {file.name}"
            )
    _unanswered(ours)
