"""Small programs made at random: barriers, marked accesses, atomics, locks, loops."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_LOADS = ("r{n} = READ_ONCE(*{v});", "r{n} = smp_load_acquire({v});", "r{n} = *{v};")
_STORES = ("WRITE_ONCE(*{v}, {k});", "smp_store_release({v}, {k});", "smp_store_mb(*{v}, {k});")
_OTHERS = (
    "smp_mb();",
    "smp_wmb();",
    "smp_rmb();",
    "r{n} = xchg({v}, {k});",
    "r{n} = cmpxchg({v}, 0, {k});",
    "r{n} = atomic_fetch_add(1, c);",
    "atomic_inc(c);",
    "spin_lock(l); WRITE_ONCE(*{v}, {k}); spin_unlock(l);",
    "if (READ_ONCE(*{v}) == {k}) WRITE_ONCE(*y, {k});",
    "while (READ_ONCE(*x) == {k}) cpu_relax();",
)


def random_program(seed: int, *, macros: bool = False) -> str:
    """A litmus test of two or three threads; its condition asks for the first values read. With
    ``macros`` all that a thread does is one use of a macro."""
    rng = random.Random(seed)
    threads, asked, defined = [], [], []
    for thread in range(rng.choice((2, 2, 3))):
        body, registers = [], 0
        for _ in range(rng.randint(2, 4)):
            form = rng.choice((*_LOADS, *_STORES, *_OTHERS))
            var, value = rng.choice("xy"), rng.randint(1, 2)
            body.append("\t" + form.format(n=registers, v=var, k=value))
            if form.startswith("r{n}"):
                asked.append(f"{thread}:r{registers}={rng.choice((0, 0, value))}")
                registers += 1
        names = "".join(f"\tint r{n};\n" for n in range(registers))
        if macros:
            steps = " ".join(line.strip() for line in body)
            defined.append(f"#define STEPS{thread}(x, y, c, l) do {{ {steps} }} while (0)\n")
            body = [f"\tSTEPS{thread}(x, y, c, l);"]
        text = names + "\n".join(body)
        threads.append(f"P{thread}(int *x, int *y, atomic_t *c, spinlock_t *l)\n{{\n{text}\n}}\n")
    asked.append(f"{rng.choice('xy')}={rng.randint(0, 2)}")
    condition = " /\\ ".join(asked)
    return "\n".join(
        (f"C random{seed}", "", *defined, "{}", "", *threads, f"exists ({condition})", "")
    )


@pytest.fixture
def root() -> Path:
    return ROOT
