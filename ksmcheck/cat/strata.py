"""A ``let rec`` taken apart into the smallest recursions that it is made of."""

from __future__ import annotations

from ksmcheck.record import Struct, fields
from ksmcheck.syntax.cat_tree import Binding, Name
from ksmcheck.text import Span


def strata(bindings: tuple[Binding, ...]) -> list[tuple[tuple[Binding, ...], bool]]:
    """Groups of definitions that need each other, each after those it uses, in the order of the
    text otherwise; with whether the group is recursive."""
    names = {b.name for b in bindings}
    direct = {b.name: names_in(b.value) & names for b in bindings}
    reach = _closed(direct)
    groups: list[tuple[Binding, ...]] = []
    for b in bindings:
        mates = {b.name} | {other for other in reach[b.name] if b.name in reach[other]}
        if not any(b in group for group in groups):
            groups.append(tuple(x for x in bindings if x.name in mates))
    out: list[tuple[tuple[Binding, ...], bool]] = []
    placed: set[str] = set()
    while groups:
        group = next(g for g in groups if _needs(g, direct) <= placed)
        groups.remove(group)
        placed |= {b.name for b in group}
        out.append((group, group[0].name in reach[group[0].name]))
    return out


def _needs(group: tuple[Binding, ...], direct: dict[str, set[str]]) -> set[str]:
    own = {b.name for b in group}
    return set[str]().union(*(direct[name] for name in own)) - own


def _closed(direct: dict[str, set[str]]) -> dict[str, set[str]]:
    reach = {name: set(used) for name, used in direct.items()}
    for middle in reach:
        for name in reach:
            if middle in reach[name]:
                reach[name] |= reach[middle]
    return reach


def names_in(tree: object) -> set[str]:
    """All names in a tree (those that it defines itself too, which errs to larger groups)."""
    out: set[str] = set()
    stack = [tree]
    while stack:
        at = stack.pop()
        if isinstance(at, Name):
            out.add(at.name)
        elif isinstance(at, tuple):
            stack.extend(at)
        elif isinstance(at, Struct) and not isinstance(at, Span | type):
            stack.extend(getattr(at, name) for name in fields(at))
    return out
