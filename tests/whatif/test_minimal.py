"""Minimal sets against brute force: every point of the space checked by itself."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VACUOUS, VIOLATED, Verdict
from ksmcheck.program.change import INSERT, Change
from ksmcheck.record import replace
from ksmcheck.whatif.lattice import Levels, Point, Region, minimal_points, two_levels
from ksmcheck.whatif.minimal import Judge, Space, barrier_space, joint_sets, keeps, minimal_sets
from ksmcheck.whatif.repair import Repairer, repair_space
from tests.fresh import fresh_asker, fresh_checker
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
    checker = checker or fresh_checker()
    points = list(product(*(range(len(levels.names)) for levels in space.sites)))
    safe = [
        p
        for p in points
        if all(keeps(checker.check(replace(r, changes=space.changes(p)))) for r in requests)
    ]
    return {p for p in safe if not any(below(space.sites, q, p) for q in safe)}


@pytest.mark.parametrize("name", ["MP/MP+wmb+rmb", "SB/SB+mb+mb", "S/S+wmb+mb", "MP/MP+po+rmb"])
@pytest.mark.parametrize(
    ("lattice", "models"),
    [
        *((False, models) for models in (("tso",), ("armv8",), ("lkmm",), ("alpha", "power"))),
        # In the larger spaces it is the search that is tested, not the models.
        *((True, models) for models in (("lkmm",), ("alpha", "power"))),
    ],
)
def test_against_brute_force(name: str, models: tuple[str, ...], lattice: bool) -> None:
    asker = fresh_asker()
    requests = [Request(CLASSIC / f"{name}.litmus", model) for model in models]
    space = barrier_space(asker.spots(requests[0]), "6.12", lattice=lattice)
    found = [least.changes for least in minimal_sets(Judge(asker, requests), space)]
    # The larger spaces by selectors: that these give the verdicts of fresh programs is a test of
    # its own (test_agreement), and here a search is tested.
    checker = fresh_asker() if lattice else None
    expected = {space.changes(p) for p in brute_force(requests, space, checker)}
    assert len(found) == len(set(found))
    assert set(found) == expected


@pytest.mark.parametrize(
    ("name", "lattice"),
    [
        *((name, False) for name in ("MP/MP+wmb+rmb", "SB/SB+mb+mb", "MP/MP+po+rmb")),
        *((name, True) for name in ("MP/MP+wmb+rmb", "MP/MP+po+rmb")),
    ],
)
def test_of_all_models_together_from_each_alone(name: str, lattice: bool) -> None:
    asker = fresh_asker()
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


def wider(point: Point) -> list[Region]:
    """All there is, and all that keeps the first site."""
    whole = (frozenset((0, 1)),) * len(point)
    return [whole, (frozenset((point[0],)), *whole[1:])]


@pytest.mark.parametrize("from_below", [False, True])
@pytest.mark.parametrize("proved", [False, True], ids=["unproved", "proved"])
def test_any_set_of_safe_points_has_its_least_ones_found(proved: bool, from_below: bool) -> None:
    """Safe or not as you please, so that less order may be safe where more is not, two steps down
    as well: the least are those below which none is safe. What follows from an unsafe point is what
    is told to follow, which may be nothing."""
    sites = [two_levels(name) for name in "abc"]
    points: list[Point] = list(product(range(2), repeat=3))
    for chosen in range(1 << len(points)):
        safe = {point for i, point in enumerate(points) if chosen >> i & 1}

        def sure(_: Point, region: Region, __: bool, safe: set[Point] = safe) -> Region | None:
            within = any(all(map(frozenset.__contains__, region, q)) for q in safe)
            return region if proved and not within else None

        def all_unsafe_above(point: Point, safe: set[Point] = safe) -> bool:
            return proved and not any(below(sites, point, q) for q in safe)

        grow = wider if from_below else None
        found = list(minimal_points(sites, safe.__contains__, grow, sure, all_unsafe_above))
        assert set(found) == {p for p in safe if not any(below(sites, q, p) for q in safe)}
        assert len(found) == len(set(found))


def test_nothing_is_found_where_the_strongest_is_not_safe() -> None:
    assert list(minimal_points([two_levels("a")], lambda _: False)) == []


@pytest.mark.parametrize("model", ["tso", "armv8", "power", "lkmm"])
@pytest.mark.parametrize("name", ["SB/SB", "MP/MP+wmb+po", "LB/LB"])
def test_repairs_are_safe_and_least(name: str, model: str) -> None:
    request = Request(CLASSIC / f"{name}.litmus", model)
    asker, checker = fresh_asker(), fresh_checker()
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


FLAGS = ("data-race",)


@pytest.mark.parametrize(
    ("verdict", "observation", "flags", "kept"),
    [
        (SAFE, None, (), True),
        (BOUNDED, None, (), True),
        (VIOLATED, None, (), False),
        (VACUOUS, None, (), False),
        (UNKNOWN, None, (), False),
        (SAFE, "Never", (), True),
        (BOUNDED, "Never", (), True),
        (SAFE, "Sometimes", (), False),
        (SAFE, "Always", (), False),
        # To LKMM nothing is promised of a program with a race, whatever is not seen.
        (SAFE, "Never", FLAGS, False),
        (VIOLATED, None, FLAGS, False),
    ],
)
def test_what_keeps_the_properties(
    verdict: str, observation: str | None, flags: tuple[str, ...], kept: bool
) -> None:
    """Whether a bound is enough is asked before (Judge.verdict)."""
    request = Request(CLASSIC / "none.litmus")
    assert keeps(Verdict(request, "none", "", verdict, observation, flags=flags)) is kept


def ranked(levels: Levels) -> dict[str, set[str]]:
    """Name -> the names below it."""
    return {
        name: {levels.names[i] for i in below}
        for name, below in zip(levels.names, levels.below, strict=True)
    }


def test_what_a_weaker_form_is() -> None:
    """The order of the levels is what minimal means, so that brute force cannot tell whether it is
    right. A full barrier is above the others, smp_wmb and smp_rmb order different accesses, and
    barrier() orders none for other CPUs (memory-barriers.txt, "CPU memory barriers"); there is
    nothing below nothing."""
    asker = fresh_asker()
    spots = asker.spots(Request(CLASSIC / "MP" / "MP+mb+mb.litmus", "armv8"))
    both = barrier_space(spots, "6.12")
    assert [ranked(levels) for levels in both.sites] == [{"keep": {"remove"}, "remove": set()}] * 2
    assert [levels.site for levels in both.sites] == ["smp_mb@P0", "smp_mb@P1"]
    space = barrier_space(spots, "6.12", lattice=True)
    levels = {levels.site: ranked(levels) for levels in space.sites}
    accesses = {"WRITE_ONCE@P0", "WRITE_ONCE@P0#2", "READ_ONCE@P1", "READ_ONCE@P1#2"}
    assert levels.keys() == {"smp_mb@P0", "smp_mb@P1"} | accesses
    for site in ("smp_mb@P0", "smp_mb@P1"):
        assert levels[site] == {
            "smp_mb": {"smp_wmb", "smp_rmb", "barrier", "remove"},
            "smp_wmb": {"barrier", "remove"},
            "smp_rmb": {"barrier", "remove"},
            "barrier": {"remove"},
            "remove": set(),
        }
    # An access may lose its mark, and is never taken away.
    for site in accesses:
        assert levels[site] == {site.partition("@")[0]: {"plain"}, "plain": set()}
    for levels_, forms in zip(space.sites, space.forms, strict=True):
        towards = [levels_.names[0], *(c.to or c.kind for c in forms if c is not None)]
        assert list(levels_.names) == towards


def test_the_least_forms_of_message_passing() -> None:
    """dmb ishst between the stores and dmb ishld between the loads are enough on arm64 (Alglave,
    Maranget, Tautschnig 2014, MP+dmb.st+dmb.ld), and they are told in these words."""
    request = Request(CLASSIC / "MP" / "MP+mb+mb.litmus", "armv8")
    asker = fresh_asker()
    space = barrier_space(asker.spots(request), "6.12", lattice=True)
    (least,) = minimal_sets(Judge(asker, [request]), space)
    barriers = {site: form for site, form in least.kept if site.startswith("smp_mb")}
    assert barriers == {"smp_mb@P0": "smp_wmb", "smp_mb@P1": "smp_rmb"}
    stored = Request(CLASSIC / "MP" / "MP+wmb+rmb.litmus", "tso")
    for bare in (False, True):
        space = barrier_space(asker.spots(stored), "6.12", lattice=bare)
        (least,) = minimal_sets(Judge(asker, [stored]), space)
        kept = {site for site, _ in least.kept if site.startswith("smp_")}
        assert not kept


def test_a_grace_period_is_no_barrier_to_do_without() -> None:
    """Without its readers' markers it waits for nothing, and neither can go alone."""
    spots = fresh_asker().spots(Request(CLASSIC / "rcu" / "MP+rscs+gp.litmus"))
    assert {"rcu_read_lock", "rcu_read_unlock", "synchronize_rcu"} <= {s.primitive for s in spots}
    assert barrier_space(spots, "6.12").sites == []


