"""``make conformance``: the families of a corpus, one table, the gravest exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.__main__ import main
from tests.conformance.families import families

SB = """C SB
(*
 * Result: {result}
 *)
{{}}
P0(int *x, int *y) {{ int r0; WRITE_ONCE(*x, 1); r0 = READ_ONCE(*y); }}
P1(int *x, int *y) {{ int r0; WRITE_ONCE(*y, 1); r0 = READ_ONCE(*x); }}
exists (0:r0=0 /\\ 1:r0=0)
"""
STATES = "0:r0=0; 1:r0=0; | 0:r0=0; 1:r0=1; | 0:r0=1; 1:r0=0; | 0:r0=1; 1:r0=1;"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A family with a table, one that goes by comments, and a folder that is neither."""
    for name in ("made-up", "hard", "notes"):
        (tmp_path / "corpus" / name).mkdir(parents=True)
        path = tmp_path / "corpus" / name / "SB.litmus"
        path.write_text(SB.format(result="Sometimes"))
    table = f"file\tobservation\tstates\tfinal_states\tflags\nSB.litmus\tSometimes\t4\t{STATES}\t\n"
    (tmp_path / "corpus" / "made-up" / "expected.tsv").write_text(table)
    return tmp_path / "corpus"


def test_families(corpus: Path) -> None:
    assert [f.name for f in families(corpus)] == ["made-up", "hard"]
    assert families(corpus)[0].files == ("SB.litmus",)
    assert [f.name for f in families(corpus / "made-up")] == ["made-up"]
    assert families(corpus / "notes") == ()


def test_all_agree(corpus: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(corpus), "--json", str(tmp_path / "out")]) == 0
    table = capfd.readouterr().out.splitlines()[-2:]
    assert [line.split()[:4] for line in table] == [
        ["made-up", "1", "1", "0"],
        ["hard", "1", "1", "0"],
    ]
    assert json.loads((tmp_path / "out" / "made-up.json").read_text())["summary"]["agrees"] == 1


def test_the_gravest_counts(corpus: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (corpus / "hard" / "SB.litmus").write_text(SB.format(result="Never"))
    assert main([str(corpus)]) == 1
    (corpus / "made-up" / "SB.litmus").write_text("C SB\n")
    assert main([str(corpus)]) == 2
    assert main([str(corpus / "notes")]) == 2
    assert "no folder with an expected.tsv" in capfd.readouterr().err


def test_the_listed_deviations_are_well_formed() -> None:
    from ksmcheck.batch.corpus.deviations import DEVIATIONS, read_deviations
    from ksmcheck.store.paths import models_dir

    assert 1 <= len(read_deviations(models_dir() / DEVIATIONS).all) <= 5
