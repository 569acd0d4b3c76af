"""The names that a cat file may use without defining them, for the plain evaluator.

herd7's primitives and its stdlib.cat, cos.cat, cross.cat and fences.cat, written out by their
definitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ksmcheck.execution.plain_relations import (
    Pair,
    classes,
    closure,
    compose,
    identity,
    inverse,
    linearisations,
    product,
)
from ksmcheck.execution.plain_values import (
    Builtin,
    Events,
    Family,
    Nothing,
    Relation,
    SortError,
    Tag,
    Value,
    events_of,
    family,
    kind_of,
    members_of,
    pairs_of,
)
from ksmcheck.record import Struct


class Universe(Struct, frozen=True):
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


LOCK_TAGS = ("LKR", "LKW", "UL", "LF", "RL", "RU", "SRCU")

_BASE_SETS = ("R", "W", "F", "IW", "FW", "B")
_BASE_RELATIONS = (
    *("po", "rf", "co", "rmw", "loc", "int", "ext", "addr", "data", "ctrl"),
    *("iico_data", "iico_ctrl", "iico_addr", "iico_order"),
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
    names["po-loc"] = Relation(u.relation("po") & u.relation("loc"))
    names["id"] = Relation(identity(u.events))
    names["unv"] = Relation(product(u.events, u.events))
    names["co0"] = Relation(u.relation("loc") & product(u.set("IW"), u.set("W") - u.set("IW")))
    names.update(_sets(u))
    names.update(_atomics(u))
    # No access is split, and none of an instruction's events stand for others.
    names["sm"] = names["si"] = names["same-instance"] = Relation(identity(u.events))
    names["same-low-order-bits"] = names["loc"]
    return names


def _sets(u: Universe) -> dict[str, Value]:
    memory = u.set("R") | u.set("W")
    atomic = {event for pair in u.relation("rmw") for event in pair}
    return {
        "M": Events(memory),
        "I": Events(u.set("IW")),
        "RMW": Events(u.set("RMW") | atomic),
        "Exp": Events(memory),
        "NExp": Events(frozenset()),
        "X": Events(u.set("X") | u.set("LOCK")),
        "emptyset": Events(frozenset()),
    }


def _atomics(u: Universe) -> dict[str, Value]:
    """Which atomic pairs are of one instruction: those whose events are marked so."""
    one = frozenset(
        (r, w)
        for r, w in u.relation("rmw")
        if any(r in u.set(tag) and w in u.set(tag) for tag in ("AMO", "LOCK", "X"))
    )
    return {"amo": Relation(one), "lxsx": Relation(u.relation("rmw") - one)}


def from_reads(u: Universe) -> frozenset[Pair]:
    """fr: from a read to what overwrites the write that it read from."""
    overwritten = compose(inverse(u.relation("rf")), u.relation("co"))
    return frozenset((r, w) for r, w in overwritten if r != w)


def functions(u: Universe) -> dict[str, Value]:
    """Every predefined function."""
    table: dict[str, Value] = {
        "domain": Builtin(1, lambda r: Events(frozenset(x for x, _ in pairs_of(r)))),
        "range": Builtin(1, lambda r: Events(frozenset(y for _, y in pairs_of(r)))),
        "toid": Builtin(1, lambda s: Relation(identity(events_of(s)))),
        "noid": Builtin(1, lambda r: Relation(frozenset((x, y) for x, y in pairs_of(r) if x != y))),
        "fencerel": Builtin(1, lambda s: _through(u, "po", s)),
        "fromto": Builtin(1, lambda s: _through(u, "po", s)),
        "ctrlcfence": Builtin(1, lambda s: _through(u, "ctrl", s)),
        "imply": Builtin(2, lambda p, q: Relation(_all(u) - pairs_of(p) | pairs_of(q))),
        "nodetour": Builtin(3, _nodetour),
        "singlestep": Builtin(1, lambda r: _nodetour(r, r, r)),
        "as_transitive": Builtin(1, lambda r: Relation(closure(pairs_of(r)))),
        "different-values": Builtin(
            1, lambda r: Relation(pairs_of(r) & u.relation("different-values"))
        ),
        "tag2events": Builtin(1, lambda tag: Events(u.set(event_set(tag)))),
        "tag2fenced": Builtin(1, lambda tag: _through(u, "po", Events(u.set(event_set(tag))))),
        "fail": Builtin(1, _fail),
    }
    table["dom"], table["ran"], table["codomain"] = table["domain"], table["range"], table["range"]
    table["tag2instrs"] = table["tag2events"]
    for name, count in (("same-oa", 1), ("oa-changes", 2), ("at-least-one-writable", 2)):
        table[name] = Builtin(count, _of_page_tables)
    memory = {"R": u.set("R"), "W": u.set("W"), "M": u.set("R") | u.set("W")}
    for first, sources in memory.items():
        for second, targets in memory.items():
            table[first + second] = _between(product(sources, targets))
    table.update(_of_families(u))
    return table


def _of_families(u: Universe) -> dict[str, Value]:
    """The functions of sets of sets (stdlib.cat and cross.cat; ``map`` needs the evaluator)."""

    def by_location(events: Value) -> Value:
        wanted = events_of(events)
        return _sets_of(c for c in classes(_on(u.relation("loc"), wanted)))

    def orders(events: Value, least: Value) -> Value:
        return _relations_of(linearisations(events_of(events), pairs_of(least)))

    def by_locations(least: Value, parts: Value) -> Value:
        return family(orders(part, least) for part in members_of(parts))

    def generate(events: Value, least: Value) -> Value:
        return cross(by_locations(least, by_location(events)))

    return {
        "classes-loc": Builtin(1, by_location),
        "partition": Builtin(1, by_location),
        "classes": Builtin(1, lambda r: _sets_of(classes(pairs_of(r)))),
        "linearisations": Builtin(2, orders),
        "co_locs": Builtin(2, by_locations),
        "cross": Builtin(1, cross),
        "generate_orders": Builtin(2, generate),
        "generate_cos": Builtin(1, lambda least: generate(Events(u.set("W")), least)),
    }


def cross(choices: Value) -> Value:
    """Every union of one relation from each member of a set of sets of relations."""
    unions = [frozenset[Pair]()]
    for one in members_of(choices):
        unions = [u | pairs_of(relation) for u in unions for relation in _relations_in(one)]
    return _relations_of(unions)


def _relations_in(value: Value) -> Iterable[Value]:
    return members_of(value)


def _sets_of(sets: Iterable[frozenset[int]]) -> Value:
    found = frozenset[Value](Events(s) for s in sets)
    return Family(found) if found else Nothing()


def _relations_of(relations: Iterable[frozenset[Pair]]) -> Value:
    found = frozenset[Value](Relation(r) for r in relations)
    return Family(found) if found else Nothing()


def _on(relation: frozenset[Pair], events: frozenset[int]) -> frozenset[Pair]:
    return frozenset((x, y) for x, y in relation if x in events and y in events)


def event_set(tag: Value) -> str:
    """The set of the events that carry a tag: herd7 writes ``'mb`` and ``Mb``."""
    if not isinstance(tag, Tag):
        raise SortError(f"a tag is needed, this is {kind_of(tag)}")
    return tag.name[0].upper() + tag.name[1:]


def _fail(value: Value) -> Value:
    raise SortError(f"the model fails here, on {kind_of(value)}")


def _of_page_tables(*arguments: Value) -> Value:
    """Functions about page tables, of which candidates have none."""
    first = arguments[0]
    if isinstance(first, Relation) and not first.items:
        return Relation(frozenset())
    if not isinstance(first, Relation) and not events_of(first):
        return Events(frozenset())
    raise SortError("candidates have no page tables")


def _all(u: Universe) -> frozenset[Pair]:
    return product(u.events, u.events)


def _through(u: Universe, first: str, fences: Value) -> Relation:
    """``(first & (_ * fences)) ; po``."""
    members = events_of(fences)
    before = frozenset((x, f) for x, f in u.relation(first) if f in members)
    return Relation(compose(before, u.relation("po")))


def _nodetour(direct: Value, first: Value, second: Value) -> Relation:
    return Relation(pairs_of(direct) - compose(pairs_of(first), pairs_of(second)))


def _between(allowed: frozenset[Pair]) -> Builtin:
    def between(relation: Value) -> Value:
        return Relation(pairs_of(relation) & allowed)

    return Builtin(1, between)
