"""An access of another width than what it finds is refused, whatever is asked."""

from __future__ import annotations

import pytest

from ksmcheck.check import Checker
from ksmcheck.check.verdict import Request
from ksmcheck.text import InputError

TEXT = """C t
unsigned long l;
{ }
P0(void) { *(int *)&l = 5; }
~exists (l=7)
"""


@pytest.mark.parametrize("asked", ["check", "states"])
def test_half_a_long(tmp_path, asked):
    path = tmp_path / "t.litmus"
    path.write_text(TEXT)
    with pytest.raises(
        InputError, match="wider or narrower than l, which is unsigned long"
    ) as told:
        getattr(Checker(), asked)(Request(path, "sc"))
    assert told.value.diagnostic.span.text == "*(int *)&l"
