"""What threads in herd7's dialect may write beyond C, and what is refused there.

Expectations are reasoned: under sc only interleavings count, and what one thread computes alone is
C's arithmetic. Every witness has passed the replay, whose interpreter is another than the compiler.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.check.verdict import SAFE, VIOLATED, Observed
from ksmcheck.text import InputError
from tests.fresh import fresh_checker


def states(tmp_path: Path, text: str, model: str = "sc") -> Observed:
    file = tmp_path / "t.litmus"
    file.write_text(f"C t\n{text}\n")
    request = Request(file, model, timeout=60.0)
    found, verdict = fresh_checker().states(request), fresh_checker().check(request)
    if found.quantifier == "forall":
        assert verdict.verdict == (SAFE if found.observation == "Always" else VIOLATED)
    else:
        assert verdict.observation == found.observation
    return found


MESSAGE = """{ atomic_t x = ATOMIC_INIT(0); atomic_t y = ATOMIC_INIT(0); }
P0(atomic_t *x, atomic_t *y) { *x = 1; *y = 1; }
P1(atomic_t *x, atomic_t *y) { int r0 = *y; int r1 = *x; }
"""


def test_a_register_that_nobody_assigns_is_0(tmp_path: Path) -> None:
    """As herd7 has it; C-RW-G+RW-C of the perfbook author's tests hangs on it."""
    text = "{ x = 5; } P0(int *x) { r1 = READ_ONCE(*x) + r9; if (r8) r1 = 7; }"
    found = states(tmp_path, f"{text}\nexists (0:r1=5)")
    assert (found.observation, found.states) == ("Always", ((5,),))


@pytest.mark.parametrize("name", ["PAGE_SIZE", "PG_locked", "__GFP_ZERO"])
def test_a_number_without_a_definition_is_no_register(name: str, tmp_path: Path) -> None:
    """To herd7 it is a register with 0, and to a kernel developer another number."""
    with pytest.raises(InputError, match=f"{name} is not declared"):
        states(tmp_path, f"{{ }} P0(int *x) {{ WRITE_ONCE(*x, {name}); }}\nexists (x=0)")
    text = f"{{ }} P0(int *x) {{ {name} = 3; WRITE_ONCE(*x, {name}); }}\nexists (x=3)"
    assert states(tmp_path, text).observation == "Always"


STORES = "P0(int *x, int *a) { WRITE_ONCE(*x, 1); WRITE_ONCE(a[1], 5); }"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("locations [y; x int; 0:r1 int*]\nforall (x=1)", "Always"),
        # All of an array.
        ("exists (a={3,5})", "Always"),
        (r"exists (a={3,2} \/ a!={3,5})", "Never"),
        # A parenthesis alone, and final, are exists; what no entry gives a value is 0.
        (r"(x=1 /\ y=0)", "Always"),
        ("final (x=2);", "Never"),
        # x=2 => x=3 is true, y=1 is not.
        (r"exists (y=1 /\ x=2 => x=3)", "Never"),
    ],
)
def test_what_a_condition_may_be(condition: str, expected: str, tmp_path: Path) -> None:
    """herd7's grammar (lib/stateParser.mly)."""
    start = "{ (* a (* nested *) comment *) int a[2]={3,2}; y; }"
    assert states(tmp_path, f"{start}\n{STORES}\n{condition}").observation == expected


def test_elements_are_shown_one_by_one(tmp_path: Path) -> None:
    found = states(tmp_path, f"{{ int a[2]={{3,2}}; }}\n{STORES}\nexists (a={{3,5}} /\\ x=0)")
    assert (found.texts, found.states) == (("a[0]", "a[1]", "x"), ((3, 5, 1),))


def test_a_name_that_stands_in_the_condition_alone_is_refused(tmp_path: Path) -> None:
    """herd7 takes it for 0, so that a misspelt name makes a test pass."""
    with pytest.raises(InputError, match="alone"):
        states(tmp_path, f"{{ int a[2]={{3,2}}; }}\n{STORES}\nexists (x=1 /\\ alone=1)")


def test_what_makes_a_program_of_a_test_is_passed_over(tmp_path: Path) -> None:
    """perfbook's tests have it, with marks for its text in comments."""
    more = """{				//\\fcvexclude
#include "api.h"		//\\fcvexclude
}				/* more */
				(* marks *)
P0(int *x) { WRITE_ONCE(*x, 1); }
exists (x=1)"""
    for gap in ("", " // before\n"):
        assert states(tmp_path, "{ x = 0; }" + gap + more).observation == "Always"


