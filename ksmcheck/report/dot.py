"""An execution as a Graphviz graph: a cluster a thread, po down the page, rf, co and fr across."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from ksmcheck.check.verdict import Witness
from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.explain.cycles import from_reads
from ksmcheck.explain.story import called, place
from ksmcheck.report.effects import answer
from ksmcheck.report.values import Names

_COLOURS = {"rf": "red", "co": "blue", "fr": "darkorange"}


def execution_dot(witness: Witness) -> str:
    """The witness in the DOT language."""
    return "\n".join(["digraph execution {", *_body(witness), "}"])


def _body(witness: Witness) -> Iterable[str]:
    execution = witness.execution
    names = Names(witness.cells)
    yield "  node [shape=plaintext, fontname=monospace];"
    threads = sorted({e.thread for e in execution.events if e.thread >= 0})
    for thread in threads:
        own = [e for e in execution.events if e.thread == thread]
        yield f"  subgraph cluster_{thread} {{"
        yield f"    label={_quoted(witness.thread_names[thread])};"
        for event in own:
            yield f"    e{event.id} [label={_quoted(_label(event, names))}];"
        for first, second in pairwise(own):
            yield f"    e{first.id} -> e{second.id} [color=gray];"
        yield "  }"
    used = {end for pair in execution.rf for end in pair}
    for event in execution.events:
        if event.thread < 0 and event.id in used:
            yield f"  e{event.id} [label={_quoted(_label(event, names))}];"
    shown = {e.id for e in execution.events if e.thread >= 0} | used
    relations = {"rf": execution.rf, "co": _steps(execution.co), "fr": set(from_reads(execution))}
    for name, pairs in relations.items():
        for a, b in sorted(pairs):
            if a in shown and b in shown:
                yield f"  e{a} -> e{b} [label={name}, color={_COLOURS[name]}, constraint=false];"


def _steps(co: frozenset[tuple[int, int]]) -> set[tuple[int, int]]:
    """co without what follows by transitivity."""
    return {(a, b) for a, b in co if not any((a, m) in co and (m, b) in co for _, m in co)}


def _label(event: ExecutedEvent, names: Names) -> str:
    if event.kind == "F":
        return f"{answer(event) or called(event)} {place(event)}"
    sign = ":=" if event.kind == "W" else "="
    return f"{event.cell} {sign} {names.value(event.value or 0)}\n{place(event)}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
