"""``ksmcheck whatif`` as a user runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

MP = "litmus/classic/MP/MP+wmb+rmb.litmus"
SB = "litmus/classic/SB/SB+mb+mb.litmus"


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_matrix(run: Run) -> None:
    """Message passing: tso keeps both orders by itself, armv8 neither."""
    ran = run("whatif", MP, "--model", "tso", "--model", "armv8", "--json")
    assert ran.code == 0
    found = {
        (o["model"], *((c["site"], c["kind"], c["to"]) for c in o["changes"])): o["verdict"]
        for o in objects(ran.out)
    }
    assert found["tso",] == found["armv8",] == "Never"
    for site in ("smp_wmb@P0", "smp_rmb@P1"):
        assert found["tso", (site, "remove", "")] == "Never"
        assert found["armv8", (site, "remove", "")] == "Sometimes"
        assert found["armv8", (site, "weaken", "barrier")] == "Sometimes"


def test_what_the_table_can_show_the_objects_have(run: Run) -> None:
    """Each cell that text numbers has its execution in JSON, under `exists` as under `~exists`."""
    ran = run("whatif", MP, "--model", "armv8", "--kind", "remove", "--site", "smp_wmb", "--json")
    as_it_is, without = objects(ran.out)
    assert as_it_is["verdict"] == "Never" and "execution" not in as_it_is
    assert without["verdict"] == "Sometimes"
    assert without["execution"]["failure"]["name"] == "exists"
    assert "nothing orders P0's store to x" in without["why"]


def test_the_table_names_what_is_needed(run: Run) -> None:
    ran = run("whatif", MP, "--model", "armv8", "--kind", "remove", "--site", "smp_wmb")
    assert ran.code == 0
    assert "armv8 needs smp_wmb@P0\n" in ran.out


WIDE = """C t
{ }
P0(void) { WRITE_ONCE(x, 1); smp_wmb(); WRITE_ONCE(y, 1); }
P1(void) { int r0 = READ_ONCE(y); smp_rmb(); u64 r1 = READ_ONCE(x); }
~exists (1:r0=1 /\\ 1:r1=0)
"""


def test_what_is_unknown_as_it_is_is_told_once(run: Run, tmp_path: Path) -> None:
    """64 bits may be two accesses on 32-bit machines (include/asm-generic/rwonce.h): that is so
    whichever barrier is taken out, and to say it of each tells nothing more."""
    path = tmp_path / "t.litmus"
    path.write_text(WIDE.replace("C t\n", "C t\nu64 x;\nint y;\n"))
    shown = run("whatif", path, "--model", "armv7", "--model", "armv8", "--kind", "remove").out
    reasons = [line for line in shown.splitlines() if "parts of 32 bits" in line]
    assert len(reasons) == 1
    assert reasons[0].startswith("? as it is, armv7: ")
    assert "armv8 needs WRITE_ONCE@P0, smp_wmb@P0, smp_rmb@P1" in shown


def test_kinds_may_be_asked_for_one_by_one(run: Run) -> None:
    """As ``--model`` and ``--site``: the first is not forgotten for the second."""
    both = run("whatif", MP, "--model", "tso", "--kind", "remove", "--kind", "weaken")
    assert both.out == run("whatif", MP, "--model", "tso", "--kind", "remove,weaken").out
    assert "remove" in both.out and "weaken to" in both.out


def test_the_picture(run: Run, tmp_path: Path) -> None:
    from xml.etree import ElementTree

    svg = tmp_path / "matrix.svg"
    assert run("whatif", MP, "--model", "armv8", "--svg", svg).code == 0
    root = ElementTree.parse(svg).getroot()
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "smp_wmb@P0" in words and "armv8" in words and "reachable" in words


@pytest.mark.parametrize(
    ("option", "word"),
    [
        (("--remove", "smp_wmb"), "Sometimes"),
        (("--weaken", "smp_rmb@P1=barrier"), "Sometimes"),
        (("--replace", "smp_wmb=smp_store_release"), "Never"),
        (("--move", "smp_wmb=up"), "Sometimes"),
        (("--remove", "smp_wmb", "--strengthen", "WRITE_ONCE@P0#2=smp_store_release"), "Never"),
    ],
)
def test_single_questions(run: Run, option: tuple[str, ...], word: str) -> None:
    ran = run("whatif", MP, "--model", "armv8", *option)
    assert ran.code == 0
    assert ran.out.startswith(word)


def test_minimal_sets(run: Run) -> None:
    """Store buffering needs both full barriers wherever it needs one."""
    ran = run("whatif", SB, "--model", "sc", "--model", "tso", "--minimal", "--json")
    assert ran.code == 0
    found = [(o["models"], o["kept"]) for o in objects(ran.out)]
    both = {"smp_mb@P0": "keep", "smp_mb@P1": "keep"}
    assert found == [(["sc"], {}), (["tso"], both), (["sc", "tso"], both)]


def test_the_cheapest_repair(run: Run) -> None:
    """armv8 has ordered loads and stores, which cost less than barriers."""
    ran = run("whatif", "litmus/classic/MP/MP.litmus", "--model", "armv8", "--repair")
    assert ran.code == 0
    cheapest = ran.out.partition("cheapest: ")[2]
    assert "smp_store_release" in cheapest and "smp_load_acquire" in cheapest


def test_no_barrier_helps(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "lost.litmus"
    path.write_text("C lost\n{}\nP0(int *x)\n{\n\tWRITE_ONCE(*x, 1);\n}\n~exists (x=1)\n")
    ran = run("whatif", path, "--model", "sc", "--repair")
    assert ran.code == 1
    assert "no barrier helps" in ran.out
    machine = run("whatif", path, "--model", "sc", "--repair", "--json")
    assert machine.code == ran.code
    assert json.loads(machine.out) == {"models": ["sc"], "none": "no barrier helps"}


@pytest.mark.parametrize("models", [("armv8", "armv7"), ("armv7", "armv8")])
def test_what_no_barrier_helps_is_graver_than_what_is_not_known(
    run: Run, tmp_path: Path, models: tuple[str, str]
) -> None:
    """As of many tests: 1 comes before 4. To armv7 a u64 may be two accesses, of which nothing is
    said; on armv8 x is 1 in the end whatever stands before the store."""
    path = tmp_path / "lost.litmus"
    path.write_text("C lost\nu64 x;\n{ }\nP0(void) { WRITE_ONCE(x, 1); }\n~exists (x=1)\n")
    asked = [word for model in models for word in ("--model", model)]
    ran = run("whatif", path, *asked, "--repair")
    assert "armv8:\n  no barrier helps\n" in ran.out
    assert "armv7:\n  there may be more: " in ran.out
    assert ran.code == 1
    assert run("whatif", path, "--model", "armv7", "--repair").code == 4
    # Least sets: of what is not safe as it is there are none, and that is an answer.
    assert run("whatif", path, *asked, "--minimal").code == 4
    assert run("whatif", path, "--model", "armv8", "--minimal").code == 0


def test_least_sets_of_models_of_which_one_is_not_known(run: Run, tmp_path: Path) -> None:
    """What is not known of one is not known of both together, and not unsafe."""
    path = tmp_path / "t.litmus"
    path.write_text(WIDE.replace("C t\n", "C t\nu64 x;\nint y;\n"))
    ran = run("whatif", path, "--model", "armv8", "--model", "armv7", "--minimal")
    assert ran.code == 4
    alone, _, together = ran.out.partition("armv8 + armv7:\n")
    assert "armv8:\n  { smp_wmb@P0, smp_rmb@P1 }" in alone
    assert together.startswith("  there may be more: armv7, as it is: ")


@pytest.mark.parametrize(
    ("path", "question"), [(SB, "--minimal"), ("litmus/classic/SB/SB.litmus", "--repair")]
)
def test_together_it_costs_what_it_costs_each(
    run: Run, tmp_path: Path, path: str, question: str
) -> None:
    """Store buffering wants the same two full barriers of both machines. What a model without a
    table would add is not known."""
    own = tmp_path / "own.cat"
    own.write_text("Own\nacyclic po | rf | co | fr as order\nlet known = fencerel(Mb)\n")

    def costs(*names: str) -> dict[tuple[str, ...], float | None]:
        """Of what is both barriers: as they are, or inserted."""
        models = [word for name in names for word in ("--model", name)]
        found = objects(run("whatif", path, *models, question, "--json").out)
        both = (o for o in found if len(o.get("kept", o.get("changes", ()))) in (0, 2))
        return {
            tuple(o["models"]): o["cost"]
            for o in both
            if all(c["kind"] == "insert" for c in o["changes"])
        }

    priced = costs("armv8", "power")
    each = [priced["armv8",], priced["power",]]
    assert all(each) and priced["armv8", "power"] == sum(c for c in each if c)
    if question == "--minimal":
        assert costs("armv8", str(own))["armv8", str(own)] is None


def test_a_list_of_repairs_that_ends_at_the_most_says_so(run: Run) -> None:
    """The stores of 2+2W want an order in both threads. On ARMv7 a release store is `dmb` and the
    store (8), a smp_wmb is `dmb ishst` (4): the cheapest are two of these (8), and the first three
    repairs that are found do not have them. With room for all of them nothing is left out."""
    asked = ("whatif", "litmus/classic/2+2W/2+2W.litmus", "--model", "armv7", "--repair", "--most")
    cut = run(*asked, "3")
    *first, cheapest, end = cut.out.splitlines()
    assert len(first) == 1 + 3 and cut.code == 0
    assert cheapest.startswith("  cheapest of these: ") and not cheapest.endswith("cost 8")
    assert end == "  no more than 3 were asked for: see --most"
    *sets, last = map(json.loads, run(*asked, "3", "--json").out.splitlines())
    assert len(sets) == 3 and last == {"models": ["armv7"], "most": 3}
    whole = run(*asked, "500")
    assert whole.out.startswith("\n".join(first))
    assert whole.out.splitlines()[-1].startswith("  cheapest: insert smp_wmb before")
    assert whole.out.splitlines()[-1].endswith("cost 8")
    safe = ("whatif", MP, "--model", "tso", "--repair", "--most", "1")
    assert run(*safe).out == "tso:\n  safe as it is: nothing to repair\n"


def test_a_repair_up_to_a_bound(run: Run, tmp_path: Path) -> None:
    """P1 goes round as long as P0 has not stored: no bound is enough, and every bound is safe."""
    path = tmp_path / "bounded.litmus"
    path.write_text(
        "C bounded\n{}\nP0(int *x, int *y)\n{\n\tWRITE_ONCE(*x, 1);\n\tWRITE_ONCE(*y, 1);\n}\n"
        "P1(int *x, int *y)\n{\n\tint r0;\n\n\twhile (!xchg(y, 0))\n\t\t;\n"
        "\tr0 = READ_ONCE(*x);\n}\n~exists (1:r0=0)\n"
    )
    asked = ("whatif", path, "--model", "armv8", "--repair")
    assert run(*asked).code == 4
    ran = run(*asked, "--allow-bounded")
    assert ran.code == 0, ran.out
    assert "smp_wmb" in ran.out
    # From Python too.
    from ksmcheck import whatif
    from ksmcheck.whatif.minimal import Inconclusive

    again = whatif(path, "armv8")
    with pytest.raises(Inconclusive):
        list(again.repairs())
    found = [{change.to for change in r.changes} for r in again.repairs(allow_bounded=True)]
    assert {"smp_wmb"} in found
    fenced = tmp_path / "fenced.litmus"
    fenced.write_text(path.read_text().replace("WRITE_ONCE(*y", "smp_wmb();\n\tWRITE_ONCE(*y"))
    again = whatif(fenced, "armv8")
    with pytest.raises(Inconclusive):
        list(again.minimal())
    assert [m.kept for m in again.minimal(allow_bounded=True)] == [(("smp_wmb@P0", "keep"),)]


def test_what_the_matrix_is_asked_for(run: Run, tmp_path: Path) -> None:
    """The bound, the configuration and what counts as an answer are those that were given."""
    path = tmp_path / "rounds.litmus"
    path.write_text(
        "C t\n{}\nP0(int *x, int *y) { WRITE_ONCE(*x, 1); smp_store_release(y, 1); }\n"
        "P1(int *x, int *y) { while (!xchg(y, 0)) ; BUG_ON(READ_ONCE(*x) == 0); }\n"
    )
    asked = ("whatif", path, "--model", "armv8", "--kind", "replace", "--json")
    for config in ("llsc", "lse"):
        (as_it_is,) = objects(run(*asked, "--config", config).out)
        assert (as_it_is["verdict"], as_it_is["config"]) == ("SAFE up to k", config)
    assert run(*asked).code == 4
    assert run(*asked, "--allow-bounded").code == 0
    loop = "do { r0 = atomic_inc_return(x); } while (r0 < 5);"
    path.write_text(f"C t\n{{}}\nP0(atomic_t *x) {{ int r0; {loop} BUG(); }}\n")
    assert [o["verdict"] for o in objects(run(*asked).out)] == ["VIOLATED"]
    assert [o["verdict"] for o in objects(run(*asked, "--unroll", "3").out)] == ["UNKNOWN"]
    path.write_text(WIDE.replace("C t\n", "C t\nu64 x;\nint y;\n"))
    unknown = ("whatif", path, "--model", "armv7", "--kind", "remove")
    assert run(*unknown).code == run(*unknown, "--allow-bounded").code == 4


def test_why_of_what_is_broken_as_it_is(run: Run) -> None:
    """Store buffering is allowed by tso (Owens, Sarkar, Sewell 2009), whatever is plain."""
    ran = run("whatif", "litmus/classic/SB/SB.litmus", "--model", "tso", "--why")
    assert ran.out.count("why tso breaks") == 1
    assert "why tso breaks, as it is: nothing orders P0's store to x" in ran.out


def test_why(run: Run) -> None:
    ran = run("whatif", MP, "--model", "armv8", "--site", "smp_wmb", "--why")
    assert "why armv8 is safe: ordered by smp_wmb@P0" in ran.out
    assert "smp_rmb@P1" in ran.out.partition("ordered by")[2]
    assert "why armv8 breaks, remove smp_wmb@P0: nothing orders P0's store to x" in ran.out


def test_one_place_is_told_in_the_singular(run: Run, tmp_path: Path) -> None:
    """Message passing by an address: under SC the store that is passed has to be there at all, and
    on arm64 the release besides, for the dependency orders the other thread's reads."""
    path = tmp_path / "one.litmus"
    path.write_text(
        """C one
{ z=5; y=&z; }
P0(int *x, int **y) { WRITE_ONCE(*x, 1); smp_store_release(y, x); }
P1(int **y) { int *p = READ_ONCE(*y); int r0 = READ_ONCE(*p); }
~exists (1:r0=0)
"""
    )
    ran = run("whatif", path, "--model", "sc", "--model", "armv8", "--kind", "weaken", "--why")
    store, release = "WRITE_ONCE@P0 (one.litmus:3)", "smp_store_release@P0 (one.litmus:3)"
    assert f"sc is safe: with {store} as it is; by the axiom interleaving\n" in ran.out
    assert f"armv8 is safe: with {store}, {release} as they are; by the axiom ext" in ran.out


