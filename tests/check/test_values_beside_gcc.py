"""Values of C by C17 and GNU C: what gcc 12 (`-std=gnu11 -funsigned-char -fwrapv`) prints for the
same declarations and statements. Each is a number that the mistake once made did not give."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker


def observation(top: str, code: str, folder: Path, x: int) -> str | None:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{top}\nlong x;\n{{ }}\nP0(void) {{ {code} }}\nforall (x={x})\n")
    checker = fresh_checker()
    found = checker.states(Request(path, "sc")).observation
    assert checker.check(Request(path, "sc")).observation in (None, found)
    path.write_text(f"C t\n{top}\nlong x;\n{{ }}\nP0(void) {{ {code} }}\n~exists (x={x})\n")
    replayed = fresh_checker().check(Request(path, "sc")).verdict
    assert replayed == ("VIOLATED" if found == "Always" else "SAFE")
    return found


NAMELESS = """struct s { int a; union { int b; unsigned c; }; struct { int d;
	union { int e; int f; }; int g; }; int h; };
struct w { union { struct { int a; int b; }; struct { int c; int d; }; }; int e; };
"""


@pytest.mark.parametrize(
    ("type", "list_", "value", "x"),
    [
        # 6.7.9 p9, p13, p20: a union without a name has a value for its first member only.
        ("s", "1, 2, 3, 4, 5, 6", "v.b + v.d * 10 + v.e * 100 + v.g * 1000 + v.h * 10000", 65432),
        ("s", "1, { 2 }, { 3, { 4 }, 5 }, 6", "v.d + v.f * 10 + v.g * 100 + v.h * 1000", 6543),
        ("s", "1, { .c = 5 }, 6", "v.b + v.d * 10 + v.g", 65),
        # p17: after a designator, on with the next member.
        ("s", ".c = 7, 8, 9, 1, 2", "v.a + v.b + v.d * 10 + v.f * 100 + v.g * 1000 + v.h", 1989),
        ("s", ".f = 3, 4, 5", "v.e + v.g * 10 + v.h * 100", 543),
        ("w", "1, 2, 3", "v.c + v.d * 10 + v.e * 100", 321),
        ("w", "{ { 1, 2 } }, 3", "v.c + v.d * 10 + v.e * 100", 321),
        ("w", ".d = 5, 6", "v.a + v.b * 10 + v.e * 100", 650),
    ],
)
def test_members_without_a_name(type: str, list_: str, value: str, x: int, tmp_path: Path) -> None:
    code = f"struct {type} v = {{ {list_} }}; x = {value};"
    assert observation(NAMELESS, code, tmp_path, x) == "Always"
    top = f"{NAMELESS}struct {type} v = {{ {list_} }};"
    assert observation(top, f"x = {value};", tmp_path, x) == "Always"


@pytest.mark.parametrize(
    ("list_", "x"),
    [
        # p19: what is given again takes the place of all that was given before, members too.
        ("{ .i = { 1, 2 }, .i = { .b = 3 } }", 30),
        ("{ .i = { 1, 2 }, .j = 4, .i = { 5 } }", 405),
        ("{ { 1, 2 }, 3, .j = 6 }", 621),
    ],
)
def test_a_member_given_twice(list_: str, x: int, tmp_path: Path) -> None:
    top = f"struct i {{ int a; int b; }}; struct s {{ struct i i; int j; }} v = {list_};"
    assert observation(top, "x = v.i.a + v.i.b * 10 + v.j * 100;", tmp_path, x) == "Always"


def test_bool_beside_a_byte(tmp_path: Path) -> None:
    """Accesses see whole cells of one width; a bool is one bit."""
    with pytest.raises(InputError, match="overlap with different widths"):
        observation("union u { bool b; u8 a; } v = { .a = 5 };", "x = v.a + v.b;", tmp_path, 5)


def test_more_values_than_a_union_has(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too many values for union u"):
        observation("union u { int a; int b; } v = { 1, 2 };", "x = v.a;", tmp_path, 1)


@pytest.mark.parametrize(
    ("top", "code", "x"),
    [
        # An enum without negative values is unsigned int, also where it has no tag.
        ("struct s { enum { A, B, C } k : 2; } s;", "s.k = C; s.k++; x = s.k;", 3),
        ("enum { A, B } e = A;", "x = e - 1 > 0;", 1),
        ("typedef enum { A, B } e_t; e_t e;", "e--; x = e;", 0xFFFFFFFF),
        ("enum { A = -1, B } e = A;", "x = e < 0;", 1),
        # __builtin_expect, which they are, gives a long.
        ("", "x = sizeof(likely(1));", 8),
        ("", "x = likely(3) - 2u < 0;", 1),
        ("", "x = unlikely(5) << 40;", 1 << 40),
        # An enumerator that no int holds has its enum's type (replayed as well).
        ("enum { A = 0x100000000 };", "x = sizeof(A);", 8),
        ("enum { A = 0x80000000 };", "x = sizeof(A) + (A > 0);", 5),
        # 6.2.1 p7: a name is known in its own initialiser, but not in its type.
        ("struct s { int a; struct s *me; };", "struct s v = { 3, &v }; x = v.me->a;", 3),
        ("", "void *v = &v; x = v == &v;", 1),
        ("", "u8 v = 1; { typeof(v + 0L) v = sizeof v; x = v; }", 8),
        # A member of a union is given a value in its own type.
        ("union u { long l; int *p; }; int i = 3; union u v = { .p = &i };", "x = *v.p;", 3),
        ("union u { long l; int *p; }; int i = 3;", "union u v = { .p = &i }; x = *v.p;", 3),
        # 6.6: constant, though what is not evaluated could divide.
        ("int a = 1 && 127 % -5; int b = 0 || 7 / (3 - 1);", "x = a + b * 10;", 11),
    ],
)
def test_types(top: str, code: str, x: int, tmp_path: Path) -> None:
    assert observation(top, code, tmp_path, x) == "Always"


PARTS = """union u { u64 w; struct { u32 lo; s32 hi; }; struct { u8 b; s8 c; u16 h; s16 q[2]; } p;
	struct { unsigned f:5; int g:7; unsigned k:20; } bf; long l; };
