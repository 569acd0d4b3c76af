"""The gate through its command: what fails it, what does not, and what it says."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.gate.conftest import Project

# --- what must not fail -----------------------------------------------------------------------


def test_an_unchanged_project_passes(project: Project) -> None:
    project.record()
    ran = project.gate()
    assert ran.code == 0, ran.out
    assert ran.out.startswith("gate passed; 2 verdicts (2 known before)")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\tsmp_wmb();", "\t/* pairs with consume's smp_rmb */\n\n\tsmp_wmb(  ) ;"),
        ("static void publish", "// words\nstatic inline void publish"),
        ("{\n\tWRITE_ONCE(*x, 1);", "{\n\n#define UNUSED 1\n\tWRITE_ONCE(*x, /* one */ 1);"),
    ],
)
def test_comments_and_white_space_change_nothing(project: Project, old: str, new: str) -> None:
    project.record()
    project.edit(old, new)
    ran = project.gate()
    assert ran.code == 0, ran.out
    assert "error" not in ran.out + ran.err
    assert "warning" not in ran.out


# --- verdicts ---------------------------------------------------------------------------------


def test_a_removed_barrier_fails_with_place_machine_and_witness(project: Project) -> None:
    """Without smp_rmb armv8 may reorder the two loads; tso never reorders loads."""
    project.record()
    project.edit("\tsmp_rmb();\n", "")
    ran = project.gate()
    assert ran.code == 1
    assert "error: VIOLATED under armv8, recorded SAFE" in ran.out
    assert "under tso" not in ran.out
    assert "mp.h:10: error: smp_rmb() removed in consume" in ran.out
    assert "recorded as needed: armv8 (mp.litmus, 6.12)" in ran.out
    # The execution, beside its source lines, and why it is possible.
    assert "STALE: from start, though P0 mp.h:3 had stored 1" in ran.out
    assert "nothing orders P1's read of y (mp.h:10) before its read of x (mp.h:11)" in ran.out


def test_a_lost_wake_up_fails_where_liveness_is_demanded(project: Project) -> None:
    """Without either barrier each may look before its store is seen, on tso too."""
    (project.folder / "wake.litmus").write_text(
        "C wake\nint asleep;\nint work;\n{ }\n"
        "P0()\n{\n\tWRITE_ONCE(asleep, 1);\n\tsmp_mb();\n\tif (!READ_ONCE(work))\n"
        "\t\twhile (READ_ONCE(asleep))\n\t\t\tcpu_relax();\n}\n"
        "P1()\n{\n\tWRITE_ONCE(work, 1);\n\tsmp_mb();\n\tif (READ_ONCE(asleep))\n"
        "\t\tWRITE_ONCE(asleep, 0);\n}\n"
    )
    project.edit('files = "*.litmus"', 'files = "mp.litmus"', "ksmcheck.toml")
    project.config('[[tests]]\nfiles = "wake.litmus"\nmodels = ["tso"]\nliveness = true\n')
    project.record()
    assert project.gate().code == 0
    project.edit("liveness = true", "liveness = false", "ksmcheck.toml")
    less = project.gate()
    assert less.code == 1
    assert "no longer: no thread waits for ever" in less.out
    project.edit("liveness = false", "liveness = true", "ksmcheck.toml")
    project.edit("\tsmp_mb();\n\tif (READ_ONCE(asleep))", "\tif (READ_ONCE(asleep))", "wake.litmus")
    ran = project.gate()
    assert ran.code == 1
    assert "error: VIOLATED under tso, recorded SAFE" in ran.out
    assert "run: ksmcheck check wake.litmus --model tso --kernel 6.12 --liveness" in ran.out
    assert "fails: P0 waits for ever at wake.litmus:10:10" in ran.out


def test_a_need_is_told_of_the_tests_that_have_the_function(project: Project) -> None:
    """Both tests call ``consume``, and both files are called mp.litmus: message passing needs the
    smp_rmb there under armv8 in each. The ``P1`` of the one that is new has an smp_rmb too, which
    nothing is recorded of: that of ``sb.litmus`` is another thread's."""
    text = (project.folder / "mp.litmus").read_text()
    inner = project.folder / "inner"
    inner.mkdir()
    (inner / "mp.litmus").write_text(text.replace('"mp.h"', '"../mp.h"'))
    own = "a = READ_ONCE(*y); smp_rmb(); b = READ_ONCE(*x);"
    mine = text.replace("consume(x, y, &a, &b);", own)
    (project.folder / "sb.litmus").write_text(mine)
    (project.folder / "ksmcheck.toml").write_text(
        '[[tests]]\nfiles = "**/*.litmus"\nmodels = ["tso", "armv8"]\nnecessity = true\n'
    )
    project.record()
    project.edit("\tsmp_rmb();\n", "")
    ran = project.gate()
    needed = "recorded as needed: armv8 (inner/mp.litmus, 6.12), armv8 (mp.litmus, 6.12)\n"
    assert needed in ran.out
    # The test that is told first includes "../mp.h": the file has one name all the same.
    assert "\nmp.h:10: error: smp_rmb() removed in consume" in ran.out
    assert "inner/.." not in ran.out
    project.edit("\t*b = READ_ONCE(*x);", "\tsmp_rmb();\n\t*b = READ_ONCE(*x);")
    (project.folder / "new.litmus").write_text(mine)
    ran = project.gate()
    assert "new.litmus:1: error: SAFE under tso, armv8, not in the baseline\n" in ran.out
    assert "recorded as needed" not in ran.out


