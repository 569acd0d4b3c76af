"""What the source says where a change has made another call or access of one: for showing lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ksmcheck.kernel.primitives import all_primitives
from ksmcheck.program.becomes import Respelt
from ksmcheck.program.change import PLAIN, REMOVE, REPLACE, STRENGTHEN, WEAKEN, Change
from ksmcheck.program.inventory import Spot
from ksmcheck.syntax.c_ast import Assign
from ksmcheck.text import Span

_NAME = re.compile(r"\w+\s*(?=\()")
_SIMPLE = re.compile(r"[\w.\[\]]+|[\w.\[\]]+(?:->[\w.\[\]]+)*")


def respelt(changes: Iterable[Change], spots: Iterable[Spot]) -> tuple[Respelt, ...]:
    """The texts that the changes make, as far as they stand in a file: those of macros do not."""
    at = {spot.name: spot for spot in spots}
    return tuple(made for change in changes for made in _made(change, at.get(change.site)))


def _made(change: Change, spot: Spot | None) -> Iterator[Respelt]:
    if spot is None:
        return
    node = spot.node
    if change.kind in (WEAKEN, STRENGTHEN) and spot.sort == "primitive":
        yield from _call(node.span, node.callee.name, change.to)
    elif change.kind == STRENGTHEN and spot.sort == "plain":
        yield from _access(spot, change.to)
    elif change.kind == REPLACE and isinstance(spot.partner, Assign):
        yield from _store(spot.partner.target.span, spot.partner.span.end, change.to)
    elif change.kind == REPLACE and spot.partner is not None:
        yield from _call(spot.partner.span, spot.partner.callee.name, change.to)
    if change.kind in (REMOVE, REPLACE) and node.span.via is None:
        yield Respelt(node.span.source.name, node.span.start, node.span.end, "")


def _call(span: Span, name: str, to: str) -> Iterator[Respelt]:
    found = _NAME.match(span.text)
    if span.via is not None or found is None:
        return
    args, rest = _arguments(span.text[found.end() :])
    if name.endswith("="):  # ACCESS_ONCE(x) = v
        args.append(rest.strip().removeprefix("=").strip())
    was = all_primitives()[name]
    args = was.evaluated(args)
    if not args:
        yield _of(span, f"{to}()")
    elif to == PLAIN:
        place = args[0] if was.macro else _pointed(args[0])
        yield _of(span, place if was.shape == "load" else f"{place} = {args[1]}")
    else:
        becomes = all_primitives()[to]
        if was.macro != becomes.macro:
            args[0] = _address(args[0]) if was.macro else _pointed(args[0])
        yield _of(span, f"{to}({', '.join(args)})")


_UPDATE = re.compile(r"\s*(?:(?P<once>\+\+|--)|(?P<by>[-+*/%&|^]|<<|>>)=)")


_BEFORE = re.compile(r"(\+\+|--)\s*\Z")


def _access(spot: Spot, to: str) -> Iterator[Respelt]:
    span = spot.node.span
    if spot.primitive == "store" and span.via is None and (made := _update(span, to)):
        yield made
        return
    if spot.primitive == "load" and span.via is None:
        yield _of(span, f"{to}({_operand(span.text, to)})")
    elif span.via is None:
        yield from _store(span, _end_of(span.source.text, span.end), to)


def _update(place: Span, to: str) -> Respelt | None:
    """``x++``, ``--x`` or ``x += e`` with its store marked; None for a store without a read."""
    text = place.source.text
    start, end, by = place.start, place.end, "1"
    while text[start - 1 : start] == "(" and text[end : end + 1] == ")":
        start, end = start - 1, end + 1
    behind = _UPDATE.match(text, end)
    before = _BEFORE.search(text, 0, start)
    if before is not None:
        start, op = before.start(), before[1][0]
    elif behind is None:
        return None
    elif behind["once"]:
        end, op = behind.end(), behind["once"][0]
    else:
        end = _end_of(text, behind.end())
        op, by = behind["by"], text[behind.end() : end].strip()
        by = by if _SIMPLE.fullmatch(by) else f"({by})"
    return Respelt(place.source.name, start, end, f"{to}({place.text}, {place.text} {op} {by})")


def _end_of(text: str, start: int) -> int:
    """Where the expression ends that begins there."""
    end, depth = start, 0
    while end < len(text) and (depth or text[end] not in ";,)"):
        depth += (text[end] in "([{") - (text[end] in ")]}")
        end += 1
    return end


def _store(target: Span, end: int, to: str) -> Iterator[Respelt]:
    value = target.source.text[target.end : end].strip()
    if target.via is None and value.startswith("="):
        text = f"{to}({_operand(target.text, to)}, {value[1:].strip()})"
        yield Respelt(target.source.name, target.start, end, text)


def _of(span: Span, text: str) -> Respelt:
    return Respelt(span.source.name, span.start, span.end, text)


def _operand(place: str, to: str) -> str:
    return place if all_primitives()[to].macro else _address(place)


def _address(place: str) -> str:
    return place[1:].strip() if place.startswith("*") else f"&{place}"


def _pointed(pointer: str) -> str:
    if pointer.startswith("&"):
        return pointer[1:].strip()
    return f"*{pointer}" if _SIMPLE.fullmatch(pointer) else f"*({pointer})"


def _arguments(text: str) -> tuple[list[str], str]:
    """What stands between parentheses, split at its commas, and what follows them."""
    parts, depth = [""], 0
    for place, letter in enumerate(text):
        depth -= letter in ")]}"
        if not depth and place:
            return [part for part in map(str.strip, parts) if part], text[place + 1 :]
        if letter == "," and depth == 1:
            parts.append("")
        elif place:
            parts[-1] += letter
        depth += letter in "([{"
    return [], ""
