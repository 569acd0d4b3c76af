"""The files around a run: table, deviations, resume file, two runs compared."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from ksmcheck.batch.corpus.answer import Answer, Settings
from ksmcheck.batch.corpus.changes import Run as Runs
from ksmcheck.batch.corpus.changes import changes
from ksmcheck.batch.corpus.resume import open_resume
from ksmcheck.batch.corpus.states import listed_states, normal_form, normal_states
from ksmcheck.check import Checker, Request
from ksmcheck.report.states import states_text
from ksmcheck.text import InputError
from tests.corpus.small_corpus import TABLE, Run, changed, write_table


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("SB.litmus", "Never", "0", "")], "line 2 has 4 columns, not 5"),
        ([*TABLE, ("a", "Perhaps", "0", "", "")], "line 6: 'Perhaps' is no observation"),
        ([("a", "Never", "two", "", "")], "line 2: 'two' is no number of states"),
        ([("a", "Never", "3", "x=1; | x=2;", "")], "line 2: 3 states are announced, 2 listed"),
        ([("a", "Never", "1", "x 1;", "")], "line 2: 'x 1' is not place=value"),
        (
            [TABLE[0], ("./SB.litmus", "Never", *TABLE[0][2:])],
            "line 3: SB.litmus has another answer already",
        ),
        ([("../SB.litmus", *TABLE[0][1:])], "'../SB.litmus' is no path below the folder"),
        ([("/SB.litmus", *TABLE[0][1:])], "'/SB.litmus' is no path below the folder"),
        ([("", *TABLE[0][1:])], "'' is no path below the folder"),
        ([], "lists no tests"),
    ],
)
def test_a_malformed_table(run: Run, corpus: Path, rows: list[tuple[str, ...]], said: str) -> None:
    ran = run(corpus, "--expected", write_table(corpus, rows))
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_missing_files(run: Run, corpus: Path, tmp_path: Path) -> None:
    for args in (
        [tmp_path / "nowhere"],
        [corpus, "--expected", tmp_path / "nowhere.tsv"],
        [corpus, "--deviations", tmp_path / "nowhere.toml"],
        [corpus, "--resume", tmp_path / "tests"],
        [corpus, "--resume", tmp_path / "no/such/run.jsonl"],
        [corpus, "--resume", "/dev/null"],
        [corpus, "--json", tmp_path / "no/such/place.json"],
        [corpus, "--json", tmp_path / "tests"],
        [corpus, "--json", tmp_path / "same", "--resume", tmp_path / "same"],
        [corpus / "SB.litmus"],
        ["--compare", tmp_path / "a.json", tmp_path / "b.json"],
        [],
    ):
        ran = run(*args)
        assert ran.code == 2, args
        assert "Error" in ran.err or "error: " in ran.err
        assert "internal" not in ran.err
        assert not ran.out, "said before the first test runs"


def test_a_missing_folder_is_named(run: Run, corpus: Path, tmp_path: Path) -> None:
    for option in ("--json", "--resume"):
        ran = run(corpus, option, tmp_path / "no/such/file")
        assert ran.code == 2
        assert f"there is no folder {tmp_path}/no/such\n" in ran.err
    assert not (tmp_path / "no").exists()


def test_json_leaves_links_and_devices_in_place(run: Run, corpus: Path, tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    link.symlink_to(real)
    assert run(corpus, "--json", link).code == 0
    assert link.is_symlink()
    assert json.loads(real.read_text())["summary"]["tests"] == 4
    null = tmp_path / "null"
    null.symlink_to("/dev/null")
    assert run(corpus, "--json", null).code == 0
    assert null.is_char_device()


def test_a_table_without_a_heading(run: Run, corpus: Path) -> None:
    """Its first line is a test like the others."""
    table = corpus / "expected.tsv"
    heading, *rows = table.read_text().splitlines()
    assert heading.startswith("file\t")
    table.write_text("\n".join(rows))
    assert run(corpus, "--expected", table).last.startswith("4 tests: 4 agree")
    table.write_text("\n".join((*rows, heading)))
    ran = run(corpus, "--expected", table)
    assert ran.code == 2 and "line 5: " in ran.err


def test_a_table_as_a_spreadsheet_saves_it(run: Run, corpus: Path) -> None:
    """With a byte order mark and the line ends of Windows, and tests named by detours."""
    table = corpus / "expected.tsv"
    text = table.read_text().replace("SB.litmus", "./SB.litmus").replace("deep/", "deep//")
    table.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    ran = run(corpus, "--expected", table, "--json", "-")
    assert ran.code == 0
    assert [t["file"] for t in json.loads(ran.out)["tests"]] == [row[0] for row in TABLE]


def test_the_same_row_twice_is_one_test(run: Run, corpus: Path) -> None:
    again = ("./deep/../SB.litmus", *TABLE[0][1:])
    ran = run(corpus, "--expected", write_table(corpus, [*TABLE, again]))
    assert (ran.code, ran.last[:7]) == (0, "4 tests")


def test_states_have_one_form() -> None:
    ours = "1:r0=&x; x=0x10; a[1]=-1; p=&s.b + 4;"
    theirs = "[a[1]]=-1; [p]=s.b+4; [x]=16; 1:r0=x;"
    assert normal_form(ours) == normal_form(theirs) == "1:r0=x; a[1]=-1; p=s.b+4; x=16"
    assert normal_form("P1:r0=+1; x=007; x=7; z=-0x1") == "1:r0=1; x=7; z=-1"
    assert normal_form("~Fault(P0:L0, x); 0:X1=0") == "0:X1=0; ~Fault(P0:L0,x)"
    assert listed_states(" 0:r0=1; [x]=2; | x=2; 0:r0=1;") == {"0:r0=1; x=2"}


DEVIATION = """[[deviation]]
id = "made-up"
reason = "the table was changed"
source = "this test"
tests = ["SB.litmus"]
"""


SMALL = """C small
short s; unsigned short u; long l;
{ }
P0(void) { WRITE_ONCE(s, -1); WRITE_ONCE(u, -1); WRITE_ONCE(l, -1); }
exists (s=1 /\\ u=1 /\\ l=1)
"""


def test_numbers_are_those_of_their_types(tmp_path: Path) -> None:
    """-1 of 16 bits is 65535 where it has no sign."""
    path = tmp_path / "small.litmus"
    path.write_text(SMALL)
    assert normal_states(Checker().states(Request(path))) == ("l=-1; s=-1; u=65535",)


BESIDE = """C beside
{ h=l1; g=l1; }
P0(int *h) { int r1 = atomic_add_return_relaxed(1, h); int r2 = READ_ONCE(*g) - 1; }
exists (0:r1=0 /\\ 0:r2=0 /\\ h=0)
"""


def test_an_address_beside_a_location_is_printed_as_herd7_does(tmp_path: Path) -> None:
    """herd7 7.58: ``0:r1=l1+1; 0:r2=l1+-1; [h]=l1+1;``."""
    path = tmp_path / "beside.litmus"
    path.write_text(BESIDE.replace("int *h", "int *h, int *g"))
    observed = Checker().states(Request(path))
    assert normal_states(observed) == ("0:r1=l1+1; 0:r2=l1+-1; h=l1+1",)
    assert "0:r1=l1+1; 0:r2=l1+-1; [h]=l1+1;" in states_text(observed)


def test_a_listed_deviation_is_no_disagreement(run: Run, corpus: Path, tmp_path: Path) -> None:
    table = write_table(corpus, changed("SB.litmus", observation="Never"))
    listed = tmp_path / "known.toml"
    for tests in ("SB.litmus", "tests/SB.litmus", "SB"):
        listed.write_text(DEVIATION.replace("SB.litmus", tests))
        saved = tmp_path / "run.json"
        ran = run(corpus, "--expected", table, "--deviations", listed, "--json", saved)
        assert ran.code == 0
        # What is meant is counted as that, and among the disagreements no more.
        counted = json.loads(saved.read_text())["summary"]
        assert (counted["deviates"], counted["disagrees"]) == (1, 0)
        assert counted["differ_in"] == {"observation": 0, "states": 0, "flags": 0}
        assert "made-up: the table was changed (this test)" in ran.out
        assert "1 deviate as listed" in ran.last
    listed.write_text(DEVIATION + 'observation = "Always"\n')
    assert run(corpus, "--expected", table, "--deviations", listed).code == 1
    listed.write_text(DEVIATION.replace("SB.litmus", "other/SB.litmus"))
    assert run(corpus, "--expected", table, "--deviations", listed).code == 1


def test_a_deviation_that_is_none_is_said(run: Run, corpus: Path, tmp_path: Path) -> None:
    listed = tmp_path / "known.toml"
    listed.write_text(DEVIATION)
    ran = run(corpus, "--expected", corpus / "expected.tsv", "--deviations", listed)
    assert ran.code == 0
    assert "listed as deviation made-up, but agrees: SB.litmus" in ran.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (DEVIATION + 'observation = "never"\n', "'never' is no observation"),
        (DEVIATION.replace("reason", "cause"), "deviation 1 has no reason"),
        (DEVIATION + "why = 1\n", "'why' is unknown"),
        (DEVIATION + DEVIATION, "SB.litmus is under made-up and made-up"),
        (DEVIATION.replace('["SB.litmus"]', '"SB.litmus"'), "tests is a list"),
        ("deviation = 1\n", "only [[deviation]] tables"),
        ("[[deviation]\n", "known.toml"),
    ],
)
def test_malformed_deviations(run: Run, corpus: Path, tmp_path: Path, text: str, said: str) -> None:
    listed = tmp_path / "known.toml"
    listed.write_text(text)
    ran = run(corpus, "--deviations", listed)
    assert ran.code == 2
    assert said in ran.err


def resumed(run: Run, corpus: Path, log: Path, *more: str) -> list[str]:
    """Runs with a resume file; the tests that were answered anew."""
    before = log.read_bytes().count(b'"file"') if log.exists() else 0
    ran = run(corpus, "--expected", corpus / "expected.tsv", "--resume", log, *more)
    assert ran.code == 0, ran.err
    assert ran.last.startswith("4 tests: 4 agree")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [line["file"] for line in lines[1:]][before:]


def test_a_run_goes_on_where_it_was(run: Run, corpus: Path, tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    assert len(resumed(run, corpus, log)) == 4
    assert resumed(run, corpus, log) == []
    text = (corpus / "SB.litmus").read_text()
    (corpus / "SB.litmus").write_text(text + "\n")
    assert resumed(run, corpus, log) == ["SB.litmus"]


def test_states_that_a_table_has_now_are_looked_for(run: Run, corpus: Path, tmp_path: Path) -> None:
    """What was answered while it had the observation alone says nothing of them."""
    log = tmp_path / "run.jsonl"
    for row in (changed("SB.litmus", states="", final_states=""), changed("SB.litmus")):
        table = write_table(corpus, row)
        assert run(corpus, "--expected", table, "--resume", log).code == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()[1:]]
    assert [line["states"] is None for line in lines if line["file"] == "SB.litmus"] == [
        True,
        False,
    ]
    assert len(lines) == 5


def test_a_run_cut_off_anywhere_goes_on(run: Run, corpus: Path, tmp_path: Path) -> None:
    """At every length of the file: the answers of whole lines stay, the rest runs again."""
    log = tmp_path / "run.jsonl"
    resumed(run, corpus, log)
    whole = log.read_bytes()
    order = [json.loads(line)["file"] for line in whole.splitlines()[1:]]
    for length in range(0, len(whole), 29):
        log.write_bytes(whole[:length])
        kept = max(0, whole[:length].count(b"\n") - 1)
        found = run(corpus, "--expected", corpus / "expected.tsv", "--resume", log)
        assert found.code == 0, found.err
        lines = log.read_bytes().splitlines()
        assert lines[: kept + 1] == whole.splitlines()[: kept + 1]
        assert [json.loads(line)["file"] for line in lines[1:]] == order


def test_a_damaged_line_runs_again(run: Run, corpus: Path, tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    resumed(run, corpus, log)
    lines = log.read_text().splitlines()
    lines[2] = lines[2][:40]
    log.write_text("\n".join(lines) + "\n")
    ran = run(corpus, "--expected", corpus / "expected.tsv", "--resume", log)
    assert ran.code == 0
    assert len(log.read_text().splitlines()) == 6


def test_a_resume_file_of_another_run_is_refused(run: Run, corpus: Path, tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    resumed(run, corpus, log)
    ran = run(corpus, "--resume", log, "--model", "tso")
    assert ran.code == 2
    assert "other settings (mode, model)" in ran.err
    # Another version may answer otherwise.
    head, rest = log.read_text().split("\n", 1)
    log.write_text(json.dumps(json.loads(head) | {"ksmcheck": "0.0.1"}) + "\n" + rest)
    ran = run(corpus, "--expected", corpus / "expected.tsv", "--resume", log)
    assert ran.code == 2
    assert "other settings (version 0.0.1)" in ran.err
    mine = tmp_path / "mine.txt"
    for text in ("my notes\n", "my notes"):
        mine.write_text(text)
        ran = run(corpus, "--resume", mine)
        assert (ran.code, mine.read_text()) == (2, text)


def test_a_resume_file_has_each_answer_at_once_and_one_run(tmp_path: Path) -> None:
    """A run that is killed loses what it is about, and nothing before; two that write into one file
    would lose each other's."""
    log, settings = tmp_path / "run.jsonl", Settings()
    with closing(open_resume(log, settings, "1")) as resume:
        for number in range(3):
            resume.add(Answer(f"{number}.litmus", "C", "lkmm", "digest", "answered", "Never"))
            lines = log.read_text().splitlines()
            assert [json.loads(line)["file"] for line in lines[1:]] == [
                f"{before}.litmus" for before in range(number + 1)
            ]
        with pytest.raises(InputError, match="in use by another run"):
            open_resume(log, settings, "1")
    with closing(open_resume(log, settings, "1")) as resume:
        assert len(resume.done) == 3