def test_what_a_repair_may_do() -> None:
    """What orders more is above. A release orders what is before it and smp_store_mb what is behind
    (memory-barriers.txt), so that neither is above the other."""
    request = Request(CLASSIC / "MP" / "MP+wmb+po.litmus", "armv8")
    asker = fresh_asker()
    space = repair_space(asker.workshop.source(request), asker.spots(request), "6.12")
    inserted = [x for x, forms in zip(space.sites, space.forms, strict=True) if is_insert(forms)]
    assert inserted
    for levels in inserted:
        assert ranked(levels) == {
            "smp_mb": {"smp_wmb", "smp_rmb", "nothing"},
            "smp_wmb": {"nothing"},
            "smp_rmb": {"nothing"},
            "nothing": set(),
        }
    (store,) = (levels for levels in space.sites if levels.site == "WRITE_ONCE@P0")
    assert ranked(store) == {
        "smp_store_release": {"nothing"},
        "smp_store_mb": {"nothing"},
        "nothing": set(),
    }
    assert not any(levels.site.startswith("smp_") for levels in space.sites)


def test_stronger_forms_of_an_atomic(tmp_path: Path) -> None:
    """Fully ordered is above acquire and release, and these above neither (atomic_t.txt)."""
    path = tmp_path / "t.litmus"
    path.write_text("C t\n{ }\nP0(int *x) { int r; r = xchg_relaxed(x, 1); }\nexists (x=1)\n")
    request, asker = Request(path), fresh_asker()
    space = repair_space(asker.workshop.source(request), asker.spots(request), "6.12")
    (atomic,) = (levels for levels in space.sites if levels.site == "xchg_relaxed@P0")
    assert ranked(atomic) == {
        "xchg": {"xchg_acquire", "xchg_release", "nothing"},
        "xchg_acquire": {"nothing"},
        "xchg_release": {"nothing"},
        "nothing": set(),
    }


def is_insert(forms: tuple[Change | None, ...]) -> bool:
    return forms[0] is not None and forms[0].kind == INSERT