def test_a_lock_without_its_unlock_is_no_race(run: Run, tmp_path: Path) -> None:
    """What LKMM then flags is unmatched-srcu-lock (linux-kernel.bell), and no accesses race."""
    path = tmp_path / "srcu.litmus"
    path.write_text(SRCU)
    out = run("whatif", path, "--model", "lkmm", "--site", "srcu_read_unlock").out
    assert re.search(r"srcu_read_unlock@P0 +remove +violated 1\n", out)
    shown = run("whatif", path, "--model", "lkmm", "--remove", "srcu_read_unlock").out
    assert shown.startswith("VIOLATED  srcu  flag unmatched-srcu-lock is raised")


SRCU = """C srcu
{ struct srcu_struct s; }
P0(int *x, struct srcu_struct *s)
{
	int r0;

	r0 = srcu_read_lock(s);
	WRITE_ONCE(*x, 1);
	srcu_read_unlock(s, r0);
}
~exists (x=7)
"""


def test_why_of_several_machines(run: Run) -> None:
    """One sentence for all machines that reorder the two stores; x86 does not (Intel SDM 3A
    8.2.2). A fence of the one kind does not do for the other (RISC-V manual 2.7; Arm ARM, DMB)."""
    models = [word for name in ("tso", "armv8", "riscv") for word in ("--model", name)]
    said = run("whatif", MP, *models, "--site", "smp_wmb", "--kind", "remove", "--why").out
    broken = [line for line in said.splitlines() if "break" in line]
    assert len(broken) == 1
    assert broken[0].startswith("why armv8 and riscv break, remove smp_wmb@P0: nothing orders")
    sb = "litmus/classic/SB/SB+mb+mb.litmus"
    said = run("whatif", sb, *models, "--site", "smp_mb@P0", "--kind", "weaken", "--why").out
    assert "why armv8 and riscv break, weaken smp_mb@P0 to smp_rmb: smp_rmb" in said
    assert "strongly enough for them\n" in said


