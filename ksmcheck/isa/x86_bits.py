"""x86 shifts and tests of single bits (Intel SDM volume 2: SAL/SHL/SAR/SHR, BT, BTS, BTR, BTC)."""

from __future__ import annotations

from functools import partial

from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, compare, number, op, shift
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line
from ksmcheck.isa.x86_operands import Form, canonical64, form_of
from ksmcheck.kernel.ints import BOOL, IntType
from ksmcheck.program.ir import Expr, Op, Set, Use

_SHIFTS = {"SHL": ("shl", False), "SAL": ("shl", False), "SHR": ("shr", False)}
_SHIFTS["SAR"] = ("shr", True)
_NEW = {"BT": "", "BTS": "old | v", "BTR": "old & ~v", "BTC": "old ^ v"}
_OLD = "(old)"
_O = Use("flag.O", BOOL)


def _shift(name: str, long: bool, line: Line) -> Micros:
    """``shll $1,%eax``, ``shrq %cl,%rax``; a register alone is shifted by 1. The flag O says
    whether one place changed the sign; for more than one the manual leaves it open."""
    line.expect(1, 2)
    form = form_of(line, name, long=long, locked=False, operands=len(line))
    if form.width < 32 or form.is_memory(form.dst):
        raise form.dst.wrong("shifts are of registers of 32 or 64 bits here")
    operator, signed = _SHIFTS[name]
    type, value = IntType(form.width, signed), Use(form.destination(form.dst), form.type)
    count = count_of(form)
    none = compare("eq", WORD, count, number(0))
    result = shift(operator, type, value, count)
    last = shift(operator, type, value, op("sub", WORD, count, number(1)))
    carry = shift("shr", form.type, last, number(form.width - 1 if operator == "shl" else 0))
    values: dict[str, Expr] = {
        "C": compare("ne", form.type, op("and", form.type, carry, number(1)), number(0)),
        "S": compare("lt", IntType(form.width, True), result, number(0)),
        "Z": compare("eq", form.type, result, number(0)),
    }
    if name == "SAR":
        changed: Expr = number(0, BOOL)
    else:
        changed = top_bits_differ(form.type, value, result)
    flags = [overflow_of_one(count, changed)]
    flags += [
        Set(f"flag.{flag}", Op("ite", (none, Use(f"flag.{flag}", BOOL), truth), BOOL))
        for flag, truth in values.items()
    ]
    return (*flags, *form.assign(form.dst, result))


def overflow_of_one(count: Expr, changed: Expr) -> Set:
    """O after a shift or rotation by one place; what it is after others is open, and here kept."""
    one = compare("eq", WORD, count, number(1))
    return Set(_O.reg, Op("ite", (one, changed, _O), BOOL))


def top_bits_differ(type: IntType, left: Expr, right: Expr) -> Expr:
    """One of the two is negative and the other is not."""
    return compare("lt", IntType(type.width, True), op("xor", type, left, right), number(0))


def count_of(form: Form) -> Expr:
    """The number of places, of which the processor looks at 5 or 6 bits."""
    if form.src is None:
        return number(1)
    most = 63 if form.width == 64 else 31
    constant = form.src.number()
    if constant is not None:
        return number(constant & most)
    if form.src.text.lower().lstrip("%") != "cl":
        raise form.src.wrong(f"'{form.src.text}' is no count of a shift", "$1, or cl")
    register = canonical64("rcx") if form.long else "ECX"
    assert register is not None
    return op("and", WORD, Use(register, WORD), number(most))


def bit(name: str, form: Form) -> Micros:
    """``lock btsl $3,(x)``: the bit's old value goes to the flag C, and the bit is set (BTR:
    cleared, BTC: turned over, BT: left)."""
    source = form.source()
    place = source.number()
    if place is None:
        raise source.wrong("the bit has to be a number: another may be in another word")
    mask = number(1 << (place & (form.width - 1)), form.type)
    if form.is_memory(form.dst):
        before, old = _in_memory(name, form, mask)
        after: Micros = ()
    else:
        before, old = (), Use(form.destination(form.dst), form.type)
        operator = {"BTS": "or", "BTR": "and", "BTC": "xor"}.get(name)
        other = number(~mask.value, form.type) if name == "BTR" else mask
        changed = op(operator, form.type, old, other) if operator else old
        after = form.assign(form.dst, changed) if operator else ()
    carry = compare("ne", form.type, op("and", form.type, old, mask), number(0))
    return (*before, Set("flag.C", carry), *after)


def _in_memory(name: str, form: Form, mask: Expr) -> tuple[Micros, Expr]:
    if name == "BT":
        return form.value(form.dst)
    return (form.change(name, _NEW[name], mask, _OLD),), Use(_OLD, form.type)


def shifts(long: bool) -> dict[str, Handler]:
    """The handlers by mnemonic."""
    table: dict[str, Handler] = {}
    for name in _SHIFTS:
        for suffix in ("", "L", "Q") if long else ("",):
            table[name + suffix] = partial(_shift, name, long)
    return table
