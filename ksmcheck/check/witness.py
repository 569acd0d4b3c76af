"""A witness is believed only after the independent replay has accepted it."""

from __future__ import annotations

from ksmcheck.check.prepare import Workshop
from ksmcheck.check.verdict import Failure, Request, Witness
from ksmcheck.events.structure import EventStructure
from ksmcheck.execution.execution import Execution
from ksmcheck.execution.replay import replay
from ksmcheck.text import InternalError


def confirm(
    workshop: Workshop,
    request: Request,
    structure: EventStructure,
    execution: Execution,
    flag: str | None = None,
) -> Witness:
    """The witness for ``execution``: of ``flag`` if given, else of what it violates or shows.

    Raises InternalError if the replay contradicts the engine.
    """
    test = workshop.test(request)
    model = workshop.model(request.model)
    replayed = replay(
        test, request.kernel, model, structure.config, execution, structure.cells
    )
    if flag is not None:
        if flag not in replayed.flags:
            raise InternalError(f"{test.name}: the replay does not raise the flag {flag}")
        failure = Failure(flag, f"flag {flag} is raised")
    else:
        failure = _failure(replayed, test)
    return Witness(execution, failure, structure.cells, structure.thread_names)
