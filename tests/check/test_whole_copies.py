"""memcpy() and memset() of whole objects: a plain access to each member, as an assignment has them.

What C says of the values (C17 7.24.2.1, 7.24.6.1); LKMM's word for such accesses is that they are
plain (tools/memory-model/Documentation/explanation.txt), so that they race as an assignment does.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError

_TOP = """struct in { int c[2]; struct in *next; };
struct s { int a; long b; struct in i; };
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
    return Checker().check(Request(path, model))


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
    ],
)
def test_values(body: str, tmp_path: Path) -> None:
    assert check(f"{{ }}\nP0(void) {{ {body} }}", tmp_path).verdict == "SAFE"


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
        ("memcpy(&y, &x, 4);", "the size of memcpy must be a constant, and that", ""),
        ("memset(&y, 0, 4);", "the size of memset must be a constant, and that", ""),
        ("memset(&y, 1, sizeof(y));", "memset is understood where it sets to 0", ""),
        ("memcpy(&y, &from, sizeof(y));", "int[3] is used where struct s is needed", ""),
        ("memcpy(bytes, &x, sizeof(x));", "struct s is used as a value", ""),
        ("void *v = &x; memcpy(v, &y, sizeof(y));", "void * cannot be dereferenced", "cast"),
        ("int n = 4; memcpy(bytes, others, n);", "the size of memcpy must be a constant", ""),
        ('static_assert(sizeof(int) == 8, "no " "such machine");', "does not", "no such machine"),
    ],
)
def test_what_is_refused(body: str, message: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        check(f"{{ }}\nP0(void) {{ {body} }}\nexists (x.a=0)", tmp_path)
    assert message in refused.value.diagnostic.message
    assert hint in (refused.value.diagnostic.hint or "")
