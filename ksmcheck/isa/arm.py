"""ARM: what its instructions do (Arm Architecture Reference Manual for Armv7-A, DDI 0406, A8).

Tags are those of models/armv7: DMB, DMB.ST, DSB, DSB.ST and ISB; accesses have none but X, which
marks LDREX and STREX and orders nothing by itself.
"""

from __future__ import annotations

from functools import partial

from ksmcheck.isa import acts
from ksmcheck.isa.aarch64_arithmetic import CONDITIONS, difference_flags, sum_flags
from ksmcheck.isa.arm_accesses import more_accesses
from ksmcheck.isa.arm_operands import (
    address,
    address_alone,
    assign,
    canonical,
    flexible,
    register,
    shifted,
    shifter_carry,
    value_of,
)
from ksmcheck.isa.arm_processing import processing, result_flags, with_conditions
from ksmcheck.isa.dialect import Dialect, Handler
from ksmcheck.isa.expressions import WORD, cast, compare, number, op, shift
from ksmcheck.isa.micro import END, Go, Micros
from ksmcheck.isa.operands import Line
from ksmcheck.kernel.ints import U32, IntType
from ksmcheck.program.ir import Expr, Op, Set, Use

_SIZES = {"": 32, "B": 8, "H": 16}
_OPERATORS = {"ADD": "add", "SUB": "sub", "AND": "and", "ORR": "or", "EOR": "xor"}


def _load(name: str, width: int, signed: bool, line: Line) -> Micros:
    line.expect(2, 3)
    where, after = address(line, 1)
    dst = register(line[0])
    if any(isinstance(change, Set) and change.reg == dst for change in after):
        raise line.wrong("a load into the base that it writes back is unpredictable")
    act = acts.load(name, (), dst, where, IntType(width, signed), U32)
    return (act, *assign(dst, Use(dst, U32)), *after)


def _store(name: str, width: int, line: Line) -> Micros:
    line.expect(2, 3)
    where, after = address(line, 1)
    return (acts.store(name, (), where, value_of(line[0]), IntType(width, False)), *after)


def _load_exclusive(name: str, width: int, line: Line) -> Micros:
    line.expect(2)
    where = address_alone(line, 1)
    cell = IntType(width, False)
    return (acts.load(name, acts.EXCLUSIVE, register(line[0]), where, cell, WORD, reserves=True),)


def _store_exclusive(name: str, width: int, line: Line) -> Micros:
    """The result is 0 for success. It depends on the registers read, as herd7 has it; the first is
    none of those (A8.8.212)."""
    line.expect(3)
    where = address_alone(line, 2)
    dst, value, cell = register(line[0]), value_of(line[1]), IntType(width, False)
    act = acts.store_conditional(name, acts.EXCLUSIVE, dst, where, value, cell, WORD, status="!ok")
    return act, Set(dst, Op("with", (Use(dst, WORD), where, value), WORD))


def _barrier(name: str, line: Line) -> Micros:
    line.expect(0, 1)
    option = line[0].text.upper() if len(line) else "SY"
    if option not in ("SY", "ISH", "OSH", "ST", "ISHST", "OSHST"):
        raise line[0].wrong(f"'{line[0].text}' is no option of {name}", "SY, ISH, ST, ISHST")
    return (acts.fence(f"{name}.ST" if option.endswith("ST") else name),)


def _isb(line: Line) -> Micros:
    line.expect(0, 1)
    return (acts.fence("ISB"),)


def _jump(condition: Expr | None, line: Line) -> Micros:
    line.expect(1)
    return (Go(condition, line[0].label()),)


def _compare_branch(name: str, line: Line) -> Micros:
    line.expect(2)
    return (Go(compare(name, U32, value_of(line[0]), number(0)), line[1].label()),)


def _kept(condition: Expr | None, dst: str, value: Expr) -> Micros:
    """The register keeps its value where the condition does not hold. What the flags were computed
    from decides as it does of a branch (A3.8.2, control dependency), and orders no loads: a pick,
    which here orders nothing."""
    if condition is None:
        return assign(dst, value)
    return assign(dst, Op("pick", (condition, cast(U32, value), Use(dst, U32)), U32))