def test_the_same_edit_in_two_functions_is_told_of_both(project: Project) -> None:
    """Whoever mends the first that is named has one more to mend."""
    header = project.folder / "mp.h"
    first, rest = header.read_text().split("\n\n")
    header.write_text("\n\n".join((first, first.replace("publish", "publish_again"), rest)))
    project.edit("publish(x, y);", "publish(x, y); publish_again(x, y);", "mp.litmus")
    project.record()
    header.write_text(header.read_text().replace("\tsmp_wmb();\n", ""))
    ran = project.gate()
    assert ran.code == 1
    assert "error: smp_wmb() removed in publish\n" in ran.out
    assert "error: smp_wmb() removed in publish_again\n" in ran.out


def test_an_expected_verdict_that_is_not_met_fails_even_if_recorded(project: Project) -> None:
    project.record()
    project.config('[tests.expected]\n"mp.litmus" = { tso = "SAFE", armv8 = "VIOLATED" }\n')
    ran = project.gate()
    assert ran.code == 1
    assert "SAFE under armv8, expected VIOLATED" in ran.out
    assert "run: ksmcheck check mp.litmus --model armv8 --kernel 6.12" in ran.out


def test_nothing_is_recorded_that_contradicts_what_is_expected(project: Project) -> None:
    project.record()
    before = project.baseline.read_bytes()
    project.config('[tests.expected]\n"mp.litmus" = "VIOLATED"\n')
    ran = project.gate("--record")
    assert ran.code == 1
    assert "is left as it was" in ran.out
    assert project.baseline.read_bytes() == before


@pytest.mark.parametrize("name", ["-v.litmus", "a b.litmus", "it's.litmus", "a;b$c.litmus"])
def test_the_command_that_is_told_can_be_run(project: Project, name: str) -> None:
    """As a shell would read it; it gives the verdict that the gate speaks of."""
    (project.folder / "mp.litmus").rename(project.folder / name)
    project.record()
    project.edit("\tsmp_wmb();\n", "")
    (told,) = (line for line in project.gate().out.splitlines() if "run: " in line)
    program, *words = shlex.split(told.partition("run: ")[2])
    ran = project.command(*words)
    assert (program, ran.code) == ("ksmcheck", 1)
    assert ran.out.startswith("VIOLATED  mp  ~exists")


def test_a_new_file_is_not_in_the_baseline(project: Project) -> None:
    project.record()
    text = (project.folder / "mp.litmus").read_text()
    (project.folder / "other.litmus").write_text(text.replace("C mp", "C other"))
    ran = project.gate()
    assert ran.code == 1
    assert "other.litmus:1: error: SAFE under tso, armv8, not in the baseline" in ran.out


