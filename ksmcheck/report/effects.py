"""What a step did, in one phrase: ``node.kpfn := 1``, ``page.flags 1 -> 3  [lwsync .. sync]``."""

from __future__ import annotations

from collections.abc import Iterable

from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.explain.story import place
from ksmcheck.kernel.catalogue.accesses import EITHER
from ksmcheck.kernel.primitives import all_primitives
from ksmcheck.program.ir import Cell
from ksmcheck.record import Struct
from ksmcheck.report.steps import Read, Step
from ksmcheck.report.timeline import Moment
from ksmcheck.report.values import Names

_UNSAID = frozenset(("IW", "RMW", "Once", "Noreturn", "NoRet", "X", "EX", "AMO", "LOCK"))
"""Tags that say how an access is made, not what it orders."""

_TRYLOCKS = ("spin-trylock", "rwlock-write-trylock", "rwsem-write-trylock")
"""Of those that a writer holds alone: free is 0 (``kernel/catalogue/locks.py``)."""


class Words(Struct, frozen=True):
    """Turns steps into phrases; ``threads`` are the short names of the threads."""

    names: Names
    widths: dict[str, int]
    threads: tuple[str, ...]

    def value(self, event: ExecutedEvent) -> str:
        return self.names.value(event.value or 0, self.widths.get(event.cell or "", 64))

    def who(self, event: ExecutedEvent) -> str:
        """``P0 ksm.h:31``, or ``start``."""
        if event.thread < 0:
            return "start"
        return f"{self.threads[event.thread]} {place(event)}"


def words_for(cells: tuple[Cell, ...], threads: tuple[str, ...]) -> Words:
    return Words(Names(cells), {c.name: c.type.width for c in cells}, threads)


def effect(moment: Moment, words: Words) -> str:
    """The accesses of a step: cell, value read, value written, and what it orders."""
    step = moment.step
    accesses = [e for e in step.events if e.kind != "F" and not _companion(e)]
    shown = accesses or [e for e in step.events if e.kind != "F"]
    phrases = [_phrase(cell, events, words) for cell, events in _by_cell(shown, words)]
    if _fails_though_free(step):
        phrases.append("(fails, though free)")
    return "  ".join([*phrases, *ordering(step)])


def _fails_though_free(step: Step) -> bool:
    """A trylock that takes nothing where it has seen that it could; who else is at the lock is in
    its way."""
    primitive = all_primitives().get(step.events[0].primitive)
    if primitive is None or step.writes or not step.reads or not primitive.result:
        return False
    seen = step.reads[-1].event.value or 0
    if any(name.endswith("-read-trylock") for name in primitive.classes):
        return seen % 2 == 0
    return seen == 0 and any(name in _TRYLOCKS for name in primitive.classes)


def _companion(event: ExecutedEvent) -> bool:
    """A lock that only the lowering knows of (arm64's hashed locks of 3.9)."""
    return (event.cell or "").startswith("bitop_lock(")


def _by_cell(
    events: Iterable[ExecutedEvent], words: Words
) -> Iterable[tuple[str, list[ExecutedEvent]]]:
    cells: dict[str, list[ExecutedEvent]] = {}
    for event in events:
        wild = f"*({words.names.value(event.address or 0)})"
        cells.setdefault(event.cell or wild, []).append(event)
    return cells.items()


def _phrase(cell: str, events: list[ExecutedEvent], words: Words) -> str:
    reads = [e for e in events if e.kind == "R"]
    writes = [e for e in events if e.kind == "W"]
    if reads and writes:
        return f"{cell} {words.value(reads[0])} -> {words.value(writes[-1])}"
    if writes:
        return f"{cell} := {words.value(writes[-1])}"
    return f"{cell} = {words.value(reads[-1])}"


def ordering(step: Step) -> list[str]:
    """The fences and ordered accesses of a step in brackets: ``[lwsync .. sync]``."""
    if any(_companion(e) for e in step.events):
        return ["[under a hashed lock]"]
    accesses = [i for i, e in enumerate(step.events) if e.kind != "F"]
    if (told := answer(step.events[0])) is not None:
        return [told]
    if not accesses:
        return [f"[{', '.join(_tags(step.events))}]"] if _tags(step.events) else []
    before, after = step.events[: accesses[0]], step.events[accesses[-1] + 1 :]
    inside = _tags(step.events[accesses[0] : accesses[-1] + 1])
    parts = [*_tags(before), *(inside or [".."]), *_tags(after)]
    return [f"[{' '.join(parts)}]"] if parts != [".."] else []


def answer(event: ExecutedEvent) -> str | None:
    """``need_resched() is 1``; None of anything whose answer is not free."""
    primitive = all_primitives().get(event.primitive)
    if primitive is None or EITHER not in primitive.classes:
        return None
    return f"{event.primitive}() is {int(event.outcome == 'fail')}"


def _tags(events: Iterable[ExecutedEvent]) -> list[str]:
    tags = (t for e in events for t in sorted(e.tags - _UNSAID))
    return list(dict.fromkeys(_TAG_WORDS.get(t, t.lower()) for t in tags))


_TAG_WORDS = {
    "A": "acquire",
    "Q": "acquire-pc",
    "L": "release",
    "LKR": "lock",
    "LKW": "lock",
    "UL": "unlock",
    "Acq": "acquire",
    "Rel": "release",
}


def sources(moment: Moment, words: Words) -> tuple[str, bool]:
    """Who wrote what the step read, and whether that is out of place (to be marked)."""
    if moment.early:
        read = moment.early[0]
        assert read.source is not None
        return f"EARLY: the value that {words.who(read.source)} stores below", True
    if moment.stale:
        read, newest = moment.stale[0]
        stored = f"{words.who(newest)} had stored {words.value(newest)}"
        return f"STALE: from {_from(read, words)}, though {stored}", True
    reads = (r for r in moment.step.reads if r.source and not _companion(r.event))
    found = dict.fromkeys(_from(r, words) for r in reads)
    return f"from {', '.join(found)}" if found else "", False


def _from(read: Read, words: Words) -> str:
    source = read.source
    assert source is not None
    if source.thread == read.event.thread:
        return f"own {place(source)}"
    return words.who(source)
