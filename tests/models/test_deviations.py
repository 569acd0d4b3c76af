"""``models/deviations.toml`` is what ``docs/deviations.md`` tells, and what the checker does."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from ksmcheck.check import Request
from ksmcheck.store.paths import models_dir
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

ROOT = Path(__file__).resolve().parents[2]
LISTED: list[dict[str, Any]] = tomllib.loads((models_dir() / "deviations.toml").read_text())[
    "deviation"
]

THROUGH_COPY = """C through-copy
{ }
P0(int *x, int *a, int *b, int *y)
{
	int r0;
	int r1;

	r0 = READ_ONCE(*x);
	*a = r0;
	*b = *a;
	r1 = *b;
	WRITE_ONCE(*y, r1);
}
P1(int *x, int *y)
{
	int r2;

	r2 = READ_ONCE(*y);
	smp_mb();
	WRITE_ONCE(*x, 1);
}
exists (0:r0=1 /\\ 1:r2=1)
"""
THIN_AIR = """C thin-air
{ }
P0(int *x, int *y) { int r0; r0 = READ_ONCE(*x); WRITE_ONCE(*y, r0); }
P1(int *x, int *y) { int r1; r1 = READ_ONCE(*y); WRITE_ONCE(*x, r1); }
exists (0:r0=1)
"""
GIVEN = """C given
{ }
P0(int *x, int *y, int *z)
{
	int r0;

	r0 = READ_ONCE(*z);
	if (xchg_relaxed(x, r0) == 0)
		WRITE_ONCE(*y, 1);
}
P1(int *y, int *z)
{
	int r1;

	r1 = READ_ONCE(*y);
	smp_mb();
	WRITE_ONCE(*z, 1);
}
exists (0:r0=1 /\\ 1:r1=1)
"""
RACE = """C race
{ }
P0(int *x) { *x = 1; }
P1(int *x) { int r0; r0 = *x; }
exists (1:r0=1)
"""
UNHELD = """C unheld
{ spinlock_t s; }
P0(spinlock_t *s) { spin_unlock(s); }
exists (0=0)
"""
READING = """C reading
{ }
P0(int *x) { int r0; rcu_read_lock(); r0 = READ_ONCE(*x); }
exists (0:r0=0)
"""
UNKNOWN = """C unknown
{ }
P0(int *x) { int r0; r0 = no_such_primitive(x); }
exists (0:r0=0)
"""


def observation(folder: Path, text: str) -> str | None:
    path = folder / "test.litmus"
    path.write_text(text)
    return fresh_checker().states(Request(path, "lkmm")).observation


def test_each_is_told_in_the_document_with_a_reason() -> None:
    document = (ROOT / "docs" / "deviations.md").read_text()
    assert [d["id"] for d in LISTED] == [
        "memory-copy",
        "thin-air",
        "refused",
        "pair-atomicity",
        "pick-dependency",
    ]
    for one in LISTED:
        assert set(one) - {"observation"} == {"id", "reason", "source", "tests"}
        assert f"`{one['id']}`" in document
        assert len(one["reason"]) > 40
        assert one["source"]


def test_a_copy_through_memory_carries_the_dependency(tmp_path: Path) -> None:
    # By carry-dep: data ; rfi twice, then the data dependency of the last write.
    assert observation(tmp_path, THROUGH_COPY) == "Never"


def test_no_value_out_of_thin_air(tmp_path: Path) -> None:
    assert observation(tmp_path, THIN_AIR) == "Never"


@pytest.mark.parametrize(("qualifier", "flags"), [("", ("data-race",)), ("volatile ", ())])
def test_volatile_is_marked(tmp_path: Path, qualifier: str, flags: tuple[str, ...]) -> None:
    # A lone write and a lone read, of different threads: a race if one of them is plain.
    path = tmp_path / "test.litmus"
    path.write_text(RACE.replace("int *", f"{qualifier}int *"))
    found = fresh_checker().states(Request(path, "lkmm"))
    assert (found.observation, tuple(found.flags)) == ("Sometimes", flags)


def test_what_an_exchange_stores_does_not_decide(tmp_path: Path) -> None:
    # Load buffering: the value that comes back is 0 whatever was given, so that nothing in P0 is
    # in order. Where it is tested as well, the read comes before the store (explanation.txt, ctrl).
    assert observation(tmp_path, GIVEN) == "Sometimes"
    assert observation(tmp_path, GIVEN.replace("== 0", "== r0 - 1")) == "Never"


SELECTS = """AArch64 selects
{ 0:X1=x; 0:X3=y; 1:X1=x; 1:X3=y; 1:X4=1; 1:X5=2; }
 P0           | P1               ;
 LDR W0,[X1]  | LDR W2,[X3]      ;
 MOV W2,#1    | CMP W2,#1        ;
 STLR W2,[X3] | CSEL W6,W4,W5,EQ ;
              | STR W6,[X1]      ;
