"""AArch64: what its instructions do (Arm Architecture Reference Manual DDI 0487, chapter C6).

Tags are those of models/armv8: A (load-acquire), Q (load-acquirePC), L (store-release), X (an
exclusive access), AMO (a single-instruction atomic, both events), NoRet (the read of an atomic
whose result nobody gets), and the barriers by their names.
"""

from __future__ import annotations

from functools import partial

from ksmcheck.isa import acts
from ksmcheck.isa.aarch64_accesses import ORDERS, Tags, cell_of, check_base, loaded, memory
from ksmcheck.isa.aarch64_arithmetic import CONDITIONS, arithmetic
from ksmcheck.isa.aarch64_bits import bits
from ksmcheck.isa.aarch64_flags import flags
from ksmcheck.isa.aarch64_operands import address, canonical, register, value_of
from ksmcheck.isa.aarch64_pairs import FORGET, pairs
from ksmcheck.isa.aarch64_wide import wide
from ksmcheck.isa.dialect import Dialect, Handler
from ksmcheck.isa.expressions import WORD, compare, number, op
from ksmcheck.isa.micro import END, Go, Micros
from ksmcheck.isa.operands import Line
from ksmcheck.program.ir import Expr, Op, Set, Use


def _load(name: str, tags: Tags, size: int | None, signed: bool, line: Line) -> Micros:
    line.expect(2, 3)
    dst, width = register(line[0])
    where, after = address(line, 1)
    cell = cell_of(size or width, signed)
    check_base(line, dst, after)
    return (*loaded(name, tags, dst, width, where, cell), *after)


def _load_exclusive(name: str, tags: Tags, size: int | None, line: Line) -> Micros:
    line.expect(2)
    dst, width = register(line[0])
    where = memory(line, 1)
    cell = cell_of(size or width)
    return (*loaded(name, (*tags, *acts.EXCLUSIVE), dst, width, where, cell, reserves=True), FORGET)


def _store(name: str, tags: Tags, size: int | None, line: Line) -> Micros:
    line.expect(2, 3)
    value, width = value_of(line[0]), register(line[0])[1]
    where, after = address(line, 1)
    return (acts.store(name, tags, where, value, cell_of(size or width)), *after)


def _store_exclusive(name: str, tags: Tags, size: int | None, line: Line) -> Micros:
    line.expect(3)
    dst, _ = register(line[0])
    value, width = value_of(line[1]), register(line[1])[1]
    where = memory(line, 2)
    tags = (*tags, *acts.EXCLUSIVE)
    cell = cell_of(size or width)
    act = acts.store_conditional(name, tags, dst, where, value, cell, WORD, status="!ok")
    return (act,)


def _atomic(name: str, new: str, tags: tuple[Tags, Tags], size: int | None, line: Line) -> Micros:
    """``LDADDA W1,W2,[X3]``: operand, old value, address (C3.2.12)."""
    line.expect(3)
    value, (dst, width) = value_of(line[0]), register(line[1])
    where = memory(line, 2)
    return _updated(name, new, tags, dst, where, value, size or width)


def _without_result(name: str, reads: Tags) -> tuple[str, Tags]:
    """Without a register for the old value an atomic does not acquire, and DMB LD passes it by."""
    return f"{name}.noret", (*(t for t in reads if t != "A"), "NoRet")


def _updated(
    name: str,
    new: str,
    tags: tuple[Tags, Tags],
    dst: str | None,
    where: Expr,
    value: Expr,
    width: int,
) -> Micros:
    """Signed comparisons need a signed cell; the old value comes back with zeros above it."""
    reads, writes = tags
    if dst is None:
        name, reads = _without_result(name, reads)
    cell = cell_of(width, "SM" in name)
    if not cell.signed or dst is None:
        return (acts.update(name, new, reads, writes, dst, where, value, cell, WORD),)
    plain = cell_of(width)
    act = acts.update(name, new, reads, writes, dst, where, value, cell, plain)
    return act, Set(dst, Op("cast", (Use(dst, plain),), WORD))


