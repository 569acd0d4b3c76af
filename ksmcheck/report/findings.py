"""What a run of the gate has to say, in plain values: the one input of all its renderers.

Nothing here refers to a tree, a solver or a model, so a finding can be kept on disk as JSON and
rendered by a later run.
"""

from __future__ import annotations

from pathlib import PurePath

from ksmcheck.record import Struct

ERROR, WARNING, NOTE = "error", "warning", "note"

WRONG_INPUT, BROKEN, INTERRUPTED = "input", "bug", "interrupted"
"""The kinds of finding that end a run: nothing was compared."""

REFUSED = "refused"
"""The kind of finding that is about a test with no verdict, and that no policy makes less of."""


class Place(Struct, frozen=True):
    """A place in a source file; ``text`` is its line. Lines and columns count from 1.

    ``end`` is the column after the last character meant, on the same line; 0: the line's end.
    """

    file: str
    line: int
    column: int = 1
    end: int = 0
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Step(Struct, frozen=True):
    """One step of an execution. Steps come in telling order.

    ``function`` is the innermost function with its caller, ``effect`` what the step did,
    ``source`` whose value it read. ``depth`` counts the inlined calls. ``needed``: the story is not
    to be understood without it; ``marked``: it is out of order, which is the point of the story.
    """

    thread: str
    place: Place
    function: str
    effect: str
    source: str = ""
    depth: int = 0
    needed: bool = True
    marked: bool = False


class Execution(Struct, frozen=True):
    """How a property fails. ``drawing`` is the execution as the terminal shows it."""

    config: str
    failure: str
    place: Place | None
    steps: tuple[Step, ...]
    final: str
    why: str
    drawing: str


class Finding(Struct, frozen=True):
    """One thing that is not as recorded or expected.

    ``rule``      a key of ``RULES``.
    ``level``     ``error``, ``warning`` or ``note``; ``code`` is its share of the exit code.
    ``message``   a sentence; ``hint`` what to do about it.
    ``subject``   what it is about (``path-a, kernel 3.9``).
    ``machines``  the models on which it matters.
    ``details``   more lines, for instance both texts of what changed.
    """

    rule: str
    level: str
    message: str
    place: Place | None = None
    subject: str = ""
    machines: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    hint: str = ""
    execution: Execution | None = None
    code: int = 1


class Case(Struct, frozen=True):
    """One verdict that was looked at: ``name`` in ``group``; ``skipped`` says why it was not."""

    group: str
    name: str
    file: str
    verdict: str
    seconds: float = 0.0
    cached: bool = False
    skipped: str = ""
    findings: tuple[Finding, ...] = ()


class Report(Struct, frozen=True):
    """A whole run. ``findings`` are all of them, those of the cases included.

    ``title`` is the configuration's file. ``prefix`` leads from the top of the repository to the
    folder that relative file names start from; empty where that is the top.
    """

    title: str
    version: str
    cases: tuple[Case, ...]
    findings: tuple[Finding, ...]
    seconds: float
    prefix: str = ""
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        return any(f.level == ERROR for f in self.findings)

    @property
    def finished(self) -> bool:
        """Whether anything was compared: no wrong input, bug of ours or signal ended the run."""
        return not any(f.rule in (WRONG_INPUT, BROKEN, INTERRUPTED) for f in self.findings)

    @property
    def asked(self) -> tuple[Case, ...]:
        """The cases that were not skipped."""
        return tuple(case for case in self.cases if not case.skipped)

    def count(self, level: str) -> int:
        return sum(f.level == level for f in self.findings)

    def path(self, file: str) -> str:
        """A file's name from the top of the repository, with slashes; absolute ones stay."""
        pure = PurePath(file)
        if pure.is_absolute():
            return pure.as_posix()
        parts: list[str] = []
        for part in (*PurePath(self.prefix).parts, *pure.parts):
            if part == ".." and parts and parts[-1] != "..":
                parts.pop()
            else:
                parts.append(part)
        return "/".join(parts)


class Rule(Struct, frozen=True):
    """What a kind of finding means; ``name`` is its identifier in CamelCase."""

    name: str
    short: str
    full: str


RULES: dict[str, Rule] = {
    "verdict": Rule(
        "VerdictChanged",
        "A verdict is not the expected one.",
        "The verdict of a scenario under a memory model differs from the one that its suite "
        "expects, or from the one recorded in the baseline.",
    ),
    "weaker": Rule(
        "VerdictWeaker",
        "A verdict says less than before.",
        "A limit or an unrolling bound was reached, or nothing is executed any more: what was "
        "proved is no longer proved, though no violation was found.",
    ),
    "site": Rule(
        "BarrierSiteChanged",
        "A barrier was added, removed, moved or replaced.",
        "The barriers, atomics, locks and marked accesses of a function are not those recorded in "
        "the baseline. If that is meant, record the baseline again; its diff is for the reviewer.",
    ),
    "access": Rule(
        "SharedAccessChanged",
        "Shared accesses around a barrier changed.",
        "The barriers are as recorded, but the shared accesses, calls or jumps among them are not.",
    ),
    "unnecessary": Rule(
        "BarrierUnnecessary",
        "A barrier is no longer necessary.",
        "Taken out alone, the barrier no longer breaks a property on a machine where it did.",
    ),
    "void": Rule(
        "TestVoid",
        "No barrier of the test is necessary any more.",
        "Every barrier that was necessary can now be taken out alone, all at once: the threads may "
        "no longer meet, so that the property holds for want of anything that could break it.",
    ),
    "necessary": Rule(
        "BarrierNecessary",
        "A barrier became necessary.",
        "Taken out alone, the barrier now breaks a property on a machine where it did not.",
    ),
    "budget": Rule(
        "BudgetOverrun",
        "The run took longer than its budget.",
        "The limits of ksmcheck.toml allow less time than was needed.",
    ),
    "drift": Rule(
        "KernelDrift",
        "The kernel tree differs from the encoding.",
        "The ordering skeleton of a kernel function, or a definition of a primitive, is not what "
        "the encoding follows.",
    ),
    REFUSED: Rule(
        "TestRefused",
        "A test has no meaning under a model.",
        "The test uses what the memory model does not know, so that there is no verdict of it. The "
        "other tests were compared.",
    ),
    WRONG_INPUT: Rule(
        "WrongInput",
        "The gate could not run.",
        "The configuration, the baseline or a test is wrong. Nothing was compared.",
    ),
    BROKEN: Rule(
        "InternalError",
        "ksmcheck failed.",
        "A bug in ksmcheck ended the run. Nothing was compared.",
    ),
    INTERRUPTED: Rule(
        "Interrupted",
        "The run was interrupted.",
        "A signal ended the run. Nothing was compared.",
    ),
}