def test_a_file_that_is_gone_is_missed(project: Project) -> None:
    text = (project.folder / "mp.litmus").read_text()
    (project.folder / "other.litmus").write_text(text.replace("C mp", "C other"))
    project.record()
    (project.folder / "other.litmus").unlink()
    ran = project.gate()
    assert ran.code == 1
    assert "no longer gated; recorded: SAFE under tso, armv8" in ran.out
    assert "other.litmus, kernel 6.12" in ran.out


ENDLESS = """C endless
{ }
P0(int *x) { int a; a = READ_ONCE(*x); while (a != 0) { a = a + 1; WRITE_ONCE(*x, a); } }
P1(int *x) { WRITE_ONCE(*x, 8); }
~exists (x=9999)
"""
BOUNDED = ENDLESS.replace("WRITE_ONCE(*x, 8)", "smp_wmb()")  # P0 reads 0 and never goes round


def test_a_verdict_that_reaches_a_bound_is_weaker(project: Project) -> None:
    """With nobody storing to x the loop is never entered: SAFE. With the store it goes round 2^32
    times: no bound is enough, and the verdict says so. Exit code 4."""
    (project.folder / "mp.litmus").write_text(BOUNDED)
    project.config("[limits]\nunroll = 2\n")
    project.record()
    (project.folder / "mp.litmus").write_text(ENDLESS)
    ran = project.gate()
    assert ran.code == 1  # the store is a new site
    assert "SAFE up to" in ran.out
    project.config('[policy]\nsite = "warn"\n')
    assert project.gate().code == 4


def test_a_limit_that_is_reached_is_weaker_and_never_kept(project: Project) -> None:
    project.record()
    project.config("[limits]\nmemory = 1\n")  # MB: Python alone needs more
    ran = project.gate()
    assert ran.code == 4
    assert "UNKNOWN under tso, armv8, recorded SAFE" in ran.out
    assert "(0 known before)" in project.gate().out
    assert project.gate("--record").code == 4
    assert "left as it was" in project.gate("--record").out


STUCK = """C stuck
{ }
P0(int *x) { while (!READ_ONCE(*x)) cpu_relax(); }
~exists (x=0)
"""


def test_a_bound_is_recorded_only_where_it_is_allowed(project: Project) -> None:
    (project.folder / "mp.litmus").write_text(ENDLESS)
    project.config("[limits]\nunroll = 2\n")
    ran = project.gate("--record")
    assert ran.code == 4
    assert "allow-bounded" in ran.out
    assert not project.baseline.exists()
    project.config("[gate]\nallow-bounded = true\n")
    project.record()
    assert project.gate().code == 0


def test_a_vacuous_test_is_not_recorded(project: Project) -> None:
    (project.folder / "mp.litmus").write_text(STUCK)
    ran = project.gate("--record")
    assert ran.code == 5
    assert "VACUOUS" in ran.out
    assert not project.baseline.exists()


def test_what_is_new_is_one_finding_a_function(project: Project) -> None:
    """Of a new test: that it is new, and each function that only it calls."""
    project.record()
    header = project.folder / "mp.h"
    header.write_text(
        header.read_text()
        + "\nstatic void tell(int *x, int *y)\n{\n\tWRITE_ONCE(*x, 1);\n\tsmp_wmb();\n"
        "\tsmp_mb();\n\tsmp_rmb();\n\tbarrier();\n\tWRITE_ONCE(*y, 1);\n}\n"
    )
    text = (project.folder / "mp.litmus").read_text()
    (project.folder / "other.litmus").write_text(text.replace("publish(x, y)", "tell(x, y)"))
    ran = project.gate()
    assert ran.code == 1
    (line,) = [line for line in ran.out.splitlines() if " tell" in line and "error" in line]
    told = "WRITE_ONCE(*x, 1), smp_wmb(), smp_mb(), smp_rmb() and 2 more"
    assert line.endswith(f"error: tell is new, with {told}")
    assert "other.litmus:1: error: SAFE under tso, armv8, not in the baseline\n" in ran.out
    assert "2 errors" in ran.out


