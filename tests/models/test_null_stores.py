"""``rcu_assign_pointer(p, NULL)`` publishes nothing, and has no barrier.

include/linux/rcupdate.h since 4.8: WRITE_ONCE() where the value is a constant NULL, otherwise
smp_store_release(); before that, a barrier in any case.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

TEST = """C null
{{ int x = 0; int y = 0; int *p = {start}; }}
P0(int *x, int *y, int **p) {{ *x = 1; rcu_assign_pointer(*p, {value}); }}
P1(int *x, int **p) {{ int *r0 = READ_ONCE(*p); smp_rmb(); int r1 = *x; }}
exists (1:r0={seen} /\\ 1:r1=0)
"""


@pytest.mark.parametrize(
    ("start", "value", "seen", "kernel", "observation"),
    [
        ("&y", "NULL", "0", "6.12", "Sometimes"),
        ("&y", "(int *)0", "0", "6.12", "Sometimes"),
        ("&y", "NULL", "0", "3.9", "Never"),
        ("0", "y", "y", "6.12", "Never"),
        # A constant, but not NULL: an error pointer, say.
        ("0", "(int *)4096", "4096", "6.12", "Never"),
    ],
)
def test_message_passing(
    start: str, value: str, seen: str, kernel: str, observation: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.litmus"
    text = TEST.format(start=start, value=value, seen=seen)
    if kernel == "3.9":
        text = text.replace("READ_ONCE", "ACCESS_ONCE")
    path.write_text(text, encoding="utf-8")
    assert fresh_checker().check(Request(path, "armv8", kernel)).observation == observation
