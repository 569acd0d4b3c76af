"""AArch64 instructions that compute: arithmetic, flags, selection (Arm ARM C6.2, C1.2.4).

The flags are registers N, Z, C and V of their own.
"""

from __future__ import annotations

from functools import partial

from ksmcheck.isa.aarch64_operands import assign, flexible, register, value_of
from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import (
    WORD,
    both,
    cast,
    compare,
    either,
    negation,
    number,
    op,
    select,
    shift,
)
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line
from ksmcheck.kernel.ints import BOOL, S32, U32, IntType, unsigned
from ksmcheck.program.ir import Expr, Op, Set, Use

N, Z, C, V = (Use(f"flag.{flag}", BOOL) for flag in "NZCV")

CONDITIONS: dict[str, Expr] = {
    "EQ": Z,
    "NE": negation(Z),
    "CS": C,
    "HS": C,
    "CC": negation(C),
    "LO": negation(C),
    "MI": N,
    "PL": negation(N),
    "VS": V,
    "VC": negation(V),
    "HI": both(C, negation(Z)),
    "LS": either(negation(C), Z),
    "GE": compare("eq", S32, N, V),
    "LT": compare("ne", S32, N, V),
    "GT": both(negation(Z), compare("eq", S32, N, V)),
    "LE": either(Z, compare("ne", S32, N, V)),
}

ALWAYS = ("AL", "NV")


def _type(width: int) -> IntType:
    return WORD if width == 64 else U32


def difference_flags(type: IntType, left: Expr, right: Expr) -> Micros:
    """N, Z, C and V of ``left - right``."""
    signed = IntType(type.width, True)
    minus = op("sub", type, left, right)
    negative = compare("lt", signed, minus, number(0))
    return (
        Set("flag.N", negative),
        Set("flag.Z", compare("eq", type, minus, number(0))),
        Set("flag.C", compare("ge", type, left, right)),
        Set("flag.V", compare("ne", S32, compare("lt", signed, left, right), negative)),
    )


def sum_flags(type: IntType, left: Expr, right: Expr) -> Micros:
    """N, Z, C and V of ``left + right``: carry if the sum wrapped, overflow if both operands have
    the sign that it has not."""
    signed = IntType(type.width, True)
    plus = op("add", type, left, right)
    negative = compare("lt", signed, plus, number(0))
    signs = [compare("lt", signed, side, number(0)) for side in (left, right)]
    odd = [compare("ne", S32, sign, negative) for sign in signs]
    return (
        Set("flag.N", negative),
        Set("flag.Z", compare("eq", type, plus, number(0))),
        Set("flag.C", compare("lt", type, plus, left)),
        Set("flag.V", both(odd[0], odd[1])),
    )


def logic_flags(type: IntType, value: Expr) -> Micros:
    """N and Z of a result; C and V are 0, and hang on the result all the same: what an instruction
    writes depends on all that it reads (Arm ARM B2.3, dependencies through registers)."""
    zero = compare("lt", unsigned(type.width), value, number(0))
    return (
        Set("flag.N", compare("lt", IntType(type.width, True), value, number(0))),
        Set("flag.Z", compare("eq", type, value, number(0))),
        Set("flag.C", zero),
        Set("flag.V", zero),
    )


def _flags(name: str, type: IntType, left: Expr, right: Expr, result: Expr) -> Micros:
    if name == "sub":
        return difference_flags(type, left, right)
    return sum_flags(type, left, right) if name == "add" else logic_flags(type, result)


def _three(name: str, invert: bool, flags: bool, line: Line) -> Micros:
    """``ADD X1,X2,X3``, ``SUBS W1,W2,#1``, ``BIC``..."""
    line.expect(3, 4)
    dst, width = register(line[0])
    type = _type(width)
    left, right = value_of(line[1]), flexible(line, 2, type)
    if invert:
        right = Op("bitnot", (right,), type)
    result = op(name, type, left, right)
    if not flags:
        return assign(dst, result)
    return (*_flags(name, type, left, right, result), *assign(dst, result))


def _compare(name: str, line: Line) -> Micros:
    """``CMP``, ``CMN``, ``TST``: flags alone."""
    line.expect(2, 3)
    left = value_of(line[0])
    type = left.type
    right = flexible(line, 1, type)
    return _flags(name, type, left, right, op(name, type, left, right))


def _shift(name: str, signed: bool, line: Line) -> Micros:
    line.expect(3)
    dst, width = register(line[0])
    type = IntType(width, signed)
    amount = line[2].number()
    by = number(amount) if amount is not None else value_of(line[2])
    return assign(dst, cast(_type(width), shift(name, type, value_of(line[1]), by)))


def _multiply(line: Line) -> Micros:
    line.expect(3)
    dst, width = register(line[0])
    return assign(dst, op("mul", _type(width), value_of(line[1]), value_of(line[2])))


def _multiply_add(name: str, line: Line) -> Micros:
    """``MADD X0,X1,X2,X3``: X3 + X1 * X2; MSUB: X3 - X1 * X2; MNEG: -(X1 * X2)."""
    line.expect(3 if name == "neg" else 4)
    dst, width = register(line[0])
    type = _type(width)
    product = op("mul", type, value_of(line[1]), value_of(line[2]))
    if name == "neg":
        return assign(dst, Op("neg", (product,), type))
    return assign(dst, op(name, type, value_of(line[3]), product))


