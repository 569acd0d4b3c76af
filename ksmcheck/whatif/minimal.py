"""The least sets of barriers that keep a program's properties, per model and for all together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from ksmcheck.check.verdict import BOUNDED, UNKNOWN, Request, Verdict
from ksmcheck.kernel.primitives import primitives
from ksmcheck.program.change import REMOVE, WEAKEN, Change
from ksmcheck.program.inventory import Spot
from ksmcheck.record import Struct, field
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.certain import LessOrder, Unsure, Violation
from ksmcheck.whatif.lattice import Levels, Point, Region, minimal_points, two_levels

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

    def point(self, changes: Iterable[Change]) -> Point:
        """The point that the changes make."""
        made = frozenset(changes)
        return tuple(
            next((i for i, form in enumerate(forms) if form in made), forms.index(None))
            for forms in self.forms
        )

    def within(self, region: Region) -> dict[str, tuple[Change | None, ...]]:
        """What each site may be in the region."""
        return {
            levels.site: tuple(forms[i] for i in sorted(some))
            for levels, forms, some in zip(self.sites, self.forms, region, strict=True)
        }

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

    def broken(self, changes: tuple[Change, ...]) -> Violation | None:
        """The first verdict that does not keep them. Raises Inconclusive, and InputError for
        changes that cannot be made."""
        for request in self.requests:
            verdict = self.verdict(request, changes)
            if not keeps(verdict):
                return self._violation(verdict)
        return None

    def _violation(self, verdict: Verdict) -> Violation:
        witness = verdict.witness
        if witness is not None:
            flags = verdict.flags if verdict.observation is None else ()
            config = verdict.config.partition("+")[0]  # the witness's comes first
            return Violation(verdict, witness.execution, flags, witness.cells, config)
        # a flag alone, of a test that demands nothing
        racing = self.asker.racing(verdict) if verdict.flags else None
        if racing is None:
            return Violation(verdict, None, verdict.flags)
        execution, structure = racing
        cells, config = structure.cells, structure.config
        return Violation(verdict, execution, verdict.flags, cells, config)

    def verdict(self, request: Request, changes: tuple[Change, ...]) -> Verdict:
        """One conclusive verdict. Raises as ``broken``."""
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


PATIENCE = 500


class Doubts(Struct):
    """What is not proved to stay unsafe with less order, and so looked at point by point.

    There is patience for so many points; then it is taken to be so, and ``end`` says it.
    """

    patience: int
    reason: str | None = None

    def doubt(self, reason: str, counts: bool = True) -> bool:
        """Whether it is to be taken for proved nevertheless; where the doubt does not count, only
        if there is no patience left."""
        if self.patience > 0:
            self.patience -= counts
            return False
        self.reason = self.reason or reason
        return True

    def settle(
        self, found: Region | None, region: Region, reason: str, counts: bool = True
    ) -> Region | None:
        """What is proved, or the whole region if it is to be taken for that."""
        if reason and self.doubt(reason, counts or found is not None):
            return region
        return found

    def end(self) -> None:
        """Raises Inconclusive if something was taken for proved."""
        if self.reason is not None:
            raise Inconclusive(f"not all could be looked at, and {self.reason}")


def proved(
    less: LessOrder,
    space: Space,
    point: Point,
    region: Region,
    impossible: Collection[Change] = (),
) -> tuple[Region | None, str]:
    """As much of a region as the execution of a point of it is proved for, None if for nothing; and
    what was in the way. A site of which nothing can be said stays as it is at the point."""
    own = [frozenset((level,)) for level in point]
    index = {levels.site: i for i, levels in enumerate(space.sites)}
    narrowed, reason = list(region), ""
    while True:
        forms = space.within(tuple(narrowed))
        try:
            less.prove({s: [c for c in f if c not in impossible] for s, f in forms.items()})
        except Unsure as why:
            reason = reason or str(why)
            hard = index.get(why.site)
            if hard is None or narrowed[hard] == own[hard]:
                return None, reason
            narrowed[hard] = own[hard]
        else:
            return tuple(narrowed), reason


class _Sets(Struct):
    """The questions of one search for minimal sets; ``answers``: None where a point is safe."""

    judge: Judge
    space: Space
    spots: Sequence[Spot]
    doubts: Doubts
    answers: dict[Point, Violation | None] = field(default_factory=dict)

    def safe(self, point: Point) -> bool:
        if point not in self.answers:
            self.answers[point] = self.judge.broken(self.space.changes(point))
        return self.answers[point] is None

    def sure(self, point: Point, region: Region, counts: bool) -> Region | None:
        violation = self.answers[point]
        assert violation is not None
        model = self.judge.asker.workshop.model(violation.verdict.request.model)
        less = LessOrder(violation, model, self.spots)
        found, doubt = proved(less, self.space, point, region)
        return self.doubts.settle(found, region, doubt, counts)


def minimal_sets(judge: Judge, space: Space, patience: int | None = None) -> Iterator[MinimalSet]:
    """All minimal safe sets, each as soon as it is found. None: not safe as it is.

    Raises Inconclusive, also in the end where a model may forbid more with less order and there are
    more points to look at for that reason than ``patience`` says.
    """
    models = tuple(request.model for request in judge.requests)
    doubts = Doubts(PATIENCE if patience is None else patience)
    search = _Sets(judge, space, judge.asker.spots(judge.requests[0]), doubts)
    for point in minimal_points(space.sites, search.safe, sure=search.sure):
        yield MinimalSet(models, space.kept(point), space.changes(point))
    doubts.end()


def joint_sets(
    judge: Judge, space: Space, alone: Sequence[Sequence[MinimalSet]]
) -> Iterator[MinimalSet]:
    """As ``minimal_sets`` for several models, where all sets of each of them alone are known.

    What is not above a minimal set of each model is unsafe. Of the rest the least points are asked
    about; if these are safe they are all there are. Raises as ``minimal_sets``.
    """
    borders = [[space.point(least.changes) for least in sets] for sets in alone]

    def perhaps(point: Point) -> bool:
        return all(any(_at_least(space, point, p) for p in border) for border in borders)

    models = tuple(request.model for request in judge.requests)
    found: set[Point] = set()
    for point in minimal_points(space.sites, perhaps):
        if judge.broken(space.changes(point)) is not None:
            break
        found.add(point)
        yield MinimalSet(models, space.kept(point), space.changes(point))
    else:
        return
    for least in minimal_sets(judge, space):
        if space.point(least.changes) not in found:
            yield least


def _at_least(space: Space, high: Point, low: Point) -> bool:
    return all(a in levels.at_most(b) for levels, a, b in zip(space.sites, low, high, strict=True))
