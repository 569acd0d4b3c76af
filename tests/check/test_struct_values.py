"""Structs as arguments and results: the callee has a copy (C17 6.5.2.2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

TOP = """struct f { int a; int b; };
struct w { int n; struct f in; };
struct h { u16 a; u16 b; };
union u { u64 l; struct { u32 pad; struct h in; }; };
struct v { int n; union u in; };
typedef struct { unsigned long pte; } pte_t;
static struct f mk(int x) { struct f r = { x, x + 1 }; return r; }
static int sum(struct f v) { v.a += 10; return v.a + v.b; }
static int through(struct f v) { struct f *p = &v; p->a = 4; return v.a + v.b; }
static struct f twice(struct f v) { return (struct f){ .a = v.a * 2, .b = v.b * 2 }; }
static unsigned long pte_val(pte_t p) { return p.pte; }
static pte_t mkdirty(pte_t p) { p.pte |= 4; return p; }
static struct f early(int c) { struct f r = { 1, 2 }; if (c) return r; r.b = 7; return r; }
static struct f open(int c) { if (c) return mk(1); }
static struct f pick(int c) { struct f g = { 5, 6 }; return c ? mk(1) : g; }
{ struct f s = {1, 2}; int x; }
"""


def observation(code: str, condition: str, folder: Path) -> tuple[str, str | None]:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{TOP}P0(int *x, struct f *s) {{ {code} }}\n{condition}\n")
    checker, request = fresh_checker(), Request(path, "lkmm")
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
        # C17 6.5.15: one of the operands is evaluated, and it is a value.
        ("struct f g = { 3, 4 }, v = *x ? *s : g; g.a = 9; *x = v.a * 10 + v.b;", 34),
        ("*x = sum(*x ? mk(3) : *s) + sum(s->a ? mk(3) : *s);", 30),
        ("*x = (s->a == 1 ? *s : mk(5)).b * 10 + (s->a == 2 ? *s : mk(5)).b;", 26),
        ("struct f v = s->a == 3 ? mk(1) : s->a == 1 ? mk(4) : *s; *x = v.a;", 4),
        ("int n = 0; struct f v = n++ ? mk(n++) : mk(n + 4); *x = n * 10 + v.a;", 15),
        ("for (int i = 0; i < 3; i++) *s = i & 1 ? mk(i) : *s; *x = s->a * 10 + s->b;", 12),
        ("*x = pick(0).a + 10 * pick(1).a;", 15),
        ("__auto_type v = *x ? *s : mk(6); *x = v.a + sizeof(*x ? *s : v);", 14),
        ("typeof(*x ? *s : *s) v = { 5, 6 }; *x = (*x ? s : &v)->b;", 6),
        # What is asked for its type alone is not evaluated (6.5.3.4 p2), be it in memory or not.
        ("struct f v = *s; *x = sizeof(*(&v)) + sizeof(&v.b) + sizeof((&v)->b) + v.a;", 21),
        ("struct f v = mk(3); typeof(*&v) w = v; typeof(&v.a) p = NULL; *x = w.a + !p;", 4),
        ("int a[2] = { 5, 6 }; *x = sizeof(a[*x]) + sizeof(&a[*x]) + sizeof(a + 0) + a[1];", 26),
        ("int a[2] = { 5 }; typeof(*(a + *x)) n = a[0]; typeof(&a) p; *x = n + sizeof(*p);", 13),
        # C17 6.7.9 p13: a member or element may be given a struct or union as a whole.
        ("struct f g = { 3, 4 }; struct w v = { 1, g }, q = { .in = *s }; *x = v.in.b;", 4),
        ("struct w v = { .in = *x ? *s : mk(7), .n = 4 }, *p = &v; *x = p->in.b + p->n;", 12),
        ("struct w v[2] = { { 1, mk(5) }, [1].in = mk(7) }; *x = v[0].in.a + v[1].in.b;", 13),
        ("struct f v[2] = { *s, { 5, 6 } }; *x = v[0].b * 10 + v[1].b;", 26),
        ("*x = ((struct w){ 1, *s }).in.b;", 2),
        ("union u t = { .pad = 7, .in = (struct h){ 1, 2 } }; *x = t.l == 0x2000100000007;", 1),
        ("union u t = { .l = 3 }; struct v v = { 4, t }; *x = v.in.pad * 10 + v.in.in.a;", 30),
        ("struct v v = { .in = { .in = (struct h){ 1, 2 } } }; *x = v.in.in.b + v.in.pad;", 2),
        ("struct w v = { .in = { 8, 9 }, .in = *s }; *x = v.in.a;", 1),
        # GNU C: the value of a statement expression is that of what comes last, when it comes.
        ("struct f v = ({ struct f w = *s; w.a += 4; w; }); *x = v.a;", 5),
        ("*x = sum(({ struct f w = mk(1); if (*x) w.b = 7; w; }));", 13),
        ("*x = ({ *s; }).b + ({ struct f *p = s; p; })->a + sizeof(({ *s; }));", 11),
        ("*x = (*x ? ({ mk(1); }) : ({ struct f w = mk(2); *x ? *s : w; })).b;", 3),
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
        assert fresh_checker().check(Request(path, "lkmm")).observation == expected


@pytest.mark.parametrize("model", ["lkmm", "armv8", "power"])
@pytest.mark.parametrize(
    ("chosen", "written"),
    [
        ("v = READ_ONCE(*y) ? g : h;", "if (READ_ONCE(*y)) v = g; else v = h;"),
        ("v = ({ struct f w = READ_ONCE(*y) ? g : h; w; });", "v = h; if (READ_ONCE(*y)) v = g;"),
        ("v.a = (READ_ONCE(*y) ? g : h).a;", "if (READ_ONCE(*y)) v.a = g.a; else v.a = h.a;"),
    ],
)
def test_a_choice_orders_as_an_if(chosen: str, written: str, model: str, tmp_path: Path) -> None:
    """Load buffering, whose other thread has a barrier: what the choice decided orders a store by
    a branch on a member, and not the store of the member itself."""
    path = tmp_path / "t.litmus"
    top = TOP.replace("{ struct f s = {1, 2}; int x; }", "{ }")
    two = "P1(int *x, int *y) { int r0 = READ_ONCE(*x); smp_mb(); WRITE_ONCE(*y, r0); }"
    for store in ("WRITE_ONCE(*x, v.a);", "if (v.a == 1) WRITE_ONCE(*x, 1);"):
        found = []
        for code in (chosen, written):
            one = f"struct f g = {{ 1, 2 }}, h = {{ 3, 4 }}, v; {code} {store}"
            path.write_text(
                f"C t\n{top}P0(int *x, int *y) {{ {one} }}\n{two}\nexists (x=1 /\\ 1:r0=1)\n"
            )
            found.append(fresh_checker().check(Request(path, model)).observation)
        assert found[0] == found[1]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("*x = sum(*x);", "int is used where struct f is needed"),
        ("*x = sum(3);", "a value of type struct f is needed"),
        ("pte_t p = { 1 }; *x = sum(p);", "is used where struct f is needed"),
        ("*x = mk(1);", "struct f"),
        ("*x = mk(1) + 1;", "struct f"),
        ("if (mk(1)) *x = 1;", "struct f"),
        ("pte_t p = { 1 }; struct f g = p;", "is used where struct f is needed"),
        ("int n = 1; struct f g = n;", "int is used where struct f is needed"),
        ("pte_t p = { 1 }; struct f g = *x ? *s : p;", "is used where struct f is needed"),
        ("struct f g = *x ? *s : 3;", "a value of type struct f is needed"),
        ("*x = *x ? *s : *s;", "struct f is used as a value"),
        ("struct w v = { .in = *x };", "struct f needs braces, or a value of its type"),
        ("struct w v = { .in = *s, .in.a = 5 };", "part of a struct that was given as a whole"),
        ("struct f g = { 1 }; static struct w v = { 1, g };", "made of 'g' is not supported"),
        # C17 6.5.15: a choice is a value, and 6.5.2.2 p5, 6.5.16 p2: no value can be assigned to.
        ("(*x ? *s : *s).a = 3;", "= needs a variable, member or element on its left"),
        ("({ *s; }).a++;", r"\+\+ needs a variable, member or element on its left"),
        ("mk(1).a = 3;", "= needs a variable, member or element on its left"),
        ("struct f *p = &(*x ? *s : *s);", "the operand of '&' has to be"),
        ("*x = ({ if (*x) return; *s; }).a;", "a jump out of a statement expression"),
        ("struct f g[1] = { { 1 } }; struct f h[1] = g;", "initialised by a list"),
    ],
)
def test_what_is_refused(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        observation(code, "exists (x=1)", tmp_path)


PTE = """typedef struct { unsigned long pte; } pte_t;
typedef struct { pte_t inner; } pgd_t;
struct two { int a; int b; };
int v[2];
#define pte_val(x) ((x).pte)
#define __pte(x) ((pte_t) { (x) })
static pte_t ptep_get(pte_t *ptep) { return READ_ONCE(*ptep); }
static void set_pte(pte_t *ptep, pte_t pte) { WRITE_ONCE(*ptep, pte); }
{ pte_t p = {3}; pgd_t g; struct two t; int x; }
"""
THREAD = "P0(int *x, pte_t *p, pgd_t *g, struct two *t, atomic_t *c)"


@pytest.mark.parametrize(
    ("code", "x"),
    [
        # READ_ONCE gives what its argument is (include/asm-generic/rwonce.h:
        # `*(const volatile __unqual_scalar_typeof(x) *)&(x)`), and that is a struct here.
        ("pte_t v = READ_ONCE(*p); *x = v.pte;", 3),
        ("pte_t v; v = READ_ONCE(*p); *x = pte_val(v) + 1;", 4),
        ("*x = pte_val(READ_ONCE(*p));", 3),
        ("*x = READ_ONCE(*p).pte + READ_ONCE(p->pte);", 6),
        ("*x = pte_val(ptep_get(p));", 3),
        ("pte_t v = smp_load_acquire(p); *x = v.pte;", 3),
        ("__auto_type v = READ_ONCE(*p); *x = v.pte + sizeof(READ_ONCE(*p));", 11),
        ("READ_ONCE(*p); *x = 1;", 1),
        # WRITE_ONCE assigns its second to such an object.
        ("pte_t v = { 5 }; WRITE_ONCE(*p, v); *x = p->pte;", 5),
        ("set_pte(p, __pte(6)); *x = pte_val(*p);", 6),
        ("smp_store_release(p, __pte(7)); *x = pte_val(*p);", 7),
        ("WRITE_ONCE(g->inner, READ_ONCE(*p)); *x = g->inner.pte;", 3),
        ("pgd_t h; h.inner = READ_ONCE(*p); WRITE_ONCE(*g, h); *x = READ_ONCE(*g).inner.pte;", 3),
        # A local is nobody else's.
        ("pte_t v; WRITE_ONCE(v, READ_ONCE(*p)); pte_t w = READ_ONCE(v); *x = w.pte;", 3),
        # herd7 knows no structs: an atomic_t is the number in it.
        ("WRITE_ONCE(*c, 4); *x = READ_ONCE(*c) + READ_ONCE(c->counter);", 8),
    ],
)  # fmt: skip
def test_a_struct_of_one_word_is_read_and_written_as_one(code: str, x: int, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{PTE}{THREAD} {{ {code} }}\nforall (x={x})\n")
    assert fresh_checker().check(Request(path, "lkmm")).verdict == "SAFE"
    # What does not hold has an execution, which the second interpreter has run too.
    path.write_text(f"C t\n{PTE}{THREAD} {{ {code} }}\n~exists (x={x})\n")
    assert fresh_checker().check(Request(path, "armv8")).verdict == "VIOLATED"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        # C17, 6.5.9, 6.8.4.1, 6.5.16.1: none of these takes a struct.
        ("if (READ_ONCE(*p) == 0) *x = 1;", "a number or pointer is needed, not pte_t"),
        ("if (READ_ONCE(*p)) *x = 1;", "a number or pointer is needed, not pte_t"),
        ("*x = READ_ONCE(*p);", "a number or pointer is needed, not pte_t"),
        ("WRITE_ONCE(*p, 5);", "a value of type pte_t is needed"),
        ("pte_t v = READ_ONCE(*x);", "a value of type pte_t is needed"),
        ("pgd_t v = READ_ONCE(*p);", "pte_t is used where pgd_t is needed"),
        ("pte_t v = READ_ONCE(*t);", "READ_ONCE works on one word, not on struct two"),
        ("*x = READ_ONCE(v);", r"READ_ONCE works on one word, not on int\[2\]"),
    ],
)
def test_a_struct_of_one_word_is_no_number(code: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{PTE}{THREAD} {{ {code} }}\nexists (x=1)\n")
    with pytest.raises(InputError, match=message):
        fresh_checker().check(Request(path, "lkmm"))


@pytest.mark.parametrize("model", ["armv8", "power", "alpha", "lkmm"])
def test_a_struct_orders_as_its_word_does(model: str, tmp_path: Path) -> None:
    """Message passing by a page table entry, read into a local struct: the verdicts are those of
    the same program with an ``unsigned long``, with and without each barrier."""
    path = tmp_path / "t.litmus"
    struct = ("set_pte(p, __pte(5));", "pte_t v = READ_ONCE(*p);", "pte_val(v)")
    word = ("WRITE_ONCE(p->pte, 5);", "unsigned long v = READ_ONCE(p->pte);", "v")
    for wmb in ("smp_wmb();", ""):
        for rmb in ("smp_rmb();", ""):
            found = set()
            for store, load, value in (struct, word):
                one = f"P0(int *x, pte_t *p) {{ WRITE_ONCE(*x, 1); {wmb} {store} }}\n"
                two = f"int r0 = 0; {load} {rmb} r1 = READ_ONCE(*x); if ({value} == 5) r0 = 1;"
                path.write_text(
                    f"C t\n{PTE}{one}P1(int *x, pte_t *p) {{ int r1; {two} }}\n"
                    "exists (1:r0=1 /\\ 1:r1=0)\n"
                )
                found.add(fresh_checker().check(Request(path, model)).observation)
            # On Alpha READ_ONCE has a barrier behind it (arch/alpha/include/asm/rwonce.h).
            assert found == {"Never" if wmb and (rmb or model == "alpha") else "Sometimes"}


def test_the_address_of_what_has_no_members(tmp_path: Path) -> None:
    """As struct lock_class_key without lockdep: it is passed on, and tells objects apart."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nstruct key { };\nstruct key one; struct key two; struct { struct key k; int a; } w;\n"
        "static int same(struct key *a, struct key *b) { return a == b; }\n{ }\n"
        "P0(int *x) { static struct key mine; struct key own;\n"
        " *x = same(&one, &one) + 2 * same(&one, &two) + 4 * same(&mine, &own)"
        " + 8 * same(&w.k, (struct key *)&w) + 16 * (sizeof(one) == 0); }\n"
        "~exists (x=25)\n"
    )
    assert fresh_checker().check(Request(path, "armv8")).verdict == "VIOLATED"