def _atomic_store(
    name: str, new: str, tags: tuple[Tags, Tags], size: int | None, line: Line
) -> Micros:
    """``STADD W1,[X3]``."""
    line.expect(2)
    value, width = value_of(line[0]), register(line[0])[1]
    return _updated(name, new, tags, None, memory(line, 1), value, size or width)


def _compare_and_swap(name: str, tags: tuple[Tags, Tags], size: int | None, line: Line) -> Micros:
    """``CAS W1,W2,[X3]``: W1 is compared with, and gets the old value; WZR does not acquire.

    W1 depends on the memory where the comparison fails alone, and else on nothing
    (``events.picks``).
    """
    line.expect(3)
    (dst, width), expected, value = register(line[0]), value_of(line[0]), value_of(line[1])
    where, cell = memory(line, 2), cell_of(size or width)
    reads, writes = tags
    if dst is None:
        name, reads = _without_result(name, reads)
    act = acts.compare_swap(
        name, reads, writes, dst, where, expected, value, cell, WORD, decided=True
    )
    return (act,)


def _barrier(name: str, line: Line) -> Micros:
    line.expect(1)
    option = line[0].text.upper()
    if name == "DSB":  # what XS accesses are, tests do not say
        option = option.removesuffix("NXS")
    if option in ("NSH", "NSHLD", "NSHST"):  # for one core alone: no other sees an order
        return ()
    full = option if option in ("LD", "ST", "SY") else option.replace("OSH", "ISH")
    if full not in ("SY", "LD", "ST", "ISH", "ISHLD", "ISHST"):
        raise line[0].wrong(
            f"'{line[0].text}' is no option of {name}", "SY, LD, ST, ISH, ISHLD, ISHST"
        )
    return (acts.fence(f"{name}.{full}", *(["Domain"] if "ISH" in full else [])),)


def _isb(line: Line) -> Micros:
    line.expect(0, 1)
    return (acts.fence("ISB"),)


def _clear(line: Line) -> Micros:
    line.expect(0, 1)
    return (acts.clear("CLREX"),)


def _return(line: Line) -> Micros:
    """Nobody has called the thread: it ends. What another register holds is a jump."""
    line.expect(0, 1)
    if len(line) and register(line[0]) != ("X30", 64):
        raise line[0].wrong("a jump to an address that is computed is not supported")
    return (Go(None, END),)


def _prefetch(line: Line) -> Micros:
    """A hint, which orders nothing and has no events."""
    line.expect(2)
    memory(line, 1)
    return ()


def _clean(line: Line) -> Micros:
    """``DC CVAC,X1``: what caches hold shows in no access. (ZVA stores, and IVAC may lose data.)"""
    line.expect(2)
    kind = line[0].text.upper()
    if kind not in ("CVAC", "CVAU", "CVAP", "CIVAC"):
        raise line[0].wrong(f"DC {kind} is not supported", "CVAC, CVAU, CVAP and CIVAC do nothing")
    value_of(line[1])
    return ()


def _clean_code(line: Line) -> Micros:
    """``IC IVAU,X1``, ``IC IALLU``: code does not change here."""
    line.expect(1, 2)
    kind = line[0].text.upper()
    if (kind, len(line)) not in (("IVAU", 2), ("IALLU", 1), ("IALLUIS", 1)):
        raise line[0].wrong(f"IC {kind} is not supported", "IVAU,X1, IALLU and IALLUIS")
    for operand in line.operands[1:]:
        value_of(operand)
    return ()


def _branch(line: Line) -> Micros:
    line.expect(1)
    return (Go(None, line[0].label()),)


def _branch_if(condition: Expr, line: Line) -> Micros:
    line.expect(1)
    return (Go(condition, line[0].label()),)


def _compare_branch(name: str, line: Line) -> Micros:
    line.expect(2)
    value = value_of(line[0])
    return (Go(compare(name, value.type, value, number(0)), line[1].label()),)


def _test_branch(name: str, line: Line) -> Micros:
    line.expect(3)
    value, bit = value_of(line[0]), line[1].immediate()
    if not 0 <= bit < value.type.width:
        raise line[1].wrong(f"the register has no bit {bit}")
    masked = op("and", WORD, value, number(1 << bit))
    return (Go(compare(name, WORD, masked, number(0)), line[2].label()),)


