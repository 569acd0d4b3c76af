"""The comparison with herd7, held against a stand-in that answers, refuses and hangs on demand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.__main__ import main
from tests.bench.corpus import Herd
from tests.bench.herd import Command, run_herd, sort_out
from tests.conformance.families import families

FAKE = """#!{python}
import sys, time
for path in sys.argv[1:]:
    if not path.endswith(".litmus"):
        continue
    name = open(path).readline().split()[1]
    if "hangs" in name:
        time.sleep(60)
    if "refused" in name:
        print("Warning: File", path, file=sys.stderr)
        continue
    time.sleep(0.05)
    print("Test", name, "Allowed\\nStates 0\\nNo\\nWitnesses\\nPositive: 0 Negative: 1")
    print("Condition exists (x=2)\\nObservation", name, "Never 0 1", flush=True)
    print("Time", name, "0.05\\n", flush=True)
"""

TEST = "C {name}\n{{}}\nP0(int *x) {{ WRITE_ONCE(*x, 1); }}\nexists (x=2)\n"
NAMES = ("one", "refused-1", "hangs-1", "two", "one", "refused-2", "three")


@pytest.fixture
def herd(tmp_path: Path) -> str:
    path = tmp_path / "herd7"
    path.write_text(FAKE.replace("{python}", sys.executable))
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two of the tests bear the same name."""
    folder = tmp_path / "corpus" / "made-up"
    folder.mkdir(parents=True)
    found = []
    for number, name in enumerate(NAMES):
        found.append(folder / f"{number}-{name}.litmus")
        found[-1].write_text(TEST.format(name=name))
    rows = "".join(f"{f.name}\tNever\t1\tx=1;\t\n" for f in found)
    (folder / "expected.tsv").write_text(f"file\tobservation\tstates\tfinal_states\tflags\n{rows}")
    return found


def test_what_herd_does_not_answer_is_found(herd: str, files: list[Path]) -> None:
    kept = sort_out(Command((herd,)), files, limit=1.0)
    assert kept.answered == (files[0], files[3], files[4], files[6])
    assert kept.slow == (files[2],)
    assert kept.silent == (files[1], files[5])


def test_each_test_has_its_own_time(herd: str, files: list[Path]) -> None:
    chosen = [files[0], files[1], files[3], files[4]]
    ran = run_herd(Command((herd, "-model", "made-up.cat")), chosen, None)
    assert list(ran.times) == [files[0], files[3], files[4]]
    assert set(ran.observations.values()) == {"Never"}
    assert all(seconds >= 0.04 for seconds in ran.times.values())
    assert sum(ran.times.values()) <= ran.wall
    assert ran.stuck is None


def test_the_section(
    herd: str,
    files: list[Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.bench.corpus.SECONDS", 1.0)
    corpus = str(files[0].parents[1])
    main(["--runs", "1", "--only-corpus", "--corpus", corpus, "--herd", herd])
    said = capsys.readouterr().out
    assert "made-up: 4 of 7 tests compared" in said
    assert "left out, herd7 needs longer than 1 s: 2-hangs-1.litmus" in said
    assert "left out, no answer: 1-refused-1.litmus" in said
    assert "    states " in said
    assert "    verdict " in said
    main(["--runs", "1", "--only-corpus", "--corpus", corpus])
    assert "made-up  states      7 tests" in capsys.readouterr().out


def test_the_model_follows_the_language(files: list[Path], tmp_path: Path) -> None:
    (family,) = families(files[0].parents[1])
    assert Herd("herd7").command(family) == Command(("herd7",))
    kernel = Herd("herd7", ("-v",), kernel=tmp_path).command(family)
    folder = tmp_path / "tools" / "memory-model"
    assert kernel == Command(("herd7", "-v", "-conf", "linux-kernel.cfg"), folder)
    own = Herd("herd7", (), {"made-up": ("-model", "x.cat")}, tmp_path).command(family)
    assert own == Command(("herd7", "-model", "x.cat"))
    files[0].write_text("PPC one\n")
    assert Herd("herd7").command(family).words == ("herd7", "-model", "ppc.cat")
