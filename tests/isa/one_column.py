"""Tests of one thread, made of what is computed there and what comes of it."""

from __future__ import annotations

WIDE = ("AArch64", "PPC", "RISCV", "X86_64")
"""The dialects whose registers have 64 bits."""


def one_column(dialect: str, start: str, code: str, condition: str) -> str:
    """``code`` has a ``;`` between instructions. A register without a type is an int."""
    rows = "".join(f" {line.strip()} ;\n" for line in code.split(";"))
    return f"{dialect} t\n{{ {start}; }}\n P0 ;\n{rows}{condition}\n"


def in_full(dialect: str, start: str, place: str) -> str:
    """The start state with a type for the register ``place``, so that all of it is looked at."""
    if dialect not in WIDE or place.startswith("["):
        return start
    typed = f"int64_t {place}"
    return start.replace(place, typed) if f"{place}=" in start else f"{start}; {typed}"
