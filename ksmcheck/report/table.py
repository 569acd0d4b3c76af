"""A suite's verdicts as a table: scenarios down, models across."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ksmcheck.batch.letters import WORDS
from ksmcheck.batch.run import Result

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLE = {"S": "green", "V": "red", "R": "yellow", "Y": "green", "-": "dim"}


def print_table(console: Console, results: Sequence[Result], seconds: float) -> None:
    """One table a kernel point; a cell that is not as expected is marked with ``!``."""
    from rich.table import Table

    kernels = list(dict.fromkeys(r.job.kernel for r in results))
    columns = list(dict.fromkeys(r.job.column.name for r in results))
    variants = list(dict.fromkeys(r.job.variant for r in results))
    for kernel in kernels:
        table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left")
        table.title = f"kernel {kernel}"
        table.add_column("scenario", no_wrap=True)
        if len(variants) > 1:
            table.add_column("variant", no_wrap=True)
        for column in columns:
            table.add_column(column, no_wrap=True)
        for head, row in _rows(results, kernel).items():
            cells = [_cell(row[c]) if c in row else "" for c in columns]
            table.add_row(*(head if len(variants) > 1 else head[:1]), *cells)
        console.print(table)
        console.print()
    _summary(console, results, seconds)


def _rows(results: Sequence[Result], kernel: str) -> dict[tuple[str, str], dict[str, Result]]:
    rows: dict[tuple[str, str], dict[str, Result]] = {}
    for result in results:
        job = result.job
        if job.kernel == kernel:
            rows.setdefault((job.scenario, job.variant), {})[job.column.name] = result
    return {head: row for head, row in rows.items() if any(r.verdict for r in row.values())}


def _cell(result: Result) -> Text:
    from rich.text import Text

    word = WORDS[result.letter] + ("" if result.as_expected else " !")
    return Text(word, style="bold red" if not result.as_expected else _STYLE.get(result.letter, ""))


def _summary(console: Console, results: Sequence[Result], seconds: float) -> None:
    ran = [r for r in results if r.verdict is not None]
    wrong = [r for r in ran if not r.as_expected]
    unexpected = sum(r.job.expected is None for r in ran)
    witnesses = sum(r.verdict is not None and r.verdict.witness is not None for r in ran)
    line = f"{len(ran)} verdicts, {len(ran) - len(wrong) - unexpected} as expected"
    if unexpected:
        line += f", {unexpected} without expectation"
    line += f", {len(wrong)} not; {witnesses} executions, each re-checked; {seconds:.1f} s"
    console.print(line)
    for result in wrong:
        job = result.job
        expected = WORDS[job.expected or "-"]
        console.print(
            f"! {job.scenario} {job.variant}, kernel {job.kernel}, {job.column.name}: "
            f"{WORDS[result.letter]}, expected {expected} ({job.reason})",
            soft_wrap=True,
            markup=False,
        )
    if any(r.letter == "S" and r.job.column.model != "lkmm" for r in ran):
        console.print(
            "A hardware `safe` takes plain C stores whole and in program order: it assumes that the "
            "compiler neither tears, fuses nor moves them (`check` lists them).",
            soft_wrap=True,
        )
