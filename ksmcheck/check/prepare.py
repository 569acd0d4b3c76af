"""From a request to an event structure: each stage once for everything that shares it.

A ``Workshop`` belongs to one run (one command, one worker process); it keeps parsed tests, compiled
programs and loaded models, so that many requests about the same test do not repeat the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

from ksmcheck.cat.own_future import reads_own_future
from ksmcheck.check.answers import Answers
from ksmcheck.check.assembly import check_fit, check_widths
from ksmcheck.check.verdict import Request
from ksmcheck.check.words import check_words
from ksmcheck.events.alternatives import Lower, Options
from ksmcheck.events.build import build_structure
from ksmcheck.events.shared import Shared
from ksmcheck.events.structure import EventStructure
from ksmcheck.kernel.declarations import chosen_by_machine
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives
from ksmcheck.lowering.template import Row
from ksmcheck.model.compiled import stricter_cat
from ksmcheck.model.load import load_model
from ksmcheck.model.model import Model
from ksmcheck.program.change import REMOVE, Change
from ksmcheck.program.fingerprint import fingerprint
from ksmcheck.program.freeing import frees
from ksmcheck.program.ir import Program
from ksmcheck.program.loops import UNROLL
from ksmcheck.record import Struct, field, replace
from ksmcheck.solve.ground import Grounds
from ksmcheck.solve.lemmas import Lemmas
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.syntax.load import AnyTest, load_test
from ksmcheck.text import InputError, Span

if TYPE_CHECKING:
    from ksmcheck.cat.in_order import Kinds
    from ksmcheck.execution.bodies import Readings
    from ksmcheck.isa.compile import Assembled
    from ksmcheck.program.inventory import Spot
    from ksmcheck.program.lower import LoweredTest

_TERMS = 20_000
"""So many terms of other tests, of some 300 bytes each, are kept for the next one at most."""

ASSEMBLY = "assembly"
"""The configuration of assembly tests."""


class Workshop(Struct, dict=True):
    """The tests, programs and models of one run. ``answers``: None where no two questions are about
    equal structures."""

    _tests: dict[tuple[object, ...], AnyTest] = field(default_factory=dict)
    _spots: dict[tuple[object, ...], tuple[Spot, ...]] = field(default_factory=dict)
    _lowered: dict[tuple[object, ...], LoweredTest] = field(default_factory=dict)
    _programs: dict[tuple[object, ...], Program | Assembled] = field(default_factory=dict)
    _chars: dict[tuple[object, ...], bool] = field(default_factory=dict)
    _fingerprints: dict[int, str] = field(default_factory=dict)
    _models: dict[str, Model] = field(default_factory=dict)
    _stricter: dict[tuple[object, ...], Model] = field(default_factory=dict)
    _shared: Shared = field(default_factory=Shared)
    grounds: Grounds = field(default_factory=Grounds)
    lemmas: Lemmas = field(default_factory=Lemmas)
    answers: Answers | None = field(default_factory=Answers)

    @cached_property
    def readings(self) -> Readings:
        """What replays have found out about the text of the tests."""
        from ksmcheck.execution.bodies import Readings

        return Readings()

    def with_models_only(self) -> Workshop:
        return Workshop(_models=self._models, _stricter=self._stricter)

    def in_order(self, name: str, but: Sequence[Kinds]) -> Workshop:
        """The same, where the model of that name is stricter (see ``cat.in_order``). What is kept
        is kept in common."""
        if (name, *but) not in self._stricter:
            model = self.model(name)
            stricter = replace(model, compiled=stricter_cat(model.compiled, but))
            self._stricter[name, *but] = stricter
        other = copy(self)
        other._models = {**self._models, name: self._stricter[name, *but]}
        return other

    def renewed(self) -> Workshop:
        """With nothing of this one."""
        return Workshop(answers=None if self.answers is None else Answers())

    def emptied(self, *, terms: bool) -> Workshop:
        """For other tests: models stay, and with ``terms`` these as well while they are few."""
        keep = terms and len(self._shared.terms) < _TERMS
        shared = self._shared if keep else Shared()
        answers = None if self.answers is None else Answers()
        return Workshop(
            _models=self._models, _stricter=self._stricter, _shared=shared, answers=answers
        )

    def model(self, name: str) -> Model:
        if name not in self._models:
            model = self._models[name] = load_model(name)
            if model.compiled.interpreted is not None:
                # What elaboration would have found, the candidate without events shows.
                from ksmcheck.execution.plain_cat import evaluate
                from ksmcheck.execution.plain_names import Universe

                evaluate(model.tree, Universe(0, {}, {}))
        return self._models[name]

    def test(self, request: Request) -> AnyTest:
        """The syntax tree, sites already removed and other changes made."""
        key = _key(request)
        if key not in self._tests:
            if request.removed or request.changes:
                test: AnyTest = self._changed(request)
            else:
                test = load_test(request.path, kernel=request.kernel, defines=request.defines)
            self._tests[key] = test
        return self._tests[key]

    def _changed(self, request: Request) -> AnyTest:
        from ksmcheck.program.mutate import mutate

        changes = (*(Change(s, REMOVE) for s in sorted(request.removed)), *request.changes)
        spots = self.spots(request)
        return mutate(self.source(request), changes, request.kernel, spots)

    def source(self, request: Request) -> LitmusTest:
        """The test as its file has it. Raises InputError for assembly, which has no sites."""
        test = self.test(_plain(request))
        if isinstance(test, AssemblyTest):
            hint = "delete the instruction in the file"
            raise InputError("an assembly test has no sites to remove or change", None, hint)
        return test

    def name(self, request: Request) -> str:
        """The test's name, which no change touches."""
        return self.test(_plain(request)).name

    def spots(self, request: Request) -> tuple[Spot, ...]:
        """The places of the test as its file has it."""
        key = _key(_plain(request))
        if key not in self._spots:
            from ksmcheck.program.inventory import inventory

            self._spots[key] = inventory(self.source(request), request.kernel)
        return self._spots[key]

    def configs(self, request: Request) -> tuple[str, ...]:
        """The configurations that the request is about: lowerings of kernel primitives, so that
        assembly has one alone."""
        if not isinstance(self.test(_plain(request)), AssemblyTest):
            model = self.model(request.model)
            return (request.config,) if request.config else model.configs(request.kernel)
        if request.config:
            hint = "its instructions are given: there is nothing to configure"
            raise InputError(f"--config {request.config} for an assembly test", None, hint)
        return (ASSEMBLY,)

    def program(self, request: Request, *, plain: frozenset[str] = frozenset()) -> Program:
        """The compiled program; ``plain`` as in ``program.compile.unrolled``."""
        known = self._compiled(request, plain)
        return known if isinstance(known, Program) else known.program

    def _compiled(self, request: Request, plain: frozenset[str]) -> Program | Assembled:
        unsigned_char = self._unsigned_char(request)
        key = (*_key(request), request.unroll, plain, unsigned_char)
        if key not in self._programs:
            test = self.test(request)
            unroll = UNROLL if request.unroll is None else request.unroll
            if isinstance(test, AssemblyTest):
                from ksmcheck.isa.compile import assemble

                self._programs[key] = assemble(test, kernel=request.kernel, unroll=unroll)
            else:
                lowered = self._lowered_test(request, test, unsigned_char)
                self._programs[key] = self._unrolled(request, lowered, unroll, plain)
        return self._programs[key]

    def _load_whole(self, request: Request, test: AssemblyTest) -> bool:
        """Whether the test has loads of parts of locations, and is now another without them."""
        from ksmcheck.isa.parts import with_whole_loads

        whole = with_whole_loads(test)
        if whole is test:
            return False
        self._tests[_key(request)] = whole
        for key in [key for key in self._programs if key[: len(_key(request))] == _key(request)]:
            self._fingerprints.pop(id(self._programs.pop(key)), None)
        return True

    def _unrolled(
        self, request: Request, lowered: LoweredTest, unroll: int, plain: frozenset[str]
    ) -> Program:
        """A change may not leave a lock behind, unless the test as its author wrote it does."""
        from ksmcheck.program.compile import unrolled

        changed = bool(request.removed or request.changes)
        try:
            return unrolled(lowered, unroll, plain=plain, changed=changed)
        except InputError:
            if not changed or not self._keeps_a_lock(_plain(request), unroll):
                raise
        return unrolled(lowered, unroll, plain=plain)

    def _keeps_a_lock(self, request: Request, unroll: int) -> bool:
        from ksmcheck.program.compile import unrolled

        char = self._unsigned_char(request)
        lowered = self._lowered_test(request, self.source(request), char)
        try:
            unrolled(lowered, unroll, changed=True)
        except InputError:
            return True
        return False

    def _lowered_test(self, request: Request, test: LitmusTest, unsigned_char: bool) -> LoweredTest:
        key = (*_key(request), unsigned_char)
        if key not in self._lowered:
            from ksmcheck.program.lower import lower_test

            known, kernel = primitives(request.kernel), request.kernel
            self._lowered[key] = lower_test(test, kernel, known, unsigned_char=unsigned_char)
        return self._lowered[key]

    def _unsigned_char(self, request: Request) -> bool:
        """Whether the test is another program where plain ``char`` is unsigned, and it is so on the
        request's machine."""
        if not chosen_by_machine(request.kernel):
            return False
        if not self.model(request.model).table.unsigned_char:
            return False
        key = _key(request)
        if key not in self._chars:
            test = self.test(request)
            self._chars[key] = isinstance(test, LitmusTest) and _mentions_char(test)
        return self._chars[key]

    def fingerprint(self, request: Request) -> str:
        """Of the program: equal for programs that are alike but for names and places."""
        compiled = self._compiled(request, frozenset())
        known = self._fingerprints.get(id(compiled))
        if known is None:
            if isinstance(compiled, Program):
                known = fingerprint(compiled)
            else:
                known = f"{fingerprint(compiled.program)} {sorted(compiled.actions.items())}"
            self._fingerprints[id(compiled)] = known
        return known

    def structure(
        self,
        request: Request,
        config: str,
        *,
        stalls: bool = False,
        options: Options | None = None,
    ) -> EventStructure:
        """The event structure under one configuration; the rest as in ``build_structure``.

        Raises InputError, events.value_sets.TooManyValues, and words.InParts.
        """
        forms = {} if options is None else options.forms
        plain = frozenset(site for site, names in forms.items() if "load" in names)
        compiled = self._compiled(request, plain)
        model = self.model(request.model)
        freeing = isinstance(compiled, Program) and frees(compiled)
        flags = any(c.forfeits and c.asks(frees=freeing) for c in model.compiled.checks)
        coherent = not reads_own_future(model.compiled)
        if not isinstance(compiled, Program):
            test = self.test(request)
            assert isinstance(test, AssemblyTest)
            check_fit(test, model.name)
            structure = build_structure(
                compiled.program,
                lambda name, _: compiled.actions[name],
                model.name,
                config,
                races=flags,
                stalls=stalls,
                coherent=coherent,
                shared=self._shared,
            )
            try:
                check_widths(structure)
            except InputError:
                if not self._load_whole(request, test):
                    raise
                return self.structure(request, config, stalls=stalls, options=options)
            return structure
        lower = self._lowering(request, model, config)
        structure = build_structure(
            compiled,
            lower,
            model.name,
            config,
            races=flags,
            stalls=stalls,
            coherent=coherent,
            options=options,
            shared=self._shared,
        )
        check_words(compiled, structure, model.table, primitives(request.kernel))
        return structure

    def _lowering(self, request: Request, model: Model, config: str) -> Lower:
        known = primitives(request.kernel)

        def lower(name: str, span: Span) -> tuple[Primitive, Row]:
            primitive = known[name]
            return primitive, model.row(primitive, request.kernel, config, span)

        return lower


def _key(request: Request) -> tuple[object, ...]:
    """What the test of a request depends on."""
    return request.path, request.kernel, request.defines, request.removed, request.changes


def _plain(request: Request) -> Request:
    """The request for the program as its file has it."""
    return replace(request, removed=frozenset(), changes=())


def _mentions_char(test: LitmusTest) -> bool:
    from ksmcheck.program.lower import mentions_char

    return mentions_char(test)
