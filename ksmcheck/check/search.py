"""A verdict from the questions that it takes, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from ksmcheck.cat.algebra import USE_AFTER_FREE
from ksmcheck.check.endings import Endings
from ksmcheck.check.goals import demands, kinds_of
from ksmcheck.check.granted import MEMORY, allocates, unwritten
from ksmcheck.check.mistaken import mistaken
from ksmcheck.check.questions import Questions
from ksmcheck.check.trusted import Trusted, notes_of, trusted, untold
from ksmcheck.check.verdict import (
    BOUNDED,
    SAFE,
    UNKNOWN,
    VACUOUS,
    VIOLATED,
    Verdict,
    Witness,
)
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.execution.execution import LIVENESS, Execution
from ksmcheck.record import replace
from ksmcheck.text import InternalError

_HELD_UP = (
    "an assertion fails where a thread waits for ever, and a grace period with it may not end"
)
_UNFILTERED = "a thread may wait for ever in an execution of which the filter says nothing"
_GRACE = "a grace period may wait for a reader that waits: the models do not tell"
_UNJUDGED = "an assertion fails in an execution that does not end, of which the filter says nothing"
_UNJUDGED_USE = (
    "what is freed is used in an execution that does not end, and a filter says nothing of it"
)
_USE_HELD_UP = (
    "what is freed is used where a thread waits for ever, and a grace period with it may not end"
)


class Search(Questions):
    """The verdict of one program under one configuration."""

    @cached_property
    def _endings(self) -> Endings:
        """Which forms of the program come to an end; all that ``under`` gives share it."""
        return Endings()

    @cached_property
    def _trusted(self) -> Trusted:
        """All that ``under`` gives are of one structure."""
        return trusted(self.structure)

    def verdict(self) -> Verdict:
        """Raises OutOfTime, and what ``Workshop.structure`` raises."""
        notes = tuple(mistaken(self.structure))
        base = replace(self.base, properties=self._properties(), notes=notes)
        flagged = self.flags()
        self.racing = None if flagged is None else flagged[1]
        if flagged is not None and self._demanded:
            return self._violated(base, flagged[1], flagged[0])
        broken = self.find(self.goals.broken)
        if broken is not None:
            return self._violated(base, self._execution(broken))
        stuck = self._stuck(base) if self.request.liveness else None
        if stuck is not None:
            return stuck
        base = replace(base, flags=() if flagged is None else (flagged[0],))
        if self.structure.quantifier == "exists":
            return self._granted(self._observation(base))
        return self._granted(self._not_found(base))

    # Verdicts.

    def _granted(self, found: Verdict) -> Verdict:
        """The same, as far as it holds for a kernel's memory."""
        if found.verdict not in (SAFE, BOUNDED):
            return found
        if not allocates(self.structure):
            return found
        return replace(found, notes=(*found.notes, MEMORY, *self._garbage()))

    def _garbage(self) -> Iterator[str]:
        """Where some execution reads what nobody has stored to the memory that it is in."""
        terms = self.structure.terms
        reads = [
            (e, terms.both(self.goals.complete, when)) for e, when in unwritten(self.structure)
        ]
        candidate = self._example(terms.either(*(when for _, when in reads)))
        if candidate is not None:
            read = next(event for event, when in reads if candidate.holds(when))
            assert read.origin is not None
            span = read.origin.span
            place = f"{Path(span.source.name).name}:{span.line}"
            yield f"assuming that allocated memory holds 0x5a5a...: {place} may read it unwritten"

    @property
    def _demanded(self) -> bool:
        """Whether there is a property that an ``exists`` has no part in."""
        return self.request.liveness or demands(self.structure, self.removed)

    def _violated(self, base: Verdict, execution: Execution, flag: str | None = None) -> Verdict:
        witness = self._confirmed(execution, flag)
        flags = () if flag is None else (flag,)
        return replace(base, verdict=VIOLATED, witness=witness, flags=flags)

    def _not_found(self, base: Verdict) -> Verdict:
        """No violation: is that because of the bound, or because nothing can happen at all?"""
        ends = self._ends()
        beyond = self._beyond(base)
        if beyond is not None:
            if beyond.verdict == BOUNDED and not ends:
                loops = ", ".join(map(str, beyond.bound_loops))
                reason = f"every execution reaches the unrolling bound: {loops} (raise --unroll)"
                return replace(beyond, verdict=UNKNOWN, reason=reason)
            return beyond
        if not ends:
            return replace(base, verdict=VACUOUS, reason="no execution runs to its end")
        on = (self._root or self)._trusted
        notes = (*base.notes, *on.notes)
        return replace(base, verdict=SAFE, assumed=on.stores, reads=on.reads, notes=notes)

    def _ends(self) -> bool:
        endings = (self._root or self)._endings
        complete = self.goals.complete
        return endings.end(self.structure, self.selected, complete, self._example)

    def _beyond(self, base: Verdict) -> Verdict | None:
        """What executions say that do not end: a violation before, or that a bound is reached."""
        asserted = self._frees or self.goals.failing is not self.structure.terms.false
        if not self.structure.cuts and not (asserted and self.structure.waits):
            return None
        other = self.unending()
        broken = other._failing(base) or other._used(base)
        if broken is not None and broken.verdict != UNKNOWN:
            return broken
        if not other.counted() and other.find(other.goals.cut) is None:
            return broken
        notes = (*base.notes, *notes_of(self.structure))
        bounded = _bounded(replace(base, notes=notes), self.structure)
        if broken is None:
            return bounded
        # A thread that reaches the bound does not end either: with more rounds it may.
        return replace(bounded, verdict=UNKNOWN, reason=broken.reason)

    def _stuck(self, base: Verdict) -> Verdict | None:
        """An execution in which a thread waits for ever.

        A filter speaks of final states, and cannot tell which of these executions count. And no
        grace period ends while a reader waits, which the models do not say: what rests on one that
        has ended is not shown.
        """
        other = self.unending()
        found = other.find(other.goals.stuck)
        if found is not None and other.structure.filter is None:
            return other._violated(base, other._execution(found))
        if found is not None:
            return replace(base, verdict=UNKNOWN, reason=_UNFILTERED)
        doubt = other.find(other.goals.doubtful) is not None
        reason = _GRACE if doubt else untold(other.structure)
        return replace(base, verdict=UNKNOWN, reason=reason) if reason else None

    def _failing(self, base: Verdict) -> Verdict | None:
        """An assertion that fails in an execution of this structure, whether it ends or not.

        A filter speaks of final states, and cannot tell which of these executions count. And while
        a thread waits for ever in a read-side critical section no grace period ends, but the models
        do not say that of sections without an end: what relies on one proves nothing. A thread that
        waits not for ever is none of these: the execution has an end, which was looked at.
        """
        if self.structure.filter is not None:
            unjudged = replace(base, verdict=UNKNOWN, reason=_UNJUDGED)
            return unjudged if self.find(self.goals.failing) is not None else None
        terms, failing = self.structure.terms, self.goals.failing
        graces = _graces(self.structure)
        found = self.find(terms.both(failing, *map(terms.no, graces)))
        if found is not None:
            return self._violated(base, self._execution(found))
        endless = terms.either(self.goals.doubtful, self.goals.cut)
        if graces and self.find(terms.both(failing, endless)) is not None:
            return replace(base, verdict=UNKNOWN, reason=_HELD_UP)
        return None

    def _used(self, base: Verdict) -> Verdict | None:
        """What is freed is used in an execution of this structure that does not end: what was said
        of assertions holds here, too."""
        terms = self.structure.terms
        endless = terms.no(self.structure.terminated)
        if self.structure.filter is not None:
            unjudged = replace(base, verdict=UNKNOWN, reason=_UNJUDGED_USE)
            return unjudged if self.use(endless) is not None else None
        graces = _graces(self.structure)
        found = self.use(terms.both(endless, *map(terms.no, graces)))
        if found is not None:
            return self._violated(base, self._execution(found), USE_AFTER_FREE)
        held = terms.both(endless, terms.either(self.goals.doubtful, self.goals.cut))
        if graces and self.use(held) is not None:
            return replace(base, verdict=UNKNOWN, reason=_USE_HELD_UP)
        return None

    def _observation(self, base: Verdict) -> Verdict:
        wanted = self.find(self.goals.wanted)
        if wanted is None:
            none = self._not_found(base)
            return replace(none, observation="Never" if none.verdict in (SAFE, BOUNDED) else None)
        word = "Always" if self.find(self.goals.unwanted) is None else "Sometimes"
        beyond = self._beyond(base)
        if beyond is not None and beyond.verdict != BOUNDED:
            return beyond
        witness = self._confirmed(self._execution(wanted))
        if witness.failure.name != "exists":  # what fails in an execution was looked for before
            raise InternalError(
                f"the replay finds what the engine does not: {witness.failure.text}"
            )
        # Of the condition itself more rounds can only take an "Always" back.
        proved = word == "Always" or self._demanded
        notes = (*base.notes, *(notes_of(self.structure) if proved else ()))
        seen = replace(base, observation=word, witness=witness, verdict=SAFE, notes=notes)
        return _bounded(seen, self.structure) if beyond and proved else seen

    def _confirmed(self, execution: Execution, flag: str | None = None) -> Witness:
        # The replay is loaded where there is something to replay.
        from ksmcheck.check.witness import confirm

        return confirm(self.workshop, self.request, self.structure, execution, flag)

    def _properties(self) -> tuple[str, ...]:
        names = [self.structure.quantifier] if self.structure.quantifier else []
        names += kinds_of(self.structure, self.removed)
        names += [USE_AFTER_FREE] if self._frees else []
        names += [LIVENESS] if self.request.liveness else []
        return tuple(dict.fromkeys(names))


def _graces(structure: EventStructure) -> list[Term]:
    """When each grace period is waited for."""
    return [e.guard for e in structure.events if e.primitive.startswith("synchronize_")]


def _bounded(base: Verdict, structure: EventStructure) -> Verdict:
    loops = tuple({c.repeat.loop: None for c in structure.cuts})
    bound = max(c.repeat.index + 1 for c in structure.cuts)
    return replace(base, verdict=BOUNDED, bound=bound, bound_loops=loops)
