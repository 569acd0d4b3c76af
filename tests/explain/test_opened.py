"""Stories of changed programs: the order that the change has taken away is what they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.explain.tell import telling_of
from ksmcheck.program.change import REMOVE, WEAKEN, Change
from tests.fresh import fresh_asker, fresh_checker

KSM = Path(__file__).parents[2] / "litmus" / "ksm"


def sentence(test: Path, model: str, *changes: Change) -> str:
    asker = fresh_asker()
    told = telling_of(asker, asker.ask(Request(test, model), changes))
    assert told is not None
    return told.sentence


@pytest.mark.parametrize("model", ["armv8", "armv7", "riscv", "power"])
@pytest.mark.parametrize("change", [(REMOVE, ""), (WEAKEN, "barrier")])
def test_the_write_barrier_of_the_patch(model: str, change: tuple[str, str]) -> None:
    """The patch's comment at the barrier: stable_node->kpfn is stored before the old page looks
    stale, which it does by its mapping or, where it was in the swap cache, its flags."""
    kind, to = change
    told = sentence(KSM / "path-a.litmus", model, Change("smp_wmb@ksm_migrate_page", kind, to))
    assert "P0's store to node.kpfn (ksm.h:220) before its store to mem_map[0]." in told
    assert told.startswith("nothing orders")


@pytest.mark.parametrize("model", ["armv8", "riscv"])
def test_the_read_barrier_of_the_patch(model: str) -> None:
    """kpfn is read again (ksm.h:156) after the page was seen stale, behind a branch on that."""
    told = sentence(KSM / "path-a.litmus", model, Change("smp_rmb@get_ksm_page", REMOVE))
    assert told.startswith("only a control dependency orders P1's read of mem_map[0].")
    assert f"before its read of node.kpfn (ksm.h:156), and {model} does not keep" in told


READER = "P1(int *x, int *y)\n{\n\tint r0;\n\tint r1;\n\tr0 = READ_ONCE(*y);\n\tsmp_rmb();\n\tr1 = "
READER += "READ_ONCE(*x);\n}\n"

# In each of them P0's one write barrier is between a store to x and the store to y (MP).
WRITERS = {
    "loop": (
        "P0(int *x, int *y)\n{\n\tint i;\n\ti = 0;\n\tdo {\n\t\ti++;\n\t\tWRITE_ONCE(*x, i);\n"
        "\t\tsmp_wmb();\n\t} while (i < 2);\n\tWRITE_ONCE(*y, 1);\n}\n"
    ),
    "function": (
        "static void order(void)\n{\n\tsmp_wmb();\n}\n"
        "P0(int *x, int *y)\n{\n\tWRITE_ONCE(*x, 2);\n\torder();\n\tWRITE_ONCE(*y, 1);\n}\n"
    ),
    "jump": (
        "P0(int *x, int *y)\n{\n\tgoto first;\nsecond:\n\tsmp_wmb();\n\tWRITE_ONCE(*y, 1);\n"
        "\tgoto out;\nfirst:\n\tWRITE_ONCE(*x, 2);\n\tgoto second;\nout:\n\t;\n}\n"
    ),
    "end of a branch": (
        "P0(int *x, int *y)\n{\n\tint r2;\n\tr2 = READ_ONCE(*x);\n\tif (r2 == 0) {\n"
        "\t\tWRITE_ONCE(*x, 2);\n\t\tsmp_wmb();\n\t}\n\tWRITE_ONCE(*y, 1);\n}\n"
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("model", ["armv8", "power", "lkmm"])
def test_the_place_is_found_along_the_way_that_was_taken(
    writer: str, model: str, tmp_path: Path
) -> None:
    test = tmp_path / "mp.litmus"
    test.write_text(f"C mp\n{{ }}\n{WRITERS[writer]}{READER}exists (1:r0=1 /\\ 1:r1=0)\n")
    site = "smp_wmb@order" if writer == "function" else "smp_wmb@P0"
    assert fresh_checker().check(Request(test, model)).observation == "Never"
    told = sentence(test, model, Change(site, REMOVE))
    assert told.startswith("nothing orders P0's store to x ")
    assert " before its store to y " in told


def test_two_barriers_that_are_missing_together(tmp_path: Path) -> None:
    """Either barrier alone forbids it (the other thread's is for show): removed together, what is
    missing is one of them, and the sentence names one."""
    test = tmp_path / "two.litmus"
    test.write_text(
        "C two\n{ }\nP0(int *x, int *y)\n{\n\tWRITE_ONCE(*x, 1);\n\tsmp_wmb();\n\tsmp_mb();\n"
        "\tWRITE_ONCE(*y, 1);\n}\n" + READER + "exists (1:r0=1 /\\ 1:r1=0)\n"
    )
    changes = (Change("smp_wmb@P0", REMOVE), Change("smp_mb@P0", REMOVE))
    for model in ("armv8", "lkmm"):
        told = sentence(test, model, *changes)
        assert told.count("orders") == 1
        assert "P0's store to x (two.litmus:5) before its store to y (two.litmus:8)" in told
    # Of one of them alone the other's order stays.
    assert fresh_asker().ask(Request(test, "armv8"), changes[:1]).observation == "Never"


def test_what_is_weakened_is_named_as_it_is(tmp_path: Path) -> None:
    """SB: smp_wmb in the place of smp_mb orders no store before a read (memory-barriers.txt)."""
    test = tmp_path / "sb.litmus"
    thread = "P{0}(int *x, int *y)\n{{\n\tint r;\n\tWRITE_ONCE(*{1}, 1);\n\tsmp_mb();\n"
    thread += "\tr = READ_ONCE(*{2});\n}}\n"
    text = thread.format(0, "x", "y") + thread.format(1, "y", "x")
    test.write_text(f"C sb\n{{ }}\n{text}exists (0:r=0 /\\ 1:r=0)\n")
    told = sentence(test, "power", Change("smp_mb@P0", WEAKEN, "smp_wmb"))
    assert told == (
        "smp_wmb (sb.litmus:7) does not order P0's store to x (sb.litmus:6) before its read of y "
        "(sb.litmus:8) strongly enough for power"
    )


CLASSIC = KSM.parent / "classic"


@pytest.mark.parametrize("model", ["armv8", "power", "lkmm"])
def test_a_release_that_is_none_any_more(model: str) -> None:
    """MP: it ordered the store to x before its own."""
    test = CLASSIC / "MP" / "MP+rel+acq.litmus"
    told = sentence(test, model, Change("smp_store_release@P0", WEAKEN, "WRITE_ONCE"))
    assert told == (
        "nothing orders P0's store to x (MP+rel+acq.litmus:9) "
        "before its store to y (MP+rel+acq.litmus:10)"
    )


def test_a_branch_on_a_plain_read_is_called_that() -> None:
    """LKMM orders a store behind a branch that depends on a marked read; of a plain read's value
    the compiler may know more (tools/memory-model/Documentation/explanation.txt, plain accesses).
    """
    test = CLASSIC / "LB" / "LB+ctrl+ctrl.litmus"
    told = sentence(test, "lkmm", Change("READ_ONCE@P0", WEAKEN, "plain"))
    assert told == (
        "a control dependency does not order P0's plain read of x (LB+ctrl+ctrl.litmus:11) before "
        "its store to y (LB+ctrl+ctrl.litmus:13) strongly enough for lkmm"
    )


def test_a_thread_with_one_access_that_is_plain() -> None:
    """IRIW's writers do nothing else, so that there is no order in them to be missing."""
    test = CLASSIC / "IRIW" / "IRIW+mb+mb.litmus"
    told = sentence(test, "lkmm", Change("WRITE_ONCE@P0", WEAKEN, "plain"))
    assert told == (
        "lkmm does not order P0's plain store to x (IRIW+mb+mb.litmus:9) as it would a marked "
        "access"
    )


@pytest.mark.parametrize(
    ("test", "site", "plain"),
    [
        ("MP/MP+mb+mb", "WRITE_ONCE@P0#2", "P0's plain store to y (MP+mb+mb.litmus:11)"),
        ("SB/SB+mb+mb", "READ_ONCE@P1", "P1's plain read of x (SB+mb+mb.litmus:22)"),
    ],
)
def test_no_barrier_is_too_weak_where_a_full_one_stands(test: str, site: str, plain: str) -> None:
    """A full barrier is between the two accesses already, and two are not more than one: what is
    lost is that the compiler makes the access once and whole, which LKMM asks of marked ones."""
    path = KSM.parent / "classic" / f"{test}.litmus"
    told = sentence(path, "lkmm", Change(site, WEAKEN, "plain"))
    assert told == f"lkmm does not order {plain} as it would a marked access"


HAND_OVER = """C hand_over
struct gate { atomic_t users; int freed; };
struct gate g;
{ g.users.counter = 1; }
P0(void)
{
	int r0 = READ_ONCE(g.freed);
	atomic_dec_return_release(&g.users);
}
P1(void)
{
	if (atomic_cmpxchg(&g.users, 0, -9) == 0)
		WRITE_ONCE(g.freed, 1);
}
~exists (0:r0=1)
"""


@pytest.mark.parametrize("model", ["armv8", "power", "riscv", "lkmm"])
def test_of_an_atomic_the_store_is_named_that_the_other_thread_reads(
    model: str, tmp_path: Path
) -> None:
    """P1 sees that the last user is gone by the value that is stored; that it overwrites what the
    atomic read is true as well, and nobody's reason."""
    path = tmp_path / "t.litmus"
    path.write_text(HAND_OVER)
    change = Change("atomic_dec_return_release@P0", WEAKEN, "atomic_dec_return_relaxed")
    order = "P0's read of g.freed (t.litmus:7) before its store to g.users.counter (t.litmus:8)"
    assert sentence(path, model, change) == f"nothing orders {order}"
