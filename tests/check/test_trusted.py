"""What SAFE takes on trust where the model leaves something of the kernel's locks out.

Sources: include/asm-generic/qrwlock.h of 6.12, queued_read_trylock(): the reader is counted, and
taken back where a writer is seen, so that a write_trylock() in between fails on a lock that nobody
holds. arch/arm64 and arch/arm of 3.9, arch_spin_trylock(): one exclusive store, which may fail.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request


def notes(folder: Path, lock: str, call: str, model: str, kernel: str, end: str) -> str:
    path = folder / "t.litmus"
    path.write_text(
        f"C t\n{lock} l;\nint x;\n{{ }}\n"
        f"P0() {{ int r; r = {call}_trylock(&l); WRITE_ONCE(x, 1); }}\n"
        f"P1() {{ READ_ONCE(x); }}\n{end}\n"
    )
    return " ".join(Checker().check(Request(path, model, kernel)).notes)


@pytest.mark.parametrize("end", ["~exists (x=2)", "exists (x=2)", "exists (x=1)"])
@pytest.mark.parametrize(
    ("lock", "call"),
    [
        ("rwlock_t", "read"),
        ("rwlock_t", "write"),
        ("struct rw_semaphore", "down_read"),
        ("struct rw_semaphore", "down_write"),
    ],
)
def test_a_reader_writer_trylock(lock: str, call: str, end: str, tmp_path: Path) -> None:
    """Whoever relies on its success alone: SAFE, Never and Always."""
    for model in ("lkmm", "armv8"):
        assert "try to take it" in notes(tmp_path, lock, call, model, "6.12", end)


@pytest.mark.parametrize("model", ["sc", "tso", "armv7", "armv8", "power", "lkmm"])
def test_one_exclusive_store(model: str, tmp_path: Path) -> None:
    """3.9 on ARM alone; a queued spinlock is taken by a cmpxchg, which tries again."""
    end = "~exists (x=2)"
    told = notes(tmp_path, "spinlock_t", "spin", model, "3.9", end)
    assert ("access the lock's word" in told) == (model in ("armv7", "armv8"))
    assert notes(tmp_path, "spinlock_t", "spin", model, "6.12", end) == ""
    assert notes(tmp_path, "struct mutex", "mutex", model, "3.9", end) == ""
