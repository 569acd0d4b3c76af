"""The least strengthening that makes a violated program safe.

Candidates are a barrier before each statement that touches memory, and the stronger forms of what
is there. The least sets are found from below: of each violating execution it is worked out, on its
graph alone, with which candidates it would still be possible; every repair has to have another one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from ksmcheck.check.verdict import VACUOUS, Request
from ksmcheck.execution.execution import Execution
from ksmcheck.execution.visits import Visit, visits
from ksmcheck.kernel.orders import stronger
from ksmcheck.kernel.primitives import primitives
from ksmcheck.model.load import shipped_models
from ksmcheck.model.model import Model
from ksmcheck.program.change import INSERT, STRENGTHEN, Change
from ksmcheck.program.gaps import gap_at, gaps
from ksmcheck.program.inventory import Spot
from ksmcheck.program.tree import Tree
from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import (
    Declaration,
    DeclGroup,
    DoWhile,
    ExprStmt,
    For,
    If,
    Return,
    Switch,
    While,
)
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError, Span
from ksmcheck.whatif.asker import Asker, refused
from ksmcheck.whatif.certain import LessOrder, Violation
from ksmcheck.whatif.imagine import Imagination, place
from ksmcheck.whatif.lattice import Levels, Point, Region, below, minimal_points
from ksmcheck.whatif.minimal import Doubts, Judge, Space, proved
from ksmcheck.whatif.widest import Item, widest

_PATIENCE = 100
"""Each of these is a check of its own."""

_BARRIERS = ("smp_mb", "smp_wmb", "smp_rmb")
_LESS = (frozenset((1, 2, 3)), frozenset((3,)), frozenset((3,)), frozenset[int]())
"""smp_mb is above the other two, and these above nothing."""


class Repair(Struct, frozen=True):
    """Changes that make the program safe under all the models; none of them can be left out."""

    models: tuple[str, ...]
    changes: tuple[Change, ...]


def repair_space(test: LitmusTest, spots: Sequence[Spot], kernel: str) -> Space:
    """What a repair may do; the last level of each site is to leave it alone."""
    space = Space()
    for line in _gaps(test, spots, kernel):
        space.sites.append(Levels(line, (*_BARRIERS, "nothing"), _LESS))
        space.forms.append((*(Change(line, INSERT, name) for name in _BARRIERS), None))
    for spot in spots:
        forms = _stronger(spot, kernel)
        if forms:
            names = tuple(c.to for c in forms)
            below = [frozenset(_weaker_among(n, names, kernel) | {len(names)}) for n in names]
            space.sites.append(Levels(spot.name, (*names, "nothing"), (*below, frozenset())))
            space.forms.append((*forms, None))
    return space


def _stronger(spot: Spot, kernel: str) -> tuple[Change, ...]:
    """Stronger forms of accesses and atomics. A barrier beside a barrier is an insertion."""
    fence = spot.sort == "primitive" and primitives(kernel)[spot.primitive].shape == "fence"
    if fence or spot.sort not in ("primitive", "plain"):
        return ()
    return tuple(c for c in spot.changes if c.kind == STRENGTHEN)


def _weaker_among(name: str, names: Sequence[str], kernel: str) -> set[int]:
    return {i for i, other in enumerate(names) if name in stronger(other, kernel)}


_STATEMENTS = ExprStmt | Declaration | DeclGroup | If | While | DoWhile | For | Switch | Return


def _gaps(test: LitmusTest, spots: Sequence[Spot], kernel: str) -> Iterator[str]:
    """Where the statements begin that have an access of memory in them: ``FILE:LINE``, with the
    column where several begin in one line."""
    known = primitives(kernel)
    sites = [s for s in spots if s.sort in ("primitive", "plain", "call")]
    fences = frozenset(
        id(s.node) for s in sites if s.sort == "primitive" and known[s.primitive].shape == "fence"
    )
    places = list(gaps(test))
    lines = Counter((gap.span.source.name, gap.span.line) for gap in places)
    for _, held in groupby(places, key=lambda gap: id(gap.holder)):
        for span in _before_accesses([gap.statement for gap in held], sites, fences):
            line = f"{span.source.name}:{span.line}"
            alone = lines[span.source.name, span.line] == 1
            yield line if alone else f"{line}:{span.column}"


def untried(spots: Iterable[Spot], kernel: str) -> tuple[str, ...]:
    """Macros that have become several accesses somewhere in the test's own files: between these is
    no line of the file, and no barrier is tried there."""
    known = primitives(kernel)
    uses = Counter(
        (s.span.source, s.span.start)
        for s in spots
        if s.span.via is not None
        and not s.span.source.name.startswith(("<linux/", "<asm/"))
        and (s.sort == "plain" or (s.sort == "primitive" and known[s.primitive].shape != "fence"))
    )
    words = [_WORD.match(source.text, start) for (source, start), n in uses.items() if n > 1]
    return tuple(dict.fromkeys(word[0] for word in words if word is not None))


_WORD = re.compile(r"\w+")


def _before_accesses(
    statements: Sequence[Tree], sites: Sequence[Spot], fences: frozenset[int]
) -> list[Span]:
    """Where the statements of a block begin that a barrier may stand before. What stands before a
    barrier stands behind it just as well, if there is a place."""
    found: list[Span] = []
    follows = False
    for statement in reversed(statements):
        bare = isinstance(statement, ExprStmt) and id(statement.expr) in fences
        place = isinstance(statement, _STATEMENTS) and _touches(statement.span, sites)
        if place and not (bare and follows and statement.span.via is None):
            found.append(statement.span)
        follows = place
    return found[::-1]


def _touches(whole: Span, sites: Iterable[Spot]) -> bool:
    return any(
        s.span.source is whole.source and whole.start <= s.span.start < whole.end for s in sites
    )


class Vain(Exception):
    """There is no repair; the text says what becomes of the program instead."""


class Repairer:
    """Searches repairs under all of some requests."""

    def __init__(
        self, asker: Asker, requests: Sequence[Request], *, allow_bounded: bool = False
    ) -> None:
        self.asker = asker
        self.requests = requests
        self.judge = Judge(asker, requests, allow_bounded)
        self.violated: Violation | None = None
        self.impossible: set[Change] = set()
        self.endless: tuple[Change, ...] | None = None
        self.ordered = False

    def repairs(self, space: Space, test: LitmusTest) -> Iterator[Repair]:
        """All least repairs, each as soon as it is found. Raises minimal.Inconclusive, and Vain in
        the end if there are none."""
        models = tuple(request.model for request in self.requests)
        where = {
            levels.site: gap_at(test, levels.site).span
            for levels, forms in zip(space.sites, space.forms, strict=True)
            if forms[0] is not None and forms[0].kind == INSERT
        }
        spots = self.asker.spots(self.requests[0])
        self.ordered = self._is_ordered(space, test, spots)
        doubts, endless = Doubts(_PATIENCE), Doubts(_PATIENCE)
        found = False
        for point in minimal_points(
            space.sites,
            lambda p: self._safe(space.changes(p)),
            lambda p: self._still_allowed(space, p, where),
            lambda p, region, counts: self._sure(space, p, region, where, doubts, counts),
            lambda p: self._endless(space.changes(p), endless),
        ):
            found = True
            yield Repair(models, space.changes(point))
        doubts.end()
        endless.end()
        if self.endless is not None and not found:
            made = f"with {', '.join(map(str, self.endless))}" if self.endless else "as it is,"
            raise Vain(f"{made} no execution runs to its end")

    def _safe(self, changes: tuple[Change, ...]) -> bool:
        """What cannot be changed so (a bit-field marked, say) counts as left alone."""
        self.violated = None
        made = tuple(c for c in changes if c not in self.impossible)
        try:
            self.violated = self.judge.broken(made)
        except InputError:
            first = self.requests[0]
            wrong = {c for c in made if refused(self.asker, first, (c,)) is not None}
            if not made:
                raise
            if not wrong:
                return False
            self.impossible |= wrong
            return self._safe(changes)
        return self.violated is None

    def _is_ordered(self, space: Space, test: LitmusTest, spots: Sequence[Spot]) -> bool:
        """Whether more order only ever takes executions away: so it is under the models that come
        with ksmcheck, but for operations that may fail, which may lose order there by a stronger
        name. With a filter a run may end and not count."""
        kernel = self.requests[0].kernel
        known, called = primitives(kernel), {spot.name: spot.primitive for spot in spots}
        changed = {c.site for forms in space.forms for c in forms if c and c.kind == STRENGTHEN}
        names = {called[site] for site in changed} & known.keys()
        for request in self.requests:
            if request.model not in shipped_models():
                return False
            model = self.asker.workshop.model(request.model)
            configs = self.asker.workshop.configs(request)
            rows = [model.row(known[name], kernel, c) for name in names for c in configs]
            if any(row.fail is not None for row in rows):
                return False
        return test.filter is None

    def _endless(self, changes: tuple[Change, ...], doubts: Doubts) -> bool:
        """Whether nothing runs to its end with the changes, so that more order does not help: each
        thread waits for what another may only do later."""
        violated = self.violated
        if violated is None or violated.verdict.verdict != VACUOUS:
            return False
        if not self.ordered:
            return doubts.doubt(f"with {', '.join(map(str, changes))} no execution counts")
        if self.endless is None:
            self.endless = changes
        return True

    def _sure(
        self,
        space: Space,
        point: Point,
        region: Region,
        where: Mapping[str, Span],
        doubts: Doubts,
        counts: bool,
    ) -> Region | None:
        """In how much of a region the violating execution stays one."""
        if self.violated is None:
            doubt = "some of the changes cannot be made together"
            return doubts.settle(None, region, doubt, counts)
        model = self.asker.workshop.model(self.violated.verdict.request.model)
        less = LessOrder(self.violated, model, self.asker.spots(self.requests[0]), where)
        found, doubt = proved(less, space, point, region, self.impossible)
        return doubts.settle(found, region, doubt, counts)

    def _visits(self, violated: Violation, execution: Execution, model: Model) -> Sequence[Visit]:
        verdict = violated.verdict
        workshop, request = self.asker.workshop, verdict.request
        test = workshop.test(request)
        assert isinstance(test, LitmusTest)
        return visits(
            *(test, request.kernel, model, violated.config),
            *(execution, violated.cells, workshop.readings),
        )

    def _still_allowed(
        self, space: Space, point: Point, where: dict[str, Span]
    ) -> Iterator[Region]:
        """The point with all candidates added that leave the violating execution possible: those of
        all sites, then those of the sites where the point has nothing."""
        violated = self.violated
        if violated is None or violated.execution is None:
            return
        verdict, execution = violated.verdict, violated.execution
        model = self.asker.workshop.model(verdict.request.model)
        calls = {spot.name: place(spot.span) for spot in self.asker.spots(self.requests[0])}
        visited = self._visits(violated, execution, model)
        imagination = Imagination(
            *(verdict, violated.config, execution, violated.flags),
            *(model, where, calls, visited),
        )
        region = widest(
            space.sites, point, lambda items: imagination.allowed(self._changes(space, items))
        )
        yield region
        own = below(space.sites, point)
        free = [forms[level] is None for forms, level in zip(space.forms, point, strict=True)]
        yield tuple(r if f else o for r, f, o in zip(region, free, own, strict=True))

    def _changes(self, space: Space, items: Iterable[Item]) -> list[Change]:
        """What makes sites what the items say, as far as it can be made."""
        found = (space.forms[site][level] for site, level in items)
        return [c for c in found if c is not None and c not in self.impossible]
