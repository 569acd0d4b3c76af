"""Forms of kernel C that public tests use, and what herd7 makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.report.states import states_text
from ksmcheck.text import InputError
from tests.fresh import fresh_checker


def states(text: str, folder: Path) -> list[str]:
    path = folder / "t.litmus"
    path.write_text(text, encoding="utf-8")
    checker, request = fresh_checker(), Request(path, "lkmm")
    checker.check(request)  # a witness passes the replay, which types the test by itself
    return states_text(checker.states(request)).splitlines()


def test_a_type_for_a_register_and_a_last_semicolon(tmp_path: Path) -> None:
    """``int 0:r1;`` gives a type alone, as an assignment without a declaration needs it."""
    text = "C t\n{ atomic_t x = ATOMIC_INIT(2); int 0:r1; }\n"
    text += "P0(atomic_t *x) { r1 = atomic_dec_and_test(x); }\nforall 0:r1=0;\n"
    assert states(text, tmp_path)[2:] == ["0:r1=0;", "Observation t Always"]


def test_a_listed_register_that_is_not_there(tmp_path: Path) -> None:
    """It shows as 0; a condition over it is refused, since it would be a slip."""
    text = "C t\n{}\nP0(int *x) { WRITE_ONCE(*x, 1); }\nlocations [0:r7]\nexists (x=1)\n"
    assert states(text, tmp_path)[2] == "0:r7=0; [x]=1;"
    with pytest.raises(InputError, match="no local variable r7"):
        states(text.replace("exists (x=1)", "exists (0:r7=0)"), tmp_path)
    assert states(text.replace("[0:r7]", "[r7; x]"), tmp_path)[2] == "[r7]=0; [x]=1;"
    with pytest.raises(InputError, match="no thread P3"):
        states(text.replace("[0:r7]", "[3:r7]"), tmp_path)


def test_includes_for_running_a_test_as_a_program(tmp_path: Path) -> None:
    """A second block in braces that only includes; any other second block is refused."""
    text = '{}\n\n{\n#include "api.h"\n}\n\nP0(int *x) { WRITE_ONCE(*x, 1); }\nexists (x=1)\n'
    assert states("C t\n" + text, tmp_path)[2] == "[x]=1;"
    with pytest.raises(InputError, match="second start state"):
        states("C t\n" + text.replace('#include "api.h"', "int y = 1;"), tmp_path)


def test_a_line_that_ends_with_and(tmp_path: Path) -> None:
    """``/\\`` at the end of a line is no division continued on the next one; in a macro it is."""
    text = "C t\n#define HALF(n) (n /\\\n 2)\n{}\n"
    text += "P0(int *x, int *y)\n{\n WRITE_ONCE(*x, HALF(4));\n}\n"
    text += "exists (x=2 /\\\n y=0 /\\\r\n ~y=1 /\\\n [x]=2)\n"
    assert states(text, tmp_path)[2:] == ["[x]=2; [y]=0;", "Observation t Always"]


def test_an_address_that_the_thread_calls_otherwise(tmp_path: Path) -> None:
    """``&x`` in the start state is the location x, not the thread's parameter of that name."""
    text = "C t\n{ int *0:r0=&x; x=3; }\nP0(int *x) { int r1; r1 = READ_ONCE(*r0); }\n"
    assert states(text + "exists (0:r1=3)\n", tmp_path)[-1] == "Observation t Always"


REMOVE = """C remove
{
	int *z=1;
	int *y=2;
	int *x=y;
}
P0(int *x, int *y, int *z)
{
	rcu_assign_pointer(*x, z);
	synchronize_rcu();
	WRITE_ONCE(*y, 0);
}
P1(int *x, int *y, int *z)
{
	rcu_read_lock();
	r1 = rcu_dereference(*x);
	r2 = READ_ONCE(*r1);
	rcu_read_unlock();
}
locations [1:r1]
exists (1:r2=0)
"""


