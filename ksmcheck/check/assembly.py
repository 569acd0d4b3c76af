"""What only assembly tests are checked for: the right model, and accesses of one width."""

from __future__ import annotations

from ksmcheck.events.structure import EventStructure
from ksmcheck.isa.compile import Assembled
from ksmcheck.isa.dialects import dialect
from ksmcheck.model.load import shipped_models
from ksmcheck.model.model import Model
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.text import InputError

ANY_MACHINE = "sc"
"""The model that orders everything whatever the instructions are called."""


def check_fit(test: AssemblyTest, assembled: Assembled, model: Model) -> None:
    """Raises InputError where the model is of another machine than the test.

    A user's own model fits if it knows the names of the events that the test has.
    """
    own = dialect(test.dialect).model
    if model.name in (own, ANY_MACHINE):
        return
    hint = f"{test.dialect} tests are for the models {own} and {ANY_MACHINE}"
    if model.name in shipped_models():
        message = f"a test in {test.dialect} assembly means nothing under the model {model.name}"
        raise InputError(message, test.span, hint)


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
            hint = f"declare it in the start state: {kind} {cell.name}; mixed sizes are not modelled"
            raise InputError(message, event.origin.span, hint)
