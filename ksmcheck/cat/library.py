"""The names that every model may use without defining them.

They are those of herd7's standard library (stdlib.cat, fences.cat, cos.cat), defined natively.
"""

from __future__ import annotations

from functools import partial

from ksmcheck.cat.algebra import AlgebraBuilder
from ksmcheck.cat.values import Builtin, Predefined, Scope, Uncompiled

# Tags that herd7 knows without an ``enum``: events of locks and of sleepable RCU.
LIBRARY_TAGS = frozenset(["LKR", "LKW", "UL", "LF", "RL", "RU", "SRCU"])

# Sets that herd7 has on one machine or another (its `arch_sets`), whatever tags a model declares.
_FENCES = (
    *("MFENCE", "LFENCE", "SFENCE", "SYNC", "LWSYNC", "EIEIO", "ISYNC", "ISB"),
    *(f"{kind}{to}" for kind in ("DMB", "DSB") for to in ("", ".ST", ".SY", ".LD")),
    *(f"{kind}.{to}" for kind in ("DMB", "DSB") for to in ("ISH", "ISHLD", "ISHST")),
    *(f"Fence.{a}.{b}" for a in ("r", "w", "rw") for b in ("r", "w", "rw")),
    *("Fence.tso", "Fence.i"),
)
MACHINE_TAGS = frozenset([*_FENCES, "A", "L", "Q", "NoRet", "Acq", "Rel", "AcqRel", "AMO"])

# Tags that a model reads without writing them, by the name through which it does.
TAGS_BEHIND = {
    "X": ("X", "LOCK", "AMO", "EX"),
    "amo": ("AMO", "LOCK", "X", "EX"),
    "lxsx": ("AMO", "LOCK", "X", "EX"),
    "RMW": ("LKR", "LKW"),
}

_BASE_SETS = ("R", "W", "F", "IW", "B")
_DEPENDENCIES = ("addr", "data", "ctrl")
_INSIDE = ("iico_data", "iico_ctrl", "iico_addr", "iico_order")
_BASE_RELATIONS = ("po", "rf", "co", "loc", "int", "ext", "rmw", *_DEPENDENCIES, *_INSIDE)


def _restricted(b: AlgebraBuilder, relation: str, by: str) -> int:
    """``rfe`` is ``rf & ext``, and the like."""
    wanted = from_reads(b) if relation == "fr" else b.base("rel", relation)
    return b.inter(wanted, b.base("rel", by))


def from_reads(b: AlgebraBuilder) -> int:
    """fr: a read to the writes that are coherence-after the one it read from."""
    reads_before = b.seq(b.inverse(b.base("rel", "rf")), b.base("rel", "co"))
    return b.diff(reads_before, b.constant("id", "rel"))


def _memory(b: AlgebraBuilder) -> int:
    return b.union(b.base("set", "R"), b.base("set", "W"))


def _atomic(b: AlgebraBuilder) -> int:
    """RMW: events of read-modify-writes; a failed one, with no write, needs the tag ``RMW``.

    The two events of a spin_lock are a pair of ``rmw``, but not in this set (the kernel's
    herd-representation.txt: LKR and LKW, without the star of R* and W*).
    """
    rmw = b.base("rel", "rmw")
    paired = b.union(b.unary("domain", rmw), b.unary("range", rmw))
    locking = b.union(b.base("set", "LKR"), b.base("set", "LKW"))
    return b.diff(b.union(b.base("set", "RMW"), paired), locking)


def _one_instruction(b: AlgebraBuilder) -> int:
    """amo: the atomic pairs of one instruction, whose events are marked so (models/TAGS.md). ``EX``
    marks those of two: ARM's exclusives and POWER's reservations, which are in X too, and RISC-V's
    lr and sc, which are not."""
    marked = b.constant("empty", "rel")
    for tag in ("AMO", "LOCK", "X"):
        events = b.base("set", tag)
        marked = b.union(marked, b.product(events, events))
    two = b.product(b.base("set", "EX"), b.base("set", "EX"))
    return b.diff(b.inter(b.base("rel", "rmw"), marked), two)


def _two_instructions(b: AlgebraBuilder) -> int:
    """lxsx: the pairs of a load-reserve and a store-conditional."""
    return b.diff(b.base("rel", "rmw"), _one_instruction(b))


def _locked(b: AlgebraBuilder) -> int:
    """X: herd7's name for the accesses of atomic instructions: x86's locked ones, AArch64's of LSE,
    RISC-V's AMOs, lr and sc, ARM's exclusives, POWER's reservations (its AArch64Annot.ml:
    ``is_atomic``)."""
    marked = b.union(b.base("set", "X"), b.base("set", "EX"))
    return b.union(marked, b.union(b.base("set", "LOCK"), b.base("set", "AMO")))


def final_writes(b: AlgebraBuilder) -> int:
    """FW: the writes that locations end with. herd7 chooses them before co; ours comes with it."""
    return b.diff(b.base("set", "W"), b.unary("domain", b.base("rel", "co")))


def first_orders(b: AlgebraBuilder) -> int:
    """co0: a location's initial write comes before the others, its final one after them."""
    initial, final, writes = b.base("set", "IW"), final_writes(b), b.base("set", "W")
    begins = b.product(initial, b.diff(writes, initial))
    ends = b.product(b.diff(writes, final), final)
    return b.inter(b.base("rel", "loc"), b.union(begins, ends))


def _accesses(b: AlgebraBuilder) -> int:
    """sm, si: each access with itself, since none is split. Of fences they say nothing."""
    return b.unary("identity", _memory(b))


def _one_instance(b: AlgebraBuilder) -> int:
    """same-instance: events of one instruction that ran; an initial write is of none."""
    pairs = _one_instruction(b)
    ran = b.diff(b.constant("universe", "set"), b.base("set", "IW"))
    return b.union(b.unary("identity", ran), b.union(pairs, b.inverse(pairs)))


