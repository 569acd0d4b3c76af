"""A model ready to evaluate candidates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from ksmcheck.cat.absence import Absence, Scope
from ksmcheck.cat.algebra import Algebra, Check, Node
from ksmcheck.cat.codegen import Section, generate
from ksmcheck.cat.dependence import varying_nodes
from ksmcheck.cat.derive import Derivation
from ksmcheck.cat.foresight import Foresight
from ksmcheck.cat.graph import Graph
from ksmcheck.cat.machine import Machine, Values, code_of
from ksmcheck.cat.plan import Plan, plan
from ksmcheck.cat.reasons import Reason, reasons
from ksmcheck.cat.similar import similar
from ksmcheck.cat.stages import StagedValues
from ksmcheck.cat.trace import Tracing
from ksmcheck.cat.vacuity import Base, inhabited, surely_empty
from ksmcheck.record import Struct
from ksmcheck.text import InputError

if TYPE_CHECKING:
    # A model that was compiled before is used without the parser and all that.
    from ksmcheck.cat.load import CatModel

    # Only lists of final states judge many candidates at once.
    from ksmcheck.cat.many import Course, Many, Outset


class Compiled(Struct, frozen=True):
    """What is worth keeping on disk: the algebra and generated code, without anything run yet."""

    name: str
    title: str
    digest: str
    tags: frozenset[str]
    algebra: Algebra
    sections: tuple[Section, Section]
    codes: tuple[tuple[bytes, bytes], tuple[bytes, bytes]]
    interpreted: str | None = None


_MOST_COURSES = 256
"""Kinds of tests at most of which it is kept what need not be computed."""


class _Last(Struct):
    """The requirements that a candidate fails, and the values that were computed to find out;
    ``complete`` where that did not stop at the first one."""

    graph: Graph
    hits: list[int]
    values: Values
    complete: bool


class CompiledCat:
    """A compiled model: requirements and flags of a candidate, and why a requirement fails.

    It can be pickled; code is made executable when first used. An instance keeps results that
    candidates share, so it is not for use by several threads at a time.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self._machines: dict[int, Machine] = {}
        self._plans: dict[frozenset[str], Plan] = {}
        self._courses: dict[frozenset[int], Course] = {}
        self._outset: Outset | None = None
        self._static: list[bool] | None = None
        self._of_events: list[bool] | None = None
        self._inhabited: dict[frozenset[Base], list[bool]] = {}
        self._last: _Last | None = None

    def __reduce__(self) -> tuple[type[CompiledCat], tuple[Compiled]]:
        return CompiledCat, (self.compiled,)

    @property
    def name(self) -> str:
        return self.compiled.name

    @property
    def digest(self) -> str:
        return self.compiled.digest

    @property
    def tags(self) -> frozenset[str]:
        return self.compiled.tags

    @property
    def interpreted(self) -> str | None:
        """Why there is no algebra, and all but the names of checks raises InputError; or None."""
        return self.compiled.interpreted

    @property
    def algebra(self) -> Algebra:
        self._refuse_interpreted()
        return self.compiled.algebra

    def _refuse_interpreted(self) -> None:
        if self.compiled.interpreted is not None:
            raise InputError(
                f"the model {self.name} is not compiled: {self.compiled.interpreted}",
                hint="only `--engine explicit` interprets a model",
            )

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.algebra.nodes

    @property
    def parts(self) -> list[tuple[int, ...]]:
        """What each union or intersection is made of in the end (``cat.plan``)."""
        return self.plan().parts

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks, flags included, in the order of the file."""
        return self.compiled.algebra.checks

    def root(self, check: Check) -> int:
        """The node that a check is about."""
        return self.algebra.roots[self.number(check)]

    def violated(self, graph: Graph, *, first: bool = True) -> tuple[Check, ...]:
        """The requirements that the candidate fails, in order; only the first one if ``first``."""
        hits = self._required(graph, first)
        return tuple([self.checks[i] for i in hits]) if hits else ()

    def judge(self, graph: Graph) -> Callable[[int, int], bool]:
        """Whether a candidate that has all but rf and co from this one fails some requirement."""
        return self._machine(0).judge(graph)

    def together(self, graph: Graph) -> Many:
        """Judges many candidates at once that have all but rf and co from this one."""
        from ksmcheck.cat.many import Many, course, outset

        known, plan = self._machine(0).values(graph, {}), self.plan()
        if self._outset is None:
            self._outset = outset(plan)
        empty = frozenset([i for i in self._outset.beside if known.get(plan.locals[i]) == 0])
        found = self._courses.get(empty)
        if found is None:
            if len(self._courses) >= _MOST_COURSES:
                self._courses.clear()
            found = self._courses[empty] = course(self._outset, empty)
        return Many(found, graph.n, StagedValues(plan, graph, known).value)

    def raises_never(self, graph: Graph, flag_check: Check) -> bool:
        """Whether it is plain that no candidate raises this flag that has all but rf and co from
        this one."""
        if not flag_check.negated:
            return False
        if self._static is None:
            self._static = [not varies for varies in varying_nodes(self.algebra)]
        known = {**self._machine(0).values(graph, {}), **self._machine(1).values(graph, {})}
        values = StagedValues(self.plan(), graph, known)
        return surely_empty(self.root(flag_check), self.nodes, self._static, values.value)

    def raises_never_among(self, graph: Graph, flag_check: Check) -> bool:
        """The same of candidates that have none but this one's events, in the same sets."""
        if not flag_check.negated:
            return False
        plan = self.plan()
        if self._of_events is None:
            pairs = zip(self.nodes, plan.pointwise, strict=True)
            self._of_events = [node.sort == "set" and pointwise for node, pointwise in pairs]
        values = StagedValues(plan, graph, {})
        return surely_empty(self.root(flag_check), self.nodes, self._of_events, values.value)

    def flags(self, graph: Graph) -> tuple[Check, ...]:
        """The flags that the candidate raises. They mean something for consistent ones only."""
        hits, _ = self._machine(1).run(graph, False, earlier=self._all(graph))
        return tuple([self.checks[i] for i in hits])

    def raises(self, graph: Graph, flag_check: Check) -> bool:
        """Whether the candidate raises this flag."""
        return flag_check in self.flags(graph)

    def value(self, graph: Graph, node: int) -> int:
        """The value of a node in a candidate (of any node outside ``let rec``); not fast."""
        return StagedValues(self.plan(), graph, {}).value(node)

    def explain(
        self,
        graph: Graph,
        check: Check,
        limit: int = 6,
        *,
        fixed: Collection[str] = (),
        scope: Scope | None = None,
    ) -> tuple[Reason, ...]:
        """Why the candidate fails a requirement: at most ``limit`` reasons, the shortest first.

        ``fixed`` names what the caller knows to be alike in all candidates that it considers: of
        ``loc addr data ctrl`` (for pairs of executed events), and ``exec``: the same events are
        executed. Reasons then leave those facts out, and more of them are not ``whole``; also
        with ``scope``, which lets a reason say what has to be absent.
        """
        number = self.number(check)
        values = self._values(graph, number)
        return reasons(self.plan(frozenset(fixed)), number, graph, values, limit, scope)

    def foresight(
        self,
        graph: Graph,
        check: Check,
        might: Mapping[str, int],
        *,
        fixed: Collection[str] = (),
        scope: Scope | None = None,
    ) -> Foresight:
        """Violations of a requirement near a candidate; ``fixed``, ``scope`` as for ``explain``."""
        number = self.number(check)
        values = self._values(graph, number)
        return Foresight(self.plan(frozenset(fixed)), number, graph, values, might, scope)

    def similar(
        self,
        graph: Graph,
        check: Check,
        found: Iterable[Reason],
        might: Mapping[str, int],
        *,
        fixed: Collection[str] = (),
        scope: Scope | None = None,
    ) -> tuple[Reason, ...]:
        """Reasons like those that ``explain`` has found, with other sources of reads; ``might`` is
        what rf and co may have with the candidate's events."""
        number = self.number(check)
        values = self._values(graph, number)
        root = self.algebra.roots[number]
        return similar(self.plan(frozenset(fixed)), root, graph, values, found, might, scope)

    def absence(
        self,
        graph: Graph,
        scope: Scope,
        fixed: Collection[str] = (),
        might: Mapping[str, int] | None = None,
    ) -> Absence:
        """Reasons why tuples are not in a candidate's flags; ``fixed`` as for ``explain``. Where it
        is told what rf and co ``might`` have it knows similar ones."""
        machine, earlier = self._machine(1), self._all(graph)
        _, computed = machine.run(graph, False, keep=True, earlier=earlier)
        known = {
            **self._machine(0).values(graph, earlier),
            **machine.values(graph, computed or {}),
        }
        plan = self.plan(frozenset(fixed))
        if might is None:
            return Absence(Derivation(plan, graph, known), scope)
        return Absence(Tracing(plan, graph, known, might), scope)

    # What was computed for the last candidate is asked for once more, and then again.

    def _required(self, graph: Graph, first: bool) -> list[int]:
        """The requirements that fail, by number."""
        last = self._last
        if last is None or last.graph is not graph or not (last.complete or first):
            hits, values = self._machine(0).run(graph, first, keep=self._flags_build)
            if values is None:
                return hits
            self._last = last = _Last(graph, hits, values, not (hits and first))
        return last.hits[:1] if first else last.hits

    @property
    def _flags_build(self) -> bool:
        """Whether the flags build on what the requirements are made of."""
        return bool(self.compiled.sections[1].given)

    def _all(self, graph: Graph) -> Values:
        """What the requirements are made of, all of it; nothing if the flags need none."""
        if not self._flags_build:
            return {}
        self._required(graph, False)
        assert self._last is not None
        return self._last.values

    def _values(self, graph: Graph, number: int) -> Values:
        machine, root = self._machine(0), f"x{self.algebra.roots[number]}"
        last = self._last
        if last is None or last.graph is not graph or root not in last.values:
            hits, computed = machine.run(graph, False, keep=True)
            self._last = last = _Last(graph, hits, computed or {}, True)
        return machine.values(graph, last.values)

    def plan(self, fixed: frozenset[str] = frozenset()) -> Plan:
        """As ``cat.plan``, made once."""
        found = self._plans.get(fixed)
        if found is None:
            found = self._plans[fixed] = plan(self.algebra, fixed)
        return found

    def inhabited(self, given: frozenset[Base]) -> list[bool]:
        """As ``cat.vacuity``, once for each kind of test."""
        found = self._inhabited.get(given)
        if found is None:
            found = self._inhabited[given] = inhabited(self.algebra, given)
        return found

    def _machine(self, section: int) -> Machine:
        machine = self._machines.get(section)
        if machine is None:
            self._refuse_interpreted()
            compiled = self.compiled
            machine = Machine(compiled.sections[section], compiled.codes[section])
            self._machines[section] = machine
        return machine

    def number(self, check: Check) -> int:
        """Its place among ``checks``: several may bear one name."""
        for i, own in enumerate(self.checks):
            if own is check:
                return i
        # The same check of another load of the model (spans differ by their Source).
        wanted = (check.name, check.kind, check.negated, check.flag)
        return [(c.name, c.kind, c.negated, c.flag) for c in self.checks].index(wanted)


def compile_cat(model: CatModel) -> CompiledCat:
    """Generate the code of a model."""
    return compile_algebra(
        model.algebra, model.name, model.title, model.digest, model.tags, model.interpreted
    )


def compile_algebra(
    algebra: Algebra,
    name: str,
    title: str,
    digest: str,
    tags: frozenset[str],
    interpreted: str | None = None,
) -> CompiledCat:
    """Generate the code of checks: one section of requirements, one of flags."""
    checks = algebra.checks
    required = tuple(i for i, c in enumerate(checks) if not c.flag)
    flagged = tuple(i for i, c in enumerate(checks) if c.flag)
    sections = (generate(algebra, required), generate(algebra, flagged, required))
    codes = (code_of(sections[0]), code_of(sections[1]))
    return CompiledCat(Compiled(name, title, digest, tags, algebra, sections, codes, interpreted))