DIFF = "\n".join(
    (
        "--- a/litmus/classic/MP/MP+wmb+rmb.litmus",
        "+++ b/litmus/classic/MP/MP+wmb+rmb.litmus",
        "@@ -9,3 +9,2 @@",
        " \tWRITE_ONCE(*x, 1);",
        "-\tsmp_wmb();",
        " \tWRITE_ONCE(*y, 1);",
        "",
    )
)


def test_a_patch(run: Run, tmp_path: Path) -> None:
    diff = tmp_path / "fix.diff"
    diff.write_text(DIFF)
    ran = run("whatif", MP, "--model", "armv8", "--patch", diff)
    assert ran.out.startswith("Sometimes")
    diff.write_text(DIFF.replace("*y", "*z"))
    ran = run("whatif", MP, "--model", "armv8", "--patch", diff)
    assert ran.code == 2
    # The test's file is what it does not fit, whatever the diff calls it.
    assert f"{diff}:3:1: error: this hunk does not apply to {MP}\n" in ran.err
    diff.write_text(DIFF.replace("*y", "*z").replace("+++ b/litmus", "+++ /copy/of/litmus"))
    assert f"does not apply to {MP}\n" in run("whatif", MP, "--patch", diff).err
    diff.write_text(DIFF.replace("MP+wmb+rmb", "other"))
    assert "the test has no file" in run("whatif", MP, "--model", "armv8", "--patch", diff).err


