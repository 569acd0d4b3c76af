"""``make conformance CORPUS=DIR``: every family of a corpus against its recorded answers.

Runs ``ksmcheck corpus`` once a family, prints what each says, then one table. The exit code is the
gravest of theirs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.conformance.families import Family, families

KSMCHECK = Path(sys.executable).with_name("ksmcheck")
COLUMNS = ("tests", "agrees", "disagrees", "deviates", "timeout", "unsupported", "error")
GRAVITY = (3, 2, 1, 5, 4, 0)


def main(args: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.conformance")
    parser.add_argument("corpus", type=Path, help="a folder of family folders, or one family")
    parser.add_argument("--deviations", type=Path)
    parser.add_argument("--timeout", default="60", help="seconds a test")
    parser.add_argument("-j", "--jobs", default="1")
    parser.add_argument("--json", type=Path, help="a folder for one JSON file a family")
    options = parser.parse_args(args)
    found = families(options.corpus)
    if not found:
        print(f"{options.corpus} has no folder with an expected.tsv", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.json or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        ran = [(family, run_family(family, options, folder)) for family in found]
    print_table(ran)
    return min((code for _, (code, _) in ran), key=GRAVITY.index)


def run_family(
    family: Family, options: argparse.Namespace, folder: Path
) -> tuple[int, dict[str, Any]]:
    """Exit code and summary of one family; its report goes to the screen."""
    print(f"== {family.name}", flush=True)
    saved = folder / f"{family.name}.json"
    command = [str(KSMCHECK), "corpus", str(family.folder), "--json", str(saved)]
    command += ["--timeout", options.timeout, "-j", options.jobs]
    if options.deviations:
        command += ["--deviations", str(options.deviations)]
    command += ["--expected", str(family.expected)] if family.expected else ["--mode", "verdict"]
    code = subprocess.run(command, check=False).returncode
    print(flush=True)
    if not saved.is_file():
        return code or 3, {}
    return code, json.loads(saved.read_text(encoding="utf-8"))["summary"]


def print_table(ran: list[tuple[Family, tuple[int, dict[str, Any]]]]) -> None:
    print(f"{'family':12}" + "".join(f"{c:>13}" for c in COLUMNS) + f"{'cpu':>10}{'exit':>6}")
    for family, (code, summary) in ran:
        cells = "".join(f"{summary.get(c, '-'):>13}" for c in COLUMNS)
        cpu = summary.get("cpu_of_tests", 0.0)
        print(f"{family.name:12}{cells}{cpu:>8.1f} s{code:>6}")


if __name__ == "__main__":
    sys.exit(main())
