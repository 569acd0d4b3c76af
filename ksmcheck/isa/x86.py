"""x86: what its instructions do (Intel SDM volume 2; AMD64 APM volume 3), of 32 and of 64 bits.

Tags are those of models/tso: MFENCE, and LOCK on the events of a locked instruction. LFENCE and
SFENCE have events of their own, which order nothing that ordinary memory does not order anyway.
The read and the write of one instruction are not in program order with each other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ksmcheck.isa import acts
from ksmcheck.isa.dialect import Dialect, Handler
from ksmcheck.isa.expressions import WORD, both, cast, compare, either, negation, number, op
from ksmcheck.isa.micro import END, BadInstruction, Go, Micros
from ksmcheck.isa.operands import Line, split_line
from ksmcheck.isa.outside import reason
from ksmcheck.isa.x86_bits import bit, shifts
from ksmcheck.isa.x86_more import more
from ksmcheck.isa.x86_operands import Form, canonical32, canonical64, form_of
from ksmcheck.isa.x86_processing import processing, with_carry
from ksmcheck.kernel.ints import BOOL, S32, IntType
from ksmcheck.program.ir import Expr, Op, Set, Use
from ksmcheck.record import replace

Tags = tuple[str, ...]

Z, S, C, O = (Use(f"flag.{flag}", BOOL) for flag in "ZSCO")  # noqa: E741

_CONDITIONS: dict[str, Expr] = {
    "E": Z,
    "Z": Z,
    "NE": negation(Z),
    "NZ": negation(Z),
    "S": S,
    "NS": negation(S),
    "B": C,
    "C": C,
    "NAE": C,
    "AE": negation(C),
    "NB": negation(C),
    "NC": negation(C),
    "BE": either(C, Z),
    "NA": either(C, Z),
    "A": both(negation(C), negation(Z)),
    "NBE": both(negation(C), negation(Z)),
    "L": compare("ne", S32, S, O),
    "NGE": compare("ne", S32, S, O),
    "GE": compare("eq", S32, S, O),
    "NL": compare("eq", S32, S, O),
    "LE": either(Z, compare("ne", S32, S, O)),
    "NG": either(Z, compare("ne", S32, S, O)),
    "G": both(negation(Z), compare("eq", S32, S, O)),
    "NLE": both(negation(Z), compare("eq", S32, S, O)),
    "O": O,
    "NO": negation(O),
}
_NEW = {"ADD": "old + v", "SUB": "old - v", "AND": "old & v", "OR": "old | v", "XOR": "old ^ v"}
_OPERATORS = {"ADD": "add", "SUB": "sub", "AND": "and", "OR": "or", "XOR": "xor"}
_OLD = "(old)"


def _signs(type: IntType, result: Expr) -> Micros:
    signed = IntType(type.width, True)
    return (
        Set("flag.S", compare("lt", signed, result, number(0))),
        Set("flag.Z", compare("eq", type, result, number(0))),
    )


def _overflow(name: str, type: IntType, left: Expr, right: Expr) -> Expr:
    """Signed overflow of ``left + right`` or ``left - right``."""
    signed = IntType(type.width, True)
    result = compare("lt", signed, op(name, type, left, right), number(0))
    first, second = (compare("lt", signed, side, number(0)) for side in (left, right))
    if name == "sub":
        return compare("ne", S32, compare("lt", signed, left, right), result)
    return both(compare("eq", S32, first, second), compare("ne", S32, first, result))


def _flags(name: str, type: IntType, left: Expr, right: Expr, *, carry: bool = True) -> Micros:
    """The flags of an operation; INC and DEC leave the carry alone."""
    result = op(name, type, left, right)
    if name not in ("add", "sub"):
        zero = number(0, BOOL)
        return (*_signs(type, result), Set("flag.C", zero), Set("flag.O", zero))
    setting = [*_signs(type, result), Set("flag.O", _overflow(name, type, left, right))]
    if carry:
        wrapped = compare(
            "lt", type, result if name == "add" else left, left if name == "add" else right
        )
        setting.append(Set("flag.C", wrapped))
    return tuple(setting)


def _tags(form: Form) -> Tags:
    return ("LOCK",) if form.locked else ()


def _move(form: Form) -> Micros:
    source = form.source()
    if form.is_memory(form.dst):
        if form.is_memory(source):
            raise source.wrong("MOV from memory to memory does not exist")
        before, value = form.value(source)
        store = acts.store("MOV", (), form.address(form.dst), value, form.type)
        return (*before, store)
    if form.is_memory(source):
        load = acts.load("MOV.load", (), _OLD, form.address(source), form.type, WORD)
        return (load, *form.assign(form.dst, Use(_OLD, form.type)))
    before, value = form.value(source)
    return (*before, *form.assign(form.dst, value))


def _exchange(form: Form) -> Micros:
    """XCHG with memory is locked without the prefix."""
    one, two = form.dst, form.source()
    if form.is_memory(two):
        one, two = two, one
    register = form.destination(two)
    value = Use(register, form.type)
    if not form.is_memory(one):
        other = form.destination(one)
        hold = Set(_OLD, Use(other, WORD))
        return (hold, *form.assign(one, value), *form.fill(register, Use(_OLD, form.type)))
    tags = ("LOCK",)
    where = form.address(one)
    act = acts.update("XCHG", "v", tags, tags, _OLD, where, value, form.type, WORD)
    return (act, *form.fill(register, Use(_OLD, form.type)))


def _arithmetic(form: Form) -> Micros:
    """ADD, SUB, AND, OR, XOR."""
    name, source = form.name, form.source()
    operator = _OPERATORS[name]
    before, right = form.value(source)
    if form.is_memory(form.dst):
        if form.is_memory(source):
            raise source.wrong(f"{name} from memory to memory does not exist")
        changed = form.change(name, _NEW[name], right, _OLD)
        return (changed, *_flags(operator, form.type, Use(_OLD, form.type), right))
    left = Use(form.destination(form.dst), form.type)
    result = op(operator, form.type, left, right)
    flags = _flags(operator, form.type, left, right)
    return (*before, *flags, *form.assign(form.dst, result))


def _step(form: Form) -> Micros:
    """INC, DEC."""
    operator = "add" if form.name == "INC" else "sub"
    one = number(1, form.type)
    if form.is_memory(form.dst):
        new = "old + v" if operator == "add" else "old - v"
        changed = form.change(form.name, new, one, _OLD)
        return (changed, *_flags(operator, form.type, Use(_OLD, form.type), one, carry=False))
    left = Use(form.destination(form.dst), form.type)
    flags = _flags(operator, form.type, left, one, carry=False)
    return (*flags, *form.assign(form.dst, op(operator, form.type, left, one)))


def _unary(form: Form) -> Micros:
    """NEG, NOT."""
    negate = form.name == "NEG"
    if form.is_memory(form.dst):
        zero = number(0, form.type)
        changed: Micros = (
            form.change(form.name, "v - old" if negate else "v - old - 1", zero, _OLD),
        )
        old = Use(_OLD, form.type)
    else:
        old = Use(form.destination(form.dst), form.type)
        value = Op("neg" if negate else "bitnot", (old,), form.type)
        changed = form.assign(form.dst, value)
    flags = _flags("sub", form.type, number(0, form.type), old) if negate else ()
    return (*changed, *flags) if form.is_memory(form.dst) else (*flags, *changed)


def _compare(form: Form) -> Micros:
    """CMP, TEST."""
    before, left = form.value(form.dst)
    then, right = form.value(form.source())
    if before and then:
        raise form.source().wrong(f"{form.name} of memory with memory does not exist")
    operator = "sub" if form.name == "CMP" else "and"
    return (*before, *then, *_flags(operator, form.type, left, right))


def _exchange_add(form: Form) -> Micros:
    register = form.destination(form.source())
    value = Use(register, form.type)
    if not form.is_memory(form.dst):
        raise form.dst.wrong("XADD of two registers is not supported")
    changed = form.change("XADD", "old + v", value, _OLD)
    old = Use(_OLD, form.type)
    flags = _flags("add", form.type, old, value)
    return (changed, *flags, *form.fill(register, old))


def _compare_exchange(form: Form) -> Micros:
    """CMPXCHG m,r: if m is the accumulator, m becomes r; else the accumulator becomes m.

    herd7's X86_64 has the memory first here, too: only one of the two can be meant.
    """
    form = _memory_as(form, form.is_memory(form.source()))
    if not form.is_memory(form.dst):
        raise form.dst.wrong("CMPXCHG of two registers is not supported")
    value = Use(form.destination(form.source()), form.type)
    accumulator = Use("rax" if form.long else "EAX", form.type)
    tags = _tags(form)
    name = "LOCK CMPXCHG" if form.locked else "CMPXCHG"
    where = form.address(form.dst)
    act = acts.compare_swap(
        name, tags, tags, _OLD, where, accumulator, value, form.type, WORD, atomic=form.locked
    )
    old = Use(_OLD, form.type)
    flags = _flags("sub", form.type, accumulator, old)
    return (act, *flags, *form.fill(accumulator.reg, old))


def _address_of(form: Form) -> Micros:
    return form.assign(form.dst, form.address(form.source()))


def _memory_as(form: Form, swap: bool) -> Form:
    """The operands of X86_64 the other way round, if ``swap`` (where that is no instruction)."""
    return replace(form, dst=form.source(), src=form.dst) if swap and form.long else form


def _conditional_move(condition: Expr, form: Form) -> Micros:
    """CMOVcc reads its source whatever the condition. It never stores: with the memory last, as
    herd7's X86_64 has it, that is what is read."""
    form = _memory_as(form, form.is_memory(form.dst))
    before, value = form.value(form.source())
    old = Use(form.destination(form.dst), form.type)
    chosen = Op("ite", (condition, value, old), form.type)
    return (*before, *form.assign(form.dst, chosen))


