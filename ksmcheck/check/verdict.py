"""What is asked of ksmcheck, and what it answers."""

from __future__ import annotations

from pathlib import Path

from ksmcheck.execution.execution import Execution
from ksmcheck.kernel.ints import IntType
from ksmcheck.program.change import Change
from ksmcheck.program.ir import Cell, Origin
from ksmcheck.record import Struct, replace
from ksmcheck.text import Span

SAFE = "SAFE"
BOUNDED = "SAFE up to k"
VIOLATED = "VIOLATED"
VACUOUS = "VACUOUS"
UNKNOWN = "UNKNOWN"


class Request(Struct, frozen=True):
    """One test under one model.

    ``removed`` are sites taken out, ``changes`` what else is changed in the test's code.
    ``config`` None: every configuration that the model has at the kernel point. ``timeout`` in
    seconds for the whole request, ``memory`` in MB; None: no limit.
    ``liveness``: that no thread waits for ever is a property too.
    """

    path: Path
    model: str = "lkmm"
    kernel: str = "6.12"
    config: str | None = None
    variant: str = "shipped"
    defines: tuple[tuple[str, str], ...] = ()
    removed: frozenset[str] = frozenset()
    unroll: int | None = None
    solver: str = "cadical"
    engine: str = "lazy"
    timeout: float | None = None
    memory: int | None = None
    changes: tuple[Change, ...] = ()
    liveness: bool = False


class Failure(Struct, frozen=True):
    """The property that an execution violates.

    ``name``: ``exists``/``~exists``/``forall`` for the final condition, the macro for a property in
    the code (``BUG_ON``), the flag's name (``data-race``), ``bad address``, or
    ``liveness`` where threads wait for ever.
    """

    name: str
    text: str
    span: Span | None = None
    origin: Origin | None = None


class Witness(Struct, frozen=True):
    """An execution that the independent replay has accepted, and what it shows."""

    execution: Execution
    failure: Failure
    cells: tuple[Cell, ...]
    thread_names: tuple[str, ...]


class Verdict(Struct, frozen=True):
    """The answer to one request.

    ``verdict``      SAFE, SAFE up to k, VIOLATED, VACUOUS or UNKNOWN.
    ``observation``  Never, Sometimes or Always for a test with ``exists``, else None.
    ``config``       the configuration that the verdict is about: the violating one, or all that
                     were checked, joined by ``+``.
    ``flags``        cat flags that some consistent execution raises (``data-race``).
    ``bound``        for SAFE up to k: the most rounds of a loop that were looked at, the first one
                     included; some execution goes on.
    ``reason``       why UNKNOWN or VACUOUS.
    ``assumed``      plain stores whose wholeness and order a hardware SAFE takes on trust.
    ``reads``        plain reads that it takes for made once, and where they stand.
    ``seconds``      wall time in all; ``engine_seconds`` from event structure to answer.
    """

    request: Request
    test: str
    config: str
    verdict: str
    observation: str | None = None
    properties: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    witness: Witness | None = None
    bound: int | None = None
    bound_loops: tuple[Span, ...] = ()
    reason: str | None = None
    assumed: tuple[Origin, ...] = ()
    reads: tuple[Origin, ...] = ()
    seconds: float = 0.0
    engine_seconds: float = 0.0
    events: int = 0
    notes: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The property violated, or all that were checked."""
        if self.witness is not None and self.verdict == VIOLATED:
            return self.witness.failure.name
        return " + ".join(self.properties)

    @property
    def safe(self) -> bool:
        return self.verdict == SAFE

    def timed(self, seconds: float) -> Verdict:
        return replace(self, seconds=seconds)


class Observed(Struct, frozen=True):
    """All final states of a test: one tuple of values per state, in the order of ``texts``.

    ``types`` are the C types of the values; ``quantifier`` is that of the test's condition and
    ``observation`` herd7's word for it; without a condition, for what is true of every state.
    """

    test: str
    texts: tuple[str, ...]
    types: tuple[IntType, ...]
    states: tuple[tuple[int, ...], ...]
    cells: tuple[Cell, ...]
    quantifier: str | None = None
    observation: str | None = None
    flags: tuple[str, ...] = ()
