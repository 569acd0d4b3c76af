"""Changes of the syntax tree, looked at through what the changed program does."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.kernel.orders import stronger, weaker
from ksmcheck.kernel.primitives import primitives
from ksmcheck.program.change import DROP, INSERT, MOVE, REMOVE, REPLACE, STRENGTHEN, WEAKEN, Change
from ksmcheck.program.inventory import inventory
from ksmcheck.program.ir import Access
from ksmcheck.program.mutate import mutate
from ksmcheck.record import replace
from ksmcheck.syntax.litmus import load_litmus
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

PROGRAM = """C change

{}

static void publish(int *x, int *y)
{
	WRITE_ONCE(*x, 1);
	smp_wmb();
	WRITE_ONCE(*y, 1);
}

P0(int *x, int *y)
{
	publish(x, y);
}

P1(int *x, int *y)
{
	int r0;
	int r1 = 9;

	r0 = READ_ONCE(*y);
	smp_rmb();
	if (READ_ONCE(*y) == 0)
		r0 = 0;
	r1 = READ_ONCE(*x);
}

exists (1:r0=1 /\\ 1:r1=0)
"""


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    path = tmp_path / "change.litmus"
    path.write_text(PROGRAM, encoding="utf-8")
    return Request(path, "armv8")


def seen(request: Request, *changes: Change, model: str = "armv8") -> str | None:
    return fresh_checker().check(replace(request, model=model, changes=changes)).observation


def test_as_it_is(request_: Request) -> None:
    assert seen(request_) == "Never"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # Message passing needs both barriers on armv8 (its manual, B2.3: neither side is ordered).
        (Change("smp_wmb@publish", REMOVE), "Sometimes"),
        (Change("smp_wmb@publish", WEAKEN, "barrier"), "Sometimes"),
        (Change("smp_wmb@publish", STRENGTHEN, "smp_mb"), "Never"),
        # A release store orders what is before it, an acquire load what is after.
        (Change("smp_wmb@publish", REPLACE, "smp_store_release"), "Never"),
        (Change("smp_rmb@P1", REPLACE, "smp_load_acquire"), "Never"),
        # After the second store, or before the first, the barrier is between no two stores.
        (Change("smp_wmb@publish", MOVE, "up"), "Sometimes"),
        (Change("smp_wmb@publish", MOVE, "down"), "Sometimes"),
        # Behind the barrier the read of y is ordered before nothing; the read of x stays behind it.
        (Change("READ_ONCE@P1", MOVE, "down"), "Sometimes"),
        (Change("READ_ONCE@P1#3", MOVE, "up"), "Never"),
        # The second read of y may not read an older value (coherence): the test is not needed.
        (Change("if@P1", DROP), "Never"),
        # Nothing is written to x: r1 is always 0.
        (Change("WRITE_ONCE@publish", REMOVE), "Sometimes"),
        (Change("publish@P0", REMOVE), "Never"),
    ],
    ids=str,
)
def test_what_becomes_of_message_passing(request_: Request, change: Change, expected: str) -> None:
    assert seen(request_, change) == expected


def test_several_changes_at_once(request_: Request) -> None:
    gone = Change("smp_wmb@publish", REMOVE), Change("smp_rmb@P1", REMOVE)
    assert seen(request_, *gone) == "Sometimes"
    assert seen(request_, *gone, model="tso") == "Never"
    instead = Change("WRITE_ONCE@publish#2", STRENGTHEN, "smp_store_release")
    acquire = Change("READ_ONCE@P1", STRENGTHEN, "smp_load_acquire")
    assert seen(request_, *gone, instead, acquire) == "Never"


def test_a_barrier_is_inserted_before_a_statement(request_: Request) -> None:
    line = PROGRAM[: PROGRAM.index("WRITE_ONCE(*y")].count("\n") + 1
    gone = Change("smp_wmb@publish", REMOVE)
    assert seen(request_, gone, Change(f"change.litmus:{line}", INSERT, "smp_wmb")) == "Never"
    assert (
        seen(request_, gone, Change(f"change.litmus:{line - 2}", INSERT, "smp_wmb")) == "Sometimes"
    )


def test_a_loop_that_runs_once(tmp_path: Path) -> None:
    path = tmp_path / "loop.litmus"
    path.write_text(
        "C loop\n\n{}\n\nP0(int *x)\n{\n\tWRITE_ONCE(*x, 1);\n}\n\nP1(int *x)\n{\n\tint r0;\n\n"
        "\twhile (READ_ONCE(*x) == 0)\n\t\tcpu_relax();\n\tr0 = READ_ONCE(*x);\n}\n\n"
        "exists (1:r0=0)\n",
        encoding="utf-8",
    )
    request = Request(path, "sc")
    assert seen(request, model="sc") == "Never"
    assert seen(request, Change("while@P1", DROP), model="sc") == "Sometimes"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Change("smp_wmb@nowhere", REMOVE), "there is no site"),
        (Change("READ_ONCE@P1", REMOVE), "its value is used"),
        (Change("smp_rmb@P1", WEAKEN, "smp_wmb"), "is not possible"),
        (Change("READ_ONCE", WEAKEN, "plain"), "which one?"),
        (Change("nothing.h:3", INSERT, "smp_mb"), "no statement begins at"),
        (Change("change.litmus:9", INSERT, "printk"), "no barrier"),
    ],
    ids=str,
)
def test_what_cannot_be_done(request_: Request, change: Change, message: str) -> None:
    with pytest.raises(InputError, match=message):
        seen(request_, change)


def made(tmp_path: Path, p0: str, p1: str, exists: str, head: str = "") -> Request:
    """A test of two threads; P1 has the registers r0, r1 and r2."""
    path = tmp_path / "made.litmus"
    p1 = f"\tint r0 = 0;\n\tint r1 = 0;\n\tint r2 = 0;\n\n{p1}"
    path.write_text(
        f"C made\n\n{{}}\n\n{head}P0(int *x, int *y, int *z)\n{{\n{p0}}}\n\n"
        f"P1(int *x, int *y, int *z)\n{{\n{p1}}}\n\nexists ({exists})\n",
        encoding="utf-8",
    )
    return Request(path, "armv8")


@pytest.mark.parametrize(
    ("loop", "name", "rounds"),
    [
        # C11, 6.8.5.3: the third expression is evaluated after each execution of the body, which
        # `continue` ends and `break` does not; of no round there is no step.
        ("for (r0 = 0; r0 < 3; r0++)\n\t\tr1++;", "for", "1:r0=1 /\\ 1:r1=1"),
        ("for (r0 = 0; r0 < 3; r0++) {\n\t\tif (r0 < 2)\n\t\t\tcontinue;\n\t\tr1++;\n\t}", "for",
         "1:r0=1 /\\ 1:r1=0"),
        ("for (r0 = 0; r0 < 3; r0++) {\n\t\tr1++;\n\t\tif (r0 < 2)\n\t\t\tbreak;\n\t}", "for",
         "1:r0=0 /\\ 1:r1=1"),
        ("for (r0 = 5; r0 < 3; r0++)\n\t\tr1++;", "for", "1:r0=5 /\\ 1:r1=0"),
        ("for (r0 = 0; ; r0++)\n\t\tif (r1++ > 3)\n\t\t\tbreak;", "for", "1:r0=1 /\\ 1:r1=1"),
        # `while (c) { B; step }` is the same loop.
        ("while (r0 < 3) {\n\t\tr1++;\n\t\tr0++;\n\t}", "while", "1:r0=1 /\\ 1:r1=1"),
        # 6.8.5.2: the test of a `do` comes after its body, at which `continue` arrives.
        ("do {\n\t\tr1++;\n\t\tif (r1 < 9)\n\t\t\tcontinue;\n\t\tr1 = 7;\n\t} while (r0++ < 3);",
         "do", "1:r0=1 /\\ 1:r1=1"),
        ("do {\n\t\tr1++;\n\t\tif (r1 < 9)\n\t\t\tbreak;\n\t} while (r0++ < 3);", "do",
         "1:r0=0 /\\ 1:r1=1"),
    ],
)  # fmt: skip
def test_one_round_of_a_loop(loop: str, name: str, rounds: str, tmp_path: Path) -> None:
    request = made(tmp_path, "", f"\t{loop}\n", rounds)
    assert seen(request, Change(f"{name}@P1", DROP), model="sc") == "Always"


def test_a_loop_that_is_left_early_makes_no_test(tmp_path: Path) -> None:
    # What follows the break would be ordered by the acquire of a test that C does not make there;
    # the two reads before and after it are ordered by nothing (message passing, as above).
    p0 = "\tWRITE_ONCE(*x, 1);\n\tsmp_wmb();\n\tWRITE_ONCE(*y, 1);\n"
    p1 = (
        "\tr0 = READ_ONCE(*y);\n\tdo {\n\t\tbreak;\n\t} while (smp_load_acquire(y));\n"
        "\tr1 = READ_ONCE(*x);\n"
    )
    request = made(tmp_path, p0, p1, "1:r0=1 /\\ 1:r1=0")
    assert seen(request) == seen(request, Change("do@P1", DROP)) == "Sometimes"


@pytest.mark.parametrize(
    "changes",
    [
        (Change("smp_wmb@publish", REPLACE, "smp_store_release"),
         Change("WRITE_ONCE@publish#2", WEAKEN, "plain")),
        (Change("smp_wmb@publish", REPLACE, "smp_store_release"),
         Change("WRITE_ONCE@publish#2", REMOVE)),
        (Change("smp_rmb@P1", REPLACE, "smp_load_acquire"),
         Change("READ_ONCE@P1", STRENGTHEN, "rcu_dereference")),
    ],
)  # fmt: skip
def test_one_access_is_not_changed_twice(request_: Request, changes: tuple[Change, Change]) -> None:
    # A release that is also plain, or gone: whichever were meant, the other would be passed over.
    for both in (changes, changes[::-1]):
        with pytest.raises(InputError, match="is to be changed twice"):
            seen(request_, *both)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # x; wmb; y: the barrier behind y, then y before x: the stores are in the wrong order.
        (("smp_wmb@P0", "down"), ("WRITE_ONCE@P0#2", "up"), "y x wmb"),
        # Both up: the barrier before x, then y before x.
        (("smp_wmb@P0", "up"), ("WRITE_ONCE@P0#2", "up"), "wmb y x"),
        (("WRITE_ONCE@P0#2", "up"), ("WRITE_ONCE@P0", "down"), "y x wmb"),
        (("WRITE_ONCE@P0", "down"), ("smp_wmb@P0", "down"), "x wmb y"),
    ],
)  # fmt: skip
def test_moves_come_one_after_the_other(
    first: tuple[str, str], second: tuple[str, str], expected: str, tmp_path: Path
) -> None:
    lines = {"x": "\tWRITE_ONCE(*x, 1);\n", "wmb": "\tsmp_wmb();\n", "y": "\tWRITE_ONCE(*y, 1);\n"}
    request = made(tmp_path, "".join(lines.values()), "", "x=1")
    test = load_litmus(request.path, kernel="6.12")
    changes = [Change(site, MOVE, way) for site, way in (first, second)]
    body = mutate(test, changes, "6.12").threads[0].body
    assert body is not None
    statements = body.body
    assert "".join(f"\t{s.span.text}\n" for s in statements) == "".join(
        lines[word] for word in expected.split()
    )


def test_no_move_past_the_end_of_a_block(request_: Request) -> None:
    # The store goes first, and the barrier has nothing behind it to pass by.
    moves = Change("WRITE_ONCE@publish#2", MOVE, "up"), Change("smp_wmb@publish", MOVE, "down")
    with pytest.raises(InputError, match="cannot be moved down any more"):
        seen(request_, *moves)


SITES = """C sites

