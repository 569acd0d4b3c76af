"""Where verdicts go: terminal or JSON lines, and the exit code they add up to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ksmcheck.batch.exit_codes import AS_EXPECTED, DIFFERENT, code_of, gravest
from ksmcheck.batch.letters import letter_of
from ksmcheck.batch.suite import Suite
from ksmcheck.check import Checker, Request, Verdict
from ksmcheck.check.assembly import misfit
from ksmcheck.model.model import Model
from ksmcheck.record import Struct, field, replace
from ksmcheck.report.expectation import Belonging, Expectation, belonging, suite_of
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError

if TYPE_CHECKING:
    from ksmcheck.program.becomes import Respelt


class Output(Struct):
    """Shows verdicts one by one and remembers the gravest. ``called``: a folder in which files are
    copies, and the one that they are shown as files of. ``reason``: why the last model had none.
    ``assumed``: for each test, what was said of the compiler, and under which model."""

    checker: Checker
    as_json: bool = False
    allow_bounded: bool = False
    full: bool = False
    called: tuple[str, str] = ("", "")
    codes: list[int] = field(default_factory=list)
    suites: dict[Path, Suite | None] = field(default_factory=dict)
    reason: str | None = None
    errors: list[str] = field(default_factory=list)
    assumed: dict[str, dict[str, str]] = field(default_factory=dict)

    def show(self, verdict: Verdict) -> None:
        """Prints a verdict; what its suite expects is looked up there."""
        place = self._place(verdict.request)
        expectation = place.expectation
        self.codes.append(exit_code_of(verdict, expectation, allow_bounded=self.allow_bounded))
        story = None
        if verdict.witness is not None:
            from ksmcheck.explain.tell import simply_told

            verdict, story = simply_told(self.checker, verdict)
        if self.as_json:
            import json

            from ksmcheck.report.json import verdict_object

            text = json.dumps(verdict_object(verdict, place, story))
            old, new = (json.dumps(folder)[1:-1] for folder in self.called)
            click.echo(text.replace(old, new) if old else text)
            return
        from ksmcheck.report.console import paper
        from ksmcheck.report.text import Said, assumptions, print_verdict

        request, becomes = verdict.request, self._becomes(verdict)
        known = self.assumed.setdefault(f"{request.path} {request.kernel}", {})
        said = Said(story, expectation, place.titles, self.full, becomes, dict(known))
        print_verdict(paper(), self._failing_as_named(verdict), said)
        for line in assumptions(verdict, self.full):
            known.setdefault(line, request.model)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Where others are still to be asked: what is wrong with one is said, and counts in the
        end; what is wrong with all of them is said once."""
        try:
            yield
        except InputError as error:
            told = error.diagnostic.render()
            if told not in self.errors:
                click.echo(told, err=True)
            self.errors.append(told)
            self.codes.append(error.exit_code)

    def _becomes(self, verdict: Verdict) -> tuple[Respelt, ...]:
        """What lines of the execution say in a changed program."""
        request = verdict.request
        if verdict.witness is None or not request.changes:
            return ()
        from ksmcheck.program.respelt import respelt

        return respelt(request.changes, self.checker.workshop.spots(request))

    def _failing_as_named(self, verdict: Verdict) -> Verdict:
        """The other places in a verdict are printed without their folders."""
        if verdict.witness is None or not self.called[0]:
            return verdict
        failure = verdict.witness.failure
        failure = replace(failure, text=failure.text.replace(*self.called))
        return replace(verdict, witness=replace(verdict.witness, failure=failure))

    def not_applicable(self, request: Request, reason: str) -> None:
        """A model that does not exist at the kernel point, met while all models were asked for."""
        self.reason = reason
        if self.as_json:
            import json

            from ksmcheck.report.json import skipped_object

            click.echo(json.dumps(skipped_object(request, self._place(request), reason)))
            return
        click.echo(
            f"n/a  {request.path.stem}\n  {request.model}, kernel {request.kernel}: {reason}\n"
        )

    def _place(self, request: Request) -> Belonging:
        folder = request.path.parent
        if folder not in self.suites:
            self.suites[folder] = suite_of(request.path)
        return belonging(request, self.suites[folder])

    def exit_code(self) -> int:
        """The gravest. Raises InputError where there was no verdict at all."""
        if not self.codes:
            raise nothing_asked(self.reason)
        return gravest(self.codes)


def nothing_asked(reason: str | None) -> InputError:
    """No model had anything to say: exit code 0 would be a SAFE that nobody proved."""
    why = f": {reason}" if reason else ""
    return InputError(f"there is nothing to check{why}", hint="give another --kernel or --model")


def exit_code_of(
    verdict: Verdict, expectation: Expectation | None, *, allow_bounded: bool = False
) -> int:
    """The documented code: where a verdict is expected, whether it is that one.

    UNKNOWN, SAFE up to k and VACUOUS keep codes of their own unless they are what is expected.
    """
    if expectation is not None:
        if expectation.met_by(verdict):
            return AS_EXPECTED
        if letter_of(verdict) not in "?K0":
            return DIFFERENT
    return code_of(verdict, allow_bounded=allow_bounded)


def missing_model(checker: Checker, request: Request) -> str | None:
    """Why there is no such machine at the kernel point asked for, or no meaning of the test under
    it; None if there is one."""
    test = checker.workshop.test(request)
    if isinstance(test, AssemblyTest):
        return misfit(test, request.model)
    model = checker.workshop.model(request.model)
    if request.kernel in model.kernels:
        return _without_meaning(test, model, request.kernel)
    reason = model.table.missing.get(request.kernel)
    return reason or f"this model has kernel {' and '.join(model.kernels)} only"


def _without_meaning(test: LitmusTest, model: Model, kernel: str) -> str | None:
    """Which primitive of the test is of other models only, and why."""
    from ksmcheck.kernel.primitive import written_as
    from ksmcheck.kernel.primitives import primitives
    from ksmcheck.program.sites import list_sites

    known = primitives(kernel)
    for site in list_sites(test, kernel):
        reason = model.no_meaning(known[site.primitive], kernel)
        if reason is not None:
            return f"`{written_as(site.primitive, site.span)}` has no meaning here: {reason}"
    return None
