"""What C leaves in no order is refused, what it orders is not (C17 6.5 p2, 6.5.2.2, 6.5.13 to 17).

A statement expression is GNU C's: its statements are done when its value is there.
"""

from __future__ import annotations

import pytest

from ksmcheck.program.compile import compile_program
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source

TEXT = """C t
struct s {{ int a; int b; }};
static int f(int v) {{ return v; }}
static int g(struct s v, int w) {{ return v.a + w; }}
{{ }}
P0(void) {{ int x = 1; int r = 0; int a[3] = {{ 1 }}; struct s st = {{ 1 }}, other = st; {}; }}
exists (0:r=0)
"""


def compiled(expression: str) -> None:
    compile_program(parse_litmus(Source("t.litmus", TEXT.format(expression))), kernel="6.12")


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("x = x++", "x"),
        ("x = (x = 1)", "x"),
        ("r = x++ + x", "x"),
        ("r = x + f(x++)", "x"),  # when f is called, but not when x is read
        ("x = r ? x++ : 3", "x"),
        ("x = (r && x++)", "x"),
        ("a[x] = x--", "x"),
        ("st.a = st.a++", "st.a"),
        ("st.b = st.a++ + st.a", "st.a"),
        ("r = x + ({ x = 3; 1; })", "x"),  # which of the two comes first is left open
        ("a[x] = ({ x = 2; 5; })", "x"),
        ("r += ({ r = 3; 1; })", "r"),
        ("r = g(st, st.a = 5)", "st.a"),  # the whole of what has a part changed
        ("r = st.a + g(st = other, 1)", "st"),
        ("r = st.a + ({ st.a = 3; 4; })", "st.a"),
    ],
)
def test_no_order(expression: str, name: str) -> None:
    with pytest.raises(InputError, match=f"{name} is changed and used in one expression"):
        compiled(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "r = (x = 1, x) + 2",
        "x = (x = 1, 2)",  # 6.5.17: the left operand is done before the right one
        "x = (x++ && r)",  # 6.5.13, of the left operand
        "x = (x++ ? r : 3)",  # 6.5.15, of the condition
        "x = f(x++)",  # 6.5.2.2 p10: arguments are done before the call
        "x = ({ x = 3; x + 1; })",
        "r = ({ int x = 4; x++; x; }) + x",  # another x
        "st.a = st.b++",
        "r = g(st, other.a = 5)",
        "r = ({ st.a; }) + (st.b = 5)",
        "x = r = x",
        "r = (x++, x) ? x : x",
    ],
)
def test_an_order(expression: str) -> None:
    compiled(expression)
