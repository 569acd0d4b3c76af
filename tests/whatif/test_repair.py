"""Repairs where the text and the events are not side by side.

Which barrier helps is clear from each program: it is store buffering (Owens, Sarkar, Sewell 2009)
or message passing, with a place where only a barrier in one particular line does it alone.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck import whatif
from ksmcheck.check import Request
from ksmcheck.program.change import INSERT, MOVE, REMOVE, REPLACE, STRENGTHEN, Change
from ksmcheck.text import InputError
from ksmcheck.whatif.minimal import Inconclusive
from ksmcheck.whatif.repair import Repairer, Vain, repair_space, untried
from tests.fresh import fresh_asker, fresh_checker
from tests.whatif.conftest import ROOT

READER = """
P1()
{
	int r0; int r1;

	r0 = READ_ONCE(a[1]);
	smp_rmb();
	r1 = READ_ONCE(a[0]);
}
~exists (1:r0=1 /\\ 1:r1=0)
"""
ROUNDS = (
    """C rounds
int a[2];
{ }
P0()
{
	int i;

	for (i = 0; i < 2; i++) {
		WRITE_ONCE(a[i], 1);
	}
}"""
    + READER
)
"""A barrier in the loop stands between the stores of two rounds, with no other event between."""

ARM = """C arm
{ }
P0(int *x, int *y, int *z, int *c)
{
	int r0 = 0; int r1 = 0; int r2 = 0;

	r0 = READ_ONCE(*c);
	WRITE_ONCE(*x, 1);
	if (r0) {
		r1 = READ_ONCE(*y);
	}
	r2 = READ_ONCE(*z);
}
P1(int *x, int *y, int *z)
{
	int r3;

	WRITE_ONCE(*y, 1);
	WRITE_ONCE(*z, 1);
	smp_mb();
	r3 = READ_ONCE(*x);
}
P2(int *c) { WRITE_ONCE(*c, 1); }
~exists (1:r3=0 /\\ ((0:r0=1 /\\ 0:r1=0) \\/ (0:r0=0 /\\ 0:r2=0)))
"""
"""One barrier before the `if` serves both ways on; one of these ways has no event in the `if`."""

WAITING = """C waiting
{ }
P0(int *x, int *y)
{
	int r;

	WRITE_ONCE(*x, 1);
	do {
		r = READ_ONCE(*y);
	} while (r == 2);
}
P1(int *x, int *y)
{
	int r3;

	WRITE_ONCE(*y, 1);
	smp_mb();
	r3 = READ_ONCE(*x);
}
~exists (0:r=0 /\\ 1:r3=0)
"""
"""Between the store and the loop there is no statement that a barrier could stand before."""

ONE_LINE = """C oneline
{ }
P0(int *x, int *y) { int r; WRITE_ONCE(*x, 1); r = READ_ONCE(*y); WRITE_ONCE(*y, 2); }
P1(int *x, int *y) { int r; WRITE_ONCE(*y, 1); smp_mb(); r = READ_ONCE(*x); }
~exists (0:r=0 /\\ 1:r=0)
"""


PASSED = """
P1(void)
{
	int a; int b;
	a = atomic_read(&y);
	smp_rmb();
	b = atomic_read(&x);
	BUG_ON(a && !b);
}
"""
LABEL = (
    """C label
atomic_t x; atomic_t y; int z;
{ }
P0(void)
{
	if (READ_ONCE(z)) {
		atomic_add(2, &x);
		goto out;
	}
	atomic_inc(&x);
out:
	atomic_inc(&y);
}"""
    + PASSED
)
"""Both ways come to the store behind the label: what orders it stands between the two."""

CASE = (
    """C case
