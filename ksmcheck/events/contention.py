"""When a trylock fails on a free lock: another thread is in its way.

Who waits for the kernel's lock is seen in its word, and so is, for a moment, a trylock that counts
itself and takes that back. Neither stores anything in the lock that the model knows. So this says
no more than that there is such a thread in the execution, be it there earlier or later: more
executions than the kernel has, and none less.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.events.draft import Draft, DraftSpurious, DraftTaker
from ksmcheck.events.terms import Term
from ksmcheck.events.values import Analysis
from ksmcheck.kernel.ints import BOOL


def contended(draft: Draft, analysis: Analysis) -> Iterator[tuple[Term, Term]]:
    """What each failure on a free lock needs, by the condition that there is one."""
    for failure in draft.spurious.values():
        if failure.contended and 1 in analysis.values_of(failure.despite):
            yield failure.despite, _somebody(draft, analysis, failure)


def _somebody(draft: Draft, analysis: Analysis, failure: DraftSpurious) -> Term:
    """Readers are not in each other's way."""
    terms = draft.terms
    found = []
    for other in draft.takers:
        if other.read.thread == failure.read.thread or (other.shared and failure.shared):
            continue
        if other.gets:
            found.append(_there(draft, analysis, failure, other))
        else:
            # It has failed for a reason itself: somebody gets the lock, maybe this thread.
            takers = (t for t in draft.takers if t.gets and t.read.thread != other.read.thread)
            somebody = terms.either(*(_there(draft, analysis, failure, t) for t in takers))
            found.append(terms.both(_there(draft, analysis, failure, other), somebody))
    return terms.either(*found)


def _there(draft: Draft, analysis: Analysis, failure: DraftSpurious, other: DraftTaker) -> Term:
    """``other`` is at the lock that ``failure`` is at."""
    terms, here, there = draft.terms, failure.read, other.read
    assert here.address is not None and there.address is not None
    cells = set(analysis.cells[here.id])
    if not analysis.live[there.id] or cells.isdisjoint(analysis.cells[there.id]):
        return terms.false
    return terms.both(there.guard, terms.op("eq", BOOL, here.address, there.address))