def _move(line: Line) -> Micros:
    line.expect(2, 3)
    dst, width = register(line[0])
    return assign(dst, flexible(line, 1, _type(width)))


def _unary(name: str, line: Line) -> Micros:
    """``NEG``, ``MVN``."""
    line.expect(2, 3)
    dst, width = register(line[0])
    return assign(dst, Op(name, (flexible(line, 1, _type(width)),), _type(width)))


def _negate(line: Line) -> Micros:
    """``NEGS X0,X1``: 0 less the second, with flags."""
    line.expect(2, 3)
    dst, width = register(line[0])
    type, zero = _type(width), number(0, _type(width))
    right = flexible(line, 1, type)
    return (*difference_flags(type, zero, right), *assign(dst, op("sub", type, zero, right)))


def _extend(source: IntType, line: Line) -> Micros:
    line.expect(2)
    dst, width = register(line[0])
    return assign(dst, cast(_type(width), cast(source, value_of(line[1]))))


def _condition(line: Line, at: int) -> Expr:
    found = CONDITIONS.get(line[at].text.upper())
    if found is None:
        raise line[at].wrong(f"'{line[at].text}' is not a condition", "EQ, NE, LT, GE, ...")
    return found


def _select(change: str, line: Line) -> Micros:
    """``CSEL X1,X2,X3,EQ``; CSINC, CSNEG and CSINV change the second value. AL and NV, which CSET
    and its like do not have, select the first.

    What comes from the flags is a pick dependency, which orders less than data (``select``).
    """
    line.expect(4)
    dst, width = register(line[0])
    type = _type(width)
    first, second = cast(type, value_of(line[1])), cast(type, value_of(line[2]))
    if line[3].text.upper() in ALWAYS:
        return assign(dst, first)
    other = _changed(change, type, second)
    return assign(dst, select(type, _condition(line, 3), first, other))


def _changed(change: str, type: IntType, value: Expr) -> Expr:
    if change == "inc":
        return op("add", type, value, number(1))
    return Op(change, (value,), type) if change else value


def _set(value: int, line: Line) -> Micros:
    """``CSET X1,EQ``: 1 (CSETM: all ones) if the condition holds, else 0."""
    line.expect(2)
    dst, width = register(line[0])
    type = _type(width)
    arms = number(value, type), number(0, type)
    return assign(dst, select(type, _condition(line, 1), *arms))


def _change_if(change: str, line: Line) -> Micros:
    """``CINC X1,X2,EQ``, CINV and CNEG."""
    line.expect(3)
    dst, width = register(line[0])
    type = _type(width)
    value = cast(type, value_of(line[1]))
    arms = _changed(change, type, value), value
    return assign(dst, select(type, _condition(line, 2), *arms))


def _nothing(line: Line) -> Micros:
    line.expect(0)
    return ()


_LOGIC = {"AND": "and", "ORR": "or", "EOR": "xor"}
_INVERTED = {"BIC": "and", "ORN": "or", "EON": "xor"}


def arithmetic() -> dict[str, Handler]:
    """The handlers by mnemonic."""
    table: dict[str, Handler] = {}
    for mnemonic, name in {"ADD": "add", "SUB": "sub", **_LOGIC}.items():
        table[mnemonic] = partial(_three, name, False, False)
    for mnemonic, name in _INVERTED.items():
        table[mnemonic] = partial(_three, name, True, False)
    for mnemonic, name in {"ADDS": "add", "SUBS": "sub", "ANDS": "and"}.items():
        table[mnemonic] = partial(_three, name, False, True)
    table["BICS"] = partial(_three, "and", True, True)
    for mnemonic, name in {"CMP": "sub", "CMN": "add", "TST": "and"}.items():
        table[mnemonic] = partial(_compare, name)
    table |= {
        "LSL": partial(_shift, "shl", False),
        "LSR": partial(_shift, "shr", False),
        "ASR": partial(_shift, "shr", True),
        "MUL": _multiply,
        "MOV": _move,
        "NEGS": _negate,
        "NEG": partial(_unary, "neg"),
        "MVN": partial(_unary, "bitnot"),
        "SXTW": partial(_extend, S32),
        "UXTW": partial(_extend, U32),
        "UXTB": partial(_extend, IntType(8, False)),
        "SXTB": partial(_extend, IntType(8, True)),
        "UXTH": partial(_extend, IntType(16, False)),
        "SXTH": partial(_extend, IntType(16, True)),
        "CSEL": partial(_select, ""),
        "CSINC": partial(_select, "inc"),
        "CSNEG": partial(_select, "neg"),
        "CSINV": partial(_select, "bitnot"),
        "CSET": partial(_set, 1),
        "CSETM": partial(_set, -1),
        "CINC": partial(_change_if, "inc"),
        "CINV": partial(_change_if, "bitnot"),
        "CNEG": partial(_change_if, "neg"),
        "MADD": partial(_multiply_add, "add"),
        "MSUB": partial(_multiply_add, "sub"),
        "MNEG": partial(_multiply_add, "neg"),
        "NOP": _nothing,
        "YIELD": _nothing,
    }
    for shifting in ("LSL", "LSR", "ASR"):
        table[shifting + "V"] = table[shifting]
    return table
