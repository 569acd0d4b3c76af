"""From a request to an event structure: each stage once for everything that shares it.

A ``Workshop`` belongs to one run (one command, one worker process); it keeps parsed tests, compiled
programs and loaded models, so that many requests about the same test do not repeat the work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ksmcheck.check.verdict import Request
from ksmcheck.events.build import build_structure
from ksmcheck.events.structure import EventStructure
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives
from ksmcheck.lowering.template import Row
from ksmcheck.model.load import load_model
from ksmcheck.model.model import Model
from ksmcheck.program.compile import compile_program
from ksmcheck.program.fingerprint import fingerprint
from ksmcheck.program.ir import Program
from ksmcheck.program.sites import remove_sites
from ksmcheck.syntax.litmus import load_litmus
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import Span

Defines = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Workshop:
    """The tests, programs and models of one run."""

    _tests: dict[tuple[Path, str, Defines, frozenset[str]], LitmusTest] = field(
        default_factory=dict
    )
    _programs: dict[tuple[object, ...], Program] = field(default_factory=dict)
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

    def test(self, request: Request) -> LitmusTest:
        """The syntax tree, sites already removed."""
        key = (request.path, request.kernel, request.defines, request.removed)
        if key not in self._tests:
            test = load_litmus(request.path, kernel=request.kernel, defines=request.defines)
            if request.removed:
                test = remove_sites(test, request.removed, kernel=request.kernel)
            self._tests[key] = test
        return self._tests[key]

    def program(self, request: Request) -> Program:
        key = (request.path, request.kernel, request.defines, request.removed, request.unroll)
        if key not in self._programs:
            test = self.test(request)
            if request.unroll is None:
                program = compile_program(test, kernel=request.kernel)
            else:
                program = compile_program(test, kernel=request.kernel, unroll=request.unroll)
            self._programs[key] = program
        return self._programs[key]

    def fingerprint(self, request: Request) -> str:
        """Of the program: equal for programs that are alike but for names and places."""
        program = self.program(request)
        known = self._fingerprints.get(id(program))
        if known is None:
            known = self._fingerprints[id(program)] = fingerprint(program)
        return known

    def structure(self, request: Request, config: str, *, stalls: bool = False) -> EventStructure:
        """The event structure under one configuration; ``stalls`` as in ``build_structure``.

        Raises InputError, and events.values.TooManyValues.
        """
        model = self.model(request.model)
        known = primitives(request.kernel)

        def lower(name: str, span: Span) -> tuple[Primitive, Row]:
            primitive = known[name]
            return primitive, model.row(primitive, request.kernel, config, span)

        flags = any(check.flag for check in model.compiled.checks)
        return build_structure(
            self.program(request), lower, model.name, config, races=flags, stalls=stalls
        )
