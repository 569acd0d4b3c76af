"""What becomes of the values that a read may read: updates of them, and which are admitted."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.events.draft import DraftEvent
from ksmcheck.events.terms import Term, evaluate
from ksmcheck.events.value_sets import Links, Values, closure, leaf_values, values_of


class Update:
    """A write whose value is a function of one read of the same place: ``x = f(x)``."""

    def __init__(self, read: Term, value: Term) -> None:
        self.read = read.id
        self._value = value
        self._known: dict[int, int] = {}

    def of(self, old: int) -> int:
        if old not in self._known:
            self._known[old] = evaluate(self._value, {self.read: old}, {})
        return self._known[old]


def updates(accesses: Sequence[DraftEvent]) -> dict[int, Update]:
    reads = {e.value.id: e for e in accesses if e.kind == "R" and e.value is not None}
    found = {}
    for write in accesses:
        if write.kind != "W" or write.value is None or not write.value.args:
            continue
        terms = closure([write.value])
        leaves = [t for t in terms if not t.args and t.op != "const"]
        partial = any(t.op in ("div", "mod", "shl", "shr") for t in terms)
        if len(leaves) != 1 or partial or leaves[0].id not in reads:
            continue
        if reads[leaves[0].id].address is write.address:
            found[write.id] = Update(leaves[0], write.value)
    return found


class Admission:
    """Which values of a read its primitive's outcome admits, for the other values known so far."""

    def __init__(self, admits: Term, read: Term) -> None:
        self.admits = admits
        self.read = read.id
        self.order = [t for t in closure([admits]) if t is not read]
        self.others = [t.id for t in self.order if t.op in ("read", "final")]
        self.refused: Links = {}
        self._known: dict[int, bool] = {}
        self._seen = -1

    def admitted(self, found: Links, known: Links, domain: dict[int, Values]) -> Links:
        """Those of ``found`` and of what was refused before that are ``known`` or admitted."""
        seen = sum(len(domain[other]) for other in self.others)
        if seen != self._seen:
            self._known.clear()
            self._seen = seen
            found, self.refused = {**self.refused, **found}, {}
        kept = {v: n for v, n in found.items() if v in known or self._admits(v, domain)}
        if len(kept) < len(found):
            self.refused.update((v, n) for v, n in found.items() if v not in kept)
        return kept

    def _admits(self, value: int, domain: dict[int, Values]) -> bool:
        if value not in self._known:
            self._known[value] = 1 in self._outcomes(value, domain)
        return self._known[value]

    def _outcomes(self, value: int, domain: dict[int, Values]) -> Values:
        local: dict[int, Values] = {self.read: frozenset((value,))}
        for term in self.order:
            if term.args:
                local[term.id] = values_of(term, [local[a.id] for a in term.args])
            else:
                local[term.id] = leaf_values(term, domain)
        return local[self.admits.id]
