"""How far an unsafe point reaches, against trying one candidate after the other."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ksmcheck.whatif.lattice import Levels, Region, below, two_levels
from ksmcheck.whatif.widest import Item, widest

BARRIER = Levels(
    "line",
    ("mb", "wmb", "rmb", "nothing"),
    (frozenset((1, 2, 3)), frozenset((3,)), frozenset((3,)), frozenset()),
)
READ = Levels("read", ("acquire", "dereference", "once"), (frozenset((2,)),) * 2 + (frozenset(),))
"""Two stronger forms, neither of which is the weaker one."""

SITES = [BARRIER, READ, BARRIER, READ, two_levels("other")]
NOTHING = (3, 2, 3, 2, 1)


def meaning(items: Sequence[Item]) -> set[tuple[int, str]]:
    """The orders that the items make: a full barrier is both of the others."""
    found = {(i, SITES[i].names[level]) for i, level in items}
    halves = {(i, half) for i, name in found if name == "mb" for half in ("wmb", "rmb")}
    return {pair for pair in found if pair[1] != "mb"} | halves


def one_by_one(forbidden: list[set[tuple[int, str]]]) -> Region:
    """The strongest forms first, as ``widest`` looks at them, each by itself."""
    region, taken = list(below(SITES, NOTHING)), list[Item]()
    levels = [[i for i in range(len(s.names)) if not s.steps_up(i)] for s in SITES]
    while any(levels):
        missed: list[list[int]] = [[] for _ in SITES]
        for site, here in enumerate(levels):
            for level in here:
                if any(bad <= meaning([*taken, (site, level)]) for bad in forbidden):
                    missed[site] += SITES[site].steps_down(level)
                else:
                    taken.append((site, level))
        for site, level in taken:
            region[site] |= SITES[site].at_most(level)
        levels = [[x for x in m if x not in r] for m, r in zip(missed, region, strict=True)]
    return tuple(region)


ORDERS = sorted({*meaning([(i, x) for i, s in enumerate(SITES) for x in range(len(s.names) - 1)])})


@given(st.lists(st.sets(st.sampled_from(ORDERS), min_size=1, max_size=3), max_size=4))
def test_halves_find_what_one_by_one_does(forbidden: list[set[tuple[int, str]]]) -> None:
    def together(items: Sequence[Item]) -> bool:
        return not any(bad <= meaning(items) for bad in forbidden)

    assert widest(SITES, NOTHING, together) == one_by_one(forbidden)


def test_what_has_nothing_to_do_with_it_is_one_question() -> None:
    asked = []

    def together(items: Sequence[Item]) -> bool:
        asked.append(items)
        return (37, 0) not in items

    sites = [two_levels(str(i)) for i in range(64)]
    region = widest(sites, (1,) * 64, together)
    assert [i for i, levels in enumerate(region) if levels != {0, 1}] == [37]
    assert len(asked) <= 2 * 6 + 1  # both halves at each of log2(64) depths


def test_alternatives_are_both_there() -> None:
    region = widest([READ], (2,), lambda _: True)
    assert region == (frozenset((0, 1, 2)),)


def test_a_form_below_one_that_is_too_much() -> None:
    """The write barrier is allowed where the full one is not, and so it is all that is found."""
    region = widest([BARRIER], (3,), lambda items: meaning(items) <= {(0, "wmb")})
    assert region == (frozenset((1, 3)),)


def test_what_the_point_has_may_be_more() -> None:
    """From a read barrier: all else is allowed, but not what is above it."""
    region = widest([BARRIER, READ], (2, 2), lambda items: (0, 0) not in items)
    assert region == (frozenset((1, 2, 3)), frozenset((0, 1, 2)))
