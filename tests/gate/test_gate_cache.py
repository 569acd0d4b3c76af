"""Results that are kept: used where nothing changed, and never believed where anything did."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ksmcheck.check import Checker
from ksmcheck.check.verdict import Request
from ksmcheck.gate.answer import Answerer
from ksmcheck.gate.outcome import Outcome
from ksmcheck.gate.survey import _inventory
from ksmcheck.program.change import REMOVE, Change
from ksmcheck.record import fields, replace
from ksmcheck.report.findings import Execution, Place, Step
from ksmcheck.store.cache import Cache
from ksmcheck.store.content import Contents
from ksmcheck.store.paths import models_dir
from ksmcheck.store.results import Results
from ksmcheck.text import STDIN
from tests.gate.conftest import Project, Ran


def known(ran: Ran) -> int:
    return int(ran.out.rpartition("(")[2].split()[0])


def kept(project: Project) -> Iterator[Path]:
    """The files of the results kept."""
    for kind in ("outcome", "inventory"):
        for path in (project.folder.parent / "cache" / kind).rglob("*"):
            if path.is_file():
                yield path


# --- when a result is used --------------------------------------------------------------------


def test_an_included_file_is_part_of_the_test(project: Project) -> None:
    project.record()
    assert known(project.gate()) == 2
    project.edit("smp_wmb", "smp_mb")
    assert known(project.gate()) == 0


def test_a_file_of_another_branch_counts_too(project: Project) -> None:
    """Which branch of an #if is taken is not asked: a changed file is a changed key."""
    (project.folder / "other.h").write_text("\n")
    project.edit("static void publish", '#if 0\n#include "other.h"\n#endif\nstatic void publish')
    project.record()
    assert known(project.gate()) == 2
    (project.folder / "other.h").write_text("\n\n")
    assert known(project.gate()) == 0


def test_a_file_named_by_a_macro_is_not_guessed(project: Project) -> None:
    project.edit('#include "mp.h"', '#define FILE "mp.h"\n#include FILE', "mp.litmus")
    project.record()
    assert known(project.gate()) == 0


@pytest.fixture
def own_model(project: Project) -> Project:
    folder = project.folder / "mine"
    folder.mkdir()
    for name in ("sc.cat", "lowering.toml"):
        text = (models_dir() / "sc" / name).read_text()
        (folder / name.replace("sc.", "mine.")).write_text(text)
    shutil.copy(models_dir() / "common.toml", project.folder)  # its rows are based on that one
    project.edit('["tso", "armv8"]', '["mine"]', "ksmcheck.toml")
    return project


@pytest.mark.parametrize("file", ["mine/mine.cat", "mine/lowering.toml", "common.toml"])
def test_a_model_is_part_of_the_question(own_model: Project, file: str) -> None:
    own_model.record()
    assert known(own_model.gate()) == 1
    path = own_model.folder / file
    path.write_text(path.read_text() + "\n")
    assert known(own_model.gate()) == 0


def test_kernel_point_defines_and_limits_are_part_of_the_question(tmp_path: Path) -> None:
    (tmp_path / "a.litmus").write_text("C a\n")
    contents = Contents()
    keys = {
        contents.key(tmp_path / "a.litmus", model, *more)
        for model in ("", "sc", "tso")
        for more in ((), ("6.12",), ("3.9",), ("3.9", ""), ("3", ".9"))
    }
    assert len(keys) == 15
    assert None not in keys


