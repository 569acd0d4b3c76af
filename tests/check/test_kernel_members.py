"""Macros of linux/stddef.h, linux/container_of.h and linux/string.h about members of structs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

TOP = """struct s { int a; char b; short c; int d[2]; };
struct g { int n; struct_group(in, int b; u16 c, d;); int e; };
struct t { int n; struct_group_tagged(tag, in, int b; int c;); };
struct flex { int n; DECLARE_FLEX_ARRAY(int, v); };
union flex_union { long n; DECLARE_FLEX_ARRAY(char, v); };
struct bits { int n; int b:3; int c:5; };
int used[sizeof_field(struct s, c)];
static_assert(offsetofend(struct s, b) == 5 && sizeof_field(struct s, d) == 8, "as in C");
"""
THREAD = "P0(int *x, struct s *s, struct g *g, struct t *t, struct bits *bits)"
START = "{ int x; struct s s = { 1, 2, 3, { 4, 5 } }; struct g g; struct bits bits = { 1, 2, 3 }; }"


def check(code: str, condition: str, folder: Path, model: str = "lkmm") -> str:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{TOP}{START}\n{THREAD} {{ {code} }}\n{condition}\n")
    return fresh_checker().check(Request(path, model)).verdict


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("*x = offsetofend(struct s, a) + 10 * offsetofend(struct s, d);", 164),
        ("*x = sizeof_field(struct s, d) + FIELD_SIZEOF(struct s, b) + ARRAY_SIZE(used);", 11),
        ("typeof_member(struct s, b) v = 258; *x = v + sizeof(v);", 3),
        ("switch (4) { case sizeof_field(struct s, a): *x = 7; }", 7),
        # A group's members are one object by both names, where the struct has them without it.
        ("g->b = 1; g->in.c = 2; g->in.d = 3; *x = g->in.b + g->c + g->d + sizeof(g->in);", 14),
        ("*x = offsetof(struct g, in) + 10 * offsetof(struct g, d) + 1000 * sizeof(*g);", 16104),
        ("struct g v = { .n = 1, .b = 2, .e = 4 }; memset(&v.in, 0, 8); *x = v.b + v.e;", 4),
        ("struct g v = { 1 }; v.in.c = 9; memcpy(&g->in, &v.in, 8); *x = g->c + g->n;", 9),
        ("struct tag *p = &t->in; p->c = 6; *x = t->c + sizeof(struct tag);", 14),
        ("*x = sizeof(struct flex) + offsetof(struct flex, v) + sizeof(union flex_union);", 16),
        # What follows a member, and what begins with one.
        ("memset_after(s, 0, b); *x = s->a + s->b + s->c + s->d[0] + s->d[1];", 3),
        ("memset_startat(s, 0, b); *x = s->a + s->b + s->c + s->d[0] + s->d[1];", 1),
        ("memset_after(s, 0, d[0]); *x = s->a + s->b + s->c + s->d[0] + s->d[1];", 10),
        ("struct s v = *s; memset_startat(&v, 0, d); *x = v.c * 10 + v.d[0];", 30),
        ("memset_after(bits, 0, n); *x = bits->n + bits->b + bits->c;", 1),
        ("struct s *p = s; memset_after(p++, 0, a); *x = (p - s) * 10 + s->c;", 10),
    ],
)  # fmt: skip
def test_values(code: str, x: int, tmp_path: Path) -> None:
    assert check(code, f"forall (x={x})", tmp_path) == "SAFE"
    assert check(code, f"~exists (x={x})", tmp_path, "armv8") == "VIOLATED"


def test_what_is_not_set_is_not_stored_to(tmp_path: Path) -> None:
    """Two threads set different members of one struct: no data race, as there is with all of it."""
    path = tmp_path / "t.litmus"
    for one, raced in (("memset_startat(s, 0, c)", False), ("memset(s, 0, sizeof(*s))", True)):
        threads = f"P0(struct s *s) {{ {one}; }}\nP1(struct s *s) {{ s->a = 7; }}"
        path.write_text(f"C t\n{TOP}{START}\n{threads}\nexists (s.a=7)\n")
        assert ("data-race" in fresh_checker().states(Request(path, "lkmm")).flags) == raced


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("memset_after(s, 1, a);", "memset_after is understood where it sets to 0"),
        ("memset_startat(s, *x, a);", "memset_startat is understood where it sets to 0"),
        ("memset_after(s, 0, z);", "struct s has no member z"),
        ("*x = sizeof_field(struct s, z);", "struct s has no member z"),
        ("*x = offsetofend(struct s, z);", "struct s has no member z"),
        ("typeof_member(struct s, z) v = 1;", "struct s has no member z"),
        ("g->in.z = 1;", "has no member z"),
    ],
)
def test_what_is_refused(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        check(code, "exists (x=1)", tmp_path)


def test_a_test_may_define_them(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    own = "#define offsetofend(t, m) 3\n#define memset_after(p, v, m) (*(p) = 5)\n"
    thread = "P0(int *x) { memset_after(x, 1, n); *x += offsetofend(1, 2); }"
    path.write_text(f"C t\n{own}{{ int x; }}\n{thread}\n~exists (x=8)\n")
    assert fresh_checker().check(Request(path, "sc")).verdict == "VIOLATED"
