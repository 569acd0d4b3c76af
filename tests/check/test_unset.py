"""A local read without a value is a finding (C17 6.3.2.1 p2), on exactly the ways that have none.

In each program x is 0 or 1, both are seen, and what is said of the way there follows from the text.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check.verdict import Request, Verdict
from tests.fresh import fresh_checker

HEAD = """C t
int x; int z; int w;
struct s {{ int a; int b; }};
static int if_set(int *p, bool set) {{ int v; if (set) v = READ_ONCE(*p); return set ? v : 7; }}
static int maybe(int *p) {{ int v; if (READ_ONCE(*p)) v = 3; return v; }}
static struct s pair(int a) {{ struct s t; t.a = a; return t; }}
{{ }}
P0(void) {{ int c = READ_ONCE(x); {} }}
P1(void) {{ WRITE_ONCE(x, 1); }}
~exists (z=9)
"""

WRONG = [
    "int v; if (c) v = 5; BUG_ON(v == 6);",
    "int v; if (c) v = 5; if (!c) WRITE_ONCE(z, v);",
    "int v; if (c) v = 5; v += 1;",
    "int v; if (c) v = 5; v++;",
    "int v; if (c) v = 5; int r = c || v;",
    "int v; if (c) v = 5; int r = c ? 0 : v;",
    "int v; if (c) goto out; v = 1; out: WRITE_ONCE(z, v);",
    "int v; switch (c) { case 0: v = 1; break; case 7: v = 2; } WRITE_ONCE(z, v);",
    "int v; while (READ_ONCE(x) == 0) { v = 1; WRITE_ONCE(w, 1); } WRITE_ONCE(z, v);",
    # Another variable in each round.
    "for (int i = 0; i < 2; i++) { int v; if (i == 0) v = 1; if (i == c) WRITE_ONCE(z, v); }",
    "struct s t; t.a = 1; if (c) t.b = 2; WRITE_ONCE(z, t.b);",
    "int v; if (c) v = 5; int r = ({ v + 1; });",
    "int v; if (c) v = 0; int r = try_cmpxchg(&w, &v, 1);",
    "int *p; if (c) p = &w; WRITE_ONCE(z, p == &x);",
    "int r = maybe(&x);",
]
RIGHT = [
    "int v; if (c) v = 5; if (c) WRITE_ONCE(z, v);",
    "int v; if (c) v = 5; if (c && v == 5) WRITE_ONCE(z, v);",
    "int v; if (c) v = 5; int r = c ? v : 0;",
    "int v; if (c) v = 5; int r = !c || v;",
    "int v; if (c) v = 5; int r = c ? (c && v ? v : 1) : 2;",
    "int v; if (c) v = 5; else v = 6; WRITE_ONCE(z, v);",
    "int v; if (c) return; v = 1; WRITE_ONCE(z, v);",
    "int v; switch (c) { case 0: v = 1; break; default: v = 2; } WRITE_ONCE(z, v);",
    "int v; do { v = READ_ONCE(x); } while (!v); WRITE_ONCE(z, v);",
    "for (int i = 0; i < 2; i++) { int v; if (i == c) v = 1; if (i == c) WRITE_ONCE(z, v); }",
    # Copying a struct does not use all its members.
    "struct s t; t.a = 1; if (c) t.b = 2; struct s u = t; WRITE_ONCE(z, u.a);",
    "int r = if_set(&x, c);",
    "int v; if (c) v = 5; int size = sizeof(v);",
    "int v; if (c) v = 5; typeof(v) r = 1;",
    "int v; if (c) v = 5; v = 1; WRITE_ONCE(z, v);",
]


def verdict(tmp_path: Path, body: str, model: str) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(HEAD.format(body))
    return fresh_checker().check(Request(path, model))


@pytest.mark.parametrize("body", WRONG)
def test_read_without_a_value(tmp_path: Path, body: str) -> None:
    found = verdict(tmp_path, body, "sc")
    assert (found.verdict, found.subject) == ("VIOLATED", "variable without a value")


@pytest.mark.parametrize("body", RIGHT)
def test_read_with_a_value(tmp_path: Path, body: str) -> None:
    assert verdict(tmp_path, body, "armv8").verdict == "SAFE"


def test_registers_of_herd7_are_0_at_first(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\n{ }\nP0(int *x) { int v; if (READ_ONCE(*x)) v = 5; int r = v + 1; }\n"
        "P1(int *x) { WRITE_ONCE(*x, 1); }\nforall (0:r=1 \\/ 0:r=6)\n"
    )
    assert fresh_checker().check(Request(path, "sc")).verdict == "SAFE"


@pytest.mark.parametrize("leaves", ["if (!READ_ONCE(x)) return;", "if (!READ_ONCE(x)) goto out;"])
@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
def test_what_is_declared_behind_an_early_end_is_0_there(
    leaves: str, model: str, tmp_path: Path
) -> None:
    """The state of a thread that does not come by a declaration shows the local all the same."""
    path = tmp_path / "t.litmus"
    path.write_text(
        f"C t\nint x; int y;\n{{ }}\nvoid P0(void) {{ WRITE_ONCE(x, 1); }}\n"
        f"void P1(void) {{ {leaves} int r = READ_ONCE(y) + 3; out: ; }}\nexists (1:r=0)\n"
    )
    found = fresh_checker().states(Request(path, model))
    at = found.texts.index("1:r")
    assert {state[at] for state in found.states} == {0, 3}
    assert fresh_checker().check(Request(path, model)).observation == "Sometimes"
