"""``ksmcheck whatif --minimal`` and ``--repair``: sets, printed as they are found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import click

from ksmcheck.batch.exit_codes import AS_EXPECTED, DIFFERENT, INCONCLUSIVE
from ksmcheck.check.verdict import Request
from ksmcheck.report.sets import minimal_object, minimal_text, repair_object, repair_text
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.cost import Costs, load_costs
from ksmcheck.whatif.minimal import Inconclusive, Judge, barrier_space, minimal_sets
from ksmcheck.whatif.repair import Repairer, repair_space

_Found = tuple[str, dict[str, Any], float]
"""Text, JSON and cost of a set."""


def together(requests: Sequence[Request]) -> list[tuple[Request, ...]]:
    """Each model by itself, then all of them together."""
    alone: list[tuple[Request, ...]] = [(request,) for request in requests]
    return alone if len(alone) == 1 else [*alone, tuple(requests)]


def run_minimal(
    asker: Asker,
    requests: Sequence[Request],
    *,
    lattice: bool,
    allow_bounded: bool,
    as_json: bool,
) -> int:
    """Prints all minimal sets; 4 where a verdict on the way is inconclusive."""
    spots = asker.spots(requests[0])
    space = barrier_space(spots, requests[0].kernel, lattice=lattice)
    codes = []
    for group in together(requests):
        costs = _costs(asker, group)

        def found(
            group: tuple[Request, ...] = group, costs: Sequence[Costs] = costs
        ) -> Iterator[_Found]:
            judge = Judge(asker, group, allow_bounded)
            for least in minimal_sets(judge, space):
                cost = sum(c.kept(least.kept, spots) for c in costs)
                shown = cost if costs else None
                yield minimal_text(least, shown), minimal_object(least, shown), cost

        nothing = "not safe as it is (--repair asks for what is missing)"
        codes.append(_print(found, group, bool(costs), as_json, nothing, AS_EXPECTED))
    return max(codes)


def run_repair(asker: Asker, requests: Sequence[Request], *, as_json: bool, most: int) -> int:
    """Prints the least repairs, at most ``most`` a group; 1 where no barrier helps."""
    test = asker.workshop.source(requests[0])
    spots = asker.spots(requests[0])
    space = repair_space(test, spots, requests[0].kernel)
    codes = []
    for group in together(requests):
        costs = _costs(asker, group)

        def found(
            group: tuple[Request, ...] = group, costs: Sequence[Costs] = costs
        ) -> Iterator[_Found]:
            for number, repair in enumerate(Repairer(asker, group).repairs(space, test), 1):
                cost = sum(c.added(repair.changes, spots) for c in costs)
                shown = cost if costs else None
                yield repair_text(repair.changes, shown), repair_object(repair, shown), cost
                if number == most:
                    return

        nothing = "no barrier helps"
        codes.append(_print(found, group, bool(costs), as_json, nothing, DIFFERENT))
    return max(codes)


def _costs(asker: Asker, group: Iterable[Request]) -> list[Costs]:
    """The costs of all models of the group, none where one has no table."""
    found = [load_costs(asker.workshop.model(request.model)) for request in group]
    return [] if None in found else [c for c in found if c is not None]


def _print(
    found: Callable[[], Iterator[_Found]],
    group: Sequence[Request],
    priced: bool,
    as_json: bool,
    nothing: str,
    without: int,
) -> int:
    """Each set as it comes; then the cheapest. Gives the exit code."""
    models = " + ".join(request.model for request in group)
    if not as_json:
        click.echo(f"{models}:")
    best: _Found | None = None
    count = 0
    try:
        for one in found():
            count += 1
            click.echo(json.dumps(one[1]) if as_json else f"  {one[0]}")
            if best is None or one[2] < best[2]:
                best = one
    except Inconclusive as reason:
        click.echo(
            json.dumps({"models": models.split(" + "), "inconclusive": str(reason)})
            if as_json
            else f"  there may be more: {reason}"
        )
        return INCONCLUSIVE
    if as_json:
        return AS_EXPECTED if best else without
    if best is None:
        click.echo(f"  {nothing}")
        return without
    if priced and count > 1:
        click.echo(f"  cheapest: {best[0]}")
    return AS_EXPECTED
