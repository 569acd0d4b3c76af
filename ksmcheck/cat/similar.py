"""What violates a requirement likewise, but for what some reads read from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from ksmcheck.cat.absence import Absence, Scope
from ksmcheck.cat.graph import Graph
from ksmcheck.cat.plan import Plan
from ksmcheck.cat.reasons import Reason
from ksmcheck.cat.trace import Tracing

_OF = 2
"""Reasons that others are looked for like of, at most."""

_SIMILAR = 16
"""Reasons that are found like these, at most."""


def similar(
    plan: Plan,
    root: int,
    graph: Graph,
    values: dict[str, int],
    reasons: Iterable[Reason],
    might: Mapping[str, int],
    scope: Scope | None = None,
) -> tuple[Reason, ...]:
    """Reasons like those of a candidate for the failure of a check whose node is ``root``, which
    hold in candidates that read from something else. ``values`` and ``scope`` as in ``reasons``;
    rf and co ``might`` have these pairs with the candidate's events."""
    tracing = Tracing(plan, graph, values, might)
    absence = None if scope is None else Absence(tracing, scope).help()
    found: list[Reason] = []
    try:
        for path in _apart(reasons):
            others = tracing.similar(tracing.along(root, path))
            found += [Reason(facts, False, limits) for facts, limits in others]
    except RecursionError:  # a derivation through very many stages of a `let rec`
        pass
    del absence  # needed until here
    return tuple(islice(dict.fromkeys(found), _SIMILAR))


def _apart(reasons: Iterable[Reason]) -> Iterable[list[int]]:
    """The violations of the first reasons that differ in their dynamic facts."""
    apart: dict[frozenset[object], list[int]] = {}
    for reason in reasons:
        if not reason.whole:
            dynamic = frozenset([fact for fact in reason.facts if fact[0] != "exec"])
            apart.setdefault(dynamic, list(reason.path))
    return islice(apart.values(), _OF)
