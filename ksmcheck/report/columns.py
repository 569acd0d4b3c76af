"""Lines of several threads side by side; where there is no room for that, one below the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from ksmcheck.record import Struct

RULE = " │ "
_LEAST = 22
"""Narrower columns break more words than they hold."""


class Line(Struct, frozen=True):
    """One line of one thread's column; ``style`` as rich names styles."""

    thread: int
    text: str
    style: str = ""


class Layout(Struct, frozen=True):
    """Columns of ``width`` characters for ``threads``. ``margin``: all is one column, with the
    threads' ``names`` at its left in so many characters."""

    threads: tuple[int, ...]
    names: tuple[str, ...]
    width: int
    margin: int = 0


def layout_for(threads: tuple[int, ...], names: Sequence[str], total: int) -> Layout:
    """Columns that fill ``total`` characters."""
    own = tuple(names[thread] for thread in threads)
    gaps = len(RULE) * (len(threads) - 1)
    width = (total - gaps) // max(1, len(threads))
    if width >= _LEAST or len(threads) < 2:
        return Layout(threads, own, max(_LEAST, width))
    margin = max(map(len, own))
    return Layout(threads, own, max(_LEAST, total - margin - len(RULE)), margin)


def title_rows(layout: Layout, titles: Sequence[str]) -> list[str]:
    """What each thread is, by a title for each of them; and a rule."""
    texts = [f"{name}  {title}".rstrip() for name, title in zip(layout.names, titles, strict=True)]
    if layout.margin:
        return [*texts, f"{'─' * layout.margin}─┬─{'─' * layout.width}"]
    rows = zip_longest(*(_wrapped(text, layout.width) for text in texts), fillvalue="")
    rule = "─┼─".join("─" * layout.width for _ in layout.threads)
    return [RULE.join(t.ljust(layout.width) for t in row).rstrip() for row in rows] + [rule]


def arranged(layout: Layout, lines: Sequence[Line]) -> Iterable[tuple[str, str, str, str]]:
    """The lines wrapped into their columns: what is left of a line, its text, what is right of it,
    and its style. Every line has its row to itself, so that rows are in telling order."""
    column = {thread: index for index, thread in enumerate(layout.threads)}
    last = -1
    for line in lines:
        before = column[line.thread]
        after = len(column) - before - 1
        for text in _wrapped(line.text, layout.width):
            if layout.margin:
                name = layout.names[before] if line.thread != last else ""
                yield f"{name.ljust(layout.margin)}{RULE}", text, "", line.style
            else:
                lead = (" " * layout.width + RULE) * before
                rest = " " * max(0, layout.width - len(text)) if after else ""
                rest += (RULE + " " * layout.width) * (after - 1) + (RULE.rstrip() if after else "")
                yield lead, text, rest, line.style
            last = line.thread


def _wrapped(text: str, width: int) -> list[str]:
    """Broken between words, and in what is too long for a line; what follows indented under it."""
    body = text.lstrip()
    first = text[: len(text) - len(body)]
    room = width - len(first) - len(_INDENT)
    rows = [""]
    for word in re.sub(r"  +", "  ", body).split(" "):
        for number, part in enumerate(_parts(word, room)):
            longer = f"{rows[-1]} {part}" if rows[-1] else part
            if number or len(longer) > room:
                rows.append(part)
            else:
                rows[-1] = longer
    broken = [row.rstrip() for row in rows]
    return [first + broken[0], *(first + _INDENT + row for row in broken[1:])]


def _parts(word: str, room: int) -> Iterable[str]:
    """A word in pieces that fit, as long as may be: broken before a dot, an arrow, a bracket or an
    ampersand, or behind a comma, a colon or an opening parenthesis."""
    while len(word) > room:
        places = [m.start() for m in _BREAK.finditer(word, 1) if m.start() <= room]
        end = places[-1] if places else room
        yield word[:end]
        word = word[end:]
    yield word


_INDENT = "  "
_BREAK = re.compile(r"(?=\.\D|->|\[|&)|(?<=[,(:])(?=.)")