def _three(name: str, condition: Expr | None, flags: bool, line: Line) -> Micros:
    """``ADD R1,R2,R3``; ``ADD R1,R2`` is ``ADD R1,R1,R2``."""
    line.expect(2, 3, 4)
    at = 1 if len(line) > 2 else 0
    left, right = value_of(line[at]), flexible(line, at + 1)
    result = op(name, U32, left, right)
    setting = _kept(condition, register(line[0]), result)
    return (*_flags(name, left, right, result, line, at + 1), *setting) if flags else setting


def _flags(name: str, left: Expr, right: Expr, result: Expr, line: Line, at: int) -> Micros:
    if name == "sub":
        return difference_flags(U32, left, right)
    if name == "add":
        return sum_flags(U32, left, right)
    return result_flags(result, shifter_carry(line, at))


def _reversed_or_cleared(name: str, condition: Expr | None, line: Line) -> Micros:
    """``RSB R1,R2,#0``: the second less the first; ``BIC R1,R2,R3``: without the second's bits."""
    line.expect(3, 4)
    left, right = value_of(line[1]), flexible(line, 2)
    if name == "sub":
        value = op(name, U32, right, left)
    else:
        value = op(name, U32, left, Op("bitnot", (cast(U32, right),), U32))
    return _kept(condition, register(line[0]), value)


def _multiply(condition: Expr | None, line: Line) -> Micros:
    line.expect(3)
    value = op("mul", U32, value_of(line[1]), value_of(line[2]))
    return _kept(condition, register(line[0]), value)


def _multiply_add(line: Line) -> Micros:
    """``MLA R0,R1,R2,R3``: R1 * R2 + R3."""
    line.expect(4)
    product = op("mul", U32, value_of(line[1]), value_of(line[2]))
    return assign(register(line[0]), op("add", U32, product, value_of(line[3])))


def _field(signed: bool, line: Line) -> Micros:
    """``UBFX R0,R1,#lsb,#bits``, SBFX."""
    line.expect(4)
    low, bits = line[2].immediate(), line[3].immediate()
    if not (0 <= low < 32 and 0 < bits <= 32 - low):
        raise line[3].wrong("the field is empty, or leaves the register")
    left = shift("shl", U32, value_of(line[1]), number(32 - low - bits))
    value = shift("shr", IntType(32, signed), left, number(32 - bits))
    return assign(register(line[0]), cast(U32, value))


def _hint(line: Line) -> Micros:
    """``YIELD``, ``WFE``, ``SEV``, ``PLD [R1]``: no operation."""
    line.expect(0, 1)
    if len(line):
        address(line, 0)
    return ()


def _move_top(condition: Expr | None, line: Line) -> Micros:
    """``MOVT R1,#2`` replaces the upper half."""
    line.expect(2)
    kept = op("and", U32, value_of(line[0]), number(0xFFFF))
    value = op("or", U32, kept, number(line[1].immediate() << 16))
    return _kept(condition, register(line[0]), value)


def _extend(type: IntType, line: Line) -> Micros:
    line.expect(2)
    return assign(register(line[0]), cast(U32, cast(type, value_of(line[1]))))


def _return(line: Line) -> Micros:
    """Nobody has called the thread: it ends."""
    line.expect(1)
    if line[0].text.upper() not in ("LR", "R14"):
        raise line[0].wrong("a jump to an address that is computed is not supported")
    return (Go(None, END),)


def _compare(name: str, line: Line) -> Micros:
    line.expect(2, 3)
    left, right = value_of(line[0]), flexible(line, 1)
    return _flags(name, left, right, op(name, U32, left, right), line, 1)


def _move(condition: Expr | None, flags: bool, line: Line) -> Micros:
    line.expect(2, 3)
    value = flexible(line, 1)
    setting = _kept(condition, register(line[0]), value)
    return (*result_flags(value, shifter_carry(line, 1)), *setting) if flags else setting


def _move_not(condition: Expr | None, line: Line) -> Micros:
    line.expect(2, 3)
    return _kept(condition, register(line[0]), Op("bitnot", (flexible(line, 1),), U32))


