"""Figures: a fixed unit of work, medians, and how they are printed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from time import process_time


def calibration() -> float:
    """CPU seconds for a fixed amount of pure-Python integer work."""
    started = process_time()
    total = 0
    for i in range(2_000_000):
        total ^= i * i
    assert total
    return process_time() - started


def median(measure: Callable[[], float], runs: int) -> float:
    return statistics.median(measure() for _ in range(runs))


def report(name: str, seconds: float, unit: float) -> None:
    print(f"{name:48} {seconds:8.3f} s {seconds / unit:8.2f} x calibration", flush=True)


def share(values: Sequence[float], part: float) -> float:
    """The value below or at which ``part`` of the values lie; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
