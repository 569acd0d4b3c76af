"""The arrays that the condition of a C test compares as a whole: ``exists (a={1,2})``."""

from __future__ import annotations

from ksmcheck.syntax.c_ast import ArrayType, Declaration, IntLit, Name
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError


def check_lengths(test: LitmusTest, compared: list[tuple[Name, int]]) -> None:
    """Raises InputError where an array is compared with fewer or more elements than it has."""
    lengths = {}
    for entry in test.init:
        if isinstance(entry.target, Name) and isinstance(entry.type, ArrayType):
            lengths[entry.target.name] = entry.type.length
    for item in test.top:
        if isinstance(item, Declaration) and isinstance(item.type, ArrayType):
            lengths[item.name] = item.type.length
    for array, count in compared:
        length = lengths.get(array.name)
        if not isinstance(length, IntLit):
            hint = "compare its elements one by one"
            raise InputError(f"{array.name} is no array of a known length", array.span, hint)
        if length.value != count:
            raise InputError(f"{array.name} has {length.value} elements, not {count}", array.span)
