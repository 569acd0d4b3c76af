"""The plain stores whose wholeness and order a hardware SAFE takes from the compiler on trust."""

from __future__ import annotations

from pathlib import Path

from ksmcheck.check import Checker, Request

TEXT = """C t
{ }
static int bump(int *n) { return ++*n; }
P0(int *x, int *y, int *z)
{
    int count = 1;

    *x = bump(&count);
    *z = 1;
    WRITE_ONCE(*y, 1);
}
P1(int *x, int *y)
{
    int r0 = *x;
    int r1 = READ_ONCE(*y);
}
~exists (1:r0=1)
"""


def test_stores_that_another_thread_may_see(tmp_path: Path) -> None:
    """Of the plain stores, P1 reads x alone: count has its address taken but stays P0's, and nobody
    else comes to z. A compiler may do with those what it likes."""
    path = tmp_path / "t.litmus"
    path.write_text(TEXT)
    verdict = Checker().check(Request(path, "armv8"))
    assert verdict.verdict == "SAFE"
    assert [origin.site for origin in verdict.assumed] == ["*x@P0"]
