"""call_rcu: the function runs in the end, behind a grace period that began after the call.

Sources: Documentation/RCU/whatisRCU.rst (6.12), "call_rcu() ... invokes a function after all
ongoing RCU read-side critical sections have completed"; the comment on call_rcu() of
kernel/rcu/tree.c on the full barrier between the two; rcu_barrier() "waits until all in-flight
call_rcu() callbacks complete".
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

_TOP = """C t
struct foo { int a; struct rcu_head rcu; };
struct foo f1 = { .a = 1 };
struct foo f2 = { .a = 2 };
struct foo *gp = &f1;
int x;
int y;
{ }
static void reclaim(struct rcu_head *rcu)
{
	WRITE_ONCE(container_of(rcu, struct foo, rcu)->a, 0);
}
"""
_READER = """P1(void)
{
	rcu_read_lock();
	struct foo *p = rcu_dereference(gp);
	int r0 = READ_ONCE(p->a);
	int r1 = READ_ONCE(p->a);
	rcu_read_unlock();
}
"""
_UPDATE = """P0(void)
{
	struct foo *old = rcu_dereference_protected(gp, 1);

	rcu_assign_pointer(gp, &f2);
	call_rcu(&old->rcu, reclaim);
}
"""
_SEEN = "~exists (1:r0=0 \\/ 1:r1=0)\n"


def check(text: str, folder: Path, model: str = "lkmm", **more: object) -> Verdict:
    path = folder / "t.litmus"
    path.write_text(_TOP + text)
    kernel = str(more.pop("kernel", "6.12"))
    return fresh_checker().check(Request(path, model, kernel, **more))  # type: ignore[arg-type]


def test_one_in_a_hurry(tmp_path: Path) -> None:
    """It says when the grace period begins, not what comes behind it (kernel/rcu/tree.c)."""
    hurried = _UPDATE.replace("call_rcu", "call_rcu_hurry")
    assert check(hurried + _READER + _SEEN, tmp_path).verdict == "SAFE"
    late = "exists (1:r0=1 /\\ f1.a=0)\n"
    assert check(hurried + _READER + late, tmp_path).observation == "Sometimes"


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_who_has_it_may_use_it(kernel: str, tmp_path: Path) -> None:
    assert check(_UPDATE + _READER + _SEEN, tmp_path, kernel=kernel).verdict == "SAFE"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rcu_read_lock();", ""),  # a reader that does not say so; with its end below
        ("rcu_assign_pointer(gp, &f2);", ""),  # who comes later finds it still
        ("call_rcu(&old->rcu, reclaim);", "reclaim(&old->rcu);"),
    ],
)
def test_what_it_takes(old: str, new: str, tmp_path: Path) -> None:
    text = (_UPDATE + _READER).replace(old, new)
    if "lock" in old:
        text = text.replace("rcu_read_unlock();", "")
    assert check(text + _SEEN, tmp_path).verdict == "VIOLATED"


def test_the_call_comes_after_it_is_taken_out(tmp_path: Path) -> None:
    """A grace period that begins before the pointer is changed is none for later readers."""
    text = _UPDATE.replace("\trcu_assign_pointer(gp, &f2);\n", "")
    late = text.replace("reclaim);\n", "reclaim);\n\trcu_assign_pointer(gp, &f2);\n")
    assert check(late + _READER + _SEEN, tmp_path).verdict == "VIOLATED"


def test_it_runs_in_the_end(tmp_path: Path) -> None:
    assert check(_UPDATE + "forall (f1.a=0)\n", tmp_path).verdict == "SAFE"


def test_only_where_it_was_called(tmp_path: Path) -> None:
    text = "P0(void) { if (READ_ONCE(x)) call_rcu(&f1.rcu, reclaim); }\n"
    text += "P1(void) { WRITE_ONCE(x, 1); }\nexists (f1.a={})\n"
    for value in "01":
        assert check(text.replace("{}", value), tmp_path).observation == "Sometimes"


def test_it_may_run_at_any_later_time(tmp_path: Path) -> None:
    """Before the caller's next step, and after; what was done before the call is there for it."""
    back = "static void sees(struct rcu_head *h) { WRITE_ONCE(y, 1 + READ_ONCE(x)); }\n"
    text = "P0(void) { WRITE_ONCE(x, 1); call_rcu(&f1.rcu, sees); int r0 = READ_ONCE(y); }\n"
    for value, seen in ((0, "Sometimes"), (1, "Never"), (2, "Sometimes")):
        found = check(f"{back}{text}exists (0:r0={value})\n", tmp_path)
        assert found.observation == seen


def test_rcu_barrier(tmp_path: Path) -> None:
    text = _UPDATE.replace("reclaim);\n", "reclaim);\n\tBARRIER\n\tint r0 = READ_ONCE(f1.a);\n")
    for barrier, seen in (("rcu_barrier();", "Never"), ("synchronize_rcu();", "Sometimes")):
        found = check(text.replace("BARRIER", barrier) + "exists (0:r0=1)\n", tmp_path)
        assert found.observation == seen