def test_a_struct_of_one_word_is_given_a_number_at_the_start(tmp_path: Path) -> None:
    """As conditions compare it; herd7's start state gives an ``atomic_t`` its number so, too."""
    path = tmp_path / "t.litmus"
    top = """#include <asm/local.h>
typedef struct { unsigned long pte; } pte_t;
struct ring { local_t head; };
struct deep { struct { pte_t p; } in; };
struct ring ring;
local_t own;
pte_t pte;
struct deep deep;
struct pair { int a[2]; } pair;
"""
    given = "ring.head = 1; own = 2; pte = 3; deep = 4;"
    condition = "forall (ring.head=1 /\\ own=2 /\\ pte.pte=3 /\\ deep.in.p.pte=4)"
    path.write_text(f"C t\n{top}{{ {given} }}\nP0(void) {{ }}\n{condition}\n")
    assert fresh_checker().check(Request(path, "sc")).verdict == "SAFE"

    path.write_text(f"C t\n{top}{{ pair = 5; }}\nP0(void) {{ }}\n{condition}\n")
    with pytest.raises(InputError, match="needs braces"):
        fresh_checker().check(Request(path, "sc"))


@pytest.mark.parametrize(
    ("top", "body", "message"),
    [
        ("", "struct s a = one, b; b = (x = 1, a);", "a struct that a comma gives is not"),
        ("", "struct s a, b; b = a = one;", "a struct that an assignment gives is not"),
        ("", "struct s a; x = (a = one).b;", "a struct that an assignment gives is not"),
        ("", "struct s a = { one, 1 };", "struct s is used where int is needed"),
        ("struct s g = { one, 1 };", "", "struct s is used where int is needed"),
        ("struct { struct s s; } g = { one };", "", "a start value must be constant"),
    ],
)
def test_structs_where_none_can_be(top: str, body: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    types = "struct s { int a; int b; }; struct s one; int x;"
    path.write_text(f"C t\n{types}\n{top}\n{{ }}\nP0(void) {{ {body} }}\nexists (x=1)\n")
    with pytest.raises(InputError, match=message):
        fresh_checker().check(Request(path, "sc"))
