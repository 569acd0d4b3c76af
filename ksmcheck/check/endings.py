"""Whether executions come to an end, of a program and its changed forms.

A verdict says nothing where no execution runs to its end. Most changed forms of a program need not
be asked about that: an execution that does not come to a changed place is one of both programs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.record import Struct, field
from ksmcheck.solve.outcome import Candidate

Selected = frozenset[tuple[str, str]]


class Endings(Struct):
    """Complete executions of one structure, each with the selectors that it was found under."""

    _known: list[tuple[Selected, Candidate]] = field(default_factory=list)

    def end(
        self,
        structure: EventStructure,
        selected: Selected,
        complete: Term,
        find: Callable[[Term], Candidate | None],
    ) -> bool:
        """Whether some execution is ``complete`` with these selectors; ``find`` searches for one
        in which a term holds."""
        if any(self._is_one(structure, selected, *known) for known in self._known):
            return True
        # One that comes to none of the changed places may serve other questions too.
        around = structure.terms.both(complete, *_avoided(structure, selected))
        found = None if around is complete else find(around)
        found = found or find(complete)
        if found is not None:
            self._known.append((selected, found))
        return found is not None

    @staticmethod
    def _is_one(
        structure: EventStructure, selected: Selected, other: Selected, candidate: Candidate
    ) -> bool:
        """Whether an execution with other selectors is one with these too."""
        different = {site for site, _ in selected ^ other}
        calls, never = structure.calls, structure.terms.false
        return not any(candidate.holds(calls.get(site, never)) for site in different)


def _avoided(structure: EventStructure, selected: Selected) -> Iterable[Term]:
    sites = dict.fromkeys(site for site, _ in sorted(selected))
    return [structure.terms.no(structure.calls[site]) for site in sites if site in structure.calls]
