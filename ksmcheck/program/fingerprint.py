"""What a program is, whatever it is called and wherever it stands: for knowing it again.

Two variants of a scenario often compile to the same program (a switch of code that the scenario
does not run); what was found out about one holds for the other.
"""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from pickle import Pickler
from typing import Any

from ksmcheck.program.ir import Origin, Program
from ksmcheck.text import Span


class _Placeless(Pickler):
    """Writes a program without the places that it comes from."""

    def persistent_id(self, value: Any) -> str | None:
        return "" if isinstance(value, Origin | Span) else None


def fingerprint(program: Program) -> str:
    """Equal only for programs with equal threads, memory and condition, of which the same is to be
    said, wherever they stand.

    Programs that are equal and were compiled alike have the same one (pickle also tells whether
    equal parts are one object).
    """
    condition = program.condition
    text = BytesIO()
    pickler = _Placeless(text, protocol=5)
    pickler.dump(
        (
            program.kernel,
            program.cells,
            program.threads,
            condition and (condition.quantifier, condition.expr),
            program.filter,
            program.observed,
            *((program.unassigned,) if program.unassigned else ()),
        )
    )
    return sha256(text.getvalue()).hexdigest()