def test_rcu_barrier_waits_for_what_it_knows_of(tmp_path: Path) -> None:
    """Another thread's call, where something says that it was made; without a call for nothing."""
    call = "P0(void) { call_rcu(&f1.rcu, reclaim); smp_store_release(&x, 1); }\n"
    wait = "P1(void) { int r0 = smp_load_acquire(&x); rcu_barrier(); int r1 = READ_ONCE(f1.a); }\n"
    assert check(call + wait + "exists (1:r0=1 /\\ 1:r1=1)\n", tmp_path).observation == "Never"
    assert check(call + wait + "exists (1:r0=0 /\\ 1:r1=1)\n", tmp_path).observation != "Never"
    alone = "P0(void) { rcu_barrier(); WRITE_ONCE(x, 1); }\nforall (x=1)\n"
    assert check(alone, tmp_path).verdict == "SAFE"


def test_an_object_that_is_given_back_twice(tmp_path: Path) -> None:
    """The kernel links its head into a list, by plain stores."""
    text = "".join(f"P{n}(void) {{ call_rcu(&f1.rcu, reclaim); }}\n" for n in (0, 1))
    assert "data-race" in str(check(text + "~exists (x=1)\n", tmp_path).witness)


def test_null(tmp_path: Path) -> None:
    text = "P0(void) { struct rcu_head *h = 0; call_rcu(h, reclaim); }\n~exists (x=1)\n"
    assert check(text, tmp_path).verdict == "VIOLATED"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("P0(void) { while (READ_ONCE(x)) call_rcu(&f1.rcu, reclaim); }", "more than once"),
        (
            "static void f(void) { call_rcu(&f1.rcu, reclaim); }\nP0(void) { f(); f(); }",
            "more than once",
        ),
        (
            "static void f(void) { call_rcu(&f1.rcu, reclaim); }\n"
            "P0(void) { f(); }\nP1(void) { f(); }",
            "more than once",
        ),
        ("P0(void) { call_rcu(&f1.rcu, x ? reclaim : 0); }", "not named here"),
        ("P0(void) { call_rcu(&f1.rcu); }", "takes the head and the function"),
        ("P0(void) { call_rcu(&f1.rcu, nothing); }", "unknown function"),
    ],
)
def test_what_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        check(text + "\nexists (x=1)\n", tmp_path)


_PUT = (
    "static void put(struct foo *p) { if (p) kfree_rcu(p, rcu); }\n"
    "P0(void) { put(&f1); }\nP1(void) { put(&f2); }\nforall (x=0)\n"
)


def test_a_function_that_many_call_may_be_a_macro(tmp_path: Path) -> None:
    """Each use of a macro is a text of its own; the name is that which the test has written."""
    with pytest.raises(InputError, match="this kfree_rcu may be made more") as refused:
        check(_PUT, tmp_path)
    assert str(refused.value.diagnostic.hint).endswith("write the calls out, or make put a macro")
    macro = _PUT.replace("static void put(struct foo *p)", "#define put(p)")
    assert check(macro, tmp_path).verdict == "SAFE"


def test_no_macro_makes_one_call_of_many_rounds(tmp_path: Path) -> None:
    text = "static void put(void) { while (READ_ONCE(x)) call_rcu(&f1.rcu, reclaim); }\n"
    with pytest.raises(InputError, match="this call_rcu may") as refused:
        check(text + "P0(void) { put(); }\nforall (x=0)\n", tmp_path)
    assert str(refused.value.diagnostic.hint).endswith("write the calls out")


def test_machines_do_not_know_readers(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="which only lkmm models"):
        check(_UPDATE + _SEEN.replace("1:r0=0 \\/ 1:r1=0", "x=1"), tmp_path, "armv8")


def test_machines_do_not_know_readers_by_another_name(tmp_path: Path) -> None:
    """``kfree_rcu`` is what the test says, and so is what the error says."""
    text = "P0(void) { kfree_rcu(&f1, rcu); }\nforall (x=0)\n"
    with pytest.raises(InputError, match="`kfree_rcu` has no meaning under armv8"):
        check(text, tmp_path, "armv8")


def test_two_ways_to_one_call(tmp_path: Path) -> None:
    """On two ways of which one is gone, each calls once."""
    text = "P0(void) { if (READ_ONCE(x)) call_rcu(&f1.rcu, reclaim); "
    text += "else call_rcu(&f1.rcu, reclaim); }\nforall (f1.a=0)\n"
    assert check(text, tmp_path).verdict == "SAFE"


def test_a_tests_own(tmp_path: Path) -> None:
    text = "static void call_rcu(int *p, int v) { WRITE_ONCE(*p, v); }\n"
    text += "P0(void) { call_rcu(&x, 3); }\nforall (x=3)\n"
    assert check(text, tmp_path).verdict == "SAFE"