def _both_ends(b: AlgebraBuilder, relation: int) -> int:
    return b.union(b.unary("domain", relation), b.unary("range", relation))


def _all_pairs(b: AlgebraBuilder) -> int:
    everything = b.constant("universe", "set")
    return b.product(everything, everything)


def predefined() -> Predefined:
    """Sets and relations by name, each made when first used."""
    table: Predefined = {}
    for name in _BASE_SETS:
        table[name] = partial(AlgebraBuilder.base, sort="set", name=name)
    for name in _BASE_RELATIONS:
        table[name] = partial(AlgebraBuilder.base, sort="rel", name=name)
    for relation in ("rf", "co", "fr"):
        table[relation + "e"] = partial(_restricted, relation=relation, by="ext")
        table[relation + "i"] = partial(_restricted, relation=relation, by="int")
    table["po-loc"] = partial(_restricted, relation="po", by="loc")
    table["fr"] = from_reads
    table["M"] = _memory
    table["I"] = table["IW"]
    table["PoD"] = table["BR"] = table["B"]
    table["RMW"] = _atomic
    table["amo"], table["lxsx"], table["X"] = _one_instruction, _two_instructions, _locked
    # herd7 has more in pco for a test that it runs with its variant cos-opt.
    table["co0"] = table["pco"] = first_orders
    table["unv"], table["Exp"] = _all_pairs, _memory
    # herd7's EXEC are the accesses that are executed, its SPEC those that are only speculated on.
    table["EXEC"], table["FW"] = _memory, final_writes
    table["id"] = partial(AlgebraBuilder.constant, op="id", sort="rel")
    table["sm"] = table["si"] = _accesses
    table["same-instance"] = _one_instance
    table["same-low-order-bits"] = table["loc"]
    for name in ("NExp", "SPEC", "emptyset"):
        table[name] = partial(AlgebraBuilder.constant, op="empty", sort="set")
    return table


def _fencerel(b: AlgebraBuilder, fences: int) -> int:
    return _through(b, b.base("rel", "po"), fences)


def _through(b: AlgebraBuilder, first: int, fences: int) -> int:
    """``(first & (_ * fences)) ; po``."""
    return b.seq(b.seq(first, b.unary("identity", fences)), b.base("rel", "po"))


def _nodetour(b: AlgebraBuilder, direct: int, first: int, second: int) -> int:
    return b.diff(direct, b.seq(first, second))


def _between(b: AlgebraBuilder, relation: int, sources: str, targets: str) -> int:
    table = predefined()
    return b.inter(relation, b.product(table[sources](b), table[targets](b)))


def _different_values(b: AlgebraBuilder, relation: int) -> int:
    return b.inter(relation, b.base("rel", "different-values"))


def _of_page_tables(b: AlgebraBuilder, first: int, *_: int) -> int:
    """Functions about page tables, of which candidates have none."""
    if b.op(first) != "empty":
        raise NotImplementedError("this is about page tables, which candidates do not have")
    return first


def functions() -> Scope:
    """Predefined functions, and those of herd7 that only an interpreter can apply."""
    table: dict[str, tuple[tuple[str, ...], object]] = {
        "domain": (("rel",), lambda b, r: b.unary("domain", r)),
        "range": (("rel",), lambda b, r: b.unary("range", r)),
        "udr": (("rel",), _both_ends),
        "toid": (("set",), lambda b, s: b.unary("identity", s)),
        "noid": (("rel",), lambda b, r: b.diff(r, b.constant("id", "rel"))),
        "fencerel": (("set",), _fencerel),
        "imply": (("rel", "rel"), lambda b, p, q: b.union(b.complement(p), q)),
        "nodetour": (("rel", "rel", "rel"), _nodetour),
        "singlestep": (("rel",), lambda b, r: _nodetour(b, r, r, r)),
        "different-values": (("rel",), _different_values),
        "as_transitive": (("rel",), lambda b, r: b.unary("plus", r)),
        "inter_transitive": (
            ("rel", "rel"),
            lambda b, steps, r: b.inter(b.unary("plus", steps), r),
        ),
        "fromto": (("set",), _fencerel),
        "tag2events": (("tag",), lambda b, tag: tag),
        "tag2instrs": (("tag",), lambda b, tag: tag),
        "tag2fenced": (("tag",), _fencerel),
        "same-oa": (("rel",), _of_page_tables),
        "oa-changes": (("set", "rel"), _of_page_tables),
        "at-least-one-writable": (("set", "rel"), _of_page_tables),
    }
    table["dom"], table["ran"], table["codomain"] = table["domain"], table["range"], table["range"]
    for first in "RWM":
        for second in "RWM":
            between = partial(_between, sources=first, targets=second)
            table[first + second] = (("rel",), between)
    scope: Scope = {}
    for name, (sorts, build) in table.items():
        scope[name] = Builtin(name, sorts, build)  # type: ignore[arg-type]
    # herd7's files gave it the fences alone before they gave it the control dependency too.
    with_ctrl = Builtin("ctrlcfence", ("set",), lambda b, s: _through(b, b.base("rel", "ctrl"), s))
    scope["ctrlcfence"] = Builtin("ctrlcfence", ("rel", "set"), _through, with_ctrl)
    for name in _OF_FAMILIES:
        scope[name] = Uncompiled(name)
    return scope


_OF_FAMILIES = (
    *("map", "cross", "classes", "classes-loc", "partition", "linearisations", "co_locs"),
    *("generate_orders", "generate_cos", "lift", "delift", "deliftinter"),
    *("bisimulation", "loc2events", "tag2scope", "tag2level", "fail"),
)
