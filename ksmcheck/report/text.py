"""A verdict for the terminal: one line that says it, and the execution beside its source lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VACUOUS, VIOLATED, Verdict, Witness
from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.explain.story import place
from ksmcheck.program.ir import Origin
from ksmcheck.report.timeline import Moment, timeline
from ksmcheck.report.values import Names

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

STYLE = {SAFE: "bold green", VIOLATED: "bold red", VACUOUS: "bold magenta"}


def print_verdict(console: Console, verdict: Verdict, story: str | None = None) -> None:
    """Writes one verdict; ``story`` is the sentence that names the missing order."""
    from rich.text import Text

    request = verdict.request
    head = Text()
    head.append(f"{_word(verdict)}  ", style=STYLE.get(verdict.verdict, "bold yellow"))
    head.append(f"{verdict.test}  {_subject(verdict)}".rstrip())
    config = f" ({verdict.config})" if verdict.config not in ("", "default") else ""
    head.append(
        f"\n  {request.model}{config}, kernel {request.kernel}, {request.solver}, "
        f"{verdict.seconds * 1000:.0f} ms"
        + (", witness re-checked" if verdict.witness else ""),
        style="dim",
    )
    console.print(head, soft_wrap=True)
    for line in _remarks(verdict):
        console.print(f"  {line}", soft_wrap=True, highlight=False, markup=False)
    if verdict.witness and verdict.verdict == VIOLATED:
        print_witness(console, verdict.witness)
        if story:
            console.print(Text(f"  why: {story}", style="bold"), soft_wrap=True)


def _word(verdict: Verdict) -> str:
    if verdict.verdict == BOUNDED:
        return f"{verdict.observation or 'SAFE'} up to {verdict.bound}"
    if verdict.verdict == SAFE and verdict.observation:
        return verdict.observation
    return verdict.verdict


def _subject(verdict: Verdict) -> str:
    if verdict.witness and verdict.verdict == VIOLATED:
        return verdict.witness.failure.text
    return verdict.subject


def _remarks(verdict: Verdict) -> list[str]:
    lines = []
    if verdict.verdict in (UNKNOWN, VACUOUS) and verdict.reason:
        lines.append(verdict.reason)
    if verdict.verdict == BOUNDED:
        where = ", ".join(str(s) for s in verdict.bound_loops)
        lines.append(f"the unrolling bound can be reached: {where} (raise --unroll)")
    if verdict.observation and verdict.flags:
        lines.append(f"flag: {', '.join(verdict.flags)}")
    if verdict.assumed and verdict.request.model != "lkmm":
        sites = ", ".join(_site(o) for o in verdict.assumed)
        lines.append(f"assuming the compiler neither tears, fuses nor moves these plain stores: {sites}")
    lines.extend(verdict.notes)
    return lines


def _site(origin: Origin) -> str:
    return f"{origin.site} ({origin.span.source.name.rpartition('/')[2]}:{origin.span.line})"


def print_witness(console: Console, witness: Witness) -> None:
    """The execution, one column a thread, in telling order; then the final state."""
    from rich.table import Table

    names = Names(witness.cells)
    widths = {c.name: c.type.width for c in witness.cells}
    threads = sorted({e.thread for e in witness.execution.events if e.thread >= 0})
    table = Table(box=None, pad_edge=False, padding=(0, 2), show_edge=False)
    for thread in threads:
        table.add_column(witness.thread_names[thread], overflow="fold", ratio=1)
    for moment in timeline(witness.execution):
        if moment.event.kind == "F" and not moment.event.tags:
            continue
        row = ["" for _ in threads]
        cell: list[str | Text] = [*row]
        cell[threads.index(moment.event.thread)] = _step(moment, names, widths, witness)
        table.add_row(*cell)
    console.print(table)
    final = ", ".join(
        f"{name} = {names.value(value, widths.get(name, 64))}"
        for name, value in witness.execution.memory
    )
    console.print(f"  final: {final}", soft_wrap=True, highlight=False, markup=False)


def _step(
    moment: Moment, names: Names, widths: dict[str, int], witness: Witness
) -> Text:
    from rich.text import Text

    event = moment.event
    text = Text()
    text.append(f"{place(event)} ", style="dim")
    if event.kind == "F":
        text.append(f"{event.primitive} ", style="cyan")
        text.append(f"[{','.join(sorted(event.tags))}]", style="dim")
        return text
    value = names.value(event.value or 0, widths.get(event.cell or "", 64))
    if event.kind == "W":
        text.append(f"{event.cell} := {value}", style="bold")
    else:
        text.append(f"{event.cell} = {value}")
        text.append(_source(moment, witness), style="yellow" if moment.early or moment.late else "dim")
    return text


def _source(moment: Moment, witness: Witness) -> str:
    source = moment.source
    if source is None:
        return ""
    if source.thread < 0:
        came = "from the start"
    elif source.thread == moment.event.thread:
        came = f"from own {place(source)}"
    else:
        came = f"from {witness.thread_names[source.thread]} {place(source)}"
    note = ", not yet shown above" if moment.early else ", already overwritten" if moment.late else ""
    return f"  {came}{note}"


def story_events(events: Sequence[ExecutedEvent]) -> str:
    """A cycle of events in one line, for notes."""
    return " -> ".join(f"P{e.thread} {e.kind} {e.cell} ({place(e)})" for e in events)
