"""What the command line may import before it knows what to do: start-up time is a feature."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"z3", "lark", "tree_sitter", "pysolvers", "pysat", "networkx", "rich", "hypothesis"}
PACKAGES_ALLOWED = {"ksmcheck", "click"}


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('modules:', *sys.modules)"
    run = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    return set(run.stdout.partition("modules:")[2].split())


def third_party(modules: set[str]) -> set[str]:
    tops = {m.partition(".")[0] for m in modules}
    site = {t for t in tops if t not in sys.stdlib_module_names and not t.startswith("_")}
    # Editable installs and virtual environments load helpers of their own at interpreter start.
    return site - loaded_tops_at_start()


def loaded_tops_at_start() -> set[str]:
    return {m.partition(".")[0] for m in loaded_by("pass")}


def test_importing_the_package_imports_nothing_else() -> None:
    assert third_party(loaded_by("import ksmcheck")) <= {"ksmcheck"}


def test_version_imports_only_click_and_the_command_line() -> None:
    run = (
        "from ksmcheck.__main__ import main\nimport sys\nsys.argv[1:] = ['--version']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )
    modules = loaded_by(run)
    assert not HEAVY & {m.partition(".")[0] for m in modules}
    assert third_party(modules) <= PACKAGES_ALLOWED
    rooms = {m.split(".")[1] for m in modules if m.startswith("ksmcheck.")}
    assert rooms <= {"__main__", "batch", "cli"}
    assert {m for m in modules if m.startswith("ksmcheck.batch.")} <= {"ksmcheck.batch.collector"}


TEST = """C tiny
{}
P0(int *x) { WRITE_ONCE(*x, 1); smp_mb(); WRITE_ONCE(*x, 2); }
P1(int *x) { int r0; int r1; r0 = READ_ONCE(*x); r1 = READ_ONCE(*x); }
exists (1:r0=2 /\\ 1:r1=1)
"""

# What a C test under a compiled model has no need of, though others of our commands do.
NOT_FOR_TINY_TESTS = {
    *("z3", "lark", "numpy", "tree_sitter", "pysat", "rich", "dataclasses"),
    *("json", "tomllib", "difflib", "argparse", "subprocess", "multiprocessing"),
    *("ksmcheck.isa.micro", "ksmcheck.syntax.assembly", "ksmcheck.syntax.cat_parser"),
    *("ksmcheck.cat.elaborate", "ksmcheck.lowering.macros", "ksmcheck.execution.interpreter"),
    *("ksmcheck.solve.explicit", "ksmcheck.explain.tell", "ksmcheck.report.witness"),
    *("ksmcheck.whatif", "ksmcheck.gate", "ksmcheck.cat.in_order"),
}


def loaded_twice(args: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The modules of a command's second run, which finds the model in the cache; into a pipe."""
    monkeypatch.setenv("KSMCHECK_CACHE", str(folder / "cache"))
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    run = (
        f"from ksmcheck.__main__ import main\nimport sys\nsys.argv[1:] = {args!r}\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0"
    )
    assert "ksmcheck.cat.elaborate" in loaded_by(run)  # the model is compiled and kept
    modules = loaded_by(run)
    assert "ksmcheck.solve.session" in modules
    needed = {"ksmcheck", "click", "msgspec", "pysolvers"}
    assert third_party(modules) <= needed | {"typing_extensions"}  # msgspec takes it where it is
    return modules


@pytest.mark.parametrize("command", ["check", "states"])
def test_a_tiny_test_loads_what_it_needs(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tiny.litmus"
    file.write_text(TEST, encoding="utf-8")
    modules = loaded_twice([command, str(file), "--model", "lkmm"], tmp_path, monkeypatch)
    assert not NOT_FOR_TINY_TESTS & modules


ASSEMBLY = """X86 tiny
{}
 P0          | P1          ;
 MOV [x],$1  | MOV EAX,[x] ;
 MOV [x],$2  | MOV EBX,[x] ;
exists (1:EAX=2 /\\ 1:EBX=1)
"""


def test_an_assembly_test_loads_nothing_that_reads_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tiny.litmus"
    file.write_text(ASSEMBLY, encoding="utf-8")
    modules = loaded_twice(["check", str(file)], tmp_path, monkeypatch)
    reads_c = {"ksmcheck.syntax.litmus", "ksmcheck.syntax.c_parser", "ksmcheck.program.lower"}
    assert "ksmcheck.syntax.assembly" in modules
    assert not modules & (NOT_FOR_TINY_TESTS - {"ksmcheck.isa.micro", "ksmcheck.syntax.assembly"})
    assert not modules & reads_c


def test_a_witness_is_replayed_without_reading_the_model_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tiny.litmus"
    file.write_text(TEST.replace("r1=1", "r1=2"), encoding="utf-8")
    modules = loaded_twice(["check", str(file), "--model", "lkmm"], tmp_path, monkeypatch)
    assert "ksmcheck.execution.replay" in modules
    assert not modules & {"ksmcheck.cat.elaborate", "ksmcheck.syntax.cat_parser", "dataclasses"}


def test_the_package_can_be_run() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "ksmcheck", "--version"], capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("ksmcheck, version ")
    assert run.stderr == ""
