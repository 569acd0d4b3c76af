"""Static locals, compound literals, types of a block: end states by C17 6.2.1, 6.2.4, 6.5.2.5."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

STRUCT = "struct s { int a; int b; };\n"
SUM = "static int sum(struct s *s) { return s->a + 10 * s->b; }\n"


def observation(top: str, threads: str, condition: str, folder: Path) -> str | None:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{STRUCT}{top}{{ int x; struct s v; }}\n{threads}\n{condition}\n")
    checker, request = fresh_checker(), Request(path, "lkmm")
    verdict = checker.check(request)
    found = checker.states(request).observation
    if verdict.witness is None:  # else the replay has confirmed it
        assert found == ("Always" if condition.startswith("forall") else "Never")
    return found


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("WRITE_ONCE(*x, (int){ 5 });", 5),
        ("WRITE_ONCE(*x, ((struct s){ 1, 2 }).b);", 2),
        ("WRITE_ONCE(*x, sum(&(struct s){ .b = 3 }));", 30),
        ("*v = (struct s){ .a = 1, .b = 2 }; WRITE_ONCE(*x, sum(v));", 21),
        ("struct s w = (struct s){ .a = 4 }; WRITE_ONCE(*x, sum(&w));", 4),
        ("int *p = (int[]){ 1, 2, 3 }; WRITE_ONCE(*x, p[2]);", 3),
        ("if (1) WRITE_ONCE(*x, sum(&(struct s){ 6 })); else WRITE_ONCE(*x, 1);", 6),
        ("struct s *p = 0; p = &(struct s){ 7, 1 }; p->b++; WRITE_ONCE(*x, sum(p));", 27),
        # An object of its own in each round.
        ("for (int i = 0; i < 3; i++) { int *p = &(int){ 1 }; *p += 1; *x += *p; }", 6),
        ("WRITE_ONCE(*x, sum(&(struct s){ (int){ 1 }, (int){ 2 } }));", 21),
        ("int i = 0; again: *x += (int){ 2 }; if (++i < 2) goto again;", 4),
        ("switch (2) { case 2: *x = (int){ 8 }; }", 8),
        ("*x = ({ int y = 2; y + (int){ 1 }; });", 3),
    ],
)
def test_compound_literals(code: str, x: int, tmp_path: Path) -> None:
    threads = f"P0(int *x, struct s *v) {{ {code} }}"
    assert observation(SUM, threads, f"forall (x={x})", tmp_path) == "Always"
    assert observation(SUM, threads, f"exists (x={x + 1})", tmp_path) == "Never"


@pytest.mark.parametrize(
    "code",
    [
        "if (*x && (int){ 1 }) *x = 1;",
        "if (*x || (int){ 1 }) *x = 1;",
        "*x = *x ? (int){ 1 } : 2;",
        "*x = *x ? 2 : (int){ 1 };",
        "*x = (*x = 3, (int){ *x });",
        "while ((int){ *x }) *x = 1;",
        "do *x = 1; while ((int){ *x } != 1);",
        "for (int i = 0; i < (int){ 2 }; i++) *x = 1;",
        "for (int i = 0; i < 2; i += (int){ 1 }) *x = 1;",
        "int a = 1, b = (int){ a };",
        "static int s = (int){ 1 };",
    ],
)
def test_a_literal_that_is_not_computed_first_is_refused(code: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="compound literal is not supported here") as caught:
        observation("", f"P0(int *x) {{ {code} }}", "exists (x=1)", tmp_path)
    span = caught.value.diagnostic.span
    assert span is not None
    assert span.text.startswith("(int){")


def test_none_outside_of_a_function(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="outside of a function"):
        observation("int *p = &(int){ 1 };\n", "P0(int *x) { }", "exists (x=1)", tmp_path)


def test_static_locals_keep_their_values(tmp_path: Path) -> None:
    top = "static int next(void) { static int n = 5, m; n++; m += 2; return n + 100 * m; }\n"
    threads = "P0(int *x) { int a = next(); int b = next(); WRITE_ONCE(*x, a * 1000 + b); }"
    assert observation(top, threads, f"forall (x={206 * 1000 + 407})", tmp_path) == "Always"


def test_static_locals_are_one_for_all_threads(tmp_path: Path) -> None:
    """The first caller alone finds it 0."""
    top = "static int first(void) { static int done; return cmpxchg(&done, 0, 1) == 0; }\n"
    threads = "P0() { int r0 = first(); }\nP1() { int r0 = first(); }"
    assert observation(top, threads, "exists (0:r0=1 /\\ 1:r0=1)", tmp_path) == "Never"
    assert observation(top, threads, "forall (0:r0=1 \\/ 1:r0=1)", tmp_path) == "Always"
    assert observation(top, threads, "exists (0:r0=0 /\\ 1:r0=1)", tmp_path) == "Sometimes"


def test_static_locals_of_one_name(tmp_path: Path) -> None:
    """Scopes decide which is meant; a static pointer may point to a static local."""
    top = "static int f(void) { static int n = 1; static int *p = &n; int r = ++*p;\n"
    top += "{ static int n = 10; r += n++; } return r + n; }\n"
    top += "static int g(void) { static int n = 1000; return n++; }\n"
    threads = "P0(int *x) { int a = f(); int b = f(); *x = a + b + g(); }"
    # f: 2 + 10 + 2, then 3 + 11 + 3
    assert observation(top, threads, f"forall (x={14 + 17 + 1000})", tmp_path) == "Always"


@pytest.mark.parametrize(
    ("declared", "lock", "unlock"),
    [
        ("static DEFINE_MUTEX(l);", "mutex_lock(&l);", "mutex_unlock(&l);"),
        ("static DEFINE_SPINLOCK(l);", "spin_lock(&l);", "spin_unlock(&l);"),
        ("static DEFINE_RAW_SPINLOCK(l);", "raw_spin_lock(&l);", "raw_spin_unlock(&l);"),
        ("static DECLARE_RWSEM(l);", "down_write(&l);", "up_write(&l);"),
    ],
)
def test_a_static_lock(declared: str, lock: str, unlock: str, tmp_path: Path) -> None:
    """One lock for all callers: two increments under it are two. Each function has its own."""
    body = f"{{ {declared} {lock} *x += 1; {unlock} }}"
    top = f"static void f(int *x) {body}\nstatic void g(int *x) {body}\n"
    one = "P0(int *x) { f(x); }\nP1(int *x) { f(x); }"
    assert observation(top, one, "forall (x=2)", tmp_path) == "Always"
    two = "P0(int *x) { f(x); }\nP1(int *x) { g(x); }"
    assert observation(top, two, "exists (x=1)", tmp_path) == "Sometimes"


def test_a_lock_on_the_stack_is_free(tmp_path: Path) -> None:
    code = "DEFINE_SPINLOCK(l); *x = spin_trylock(&l); *x += 2 * spin_trylock(&l);"
    assert observation("", f"P0(int *x) {{ {code} }}", "forall (x=1)", tmp_path) == "Always"


def test_a_static_local_that_names_itself(tmp_path: Path) -> None:
    """C17 6.2.1: its scope begins before its initializer, and hides one of that name outside."""
    top = "#include <linux/list.h>\nstruct n { struct n *next; int v; };\n"
    code = "static int h = 1; { static struct n h = { &h, sizeof(h) }; *x = h.next == &h;"
    code += " *x += h.v; } static LIST_HEAD(l); *x += list_empty(&l); *x += 100 * h;"
    assert observation(top, f"P0(int *x) {{ {code} }}", "forall (x=118)", tmp_path) == "Always"


def test_a_plain_static_local_races(tmp_path: Path) -> None:
    """It is shared: two threads that count in it without an order have a data race."""
    top = "static void count(void) { static int n; n++; }\n"
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{top}{{}}\nP0() {{ count(); }}\nP1() {{ count(); }}\nexists (true)\n")
    assert "data-race" in fresh_checker().states(Request(path, "lkmm")).flags


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("struct t { int a, b; } w = { 1, 2 }; *x = w.a + w.b;", 3),
        ("struct { int a, b; } w = { .b = 4 }; *x = w.b;", 4),
        ("struct t { int a; }; struct t w = { 5 }, *p = &w; *x = p->a;", 5),
        ("struct t { struct t *next; int a; } w = { &w, 6 }; *x = w.next->next->a;", 6),
        ("static const struct { int in, out; } m[] = { { 1, 2 }, { 3, 7 } }; *x = m[1].out;", 7),
        ("union { int a; unsigned b; } u; u.a = 8; *x = u.b;", 8),
        ("enum { A = 9, B }; *x = B;", 10),
        ("enum kind { A, B, C } k = C; switch (k) { case C: *x = 2; break; default: *x = 3; }", 2),
        # The block's own struct s hides that of the file (which has two ints), up to its end.
        ("{ struct s { long a[4]; }; *x = sizeof(struct s); } *x += sizeof(struct s);", 40),
        # Before it is defined, it is that of the file, unless it is declared to be the block's.
        ("struct s *p = v; struct s { char c; }; *x = sizeof(*p) + sizeof(struct s);", 9),
        ("struct s; struct s *p; struct s { long l[3]; } w; p = &w; *x = sizeof(*p);", 24),
        # An enumerator is none before its own value, and none of another block or function.
        ("enum { A = 2 }; { enum { A = A + 3, B = A }; *x = B; } *x += 10 * A;", 25),
        ("enum { B = 4 }; *x = B + other();", 104),
        ("enum { A = 4 }; { int A = 1; *x = A; }", 1),
        ("for (struct { int i; } r = { 0 }; r.i < 3; r.i++) *x += 2;", 6),
        ("*x = ({ struct t { int a; } w = { 7 }; w.a; });", 7),
        ("*x = sizeof(struct { int a[3]; }); *x += ((struct { int a, b; }){ 1, 5 }).b;", 17),
        ("struct { struct in { int a; } i; } w = { { 3 } }; struct in j = w.i; *x = j.a;", 3),
    ],
)
def test_types_of_a_block(code: str, x: int, tmp_path: Path) -> None:
    top = "static int other(void) { enum { B = 100 }; return B; }\n"
    threads = f"P0(int *x, struct s *v) {{ {code} }}"
    assert observation(top, threads, f"forall (x={x})", tmp_path) == "Always"
    assert observation(top, threads, f"exists (x={x + 1})", tmp_path) == "Never"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("struct t { int a; }; struct t { int a; };", "defined twice"),
        ("{ struct t { int a; }; } struct t w;", "struct t is not defined"),
        ("struct s *p; struct s { int a; } w; p = &w;", "struct s@P0"),
        ("{ enum { A }; } *x = A;", "A"),
        ("int y; struct t { typeof(y) a; } w;", "a struct made of 'y' is not supported here"),
        # Not the type of the variable at file level that has the name, too.
        ("int g; struct t { typeof(g) a; } w;", "a struct made of 'g' is not supported here"),
        ("int g; static char c[sizeof(g)];", "made of 'g' is not supported here"),
        ("{ typedef int t; } t w = 1;", "unknown type t"),
        ("int n = 4; typedef int t[n]; t w;", "not a constant"),
        ("typedef undefd t;", "unknown type undefd"),
        ("typedef undefd *t, u[2];", "unknown type undefd"),
    ],
)
def test_types_of_a_block_that_are_none(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        top = "long g;\n"
        observation(top, f"P0(int *x, struct s *v) {{ {code} }}", "exists (x=1)", tmp_path)
    assert message in caught.value.diagnostic.message


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("typedef int t; t a = 3; *x = a;", 3),
        ("typedef u8 t; *x = (t)257 + sizeof(t);", 2),
        ("typedef struct { int a, b; } t, *p; t w = { 1, 2 }; p q = &w; *x = q->b;", 2),
        ("typedef struct s s; s w = { 4 }; { typedef long s; s l = w.a; *x = l; }", 4),
        # C17 6.2.1: an inner block's name hides it, and its own is gone at the end.
        ("typedef int t; { int t = 5; *x = t * 2; } t u = 4; *x += u;", 14),
        ("typedef int t; { typedef char t; *x = sizeof(t); } *x += sizeof(t);", 5),
        ("{ typedef char g; *x = sizeof(g); } *x += sizeof(g);", 9),
        ("typedef int t[3]; t w = { 1, 2, 3 }; *x = w[2] + ARRAY_SIZE(w) + sizeof(t);", 18),
        # What it stands for is that of where it is declared.
        ("enum { N = 4 }; typedef int t[N]; { enum { N = 9 }; *x = sizeof(t); }", 16),
        ("char y = 1; typedef typeof(y) t; { long y = 300; t z = y; *x = z + sizeof(t); }", 45),
        ("char y; typedef typeof(y) t; typedef t u[2], *p; u w = { 8 }; p q = &w[0]; *x = *q;", 8),
        ("{ char g = 1; typedef typeof(g) t; *x = sizeof(t); } *x += sizeof(g);", 9),
        ("typedef struct { typeof(g) a; } t; *x = sizeof(t);", 8),
        ("typedef int (*t)(void); t f = other; *x = f();", 100),
        ("typedef int t(void); t *f = other; *x = f();", 100),
        ("for (int i = 0; i < 3; i++) { typedef u8 t; t a = 255; a += i; *x += a; }", 256),
        ("typedef unsigned t; for (t i = 0; i < 3; i++) *x += i;", 3),
        ("*x = ({ typedef u8 t; (t)258; }) + sizeof(({ typedef u8 t; t b = 1; b; }));", 3),
        ("typedef volatile int t; t w = 3; t *p = &w; *x = *p + w;", 6),
        ("typedef int t; *x = ((struct { t a, b; }){ 1, 5 }).b + (t[]){ 1, 2 }[1];", 7),
    ],
)
def test_typedefs_of_a_block(code: str, x: int, tmp_path: Path) -> None:
    top = "long g;\nstatic int other(void) { typedef long g; g r = 100; return r; }\n"
    threads = f"P0(int *x, struct s *v) {{ {code} }}"
    assert observation(top, threads, f"forall (x={x})", tmp_path) == "Always"
    assert observation(top, threads, f"exists (x={x + 1})", tmp_path) == "Never"
