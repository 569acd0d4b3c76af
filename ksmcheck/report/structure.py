"""What a test becomes under a model: events by thread, with guards, cells and dependencies."""

from __future__ import annotations

from collections.abc import Iterable

from ksmcheck.check.prepare import ASSEMBLY
from ksmcheck.events.structure import Event, EventStructure
from ksmcheck.explain.story import span_text
from ksmcheck.kernel.memory import is_literal
from ksmcheck.report.values import Names


def structure_text(structure: EventStructure) -> str:
    """A listing for people; ``?`` marks events that only some executions contain."""
    return "\n".join(_lines(structure))


def _lines(structure: EventStructure) -> Iterable[str]:
    names = Names(structure.named)
    config = "" if structure.config == "default" else f" ({structure.config})"
    kernel = "" if structure.config == ASSEMBLY else f", kernel {structure.kernel}"
    yield f"{structure.name} under {structure.model}{config}{kernel}"
    yield ""
    for cell in structure.cells:
        if cell.kept or is_literal(cell.name):  # no memory under any model, or never another value
            continue
        yield f"  {cell.ctype} {cell.name} = {names.value(cell.init, cell.type.width)}"
    events = sorted(structure.events, key=lambda e: (e.thread, e.position))
    number = {event.id: place for place, event in enumerate(events)}
    depends: dict[int, list[str]] = {}
    for d in structure.dependencies:
        mark = "" if d.guard is structure.terms.true else "?"
        depends.setdefault(d.target, []).append(f"{d.relation}{mark} e{number[d.source]}")
    for thread in range(structure.threads):
        yield ""
        yield f"P{thread} {structure.thread_names[thread]}"
        for event in events:
            if event.thread == thread:
                name = f"e{number[event.id]}"
                yield _event(name, event, structure, names, depends.get(event.id, []))
    yield ""
    yield f"  {len(structure.events)} events, {len(structure.rmw)} atomic pairs"
    if structure.cuts:
        loops = {str(c.repeat.loop): c.repeat.index + 1 for c in structure.cuts}
        for loop, bound in loops.items():
            yield f"  loop at {loop} unrolled {bound} times"


def _event(
    name: str, event: Event, structure: EventStructure, names: Names, depends: list[str]
) -> str:
    mark = " " if event.guard is structure.terms.true else "?"
    tags = f"[{','.join(sorted(event.tags))}]" if event.tags else ""
    what = f"{event.kind}{tags}"
    cells = "/".join(structure.cells[c].name for c in event.cells)
    values = ", ".join(names.value(v, event.width) for v in event.values[:6])
    more = ", ..." if len(event.values) > 6 else ""
    where = span_text(event.origin.span) if event.origin else ""
    shown = f"{cells} in {{{values}{more}}}" if event.kind != "F" else cells
    tail = f"   <- {', '.join(depends)}" if depends else ""
    return f"  {name:<5}{mark} {what:18} {shown:48} {where} {event.primitive}{tail}"
