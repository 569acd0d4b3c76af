"""A helper that branches on what it read and always returns the same: its caller's test is decided.

In ``if (q || helper(&z)) A else B`` with a helper that always returns 1, both ways from the test of
q come to A. So the store to y there is not ordered after the read of x that gave q, nor after the
one of z, and load buffering is allowed under armv8: no dob, no bob between them. Under tso a load
is ordered with later stores.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check.verdict import Request
from tests.fresh import fresh_checker

HELPERS = {
    "two returns": "if (v) return 1; return 1;",
    "with a loop": "for (int i = 0; i < 2; i++) { if (v == i + 2) return 1; } return 1;",
    "with an inner helper": "if (!same(v)) return 0; if (v) barrier(); return 1;",
    "that may spin for ever": "while (v == 7) { } return 1;",
    "that may go round for ever": "if (v == 7) { again: goto again; } return 1;",
    "with a statement expression": "if (v) return ({ int a = 2; a - 1; }); return 1;",
    "with memory in a block": "WRITE_ONCE(z, ({ int a = same(v); a &= READ_ONCE(z); a; })); "
    "if (v) barrier(); return 1;",
    "with a switch": "switch (v) { case 0: return 1; case 1: barrier(); } return 1;",
}
CALLS = (
    "if (q || helper(&z)) WRITE_ONCE(y, 1);",
    "if (!q && !helper(&z)) WRITE_ONCE(w, 3); else WRITE_ONCE(y, 1);",
    "if (q) helper(&z); if (helper(&z)) WRITE_ONCE(y, 1);",
    "if (q || (helper(&z) && 1 == same(2))) WRITE_ONCE(y, 1); else WRITE_ONCE(y, 2);",
    "if (q) goto out; if (!helper(&z)) return; out: WRITE_ONCE(y, 1);",
    "if (helper(&x)) WRITE_ONCE(y, 1);",
)


@pytest.mark.parametrize("helper", HELPERS.values(), ids=HELPERS.keys())
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("model", "verdict"), [("armv8", "VIOLATED"), ("tso", "SAFE")])
def test_load_buffering(tmp_path: Path, helper: str, call: str, model: str, verdict: str) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nint x; int y; int z; int w;\n"
        "static int same(int v) { if (v == 3) return 1; return 1; }\n"
        "static int helper(int *p)\n"
        f"{{ int v = READ_ONCE(*p); {helper} }}\n"
        f"{{ }}\nP0(void) {{ int q = READ_ONCE(x); WRITE_ONCE(w, q); {call} }}\n"
        "P1(void) { if (READ_ONCE(y)) WRITE_ONCE(x, 1); }\n"
        "~exists (w=1 /\\ y=1)\n"
    )
    assert fresh_checker().check(Request(path, model)).verdict == verdict


def test_a_helper_that_returns_different_constants_hands_its_branch_on(tmp_path: Path) -> None:
    """However it is compiled, which store there is hangs on what was read."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nint x; int y; int w;\n"
        "static int helper(int *p)\n"
        "{ int v = READ_ONCE(*p); WRITE_ONCE(w, v); if (!v) return 0; return 1; }\n"
        "{ }\nP0(void) { if (helper(&x)) WRITE_ONCE(y, 1); else WRITE_ONCE(y, 2); }\n"
        "P1(void) { if (READ_ONCE(y) == 1) WRITE_ONCE(x, 1); }\n"
        "~exists (w=1 /\\ y=1)\n"
    )
    assert fresh_checker().check(Request(path, "armv8")).verdict == "SAFE"


@pytest.mark.parametrize(
    "helper",
    [
        "return &pool;",
        "return &some.b;",
        "static int kept; return &kept;",
        "guard(all)(&some); return &pool;",
        "int k = 0, *q = &k; *q = 1; return &pool;",
    ],
)
def test_a_helper_that_returns_an_address(helper: str, tmp_path: Path) -> None:
    """No address of an object is NULL, so that the test of it is decided, whatever else the helper
    has in memory; and with that the caller's test, as above."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nint x; int y; int pool; struct two { int a; int b; } some;\n"
        "DEFINE_GUARD(all, struct two *, barrier(), barrier())\n"
        f"static int *helper(void) {{ {helper} }}\n"
        "static int got(void)\n"
        "{ int *p; if (READ_ONCE(x)) return 1; p = helper(); if (!p) return 0; return 1; }\n"
        "{ }\nP0(void) { if (got()) WRITE_ONCE(y, 1); }\n"
        "P1(void) { if (READ_ONCE(y)) WRITE_ONCE(x, 1); }\n"
        "~exists (x=1)\n"
    )
    assert fresh_checker().check(Request(path, "armv8")).verdict == "VIOLATED"
