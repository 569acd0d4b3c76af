"""Texts of outlines: C17 6.4, the tokens are what counts; blanks as the kernel's coding style has
them (3.1 of its document: around binary operators, none behind unary ones)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ksmcheck.gate.baseline import Baseline, Known
from ksmcheck.gate.respelt import with_blanks
from ksmcheck.gate.spelling import spelt
from tests.gate.conftest import Project

SPELT = [
    "return -28",
    "return *p",
    "return !x",
    "x = a - -b",
    "x = a++ + ++b",
    "if (a == 2 && !(b & ~c))",
    "do (a ? b : c)",
    "while (--n)",
    "(struct page *mem_map, int *x, int **y, volatile int *z)",
    "(void *)&node + 3",
    "(u8)-1",
    "(volatile *)x",
    "sizeof(int) * 2",
    "unsigned long *x",
    "p->q[3].r = -1",
    "(1UL << 3) | (1UL << 19)",
    "WRITE_ONCE(*x, a * b)",
    "(*fn)(x)",
    "case 1 ... 2",
    "goto out",
    "out:",
    "*x += 1",
    's = { .a = 1, "ab" }',
    "({ int a; a; })",
    "~exists 1:a = 1 /\\ 1:b = 0",
    "exists (a = 1) \\/ (b = 2)",
    "0:r0: .., 0",
    "smp_wmb()",
]


@pytest.mark.parametrize("text", SPELT)
def test_blanks_are_as_in_c(text: str) -> None:
    assert spelt(text) == text
    assert spelt(text.replace(" ", "  ")) == text
    assert spelt(text.replace("(", " ( ").replace(",", " ,")) == text
    assert spelt(text.replace(" ", " /* why */ ")) == text


def test_the_star_of_a_type_with_a_name_of_its_own() -> None:
    assert spelt("(half*x, half  * * y)", declares=True) == "(half *x, half **y)"


TOKENS = ("a", "b", "1", "->", ".", "+", "++", "-", "--", "&", "&&", "*", "(", ")", ",", "=", "==")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from((*TOKENS, "<", "<<", "?", ":", "return", "int")), max_size=8))
def test_the_tokens_stay_what_they_are(tokens: list[str]) -> None:
    """So that no two texts of different tokens are the same."""
    once = spelt(" ".join(tokens))
    assert spelt(once) == once
    assert once.replace(" ", "") == "".join(tokens)


def test_what_a_finding_says(project: Project) -> None:
    put = "static int put(int a) { if (a) return -28; return a; }"
    project.edit("static void publish", f"{put}\nstatic void publish")
    project.edit("WRITE_ONCE(*x, 1)", "WRITE_ONCE(*x, put(1))")
    project.record()
    project.edit("if (a) return -28", "if(a==2)return -29")
    ran = project.gate()
    assert "new: if (a == 2)" in ran.out and "new: return -29" in ran.out
    assert "no longer: return -28" in ran.out


# Baselines of before: every blank was left out that C can do without.

OLD = """\
C old
typedef int half;
struct page { int flags; };
struct page P;
static int put(half *h, int a)
{
	if (a == 2 && h)
		return -28;
	return a - -1;
}
{ }
P0(int *x, int *y)
{
	int r = put(x, 1);
	do {
		WRITE_ONCE(P.flags, (1 << 3) | r);
		smp_wmb();
	} while (READ_ONCE(*y) < 1 && r > 2);
}
P1(int *x) { int a = READ_ONCE(*x); BUG_ON(a == 3); }
~exists (1:a = 1 /\\ x = -1)
"""

RECORDED = """\
format = 2
full = false
[verdicts."old.litmus"."6.12".shipped]
sc = "SAFE"
[[outlines."6.12"."old.litmus (start and condition)"]]
outline = ["  ~exists(1:a=1)/\\\\(x=-1)"]
[[outlines."6.12"."old.litmus (struct page)"]]
outline = ["  flags: 32 bits"]
[[outlines."6.12"."old.litmus (variables)"]]
outline = ["  P: struct page"]
[[outlines."6.12"."old.litmus P0"]]
outline = [
  "  (int*x, int*y)",
  "  put(x, 1)",
  "* do: WRITE_ONCE(P.flags, (1<<3)|r)",
  "* do: smp_wmb()",
  "* do-test: READ_ONCE(*y)",
  "  do-test: do(READ_ONCE(*y)<1&&r>2)",
]
[[outlines."6.12"."old.litmus P1"]]
outline = ["  (int*x)", "* READ_ONCE(*x)", "  BUG_ON(a==3)"]
[[outlines."6.12"."old.litmus put"]]
outline = ["  (half*h, int a)", "  if(a==2&&h)", "  if: return-28", "  return a--1"]
"""


@pytest.fixture
def old(project: Project) -> Project:
    for file in ("mp.h", "mp.litmus"):
        (project.folder / file).unlink()
    (project.folder / "old.litmus").write_text(OLD)
    config = '[[tests]]\nfiles = "old.litmus"\nmodels = ["sc"]\n'
    (project.folder / "ksmcheck.toml").write_text(config)
    project.baseline.write_text(RECORDED)
    return project


def test_a_baseline_without_blanks_holds(old: Project) -> None:
    ran = old.gate()
    assert (ran.code, "error" in ran.out, "warning" in ran.out) == (0, False, False), ran.out


CHANGES = [
    ("a == 2 && h", "a==2&&h", ""),
    ("return -28", "return -29", "no longer: return -28; new: return -29"),
    ("(1 << 3) | r", "(1 << 4) | r", "WRITE_ONCE(P.flags, (1 << 3) | r) replaced by"),
    ("BUG_ON(a == 3)", "BUG_ON(a == 4)", "no longer: BUG_ON(a == 3); new: BUG_ON(a == 4)"),
    ("\t\tsmp_wmb();\n", "", "smp_wmb() removed in P0"),
    ("x = -1)", "x = -2)", "no longer: ~exists (1:a = 1) /\\ (x = -1)"),
]


@pytest.mark.parametrize(("was", "now", "said"), CHANGES)
def test_what_changed_since_is_all_that_is_told(
    old: Project, was: str, now: str, said: str
) -> None:
    old.edit(was, now, "old.litmus")
    ran = old.gate()
    told = [line for line in ran.out.split("\n") if ": error: " in line or ": warning: " in line]
    assert len(told) == (1 if said else 0), ran.out
    assert said in ran.out


def test_a_file_that_was_renamed_since(old: Project) -> None:
    (old.folder / "old.litmus").rename(old.folder / "new.litmus")
    config = '[[tests]]\nfiles = "new.litmus"\nmodels = ["sc"]\n'
    (old.folder / "ksmcheck.toml").write_text(config)
    ran = old.gate()
    assert ran.out.count("error: ") == 1, ran.out
    assert "new.litmus:1: error: renamed; it is recorded as old.litmus" in ran.out


def test_what_an_assertion_is_of() -> None:
    before, now = (
        Baseline({}, {"6.12": {"a P0": (Known((), (f"  {text} of a: .., x - 1",)),)}}, {})
        for text in ("BUG_ON(a==1)", "BUG_ON(a == 1)")
    )
    assert with_blanks(before, now) == now


def test_with_blanks_other_tokens_are_another_text() -> None:
    """``a++ + b`` and ``a + ++b`` are one text without blanks."""
    plus = Baseline({}, {"6.12": {"a P0": (Known((), ("  if (a++ + b)",)),)}}, {})
    other = Baseline({}, {"6.12": {"a P0": (Known((), ("  if (a + ++b)",)),)}}, {})
    assert with_blanks(plus, other) == plus
