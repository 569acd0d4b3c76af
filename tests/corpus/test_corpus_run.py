"""``ksmcheck corpus``: what agrees, what does not, and what has no answer."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ksmcheck.check.verdict import Observed, Request
from tests.corpus.small_corpus import FOUR, TABLE, THREE, Run, changed, deadly_work, write_table


def test_all_agree(run: Run, corpus: Path) -> None:
    ran = run(corpus, "--expected", corpus / "expected.tsv")
    assert ran.code == 0, ran.out
    assert ran.last.startswith("4 tests: 4 agree, 0 disagree;")


def test_only_listed_tests_run(run: Run, corpus: Path) -> None:
    (corpus / "broken.litmus").write_text("C broken\n")
    ran = run(corpus, "--expected", write_table(corpus, TABLE[:2]))
    assert (ran.code, ran.last[:7]) == (0, "2 tests")


def test_files_that_the_table_does_not_list_are_counted(run: Run, corpus: Path) -> None:
    """A table of other tests, or one that is not up to date, would pass unseen."""
    assert "listed" not in run(corpus, "--expected", corpus / "expected.tsv").last
    some = run(corpus, "--expected", write_table(corpus, TABLE[:2]), "--json", corpus / "o.json")
    assert "2 tests: 2 agree, 0 disagree, 2 files not listed;" in some.last
    assert json.loads((corpus / "o.json").read_text())["summary"]["not_listed"] == 2
    assert "listed" not in run(corpus).last


def test_workers_find_the_same(run: Run, corpus: Path) -> None:
    ran = run(corpus, "--expected", corpus / "expected.tsv", "-j2")
    assert ran.code == 0, ran.out
    assert ran.last.startswith("4 tests: 4 agree")


def test_the_test_that_kills_its_worker_is_found(
    run: Run, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ksmcheck.batch.corpus.workers._work", deadly_work)
    ran = run(corpus, "--expected", corpus / "expected.tsv", "-j2")
    assert ran.code == 3
    assert "3 agree, 0 disagree, 1 failed in ksmcheck" in ran.last
    assert "the worker process died" in ran.out


def test_a_wrong_observation(run: Run, corpus: Path) -> None:
    table = write_table(corpus, changed("SB.litmus", observation="Never"))
    ran = run(corpus, "--expected", table)
    assert ran.code == 1
    assert "SB.litmus  Sometimes, expected Never  -       -" in ran.out
    assert "1 disagree (observation 1)" in ran.last


def test_missing_and_extra_states(run: Run, corpus: Path) -> None:
    more = write_table(corpus, changed("deep/SB+mbs.litmus", states="4", final_states=FOUR))
    ran = run(corpus, "--expected", more)
    assert ran.code == 1
    assert "missing  0:r0=0; 1:r0=0" in ran.out
    assert "1 missing, 0 extra" in ran.out
    fewer = write_table(corpus, changed("SB.litmus", states="3", final_states=THREE))
    ran = run(corpus, "--expected", fewer)
    assert "extra    0:r0=0; 1:r0=0" in ran.out
    assert "1 disagree (states 1)" in ran.last


def test_missing_and_extra_flags(run: Run, corpus: Path) -> None:
    ran = run(corpus, "--expected", write_table(corpus, changed("race.litmus", flags="")))
    assert (ran.code, "extra data-race" in ran.out) == (1, True)
    ran = run(corpus, "--expected", write_table(corpus, changed("SB.litmus", flags="data-race")))
    assert (ran.code, "no data-race" in ran.out) == (1, True)
    assert "1 disagree (flags 1)" in ran.last


@pytest.mark.parametrize("count", [6, 7, 9])
def test_of_many_states_it_says_how_many_more(run: Run, tmp_path: Path, count: int) -> None:
    """Six are enough to see what is wrong."""
    stores = " ".join(f"if (r0 == {n}) WRITE_ONCE(*x, {n});" for n in range(count + 1))
    choices = "".join(f"P{n}(int *y) {{ WRITE_ONCE(*y, {n}); }}\n" for n in range(1, count + 1))
    (tmp_path / "t.litmus").write_text(
        f"C t\n{{}}\nP0(int *x, int *y) {{ int r0 = READ_ONCE(*y); {stores} }}\n{choices}"
        "exists (x=1)\n"
    )
    table = write_table(tmp_path, [("t.litmus", "Sometimes", "1", "x=0;", "")])
    shown, whole = (run(tmp_path, "--expected", table, *more) for more in ((), ("--full",)))
    listed = [x for x in shown.out.splitlines() if x.startswith("    extra    x=")]
    assert len(listed) == 6
    left = f"    extra    ... {count - 6} more\n"
    assert (left in shown.out) == (count > 6)
    assert whole.out.count("    extra    x=") == count
    assert shown.code == whole.code == 1


def test_verdict_mode_compares_the_observation_alone(run: Run, corpus: Path) -> None:
    table = write_table(corpus, changed("SB.litmus", states="3", final_states=THREE))
    assert run(corpus, "--expected", table, "--mode", "verdict").code == 0
    table = write_table(corpus, changed("SB.litmus", observation="Always"))
    assert run(corpus, "--expected", table, "--mode", "verdict").code == 1


def test_a_table_may_have_the_observation_alone(run: Run, corpus: Path) -> None:
    """Then no states are looked for, unless they are asked for by name; nor is the race flagged."""
    word = changed("SB.litmus", states="", final_states="")
    for mode, states in (((), None), (("--mode", "states"), 4)):
        ran = run(corpus, "--expected", write_table(corpus, word), "--json", "-", *mode)
        assert ran.code == 0
        first, second, *_ = json.loads(ran.out)["tests"]
        assert (first["outcome"], second["outcome"]) == ("agrees", "agrees")
        assert first["states"] is None if states is None else len(first["states"]) == states
        assert second["states"] is not None
        assert first["expected"] == {"observation": "Sometimes", "states": None, "flags": None}
    wrong = changed("SB.litmus", observation="Never", states="", final_states="")
    assert run(corpus, "--expected", write_table(corpus, wrong)).code == 1
    half = changed("SB.litmus", states="", final_states="x=1;")
    assert "'' is no number of states" in run(corpus, "--expected", write_table(corpus, half)).err


def test_result_comments_are_the_expectation_without_a_table(run: Run, corpus: Path) -> None:
    ran = run(corpus)
    assert ran.code == 0
    assert ran.last.startswith("4 tests: 2 agree, 0 disagree, 2 without expectation")
    text = (corpus / "SB.litmus").read_text()
    (corpus / "SB.litmus").write_text(text.replace("Result: Sometimes", "Result: Always"))
    assert run(corpus).code == 1


def test_a_dead_lock_may_be_what_is_announced(run: Run, tmp_path: Path) -> None:
    """Whoever comes second waits for ever: no execution, and so none that is asked for."""
    text = (
        "C deadlock\n(* Result: DEADLOCK *)\n{{}}\nP0(spinlock_t *l) {{ spin_lock(l); {0} }}\n"
        "P1(spinlock_t *l) {{ spin_lock(l); {0} }}\nexists (true)\n"
    )
    path = tmp_path / "deadlock.litmus"
    path.write_text(text.format(""))
    assert run(tmp_path).last.startswith("1 test: 1 agree")
    path.write_text(text.format("spin_unlock(l);"))
    ran = run(tmp_path)
    assert ran.code == 1 and "Always, expected Never" in ran.out


def test_the_model_may_be_chosen(run: Run, corpus: Path) -> None:
    """Without fences, SC still forbids both zeros."""
    ran = run(corpus, "--model", "sc")
    assert ran.code == 1
    assert "SB.litmus  Never, expected Sometimes" in ran.out


def test_one_bad_test_does_not_end_the_run(run: Run, corpus: Path) -> None:
    (corpus / "deep/bad.litmus").write_text("C bad\n{}\nP0(int *x) { smp_nonsense(x); }\n")
    (corpus / "deep/mips.litmus").write_text("MIPS one\n{}\n P0 ;\n nop ;\n")
    rows = [*TABLE, *((f"deep/{n}.litmus", "Never", "0", "", "") for n in ("bad", "mips", "gone"))]
    ran = run(corpus, "--expected", write_table(corpus, rows))
    assert ran.code == 2
    assert "4 agree, 0 disagree, 3 unsupported" in ran.last
    assert f"    {corpus}/deep/bad.litmus:3:14\n" in ran.out
    assert "no model for tests in MIPS" in ran.out
    assert "cannot read" in ran.out


def test_what_is_no_file_is_no_test_or_unsupported(run: Run, corpus: Path) -> None:
    """To open a pipe that nobody writes to would wait for ever."""
    os.mkfifo(corpus / "pipe.litmus")
    (corpus / "nowhere.litmus").symlink_to("gone")
    (corpus / "folder.litmus").mkdir()
    for jobs in ("-j1", "-j2"):
        ran = run(corpus, jobs)
        assert ran.code == 2
        assert "pipe.litmus: this is no regular file" in ran.out
        assert "nowhere.litmus: No such file" in ran.out
        assert ran.last.startswith("6 tests: 2 agree, 0 disagree, 2 without expectation, 2 unsupp")
    ran = run(corpus, "--expected", write_table(corpus, [("pipe.litmus", "Never", "0", "", "")]))
    assert (ran.code, "no regular file" in ran.out) == (2, True)


def test_a_test_of_blanks_is_soon_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "lines.litmus").write_text("\n" * 200_000)
    (tmp_path / "blanks.litmus").write_text(" " * 200_000)
    assert "2 unsupported" in run(tmp_path).last


def test_a_bug_of_ours_is_counted_and_shown(
    run: Run, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ksmcheck.check.check import Checker

    good = Checker.states

    def bad(self: Checker, request: Request, *, listed: bool = True) -> Observed:
        if request.path.name == "SB.litmus":
            raise ZeroDivisionError("made up")
        return good(self, request, listed=listed)

    monkeypatch.setattr(Checker, "states", bad)
    saved, kept = tmp_path / "run.json", tmp_path / "kept.jsonl"
    asked = (corpus, "--expected", corpus / "expected.tsv", "--resume", kept)
    ran = run(*asked, "--json", saved)
    assert ran.code == 3
    assert "3 agree, 0 disagree, 1 failed in ksmcheck" in ran.last
    tests = {t["file"]: t for t in json.loads(saved.read_text())["tests"]}
    assert "ZeroDivisionError: made up" in tests["SB.litmus"]["detail"]
    # It is no answer to go on with: where the bug is gone the test is asked about again.
    monkeypatch.setattr(Checker, "states", good)
    ran = run(*asked)
    assert (ran.code, ran.last.partition(";")[0]) == (0, "4 tests: 4 agree, 0 disagree")


def test_a_test_that_hangs_is_stopped(
    run: Run, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ksmcheck.check.check import Checker

    good = Checker.states

    def slow(self: Checker, request: Request, *, listed: bool = True) -> Observed:
        while request.path.name == "SB.litmus":
            pass
        return good(self, request, listed=listed)

    monkeypatch.setattr(Checker, "states", slow)
    ran = run(corpus, "--expected", corpus / "expected.tsv", "--timeout", "2")
    assert ran.code == 4
    assert "3 agree, 0 disagree, 1 timed out" in ran.last


def test_a_reachable_bound_is_no_answer(run: Run, corpus: Path) -> None:
    loop = "int r0; do { r0 = atomic_inc_return(x); } while (r0 < 100);"
    (corpus / "loop.litmus").write_text(
        f"C loop\n(* Result: Never *)\n{{}}\nP0(atomic_t *x) {{ {loop} }}\nexists (0:r0=3)\n"
    )
    ran = run(corpus)
    assert ran.code == 4
    assert "unrolling bound can be reached" in ran.out


def test_loops_are_unrolled_as_far_as_it_takes(run: Run, corpus: Path) -> None:
    """Five rounds, more than loops are unrolled at first."""
    loop = "int r0; do { r0 = atomic_inc_return(x); } while (r0 < 5);"
    (corpus / "loop.litmus").write_text(
        f"C loop\n(* Result: Always *)\n{{}}\nP0(atomic_t *x) {{ {loop} }}\nexists (0:r0=5)\n"
    )
    assert run(corpus, "--mode", "states").code == 0


def test_rounds_and_the_kernel_point_are_those_asked_for(run: Run, tmp_path: Path) -> None:
    """Three rounds are not enough for five; and smp_read_barrier_depends went away with 5.9."""
    loop = "int r0; do { r0 = atomic_inc_return(x); } while (r0 < 5);"
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{{}}\nP0(atomic_t *x) {{ {loop} }}\nexists (0:r0=5)\n")
    assert run(tmp_path).code == 0
    assert run(tmp_path, "--unroll", "5").code == 0
    assert run(tmp_path, "--unroll", "3").code == 4
    path.write_text("C t\n{}\nP0(int *x) { smp_read_barrier_depends(); }\nexists (x=0)\n")
    assert run(tmp_path, "--kernel", "3.9").code == 0
    assert run(tmp_path).code == run(tmp_path, "--kernel", "6.12").code == 2


def test_json_holds_everything(run: Run, corpus: Path) -> None:
    table = write_table(corpus, changed("SB.litmus", states="3", final_states=THREE))
    ran = run(corpus, "--expected", table, "--json", "-")
    found = json.loads(ran.out)
    assert found["settings"]["mode"] == "table"
    assert found["summary"]["differ_in"] == {"observation": 0, "states": 1, "flags": 0}
    first = found["tests"][0]
    assert (first["file"], first["kind"], first["model"]) == ("SB.litmus", "C", "lkmm")
    assert first["outcome"] == "disagrees"
    assert first["difference"]["extra"] == ["0:r0=0; 1:r0=0"]
    assert found["tests"][2]["states"] == ["1:r0=a; 1:r1=0", "1:r0=b; 1:r1=1"]
    assert found["tests"][3]["flags"] == ["data-race"]


RACE = """C race
(* Result: {result} *)
{{}}
P0(int *x) {{ *x = {stored}; }}
P1(int *x) {{ int r1 = READ_ONCE(*x); }}
exists (~1:r1=0)
"""


def test_any_outcome_is_right_where_a_data_race_was_announced(run: Run, tmp_path: Path) -> None:
    """As the kernel's judgelitmus.sh has it; the race itself has to be there."""
    file = tmp_path / "race.litmus"
    for stored in (0, 1):
        file.write_text(RACE.format(result="Sometimes DATARACE", stored=stored))
        ran = run(tmp_path, "--mode", "states")
        assert ran.code == 0
        assert "1 agree, 0 disagree" in ran.last
    # Without flags there is nothing to compare.
    assert "0 agree" in run(tmp_path).last
    marked = RACE.format(result="Never DATARACE", stored=0).replace("*x = 0", "WRITE_ONCE(*x, 0)")
    file.write_text(marked)
    assert run(tmp_path, "--mode", "states").code == 1


