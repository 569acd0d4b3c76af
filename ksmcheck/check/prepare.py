"""From a request to an event structure: each stage once for everything that shares it.

A ``Workshop`` belongs to one run (one command, one worker process); it keeps parsed tests, compiled
programs and loaded models, so that many requests about the same test do not repeat the work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ksmcheck.check.assembly import check_fit, check_widths
from ksmcheck.check.verdict import Request
from ksmcheck.events.build import build_structure
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.walk import Lower
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives
from ksmcheck.lowering.template import Row
from ksmcheck.model.load import load_model
from ksmcheck.model.model import Model
from ksmcheck.program.compile import UNROLL, compile_program
from ksmcheck.program.fingerprint import fingerprint
from ksmcheck.program.ir import Program
from ksmcheck.program.sites import remove_sites
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.load import AnyTest, load_test
from ksmcheck.text import InputError, Span

if TYPE_CHECKING:
    from ksmcheck.isa.compile import Assembled

ASSEMBLY = "assembly"
"""The configuration of assembly tests."""

Defines = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Workshop:
    """The tests, programs and models of one run."""

    _tests: dict[tuple[Path, str, Defines, frozenset[str]], AnyTest] = field(default_factory=dict)
    _programs: dict[tuple[object, ...], Program | Assembled] = field(default_factory=dict)
    _fingerprints: dict[int, str] = field(default_factory=dict)
    _models: dict[str, Model] = field(default_factory=dict)

    def with_models_only(self) -> Workshop:
        return Workshop(_models=self._models)

    def model(self, name: str) -> Model:
        if name not in self._models:
            model = self._models[name] = load_model(name)
            if model.compiled.interpreted is not None:
                # What elaboration would have found, the candidate without events shows.
                from ksmcheck.execution.plain_cat import evaluate
                from ksmcheck.execution.plain_names import Universe

                evaluate(model.cat.tree, Universe(frozenset(), {}, {}))
        return self._models[name]

    def test(self, request: Request) -> AnyTest:
        """The syntax tree, sites already removed."""
        key = (request.path, request.kernel, request.defines, request.removed)
        if key not in self._tests:
            test = load_test(request.path, kernel=request.kernel, defines=request.defines)
            if request.removed:
                if isinstance(test, AssemblyTest):
                    hint = "delete the instruction in the file"
                    raise InputError("an assembly test has no sites to remove", None, hint)
                test = remove_sites(test, request.removed, kernel=request.kernel)
            self._tests[key] = test
        return self._tests[key]

    def configs(self, request: Request) -> tuple[str, ...]:
        """The configurations that the request is about: lowerings of kernel primitives, so that
        assembly has one alone."""
        if not isinstance(self.test(request), AssemblyTest):
            model = self.model(request.model)
            return (request.config,) if request.config else model.configs(request.kernel)
        if request.config:
            hint = "its instructions are given: there is nothing to configure"
            raise InputError(f"--config {request.config} for an assembly test", None, hint)
        return (ASSEMBLY,)

    def program(self, request: Request) -> Program:
        known = self._compiled(request)
        return known if isinstance(known, Program) else known.program

    def _compiled(self, request: Request) -> Program | Assembled:
        key = (request.path, request.kernel, request.defines, request.removed, request.unroll)
        if key not in self._programs:
            test = self.test(request)
            unroll = UNROLL if request.unroll is None else request.unroll
            if isinstance(test, AssemblyTest):
                from ksmcheck.isa.compile import assemble

                self._programs[key] = assemble(test, kernel=request.kernel, unroll=unroll)
            else:
                self._programs[key] = compile_program(test, kernel=request.kernel, unroll=unroll)
        return self._programs[key]

    def fingerprint(self, request: Request) -> str:
        """Of the program: equal for programs that are alike but for names and places."""
        compiled = self._compiled(request)
        known = self._fingerprints.get(id(compiled))
        if known is None:
            if isinstance(compiled, Program):
                known = fingerprint(compiled)
            else:
                known = f"{fingerprint(compiled.program)} {sorted(compiled.actions.items())}"
            self._fingerprints[id(compiled)] = known
        return known

    def structure(self, request: Request, config: str, *, stalls: bool = False) -> EventStructure:
        """The event structure under one configuration; ``stalls`` as in ``build_structure``.

        Raises InputError, and events.values.TooManyValues.
        """
        compiled = self._compiled(request)
        model = self.model(request.model)
        flags = any(check.flag for check in model.compiled.checks)
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
            )
            check_widths(structure)
            return structure
        lower = self._lowering(request, model, config)
        return build_structure(compiled, lower, model.name, config, races=flags, stalls=stalls)

    def _lowering(self, request: Request, model: Model, config: str) -> Lower:
        known = primitives(request.kernel)

        def lower(name: str, span: Span) -> tuple[Primitive, Row]:
            primitive = known[name]
            return primitive, model.row(primitive, request.kernel, config, span)

        return lower
