"""Where a step stands in the source, as its reader would say it.

A one-line helper such as ``PageSwapCache`` says less than its caller's line, so a call that did one
single step is shown as the call; the helper's own line is named behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.explain.story import span_text
from ksmcheck.program.becomes import Respelt, as_becomes
from ksmcheck.program.ir import Frame, Origin
from ksmcheck.record import Struct
from ksmcheck.report.steps import Step
from ksmcheck.text import Span


class Context(Struct, frozen=True):
    """``heading`` is the function with its caller, ``place`` and ``text`` the source line shown,
    ``inner`` the place of the primitive itself where that is another line."""

    heading: str
    place: str
    text: str
    inner: str | None


def contexts(
    steps: Sequence[Step], thread: str, becomes: Sequence[Respelt] = ()
) -> tuple[Context, ...]:
    """The context of each step of one thread, in program order; ``thread`` names its body,
    ``becomes`` is what lines say in a changed program."""
    return tuple(_context(steps, index, thread, becomes) for index in range(len(steps)))


def _context(steps: Sequence[Step], index: int, thread: str, becomes: Sequence[Respelt]) -> Context:
    origin = steps[index].origin
    if origin is None:
        return Context(thread, "start", "", None)
    depth = len(origin.stack)
    while depth and not _shared(steps, index, origin.stack[:depth]):
        depth -= 1
    # The thread's own body is no function that the reader looks for: keep its first call as one.
    depth = max(depth, min(1, len(origin.stack)))
    return Context(_heading(origin, depth, thread), *_line(origin, depth, becomes))


def _line(origin: Origin, depth: int, becomes: Sequence[Respelt]) -> tuple[str, str, str | None]:
    own = span_text(origin.span)
    if origin.column:
        return own, " ".join(origin.span.text.split()), None
    if depth == len(origin.stack):
        return own, source_line(origin.span, becomes), None
    call = origin.stack[depth].call
    return span_text(call), source_line(call, becomes), own


def _shared(steps: Sequence[Step], index: int, frames: tuple[Frame, ...]) -> bool:
    """Whether the step before or behind it belongs to the same call."""
    for other in (index - 1, index + 1):
        if 0 <= other < len(steps):
            origin = steps[other].origin
            if origin is not None and origin.stack[: len(frames)] == frames:
                return True
    return False


def _heading(origin: Origin, depth: int, thread: str) -> str:
    names = [thread, *(frame.function for frame in origin.stack[:depth])]
    return names[-1] if depth <= 1 else f"{names[-2]} > {names[-1]}"


def source_line(span: Span, becomes: Sequence[Respelt] = ()) -> str:
    """The line of a span, blanks squeezed, without the brace that opens a block."""
    text = span.source.line_text(span.line)
    text = as_becomes(text, span.start - span.column + 1, span.source.name, becomes)
    return " ".join(text.split()).removesuffix("{").rstrip()
