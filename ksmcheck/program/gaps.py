"""Where a statement can be put: before each statement of a block, and of what holds a single one
(``if (c) S``, ``label: S``).

All that one use of a macro becomes is one statement here: there is no line inside of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ksmcheck.program.sites import called_functions
from ksmcheck.program.tree import Tree, walk
from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import Block, Case, DoWhile, For, Function, If, Label, Switch, While
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError, Span

_LABELLED = Label | Case


class Gap(Struct, frozen=True):
    """The place before ``statement``, which ``holder`` holds: one of a block's, or alone."""

    function: Function
    holder: Tree
    statement: Tree

    @property
    def span(self) -> Span:
        span: Span = self.statement.span
        return span


def gaps(test: LitmusTest) -> Iterator[Gap]:
    """All of a test's functions that are called, each once. What no file has is not among them."""
    for function in called_functions(test):
        if function.span.source.made:
            continue
        seen = set[int]()
        for holder in walk(function.body):
            for statement in _held(holder) if _is_written(holder) else ():
                start = statement.span.start
                if start not in seen:  # the first of what a macro has become
                    seen.add(start)
                    yield Gap(function, holder, statement)


def _is_written(holder: Tree) -> bool:
    """Whether the file itself has it, and no macro's use."""
    word = _WORDS.get(type(holder))
    if isinstance(holder, Label):
        word = holder.name
    return word is None or holder.span.text.startswith(word)


_WORDS: dict[type, str] = {
    Block: "{",
    If: "if",
    While: "while",
    DoWhile: "do",
    For: "for",
    Switch: "switch",
}


def _held(holder: Tree) -> Iterator[Tree]:
    """The statements that others can be put before. What a macro holds is not in the file."""
    if isinstance(holder, Block):
        yield from holder.body
        return
    alone: tuple[Tree | None, ...] = ()
    if isinstance(holder, If):
        alone = (holder.then, holder.otherwise)
    elif isinstance(holder, Label | Case | While | DoWhile | For | Switch):
        alone = (holder.body,)
    for statement in alone:
        if statement is not None and not isinstance(statement, Block | _LABELLED):
            yield statement


_PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(:(?P<column>\d+))?")


def gap_at(test: LitmusTest, place: str) -> Gap:
    """The place before the statement that begins at ``FILE:LINE``, or ``FILE:LINE:COLUMN`` where
    several begin in the line. FILE may be the end of the path. Raises InputError."""
    match = _PLACE.fullmatch(place)
    found = [] if match is None else [gap for gap in gaps(test) if _is_at(gap.span, match)]
    if not found:
        raise InputError(f"no statement begins at {place}", hint="write FILE:LINE of a statement")
    if len(found) > 1:
        places = ", ".join(dict.fromkeys(str(gap.span) for gap in found))
        raise InputError(f"several statements begin at {place}", hint=f"write one of {places}")
    return found[0]


def _is_at(span: Span, place: re.Match[str]) -> bool:
    # <linux/seqlock.h> is called seqlock.h in a story, as any other header.
    name, file = span.source.name.strip("<>"), place["file"].strip("<>")
    return (
        span.line == int(place["line"])
        and place["column"] in (None, str(span.column))
        and f"/{name}".endswith(f"/{file}")
    )