struct outer { int a; union u n; u8 z; };
"""


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("t.hi += (o.n.w & -1); t.lo -= s.w; t = s; o.n.hi ^= t.l; x += o.n.p.h;",
         -30064771076000),
        ("s.p.c = 0; o.n.p.h += 338522957466; s.p.q[1]--; s.p.c++; x += (t.p.q[0] = t.p.h);"
         " x += t.bf.g;", -281462927195651),
        ("o.n.bf.k = 0xfedcba9876543210UL; x += (t.bf.k = s.p.q[1]); t.p.h |= o.n.bf.k;"
         " t.p.h--; x += o.n.p.h;", 20769378271),
        ("s = o.n; t.p.c++; s.p.b = -1; o.n.bf.f = 0xfedcba9876543210UL; s.bf.k = 342262398688;"
         " x += s.l;", 1449),
    ],
)  # fmt: skip
def test_parts_of_a_union(code: str, x: int, tmp_path: Path) -> None:
    body = "union u s = { .w = -1000 }, t; struct outer o = { 0 }; t.w = 77; "
    body += f"{code} x ^= s.w + t.w * 3 + o.n.w * 7;"
    assert observation(PARTS, body, tmp_path, x) == "Always"


LEAVES = "a jump out of a statement expression whose value is used is not supported"


@pytest.mark.parametrize(
    ("top", "code"),
    [
        ("static int f(int n) { int r = ({ if (n) return 7; 1; }); return r; }", "x = f(1);"),
        ("", "for (int i = 0; i < 3; i++) x += ({ if (i == 1) continue; i; });"),
        ("", "for (int i = 0; i < 3; i++) x += ({ if (i == 1) break; i; });"),
        ("", "x = 1 + ({ goto out; 1; }); out: ;"),
        ("", "switch (x) { case 0: x = ({ if (x == 0) break; 1; }); }"),
        ("", "while (({ if (x) break; 1; })) x = 1;"),
    ],
)
def test_jumps_that_leave_a_value_behind(top: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=LEAVES):
        observation(top, code, tmp_path, 0)


@pytest.mark.parametrize(
    ("top", "code", "x"),
    [
        ("static int f(int n) { ({ if (n) return 7; }); return 1; }", "x = f(1);", 7),
        ("", "for (int i = 0; i < 3; i++) { ({ if (i == 1) continue; x += 10; }); x++; }", 22),
        ("", "x = ({ int s = 0; for (int i = 0; i < 5; i++) { if (i == 3) break; s++; } s; });", 3),
        ("", "x = ({ int s = 1; if (s) goto in; s = 5; in: ; s + 1; });", 2),
        ("", "x = ({ int s; switch (4) { case 4: s = 6; break; default: s = 2; } s; });", 6),
    ],
)
def test_jumps_within(top: str, code: str, x: int, tmp_path: Path) -> None:
    assert observation(top, code, tmp_path, x) == "Always"


def test_an_element_of_what_a_call_gives(tmp_path: Path) -> None:
    top = "struct s { int a[2]; }; static struct s f(void) { struct s v = { { 4, 5 } }; return v; }"
    assert observation(top, "x = f().a[1];", tmp_path, 5) == "Always"
    with pytest.raises(InputError, match="needs a number as its index"):
        observation(top, "x = f().a[READ_ONCE(x) & 1];", tmp_path, 4)


DEEP = """struct i { int a; int b; }; struct o { struct i i; int n[4]; unsigned f : 3, g : 5;
	union { int u; int w; }; struct i m[2]; struct i *p; }; struct i other = { 7, 8 };
