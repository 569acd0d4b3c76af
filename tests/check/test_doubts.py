"""Dependencies that a SAFE rests on, and that a compiler may leave out.

P0 reads x and stores to y, and P1 copies y to x: load buffering, forbidden where the store depends
on the read. Which dependencies a compiler breaks is told by the kernel's own documentation
(Documentation/memory-barriers.txt, "Control dependencies"; Documentation/RCU/rcu_dereference.rst),
and was looked at in what gcc 12 makes of P0 with -O2 for arm64, where nothing else is said.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request

TEST = """C t
{{ }}
static int sign(int v) {{ if (v) return 1; return -1; }}
P0(int *x, int *y, int *z)
{{
	int q = READ_ONCE(*x);
	{}
}}
P1(int *x, int *y)
{{
	int r = READ_ONCE(*y);
	smp_mb();
	WRITE_ONCE(*x, r);
}}
{}
"""
CYCLE = "~exists (0:q=1 /\\ 1:r=1)"


def notes(folder: Path, code: str, model: str = "armv8", final: str = CYCLE) -> list[str]:
    path = folder / "t.litmus"
    path.write_text(TEST.format(code, final))
    verdict = Checker(doubting=True).check(Request(path, model))
    assert verdict.verdict == "SAFE"
    assert verdict.observation in (None, "Never")
    return [note for note in verdict.notes if "assuming the compiler" in note]


CONTROL = [
    # memory-barriers.txt: the same store on both ways (gcc 12 stores first, on x86 too).
    "if (q) { WRITE_ONCE(*y, 1); WRITE_ONCE(*z, 1); } else { WRITE_ONCE(*y, 1); }",
    "if (q) { barrier(); WRITE_ONCE(*y, 1); } else { barrier(); WRITE_ONCE(*y, 1); }",
    # memory-barriers.txt: a condition that is always, or never, so (MAX is 1 there).
    "if (q % 1 == 0) WRITE_ONCE(*y, 1);",
    "if (q % 1) WRITE_ONCE(*z, 1); else WRITE_ONCE(*y, 1);",
    "if ((q & 7) < 8) WRITE_ONCE(*y, 1);",
    "if (q == q) WRITE_ONCE(*y, 1);",
    "if (q || 1) WRITE_ONCE(*y, 1);",
    # What both ways assign decides alike.
    "int a; if (q) a = 1; else a = 2; if (a) WRITE_ONCE(*y, 1);",
    "if (sign(q)) WRITE_ONCE(*y, 1);",
    "if (sign(q) * sign(q) == 1) WRITE_ONCE(*y, 1);",
    # Of two branches only the second one is there.
    "if (q == 1 || q != 1) { if (READ_ONCE(*z) == 0) WRITE_ONCE(*y, 1); }",
]


@pytest.mark.parametrize("model", ["armv8", "lkmm"])
@pytest.mark.parametrize("code", CONTROL)
def test_branches_that_decide_nothing(code: str, model: str, tmp_path: Path) -> None:
    (note,) = notes(tmp_path, code, model)
    assert "control of WRITE_ONCE@P0" in note
    assert "on READ_ONCE@P0 (t.litmus:6): it is made whatever is read" in note


@pytest.mark.parametrize(
    "code",
    [
        "WRITE_ONCE(*y, 1 + (q ^ q));",
        "WRITE_ONCE(*y, (q & 0) + 1);",
        "WRITE_ONCE(*y, q - q + 1);",
        "WRITE_ONCE(*y, (q & 1) | 1);",
        "int d = q + 3; WRITE_ONCE(*y, d - q - 2);",
        "WRITE_ONCE(*y, q / 0x7fffffff / 2 + 1);",
    ],
)
def test_values_that_cancel(code: str, tmp_path: Path) -> None:
    (note,) = notes(tmp_path, code)
    assert "data of WRITE_ONCE@P0" in note
    assert note.endswith("what is stored is the same whatever is read")


KEPT = [
    "if (q) WRITE_ONCE(*y, 1);",
    "if (q % 2) WRITE_ONCE(*y, 1);",
    "if ((q & 7) < 7) WRITE_ONCE(*y, 1);",
    "WRITE_ONCE(*y, q & 1);",
    "WRITE_ONCE(*y, q % 8);",
    "int a; if (q) a = 1; else a = 0; if (a) WRITE_ONCE(*y, 1);",
    "if (sign(q) > 0) WRITE_ONCE(*y, 1);",
    "if (q) { WRITE_ONCE(*y, 1); } else { WRITE_ONCE(*y, 2); }",
    # Before the store that both ways have, one of them makes another: stores that a volatile
    # access is made of are not moved across each other.
    "if (q) { WRITE_ONCE(*z, 1); WRITE_ONCE(*y, 1); } else { WRITE_ONCE(*y, 1); }",
    "if (q) { smp_wmb(); WRITE_ONCE(*y, 1); } else { WRITE_ONCE(*y, 1); }",
    # Ordered all the same, by the branch.
    "if (q == 1) WRITE_ONCE(*y, q);",
    "smp_mb(); WRITE_ONCE(*y, 1 + (q ^ q));",
    "if (q == q) { smp_mb(); WRITE_ONCE(*y, 1); }",
    # A branch that ends a loop in which something is done is not computed away.
    "int i; for (i = 0; i != (q & 1); i++) WRITE_ONCE(*z, 1); WRITE_ONCE(*y, 1);",
    "q = atomic_add_unless((atomic_t *)z, 1, 5); if (q) { q = READ_ONCE(*x); smp_mb(); } "
    "WRITE_ONCE(*y, q);",
]


@pytest.mark.parametrize("code", KEPT)
def test_nothing_is_said_of_others(code: str, tmp_path: Path) -> None:
    assert notes(tmp_path, code) == []


def test_nor_where_the_property_does_not_rest_on_it(tmp_path: Path) -> None:
    assert notes(tmp_path, "WRITE_ONCE(*y, 1 + (q ^ q));", final="~exists (0:q=7)") == []


def test_several_that_stand_in_for_each_other(tmp_path: Path) -> None:
    (note,) = notes(tmp_path, "if (q == q) WRITE_ONCE(*y, 1 + (q ^ q));")
    assert note.startswith("assuming the compiler keeps one of these dependencies, control of")
    assert "; data of WRITE_ONCE@P0 (t.litmus:7)" in note


POINTER = """C t
{{ int a = 0; int b = 0; int *head = &b; }}
P0(int *a, int **head)
{{
	WRITE_ONCE(*a, 1);
	smp_store_release(head, a);
}}
P1(int *a, int **head)
{{
	int r = 1;
	int *p = rcu_dereference(*head);
	if (p {} a)
		r = READ_ONCE(*p);
}}
~exists (1:p=a /\\ 1:r=0)
"""


@pytest.mark.parametrize("model", ["armv8", "power", "riscv", "lkmm"])
def test_a_pointer_that_is_compared_with_an_address(model: str, tmp_path: Path) -> None:
    """rcu_dereference.rst: behind ``p == &x`` a compiler may as well take the address of x. Behind
    ``p != &x`` it knows nothing, and that p is x is another path."""
    path = tmp_path / "t.litmus"
    path.write_text(POINTER.format("=="))
    (note,) = Checker(doubting=True).check(Request(path, model)).notes
    assert note.endswith(
        "address of READ_ONCE@P1 (t.litmus:13) on rcu_dereference@P1 (t.litmus:11): "
        "its address is the same whatever is read"
    )
    path.write_text(POINTER.format("!= 0 && p >="))
    assert Checker(doubting=True).check(Request(path, model)).notes == ()


def test_no_compiler_made_assembly(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(
        "AArch64 t\n{ 0:X1=x; 0:X2=y; 1:X1=x; 1:X2=y; }\n"
        " P0             | P1          ;\n"
        " LDR W0,[X1]    | LDR W0,[X2] ;\n"
        " EOR W3,W0,W0   | DMB SY      ;\n"
        " ADD W3,W3,#1   | STR W0,[X1] ;\n"
        " STR W3,[X2]    |             ;\n"
        "~exists (0:X0=1 /\\ 1:X0=1)\n"
    )
    verdict = Checker(doubting=True).check(Request(path, "armv8"))
    assert (verdict.verdict, verdict.notes) == ("SAFE", ())
