"""What an atomic operation stores depends on what it reads, under LKMM.

tools/memory-model/Documentation/explanation.txt (6.12): "A read and a write event are linked by a
data dependency if the value obtained by the read affects the value stored by the write". herd7's
relation ``data`` has the pairs of ``rmw`` whose write is computed from the read
(herd/modelUtils.ml, "Internal data dep of RMW's"): CSem.ml computes the value of ``__atomic_op``,
``__atomic_op_return``, ``__atomic_fetch_op`` and ``__atomic_add_unless`` so, where ``__xchg`` and
``__cmpxchg`` (a control dependency inside, event.ml ``linux_cmpexch_ok``) store a value that does
not come from the read.

By ``to-r = (dep ; [Marked] ; rfi)`` of linux-kernel.cat a read that is given what such an
operation stored comes after the operation's own read, and so do the stores that depend on it. The
tests are all of one kind: P1 stores 5 after it saw the 6 that P0 made of it. An operation that
reads the 5 closes a cycle in hb if P0's last store waits for it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

TEST = """C t
{{ }}
P0(atomic_t *x, int *y, int *z)
{{
	int r0 = 5;
	int r1;

	{operation};
	{then}
}}
P1(atomic_t *x, int *y)
{{
	int r2;

	r2 = READ_ONCE(*y);
	smp_mb();
	atomic_set(x, 5);
}}
exists (0:r0=5 /\\ 1:r2=6)
"""
READ_BACK = "r1 = atomic_read(x); WRITE_ONCE(*y, r1);"
COMPUTED = [
    "atomic_inc(x)",
    "atomic_add(1, x)",
    "atomic_sub(-1, x)",
    "r0 = atomic_fetch_add_relaxed(1, x)",
    "r0 = atomic_inc_return_relaxed(x) - 1",
    "r0 = atomic_fetch_inc_release(x)",
]
STORED = [
    "r0 = atomic_xchg_relaxed(x, 6)",
    "r0 = atomic_cmpxchg_relaxed(x, 5, 6)",
]


def observed(operation: str, then: str, folder: Path, engine: str = "lazy") -> str | None:
    path = folder / "t.litmus"
    path.write_text(TEST.format(operation=operation, then=then))
    # A witness has passed the replay, which finds dependencies by itself.
    return fresh_checker().check(Request(path, engine=engine)).observation


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize("operation", COMPUTED)
def test_what_is_computed_waits_for_the_read(operation: str, engine: str, tmp_path: Path) -> None:
    assert observed(operation, READ_BACK, tmp_path, engine) == "Never"


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize("operation", STORED)
def test_what_is_only_stored_does_not(operation: str, engine: str, tmp_path: Path) -> None:
    assert observed(operation, READ_BACK, tmp_path, engine) == "Sometimes"


def test_it_carries_control(tmp_path: Path) -> None:
    """``carry-dep ; ctrl``: a branch on what was read back controls for the operation's read."""
    then = "if (atomic_read(x) == 6) WRITE_ONCE(*y, 6);"
    assert observed("atomic_inc(x)", then, tmp_path) == "Never"


def test_nothing_is_read_back(tmp_path: Path) -> None:
    """A store after it that depends on nothing waits for nothing."""
    assert observed("atomic_inc(x)", "WRITE_ONCE(*y, 6);", tmp_path) == "Sometimes"


# On machines where an atomic operation is a load, an instruction that computes, and a store, the
# same as such instructions. herd7 7.58 says Never of both in assembly: LDREX, ORR, STREX on ARM
# (and EOR for the address), LDXR, SUB, STXR on AArch64, lwarx, addi, stwcx. on POWER.
PASSED_ON = """C t
int d[4];
{ }
P0(atomic_t *f) { WRITE_ONCE(d[3], 1); atomic_set_release(f, 1); }
P1(atomic_t *f) { atomic_or(2, f); }
P2(atomic_t *f) { int r0 = atomic_read(f); int r1 = READ_ONCE(d[r0]); }
exists (2:r0=3 /\\ 2:r1=0)
"""
OWN = """C t
{ }
P0(int *a, atomic_t *c) { WRITE_ONCE(*a, 1); atomic_set_release(c, 5); }
P1(int *a, atomic_t *c)
{
	atomic_sub(1, c);
	int r0 = atomic_read(c);
	int *p = a + (r0 & 0);
	int r1 = READ_ONCE(*p);
}
exists (1:r0=4 /\\ 1:r1=0)
"""


@pytest.mark.parametrize("text", [PASSED_ON, OWN])
@pytest.mark.parametrize(
    ("model", "config"), [("armv7", None), ("armv8", "llsc"), ("power", None), ("alpha", None)]
)
def test_on_machines_that_load_and_store(
    text: str, model: str, config: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(text)
    assert fresh_checker().check(Request(path, model, config=config)).observation == "Never"
    exchange = text.replace("atomic_or(2, f)", "atomic_xchg_relaxed(f, 3)")
    exchange = exchange.replace("atomic_sub(1, c)", "atomic_xchg_relaxed(c, 4)")
    if model in ("armv7", "power"):  # what is stored comes from nowhere
        path.write_text(exchange)
        assert fresh_checker().check(Request(path, model)).observation == "Sometimes"


# The same with single-instruction atomics of AArch64, by herd7 7.58: what LDADD has read is passed
# on through its store, not to the load that is given that, but to what depends on it. SWP stores
# what comes from elsewhere.
LSE = """AArch64 t
{{ 0:X1=a; 0:X3=c; 1:X1=a; 1:X3=c; 1:X2=d; 1:X11=1; }}
 P0           | P1                 ;
 MOV W0,#1    | {} ;
 STR W0,[X1]  | {} ;
 MOV W2,#5    | {} ;
 STLR W2,[X3] | {} ;
exists (1:X6={} /\\ 1:X8=0)
"""


@pytest.mark.parametrize(
    ("atomic", "read", "then", "last", "value", "word"),
    [
        ("LDADD W11,W4,[X3]", "LDR W6,[X3]", "EOR W7,W6,W6", "LDR W8,[X1,W7,SXTW]", 6, "Never"),
        ("STADD W11,[X3]", "LDR W6,[X3]", "EOR W7,W6,W6", "LDR W8,[X1,W7,SXTW]", 6, "Never"),
        ("STSET W11,[X3]", "LDR W6,[X3]", "AND W7,W6,#0", "LDR W8,[X1,W7,SXTW]", 5, "Never"),
        ("LDADD W11,W4,[X3]", "LDADD W11,W5,[X3]", "LDAR W6,[X3]", "LDR W8,[X1]", 7, "Sometimes"),
        ("LDADD W11,W4,[X3]", "LDR W6,[X3]", "DMB ST", "LDR W8,[X1]", 6, "Sometimes"),
    ],
)
def test_through_the_store_of_one_instruction(
    atomic: str, read: str, then: str, last: str, value: int, word: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(LSE.format(atomic, read, then, last, value))
    assert fresh_checker().check(Request(path, "armv8")).observation == word


def test_an_exchange_passes_nothing_on(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    text = LSE.format("SWP W11,W4,[X3]", "LDR W6,[X3]", "EOR W7,W6,W6", "LDR W8,[X1,W7,SXTW]", 1)
    path.write_text(text.replace("exists (", "exists (1:X4=5 /\\ "))
    assert fresh_checker().check(Request(path, "armv8")).observation == "Sometimes"