# --- sites ------------------------------------------------------------------------------------

SITES = [
    # A barrier that nothing needs is still a change that somebody must see.
    ("\tsmp_rmb();\n", "\tsmp_rmb();\n\tsmp_rmb();\n", "mp.h:12", "smp_rmb() added in consume"),
    ("\tsmp_wmb();", "\tsmp_mb();", "mp.h:4", "smp_wmb() replaced by smp_mb() in publish"),
    ("\tsmp_wmb();", "\tbarrier();", "mp.h:4", "smp_wmb() replaced by barrier() in publish"),
    (
        "\tWRITE_ONCE(*x, 1);\n\tsmp_wmb();\n",
        "\tsmp_wmb();\n\tWRITE_ONCE(*x, 1);\n",
        "mp.h:",
        "moved in publish",
    ),
    ("\tsmp_wmb();", "\tif (*x)\n\t\tsmp_wmb();", "mp.h:5", "smp_wmb() moved in publish"),
    ("\tWRITE_ONCE(*y, 1);", "\t*y = 1;", "mp.h:", "WRITE_ONCE(*y, 1) removed in publish"),
    (
        "\tWRITE_ONCE(*y, 1);",
        "\tsmp_store_release(y, 1);",
        "mp.h:5",
        "WRITE_ONCE(*y, 1) replaced by smp_store_release(y, 1) in publish",
    ),
    (
        "*b = READ_ONCE(*x)",
        "*b = READ_ONCE(*y)",
        "mp.h:12",
        "READ_ONCE(*x) replaced by READ_ONCE(*y)",
    ),
]


@pytest.mark.parametrize(("old", "new", "where", "said"), SITES, ids=lambda v: str(v)[:24])
def test_every_change_of_a_site_is_seen(
    project: Project, old: str, new: str, where: str, said: str
) -> None:
    project.record()
    project.edit(old, new)
    project.config('[policy]\nverdict = "ignore"\n')
    ran = project.gate()
    assert ran.code == 1, ran.out
    assert re.search(rf"^{re.escape(where)}\d*: error: .*{re.escape(said)}", ran.out, re.M), ran.out
    # Recorded, it passes; put back, it fails again.
    project.record()
    assert project.gate().code == 0
    project.edit(new, old)
    assert project.gate().code == 1


def test_a_weaker_barrier_is_called_so(project: Project) -> None:
    project.edit("\tsmp_wmb();", "\tsmp_mb();")
    project.record()
    project.edit("\tsmp_mb();", "\tsmp_wmb();")
    ran = project.gate()
    assert ran.code == 1
    assert "  weaker\n" in ran.out


def test_a_plain_access_moved_across_a_barrier_is_seen(project: Project) -> None:
    project.edit("\tWRITE_ONCE(*y, 1);", "\tWRITE_ONCE(*y, 1);\n\t*x = 2;")
    project.config('[policy]\nverdict = "ignore"\n')
    project.record()
    project.edit("\tWRITE_ONCE(*x, 1);\n", "\t*x = 2;\n\tWRITE_ONCE(*x, 1);\n")
    project.edit("\tWRITE_ONCE(*y, 1);\n\t*x = 2;", "\tWRITE_ONCE(*y, 1);")
    ran = project.gate()
    assert ran.code == 1, ran.out
    assert "*x = 2 moved in publish" in ran.out
    assert "it moved across" in ran.out
    assert "smp_wmb()" in ran.out


def test_accesses_around_barriers_only_warn(project: Project) -> None:
    project.record()
    project.edit("\tWRITE_ONCE(*x, 1);", "\tWRITE_ONCE(*x, 1);\n\t*x = 1;")
    ran = project.gate()
    assert ran.code == 0, ran.out
    assert "warning: the accesses around the barriers of publish changed" in ran.out
    project.config('[policy]\naccess = "fail"\n')
    assert project.gate().code == 1


