"""x86-64 instructions that compilers write now and then (Intel SDM volume 2): extensions of the
accumulator, the order of bytes, hints about caches, prefixes that change nothing."""

from __future__ import annotations

from functools import partial

from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, cast, number, op, shift
from ksmcheck.isa.micro import END, Go, Micros
from ksmcheck.isa.operands import Line
from ksmcheck.isa.x86_operands import canonical64, form_of
from ksmcheck.kernel.ints import IntType
from ksmcheck.program.ir import Expr, Set, Use


def _wide(name: str) -> str:
    found = canonical64(name)
    assert found is not None
    return found


def _extend(source: int, width: int, line: Line) -> Micros:
    """``cltq``: the accumulator's low half, with its sign, becomes all of it."""
    line.expect(0)
    low = cast(IntType(source, True), Use(_wide("rax"), WORD))
    return (Set(_wide("rax"), cast(WORD, cast(IntType(width, False), low))),)


def _sign(width: int, line: Line) -> Micros:
    """``cltd``, ``cqto``: the other register is filled with the accumulator's sign."""
    line.expect(0)
    signs = shift("shr", IntType(width, True), Use(_wide("rax"), WORD), number(width - 1))
    return (Set(_wide("rdx"), cast(WORD, cast(IntType(width, False), signs))),)


def _swap_bytes(line: Line) -> Micros:
    """``bswap %eax``."""
    form = form_of(line, "BSWAP", long=True, locked=False, operands=1)
    if form.width < 32 or form.is_memory(form.dst):
        raise line.wrong("bswap is of registers of 32 or 64 bits")
    value: Expr = Use(form.destination(form.dst), form.type)
    swapped: Expr = number(0, form.type)
    for at in range(0, form.width, 8):
        byte = op("and", form.type, shift("shr", form.type, value, number(at)), number(0xFF))
        place = number(form.width - 8 - at)
        swapped = op("or", form.type, swapped, shift("shl", form.type, byte, place))
    return form.assign(form.dst, swapped)


def _of_cache(line: Line) -> Micros:
    """``clflush (x)``, ``prefetcht0 (x)``: what caches hold shows in no access."""
    line.expect(1)
    form = form_of(line, line.mnemonic, long=True, locked=False, operands=1)
    if not form.is_memory(form.dst):
        raise line[0].wrong(f"{line.mnemonic} needs a place in memory")
    return ()


def _repeated(line: Line) -> Micros:
    """``rep nop`` is pause, ``rep ret`` a return."""
    line.expect(1)
    inner = line[0].text.lower()
    if inner not in ("nop", "ret", "retq"):
        raise line[0].wrong(f"{line.mnemonic} does not go with '{line[0].text}'")
    return () if inner == "nop" else (Go(None, END),)


def _return(line: Line) -> Micros:
    line.expect(0)
    return (Go(None, END),)


def more() -> dict[str, Handler]:
    """The handlers by mnemonic."""
    table: dict[str, Handler] = {
        "CWTL": partial(_extend, 16, 32),
        "CLTQ": partial(_extend, 32, 64),
        "CLTD": partial(_sign, 32),
        "CQTO": partial(_sign, 64),
        **dict.fromkeys(("REP", "REPZ"), _repeated),
        "RETQ": _return,
    }
    for suffix in ("", "L", "Q"):
        table["BSWAP" + suffix] = _swap_bytes
    caches = ("CLFLUSH", "CLFLUSHOPT", "CLWB", "PREFETCHW", "PREFETCHNTA")
    return table | dict.fromkeys((*caches, *(f"PREFETCHT{n}" for n in range(3))), _of_cache)
