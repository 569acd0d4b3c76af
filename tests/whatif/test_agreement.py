"""Every cell is what a check of the changed program alone says: selectors change nothing but time.

The fresh check compiles the changed syntax tree and knows of no selector; both replay witnesses.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.batch.letters import letter_of
from ksmcheck.batch.suite import load_suite
from ksmcheck.check import Checker, Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.program.change import DROP, MOVE, REMOVE, STRENGTHEN, WEAKEN, Change
from ksmcheck.record import replace
from ksmcheck.text import InputError
from ksmcheck.whatif.asker import Asker
from tests.fresh import fresh_asker, fresh_checker
from tests.whatif.conftest import ROOT, random_program

KSM = ROOT / "litmus" / "ksm"


def said(verdict: Verdict) -> tuple[str, str | None, tuple[str, ...]]:
    return verdict.verdict, verdict.observation, verdict.flags


def disagreements(
    request: Request, asker: Asker, kinds: tuple[str, ...], every: int = 1
) -> tuple[int, list[str]]:
    """How many cells selectors answered, and the cells that a fresh check says otherwise."""
    fresh, wrong, by_selector = Checker(asker.workshop), [], 0
    changes = [
        c for s in asker.spots(request) if s.sort != "call" for c in s.changes if c.kind in kinds
    ]
    for change in [(), *((c,) for c in changes[::every])]:
        try:
            one: object = said(asker.ask(request, change))
            config = asker.workshop.model(request.model).configs(request.kernel)[0]
            encoded = asker.encoded(request, config, 0.0)
            by_selector += encoded.selectors.selected(change) is not None
        except InputError as error:
            one = error.diagnostic.message
        try:
            other: object = said(fresh.check(replace(request, changes=change)))
        except InputError as error:
            other = error.diagnostic.message
        if one != other:
            wrong.append(f"{request.model} {change}: {one}, alone {other}")
    return by_selector, wrong


@pytest.mark.parametrize("seed", range(5))
def test_random_programs(seed: int, tmp_path: Path) -> None:
    path = tmp_path / f"random{seed}.litmus"
    path.write_text(random_program(seed), encoding="utf-8")
    for model in ("tso", "armv8", "lkmm"):
        asker = Asker(kinds=(REMOVE, WEAKEN, STRENGTHEN))
        kinds = (REMOVE, WEAKEN, STRENGTHEN, MOVE, DROP)
        by_selector, wrong = disagreements(Request(path, model), asker, kinds, every=2)
        assert not wrong
        assert by_selector > 1


@pytest.mark.parametrize("seed", range(5))
def test_what_macros_bring_is_known_apart(seed: int, tmp_path: Path) -> None:
    """All that one use of a macro becomes stands in one place of the file. A program written with
    macros is to answer each question as it does written out."""
    plain, short = tmp_path / "plain.litmus", tmp_path / "short.litmus"
    plain.write_text(random_program(seed), encoding="utf-8")
    short.write_text(random_program(seed, macros=True), encoding="utf-8")
    kinds = (REMOVE, WEAKEN, STRENGTHEN)
    for model in ("tso", "armv8", "lkmm"):
        request, asker = Request(short, model), Asker(kinds=kinds)
        _, wrong = disagreements(request, asker, kinds)
        assert not wrong
        changes = [c for s in asker.spots(request) for c in s.changes if c.kind in kinds]
        written_out = Asker(kinds=kinds)
        assert changes == [
            c
            for s in written_out.spots(Request(plain, model))
            for c in s.changes
            if c.kind in kinds
        ]
        for change in changes[::2]:
            answers = []
            for file, own in ((plain, written_out), (short, asker)):
                try:
                    answers.append(said(own.ask(Request(file, model), (change,))))
                except InputError as error:
                    answers.append((error.diagnostic.message, None, ()))
            assert answers[0] == answers[1], change


TWICE = """C twice
#define TWICE(s) s; s
#define ORDERED smp_mb(); WRITE_ONCE
#define RETRY(f, y) do {{ f; if (READ_ONCE(y)) break; f; }} while (0)
int x; int y; int z; atomic_t c;
{{ }}
P0(void) {{ {} WRITE_ONCE(z, 1); }}
P1(void) {{ int r = READ_ONCE(z); smp_rmb(); int s = READ_ONCE(x); WRITE_ONCE(y, 1); }}
exists (1:r=1 /\\ 1:s=0 /\\ c=1)
"""


@pytest.mark.parametrize(
    "body",
    [
        "TWICE(atomic_inc(&c));",
        "TWICE(WRITE_ONCE(x, 1)); smp_wmb();",
        "TWICE(smp_mb());",
        "ORDERED(x, 1); smp_wmb(); atomic_inc(&c);",
        "RETRY(WRITE_ONCE(x, 1), y);",
        "TWICE(WRITE_ONCE(x, READ_ONCE(y)));",
        "TWICE(WRITE_ONCE(x, y + 1));",
    ],
)
@pytest.mark.parametrize("model", ["sc", "armv8"])
def test_what_an_argument_becomes_twice(body: str, model: str, tmp_path: Path) -> None:
    """Of the two calls in one place of the file, a change concerns one."""
    path = tmp_path / "twice.litmus"
    path.write_text(TWICE.format(body), encoding="utf-8")
    kinds = (REMOVE, WEAKEN, STRENGTHEN)
    by_selector, wrong = disagreements(Request(path, model), Asker(kinds=kinds), kinds)
    assert not wrong
    assert by_selector > 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kernel", "model", "every"),
    [("path-a", "3.9", "alpha", 4), ("path-b", "6.12", "armv8", 6), ("path-b", "3.9", "lkmm", 16)],
)
def test_the_suite(name: str, kernel: str, model: str, every: int) -> None:
    marked = (("MARKED_STORES", "1"),)
    request = Request(KSM / f"{name}.litmus", model, kernel, defines=marked)
    by_selector, wrong = disagreements(request, fresh_asker(), (REMOVE, WEAKEN), every)
    assert not wrong
    assert by_selector >= 5


VARIANTS = {
    # The suite writes each of these as a change of the code, with the verdict it expects and why.
    "no-wmb": Change("smp_wmb@ksm_migrate_page", REMOVE),
    "no-rbd": Change("smp_read_barrier_depends@get_ksm_page", REMOVE),
    "no-rmb": Change("smp_rmb@get_ksm_page", REMOVE),
    "rmb-to-mb": Change("smp_rmb@get_ksm_page", STRENGTHEN, "smp_mb"),
    "no-uptodate-wmb": Change("smp_wmb@SetPageUptodate", REMOVE),
    "no-recheck-ref": Change("if@get_ksm_page#3", DROP),
    "no-clear-mapping": Change("set_page_stable_node@ksm_migrate_page", REMOVE),
}


@pytest.mark.parametrize("model", ["armv8", "alpha"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_as_the_suite_expects_of_its_variants(variant: str, model: str) -> None:
    suite = load_suite(KSM)
    cell = suite.cell("path-a", variant, "3.9", model)
    assert cell is not None
    request = Request(KSM / "path-a.litmus", model, "3.9")
    assert letter_of(fresh_asker().ask(request, (VARIANTS[variant],))) == cell.letter


ARGUMENTS = """C arguments
#define SECOND a[1]
int x; int y; int z; int a[2];
{{ }}
P0(void)
{{
	int r = READ_ONCE(y);
	WRITE_ONCE(x, {});
	smp_wmb();
	WRITE_ONCE(z, 1);
}}
P1(void)
{{
	int s = READ_ONCE(z);
	smp_rmb();
	int t = READ_ONCE(x);
	a[1] = 1;
	WRITE_ONCE(y, 1);
}}
~exists (1:s=1 /\\ 1:t=0)
"""


@pytest.mark.parametrize(
    ("argument", "selected"),
    [
        ("a[1] + 1", True),
        ("SECOND + 1", True),
        ("a[r] + a[1] + 1", True),
        ("4 / (r + 1)", False),
        ("4 / r", False),
    ],
)
@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
def test_arguments_go_with_the_call(
    argument: str, selected: bool, model: str, tmp_path: Path
) -> None:
    """What the arguments read is not read any more, and what they divide by does not matter."""
    path = tmp_path / "arguments.litmus"
    path.write_text(ARGUMENTS.format(argument), encoding="utf-8")
    request, asker = Request(path, model), fresh_asker()
    _, wrong = disagreements(request, asker, (REMOVE, WEAKEN))
    assert not wrong
    config = asker.workshop.model(model).configs(request.kernel)[0]
    by = asker.encoded(replace(request, unroll=1), config, 0.0).selectors
    assert (by.selected((Change("WRITE_ONCE@P0", REMOVE),)) is not None) == selected


def test_a_lock_that_the_author_keeps(tmp_path: Path) -> None:
    """Message passing by a thread that ends with a spinlock held: barriers can be taken out of it
    as of any other, by selector and compiled afresh. No change may leave a lock that was given
    back."""
    test = tmp_path / "keeps.litmus"
    test.write_text(
        "C keeps\n{ }\n"
        "P0(int *x, int *y, spinlock_t *l)\n"
        "{ spin_lock(l); WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1); }\n"
        "P1(int *x, int *y, spinlock_t *m)\n"
        "{ int a; int b; a = READ_ONCE(*y); smp_rmb(); b = READ_ONCE(*x);\n"
        "spin_lock(m); WRITE_ONCE(*x, 2); spin_unlock(m); }\n"
        "~exists (1:a=1 /\\ 1:b=0)\n"
    )
    request = Request(test, "armv8")
    asker = fresh_asker()
    assert asker.ask(request, ()).verdict == "SAFE"
    assert asker.ask(request, (Change("smp_wmb@P0", REMOVE),)).verdict == "VIOLATED"
    alone = replace(request, removed=frozenset({"smp_wmb@P0"}))
    assert fresh_checker().check(alone).verdict == "VIOLATED"
    assert asker.ask(request, (Change("smp_wmb@P0", MOVE, "up"),)).verdict == "VIOLATED"
    with pytest.raises(InputError, match="not released"):
        asker.ask(request, (Change("spin_unlock@P1", REMOVE),))


HALVES = """C t
u64 x; int y;
{ }
P0(void) { WRITE_ONCE(x, 1); smp_wmb(); WRITE_ONCE(y, 1); }
P1(void) { int r0 = READ_ONCE(y); smp_rmb(); long r1 = x; }
~exists (1:r0=1 /\\ 1:r1=0)
"""


def test_where_nothing_can_be_said_the_cell_says_so(tmp_path: Path) -> None:
    """As each changed program alone: the others have their answers."""
    file = tmp_path / "t.litmus"
    file.write_text(HALVES)
    asker = fresh_asker()
    change = (Change("smp_wmb@P0", REMOVE),)
    for model, expected in (("armv7", "UNKNOWN"), ("armv8", "VIOLATED"), ("tso", "SAFE")):
        verdict = asker.ask(Request(file, model), change)
        assert verdict.verdict == expected
        assert (verdict.reason is not None) == (expected == "UNKNOWN")
        assert verdict.reason == fresh_checker().check(Request(file, model, changes=change)).reason


KNOWN = """let known = Once | Acquire | Release | Noreturn | Mb | Rmb | Wmb | Barrier
  | Before-atomic | After-atomic | After-spinlock | After-unlock-lock | After-srcu-read-unlock
  | Rcu-lock | Rcu-unlock | Sync-rcu | Srcu-lock | Srcu-unlock | Sync-srcu
  | LKR | LKW | UL | LF | RL | RU