def test_a_function_that_is_no_longer_called_is_told(project: Project) -> None:
    project.record()
    project.edit("publish(x, y);", "WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1);", "mp.litmus")
    ran = project.gate()
    assert ran.code == 1
    assert "publish(x, y) replaced by WRITE_ONCE(*x, 1) in P0" in ran.out
    assert "publish is gone, or nothing calls it; it had WRITE_ONCE(*x, 1), smp_wmb()" in ran.out


# --- necessity --------------------------------------------------------------------------------


def test_a_barrier_that_became_unnecessary_warns_or_fails(project: Project) -> None:
    """A second smp_wmb beside the first makes each of the two superfluous by itself."""
    project.record()
    project.edit("\tsmp_wmb();\n", "\tsmp_wmb();\n\tsmp_mb();\n")
    project.config('[policy]\nsite = "ignore"\n')
    ran = project.gate()
    assert ran.code == 0, ran.out
    assert "warning: smp_wmb@publish is no longer necessary on armv8" in ran.out
    text = (project.folder / "ksmcheck.toml").read_text()
    (project.folder / "ksmcheck.toml").write_text(text + 'unnecessary = "fail"\n')
    assert project.gate().code == 1


def test_what_findings_hint_at_is_said_once(project: Project) -> None:
    project.record()
    project.edit("\tsmp_wmb();\n", "")
    ran = project.gate()
    assert ran.out.count("error: ") > 1
    assert ran.out.count("hint: if this is meant: ksmcheck gate --record") == 1
    assert ran.out.splitlines()[-3].startswith("hint: if this is meant: ")


def test_help_says_what_limits_the_comparison_with_a_tree(project: Project) -> None:
    told = " ".join(project.gate("--help").out.split())
    assert told.count("With --kernel-tree: only what") == 2


def test_a_test_whose_threads_no_longer_meet_fails(project: Project) -> None:
    """With another x the reader sees nothing of the writer's: no order can matter to it."""
    project.record()
    project.edit("P0(int *x, int *y) { publish(x, y); }", "P0(int *z, int *y) { publish(z, y); }",
                 "mp.litmus")  # fmt: skip
    project.edit("(1:a=1 /\\ 1:b=0)", "(1:a=1 /\\ 1:b=2)", "mp.litmus")
    project.config('[policy]\nverdict = "ignore"\n')
    ran = project.gate()
    assert ran.code == 1, ran.out
    assert "mp.litmus:1: error: none of the 2 barriers that were necessary is so any" in ran.out
    assert "recorded as needed: smp_wmb@publish, smp_rmb@consume" in ran.out
    assert "is no longer necessary" not in ran.out
    project.record()  # if it is meant
    assert project.gate().code == 0


def test_a_barrier_that_became_necessary_fails_with_its_execution(project: Project) -> None:
    """Two barriers back to back, one taken away: the other is now needed where it was not."""
    project.edit("\tsmp_wmb();\n", "\tsmp_wmb();\n\tsmp_mb();\n")
    project.record()
    project.edit("\tsmp_mb();\n", "")
    project.config('[policy]\nsite = "ignore"\n')
    ran = project.gate()
    assert ran.code == 1
    assert "smp_wmb@publish became necessary on armv8: without it VIOLATED" in ran.out
    assert "why:   nothing orders P0's store to x" in ran.out


def test_full_asks_for_all_barriers(project: Project) -> None:
    text = (project.folder / "ksmcheck.toml").read_text()
    (project.folder / "ksmcheck.toml").write_text(text.replace("necessity = true\n", ""))
    project.record()
    assert "smp_wmb@publish" not in project.baseline.read_text()
    refused = project.gate("--full")
    assert refused.code == 2
    assert "--full --record" in refused.err
    project.record("--full")
    assert "smp_wmb@publish" in project.baseline.read_text()
    assert project.gate("--full").code == 0
    assert project.gate().code == 0
    before = project.baseline.read_bytes()
    project.record()  # once everything is recorded, it is kept so
    assert project.baseline.read_bytes() == before