atomic_t x; atomic_t y; int z;
{ }
P0(void)
{
	atomic_inc(&x);
	switch (READ_ONCE(z)) {
	case 0:
		atomic_inc(&y);
	}
}"""
    + PASSED
)

ARM_ALONE = """C alone
atomic_t x; atomic_t y;
{ }
P0(void) { atomic_inc(&x); smp_mb(); atomic_inc(&y); }
P1(void)
{
	int a = 1;
	if (atomic_read(&y))
		a = atomic_read(&x);
	BUG_ON(!a);
}
"""
"""A branch orders no read (memory-barriers.txt, "Control dependencies")."""


@pytest.mark.parametrize(
    ("text", "place", "barrier"),
    [
        (LABEL, "t.litmus:12", "smp_wmb"),
        (CASE, "t.litmus:7", "smp_wmb"),
        (CASE, "t.litmus:9", "smp_wmb"),
        (ARM_ALONE, "t.litmus:9", "smp_rmb"),
        (ROUNDS, "t.litmus:9", "smp_wmb"),
        (ARM, "t.litmus:9", "smp_mb"),
        (WAITING, "t.litmus:8", "smp_mb"),
        (ONE_LINE, "t.litmus:3:48", "smp_mb"),
    ],
    ids=[
        *("behind a label", "before a switch", "behind a case", "in an arm without braces"),
        *("between rounds", "before an arm", "before a loop", "in a line"),
    ],
)
def test_the_barrier_in_that_place_is_found(
    text: str, place: str, barrier: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(text, encoding="utf-8")
    assert fresh_checker().check(Request(path, "armv8")).verdict == "VIOLATED"
    found = [repair.changes for repair in whatif(path, "armv8").repairs()]
    alone = [c[0] for c in found if len(c) == 1]
    assert Change(f"{tmp_path}/{place}", INSERT, barrier) in alone
    # None has something to spare: not with that barrier, nor with another one.
    sets = [frozenset(changes) for changes in found]
    assert not any(a < b for a in sets for b in sets)


def test_before_a_barrier_is_behind_it(tmp_path: Path) -> None:
    """One place, said once: before what comes after the barrier."""
    path = tmp_path / "t.litmus"
    path.write_text(ONE_LINE.replace("r = READ_ONCE(*y)", "\nbarrier();\nr = READ_ONCE(*y)"))
    alone = [r.changes[0] for r in whatif(path, "armv8").repairs() if len(r.changes) == 1]
    assert [c.site for c in alone if c.kind == INSERT] == [f"{path}:5:1"]


def test_what_cannot_be_marked(tmp_path: Path) -> None:
    """A bit-field has no READ_ONCE, nor has a struct, and the name of an array reads nothing. The
    flag alone can be ordered: message passing, by release and acquire or by barriers."""
    path = tmp_path / "t.litmus"
    path.write_text(
        """C unmarked
