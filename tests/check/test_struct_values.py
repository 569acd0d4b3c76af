"""Structs as arguments and results: the callee has a copy (C17 6.5.2.2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.text import InputError

TOP = """struct f { int a; int b; };
typedef struct { unsigned long pte; } pte_t;
static struct f mk(int x) { struct f r = { x, x + 1 }; return r; }
static int sum(struct f v) { v.a += 10; return v.a + v.b; }
static int through(struct f v) { struct f *p = &v; p->a = 4; return v.a + v.b; }
static struct f twice(struct f v) { return (struct f){ .a = v.a * 2, .b = v.b * 2 }; }
static unsigned long pte_val(pte_t p) { return p.pte; }
static pte_t mkdirty(pte_t p) { p.pte |= 4; return p; }
static struct f early(int c) { struct f r = { 1, 2 }; if (c) return r; r.b = 7; return r; }
static struct f open(int c) { if (c) return mk(1); }
{ struct f s = {1, 2}; int x; }
"""


def observation(code: str, condition: str, folder: Path) -> tuple[str, str | None]:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{TOP}P0(int *x, struct f *s) {{ {code} }}\n{condition}\n")
    checker, request = Checker(), Request(path, "lkmm")
    verdict = checker.check(request)  # a witness has passed the replay
    return verdict.verdict, checker.states(request).observation


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("*x = sum(*s);", 13),
        ("int r = sum(*s); *x = s->a;", 1),
        ("*x = through(*s) + s->a;", 7),
        ("struct f v = mk(3); *x = v.b;", 4),
        ("*x = mk(7).a;", 7),
        ("*s = mk(5); *x = s->a + s->b;", 11),
        ("mk(1); *x = sum(mk(2));", 15),
        ("*x = twice(twice(*s)).b;", 8),
        ("*x = sum(twice(mk(mk(1).b)));", 20),
        ("pte_t p = { 1 }; *x = pte_val(mkdirty(p)) + p.pte;", 6),
        ("*x = early(0).b * 10 + early(1).b;", 72),
        ("struct f v = mk(1); v = twice(v); *x = sum(v);", 16),
        ("*x = sizeof(mk(1));", 8),
    ],
)
def test_values(code: str, x: int, tmp_path: Path) -> None:
    assert observation(code, f"forall (x={x})", tmp_path) == ("SAFE", "Always")
    assert observation(code, f"exists (x={x})", tmp_path)[1] == "Always"


def test_a_result_that_is_missing_is_a_violation(tmp_path: Path) -> None:
    assert observation("struct f v = open(*x);", "forall (x=0)", tmp_path)[0] == "VIOLATED"


def test_dependencies_go_through_a_copy(tmp_path: Path) -> None:
    """Load buffering: the value goes through a struct by argument and result, and still orders."""
    path = tmp_path / "t.litmus"
    top = TOP.replace("{ struct f s = {1, 2}; int x; }", "{ }")
    one = "int r0 = READ_ONCE(*x); WRITE_ONCE(*y, mk(r0).b);"  # r0 + 1
    for value, expected in (("mk(r0 - 1).a", "Never"), ("mk(1).a", "Sometimes")):
        two = f"int r0 = READ_ONCE(*y); WRITE_ONCE(*x, {value});"
        path.write_text(
            f"C t\n{top}P0(int *x, int *y) {{ {one} }}\nP1(int *x, int *y) {{ {two} }}\n"
            "exists (0:r0=1 /\\ 1:r0=2)\n"
        )
        assert Checker().check(Request(path, "lkmm")).observation == expected


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("*x = sum(*x);", "int is used where struct f is needed"),
        ("*x = sum(3);", "this is not a struct f"),
        ("pte_t p = { 1 }; *x = sum(p);", "is used where struct f is needed"),
        ("*x = mk(1);", "struct f"),
        ("*x = mk(1) + 1;", "struct f"),
        ("if (mk(1)) *x = 1;", "struct f"),
        ("pte_t p = { 1 }; struct f g = p;", "is used where struct f is needed"),
        ("int n = 1; struct f g = n;", "int is used where struct f is needed"),
        ("struct f g = mk(1); struct f h = *x ? g : g;", "a choice between structs"),
        ("struct f g[1] = { { 1 } }; struct f h[1] = g;", "initialised by a list"),
    ],
)
def test_what_is_refused(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        observation(code, "exists (x=1)", tmp_path)