def _shift(kind: str, line: Line) -> Micros:
    """``LSL R0,R1,#3``, ``ROR R0,R1,R2``."""
    line.expect(3)
    constant = line[2].number()
    by: Expr = value_of(line[2]) if constant is None else number(constant)
    return assign(register(line[0]), shifted(kind, value_of(line[1]), by))


def _divide(signed: bool, line: Line) -> Micros:
    """Towards 0; by 0 it gives 0."""
    line.expect(3)
    type = IntType(32, signed)
    left, right = cast(type, value_of(line[1])), cast(type, value_of(line[2]))
    zero = compare("eq", type, right, number(0))
    divisor = Op("ite", (zero, number(1, type), right), type)
    value = Op("ite", (zero, number(0, type), op("div", type, left, divisor)), type)
    return assign(register(line[0]), cast(U32, value))


def _clear(line: Line) -> Micros:
    line.expect(0)
    return (acts.clear("CLREX"),)


def _nothing(line: Line) -> Micros:
    line.expect(0)
    return ()


def _accesses() -> dict[str, Handler]:
    table: dict[str, Handler] = {}
    for suffix, width in _SIZES.items():
        table["LDR" + suffix] = partial(_load, "LDR" + suffix, width, False)
        table["STR" + suffix] = partial(_store, "STR" + suffix, width)
        table["LDREX" + suffix] = partial(_load_exclusive, "LDREX" + suffix, width)
        table["STREX" + suffix] = partial(_store_exclusive, "STREX" + suffix, width)
    for suffix in ("B", "H"):
        table["LDRS" + suffix] = partial(_load, "LDRS" + suffix, _SIZES[suffix], True)
    return table


def _conditional() -> dict[str, Handler]:
    table: dict[str, Handler] = {}
    conditions: dict[str, Expr | None] = {"": None, "AL": None, **CONDITIONS}
    for suffix, condition in conditions.items():
        table["B" + suffix] = partial(_jump, condition)
        table["MOV" + suffix] = partial(_move, condition, False)
        table["MOVW" + suffix] = partial(_move, condition, False)
        table["MOVT" + suffix] = partial(_move_top, condition)
        table["MVN" + suffix] = partial(_move_not, condition)
        table["MUL" + suffix] = partial(_multiply, condition)
        table["RSB" + suffix] = partial(_reversed_or_cleared, "sub", condition)
        table["BIC" + suffix] = partial(_reversed_or_cleared, "and", condition)
        for mnemonic, name in _OPERATORS.items():
            table[mnemonic + suffix] = partial(_three, name, condition, False)
    return table


def arm() -> Dialect:
    """The dialect of tests that begin with ``ARM``."""
    table: dict[str, Handler] = {
        **more_accesses(),
        **_accesses(),
        **_conditional(),
        **processing(),
        "BX": _return,
        "UXTB": partial(_extend, IntType(8, False)),
        "UXTH": partial(_extend, IntType(16, False)),
        "SXTB": partial(_extend, IntType(8, True)),
        "SXTH": partial(_extend, IntType(16, True)),
        "MOVS": partial(_move, None, True),
        "CMP": partial(_compare, "sub"),
        "CMN": partial(_compare, "add"),
        "TST": partial(_compare, "and"),
        "TEQ": partial(_compare, "xor"),
        **{kind: partial(_shift, kind) for kind in ("LSL", "LSR", "ASR", "ROR")},
        "CBZ": partial(_compare_branch, "eq"),
        "CBNZ": partial(_compare_branch, "ne"),
        "DMB": partial(_barrier, "DMB"),
        "DSB": partial(_barrier, "DSB"),
        "ISB": _isb,
        "NOP": _nothing,
        "CLREX": _clear,
        "UDIV": partial(_divide, False),
        "SDIV": partial(_divide, True),
        "MLA": _multiply_add,
        "UBFX": partial(_field, False),
        "SBFX": partial(_field, True),
        "XOR": partial(_three, "xor", None, False),  # herd7's name of EOR
        **dict.fromkeys(("YIELD", "WFE", "WFI", "SEV", "PLD", "PLDW"), _hint),
    }
    for mnemonic, name in _OPERATORS.items():
        table[mnemonic + "S"] = partial(_three, name, None, True)
    return Dialect("ARM", canonical, {**with_conditions(table), **table})
