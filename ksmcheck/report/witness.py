"""An execution for the terminal: threads side by side, each step beside its source line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from textwrap import wrap

from ksmcheck.check.verdict import Witness
from ksmcheck.explain.story import Story
from ksmcheck.kernel.memory import is_literal
from ksmcheck.program.becomes import Respelt
from ksmcheck.record import Struct
from ksmcheck.report.context import Context, contexts
from ksmcheck.report.effects import Words, effect, ordering, sources, words_for
from ksmcheck.report.fold import shown, spoken_of
from ksmcheck.report.steps import Step, steps_of, threads_of
from ksmcheck.report.timeline import Moment, timeline

RULE = " │ "
INDENT = "    "


class Line(Struct, frozen=True):
    """One line of one thread's column; ``style`` as rich names styles."""

    thread: int
    text: str
    style: str = ""


class Layout(Struct, frozen=True):
    """Columns of ``width`` characters for ``threads``; ``full``: nothing is folded."""

    threads: tuple[int, ...]
    width: int
    full: bool


def layout_for(threads: tuple[int, ...], total: int, full: bool) -> Layout:
    """Columns that fill ``total`` characters."""
    gaps = len(RULE) * (len(threads) - 1)
    return Layout(threads, max(24, (total - gaps) // max(1, len(threads))), full)


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
    steps = [m.step for m in moments]
    layout = layout_for(threads_of(steps), total, full)
    words = words_for(witness.cells, witness.thread_names)
    needed = [True] * len(moments)
    if not full:
        needed = shown(moments, story.focus if story else frozenset(), witness)
    places = _contexts(steps, witness.thread_names, becomes)
    return layout, list(_body(moments, needed, places, words, layout.width))


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


def title_rows(layout: Layout, witness: Witness, titles: Sequence[str]) -> list[str]:
    """What each thread is, side by side. ``titles`` say what threads do, as far as it is known."""
    blocks = []
    steps = steps_of(witness.execution)
    for thread in layout.threads:
        title = titles[thread] if thread < len(titles) else _first_call(steps, thread)
        blocks.append(_wrapped(f"{witness.thread_names[thread]}  {title}".rstrip(), layout.width))
    rows = zip_longest(*blocks, fillvalue="")
    rule = "─┼─".join("─" * layout.width for _ in layout.threads)
    return [RULE.join(t.ljust(layout.width) for t in row).rstrip() for row in rows] + [rule]


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
    headings = dict(enumerate(words.threads))  # a body that calls nothing needs no heading
    for moment, needs in zip(moments, needed, strict=True):
        thread = moment.step.thread
        if not needs:
            folded[thread] = folded.get(thread, 0) + 1
            continue
        yield from _folded(folded)
        folded.clear()
        context = places[moment.step.events[0].id]
        if headings.get(thread) != context.heading:
            headings[thread] = context.heading
            yield Line(thread, f"{context.heading}:", "bold")
        yield from _step(moment, context, words, width)
    yield from _folded(folded)


def _folded(counts: dict[int, int]) -> Iterable[Line]:
    for thread, count in sorted(counts.items()):
        yield Line(thread, f"... {count} step{'s' if count > 1 else ''}", "dim")


def _step(moment: Moment, context: Context, words: Words, width: int) -> Iterable[Line]:
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
    if not marked and len(told) + len(text) + 2 <= width:
        yield Line(step.thread, f"{told}  {text}".rstrip(), style)
        return
    yield Line(step.thread, told, style)
    yield Line(step.thread, f"{INDENT}{text}", "bold yellow" if marked else style)


def arranged(layout: Layout, lines: Sequence[Line]) -> Iterable[tuple[str, str, str, str]]:
    """The lines wrapped into their columns: what is left of a line, its text, what is right of it,
    and its style. Every line has its row to itself, so that rows are in telling order."""
    column = {thread: index for index, thread in enumerate(layout.threads)}
    for line in lines:
        before = column[line.thread]
        lead = (" " * layout.width + RULE) * before
        after = len(column) - before - 1
        for text in _wrapped(line.text, layout.width):
            rest = " " * max(0, layout.width - len(text)) if after else ""
            rest += (RULE + " " * layout.width) * (after - 1) + (RULE.rstrip() if after else "")
            yield lead, text, rest, line.style


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
