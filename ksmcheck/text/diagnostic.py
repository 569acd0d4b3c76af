"""Errors by blame: what the user wrote (InputError) and what we did (InternalError)."""

from __future__ import annotations

from typing import ClassVar

from ksmcheck.record import Struct
from ksmcheck.text.source import Span


class Note(Struct, frozen=True):
    """A second place that helps to understand a diagnostic (a definition, a call)."""

    message: str
    span: Span | None = None


class Diagnostic(Struct, frozen=True):
    """One thing to tell the user: what, where, and what would have been right."""

    message: str
    span: Span | None = None
    hint: str | None = None
    notes: tuple[Note, ...] = ()

    def render(self) -> str:
        """``file:line:column: error: message``, the line with carets, notes and hint."""
        where = f"{self.span}: " if self.span else ""
        parts = [f"{where}error: {self.message}"]
        if self.span:
            parts += _excerpt(self.span)
            via = self.span.via
            while via:
                if via.source.name != PREDEFINED:
                    parts.append(f"  {_brought(via)}")
                via = via.via
        for note in self.notes:
            at = f"{note.span}: " if note.span else ""
            parts.append(f"{at}note: {note.message}")
            if note.span:
                parts += _excerpt(note.span)
        if self.hint:
            parts.append(f"  hint: {self.hint}")
        return "\n".join(parts)


PREDEFINED = "<predefined>"
"""The source of macros that come along: where in it one stands tells nobody anything."""

GUARD = "<guard>"
"""The source of a call that the text does not say: what a guard does."""


def _brought(via: Span) -> str:
    if via.source.name == GUARD:
        return f"the guard calls {via.text}"
    return f"in the expansion of a macro defined at {via}"


_LONG = 200
"""Characters of a line that are shown; of a longer one, those around the place."""


def _excerpt(span: Span) -> list[str]:
    line, column = span.source.position(span.start)
    text = span.source.line_text(line)
    if len(text) > _LONG:
        left = max(0, column - 1 - _LONG // 2)
        more = "..." if left + _LONG < len(text) else ""
        text = ("..." if left else "") + text[left : left + _LONG] + more
        column -= left - (3 if left else 0)
    width = max(1, min(span.end - span.start, len(text) - column + 1))
    lead = "".join("\t" if c == "\t" else " " for c in text[: column - 1])
    return [f"{line:5} | {text}", f"      | {lead}{'^' * width}"]


class InputError(Exception):
    """The input is wrong or not supported; exit code 2. Never a traceback."""

    exit_code: ClassVar[int] = 2

    def __init__(
        self,
        message: str,
        span: Span | None = None,
        hint: str | None = None,
        notes: tuple[Note, ...] = (),
    ) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(message, span, hint, notes)

    def __str__(self) -> str:
        return self.diagnostic.render()


class NoMeaning(InputError):
    """A test that one model has no meaning for; others may have one."""


class Inconclusive(Exception):
    """No answer, and nothing is wrong with the input: the message says why. Exit code 4."""

    exit_code: ClassVar[int] = 4


class InternalError(Exception):
    """ksmcheck contradicted itself (a witness that does not replay, say); exit code 3."""

    exit_code: ClassVar[int] = 3