def test_pointers_of_the_start_state_that_threads_take_for_numbers(tmp_path: Path) -> None:
    """RCU's guarantee: who got y before it was removed reads it before it is freed."""
    shown = states(REMOVE, tmp_path)
    assert shown[2:] == ["1:r1=z; 1:r2=1;", "1:r1=y; 1:r2=2;", "Observation remove Never"]
    without = states(REMOVE.replace("\tsynchronize_rcu();\n", ""), tmp_path)
    assert without[-1] == "Observation remove Sometimes"


@pytest.mark.parametrize(
    "head", ["C t\n{}\nP0(int *x) { WRITE_ONCE(*x, 1); }\n", "X86 t\n{}\n P0 ;\n MOV [x],$1 ;\n"]
)
@pytest.mark.parametrize("op", ["/\\", "\\/"])
def test_a_condition_of_hundreds_of_parts(head: str, op: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(head + "exists (" + f" {op} ".join(f"x={n}" for n in range(900)) + ")\n")
    model = "lkmm" if head.startswith("C") else "tso"
    verdict = fresh_checker().check(Request(path, model))
    assert verdict.observation == ("Never" if op == "/\\" else "Always")


def test_unequal_as_herd7_has_it(tmp_path: Path) -> None:
    text = "C t\n{}\nP0(int *x) { int r0 = READ_ONCE(*x); WRITE_ONCE(*x, 1); }\n"
    assert states(text + "forall (0:r0<>1 /\\ x<>0)\n", tmp_path)[-1] == "Observation t Always"
    assert states(text + "exists (~(x<>1) /\\ 0:r0 <> 0)\n", tmp_path)[-1] == "Observation t Never"


def test_observed_lists_final_states(tmp_path: Path) -> None:
    """``obs`` of lib/stateParser.mly: equations with ``;``, states with ``and``; it asks whether
    one of them can be (``ExistsState (Or ...)``)."""
    text = "C t\n{}\nP0(int *x) { int r0 = READ_ONCE(*x); }\nP1(int *x) { WRITE_ONCE(*x, 1); }\n"
    shown = ["0:r0=0; [x]=1;", "0:r0=1; [x]=1;"]
    for condition, answer in (
        ("observed 0:r0=1; x=1; and 0:r0=7; x=1;", "Sometimes"),
        ("Observed 0:r0=1; x=0; and 0:r0=2; x=1;", "Never"),
        ("locations [x]\nobserved 0:r0=1; and 0:r0=0;", "Always"),
    ):
        found = states(text + condition + "\n", tmp_path)
        assert found[2:] == [*shown, f"Observation t {answer}"]
    assert states(text + "observed", tmp_path)[-1] == "Observation t Always"
    with pytest.raises(InputError, match="expected ';' after an equation"):
        states(text + "observed 0:r0=1 and 0:r0=2;", tmp_path)


def test_a_location_in_brackets_on_the_right_is_its_value(tmp_path: Path) -> None:
    """``[x]=[y]`` compares what two locations hold, and ``x=y`` a location with an address:
    ``Atom (LL ...)`` against ``Atom (LV ...)`` in lib/stateParser.mly."""
    text = "C t\n{ x=2; z=y; }\nP0(int *x, int *y, int *z) { int r0; WRITE_ONCE(*y, 2); }\n"
    for condition, answer in (
        ("[x]=[y]", "Always"),
        ("[x]!=[y]", "Never"),
        ("x=[y] /\\ y=[x]", "Always"),
        ("x=y", "Never"),
        ("z=y", "Always"),
        ("[z]=[y]", "Never"),
    ):
        assert states(text + f"exists ({condition})", tmp_path)[-1] == f"Observation t {answer}"
    assert states(text + "exists ([x]=[y])", tmp_path)[2] == "[x]=2; [y]=2;"


def test_registers_of_the_start_state(tmp_path: Path) -> None:
    """``0:r1;`` is ``0:r1=0;``, and ``P0:r1`` is ``0:r1`` (``atom`` and ``location_reg`` of
    lib/stateParser.mly)."""
    text = "C t\n{ 0:r1; P0:r2=7; int 0:r3=8; int *0:r4=&x; 0:r5 }\n"
    text += "P0(int *x) { WRITE_ONCE(*r4, r1 + r2 + r3 + r5); }\nforall (x=15)\n"
    assert states(text, tmp_path)[2:] == ["[x]=15;", "Observation t Always"]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (
            "if (READ_ONCE(*x)) { int r1 = 5; } WRITE_ONCE(*y, r1);",
            ["0:r1=0; [y]=0;", "0:r1=5; [y]=5;"],
        ),
        (
            "if (READ_ONCE(*x)) { int r1 = 5; } else { int r1; r1 = 6; }",
            ["0:r1=5; [y]=0;", "0:r1=6; [y]=0;"],
        ),
        ("{ int r1 = 3, r2 = r1; } { int r1 = r2 + 1; }", ["0:r1=4; [y]=0;"]),
        ("while (r0 < 2) { int r1 = r1 + 1; r0 = r0 + 1; } { int r1 = r1; }", ["0:r1=2; [y]=0;"]),
        ("r1 = r1 + 2; WRITE_ONCE(*y, r1); int r1 = 7;", ["0:r1=7; [y]=2;"]),
        ("{ int *r1 = x; } { int *r1 = y; WRITE_ONCE(*r1, 3); }", ["0:r1=y; [y]=3;"]),
    ],
)
def test_registers_know_no_blocks(body: str, shown: list[str], tmp_path: Path) -> None:
    """CSem.ml: ``C.Seq (insts,_)`` does its instructions, ``C.DeclReg`` nothing, ``C.StoreReg``
    writes the register of that name."""
    text = f"C t\n{{}}\nP0(int *x, int *y) {{ {body} }}\nP1(int *x) {{ WRITE_ONCE(*x, 1); }}\n"
    found = states(text + "locations [0:r1; y]\nexists (y=0)\n", tmp_path)
    assert found[2:-1] == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("WRITE_ONCE(*y, r1 + 1); r1 = 7;", ["0:r1=7; [y]=1;"]),
        ("while (r0 < 2) { r1 = r1 + 3; r0 = r0 + 1; }", ["0:r1=6; [y]=0;"]),
        ("if (r1 == 0) r1 = y; WRITE_ONCE(*r1, 4);", ["0:r1=y; [y]=4;"]),
        ("r1 = r1 - 1; if (r1 < 0) WRITE_ONCE(*y, r1);", ["0:r1=-1; [y]=-1;"]),
    ],
)
def test_a_register_is_0_before_its_first_value(
    body: str, shown: list[str], tmp_path: Path
) -> None:
    """A register of herd7 needs no declaration, and holds 0 in the start state."""
    text = f"C t\n{{}}\nP0(int *x, int *y) {{ {body} }}\nlocations [0:r1; y]\nexists (y=0)\n"
    assert states(text, tmp_path)[2:-1] == shown
    hidden = text.replace("{}", "{ r1=0; }", 1)
    with pytest.raises(InputError, match=r"r1 is (not visible|a shared location)"):
        states(hidden, tmp_path)


