"""The necessity matrix as a table, and its cells as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ksmcheck.check.verdict import UNKNOWN
from ksmcheck.explain.story import Story
from ksmcheck.program.change import Change
from ksmcheck.report.console import Paper, Styled, in_columns, print_columns
from ksmcheck.report.json import changes_of, execution_object, verdict_word
from ksmcheck.whatif.matrix import Answer

STYLES = {"S": "green", "V": "bold red", "R": "bold yellow", "-": "dim"}
AS_IS = "(as it is)"
PENDING = "."


def rows_of(cells: Iterable[Answer]) -> dict[tuple[Change, ...], dict[str, Answer]]:
    """Changes -> model -> cell, in the order of the questions."""
    rows: dict[tuple[Change, ...], dict[str, Answer]] = {}
    for cell in cells:
        rows.setdefault(cell.changes, {})[cell.request.model] = cell
    return rows


def heads(rows: Iterable[tuple[Change, ...]]) -> Iterator[tuple[str, str]]:
    """Site and change of each row; a site is named once."""
    before = ""
    for changes in rows:
        if not changes:
            yield AS_IS, ""
            continue
        site = " + ".join(c.site for c in changes)
        yield ("" if site == before else site), "; ".join(c.what for c in changes)
        before = site


def numbered(cells: Sequence[Answer]) -> list[Answer]:
    """The cells that have an execution to show, as the matrix numbers them from 1: row by row."""
    models = list(dict.fromkeys(cell.request.model for cell in cells))
    found = [row.get(model) for row in rows_of(cells).values() for model in models]
    return [c for c in found if c is not None and c.verdict is not None and c.verdict.witness]


def print_matrix(paper: Paper, cells: Sequence[Answer]) -> None:
    """Sites and changes down, models across, cells with an execution numbered; then which sites
    matter at all."""
    numbers = {id(cell): number for number, cell in enumerate(numbered(cells), 1)}
    models = list(dict.fromkeys(cell.request.model for cell in cells))
    table = _table(rows_of(cells), models, lambda cell: _labelled(cell, numbers))
    print_columns(paper, table, 2)
    paper.line()
    for text in summary(cells):
        paper.line(text)


def growing_lines(
    asked: Iterable[tuple[Change, ...]], models: Sequence[str], cells: Sequence[Answer], most: int
) -> list[list[Styled]]:
    """The matrix so far: its head and at most so many rows, those around the last answer. Numbers
    come in the end."""
    rows: dict[tuple[Change, ...], dict[str, Answer]] = {changes: {} for changes in asked}
    for cell in cells:
        rows[cell.changes][cell.request.model] = cell
    table = _table(rows, models, lambda cell: PENDING if cell is None else cell_text(cell))
    widths = [max(len(text) for text, _ in column) for column in zip(*table, strict=True)]
    head, *lines = (list(in_columns(line, widths)) for line in table)
    at = list(rows).index(cells[-1].changes) if cells else 0
    first = max(0, min(at - most // 2, len(lines) - most))
    return [head, *lines[first : first + most]]


def _table(
    rows: Mapping[tuple[Change, ...], Mapping[str, Answer]],
    models: Sequence[str],
    labelled: Callable[[Answer | None], str],
) -> list[list[Styled]]:
    table = [[("site", "bold"), ("change", "bold"), *((m, "bold") for m in models)]]
    for (site, what), row in zip(heads(rows), rows.values(), strict=True):
        found = [row.get(model) for model in models]
        shown = [(labelled(c), STYLES.get(_letter(c), "")) for c in found]
        table.append([(site, ""), (what, ""), *shown])
    return table


def cell_text(cell: Answer | None) -> str:
    """``safe``, ``violated``, ...; ``-`` where the change cannot be made."""
    if cell is None or cell.verdict is None:
        return "-"
    return cell.word


def _labelled(cell: Answer | None, numbers: Mapping[int, int]) -> str:
    number = numbers.get(id(cell))
    return cell_text(cell) if number is None else f"{cell_text(cell)} {number}"


def _letter(cell: Answer | None) -> str:
    return "-" if cell is None else cell.letter


def summary(cells: Sequence[Answer]) -> Iterator[str]:
    """For each model that is safe as it is: the sites whose change breaks it, and those of which
    that is not known."""
    base = {c.request.model: c for c in cells if not c.changes}
    for model, as_is in base.items():
        if as_is.letter not in "SN":
            mends = "; --repair looks for what mends it" if as_is.letter in "VRY" else ""
            yield f"{model}: {as_is.word} as it is{mends}"
            continue
        if not any(c.changes and c.request.model == model for c in cells):
            yield f"{model}: there is no place to change so"
            continue
        needed, undecided = _sites(cells, model, "VRY"), _sites(cells, model, "?K")
        text = f"{model} needs {', '.join(needed) or 'none of them'}"
        open_ = [site for site in undecided if site not in needed]
        if open_:
            text += f"{'' if needed else ' for sure'}; not decided: {', '.join(open_)}"
        yield text
    yield from dict.fromkeys(_reasons(cells, base))


def _sites(cells: Iterable[Answer], model: str, letters: str) -> list[str]:
    """Where a change of the model's program gives one of these verdicts."""
    found = (c for c in cells if c.changes and c.request.model == model and c.letter in letters)
    return list(dict.fromkeys(c.changes[0].site for c in found))


def _reasons(cells: Sequence[Answer], base: Mapping[str, Answer]) -> Iterator[str]:
    """Why cells have no verdict; what is so without any change is said of that alone."""
    for cell in cells:
        if cell.verdict is None:
            yield reason_text(cell)
        elif cell.verdict.verdict == UNKNOWN and cell.verdict.reason:
            as_is = base.get(cell.request.model)
            known = None if as_is is None or as_is.verdict is None else as_is.verdict.reason
            if not cell.changes or cell.verdict.reason != known:
                yield reason_text(cell)


def reason_text(cell: Answer) -> str:
    """Why a cell has no verdict."""
    change = "; ".join(map(str, cell.changes)) or "as it is"
    if cell.verdict is None:
        return f"- {change}: {cell.refused}"
    return f"? {change}, {cell.request.model}: {cell.verdict.reason}"


def answer_object(cell: Answer, story: Story | None = None) -> dict[str, Any]:
    """The fields of ``whatif --json``; docs/json.md explains each."""
    request = cell.request
    found: dict[str, Any] = {
        "file": str(request.path),
        "kernel": request.kernel,
        "model": request.model,
        "changes": changes_of(cell.changes),
        "verdict": "not possible" if cell.verdict is None else verdict_word(cell.verdict),
    }
    if cell.verdict is None:
        return found | {"reason": cell.refused}
    verdict = cell.verdict
    found |= {
        "config": verdict.config,
        "property": verdict.subject,
        "flags": list(verdict.flags),
        "engine_seconds": round(verdict.engine_seconds, 4),
    }
    if verdict.reason:
        found["reason"] = verdict.reason
    if verdict.witness is not None:
        found["execution"] = execution_object(verdict.witness)
        if story is not None:
            found["why"] = story.sentence
    return found
