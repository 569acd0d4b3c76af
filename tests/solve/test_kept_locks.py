"""A thread that ends with a lock held: whoever waits for that lock does not come to an end.

lock.cat of the kernel allows one unmatched LKW per lock, coherence-last among the lock's writes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import VACUOUS
from tests.fresh import fresh_checker

KEEPS = "P0(spinlock_t *s, int *x) { spin_lock(s); WRITE_ONCE(*x, 1); }\n"
WAITS = """C waits
{ }
%sP1(spinlock_t *s, int *x) { int r0; spin_lock(s); r0 = READ_ONCE(*x); spin_unlock(s); }
exists (1:r0=1)
"""
TRIES = """C tries
{ }
%sP1(spinlock_t *s, int *x)
{
	int r0;
	int r1;

	r1 = spin_trylock(s);
	r0 = READ_ONCE(*x);
	if (r1)
		spin_unlock(s);
}
exists (1:r0=1 /\\ 1:r1=1)
"""
BOTH = """C both
{ }
%sP1(spinlock_t *s, int *x) { spin_lock(s); WRITE_ONCE(*x, 2); }
exists (x=1)
"""


def request(folder: Path, text: str, model: str, engine: str) -> Request:
    path = folder / "t.litmus"
    path.write_text(text % KEEPS)
    return Request(path, model, engine=engine)


@pytest.mark.parametrize("model", ["lkmm", "sc", "power"])
@pytest.mark.parametrize("engine", ["lazy", "explicit", "tuple"])
def test_only_who_comes_first_gets_it(model: str, engine: str, tmp_path: Path) -> None:
    """P1 ends only if it was first; a trylock that fails reads as if there were no lock."""
    states = fresh_checker().states(request(tmp_path, WAITS, model, engine))
    assert (states.observation, states.states) == ("Never", ((0,),))
    states = fresh_checker().states(request(tmp_path, TRIES, model, engine))
    assert set(states.states) == {(0, 0), (0, 1), (1, 0)}  # (1, 1): got it, though P0 keeps it


def test_two_that_keep_it_never_end(tmp_path: Path) -> None:
    verdict = fresh_checker().check(request(tmp_path, BOTH, "lkmm", "lazy"))
    assert verdict.verdict == VACUOUS