def test_necessity_that_is_not_recorded_or_not_asked_is_told(project: Project) -> None:
    project.record()
    config = project.folder / "ksmcheck.toml"
    text = config.read_text()
    config.write_text(text.replace("necessity = true", "necessity = false"))
    ran = project.gate()
    assert ran.code == 1
    assert "necessary is in the baseline, but no longer asked for" in ran.out
    project.record()
    assert project.gate().code == 0
    config.write_text(text)
    ran = project.gate()
    assert ran.code == 1
    assert "necessary is asked for, but not in the baseline" in ran.out


def test_a_suite_gated_in_a_variant_only_has_sites_too(project: Project) -> None:
    (project.folder / "suite.toml").write_text(
        '[columns]\nmodels = ["tso", "armv8"]\nkernels = ["6.12"]\n[letters]\nS = "safe"\n'
        '[[scenario]]\nid = "mp"\nfile = "mp.litmus"\nproperty = "P"\n'
        '[[variant]]\nname = "no-rmb"\nwhat = "no smp_rmb"\nremove = ["smp_rmb@consume"]\n'
    )
    (project.folder / "ksmcheck.toml").write_text(
        '[[suite]]\npath = "."\nvariants = "no-rmb"\nnecessity = "all"\n'
    )
    project.record()
    text = project.baseline.read_text()
    # Without smp_rmb armv8 is violated already; on tso nothing needs the other barrier.
    assert 'armv8 = "VIOLATED"' in text
    assert '"smp_wmb@publish" = { idle = ["tso"] }' in text
    project.edit("\tsmp_wmb();\n", "")
    assert "smp_wmb() removed in publish" in project.gate().out


# --- budgets ----------------------------------------------------------------------------------


def test_the_budget_of_a_run(project: Project) -> None:
    project.record()
    project.config("[limits]\nbudget = 0.000001\n")
    ran = project.gate()
    assert ran.code == 1
    assert "its budget is 1e-06 s" in ran.out


def test_the_budget_of_a_verdict_counts_what_was_asked_now(project: Project) -> None:
    project.config("[limits]\nbudget-each = 0.000001\n")
    ran = project.gate("--record")
    assert "armv8 took" in ran.out
    assert project.gate().code == 0  # known before: it took no time


# --- what a change of the text is told as -----------------------------------------------------

SEEN = """\
C seen
#define WANTED 55
#define START 0
{ int x = START; }
static int one(int a)
{
	return a == 1;
}
static void put(int *a, int *b)
{
	WRITE_ONCE(*a, 1);
	smp_wmb();
	WRITE_ONCE(*b, 1);
}
P0(int *x, int *y)
{
	int r0;
	int j;

	r0 = READ_ONCE(*x);
	*y = 7;
	r0 && ({ smp_mb(); 1; });
	switch (r0) {
	case 1:
		smp_mb();
		break;
	default:
		smp_rmb();
	}
	for (j = 0; j < 2; j++) {
		smp_rmb();
		WRITE_ONCE(*y, 2);
	}
	if (r0 == 3)
		smp_wmb();
	put(x, y);
	if (one(READ_ONCE(*y)))
		smp_rmb();
}
P1(int *x)
{
	WRITE_ONCE(*x, 1);
}
~exists (y=WANTED)
"""


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("r0 && (", "r0 || (", 1, "smp_mb() moved in P0"),
        ("r0 && (", "r0, (", 1, "was: &&; now: unconditional"),
        ("case 1:", "case 2:", 0, "no longer: case 1; new: case 2"),
        (
            "case 1:\n\t\tsmp_mb();\n\t\tbreak;\n\tdefault:",
            "default:\n\t\tsmp_mb();\n\t\tbreak;\n\tcase 1:",
            1,
            "moved in P0",
        ),
        ("j++) {\n\t\tsmp_rmb();", "j++, smp_rmb()) {", 1, "smp_rmb() moved in P0"),
        ("*y = 7;", "r0 = *y;", 0, "no longer: *y = 7; new: *y"),
        ("*y = 7;", "*y += 7;", 0, "new: *y += 7"),
        ("put(x, y)", "put(y, x)", 1, "put(x, y) replaced by put(y, x)"),
        ("r0 == 3", "r0 != 3", 0, "new: if (r0 != 3)"),
        ("j < 2", "j < 0", 0, "new: for (j < 0)"),
        ("(y=WANTED)", "(0=1)", 1, "what the test starts with or asks for changed"),
        ("int x = START;", "int x = 4;", 1, "what the test starts with or asks for changed"),
        ("r0 && (", "!r0 && (", 0, "new: (!r0) &&"),
        ("put(int *a, int *b)", "put(int *b, int *a)", 0, "new: (int *b, int *a)"),
        ("return a == 1;", "return a != 1;", 0, "new: return a != 1"),
        ("#define WANTED 55", "#define WANTED 56", 1, "no longer: ~exists y = 55"),
        ("#define START 0", "#define START 1", 1, "new: int x = 1"),
        ("~exists (y=WANTED)", "", 1, "no longer: ~exists y = 55"),
        # Nothing that counts.
        ("(y=WANTED)", "(y = WANTED (* the last store *))", 0, ""),
        ("\tput(x, y);", "\t/* both */\n\n\tput( x,y );;", 0, ""),
    ],
)
def test_an_edit_is_seen(old: str, new: str, code: int, said: str, project: Project) -> None:
    (project.folder / "mp.litmus").write_text(SEEN)
    project.config('[policy]\nunnecessary = "ignore"\nnecessary = "ignore"\n')
    project.record()
    project.edit(old, new, "mp.litmus")
    ran = project.gate()
    assert ran.code == code, ran.out
    assert said in ran.out
    assert ("error" in ran.out or "warning" in ran.out) == bool(said)


