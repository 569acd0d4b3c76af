"""Random litmus programs in kernel C: every primitive of the catalogue meets branches, loops,
locks, RCU, pointers, arrays and plain accesses sooner or later.

A seed gives the same program on every machine. Programs are small: what is compared is the answer
over all executions, which one of the engines finds by enumeration.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.random.calls import ATOMIC, FENCES, LOADS, STORES, call, either, locks, pointer_calls
from tests.random.tree import Body, Program, Stmt, line

Choices = tuple[Callable[[int, bool], Stmt], ...]

INTS = ("x", "y", "st.a", "arr[0]", "arr[1]")
WORDS = (*INTS, "x", "x", "y", "y", "z", "c8")
OPERATORS = ("+", "-", "*", "&", "|", "^", "==", "!=", "<", ">=", "&&", "||")


class Writer:
    """Writes one program. ``budget`` counts the accesses that may still be written; ``rcu``: the
    machine knows RCU and SRCU."""

    def __init__(self, seed: int, kernel: str, *, rcu: bool) -> None:
        self.random = Random(f"program {seed}")
        self.kernel = kernel
        self.rcu = rcu
        self.seed = seed
        self.budget = 0
        self.labels = 0
        self.words = self.random.sample(WORDS, 2)
        # Few locks in one program, so that its threads contend for them.
        self.locks = self.random.sample(locks(kernel), 2)
        self.plain = self.random.random() < 0.3

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    # Expressions.

    def local(self) -> str:
        return self.one("r0", "r0", "r1", "r1", "u", "b")

    def value(self) -> str:
        return self.one("0", "1", "1", "2", "r0", "r1", "r0 + 1", "b")

    def pure(self, depth: int) -> str:
        if depth == 0 or self.chance(0.4):
            return self.one(self.local(), self.local(), "0", "1", "2")
        kind = self.random.randrange(8)
        one, other = self.pure(depth - 1), self.pure(depth - 1)
        if kind < 6:
            return f"({one} {self.one(*OPERATORS)} {other})"
        if kind == 6:
            return f"{self.one('!', '-', '~', '(unsigned char)')}({one})"
        return f"({one} ? {other} : {self.pure(depth - 1)})"

    def place(self) -> str:
        if self.chance(0.1):
            return f"arr[{self.local()} & 1]"
        return self.one(*self.words)

    def load(self) -> str:
        self.budget -= 1
        if self.plain and self.chance(0.5):
            return self.place()
        return call(self.random, self.kernel, LOADS, self.place(), self.value)

    def test(self) -> str:
        if self.chance(0.08):
            return either(self.random)
        if self.chance(0.5):
            return self.one("r0", "r1", "r0 == 1", "r1 != 0", "!r0", "r0 == r1")
        return f"{self.load()} {self.one('==', '!=')} {self.one('0', '1', '1', '2')}"

    # Plain statements.

    def read(self) -> Stmt:
        return line(f"{self.one('r0', 'r0', 'r1', 'r1', 'u', 'b')} = {self.load()};")

    def write(self) -> Stmt:
        self.budget -= 1
        place = self.place()
        value = self.value() if self.chance(0.8) else self.pure(2)
        if self.plain and self.chance(0.5):
            return line(f"{place} = {value};")
        return line(call(self.random, self.kernel, STORES, place, lambda: value) + ";")

    def compute(self) -> Stmt:
        return line(f"{self.local()} = {self.pure(2)};")

    def fence(self) -> Stmt:
        if self.chance(0.02):
            return line(self.one("spin_lock_init(&lk);", "raw_spin_lock_init(&rl);"))
        return line(f"{call(self.random, self.kernel, FENCES, '', self.value)};")

    def atomic(self) -> Stmt:
        self.budget -= 2
        text = call(self.random, self.kernel, ATOMIC, self.one("x", "y"), self.value)
        return line(f"{text.replace('RESULT', self.one('r0', 'r1'))};")

    def pointer(self) -> Stmt:
        self.budget -= 2
        kind = self.random.randrange(4)
        cell = self.one("&x", "&y", "&st.a", "&arr[1]")
        if kind == 0:
            store = self.one(*pointer_calls(self.kernel, "store"), "p = {}")
            return line(store.format(cell) + ";")
        taken = line(f"q = {self.one(*pointer_calls(self.kernel, 'load'), 'p')};")
        use = self.one("r0 = READ_ONCE(*q);", "r1 = *q;", f"WRITE_ONCE(*q, {self.value()});")
        guard = "if (q) {" if self.chance(0.8) else "{"
        return Stmt(("{", (taken, Stmt((guard, (line(use),), "}"))), "}"))

    def demand(self) -> Stmt:
        return line(f"BUG_ON({self.one('r0', 'r1')} == {self.random.randrange(4)});")

    # Statements around others.

    def body(self, depth: int, loop: bool) -> Body:
        return tuple(self.statement(depth, loop) for _ in range(self.random.choice((1, 1, 2))))

    def choose(self, depth: int, loop: bool) -> Stmt:
        test = self.test()
        if self.chance(0.5):
            return Stmt((f"if ({test}) {{", self.body(depth, loop), "}"))
        both = self.body(depth, loop), self.body(depth, loop)
        return Stmt((f"if ({test}) {{", both[0], "} else {", both[1], "}"))

    def leave(self, depth: int, loop: bool) -> Stmt:
        how = self.one("break", "continue") if loop else "return"
        return Stmt((f"if ({self.test()}) {{", (line(f"{how};"),), "}"))

    def repeat(self, depth: int, loop: bool) -> Stmt:
        kind = self.random.randrange(6)
        if kind == 0 and self.labels < 2:
            self.labels += 1
            count = f"n{self.labels}"
            head = f"for ({count} = 0; {count} < {self.random.randint(1, 2)}; {count}++) {{"
            return Stmt((head, self.body(depth, True), "}"))
        if kind == 1:
            return Stmt((f"while ({self.test()}) {{", (line("cpu_relax();"),), "}"))
        if kind == 2:
            return Stmt((f"while ({self.test()}) {{", self.body(depth, True), "}"))
        if kind == 3:
            return Stmt(("do {", self.body(depth, True), f"}} while ({self.test()});"))
        if kind == 4:
            read = line(f"r0 = {self.load()};")
            test = self.one("!r0", "r0", "r0 == 1", "r0 != 1")
            inside = self.body(depth, True) if self.chance(0.3) else (line("cpu_relax();"),)
            return Stmt((*read.parts, f"while ({test}) {{", (*inside, read), "}"))
        self.labels += 1
        label = f"again{self.labels}"
        again = Stmt((f"if ({self.test()}) {{", (line(f"goto {label};"),), "}"))
        return Stmt((f"{label}: {{", (*self.body(depth, loop), again), "}"))

    def switch(self, depth: int, loop: bool) -> Stmt:
        ends = self.one("break;", "")
        first, other = self.body(depth, False), self.body(depth, False)
        value = self.one("r0", "r1")
        return Stmt((f"switch ({value}) {{ case 0:", first, f"{ends} default:", other, "}"))

    def lock(self, depth: int, loop: bool) -> Stmt:
        """A critical section; no lock is taken inside one, which could wait for ever."""
        self.budget -= 3
        before, self.budget = self.budget, min(self.budget, 3)
        lock = self.random.choice(self.locks)
        inside = (self.read(), self.write(), *((self.compute(),) if self.chance(0.3) else ()))
        self.budget += before - 3
        if lock.tried and self.chance(0.3):
            return Stmt((f"if ({lock.tried}) {{", (*inside, line(f"{lock.give};")), "}"))
        if lock.asked and self.chance(0.1):
            return line(f"r1 = {lock.asked};")
        return Stmt((f"{lock.take};", inside, f"{lock.give};"))

    def section(self, depth: int, loop: bool) -> Stmt:
        """A read-side critical section of RCU or SRCU, or a grace period."""
        kind = self.random.randrange(4)
        inside = (self.read(), self.read() if self.chance(0.5) else self.write())
        if kind == 0:
            return line(self.one("synchronize_rcu();", "synchronize_rcu_expedited();"))
        if kind == 1:
            return line(self.one("synchronize_srcu(&ss);", "synchronize_srcu_expedited(&ss);"))
        if kind == 2:
            return Stmt(("rcu_read_lock();", inside, "rcu_read_unlock();"))
        if self.kernel != "3.9" and self.chance(0.2):
            return Stmt(("idx = srcu_down_read(&ss);", inside, "srcu_up_read(&ss, idx);"))
        return Stmt(("idx = srcu_read_lock(&ss);", inside, "srcu_read_unlock(&ss, idx);"))

    def statement(self, depth: int, loop: bool) -> Stmt:
        plain: tuple[Callable[[], Stmt], ...] = (
            *(self.read, self.read, self.read, self.write, self.write, self.write),
            *(self.atomic, self.atomic, self.fence, self.fence, self.compute, self.pointer),
            self.demand,
        )
        if depth == 0 or self.budget < 2 or self.chance(0.7):
            return self.random.choice(plain)()
        around: Choices = (self.choose, self.choose, self.leave, self.repeat, self.switch)
        sections: Choices = (self.section, self.section) if self.rcu else ()
        outer = (*around, self.lock, self.lock, *sections)
        return self.random.choice(around if loop else outer)(depth - 1, loop)

    # Programs.

    def thread(self, accesses: int) -> Body:
        self.budget, self.labels = accesses, 0
        body: list[Stmt] = []
        while self.budget > 0:
            body.append(self.statement(2, False))
        return tuple(body)

    def condition(self, threads: int) -> str:
        atoms = [
            f"{self.random.randrange(threads)}:{self.one('r0', 'r1')}={self.random.randrange(3)}"
            for _ in range(2)
        ]
        atoms += [f"{self.one('x', 'y')}={self.random.randrange(3)}"] if self.chance(0.5) else []
        text = self.one(" /\\ ", " /\\ ", " \\/ ").join(atoms)
        return f"{self.one('exists', 'exists', '~exists', 'forall')} ({text})"

    def program(self) -> Program:
        count = self.random.choice((1, 2, 2, 2, 2, 3, 3))
        threads = tuple(self.thread(9 // count) for _ in range(count))
        start = [
            f"{name} = {self.random.randrange(3)};" for name in ("x", "at") if self.chance(0.3)
        ]
        start += ["p = &x;"] if self.chance(0.7) else []
        end = [self.condition(count)]
        if self.chance(0.3):
            end.insert(0, f"locations [{self.one('x', 'y', '0:r0')};]")
        if self.chance(0.05):
            end.insert(0, f"filter ({self.random.randrange(count)}:r0={self.random.randrange(2)})")
        # Every thread has the locals that a condition may speak of.
        known = tuple((line("r0 = r0; r1 = r1;"), *body) for body in threads)
        return Program(f"random-{self.seed}", tuple(start), known, tuple(end))


def program(seed: int, kernel: str = "6.12", *, rcu: bool = True) -> Program:
    """The program of a seed, with the primitives of a kernel point."""
    return Writer(seed, kernel, rcu=rcu).program()