empty [known] ; rf ; [F] as bells
"""

ONLY_ITSELF = """C only-itself
{ atomic_t at = ATOMIC_INIT(2); }
P0(atomic_t *at)
{
	int r1 = atomic_add_return_release(1, at);
}
P1(atomic_t *at)
{
	int r0 = 0;

	atomic_add(r0, at);
}
exists (0:r1=1)
"""

DEMANDING = """C demanding
{ refcount_t rc; }
P0(int *x, refcount_t *rc)
{
	WRITE_ONCE(*x, 1);
	refcount_add(1, rc);
}
exists (x=2)
"""


@pytest.mark.parametrize(
    ("text", "cat"),
    [
        # Without coherence P1 may read what it writes, any number: of those that the program comes
        # by otherwise, and the file alone comes by fewer than all of its forms together.
        (ONLY_ITSELF, ""),
        # A count that may be misused is a property, which a flag would violate; without the call
        # the test has none, and the flag is only told.
        (DEMANDING, "flag ~empty W as always\n"),
    ],
    ids=["only-itself", "demanding"],
)
def test_of_all_forms_at_once(text: str, cat: str, tmp_path: Path) -> None:
    """What the structure of all forms has more than the file is no part of the answer."""
    path, model = tmp_path / "test.litmus", tmp_path / "loose.cat"
    path.write_text(text, encoding="utf-8")
    model.write_text(f'"loose"\n{KNOWN}{cat}', encoding="utf-8")
    kinds = (REMOVE, WEAKEN)
    by_selector, wrong = disagreements(Request(path, str(model)), Asker(kinds=kinds), kinds)
    assert not wrong
    assert by_selector > 1


SLEEP_AND_WAKE = """C wake
int asleep;
int work;
spinlock_t l;
{ }
P0()
{
	WRITE_ONCE(asleep, 1);
	smp_mb();
	if (!READ_ONCE(work))
		while (smp_load_acquire(&asleep))
			cpu_relax();
	spin_lock(&l);
	BUG_ON(READ_ONCE(work) == 2);
	spin_unlock(&l);
}
P1()
{
	spin_lock(&l);
	WRITE_ONCE(work, 1);
	smp_mb();
	if (xchg(&asleep, 0))
		smp_mb();
	spin_unlock(&l);
}
"""


@pytest.mark.parametrize("model", ["tso", "armv8", "power", "lkmm"])
def test_of_threads_that_wait_for_ever_too(model: str, tmp_path: Path) -> None:
    """The sleeper's barrier is needed everywhere, for nothing but that it wakes up."""
    path = tmp_path / "wake.litmus"
    path.write_text(SLEEP_AND_WAKE)
    asker = Asker(kinds=(REMOVE, WEAKEN))
    request = Request(path, model, liveness=True)
    kinds = (REMOVE, WEAKEN, STRENGTHEN, MOVE, DROP)
    by_selector, wrong = disagreements(request, asker, kinds)
    assert (by_selector > 3, wrong) == (True, [])
    without = (Change("smp_mb@P0", REMOVE),)
    assert asker.ask(request, ()).verdict == "SAFE"
    assert asker.ask(request, without).subject == "liveness"
    assert asker.ask(replace(request, liveness=False), without).verdict == "SAFE"