struct pair { int a; int b; };
struct s { struct pair p; unsigned f:3; int arr[2]; int flag; };
struct s g;
{ }
P0()
{
	struct pair q;

	q.a = 1;
	q.b = 1;
	g.p = q;
	g.f = 2;
	g.arr[1] = 3;
	WRITE_ONCE(g.flag, 1);
}
P1()
{
	struct pair q;
	int r; int f; int n;

	r = READ_ONCE(g.flag);
	q = g.p;
	f = g.f;
	n = g.arr[1];
	BUG_ON(r && !(q.a && f && n));
}
"""
    )
    asked = whatif(path, "armv8")
    names = [spot.name for spot in asked.sites()]
    assert "g.arr[1]@P1" in names
    assert "g.arr@P1" not in names
    found = {frozenset(map(str, r.changes)) for r in asked.repairs()}
    release = "strengthen WRITE_ONCE@P0 to smp_store_release"
    acquire = "strengthen READ_ONCE@P1 to smp_load_acquire"
    wmb, rmb = f"insert smp_wmb before {path}:15", f"insert smp_rmb before {path}:23"
    assert found == {frozenset({one, other}) for one in (release, wmb) for other in (acquire, rmb)}


MACROS = """C macros
#define PUB(a, b) do {{ WRITE_ONCE(a, 1); {} WRITE_ONCE(b, 1); }} while (0)
int x; int y;
{{ }}
P0(void)
{{
	{}PUB(x, y);
}}
P1(void)
{{
	int a; int b;
	a = READ_ONCE(y);
	smp_rmb();
	b = READ_ONCE(x);
	BUG_ON(a && !b);
}}
"""
"""Message passing: a wmb orders the stores where it stands between them, and not before both."""


def test_before_a_macro_is_not_inside_of_it(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(MACROS.format("", ""))
    request = Request(path, "armv8")
    assert fresh_checker().check(request).verdict == "VIOLATED"
    before = Change("t.litmus:7", INSERT, "smp_wmb")
    assert whatif(path, "armv8").ask(before)[0].verdict == "VIOLATED"
    found = [c for repair in whatif(path, "armv8").repairs() for c in repair.changes]
    assert found
    assert not any(c.kind == INSERT for c in found)
    for text, verdict in ((("", "smp_wmb(); "), "VIOLATED"), (("smp_wmb();", ""), "SAFE")):
        path.write_text(MACROS.format(*text))
        assert fresh_checker().check(request).verdict == verdict


def test_several_statements_in_a_line_want_a_column(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(ONE_LINE)
    with pytest.raises(InputError, match="several statements begin at") as refused:
        whatif(path, "armv8").ask(Change("t.litmus:3", INSERT, "smp_mb"))
    assert "t.litmus:3:48" in str(refused.value)


def test_a_barrier_behind_a_label_may_become_a_release(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    label = "C t\nint x; int y;\n{ }\nP0(void)\n{\n\tif (READ_ONCE(y)) goto out;\n"
    label += "\tWRITE_ONCE(x, 1);\nout:\n\tsmp_wmb();\n\tWRITE_ONCE(y, 1);\n}\n"
    path.write_text(label + MACROS[MACROS.index("P1(") :].format())
    release = Change("smp_wmb@P0", REPLACE, "smp_store_release")
    (wmb,) = (s for s in whatif(path, "armv8").sites() if s.name == "smp_wmb@P0")
    assert release in wmb.changes
    assert not any(c.kind == MOVE for c in wmb.changes)  # not off its label
    answers = [
        whatif(path, "armv8").ask(*c)[0] for c in ((release,), (Change("smp_wmb@P0", REMOVE),))
    ]
    assert [a.verdict for a in answers] == ["SAFE", "VIOLATED"]


USES = """C uses
#define WAIT(p) while (!READ_ONCE(p)) cpu_relax()
#define WHEN(c, s) if (c) s
int x; int y; int z;
{{ }}
P0(void) {{ WRITE_ONCE(x, 1); WRITE_ONCE(y, 1); }}
P1(void)
{{
	int r = 1;
	{}
	BUG_ON(!r);
}}
"""


@pytest.mark.parametrize(
    "body",
    ["WAIT(y);\n\tr = READ_ONCE(x);", "WHEN(READ_ONCE(y), r = READ_ONCE(x));"],
)
def test_what_a_macro_holds_is_no_place_to_insert(body: str, tmp_path: Path) -> None:
    """Neither a loop's body in its definition nor what is given to it as a statement."""
    path = tmp_path / "t.litmus"
    path.write_text(USES.format(body))
    lines = [
        c.site.removeprefix(f"{path}:") for r in whatif(path, "armv8").repairs() for c in r.changes
    ]
    inserted = {line for line in lines if line[0].isdigit()}
    assert inserted <= {"6:12", "6:30", "10", "11", "12"}
    assert inserted
    at = Change("t.litmus:10", INSERT, "smp_rmb")
    assert whatif(path, "armv8").ask(at)[0].verdict in ("SAFE", "VIOLATED")


RACING = """C racing
{ }
P0(int *x, int *y)
{
	WRITE_ONCE(*x, 1);
	WRITE_ONCE(*y, 1);
}
P1(int *x, int *y)
{
	int r0;
	int r1;

	r0 = *y;
	r1 = *x;
}
exists (1:r0=1 /\\ 1:r1=0)
"""


