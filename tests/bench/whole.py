"""Whole processes: one check, the suite, and the start of the smallest test."""

from __future__ import annotations

import json
import tempfile
from functools import partial

from tests.bench.figures import median, report
from tests.bench.process import ksmcheck

PATH_A = ("check", "litmus/ksm/path-a.litmus", "--kernel", "3.9")
TINY = ("states", "litmus/classic/SB/SB.litmus", "--model")


def engine_seconds(*args: str) -> float:
    """The engine's own share of one process, from ``--json``."""
    lines = [json.loads(line) for line in ksmcheck(*args, "--json").out.splitlines()]
    return max(float(line["engine_seconds"]) for line in lines)


def whole_figures(runs: int, unit: float, *, quick: bool) -> float:
    """Prints them; the peak memory of the largest process in MB."""
    peak = 0.0

    def cpu(*args: str) -> float:
        nonlocal peak
        done = ksmcheck(*args)
        peak = max(peak, done.peak)
        return done.cpu

    report("start-up, ksmcheck --version", median(lambda: cpu("--version"), runs), unit)
    for model in ("tso", "lkmm"):
        name = f"one tiny test, {model}, process"
        report(name, median(partial(cpu, *TINY, model), runs), unit)
    for model in ("sc", "armv8", "power", "lkmm"):
        args = (*PATH_A, "--model", model)
        name = f"check path-a, {model}"
        report(f"{name}, process", median(partial(cpu, *args), runs), unit)
        engine = median(partial(engine_seconds, *args), runs)
        report(f"{name}, engine (wall)", engine, unit)
    with tempfile.TemporaryDirectory() as empty:
        first = ksmcheck(*PATH_A, "--model", "armv8", env={"KSMCHECK_CACHE": empty})
        report("check path-a, armv8, first run ever", first.cpu, unit)
    for variants in ("shipped",) if quick else ("shipped", "all"):
        suite = ksmcheck("verify", "--jobs", "2", "--variants", variants)
        peak = max(peak, suite.peak)
        report(f"suite, variants {variants}, 2 jobs (wall)", suite.wall, unit)
        report(f"suite, variants {variants}, 2 jobs", suite.cpu, unit)
    return peak
