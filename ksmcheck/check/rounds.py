"""Whether the values that there are let a counted loop go round as often as it was unrolled.

Asked of the values alone, not of executions: what a thread does behind the loop is missing from
those that are cut off, and may be what makes it go round so often (``CutPoint.counted``).
"""

from __future__ import annotations

from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.events.value_sets import TooManyValues
from ksmcheck.solve import vectors
from ksmcheck.solve.backends import DEFAULT, open_backend
from ksmcheck.solve.gates import Gates
from ksmcheck.solve.term_literals import TermLiterals
from ksmcheck.solve.vectors import Vector


def may_go_on(structure: EventStructure) -> bool:
    """Whether some counted loop may reach its bound, each read giving any of its values."""
    guards = [cut.guard for cut in structure.cuts if cut.counted]
    if not guards:
        return False
    gates, solver = Gates(), open_backend(DEFAULT)

    def leaf(term: Term) -> Vector:
        width, values = term.type.width, tuple[int, ...]()
        if term.op == "read":
            values = structure.events[structure.first + term.payload].values
        if not values:  # of a read that is never made, nothing is known
            return tuple(gates.new() for _ in range(width))
        vector = vectors.covering(gates, values, width)
        gates.add(vectors.among(gates, vector, values))
        return vector

    try:
        literals = TermLiterals(gates, leaf)
        gates.add(*(literals.literal(guard) for guard in guards))
        solver.extend(gates.clauses)
        return bool(solver.solve([], None))
    except TooManyValues:
        return True
    finally:
        solver.close()
