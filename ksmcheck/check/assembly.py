"""What only assembly tests are checked for: the right model, and accesses of one width."""

from __future__ import annotations

from pathlib import Path

from ksmcheck.events.structure import Event, EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.isa.dialects import MODELS
from ksmcheck.model.load import shipped_models
from ksmcheck.program.ir import Cell
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.assembly_head import dialect_of
from ksmcheck.syntax.files import read_source
from ksmcheck.text import InputError

ANY_MACHINE = "sc"
"""The model that orders everything, whatever the instructions are called."""

KERNEL_C = "lkmm"

BAD_ADDRESS = "bad address"


def usual_model(path: Path) -> str:
    """The model of a test's own machine; for kernel C the kernel's. Raises InputError."""
    dialect = dialect_of(read_source(path).text)
    return KERNEL_C if dialect is None else MODELS[dialect]


def misfit(test: AssemblyTest, model: str) -> str | None:
    """Why a test means nothing under a shipped model, or None. A user's own model is taken at its
    word."""
    return misfit_of(test.dialect, model)


def misfit_of(dialect: str, model: str) -> str | None:
    """The same of a dialect."""
    if model in (MODELS[dialect], ANY_MACHINE) or model not in shipped_models():
        return None
    return f"a test in {dialect} assembly means nothing under the model {model}"


def check_fit(test: AssemblyTest, model: str) -> None:
    """Raises InputError where the model is of another machine than the test."""
    problem = misfit(test, model)
    if problem is not None:
        hint = f"{test.dialect} tests are for the models {MODELS[test.dialect]} and {ANY_MACHINE}"
        raise InputError(problem, None, hint)


def check_widths(structure: EventStructure) -> None:
    """Raises InputError for an access that is, or may be, wider or narrower than what it accesses:
    models of mixed sizes are another matter. So is one beside every location, which whoever does
    it always does; behind a branch it is a wild access like others."""
    starts = {cell.address: cell for cell in structure.cells}
    for event in structure.events:
        if event.address is not None and event.address.is_const:
            cell = starts.get(event.address.payload)
            always = event.guard is structure.terms.true
            if cell is None and event.origin is not None and always:
                hint = "parts of locations are not modelled"
                message = "this access is at the address of no location"
                raise InputError(message, event.origin.span, hint)
            _refuse(event, cell)
    for wild in structure.obligations:
        if wild.kind == BAD_ADDRESS:
            of = [e for e in structure.events if e.origin is wild.origin and e.kind != "F"]
            for number in sorted(_constants(wild.holds)):
                for event in of:
                    _refuse(event, starts.get(number))


def _refuse(event: Event, cell: Cell | None) -> None:
    if cell is None or event.origin is None or cell.type.width == event.width:
        return
    wider = "wider" if event.width > cell.type.width else "narrower"
    message = f"this access is {wider} than {cell.name}, which is {cell.ctype}"
    kind = f"uint{event.width}_t {cell.name}"
    hint = f"declare {kind} in the start state; mixed sizes are not modelled"
    raise InputError(message, event.origin.span, hint)


def _constants(term: Term) -> set[int]:
    """The numbers in a term: of ``bad address``, those that the address must not be."""
    if term.is_const:
        return {term.payload}
    return set().union(*(_constants(arg) for arg in term.args))
