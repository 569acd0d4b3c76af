"""What is a lock is accessed as a lock alone (lock.cat of 6.12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

TEST = """C locked
{ spinlock_t s; struct srcu_struct ss; }
P0(int *x, spinlock_t *s, struct srcu_struct *ss)
{
	int r0;

	spin_lock(s);
	WRITE_ONCE(*x, 1);
	spin_unlock(s);
	r0 = srcu_read_lock(ss);
	srcu_read_unlock(ss, r0);
}
P1(int *x, spinlock_t *s, struct srcu_struct *ss)
{
	int r1;

	r1 = ACCESS;
	synchronize_srcu(ss);
}
exists (1:r1=1)
"""


@pytest.mark.parametrize(
    ("access", "flags"),
    [
        ("spin_is_locked(s)", ()),
        ("READ_ONCE(*x)", ()),
        ("READ_ONCE(*s)", ("mixed-lock-accesses",)),
        ("READ_ONCE(*ss)", ("mixed-lock-accesses",)),
    ],
)
def test_a_lock_word_is_not_read(access: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(TEST.replace("ACCESS", access), encoding="utf-8")
    assert fresh_checker().states(Request(path, "lkmm")).flags == flags
    assert fresh_checker().check(Request(path, "lkmm")).flags == flags
