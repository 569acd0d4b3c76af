"""The plain accesses whose wholeness and order a hardware SAFE takes from the compiler on trust."""

from __future__ import annotations

from pathlib import Path

from ksmcheck.check import Request
from tests.fresh import fresh_checker

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
    verdict = fresh_checker().check(Request(path, "armv8"))
    assert verdict.verdict == "SAFE"
    assert [origin.site for origin in verdict.assumed] == ["*x@P0"]


def test_reads_of_what_another_thread_stores(tmp_path: Path) -> None:
    """P0 reads what it has stored itself; P1's read of x may come early, or twice, for all that C
    says of it."""
    path = tmp_path / "t.litmus"
    path.write_text(TEXT)
    verdict = fresh_checker().check(Request(path, "armv8"))
    assert [origin.site for origin in verdict.reads] == ["*x@P1"]


INDEXED = """C t
{ int table[2]; }
P0(int *x, int *y, int *table)
{
    int r0 = READ_ONCE(*x);

    CODE
    WRITE_ONCE(*y, 1);
}
P1(int *x, int *y)
{
    int r0 = READ_ONCE(*y);
    smp_mb();
    WRITE_ONCE(*x, r0);
}
~exists (0:r0=1 /\\ 1:r0=1)
"""


def test_a_table_looked_up_with_what_was_read(tmp_path: Path) -> None:
    """ARMv8 makes no store before an earlier access has its address (B2.3.2, dob: addr ; po ; [W]).
    A compiler need not make the access: nobody else comes to the table, and nobody wants the
    entry. (One that is P0's own is no memory: test_kept_locals.)"""
    path = tmp_path / "t.litmus"
    path.write_text(INDEXED.replace("CODE", "int r1 = table[r0];"))
    verdict = fresh_checker().check(Request(path, "armv8"))
    assert verdict.verdict == "SAFE"
    assert [origin.site for origin in verdict.reads] == ["table[r0]@P0"]
    path.write_text(INDEXED.replace("CODE", "table[r0] = 1;"))
    verdict = fresh_checker().check(Request(path, "armv8"))
    assert verdict.verdict == "SAFE"
    assert [origin.site for origin in verdict.assumed] == ["table[r0]@P0"]