def _widen(name: str, signed: bool, source: int, width: int, line: Line) -> Micros:
    """``movzbl``, ``movslq``: a load or a move, extended to the destination's width."""
    form = replace(form_of(line, name, long=True, locked=False, operands=2), width=source)
    before, value = form.value(form.source())
    result = cast(IntType(width, False), Op("cast", (value,), IntType(source, signed)))
    return (*before, *replace(form, width=width).assign(form.dst, result))


def _set_if(condition: Expr, form: Form) -> Micros:
    """SETcc: 1 or 0 as a byte."""
    form = replace(form, width=8)
    if not form.is_memory(form.dst):
        return form.assign(form.dst, condition)
    store = acts.store("SETCC", (), form.address(form.dst), cast(form.type, condition), form.type)
    return (store,)


def _return(line: Line) -> Micros:
    """Nobody has called the thread: it ends."""
    line.expect(0)
    return (Go(None, END),)


def _jump(condition: Expr | None, line: Line) -> Micros:
    line.expect(1)
    return (Go(condition, line[0].label()),)


def _fence(tag: str, line: Line) -> Micros:
    line.expect(0)
    return (acts.fence(tag),)


def _nothing(line: Line) -> Micros:
    line.expect(0)
    return ()


def _padding(line: Line) -> Micros:
    """``nopl 0(%rax,%rax)``: compilers fill gaps with it, and nothing is accessed."""
    line.expect(1)
    return ()


