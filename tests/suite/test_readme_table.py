"""The README's table says what the suite expects (and what `ksmcheck verify` is held to).

KSMCHECK_PROMOTE=1 writes it anew.
"""

from __future__ import annotations

import os
from pathlib import Path

from ksmcheck.batch.suite import Suite

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- suite table -->\n", "<!-- end of suite table -->"


def table(ksm: Suite) -> str:
    """Markdown, one table a kernel point, the shipped code; cells as the suite's letters."""
    return "".join(f"\nKernel {kernel}:\n\n{one(ksm, kernel)}" for kernel in ksm.kernels) + "\n"


def one(ksm: Suite, kernel: str) -> str:
    names = [c.name for c in ksm.columns]
    lines = [f"| scenario | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for scenario in ksm.scenarios:
        cells = [ksm.cell(scenario.id, "shipped", kernel, name) for name in names]
        letters = " | ".join("" if cell is None else cell.letter for cell in cells)
        lines.append(f"| {scenario.id} | {letters} |")
    return "\n".join(lines) + "\n"


def test_the_table_is_the_suite_s(ksm: Suite) -> None:
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    found, _, after = rest.partition(END)
    wanted = table(ksm)
    if os.environ.get("KSMCHECK_PROMOTE") and found != wanted:
        README.write_text(f"{before}{BEGIN}{wanted}{END}{after}", encoding="utf-8")
        found = wanted
    assert found == wanted


def test_the_numbers_are_the_suite_s(ksm: Suite) -> None:
    text = " ".join(README.read_text(encoding="utf-8").split())
    variants = len(ksm.variants) - 1  # the shipped code is not a variant of itself
    assert f"a suite of {len(ksm.scenarios)} scenarios and {variants} variants of the code" in text
