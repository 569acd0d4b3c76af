"""What ``drift`` says: one difference, with its places on both sides."""

from __future__ import annotations

from ksmcheck.record import Struct
from ksmcheck.text import Span


class Place(Struct, frozen=True):
    """A position that people can go to; lines and columns count from 1."""

    file: str
    line: int
    column: int

    @staticmethod
    def of(span: Span) -> Place:
        return Place(span.source.name, span.line, span.column)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Finding(Struct, frozen=True):
    """``kind`` is one of

    ``changed added removed moved``  an ordering operation of a kernel function,
    ``control``     the way on from an operation (a branch, a loop, a jump),
    ``renamed``     a name outside of the primitives that stands for two things now,
    ``encoding``    the encoding does something else than the kernel,
    ``record``      an omission that does not fit what it leaves out,
    ``definition``  a primitive's definition that a model's lowering cites,
    ``missing``     a function or definition that is not there any more.

    ``place`` is in the kernel tree (path from its root), ``other`` on our side; ``details`` are
    further lines for people. ``severity`` is ``error`` for what fails a gate, else ``warning``.
    """

    kind: str
    place: Place
    message: str
    subject: str
    other: Place | None = None
    details: tuple[str, ...] = ()
    severity: str = "error"

    @property
    def file(self) -> str:
        return self.place.file

    @property
    def line(self) -> int:
        return self.place.line

    @property
    def column(self) -> int:
        return self.place.column

    @property
    def identity(self) -> tuple[str, str, str, tuple[str, ...]]:
        """What makes it the same finding when lines have moved."""
        return (self.kind, self.subject, self.message, self.details)


class DriftReport(Struct, frozen=True):
    """``compared`` counts functions, ``definitions`` those of the lowering; ``version`` is the
    tree's."""

    version: str
    findings: tuple[Finding, ...]
    compared: int
    definitions: int

    @property
    def exit_code(self) -> int:
        """1 where something drifted, else 0."""
        return int(any(f.severity == "error" for f in self.findings))
