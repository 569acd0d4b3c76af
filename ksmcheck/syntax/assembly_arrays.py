"""Arrays in assembly tests: ``int v[2]={1,2}`` is ``v[0]`` and ``v[1]``, side by side.

The array's own name is the address of its first element, wherever it stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ksmcheck.record import replace
from ksmcheck.syntax.assembly_ast import Start
from ksmcheck.syntax.c_ast import Name, Unary
from ksmcheck.syntax.litmus_ast import PropExpr, PropTree
from ksmcheck.text import InputError, Span

_ARRAY = re.compile(
    r"\s*(?P<type>[A-Za-z_][\w \t]*?)[ \t]+(?P<name>[A-Za-z_]\w*)[ \t]*\[[ \t]*(?P<length>\d+)"
    r"[ \t]*\]\s*(?:=\s*\{(?P<values>[^{}]*)\})?\s*\Z",
    re.A,
)
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|\d+)\Z")
_ADDRESS = re.compile(r"&?[A-Za-z_][\w.]*(?:\[\d+\])?\Z", re.A)
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
    given = [_element(value, span) for value in values]
    given += [0] * (length - len(given))
    type = " ".join(match["type"].split())
    return [Start(f"{match['name']}[{n}]", None, type, v, span) for n, v in enumerate(given)]


def _element(value: str, span: Span) -> int | str:
    if _NUMBER.match(value):
        return int(value, 16 if "x" in value.lower() else 10)
    if _ADDRESS.match(value):
        return value.removeprefix("&")
    hint = "elements start with numbers, or with the addresses of locations"
    raise InputError(f"'{value}' is no number", span, hint)


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
        if isinstance(item, Unary) and isinstance(item.operand, Name):
            return replace(item, operand=self._named(item.operand))
        return self._named(item) if isinstance(item, Name) else item

    def _named(self, item: Name) -> Name:
        return replace(item, name=f"{item.name}[0]") if item.name in self._names else item