def test_races_of_a_test_that_demands_nothing_show_what_is_missing(tmp_path: Path) -> None:
    """Message passing: the stores have to be ordered, and the reads, which race besides (and are
    no less racing where they are ordered). There are three ways to the one and two to the other;
    an execution with a race rules most of the rest out, though the state is not seen in it."""
    path = tmp_path / "t.litmus"
    path.write_text(RACING, encoding="utf-8")
    asker, request = fresh_asker(), Request(path, "lkmm")
    repairer = Repairer(asker, (request,))
    test, spots = asker.workshop.source(request), asker.spots(request)
    found = list(repairer.repairs(repair_space(test, spots, "6.12"), test))
    stores = [
        Change(f"{path}:6", INSERT, "smp_wmb"),
        Change("WRITE_ONCE@P0#2", STRENGTHEN, "smp_store_release"),
        Change("WRITE_ONCE@P0", STRENGTHEN, "smp_store_mb"),
    ]
    once = Change("*y@P1", STRENGTHEN, "READ_ONCE")
    reads = [
        {Change(f"{path}:14", INSERT, "smp_rmb"), once},
        {Change("*y@P1", STRENGTHEN, "smp_load_acquire")},
    ]
    marked = Change("*x@P1", STRENGTHEN, "READ_ONCE")
    wanted = {frozenset({store, marked, *read}) for store in stores for read in reads}
    assert {frozenset(repair.changes) for repair in found} == wanted
    assert repairer.judge.asked < 100  # of more than 10,000 ways to strengthen it


EACH_OTHER = """C each-other
{ }
P0(int *x, int *y)
{
	while (!READ_ONCE(*x))
		;
	xchg_relaxed(y, 1);
}
P1(int *x, int *y)
{
	int r0;

	while (!READ_ONCE(*y))
		;
	smp_store_release(x, 1);
	r0 = 1;
}
~exists (1:r0=1)
"""


def test_where_each_waits_for_the_other(tmp_path: Path) -> None:
    """armv7 lets P0's store be seen before the loop has ended. With any order between the two
    neither thread gets on: that is no repair, and nor is more of it."""
    path = tmp_path / "t.litmus"
    path.write_text(EACH_OTHER, encoding="utf-8")
    asker, request = fresh_asker(), Request(path, "armv7")
    repairer = Repairer(asker, (request,))
    test, spots = asker.workshop.source(request), asker.spots(request)
    with pytest.raises(Vain, match="no execution runs to its end"):
        list(repairer.repairs(repair_space(test, spots, "6.12"), test))
    assert repairer.judge.asked < 50
    assert list(whatif(path, "armv7").repairs()) == []


WAITED_FOR = """C waited-for
{ }
P0(int *x, int *f, int *g)
{
	WRITE_ONCE(*x, 1);
	smp_wmb();
	WRITE_ONCE(*f, 1);
}
P1(int *x, int *f, int *g)
{
	int r0;
	int r1 = 0;

	LOOP
	smp_rmb();
	r0 = READ_ONCE(*x);
}
~exists (1:r0=0)
"""


