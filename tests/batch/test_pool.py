"""Worker processes end with the process that started them, whatever ends that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ksmcheck.batch.pool import workers

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")

ROOT = Path(__file__).parents[2]
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGKILL]

# Native code that does not let go of the interpreter, as a SAT solver does not: no thread of the
# worker runs meanwhile, and no Python signal handler.
BUSY = """
import ctypes
import sys
from pathlib import Path
from ksmcheck.batch.pool import workers

def begin():
    pass

def busy(number):
    Path(sys.argv[1], str(number)).touch()
    ctypes.PyDLL(None).sleep(300)

if __name__ == "__main__":
    with workers(2, begin) as pool:
        list(pool.map(busy, range(2)))
"""


def members(session: int) -> list[int]:
    """The processes of a session, without those that only wait to be reaped."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            state, _, _, of = stat.rpartition(")")[2].split()[:4]
            if int(of) == session and state != "Z":
                found.append(int(entry.name))
    return found


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def kill_and_see(command: list[str], started: Callable[[int], bool], how: signal.Signals) -> None:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "KSMCHECK_CACHE": "off"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert wait_for(lambda: started(process.pid), 60)
        assert process.poll() is None
        assert len(members(process.pid)) > 2
        os.kill(process.pid, how)  # it alone, not its group
        process.wait(timeout=20)
        assert wait_for(lambda: not members(process.pid), 20), "workers live on"
    finally:
        for left in members(process.pid):
            os.kill(left, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("how", SIGNALS, ids=lambda s: s.name)
def test_workers_deep_in_native_code(how: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "busy.py"
    script.write_text(BUSY, encoding="utf-8")
    begun = tmp_path / "begun"
    begun.mkdir()
    kill_and_see(
        [sys.executable, str(script), str(begun)],
        lambda _: len(list(begun.iterdir())) == 2,
        how,
    )


@pytest.mark.parametrize(
    ("command", "how"),
    [
        (("verify", "--jobs", "2"), signal.SIGTERM),
        (("gate", "--jobs", "2"), signal.SIGINT),
        (
            ("whatif", "litmus/ksm/path-a.litmus", "--kernel", "3.9", "--jobs", "2"),
            signal.SIGKILL,
        ),
        (("corpus", "litmus/classic", "--model", "lkmm", "--jobs", "2"), signal.SIGTERM),
    ],
    ids=lambda given: given[0] if isinstance(given, tuple) else given.name,
)
def test_commands(command: tuple[str, ...], how: signal.Signals) -> None:
    # The command itself, what starts its workers and what keeps track of them, and two workers.
    kill_and_see(
        [str(Path(sys.executable).with_name("ksmcheck")), *command],
        lambda pid: len(members(pid)) >= 5,
        how,
    )


def test_an_exception_does_not_wait_for_what_is_under_way() -> None:
    begun = time.monotonic()
    with pytest.raises(RuntimeError), workers(1, time.sleep, 0) as pool:
        pool.submit(time.sleep, 300)
        raise RuntimeError
    assert time.monotonic() - begun < 60