def test_patches_one_after_the_other(run: Run, tmp_path: Path) -> None:
    """The second undoes the first, without context: an insertion behind line 9."""
    first, second = tmp_path / "1.diff", tmp_path / "2.diff"
    first.write_text(DIFF)
    head = "".join(line + "\n" for line in DIFF.splitlines()[:2])
    second.write_text(f"{head}@@ -9,0 +10 @@\n+\tsmp_wmb();\n")
    both = ("--patch", first, "--patch", second)
    assert run("whatif", MP, "--model", "armv8", *both).out.startswith("Never")
    assert run("whatif", MP, "--model", "armv8", "--patch", first).out.startswith("Sometimes")


_HEADER = "static void wait(void)\n{\n\tsmp_wmb();\n}\n"
_INCLUDING = """C including
#include "lib/wait.h"
{ }
P0(int *x, int *y) { WRITE_ONCE(*x, 1); wait(); WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int r0 = READ_ONCE(*y); smp_rmb(); int r1 = READ_ONCE(*x); }
exists (1:r0=1 /\\ 1:r1=0)
"""
_RENAMED = """diff --git a/t/lib/wait.h b/t/lib/order.h
similarity index 70%
rename from t/lib/wait.h
rename to t/lib/order.h
--- a/t/lib/wait.h
+++ b/t/lib/order.h
@@ -1,4 +1,4 @@
 static void wait(void)
 {
-\tsmp_wmb();
+\tbarrier();
 }
"""
_INCLUDED = """--- a/t/t.litmus
+++ b/t/t.litmus
@@ -2 +2 @@
-#include "lib/wait.h"
+#include "lib/order.h"
"""
_PURE = "\n".join(_RENAMED.splitlines()[:4]) + "\n"
_ADDED = """diff --git a/t/lib/new.h b/t/lib/new.h
new file mode 100644
--- /dev/null
+++ b/t/lib/new.h
@@ -0,0 +1 @@
+static void wait(void) { }
"""
_DELETED = """diff --git a/t/lib/wait.h b/t/lib/wait.h
deleted file mode 100644
--- a/t/lib/wait.h
+++ /dev/null
@@ -1,4 +0,0 @@
-static void wait(void)
-{
-\tsmp_wmb();
-}
"""
_TEST = """diff --git a/t/t.litmus b/t/u.litmus
similarity index 100%
rename from t/t.litmus
rename to t/u.litmus
"""


