"""``ksmcheck whatif --minimal`` and ``--repair``: sets, printed as they are found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Any

import click

from ksmcheck.batch.exit_codes import AS_EXPECTED, DIFFERENT, INCONCLUSIVE, gravest
from ksmcheck.batch.streams import in_order
from ksmcheck.check.verdict import Request
from ksmcheck.record import Struct
from ksmcheck.report.sets import minimal_object, minimal_text, repair_object, repair_text
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.cost import Costs, load_costs
from ksmcheck.whatif.minimal import (
    Inconclusive,
    Judge,
    MinimalSet,
    barrier_space,
    joint_sets,
    minimal_sets,
)
from ksmcheck.whatif.repair import Repairer, Vain, repair_space, untried

_Found = tuple[str, dict[str, Any], float | None]
"""Text, JSON and cost of a set, None where a model has no costs."""


def together(requests: Sequence[Request]) -> list[tuple[Request, ...]]:
    """Each model by itself, then all of them together."""
    alone: list[tuple[Request, ...]] = [(request,) for request in requests]
    return alone if len(alone) == 1 else [*alone, tuple(requests)]


Group = tuple[Request, ...]


def run_minimal(
    asker: Asker,
    requests: Sequence[Request],
    *,
    lattice: bool,
    allow_bounded: bool,
    as_json: bool,
    jobs: int,
) -> int:
    """Prints all minimal sets; 4 where a verdict on the way is inconclusive."""
    # One process keeps what it has for all models; several have nothing in common.
    shared = asker if jobs == 1 else None
    search = partial(minimal_of, shared, lattice=lattice, allow_bounded=allow_bounded)
    nothing = _Else("not safe as it is (--repair asks for what is missing)", AS_EXPECTED)
    alone: list[list[MinimalSet]] = []
    codes = []
    with closing(in_order(search, requests, jobs)) as found:
        for request, items in zip(requests, found, strict=True):
            alone.append([])
            told = _told(asker, (request,), items, alone[-1])
            codes.append(_print(told, (request,), as_json, nothing))
    if len(requests) > 1:
        space = barrier_space(asker.spots(requests[0]), requests[0].kernel, lattice=lattice)
        judge = Judge(asker, requests, allow_bounded)
        complete = INCONCLUSIVE not in codes
        sets = joint_sets(judge, space, alone) if complete else minimal_sets(judge, space)
        codes.append(_print(_told(asker, requests, sets, []), requests, as_json, nothing))
    return gravest(codes)


def minimal_of(
    asker: Asker | None, request: Request, *, lattice: bool, allow_bounded: bool
) -> Iterator[MinimalSet]:
    """The minimal sets of one model."""
    asker = asker or Asker()
    space = barrier_space(asker.spots(request), request.kernel, lattice=lattice)
    yield from minimal_sets(Judge(asker, (request,), allow_bounded), space)


def _told(
    asker: Asker, group: Sequence[Request], sets: Iterable[MinimalSet], seen: list[MinimalSet]
) -> Iterator[_Found]:
    """Sets as text and JSON, with their costs; ``seen`` gets each."""
    costs = _costs(asker, group)
    spots = asker.spots(group[0])
    for least in sets:
        seen.append(least)
        cost = sum(c.kept(least.kept, spots) for c in costs) if costs else None
        yield minimal_text(least, cost), minimal_object(least, cost), cost


def run_repair(
    asker: Asker,
    requests: Sequence[Request],
    *,
    allow_bounded: bool,
    as_json: bool,
    most: int,
    jobs: int,
) -> int:
    """Prints the least repairs, at most ``most`` a group; 1 where no barrier helps."""
    shared = asker if jobs == 1 else None
    search = partial(repairs_of, shared, most=most, allow_bounded=allow_bounded)
    code = _run(search, requests, jobs, as_json, _Else("no barrier helps", DIFFERENT), most)
    macros = untried(asker.spots(requests[0]), requests[0].kernel)
    if macros and not as_json:
        click.echo(f"No barrier was tried inside of the macros {', '.join(macros)}.")
    return code


def repairs_of(
    asker: Asker | None, group: Group, *, most: int, allow_bounded: bool
) -> Iterator[_Found]:
    """The first least repairs of models together."""
    asker = asker or Asker()
    test = asker.workshop.source(group[0])
    spots = asker.spots(group[0])
    space = repair_space(test, spots, group[0].kernel)
    costs = _costs(asker, group)
    repairer = Repairer(asker, group, allow_bounded=allow_bounded)
    for repair in islice(repairer.repairs(space, test), most):
        cost = sum(c.added(repair.changes, spots) for c in costs) if costs else None
        yield repair_text(repair.changes, cost), repair_object(repair, cost), cost


class _Else(Struct, frozen=True):
    """What is said where nothing is found, and the exit code then."""

    text: str
    code: int


def _run(
    search: Callable[[Group], Iterator[_Found]],
    requests: Sequence[Request],
    jobs: int,
    as_json: bool,
    nothing: _Else,
    most: int,
) -> int:
    groups = together(requests)
    found = in_order(search, groups, jobs)
    with closing(found):
        codes = [
            _print(items, group, as_json, nothing, most)
            for group, items in zip(groups, found, strict=True)
        ]
    return gravest(codes)


def _costs(asker: Asker, group: Iterable[Request]) -> list[Costs]:
    """The costs of all models of the group, none where one has no table."""
    found = [load_costs(asker.workshop.model(request.model), request) for request in group]
    return [] if None in found else [c for c in found if c is not None]


def _print(
    found: Iterator[_Found],
    group: Sequence[Request],
    as_json: bool,
    nothing: _Else,
    most: int | None = None,
) -> int:
    """Each set as it comes; then the cheapest, and whether the search ended at ``most`` of them.
    Gives the exit code."""
    models = [request.model for request in group]

    def none(text: str) -> int:
        click.echo(json.dumps({"models": models, "none": text}) if as_json else f"  {text}")
        return nothing.code

    if not as_json:
        click.echo(f"{' + '.join(models)}:")
    seen: list[_Found] = []
    try:
        for one in found:
            seen.append(one)
            click.echo(json.dumps(one[1]) if as_json else f"  {one[0]}")
    except Inconclusive as reason:
        click.echo(
            json.dumps({"models": models, "inconclusive": str(reason)})
            if as_json
            else f"  there may be more: {reason}"
        )
        return INCONCLUSIVE
    except Vain as reason:
        return none(f"{nothing.text}: {reason}")
    if not seen:
        return none(nothing.text)
    cut = len(seen) == most and seen[-1][1]["changes"] != []
    priced = [(one[2], number) for number, one in enumerate(seen) if one[2] is not None]
    if len(priced) > 1 and not as_json:
        click.echo(f"  cheapest{' of these' if cut else ''}: {seen[min(priced)[1]][0]}")
    if cut:
        end = json.dumps({"models": models, "most": most})
        click.echo(end if as_json else f"  no more than {most} were asked for: see --most")
    return AS_EXPECTED