def test_what_has_no_meaning_on_a_machine_may_be_taken_out(tmp_path: Path) -> None:
    """RCU is LKMM's alone. Without the grace period a test is one that arm64 runs too, and that the
    message is late is no news; asked again, and as it is, the answer is the same."""
    path = tmp_path / "rcu.litmus"
    path.write_text(
        """C rcu
{}
P0(int *x, int *y) { WRITE_ONCE(*x, 1); synchronize_rcu(); WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int r0 = READ_ONCE(*y); int r1 = READ_ONCE(*x); }
exists (1:r0=1 /\\ 1:r1=0)
"""
    )
    request, asker = Request(path, "armv8"), fresh_asker()
    change = (Change("synchronize_rcu@P0", REMOVE),)
    for _ in range(2):
        assert asker.ask(request, change).observation == "Sometimes"
        with pytest.raises(InputError, match="no meaning under armv8"):
            asker.ask(request, ())


# Where the store of 42 is gone, the two threads could only hand on to each other what neither has.
THIN_AIR = """C t
{ }
P0(int *x) { WRITE_ONCE(*x, 42); }
P1(int *x, int *y) { int r0 = *x; *y = r0; }
P2(int *x, int *y) { int r0 = *y; *x = r0; }
exists (1:r0=42)
"""


