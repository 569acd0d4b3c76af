"""What a suite expects of a request, for files that belong to one."""

from __future__ import annotations

from pathlib import Path

from ksmcheck.batch.letters import letter_of
from ksmcheck.batch.suite import Scenario, Suite, load_suite
from ksmcheck.check.verdict import SAFE, VACUOUS, VIOLATED, Request, Verdict
from ksmcheck.record import Struct

MARKED = "MARKED_STORES"
"""The macro that marks the suite's plain stores (litmus/ksm/suite.toml)."""

_VERDICTS = {"S": SAFE, "V": VIOLATED, "R": VIOLATED, "Y": "Sometimes", "N": "Never", "0": VACUOUS}


class Expectation(Struct, frozen=True):
    """``letter`` as the suite's legend has it, and its reason."""

    letter: str
    reason: str = ""

    @property
    def word(self) -> str:
        """The verdict expected: ``SAFE``, ``VIOLATED``, ``Sometimes``, ..."""
        return _VERDICTS.get(self.letter, "n/a")

    def met_by(self, verdict: Verdict) -> bool:
        return letter_of(verdict) == self.letter


class Belonging(Struct, frozen=True):
    """The place of a request in a suite; all None or empty where it has none.

    ``titles`` say what each thread does.
    """

    scenario: str | None = None
    titles: tuple[str, ...] = ()
    expectation: Expectation | None = None


def stores_of(request: Request) -> str:
    """``marked`` where the suite's plain stores are marked, else ``plain``."""
    return "marked" if any(name == MARKED for name, _ in request.defines) else "plain"


def suite_of(path: Path) -> Suite | None:
    """The suite whose ``suite.toml`` stands beside a litmus file; InputError if that is bad."""
    return load_suite(path.parent) if (path.parent / "suite.toml").is_file() else None


def belonging(request: Request, suite: Suite | None) -> Belonging:
    """Looks a request up in its suite.

    An expectation is given only if the request is exactly a cell of the suite's table: the
    scenario's and the named variant's definitions and removals, no others, no pinned configuration.
    """
    scenario = None if suite is None else _scenario(suite, request)
    if suite is None or scenario is None:
        return Belonging()
    return Belonging(scenario.id, scenario.threads, _expectation(suite, scenario, request))


def _scenario(suite: Suite, request: Request) -> Scenario | None:
    """The scenario of that file whose definitions the request has; the one with most of them."""
    given = {name for name, _ in request.defines}
    same = (s for s in suite.scenarios if _same_file(s.path, request.path))
    fitting = [s for s in same if given.issuperset(s.defines)]
    return max(fitting, key=lambda s: len(s.defines), default=None)


def _same_file(a: Path, b: Path) -> bool:
    return a.name == b.name and a.resolve() == b.resolve()


def _expectation(suite: Suite, scenario: Scenario, request: Request) -> Expectation | None:
    variant = next((v for v in suite.variants if v.name == request.variant), None)
    if variant is None or request.removed != frozenset(variant.remove):
        return None
    defines = {name for name, _ in request.defines} - set(scenario.defines)
    if defines - {MARKED} != set(variant.defines):
        return None
    return _cell(suite, scenario.id, variant.name, request, MARKED in defines)


def _cell(
    suite: Suite, scenario: str, variant: str, request: Request, marked: bool
) -> Expectation | None:
    if request.config is not None:
        return None
    for column in suite.columns:
        if column.model == request.model and column.marked == marked:
            cell = suite.cell(scenario, variant, request.kernel, column.name)
            return (
                None
                if cell is None or cell.letter == "-"
                else Expectation(cell.letter, cell.reason)
            )
    return None
