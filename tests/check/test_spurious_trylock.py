"""A trylock that fails though the lock is free, where the kernel's may.

Sources, 6.12: include/asm-generic/qrwlock.h: a writer that waits sets _QW_WAITING beside the
readers that are still in, and queued_read_trylock() fails on that; a reader counts itself before it
looks, so that queued_write_trylock() fails on one that will take its count back.
kernel/locking/rwsem.c: RWSEM_FLAG_WAITERS does the same. arch/{arm,alpha}/include/asm/spinlock.h:
no bit for who waits, and what fails to store tries again; so do those of POWER and Alpha at 3.9.
3.9: arch/x86/include/asm/spinlock.h counts first. arch/{arm,arm64}/include/asm/spinlock.h: one
exclusive store, which may fail for reasons of its own (6.12's ARM tries again for that reason).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.report.effects import effect, words_for
from ksmcheck.report.timeline import timeline
from tests.fresh import fresh_checker

MODELS = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")
POINTS = [(m, k) for m in MODELS for k in ("3.9", "6.12") if (m, k) != ("riscv", "3.9")]
QUEUED = {("rwlock", m, "6.12") for m in MODELS if m not in ("armv7", "alpha")}
QUEUED |= {("rwsem", m, "6.12") for m in MODELS}
QUEUED |= {(kind, m, "3.9") for kind in ("rwlock", "rwsem") for m in ("sc", "tso", "lkmm")}
ONCE = {(m, "3.9") for m in ("armv7", "armv8")}
NONE = {("rwsem", m, "3.9") for m in ("armv7", "armv8", "power", "alpha")}
"""Refused: a reader that had to wait left its wait without a barrier."""
RWLOCK = {"R_IN": "read_lock", "W_IN": "write_lock", "R_TRY": "read_trylock"}
RWLOCK |= {"R_OUT": "read_unlock", "W_OUT": "write_unlock", "W_TRY": "write_trylock"}
RWSEM = {"R_IN": "down_read", "W_IN": "down_write", "R_TRY": "down_read_trylock"}
RWSEM |= {"R_OUT": "up_read", "W_OUT": "up_write", "W_TRY": "down_write_trylock"}
KINDS = {"rwlock": ("rwlock_t", RWLOCK), "rwsem": ("struct rw_semaphore", RWSEM)}


def check(
    text: str, folder: Path, model: str, kernel: str, kind: str = "rwlock", **more: object
) -> Verdict:
    type, words = KINDS[kind]
    for name, word in words.items():
        text = text.replace(name, word)
    path = folder / "t.litmus"
    path.write_text(f"C t\n{type} l;\nspinlock_t s;\nint x;\nint y;\nint z;\n{{ }}\n{text}\n")
    return fresh_checker().check(Request(path, model, kernel, **more))  # type: ignore[arg-type]


CASES = [(k, m, p) for k in KINDS for m, p in POINTS if (k, m, p) not in NONE]

_WAITS = """
P0() { R_IN(&l); int r0 = READ_ONCE(y); int r1 = READ_ONCE(z); R_OUT(&l); }
P1() { W_IN(&l); WRITE_ONCE(z, 1); W_OUT(&l); }
P2() { int r0 = R_TRY(&l); smp_mb(); WRITE_ONCE(y, 1); if (r0) R_OUT(&l); }
exists (0:r0=1 /\\ 0:r1=0 /\\ 2:r0=0)
"""


@pytest.mark.parametrize(("kind", "model", "kernel"), CASES)
def test_a_writer_that_waits(kind: str, model: str, kernel: str, tmp_path: Path) -> None:
    """P2 fails before P0 is done, and P0 is done before P1 comes in: nobody holds it for writing
    when P2 fails."""
    seen = check(_WAITS, tmp_path, model, kernel, kind).observation
    may = (kind, model, kernel) in QUEUED or (model, kernel) in ONCE
    assert seen == ("Sometimes" if may else "Never")


_COUNTED = """
P0() { W_IN(&l); W_OUT(&l); smp_store_release(&x, 1); }
P1() { int r0 = smp_load_acquire(&x); int r1 = W_TRY(&l); if (r1) W_OUT(&l); }
P2() { int r0 = R_TRY(&l); if (r0) R_OUT(&l); }
exists (1:r0=1 /\\ 1:r1=0 /\\ 2:r0=0)
"""


@pytest.mark.parametrize("model", MODELS)
def test_a_reader_that_takes_its_count_back(model: str, tmp_path: Path) -> None:
    """P0 is done when P1 tries, and P2 never gets it."""
    seen = check(_COUNTED, tmp_path, model, "6.12").observation
    assert seen == ("Sometimes" if ("rwlock", model, "6.12") in QUEUED else "Never")


_BOTH = "".join(
    f"P{n}() {{ int r0 = W_TRY(&l); if (r0) WRITE_ONCE({x}, 1); }}\n" for n, x in enumerate("xy")
)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", KINDS)
def test_one_of_two_writers_gets_it(kind: str, model: str, tmp_path: Path) -> None:
    """Their cmpxchg leaves nothing behind where it fails."""
    none = check(_BOTH + "exists (x=0 /\\ y=0)", tmp_path, model, "6.12", kind)
    assert none.observation == "Never"


@pytest.mark.parametrize("side", ["R", "W"])
@pytest.mark.parametrize(("kind", "model", "kernel"), CASES)
def test_alone(kind: str, model: str, kernel: str, side: str, tmp_path: Path) -> None:
    """Nobody is in the way, whatever others might have done; an exclusive store needs no reason."""
    text = f"P0() {{ int r0 = {side}_TRY(&l); if (r0) {side}_OUT(&l); }}\n"
    never = "P1() { if (READ_ONCE(x)) { W_IN(&l); W_OUT(&l); } }\n"
    seen = check(text + never + "exists (0:r0=0)", tmp_path, model, kernel, kind).observation
    assert seen == ("Sometimes" if (model, kernel) in ONCE else "Never")


@pytest.mark.parametrize(("model", "kernel"), POINTS)
def test_spin_trylock(model: str, kernel: str, tmp_path: Path) -> None:
    """Who waits for a spin lock is served in order, so that a failure is one on its lock."""
    text = "P0() { int r0 = spin_trylock(&s); if (r0) spin_unlock(&s); }\nexists (0:r0=0)"
    seen = check(text, tmp_path, model, kernel).observation
    assert seen == ("Sometimes" if (model, kernel) in ONCE else "Never")


@pytest.mark.parametrize(("model", "kernel"), [("sc", "6.12"), ("armv8", "6.12"), ("armv7", "3.9")])
def test_nobody_fails_for_ever(model: str, kernel: str, tmp_path: Path) -> None:
    text = "P0() { while (!W_TRY(&l)) cpu_relax(); W_OUT(&l); }\nP1() { R_IN(&l); R_OUT(&l); }\n"
    assert check(text, tmp_path, model, kernel, liveness=True).verdict == "SAFE"
    kept = text.replace("R_OUT(&l); }\n", "}\n")
    assert check(kept + "exists (x=0)", tmp_path, model, kernel, liveness=True).verdict != "SAFE"


@pytest.mark.parametrize("engine", ["lazy", "explicit", "tuple"])
def test_every_engine_knows(engine: str, tmp_path: Path) -> None:
    """P1 comes second, and may have waited then; readers alone are not in each other's way."""
    first = "P0() { int r0 = R_TRY(&l); WRITE_ONCE(x, r0); if (r0) R_OUT(&l); }\n"
    writes = first + "P1() { W_IN(&l); int r0 = READ_ONCE(x); }\nexists (0:r0=0 /\\ 1:r0=0)"
    reads = first + "P1() { R_IN(&l); int r0 = READ_ONCE(x); }\nexists (0:r0=0)"
    for model in ("sc", "lkmm"):
        for text, seen in ((writes, "Sometimes"), (reads, "Never")):
            assert check(text, tmp_path, model, "6.12", engine=engine).observation == seen


def test_what_the_witness_says(tmp_path: Path) -> None:
    found = check(_WAITS, tmp_path, "sc", "6.12")
    assert found.witness is not None
    told = (
        effect(m, words_for(found.witness.cells, ("P0", "P1", "P2")))
        for m in timeline(found.witness.execution)
    )
    assert "l.lock = 0  (fails, though free)" in told