def test_two_runs_compared(run: Run, corpus: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    run(corpus, "--mode", "states", "--json", old)
    assert run("--compare", old, old).code == 0
    text = (corpus / "SB.litmus").read_text()
    (corpus / "SB.litmus").write_text(
        text.replace("WRITE_ONCE(*x, 1);", "WRITE_ONCE(*x, 1); smp_mb();")
    )
    (corpus / "race.litmus").unlink()
    run(corpus, "--mode", "states", "--model", "sc", "--json", new)
    ran = run("--compare", old, new)
    assert ran.code == 1
    assert "observation: Sometimes -> Never" in ran.out
    assert "state gone: 0:r0=0; 1:r0=0" in ran.out
    assert "only in the old run: race.litmus" in ran.out
    assert "3 tests in both runs, 1 answered otherwise" in ran.last
    new.write_text('{"tests": [1]}')
    assert run("--compare", old, new).code == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[]", "it holds something else"),
        (b"1", "it holds something else"),
        (b'{"tests": [1]}', "it holds something else"),
        (b'{"tests": {}}', "'settings' is missing"),
        (b'{"settings": {}}', "'tests' is missing"),
        (b'{"tests": [],\n}', "line 2, column 1 is no JSON"),
        (b"", "line 1, column 1 is no JSON"),
        (b"\xff\xfe", "it is not text in UTF-8"),
    ],
)
def test_what_is_no_run_is_said_so(
    run: Run, corpus: Path, tmp_path: Path, text: bytes, said: str
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    run(corpus, "--json", old)
    new.write_bytes(text)
    ran = run("--compare", old, new)
    assert ran.code == 2
    assert f"error: {new} is not a run's JSON: {said}\n" in ran.err


def test_what_is_expected_otherwise_is_a_change(run: Run, corpus: Path, tmp_path: Path) -> None:
    """The same answers beside another table: one that agreed disagrees now."""
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    run(corpus, "--expected", corpus / "expected.tsv", "--json", old)
    table = write_table(corpus, changed("SB.litmus", observation="Never"))
    run(corpus, "--expected", table, "--json", new)
    ran = run("--compare", old, new)
    assert ran.code == 1
    assert "SB.litmus\n  outcome: agrees -> disagrees\n" in ran.out
    for more, fewer in ((old, new), (new, old)):
        found = json.loads(more.read_text())
        whole = found["tests"]
        fewer.write_text(json.dumps(found | {"tests": whole[1:]}))
        ran = run("--compare", old, new)
        where = "old" if more == old else "new"
        assert (ran.code, ran.out.splitlines()[0]) == (
            1,
            f"only in the {where} run: {whole[0]['file']}",
        )
        fewer.write_text(more.read_text())


def test_a_flag_that_is_gone_is_a_change(run: Run, corpus: Path, tmp_path: Path) -> None:
    """Whatever was expected: with the states as they were, it is all that tells."""
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    run(corpus, "--mode", "states", "--json", old)
    found = json.loads(old.read_text())
    (race,) = (t for t in found["tests"] if t["flags"])
    race["flags"] = []
    new.write_text(json.dumps(found))
    ran = run("--compare", old, new)
    assert (ran.code, ran.out.splitlines()[:2]) == (1, ["race.litmus", "  flag gone: data-race"])
    assert "flag new: data-race" in run("--compare", new, old).out


def test_times_are_of_what_was_answered_and_moved_by_half() -> None:
    """A test that times out in one of the runs would be the slowest of all, and tell nothing. A
    clock's noise is no change: 40 % more, or twice as much of next to nothing."""

    def one(cpu: float, status: str = "answered") -> tuple[Answer, str]:
        outcome = "agrees" if status == "answered" else status
        return Answer("", "C", "lkmm", "", status, cpu=cpu), outcome

    old = {"same": one(0.1), "slow": one(0.1), "fast": one(0.3), "tiny": one(0.01), "late": one(1)}
    new = {"same": one(0.14), "slow": one(0.3), "fast": one(0.1), "tiny": one(0.02)}
    found = changes(Runs(old, {}), Runs(new | {"late": one(9, "timeout")}, {}))
    assert found.slower == (("slow", 0.1, 0.3),)
    assert found.faster == (("fast", 0.3, 0.1),)
    assert found.totals == pytest.approx((0.51, 0.56))
    assert (found.common, [change.file for change in found.answers]) == (5, ["late"])


def test_a_comparison_says_what_it_cannot_compare(run: Run, corpus: Path, tmp_path: Path) -> None:
    states, verdicts = tmp_path / "states.json", tmp_path / "verdicts.json"
    run(corpus, "--mode", "states", "--json", states)
    run(corpus, "--mode", "verdict", "--json", verdicts)
    assert "settings" not in run("--compare", states, states).out
    ran = run("--compare", states, verdicts)
    assert "other settings: mode: states -> verdict" in ran.out
    assert "states and flags are not compared" in ran.out
    run(corpus, "--mode", "states", "--json", verdicts, "--solver", "z3")
    ran = run("--compare", states, verdicts)
    assert (ran.code, "other settings: solver: cadical -> z3" in ran.out) == (0, True)


def test_nothing_is_run_beside_a_comparison(run: Run, corpus: Path, tmp_path: Path) -> None:
    saved = tmp_path / "run.json"
    run(corpus, "--json", saved)
    for more in ([corpus], ["--full"], ["-j2"], ["--expected", corpus / "expected.tsv"]):
        ran = run("--compare", saved, saved, *more)
        assert (ran.code, ran.out) == (2, "")
        assert "with --compare OLD NEW" in ran.err
