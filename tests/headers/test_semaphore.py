"""<linux/semaphore.h>: as many get through as were let, and what was done before up() is there.

Why: kernel/locking/semaphore.c (6.12) counts under a raw spin lock, which orders what comes before
up() before what is behind down(). down_trylock() is 1 where it takes nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

MACHINES = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")
POINTS = [(m, k) for m in MACHINES for k in ("3.9", "6.12") if (m, k) != ("riscv", "3.9")]


def check(text: str, folder: Path, model: str, kernel: str = "6.12", **more: object) -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n#include <linux/semaphore.h>\n{text}")
    return fresh_checker().check(Request(path, model, kernel, **more))  # type: ignore[arg-type]


_DONE = """{{ }}
P0(struct semaphore *s, int *x) {{ *x = 1; up(s); }}
P1(struct semaphore *s, int *x) {{ {down} BUG_ON(*x != 1); }}
"""


@pytest.mark.parametrize(
    "down",
    [
        "down(s);",
        "if (down_interruptible(s)) return;",
        "if (down_trylock(s)) return;",
        "if (down_timeout(s, 10)) return;",
    ],
)
@pytest.mark.parametrize(("model", "kernel"), POINTS)
def test_what_was_done_is_there(down: str, model: str, kernel: str, tmp_path: Path) -> None:
    """In LKMM both accesses are plain, and that they do not race is part of it."""
    assert check(_DONE.format(down=down), tmp_path, model, kernel).verdict == "SAFE"


@pytest.mark.parametrize("model", ["armv7", "armv8", "power", "riscv", "alpha"])
def test_its_lock_is_what_orders(model: str, tmp_path: Path) -> None:
    lock = frozenset(f"raw_spin_{w}@up" for w in ("lock_irqsave", "unlock_irqrestore"))
    text = _DONE.format(down="down(s);")
    assert check(text, tmp_path, model, removed=lock).verdict == "VIOLATED"


_COUNT = "P{n}(struct semaphore *s, int *x) {{ down(s); *x = *x + 1; up(s); }}\n"


@pytest.mark.parametrize(("count", "verdict"), [(1, "SAFE"), (2, "VIOLATED")])
@pytest.mark.parametrize("model", ["sc", "armv8", "power"])
def test_one_at_a_time(count: int, verdict: str, model: str, tmp_path: Path) -> None:
    threads = "".join(_COUNT.format(n=n) for n in (0, 1))
    text = f"{{ struct semaphore s = {{ .count = {count} }}; }}\n{threads}forall (x=2)\n"
    assert check(text, tmp_path, model).verdict == verdict


@pytest.mark.parametrize(
    ("kernel", "defined"), [("3.9", "DEFINE_SEMAPHORE(s);"), ("6.12", "DEFINE_SEMAPHORE(s, 1);")]
)
def test_who_gets_it(kernel: str, defined: str, tmp_path: Path) -> None:
    """One of two; and again when it is given back."""
    text = f"{defined}\n{{ }}\nP0() {{ int r0 = down_trylock(&s); int r1 = down_trylock(&s); "
    text += "up(&s); int r2 = down_trylock(&s); }\nforall (0:r0=0 /\\ 0:r1=1 /\\ 0:r2=0)\n"
    assert check(text, tmp_path, "sc", kernel).verdict == "SAFE"


@pytest.mark.parametrize("model", ["sc", "armv8"])
def test_who_waits_gets_it(model: str, tmp_path: Path) -> None:
    """By another thread's up(); without it, it waits for ever."""
    waits = "{ }\nP0(struct semaphore *s) { down(s); }\n"
    given = waits + "P1(struct semaphore *s) { up(s); }\n"
    assert check(given, tmp_path, model, liveness=True).verdict == "SAFE"
    assert check(waits, tmp_path, model, liveness=True).verdict == "VIOLATED"


def test_other_names_and_kernels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"linux/semaphore.h"):
        check("{ }\nP0() { }\n", tmp_path, "sc", "4.19")
    (tmp_path / "u.litmus").write_text("C u\n{ }\nP0(int *s) { down(s); }\n")
    with pytest.raises(InputError) as found:
        fresh_checker().check(Request(tmp_path / "u.litmus", "sc", "6.12"))
    assert "#include <linux/semaphore.h>" in found.value.diagnostic.render()
