"""The necessity matrix as a picture (SVG)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from ksmcheck.report.matrix import cell_text, heads, rows_of
from ksmcheck.whatif.matrix import Answer

_CELL, _HEIGHT, _LETTER = 74, 22, 7.3
_FILL = {"S": "#d9f0d9", "V": "#e06060", "R": "#f0b050", "-": "#f2f2f2"}
_OTHER = "#dddddd"


def matrix_svg(cells: Sequence[Answer]) -> str:
    """A picture of the matrix: green where the changed program is safe, red where it is not."""
    rows = rows_of(cells)
    models = list(dict.fromkeys(cell.request.model for cell in cells))
    names = list(heads(rows))
    left = [int(max(len(n[i]) for n in names) * _LETTER) + 16 for i in (0, 1)]
    width = sum(left) + _CELL * len(models) + 8
    height = _HEIGHT * (len(names) + 1) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="monospace" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for column, model in enumerate(models):
        x = sum(left) + _CELL * column + _CELL / 2
        parts.append(_text(x, 0, model, "middle", "bold"))
    for line, ((site, what), row) in enumerate(zip(names, rows.values(), strict=True), 1):
        parts.append(_text(8, line, site, "start"))
        parts.append(_text(left[0] + 8, line, what, "start"))
        parts += _boxes([row.get(model) for model in models], sum(left), line)
    return "\n".join([*parts, "</svg>", ""])


def _boxes(found: Sequence[Answer | None], left: float, line: int) -> Iterator[str]:
    for column, cell in enumerate(found):
        letter = "-" if cell is None else cell.letter
        x, y = left + _CELL * column, 4 + _HEIGHT * line
        yield (
            f'<rect x="{x}" y="{y}" width="{_CELL - 2}" height="{_HEIGHT - 2}" '
            f'fill="{_FILL.get(letter, _OTHER)}"/>'
        )
        yield _text(x + _CELL / 2, line, cell_text(cell), "middle")


def _text(x: float, line: int, text: str, anchor: str, weight: str = "normal") -> str:
    y = 4 + _HEIGHT * line + 15
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'
    )
