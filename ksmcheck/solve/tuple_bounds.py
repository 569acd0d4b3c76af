"""What each node of a model's algebra may contain, and what it contains wherever it can.

``may`` has the tuples that some execution has. ``must`` has the tuples that every execution has in
which their events are executed: unlike in ``cat.bounds``, whether they are is left open, so that
program order and fences are certain also between events that are executed conditionally. A
composition is certain only through a middle event that one of the two ends implies.
"""

from __future__ import annotations

from collections.abc import Iterable

from ksmcheck.cat import bits
from ksmcheck.cat.algebra import Group, Node
from ksmcheck.cat.evaluate import apply, settle
from ksmcheck.cat.graph import set_bits, shape
from ksmcheck.cat.recursion import cone
from ksmcheck.events.structure import INIT_THREAD
from ksmcheck.solve.facts import Facts, Presence
from ksmcheck.solve.gates import FALSE, TRUE
from ksmcheck.solve.premises import VALUES
from ksmcheck.solve.tuple_algebra import Prepared
from ksmcheck.text import InputError

Bound = tuple[int, int]
"""(may, must) as integers (``cat.graph``), events numbered as in the structure."""


class Bounds:
    """``of[i]`` is the bound of node i; a variable of a recursion group has its group's.

    ``refused`` are the groups that recur through a difference whose operands are not certain: of
    them only ``may`` means something, and that is everything.
    """

    def __init__(self, facts: Facts, algebra: Prepared, presence: Presence) -> None:
        self.algebra = algebra
        self.presence = presence
        self.shape = shape(presence.n)
        self.refused: set[int] = set()
        self.of: dict[int, Bound] = {}
        self._free = algebra.free
        self._steps: dict[int, int] = {}
        self._back = bits.transpose(presence.implied, self.shape)
        self._certain = sum(1 << e for e, literal in enumerate(facts.exec) if literal == TRUE)
        self._base = base_bounds(facts, presence)
        for node in (algebra.nodes[i] for i in cone(algebra.nodes, range(len(algebra.nodes)))):
            if node.op == "fix" and node.id not in self.of:
                self._group(algebra.groups[node.group])
            if not self._free[node.id] and node.id not in self.of:
                self.of[node.id] = self._one(node)

    def steps(self, node: int) -> int:
        """The possible tuples of a relation that its closure needs.

        A step is left out if certain steps lead the same way, through an event that is executed
        if the ends are. Only where these do not run in a circle: else they could all go.
        """
        found = self._steps.get(node)
        if found is None:
            s, (may, must) = self.shape, self.of[node]
            sure = self._sure_paths(must) & self.presence.together & ~s.diagonal
            found = may & ~s.diagonal
            if not bits.cyclic(sure, s):
                detours = bits.compose(sure & self.presence.implied, sure, s)
                found &= ~(detours | bits.compose(sure, sure & self._back, s))
            self._steps[node] = found
        return found

    def _sure_paths(self, must: int) -> int:
        s = self.shape
        ahead = bits.closure(must & self.presence.implied, s)
        behind = bits.closure(must & self._back, s)
        return must | bits.compose(ahead, must, s) | bits.compose(must, behind, s)

    def _one(self, node: Node) -> Bound:
        may, must = self._raw(node)
        allowed = self.presence.live if node.sort == "set" else self.presence.together
        return may & allowed, must & allowed

    def _raw(self, node: Node) -> Bound:
        s = self.shape
        match node.op:
            case "fix":
                return self.of[self.algebra.groups[node.group].variables[node.index]]
            case "base":
                return self._base.get((node.sort, node.name), (0, 0))
            case "complement":
                may, must = self.of[node.args[0]]
                full = s.row if node.sort == "set" else s.full
                return full & ~must, full & ~may
            case "diff":
                (may, must), (cut_may, cut_must) = (self.of[a] for a in node.args)
                return may & ~cut_must, must & ~cut_may
        below = [self.of[a] for a in node.args]
        return apply(node, [x[0] for x in below], s), self._must(node, [x[1] for x in below])

    def _must(self, node: Node, operands: list[int]) -> int:
        s, forth, back = self.shape, self.presence.implied, self._back
        match node.op, operands:
            case "seq", [a, b]:
                return bits.compose(a & forth, b, s) | bits.compose(a, b & back, s)
            case (("plus" | "star"), [a]):
                paths = self._sure_paths(a)
                return paths | s.diagonal if node.op == "star" else paths
            case "domain", [a]:
                return bits.domain(a & forth, s)
            case "range", [a]:
                return bits.codomain(a & back, s)
        return apply(node, operands, s)

    # Recursion groups.

    def _group(self, group: Group) -> None:
        below = cone(self.algebra.nodes, group.bodies)
        inside = [self.algebra.nodes[i] for i in below if group.id in self._free[i]]
        for node in (self.algebra.nodes[i] for i in below):
            if not self._free[node.id] and node.id not in self.of:
                self.of[node.id] = self._one(node)
        if not group.monotone:
            self._static(group, inside)
            return
        for variable in group.variables:
            self.of[variable] = (0, 0)
        while self._round(group):
            pass

    def _round(self, group: Group) -> bool:
        """Each definition once, with the newest values; whether one changed."""
        changed = False
        for variable, body in zip(group.variables, group.bodies, strict=True):
            for i in cone(self.algebra.nodes, [body]):
                node = self.algebra.nodes[i]
                if self._free[i] and node.op != "var":
                    if node.op == "fix":
                        self._group(self.algebra.groups[node.group])
                    self.of[i] = self._one(node)
            if self.of[body] != self.of[variable]:
                self.of[variable], changed = self.of[body], True
        return changed

    def _static(self, group: Group, inside: list[Node]) -> None:
        """The value of a group that is not monotone, if all that it is made of is certain."""
        s = self.shape
        outer = {a for n in inside for a in n.args if group.id not in self._free[a]}
        nested = any(node.op == "fix" for node in inside)
        if not nested and all(self._fixed(self.algebra.nodes[i]) for i in outer):
            try:
                found = settle(group, inside, lambda i: self.of[i][0], s)
            except InputError:
                pass
            else:
                for variable, value in zip(group.variables, found, strict=True):
                    self.of[variable] = (value, value)
                self._inside(inside)
                return
        self.refused.add(group.id)
        for node in inside:
            self.of[node.id] = (s.row if node.sort == "set" else s.full, 0)

    def _inside(self, inside: list[Node]) -> None:
        for node in inside:
            if node.op != "var":
                below = [self.of[a][0] for a in node.args]
                value = apply(node, below, self.shape)
                self.of[node.id] = (value, value)

    def _fixed(self, node: Node) -> bool:
        """Whether the node has one value in all executions, about events that are all executed."""
        if self._free[node.id]:
            return False
        may, must = self.of[node.id]
        s = self.shape
        events = may if node.sort == "set" else bits.domain(may, s) | bits.codomain(may, s)
        return may == must and not events & ~self._certain


