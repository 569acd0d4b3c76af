"""The least sets of barriers that keep a program's properties, per model and for all together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ksmcheck.check.verdict import BOUNDED, UNKNOWN, Request, Verdict
from ksmcheck.kernel.primitives import primitives
from ksmcheck.program.change import REMOVE, WEAKEN, Change
from ksmcheck.program.inventory import Spot
from ksmcheck.record import Struct, field
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.lattice import Levels, Point, minimal_points, two_levels

KEEP = "keep"


class Inconclusive(Exception):
    """A verdict on the way is UNKNOWN, or safe only up to a bound; the text says which."""


class MinimalSet(Struct, frozen=True):
    """``kept``: site -> the form it has to have (``keep``: as it is, or a weaker primitive).

    ``changes`` make the program that has no more than this.
    """

    models: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]
    changes: tuple[Change, ...]


class Space(Struct):
    """The sites that a search ranges over, and what each level stands for.

    ``forms[i][level]`` is the change that gives site i that level, None for the program as it is.
    """

    sites: list[Levels] = field(default_factory=list)
    forms: list[tuple[Change | None, ...]] = field(default_factory=list)

    def changes(self, point: Point) -> tuple[Change, ...]:
        """The changes that make a point's program."""
        found = (forms[level] for forms, level in zip(self.forms, point, strict=True))
        return tuple(change for change in found if change is not None)

    def kept(self, point: Point) -> tuple[tuple[str, str], ...]:
        """Site and form of all that is not removed."""
        found = []
        for levels, forms, level in zip(self.sites, self.forms, point, strict=True):
            form = forms[level]
            if form is None or form.kind != REMOVE:
                found.append((levels.site, KEEP if form is None else form.to))
        return tuple(found)


def barrier_space(spots: Sequence[Spot], kernel: str, *, lattice: bool = False) -> Space:
    """Keep or remove each barrier; with ``lattice`` also the weaker forms of barriers, marked
    accesses and atomics (which are never removed)."""
    space = Space()
    known = primitives(kernel)
    for spot in spots:
        if spot.sort != "primitive":
            continue
        fence = known[spot.primitive].shape == "fence"
        paired = any(
            c.startswith(("rcu-", "grace-", "srcu-")) for c in known[spot.primitive].classes
        )
        removal = Change(spot.name, REMOVE)
        removable = fence and not paired and removal in spot.changes
        weaker = tuple(c for c in spot.changes if c.kind == WEAKEN) if lattice else ()
        if lattice and (weaker or removable):
            _add_lattice(space, spot, weaker, removal if removable else None, kernel)
        elif removable:
            space.sites.append(two_levels(spot.name))
            space.forms.append((None, removal))
    return space


def _add_lattice(
    space: Space, spot: Spot, weaker: Sequence[Change], removal: Change | None, kernel: str
) -> None:
    from ksmcheck.kernel.orders import weaker as weaker_forms

    forms: list[Change | None] = [None, *weaker, *([removal] if removal else [])]
    names = [spot.primitive, *(c.to for c in weaker), *(["remove"] if removal else [])]
    below = []
    for index, name in enumerate(names):
        if index == 0:
            below.append(frozenset(range(1, len(names))))
        elif name == "remove":
            below.append(frozenset[int]())
        else:
            less = {i for i, other in enumerate(names) if other in weaker_forms(name, kernel)}
            below.append(frozenset(less | ({len(names) - 1} if removal else set())))
    space.sites.append(Levels(spot.name, tuple(names), tuple(below)))
    space.forms.append(tuple(forms))


class Judge(Struct):
    """Whether changed programs keep the properties under all of some requests (one a model)."""

    asker: Asker
    requests: Sequence[Request]
    allow_bounded: bool = False
    asked: int = 0

    def safe(self, changes: tuple[Change, ...]) -> bool:
        """Raises Inconclusive, and InputError for changes that cannot be made."""
        return all(keeps(self.verdict(request, changes)) for request in self.requests)

    def verdict(self, request: Request, changes: tuple[Change, ...]) -> Verdict:
        """One conclusive verdict. Raises as ``safe``."""
        self.asked += 1
        verdict = self.asker.ask(request, changes)
        open_ = {UNKNOWN} if self.allow_bounded else {UNKNOWN, BOUNDED}
        if verdict.verdict in open_:
            what = "; ".join(map(str, changes)) or "as it is"
            raise Inconclusive(f"{request.model}, {what}: {verdict.reason or verdict.verdict}")
        return verdict


def keeps(verdict: Verdict) -> bool:
    """SAFE; for a test with ``exists``, that what it asks for is never seen."""
    if verdict.observation is not None:
        return verdict.observation == "Never" and not verdict.flags
    return verdict.safe or verdict.verdict == BOUNDED


def minimal_sets(judge: Judge, space: Space) -> Iterator[MinimalSet]:
    """All minimal safe sets, each as soon as it is found. None: not safe as it is.

    Complete where the models are monotone: with more order, fewer executions. Raises Inconclusive.
    """
    models = tuple(request.model for request in judge.requests)
    answers: dict[Point, bool] = {}

    def safe(point: Point) -> bool:
        if point not in answers:
            answers[point] = judge.safe(space.changes(point))
        return answers[point]

    for point in minimal_points(space.sites, safe):
        yield MinimalSet(models, space.kept(point), space.changes(point))
