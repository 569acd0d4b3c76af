"""Whether a model lets a read take what its own thread stores later.

Asked of two events only: a read, and behind it in one thread a store to the same location that it
reads from. Of every expression it is found what it holds of them at least, and at most, whatever
else there is in an execution and whatever tags they have; a requirement that fails for what its
relation holds at least fails in all such executions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import product

from ksmcheck.cat.algebra import Algebra, Node
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.record import Struct, field

_READ, _STORE = 0, 1
_BOTH = (_READ, _STORE)
_Items = frozenset[object]
"""Events of a set; pairs of a relation."""

_SETS: _Items = frozenset(_BOTH)
_PAIRS: _Items = frozenset(product(_BOTH, _BOTH))
_ID: _Items = frozenset((e, e) for e in _BOTH)
_NONE: _Items = frozenset()
_KNOWN: dict[str, tuple[_Items, _Items]] = {
    "R": (frozenset((_READ,)),) * 2,
    "W": (frozenset((_STORE,)),) * 2,
    "po": (frozenset(((_READ, _STORE),)),) * 2,
    "rf": (frozenset(((_STORE, _READ),)),) * 2,
    "loc": (_PAIRS, _PAIRS),
    "int": (_PAIRS - _ID, _PAIRS),
}
"""What a candidate's own sets and relations hold of the two, at least and at most."""


@lru_cache(maxsize=16)
def reads_own_future(cat: CompiledCat) -> bool:
    """Whether such a read may be: False only where some requirement forbids it for certain."""
    if cat.interpreted is not None:
        return True
    algebra = cat.algebra
    bounds = _Bounds(algebra)
    for check, root in zip(algebra.checks, algebra.roots, strict=True):
        if not check.flag and not check.negated and _fails(check.kind, bounds.of(root)[0]):
            return False
    return True


def _fails(kind: str, least: _Items) -> bool:
    if kind == "empty":
        return bool(least)
    if kind == "acyclic":
        least = _closed(least)
    return bool(least & _ID)


class _Bounds(Struct):
    """``least``: what the definitions of recursions hold at least, as far as that is found."""

    algebra: Algebra
    known: dict[int, tuple[_Items, _Items]] = field(default_factory=dict)
    least: dict[tuple[int, int], _Items] = field(default_factory=dict)

    def of(self, number: int) -> tuple[_Items, _Items]:
        """What a node holds of the two events, at least and at most."""
        found = self.known.get(number)
        if found is None:
            found = self.known[number] = self._of(self.algebra.nodes[number])
        return found

    def _of(self, node: Node) -> tuple[_Items, _Items]:
        all = _SETS if node.sort == "set" else _PAIRS
        if node.op == "base":
            return _KNOWN.get(node.name, (_NONE, all))
        if node.op in _EXACT:
            return (_EXACT[node.op],) * 2
        if node.op == "fix":
            return self._recursion(node), all
        if node.op == "var":
            return self.least.get((node.group, node.index), _NONE), all
        bounds = [self.of(argument) for argument in node.args]
        low, high = [low for low, _ in bounds], [high for _, high in bounds]
        if node.op == "diff":
            return low[0] - high[1], high[0] - low[1]
        if node.op == "complement":
            return all - high[0], all - low[0]
        if node.op in _TOGETHER:  # of events besides the two there may be more
            return _TOGETHER[node.op](*low), all
        apply = _EACH[node.op]
        return apply(*low), apply(*high)

    def _recursion(self, node: Node) -> _Items:
        """Iterated from empty, as the recursion itself is."""
        group = self.algebra.groups[node.group]
        if not group.monotone:
            return _NONE
        least = dict(self.least)
        while True:
            inner = _Bounds(self.algebra, least=least)
            found = {(group.id, i): inner.of(body)[0] for i, body in enumerate(group.bodies)}
            if all(least.get(key, _NONE) == items for key, items in found.items()):
                return found[group.id, node.index]
            least = {**least, **found}


_EXACT = {"universe": _SETS, "id": _ID, "empty": _NONE}


def _pairs(items: _Items) -> list[tuple[object, object]]:
    return [pair for pair in items if isinstance(pair, tuple)]


def _seq(first: _Items, second: _Items) -> _Items:
    return frozenset((a, d) for a, b in _pairs(first) for c, d in _pairs(second) if b == c)


def _closed(items: _Items) -> _Items:
    return items | _seq(items, items)


_TOGETHER: dict[str, Callable[..., _Items]] = {
    "seq": _seq,
    "plus": _closed,
    "star": lambda r: _closed(r) | _ID,
    "domain": lambda r: frozenset(a for a, _ in _pairs(r)),
    "range": lambda r: frozenset(b for _, b in _pairs(r)),
}
_EACH: dict[str, Callable[..., _Items]] = {
    "union": lambda a, b: a | b,
    "inter": lambda a, b: a & b,
    "opt": lambda r: r | _ID,
    "inverse": lambda r: frozenset((b, a) for a, b in _pairs(r)),
    "identity": lambda s: frozenset((a, a) for a in s),
    "product": lambda a, b: frozenset(product(a, b)),
}