{}

struct page { int mapping; };
struct pair { int a; };
int g;
int shared[2];

P0(struct page *p, int *x, int *y)
{
	struct pair s;
	int loc[2];
	int *a = y;

	WRITE_ONCE(*x, 1);
	smp_wmb();
	s.a = 1;
	loc[1] = s.a + 1;
	a[0] = loc[1];
	smp_wmb();
	g = 2;
	smp_wmb();
	*x += 1;
	shared[1]++;
}

P1(struct page *p, int *x)
{
	int r0 = READ_ONCE(*x);
	int r1;
	int k = 0;

	r1 = r0 + 1;
	if (p->mapping)
		k = 1;
	if (*x == 1)
		k = 2;
	if (shared[0])
		k = 3;
	if (r1 == 2)
		k = 4;
	if (likely(k == 3))
		k = 5;
	if (k == 2)
		k = 6;
	do {
		k = 7;
	} while (0);
	do {
		break;
	} while (1);
}

exists (x=1)
"""


def test_which_places_are_there(tmp_path: Path) -> None:
    path = tmp_path / "sites.litmus"
    path.write_text(SITES, encoding="utf-8")
    spots = {s.name: s for s in inventory(load_litmus(path, kernel="6.12"), "6.12")}
    # Conditions that read shared memory, or what was read of it; k has constants alone.
    dropped = {name for name, s in spots.items() if any(c.kind == DROP for c in s.changes)}
    # `while (0)` has one round as it is.
    assert dropped == {"if@P1", "if@P1#2", "if@P1#3", "if@P1#4", "do@P1#2"}
    # Locals are nobody else's; of `+=` and `++` the store can be marked, but not where the place is
    # named by something that may be another the second time.
    assert {s.name for s in spots.values() if s.sort == "plain" and s.function == "P0"} == {
        "a[0]@P0", "g@P0", "*x@P0",
    }  # fmt: skip
    assert spots["*x@P0"].changes == (Change("*x@P0", STRENGTHEN, "WRITE_ONCE"),)
    # Memory that others see is stored to next: through a pointer, in a global; not behind `+=`.
    joined = {n: s.partner.span.text for n, s in spots.items() if s.partner is not None}
    assert joined == {"smp_wmb@P0": "a[0] = loc[1]", "smp_wmb@P0#2": "g = 2"}


# Documentation/memory-barriers.txt: a general barrier is a read and a write barrier too, one for
# devices that of SMP, and each one a compiler barrier; atomic_t.txt: no suffix is both ways.
@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("smp_mb", {"smp_wmb", "smp_rmb", "barrier"}),
        ("mb", {"smp_mb", "wmb", "rmb", "barrier"}),
        ("wmb", {"smp_wmb", "barrier"}),
        ("rmb", {"smp_rmb", "barrier"}),
        ("smp_wmb", {"barrier"}),
        ("smp_rmb", {"barrier"}),
        ("smp_load_acquire", {"READ_ONCE"}),
        ("smp_store_release", {"WRITE_ONCE"}),
        ("READ_ONCE", {"plain"}),
        ("atomic_fetch_add", {f"atomic_fetch_add_{x}" for x in ("acquire", "release", "relaxed")}),
        ("atomic_fetch_add_acquire", {"atomic_fetch_add_relaxed"}),
        ("atomic_fetch_add_relaxed", set()),
    ],
)
def test_weaker_forms(name: str, forms: set[str]) -> None:
    assert set(weaker(name, "6.12")) == forms


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_weaker_and_stronger_are_each_others_reverse(kernel: str) -> None:
    for name, primitive in primitives(kernel).items():
        for other in weaker(name, kernel):
            if other != "plain" and not name.startswith(("rcu_dereference", "__smp_cond")):
                assert name in stronger(other, kernel) or other in (
                    "barrier",
                    "smp_read_barrier_depends",
                )
                assert primitives(kernel)[other].shape == primitive.shape
        assert name not in weaker(name, kernel)


def test_every_change_listed_can_be_made_on_the_tree(request_: Request) -> None:
    test = load_litmus(request_.path, kernel="6.12")
    checker = fresh_checker()
    spots = inventory(test, "6.12")
    assert {"primitive", "call", "test"} <= {spot.sort for spot in spots}
    for spot in spots:
        for change in spot.changes:
            checker.workshop.program(replace(request_, changes=(change,)))


UPDATES = """C update
struct s { int a; int m[2]; struct s *next; };
struct s g;
struct s *p;
{ p = &g; }
P0(int *x, struct s *s)
{
	int r0 = 1;
	int k = 0;

	%s;
	WRITE_ONCE(*x, r0);
}
P1(int *x) { int r1 = READ_ONCE(*x); }
exists (1:r1=1)
"""


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("g.a++", True),
        ("--s->a", True),
        ("(*x) += r0", True),
        ("s->m[1] |= 2", False),  # an index may be anything
        ("r0 = s->a++", False),  # its value is used
        ("p->a++", False),  # p is read to find it
        ("s->next->a++", False),
        ("r0++", False),  # nobody else's
    ],
)
def test_the_store_of_an_update_can_be_marked(code: str, changed: bool, tmp_path: Path) -> None:
    path = tmp_path / "update.litmus"
    path.write_text(UPDATES % code, encoding="utf-8")
    spots = inventory(load_litmus(path, kernel="6.12"), "6.12")
    found = [c for s in spots if s.sort == "plain" for c in s.changes if c.to == "WRITE_ONCE"]
    assert bool(found) == changed
    request = Request(path, "lkmm", changes=tuple(found))
    marked = fresh_checker().workshop.program(request).threads[0]
    names = [i.name for b in marked.blocks for i in b.instrs if isinstance(i, Access)]
    # One read and one store, in place of those that were there.
    assert names.count("WRITE_ONCE") == 1 + changed
    assert ("store" in names) == (not changed and code != "r0++")


POINTER = """C pointer