def test_the_code_itself_is_part_of_the_question(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from ksmcheck.store import content

    path = tmp_path / "t.litmus"
    path.write_text("C t\n{ }\nP0(int *x) { }\n")
    for of in (lambda: Contents().code(), lambda: Contents().key(path, "sc")):
        with monkeypatch.context() as changed:
            changed.setattr(content, "_version", lambda _: "1")
            before = of()
            assert of() == before
            for solver in ("python-sat", "z3-solver"):
                changed.setattr(
                    content, "_version", lambda package, s=solver: "99" if package == s else "1"
                )
                assert of() != before
                changed.setattr(content, "_version", lambda _: "1")


def test_a_file_of_the_code_that_is_edited_is_seen(tmp_path: Path) -> None:
    """Also within a process, where what has not changed is not read again. What is no code of
    ksmcheck is no part of the question."""
    from ksmcheck.store import content

    def digest() -> bytes:
        package = str(tmp_path)
        return content._code_of(package, tuple(sorted(content._states(package))))

    file = tmp_path / "inner" / "a.py"
    file.parent.mkdir()
    file.write_text("x = 1\n")
    before = digest()
    (tmp_path / "_data").mkdir()
    (tmp_path / "_data" / "b.py").write_text("")
    (tmp_path / "inner" / "a.txt").write_text("")
    assert digest() == before
    file.write_text("x = 12\n")
    edited = digest()
    (tmp_path / "b.h").write_text("")
    assert len({before, edited, digest()}) == 3


def test_every_field_of_a_request_is_part_of_its_key(tmp_path: Path) -> None:
    """A variant is what it defines and removes. Else an answer to one would be given to another."""
    path = tmp_path / "t.litmus"
    path.write_text("C t\n{ }\nP0(int *x) { }\n")
    others: dict[str, object] = {
        "model": "tso",
        "kernel": "3.9",
        "config": "lse",
        "defines": (("A", "1"),),
        "removed": frozenset(("smp_mb@P0",)),
        "unroll": 3,
        "solver": "z3",
        "engine": "tuple",
        "timeout": 1.0,
        "memory": 100,
        "changes": (Change("smp_mb@P0", REMOVE),),
        "liveness": True,
    }
    assert others.keys() == {*fields(Request)} - {"path", "variant"}
    request, contents = Request(path, "sc"), Contents()
    asked = [request, *(replace(request, **{name: value}) for name, value in others.items())]
    keys = [Answerer._key(one, contents) for one in asked]
    assert len(set(keys)) == len(keys)
    assert None not in keys


INVENTORY = """C t
{ }
P0(int *x, int *y)
{
	WRITE_ONCE(*x, 1);
#ifdef MORE
	smp_wmb();
#endif
#if KSMCHECK_KERNEL < KERNEL_VERSION(4, 0, 0)
	smp_rmb();
#endif
	smp_mb();
	WRITE_ONCE(*y, 1);
}
"""


def test_an_inventory_is_of_the_program_that_is_asked_about(tmp_path: Path) -> None:
    """Scenarios of a suite may share a file, and differ in what they define."""
    path = tmp_path / "t.litmus"
    path.write_text(INVENTORY)
    shipped = Request(path, "sc")
    asked = [
        shipped,
        replace(shipped, defines=(("MORE", "1"),)),
        replace(shipped, kernel="3.9"),
        replace(shipped, removed=frozenset(("smp_mb@P0",))),
        replace(shipped, liveness=True),
    ]
    kept, nothing = Results(Cache(tmp_path / "cache")), Results(Cache(None))
    alone = [_inventory(request, nothing, Contents()) for request in asked]
    assert [[b.name for b in found.barriers] for found in alone] == [
        ["smp_mb@P0"],
        ["smp_wmb@P0", "smp_mb@P0"],
        ["smp_rmb@P0", "smp_mb@P0"],
        [],
        ["smp_mb@P0"],
    ]
    assert alone[0] != alone[4]
    for _ in range(2):
        assert [_inventory(request, kept, Contents()) for request in asked] == alone


def test_standard_input_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where a file has that name, which is not what is read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / STDIN).write_text("C t\n{ }\nP0(int *x) { }\n")
    assert Contents().key(tmp_path / STDIN, "sc") is not None
    assert Contents().key(Path(STDIN), "sc") is None


def test_a_copy_has_answers_of_its_own(tmp_path: Path) -> None:
    """What is kept of a test names its lines: file and all."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.litmus").write_text("C t\n{ }\nP0(int *x) { }\n")
    one, two = (Contents().key(tmp_path / name / "t.litmus", "sc") for name in ("one", "two"))
    assert None is not one != two is not None


def test_include_loops_and_missing_files_have_no_key(tmp_path: Path) -> None:
    (tmp_path / "a.litmus").write_text('#include "a.litmus"\n')
    (tmp_path / "b.litmus").write_text('#include "gone.h"\n')
    assert Contents().key(tmp_path / "a.litmus", "sc") is None
    assert Contents().key(tmp_path / "none.litmus", "sc") is None
    without = Contents().key(tmp_path / "b.litmus", "sc")
    (tmp_path / "gone.h").write_text("int x;\n")
    assert Contents().key(tmp_path / "b.litmus", "sc") not in (None, without)


# --- what is believed -------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"", b"{}", b"\0" * 5000])
def test_damaged_results_are_asked_again(project: Project, damage: bytes) -> None:
    project.record()
    files = list(kept(project))
    assert files
    for path in files:
        path.write_bytes(damage)
    ran = project.gate()
    assert (ran.code, known(ran)) == (0, 0)
    assert known(project.gate()) == 2


def test_a_planted_safe_is_not_believed(project: Project) -> None:
    """Entries of the safe program put in the places of the violated one's, signature and all."""
    project.record()
    safe = {path.relative_to(path.parents[2]): path.read_bytes() for path in kept(project)}
    project.edit("\tsmp_rmb();\n", "")
    assert project.gate().code == 1
    good = next(iter(safe.values()))
    for path in kept(project):
        if path.relative_to(path.parents[2]) not in safe:
            path.write_bytes(good)
    ran = project.gate()
    assert ran.code == 1
    assert "VIOLATED under armv8" in ran.out


