"""The exit codes that ``ksmcheck --help`` promises, each by a test written to have that verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ksmcheck.batch.exit_codes import gravest
from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VACUOUS, VIOLATED, Request, Verdict
from ksmcheck.cli.output import exit_code_of
from ksmcheck.report.expectation import Expectation
from tests.cli.conftest import Run

# Message passing with a write barrier only. Nothing orders the reads: violated wherever reads are
# reordered (armv8), safe on tso, which reorders no two reads.
PASSING = """C passing
{ }
P0(int *x, int *y) { WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int a; int b; a = READ_ONCE(*y); b = READ_ONCE(*x); }
~exists (1:a=1 /\\ 1:b=0)
"""

# If P0 reads 8, its loop goes round 2^32 - 8 times, each time with a write: no bound is enough.
ENDLESS = """C endless
{ }
P0(int *x) { int a; a = READ_ONCE(*x); while (a != 0) { a = a + 1; WRITE_ONCE(*x, a); } }
P1(int *x) { WRITE_ONCE(*x, 8); }
~exists (x=9999)
"""

# Nobody ever sets x: P0 waits for ever, no execution reaches the final state.
STUCK = """C stuck
{ }
P0(int *x) { while (!READ_ONCE(*x)) cpu_relax(); }
~exists (x=0)
"""


# Each thread multiplies what the other wrote, nine times: x and y may have far more values than
# can be listed, and some may be any number.
MANY = """C many
int x; int y;
{ x = 1; y = 1; }
P0() { int i; for (i = 0; i < 9; i++) WRITE_ONCE(x, READ_ONCE(x) * 3 + READ_ONCE(y)); }
P1() { int i; for (i = 0; i < 9; i++) WRITE_ONCE(y, READ_ONCE(x) * 5 + READ_ONCE(y)); }
exists (x=2)
"""


@pytest.fixture
def test_file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / f"{text.split()[1]}.litmus"
        path.write_text(text)
        return path

    return write


def test_safe_is_0(run: Run, test_file: Callable[[str], Path]) -> None:
    ran = run("check", test_file(PASSING), "--model", "tso")
    assert ran.code == 0
    assert ran.out.startswith("SAFE  passing")


def test_violated_is_1(run: Run, test_file: Callable[[str], Path]) -> None:
    ran = run("check", test_file(PASSING), "--model", "armv8")
    assert ran.code == 1
    assert ran.out.startswith("VIOLATED  passing")


def test_waiting_for_ever_is_5_or_where_it_is_asked_1(
    run: Run, test_file: Callable[[str], Path]
) -> None:
    stuck = test_file(STUCK)
    assert run("check", stuck, "--model", "sc").code == 5
    ran = run("check", stuck, "--model", "sc", "--liveness")
    assert ran.code == 1
    assert ran.out.startswith("VIOLATED  stuck  P0 waits for ever at ")
    asked = run("whatif", stuck, "--model", "sc", "--liveness", "--json")
    assert '"liveness"' in asked.out


def test_bounded_is_4_unless_allowed(run: Run, test_file: Callable[[str], Path]) -> None:
    endless = test_file(ENDLESS)
    ran = run("check", endless, "--model", "sc", "--unroll", "2")
    assert ran.code == 4
    assert ran.out.startswith("SAFE up to ")
    assert "endless.litmus:3" in ran.out  # the loop whose bound is reached
    assert run("check", endless, "--model", "sc", "--unroll", "2", "--allow-bounded").code == 0


def test_vacuous_is_5(run: Run, test_file: Callable[[str], Path]) -> None:
    ran = run("check", test_file(STUCK), "--model", "sc")
    assert ran.code == 5
    assert ran.out.startswith("VACUOUS  stuck")


def test_out_of_time_is_4(run: Run) -> None:
    ran = run("check", "litmus/ksm/two-hops.litmus", "--timeout", "0.001")
    assert ran.code == 4
    assert ran.out.startswith("UNKNOWN")
    assert "NOT AS EXPECTED" not in ran.out


def test_of_several_models_the_gravest_counts(run: Run, test_file: Callable[[str], Path]) -> None:
    assert run("check", test_file(PASSING), "--model", "tso", "--model", "armv8").code == 1


def test_where_a_verdict_is_expected_that_one_is_0(run: Run) -> None:
    """The suite expects path-b without smp_wmb violated on armv8; then 0 means: as expected."""
    ran = run(
        "check",
        "litmus/ksm/path-b.litmus",
        "--variant",
        "no-wmb",
        "--model",
        "armv8",
        "--kernel",
        "3.9",
    )
    assert ran.code == 0
    assert ran.out.startswith("VIOLATED  path-b")
    assert "as expected" in ran.out


def test_what_is_removed_by_hand_has_no_expectation(run: Run) -> None:
    args = ["litmus/ksm/path-b.litmus", "--model", "alpha", "--kernel", "3.9"]
    ran = run("check", *args, "--remove", "smp_read_barrier_depends")
    assert ran.code == 1
    assert "as expected" not in ran.out.lower()


def test_a_wrong_expectation_is_1(run: Run, tmp_path: Path) -> None:
    """A suite that expects the opposite: 1, though the verdict is SAFE; the table says so too."""
    (tmp_path / "passing.litmus").write_text(PASSING)
    (tmp_path / "suite.toml").write_text(
        '[columns]\nmodels = ["tso"]\nkernels = ["6.12"]\n[letters]\nS = "safe"\n'
        '[[scenario]]\nid = "passing"\nfile = "passing.litmus"\nproperty = "P"\n'
        '[[variant]]\nname = "shipped"\nwhat = "as it is"\n'
    )
    (tmp_path / "expected").mkdir()
    (tmp_path / "expected" / "passing.toml").write_text(
        '[reasons]\nwrong = "made up"\n["6.12"]\nshipped = { is = "V", V = "wrong" }\n'
    )
    checked = run("check", tmp_path / "passing.litmus", "--model", "tso")
    assert checked.code == 1
    assert "NOT AS EXPECTED: VIOLATED (made up)" in checked.out
    verified = run("verify", tmp_path)
    assert verified.code == 1
    assert "safe !" in verified.out


def test_models_missing_at_a_kernel_point_are_not_applicable(
    run: Run, test_file: Callable[[str], Path]
) -> None:
    """riscv came to Linux with 4.15: with ``all`` it is passed over, the others are checked."""
    # WRITE_ONCE came later too: plain stores.
    text = PASSING.replace("WRITE_ONCE(*x, 1)", "*x = 1").replace("WRITE_ONCE(*y, 1)", "*y = 1")
    text = text.replace("READ_ONCE", "ACCESS_ONCE")
    ran = run("check", test_file(text), "--model", "all", "--kernel", "3.9")
    assert "n/a  passing\n  riscv, kernel 3.9: the architecture exists since kernel 4.15" in ran.out
    assert ran.out.count("VIOLATED") + ran.out.count("SAFE  passing") == 8  # the eight others
    assert ran.code == 1


# README.md: 0 is as expected, 1 not as expected; but what is inconclusive (4) or vacuous (5) has a
# code of its own, unless it is what is expected.
@pytest.mark.parametrize(
    ("verdict", "alone", "allowed", "where_safe", "where_itself"),
    [
        (SAFE, 0, 0, 0, ("S", 0)),
        (VIOLATED, 1, 1, 1, ("V", 0)),
        (BOUNDED, 4, 0, 4, ("K", 0)),
        (UNKNOWN, 4, 4, 4, ("?", 0)),
        (VACUOUS, 5, 5, 5, ("0", 0)),
    ],
)
def test_codes_of_verdicts(
    verdict: str, alone: int, allowed: int, where_safe: int, where_itself: tuple[str, int]
) -> None:
    said = Verdict(Request(Path("t.litmus")), "t", "", verdict)
    letter, itself = where_itself
    assert exit_code_of(said, None) == alone
    assert exit_code_of(said, None, allow_bounded=True) == allowed
    assert exit_code_of(said, Expectation("S")) == where_safe
    assert exit_code_of(said, Expectation(letter)) == itself
    assert exit_code_of(said, Expectation("V")) == (0 if verdict == VIOLATED else alone or 1)


@pytest.mark.parametrize(
    ("codes", "result"),
    [([], 0), ([0, 4], 4), ([4, 5], 5), ([5, 1], 1), ([1, 2], 2), ([0, 1, 2, 3, 4, 5], 3)],
)
def test_the_order_of_gravity(codes: list[int], result: int) -> None:
    """3, 2, 1, 5, 4, 0 as documented."""
    assert gravest(codes) == result


@pytest.mark.parametrize("command", ["check", "states", "show", "export --to smt2"])
def test_too_many_values_are_4_in_every_command(
    run: Run, test_file: Callable[[str], Path], command: str
) -> None:
    name, *options = command.split()
    ran = run(name, test_file(MANY), "--model", "sc", *options)
    assert ran.code == 4
    assert "UNKNOWN" in ran.out + ran.err
    assert "more possibilities than can be enumerated" in ran.out + ran.err


def test_a_time_limit_is_told_as_it_was_given(run: Run) -> None:
    """Most of it is gone before the search begins, which is no business of the user's."""
    ran = run("check", "litmus/ksm/path-a.litmus", "--model", "armv8", "--timeout", "0.01")
    assert ran.code == 4
    assert "time limit of 0.01 s reached" in ran.out