struct cfg { int a; };
struct cfg first;
struct cfg second;
struct cfg *ptr;
{ ptr = &first; first.a = 1; }

P0(void)
{
	second.a = 2;
	rcu_assign_pointer(ptr, &second);
}

P1(void)
{
	struct cfg *p;
	int r;

	p = LOOK;
	r = p->a;
	BUG_ON(r == 0);
}
"""


@pytest.mark.parametrize(
    "look",
    [
        "rcu_dereference_check(ptr, ptr != NULL)",
        "rcu_dereference_raw(ptr)",
        "smp_cond_load_acquire(&ptr, VAL)",
    ],
)
def test_what_is_left_of_an_argument_that_is_not_evaluated(look: str, tmp_path: Path) -> None:
    """As the weaker form is written by hand, it has no condition for lockdep; that of 3.9 lacks
    Alpha's barrier, on which the address dependency rests (memory-barriers.txt of 3.9)."""
    kernel = "6.12" if "cond" in look else "3.9"
    path, by_hand = tmp_path / "pointer.litmus", tmp_path / "hand.litmus"
    path.write_text(POINTER.replace("LOOK", look), encoding="utf-8")
    by_hand.write_text(POINTER.replace("LOOK", "READ_ONCE(ptr)"), encoding="utf-8")
    name = look.partition("(")[0] + "@P1"
    changed = replace(Request(path, "alpha", kernel), changes=(Change(name, WEAKEN, "READ_ONCE"),))
    given = fresh_checker().check(replace(changed, changes=())).verdict
    alone = fresh_checker().check(Request(by_hand, "alpha", kernel)).verdict
    assert given == "SAFE"
    assert (
        fresh_checker().check(changed).verdict
        == alone
        == ("VIOLATED" if kernel == "3.9" else "SAFE")
    )