@pytest.mark.parametrize(
    ("diff", "answer"),
    [
        (_RENAMED + _INCLUDED, "Sometimes"),
        (_PURE + _INCLUDED, "Never"),  # as it was, under another name
        (_PURE.replace("rename", "copy"), "Never"),
        (_ADDED, "Never"),  # nobody includes it
        (_ADDED + _DELETED + _INCLUDED.replace("order.h", "new.h"), "Sometimes"),
        (_ADDED.split("\n", 2)[2] + _INCLUDED.replace("order.h", "new.h"), "Sometimes"),
        (_TEST, "Never"),
    ],
)
def test_a_patch_may_rename_add_and_remove_files(
    run: Run, tmp_path: Path, diff: str, answer: str
) -> None:
    """A write barrier and a read barrier forbid it (memory-barriers.txt); without the former armv8
    reorders the stores."""
    (tmp_path / "t" / "lib").mkdir(parents=True)
    (tmp_path / "t" / "lib" / "wait.h").write_text(_HEADER)
    test, patch = tmp_path / "t" / "t.litmus", tmp_path / "p.diff"
    test.write_text(_INCLUDING)
    patch.write_text(f"Prose: rename from x\n\n{diff}")
    ran = run("whatif", test, "--model", "armv8", "--patch", patch)
    assert ran.out.startswith(answer), ran.err


