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
from ksmcheck.record import Struct, field, replace
from ksmcheck.text import Span

Place: TypeAlias = tuple[tuple[str, int, int], ...]
"""File, begin and end of a text: what a call is known by in changed programs. Of what a macro
brought, the place of its use first, then those in the definitions."""


class _Effect(Struct, frozen=True):
    """What one change adds: fences, and tags of events by number."""

    extras: tuple[Extra, ...]
    tags: tuple[tuple[int, frozenset[str]], ...]


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
    _known: dict[Change, _Effect] = field(default_factory=dict)
    _executed: dict[Place, list[ExecutedEvent]] = field(default_factory=dict)

    def allowed(self, changes: Iterable[Change]) -> bool:
        """Whether the execution is still one, and still a violation, with the changes made."""
        tags: dict[int, frozenset[str]] = {}
        extras: list[Extra] = []
        for change in changes:
            more = self._effect(change)
            extras += more.extras
            for event, names in more.tags:
                tags[event] = tags.get(event, frozenset()) | names
        events = self.execution.events
        if tags:
            events = tuple(
                replace(e, tags=e.tags | tags[e.id]) if e.id in tags else e for e in events
            )
        graph = graph_of(replace(self.execution, events=events), extras)
        if self.model.compiled.violated(graph):
            return False
        flags = [c for c in self.model.compiled.checks if c.flag and c.name in self.flags]
        return all(self.model.compiled.raises(graph, check) for check in flags)

    def _effect(self, change: Change) -> _Effect:
        known = self._known.get(change)
        if known is None:
            known = self._known[change] = self._worked_out(change)
        return known

    def _worked_out(self, change: Change) -> _Effect:
        steps, events = self._steps(change.to), self.execution.events
        if change.kind == INSERT:
            begun = beginnings(self.visits, self.statements[change.site])
            places = [(thread, event_of(events, thread, at)) for thread, at in begun]
            return _Effect(tuple(x for place in places for x in _fences(steps, *place)), ())
        mine = self._of_call(self.calls[change.site])
        extras = tuple(x for e in groups(mine) for x in _around(steps, e))
        kinds = {s.kind: frozenset(s.tags) for s in steps if s.kind != "F"}
        return _Effect(extras, tuple((e.id, kinds[e.kind]) for e in mine if e.kind in kinds))

    def _of_call(self, call: Place) -> list[ExecutedEvent]:
        if not self._executed:
            for event in self.execution.events:
                if event.origin is not None:
                    self._executed.setdefault(place(event.origin.span), []).append(event)
        return self._executed.get(call, [])

    def _steps(self, name: str) -> tuple[Step, ...]:
        request = self.verdict.request
        row: Row = self.model.row(primitives(request.kernel)[name], request.kernel, self.config)
        return row.always or row.ok or ()


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
