"""A store behind a loop waits for the reads that the loop waits with.

P0 reads ``dead`` and then raises the flag; P1 waits for the flag and then stores to ``dead``. No
machine lets P0 see that store: herd7 7.58 says Never of the same in AArch64 assembly (LDR, CBZ back
to it, STR; with -unroll 4), and no compiler makes a store before a loop that may not end.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

TEST = """C t
{{ }}
static int raised(int *flag) {{ while (!READ_ONCE(*flag)) cpu_relax(); return 0; }}
P0(int *flag, int *dead)
{{
	int r = READ_ONCE(*dead);
	smp_store_release(flag, 1);
}}
P1(int *flag, int *dead, int *other, volatile int *WRITE)
{{
	int f, i, n = 0;
	{}
	WRITE_ONCE(*dead, 1);
}}
~exists (0:r=1)
"""
MACHINES = ["tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm"]

WAITS = [
    "while (!READ_ONCE(*flag)) cpu_relax();",
    "do { f = READ_ONCE(*flag); } while (!f);",
    "f = READ_ONCE(*flag); while (!f) f = READ_ONCE(*flag);",
    "for (;;) { if (READ_ONCE(*flag)) break; cpu_relax(); }",
    "again: if (!READ_ONCE(*flag)) goto again;",
    "raised(flag);",
    "if (raised(flag)) return;",
    "smp_cond_load_relaxed(flag, VAL);",
    "while (!(f = READ_ONCE(*flag)) || f == 5) ;",
    "while (!READ_ONCE(*flag)) WRITE_ONCE(*other, 1);",
    "for (i = 0; i < 3; i++) { if (READ_ONCE(*flag)) goto out; } return; out: n = 1;",
]


@pytest.mark.parametrize("model", MACHINES)
@pytest.mark.parametrize("code", WAITS)
def test_no_machine_stores_before_the_flag(code: str, model: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(TEST.format(code))
    assert fresh_checker().check(Request(path, model)).verdict in ("SAFE", "SAFE up to k")


@pytest.mark.parametrize(
    "code",
    [
        # A branch that may be computed away: the rounds do nothing that a compiler has to keep.
        "f = READ_ONCE(*flag); for (i = 0; i < f; i++) n += i;",
        "f = READ_ONCE(*flag); while (f) f = 0;",
        # A store through volatile is no call of WRITE_ONCE, whatever it is called.
        "f = READ_ONCE(*flag); while (f) { *WRITE = 1; f = 0; }",
        # No loop is left: both ways meet.
        "if (READ_ONCE(*flag)) n = 1;",
        "for (i = 0; i < 2; i++) { if (READ_ONCE(*flag)) n = 1; }",
    ],
)
def test_other_branches_order_nothing_behind_them(code: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(TEST.format(code).replace("~exists", "exists"))
    assert fresh_checker().check(Request(path, "armv8")).observation == "Sometimes"


def test_reads_behind_the_loop_do_not_wait(tmp_path: Path) -> None:
    """Message passing: control orders no reads (``smp_acquire__after_ctrl_dep`` does that)."""
    text = """C t
{{ }}
P0(int *flag, int *data) {{ WRITE_ONCE(*data, 1); smp_store_release(flag, 1); }}
P1(int *flag, int *data)
{{
	while (!READ_ONCE(*flag)) cpu_relax();
	{}
	int r = READ_ONCE(*data);
}}
~exists (1:r=0)
"""
    path = tmp_path / "t.litmus"
    path.write_text(text.format(""))
    assert fresh_checker().check(Request(path, "armv8")).verdict == "VIOLATED"
    path.write_text(text.format("smp_acquire__after_ctrl_dep();"))
    assert fresh_checker().check(Request(path, "armv8")).verdict == "SAFE"
