"""The dialects by name; a table is made when a test of its dialect is first met."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from ksmcheck.text import InternalError

if TYPE_CHECKING:
    from ksmcheck.isa.dialect import Dialect
    from ksmcheck.isa.micro import Micros

MODELS = {
    "X86": "tso",
    "X86_64": "tso",
    "AArch64": "armv8",
    "ARM": "armv7",
    "PPC": "power",
    "RISCV": "riscv",
}
"""A dialect's own memory model."""


@cache
def dialect(name: str) -> Dialect:
    """The dialect that ``syntax.assembly`` calls so."""
    if name == "AArch64":
        from ksmcheck.isa.aarch64 import aarch64

        return aarch64()
    if name == "ARM":
        from ksmcheck.isa.arm import arm

        return arm()
    if name == "PPC":
        from ksmcheck.isa.power import power

        return power()
    if name == "RISCV":
        from ksmcheck.isa.riscv import riscv

        return riscv()
    if name in ("X86", "X86_64"):
        from ksmcheck.isa.x86 import x86

        return x86(name)
    raise InternalError(f"no dialect {name}")


@lru_cache(maxsize=8192)
def decoded(name: str, text: str) -> Micros:
    """What an instruction of a dialect does; the same few come again and again in a corpus.

    Raises BadInstruction.
    """
    return dialect(name).decode(text)
