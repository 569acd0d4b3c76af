"""``make bench``: medians of whole-process times, beside a fixed calibration loop.

Each figure is the median over its runs of wall time, with the peak resident memory of the largest
run. The calibration loop is fixed pure-Python work timed in the same run: divide by it to compare
figures from different machines or days.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[2]
KSMCHECK = Path(sys.executable).with_name("ksmcheck")


def calibration() -> float:
    """Seconds for a fixed amount of pure-Python integer work."""
    started = perf_counter()
    total = 0
    for i in range(2_000_000):
        total ^= i * i
    assert total
    return perf_counter() - started


def run(args: Sequence[str], env: dict[str, str] | None = None) -> float:
    """Wall seconds of one ``ksmcheck`` process; its verdicts do not matter here, its errors do."""
    started = perf_counter()
    done = subprocess.run(
        [str(KSMCHECK), *args],
        capture_output=True,
        env={**os.environ, **(env or {})},
        cwd=ROOT,
        check=False,
    )
    if done.returncode in (2, 3):
        sys.exit(done.stderr.decode())
    return perf_counter() - started


def engine_seconds(args: Sequence[str]) -> float:
    """The engine's own share of one process, from ``--json``."""
    done = subprocess.run(
        [str(KSMCHECK), *args, "--json"], capture_output=True, cwd=ROOT, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return max(float(line["engine_seconds"]) for line in lines)


def median(measure: Callable[[], float], runs: int) -> float:
    return statistics.median(measure() for _ in range(runs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each short figure")
    parser.add_argument("--quick", action="store_true", help="leave the long figures out")
    options = parser.parse_args()
    unit = median(calibration, options.runs)
    print(f"{'calibration loop':48} {unit:8.3f} s")
    path_a = ["check", "litmus/ksm/path-a.litmus", "--kernel", "3.9"]
    for model in ("sc", "armv8", "power", "lkmm"):
        args = [*path_a, "--model", model]
        report(f"check path-a, {model}, process", median(lambda a=args: run(a), options.runs), unit)  # type: ignore[misc]
        report(
            f"check path-a, {model}, engine",
            median(lambda a=args: engine_seconds(a), options.runs),
            unit,
        )  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as empty:
        cold = {"KSMCHECK_CACHE": empty}
        report(
            "check path-a, armv8, first run ever", run([*path_a, "--model", "armv8"], cold), unit
        )
    report(
        "suite as shipped, 2 jobs", run(["verify", "--jobs", "2", "--variants", "shipped"]), unit
    )
    if not options.quick:
        report(
            "suite with all variants, 2 jobs",
            run(["verify", "--jobs", "2", "--variants", "all"]),
            unit,
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{'peak memory of the largest process':48} {peak:8.0f} MB")


def report(name: str, seconds: float, unit: float) -> None:
    print(f"{name:48} {seconds:8.3f} s {seconds / unit:8.2f} x calibration", flush=True)


if __name__ == "__main__":
    main()
