"""An execution for the terminal: threads side by side, each step beside its source line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from ksmcheck.check.verdict import Witness
from ksmcheck.explain.story import Story
from ksmcheck.kernel.memory import is_literal
from ksmcheck.program.becomes import Respelt
from ksmcheck.report.columns import Layout, Line, layout_for
from ksmcheck.report.context import Context, contexts
from ksmcheck.report.effects import Words, effect, ordering, sources, words_for
from ksmcheck.report.fold import shown, spoken_of
from ksmcheck.report.steps import Step, steps_of, threads_of
from ksmcheck.report.timeline import Moment, timeline

INDENT = "    "


def witness_lines(
    witness: Witness,
    story: Story | None,
    total: int,
    *,
    full: bool,
    becomes: Sequence[Respelt] = (),
) -> tuple[Layout, list[Line]]:
    """The steps of an execution as lines of its threads' columns, ``total`` characters in all."""
    moments = timeline(witness.execution)
    if not full:
        moments = _without_idle(moments, story.focus if story else frozenset())
    steps = [m.step for m in moments]
    layout = layout_for(threads_of(steps), witness.thread_names, total)
    words = words_for(witness.cells, witness.thread_names)
    needed = [True] * len(moments)
    if not full:
        needed = shown(moments, story.focus if story else frozenset(), witness)
    places = _contexts(steps, witness.thread_names, becomes)
    return layout, list(_body(moments, needed, places, words, layout.width))


def _without_idle(moments: Sequence[Moment], focus: frozenset[int]) -> tuple[Moment, ...]:
    """Without the threads of callbacks that nobody asked for."""
    by_thread = groupby(sorted(moments, key=_thread), key=_thread)
    idle = {
        thread
        for thread, (first, *rest) in by_thread
        if first.step.events[0].primitive == _CALLBACK and not rest and not first.step.ids & focus
    }
    return tuple(m for m in moments if m.step.thread not in idle)


_CALLBACK = "rcu_do_batch"


def _thread(moment: Moment) -> int:
    return moment.step.thread


def _contexts(
    steps: Sequence[Step], names: Sequence[str], becomes: Sequence[Respelt]
) -> dict[int, Context]:
    """The context of each step, by the id of its first event."""
    found: dict[int, Context] = {}
    for thread in threads_of(steps):
        own = [s for s in steps if s.thread == thread]
        ids = (s.events[0].id for s in own)
        found.update(zip(ids, contexts(own, names[thread], becomes), strict=True))
    return found


def titles_of(layout: Layout, witness: Witness, titles: Sequence[str]) -> list[str]:
    """What each thread of the layout does: as ``titles`` say, as far as it is known."""
    steps = steps_of(witness.execution)
    return [titles[t] if t < len(titles) else _first_call(steps, t) for t in layout.threads]


def _first_call(steps: Sequence[Step], thread: int) -> str:
    """The function that the thread calls first, for want of a better name."""
    origins = (s.origin for s in steps if s.thread == thread)
    return next((o.stack[0].function for o in origins if o is not None and o.stack), "")


def _body(
    moments: Sequence[Moment],
    needed: Sequence[bool],
    places: dict[int, Context],
    words: Words,
    width: int,
) -> Iterable[Line]:
    folded: dict[int, int] = {}
    before: tuple[int, Context] | None = None
    headings = dict(enumerate(words.threads))  # a body that calls nothing needs no heading
    for moment, needs in zip(moments, needed, strict=True):
        thread = moment.step.thread
        if not needs:
            folded[thread] = folded.get(thread, 0) + 1
            before = None
            continue
        yield from _folded(folded)
        folded.clear()
        context = places[moment.step.events[0].id]
        if headings.get(thread) != context.heading:
            headings[thread] = context.heading
            yield Line(thread, f"{context.heading}:", "bold")
        yield from _step(moment, context, words, width, again=before == (thread, context))
        before = thread, context
    yield from _folded(folded)


def _folded(counts: dict[int, int]) -> Iterable[Line]:
    for thread, count in sorted(counts.items()):
        yield Line(thread, f"... {count} step{'s' if count > 1 else ''}", "dim")


def _step(
    moment: Moment, context: Context, words: Words, width: int, *, again: bool
) -> Iterable[Line]:
    """``again``: its source line stands right above, with what it did before."""
    step = moment.step
    inner = f"  ({context.inner})" if context.inner else ""
    source = f"{context.place}  {context.text}{inner}"
    if all(e.kind == "F" for e in step.events):
        yield Line(step.thread, "  ".join([source, *ordering(step)]), "cyan")
        return
    if not again:
        yield Line(step.thread, source, "dim")
    text, marked = sources(moment, words)
    style = "bold" if step.writes else ""
    told = f"{INDENT}{effect(moment, words)}"
    if not marked and len(told) + len(text) + 2 <= width:
        yield Line(step.thread, f"{told}  {text}".rstrip(), style)
        return
    yield Line(step.thread, told, style)
    if text:
        yield Line(step.thread, f"{INDENT}{text}", "bold yellow" if marked else style)


def final_line(witness: Witness, story: Story | None, words: Words, *, full: bool) -> str:
    """How it ends: what the property and the story speak of, or everything."""
    focus = story.focus if story else ()
    named = spoken_of(witness) | {witness.execution.events[e].cell for e in focus}
    memory = [(name, value) for name, value in witness.execution.memory if not is_literal(name)]
    cells = [
        (name, words.names.value(value, words.widths.get(name, 64)))
        for name, value in memory
        if full or not named or name in named
    ]
    registers = [
        (f"{thread}:{name}", words.names.value(value % (1 << 64)))
        for (thread, name), value in witness.execution.registers
        if full or _mentions(witness.failure.text, thread, name)
    ]
    text = ", ".join(f"{name} = {value}" for name, value in [*registers, *cells])
    rest = len(memory) - len(cells)
    more = f"  ({rest} other cell{'s' if rest > 1 else ''}: --full)" if rest else ""
    return f"{text}{more}"


def _mentions(text: str, thread: int, name: str) -> bool:
    return re.search(rf"\b{thread}:{re.escape(name)}\b", text) is not None
