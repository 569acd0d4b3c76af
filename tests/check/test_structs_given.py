"""A branch on a member of the struct that a function gives.

What the text fixes is no branch, and no store after it waits: a compiler that has inlined the
function leaves the test out. What a read decides is one, and the thread's last store waits for it.
Load buffering tells: the thread reads from the future where nothing makes its store wait
(``LB+po+data``), and does not where the branch does (``LB+ctrl+data``, forbidden by the kernel's
model). Each case is run again by the interpreter, which has to find the same dependencies.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

TEST = """C t
int x; int y; int z; int seen;
struct pair { int a; int b; };
static struct pair inner(int v)
{ struct pair p; p.a = 0; p.b = READ_ONCE(x); WRITE_ONCE(seen, p.b); return p; }
static struct pair turned(struct pair p)
{ struct pair q; q.a = p.b; q.b = p.a; return q; }
static struct pair pair(int v)
{ struct pair p; %s }
{ }
P0(void) { %s WRITE_ONCE(z, 1); }
P1(void) { WRITE_ONCE(x, READ_ONCE(z)); }
exists (seen=1 /\\ z=1)
"""
READ = "p.b = READ_ONCE(x); WRITE_ONCE(seen, p.b);"

FIXED = [
    f"p.a = 0; {READ} return p;",
    f"p.a = v; {READ} p.a -= 3; return p;",
    f"p.a = 0; if (v > 5) p.a = 1; {READ} return p;",
    f"{READ} p.a = p.b ? 0 : 0; return p;",
    f"p.a = 0; {READ} while (p.a) p.a--; return p;",
    f"p.a = 0; {READ} if (v == 3) return p; p.a = 1; return p;",
    "p = inner(v); return p;",
    "p = turned(inner(v)); return turned(p);",
    # Whatever way is taken.
    f"p.a = 0; {READ} if (p.b) return p; p.a = 0; return p;",
    f"p.a = 1; {READ} if (p.b) p.a = 0; else p.a = 0; return p;",
]
DECIDED = [
    f"{READ} p.a = p.b; return p;",
    f"p.a = 1; {READ} p = turned(p); return p;",
    # The way that is taken decides.
    f"p.a = 0; {READ} if (p.b) return p; p.a = 1; return p;",
    f"p.a = 1; {READ} if (p.b) p.a = 0; return p;",
]
USES = {
    "alone": "if (pair(3).a) return;",
    "kept": "struct pair q = pair(3); if (q.a) return;",
    "second": "if (READ_ONCE(y) == 0 && pair(3).a) return;",
    "passed over": "if (READ_ONCE(y)) { struct pair q = pair(4); if (q.a) return; } pair(3);",
}


def observed(body: str, use: str, folder: Path) -> str | None:
    path = folder / "t.litmus"
    path.write_text(TEST % (body, USES[use]))
    return fresh_checker().states(Request(path, "lkmm")).observation


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("body", FIXED)
def test_what_the_text_fixes_is_no_branch(body: str, use: str, tmp_path: Path) -> None:
    assert observed(body, use, tmp_path) == "Sometimes"


@pytest.mark.parametrize(
    ("use", "expected"),
    [("alone", "Never"), ("kept", "Never"), ("second", "Never"), ("passed over", "Sometimes")],
)
@pytest.mark.parametrize("body", DECIDED)
def test_what_a_read_decides_is_one(body: str, use: str, expected: str, tmp_path: Path) -> None:
    """Where the test is passed over, nothing has been decided."""
    assert observed(body, use, tmp_path) == expected
