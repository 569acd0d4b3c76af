"""The outline of a test in assembly: each thread's instructions in order, by the text of each.

What orders memory is told as a barrier of kernel C is; the rest as the accesses around it. Nothing
is taken out of a column: no necessity is asked of an instruction.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.gate.outline import ASKED, Inventory, Outline, Token, proposition
from ksmcheck.gate.place import place_of
from ksmcheck.isa.dialects import decoded
from ksmcheck.isa.micro import Act, BadInstruction
from ksmcheck.syntax.assembly_ast import AssemblyTest, Instruction, Label, Start
from ksmcheck.text import Span


def inventory_of_assembly(test: AssemblyTest) -> Inventory:
    """One outline for each column, and one for what the test starts with and asks for."""
    outlines = [
        Outline(
            place_of(test.span).file,
            thread.name,
            place_of(thread.span),
            tuple(_line(test.dialect, line) for line in thread.lines),
        )
        for thread in test.threads
    ]
    asked = tuple(_token(text, span) for text, span in _asked(test))
    place = place_of(test.span)
    return Inventory((*outlines, Outline(place.file, ASKED, place, asked)), ())


def _line(dialect: str, line: Label | Instruction) -> Token:
    if isinstance(line, Label):
        return _token(f"{line.name}:", line.span)
    text = " ".join(line.text.split())
    return _token(text, line.span, site=_orders(dialect, line.text))


def _orders(dialect: str, text: str) -> bool:
    """Whether it is a fence, or an access that is more than plain."""
    try:
        micros = decoded(dialect, text)
    except BadInstruction:
        return True  # the verdict says what is wrong
    acts = (micro for micro in micros if isinstance(micro, Act))
    rows = (act.row for act in acts)
    steps = [s for row in rows for part in (row.always, row.ok, row.fail) for s in part or ()]
    return any(step.kind == "F" or step.tags or step.rmw for step in steps)


def _asked(test: AssemblyTest) -> Iterator[tuple[str, Span]]:
    for entry in test.init:
        yield _start(entry), entry.span
    if test.filter is not None:
        yield f"filter {proposition(test.filter)}", test.filter.span
    if test.condition is not None:
        asked = f"{test.condition.quantifier} {proposition(test.condition.tree)}"
        yield asked, test.condition.span


def _start(entry: Start) -> str:
    thread = "" if entry.thread is None else f"{entry.thread}:"
    type = "" if entry.type is None else f"{entry.type} "
    value = "" if entry.value is None else f"={entry.value}"
    return f"{type}{thread}{entry.name}{value}"


def _token(text: str, span: Span, *, site: bool = False) -> Token:
    return Token(text, "", site, "", "", place_of(span))
