"""What becomes of the values that a read may read: updates of them, and which are admitted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ksmcheck.events.draft import DraftEvent
from ksmcheck.events.terms import Term, evaluate
from ksmcheck.events.value_sets import (
    MAX_VALUES,
    Links,
    Memory,
    Values,
    closure,
    leaf_values,
    shape,
    values_either_way,
)


class Update:
    """A write whose value is a function of one read of the same place: ``x = f(x)``."""

    beside: tuple[Term, ...] = ()

    def __init__(self, read: Term, terms: Sequence[Term], memory: Memory) -> None:
        self.read = read.id
        self._value = terms[-1]
        self._results = memory.updates.setdefault(shape(terms, read.id), {})

    def made(self, olds: Links, known: Links, _: dict[int, Values]) -> Links:
        """What is made of what the read has gained: new values, or fewer links for known ones."""
        results = self._results
        found: Links = {}
        for old, links in olds.items():
            value = results.get(old)
            if value is None:
                value = results[old] = evaluate(self._value, {self.read: old}, {})
            if known.get(value, MAX_VALUES) > links + 1 < found.get(value, MAX_VALUES):
                found[value] = links + 1
        return found


class UpdateWith:
    """As ``Update``, of others as well: ``x = f(x, r)``.

    ``given`` are the terms whose values follow from what ``read`` reads, with what they are made of
    it. ``beside``: the other terms, constants aside, that the value is made with.
    """

    def __init__(self, read: Term, terms: Sequence[Term], given: dict[int, Term]) -> None:
        self.read = read.id
        self._given = {read.id: read, **given}
        above = _above(terms, self._given)
        self._open = [t for t in terms if t.id in above and t.id not in self._given]
        beside = {a.id: a for t in self._open for a in t.args if a.id not in above}
        self.beside = tuple(a for a in beside.values() if not a.is_const)
        self._constants = {a.id: frozenset((a.payload,)) for a in beside.values() if a.is_const}
        self._results: dict[int, Values] = {}
        self._seen = -1

    def made(self, olds: Links, known: Links, domain: dict[int, Values]) -> Links:
        """As of an ``Update``, for the values that the others have in ``domain``."""
        seen = sum(len(domain[other.id]) for other in self.beside)
        if seen != self._seen:
            self._results.clear()
            self._seen = seen
        found: Links = {}
        for old, links in olds.items():
            for value in self._made(old, domain):
                if known.get(value, MAX_VALUES) > links + 1 < found.get(value, MAX_VALUES):
                    found[value] = links + 1
        return found

    def _made(self, old: int, domain: dict[int, Values]) -> Values:
        values = self._results.get(old)
        if values is None:
            known = dict(self._constants)
            for number, term in self._given.items():
                known[number] = frozenset((evaluate(term, {self.read: old}, {}),))
            known.update((other.id, domain[other.id]) for other in self.beside)
            values = self._results[old] = _valued(self._open, known, {})[self._open[-1].id]
        return values


def updates(accesses: Sequence[DraftEvent], memory: Memory) -> dict[int, Update | UpdateWith]:
    """By number of a write."""
    reads = {e.value.id: e for e in accesses if e.kind == "R" and e.value is not None}
    before: DraftEvent | None = None
    found: dict[int, Update | UpdateWith] = {}
    for access in accesses:
        if access.kind == "W" and access.value is not None and access.value.args:
            update = _update(access, access.value, before, reads, memory)
            if update is not None:
                found[access.id] = update
        before = access
    return found


def _update(
    write: DraftEvent,
    value: Term,
    before: DraftEvent | None,
    reads: dict[int, DraftEvent],
    memory: Memory,
) -> Update | UpdateWith | None:
    terms = closure([value])
    leaves = [t for t in terms if not t.args and t.op != "const"]
    own = [t for t in leaves if t.id in reads and reads[t.id].address is write.address]
    partial = any(t.op in ("div", "mod", "shl", "shr") for t in terms)
    if len(leaves) == len(own) == 1 and not partial:
        return Update(own[0], terms, memory)
    if before is not None and before.instance == write.instance and before.kind == "R":
        assert before.value is not None
        if before.address is write.address:
            conditions = [c for c in (write.guard, before.admits) if c is not None]
            compared = _compared(conditions, before.value)
            given = {t.id: compared[t.id] for t in terms[:-1] if t.id in compared}
            if given:
                return UpdateWith(before.value, terms, given)
    if len(own) != 1:
        return None
    together = reads[own[0].id].instance == write.instance
    return UpdateWith(own[0], terms, {}) if together or _needs(terms, own[0]) else None


def _needs(terms: Sequence[Term], read: Term) -> bool:
    """Whether the last of some terms has no value without that of a read: otherwise it may be
    stored where the read is not executed."""
    needing = {read.id}
    for term in terms:
        args = term.args[1:] if term.op == "ite" else term.args
        every = term.op in ("ite", "land", "lor")
        needed = [a.id in needing for a in args]
        if needed and (all(needed) if every else any(needed)):
            needing.add(term.id)
    return terms[-1].id in needing


def _compared(parts: list[Term], read: Term) -> dict[int, Term]:
    """The terms that are equal to what is read where some conditions hold, as what of it they are:
    what a cmpxchg expects. LKMM has the condition on what is read, machines on the store."""
    found: dict[int, Term] = {}
    while parts:
        part = parts.pop()
        if part.op == "land":
            parts.extend(part.args)
        elif part.op == "eq":
            for one, other in (part.args, part.args[::-1]):
                if one is read or (one.op == "cast" and one.args[0] is read):
                    found[other.id] = one
    return found


class Admits:
    """The condition on a read's value that its primitive's outcome is.

    ``others``: the numbers of the other reads that it speaks of.
    """

    def __init__(self, condition: Term, read: Term, memory: Memory) -> None:
        self.condition = condition
        self.read = read.id
        self.order = [t for t in closure([condition]) if t is not read]
        self.others = [t.id for t in self.order if t.op in ("read", "final")]
        above = _above(self.order, [self.read])
        # What has nothing to do with the read is the same for all of its values.
        self._fixed = [t for t in self.order if t.id not in above]
        self._open = [t for t in self.order if t.id in above]
        self._around: dict[int, Values] = {}
        self.known: dict[int, Values] = {}
        if all(t.args or t.op == "const" for t in self.order):
            self.known = memory.admitted.setdefault(shape(self.order, read.id), {})

    def outcomes(self, value: int, domain: dict[int, Values]) -> Values:
        known = self.known.get(value)
        if known is None:
            known = self.known[value] = self._outcomes(value, domain)
        return known

    def forget(self) -> None:
        """What the other reads may be has changed."""
        self.known.clear()
        self._around = {}

    def _outcomes(self, value: int, domain: dict[int, Values]) -> Values:
        if not self._around:
            self._around = _valued(self._fixed, {}, domain)
        known = {**self._around, self.read: frozenset((value,))}
        return _valued(self._open, known, domain)[self.condition.id]


def _above(terms: Sequence[Term], numbers: Iterable[int]) -> set[int]:
    """Those of some terms (arguments before users) that have one with one of these numbers below
    them, and these."""
    found = set(numbers)
    for term in terms:
        if any(a.id in found for a in term.args):
            found.add(term.id)
    return found


def _valued(
    terms: Sequence[Term], known: dict[int, Values], domain: dict[int, Values]
) -> dict[int, Values]:
    """The values of terms (arguments before users), added to what is known of others."""
    for term in terms:
        if term.args:
            known[term.id] = values_either_way(term, [known[a.id] for a in term.args])
        else:
            known[term.id] = leaf_values(term, domain)
    return known


class Admission:
    """Which values of a read are admitted, for the other values known so far."""

    def __init__(self, admits: Admits) -> None:
        self.admits = admits
        self.refused: Links = {}
        self._seen = -1

    def admitted(self, found: Links, known: Links, domain: dict[int, Values]) -> Links:
        """Those of ``found`` and of what was refused before that are ``known`` or admitted."""
        admits = self.admits
        if admits.others:
            seen = sum(len(domain[other]) for other in admits.others)
            if seen != self._seen:
                admits.forget()
                self._seen = seen
                found, self.refused = {**self.refused, **found}, {}
        kept = {v: n for v, n in found.items() if v in known or 1 in admits.outcomes(v, domain)}
        if len(kept) < len(found):
            self.refused.update((v, n) for v, n in found.items() if v not in kept)
        return kept