@pytest.mark.parametrize(
    "body",
    [
        "int r1 = 1; if (READ_ONCE(*x)) { int r1 = 2; }",
        "int r1 = 1; { int r1; } WRITE_ONCE(*y, r1);",
    ],
)
def test_a_register_that_hides_another_is_refused(body: str, tmp_path: Path) -> None:
    """To C the inner one is another variable (C17 6.2.1), to herd7 it is the same: with either
    reading somebody would get a wrong answer."""
    text = f"C t\n{{}}\nP0(int *x, int *y) {{ {body} }}\nexists (0:r1=1)\n"
    with pytest.raises(InputError, match="r1 hides a variable of that name"):
        states(text, tmp_path)


def test_a_statement_expression_has_a_scope(tmp_path: Path) -> None:
    """herd7 has none; the kernel's macros declare in it what nobody else should see."""
    text = "C t\n{ x=1; }\nP0(int *x, int *y) { int r1 = ({ int r2 = READ_ONCE(*x); r2; })\n"
    text += " + 2 * ({ int r2 = 4; r2; }); r1 = min(r1, 3); }\n"
    assert states(text + "exists (0:r1=3)\n", tmp_path)[-1] == "Observation t Always"


def test_a_thread_on_structs_has_scopes(tmp_path: Path) -> None:
    """Such a thread is C and not herd7's: there the inner r1 is another (C17 6.2.1)."""
    text = "C t\nstruct s { int a; };\n{}\nP0(struct s *x)\n"
    text += "{ int r1 = 1; { int r1 = 2; x->a = r1; } }\n"
    assert states(text + "exists (0:r1=1 /\\ x.a=2)\n", tmp_path)[-1] == "Observation t Always"