@pytest.mark.parametrize(
    ("loop", "load"),
    [
        ("while (READ_ONCE(*f) == 0) {\n\t\tr1 = READ_ONCE(*g);\n\t}", "*f"),
        ("do {\n\t\tr1 = READ_ONCE(*g);\n\t} while (READ_ONCE(*f) == 0);", "*f"),
        ("for (; READ_ONCE(*f) == 0;)\n\t\tr1 = READ_ONCE(*g);", "*f"),
        # What is only sometimes performed is not meant, and a switch's break leaves no loop.
        ("while (READ_ONCE(*f) == 0 && READ_ONCE(*g) == 0)\n\t\t;", "*f"),
        ("while (READ_ONCE(*f) == 0) {\n\t\tswitch (r1) { case 0: break; }\n\t}", "*f"),
        ("do { r1 = READ_ONCE(*f); } while (0);", "*f"),
    ],
)
def test_an_acquire_for_the_load_that_a_loop_ends_with(
    loop: str, load: str, tmp_path: Path
) -> None:
    """What comes before the barrier is the load of the condition, not the last one in the text."""
    path = tmp_path / "t.litmus"
    text = WAITED_FOR.replace("LOOP", loop)
    path.write_text(text, encoding="utf-8")
    asked = whatif(path, "armv8", unroll=4)
    (by_question,) = asked.ask(Change("smp_rmb@P1", REPLACE, "smp_load_acquire"))
    by_hand = text.replace(f"READ_ONCE({load})", f"smp_load_acquire({load[1:]})")
    path.write_text(by_hand.replace("\tsmp_rmb();\n", ""), encoding="utf-8")
    assert by_question.verdict == fresh_checker().check(Request(path, "armv8", unroll=4)).verdict