def test_an_acquiring_wait_becomes_a_relaxed_one(tmp_path: Path) -> None:
    """Message passing to smp_cond_load_acquire; by hand it would be smp_cond_load_relaxed."""
    path = tmp_path / "wait.litmus"
    path.write_text(
        """C wait
{}
P0(int *x, int *y) { WRITE_ONCE(*x, 1); smp_store_release(y, 1); }
P1(int *x, int *y) { int r0; smp_cond_load_acquire(y, VAL); r0 = READ_ONCE(*x); }
~exists (1:r0=0)
""",
        encoding="utf-8",
    )
    by_hand = tmp_path / "hand.litmus"
    by_hand.write_text(path.read_text().replace("load_acquire", "load_relaxed"))
    change = Change("smp_cond_load_acquire@P1", WEAKEN, "READ_ONCE")
    for model in ("armv8", "power", "lkmm", "tso"):
        request = Request(path, model)
        assert fresh_checker().check(request).verdict == "SAFE"
        alone = fresh_checker().check(Request(by_hand, model)).verdict
        assert fresh_checker().check(replace(request, changes=(change,))).verdict == alone
        assert alone == ("SAFE" if model == "tso" else "VIOLATED")


JOINED = """C joined
{}
P0(int *x, atomic_t *y) { WRITE_ONCE(*x, 1); smp_wmb(); atomic_set(y, 1); }
P1(int *x, atomic_t *y) { int r0; int r1; r0 = atomic_read(y); smp_rmb(); r1 = READ_ONCE(*x); }
~exists (1:r0=1 /\\ 1:r1=0)
"""