def test_no_value_comes_from_what_is_removed(tmp_path: Path) -> None:
    """One encoding of all forms knows of 42; no value comes out of thin air for all that."""
    file = tmp_path / "t.litmus"
    file.write_text(THIN_AIR)
    asker, request = fresh_asker(), Request(file, "lkmm")
    assert asker.ask(request, ()).observation == "Sometimes"
    assert asker.ask(request, (Change("WRITE_ONCE@P0", REMOVE),)).observation == "Never"


POINTED = """C t
{ int a = 1; int *p = &a; }
P0(int *x, int **p) { int *r = READ_ONCE(*p); WRITE_ONCE(*x, *r); }
P1(int **p) { WRITE_ONCE(*p, 0); }
~exists (x=5)
"""


def test_what_goes_with_a_removed_call_demands_nothing(tmp_path: Path) -> None:
    """The plain read through a pointer that may be NULL is in the arguments of the store."""
    file = tmp_path / "t.litmus"
    file.write_text(POINTED)
    asker, request = fresh_asker(), Request(file, "lkmm")
    assert asker.ask(request, ()).properties == ("~exists", "bad address")
    removed = asker.ask(request, (Change("WRITE_ONCE@P0", REMOVE),))
    assert (removed.verdict, removed.properties) == ("SAFE", ("~exists",))