def test_the_counter_of_an_atomic_is_accessed_plainly(tmp_path: Path) -> None:
    """Message passing: each of the four outcomes but new y and old x is an interleaving."""
    found = states(tmp_path, MESSAGE + "exists (1:r0=1 /\\ 1:r1=0)")
    assert (found.observation, len(found.states)) == ("Never", 3)


def test_such_accesses_race(tmp_path: Path) -> None:
    """LKMM: plain accesses, one of them a write, that nothing orders."""
    found = states(tmp_path, MESSAGE + "exists (1:r0=1 /\\ 1:r1=0)", "lkmm")
    assert found.observation == "Sometimes"
    assert "data-race" in found.flags


def test_an_atomic_is_counted_with_by_plain_c(tmp_path: Path) -> None:
    """5 + 2 = 7; then atomic_inc of the same counter, by its address, makes 8."""
    body = "*x += 2; int r0 = *x; atomic_inc(&*x); int r1 = atomic_read(x);"
    text = f"{{ atomic_t x = ATOMIC_INIT(5); }}\nP0(atomic_t *x) {{ {body} }}"
    assert states(tmp_path, text + "\nforall (0:r0=7 /\\ 0:r1=8 /\\ x=8)").observation == "Always"


def test_a_local_that_hides_the_parameter_is_what_it_is(tmp_path: Path) -> None:
    body = "int r0 = 0; { int *x = y; *x = 3; r0 = READ_ONCE(*y); }"
    text = f"{{ }}\nP0(atomic_t *x, int *y) {{ {body} }}\nforall (0:r0=3 /\\ x=0)"
    assert states(tmp_path, text).observation == "Always"


def test_a_variable_declared_again_is_assigned(tmp_path: Path) -> None:
    """herd7's declarations declare nothing. Without a value, nothing happens."""
    body = "int r0 = 1; int *p = x; int r1 = r0; int r0 = 2; int r1; int *p = y; *p = 1;"
    text = f"{{ }}\nP0(int *x, int *y) {{ {body} }}\nforall (0:r0=2 /\\ 0:r1=1 /\\ x=0 /\\ y=1)"
    assert states(tmp_path, text).observation == "Always"


@pytest.mark.parametrize("again", ["long r0 = 2;", "int *r0;", "int r1 = 0, r0 = 2;"])
def test_but_not_with_another_type_or_in_a_list(again: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="r0 is declared twice"):
        states(tmp_path, f"{{ }}\nP0(int *x) {{ int r0 = 1; {again} }}\nexists (0:r0=2)")


LOOKALIKE = """{ 0:continue = 1; }
P0(int *x)
{
	if (continue) {
		WRITE_ONCE(*x, 1);
		continue = 0;
	}
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			continue;
		WRITE_ONCE(*x, 5);
	}
}
"""


def test_continue_is_a_variable_where_no_statement_could_be(tmp_path: Path) -> None:
    """And the statement where one could: x is stored to twice, the loop's store being the last."""
    found = states(tmp_path, LOOKALIKE + "forall (0:continue=0 /\\ x=5)")
    assert found.observation == "Always"
    with pytest.raises(InputError, match="expected ';' after 'continue'"):
        states(tmp_path, "{ }\nP0(int *x) { while (1) { continue } }\nexists (x=1)")


@pytest.mark.parametrize(
    "access", ["WRITE_ONCE(x, 1)", "int r0 = READ_ONCE(x)", "smp_store_mb(x, 1)"]
)
def test_a_marked_access_of_the_parameter_itself_is_refused(access: str, tmp_path: Path) -> None:
    """In C it accesses the thread's copy of the pointer, which nobody else sees: never meant."""
    with pytest.raises(InputError, match="the thread's own pointer") as refused:
        states(tmp_path, f"{{ }}\nP0(int *x) {{ {access}; }}\nexists (x=1)")
    assert refused.value.diagnostic.hint == "write *x for the location that it points to"


POINTERS = """{{ {int} a; {int} *x = &y; {int} *y = &a; }}
P0({int} **x, {int} **y)
{{
	{int} *r1 = READ_ONCE(*x);
	{int} *r2 = READ_ONCE(*r1);

	WRITE_ONCE(*r1, x);
}}
forall (0:r1=y /\\ 0:r2=a /\\ y=x)"""


def test_a_pointer_to_int_may_point_to_a_pointer(tmp_path: Path) -> None:
    """x holds y's address, so *r1 is y, which held a's address and gets x's."""
    assert states(tmp_path, POINTERS.format(int="int")).observation == "Always"


def test_where_a_type_is_not_herds_the_widths_are_meant(tmp_path: Path) -> None:
    """A store of 4 bytes into a pointer: nothing is said of its outcome."""
    text = POINTERS.format(int="unsigned int").replace("forall", "exists")
    file = tmp_path / "t.litmus"
    file.write_text(f"C t\n{text}\n")
    with pytest.raises(InputError, match="wider or narrower"):
        fresh_checker().states(Request(file, "sc"))


