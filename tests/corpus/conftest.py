"""The small corpus as files, and the command run in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.cli import main
from tests.corpus.small_corpus import POINTER, RACE, SB, TABLE, Ran, Run, write_table


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("NO_COLOR", "1")

    def command(*args: str | Path) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(["corpus", *(str(a) for a in args)])
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Ran(end.value.code, said.out, said.err)

    return command


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The folder ``tests`` with the tests of TABLE, and the table beside them."""
    folder = tmp_path / "tests"
    (folder / "deep").mkdir(parents=True)
    (folder / "SB.litmus").write_text(SB.format(result="Sometimes", fence=""))
    (folder / "deep/SB+mbs.litmus").write_text(SB.format(result="Never", fence="smp_mb();"))
    (folder / "pointer.litmus").write_text(POINTER)
    (folder / "race.litmus").write_text(RACE)
    write_table(folder, TABLE)
    return folder
