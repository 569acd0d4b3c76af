"""A question as one SMT-LIB 2 text that any solver for QF_BV can answer by itself.

Everything is in it: the executions of the event structure, the model's requirements in the exact
tuple encoding (nothing learned, nothing left to a loop), and the goal.
"""

from __future__ import annotations

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.solve.collector import collector_at_rest
from ksmcheck.solve.gates import TRUE
from ksmcheck.solve.premises import premises
from ksmcheck.solve.refused import Refused
from ksmcheck.solve.smtlib_facts import SmtFacts
from ksmcheck.solve.smtlib_terms import any_of
from ksmcheck.solve.tuple_checks import TupleChecks
from ksmcheck.solve.tuple_rules import HIGH
from ksmcheck.text import InputError

_MOST_CLAUSES = 8_000_000


def smtlib_text(structure: EventStructure, cat: CompiledCat, goal: Term) -> str:
    """SMT-LIB 2 that is satisfiable iff a consistent execution reaches ``goal`` (a boolean term),
    or computes what C leaves undefined, after which anything may happen.

    Raises InputError where the model has no exact encoding for this structure.
    """
    return _Writer(structure, cat).text(goal)


class _Writer:
    def __init__(self, structure: EventStructure, cat: CompiledCat) -> None:
        premises(cat)  # refuses what candidates do not have
        self.structure = structure
        self.cat = cat
        self.facts = SmtFacts(structure)
        self.model: list[str] = []
        self._written = len(self.facts.gates.clauses)
        self._variables = self.facts.gates.variables
        self._used = set(self.facts.names.values())

    def text(self, goal: Term) -> str:
        try:
            with collector_at_rest():
                self._requirements()
        except Refused as refusal:
            raise InputError(f"{self.cat.name} cannot be written as SMT-LIB: {refusal}") from None
        wanted = self.facts.terms.truth(goal)
        undefined = any_of((self.facts.undefined(), self.facts.terms.undefined(goal)))
        asked = [f"(assert {any_of((wanted, undefined))})"]
        if undefined != "false":
            asked.insert(0, "; or a division by zero, or a shift too far: no meaning in C")
        parts = (self._head(), self.facts.lines, self.model, ["", "; the goal", *asked])
        return "\n".join([line for part in parts for line in part] + ["(check-sat)", ""])

    def _head(self) -> list[str]:
        s = self.structure
        about = " ".join(x for x in (s.model, s.kernel and f"kernel {s.kernel}", s.config) if x)
        events = [f"; {self.facts.describe(event)}" for event in s.events]
        return [
            f"; {s.name}: {about}",
            "; sat iff a consistent execution reaches the goal.",
            "; execN: event eN is executed; rfA_B: eB reads from eA; vN: the value read by eN;",
            "; posN: place of write eN in coherence; NAME_A_B: eA and eB are in relation NAME.",
            *events,
            "(set-logic QF_BV)",
        ]

    def _requirements(self) -> None:
        checks = TupleChecks(self.facts, self.cat, _MOST_CLAUSES)
        for check in self.cat.checks:
            if not check.flag:
                checks.require(check)
                self.model += ["", f"; {_saying(check)}"]
                self._name(checks)
                self._clauses()

    def _name(self, checks: TupleChecks) -> None:
        """Declares the variables that are new, by what they stand for."""
        gates, rules = self.facts.gates, checks.tuples.rules
        titles = {node: name for name, node in self.cat.algebra.names}
        for variable in range(self._variables + 1, gates.variables + 1):
            if variable in self.facts.names:
                continue
            name = f"g{variable}"
            if variable in checks.tuples.names:
                node, a, b, side = rules.parts(checks.tuples.names[variable])
                title = titles.get(node.id, f"n{node.id}") + ("" if side == HIGH else ".low")
                name = f"{title}_{a}" if node.sort == "set" else f"{title}_{a}_{b}"
            elif variable in checks.paths:
                name = "path_{}_{}".format(*checks.paths[variable])
            if name in self._used:
                name = f"{name}.{variable}"
            self._used.add(name)
            self.facts.names[variable] = name
            self.model.append(f"(declare-const {name} Bool)")
        self._variables = gates.variables

    def _clauses(self) -> None:
        clauses = self.facts.gates.clauses
        self.model += [f"(assert {self._clause(clause)})" for clause in clauses[self._written :]]
        self._written = len(clauses)

    def _clause(self, clause: list[int]) -> str:
        """As an implication where there is something to conclude."""
        text = self.facts.text
        when = [text(-x) for x in clause if x < 0 and x != -TRUE]
        then = any_of([text(x) for x in clause if x > 0])
        if not when:
            return then
        condition = when[0] if len(when) == 1 else f"(and {' '.join(when)})"
        return f"(not {condition})" if then == "false" else f"(=> {condition} {then})"


def _saying(check: Check) -> str:
    return f"required: {'~' if check.negated else ''}{check.kind} {check.name}"