GOES_ROUND_ONCE = """C goes-round-once
{ at = 1; }
P0(int *x, atomic_t *at)
{
	int r0 = atomic_fetch_dec_acquire(at);
	do {
		WRITE_ONCE(*x, 0);
	} while (!r0);
}
exists (0:r0=2)
"""


def test_a_loop_goes_on_where_it_does_in_the_program_alone(tmp_path: Path) -> None:
    """Nothing else changes ``at``: r0 is 1, and the loop ends after one round in all executions.
    Where the atomic may be weakened, r0 is one of several reads' values, and the loop's form alone
    says that it can go on."""
    path = tmp_path / "once.litmus"
    path.write_text(GOES_ROUND_ONCE, encoding="utf-8")
    request = Request(path, "lkmm")
    asker = fresh_asker()
    assert asker.ask(request, ()).verdict == "SAFE"
    _, wrong = disagreements(request, asker, (REMOVE, WEAKEN))
    assert not wrong


_LEFT = """C left
int x; int y; int z;
{{ }}
P0(void)
{{
	while (READ_ONCE(x) == 0 && READ_ONCE(z) < 2) {{ {body} }}
	WRITE_ONCE(y, 1);
}}
P1(void)
{{
	int r1 = READ_ONCE(y);

	smp_mb();
	if (r1)
		WRITE_ONCE(x, 1);
	else
		WRITE_ONCE(z, 2);
}}
exists (y=1 /\\ x=1)
"""


@pytest.mark.parametrize("body", [";", "cpu_relax();"])
@pytest.mark.parametrize("model", ["armv8", "lkmm"])
def test_what_is_done_in_each_round_of_a_loop(body: str, model: str, tmp_path: Path) -> None:
    """What comes after the loop waits for its end as long as a primitive is called in its rounds
    (ksmcheck/program/leaving.py): with either of the reads plain it does, with both it may not."""
    path = tmp_path / "left.litmus"
    path.write_text(_LEFT.format(body=body))
    plain = [Change(site, WEAKEN, "plain") for site in ("READ_ONCE@P0", "READ_ONCE@P0#2")]
    asker, request = fresh_asker(), Request(path, model)
    assert asker.ask(request, []).observation == "Never"
    for changes in (plain[:1], plain):
        alone = fresh_checker().check(replace(request, changes=tuple(changes)))
        assert said(asker.ask(request, changes)) == said(alone)
        kept = len(changes) == 1 or body.startswith("cpu_relax")
        assert (alone.observation == "Never") == kept or model == "lkmm"


def test_what_is_freed_or_copied_as_a_whole_has_no_access_to_mark(tmp_path: Path) -> None:
    """Each word of it has its own; a mark of all at once was taken for one of the first."""
    path = tmp_path / "t.litmus"
    top = "C t\nstruct node { int a; int b; } n1, n2;\n{ }\n"
    free = "void P0(void) { memcpy(&n2, &n1, sizeof(n1)); kfree(&n1); }\n"
    path.write_text(f"{top}{free}void P1(void) {{ int r = n1.a; }}\n", encoding="utf-8")
    request, asker = Request(path, "lkmm"), Asker(kinds=(REMOVE, WEAKEN, STRENGTHEN))
    assert "kfree@P0" in {spot.name for spot in asker.spots(request)}
    marked = {s.name for s in asker.spots(request) if s.sort == "plain"}
    assert marked == {"n1.a@P1"}
    _, wrong = disagreements(request, asker, (REMOVE, WEAKEN, STRENGTHEN))
    assert not wrong