def base_bounds(facts: Facts, presence: Presence) -> dict[tuple[str, str], Bound]:
    """Bounds of the sets and relations of candidates, by sort and name."""
    found = {("set", name): (value, value) for name, value in _sets(facts).items()}
    relations = {name: (value, value) for name, value in _threads(facts).items()}
    locations = relations["loc"] = _locations(facts)
    relations["rf"] = _relation(facts, facts.rf.items())
    may, must = _relation(facts, _orders(facts))
    relations["co"] = may & locations[0], must & locations[1]
    relations["rmw"] = _relation(facts, ((pair, TRUE) for pair in facts.structure.rmw))
    for name in ("addr", "data", "ctrl"):
        given = [d for d in facts.structure.dependencies if d.relation == name]
        edges = [((d.source, d.target), facts.literal(d.guard)) for d in given]
        relations[name] = _relation(facts, edges)
    found.update((("rel", name), bound) for name, bound in relations.items())
    accesses = sum(1 << e.id for e in facts.structure.events if e.kind != "F")
    found["rel", VALUES] = bits.product(accesses, accesses, shape(presence.n)), 0
    return found


def _relation(facts: Facts, edges: Iterable[tuple[tuple[int, int], int]]) -> Bound:
    n, may, must = len(facts.structure.events), 0, 0
    for (a, b), literal in edges:
        if literal != FALSE:
            may |= 1 << (a * n + b)
        if literal == TRUE:
            must |= 1 << (a * n + b)
    return may, must


def _orders(facts: Facts) -> list[tuple[tuple[int, int], int]]:
    writes = [e.id for e in facts.structure.events if e.kind == "W"]
    pairs = [(a, b) for a in writes for b in writes if a != b and facts.ordered(a, b)]
    return [(pair, facts.order(*pair)) for pair in pairs]


def _sets(facts: Facts) -> dict[str, int]:
    sets: dict[str, int] = {}
    for event in facts.structure.events:
        for name in (event.kind, *event.tags, *(("IW",) if event.thread < 0 else ())):
            sets[name] = sets.get(name, 0) | 1 << event.id
    return sets


def _threads(facts: Facts) -> dict[str, int]:
    """po, int and ext. An initial write is in no thread, external to all that are in one."""
    events = facts.structure.events
    n, po, internal = len(events), 0, 0
    initial = set_bits(e.id for e in events if e.thread == INIT_THREAD)
    for a in events:
        own = [b for b in events if b.thread == a.thread != INIT_THREAD]
        internal |= sum(1 << b.id for b in own) << (a.id * n)
        po |= sum(1 << b.id for b in own if a.position < b.position) << (a.id * n)
    outside = shape(n).full & ~bits.product(initial, initial, shape(n))
    return {"po": po, "int": internal, "ext": outside & ~internal}


def _locations(facts: Facts) -> Bound:
    events = facts.structure.events
    n, may, must = len(events), 0, 0
    known = {c.address: c.id for c in facts.structure.cells}
    certain = [
        known.get(e.address.payload)
        if e.address is not None and e.address.is_const and len(e.cells) == 1
        else None
        for e in events
    ]
    for a in events:
        cells = set(a.cells)
        for b in events:
            if not cells.isdisjoint(b.cells):
                may |= 1 << (a.id * n + b.id)
                if certain[a.id] == certain[b.id] is not None:
                    must |= 1 << (a.id * n + b.id)
    return may, must
