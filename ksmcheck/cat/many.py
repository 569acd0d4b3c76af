"""Many candidates judged at once, which differ in rf and co alone.

Whether a tuple is in a relation is one bit of an integer for each candidate: candidate k has it
where bit k is set. An operator then takes one operation of integers for each tuple (or two that
meet), whatever the number of candidates. A test with a thousand final states has a thousand
consistent candidates, and they are much alike.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import TypeAlias

from ksmcheck.cat.algebra import Check, Group, Node
from ksmcheck.cat.dependence import varying_nodes
from ksmcheck.cat.graph import members
from ksmcheck.cat.plan import Plan
from ksmcheck.cat.recursion import cone
from ksmcheck.cat.vacuity import Base, inhabited
from ksmcheck.record import Struct

Events: TypeAlias = dict[int, int]
"""Event -> the candidates that have it in the set; none is 0."""

Rows: TypeAlias = dict[int, Events]
"""Event -> its successors; none is empty. Of a set, the one row 0."""

ALL = -1
"""Every candidate, however many there are."""


class Course(Struct, frozen=True):
    """What is to be computed of a model: ``varies`` says of each node whether it hangs on rf and
    co, ``there`` whether it can have a tuple. ``orders`` has what each check is made of that does
    and can, operands first; ``below`` what of the definition of a recursion hangs on it."""

    plan: Plan
    varies: list[bool]
    there: list[bool]
    orders: dict[int, list[int]]
    below: dict[int, list[int]]


class Outset(Struct, frozen=True):
    """What all courses of a model have in common. ``bases`` are all sets and relations; ``beside``
    the nodes that do not hang on rf and co and are operands of some that do."""

    plan: Plan
    varies: list[bool]
    bases: frozenset[Base]
    beside: list[int]


def outset(plan: Plan) -> Outset:
    nodes, varies = plan.algebra.nodes, varying_nodes(plan.algebra)
    used = {a for node in nodes if varies[node.id] for a in node.args}
    bases: list[Base] = [(node.sort, node.name) for node in nodes if node.op == "base"]
    return Outset(plan, varies, frozenset(bases), sorted(i for i in used if not varies[i]))


def course(outset: Outset, nothing: Collection[int]) -> Course:
    """Without what has no tuple where those of ``nothing`` have none: in a test without plain
    accesses nothing that only they have to do with is computed."""
    plan, varies = outset.plan, outset.varies
    nodes, free = plan.algebra.nodes, plan.free
    there = inhabited(plan.algebra, outset.bases, nothing)
    empty = {i for i, inhabited in enumerate(there) if not inhabited}

    def made_of(root: int) -> list[int]:
        return [i for i in sorted(cone(nodes, [root], empty)) if varies[i] and there[i]]

    orders = {root: [i for i in made_of(root) if not free[i]] for root in plan.algebra.roots}
    below = {
        body: [i for i in made_of(body) if free[i] and nodes[i].op != "var"]
        for group in plan.algebra.groups
        for body in group.bodies
    }
    return Course(plan, varies, there, orders, below)


class Many:
    """``static`` gives the value of a node that does not hang on rf and co, the same in all
    candidates that this is asked about."""

    def __init__(self, course: Course, n: int, static: Callable[[int], int]) -> None:
        self._plan = course.plan
        self._nodes = course.plan.algebra.nodes
        self._n = n
        self._varies = course.varies
        self._there = course.there
        self._orders = course.orders
        self._below = course.below
        self._static = static
        self._fixed: dict[int, Rows] = {}
        self._values: dict[int, Rows] = {}
        self._known = 0

    def failing(self, relations: Mapping[str, Rows], count: int) -> int:
        """The candidates that fail some requirement: bit k for candidate k of ``count``, whose rf
        and co are bit k of ``relations``."""
        self._values = {
            i: relations.get(node.name, {})
            for i, node in enumerate(self._nodes)
            if node.op == "base" and self._varies[i]
        }
        self._known = (1 << count) - 1
        found = 0
        for check, root in zip(self._plan.algebra.checks, self._plan.algebra.roots, strict=True):
            if not check.flag:
                found |= self._fails(check, root)
        return found & self._known

    def raising(self, number: int) -> int:
        """Those of the candidates asked about last of which what flag ``checks[number]`` says is
        true."""
        algebra = self._plan.algebra
        return ~self._fails(algebra.checks[number], algebra.roots[number]) & self._known

    def _fails(self, check: Check, root: int) -> int:
        for i in self._orders[root]:
            if i not in self._values:
                self._values[i] = self._one(self._nodes[i])
        value = self._value(root)
        if check.kind == "acyclic":
            found = _cyclic(value)
        elif check.kind == "irreflexive":
            found = _any([row.get(x, 0) for x, row in value.items()])
        else:
            found = _any([mask for row in value.values() for mask in row.values()])
        return ~found if check.negated else found

    def _value(self, i: int) -> Rows:
        if not self._there[i]:
            return {}
        if self._varies[i]:
            return self._values[i]
        found = self._fixed.get(i)
        if found is None:
            found = self._fixed[i] = self._spread(self._nodes[i], self._static(i))
        return found

    def _spread(self, node: Node, value: int) -> Rows:
        """A value that is the same in all candidates."""
        if node.sort == "set":
            return {0: dict.fromkeys(members(value), ALL)} if value else {}
        rows, n = {}, self._n
        for x in range(n):
            ends = members(value >> (x * n) & ((1 << n) - 1))
            if ends:
                rows[x] = dict.fromkeys(ends, ALL)
        return rows

    def _one(self, node: Node) -> Rows:
        if node.op == "fix":
            group = self._plan.groups[node.group]
            self._settle(group)
            return self._values[group.variables[node.index]]
        operands = [self._value(arg) for arg in node.args]
        if node.op in ("complement", "star", "opt"):
            return self._with_the_rest(node, operands[0])
        return _OPERATORS[node.op](*operands)

    def _with_the_rest(self, node: Node, a: Rows) -> Rows:
        """Operators that have tuples which the operand does not lead to."""
        n = self._n
        if node.op == "complement":
            everything = (1 << (n if node.sort == "set" else n * n)) - 1
            return _difference(self._spread(node, everything), a)
        same: Rows = {x: {x: ALL} for x in range(n)}
        return _union(_closure(a) if node.op == "star" else a, same)

    def _settle(self, group: Group) -> None:
        """Each definition in turn with the newest values, from empty, until nothing changes."""
        values = self._values
        for variable in group.variables:
            values[variable] = {}
        changed = True
        while changed:
            changed = False
            for variable, body in zip(group.variables, group.bodies, strict=True):
                for i in self._below[body]:
                    values[i] = self._one(self._nodes[i])
                new = self._value(body)
                if new != values[variable]:
                    values[variable], changed = new, True


def sliced(relations: Sequence[int], n: int) -> Rows:
    """One relation of several candidates over ``n`` events."""
    found: Rows = {}
    always = reduce(and_, relations, -1 if relations else 0)
    for position in members(always):
        x, y = divmod(position, n)
        found.setdefault(x, {})[y] = (1 << len(relations)) - 1
    bit = 1
    for relation in relations:
        for position in members(relation ^ always):
            x, y = divmod(position, n)
            row = found.setdefault(x, {})
            row[y] = row.get(y, 0) | bit
        bit <<= 1
    return found


def _any(masks: Sequence[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


def _cyclic(a: Rows) -> int:
    """The candidates where a path goes on for ever: an event stays where one of its successors
    does."""
    alive = dict.fromkeys(a, ALL)
    order = sorted(a, reverse=True)  # most steps go forward
    changed = True
    while changed:
        changed = False
        for x in order:
            stays = _any([mask & alive[y] for y, mask in a[x].items() if y in alive])
            if stays != alive[x]:
                alive[x], changed = stays, True
    return _any(list(alive.values()))


def _union(a: Rows, b: Rows) -> Rows:
    found = dict(a)
    for x, more in b.items():
        row = found.get(x)
        if row is None:
            found[x] = more
        else:
            found[x] = row = dict(row)
            for y, mask in more.items():
                row[y] = row.get(y, 0) | mask
    return found


def _intersection(a: Rows, b: Rows) -> Rows:
    found: Rows = {}
    for x, row in a.items():
        other = b.get(x)
        if other is not None:
            kept = {y: both for y, mask in row.items() if (both := mask & other.get(y, 0))}
            if kept:
                found[x] = kept
    return found


def _difference(a: Rows, b: Rows) -> Rows:
    found: Rows = {}
    for x, row in a.items():
        cut = b.get(x)
        kept = row
        if cut is not None:
            kept = {y: rest for y, mask in row.items() if (rest := mask & ~cut.get(y, 0))}
        if kept:
            found[x] = kept
    return found


def _compose(a: Rows, b: Rows) -> Rows:
    found: Rows = {}
    for x, row in a.items():
        ends: Events = {}
        for y, first in row.items():
            for z, second in b.get(y, _NOTHING).items():
                both = first & second
                if both:
                    ends[z] = ends.get(z, 0) | both
        if ends:
            found[x] = ends
    return found


def _closure(a: Rows) -> Rows:
    """a+, by Warshall's algorithm."""
    found = {x: dict(row) for x, row in a.items()}
    for middle, onwards in found.items():
        for row in found.values():
            first = row.get(middle)
            if first:
                for z, second in list(onwards.items()):
                    both = first & second
                    if both:
                        row[z] = row.get(z, 0) | both
    return found


def _inverse(a: Rows) -> Rows:
    found: Rows = {}
    for x, row in a.items():
        for y, mask in row.items():
            found.setdefault(y, {})[x] = mask
    return found


def _identity(a: Rows) -> Rows:
    return {x: {x: mask} for x, mask in a.get(0, _NOTHING).items()}


def _product(a: Rows, b: Rows) -> Rows:
    ends = b.get(0, _NOTHING)
    found: Rows = {}
    for x, first in a.get(0, _NOTHING).items():
        row = {y: both for y, second in ends.items() if (both := first & second)}
        if row:
            found[x] = row
    return found


def _domain(a: Rows) -> Rows:
    found = {x: _any(list(row.values())) for x, row in a.items()}
    return {0: found} if found else {}


def _range(a: Rows) -> Rows:
    return _domain(_inverse(a))


_NOTHING: Events = {}
_OPERATORS: dict[str, Callable[..., Rows]] = {
    "union": _union,
    "inter": _intersection,
    "diff": _difference,
    "seq": _compose,
    "plus": _closure,
    "inverse": _inverse,
    "identity": _identity,
    "product": _product,
    "domain": _domain,
    "range": _range,
}
