"""Processes and what they cost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[2]
KSMCHECK = Path(sys.executable).with_name("ksmcheck")


@dataclass(frozen=True, slots=True)
class Spent:
    """``wall`` and ``cpu`` in seconds (its own children included), ``peak`` in MB."""

    wall: float
    cpu: float
    peak: float
    out: str
    code: int


def spent(command: Sequence[str], env: Mapping[str, str] | None = None) -> Spent:
    """Runs a command to its end; standard error goes to a temporary file and is dropped."""
    started = perf_counter()
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **(env or {})},
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = perf_counter() - started
    cpu = usage.ru_utime + usage.ru_stime
    return Spent(wall, cpu, usage.ru_maxrss / 1024, out, process.returncode)


def ksmcheck(*args: str, env: Mapping[str, str] | None = None) -> Spent:
    """One ``ksmcheck`` process. Its verdicts do not matter here, its errors end the measurement."""
    done = spent([str(KSMCHECK), *args], env)
    if done.code in (2, 3):
        sys.exit(f"ksmcheck {' '.join(args)}: exit code {done.code}\n{done.out}")
    return done