_NEW = {
    "ADD": "old + v",
    "CLR": "old & ~v",
    "EOR": "old ^ v",
    "SET": "old | v",
    "SMAX": "old > v ? old : v",
    "SMIN": "old < v ? old : v",
    "UMAX": "old > v ? old : v",
    "UMIN": "old < v ? old : v",
}
_SIZES = {"": None, "B": 8, "H": 16}
_LOADS: dict[str, Tags] = {
    "LDR": (),
    "LDUR": (),
    "LDAR": ("A",),
    "LDAPR": ("Q",),
    "LDAPUR": ("Q",),
}
_SIGNED = {"SB": 8, "SH": 16, "SW": 32}


def _accesses() -> dict[str, Handler]:
    table: dict[str, Handler] = {}
    for suffix, size in _SIZES.items():
        for stem, tags in _LOADS.items():
            table[stem + suffix] = partial(_load, stem + suffix, tags, size, False)
        for stem, tags in (("STR", ()), ("STUR", ()), ("STLR", ("L",)), ("STLUR", ("L",))):
            table[stem + suffix] = partial(_store, stem + suffix, tags, size)
        # As user code sees its own memory: one test runs at one level of privilege.
        table["LDTR" + suffix] = partial(_load, "LDTR" + suffix, (), size, False)
        table["STTR" + suffix] = partial(_store, "STTR" + suffix, (), size)
        for stem, tags in (("LDXR", ()), ("LDAXR", ("A",))):
            table[stem + suffix] = partial(_load_exclusive, stem + suffix, tags, size)
        for stem, tags in (("STXR", ()), ("STLXR", ("L",))):
            table[stem + suffix] = partial(_store_exclusive, stem + suffix, tags, size)
    for suffix, width in _SIGNED.items():
        for stem in ("LDR", "LDUR", "LDAPUR", "LDTR"):
            tags = _LOADS.get(stem, ())
            table[stem + suffix] = partial(_load, stem + suffix, tags, width, True)
    return table


def _atomics() -> dict[str, Handler]:
    table: dict[str, Handler] = {}
    for suffix, size in _SIZES.items():
        for order, tags in ORDERS.items():
            end = order + suffix
            table["CAS" + end] = partial(_compare_and_swap, "CAS" + end, tags, size)
            table["SWP" + end] = partial(_atomic, "SWP" + end, "v", tags, size)
            computing = tags[0], (*tags[1], "COMPUTED")
            for name, new in _NEW.items():
                table[f"LD{name}{end}"] = partial(_atomic, f"LD{name}{end}", new, computing, size)
                if "A" not in order:
                    mnemonic = f"ST{name}{end}"
                    table[mnemonic] = partial(_atomic_store, mnemonic, new, computing, size)
    return table


def _branches() -> dict[str, Handler]:
    table: dict[str, Handler] = {
        "B": _branch,
        "B.AL": _branch,
        "RET": _return,
        "B.NV": _branch,
        "PRFM": _prefetch,
        "PRFUM": _prefetch,
        "CBZ": partial(_compare_branch, "eq"),
        "CBNZ": partial(_compare_branch, "ne"),
        "TBZ": partial(_test_branch, "eq"),
        "TBNZ": partial(_test_branch, "ne"),
        "DMB": partial(_barrier, "DMB"),
        "DSB": partial(_barrier, "DSB"),
        "ISB": _isb,
        "CLREX": _clear,
        "DC": _clean,
        "IC": _clean_code,
    }
    for name, condition in CONDITIONS.items():
        table["B." + name] = table["B" + name] = partial(_branch_if, condition)
    return table


def aarch64() -> Dialect:
    """The dialect of tests that begin with ``AArch64``."""
    table = {
        **_accesses(),
        **_atomics(),
        **pairs(),
        **_branches(),
        **arithmetic(),
        **flags(),
        **bits(),
        **wide(),
    }
    return Dialect("AArch64", canonical, table)
