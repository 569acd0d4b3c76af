"""The names that a cat file may use without defining them, for the plain evaluator.

herd7's stdlib.cat, cos.cat and fences.cat, written out by their definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ksmcheck.execution.plain_relations import (
    Events,
    Pair,
    Relation,
    Value,
    compose,
    events_of,
    identity,
    inverse,
    pairs_of,
    product,
)


@dataclass(frozen=True, slots=True)
class Universe:
    """One candidate execution: its events, and the sets and relations that come with it.

    ``sets`` holds R, W, F, IW and the tags; ``relations`` po, rf, co, rmw, loc, int, ext, addr,
    data and ctrl. A name that is missing is empty.
    """

    events: frozenset[int]
    sets: Mapping[str, frozenset[int]]
    relations: Mapping[str, frozenset[Pair]]

    def set(self, name: str) -> frozenset[int]:
        return self.sets.get(name, frozenset())

    def relation(self, name: str) -> frozenset[Pair]:
        return self.relations.get(name, frozenset())


_BASE_SETS = ("R", "W", "F", "IW", "FW", "B")
_BASE_RELATIONS = (
    *("po", "rf", "co", "rmw", "loc", "int", "ext", "addr", "data", "ctrl"),
    *("amo", "lxsx", "iico_data", "iico_ctrl", "iico_addr"),
)


def predefined(u: Universe) -> dict[str, Value]:
    """Every predefined set and relation of a candidate."""
    names: dict[str, Value] = {name: Events(u.set(name)) for name in _BASE_SETS}
    names.update({name: Relation(u.relation(name)) for name in _BASE_RELATIONS})
    fr = from_reads(u)
    for name, whole in (("rf", u.relation("rf")), ("co", u.relation("co")), ("fr", fr)):
        names[name] = Relation(whole)
        names[name + "e"] = Relation(whole & u.relation("ext"))
        names[name + "i"] = Relation(whole & u.relation("int"))
    atomic = {event for pair in u.relation("rmw") for event in pair}
    names["po-loc"] = Relation(u.relation("po") & u.relation("loc"))
    names["M"] = Events(u.set("R") | u.set("W"))
    names["I"] = Events(u.set("IW"))
    names["RMW"] = Events(u.set("RMW") | atomic)
    names["id"] = Relation(identity(u.events))
    names["emptyset"] = Events(frozenset())
    return names


def from_reads(u: Universe) -> frozenset[Pair]:
    """fr: from a read to what overwrites the write that it read from."""
    overwritten = compose(inverse(u.relation("rf")), u.relation("co"))
    return frozenset((r, w) for r, w in overwritten if r != w)


Builtin = Callable[..., Value]


def functions(u: Universe) -> dict[str, Builtin]:
    """Every predefined function."""
    table: dict[str, Builtin] = {
        "domain": lambda r: Events(frozenset(x for x, _ in pairs_of(r))),
        "range": lambda r: Events(frozenset(y for _, y in pairs_of(r))),
        "toid": lambda s: Relation(identity(events_of(s))),
        "noid": lambda r: Relation(frozenset((x, y) for x, y in pairs_of(r) if x != y)),
        "fencerel": lambda s: _through(u, "po", s),
        "ctrlcfence": lambda s: _through(u, "ctrl", s),
        "imply": lambda p, q: Relation((product(u.events, u.events) - pairs_of(p)) | pairs_of(q)),
        "nodetour": _nodetour,
        "singlestep": lambda r: _nodetour(r, r, r),
        "different-values": lambda r: Relation(pairs_of(r) & u.relation("different-values")),
    }
    table["dom"], table["ran"], table["codomain"] = table["domain"], table["range"], table["range"]
    memory = {"R": u.set("R"), "W": u.set("W"), "M": u.set("R") | u.set("W")}
    for first, sources in memory.items():
        for second, targets in memory.items():
            table[first + second] = _between(product(sources, targets))
    return table


def _through(u: Universe, first: str, fences: Value) -> Relation:
    """``(first & (_ * fences)) ; po``."""
    members = events_of(fences)
    before = frozenset((x, f) for x, f in u.relation(first) if f in members)
    return Relation(compose(before, u.relation("po")))


def _nodetour(direct: Value, first: Value, second: Value) -> Relation:
    return Relation(pairs_of(direct) - compose(pairs_of(first), pairs_of(second)))


def _between(allowed: frozenset[Pair]) -> Builtin:
    return lambda r: Relation(pairs_of(r) & allowed)
