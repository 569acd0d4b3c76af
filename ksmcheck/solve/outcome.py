"""What a query answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TypeAlias

from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term, evaluate
from ksmcheck.kernel.ints import DivisionByZero
from ksmcheck.record import Struct


class Stats(Struct, frozen=True):
    """Of one query: candidates looked at, clauses learned from inconsistent ones, seconds; and
    the size of the formula after it."""

    candidates: int
    learned: int
    variables: int
    clauses: int
    seconds: float


class Candidate(Struct, frozen=True, eq=False, dict=True):
    """One concrete execution, in terms of the structure's events.

    ``executed``  ids of executed events, ascending.
    ``cells``     executed access -> cell id (no entry: its address is no cell's).
    ``values``    executed R or W -> raw value.
    ``rf``        executed read -> the write it reads from (no entry: no cell, no source).
    ``co``        cell id -> its executed writes, coherence-first first.
    ``choices``   number of a ``choice`` term -> 0 or 1.
    """

    structure: EventStructure
    executed: tuple[int, ...]
    cells: Mapping[int, int]
    values: Mapping[int, int]
    rf: Mapping[int, int]
    co: Mapping[int, tuple[int, ...]]
    choices: Mapping[int, int]

    @cached_property
    def _memo(self) -> dict[int, int]:
        return {}

    def value(self, term: Term) -> int:
        """The value of a term in this execution (a read that is not executed counts as 0).

        Raises kernel.ints.DivisionByZero where C gives it none.
        """
        memo = self._memo
        if term.id in memo:
            return memo[term.id]
        parts: dict[int, Term] = {}
        stack = [term]
        while stack:
            part = stack.pop()
            if part.id not in parts and part.id not in memo:
                parts[part.id] = part
                stack.extend(part.args)
        leaves = {
            number: self._leaf(part)
            for number, part in parts.items()
            if not part.args and part.op != "const"
        }
        for number in sorted(parts):  # arguments first: terms may be deeper than Python's stack
            try:  # noqa: SIM105 (there are thousands of terms)
                evaluate(parts[number], leaves, memo)
            except DivisionByZero:
                pass
        return evaluate(term, leaves, memo)

    def holds(self, term: Term) -> bool:
        """Whether a boolean term holds."""
        return bool(self.value(term))

    def final(self, cell: int) -> int:
        """The raw value of a cell at the end."""
        writes = self.co.get(cell)
        return self.values[writes[-1]] if writes else self.structure.cells[cell].init

    def _leaf(self, term: Term) -> int:
        if term.op == "read":
            return self.values.get(term.payload + self.structure.first, 0)
        if term.op == "choice":
            return self.choices.get(term.payload, 0)
        return self.final(term.payload)


class Found(Struct, frozen=True):
    """There is one."""

    candidate: Candidate
    stats: Stats


class Refuted(Struct, frozen=True):
    """There is none among all executions of the structure.

    ``core``: those of the assumptions given that the proof rests on (none: it holds without any).
    """

    stats: Stats
    core: tuple[Term, ...] = ()


class GaveUp(Struct, frozen=True):
    """Not known; ``reason`` says why, for the user."""

    reason: str
    stats: Stats


Outcome: TypeAlias = Found | Refuted | GaveUp


class States(Struct, frozen=True):
    """Values of the observed terms, in their types: each tuple once, ascending.

    ``reason`` is None if these are all, else says why there may be more.
    """

    values: tuple[tuple[int, ...], ...]
    reason: str | None
    stats: Stats

    @property
    def complete(self) -> bool:
        """Whether these are all of them."""
        return self.reason is None


StatesOutcome: TypeAlias = States
