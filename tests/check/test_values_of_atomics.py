"""What atomics make of a word: few values, for each of them runs once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

_LOCK = """C lock
#define WRITER (1L - 0x100000000L)
atomic_long_t count;
int x;
int y;
static int read_trylock(void)
{
	long c = atomic_long_read(&count);

	while (c >= 0)
		if (atomic_long_try_cmpxchg(&count, &c, c + 1))
			return 1;
	return 0;
}
static int write_trylock(void)
{
	long c = atomic_long_read(&count);

	while ((c & 0xffffffffL) == 0)
		if (atomic_long_try_cmpxchg(&count, &c, c + WRITER))
			return 1;
	return 0;
}
{ }
P0(void)
{
	if (write_trylock()) {
		x = 1;
		y = 1;
		atomic_long_add_return(-WRITER, &count);
	}
}
"""
_READER = """P%d(void)
{
	if (read_trylock()) {
		BUG_ON(x != y);
		atomic_long_add_return(-1, &count);
	}
}
"""


@pytest.mark.parametrize(
    ("model", "changed", "verdict"),
    [
        # It was SAFE up to 3 rounds, after four times as long: more values, more rounds.
        ("tso", "", "SAFE"),
        # Nothing keeps the second store before the lock is given back.
        ("armv8", "_relaxed", "VIOLATED"),
        ("lkmm", "_relaxed", "VIOLATED"),
    ],
)
def test_a_lock_of_readers_and_writers_by_cmpxchg(
    model: str, changed: str, verdict: str, tmp_path: Path
) -> None:
    """As drivers/tty/tty_ldsem.c has it: two numbers in one word, each of which goes up and down.
    What a cmpxchg stores is made of what it found, so that each of them counts once."""
    text = _LOCK.replace("add_return(-WRITER", f"add_return{changed}(-WRITER")
    path = tmp_path / "t.litmus"
    path.write_text(text + _READER % 1 + _READER % 2, encoding="utf-8")
    assert fresh_checker().check(Request(path, model)).verdict == verdict
