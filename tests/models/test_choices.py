"""What `?:` chooses is no address dependency: compilers make a branch of it, or a conditional move,
which none of these machines orders a load behind (rcu-dereference.rst says so of comparisons)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

PASSING = """C t
int data; int other; int flag;
{{ }}
P0(void)
{{
	WRITE_ONCE(data, 1);
	smp_wmb();
	WRITE_ONCE(flag, 1);
}}
P1(void)
{{
	int r0 = READ_ONCE(flag);
	int *from;

	{choice}
	int r1 = READ_ONCE(*from);
}}
exists (1:r0=1 /\\ 1:r1=0)
"""
CHOICES = ["from = r0 ? &data : &other;", "if (r0) from = &data; else from = &other;"]


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize(
    ("model", "word"),
    [("tso", "Never"), ("armv8", "Sometimes"), ("power", "Sometimes"), ("lkmm", "Sometimes")],
)
def test_an_address_that_is_chosen(choice: str, model: str, word: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(PASSING.format(choice=choice))
    assert fresh_checker().check(Request(path, model)).observation == word
