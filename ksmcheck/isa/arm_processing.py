"""ARM instructions that compute and are rarer than those of ``arm`` (DDI 0406, A8), and the
conditions on all that compute: ``CMPNE``, ``ADDSEQ``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ksmcheck.isa.aarch64_arithmetic import CONDITIONS, C, difference_flags, logic_flags
from ksmcheck.isa.arm_operands import (
    assign,
    flexible,
    register,
    shift_carry,
    shifted,
    shifter_carry,
    value_of,
)
from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, cast, compare, number, op, shift
from ksmcheck.isa.micro import END, BadInstruction, Go, Micros
from ksmcheck.isa.operands import Line
from ksmcheck.kernel.ints import BOOL, S64, U32, IntType
from ksmcheck.program.ir import Expr, Op, Set, Use

_HELD = "held"
_CHOSEN = Use("flag.chosen", BOOL)
_DECIDING = ("flag.N", "flag.Z", "flag.V")  # C goes into sums as well


def result_flags(result: Expr, carry: Micros) -> Micros:
    """N and Z of a logical result; C is what fell out of a shift, and V is left alone."""
    return (*logic_flags(U32, result)[:2], *carry)


def only_if(condition: Expr, handler: Handler, line: Line) -> Micros:
    """What the handler computes is put into its registers where the condition holds; the condition
    is looked at before the flags change. It is a pick, as in ``arm``; but flags that only decide
    depend on all that they were computed from, as the branch on them does (``CMPNE``)."""
    chosen: list[Set] = [Set(_CHOSEN.reg, condition)]
    for micro in handler(line):
        if not isinstance(micro, Set):
            raise BadInstruction(f"{line.mnemonic} takes no condition here", 0, len(line.mnemonic))
        type = BOOL if micro.reg.startswith("flag.") else WORD
        arms = cast(type, micro.expr), Use(micro.reg, type)
        kind = "ite" if micro.reg in _DECIDING else "pick"
        chosen.append(Set(micro.reg, Op(kind, (_CHOSEN, *arms), type)))
    return tuple(chosen)


def _inverted(name: str, flags: bool, line: Line) -> Micros:
    """``ORN R0,R1,R2``, BICS: with the complement of the second."""
    line.expect(3, 4)
    right = Op("bitnot", (cast(U32, flexible(line, 2)),), U32)
    result = op(name, U32, value_of(line[1]), right)
    setting = assign(register(line[0]), result)
    return (*result_flags(result, shifter_carry(line, 2)), *setting) if flags else setting


def _not(line: Line) -> Micros:
    """``MVNS R0,R1``."""
    line.expect(2, 3)
    result = Op("bitnot", (cast(U32, flexible(line, 1)),), U32)
    return (*result_flags(result, shifter_carry(line, 1)), *assign(register(line[0]), result))


def _reverse_subtract(line: Line) -> Micros:
    """``RSBS R0,R1,#0``: the second less the first."""
    line.expect(3, 4)
    left, right = flexible(line, 2), value_of(line[1])
    setting = assign(register(line[0]), op("sub", U32, left, right))
    return (*difference_flags(U32, left, right), *setting)


def _negate(line: Line) -> Micros:
    """``NEG R0,R1``."""
    line.expect(2)
    return assign(register(line[0]), Op("neg", (value_of(line[1]),), U32))


def _copy(line: Line) -> Micros:
    """``CPY R0,R1``."""
    line.expect(2)
    return assign(register(line[0]), value_of(line[1]))


def _with_carry(name: str, line: Line) -> Micros:
    """``ADC R0,R1,R2``: and the carry; SBC, RSC: and the complement of one side."""
    line.expect(3, 4)
    left: Expr = value_of(line[1])
    right = cast(U32, flexible(line, 2))
    if name == "RSC":
        left, right = right, left
    if name != "ADC":
        right = Op("bitnot", (right,), U32)
    total = op("add", U32, op("add", U32, left, right), Op("cast", (C,), U32))
    return assign(register(line[0]), total)


def _shift(kind: str, line: Line) -> Micros:
    """``LSLS R0,R1,#3``, ``RORS R0,R1,R2``."""
    line.expect(3)
    constant = line[2].number()
    by: Expr = value_of(line[2]) if constant is None else number(constant)
    value = value_of(line[1])
    result = shifted(kind, value, by)
    flags = result_flags(result, shift_carry(kind, value, by))
    return (*flags, *assign(register(line[0]), result))


def _multiply(line: Line) -> Micros:
    """``MULS``: C and V are left alone."""
    line.expect(3)
    product = op("mul", U32, value_of(line[1]), value_of(line[2]))
    return (*result_flags(product, ()), *assign(register(line[0]), product))


def _multiply_subtract(line: Line) -> Micros:
    """``MLS R0,R1,R2,R3``: R3 - R1 * R2."""
    line.expect(4)
    product = op("mul", U32, value_of(line[1]), value_of(line[2]))
    return assign(register(line[0]), op("sub", U32, value_of(line[3]), product))


