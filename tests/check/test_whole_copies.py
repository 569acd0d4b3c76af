"""memcpy() and memset() of whole members: a plain access to each member, as an assignment has them.

What C says of the values (C17 7.24.2.1, 7.24.6.1); LKMM's word for such accesses is that they are
plain (tools/memory-model/Documentation/explanation.txt), so that they race as an assignment does.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

_TOP = """struct in { int c[2]; struct in *next; };
struct s { int a; long b; struct in i; };
struct s full = { 1, 2, { { 3, 4 } } };
struct s two[2];
unsigned word;
bool flags[2];
struct s *places[2];
struct s x;
struct s y;
int from[3];
int to[3];
u8 bytes[4];
u8 others[4];
"""


def check(text: str, folder: Path, model: str = "armv8") -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{_TOP}{text}\n")
    return fresh_checker().check(Request(path, model))


@pytest.mark.parametrize(
    "body",
    [
        "x.i.c[1] = 3; memcpy(&y, &x, sizeof(y)); BUG_ON(y.i.c[1] != 3 || y.a);",
        "x.b = 1; x.i.next = &x.i; memset(&x, 0, sizeof(struct s)); BUG_ON(x.b || x.i.next);",
        "struct s l = x; l.a = 2; memcpy(&x, &l, sizeof(l)); BUG_ON(x.a != 2);",
        "struct s *p = memset(&x, 0, sizeof(*p)); BUG_ON(p != &x);",
        "from[1] = 1; from[2] = 2; memcpy(to, from, sizeof(to)); BUG_ON(to[1] != 1 || to[2] != 2);",
        "from[2] = 2; memcpy(to, from, 2 * sizeof(int)); BUG_ON(to[2]);",
        "from[1] = 7; memcpy(x.i.c, from, sizeof(x.i.c)); BUG_ON(x.i.c[1] != 7);",
        "bytes[2] = 255; memcpy(others, bytes, 3); BUG_ON(others[2] != 255);",
        "to[0] = to[1] = 1; memset(to, 0, 4); BUG_ON(to[0] || !to[1]);",
        # Parts: of a struct, up to a member; a member alone; an array, by its address.
        "x = full; memset(&x, 0, offsetof(struct s, i)); BUG_ON(x.a || x.b || x.i.c[0] != 3);",
        "x = full; memset(&x, 0, 4); BUG_ON(x.a || x.b != 2);",
        "x = full; memcpy(&y, &x, offsetof(struct s, i.c[1])); BUG_ON(y.a != 1 || y.b != 2);",
        "memcpy(&y, &full, offsetof(struct s, i.c[1])); BUG_ON(y.i.c[0] != 3 || y.i.c[1]);",
        "struct s *p = &x, *q = &full; memcpy(&p->b, &q->b, 8); BUG_ON(x.b != 2 || x.a);",
        "memcpy(&y.i, &full.i, sizeof(y.i)); BUG_ON(y.i.c[1] != 4 || y.b);",
        "memcpy(&y.i.c, &full.i.c, sizeof(y.i.c)); BUG_ON(y.i.c[0] != 3 || y.i.c[1] != 4);",
        "y = full; memset(&y.i.c, 0, sizeof(y.i.c)); BUG_ON(y.i.c[0] || y.i.c[1] || y.b != 2);",
        "y = full; memset(&y.i.c, 0, sizeof(int)); BUG_ON(y.i.c[0] || y.i.c[1] != 4);",
        "struct s l = full; memset(&l.b, 0, sizeof(l.b)); BUG_ON(l.b || l.a != 1);",
        "struct s l = full; memset(&l, 0, offsetof(struct s, i)); BUG_ON(l.b || l.i.c[0] != 3);",
        "struct s l; memcpy(&l, &full, 4); BUG_ON(l.a != 1);",
        "two[0] = full; two[1] = full; memset(two, 0, sizeof(x) + 4);"
        " BUG_ON(two[0].b || two[1].a || two[1].b != 2);",
        "flags[1] = true; memcpy(flags, &flags[1], 1); BUG_ON(!flags[0]);",
        "places[0] = &full; memcpy(&places[1], places, sizeof(void *)); BUG_ON(places[1]->a != 1);",
        # An int may be copied as an unsigned: the bytes are the same.
        "from[0] = -1; memcpy(&word, &from[0], sizeof(word)); BUG_ON(word != ~0U);",
    ],
)
def test_values(body: str, tmp_path: Path) -> None:
    assert check(f"{{ }}\nP0(void) {{ {body} }}", tmp_path).verdict == "SAFE"
    shown = check(f"{{ }}\nP0(void) {{ {body} }}\nexists (others[3]=0)", tmp_path)
    assert (shown.observation, shown.witness is None) == ("Always", False)  # and replayed


def test_what_is_behind_is_not_accessed(tmp_path: Path) -> None:
    """Somebody else may store there, to LKMM too."""
    text = """{{ }}
