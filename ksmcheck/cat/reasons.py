"""Why a candidate fails a requirement, as facts that other candidates can be checked against."""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.cat.absence import Absence, Scope
from ksmcheck.cat.algebra import Check
from ksmcheck.cat.derive import WHOLE, Derivation, Fact, Limit
from ksmcheck.cat.graph import Graph, members
from ksmcheck.cat.paths import short_cycles
from ksmcheck.cat.plan import Plan
from ksmcheck.record import Struct

_TRIED = 2


class Reason(Struct, frozen=True):
    """Facts whose conjunction forces the violation in any candidate that has them all.

    A fact is (relation, a, b) for a relation of ``graph.DYNAMIC``, or ("exec", a, a) for an event
    that is executed; sets and the other relations hold whenever their events are executed. With
    LACKING before its name it is a fact that does not hold, of events numbered as in a Scope.
    ``limits`` are what it needs besides of the structure that the candidate is one of.
    ``whole``: the absence of some tuple was used too, so the violation is certain only for this
    very candidate. ``path``: the violation that it is the reason for, along the check's relation.
    """

    facts: frozenset[Fact]
    whole: bool
    limits: frozenset[Limit] = frozenset()
    path: tuple[int, ...] = ()


def reasons(
    plan: Plan,
    number: int,
    graph: Graph,
    values: dict[str, int],
    limit: int,
    scope: Scope | None = None,
) -> tuple[Reason, ...]:
    """At most ``limit`` reasons for the failure of a check, those with fewest facts first.

    ``values`` are those of the generated code for this graph.
    """
    check, root = plan.algebra.checks[number], plan.algebra.roots[number]
    if check.negated:
        return (Reason(frozenset(), True),)
    derivation = Derivation(plan, graph, values)
    absence = None if scope is None else Absence(derivation, scope).help()
    try:
        found = _smallest(_violations(derivation, check, root, limit), derivation)
    except RecursionError:
        # A derivation through very many stages of a `let rec`; this much is true all the same.
        return (Reason(frozenset(), True),)
    del absence  # needed until here
    d = derivation
    return tuple(
        [Reason(d.decode(f), bool(f & WHOLE), d.limits(f), path) for f, path in found[:limit]]
    )


def _violations(d: Derivation, check: Check, root: int, limit: int) -> dict[int, tuple[int, ...]]:
    """Facts, each with the path of the check's relation that they force."""
    value, s, most = d.values.value(root), d.shape, limit * _TRIED
    if check.kind == "irreflexive":
        value &= s.diagonal
    if check.kind == "acyclic":
        paths = [tuple(cycle) for cycle in short_cycles(value, s)[:most]]
    elif d.plan.algebra.nodes[root].sort == "set":
        paths = [(e, e) for e in members(value)[:most]]
    else:
        paths = [divmod(position, s.n) for position in members(value)[:most]]
    found: dict[int, tuple[int, ...]] = {}
    for path in paths:
        found.setdefault(d.along(root, path), path)
    return found


def _smallest(
    found: Mapping[int, tuple[int, ...]], d: Derivation
) -> list[tuple[int, tuple[int, ...]]]:
    """The cheapest first, without those that another one implies."""
    out: list[int] = []
    for facts in sorted(found, key=d.cost):
        if not any(d.loud(kept & ~facts) == 0 for kept in out):
            out.append(facts)
    partial = [facts for facts in out if not facts & WHOLE]
    return [(facts, found[facts]) for facts in partial or out[:1]]
