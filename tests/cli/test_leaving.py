"""The process ends at once when all is said, unless something is left to be done."""

from __future__ import annotations

import subprocess
import sys

RUN = "from ksmcheck.__main__ import run\nsys.argv[1:] = ['--version']\nrun()"


def ran(before: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"import sys\n{before}\n{RUN}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


TOLD = "import os\nos._exit = lambda code: print('at once')"


def test_nothing_else_is_waited_for() -> None:
    done = ran(TOLD)
    assert done.stdout.startswith("ksmcheck, version ")
    assert "at once" in done.stdout
    assert done.returncode == 0


def test_what_was_asked_for_at_the_end_is_done() -> None:
    assert "done" in ran("import atexit\natexit.register(print, 'done')").stdout


def test_other_threads_are_waited_for() -> None:
    slow = "import threading, time\ndef slow(): time.sleep(0.3); print('waited')"
    done = ran(f"{TOLD}\n{slow}\nthreading.Thread(target=slow).start()")
    assert "waited" in done.stdout
    assert "at once" not in done.stdout


def test_who_watches_hears_the_end() -> None:
    done = ran(f"sys.setprofile(lambda *event: None)\n{TOLD}")
    assert done.stdout.startswith("ksmcheck, version ")
    assert "at once" not in done.stdout


def test_codes_are_those_of_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ksmcheck", "check", "nothing.litmus"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot read nothing.litmus" in done.stderr
