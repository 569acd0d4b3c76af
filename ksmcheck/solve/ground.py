"""Base encodings in a solver, shared by the event structures whose accesses are alike.

Under two models, or with and without a barrier, a program mostly has the same accesses: the base
encoding, with its coherence and atomicity, is then the same too. Each session sees it with its own
fences, tags and dependencies, and what it learns there is said under an assumption of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.events.structure import EventStructure
from ksmcheck.record import Struct, field
from ksmcheck.solve.backends import open_backend
from ksmcheck.solve.backends.backend import Backend
from ksmcheck.solve.base import Base
from ksmcheck.solve.coherence import add_atomicity, add_coherence
from ksmcheck.solve.premises import Premises

_KEPT = 6
"""Solvers that stay open: a scenario of the KSM suite has as many kinds of accesses."""

_CLAUSES = 400_000
"""In all of them together, each of which takes some 250 bytes."""

_GROWN = 3
"""A ground with this many times the clauses that it began with is left to its sessions: what they
learn is of no use to others."""

_Key = tuple[object, ...]


class Ground(Struct):
    """One base encoding and the solver that has its clauses, the first ``loaded`` of them. There
    were ``begun`` before the first session."""

    base: Base
    backend: Backend
    begun: int
    loaded: int = 0

    @property
    def size(self) -> int:
        """In clauses."""
        return len(self.base.gates.clauses)

    def load(self) -> None:
        """Gives the solver the clauses that are new."""
        clauses = self.base.gates.clauses
        if self.loaded < len(clauses):
            self.backend.extend(clauses[self.loaded :])
            self.loaded = len(clauses)


def open_ground(structure: EventStructure, axioms: Premises, backend: str) -> Ground:
    """Raises InputError for an unknown back end, and TooManyValues."""
    solver = open_backend(backend)
    base = Base(structure, axioms.coherence)
    if axioms.coherence:
        add_coherence(base)
    if axioms.atomicity:
        add_atomicity(base)
    return Ground(base, solver, len(base.gates.clauses))


class Grounds(Struct):
    """Those of one run, the last few that were asked for."""

    _known: dict[_Key, Ground] = field(default_factory=dict)

    def ground(self, structure: EventStructure, axioms: Premises, backend: str) -> Ground:
        """As ``open_ground``, for structures whose terms are of one table."""
        key = (_accesses(structure), axioms.coherence, axioms.atomicity, backend)
        found = self._known.pop(key, None)
        if found is None or found.size > _GROWN * found.begun:
            found = open_ground(structure, axioms, backend)
        self._known[key] = found
        while len(self._known) > _KEPT or (len(self._known) > 1 and self._size() > _CLAUSES):
            del self._known[next(iter(self._known))]
        return found

    def _size(self) -> int:
        return sum(ground.size for ground in self._known.values())


def _accesses(structure: EventStructure) -> _Key:
    """All of a structure that the encoding depends on: events that are no fences, rmw, and the
    constraints. Of positions that is which accesses share one."""
    found: list[object] = [(c.address, c.init, c.type.width) for c in structure.cells]
    place: tuple[int, int] | None = None
    for e in structure.events:
        if e.kind != "F":
            here = (e.thread, e.position)
            address, value = (-1 if t is None else t.id for t in (e.address, e.value))
            terms = (e.guard.id, address, value, e.width)
            found.append((e.kind, e.thread, here == place, *terms, e.cells, e.values))
            place = here
    rules: Sequence[int] = [rule.id for rule in structure.constraints]
    return (id(structure.terms), tuple(found), structure.rmw, tuple(rules))