def test_an_answer_of_before_hangs_on_all_that_it_hung_on(run: Run, tmp_path: Path) -> None:
    """A header and a model that have changed are asked about again."""
    folder, kept = tmp_path / "tests", tmp_path / "kept.jsonl"
    folder.mkdir()
    (folder / "value.h").write_text("#define VALUE 1\n")
    (folder / "t.litmus").write_text(
        'C t\n#include "value.h"\n{ int x = 0; }\nP0(int *x) { WRITE_ONCE(*x, VALUE); }\n'
        "P1(int *x) { int r0 = READ_ONCE(*x); }\nexists (x=1 /\\ 1:r0=0)\n"
    )
    model = tmp_path / "model.cat"
    model.write_text('"m"\nacyclic po-loc | rf | co | fr as coherence\n')

    def observed() -> str:
        saved = tmp_path / "run.json"
        args = ("--model", model, "--resume", kept, "--json", saved)
        assert run(folder, *args).code == 0
        return str(json.loads(saved.read_text(encoding="utf-8"))["tests"][0]["observation"])

    assert observed() == "Sometimes"
    (folder / "value.h").write_text("#define VALUE 2\n")
    assert observed() == "Never"
    (folder / "value.h").write_text("#define VALUE 1\n")
    assert observed() == "Sometimes"
    model.write_text('"m"\nempty rf & (IW * R) as never-at-first\n')
    assert observed() == "Never"


