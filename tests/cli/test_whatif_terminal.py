"""``ksmcheck whatif`` at a terminal: the execution of a cell is a key away."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.cli.whatif_show import chosen_cells
from ksmcheck.program.change import Change
from ksmcheck.report.matrix import cell_text, growing_lines, numbered
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.matrix import answer
from tests.cli.conftest import Run

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")

ROOT = Path(__file__).parents[2]
MP = "litmus/classic/MP/MP+wmb+rmb.litmus"
ISA2 = "litmus/classic/ISA2/ISA2+wmb+rel+rmb.litmus"


class Terminal:
    """A command with a terminal of its own."""

    def __init__(self, *args: str, kind: str = "dumb") -> None:
        self.master, slave = pty.openpty()
        command = [str(Path(sys.executable).with_name("ksmcheck")), "whatif", *args]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "TERM": kind, "COLUMNS": "150", "NO_COLOR": "1"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def read_until(self, text: str, seconds: float = 60) -> str:
        """What is printed up to and with the text, or until the command ends."""
        seen = ""
        end = time.monotonic() + seconds
        while text not in seen and time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    more = os.read(self.master, 65536)
                except OSError:  # the command has closed its side
                    return seen
                if not more:
                    return seen
                seen += more.decode("utf-8", "replace").replace("\r\n", "\n")
        return seen

    def type(self, keys: str) -> None:
        """Presses keys as soon as they are waited for: what comes earlier is thrown away."""
        end = time.monotonic() + 60
        while termios.tcgetattr(self.master)[3] & termios.ICANON and time.monotonic() < end:
            time.sleep(0.01)
        os.write(self.master, keys.encode())

    def end(self) -> int:
        return self.process.wait(timeout=30)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_(*args: str, kind: str = "dumb") -> Terminal:
        opened.append(Terminal(*args, kind=kind))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


ASKS = "q quit: "


def test_a_number_shows_an_execution(terminal: Callable[..., Terminal]) -> None:
    at = terminal(MP, "--model", "armv8", "--kind", "remove")
    matrix = at.read_until(ASKS)
    assert "execution of which cell? 1-3, m matrix, q quit: " in matrix
    number = next(x.split()[-1] for x in matrix.splitlines() if x.startswith("smp_wmb@P0"))
    at.type(number)
    shown = at.read_until(ASKS)
    assert "remove smp_wmb@P0:" in shown
    # What MP+wmb+rmb lacks without its write barrier, by the names of its two stores.
    assert "nothing orders P0's store to x" in shown
    at.type("m")
    assert "smp_wmb@P0" in at.read_until(ASKS)
    at.type("x9q")  # no such key, no such cell
    assert ASKS not in at.read_until(ASKS)
    assert at.end() == 0


def test_numbers_of_two_digits(terminal: Callable[..., Terminal]) -> None:
    at = terminal(ISA2, "--model", "armv8", "--model", "power")
    matrix = at.read_until(ASKS)
    most = int(matrix.rpartition("cell? 1-")[2].partition(",")[0])
    assert 10 <= most < 20
    cells = {
        int(word): line.split()[0]
        for line in matrix.splitlines()
        for word in line.split()
        if word.isdigit() and not line.startswith(" ")
    }
    assert 10 in cells
    at.type("10")  # complete: there are no hundred cells
    assert f" {cells[10]}" in at.read_until(ASKS)
    at.type("1\x7f2")  # a slip of the finger: 2, of which nothing else can come
    second = at.read_until(ASKS)
    assert "final:" in second
    at.type("1\r")
    assert "final:" in at.read_until(ASKS)
    at.type("\x04")
    assert at.end() == 0


@pytest.mark.parametrize(
    "options", [("--no-input",), ("--witness",), ("--show", "1"), ("--model", "sc")]
)
def test_nobody_is_asked(terminal: Callable[..., Terminal], options: tuple[str, ...]) -> None:
    model = () if "--model" in options else ("--model", "armv8")
    at = terminal(MP, *model, "--kind", "weaken", *options)
    said = at.read_until(ASKS)
    assert "smp_wmb@P0" in said
    assert ASKS not in said
    assert at.end() == 0


def test_without_a_terminal_nobody_is_asked_and_show_shows(run: Run) -> None:
    plain = run("whatif", MP, "--model", "armv8", "--kind", "remove")
    assert "which cell" not in plain.out
    by_name = run("whatif", MP, "--model", "armv8", "--kind", "remove", "--show", "smp_wmb:armv8")
    number = next(x.split()[-1] for x in plain.out.splitlines() if x.startswith("smp_wmb@P0"))
    by_number = run("whatif", MP, "--model", "armv8", "--kind", "remove", "--show", number)
    for ran in (by_name, by_number):
        assert ran.code == 0
        assert ran.out.startswith(plain.out)
        assert ran.out.count("final:") == 1
        assert "remove smp_wmb@P0:" in ran.out


@pytest.mark.parametrize("wrong", ["0", "99", "smp_wmb:tso", "nothing", "smp_mb@P0"])
def test_no_such_cell(run: Run, wrong: str) -> None:
    ran = run("whatif", MP, "--model", "armv8", "--kind", "remove", "--show", wrong)
    assert ran.code == 2
    what = "execution" if wrong.isdigit() else "site"
    assert f"--show {wrong}: there is no such {what}" in ran.err


def test_numbers_go_row_by_row() -> None:
    from ksmcheck.whatif.api import whatif

    asked = whatif(ROOT / MP, ["power", "armv8"])
    cells = list(asked.matrix(kinds=("remove",)))
    found = [(str(c.changes[0]), c.request.model) for c in numbered(cells)]
    sites = [f"remove {site}" for site in ("WRITE_ONCE@P0", "smp_wmb@P0", "smp_rmb@P1")]
    assert found == [(site, model) for site in sites for model in ("power", "armv8")]
    assert list(chosen_cells(["4"], cells)) == list(chosen_cells(["smp_wmb:armv8"], cells))


def test_the_matrix_fills_on_a_terminal(run: Run, terminal: Callable[..., Terminal]) -> None:
    """Cell by cell, in the place where all of it stands in the end. A long one was not seen before
    its last cell."""
    args = (MP, "--model", "sc", "--model", "armv8", "--no-input")
    at = terminal(*args, kind="xterm")
    seen = at.read_until("\nnothing ends it")
    assert at.end() == 0
    whole = run("whatif", *args).out
    lines = [line.rstrip() for line in _UNSTYLED.sub("", seen).splitlines()]
    end = lines.index("sc needs WRITE_ONCE@P0")
    rows = whole.splitlines().index("sc needs WRITE_ONCE@P0")
    assert lines[end - rows : end] == whole.splitlines()[:rows]
    assert re.search(r"^\(as it is\) +\. +\. *$", _UNSTYLED.sub("", seen), re.M)
    assert re.search(r"0 of \d+", seen)
    assert "\x1b[?25h" in seen  # the cursor is there again


_UNSTYLED = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def test_a_matrix_that_is_longer_than_the_screen_shows_where_it_is() -> None:
    asker = Asker()
    request = Request(ROOT / MP, "sc")
    changes = [(), *((Change(spot.name, "remove"),) for spot in asker.spots(request))]
    cells = [answer(asker, request, which) for which in changes[:5]]
    lines = ["".join(text for text, _ in line) for line in growing_lines(changes, ["sc"], cells, 3)]
    assert len(lines) == 4
    assert lines[0].startswith("site")
    assert [line.split()[-1] for line in lines[1:]] == [
        cell_text(cells[3]),
        cell_text(cells[4]),
        ".",
    ]