@pytest.mark.parametrize(
    ("diff", "message"),
    [
        (_PURE, "lib/wait.h"),  # who includes it does not find it
        (_DELETED, "lib/wait.h"),
        (_PURE.replace("from t/lib/wait.h", "from t/lib/other.h"), "has no file t/lib/other.h"),
        (_PURE.replace("to t/lib/", "to t/elsewhere/"), "has no folder t/elsewhere"),
        (_PURE.replace("to t/lib/", "to t/../"), "which may be anywhere"),
        (_TEST.replace("rename to t/u.litmus\n", ""), "has no hunks"),
        ("--- a/t.litmus\n+++ /dev/null\n@@ -1 +0,0 @@\n-C including\n", "removes the test"),
    ],
)
def test_a_patch_of_files_that_does_not_fit(
    run: Run, tmp_path: Path, diff: str, message: str
) -> None:
    (tmp_path / "t" / "lib").mkdir(parents=True)
    (tmp_path / "t" / "lib" / "wait.h").write_text(_HEADER)
    test, patch = tmp_path / "t" / "t.litmus", tmp_path / "p.diff"
    test.write_text(_INCLUDING)
    patch.write_text(diff)
    ran = run("whatif", test, "--model", "armv8", "--patch", patch)
    assert ran.code == 2 and message in ran.err


def test_what_is_wrong_in_a_patched_file_is_told_of_the_file(run: Run, tmp_path: Path) -> None:
    diff = tmp_path / "wrong.diff"
    diff.write_text(
        DIFF.replace("-\tsmp_wmb();", " \tsmp_wmb();\n+\tsmp_wbm();").replace(",2", ",4")
    )
    ran = run("whatif", MP, "--model", "armv8", "--patch", diff)
    assert ran.code == 2
    assert ran.err.startswith(f"{MP}:11:2: error: ")
    assert "the patch has been applied to this file" in ran.err