_Formed = tuple[Callable[[Form], Micros], int]

_LOCKABLE: dict[str, _Formed] = {
    "ADD": (_arithmetic, 2),
    "SUB": (_arithmetic, 2),
    "AND": (_arithmetic, 2),
    "OR": (_arithmetic, 2),
    "XOR": (_arithmetic, 2),
    "INC": (_step, 1),
    "DEC": (_step, 1),
    "NEG": (_unary, 1),
    "NOT": (_unary, 1),
    "XCHG": (_exchange, 2),
    "XADD": (_exchange_add, 2),
    "CMPXCHG": (_compare_exchange, 2),
    "BTS": (partial(bit, "BTS"), 2),
    "BTR": (partial(bit, "BTR"), 2),
    "BTC": (partial(bit, "BTC"), 2),
    "ADC": (with_carry, 2),
    "SBB": (with_carry, 2),
}
_PLAIN: dict[str, _Formed] = {
    "MOV": (_move, 2),
    "CMP": (_compare, 2),
    "TEST": (_compare, 2),
    "LEA": (_address_of, 2),
    "BT": (partial(bit, "BT"), 2),
}


def _suffixes(long: bool) -> str:
    """AT&T's letters for the width; of X86, all operations but MOV are of 32 bits here."""
    return "BWLQ" if long else "L"


