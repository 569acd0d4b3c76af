"""The first line of a litmus test: which assembly it is in, if any.

Apart from the rest of the container, because every test is asked.
"""

from __future__ import annotations

import re

DIALECTS = {
    "X86": "X86",
    "X86_64": "X86_64",
    "AARCH64": "AArch64",
    "ARM": "ARM",
    "PPC": "PPC",
    "RISCV": "RISCV",
}
"""The first word of a test, in capitals, and the dialect's name."""

HEAD = re.compile(r"\ufeff?\s*(?P<dialect>[A-Za-z]\w*)[ \t]+(?P<name>[^\s\"({]+)", re.A)


def dialect_of(text: str) -> str | None:
    """The assembly dialect of a test's first line, or None."""
    head = HEAD.match(text)
    return None if head is None else DIALECTS.get(head["dialect"].upper())