RELAYED = """{ int b; int *x = &b; int *y = &b; int *c = &b; }
P0(int **x) { WRITE_ONCE(*x, x); }
P1(int **x, int **y) { int *r1 = READ_ONCE(*x); WRITE_ONCE(*y, r1); }
P2(int **y, int **c) { int *r2 = READ_ONCE(*y); WRITE_ONCE(*r2, c); }
exists (1:r1=x /\\ 2:r2=x /\\ x=x)"""


@pytest.mark.parametrize(("model", "expected"), [("lkmm", "Sometimes"), ("sc", "Never")])
def test_a_store_relayed_by_dependencies(model: str, expected: str, tmp_path: Path) -> None:
    """WWC: dependencies are not cumulative, so that P2's store to x may come first. Under sc it
    comes after P0's, whose value it has been handed."""
    assert states(tmp_path, RELAYED, model).observation == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 2 + 3 = 5, whatever the word is called.
        ("{ int z = 2; }\nP0(atomic_t *z) { int r0 = atomic_add_return(3, z); *z += 1; }", "r0=5"),
        ("{ atomic_t z = ATOMIC_INIT(4); }\nP0(int *z) { int r0 = READ_ONCE(*z) + *z; }", "r0=8"),
        # Nobody holds the lock, and nothing else is at its place.
        ("{ spinlock_t l; }\nP0(int *l) { int r0 = spin_is_locked(l); spin_lock(l); }", "r0=0"),
        ("{ int s; }\nP0(struct srcu_struct *s) { int r0 = 1 + READ_ONCE(*s); }", "r0=1"),
        # 2 and 1 is 3; herd7 7.58 says the same.
        ("{ intptr_t z = 2; }\nP0(atomic_t *z) { atomic_inc(z); r0 = *z; }", "r0=3"),
    ],
)
def test_an_int_may_have_a_kernel_type_elsewhere(text: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "t.litmus"
    file.write_text(f"C t\n{text}\nforall (0:{expected})\n")
    assert fresh_checker().states(Request(file, "lkmm")).observation == "Always"


def test_two_kernel_types_are_still_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="x has two types"):
        states(tmp_path, "{ }\nP0(atomic_t *x) { }\nP1(spinlock_t *x) { }\nexists (x=1)")


def test_a_star_declares_a_pointer_that_has_no_type(tmp_path: Path) -> None:
    """``*p = x`` as the start state has it in herd7; of a pointer with a type it would be C's."""
    text = "{ *p = x; x = 7; }\nP0(int **p) { int *r0 = READ_ONCE(*p); int r1 = READ_ONCE(*r0); }\n"
    condition = "forall (0:r0=x /\\ 0:r1=7)"
    assert states(tmp_path, text + condition).observation == "Always"
    with pytest.raises(InputError, match="needs a location known by name"):
        states(tmp_path, text.replace("*p = x", "int *p = x; *p = 3") + condition)


CAST = """C t
{ x = 0; y = 5; }
P0(int *x, int *y)
{
	int *r2; int r1; int r3;
	r1 = READ_ONCE(*y);
	r2 = x + (r1 & 8);
	rcu_assign_pointer(*(char **)r2, (char *)1);
	r3 = (int)READ_ONCE(*(long *)r2);
}
exists (x=1 /\\ 0:r3=1)
"""


def test_a_cast_of_a_pointer_in_a_local_is_none(tmp_path: Path) -> None:
    """herd7 has no types: ``*(char **)r2`` is what ``*r2`` is, an int. (r2 is x: 5 has no bit 8,
    so that 0 is added.)"""
    file = tmp_path / "t.litmus"
    file.write_text(CAST)
    checker = fresh_checker()
    assert checker.states(Request(file, "lkmm")).observation == "Always"
    assert checker.check(Request(file, "lkmm")).observation == "Always"


def test_states_and_check_refuse_the_same_widths(tmp_path: Path) -> None:
    """A location is reached through a pointer that has another width for it."""
    file = tmp_path / "t.litmus"
    start = "C t\nlong x; int *p;\n{ p = &x; }\nP0(void)\n{\n"
    file.write_text(start + "\tint *r = READ_ONCE(p);\n\tWRITE_ONCE(*r, 1);\n}\nexists (x=1)\n")
    for ask in (fresh_checker().states, fresh_checker().check):
        with pytest.raises(InputError, match="wider or narrower than x, which is long"):
            ask(Request(file, "sc"))
    with pytest.raises(InputError, match="wider or narrower"):
        Checker(direct=True).states(Request(file, "sc"), listed=False)
