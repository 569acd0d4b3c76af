"""A ``mini_c`` thread as a list of steps, of which each touches memory once or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.soundness import mini_c as m

INT = "int"


@dataclass(frozen=True)
class Set:
    local: str
    value: m.Expr


@dataclass(frozen=True)
class Read:
    local: str
    place: m.Place


@dataclass(frozen=True)
class Write:
    place: m.Place
    value: m.Expr


@dataclass(frozen=True)
class Change:
    call: m.Atomic


@dataclass(frozen=True)
class Branch:
    """To step ``target`` if ``test`` is 0; a label until the thread is complete."""

    test: m.Expr
    target: int


@dataclass(frozen=True)
class Jump:
    target: int


@dataclass(frozen=True)
class Check:
    form: str
    test: m.Expr


Step = Set | Read | Write | Change | Branch | Jump | Check


@dataclass
class Compiler:
    """``leaving`` gives for break, continue and return the labels that they go to."""

    functions: dict[str, m.Function]
    types: dict[str, str]
    steps: list[Step] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    leaving: dict[str, int] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def label(self) -> int:
        self.labels.append(-1)
        return len(self.labels) - 1

    def here(self, label: int) -> None:
        self.labels[label] = len(self.steps)

    def temporary(self, type: str) -> str:
        self.count += 1
        self.types[f"t{self.count}"] = type
        return f"t{self.count}"

    def finish(self) -> list[Step]:
        def placed(step: Step) -> Step:
            if isinstance(step, Branch):
                return Branch(step.test, self.labels[step.target])
            return Jump(self.labels[step.target]) if isinstance(step, Jump) else step

        return [placed(step) for step in self.steps]

    # Expressions: loads become steps.

    def pure(self, e: m.Expr) -> m.Expr:
        match e:
            case m.Load(_, place):
                at = self.place(place)
                local = self.temporary(m.CELLS[at.name] if isinstance(at, m.Cell) else INT)
                self.steps.append(Read(local, at))
                return m.Local(local)
            case m.Binary("&&" | "||" as op, left, right):
                return self.short(op, left, right)
            case m.Binary(op, left, right):
                return m.Binary(op, self.pure(left), self.pure(right))
            case m.Unary(op, arg):
                return m.Unary(op, self.pure(arg))
            case m.Cond(test, then, other):
                return m.Cond(self.pure(test), self.pure(then), self.pure(other))
            case m.Local(name):
                return m.Local(self.renamed.get(name, name))
            case m.AddressOf(place):
                return m.AddressOf(self.place(place))
        return e

    def short(self, op: str, left: m.Expr, right: m.Expr) -> m.Expr:
        local, over = self.temporary(INT), self.label()
        self.steps.append(Set(local, m.Unary("!", m.Unary("!", self.pure(left)))))
        test: m.Expr = m.Local(local)
        self.steps.append(Branch(test if op == "&&" else m.Unary("!", test), over))
        self.steps.append(Set(local, m.Unary("!", m.Unary("!", self.pure(right)))))
        self.here(over)
        return m.Local(local)

    def place(self, place: m.Place) -> m.Place:
        match place:
            case m.Element(index):
                return m.Element(self.pure(index))
            case m.Target(pointer):
                return m.Target(self.renamed.get(pointer, pointer))
        return place

    # Statements.

    def body(self, stmts: tuple[m.Stmt, ...]) -> None:
        for s in stmts:
            self.stmt(s)

    def stmt(self, s: m.Stmt) -> None:
        match s:
            case m.Assign(local, e):
                self.steps.append(Set(self.renamed.get(local, local), self.pure(e)))
            case m.Store(_, place, e):
                at = self.place(place)
                self.steps.append(Write(at, self.pure(e)))
            case m.Atomic():
                args = tuple(self.pure(a) for a in s.args)
                names = (
                    self.renamed.get(s.local or "", s.local),
                    self.renamed.get(s.expected or "", s.expected),
                )
                self.steps.append(Change(m.Atomic(s.name, names[0], s.cell, args, names[1])))
            case m.If(test, then, other):
                self.choose(test, then, other)
            case m.While() | m.For() | m.Retry():
                self.loop(s)
            case m.Switch(e, arms):
                self.switch(e, arms)
            case m.Leave(how):
                self.steps.append(Jump(self.leaving[how]))
            case m.Demand(form, test):
                self.steps.append(Check(form, self.pure(test)))
            case m.Call():
                self.call(s)
            case m.Fence():
                pass

    def choose(self, test: m.Expr, then: tuple[m.Stmt, ...], other: tuple[m.Stmt, ...]) -> None:
        no, over = self.label(), self.label()
        self.steps.append(Branch(self.pure(test), no))
        self.body(then)
        self.steps.append(Jump(over))
        self.here(no)
        self.body(other)
        self.here(over)

    def loop(self, s: m.While | m.For | m.Retry) -> None:
        head, again, over = self.label(), self.label(), self.label()
        counter = self.renamed.get(s.local, s.local) if isinstance(s, m.For) else ""
        if isinstance(s, m.For):
            self.steps.append(Set(counter, m.Num(0)))
        self.here(head)
        kept = self.leaving
        if not isinstance(s, m.Retry):
            self.leaving = {**kept, "break": over, "continue": again}
        if isinstance(s, m.For):
            self.steps.append(Branch(m.Binary("<", m.Local(counter), m.Num(s.count)), over))
        elif isinstance(s, m.While) and not s.do:
            self.steps.append(Branch(self.pure(s.test), over))
        self.body(s.body)
        self.leaving = kept
        self.here(again)
        if isinstance(s, m.For):
            self.steps.append(Set(counter, m.Binary("+", m.Local(counter), m.Num(1))))
        elif isinstance(s, m.Retry) or s.do:
            self.steps.append(Branch(self.pure(s.test), over))
        self.steps.append(Jump(head))
        self.here(over)

    def switch(
        self, e: m.Expr, arms: tuple[tuple[int | None, tuple[m.Stmt, ...], bool], ...]
    ) -> None:
        local, over = self.temporary(INT), self.label()
        self.steps.append(Set(local, self.pure(e)))
        starts = [self.label() for _ in arms]
        rest = over
        for (number, _, _), start in zip(arms, starts, strict=True):
            if number is None:
                rest = start
            else:
                test = m.Binary("!=", m.Local(local), m.Num(number))
                self.steps.append(Branch(test, start))
        self.steps.append(Jump(rest))
        kept, self.leaving = self.leaving, {**self.leaving, "break": over}
        for (_, body, leaves), start in zip(arms, starts, strict=True):
            self.here(start)
            self.body(body)
            if leaves:
                self.steps.append(Jump(over))
        self.leaving = kept
        self.here(over)

    def call(self, s: m.Call) -> None:
        function = self.functions[s.function]
        given = [self.pure(a) for a in s.args]
        names = {}
        for name, type in (*function.params, *(known[:2] for known in function.locals)):
            names[name] = self.temporary(type)
        for (name, _), argument in zip(function.params, given, strict=True):
            self.steps.append(Set(names[name], argument))
        for name, _, start in function.locals:
            self.steps.append(Set(names[name], m.Num(start)))
        over, result = self.label(), self.temporary(INT)
        self.steps.append(Set(result, m.Num(0)))
        kept, self.renamed = self.renamed, names
        leaving, self.leaving = self.leaving, {"return 0": over}
        self.body(function.body)
        self.steps.append(Set(result, self.pure(function.result)))
        self.here(over)
        self.renamed, self.leaving = kept, leaving
        self.steps.append(Set(self.renamed.get(s.local, s.local), m.Local(result)))
