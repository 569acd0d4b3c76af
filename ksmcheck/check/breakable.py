"""Dependencies that a compiler may leave out, since no value that is read makes a difference.

    q = READ_ONCE(*a);
    if (q % MAX)                            MAX is 1: never so
            WRITE_ONCE(*b, 1);

    p = READ_ONCE(*head);
    if (p == &first)
            r = READ_ONCE(p->seq);          first.seq, wherever p comes from

    if (READ_ONCE(*a))
            WRITE_ONCE(*b, 1);              the store may be made before the branch
    else
            WRITE_ONCE(*b, 1);

The models take dependencies from the text, as herd7 does. A compiler keeps none on purpose
(Documentation/memory-barriers.txt, "Control dependencies"; Documentation/RCU/rcu_dereference.rst).
What it may see is asked here of the terms: whether two executions that differ in this one read,
whatever other reads give, can differ in what is stored, in the address, or in whether the access is
made. Values are all that their types hold, for a compiler does not know what other threads store.
"""

from __future__ import annotations

from pathlib import PurePath

from ksmcheck.check.influence import Influence, Seen
from ksmcheck.events.structure import Dependency, Event, EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.kernel.ints import BOOL
from ksmcheck.record import Struct

_KEEPING = frozenset(("cast", "neg", "bitnot", "add", "sub", "xor"))

_WORDS = {"data": "data", "addr": "address", "ctrl": "control"}

_WHY = {
    "data": "what is stored is the same whatever is read",
    "addr": "its address is the same whatever is read",
    "ctrl": "it is made whatever is read",
}


class Breakable(Struct, frozen=True):
    """Dependencies of one kind between two places of the text, in all rounds of a loop."""

    relation: str
    source: Event
    target: Event
    dependencies: tuple[Dependency, ...]

    @property
    def text(self) -> str:
        """In words, with both places."""
        source, target = _place(self.source), _place(self.target)
        relation = _WORDS[self.relation]
        return f"{relation} of {target} on {source}: {_WHY[self.relation]}"


def _place(event: Event) -> str:
    assert event.origin is not None
    span = event.origin.span
    return f"{event.origin.site} ({PurePath(span.source.name).name}:{span.line})"


def breakable(structure: EventStructure, seconds: float) -> tuple[Breakable, ...]:
    """Those of one program, in the order of the text; a dependency is among them only if it is in
    all the rounds of a loop that have it. Raises TimeUp where that takes longer."""
    groups: dict[tuple[object, ...], list[Dependency]] = {}
    for d in structure.dependencies:
        source, target = structure.events[d.source], structure.events[d.target]
        if source.origin is not None and target.origin is not None and target.kind != "F":
            key = (d.relation, source.origin.span, target.origin.span)
            groups.setdefault(key, []).append(d)
    if not groups:
        return ()
    asked, events = _Asked(structure, seconds), structure.events
    try:
        return tuple(
            Breakable(d[0].relation, events[d[0].source], events[d[0].target], tuple(d))
            for d in groups.values()
            if all(map(asked.breaks, d))
        )
    finally:
        asked.influence.close()