def test_what_may_hang_on_anything_is_asked_again(run: Run, tmp_path: Path) -> None:
    """Which header is included is not plain from the text where a macro names it."""
    folder, kept = tmp_path / "tests", tmp_path / "kept.jsonl"
    folder.mkdir()
    (folder / "t.litmus").write_text(
        'C t\n#define VALUES "value.h"\n#include VALUES\n{ int x = 0; }\n'
        "P0(int *x) { WRITE_ONCE(*x, VALUE); }\nexists (x=1)\n"
    )
    for value, observed in ((1, "1 disagree"), (2, "1 agree")):
        (folder / "value.h").write_text(f"#define VALUE {value}\n")
        (folder / "table.tsv").write_text("t.litmus\tNever\t1\tx=2;\t\n")
        ran = run(folder, "--expected", folder / "table.tsv", "--resume", kept)
        assert observed in ran.last


def test_a_test_without_an_answer_is_named_also_where_the_place_is_elsewhere(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the header's place was told, once for each test that includes it; of a bug of ours only
    the line of our code."""
    (tmp_path / "bad.h").write_text("static void f(int *x) { nonsense(x); }\n")
    for name in ("one", "two"):
        text = f'C {name}\n#include "bad.h"\n{{}}\nP0(int *x) {{ f(x); }}\nexists (x=0)\n'
        (tmp_path / f"{name}.litmus").write_text(text)
    ran = run(tmp_path)
    assert ran.code == 2
    for name in ("one", "two"):
        assert f"    {name}.litmus ({tmp_path / 'bad.h'}:1:25)\n" in ran.out

    def bad(*_: object, **__: object) -> Observed:
        raise ZeroDivisionError("made up")

    monkeypatch.setattr("ksmcheck.check.Checker.states", bad)
    ran = run(tmp_path)
    assert ran.code == 3
    assert "    one.litmus (test_corpus_run.py:" in ran.out


def test_a_model_that_is_none_is_one_error(run: Run, corpus: Path) -> None:
    """It was counted as 4 unsupported tests, and written to the resume file as their answers."""
    ran = run(corpus, "--model", "lkm", "--resume", corpus / "run.jsonl")
    assert (ran.code, ran.out) == (2, "")
    assert "no model 'lkm'" in ran.err
    assert "did you mean lkmm?" in ran.err
    assert not (corpus / "run.jsonl").exists()
