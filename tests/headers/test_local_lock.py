"""<linux/local_lock.h>: locks of a CPU against itself.

Why: without PREEMPT_RT, include/linux/local_lock_internal.h makes them of preempt_disable() and
local_irq_disable(), which are compiler barriers here; other CPUs are neither kept out nor ordered.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError

TOP = """struct counts { local_lock_t lock; int n; };
static DEFINE_PER_CPU(struct counts, counts) = { .lock = INIT_LOCAL_LOCK(lock), .n = 3 };
static DEFINE_PER_CPU(local_lock_t, alone) = INIT_LOCAL_LOCK(alone);
int all;
"""
PAIRS = [
    ("local_lock({});", "local_unlock({});"),
    ("local_lock_irq({});", "local_unlock_irq({});"),
    (
        "unsigned long flags; local_lock_irqsave({}, flags);",
        "local_unlock_irqrestore({}, flags);",
    ),
    ("local_lock_nested_bh({});", "local_unlock_nested_bh({});"),
]


def check(text: str, tmp_path: Path, model: str) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n#include <linux/local_lock.h>\n{TOP}{text}\n")
    return Checker().check(Request(path, model))


@pytest.mark.parametrize(("lock", "unlock"), PAIRS)
@pytest.mark.parametrize("place", ["&counts.lock", "&alone"])
def test_what_a_cpu_counts(lock: str, unlock: str, place: str, tmp_path: Path) -> None:
    """Each has its own copy, and nobody else changes that."""
    code = f"{lock.format(place)} this_cpu_ptr(&counts)->n++; {unlock.format(place)}"
    text = f"{{ }}\nP0(void) {{ {code} }}\nP1(void) {{ {code} }}\n"
    end = "(per_cpu(counts.n, 0)=4 /\\ per_cpu(counts.n, 1)=4)"
    assert check(f"{text}forall {end}", tmp_path, "lkmm").verdict == "SAFE"
    assert check(f"{text}exists {end}", tmp_path, "armv8").observation == "Always"


@pytest.mark.parametrize(("lock", "unlock"), PAIRS)
def test_other_cpus_are_not_kept_out(lock: str, unlock: str, tmp_path: Path) -> None:
    place = "&counts.lock"
    code = f"{lock.format(place)} all++; {unlock.format(place)}"
    text = f"{{ }}\nP0(void) {{ {code} }}\nP1(void) {{ {code} }}\nexists (all=1)"
    assert check(text, tmp_path, "sc").observation == "Sometimes"
    assert check(text, tmp_path, "lkmm").flags == ("data-race",)


@pytest.mark.parametrize("model", ["tso", "armv8", "lkmm"])
def test_nothing_is_ordered(model: str, tmp_path: Path) -> None:
    """SB: no machine orders a store with a later load by a compiler barrier."""
    code = "WRITE_ONCE(*{0}, 1); local_lock(&alone); int r0 = READ_ONCE(*{1});"
    code += " local_unlock(&alone);"
    threads = "\n".join(
        f"P{n}(int *x, int *y) {{ {code.format(*names)} }}" for n, names in enumerate(("xy", "yx"))
    )
    text = f"{{ }}\n{threads}\nexists (0:r0=0 /\\ 1:r0=0)"
    assert check(text, tmp_path, model).observation == "Sometimes"


def test_another_lock_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ksmcheck_local_lock"):
        check("spinlock_t s;\n{ }\nP0(void) { local_lock(&s); }\nexists (all=0)", tmp_path, "sc")
