"""What a primitive answers with true or false, after a branch of its own.

arm64, 6.12: queued_spin_trylock of include/asm-generic/qspinlock.h is
``if (unlikely(val)) return 0;``, test_and_set_bit_lock of include/asm-generic/bitops/lock.h
``if (READ_ONCE(*p) & mask) return 1;``,
include/linux/refcount.h __refcount_sub_and_test ends in ``return false``, and of
atomic-arch-fallback.h raw_atomic_fetch_add_unless leaves its loop where ``c == u``, which
raw_atomic_add_unless then compares again; raw_atomic_try_cmpxchg_relaxed is
``if (unlikely(r != o)) *old = r; return likely(r == o);``. The compiler returns constants on these
ways. A branch keeps later stores back on every machine, and on none a load whose address is the
constant.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

TEST = """C t
atomic_t a; refcount_t r; unsigned long w; spinlock_t l; struct mutex m;
int arr[2]; int x;
{{ {start} }}
P0(void) {{ {first} smp_wmb(); {then}; }}
P1(void) {{ int r0 = {call}; int r1 = 9; {code} }}
exists (1:r0={answer} /\\ {outcome})
"""
READ = "r1 = READ_ONCE(arr[r0 & 1]);"

TRY = "({{ int e = 1; atomic_try_cmpxchg_{} }})"

CALLS = [
    ("a = 1;", "atomic_add_unless(&a, 1, 0)", 0, "atomic_set(&a, 0)"),
    ("a = 1;", "atomic_inc_not_zero(&a)", 0, "atomic_set(&a, 0)"),
    ("", "atomic_inc_unless_negative(&a)", 0, "atomic_set(&a, -1)"),
    ("r = 1;", "refcount_inc_not_zero(&r)", 0, "refcount_set(&r, 0)"),
    ("", "refcount_inc_not_zero(&r)", 1, "refcount_set(&r, 1)"),
    ("r = 1;", "refcount_dec_and_test(&r)", 0, "refcount_set(&r, 2)"),
    ("", "test_and_set_bit_lock(0, &w)", 1, "WRITE_ONCE(w, 1)"),
    ("", "bit_spin_trylock(0, &w)", 0, "WRITE_ONCE(w, 1)"),
    ("", "spin_trylock(&l)", 0, "spin_lock(&l)"),
    ("", "mutex_trylock(&m)", 0, "mutex_lock(&m)"),
    ("a = 1;", TRY.format("relaxed(&a, &e, 8);"), 0, "atomic_set(&a, 0)"),
    ("a = 1;", TRY.format("release(&a, &e, 8);"), 0, "atomic_set(&a, 0)"),
    ("", TRY.format("relaxed(&a, &e, 8);"), 1, "atomic_set(&a, 1)"),
]
DATA = [
    # A value that is handed on as it was read.
    ("a = 1;", "atomic_dec_if_positive(&a) + 1", 0, "atomic_set(&a, 0)"),
    ("", "spin_is_locked(&l)", 1, "spin_lock(&l)"),
    ("a = 1;", "!atomic_cmpxchg_relaxed(&a, 7, 8)", 1, "atomic_set(&a, 0)"),
    ("a = 1;", TRY.format("relaxed(&a, &e, 8); e;"), 0, "atomic_set(&a, 0)"),
]


def observed(
    call: tuple[str, str, int, str], first: str, code: str, outcome: str, model: str, folder: Path
) -> str | None:
    start, expression, answer, then = call
    path = folder / "t.litmus"
    path.write_text(
        TEST.format(
            start=start,
            first=first,
            then=then,
            call=expression,
            code=code,
            answer=answer,
            outcome=outcome,
        )
    )
    return (
        fresh_checker().check(Request(path, model)).observation
    )  # a witness has passed the replay


@pytest.mark.parametrize("model", ["armv8", "lkmm"])
@pytest.mark.parametrize("call", CALLS)
def test_an_address_made_of_the_answer_orders_no_read(
    call: tuple[str, str, int, str], model: str, tmp_path: Path
) -> None:
    first = f"WRITE_ONCE(arr[{call[2]}], 1);"
    assert observed(call, first, READ, "1:r1=0", model, tmp_path) == "Sometimes"
    assert observed(call, first, "smp_rmb(); " + READ, "1:r1=0", model, tmp_path) == "Never"


@pytest.mark.parametrize("model", ["armv8", "power", "riscv", "armv7", "alpha", "lkmm"])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("first", "code", "outcome"),
    [
        ("int r2 = READ_ONCE(x); smp_mb();", "if (r0 == ANSWER) WRITE_ONCE(x, 1);", "0:r2=1"),
        ("int r2 = READ_ONCE(x); smp_mb();", "WRITE_ONCE(x, r0 + 1);", "0:r2={value}"),
        ("int r2 = READ_ONCE(arr[ANSWER]); smp_mb();", "WRITE_ONCE(arr[r0 & 1], 3);", "0:r2=3"),
    ],
)
def test_stores_wait(
    call: tuple[str, str, int, str], first: str, code: str, outcome: str, model: str, tmp_path: Path
) -> None:
    answer = str(call[2])
    first, code = first.replace("ANSWER", answer), code.replace("ANSWER", answer)
    outcome = outcome.format(value=call[2] + 1)
    assert observed(call, first, code, outcome, model, tmp_path) == "Never"


@pytest.mark.parametrize("model", ["armv8", "lkmm"])
@pytest.mark.parametrize("call", DATA)
def test_a_value_is_waited_for(call: tuple[str, str, int, str], model: str, tmp_path: Path) -> None:
    first = f"WRITE_ONCE(arr[{call[2]}], 1);"
    assert observed(call, first, READ, "1:r1=0", model, tmp_path) == "Never"
