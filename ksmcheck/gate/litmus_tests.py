"""A litmus file as tests of a test runner: its verdicts, each right or wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ksmcheck.batch.corpus.expected import expected_by_comment
from ksmcheck.batch.suite import Suite, load_suite
from ksmcheck.check.assembly import usual_model
from ksmcheck.check.check import Checker
from ksmcheck.gate.answer import Answer, ask
from ksmcheck.gate.compare_verdicts import verdict_findings, wrong
from ksmcheck.gate.config import NAME, Config, FileChoice, SuiteChoice, load_config
from ksmcheck.gate.outcome import Outcome
from ksmcheck.gate.plan import Cell, file_cells, suite_cells
from ksmcheck.record import Struct, field, replace
from ksmcheck.report.findings_text import finding_text
from ksmcheck.syntax.files import read_source


class Choice(Struct, frozen=True):
    """Models and kernel points asked for; empty: those of the suite or the configuration."""

    models: tuple[str, ...] = ()
    kernels: tuple[str, ...] = ()
    timeout: float | None = None


class LitmusTests(Struct):
    """Belongs to one run of a test runner; ``root`` is where its ``ksmcheck.toml`` would be."""

    root: Path
    choice: Choice
    checker: Checker = field(default_factory=Checker)
    _suites: dict[Path, Suite] = field(default_factory=dict)
    _config: Config | None = None

    def cells(self, path: Path) -> Iterator[Cell]:
        """The verdicts to be had of a file: as its suite says, or as ``ksmcheck.toml`` does, or
        under its own machine's model with the ``Result:`` of its comment. Raises InputError."""
        found = self._of_suite(path) or self._of_config(path)
        for cell in found or _alone(path, self.choice):
            yield replace(cell, request=replace(cell.request, timeout=self.choice.timeout))

    def failure(self, cell: Cell) -> str | None:
        """What is wrong with its verdict; None if nothing is. Raises InputError.

        Without an expectation a violation, a data race and every lack of an answer is wrong.
        """
        (outcome,) = ask(self.checker, [cell.request])
        if not (cell.expected or cell.word) and outcome.letter in "VR":
            cell = replace(cell, word="SAFE", reason="nothing else is expected of a property")
        if cell.reason == _COMMENT and cell.word in _observed(outcome):
            return None
        found = wrong(cell, Answer(outcome, cached=False), None, allow_bounded=False)
        if found is None:
            return None
        (finding,) = verdict_findings([found])
        return f"{finding.message}\n{finding_text(finding)}"  # a summary shows the first line

    def _of_suite(self, path: Path) -> list[Cell]:
        folder = path.parent
        if not (folder / "suite.toml").is_file():
            return []
        if folder not in self._suites:
            self._suites[folder] = load_suite(folder)
        suite = self._suites[folder]
        names = tuple(s.id for s in suite.scenarios if s.path.name == path.name)
        choice = SuiteChoice(folder, names, ("shipped",), self.choice.models, self.choice.kernels)
        return list(suite_cells(suite, choice, folder)) if names else []

    def _of_config(self, path: Path) -> list[Cell]:
        if not (self.root / NAME).is_file():
            return []
        if self._config is None:
            self._config = load_config(self.root / NAME)
        for entry in self._config.files:
            if path in entry.files:
                models = self.choice.models or entry.models
                kernels = self.choice.kernels or entry.kernels
                chosen = replace(entry, files=(path,), models=models, kernels=kernels)
                return list(file_cells(chosen, self._config.folder, self._config.source.name))
        return []


_COMMENT = "its comment says so"


def _alone(path: Path, choice: Choice) -> Iterator[Cell]:
    usual = usual_model(path)
    models = choice.models or (usual,)
    entry = FileChoice((path,), models, choice.kernels or ("6.12",), False, {})
    said = _said(path)
    for cell in file_cells(entry, path.parent, str(path)):
        # The kernel's own tests say in their comment what LKMM says of them.
        word = said if cell.column.model == usual else ""
        yield replace(cell, word=word, reason=_COMMENT if word else "")


def _said(path: Path) -> str:
    """The verdict that a comment announces, or nothing. Beside a data race no outcome counts."""
    expected = expected_by_comment(read_source(path).text)
    if expected is None:
        return ""
    return "RACE" if expected.flags else expected.observation or ""


def _observed(outcome: Outcome) -> tuple[str, ...]:
    """What the comment of a test may say where its condition is a property: the observation is of
    the proposition alone."""
    for quantifier, words in _OBSERVED.items():
        if outcome.property.startswith(quantifier):
            return words.get(outcome.letter, ())
    return ()


_OBSERVED = {
    "~exists": {"S": ("Never",), "V": ("Sometimes", "Always")},
    "forall": {"S": ("Always",), "V": ("Sometimes", "Never")},
}


def name_of(cell: Cell) -> str:
    """``armv8-6.12``; in a suite with the scenario before it."""
    scenario = cell.subject.rpartition("/")[2]
    own = "" if scenario == cell.request.path.name else f"{scenario}-"
    return f"{own}{cell.column.name}-{cell.kernel}"
