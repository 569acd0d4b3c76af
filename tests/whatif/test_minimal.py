"""Minimal sets against brute force: every point of the space checked by itself."""

from __future__ import annotations

from itertools import product

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.record import replace
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.lattice import Levels, Point, minimal_points, two_levels
from ksmcheck.whatif.minimal import Judge, Space, barrier_space, joint_sets, keeps, minimal_sets
from ksmcheck.whatif.repair import Repairer, repair_space
from tests.whatif.conftest import ROOT

CLASSIC = ROOT / "litmus" / "classic"


def below(space: list[Levels], low: Point, high: Point) -> bool:
    return low != high and all(
        a in levels.at_most(b) for levels, a, b in zip(space, low, high, strict=True)
    )


def brute_force(
    requests: list[Request], space: Space, checker: Checker | None = None
) -> set[Point]:
    """By verdicts of fresh programs, or of another checker."""
    checker = checker or Checker()
    points = list(product(*(range(len(levels.names)) for levels in space.sites)))
    safe = [
        p
        for p in points
        if all(keeps(checker.check(replace(r, changes=space.changes(p)))) for r in requests)
    ]
    return {p for p in safe if not any(below(space.sites, q, p) for q in safe)}


@pytest.mark.parametrize("lattice", [False, True], ids=["barriers", "lattice"])
@pytest.mark.parametrize("models", [("tso",), ("armv8",), ("lkmm",), ("alpha", "power")])
@pytest.mark.parametrize(
    "name", ["MP/MP+wmb+rmb", "SB/SB+mb+mb", "MP/MP+mb+mb", "S/S+wmb+mb", "MP/MP+po+rmb"]
)
def test_against_brute_force(name: str, models: tuple[str, ...], lattice: bool) -> None:
    asker = Asker()
    requests = [Request(CLASSIC / f"{name}.litmus", model) for model in models]
    space = barrier_space(asker.spots(requests[0]), "6.12", lattice=lattice)
    found = [least.changes for least in minimal_sets(Judge(asker, requests), space)]
    # The larger spaces by selectors: that these give the verdicts of fresh programs is a test of
    # its own (test_agreement), and here a search is tested.
    checker = Asker() if lattice else None
    expected = {space.changes(p) for p in brute_force(requests, space, checker)}
    assert len(found) == len(set(found))
    assert set(found) == expected


@pytest.mark.parametrize("lattice", [False, True], ids=["barriers", "lattice"])
@pytest.mark.parametrize("name", ["MP/MP+wmb+rmb", "SB/SB+mb+mb", "MP/MP+po+rmb"])
def test_of_all_models_together_from_each_alone(name: str, lattice: bool) -> None:
    asker = Asker()
    path = CLASSIC / f"{name}.litmus"
    requests = [Request(path, model) for model in ("armv8", "power", "alpha")]
    space = barrier_space(asker.spots(requests[0]), "6.12", lattice=lattice)
    alone = [list(minimal_sets(Judge(asker, [request]), space)) for request in requests]
    judge = Judge(asker, requests)
    joint = list(joint_sets(judge, space, alone))
    assert judge.asked == len(joint) * len(requests)
    together = list(minimal_sets(Judge(asker, requests), space))
    assert {s.changes for s in joint} == {s.changes for s in together}
    assert len(joint) == len(together)


def borders(sites: list[Levels], least: set[Point]) -> set[Point]:
    def safe(point: Point) -> bool:
        return any(below(sites, p, point) or p == point for p in least)

    from_above = set(minimal_points(sites, safe))
    from_below = set(minimal_points(sites, safe, lambda _: ()))
    assert from_above == from_below
    return from_above


def test_every_antichain_of_a_small_lattice_is_found() -> None:
    diamond = Levels(
        "mb",
        ("mb", "wmb", "rmb", "no"),
        (frozenset((1, 2, 3)), frozenset((3,)), frozenset((3,)), frozenset()),
    )
    sites = [diamond, two_levels("a"), two_levels("b")]
    points: list[Point] = list(product(range(4), range(2), range(2)))
    for first in points:
        for second in points:
            least = {first, second}
            if any(below(sites, p, q) for p in least for q in least):
                continue
            assert borders(sites, least) == least


def test_nothing_is_found_where_the_strongest_is_not_safe() -> None:
    assert list(minimal_points([two_levels("a")], lambda _: False)) == []


@pytest.mark.parametrize("model", ["tso", "armv8", "power", "lkmm"])
@pytest.mark.parametrize("name", ["SB/SB", "MP/MP+wmb+po", "LB/LB"])
def test_repairs_are_safe_and_least(name: str, model: str) -> None:
    request = Request(CLASSIC / f"{name}.litmus", model)
    asker, checker = Asker(), Checker()
    test = asker.workshop.source(request)
    space = repair_space(test, asker.spots(request), "6.12")
    found = [r.changes for r in Repairer(asker, [request]).repairs(space, test)]
    assert found
    for changes in found:
        assert keeps(checker.check(replace(request, changes=changes)))
        for left in range(len(changes)):
            fewer = changes[:left] + changes[left + 1 :]
            assert not keeps(checker.check(replace(request, changes=fewer)))
    as_it_is = keeps(checker.check(request))
    assert (found == [()]) == as_it_is