P0(void) {{ memset(&x, 0, {size}); memcpy(&y, &full, {size}); }}
P1(void) {{ WRITE_ONCE(x.i.next, &x.i); y.i.next = &y.i; }}
exists (x.i.next=0)"""
    found = check(text.format(size="offsetof(struct s, i.next)"), tmp_path, "lkmm")
    assert (found.observation, found.flags) == ("Never", ())
    whole = check(text.format(size="sizeof(struct s)"), tmp_path, "lkmm")
    assert (whole.observation, whole.flags) == ("Sometimes", ("data-race",))


_TWO = """{{ }}
P0(void) {{ {copy} }}
P1(void) {{ int r0 = READ_ONCE(y.a); int r1 = READ_ONCE(y.b); }}
exists (1:r0=1 /\\ 1:r1=0)
"""


@pytest.mark.parametrize("model", ["sc", "armv8", "power", "lkmm"])
def test_it_is_what_an_assignment_is(model: str, tmp_path: Path) -> None:
    """Somebody else may see one member of it and not yet the other; and LKMM sees a race."""
    start = "x.a = 1; x.b = 1; "
    found = [
        check(_TWO.format(copy=start + copy), tmp_path, model)
        for copy in ("memcpy(&y, &x, sizeof(y));", "y = x;")
    ]
    assert [v.observation for v in found] == ["Sometimes"] * 2
    assert [v.flags for v in found] == [("data-race",) if model == "lkmm" else ()] * 2


@pytest.mark.parametrize(
    ("body", "message", "hint"),
    [
        ("memcpy(&y, &x, 2);", "2 bytes of struct s end inside of a member", ""),
        ("memset(&y, 0, 12);", "12 bytes of struct s end inside of a member", ""),
        ("memset(&y, 0, sizeof(y) + 1);", "1 bytes of struct s end inside of a member", ""),
        ("memcpy(bytes, from, 4);", "int is used where u8 is needed", ""),
        ("memcpy(&x.i.next, &x.b, 8);", "long is used where struct in * is needed", ""),
        ("memset(&y, x.b, sizeof(y));", "memset is understood where it sets to a constant", ""),
        ("memcpy(&y, &from, sizeof(y));", "int[3] is used where struct s is needed", ""),
        ("memcpy(bytes, &x, sizeof(x));", "struct s is used where u8 is needed", ""),
        ("void *v = &x; memcpy(v, &y, sizeof(y));", "void * cannot be dereferenced", "cast"),
        ('static_assert(sizeof(int) == 8, "no " "such machine");', "does not", "no such machine"),
    ],
)
def test_what_is_refused(body: str, message: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        check(f"{{ }}\nP0(void) {{ {body} }}\nexists (x.a=0)", tmp_path)
    assert message in refused.value.diagnostic.message
    assert hint in (refused.value.diagnostic.hint or "")
