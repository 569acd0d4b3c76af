"""An execution for the terminal: threads side by side, each step beside its source line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from ksmcheck.check.verdict import Witness
from ksmcheck.explain.story import Story
from ksmcheck.report.context import Context, contexts
from ksmcheck.report.effects import Words, effect, ordering, sources, words_for
from ksmcheck.report.fold import shown, spoken_of
from ksmcheck.report.steps import Step, threads_of
from ksmcheck.report.timeline import Moment, timeline

RULE = " │ "
INDENT = "    "


@dataclass(frozen=True, slots=True)
class Line:
    """One line of one thread's column; ``style`` as rich names styles."""

    thread: int
    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of ``width`` characters for ``threads``; ``full``: nothing is folded."""

    threads: tuple[int, ...]
    width: int
    full: bool


def layout_for(threads: tuple[int, ...], total: int, full: bool) -> Layout:
    """Columns that fill ``total`` characters."""
    gaps = len(RULE) * (len(threads) - 1)
    return Layout(threads, max(24, (total - gaps) // max(1, len(threads))), full)


def witness_rows(
    witness: Witness, story: Story | None, total: int, *, full: bool, titles: Sequence[str] = ()
) -> tuple[Layout, list[Line]]:
    """The lines of an execution, ``total`` characters wide. ``titles`` say what threads do."""
    moments = timeline(witness.execution)
    steps = [m.step for m in moments]
    layout = layout_for(threads_of(steps), total, full)
    words = words_for(witness.cells, witness.thread_names)
    needed = [True] * len(moments)
    if not full:
        needed = shown(moments, story.focus if story else frozenset(), witness)
    places = _contexts(steps, witness.thread_names)
    lines = list(_titles(layout, steps, witness.thread_names, titles))
    lines += _body(moments, needed, places, words)
    return layout, lines


def _contexts(steps: Sequence[Step], names: Sequence[str]) -> dict[Step, Context]:
    found: dict[Step, Context] = {}
    for thread in threads_of(steps):
        own = [s for s in steps if s.thread == thread]
        found.update(zip(own, contexts(own, names[thread]), strict=True))
    return found


def _titles(
    layout: Layout, steps: Sequence[Step], names: Sequence[str], titles: Sequence[str]
) -> Iterable[Line]:
    for thread in layout.threads:
        title = titles[thread] if thread < len(titles) else _first_call(steps, thread)
        yield Line(thread, f"{names[thread]}  {title}".rstrip(), "bold underline")


def _first_call(steps: Sequence[Step], thread: int) -> str:
    """The function that the thread calls first, for want of a better name."""
    origins = (s.origin for s in steps if s.thread == thread)
    return next((o.stack[0].function for o in origins if o is not None and o.stack), "")


def _body(
    moments: Sequence[Moment], needed: Sequence[bool], places: dict[Step, Context], words: Words
) -> Iterable[Line]:
    folded: dict[int, int] = {}
    headings: dict[int, str] = {}
    for moment, needs in zip(moments, needed, strict=True):
        thread = moment.step.thread
        if not needs:
            folded[thread] = folded.get(thread, 0) + 1
            continue
        yield from _folded(folded)
        folded.clear()
        context = places[moment.step]
        if headings.get(thread) != context.heading:
            headings[thread] = context.heading
            yield Line(thread, f"{context.heading}:", "bold")
        yield from _step(moment, context, words)
    yield from _folded(folded)


def _folded(counts: dict[int, int]) -> Iterable[Line]:
    for thread, count in sorted(counts.items()):
        yield Line(thread, f"... {count} step{'s' if count > 1 else ''}", "dim")


def _step(moment: Moment, context: Context, words: Words) -> Iterable[Line]:
    step = moment.step
    inner = f"  ({context.inner})" if context.inner else ""
    source = f"{context.place}  {context.text}{inner}"
    if all(e.kind == "F" for e in step.events):
        yield Line(step.thread, "  ".join([source, *ordering(step)]), "cyan")
        return
    yield Line(step.thread, source, "dim")
    text, marked = sources(moment, words)
    style = "bold" if step.writes else ""
    told = f"{INDENT}{effect(moment, words)}"
    if not marked:
        yield Line(step.thread, f"{told}  {text}".rstrip(), style)
        return
    yield Line(step.thread, told, style)
    yield Line(step.thread, f"{INDENT}{text}", "bold yellow")


def arranged(layout: Layout, lines: Iterable[Line]) -> Iterable[tuple[str, str, str]]:
    """The lines wrapped into their columns, as (what is left of it, text, style).

    Titles of all threads stand side by side; every other line has its row to itself.
    """
    column = {thread: index for index, thread in enumerate(layout.threads)}
    for line in lines:
        lead = (" " * layout.width + RULE) * column[line.thread]
        for text in _wrapped(line.text, layout.width):
            yield lead, text, line.style


def _wrapped(text: str, width: int) -> list[str]:
    """Broken between words only, what follows indented under it."""
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    body = text.lstrip()
    parts = wrap(
        re.sub(r"  +", "  ", body),
        max(20, width - len(indent)),
        break_long_words=False,
        break_on_hyphens=False,
    )
    first = text[: len(text) - len(body)]
    return [first + parts[0], *(indent + p for p in parts[1:])] if parts else [text]


def final_line(witness: Witness, words: Words, *, full: bool) -> str:
    """How it ends: what the property speaks of, or everything."""
    named = spoken_of(witness)
    cells = [
        (name, words.names.value(value, words.widths.get(name, 64)))
        for name, value in witness.execution.memory
        if full or not named or name in named
    ]
    registers = [
        (f"{thread}:{name}", words.names.value(value % (1 << 64)))
        for (thread, name), value in witness.execution.registers
        if full or _mentions(witness.failure.text, thread, name)
    ]
    text = ", ".join(f"{name} = {value}" for name, value in [*registers, *cells])
    rest = len(witness.execution.memory) - len(cells)
    more = f"  ({rest} other cell{'s' if rest > 1 else ''}: --full)" if rest else ""
    return f"{text}{more}"


def _mentions(text: str, thread: int, name: str) -> bool:
    return re.search(rf"\b{thread}:{re.escape(name)}\b", text) is not None
