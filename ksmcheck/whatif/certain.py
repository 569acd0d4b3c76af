"""Whether a program that is unsafe stays so with any less order than it has.

The least sets are found by leaving out what is below an unsafe program, which is right where less
order allows more. A model need not be like that: a fence may come between two events that some rule
wants to be neighbours, or a tag may be asked for under a difference. So it is proved each time, for
the execution at hand: the graphs that it has with less order all lie between two, and of these the
cat file's bounds say whether every one is consistent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ksmcheck.cat.graph import Graph
from ksmcheck.cat.throughout import unsure, within
from ksmcheck.check.verdict import Verdict
from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.explain.graph import Extra, graph_of
from ksmcheck.kernel.primitives import primitives
from ksmcheck.lowering.template import Step
from ksmcheck.model.model import Model
from ksmcheck.program.change import PLAIN, REMOVE, Change
from ksmcheck.program.inventory import Spot
from ksmcheck.program.ir import Cell
from ksmcheck.record import Struct, field, replace
from ksmcheck.text import InputError, Span
from ksmcheck.whatif.imagine import Place, first_events, groups, inside, place

Forms = Mapping[str, Sequence[Change | None]]
"""Site -> what it may be; None: as the file has it."""

Steps = tuple[Step, ...]
Group = tuple[ExecutedEvent, ...]
"""The events of one executed call."""


class Unsure(Exception):
    """It is not proved; the text says what is in the way, and ``site`` which site, if one alone."""

    def __init__(self, reason: str, site: str = "") -> None:
        super().__init__(reason)
        self.site = site


class _Varied(Struct):
    """How the graph of an execution may differ: tags that its events may have or lack, fences that
    may be missing, and fences that may be there, each with what it may be control dependent on."""

    gained: dict[int, frozenset[str]] = field(default_factory=dict)
    lost: dict[int, frozenset[str]] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)
    extras: list[tuple[Extra, frozenset[int]]] = field(default_factory=list)


class Violation(Struct, frozen=True):
    """A verdict that is not safe, and the execution that shows it, if there is one: by what it
    does, or by the ``flags`` that it raises. ``cells`` are those of its addresses, ``config`` is
    the configuration that it is one of."""

    verdict: Verdict
    execution: Execution | None
    flags: tuple[str, ...]
    cells: tuple[Cell, ...] = ()
    config: str = ""


class LessOrder(Struct, frozen=True):
    """One violating execution and its weaker forms. ``spots`` are the places of the file,
    ``statements`` those of insertions.

    Events are known by their place in the text: names are counted anew in a changed program.
    """

    violation: Violation
    model: Model
    spots: Sequence[Spot]
    statements: Mapping[str, Span] = field(default_factory=dict)

    def prove(self, forms: Forms) -> None:
        """Raises Unsure unless the execution is one, and a violation, whatever each site is of
        ``forms``. Sites that are not named stay as they are in the execution."""
        execution, flags = self.violation.execution, self.violation.flags
        if execution is None:
            raise Unsure(f"there is no execution that shows {self.violation.verdict.verdict}")
        varied = _Varied()
        try:
            self._refuse_silent(forms)
            sites = {place(spot.span): spot.name for spot in self.spots}
            stores = {spot.name for spot in self.spots if spot.primitive == "store"}
            inserted = {place(span) for span in self.statements.values()}
            for group in groups([e for e in execution.events if e.origin is not None]):
                here = _place(group)
                site = sites.get(here, "")
                if site in stores and all(e.kind == "R" for e in group):
                    continue  # the read of ``x++``, whose store alone can be marked
                if len(forms.get(site, ())) > 1:
                    self._vary(varied, execution, group, site, forms[site])
                elif here in inserted and all(e.kind == "F" for e in group):
                    varied.missing |= {e.id for e in group}
            self._insert(varied, execution, forms)
            may, must = _graphs(execution, varied)
            open_ = unsure(self.model.compiled, may, must, flags)
        except InputError as error:
            raise Unsure(error.diagnostic.message) from None
        if open_:
            names = ", ".join(f"`{check.name}`" for check in open_)
            raise Unsure(f"{names} of {self.model.name} may forbid more where there is less order")

    def _refuse_silent(self, forms: Forms) -> None:
        """What has no events now leaves no trace of where another form would have some."""
        for site, options in forms.items():
            if len(options) < 2 or site in self.statements:
                continue
            now = any(self._cases(site, self._change(site)))
            if not now and any(any(self._cases(site, c)) for c in options):
                raise Unsure(f"{site} has no events in this form, and some in another", site)

    def _change(self, site: str) -> Change | None:
        return next((c for c in self.violation.verdict.request.changes if c.site == site), None)

    def _vary(
        self,
        varied: _Varied,
        execution: Execution,
        group: Group,
        site: str,
        options: Sequence[Change | None],
    ) -> None:
        own, case = self._own(group, site)
        succeeded = self._succeeded(group, site)
        others = [self._case(site, change, case, succeeded) for change in options]
        shapes = {tuple(_bare(s) for s in steps if s.kind != "F") for steps in (own, *others)}
        if len(shapes) > 1 or any(
            s.located or s.joined for o in others for s in o if s.kind == "F"
        ):
            raise Unsure(f"{site} is made of other accesses in another form", site)
        sources = frozenset(a for a, b in execution.ctrl if b == group[0].id)
        _vary_accesses(varied, group, own, others)
        _vary_fences(varied, group, own, others, sources)

    def _succeeded(self, group: Group, site: str) -> bool:
        """Whether it is plain that the operation's test holds: a failing one would have stored, if
        anything, what was there."""
        known = primitives(self.violation.verdict.request.kernel)
        names = {s.primitive for s in self.spots if s.name == site} & known.keys()
        if {known[name].fail_stores for name in names} != {"may"}:
            return False
        values = [e.value for e in group if e.kind != "F"]
        return len(values) == 2 and values[0] != values[1]

    def _own(self, group: Group, site: str) -> tuple[Steps, int]:
        """The steps that the executed events come from, and which case of the row they are."""
        done = [(e.kind, e.joined) for e in group]
        fitting = [
            (steps, case)
            for case, steps in enumerate(self._cases(site, self._change(site)))
            if steps is not None
            and [(s.kind, s.joined) for s in steps] == done
            and all(e.tags.issuperset(s.tags) for e, s in zip(group, steps, strict=True))
        ]
        if len(fitting) != 1:
            raise Unsure(f"{site} could have done this in more than one way", site)
        return fitting[0]

    def _case(self, site: str, change: Change | None, case: int, succeeded: bool = False) -> Steps:
        """What another form would have done; ``succeeded``: its test holds of what was read."""
        if change is not None and change.kind == REMOVE:
            return ()  # of a fence; other calls would lack accesses then, which is refused
        always, ok, fail = self._cases(site, change)
        steps = (always, ok, fail)[case]
        if steps is None:
            steps = ok if case == 0 and succeeded else always
        if steps is None:
            raise Unsure(f"{site} has other outcomes in another form", site)
        return steps

    def _cases(self, site: str, change: Change | None) -> tuple[Steps | None, ...]:
        request = self.violation.verdict.request
        if change is not None and change.kind == REMOVE:
            return (), None, None
        known = primitives(request.kernel)
        as_is = next((s.primitive for s in self.spots if s.name == site), "")
        name = as_is if change is None else change.to
        if name == PLAIN:
            name = known[as_is].shape
        config = self.violation.config
        row = self.model.row(known[name], request.kernel, config)
        return row.always, row.ok, row.fail

    def _insert(self, varied: _Varied, execution: Execution, forms: Forms) -> None:
        """Each barrier that may stand before a statement, each time that this is executed.

        Where several statements begin with one event, the barrier of the outer one comes first.
        """
        here: dict[int, list[tuple[int, int, list[Steps]]]] = {}
        for site, where in self.statements.items():
            barriers = [self._case(site, c, 0) for c in forms.get(site, ()) if c is not None]
            for event in first_events(execution.events, where) if barriers else ():
                depth = _depth(event, where)
                here.setdefault(event.id, []).append((depth, where.start - where.end, barriers))
        for first, found in here.items():
            event = execution.events[first]
            fences = [s for *_, rows in sorted(found, key=lambda f: f[:2]) for r in rows for s in r]
            reads = [e.id for e in execution.events[:first] if e.kind == "R"]
            before = frozenset(e for e in reads if execution.events[e].thread == event.thread)
            _stand(varied, event.thread, fences, (first, 1), before)


def _place(group: Group) -> Place:
    assert group[0].origin is not None
    return place(group[0].origin.span)


def _bare(step: Step) -> Step:
    return replace(step, tags=())


def _vary_accesses(varied: _Varied, group: Group, own: Steps, others: Sequence[Steps]) -> None:
    accesses = [event for event in group if event.kind != "F"]
    forms = [[s for s in steps if s.kind != "F"] for steps in (own, *others)]
    for event, *steps in zip(accesses, *forms, strict=True):
        tags = [frozenset(step.tags) for step in steps]
        varied.gained[event.id] = frozenset[str]().union(*tags)
        varied.lost[event.id] = varied.gained[event.id] - frozenset.intersection(*tags)


def _vary_fences(
    varied: _Varied,
    group: Group,
    own: Steps,
    others: Sequence[Steps],
    sources: frozenset[int],
) -> None:
    """Between two accesses, where the forms have not all the same fences, each is optional."""
    slots = [list(_slots(steps)) for steps in (own, *others)]
    mine = list(_event_slots(group))
    for number, (events, end) in enumerate(mine):
        here = [slot[number] for slot in slots]
        if all(fences == here[0] for fences in here):
            continue
        varied.missing |= {event.id for event in events}
        third = 0 if number == len(mine) - 1 else 2
        for fences in here[1:]:
            _stand(varied, group[0].thread, fences, (end, third), sources)


def _stand(
    varied: _Varied,
    thread: int,
    fences: Sequence[Step],
    place: tuple[int, int],
    sources: frozenset[int],
) -> None:
    """Lets fences be there before an event. What closes a call is in the first third of the gap,
    what was inserted in the second, what opens a call in the last."""
    before, third = place
    for index, fence in enumerate(fences, 1):
        at = before - 0.5 + (third + index / (len(fences) + 1)) / 3
        varied.extras.append((Extra(thread, at, frozenset(fence.tags)), sources))


def _depth(event: ExecutedEvent, statement: Span) -> int:
    """How many calls deep the statement is that the event begins."""
    assert event.origin is not None
    spans = [*(frame.call for frame in event.origin.stack), event.origin.span]
    return next(i for i, span in enumerate(spans) if inside(span, statement))


def _slots(steps: Steps) -> Iterator[list[Step]]:
    """The fences before the first access, between it and the second, and so on."""
    slot: list[Step] = []
    for step in steps:
        if step.kind == "F":
            slot.append(step)
        else:
            yield slot
            slot = []
    yield slot


def _event_slots(group: Group) -> Iterator[tuple[list[ExecutedEvent], int]]:
    """The same for executed events, each with the number of the event that comes then."""
    slot: list[ExecutedEvent] = []
    for event in group:
        if event.kind == "F":
            slot.append(event)
        else:
            yield slot, event.id
            slot = []
    yield slot, group[-1].id + 1


def _graphs(execution: Execution, varied: _Varied) -> tuple[Graph, Graph]:
    """What the execution's graph may contain, and what it has to."""
    events = execution.events
    extras = [extra for extra, _ in varied.extras]
    most = [replace(e, tags=e.tags | varied.gained.get(e.id, frozenset())) for e in events]
    least = [replace(e, tags=e.tags - varied.lost.get(e.id, frozenset())) for e in events]
    ctrl = frozenset(
        (a, number) for number, (_, why) in enumerate(varied.extras, len(events)) for a in why
    )
    may = graph_of(replace(execution, events=tuple(most), ctrl=execution.ctrl | ctrl), extras)
    must = graph_of(replace(execution, events=tuple(least)), extras)
    certain = [event.id for event in events if event.id not in varied.missing]
    return may, within(must, certain)
