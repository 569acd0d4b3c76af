"""What if, from Python: ``from ksmcheck import whatif``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ksmcheck.check.verdict import Request, Verdict
from ksmcheck.explain.tell import simply_told
from ksmcheck.model.load import shipped_models
from ksmcheck.program.change import REMOVE, WEAKEN, Change
from ksmcheck.program.inventory import Spot, find_spot
from ksmcheck.record import Struct, field, replace
from ksmcheck.text import InputError
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.cost import load_costs
from ksmcheck.whatif.matrix import Answer, chosen_changes, questions
from ksmcheck.whatif.minimal import Judge, MinimalSet, barrier_space, minimal_sets
from ksmcheck.whatif.patch import patched_copy
from ksmcheck.whatif.repair import Repair, Repairer, Vain, repair_space
from ksmcheck.whatif.sweep import sweep
from ksmcheck.whatif.why import Grounds, grounds


class WhatIf(Struct):
    """Questions about one litmus file at one kernel point, under some models.

    ``requests`` has one a model. All methods raise InputError for bad input.
    """

    requests: tuple[Request, ...]
    asker: Asker = field(default_factory=Asker)

    def sites(self) -> tuple[Spot, ...]:
        """Every place that can be changed, with its ``changes``."""
        return self.asker.spots(self.requests[0])

    def ask(self, *changes: Change) -> tuple[Verdict, ...]:
        """The verdicts with all the changes made, one a model."""
        spots = self.sites()
        named = tuple(
            c if ":" in c.site else replace(c, site=find_spot(c.site, spots).name) for c in changes
        )
        return tuple(self.asker.ask(request, named) for request in self.requests)

    def matrix(
        self, kinds: Iterable[str] = (REMOVE, WEAKEN), sites: Iterable[str] = (), jobs: int = 1
    ) -> Iterator[Answer]:
        """The necessity matrix, cell by cell; each model begins with the program as it is."""
        changes = chosen_changes(self.sites(), kinds, sites)
        yield from sweep(questions(self.requests, changes), jobs=jobs)

    def patched(self, folder: str | Path, *diffs: str | Path) -> WhatIf:
        """The same questions about a copy of the test's files in ``folder``, with the unified diffs
        applied one after the other."""
        first = self.requests[0]
        test = self.asker.workshop.source(first)
        copy = patched_copy(test, first.path, map(Path, diffs), Path(folder))
        return WhatIf(tuple(replace(request, path=copy) for request in self.requests))

    def story(self, verdict: Verdict) -> str | None:
        """Why what is violated can happen, in a sentence: the order that is missing, or the
        accesses that race. None where there is no execution to tell of."""
        told = simply_told(self.asker, verdict)[1]
        return None if told is None else told.sentence

    def cost(self, found: MinimalSet | Repair) -> float | None:
        """What a set keeps or a repair adds, by the models' weights together; None where a model
        has none."""
        costs = [load_costs(self.asker.workshop.model(r.model), r) for r in self.requests]
        spots = self.sites()
        total = 0.0
        for one in costs:
            if one is None:
                return None
            if isinstance(found, MinimalSet):
                total += one.kept(found.kept, spots)
            else:
                total += one.added(found.changes, spots)
        return total

    def minimal(
        self, *, lattice: bool = False, allow_bounded: bool = False
    ) -> Iterator[MinimalSet]:
        """The least sets of barriers that keep the properties under all the models together;
        ``allow_bounded``: or up to a bound.

        Raises minimal.Inconclusive, also in the end where not all could be looked at.
        """
        space = barrier_space(self.sites(), self.requests[0].kernel, lattice=lattice)
        yield from minimal_sets(Judge(self.asker, self.requests, allow_bounded), space)

    def repairs(self, *, allow_bounded: bool = False) -> Iterator[Repair]:
        """The least strengthenings that make it safe (or ``SAFE up to k``, if that is allowed)
        under all the models together; raises as ``minimal``."""
        test = self.asker.workshop.source(self.requests[0])
        space = repair_space(test, self.sites(), self.requests[0].kernel)
        with suppress(Vain):
            repairer = Repairer(self.asker, self.requests, allow_bounded=allow_bounded)
            yield from repairer.repairs(space, test)

    def why(self) -> tuple[Grounds | None, ...]:
        """What a SAFE rests on, one a model; None where it is not safe."""
        return tuple(grounds(self.asker, request) for request in self.requests)


def whatif(
    path: str | Path,
    models: str | Iterable[str] = "lkmm",
    kernel: str = "6.12",
    **options: object,
) -> WhatIf:
    """Questions about a litmus file; ``models`` is a name, several, or ``all``. ``options`` are
    other fields of ``Request``.

    >>> from ksmcheck import whatif
    >>> asked = whatif("litmus/classic/MP/MP+wmb+rmb.litmus", ["armv8", "lkmm"])
    >>> for cell in asked.matrix():
    ...     print(cell.request.model, *map(str, cell.changes), cell.word)
    """
    names = [models] if isinstance(models, str) else list(models)
    asker = Asker()
    if names == ["all"]:
        names = [n for n in shipped_models() if kernel in asker.workshop.model(n).kernels]
    if not names:
        raise InputError("whatif: there is no model to ask", hint=f"{models!r}, kernel {kernel}")
    requests = tuple(Request(Path(path), name, kernel, **options) for name in names)  # type: ignore[arg-type]
    return WhatIf(requests, asker)
