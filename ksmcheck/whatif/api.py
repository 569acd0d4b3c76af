"""What if, from Python: ``from ksmcheck import whatif``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ksmcheck.check.verdict import Request, Verdict
from ksmcheck.model.load import shipped_models
from ksmcheck.program.change import REMOVE, WEAKEN, Change
from ksmcheck.program.inventory import Spot, find_spot
from ksmcheck.record import Struct, field, replace
from ksmcheck.text import InputError
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.matrix import Answer, chosen_changes, questions
from ksmcheck.whatif.minimal import Judge, MinimalSet, barrier_space, minimal_sets
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

    def minimal(self, *, lattice: bool = False) -> Iterator[MinimalSet]:
        """The least sets of barriers that keep the properties under all the models together.

        Raises minimal.Inconclusive, also in the end where not all could be looked at.
        """
        space = barrier_space(self.sites(), self.requests[0].kernel, lattice=lattice)
        yield from minimal_sets(Judge(self.asker, self.requests), space)

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