@pytest.mark.parametrize(
    ("site", "to", "by_hand"),
    [
        ("smp_wmb", "atomic_set_release", ("smp_wmb(); atomic_set(", "atomic_set_release(")),
        ("smp_rmb", "atomic_read_acquire", ("atomic_read(y); smp_rmb()", "atomic_read_acquire(y)")),
    ],
)
def test_a_barrier_joins_with_an_atomic_store_or_load(
    site: str, to: str, by_hand: tuple[str, str], tmp_path: Path
) -> None:
    """Either alone keeps message passing, as when it is written by hand; what is left of the
    other's order is looked at by taking the other barrier out."""
    path, hand = tmp_path / "joined.litmus", tmp_path / "hand.litmus"
    path.write_text(JOINED, encoding="utf-8")
    hand.write_text(JOINED.replace(*by_hand), encoding="utf-8")
    change = Change(site, REPLACE, to)
    other = Change("smp_rmb" if site == "smp_wmb" else "smp_wmb", REMOVE)
    for model in ("armv8", "power", "lkmm"):
        for more, verdict in (((), "SAFE"), ((other,), "VIOLATED")):
            changed = replace(Request(path, model), changes=(change, *more))
            alone = replace(Request(hand, model), changes=more)
            assert (
                fresh_checker().check(changed).verdict
                == fresh_checker().check(alone).verdict
                == verdict
            )