def test_a_misused_reference_count_is_a_finding(run: Run, tmp_path: Path) -> None:
    """Raising a count of 0 is a use after free: lib/refcount.c warns of it."""
    path = tmp_path / "rc.litmus"
    path.write_text("C rc\nrefcount_t rc;\n{ rc = 1; }\nP0(void) { refcount_inc(&rc); }\n")
    assert run("check", path).code == 0
    path.write_text(path.read_text().replace("rc = 1", "rc = 0"))
    ran = run("check", path)
    assert (ran.code, "misuse of refcount_inc" in ran.out) == (1, True)


def test_a_thread_that_spins_without_an_access_is_no_obstacle(run: Run, tmp_path: Path) -> None:
    """P1 never ends and does nothing to memory; P0 fails all the same."""
    path = tmp_path / "spin.litmus"
    path.write_text(
        "C spin\n{}\nP0(int *x) { int r0 = 0; BUG_ON(r0 == 0); }\n"
        "P1(int *x) { int r0 = 0; while (!r0) { } WRITE_ONCE(*x, 1); }\n"
    )
    ran = run("check", path)
    assert (ran.code, "VIOLATED" in ran.out) == (1, True)


def test_a_loop_within_a_loop_that_waits_is_no_obstacle(run: Run, tmp_path: Path) -> None:
    """P1 waits for ever; P0 follows a pointer that nobody set, and no order can prevent it."""
    path = tmp_path / "nested.litmus"
    path.write_text(
        "C nested\nint x; int arr[2]; int *p;\n{}\n"
        "P0(void) { int r0 = 0; int *q = rcu_dereference(p); r0 = READ_ONCE(*q); }\n"
        "P1(void) { int r0 = 0; while (!r0) { again: if (arr[1] == 1) goto again; r0 = x; } }\n"
    )
    ran = run("check", path, "--unroll", "2")
    assert (ran.code, "bad address" in ran.out) == (1, True), ran.err


