"""Small event structures and models made by hand, without the front end and the lowering."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.load import load_text
from ksmcheck.events.structure import INIT_THREAD, Dependency, Event, EventStructure
from ksmcheck.events.terms import Term, TermTable
from ksmcheck.kernel.ints import ADDRESS, BOOL, U32
from ksmcheck.program.ir import Cell

SC = """"SC"
acyclic po | rf | co | fr as sc
empty rmw & (fre ; coe) as atomic
"""

# x86-TSO (Owens, Sarkar, Sewell 2009) with only the fence MFENCE.
TSO = """"TSO"
let com = rf | co | fr
acyclic po-loc | com as uniproc
empty rmw & (fre ; coe) as atomic
let implied = (po & (W * R) & (range(rmw) * _)) | (po & (W * R) & (_ * domain(rmw)))
let ppo = (po & ((R * M) | (W * W))) | (po & (_ * MFENCE)) ; po | implied
acyclic ppo | rfe | co | fr as ghb
flag ~empty (W * W) & loc & ext \\ (co | co^-1 | id) as never
flag ~empty rfe \\ (IW * _) as communicates
flag ~empty rfe as foreign
"""

# Made up: order by dependencies only, coherence and atomicity in words that the engine does not
# take for what they are, so that all of it has to be learned from candidates.
DEPS = """"DEPS"
irreflexive (po-loc | rf | co | fr)+ as uniproc
irreflexive rmw ; (fre ; coe)^-1 as atomic
acyclic addr | data | ctrl | po-loc | rfe | coe | fre as order
"""


CatOf = Callable[[str], CompiledCat]
"""Compiles a cat text."""


class Build:
    """Makes an EventStructure event by event. Addresses are 1000 + 8 * cell."""

    def __init__(self, *inits: int) -> None:
        self.terms = TermTable()
        self.cells = tuple(
            Cell(i, f"c{i}", 1000 + 8 * i, U32, init, False, "int") for i, init in enumerate(inits)
        )
        self.events: list[Event] = []
        self.rmw: list[tuple[int, int]] = []
        self.dependencies: list[Dependency] = []
        self.constraints: list[Term] = []
        self.threads = 0
        for cell in self.cells:
            self._event(INIT_THREAD, "W", self.address(cell.id), self.const(cell.init), "IW")

    def thread(self) -> int:
        self.threads += 1
        return self.threads - 1

    def const(self, value: int) -> Term:
        return self.terms.const(value, U32)

    def address(self, cell: int) -> Term:
        return self.terms.const(1000 + 8 * cell, ADDRESS)

    def eq(self, a: Term, value: int) -> Term:
        return self.terms.op("eq", BOOL, a, self.const(value))

    def read(
        self,
        thread: int,
        cell: int | Term,
        values: tuple[int, ...] = (0, 1, 2, 3),
        guard: Term | None = None,
        cells: tuple[int, ...] | None = None,
        tags: tuple[str, ...] = (),
    ) -> Term:
        """Emits a read; ``cell`` may be an address term with its ``cells``."""
        value = self.terms.read(len(self.events), U32)
        where = self.address(cell) if isinstance(cell, int) else cell
        self._event(thread, "R", where, value, *tags, guard=guard, cells=cells, values=values)
        return value

    def write(
        self,
        thread: int,
        cell: int | Term,
        value: int | Term,
        guard: Term | None = None,
        cells: tuple[int, ...] | None = None,
        tags: tuple[str, ...] = (),
    ) -> int:
        """Emits a write and gives its id."""
        term = self.const(value) if isinstance(value, int) else value
        where = self.address(cell) if isinstance(cell, int) else cell
        self._event(thread, "W", where, term, *tags, guard=guard, cells=cells)
        return len(self.events) - 1

    def depend(self, relation: str, source: Term, guard: Term | None = None) -> None:
        """The newest event depends on the read ``source``."""
        target = len(self.events) - 1
        when = guard or self.terms.true
        self.dependencies.append(Dependency(relation, source.payload, target, when))

    def fence(self, thread: int, *tags: str, guard: Term | None = None) -> None:
        self._event(thread, "F", None, None, *tags, guard=guard)

    def atomic(self, thread: int, cell: int, new: Callable[[Term], Term]) -> Term:
        """An atomic read-modify-write."""
        read = self.read(thread, cell)
        self.rmw.append((len(self.events) - 1, self.write(thread, cell, new(read))))
        return read

    def final(self, cell: int) -> Term:
        return self.terms.final(cell, U32)

    def plus(self, a: Term, b: int) -> Term:
        return self.terms.op("add", U32, a, self.const(b))

    def _event(
        self,
        thread: int,
        kind: str,
        address: Term | None,
        value: Term | None,
        *tags: str,
        guard: Term | None = None,
        cells: tuple[int, ...] | None = None,
        values: tuple[int, ...] = (),
    ) -> None:
        if cells is None:
            cells = () if address is None else ((address.payload - 1000) // 8,)
        if value is not None and value.is_const:
            values = (value.payload,)
        number = len(self.events)
        guard = guard or self.terms.true
        self.events.append(
            Event(
                number, thread, kind, guard, address, value, frozenset(tags), number,
                cells, values, 0 if kind == "F" else 32, number, "", None,
            )
        )  # fmt: skip

    def structure(self) -> EventStructure:
        return EventStructure(
            name="test", model="test", kernel="6.12", config="", cells=self.cells,
            events=tuple(self.events), threads=self.threads,
            thread_names=tuple(f"P{i}" for i in range(self.threads)), rmw=tuple(self.rmw),
            dependencies=tuple(self.dependencies), constraints=tuple(self.constraints),
            obligations=(), cuts=(), terminated=self.terms.true, quantifier=None, condition=None,
            filter=None, outputs=(), observed=(), terms=self.terms,
        )  # fmt: skip


@pytest.fixture(scope="session")
def build() -> type[Build]:
    return Build


@pytest.fixture(scope="session")
def sc() -> CompiledCat:
    return compile_cat(load_text(SC, "sc"))


@pytest.fixture(scope="session")
def tso() -> CompiledCat:
    return compile_cat(load_text(TSO, "tso"))


@pytest.fixture(scope="session")
def deps() -> CompiledCat:
    return compile_cat(load_text(DEPS, "deps"))


@pytest.fixture(scope="session")
def cat_of() -> CatOf:
    return lambda text: compile_cat(load_text(text, "own"))
