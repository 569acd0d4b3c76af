"""What only assembly tests are checked for: the right model, and accesses of one width."""

from __future__ import annotations

from pathlib import Path

from ksmcheck.events.structure import EventStructure
from ksmcheck.isa.dialects import MODELS
from ksmcheck.model.load import shipped_models
from ksmcheck.syntax.assembly import dialect_of
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.files import read_source
from ksmcheck.text import InputError

ANY_MACHINE = "sc"
"""The model that orders everything, whatever the instructions are called."""

KERNEL_C = "lkmm"


def usual_model(path: Path) -> str:
    """The model of a test's own machine; for kernel C the kernel's. Raises InputError."""
    dialect = dialect_of(read_source(path).text)
    return KERNEL_C if dialect is None else MODELS[dialect]


def misfit(test: AssemblyTest, model: str) -> str | None:
    """Why a test means nothing under a shipped model, or None. A user's own model is taken at its
    word."""
    if model in (MODELS[test.dialect], ANY_MACHINE) or model not in shipped_models():
        return None
    return f"a test in {test.dialect} assembly means nothing under the model {model}"


def check_fit(test: AssemblyTest, model: str) -> None:
    """Raises InputError where the model is of another machine than the test."""
    problem = misfit(test, model)
    if problem is not None:
        hint = f"{test.dialect} tests are for the models {MODELS[test.dialect]} and {ANY_MACHINE}"
        raise InputError(problem, None, hint)


def check_widths(structure: EventStructure) -> None:
    """Raises InputError for an access that is wider or narrower than what it accesses."""
    starts = {cell.address: cell for cell in structure.cells}
    for event in structure.events:
        if event.address is None or not event.address.is_const or event.origin is None:
            continue
        cell = starts.get(event.address.payload)
        if cell is not None and cell.type.width != event.width:
            wider = "wider" if event.width > cell.type.width else "narrower"
            message = f"this access is {wider} than {cell.name}, which is {cell.ctype}"
            kind = f"uint{event.width}_t"
            hint = (
                f"declare it in the start state: {kind} {cell.name}; mixed sizes are not modelled"
            )
            raise InputError(message, event.origin.span, hint)