def test_a_test_that_only_some_models_have_a_meaning_for(run: Run) -> None:
    """`all` is every model that can say something: of grace periods that is lkmm. A machine that is
    asked for by name has to say that it cannot."""
    path = "litmus/classic/rcu/MP+rscs+gp.litmus"
    ran = run("check", path, "--model", "all")
    assert ran.code == 0, ran.err
    assert ran.out.count("n/a") == 8
    assert "`synchronize_rcu` has no meaning here" in ran.out
    assert "Never  MP+rscs+gp" in ran.out
    ran = run("whatif", path, "--kind", "remove")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0].split() == ["site", "change", "lkmm"]
    assert run("check", path, "--model", "armv8").code == 2


def test_no_verdict_at_all_is_no_success(run: Run, test_file: Callable[[str], Path]) -> None:
    """Where no model has a meaning for the test, 0 would be a SAFE that nobody proved."""
    ran = run("check", test_file(PASSING), "--model", "all", "--kernel", "5.4")
    assert ran.code == 2
    assert "there is nothing to check: this model has kernel 3.9 and 6.12 only" in ran.err
    assert ran.out.count("n/a  passing") == 9
    ran = run("whatif", test_file(PASSING), "--kernel", "5.4")
    assert (ran.code, ran.out) == (2, "")
    assert "there is nothing to check" in ran.err
    ran = run("verify", "--scenario", "path-a", "--model", "riscv", "--kernel", "3.9")
    assert ran.code == 2
    assert "there is nothing to check: no such machine at this kernel point" in ran.err
    ran = run("verify", "--scenario", "path-a", "--model", "riscv")
    assert ran.code == 0


def test_verify_full_shows_executions(run: Run) -> None:
    args = ("--scenario", "add-swap", "--kernel", "3.9", "--model", "power")
    shown = run("verify", *args, "--full").out
    assert "final: " in shown
    assert "... " not in shown.partition("final: ")[0].rpartition("VIOLATED")[2]
    assert "final: " not in run("verify", *args).out


def test_a_model_that_refuses_a_test_does_not_keep_the_others_from_it(
    tmp_path: Path, run: Run
) -> None:
    file = tmp_path / "rcu.litmus"
    file.write_text(
        "C rcu\n{ }\nP0(int *x) { synchronize_rcu(); WRITE_ONCE(*x, 1); }\n~exists (x=2)\n"
    )
    ran = run("check", str(file), "--model", "sc", "--model", "lkmm", "--model", "tso")
    assert ran.code == 2
    assert ran.out.startswith("SAFE  rcu  ~exists\n  lkmm, kernel 6.12")
    for model in ("sc", "tso"):
        assert f"`synchronize_rcu` has no meaning under {model}: " in ran.err
    # What is wrong with the test itself is said once.
    file.write_text("C rcu\n{ }\nP0(int *x) { nonsense }\n~exists (x=2)\n")
    ran = run("check", str(file), "--model", "sc", "--model", "lkmm")
    assert ran.code == 2
    assert ran.err.count("error: ") == 1
