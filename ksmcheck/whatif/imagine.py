"""A recorded execution with more order in it: would the model still allow it?

The question is put to the cat file alone, with fences and tags added to the execution's graph. It
costs a fraction of a check, and one "still allowed" rules out a repair without checking it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from ksmcheck.check.verdict import Verdict
from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.execution.visits import Visit, beginnings
from ksmcheck.explain.graph import Extra, graph_of
from ksmcheck.kernel.primitives import primitives
from ksmcheck.lowering.template import Row, Step
from ksmcheck.model.model import Model
from ksmcheck.program.change import INSERT, Change
from ksmcheck.record import Struct, replace
from ksmcheck.text import Span

Place: TypeAlias = tuple[tuple[str, int, int], ...]
"""File, begin and end of a text: what a call is known by in changed programs. Of what a macro
brought, the place of its use first, then those in the definitions."""


class Imagination(Struct, frozen=True):
    """One violating execution under its model in one configuration, by what it does or by the
    ``flags`` that it raises. ``statements`` are the places of insertions, ``calls`` those of the
    sites; ``visits`` what the execution comes to."""

    verdict: Verdict
    config: str
    execution: Execution
    flags: Collection[str]
    model: Model
    statements: Mapping[str, Span]
    calls: Mapping[str, Place]
    visits: Sequence[Visit]

    def allowed(self, changes: Iterable[Change]) -> bool:
        """Whether the execution is still one, and still a violation, with the changes made."""
        execution = self.execution
        extras: list[Extra] = []
        for change in changes:
            execution, more = self._changed(execution, change)
            extras += more
        graph = graph_of(execution, extras)
        if self.model.compiled.violated(graph):
            return False
        flags = [c for c in self.model.compiled.checks if c.flag and c.name in self.flags]
        return all(self.model.compiled.raises(graph, check) for check in flags)

    def _changed(self, execution: Execution, change: Change) -> tuple[Execution, list[Extra]]:
        steps = self._steps(change.to)
        if change.kind == INSERT:
            begun = beginnings(self.visits, self.statements[change.site])
            places = [(thread, event_of(execution.events, thread, at)) for thread, at in begun]
            return execution, [x for place in places for x in _fences(steps, *place)]
        call = self.calls[change.site]
        mine = [e for e in execution.events if e.origin and place(e.origin.span) == call]
        extras = [x for e in groups(mine) for x in _around(steps, e)]
        kinds = {s.kind: s for s in steps if s.kind != "F"}
        events = tuple(_tagged(e, kinds) if e in mine else e for e in execution.events)
        return replace(execution, events=events), extras

    def _steps(self, name: str) -> tuple[Step, ...]:
        request = self.verdict.request
        row: Row = self.model.row(primitives(request.kernel)[name], request.kernel, self.config)
        return row.always or row.ok or ()


def _tagged(event: ExecutedEvent, kinds: Mapping[str, Step]) -> ExecutedEvent:
    step = kinds.get(event.kind)
    return event if step is None else replace(event, tags=event.tags | frozenset(step.tags))


def _fences(steps: Sequence[Step], thread: int, before: int) -> Iterator[Extra]:
    for step in steps:
        if step.kind == "F":
            yield Extra(thread, before, frozenset(step.tags))


def _around(steps: Sequence[Step], group: tuple[ExecutedEvent, ...]) -> Iterator[Extra]:
    """A call's fences: before its events as long as no access has come, after them from then on."""
    first, last = group[0], group[-1]
    seen = False
    for step in steps:
        if step.kind == "F":
            yield Extra(first.thread, last.id + 1 if seen else first.id, frozenset(step.tags))
        else:
            seen = True


def event_of(events: Sequence[ExecutedEvent], thread: int, done: int) -> int:
    """The number of the thread's event that has ``done`` of its events before it; behind the last
    one, the number after that."""
    own = [e.id for e in events if e.thread == thread]
    return own[done] if done < len(own) else (own[-1] + 1 if own else len(events))


def groups(events: Sequence[ExecutedEvent]) -> Iterator[tuple[ExecutedEvent, ...]]:
    """The events of each executed call."""
    calls: dict[tuple[int, int], list[ExecutedEvent]] = {}
    for event in events:
        calls.setdefault((event.thread, event.instance), []).append(event)
    for group in calls.values():
        yield tuple(group)


def first_events(events: Sequence[ExecutedEvent], statement: Span) -> Iterator[ExecutedEvent]:
    """The event that begins each run through a statement."""
    inside = False
    thread = -1
    for event in events:
        if event.thread != thread:
            inside, thread = False, event.thread
        now = _belongs(event, statement)
        if now and not inside:
            yield event
        inside = now


def _belongs(event: ExecutedEvent, statement: Span) -> bool:
    if event.origin is None:
        return False
    spans = [event.origin.span, *(frame.call for frame in event.origin.stack)]
    return any(inside(span, statement) for span in spans)


def place(span: Span) -> Place:
    """Where a text is, whichever copy of it."""
    here = (span.source.name, span.start, span.end)
    return (here,) if span.via is None else (here, *place(span.via))


def inside(part: Span, whole: Span) -> bool:
    """Whether a place is within another."""
    return (
        part.source.name == whole.source.name
        and whole.start <= part.start
        and part.end <= whole.end
    )