"""


@pytest.mark.parametrize(
    ("list_", "value", "x"),
    [
        (".i.a = 3, .i.b = 4, .n[2] = 5", "v.i.a + v.i.b * 10 + v.n[2] * 100 + v.n[1]", 543),
        # 6.7.9 p19: the whole is given again, and then a part of it.
        (".i.a = 3, .i = { .b = 2 }", "v.i.a + v.i.b * 10", 20),
        (".i = { 1, 2 }, .i.a = 3", "v.i.a + v.i.b * 10", 23),
        (".n = { [1 ... 3] = 6, [2] = 4 }", "v.n[0] + v.n[1] * 10 + v.n[2] * 100", 460),
        # Behind a range, on with the next element.
        (".n = { [0 ... 1] = 6, 7 }", "v.n[1] + v.n[2] * 10 + v.n[3] * 100", 76),
        (".n[1 ... 2] = 5", "v.n[0] + v.n[1] * 10 + v.n[2] * 100 + v.n[3] * 1000", 550),
        (".m[0 ... 1] = { .b = 2 }", "v.m[0].b + v.m[1].b * 10 + v.m[1].a * 100", 22),
        (".m[0 ... 1].b = 2, .m[1].a = 5", "v.m[0].b + v.m[1].b * 10 + v.m[1].a * 100", 522),
        (".w = 5, .f = 2, .g = 9", "v.u + v.f * 10 + v.g * 100", 925),
        (".p = &other, .m[1].b = sizeof(int)", "v.p->b * 10 + v.m[1].b", 84),
    ],
)
def test_designators_of_several_levels(list_: str, value: str, x: int, tmp_path: Path) -> None:
    code = f"struct o v = {{ {list_} }}; x = {value};"
    assert observation(DEEP, code, tmp_path, x) == "Always"
    top = f"{DEEP}struct o v = {{ {list_} }};"
    assert observation(top, f"x = {value};", tmp_path, x) == "Always"


@pytest.mark.parametrize(
    ("list_", "value", "x"),
    [
        ("[0 ... 3] = -1, [4] = 2", "v[3] + v[4] * 10 + sizeof(v)", 39),
        ("[2] = 5, 6, [0] = 7, 8", "v[0] + v[1] * 10 + v[3] * 100 + sizeof(v) * 1000", 16687),
        ("[B] = 3, [A] = 2", "v[A] + v[B] * 10 + ARRAY_SIZE(v) * 100", 232),
    ],
)
def test_the_length_that_designators_give(list_: str, value: str, x: int, tmp_path: Path) -> None:
    """6.7.9 p22: the largest index that is given."""
    top = "enum { A, B };\n"
    code = f"int v[] = {{ {list_} }}; x = {value};"
    assert observation(top, code, tmp_path, x) == "Always"
    top = f"{top}static int v[] = {{ {list_} }};"
    assert observation(top, f"x = {value};", tmp_path, x) == "Always"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("struct o v = { .i.a = 1, 2 };", "a value without a designator behind one of several"),
        ("int n[4] = { [1 ... 2] = x };", "one value for several elements is not constant"),
        ("int n[4] = { [2 ... 1] = 0 };", "an empty range of elements"),
        ("int n[4] = { [2 ... 4] = 0 };", "has no element 4"),
        ("struct o v = { .i[1] = 1 };", "has no elements"),
        ("struct o v = { .n.a = 1 };", "has no members"),
        ("int n[] = { .a = 1 };", "an array has no members"),
    ],
)
def test_designators_that_are_refused(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        observation(DEEP, code, tmp_path, 0)


CALLBACKS = """typedef int (*work_fn)(struct work *w, int how);
struct work { work_fn fn; void (*done)(struct work *w); int (*ops[2])(void); int n; };
static int go(struct work *w, int how) { return how; }
"""


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("struct work v = { .n = 3 }; x = v.n + !v.fn * 10 + (v.ops[1] == NULL) * 100;", 113),
        ("x = sizeof(struct work) + offsetof(struct work, ops);", 56),
        ("struct work v = { 0 }; work_fn f = v.fn; v.done = (void *)8; x = !f + !v.done;", 1),
        ("struct work v = { .fn = &go }; x = v.fn(&v, 4) + (*v.fn)(&v, 5);", 9),
        ("struct work v = { .n = 3 }; v.fn = go; work_fn f = v.fn; x = f(NULL, v.n);", 3),
        ("int (*f)(struct work *, int) = go; x = f(NULL, 6) + (f == go) * 10;", 16),
    ],
)
def test_members_that_point_to_functions(code: str, x: int, tmp_path: Path) -> None:
    assert observation(CALLBACKS, code, tmp_path, x) == "Always"


ALIGNED = """struct a { char c; int x ____cacheline_aligned_in_smp; char d; short e __aligned(8); };
struct b { char c; } __aligned(8);
struct c { char c; struct b b; char d[3]; } __attribute__((__aligned__(32), unused));
struct f { unsigned n; char more[]; };
struct g { char c; int x __aligned(2); };
struct h { char c; struct { char d; } __aligned(16); char e; } ____cacheline_aligned_in_smp;
typedef struct { char c; } __aligned(4) t;
typedef struct b b_t __aligned(32);
typedef b_t b_tt;
typedef int __aligned(8) wide;
struct i { char c; b_t b; b_t *p; };
struct j { char c; b_tt b; char d; };
struct k { char c; int __aligned(16) x; char d; };
struct l { char c; wide x; int y; };
"""


@pytest.mark.parametrize(
    ("value", "x"),
    [
        ("sizeof(struct a)", 128),
        ("offsetof(struct a, x)", 64),
        ("offsetof(struct a, d)", 68),
        ("offsetof(struct a, e)", 72),
        ("sizeof(struct b)", 8),
        ("sizeof(struct c)", 32),
        ("offsetof(struct c, d)", 16),
        ("sizeof(struct f)", 4),
        ("offsetof(struct f, more)", 4),
        ("sizeof(struct g)", 8),
        ("sizeof(struct h)", 64),
        ("offsetof(struct h, d)", 16),
        ("offsetof(struct h, e)", 32),
        ("sizeof(t[3])", 12),
        ("sizeof(b_t)", 8),
        ("sizeof(struct i)", 64),
        ("offsetof(struct i, b)", 32),
        ("offsetof(struct i, p)", 40),
        ("sizeof(struct j)", 64),
        ("offsetof(struct j, b)", 32),
        ("offsetof(struct j, d)", 40),
        ("sizeof(struct k)", 32),
        ("offsetof(struct k, d)", 20),
        ("sizeof(struct l)", 16),
        ("offsetof(struct l, x)", 8),
        ("offsetof(struct l, y)", 12),
        ("({ struct c v[2] = { [1].d[2] = 5 }; v[1].d[2] * 10 + v[0].d[2]; })", 50),
    ],
)
def test_alignments(value: str, x: int, tmp_path: Path) -> None:
    assert observation(ALIGNED, f"x = {value};", tmp_path, x) == "Always"


@pytest.mark.parametrize(
    "declared",
    [
        "int v __aligned(8) = 3;",
        "static int v[2] __aligned(4096) = { 3 };",
        "int __cacheline_aligned v = 3;",
        "__cacheline_aligned int v = 3;",
        'static int v __section(".data..once") __read_mostly __attribute__((aligned(64))) = 3;',
        "typedef int t __aligned(16); t v = 3;",
        "int f(int a, ...); __printf(1, 2) void g(char *s, ...); int v __maybe_unused = 3;",
        'struct n { int n; int *a __counted_by(n); }; int __section("x") v = 3;',
    ],
)
def test_annotations_of_variables(declared: str, tmp_path: Path) -> None:
    """What lies where is no matter for values; what is aligned is at such an address."""
    code = "x = *(int *)&v + 10 * !((unsigned long)&v % 64);"
    assert observation(f"{declared}\n", code, tmp_path, 13) == "Always"


def test_local_labels(tmp_path: Path) -> None:
    """GNU C: a label of a block's own hides others, and a macro with one may be used twice."""
    top = "#define FIND(v) ({ __label__ out, no; int r = 0; if (v) goto out; r = 1; out: r; })\n"
    code = """x = FIND(1) + 10 * FIND(0);
	{ __label__ out; if (x == 10) goto out; x = 0; out: x++; }
	if (x == 11) goto out; x = 0; out: x += 100;"""
    assert observation(top, code, tmp_path, 111) == "Always"


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ("struct s { int a __aligned(3); };", "an alignment is a power of two"),
        ("struct s { int a : 3 __aligned(8); };", "'__aligned' is not supported here"),
        ("int a __aligned(3);", "an alignment is a power of two"),
        ("int a __attribute__((aligned(8192)));", "an alignment is a power of two"),
        ("struct s { int __aligned(8) a : 3; };", "an alignment is not supported here"),
        ("int f(int __aligned(8) a);", "an alignment is not supported here"),
        ("typedef long t __aligned(4);", "an alignment below that of long is not supported"),
        ("struct s { int a __aligned; };", "expected '\\(' after __aligned"),
        ("struct s { int a[]; int b; }; struct s v;", "the length of int\\[\\] is not known"),
    ],
)
def test_alignments_that_are_refused(top: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        observation(top, "x = 0;", tmp_path, 0)


ASSERTS = """struct s { int a; long b; };
static_assert(sizeof(struct s) == 16);
_Static_assert(offsetof(struct s, b) == 8, "where " "b is");
"""


def test_assertions_at_compile_time(tmp_path: Path) -> None:
    """C17 6.7.10, also in a block, where a local's type counts."""
    code = """struct s v = { 1, 2 }; static_assert(sizeof(v.b) == 8); x = v.a;
	BUILD_BUG_ON_MSG(sizeof(v) > 16, "too large"); x += typecheck(long, v.b);"""
    assert observation(ASSERTS, code, tmp_path, 2) == "Always"
    for top, inner in (("static_assert(sizeof(int) == 8);", ""), ("", 'static_assert(0, "no");')):
        with pytest.raises(InputError, match="this assertion does not hold"):
            observation(top, inner, tmp_path, 0)
    with pytest.raises(InputError, match="this is not a constant expression"):
        observation("", "int r = 1; static_assert(r);", tmp_path, 0)
    with pytest.raises(InputError):
        observation("", "int r = 1; x = typecheck(long, r);", tmp_path, 0)
