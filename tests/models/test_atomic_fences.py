"""What smp_mb__before_atomic and smp_mb__after_atomic make a full barrier of, under LKMM.

By linux-kernel.cat: what is in herd7's set RMW. The kernel's herd-representation.txt tells which
events are: those with a star, R* and W*, of atomic operations and also of a cmpxchg that fails.
The LKR and LKW of a spin_lock have none, and for spinlocks there are barriers of their own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

# Load buffering: only a full barrier in P0 forbids it.
TEST = """C fences
{ }
P0(int *x, int *y, atomic_t *a, spinlock_t *l)
{
	int r0;
	int r1;

	r0 = READ_ONCE(*x);
	CODE
	WRITE_ONCE(*y, 1);
}
P1(int *x, int *y)
{
	int r0;

	r0 = READ_ONCE(*y);
	smp_mb();
	WRITE_ONCE(*x, r0);
}
exists (0:r0=1)
"""
LOCKED = "spin_lock(l); spin_unlock(l);"


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize(
    ("code", "observation"),
    [
        ("atomic_inc(a);", "Sometimes"),
        ("smp_mb__before_atomic(); atomic_inc(a);", "Never"),
        ("atomic_inc(a); smp_mb__after_atomic();", "Never"),
        ("smp_mb__before_atomic(); r1 = atomic_cmpxchg(a, 1, 2);", "Never"),
        ("r1 = atomic_cmpxchg(a, 1, 2); smp_mb__after_atomic();", "Never"),
        (LOCKED, "Sometimes"),
        (f"smp_mb__before_atomic(); {LOCKED}", "Sometimes"),
        (f"{LOCKED} smp_mb__after_atomic();", "Sometimes"),
        ("spin_lock(l); smp_mb__after_atomic(); spin_unlock(l);", "Sometimes"),
        ("spin_lock(l); smp_mb__after_spinlock(); spin_unlock(l);", "Never"),
    ],
)
def test_a_spinlock_is_no_atomic(tmp_path: Path, engine: str, code: str, observation: str) -> None:
    path = tmp_path / "fences.litmus"
    path.write_text(TEST.replace("CODE", code))
    # Where it is Sometimes, the verdict's execution has been replayed by the second evaluator too.
    assert fresh_checker().check(Request(path, "lkmm", engine=engine)).observation == observation
