"""A witness is believed only after the independent replay has accepted it."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.check.prepare import Workshop
from ksmcheck.check.verdict import Failure, Request, Witness
from ksmcheck.events.structure import EventStructure
from ksmcheck.execution.execution import Execution
from ksmcheck.execution.replay import Replayed, replay
from ksmcheck.kernel.memory import is_literal
from ksmcheck.program.ir import Cell
from ksmcheck.syntax.load import AnyTest
from ksmcheck.text import InputError, InternalError


def confirm(
    workshop: Workshop,
    request: Request,
    structure: EventStructure,
    execution: Execution,
    flag: str | None = None,
) -> Witness:
    """The witness for ``execution``: of ``flag`` if given, else of what it violates or shows.

    Raises InternalError if the replay contradicts the engine, and InputError where an access is not
    as wide as what it finds at its address, or stores to a string literal.
    """
    refuse_accesses(execution, structure)
    test = workshop.test(request)
    model = workshop.model(request.model)
    replayed = replay(
        *(test, request.kernel, model, structure.config, execution, structure.cells),
        workshop.readings,
    )
    if flag is None:
        failure = _failure(replayed, test, structure.thread_names)
    elif flag in replayed.flags:
        failure = Failure(flag, f"flag {flag} is raised")
    else:
        raise InternalError(f"{test.name}: the replay does not raise the flag {flag}")
    return Witness(execution, failure, structure.named, structure.thread_names)


def refuse_accesses(execution: Execution, structure: EventStructure) -> None:
    """Raises InputError for an access that is not as wide as what it finds at its address. Models
    of mixed-size accesses are another matter: no guess is made of what happens here. The same for
    a store to a string literal, which C leaves undefined (C17 6.4.5 p7)."""
    for event in execution.events:
        if event.kind == "W" and event.origin and event.cell and is_literal(event.cell):
            message = f"this stores to the string literal {event.cell.rpartition('[')[0]}"
            hint = 'let it fill an array of its own: char s[] = "..."'
            raise InputError(message, event.origin.span, hint=hint)
        if event.cell is None and event.origin is not None and event.address is not None:
            cell = _around(event.address, structure)
            if cell is not None:
                message = (
                    f"this access is wider or narrower than {cell.name}, which is {cell.ctype}"
                )
                hint = "declare what it accesses with the type that it is accessed with; of a "
                hint += "union, access the widest member, and its parts in a local copy"
                raise InputError(message, event.origin.span, hint=hint)


def _around(address: int, structure: EventStructure) -> Cell | None:
    """The cell that a byte is part of."""
    for cell in structure.cells:
        if cell.address <= address < cell.address + max(cell.type.width // 8, 1):
            return cell
    return None


def _failure(replayed: Replayed, test: AnyTest, names: Sequence[str]) -> Failure:
    """What the replayed execution shows, by the replay's own judgement."""
    if not replayed.filter:
        raise InternalError(f"{test.name}: the replay's final state does not pass the filter")
    for failed in replayed.failed:
        return Failure(failed.kind, f"{failed.kind} at {failed.span}", failed.span)
    if replayed.waiting:
        first, *others = replayed.waiting
        text = f"{names[first.thread]} waits for ever at {first.span}"
        text += "".join(f", {names[w.thread]} at {w.span}" for w in others)
        return Failure(first.kind, text, first.span)
    condition = test.condition
    if condition is not None:
        reached = replayed.condition if condition.quantifier != "forall" else not replayed.condition
        if reached:
            text = " ".join(condition.span.text.split())
            return Failure(condition.quantifier, text, condition.span)
    raise InternalError(f"{test.name}: the replay finds no property violated")
