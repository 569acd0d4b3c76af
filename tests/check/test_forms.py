"""Forms of C and GNU C that kernel code has here and there.

C17: 6.7.2.4 and GNU C's typeof (a function's is its type, 6.3.2.1 p4 leaves it alone there), 6.8.3
p2 (a value that nobody asks for is discarded), 6.4.5 p6 with 6.6 p6 (the size of a literal is a
constant), 6.8 (a declaration is no statement), 6.7.8 p3 with 6.3.2.1 p3 (an array by another name).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

_TOP = """struct s { int a; int b; };
struct s t = { 3, 4 };
struct s *p = &t;
typedef int two[2];
typedef two four[2];
typedef int open[];
int one(int a) { return a + 1; }
int other(int a) { return a + 2; }
struct s made(int a) { struct s s = { a, a }; return s; }
typeof(one) *held = one;
typeof(&one) table[2] = { one, &other };
typedef typeof(one) fn;
struct ops { typeof(one) *first; fn *second; };
struct ops ops = { .first = one, .second = other };
int called(typeof(one) *f, int a) { return f(a); }
int passed(typeof(one) f, int a) { return f(a); }
int summed(two a) { return a[0] + a[1] + sizeof(a); }
enum { WIDTH = sizeof("abc") };
char room[sizeof("ab" "cd")];
struct named { char name[sizeof("abc")]; };
int length = sizeof("x") + sizeof "";
static_assert(sizeof("x") == 2, "with its end");
"""


def check(code: str, folder: Path, end: str = "", model: str = "armv8") -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{_TOP}int x;\n{{ }}\nP0(void) {{ {code} }}\n{end}\n")
    return fresh_checker().check(Request(path, model))


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("typeof(one) *f = one; x = f(3);", 4),
        ("typeof(one) *f; f = x ? one : &other; x = f(3);", 5),
        ("typeof(one) *f[2] = { one, other }; for (int i = 0; i < 2; i++) x = f[i](x);", 3),
        ("x = held(1) * 100 + table[0](2) * 10 + table[1](3);", 235),
        ("fn *f = ops.second; x = f(ops.first(1));", 4),
        ("x = called(one, 1) * 10 + passed(other, 1);", 23),
        ("__auto_type f = one; typeof(f) g = other; x = g(f(1));", 4),
        ("typeof(*held) *f = held; x = sizeof(f) + sizeof(typeof(one) *) + f(1);", 18),
        ("typeof(one(1)) r = one(2); x = r + sizeof(one(x++));", 7),
        # Of a struct that nobody asks for, what it takes to come to it is done.
        ("struct s s = { 1, 2 }; ({ x = s.a; s; });", 1),
        ("t; *p; p->a; t.b; x = 1; ({ x += 1; t; });", 2),
        ("({ x = 1; made(2); }); (void)({ x += 1; t; }); x ? t : made(1);", 2),
        ("(x = 2, t); for (({ t; }); x < 5; ({ x += 1; t; })) ;", 5),
        ("int i = 0; struct s l[2] = { }; l[i++]; (void)l[i++]; x = i;", 2),
        ("struct s s = ({ ({ x = 4; t; }); t; }); x += s.a;", 7),
        ("if (!x) ({ x = 1; t; }); else ({ t; });", 1),
        ("x = WIDTH * 1000 + sizeof(room) * 100 + sizeof(struct named) * 10 + length;", 4543),
        ('switch (2) { case sizeof("x"): x = sizeof("a" "b") + sizeof(__func__); }', 6),
        ('int a[sizeof("abc")]; x = ARRAY_SIZE(a) + sizeof(typeof("abc"));', 8),
        ("two w; int *q = w; q[1] = 3; x = w[1] + sizeof(w);", 11),
        ("two w = { 1, 2 }; x = w[1] + ARRAY_SIZE(w) + summed(w);", 15),
        ("four w = { { 1, 2 }, { 3, 4 } }; two *q = w; x = q[1][1] * 10 + summed(w[1]);", 55),
        ("open w = { 1, 2, 3 }; int *q = w; x = *(q + 2) + ARRAY_SIZE(w);", 6),
        ("two w[2] = { { 1, 2 }, { 3, 4 } }; two *q = &w[1]; x = (*q)[1];", 4),
        ("two w = { 1 }; typeof(w) v = { 4, 5 }; int *q = v; x = q[1] + w[0];", 6),
        ("for (int i = 0; i < 2; i++) { two w = { i, 2 }; int *q = w; x += q[0] + w[1]; }", 5),
        ("const two w = { 1, 2 }; const int *q = w; x = q[1];", 2),
        ("if (x) { typedef int t; } else { typedef long l; x = sizeof(l); }", 8),
    ],
)
def test_values(code: str, x: int, tmp_path: Path) -> None:
    found = check(code, tmp_path, f"exists (x={x})")
    assert (found.verdict, found.observation) == ("SAFE", "Always")
    assert found.witness is not None  # and replayed


def test_nothing_is_read_of_what_nobody_asks_for(tmp_path: Path) -> None:
    """No race with who stores there; but the pointer to it is read."""
    other = "P1(void) {{ {} }}\nexists (x=0)"
    for code in ("t;", "*p;", "({ t; });", "(void)(x = 0, *p);"):
        assert check(code, tmp_path, other.format("t.a = 1;"), "lkmm").flags == ()
    for code in ("*p;", "({ *p; });"):
        assert check(code, tmp_path, other.format("p = 0;"), "lkmm").flags == ("data-race",)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("typeof(one) f;", "function declarations inside a function are not supported"),
        ("typeof(one) *f = &x; x = f(1);", "int (*)(int)"),
        ("typeof(one) *f = made; x = f(1);", "int (*)(int)"),
        ("x = sizeof(one);", "a function has no size"),
        ("x = sizeof(typeof(one));", "a function has no size"),
        ("if (({ t; })) x = 1;", "struct s is used as a value"),
        ("x = ({ t; });", "struct s is used as a value"),
        ("if (x) typedef int u;", "a declaration cannot be the whole body of 'if'"),
        ("if (x) x = 1; else typedef int u;", "a declaration cannot be the whole body of 'else'"),
        ("while (x) typedef typeof(x) u;", "a declaration cannot be the whole body of 'while'"),
        ("do struct u { int a; }; while (x);", "a declaration cannot be the whole body of 'do'"),
        ("for (;x;) enum { A };", "a declaration cannot be the whole body of 'for'"),
        ("if (x) static int u;", "a declaration cannot be the whole body of 'if'"),
        ("if (x) static_assert(1);", "a declaration cannot be the whole body of 'if'"),
        ("do _Static_assert(1); while (x);", "a declaration cannot be the whole body of 'do'"),
        (
            "if (x) struct s *q = &(struct s){ 1 };",
            "a declaration cannot be",
        ),
        ("two w; w = &x;", "an array cannot be assigned"),
    ],
)
def test_what_is_refused(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        check(code, tmp_path, "exists (x=1)")
    assert message in refused.value.diagnostic.message
    assert refused.value.diagnostic.span is not None


def test_a_type_is_no_statement_among_registers_either(tmp_path: Path) -> None:
    """herd7 takes ``if (r) int s = 1;``, which assigns; a type there is as wrong as in C."""
    path = tmp_path / "t.litmus"
    text = "C t\n{{ }}\nP0(int *x) {{ int r = *x; if (r) {} *x = 2; }}\nexists (x=2)\n"
    path.write_text(text.format("int s = 1;"))
    assert fresh_checker().check(Request(path, "armv8")).observation == "Always"
    path.write_text(text.format("typedef int s;"))
    with pytest.raises(InputError, match="a declaration cannot be the whole body of 'if'"):
        fresh_checker().check(Request(path, "armv8"))
