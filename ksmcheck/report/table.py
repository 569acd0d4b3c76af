"""A suite's verdicts as a table: scenarios down, models across."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.batch.letters import WORDS
from ksmcheck.batch.run import Result
from ksmcheck.report.console import Paper, Styled, print_columns

_STYLE = {"S": "green", "V": "red", "R": "yellow", "Y": "green", "-": "dim"}


def print_table(paper: Paper, results: Sequence[Result], seconds: float) -> None:
    """One table a kernel point; a cell that is not as expected is marked with ``!``.

    Nothing is cut to the terminal's width: a verdict must not be left to guessing.
    """
    columns = list(dict.fromkeys(r.job.column.name for r in results))
    variants = len({r.job.variant for r in results}) > 1
    for kernel in dict.fromkeys(r.job.kernel for r in results):
        paper.line((f"kernel {kernel}", "italic"))
        header = ["scenario", *(["variant"] if variants else []), *columns]
        rows: list[list[Styled]] = [[(name, "bold") for name in header]]
        for head, row in _rows(results, kernel).items():
            names = head if variants else head[:1]
            cells = [_cell(row[c]) if c in row else ("", "") for c in columns]
            rows.append([*((name, "") for name in names), *cells])
        print_columns(paper, rows, 1 + variants)
        paper.line()
    _summary(paper, results, seconds)


def _rows(results: Sequence[Result], kernel: str) -> dict[tuple[str, str], dict[str, Result]]:
    rows: dict[tuple[str, str], dict[str, Result]] = {}
    for result in results:
        job = result.job
        if job.kernel == kernel:
            rows.setdefault((job.scenario, job.variant), {})[job.column.name] = result
    return {head: row for head, row in rows.items() if any(r.verdict for r in row.values())}


def _cell(result: Result) -> Styled:
    if result.as_expected:
        return WORDS[result.letter], _STYLE.get(result.letter, "")
    return f"{WORDS[result.letter]} !", "bold red"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _summary(paper: Paper, results: Sequence[Result], seconds: float) -> None:
    ran = [r for r in results if r.verdict is not None]
    wrong = [r for r in ran if not r.as_expected]
    unexpected = sum(r.job.expected is None for r in ran)
    witnesses = sum(r.witnessed for r in ran)
    line = f"{_count(len(ran), 'verdict')}, {len(ran) - len(wrong) - unexpected} as expected"
    if unexpected:
        line += f", {unexpected} without expectation"
    line += (
        f", {len(wrong)} not; {_count(witnesses, 'execution')}, each re-checked; {seconds:.1f} s"
    )
    paper.line(line)
    for result in wrong:
        job = result.job
        expected = WORDS[job.expected or "-"]
        paper.line(
            f"! {job.scenario} {job.variant}, kernel {job.kernel}, {job.column.name}: "
            f"{WORDS[result.letter]}, expected {expected} ({job.reason})"
        )
    if any(r.letter == "S" and r.job.column.model != "lkmm" for r in ran):
        paper.line(
            "A hardware `safe` takes plain C stores whole and in program order: it assumes that "
            "the compiler neither tears, fuses nor moves them (`check` lists them)."
        )