class _Asked:
    """Questions about the terms of one structure."""

    def __init__(self, structure: EventStructure, seconds: float) -> None:
        self.ending = structure.ending
        self.events = structure.events
        self.reads = _Reads()
        self.demanded = 0
        for rule in structure.constraints:
            self.demanded |= self.reads.of(rule)
        self.influence = Influence(seconds)
        self.behind: dict[int, list[Event]] = {}
        for d in structure.dependencies:
            leaf = self.events[d.source].value
            if d.relation == "ctrl" and leaf is not None:
                self.behind.setdefault(leaf.payload, []).append(self.events[d.target])

    def breaks(self, dependency: Dependency) -> bool:
        """Whether nothing hangs on what the source reads."""
        leaf, target = self.events[dependency.source].value, self.events[dependency.target]
        if leaf is None or leaf.op != "read":
            return False
        if dependency.relation == "ctrl":
            loop = dependency.source in self.ending  # no compiler computes its branch away
            return not loop and self._made_anyway(leaf, target)
        subject = target.address if dependency.relation == "addr" else target.value
        if subject is None or self._handed_on(leaf, subject, target.guard, dependency.guard):
            return False
        seen = Seen([subject], [[target.guard], [dependency.guard]])
        return not self.influence.matters(leaf, seen)

    def _handed_on(self, leaf: Term, subject: Term, *guards: Term) -> bool:
        """Whether it is plain to see that the subject hangs on the leaf: for nearly all it is."""
        bit = 1 << leaf.payload
        alone = not any(self.reads.of(guard) & bit for guard in guards)
        return alone and bool(self.reads.kept_by(subject) & bit)

    def _made_anyway(self, leaf: Term, target: Event) -> bool:
        """Whether the access is made, and the same, whatever the leaf is. What a loop waits for is
        no branch of the structure, but a constraint."""
        bit = 1 << leaf.payload
        if self.demanded & bit:
            return False
        twins = self._twins(leaf, target)
        if not twins and self.reads.decides(target.guard, leaf):
            return False
        subjects = [t for t in (target.address, target.value) if t is not None]
        seen = Seen(subjects, made=[target.guard, *(e.guard for e in twins)])
        return not self.influence.matters(leaf, seen)

    def _twins(self, leaf: Term, target: Event) -> list[Event]:
        """The same store on the other ways of a branch, where it is what each of them begins
        with, or comes behind the same fences."""
        behind = self.behind[leaf.payload]
        twins = [e for e in behind if e is not target and _alike(e, target)]
        if not twins or target.kind != "W":
            return []
        ways = [
            [e for e in behind if e.position < one.position and self._meet(e, one)]
            for one in (target, *twins)
        ]
        fences = [[e.primitive for e in way] for way in ways]
        fenced = all(e.kind == "F" for way in ways for e in way)
        return twins if fenced and fences.count(fences[0]) == len(fences) else []

    def _meet(self, one: Event, other: Event) -> bool:
        return one.thread == other.thread and self.influence.together(one.guard, other.guard)


def _alike(one: Event, other: Event) -> bool:
    return one.kind == other.kind and (
        (one.thread, one.primitive, one.tags, one.width, one.address, one.value)
        == (other.thread, other.primitive, other.tags, other.width, other.address, other.value)
    )


class _Reads:
    """Which reads terms are computed from, as bits of an integer."""

    def __init__(self) -> None:
        self._of: dict[int, int] = {}
        self._kept: dict[int, int] = {}

    def of(self, term: Term) -> int:
        """All of them."""
        known = self._of.get(term.id)
        if known is None:
            known = 1 << term.payload if term.op == "read" else 0
            for arg in term.args:
                known |= self.of(arg)
            self._of[term.id] = known
        return known

    def kept_by(self, term: Term) -> int:
        """Reads of which any two values make two values of the term, whatever the others are."""
        known = self._kept.get(term.id)
        if known is None:
            known = self._kept[term.id] = self._kept_by(term)
        return known

    def _kept_by(self, term: Term) -> int:
        if term.op == "read":
            return 1 << term.payload
        if term.op not in _KEEPING or any(a.type.width > term.type.width for a in term.args):
            return 0
        if len(term.args) == 1:
            return self.kept_by(term.args[0])
        a, b = term.args
        return (self.kept_by(a) & ~self.of(b)) | (self.kept_by(b) & ~self.of(a))

    def decides(self, term: Term, leaf: Term) -> bool:
        """Whether it is plain to see that a boolean term hangs on the leaf."""
        bit = 1 << leaf.payload
        if term.op == "lnot" and term.args[0].type == BOOL:
            return self.decides(term.args[0], leaf)
        if term.op == "land":
            having = [a for a in term.args if self.of(a) & bit]
            return len(having) == 1 and self.decides(having[0], leaf)
        return term.op in ("eq", "ne") and any(
            _is(a, leaf) and b.is_const and 0 <= b.payload < 1 << (leaf.type.width - 1)
            for a, b in (term.args, term.args[::-1])
        )


def _is(term: Term, leaf: Term) -> bool:
    """Whether it is the leaf, extended perhaps."""
    while term.op == "cast" and term.type.width >= term.args[0].type.width:
        term = term.args[0]
    return term is leaf
