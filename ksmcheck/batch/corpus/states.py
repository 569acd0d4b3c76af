"""Final states in one normal form, whoever printed them.

herd7 writes ``[x]=2`` or ``x=2`` for a location, ``y`` for the address of ``y``, ``0:r1`` for a
register and ``v={1,2}`` for all of an array; others write ``&y``. The normal form has no brackets
and no ``&``, decimal numbers, elements by themselves, and the places in alphabetical order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ksmcheck.check.verdict import Observed
from ksmcheck.kernel.ints import IntType
from ksmcheck.kernel.memory import beside
from ksmcheck.program.ir import Cell

_BRACKETS = re.compile(r"\[([^\[\]\d][^\[\]]*(?:\[\d+\])?)\]")
_NUMBER = re.compile(r"[-+]?(?:(?P<hex>0[xX][0-9a-fA-F]+)|\d+)", re.A)
_THREAD = re.compile(r"\AP(\d+:)")
_FAULT = re.compile(r"~?[Ff]ault\(.*\)")
"""As herd7 prints it for a condition that asks for one. Tests that do so are not answered here, but
they may stand in a table of herd7's answers with others."""


def normal_form(state: str) -> str:
    """The normal form of one state, ``place=value;`` for each place.

    Raises ValueError with the piece that is not of that form.
    """
    return "; ".join(sorted({x for p in state.split(";") if p.strip() for x in _piece(p)}))


def _piece(piece: str) -> list[str]:
    """A place with its value; of an array, ``v={1,2}``, each element is a place."""
    if _FAULT.fullmatch(piece.strip()):
        return [piece.replace(" ", "")]
    place, equals, value = piece.partition("=")
    if not equals or not place.strip() or not value.strip():
        raise ValueError(piece.strip())
    name, listed = _place(place), value.strip()
    if listed.startswith("{") and listed.endswith("}"):
        return [f"{name}[{n}]={_value(v)}" for n, v in enumerate(listed[1:-1].split(","))]
    return [f"{name}={_value(value)}"]


def _place(text: str) -> str:
    plain = text.replace(" ", "")
    whole = _BRACKETS.fullmatch(plain)
    return whole[1] if whole else _THREAD.sub(r"\1", plain)


def _value(text: str) -> str:
    plain = text.replace("&", "").replace(" ", "")
    number = _NUMBER.fullmatch(plain)
    return plain if number is None else str(int(plain, 16 if number["hex"] else 10))


def listed_states(text: str) -> frozenset[str]:
    """The states of a list joined by ``|``. Raises ValueError as ``normal_form`` does."""
    return frozenset(normal_form(state) for state in text.split("|") if state.strip())


def normal_states(observed: Observed) -> tuple[str, ...]:
    """Our own states in that form, sorted. A test may have thousands: each text is made once."""
    names = _Names(observed.cells)
    order = sorted(range(len(observed.texts)), key=lambda i: _place(observed.texts[i]) + "=")
    columns = [
        _pieces(f"{_place(observed.texts[i])}=", observed.types[i], names, i, observed.states)
        for i in order
    ]
    return tuple(
        sorted(
            "; ".join(column[s[i]] for i, column in zip(order, columns, strict=True))
            for s in observed.states
        )
    )


def _pieces(
    place: str, type: IntType, names: _Names, at: int, states: Sequence[tuple[int, ...]]
) -> dict[int, str]:
    """``place=value`` for each raw value that some state has there."""
    return {raw: place + names.printed(raw, type) for raw in {state[at] for state in states}}


class _Names:
    """Addresses as herd7 prints them: ``y``, and what is near as ``y+1`` or ``y+-1``."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._objects = {cell.address: _object(cell) for cell in reversed(cells)}
        self._addresses = sorted(self._objects)

    def printed(self, raw: int, type: IntType) -> str:
        if type.width >= 32:
            if raw in self._objects:
                return self._objects[raw]
            place = beside(self._addresses, raw)
            if place is not None:
                return f"{self._objects[place]}+{raw - place}"
        return str(type.wrap(raw))


def _object(cell: Cell) -> str:
    """What begins at the cell: its first element or member stands for the whole."""
    return re.sub(r"(\[0\])+$", "", cell.name)