exists (1:X2=1 /\\ 0:X0=1)
"""
ELSEWHERE = """RISCV elsewhere
{ 0:x5=x; 0:x7=y; }
 P0              ;
 lr.w x1,(x5)    ;
 ori x2,x0,1     ;
 sc.w x6,x2,(x7) ;
exists (y=1)
"""

# What CSEL's flags pick, handed on by a store and a load of the thread's own: herd7 says Never.
HANDED = """AArch64 handed
{ 0:X1=x; 0:X3=y; 1:X1=x; 1:X3=y; 1:X4=1; 1:X5=2; 1:X7=z; }
 P0           | P1                  ;
 LDR W0,[X1]  | LDR W2,[X3]         ;
 MOV W2,#1    | CMP W2,#1           ;
 STLR W2,[X3] | CSEL W6,W4,W5,EQ    ;
              | STR W6,[X7]         ;
              | LDR W8,[X7]         ;
              | STR W8,[X1]         ;
exists (1:X2=1 /\\ 0:X0=1)
"""

# No difference, though the architecture says more: a lock that is taken with a constant (Power ISA
# II, B.2.1.1), and what the lock before published. CR0 comes from the registers that stwcx. reads.
LOCK = """PPC lock
{ done=0; 0:r2=x; 0:r4=y; 0:r9=1; 1:r2=y; 1:r4=x; 1:r5=2; 1:r6=done; }
 P0           | P1             ;
 stw r9,0(r2) | lwarx r1,0,r2  ;
 lwsync       | stwcx. r5,0,r2 ;
 stw r9,0(r4) | bne L          ;
              | isync          ;
              | lwz r3,0(r4)   ;
              | stw r5,0(r6)   ;
              | L:             ;
exists (done=2 /\\ 1:r1=1 /\\ 1:r3=0)
"""
# Nor here: the branch depends on what a stwcx. or STREX, failed or not, was to store.
FAILED = """PPC failed
{ 0:r2=x; 0:r4=y; 0:r6=z; 1:r2=x; 1:r4=y; 0:r9=1; 1:r9=1; }
 P0              | P1           ;
 lwz r1,0(r2)    | lwz r1,0(r4) ;
 lwarx r3,0,r6   | sync         ;
 stwcx. r1,0,r6  | stw r9,0(r2) ;
 bne L           |              ;
 L: stw r9,0(r4) |              ;
exists (0:r1=1 /\\ 1:r1=1)
"""
STATUS = """ARM status
{ 0:R2=x; 0:R4=y; 0:R6=z; 1:R2=x; 1:R4=y; 0:R9=1; 1:R9=1; }
 P0               | P1          ;
 LDR R1,[R2]      | LDR R1,[R4] ;
 LDREX R3,[R6]    | DMB         ;
 STREX R5,R1,[R6] | STR R9,[R2] ;
 CMP R5,#0        |             ;
 BNE L            |             ;
 L: STR R9,[R4]   |             ;
exists (0:R1=1 /\\ 1:R1=1)
"""


@pytest.mark.parametrize(
    ("text", "model", "expected"),
    [
        (SELECTS, "armv8", "Never"),
        (HANDED, "armv8", "Sometimes"),
        (ELSEWHERE, "riscv", "Never"),
        (LOCK, "power", "Sometimes"),
        (FAILED, "power", "Never"),
        (STATUS, "armv7", "Never"),
    ],
)
def test_assembly(text: str, model: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "test.litmus"
    path.write_text(text)
    assert fresh_checker().states(Request(path, model)).observation == expected


@pytest.mark.parametrize("text", [UNHELD, READING, UNKNOWN])
def test_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        observation(tmp_path, text)
