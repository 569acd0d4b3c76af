"""A loop that goes round as often as a value says that comes from behind the loop.

Load buffering: P0 reads x, goes round a loop, and stores to y; P1 copies y to x. Nothing orders the
read before the store where the machine lets them pass each other, so P0 may read the 1 that comes
from its own store. With that 1 the loop has three rounds. An execution that is cut off after two
has no store behind it, and so none of them reads the 1: that no execution comes to the bound does
not say that it suffices.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VIOLATED
from tests.fresh import fresh_checker

BUFFERED = """C buffered
{{}}
P0(int *x, int *y) {{
 int r0 = READ_ONCE(*x); int n = 2; {fence}
 if (r0) n = 3;
 {loop}
 WRITE_ONCE(*y, 1);
}}
P1(int *x, int *y) {{ int r1 = READ_ONCE(*y); WRITE_ONCE(*x, r1); }}
~exists (0:r0=1)
"""
LOOPS = ("while (n) n--;", "for (int i = 0; i < n; i++) ;", "again: if (n--) goto again;")


def verdict(text: str, model: str, folder: Path, unroll: int | None = None) -> str:
    path = folder / "t.litmus"
    path.write_text(text)
    return fresh_checker().check(Request(path, model, unroll=unroll)).verdict


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("model", ["power", "armv7", "armv8", "riscv", "lkmm"])
def test_it_is_found_at_a_bound_that_suffices(model: str, loop: str, tmp_path: Path) -> None:
    assert verdict(BUFFERED.format(fence="", loop=loop), model, tmp_path) == VIOLATED


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("model", ["sc", "tso", "power", "lkmm"])
def test_in_order_it_is_safe(model: str, loop: str, tmp_path: Path) -> None:
    assert verdict(BUFFERED.format(fence="smp_mb();", loop=loop), model, tmp_path) == SAFE


def test_at_a_bound_that_does_not_suffice_it_is_said(tmp_path: Path) -> None:
    """It was SAFE."""
    text = BUFFERED.format(fence="", loop=LOOPS[0])
    assert verdict(text, "power", tmp_path, unroll=2) == BOUNDED


def test_final_states_are_not_listed_at_too_low_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(BUFFERED.format(fence="", loop=LOOPS[0]))
    with pytest.raises(TimeoutError, match="bound"):
        fresh_checker().states(Request(path, "power", unroll=2))
    assert fresh_checker().states(Request(path, "power")).observation == "Sometimes"


RING = """C ring
u32 tail_, head_; int slot[2]; int sink;
{{ }}
P0(void)
{{
	WRITE_ONCE(slot[0], 11); WRITE_ONCE(slot[1], 12); smp_store_release(&tail_, 2);
}}
P1(void)
{{
	u32 head = 0; u32 tail = smp_load_acquire(&tail_); int i;
	{}
	smp_store_release(&head_, head);
}}
~exists (head_=3)
"""


@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
@pytest.mark.parametrize(
    "loop",
    [
        "while (head != tail) { BUG_ON(READ_ONCE(slot[head & 1]) != 11 + head); head++; }",
        "for (i = 0; i != tail; i++) WRITE_ONCE(sink, i);",
        "while (tail--) { WRITE_ONCE(sink, 1); head++; }",
        "if (tail != 2) return; do { head++; } while (head != tail);",
    ],
)
def test_a_loop_up_to_one_of_a_few_values(loop: str, model: str, tmp_path: Path) -> None:
    """The values are 0 and 2: no loop goes round more than twice, whatever is compared how."""
    assert verdict(RING.format(loop), model, tmp_path) == SAFE


def test_a_loop_with_one_round_more(tmp_path: Path) -> None:
    text = RING.format("while (head != tail + 1) head++;")
    assert verdict(text, "sc", tmp_path, 1) == BOUNDED
    assert verdict(text, "sc", tmp_path) == VIOLATED


COUNTED = """C counted
{{ }}
P0(int *x)
{{
	int i;

{pragma}	for (i = 0; i < 70; i++)
		WRITE_ONCE(*x, i);
}}
exists (x=69)
"""
"""It goes round again 69 times, and comes to its test once more."""


def observation(text: str, folder: Path, unroll: int | None) -> str | None:
    path = folder / "t.litmus"
    path.write_text(text)
    return fresh_checker().check(Request(path, "tso", unroll=unroll)).observation


@pytest.mark.parametrize(
    ("unroll", "pragma"), [(70, ""), (200, ""), (None, "#pragma ksmcheck unroll 70\n")]
)
def test_a_bound_that_suffices_for_many_rounds(
    unroll: int | None, pragma: str, tmp_path: Path
) -> None:
    """Constants alone were believed up to 64 rounds, whatever the bound."""
    assert observation(COUNTED.format(pragma=pragma), tmp_path, unroll) == "Always"


@pytest.mark.parametrize("unroll", [None, 3, 69])
def test_too_many_rounds_are_told_with_what_to_raise(unroll: int | None, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(COUNTED.format(pragma=""))
    found = fresh_checker().check(Request(path, "tso", unroll=unroll))
    assert found.verdict == UNKNOWN
    assert str(found.reason).endswith("t.litmus:7:2 (raise --unroll)")


def test_a_low_bound_is_not_meant_for_constants(tmp_path: Path) -> None:
    text = COUNTED.replace("70", "60").replace("69", "59").format(pragma="")
    assert observation(text, tmp_path, 1) == "Always"
