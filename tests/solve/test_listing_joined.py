"""The exact encoding may join while the lessons of one batch of candidates are learned."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.solve.exact import Exact
from tests.fresh import fresh_checker

# Enough inconsistent candidates in one batch, of several kinds.
TEXT = """C t
spinlock_t l;
int x;
int y;
int twice(void)
{
    int i;
    for (i = 0; i < 2; i++) { spin_lock(&l); x++; spin_unlock(&l); y++; }
    return i;
}
{ }
P0(void) { twice(); }
P1(void) { twice(); }
P2(void) { spin_lock(&l); int r3 = x; int r4 = y; spin_unlock(&l); }
locations [y; 2:r4]
exists (2:r3=2)
"""


@pytest.mark.parametrize("lessons", range(1, 21))
def test_whenever_it_joins_the_states_are_the_same(
    lessons: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(TEXT)
    expected = fresh_checker().states(Request(path, "lkmm", engine="tuple"))
    learned = 0

    def spent(self: Exact, solving: float, judging: float) -> None:
        nonlocal learned
        learned += not self.shared
        if self.shared or learned >= lessons:
            self.join()  # on shared clauses the session begins again, on its own

    monkeypatch.setattr(Exact, "spent", spent)
    found = fresh_checker().states(Request(path, "lkmm", engine="lazy"))
    assert learned == lessons
    assert found.states == expected.states
