"""What a register points to at the end, in a condition: the last value of the location there.

Each expectation follows from the program: P0's ``q`` is the address that ``g`` held before or after
P1's store, and every location has one last value, since only P1 writes and each location once.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

IN_C = """C t
struct pair { int a; int b; };
int x = 1;
int z = 5;
struct pair one = { .a = 10, .b = 11 };
struct pair two = { .a = 20, .b = 21 };
atomic_t at;
int *g = &x;
struct pair *s = &one;
{}
P0() {
	int *q = READ_ONCE(g);
	int **h = &g;
	struct pair *r = READ_ONCE(s);
	int *c = &at.counter;
	void *v = q;
}
P1() {
	WRITE_ONCE(z, 7);
	WRITE_ONCE(g, &z);
	WRITE_ONCE(s, &two);
	atomic_set(&at, 3);
}
"""

IN_HERD = """C t
{ x=1; z=5; g=x; }
P0(int **g) {
	int *q = READ_ONCE(*g);
}
P1(int **g, int *z) {
	WRITE_ONCE(*z, 7);
	WRITE_ONCE(*g, z);
}
"""


def observation(text: str, condition: str, folder: Path) -> tuple[str | None, str | None]:
    """By the verdict, whose execution is replayed, and by all states."""
    path = folder / "t.litmus"
    path.write_text(f"{text}exists ({condition})\n")
    request = Request(path, "sc", "6.12")
    return fresh_checker().check(request).observation, fresh_checker().states(request).observation


@pytest.mark.parametrize(
    ("text", "condition", "expected"),
    [
        (IN_C, "*0:q = 7", "Sometimes"),
        (IN_C, "*0:q = 1", "Sometimes"),
        (IN_C, "*0:q = 5", "Never"),  # at the end z is 7
        (IN_C, "*0:q = 0", "Never"),
        (IN_C, "*0:q = 1 || *0:q = 7", "Always"),
        (IN_C, "*0:q = 7 && 0:q == &x", "Never"),
        (IN_C, "*0:q + 1 = 8", "Sometimes"),
        (IN_C, "**0:h = 7", "Always"),  # g is &z at the end
        (IN_C, "0:r->b = 21", "Sometimes"),
        (IN_C, "0:r->b = 11 && 0:r->a = 10", "Sometimes"),
        (IN_C, "0:r->b = 11 && 0:r->a = 20", "Never"),
        (IN_C, "(*0:r).a > 20", "Never"),
        (IN_C, "*0:c = 3", "Always"),
        (IN_C, "*(int *)0:v = 7", "Sometimes"),
        (IN_HERD, "*0:q=7", "Sometimes"),
        (IN_HERD, "*0:q=1", "Sometimes"),
        (IN_HERD, "*0:q=5", "Never"),
        (IN_HERD, "*0:q=1 /\\ 0:q=z", "Never"),
        (IN_HERD, "*0:q=0", "Never"),
    ],
)
def test_the_last_value_of_the_location(
    text: str, condition: str, expected: str, tmp_path: Path
) -> None:
    assert observation(text, condition, tmp_path) == (expected, expected)


PLACES = """C t
struct s { int a; struct s *n; };
struct one { struct one *n; };
struct o { int z; struct s in; };
struct s f[3];
struct one c[2];
struct o o;
int v[2] = { 7, 8 };
struct s *p;
{}
P0() {
	struct s *g = &f[1], *kept = &f[1], **q = &kept, *in = &o.in;
	struct one *l = &c[1];
	int *first = &f[1].a;
	int r = v[1];
	p = &f[2];
	*q = &f[2];
}
"""


@pytest.mark.parametrize(
    "condition",
    [
        "0:g=f[1]",
        "0:g!=f[0]",
        "0:kept=f[2]",
        "0:in=o.in",
        "0:first=f[1]",
        "p=f[2]",
        "0:l=c[1]",
        "p=&f[2] /\\ 0:g=&f[1]",
        "0:r=v[1]",
    ],
)
def test_a_struct_beside_a_pointer_is_where_it_lies(condition: str, tmp_path: Path) -> None:
    """States print ``0:g=f[1];``: it can be asked as it is printed. What is a number stays one."""
    assert observation(PLACES, condition, tmp_path) == ("Always", "Always")
    assert observation(PLACES, f"~({condition})", tmp_path) == ("Never", "Never")
    verdict = fresh_checker().check(Request(tmp_path / "t.litmus", "sc", "6.12"))
    assert verdict.witness is None


@pytest.mark.parametrize("condition", ["0:r=f[1]", "0:g=v[1]", "0:g<f[1]"])
def test_elsewhere_it_is_no_value(condition: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        observation(PLACES, condition, tmp_path)