@pytest.mark.parametrize("count", [120, 240, 300, 2000])
def test_nesting_beyond_reason_is_an_error_with_a_place(count: int, tmp_path: Path) -> None:
    """Reading a text takes other calls than compiling it: either may be the first to run out."""
    text = f"C t\n{{}}\nP0(int *x) {{ r0 = {'- ' * count}r7; {{ int r3; }} {{ int r3; }} }}\n"
    for condition in ("exists (0:r0=0)", f"exists (0:r0={'*' * count}0)"):
        path = tmp_path / "t.litmus"
        path.write_text(text + condition)
        try:
            assert fresh_checker().check(Request(path, "lkmm")).observation == "Always"
        except InputError as error:
            place = error.diagnostic.span
            assert place is not None
            assert place.source.name == str(path)
            assert error.diagnostic.message in (
                "the text is nested too deeply here",
                "this is not a pointer",
            )


def test_a_declaration_is_a_statement(tmp_path: Path) -> None:
    """herd7 7.58 says the same of both ways to write it; a thread that is C has C's rule."""
    text = "C t\n{}\nP0(int *x, int *y)\n{\n\tint r0;\n\tr0 = READ_ONCE(*x);\n"
    text += "\tif (r0)\n\t\tint r1 = READ_ONCE(*y);\n\telse\n\t\tint r1 = 7;\n}\n"
    text += "P1(int *x) { WRITE_ONCE(*x, 1); }\nexists (0:r1=0)\n"
    expected = ["0:r1=0;", "0:r1=7;", "Observation t Sometimes"]
    assert states(text, tmp_path)[2:] == expected
    with pytest.raises(InputError, match="cannot be the whole body of 'if'"):
        states("C t\nint x;\n{}\nP0(void) { if (x) int r1 = 1; }\nexists (x=0)\n", tmp_path)


def test_an_array_among_the_locations(tmp_path: Path) -> None:
    """herd7 7.58 says ``a={1,2}; [x]=1;``."""
    text = "C t\n{ int a[2]={1,2}; }\nP0(int *x) { WRITE_ONCE(*x, 1); }\n"
    found = states(text + "locations [a; x]\nexists (x=1)\n", tmp_path)
    assert found[2:] == ["a[0]=1; a[1]=2; [x]=1;", "Observation t Always"]


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        ("atomic_t x;", "4294967295"),
        ("atomic_t x = ATOMIC_INIT(0);", "4294967295"),
        ("int x;", "-1"),
        ("x = 0;", "-1"),
        ("", "-1"),
    ],
)
def test_an_atomic_of_the_start_state_shows_without_a_sign(
    start: str, shown: str, tmp_path: Path
) -> None:
    """herd7 7.58 says so, and that -1 is what it holds; registers have a sign in any case."""
    text = f"C t\n{{ {start} }}\nP0(atomic_t *x) {{ atomic_dec(x); r0 = atomic_read(x); }}\n"
    found = states(text + "locations [0:r0]\nexists (x=-1)\n", tmp_path)
    assert found[2:] == [f"0:r0=-1; [x]={shown};", "Observation t Always"]
