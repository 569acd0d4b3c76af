"""What the command line may import before it knows what to do: start-up time is a feature."""

from __future__ import annotations

import subprocess
import sys

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
        "from ksmcheck.cli import main\ntry:\n    main(['--version'])\nexcept SystemExit:\n    pass"
    )
    modules = loaded_by(run)
    assert not HEAVY & {m.partition(".")[0] for m in modules}
    assert third_party(modules) <= PACKAGES_ALLOWED
    rooms = {m.split(".")[1] for m in modules if m.startswith("ksmcheck.")}
    assert rooms <= {"cli", "text"}