def test_a_patch_may_name_a_copy(run: Run, tmp_path: Path) -> None:
    """As of ``diff -u FILE FILE.new``; ``patch`` takes the file that there is."""
    diff = tmp_path / "fix.diff"
    (new,) = (line for line in DIFF.splitlines() if line.startswith("+++ "))
    diff.write_text(DIFF.replace(new, f"{new}.new\t2026-11-26 11:47:58.8 +0000"))
    assert run("whatif", MP, "--model", "armv8", "--patch", diff).out.startswith("Sometimes")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--remove", "smp_wbm@P0"), "there is no site smp_wbm@P0"),
        (("--weaken", "READ_ONCE=plain"), "READ_ONCE: which one?"),
        (("--weaken", "smp_wmb"), "what shall it become?"),
        (("--weaken", "smp_wmb=smp_mb"), "weaken smp_wmb@P0 to smp_mb is not possible"),
        (("--remove", "smp_wmb", "--weaken", "smp_wmb=barrier"), "is to be changed twice"),
        (("--kind", "explode"), "no kind of change 'explode'"),
        (("--minimal", "--repair"), "one question at a time"),
        (("--insert", "smp_mb"), "where?"),
        (("--remove", ""), "names nothing"),
        (("--weaken", "smp_wmb=barrier,"), "names nothing"),
        (("--kind", ""), "no kind of change ''"),
        (("--remove", "smp_wmb", "--svg", "x.svg"), "--svg is for the matrix"),
        (("--remove", "smp_wmb", "--why"), "--why is for the matrix"),
        (("--minimal", "--site", "smp_wmb"), "--site is for the matrix"),
        (("--repair", "--kind", "remove"), "--kind is for the matrix"),
        (("--patch", MP, "--minimal"), "one question at a time"),
        (("--patch", MP, "--repair"), "one question at a time"),
        (("--lattice",), "--lattice is for --minimal"),
        (("--most", "10"), "--most is for --repair"),
    ],
)
def test_errors(run: Run, args: tuple[str, ...], message: str) -> None:
    ran = run("whatif", MP, "--model", "armv8", *args)
    assert ran.code == 2
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_the_python_interface() -> None:
    from ksmcheck import whatif
    from ksmcheck.program.change import Change

    asked = whatif("litmus/classic/MP/MP+wmb+rmb.litmus", ["tso", "armv8"])
    assert [v.observation for v in asked.ask(Change("smp_wmb", "remove"))] == ["Never", "Sometimes"]
    (least,) = asked.minimal()
    assert dict(least.kept) == {"smp_wmb@P0": "keep", "smp_rmb@P1": "keep"}
    assert [r.changes for r in asked.repairs()] == [()]


def test_python_says_what_the_command_says(run: Run, tmp_path: Path) -> None:
    """Stories, costs and patches."""
    from ksmcheck import whatif

    diff = tmp_path / "fix.diff"
    diff.write_text(DIFF)
    asked = whatif(MP, ["armv8"])
    patched = asked.patched(tmp_path / "copy", diff)
    (verdict,) = patched.ask()
    assert verdict.observation == "Sometimes"
    told = run("whatif", MP, "--model", "armv8", "--patch", diff).out
    assert f"why:   {patched.story(verdict)}\n" in told
    assert asked.story(asked.ask()[0]) is None
    costs = run("whatif", MP, "--model", "armv8", "--minimal", "--json").out
    assert [asked.cost(least) for least in asked.minimal()] == [objects(costs)[0]["cost"]]
    costs = run("whatif", patched.requests[0].path, "--model", "armv8", "--repair", "--json").out
    assert [patched.cost(r) for r in patched.repairs()] == [o["cost"] for o in objects(costs)]


@pytest.mark.parametrize("question", [("--minimal", "--lattice"), ("--repair", "--most", "3")])
def test_searches_on_workers_print_the_same(run: Run, question: tuple[str, ...]) -> None:
    models = ("--model", "armv8", "--model", "power", "--model", "alpha")
    file = MP if "--minimal" in question else "litmus/classic/MP/MP.litmus"
    one = run("whatif", file, *models, *question)
    two = run("whatif", file, *models, *question, "--jobs", "2")
    assert (one.code, one.out) == (two.code, two.out)
    assert "armv8 + power + alpha:" in one.out


