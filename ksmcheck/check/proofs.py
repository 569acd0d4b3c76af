"""What has been refuted, and on which assumptions the refutations rest."""

from __future__ import annotations

from collections.abc import Iterable

from ksmcheck.events.terms import Term
from ksmcheck.record import Struct, field

Question = tuple[int, int]
"""The number of a flag (-1: none) and that of a goal."""


class Proofs(Struct):
    """The cores of each question; one that is among the assumptions of a new query answers it."""

    _cores: dict[Question, list[tuple[Term, ...]]] = field(default_factory=dict)

    def add(self, question: Question, core: tuple[Term, ...]) -> None:
        """The question has no answer where all of ``core`` hold."""
        self._cores.setdefault(question, []).append(core)

    def covering(self, question: Question, given: Iterable[Term]) -> tuple[Term, ...] | None:
        """A known core among the assumptions, or None."""
        assumed = set(given)
        return next((c for c in self._cores.get(question, ()) if assumed.issuperset(c)), None)
