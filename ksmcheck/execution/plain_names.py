"""The names that a cat file may use without defining them, for the plain evaluator.

herd7's primitives and its stdlib.cat, cos.cat, cross.cat and fences.cat, written out by their
definitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from ksmcheck.execution.plain_relations import (
    Pair,
    Rows,
    Set,
    classes,
    closure,
    codomain,
    compose,
    difference,
    domain,
    identity,
    intersection,
    inverse,
    linearisations,
    product,
    rows_of,
    set_of,
    union,
    within,
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
    rows,
)
from ksmcheck.record import Struct


class Universe(Struct, frozen=True):
    """One candidate execution: its events, and the sets and relations that come with it.

    ``sets`` holds R, W, F, IW and the tags; ``relations`` po, rf, co, rmw, loc, int, ext, addr,
    data and ctrl. A name that is missing is empty.
    """

    events: Set
    sets: Mapping[str, Set]
    relations: Mapping[str, Rows]

    def set(self, name: str) -> Set:
        return self.sets.get(name, 0)

    def relation(self, name: str) -> Rows:
        return self.relations.get(name, {})

    @staticmethod
    def of(
        events: Iterable[int],
        sets: Mapping[str, Iterable[int]],
        relations: Mapping[str, Iterable[Pair]],
    ) -> Universe:
        """A candidate that is given by its events and pairs."""
        return Universe(
            set_of(events),
            {name: set_of(some) for name, some in sets.items()},
            {name: rows_of(some) for name, some in relations.items()},
        )


LOCK_TAGS = ("LKR", "LKW", "UL", "LF", "RL", "RU", "SRCU")

# Sets that some machine has under herd7, though the model declares other tags.
_BARRIERS = "MFENCE LFENCE SFENCE SYNC LWSYNC EIEIO ISYNC ISB DMB DSB Fence.tso Fence.i"
_ARM_OPTIONS = ("ST", "SY", "LD", "ISH", "ISHLD", "ISHST")
MACHINE_TAGS = frozenset(
    [
        *_BARRIERS.split(),
        *(f"{kind}.{option}" for kind in ("DMB", "DSB") for option in _ARM_OPTIONS),
        *(f"Fence.{a}.{b}" for a in ("r", "w", "rw") for b in ("r", "w", "rw")),
        *("A", "L", "Q", "NoRet", "Acq", "Rel", "AcqRel", "AMO"),
    ]
)

_BASE_SETS = ("R", "W", "F", "IW", "B")
_BASE_RELATIONS = (
    *("po", "rf", "co", "rmw", "loc", "int", "ext", "addr", "data", "ctrl"),
    *("iico_data", "iico_ctrl", "iico_addr", "iico_order"),
)


def predefined(u: Universe) -> dict[str, Value]:
    """Every predefined set and relation of a candidate."""
    names: dict[str, Value] = {name: Events(u.set(name)) for name in _BASE_SETS}
    names.update({name: Relation(u.relation(name)) for name in _BASE_RELATIONS})
    for name, whole in (
        ("rf", u.relation("rf")),
        ("co", u.relation("co")),
        ("fr", from_reads(u)),
    ):
        names[name] = Relation(whole)
        names[name + "e"] = Relation(intersection(whole, u.relation("ext")))
        names[name + "i"] = Relation(intersection(whole, u.relation("int")))
    names["po-loc"] = Relation(intersection(u.relation("po"), u.relation("loc")))
    names["id"] = Relation(identity(u.events))
    names["unv"] = Relation(product(u.events, u.events))
    names["co0"] = names["pco"] = Relation(first_orders(u))
    names.update(_sets(u))
    names.update(_atomics(u))
    # No access is split. Of fences, these say nothing.
    names["sm"] = names["si"] = Relation(identity(u.set("R") | u.set("W")))
    names["same-low-order-bits"] = names["loc"]
    return names


def _sets(u: Universe) -> dict[str, Value]:
    memory = u.set("R") | u.set("W")
    atomic = domain(u.relation("rmw")) | codomain(u.relation("rmw"))
    return {
        "M": Events(memory),
        "I": Events(u.set("IW")),
        "PoD": Events(u.set("B")),
        "BR": Events(u.set("B")),
        "RMW": Events((u.set("RMW") | atomic) & ~(u.set("LKR") | u.set("LKW"))),
        "Exp": Events(memory),
        "NExp": Events(0),
        "X": Events(u.set("X") | u.set("EX") | u.set("LOCK") | u.set("AMO")),
        "EXEC": Events(memory),
        "SPEC": Events(0),
        "FW": Events(final_writes(u)),
        "emptyset": Events(0),
    }


def _atomics(u: Universe) -> dict[str, Value]:
    """Which atomic pairs are of one instruction: those whose events are marked so."""
    pairs, one = u.relation("rmw"), Rows()
    for tag in ("AMO", "LOCK", "X"):
        one = union(one, within(pairs, u.set(tag), u.set(tag)))
    one = difference(one, product(u.set("EX"), u.set("EX")))  # exclusives: two instructions
    instance = union(identity(u.events & ~u.set("IW")), union(one, inverse(one)))
    lxsx = difference(pairs, one)
    return {
        "amo": Relation(one),
        "lxsx": Relation(lxsx),
        "same-instance": Relation(instance),
    }


def final_writes(u: Universe) -> Set:
    """The writes that no other one overwrites."""
    return u.set("W") & ~domain(u.relation("co"))


def first_orders(u: Universe) -> Rows:
    """What is known of co before it is: the initial write is the first, the final one the last."""
    writes, initial, final = u.set("W"), u.set("IW"), final_writes(u)
    places = u.relation("loc")
    begins = within(places, initial, writes & ~initial)
    return union(begins, within(places, writes & ~final, final))


def from_reads(u: Universe) -> Rows:
    """fr: from a read to what overwrites the write that it read from."""
    return _apart(compose(inverse(u.relation("rf")), u.relation("co")))


def _apart(a: Rows) -> Rows:
    """Without the pairs of an event with itself."""
    return difference(a, identity(domain(a)))


def functions(u: Universe) -> dict[str, Value]:
    """Every predefined function."""
    table: dict[str, Value] = {
        "domain": Builtin(1, lambda r: Events(domain(rows(r)))),
        "range": Builtin(1, lambda r: Events(codomain(rows(r)))),
        "udr": Builtin(1, lambda r: Events(domain(rows(r)) | codomain(rows(r)))),
        "toid": Builtin(1, lambda s: Relation(identity(events_of(s)))),
        "noid": Builtin(1, lambda r: Relation(_apart(rows(r)))),
        "fencerel": Builtin(1, lambda s: _through(u, "po", s)),
        "fromto": Builtin(1, lambda s: _through(u, "po", s)),
        "ctrlcfence": Builtin(2, lambda r, s: _after(u, rows(r), s), _ctrlcfence(u)),
        "imply": Builtin(2, lambda p, q: Relation(union(difference(_all(u), rows(p)), rows(q)))),
        "nodetour": Builtin(3, _nodetour),
        "singlestep": Builtin(1, lambda r: _nodetour(r, r, r)),
        "as_transitive": Builtin(1, lambda r: Relation(closure(rows(r)))),
        "inter_transitive": Builtin(
            2, lambda steps, r: Relation(intersection(closure(rows(steps)), rows(r)))
        ),
        "different-values": Builtin(
            1, lambda r: Relation(intersection(rows(r), u.relation("different-values")))
        ),
        "tag2events": Builtin(1, lambda tag: Events(u.set(event_set(tag)))),
        "tag2fenced": Builtin(1, lambda tag: _through(u, "po", Events(u.set(event_set(tag))))),
        "fail": Builtin(1, _fail),
    }
    table["dom"], table["ran"], table["codomain"] = table["domain"], table["range"], table["range"]
    table["tag2instrs"] = table["tag2events"]
    for name, count in (("same-oa", 1), ("oa-changes", 2), ("at-least-one-writable", 2)):
        table[name] = Builtin(count, _of_page_tables)
    for name, (count, what) in _REFUSED.items():
        table[name] = Builtin(count, partial(_refuse, name, what))
    memory = {"R": u.set("R"), "W": u.set("W"), "M": u.set("R") | u.set("W")}
    for first, sources in memory.items():
        for second, targets in memory.items():
            table[first + second] = _between(sources, targets)
    table.update(_of_families(u))
    return table


def _of_families(u: Universe) -> dict[str, Value]:
    """The functions of sets of sets (stdlib.cat and cross.cat; ``map`` needs the evaluator)."""

    def by_location(events: Value) -> Value:
        wanted = events_of(events)
        return _sets_of(classes(within(u.relation("loc"), wanted, wanted)))

    def orders(events: Value, least: Value) -> Value:
        return _relations_of(linearisations(events_of(events), rows(least)))

    def by_locations(least: Value, parts: Value) -> Value:
        return family(orders(part, least) for part in members_of(parts))

    def generate(events: Value, least: Value) -> Value:
        return cross(by_locations(least, by_location(events)))

    return {
        "classes-loc": Builtin(1, by_location),
        "partition": Builtin(1, by_location),
        "classes": Builtin(1, lambda r: _sets_of(classes(rows(r)))),
        "linearisations": Builtin(2, orders),
        "co_locs": Builtin(2, by_locations),
        "cross": Builtin(1, cross),
        "generate_orders": Builtin(2, generate),
        "generate_cos": Builtin(1, lambda least: generate(Events(u.set("W")), least)),
    }


def cross(choices: Value) -> Value:
    """Every union of one relation from each member of a set of sets of relations."""
    unions = [Rows()]
    for one in members_of(choices):
        unions = [union(u, rows(relation)) for u in unions for relation in members_of(one)]
    return _relations_of(unions)


def _sets_of(sets: Iterable[Set]) -> Value:
    found = frozenset[Value](Events(s) for s in sets)
    return Family(found) if found else Nothing()


def _relations_of(relations: Iterable[Rows]) -> Value:
    found = frozenset[Value](Relation(r) for r in relations)
    return Family(found) if found else Nothing()


def event_set(tag: Value) -> str:
    """The set of the events that carry a tag: herd7 writes ``'mb`` and ``Mb``."""
    if not isinstance(tag, Tag):
        raise SortError(f"a tag is needed, this is {kind_of(tag)}")
    return tag.name[0].upper() + tag.name[1:]


