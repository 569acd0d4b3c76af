"""What is written otherwise and says the same: ``0x200`` for ``512``, and other white space.

Baselines once left out each blank that C can do without: ``return-28``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ksmcheck.gate.baseline import Baseline, Known
from ksmcheck.gate.outline import split
from ksmcheck.gate.spelling import spelt
from ksmcheck.record import replace

_HEXADECIMAL = re.compile(r"(?<![\w.])0[xX]([0-9a-fA-F]+)(?![\w.])")
_INT_MAX = 0x7FFFFFFF


def as_now(before: Sequence[str], now: Sequence[str]) -> tuple[str, ...]:
    """The lines that were recorded, those that say what a line of now says as that one does."""
    same = {_plainly(line): line for line in now}
    kept = set(now)
    return tuple(line if line in kept else same.get(_plainly(line), line) for line in before)


def _plainly(line: str) -> str:
    return _HEXADECIMAL.sub(_decimal, line)


def _decimal(found: re.Match[str]) -> str:
    """C17 6.4.4.1: up to INT_MAX both are ints; above, only the hexadecimal one may be unsigned."""
    value = int(found[1], 16)
    return str(value) if value <= _INT_MAX else found[0]


# White space.

_OF = " of "
"""Before what the locals of an assertion hold, which had its blanks: ``BUG_ON(a==1) of a: .., 0``.
"""


def with_blanks(before: Baseline, now: Baseline) -> Baseline:
    """A baseline with the lines that were recorded without blanks as they are written now."""
    here = {
        line
        for functions in now.outlines.values()
        for known in functions.values()
        for one in known
        for line in one.lines
    }
    spelt_now = {}
    for line in here:
        head, text = split(line)
        said, _, _ = text.partition(_OF)
        spelt_now[head[2:], _squeezed(said)] = said  # whether it is a site may have changed

    def known(one: Known) -> Known:
        lines = (line if line in here else _with_blanks(line, spelt_now) for line in one.lines)
        return replace(one, lines=tuple(lines))

    return replace(
        before,
        outlines={
            context: {name: tuple(map(known, all_of)) for name, all_of in functions.items()}
            for context, functions in before.outlines.items()
        },
    )


def _with_blanks(line: str, spelt_now: Mapping[tuple[str, str], str]) -> str:
    """Only of a line as it was recorded then: with blanks ``a++ + b`` is not ``a + ++b``."""
    head, text = split(line)
    said, of, given = text.partition(_OF)
    if said != _squeezed(said):
        return line
    return f"{head}{spelt_now.get((head[2:], said)) or spelt(said)}{of}{given}"


_WORD = re.compile(r"\w+|\S")
_NAME = re.compile(r"\w")


def _squeezed(text: str) -> str:
    """As it was recorded then: the white space that C needs, and one blank behind a comma."""
    parts = [""]
    for word in _WORD.findall(text):
        both = _NAME.match(parts[-1][-1:]) and _NAME.match(word)
        parts.append(f" {word}" if both or parts[-1] == "," else word)
    return "".join(parts)
