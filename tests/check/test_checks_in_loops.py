"""A loop that waits may have an assertion in it: where it holds, a round changes nothing."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

HEAD = """C t
int x, y, z;
static int asked(void) {{ WARN_ON_ONCE(READ_ONCE(x) == {never}); return READ_ONCE(y); }}
{{ }}
"""


def verdict(folder: Path, text: str, model: str = "armv8", *, liveness: bool = False) -> str:
    path = folder / "t.litmus"
    path.write_text(text)
    return fresh_checker().check(Request(path, model, liveness=liveness)).verdict


LOOPS = [
    "while (!asked()) cpu_relax();",
    "for (;;) { WARN_ON(0); BUG_ON(READ_ONCE(x) > 6); if (asked()) break; }",
    "again: VM_BUG_ON(READ_ONCE(x) > 6); if (!READ_ONCE(y)) goto again;",
    "int r = READ_ONCE(y); while (!r) { assert(r < 5); cpu_relax(); r = READ_ONCE(y); }",
    "do { assert(READ_ONCE(x) < 7); } while (!READ_ONCE(y));",
    "while (!READ_ONCE(y)) { if (READ_ONCE(x) / 1 > 6) BUG(); }",
]


@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
@pytest.mark.parametrize("loop", LOOPS)
def test_needs_no_bound(loop: str, model: str, tmp_path: Path) -> None:
    threads = f"P0(void) {{ {loop} }}\nP1(void) {{ WRITE_ONCE(x, 1); smp_store_release(&y, 1); }}"
    assert verdict(tmp_path, HEAD.format(never=7) + threads, model) == "SAFE"


@pytest.mark.parametrize("loop", LOOPS[:1])
@pytest.mark.parametrize("never", [0, 1, 2, 3])
def test_fails_in_whichever_round(loop: str, never: int, tmp_path: Path) -> None:
    """The values that come one after the other; P0 may look at each of them first, or last."""
    stores = "WRITE_ONCE(x, 1); smp_wmb(); WRITE_ONCE(x, 2); smp_wmb(); WRITE_ONCE(x, 3);"
    threads = f"P0(void) {{ {loop} }}\nP1(void) {{ {stores} smp_store_release(&y, 1); }}"
    assert verdict(tmp_path, HEAD.format(never=never) + threads) == "VIOLATED"


def test_fails_in_a_round_of_a_loop_without_an_end(tmp_path: Path) -> None:
    threads = (
        "P0(void) {{ for (;;) BUG_ON(READ_ONCE(x) == {}); }}\nP1(void) {{ WRITE_ONCE(x, 1); }}"
    )
    assert verdict(tmp_path, HEAD.format(never=9) + threads.format(1)) == "VIOLATED"
    assert verdict(tmp_path, HEAD.format(never=9) + threads.format(2)) == "VACUOUS"


def test_who_warns_and_waits_for_ever(tmp_path: Path) -> None:
    threads = "P0(void) { while (!asked()) cpu_relax(); }\nP1(void) { WRITE_ONCE(x, 1); }"
    assert verdict(tmp_path, HEAD.format(never=9) + threads) == "VACUOUS"
    assert verdict(tmp_path, HEAD.format(never=9) + threads, liveness=True) == "VIOLATED"


ROUNDS = [
    "BUG_ON(READ_ONCE(x) == {});",
    "if (READ_ONCE(z)) BUG_ON(READ_ONCE(x) == {});",
    "int r = READ_ONCE(x); BUG_ON(r == {} && READ_ONCE(z));",
    "WRITE_ONCE(z, 2); BUG_ON(READ_ONCE(x) == {});",
]
STORES = [
    "WRITE_ONCE(x, 1); smp_mb(); WRITE_ONCE(y, 1);",
    "WRITE_ONCE(z, 1); WRITE_ONCE(x, 1); smp_store_release(&x, 2); smp_store_release(&y, 1);",
    "WRITE_ONCE(y, 1); WRITE_ONCE(x, 1); WRITE_ONCE(z, 1);",
    "if (READ_ONCE(z) == 2) WRITE_ONCE(x, 1); WRITE_ONCE(y, 1);",
]


@pytest.mark.parametrize(("body", "stores"), list(product(ROUNDS, STORES)))
def test_as_with_the_rounds_written_out(body: str, stores: str, tmp_path: Path) -> None:
    """P1 stores three times at most: four rounds see all that there is to see."""
    for value in (0, 1, 2):
        once = f"{{ {body.format(value)} }}"
        loop = f"for (;;) {{ {once} if (READ_ONCE(y)) break; }}"
        rounds = f"{once} if (!READ_ONCE(y)) {{ " * 3 + f"{once} __assume(READ_ONCE(y)); " + "}" * 3
        texts = (
            f"{HEAD.format(never=9)}P0(void) {{ {c} }}\nP1(void) {{ {stores} }}"
            for c in (loop, rounds)
        )
        one, other = (verdict(tmp_path, text) for text in texts)
        assert one.startswith(other)  # SAFE, or up to k where each round stores
