"""The executions of an event structure in SMT-LIB: what ``solve.base`` says in clauses, in words
for a reader, with values as bit vectors; and the names of the base facts for ``solve.tuples``."""

from __future__ import annotations

from ksmcheck.events.structure import INIT_THREAD, Event, EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.solve.copies import circles_of
from ksmcheck.solve.gates import FALSE, TRUE, Gates
from ksmcheck.solve.smtlib_terms import SmtTerms, any_of, constant, sort


class SmtFacts:
    """``lines`` declares and asserts; ``names[v]`` is the text that variable v of ``gates``
    stands for. Conventions are those of ``solve.base.Base``."""

    def __init__(self, structure: EventStructure) -> None:
        self.structure = structure
        self.events = structure.events
        self.gates = Gates()
        self.lines: list[str] = []
        self.names: dict[int, str] = {TRUE: "true"}
        self.terms = SmtTerms(self.lines, self._leaf)
        self.exec: list[int] = []
        self.rf: dict[tuple[int, int], int] = {}
        self._texts: dict[str, int] = {"true": TRUE, "false": FALSE}
        self._same: dict[tuple[int, int], int] = {}
        self._order: dict[tuple[int, int], int] = {}
        self._finals: set[int] = set()
        self._choices: set[int] = set()
        self._address_of = {c.id: c.address for c in structure.cells}
        self._writes = [e for e in self.events if e.kind == "W"]
        for event in self.events:
            self._declare(event)
        for event in self.events:
            self.exec.append(self._variable(f"exec{event.id}", self.terms.text(event.guard)))
        self._positions()
        for event in self.events:
            if event.kind == "R":
                self._read(event)
        self._no_circles()
        for rule in structure.constraints:
            self.lines.append(f"(assert {self.terms.truth(rule)}) ; holds in every execution")

    # What ``solve.facts.Facts`` asks for.

    def literal(self, term: Term) -> int:
        """A boolean term holds."""
        return self._literal(self.terms.truth(term))

    def ordered(self, a: int, b: int) -> bool:
        """Whether two writes may share a cell."""
        return not set(self.events[a].cells).isdisjoint(self.events[b].cells)

    def order(self, a: int, b: int) -> int:
        """Write a has the lower position."""
        if a > b:
            return -self.order(b, a)
        if self.events[a].thread == INIT_THREAD:
            return TRUE
        if (a, b) not in self._order:
            text = f"(bvult pos{a} pos{b})"
            self._order[a, b] = self._variable(f"before{a}_{b}", text)
        return self._order[a, b]

    def same(self, a: int, b: int) -> int:
        """The accesses, if both are executed, are to the same cell."""
        key = (min(a, b), max(a, b))
        if key not in self._same:
            common = sorted(set(self.events[a].cells) & set(self.events[b].cells))
            both = [_all((self.at(a, c), self.at(b, c))) for c in common]
            self._same[key] = self._variable(f"same{key[0]}_{key[1]}", any_of(both))
        return self._same[key]

    # Texts.

    def at(self, event: int, cell: int) -> str:
        """The address of the event is the cell's."""
        address = self.events[event].address
        assert address is not None
        here = self._address_of[cell]
        if address.is_const:
            return "true" if address.payload == here else "false"
        return f"(= {self.terms.text(address)} {constant(here, address.type.width)})"

    def executed(self, event: int) -> str:
        """The event is executed."""
        return self.text(self.exec[event])

    def text(self, literal: int) -> str:
        """The expression that a literal stands for."""
        if literal == FALSE:
            return "false"
        return self.names[literal] if literal > 0 else f"(not {self.names[-literal]})"

    def undefined(self) -> str:
        """Some executed event uses arithmetic that C leaves undefined."""
        cases = []
        for event in self.events:
            for term in (event.guard, event.address, event.value):
                if term is not None:
                    missing = self.terms.undefined(term)
                    when = "true" if term is event.guard else self.executed(event.id)
                    cases.append(missing if missing == "false" else _all((when, missing)))
        cases += [self.terms.undefined(rule) for rule in self.structure.constraints]
        return any_of(cases)

    def _literal(self, text: str) -> int:
        """The literal of an expression that is a name, a negated one, or constant."""
        if text.startswith("(not "):
            return -self._literal(text[5:-1])
        known = self._texts.get(text)
        if known is None:
            known = self._texts[text] = self.gates.new()
            self.names[known] = text
        return known

    def _variable(self, name: str, text: str) -> int:
        """The literal of an expression, which gets a name of its own unless it is constant."""
        if text in ("true", "false"):
            return self._texts[text]
        self.lines.append(f"(define-fun {name} () Bool {text})")
        return self._literal(name)

    # Declarations.

    def _leaf(self, term: Term) -> str:
        if term.op == "read":
            return f"v{term.payload + self.structure.first}"
        if term.op == "final":
            self._final(term)
            return f"final{term.payload}"
        if term.payload not in self._choices:
            self._choices.add(term.payload)
            self.lines.append(f"(declare-const choice{term.payload} Bool)")
        return f"choice{term.payload}"

    def _declare(self, event: Event) -> None:
        if event.kind == "R":
            assert event.value is not None
            of = sort(event.value.type)
            self.lines.append(f"(declare-const v{event.id} {of}) ; read by {self.describe(event)}")

    def _positions(self) -> None:
        """A total order of the writes, of which co is the part within each cell."""
        free = [w for w in self._writes if w.thread != INIT_THREAD]
        width = max(1, len(free).bit_length())
        for write in free:
            declared = f"(declare-const pos{write.id} (_ BitVec {width}))"
            self.lines.append(f"{declared} ; place in co of {self.describe(write)}")
        for k, b in enumerate(free):
            for a in free[:k]:
                if self.ordered(a.id, b.id):
                    self.lines.append(f"(assert (distinct pos{a.id} pos{b.id}))")

    def _read(self, read: Event) -> None:
        """Exactly one source where the read is executed at a cell; else none, and the value 0."""
        assert read.value is not None
        cells = [_all((self.executed(read.id), self.at(read.id, c))) for c in read.cells]
        sourced = self._variable(f"sourced{read.id}", any_of(cells))
        place = (read.thread, read.position)
        others = [w for w in self._writes if (w.thread, w.position) != place]
        sources = [w for w in others if self.ordered(w.id, read.id)] if cells else []
        for write in sources:
            name = f"rf{write.id}_{read.id}"
            self.lines.append(f"(declare-const {name} Bool)")
            self.rf[write.id, read.id] = self._literal(name)
            self._link(name, write, read)
        names = [f"rf{w.id}_{read.id}" for w in sources]
        when = self.text(sourced)
        self.lines.append(f"(assert (=> {when} {any_of(names)}))")
        for k, name in enumerate(names):
            self.lines.append(f"(assert (=> {name} {when}))")
            self.lines += [f"(assert (not (and {name} {other})))" for other in names[:k]]
        value = f"v{read.id}"
        if when != "true":
            zero = constant(0, read.value.type.width)
            self.lines.append(f"(assert (=> (not {when}) (= {value} {zero})))")
        self._justified(read, sources, when)

    def _link(self, name: str, write: Event, read: Event) -> None:
        assert write.value is not None and read.value is not None
        written = self.terms.bits(write.value, read.value.type.width)
        parts = (self.executed(write.id), self.text(self.same(write.id, read.id)))
        facts = _all((*parts, f"(= v{read.id} {written})"))
        self.lines.append(f"(assert (=> {name} {facts}))")

    def _justified(self, read: Event, sources: list[Event], when: str) -> None:
        """No value that only justifies itself in a circle of copies (out of thin air)."""
        assert read.value is not None
        if any(w.value is None or not w.value.is_const for w in sources):
            width = read.value.type.width
            equal = [f"(= v{read.id} {constant(value, width)})" for value in read.values]
            note = "; what chains of writes can bring about"
            self.lines.append(f"(assert (=> {when} {any_of(equal)})) {note}")

    def _no_circles(self) -> None:
        """As in ``solve.base``: what hands on a value is behind what had it before."""
        sources: dict[int, list[int]] = {}
        for write, read in self.rf:
            sources.setdefault(read, []).append(write)
        circles = circles_of(self.structure, sources)
        width = max(1, (len(circles.copies) - 1).bit_length())
        for read in circles.copies:
            note = "place in a row of reads that hand on values"
            self.lines.append(f"(declare-const row{read} (_ BitVec {width})) ; {note}")
        for read, found in circles.copies.items():
            bits = self.events[read].width
            there = [
                f"(= v{read} {constant(v, bits)})" for v in sorted(circles.starts) if v < 1 << bits
            ]
            for copy in found:
                taken = _all((f"rf{copy.write}_{read}", self.terms.truth(copy.when)))
                fine = any_of([f"(bvult row{copy.read} row{read})", *there])
                self.lines.append(f"(assert (=> {taken} {fine}))")

    def _final(self, term: Term) -> None:
        """The value of a cell's co-last write."""
        cell = term.payload
        if cell in self._finals:
            return
        self._finals.add(cell)
        name = self.structure.cells[cell].name
        self.lines.append(f"(declare-const final{cell} {sort(term.type)}) ; of {name}")
        writes = [w for w in self._writes if cell in w.cells]
        for write in writes:
            assert write.value is not None
            here = [self._here(write, cell)]
            for other in writes:
                if other is not write:
                    later = self.text(self.order(write.id, other.id))
                    here.append(f"(not {_all((self._here(other, cell), later))})")
            written = self.terms.bits(write.value, term.type.width)
            self.lines.append(f"(assert (=> {_all(here)} (= final{cell} {written})))")

    def _here(self, write: Event, cell: int) -> str:
        return _all((self.executed(write.id), self.at(write.id, cell)))

    def describe(self, event: Event) -> str:
        """One event in a few words: ``e12 P1 R node.kpfn ksm.h:12``."""
        thread = "init" if event.thread == INIT_THREAD else f"P{event.thread}"
        cells = "/".join(self.structure.cells[c].name for c in event.cells[:4])
        cells += "/..." if len(event.cells) > 4 else ""
        words = [f"e{event.id}", thread, event.kind, cells or "-", *sorted(event.tags)]
        if event.origin is not None:
            span = event.origin.span
            words.append(f"{span.source.name.rsplit('/', 1)[-1]}:{span.line}")
        return " ".join(words).replace("\n", " ")


def _all(texts: tuple[str, ...] | list[str]) -> str:
    kept = [x for x in dict.fromkeys(texts) if x != "true"]
    if "false" in kept:
        return "false"
    if len(kept) < 2:
        return kept[0] if kept else "true"
    return f"(and {' '.join(kept)})"