def test_a_property_that_one_of_two_tests_loses(project: Project) -> None:
    """Their threads stand in the same header."""
    (project.folder / "mp.h").write_text(
        "P0(int *x) { WRITE_ONCE(*x, 1); }\nP1(int *x) { int r = READ_ONCE(*x); }\n"
    )
    for name in ("mp", "other"):
        text = f'C {name}\n#include "mp.h"\n{{ }}\n~exists (1:r=7)\n'
        (project.folder / f"{name}.litmus").write_text(text)
    project.record()
    project.edit("~exists (1:r=7)\n", "", "other.litmus")
    ran = project.gate()
    assert ran.code == 1, ran.out
    assert "what the test starts with or asks for changed" in ran.out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("BUG_ON(a == 1 && b == 0);", "", "no longer: BUG_ON(a == 1 && b == 0)"),
        ("b == 0);", "b == 7);", "new: BUG_ON(a == 1 && b == 7)"),
        ("BUG_ON(a", "__assume(a == 0); BUG_ON(a", "new: __assume(a == 0)"),
        (
            "BUG_ON(a == 1 && b == 0)",
            "if (a == 1) BUG_ON(b == 0)",
            "new: if (a == 1) BUG_ON(b == 0)",
        ),
        ("BUG_ON(a", "if (a == 2) BUG(); BUG_ON(a", "new: if (a == 2) BUG()"),
    ],
)
def test_what_is_asserted_and_assumed_is_what_is_asked(
    project: Project, old: str, new: str, said: str
) -> None:
    """As for the condition and for a filter. It was a warning only: a test whose one assertion was
    deleted passed as SAFE."""
    project.edit(
        "&b); }\n~exists (1:a=1 /\\ 1:b=0)", "&b); BUG_ON(a == 1 && b == 0); }", "mp.litmus"
    )
    project.record()
    assert project.gate().code == 0
    project.edit(old, new, "mp.litmus")
    ran = project.gate()
    assert ran.code == 1
    assert "mp.litmus:5: error: what is asserted or assumed in P1 changed\n" in ran.out
    assert said in ran.out
    project.record()
    assert project.gate().code == 0


def test_the_condition_of_a_bug_is_what_is_asserted(project: Project) -> None:
    project.edit("&b); }", "&b); if (a == 1 && b == 0) BUG(); }", "mp.litmus")
    project.record()
    project.edit("if (a == 1", "if (a == 7", "mp.litmus")
    ran = project.gate()
    assert ran.code == 1
    assert "no longer: if (a == 1 && b == 0) BUG(); new: if (a == 7 && b == 0) BUG()" in ran.out
