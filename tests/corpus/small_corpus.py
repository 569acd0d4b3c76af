"""A small corpus with answers that any textbook gives."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ksmcheck.batch.corpus.answer import Answer, Answerer, Settings
from ksmcheck.batch.corpus.tests import CorpusTest

SB = """C SB
(* Result: {result} *)
{{}}
P0(int *x, int *y) {{ int r0; WRITE_ONCE(*x, 1); {fence} r0 = READ_ONCE(*y); }}
P1(int *x, int *y) {{ int r0; WRITE_ONCE(*y, 1); {fence} r0 = READ_ONCE(*x); }}
exists (0:r0=0 /\\ 1:r0=0)
"""

# Both threads publish the address of what they wrote; a reader follows it.
POINTER = """C pointer
{ int *p = &a; }
P0(int **p, int *b) { WRITE_ONCE(*b, 1); smp_store_release(p, b); }
P1(int **p) { int *r0; int r1; r0 = smp_load_acquire(p); r1 = READ_ONCE(*r0); }
exists (1:r0=b /\\ 1:r1=0)
"""

RACE = """C race
{}
P0(int *x) { *x = 1; }
P1(int *x) { int r0; r0 = READ_ONCE(*x); }
exists (1:r0=1)
"""

THREE = "0:r0=0; 1:r0=1; | 0:r0=1; 1:r0=0; | 0:r0=1; 1:r0=1;"
FOUR = f"0:r0=0; 1:r0=0; | {THREE}"

# As herd7 prints them: all four outcomes of store buffering but, with full fences, both zeros.
TABLE = [
    ("SB.litmus", "Sometimes", "4", FOUR, ""),
    ("deep/SB+mbs.litmus", "Never", "3", THREE, ""),
    ("pointer.litmus", "Never", "2", "1:r0=a; 1:r1=0; | 1:r0=b; 1:r1=1;", ""),
    ("race.litmus", "Sometimes", "2", "1:r0=0; | 1:r0=1;", "data-race"),
]


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.out.rstrip("\n").rpartition("\n")[2]


Run = Callable[..., Ran]


def write_table(folder: Path, rows: Sequence[tuple[str, ...]]) -> Path:
    path = folder / "expected.tsv"
    lines = ["file\tobservation\tstates\tfinal_states\tflags", *("\t".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def changed(file: str, **fields: str) -> list[tuple[str, ...]]:
    """TABLE with some columns of one test's row replaced."""
    names = ("file", "observation", "states", "final_states", "flags")
    return [
        tuple(fields.get(n, v) for n, v in zip(names, row, strict=True)) if row[0] == file else row
        for row in TABLE
    ]


def deadly_work(chunk: tuple[CorpusTest, ...]) -> list[Answer]:
    """In place of a worker's own: one test kills the process that it runs in."""
    if any(test.file == "SB.litmus" for test in chunk):
        os._exit(9)
    return [Answerer.start(Settings()).answer(test) for test in chunk]