def _formed(name: str, long: bool, line: Line) -> Micros:
    handler, operands = (_LOCKABLE | _PLAIN)[name]
    return handler(form_of(line, name, long=long, locked=False, operands=operands))


def _moved(name: str, condition: Expr, long: bool, line: Line) -> Micros:
    return _conditional_move(condition, form_of(line, name, long=long, locked=False, operands=2))


def _set(name: str, condition: Expr, line: Line) -> Micros:
    return _set_if(condition, form_of(line, name, long=True, locked=False, operands=1))


def _locked(long: bool, line: Line) -> Micros:
    """``LOCK`` and the instruction that it makes atomic; it needs a place in memory."""
    rest = line.text[len(line.mnemonic) :].lstrip(" \t\r\n;")
    shift = len(line.text) - len(rest)
    try:
        inner = split_line(rest)
        name = inner.mnemonic.upper()
        if name not in _LOCKABLE and name[-1:] in _suffixes(long) and name[:-1] in _LOCKABLE:
            name = name[:-1]
        if name not in _LOCKABLE:
            message, end = f"LOCK does not go with '{inner.mnemonic}'", len(inner.mnemonic)
            raise BadInstruction(message, 0, end, reason("X86", inner.mnemonic))
        handler, operands = _LOCKABLE[name]
        form = form_of(inner, name, long=long, locked=True, operands=operands)
        if not any(form.is_memory(o) for o in inner.operands):
            raise inner.wrong("LOCK needs a place in memory")
        return handler(form)
    except BadInstruction as bad:
        raise BadInstruction(bad.message, bad.start + shift, bad.end + shift, bad.hint) from None


def _only_long() -> dict[str, Handler]:
    """What compilers for X86_64 write."""
    table: dict[str, Handler] = dict.fromkeys(("MOVABS", "MOVABSQ"), partial(_formed, "MOV", True))
    widths = (("B", 8), ("W", 16), ("L", 32), ("Q", 64))
    for small, source in widths[:3]:
        for large, width in widths:
            # Moves of 32 bits clear the upper half anyway: there is no movzlq.
            for sign in "" if width <= source else "S" if source == 32 else "ZS":
                name = f"MOV{sign}{small}{large}"
                table[name] = partial(_widen, name, sign == "S", source, width)
    for end, condition in _CONDITIONS.items():
        table["SET" + end] = partial(_set, "SET" + end, condition)
        for suffix in "WLQ":
            table[f"CMOV{end}{suffix}"] = partial(_moved, "CMOV" + end, condition, True)
    return table


def x86(name: str) -> Dialect:
    """The dialect of tests that begin with ``X86`` or ``X86_64``."""
    long = name == "X86_64"
    table: dict[str, Handler] = {
        "JMP": partial(_jump, None),
        "MFENCE": partial(_fence, "MFENCE"),
        "LFENCE": partial(_fence, "LFENCE"),
        "SFENCE": partial(_fence, "SFENCE"),
        "NOP": _nothing,
        **dict.fromkeys(("NOPW", "NOPL"), _padding),
        "PAUSE": _nothing,
        **dict.fromkeys(("ENDBR32", "ENDBR64"), _nothing),
        "RET": _return,
        "LOCK": partial(_locked, long),
        **({} if long else dict.fromkeys(("MOVB", "MOVW"), partial(_formed, "MOV", False))),
        "JLT": partial(_jump, _CONDITIONS["L"]),  # herd7's names
        "JGT": partial(_jump, _CONDITIONS["G"]),
        **shifts(long),
        **processing(long),
    }
    for mnemonic in (*_LOCKABLE, *_PLAIN):
        table[mnemonic] = partial(_formed, mnemonic, long)
        for suffix in _suffixes(long):
            table[mnemonic + suffix] = table[mnemonic]
    for end, condition in _CONDITIONS.items():
        table["J" + end] = partial(_jump, condition)
        table["CMOV" + end] = partial(_moved, "CMOV" + end, condition, long)
    if long:
        for mnemonic, handler in (_only_long() | more()).items():
            table.setdefault(mnemonic, handler)
    return Dialect(name, canonical64 if long else canonical32, table)