def test_a_patch_of_a_header_that_only_defines_macros(run: Run, tmp_path: Path) -> None:
    """No node of the tree stands in it; it has to be there all the same, and can be changed. What
    is printed speaks of the user's files, not of the copies that were checked."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.h").write_text("#define WITH_BARRIER\n")
    test = folder / "mp.litmus"
    test.write_text(
        'C mp\n#include "config.h"\n{ }\nP0(int *x, int *y)\n{\n\tWRITE_ONCE(*x, 1);\n'
        "#ifdef WITH_BARRIER\n\tsmp_wmb();\n#endif\n\tWRITE_ONCE(*y, 1);\n}\n"
        "P1(int *x, int *y)\n{\n\tint a; int b;\n\ta = READ_ONCE(*y);\n\tsmp_rmb();\n"
        "\tb = READ_ONCE(*x);\n\tBUG_ON(a == 1 && b == 0);\n}\n"
    )
    diff = tmp_path / "fix.diff"
    diff.write_text(
        "--- a/config.h\n+++ b/config.h\n@@ -1 +1 @@\n-#define WITH_BARRIER\n+#define WITHOUT\n"
    )
    assert run("check", test, "--model", "armv8").code == 0
    ran = run("whatif", test, "--model", "armv8", "--patch", diff)
    assert ran.code == 1, ran.err
    assert ran.out.startswith(f"VIOLATED  mp  BUG_ON at {test}:18:2\n")
    ran = run("whatif", test, "--model", "armv8", "--patch", diff, "--json")
    found = json.loads(ran.out)
    assert found["file"] == str(test)
    assert {e.get("file") for e in found["execution"]["events"]} == {None, str(test)}
    assert "ksmcheck-" not in ran.out


def test_a_shown_execution_has_the_lines_of_the_changed_program(run: Run) -> None:
    cell = "WRITE_ONCE@P0#2:alpha"
    weakened = ("--site", "WRITE_ONCE@P0#2", "--kind", "weaken,strengthen", "--show", cell)
    ran = run("whatif", "litmus/classic/MP/MP.litmus", "--model", "alpha", *weakened)
    assert "MP.litmus:10  *y = 1;" in ran.out
    assert "MP.litmus:10  smp_store_mb(*y, 1);" in ran.out
    question = ("--weaken", "WRITE_ONCE@P0#2=plain", "--model", "alpha")
    assert ":10  *y = 1;" in run("whatif", "litmus/classic/MP/MP.litmus", *question).out


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("MP+wmb+rmb", "--minimal"),
        ("MP", "--repair"),
        # Safe as it is: nothing to keep, nothing to add.
        ("MP+mb+mb", "--repair"),
    ],
)
def test_costs_are_numbers_of_one_kind(run: Run, name: str, question: str) -> None:
    """A table may have 3 and 0.5; who reads the lines into typed columns wants one type."""
    path = f"litmus/classic/MP/{name}.litmus"
    ran = run("whatif", path, "--model", "armv8", "--model", "tso", question, "--json")
    costs = [json.loads(line)["cost"] for line in ran.out.splitlines()]
    assert costs and all(type(cost) is float for cost in costs)


@pytest.mark.parametrize("question", [["--minimal"], ["--repair"], ["--remove", "smp_wmb"], []])
def test_a_model_that_is_none_is_said_before_the_answer(run: Run, question: list[str]) -> None:
    """The name stood there as the heading of an answer, behind the answers of other models."""
    ran = run("whatif", MP, "--model", "sc", "--model", "powr", *question)
    assert (ran.code, ran.out) == (2, "")
    assert "no model 'powr'" in ran.err


@pytest.mark.parametrize("where", ["smp_mb", "smp_mb@", f"@{MP}:10", "smp_mb@:10", "smp_mb@x"])
def test_an_insertion_without_a_barrier_or_a_place(run: Run, where: str) -> None:
    ran = run("whatif", MP, "--model", "sc", "--insert", where)
    assert (ran.code, ran.out) == (2, "")
    assert f"--insert {where}: where?" in ran.err
