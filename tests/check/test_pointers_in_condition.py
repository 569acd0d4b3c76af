"""What a register points to at the end, in a condition: the last value of the location there.

Each expectation follows from the program: P0's ``q`` is the address that ``g`` held before or after
P1's store, and every location has one last value, since only P1 writes and each location once.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request

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
    return Checker().check(request).observation, Checker().states(request).observation


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
