"""Arrays in assembly tests: ``int v[2]={1,2}`` is ``v[0]`` and ``v[1]``, side by side.

The array's own name is the address of its first element, wherever it stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ksmcheck.record import replace
from ksmcheck.syntax.assembly_ast import Start
from ksmcheck.syntax.c_ast import Name
from ksmcheck.syntax.litmus_ast import PropExpr, PropTree
from ksmcheck.text import InputError, Span

_ARRAY = re.compile(
    r"\s*(?P<type>[A-Za-z_][\w \t]*?)[ \t]+(?P<name>[A-Za-z_]\w*)[ \t]*\[[ \t]*(?P<length>\d+)"
    r"[ \t]*\]\s*(?:=\s*\{(?P<values>[^{}]*)\})?\s*\Z",
    re.A,
)
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|\d+)\Z")
LONGEST = 64
"""Elements of an array, at most."""


def array_of(part: str, span: Span) -> list[Start] | None:
    """The elements that an entry of the start state declares; None where it is no array."""
    match = _ARRAY.match(part)
    if match is None:
        return None
    length = int(match["length"][:6])
    values = [] if match["values"] is None else [v.strip() for v in match["values"].split(",")]
    if not 0 < length <= LONGEST or len(values) > length:
        raise InputError("an array has 1 to 64 elements, and no more values than that", span)
    for value in values:
        if not _NUMBER.match(value):
            raise InputError(f"'{value}' is no number", span, "elements start with numbers")
    given = [int(v, 16 if "x" in v.lower() else 10) for v in values]
    given += [0] * (length - len(given))
    type = " ".join(match["type"].split())
    return [Start(f"{match['name']}[{n}]", None, type, v, span) for n, v in enumerate(given)]


class Arrays:
    """Turns the names of the arrays that ``init`` declares into those of their first elements."""

    def __init__(self, init: tuple[Start, ...]) -> None:
        names = [e.name.partition("[")[0] for e in init if e.thread is None and "[" in e.name]
        self._names = Counter(names)

    def check(self, compared: list[tuple[Name, int]]) -> None:
        """Raises InputError where an array is compared with fewer or more elements than it has."""
        for name, count in compared:
            if self._names[name.name] != count:
                has = self._names[name.name] or "no"
                raise InputError(f"{name.name} has {has} elements, not {count}", name.span)

    def starts(self, init: tuple[Start, ...]) -> Iterator[Start]:
        for entry in init:
            value = entry.value
            yield entry if value not in self._names else replace(entry, value=f"{value}[0]")

    def listed(self, items: list[PropExpr]) -> tuple[PropExpr, ...]:
        """What a state shows of what is listed: of an array all that it has."""
        return tuple([part for item in items for part in self._parts(item)])

    def tree(self, tree: PropTree) -> PropTree:
        children = tuple(self.tree(child) for child in tree.children)
        operands = tuple(self._item(item) for item in tree.operands)
        return replace(tree, children=children, operands=operands)

    def _parts(self, item: PropExpr) -> list[PropExpr]:
        if not isinstance(item, Name) or item.name not in self._names:
            return [item]
        return [replace(item, name=f"{item.name}[{n}]") for n in range(self._names[item.name])]

    def _item(self, item: PropExpr) -> PropExpr:
        if isinstance(item, Name) and item.name in self._names:
            return replace(item, name=f"{item.name}[0]")
        return item
