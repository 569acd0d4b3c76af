"""The names that every model may use without defining them.

They are those of herd7's standard library (stdlib.cat, fences.cat, cos.cat), defined natively.
"""

from __future__ import annotations

from functools import partial

from ksmcheck.cat.algebra import AlgebraBuilder, Sort
from ksmcheck.cat.values import Builtin, Predefined, Scope, Unsupported

# Tags that herd7 knows without an ``enum``: events of locks and of sleepable RCU.
LIBRARY_TAGS = frozenset(["LKR", "LKW", "UL", "LF", "RL", "RU", "SRCU"])

_BASE_SETS = ("R", "W", "F", "IW", "FW", "B")
_DEPENDENCIES = ("addr", "data", "ctrl", "iico_data", "iico_ctrl", "iico_addr")
_BASE_RELATIONS = ("po", "rf", "co", "loc", "int", "ext", "rmw", "amo", "lxsx", *_DEPENDENCIES)


def _restricted(b: AlgebraBuilder, relation: str, by: str) -> int:
    """``rfe`` is ``rf & ext``, and the like."""
    wanted = _from_reads(b) if relation == "fr" else b.base("rel", relation)
    return b.inter(wanted, b.base("rel", by))


def _from_reads(b: AlgebraBuilder) -> int:
    """fr: a read to the writes that are coherence-after the one it read from."""
    reads_before = b.seq(b.inverse(b.base("rel", "rf")), b.base("rel", "co"))
    return b.diff(reads_before, b.constant("id", "rel"))


def _memory(b: AlgebraBuilder) -> int:
    return b.union(b.base("set", "R"), b.base("set", "W"))


def _atomic(b: AlgebraBuilder) -> int:
    """RMW: events of read-modify-writes; a failed one, with no write, needs the tag ``RMW``."""
    rmw = b.base("rel", "rmw")
    paired = b.union(b.unary("domain", rmw), b.unary("range", rmw))
    return b.union(b.base("set", "RMW"), paired)


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
    table["fr"] = _from_reads
    table["M"] = _memory
    table["I"] = table["IW"]
    table["RMW"] = _atomic
    table["id"] = partial(AlgebraBuilder.constant, op="id", sort="rel")
    table["emptyset"] = partial(AlgebraBuilder.constant, op="empty", sort="set")
    return table


def _fencerel(b: AlgebraBuilder, fences: int) -> int:
    return _through(b, b.base("rel", "po"), fences)


def _ctrlcfence(b: AlgebraBuilder, fences: int) -> int:
    return _through(b, b.base("rel", "ctrl"), fences)


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


def functions() -> Scope:
    """Predefined functions, and functions of herd7 that the algebra does not have yet."""
    table: dict[str, tuple[tuple[Sort, ...], object]] = {
        "domain": (("rel",), lambda b, r: b.unary("domain", r)),
        "range": (("rel",), lambda b, r: b.unary("range", r)),
        "toid": (("set",), lambda b, s: b.unary("identity", s)),
        "noid": (("rel",), lambda b, r: b.diff(r, b.constant("id", "rel"))),
        "fencerel": (("set",), _fencerel),
        "ctrlcfence": (("set",), _ctrlcfence),
        "imply": (("rel", "rel"), lambda b, p, q: b.union(b.complement(p), q)),
        "nodetour": (("rel", "rel", "rel"), _nodetour),
        "singlestep": (("rel",), lambda b, r: _nodetour(b, r, r, r)),
        "different-values": (("rel",), _different_values),
    }
    table["dom"], table["ran"], table["codomain"] = table["domain"], table["range"], table["range"]
    for first in "RWM":
        for second in "RWM":
            between = partial(_between, sources=first, targets=second)
            table[first + second] = (("rel",), between)
    scope: Scope = {}
    for name, (sorts, build) in table.items():
        scope[name] = Builtin(name, sorts, build)  # type: ignore[arg-type]
    for name in ("map", "cross", "classes", "linearisations", "partition", "tag2events", "fold"):
        scope[name] = Unsupported(f"the function `{name}`")
    return scope