_CLASSES = "classes of events"
# herd7's functions that are refused: how many arguments they take, and what they are about.
_REFUSED = {
    "lift": (2, _CLASSES),
    "delift": (1, _CLASSES),
    "deliftinter": (2, _CLASSES),
    "bisimulation": (2, _CLASSES),
    "loc2events": (1, "locations by their names"),
    "tag2scope": (1, "scopes of threads"),
    "tag2level": (1, "scopes of threads"),
}


def _refuse(name: str, what: str, *_: Value) -> Value:
    raise SortError(f"`{name}` is about {what}, which models here cannot speak of")


def _fail(value: Value) -> Value:
    raise SortError(f"the model fails here, on {kind_of(value)}")


def _of_page_tables(*arguments: Value) -> Value:
    """Functions about page tables, of which candidates have none."""
    first = arguments[0]
    if isinstance(first, Relation) and not first.items:
        return Relation({})
    if not isinstance(first, Relation) and not events_of(first):
        return Events(0)
    raise SortError("candidates have no page tables")


def _all(u: Universe) -> Rows:
    return product(u.events, u.events)


def _through(u: Universe, first: str, fences: Value) -> Relation:
    return _after(u, u.relation(first), fences)


def _after(u: Universe, first: Rows, fences: Value) -> Relation:
    """``(first & (_ * fences)) ; po``."""
    before = within(first, u.events, events_of(fences))
    return Relation(compose(before, u.relation("po")))


def _ctrlcfence(u: Universe) -> Builtin:
    """As herd7's files had it first: of the candidate's own control dependencies."""
    return Builtin(1, lambda s: _through(u, "ctrl", s))


def _nodetour(direct: Value, first: Value, second: Value) -> Relation:
    return Relation(difference(rows(direct), compose(rows(first), rows(second))))


def _between(sources: Set, targets: Set) -> Builtin:
    return Builtin(1, lambda r: Relation(within(rows(r), sources, targets)))
