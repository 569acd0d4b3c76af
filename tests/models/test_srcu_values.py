"""What srcu_read_unlock is given has to be what its lock returned (linux-kernel.bell of 6.12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

TEST = """C unlock
{ struct srcu_struct s; }
P0(int *x, struct srcu_struct *s)
{
	int r0;

	r0 = srcu_read_lock(s);
	WRITE_ONCE(*x, 1);
	srcu_read_unlock(s, INDEX);
}
~exists (x=7)
"""


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize(
    ("index", "flag"),
    [
        ("r0", None),
        ("r0 + 1", "srcu-bad-value-match"),
        # Not from the lock at all: the two do not match.
        ("0", "unmatched-srcu-lock"),
    ],
)
def test_the_index_goes_back(tmp_path: Path, engine: str, index: str, flag: str | None) -> None:
    path = tmp_path / "unlock.litmus"
    path.write_text(TEST.replace("INDEX", index))
    verdict = fresh_checker().check(Request(path, "lkmm", engine=engine))
    assert verdict.flags == (() if flag is None else (flag,))
    # A witness of a flag is replayed: the second evaluator has to raise it too.
    assert verdict.verdict == ("SAFE" if flag is None else "VIOLATED")
