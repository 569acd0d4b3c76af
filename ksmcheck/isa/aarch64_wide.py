"""AArch64 moves of 16 bits, and the upper halves of products (Arm ARM C6.2)."""

from __future__ import annotations

from functools import partial

from ksmcheck.isa.aarch64_operands import assign, register, shift_amount, value_of
from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, high_product, number, op
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line
from ksmcheck.kernel.ints import S64, U32


def _sixteen(line: Line) -> tuple[int, int]:
    """The 16 bits of ``#1,LSL #16``, and the place that they go to."""
    line.expect(2, 3)
    _, width = register(line[0])
    bits = line[1].immediate()
    if not 0 <= bits < 1 << 16:
        raise line[1].wrong(f"{line.mnemonic} moves 16 bits, 0 to 65535")
    if len(line) == 2:
        return bits, 0
    kind, at = shift_amount(line[2])
    if kind != "LSL" or at not in range(0, width, 16):
        places = "#0 or #16" if width == 32 else "#0, #16, #32 or #48"
        raise line[2].wrong(f"'{line[2].text}' is no place for 16 bits", f"LSL {places}")
    return bits, at


def _move(invert: bool, line: Line) -> Micros:
    """``MOVZ W0,#1,LSL #16``; MOVN: all other bits are 1."""
    bits, at = _sixteen(line)
    dst, width = register(line[0])
    value = bits << at
    return assign(dst, number(~value if invert else value, WORD if width == 64 else U32))


def _keep(line: Line) -> Micros:
    """``MOVK X0,#1,LSL #16`` replaces 16 bits."""
    bits, at = _sixteen(line)
    dst, width = register(line[0])
    type = WORD if width == 64 else U32
    kept = op("and", type, value_of(line[0]), number(~(0xFFFF << at), type))
    return assign(dst, op("or", type, kept, number(bits << at, type)))


def _high(signed: bool, line: Line) -> Micros:
    """``SMULH X0,X1,X2``: of the 128 bits of the product the upper 64."""
    line.expect(3)
    for operand in line.operands:
        if register(operand)[1] != 64:
            raise operand.wrong(f"{line.mnemonic} takes X registers")
    dst, _ = register(line[0])
    type = S64 if signed else WORD
    return assign(dst, high_product(type, type, value_of(line[1]), value_of(line[2])))


def wide() -> dict[str, Handler]:
    """The handlers by mnemonic."""
    return {
        "MOVZ": partial(_move, False),
        "MOVN": partial(_move, True),
        "MOVK": _keep,
        "SMULH": partial(_high, True),
        "UMULH": partial(_high, False),
    }