FORMS: list[object] = [
    None,
    [],
    {},
    {"verdict": "SAFE"},
    {"verdict": "SAFE", "letter": 1, "config": "", "property": "", "seconds": 0.0, "reason": "",
     "bound_at": [], "execution": None},
    {"verdict": "SAFE", "letter": "S", "config": "", "property": "", "seconds": "0", "reason": "",
     "bound_at": [], "execution": None},
    {"verdict": "SAFE", "letter": "S", "config": "", "property": "", "seconds": 0.0, "reason": "",
     "bound_at": "x", "execution": None},
    {"verdict": "SAFE", "letter": "S", "config": "", "property": "", "seconds": 0.0, "reason": "",
     "bound_at": [], "execution": {"steps": []}},
    # All that there is, and a field of some other version.
    {"verdict": "SAFE", "letter": "S", "config": "", "property": "", "seconds": 0.0, "reason": "",
     "bound_at": [], "execution": None, "doubtful": True},
]  # fmt: skip


@pytest.mark.parametrize("value", FORMS, ids=range(len(FORMS)))
def test_an_authentic_entry_of_another_form_is_absent(tmp_path: Path, value: object) -> None:
    cache = Cache(tmp_path)
    cache.put("outcome", "a" * 64, json.dumps(value).encode())
    assert Results(cache).get(Outcome, "a" * 64) is None


def test_deeply_nested_data_is_absent(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("outcome", "a" * 64, b"[" * 200_000)
    assert Results(cache).get(Outcome, "a" * 64) is None


def test_what_is_kept_is_got(tmp_path: Path) -> None:
    place = Place("f.c", 3, 4, 0, "smp_wmb();")
    execution = Execution("", "BUG_ON", None, (Step("P0", place, "f", "x := 1"),), "x = 1", "", "")
    outcome = Outcome("VIOLATED", "V", "lse", "BUG_ON", 1.0, execution=execution)
    results = Results(Cache(tmp_path))
    results.put("b" * 64, outcome)
    assert results.get(Outcome, "b" * 64) == outcome
    assert results.get(Outcome, None) is None


def test_an_edit_while_the_gate_runs_is_not_kept(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text that was asked about is not the one that the key is of: nothing may be kept."""
    from ksmcheck.gate import answer

    project.record()
    really = answer.ask
    project.edit("\tsmp_rmb();\n", "\tbarrier();\n")

    def edited(checker: Checker, group: Sequence[Request]) -> list[Outcome]:
        project.edit("\tbarrier();\n", "\tsmp_rmb();\n")  # what is checked is safe
        return really(checker, group)

    monkeypatch.setattr(answer, "ask", edited)
    project.gate()
    monkeypatch.setattr(answer, "ask", really)
    project.edit("\tsmp_rmb();\n", "\tbarrier();\n")
    ran = project.gate()
    assert ran.code == 1
    assert "VIOLATED under armv8" in ran.out


# --- many at once, and how fast ---------------------------------------------------------------


def test_runs_at_the_same_time_share_a_cache(project: Project) -> None:
    project.record()
    for path in kept(project):
        path.unlink()
    command = [str(Path(sys.executable).with_name("ksmcheck")), "gate"]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for process in runs:
        out, _ = process.communicate()
        assert process.returncode == 0, out
    assert known(project.gate()) == 2


def test_a_warm_run_loads_no_solver(project: Project) -> None:
    project.record()
    code = (
        "import sys\nfrom ksmcheck.cli import main\n"
        "try:\n    main(['gate'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print(sorted({'pysat', 'pysolvers', 'z3', 'rich', 'lark'} & set(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.splitlines()[-1] == "[]", ran.stdout + ran.stderr


def test_without_a_cache_everything_is_asked(project: Project) -> None:
    project.record()
    assert known(project.gate("--no-cache")) == 0
    assert os.environ["KSMCHECK_CACHE"]
