"""What a model without a compiled form says of one candidate."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.cat.algebra import Check
from ksmcheck.execution.plain_cat import PlainResult, evaluate
from ksmcheck.execution.wellformed import universe_of
from ksmcheck.solve.outcome import Candidate
from ksmcheck.solve.witness import to_execution
from ksmcheck.syntax.cat_tree import Statement


class InterpretingJudge:
    """By the plain evaluator, statement by statement; ``tree`` is ``CatModel.tree``."""

    def __init__(self, tree: Sequence[Statement]) -> None:
        self.tree = tree

    def forbids(self, candidate: Candidate) -> bool:
        return bool(self._result(candidate).failed)

    def raises(self, candidate: Candidate, flag: Check) -> bool:
        return flag.name in self._result(candidate).flags

    def _result(self, candidate: Candidate) -> PlainResult:
        execution = to_execution(candidate.structure, candidate)
        return evaluate(self.tree, universe_of(execution))
