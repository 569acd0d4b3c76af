"""No value comes from nowhere: what reads hand on in a circle is none.

Each program may go round in a circle of plain copies, which the kernel's model does not forbid. Its
explanation.txt has it that no compiler or machine makes a value up ("out of thin air"). herd7 7.58
lists what is read there as a value of its own (``S9``), which is equal to no number, so that it
answers Never, as is expected here. That the number asked for is known from elsewhere in the
program makes no difference, and other executions may store it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

COPIER = "P1(int *x, int *y) {\n\tint r1 = READ_ONCE(*y);\n\t*x = r1;\n}"
BY_FLAG = """P{0}(int *a, int *b, int *f, int *g) {{
	int r1;
	int r2 = {1};
	r1 = READ_ONCE(*{2});
	smp_rmb();
	if (r1 == 1)
		r2 = READ_ONCE(*{3});
	*{4} = r2;
	smp_wmb();
	WRITE_ONCE(*{5}, 1);
}}"""


def by_flag(number: int, start: int) -> str:
    names = ("f", "a", "b", "g") if number == 0 else ("g", "b", "a", "f")
    return BY_FLAG.format(number, start, *names)


NEVER = {
    "stored too late": f"""
P0(int *x, int *y, int *f) {{
	int r0 = READ_ONCE(*x);
	*y = r0;
	smp_store_release(f, 1);
}}
{COPIER}
P2(int *x, int *f) {{
	if (smp_load_acquire(f))
		WRITE_ONCE(*x, 42);
}}
exists (0:r0=42)""",
    "the other way's": f"""
P0(int *x, int *y, int *z) {{
	int r2 = 42;
	if (READ_ONCE(*z))
		r2 = READ_ONCE(*x);
	*y = r2;
}}
{COPIER}
exists (0:r2=42)""",
    "stored otherwise": f"""
P0(int *x, int *y) {{
	int r2 = READ_ONCE(*x);
	if (r2 == 42)
		*y = r2;
	else
		*y = 42;
}}
{COPIER}
exists (0:r2=42)""",
    "not even race": f"""
{by_flag(0, 42)}
{by_flag(1, 43)}
exists (0:r1=1 /\\ 1:r1=1 /\\ (0:r2=42 \\/ 0:r2=43))""",
    # 0 is what a read that is not executed counts as.
    "of a read that is none": """
P0(int *x, int *y, int *f) {
	int r2 = 1;
	if (READ_ONCE(*f))
		r2 = READ_ONCE(*x);
	*y = r2;
}
P1(int *x, int *y, int *f) {
	int r2 = 1;
	if (READ_ONCE(*f))
		r2 = READ_ONCE(*y);
	*x = r2;
}
P2(int *f) {
	WRITE_ONCE(*f, 1);
}
exists (0:r2=0)""",
    "nor that, without a race": f"""
{by_flag(0, 1)}
{by_flag(1, 1)}
exists (0:r2=0)""",
}
SOMETIMES = {
    # Whatever is read, 1 is stored.
    "computed": """
P0(int *x, int *y) {
	*y = (READ_ONCE(*x) & 0) + 2;
}
P1(int *x, int *y) {
	int r1 = READ_ONCE(*y);
	*x = r1;
}
exists (1:r1=2 /\\ x=2)""",
    "from one thread to the next": f"""
P0(int *x, int *y) {{
	int r2 = READ_ONCE(*x);
	*y = r2;
}}
{COPIER}
P2(int *x) {{
	WRITE_ONCE(*x, 42);
}}
exists (1:r1=42)""",
    "by one of two ways": f"""
P0(int *x, int *y, int *z) {{
	int r2 = READ_ONCE(*z) ? 42 : READ_ONCE(*x);
	*y = r2;
}}
{COPIER}
exists (x=42)""",
}


def observed(threads: str, engine: str, folder: Path) -> str | None:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{{ a=1; b=1; x=1; y=1; z=1; }}\n{threads}\n")
    return fresh_checker().states(Request(path, "lkmm", engine=engine)).observation


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize("name", NEVER)
def test_what_only_goes_round_is_never_read(name: str, engine: str, tmp_path: Path) -> None:
    assert observed(NEVER[name], engine, tmp_path) == "Never"


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize("name", SOMETIMES)
def test_what_comes_from_somewhere_is(name: str, engine: str, tmp_path: Path) -> None:
    assert observed(SOMETIMES[name], engine, tmp_path) in ("Sometimes", "Always")


# Both reads of a and b are behind the other thread's stores: the circle is there or none of it.
CIRCLE = """P{0}(int *a, int *b, int *f, int *g) {{
	int r1;
	r1 = READ_ONCE(*{1});
	smp_rmb();
	if (r1 == 1)
		*{2} = *{3};
	smp_wmb();
	WRITE_ONCE(*{4}, 1);
}}
"""


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
def test_what_else_there_is_stays(engine: str, tmp_path: Path) -> None:
    """A. Stern's example (lkml, a3bf910f-509a-4ad3-a1cc-4b14ef9b3259@rowland.harvard.edu): LKMM
    does not order reads before later writes by smp_rmb and smp_wmb. Sometimes, as herd7 has it."""
    threads = CIRCLE.format(0, "f", "a", "b", "g") + CIRCLE.format(1, "g", "b", "a", "f")
    assert observed(f"{threads}exists (0:r1=1 /\\ 1:r1=1)", engine, tmp_path) == "Sometimes"