def _multiply_long(signed: bool, line: Line) -> Micros:
    """``UMULL R0,R1,R2,R3``: R2 * R3, the lower word into R0 and the upper into R1."""
    line.expect(4)
    low, high = register(line[0]), register(line[1])
    if low == high:
        raise line[1].wrong("two words into one register are unpredictable")
    word, double = IntType(32, signed), S64 if signed else WORD
    sides = (cast(double, cast(word, value_of(operand))) for operand in line.operands[2:])
    product = cast(WORD, op("mul", double, *sides))
    upper = shift("shr", WORD, Use(_HELD, WORD), number(32))
    return (
        Set(_HELD, product),
        *assign(low, Use(_HELD, U32)),
        *assign(high, cast(U32, upper)),
    )


def _leading(line: Line) -> Micros:
    """``CLZ``: how many bits are 0 before the highest that is 1."""
    line.expect(2)
    found: Expr = number(32)
    for at in range(32):
        bit = op("and", U32, shift("shr", U32, value_of(line[1]), number(at)), number(1))
        found = Op("ite", (compare("ne", U32, bit, number(0)), number(31 - at), found), WORD)
    return assign(register(line[0]), found)


def _reverse(chunk: int, group: int, line: Line) -> Micros:
    """``REV``, ``REV16``, ``RBIT``: in each group of bits the chunks come in the other order."""
    line.expect(2)
    found: Expr = number(0, U32)
    for at in range(0, 32, chunk):
        place = at - at % group + group - chunk - at % group
        moved = shift("shr", U32, value_of(line[1]), number(at))
        part = op("and", U32, moved, number((1 << chunk) - 1))
        found = op("or", U32, found, shift("shl", U32, part, number(place)))
    return assign(register(line[0]), found)


def _field(clear: bool, line: Line) -> Micros:
    """``BFI R0,R1,#lsb,#bits``: bits of R0 become those of R1; ``BFC R0,#lsb,#bits``: 0."""
    line.expect(3 if clear else 4)
    low, bits = (operand.immediate() for operand in line.operands[-2:])
    if not (0 <= low < 32 and 0 < bits <= 32 - low):
        raise line.operands[-1].wrong("the field is empty, or leaves the register")
    mask = ((1 << bits) - 1) << low
    kept = op("and", U32, value_of(line[0]), number(~mask, U32))
    if clear:
        return assign(register(line[0]), kept)
    moved = op("and", U32, shift("shl", U32, value_of(line[1]), number(low)), number(mask, U32))
    return assign(register(line[0]), op("or", U32, kept, moved))


def _return_if(condition: Expr, line: Line) -> Micros:
    """``BXEQ LR``."""
    line.expect(1)
    if line[0].text.upper() not in ("LR", "R14"):
        raise line[0].wrong("a jump to an address that is computed is not supported")
    return (Go(condition, END),)


def processing() -> dict[str, Handler]:
    """The handlers by mnemonic, without conditions."""
    table: dict[str, Handler] = {
        "ORN": partial(_inverted, "or", False),
        "ORNS": partial(_inverted, "or", True),
        "BICS": partial(_inverted, "and", True),
        "MVNS": _not,
        "RSBS": _reverse_subtract,
        "NEG": _negate,
        "CPY": _copy,
        "MULS": _multiply,
        "MLS": _multiply_subtract,
        "UMULL": partial(_multiply_long, False),
        "SMULL": partial(_multiply_long, True),
        "CLZ": _leading,
        "REV": partial(_reverse, 8, 32),
        "REV16": partial(_reverse, 8, 16),
        "RBIT": partial(_reverse, 1, 32),
        "BFI": partial(_field, False),
        "BFC": partial(_field, True),
    }
    for name in ("ADC", "SBC", "RSC"):
        table[name] = partial(_with_carry, name)
    for kind in ("LSL", "LSR", "ASR", "ROR"):
        table[kind + "S"] = partial(_shift, kind)
    return table


_CONDITIONAL = ["CMP", "CMN", "TST", "TEQ", "LSL", "LSR", "ASR", "ROR", "MLA", "UBFX", "SBFX"]
_CONDITIONAL += ["UXTB", "UXTH", "SXTB", "SXTH", "UDIV", "SDIV", "XOR"]
_FLAGGED = ("ADD", "SUB", "AND", "ORR", "EOR", "MOV")


def with_conditions(table: Mapping[str, Handler]) -> dict[str, Handler]:
    """``CMPNE``; of what sets flags ``ADDSEQ`` as the unified syntax has it, and ``ADDEQS``."""
    found: dict[str, Handler] = {}
    plain = [name for name in (*_CONDITIONAL, *processing()) if name in table]
    for end, condition in CONDITIONS.items():
        for name in (*plain, *(stem + "S" for stem in _FLAGGED)):
            handler = partial(only_if, condition, table[name])
            found[name + end] = handler
            if name.endswith("S") and name != "MLS":
                found[f"{name[:-1]}{end}S"] = handler
        found["BX" + end] = partial(_return_if, condition)
    return found
