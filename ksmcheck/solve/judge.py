"""What a model says of one candidate: by its compiled form, or interpreted (``interpret``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import Graph
from ksmcheck.solve.outcome import Candidate


class Judge(Protocol):
    """The verdict of a model on complete candidates."""

    def forbids(self, candidate: Candidate) -> bool:
        """Whether a requirement fails."""

    def raises(self, candidate: Candidate, flag: Check) -> bool:
        """Whether the model raises the flag; means something for consistent candidates only."""


class CompiledJudge:
    """By the generated code; ``graph_of`` gives a candidate's graph."""

    def __init__(self, cat: CompiledCat, graph_of: Callable[[Candidate], Graph]) -> None:
        self.cat = cat
        self.graph_of = graph_of

    def forbids(self, candidate: Candidate) -> bool:
        return bool(self.cat.violated(self.graph_of(candidate)))

    def raises(self, candidate: Candidate, flag: Check) -> bool:
        return self.cat.raises(self.graph_of(candidate), flag)