def test_a_loop_that_is_left_elsewhere_has_no_such_load(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    loop = "while (READ_ONCE(*f) == 0) {\n\t\tif (READ_ONCE(*g))\n\t\t\tbreak;\n\t}"
    path.write_text(WAITED_FOR.replace("LOOP", loop), encoding="utf-8")
    with pytest.raises(InputError):
        whatif(path, "armv8").ask(Change("smp_rmb@P1", REPLACE, "smp_load_acquire"))


FAILING = """C failing
static int f(int *p, int o)
{
	return cmpxchg_relaxed(p, o, 2);
}
{ }
P0(int *x, int *y)
{
	WRITE_ONCE(*x, 1);
	smp_mb();
	WRITE_ONCE(*y, 1);
}
P1(int *x, int *y)
{
	int r0 = f(y, 7);
	int r1 = READ_ONCE(*x);
}
P2(int *a, int *b, int *c)
{
	int r2;

	WRITE_ONCE(*a, 1);
	f(c, 0);
	r2 = READ_ONCE(*b);
}
P3(int *a, int *b)
{
	int r3;

	WRITE_ONCE(*b, 1);
	smp_mb();
	r3 = READ_ONCE(*a);
}
filter (1:r0=1 /\\ 1:r1=0)
~exists (2:r2=0 /\\ 3:r3=0)
"""


def test_a_stronger_name_may_order_less_where_it_fails(tmp_path: Path) -> None:
    """With LL/SC a failing cmpxchg_acquire is LDAXR, and nothing passes the filter; a failing
    cmpxchg orders nothing (arch/arm64/include/asm/atomic_ll_sc.h), and one that succeeds all."""
    path = tmp_path / "t.litmus"
    path.write_text(FAILING, encoding="utf-8")
    found: list[tuple[Change, ...]] = []
    with pytest.raises(Inconclusive, match="no execution counts"):
        for repair in whatif(path, "armv8", config="llsc").repairs():
            found.append(repair.changes)
    assert (Change("cmpxchg_relaxed@f", STRENGTHEN, "cmpxchg"),) in found


def test_what_never_ends_is_not_repaired(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text("C t\n{ }\nP0(int *x) { while (!READ_ONCE(*x)) ; }\n~exists (x=7)\n")
    asker, request = fresh_asker(), Request(path, "sc")
    test, spots = asker.workshop.source(request), asker.spots(request)
    with pytest.raises(Vain, match=r"^as it is, no execution runs to its end"):
        list(Repairer(asker, (request,)).repairs(repair_space(test, spots, "6.12"), test))


def test_a_counter_under_a_lock_that_is_read_without_it(tmp_path: Path) -> None:
    """LKMM calls a plain store that meets a marked read a data race as well as the reverse
    (tools/memory-model/Documentation/access-marking.txt): both have to be marked, and the counter's
    own read under the lock need not be. Hardware orders nothing more by it."""
    path = tmp_path / "counter.litmus"
    path.write_text(
        "C counter\nstruct q { spinlock_t lock; int nr; };\nstruct q wq;\n{ }\n"
        "P0(void) { spin_lock(&wq.lock); wq.nr++; spin_unlock(&wq.lock); }\n"
        "P1(void) { int r0 = wq.nr; }\n~exists (1:r0=2)\n"
    )
    asker = fresh_asker()
    request = Request(path, "lkmm")
    spots = asker.spots(request)
    test = asker.workshop.source(request)
    space = repair_space(test, spots, request.kernel)
    found = list(Repairer(asker, [request]).repairs(space, test))
    store = Change("wq.nr@P0", STRENGTHEN, "WRITE_ONCE")
    assert [set(repair.changes) for repair in found] == [
        {store, Change("wq.nr@P1", STRENGTHEN, "READ_ONCE")}
    ]


TRYLOCK = """C trylock
{{ {start} }}
P0(int *x, int *y, unsigned long *b)
{{
	int r0; int r1;

	WRITE_ONCE(*x, 1);
	r1 = test_and_set_bit_lock(0, b);
	r0 = READ_ONCE(*y);
}}
P1(int *x, int *y)
{{
	int r0;

	WRITE_ONCE(*y, 1);
	smp_mb();
	r0 = READ_ONCE(*x);
}}
~exists (0:r0=0 /\\ 1:r0=0)
"""


@pytest.mark.parametrize("start", ["", "b=1;"], ids=["taken", "found set"])
def test_a_trylock_made_a_full_barrier(tmp_path: Path, start: str) -> None:
    """Store buffering. ``test_and_set_bit()`` is fully ordered whatever it finds
    (Documentation/atomic_bitops.txt), ``test_and_set_bit_lock()`` acquires at most: other outcomes,
    other accesses, and still every least repair is found and the search comes to its end."""
    path = tmp_path / "t.litmus"
    path.write_text(TRYLOCK.format(start=start), encoding="utf-8")
    asker, request = fresh_asker(), Request(path, "lkmm")
    repairer = Repairer(asker, (request,))
    test, spots = asker.workshop.source(request), asker.spots(request)
    found = list(repairer.repairs(repair_space(test, spots, "6.12"), test))
    assert {repair.changes for repair in found} == {
        (Change(f"{path}:8", INSERT, "smp_mb"),),
        (Change(f"{path}:9", INSERT, "smp_mb"),),
        (Change("test_and_set_bit_lock@P0", STRENGTHEN, "test_and_set_bit"),),
        (Change("WRITE_ONCE@P0", STRENGTHEN, "smp_store_mb"),),
    }
    assert repairer.judge.asked < 30


def test_alternatives_that_do_not_matter_are_not_tried_in_all_ways(tmp_path: Path) -> None:
    """A read has two stronger forms, an acquire and ``rcu_dereference``, neither weaker than the
    other. Eight reads of no importance have 3 to the power of 8 ways to be."""
    path = tmp_path / "t.litmus"
    idle = "".join(f"\tr{n} = READ_ONCE(*z);\n" for n in range(1, 9))
    names = " ".join(f"int r{n};" for n in range(9))
    path.write_text(
        f"C idle\n{{ }}\nP0(int *x, int *y, int *z)\n{{\n\t{names}\n{idle}"
        "\tWRITE_ONCE(*x, 1);\n\tr0 = READ_ONCE(*y);\n}\n"
        "P1(int *x, int *y)\n{\n\tint r0;\n\n"
        "\tWRITE_ONCE(*y, 1);\n\tsmp_mb();\n\tr0 = READ_ONCE(*x);\n}\n"
        "~exists (0:r0=0 /\\ 1:r0=0)\n",
        encoding="utf-8",
    )
    asker, request = fresh_asker(), Request(path, "power")
    repairer = Repairer(asker, (request,))
    test, spots = asker.workshop.source(request), asker.spots(request)
    found = list(repairer.repairs(repair_space(test, spots, "6.12"), test))
    assert {repair.changes for repair in found} == {
        (Change(f"{path}:15", INSERT, "smp_mb"),),
        (Change("WRITE_ONCE@P0", STRENGTHEN, "smp_store_mb"),),
    }
    assert repairer.judge.asked < 30


def test_what_headers_of_our_own_hold_is_not_told_of(tmp_path: Path) -> None:
    """``complete()`` is made of macros that the test does not use; list_for_each_entry_rcu stands
    in the test, and is several reads."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\n#include <linux/completion.h>\n#include <linux/rculist.h>\n"
        "struct node { int a; struct list_head list; };\n"
        "struct completion done; LIST_HEAD(all); int x;\n{ }\n"
        "P0(void) { WRITE_ONCE(x, 1); complete(&done); }\n"
        "P1(void)\n{\n\tstruct node *p;\n\n\twait_for_completion(&done);\n"
        "\trcu_read_lock();\n\tlist_for_each_entry_rcu(p, &all, list)\n"
        "\t\tWRITE_ONCE(p->a, 1);\n\trcu_read_unlock();\n}\nforall (x=1)\n",
        encoding="utf-8",
    )
    spots = fresh_asker().spots(Request(path, "lkmm"))
    assert untried(spots, "6.12") == ("list_for_each_entry_rcu",)


def test_callbacks_have_no_line_to_insert_before(tmp_path: Path) -> None:
    """Message passing between threads that also give something back. What ``call_rcu`` does later
    is in no file: all that can be done stands in the test."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nstruct foo { int a; struct rcu_head rcu; };\nstruct foo f1; struct foo f2;\n{ }\n"
        "static void gone(struct rcu_head *rcu)\n{\n"
        "\tWRITE_ONCE(container_of(rcu, struct foo, rcu)->a, 1);\n}\n"
        "P0(int *x, int *y)\n{\n\tWRITE_ONCE(*x, 1);\n\tWRITE_ONCE(*y, 1);\n"
        "\tcall_rcu(&f1.rcu, gone);\n}\n"
        "P1(int *x, int *y)\n{\n\tint r0 = READ_ONCE(*y);\n\tsmp_rmb();\n"
        "\tint r1 = READ_ONCE(*x);\n\tcall_rcu(&f2.rcu, gone);\n}\n"
        "~exists (1:r0=1 /\\ 1:r1=0)\n",
        encoding="utf-8",
    )
    asker, request = fresh_asker(), Request(path, "lkmm")
    repairer = Repairer(asker, (request,))
    test, spots = asker.workshop.source(request), asker.spots(request)
    found = {repair.changes for repair in repairer.repairs(repair_space(test, spots, "6.12"), test)}
    assert found == {
        (Change(f"{path}:12", INSERT, "smp_wmb"),),
        (Change("WRITE_ONCE@P0#2", STRENGTHEN, "smp_store_release"),),
        (Change("WRITE_ONCE@P0", STRENGTHEN, "smp_store_mb"),),
    }
    with pytest.raises(InputError, match="no statement begins"):
        asker.ask(request, (Change("<linux/rcupdate.h>:3", INSERT, "smp_mb"),))


def test_one_execution_speaks_for_most_of_a_large_program() -> None:
    """Nothing helps the code before the patch: it dereferences what it did not look at again. There
    are 114 places to strengthen, and a few executions say so of all ways to do it, also where the
    search has strengthened something already."""
    request = Request(ROOT / "litmus" / "ksm" / "pre-patch.litmus", "lkmm")
    asker = fresh_asker()
    repairer = Repairer(asker, (request,))
    test, spots = asker.workshop.source(request), asker.spots(request)
    space = repair_space(test, spots, request.kernel)
    assert list(repairer.repairs(space, test)) == []
    assert repairer.judge.asked < 16 < len(space.sites)
