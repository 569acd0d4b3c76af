"""Collects ``*.litmus`` files as tests: one for each model and kernel point.

Installed with ksmcheck, this module is imported by every pytest run; what checks anything is
imported when the first litmus file is met. Off with ``-p no:ksmcheck`` or ``ksmcheck = false``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ksmcheck.gate.litmus_tests import LitmusTests
    from ksmcheck.gate.plan import Cell


_LONGEST = 10_000_000
"""Seconds, as in ``check.alarm``, which is not loaded for the sake of a number."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ksmcheck", "litmus tests (ksmcheck)")
    group.addoption(
        "--litmus-model",
        action="append",
        metavar="NAME",
        help="memory model for *.litmus files; may be repeated",
    )
    parser.addini("ksmcheck", "collect *.litmus files as tests", type="bool", default=True)
    parser.addini("ksmcheck_models", "memory models for *.litmus files", type="args", default=[])
    parser.addini("ksmcheck_kernels", "kernel points for *.litmus files", type="args", default=[])
    parser.addini("ksmcheck_timeout", "seconds that a verdict may take (0: any)", default="0")


def pytest_configure(config: pytest.Config) -> None:
    _timeout(config)  # complains before anything runs


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != ".litmus" or not parent.config.getini("ksmcheck"):
        return None
    return LitmusFile.from_parent(parent, path=file_path)


class LitmusFile(pytest.File):
    """A litmus file; in a suite, all its scenarios as shipped."""

    def collect(self) -> Iterator[pytest.Item]:
        from ksmcheck.gate.litmus_tests import name_of
        from ksmcheck.text import InputError

        try:
            cells = list(_tests(self.config).cells(self.path))
        except InputError as error:
            raise self.CollectError(error.diagnostic.render()) from None
        for cell in cells:
            yield LitmusItem.from_parent(self, name=name_of(cell), cell=cell)


class LitmusItem(pytest.Item):
    """One verdict."""

    def __init__(self, *, cell: Cell, **rest: Any) -> None:
        super().__init__(**rest)
        self.cell = cell

    def runtest(self) -> None:
        if self.cell.skip:
            pytest.skip(self.cell.skip)
        said = _tests(self.config).failure(self.cell)
        if said is not None:
            raise LitmusFailure(said)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from ksmcheck.text import InputError

        if isinstance(excinfo.value, LitmusFailure):
            return str(excinfo.value)
        if isinstance(excinfo.value, InputError):
            return excinfo.value.diagnostic.render()
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}::{self.name}"


class LitmusFailure(Exception):
    """The verdict is not as it should be; the text is for the user."""


_KEY: pytest.StashKey[LitmusTests] = pytest.StashKey()


def _tests(config: pytest.Config) -> LitmusTests:
    """One for the whole run, so that models and suites are loaded once."""
    from ksmcheck.gate.litmus_tests import Choice, LitmusTests

    if _KEY not in config.stash:
        models = config.getoption("litmus_model") or config.getini("ksmcheck_models")
        choice = Choice(tuple(models), tuple(config.getini("ksmcheck_kernels")), _timeout(config))
        config.stash[_KEY] = LitmusTests(config.rootpath, choice)
    return config.stash[_KEY]


def _timeout(config: pytest.Config) -> float | None:
    given = config.getini("ksmcheck_timeout")
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST:
        raise pytest.UsageError(f"ksmcheck_timeout is a number of seconds, not {given!r}")
    return seconds or None
