"""A local that a condition looks at, and that does not hold what was read any more: SAFE as before,
since nothing can fail now."""

from __future__ import annotations

import pytest

from tests.gate.conftest import Project

_THREAD = "P1(int *x, int *y) { int a; int b; consume(x, y, &a, &b); %s}"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("a = 0; ", "1:a: .., 0"),
        ("a &= 2; ", "1:a: .., &2"),
        ("a++; ", "1:a: .., ++"),
        ("int c = 7; a = c - 7; ", "1:a: .., c-7"),
    ],
)
def test_in_a_condition(project: Project, statement: str, said: str) -> None:
    project.record()
    project.edit("&a, &b); }", f"&a, &b); {statement}}}", "mp.litmus")
    ran = project.gate()
    assert ran.code == 1
    assert "what the test starts with or asks for changed" in ran.out
    project.record()
    assert said.replace(" ", "") in project.baseline.read_text().replace(" ", "")


@pytest.mark.parametrize("statement", ["int c = 0; ", "int c; c = a; ", "a = READ_ONCE(*y); "])
def test_what_no_condition_looks_at(project: Project, statement: str) -> None:
    project.record()
    project.edit("&a, &b); }", f"&a, &b); {statement}}}", "mp.litmus")
    assert "asks for changed" not in project.gate().out


_ASSERTING = """C t
int x;
{ }
P0(void) { int a = 0; a = READ_ONCE(x); BUG_ON(a == 1); }
"""


def test_in_an_assertion(project: Project) -> None:
    (project.folder / "t.litmus").write_text(_ASSERTING)
    project.record()
    assert "BUG_ON(a == 1) of" not in project.baseline.read_text()
    project.edit("BUG_ON", "a = 0; BUG_ON", "t.litmus")
    ran = project.gate()
    assert ran.code == 1
    assert "what is asserted or assumed in P0 changed" in ran.out
    assert "BUG_ON(a == 1) of a: 0, .., 0" in ran.out
