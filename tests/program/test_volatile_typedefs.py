"""C17 6.7.8 p3: a typedef name denotes the type as declared there, with its qualifiers; 6.7.3 p5:
what is volatile is accessed as such. So each of these is the program with ``volatile`` written
out, for the compiler and for the replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check.check import Checker
from ksmcheck.check.verdict import Request
from ksmcheck.program.compile import compile_program
from ksmcheck.program.ir import Access
from ksmcheck.syntax.c_parser import parse_c
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source

TYPES = """\
typedef volatile int vint_t;
typedef vint_t again_t;
typedef int *volatile vp_t;
typedef volatile int *pv_t;
typedef vint_t arr_t[2];
typedef vint_t (*to_arr_t)[2];
typedef vint_t fn_t(int);
"""


def text(top: str, code: str) -> str:
    return f"C t\n{TYPES}{top}\n{{ }}\nP0(int *q) {{ {code} }}\nP1(int *q) {{ }}\nexists (q=0)\n"


def accesses(top: str, code: str) -> list[str]:
    test = parse_litmus(Source("t.litmus", text(top, code)), kernel="6.12")
    program = compile_program(test, kernel="6.12")
    blocks = program.threads[0].blocks
    return [i.name for block in blocks for i in block.instrs if isinstance(i, Access)]


MARKED = ["WRITE_ONCE", "volatile load"]
PLAIN = ["store", "load"]


@pytest.mark.parametrize(
    ("top", "place", "made"),
    [
        ("vint_t x;", "x", MARKED),
        ("again_t x;", "x", MARKED),
        ("static const vint_t x;", "x", MARKED),
        ("arr_t x;", "x[1]", MARKED),
        ("vint_t x[2];", "x[1]", MARKED),
        ("struct { vint_t m; int n; } x;", "x.m", MARKED),
        ("struct { vint_t m; int n; } x;", "x.n", PLAIN),
        ("struct { arr_t m; } x;", "x.m[1]", MARKED),
        ("int x; vp_t p = &x;", "p", MARKED),
        ("typeof(vint_t) x;", "x", MARKED),
        ("__typeof__(volatile int) x;", "x", MARKED),
        ("typeof(pv_t) x;", "x", PLAIN),
        ("int x;", "*(vint_t *)&x", MARKED),
        ("int x;", "*(pv_t)&x", MARKED),
        ("int x;", "*(typeof(vint_t) *)&x", MARKED),
        ("int x[2];", "(*(to_arr_t)&x)[1]", MARKED),
        # Not what is behind a pointer that is volatile itself.
        ("int x; int y; vp_t p = &x;", "y", PLAIN),
    ],
)
def test_the_name_is_the_type(top: str, place: str, made: list[str]) -> None:
    value = "0" if place != "p" else "&x"
    assert accesses(top, f"{place} = {value}; int r = ({place} == 0); *q = r;")[:2] == made


@pytest.mark.parametrize("type", ["vint_t *", "again_t *", "pv_t ", "volatile int *"])
def test_parameters_and_locals_that_point(type: str) -> None:
    top = f"int x; static int get({type}a) {{ return *a; }}"
    assert accesses(top, f"{type}p = &x; *p = 1; *q = get(&x);")[:2] == MARKED


def test_a_variable_of_that_name_is_none_of_these() -> None:
    assert accesses("int x;", "int vint_t = 1; x = vint_t;") == ["store"]


def test_both_at_once_are_refused() -> None:
    with pytest.raises(InputError, match=r"t\.h:2:22: error: 'a' is declared with vol"):
        parse_c(Source("t.h", "typedef int a;\ntypedef volatile int a;\n"))
    parse_c(Source("t.h", "typedef volatile int a;\ntypedef volatile int a;\n"))


RACE = """\
C t
typedef TYPE flag_t;
struct box { flag_t flag; int data; };
struct box B;
{ }
P0(int *q) { B.data = 1; smp_wmb(); B.flag = 1; }
P1(int *q) { int r = B.flag; if (r) { smp_rmb(); WRITE_ONCE(*q, B.data); } }
exists (1:r=1 /\\ q=1)
"""


@pytest.mark.parametrize(("type", "races"), [("volatile int", False), ("int", True)])
def test_whether_it_races(type: str, races: bool, tmp_path: Path) -> None:
    """tools/memory-model: two plain accesses race, of which one writes; marked ones do not."""
    path = tmp_path / "t.litmus"
    path.write_text(RACE.replace("TYPE", type))
    assert ("data-race" in Checker().states(Request(path, "lkmm")).flags) == races
    assert Checker().check(Request(path, "lkmm")).witness is not None  # the replay agrees
