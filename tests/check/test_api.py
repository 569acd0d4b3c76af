"""What a program that uses ksmcheck imports: functions and packages of one name are both there."""

from __future__ import annotations

import subprocess
import sys

CODE = """
from ksmcheck import check, load, whatif
import ksmcheck.check, ksmcheck.whatif
path = "litmus/classic/MP/MP+wmb+rmb.litmus"
print(check(path, "armv8").verdict, load(path).name, ksmcheck.check(path, "tso").verdict)
print(check.Checker is ksmcheck.check.Checker, ksmcheck.whatif is whatif)
try:
    ksmcheck.cheque
except AttributeError as error:
    print(error)
"""


def test_functions_and_packages_of_one_name() -> None:
    """In a process of its own: what was imported before decides which of the two a name is."""
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == [
        "SAFE MP+wmb+rmb SAFE",
        "True True",
        "module 'ksmcheck' has no attribute 'cheque'",
    ]
