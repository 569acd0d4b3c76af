"""Random ``mini_c`` programs: few statements, each of which meets every other sooner or later."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.soundness import mini_c as m

LOCALS = (("r0", "int", 0), ("r1", "int", 1), ("u", "unsigned long", 2), ("b", "unsigned char", 3))
POINTER = ("q", m.POINTER, 0)
WORDS = ("x", "y", "s.a", "s.b", "arr[1]", "c8", "fl")
INTS = ("x", "y", "arr[0]", "arr[1]", "arr[2]", "s.b")
BINARY = ("+", "-", "*", "&", "|", "^", "==", "!=", "<", ">=", "&&", "||")
LOADS = ("READ_ONCE({})", "READ_ONCE({})", "smp_load_acquire(&{})", "{}")
STORES = ("WRITE_ONCE({}, {});", "WRITE_ONCE({}, {});", "smp_store_release(&{}, {});", "{} = {};")

FUNCTIONS = {
    # Returns early or goes on, with a loop that a caller's locals do not meet.
    "bump": m.Function(
        (("k", "int"), ("a", "int *")),
        (("v", "int", 0),),
        (
            m.Assign("v", m.Load("READ_ONCE({})", m.Target("a"))),
            m.If(m.Binary("==", m.Local("v"), m.Local("k")), (m.Leave("return 0"),)),
            m.Store("WRITE_ONCE({}, {});", m.Target("a"), m.Binary("+", m.Local("v"), m.Num(1))),
        ),
        m.Local("v"),
    ),
    "take": m.Function(
        (("k", "int"),),
        (("v", "int", 7), ("i", "int", 0)),
        (
            m.For(
                "i",
                2,
                (
                    m.Atomic("atomic_cmpxchg", "v", "at", (m.Local("k"), m.Local("i"))),
                    m.If(m.Binary("==", m.Local("v"), m.Local("k")), (m.Leave("break"),)),
                    m.If(m.Local("v"), (m.Leave("continue"),)),
                    m.Assign("v", m.Binary("+", m.Local("v"), m.Num(2))),
                ),
            ),
        ),
        m.Binary("*", m.Local("v"), m.Local("i")),
    ),
}


class Writer:
    """``marked``: no plain accesses to shared memory."""

    def __init__(self, seed: int, *, marked: bool = False) -> None:
        self.random = Random(seed)
        self.marked = marked
        self.labels = 0
        self.accesses = 0
        self.words = self.random.sample(WORDS, self.random.choice((1, 2, 2, 3)))
        self.ints = self.random.sample(INTS, 2)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    # Expressions.

    def local(self) -> m.Expr:
        return m.Local(self.one("r0", "r0", "r1", "r1", "u", "b"))

    def number(self) -> m.Expr:
        return m.Num(self.random.choice((0, 0, 1, 1, 1, 2, 2, 300)))

    def pure(self, depth: int = 2) -> m.Expr:
        if depth == 0 or self.chance(0.4):
            return self.local() if self.chance(0.6) else self.number()
        kind = self.random.randrange(8)
        if kind < 5:
            return m.Binary(self.one(*BINARY), self.pure(depth - 1), self.pure(depth - 1))
        if kind == 5:
            shift = m.Num(self.random.randrange(4))
            return m.Binary(self.one("<<", ">>"), self.pure(depth - 1), shift)
        if kind == 6:
            op = self.one("!", "-", "~", "(unsigned char)")
            return m.Unary(op, self.pure(depth - 1))
        return m.Cond(self.pure(depth - 1), self.pure(depth - 1), self.pure(depth - 1))

    def load(self) -> m.Expr:
        self.accesses += 1
        form = LOADS[0] if self.marked else self.one(*LOADS)
        if self.chance(0.15):
            masked = m.Binary("&", self.local(), m.Num(self.random.choice((1, 1, 3))))
            return m.Load(form, m.Element(masked))
        return m.Load(form, m.Cell(self.one(*self.words)))

    def test(self) -> m.Expr:
        kind = self.random.randrange(6)
        if kind == 0:
            return self.pure()
        one = m.Binary(self.one("==", "!=", "<"), self.load(), self.number())
        if kind < 4:
            return one
        other = self.load() if self.chance(0.5) else self.pure(1)
        return m.Binary(self.one("&&", "||"), one, other)

    # Statements.

    def block(self, depth: int, loop: bool) -> tuple[m.Stmt, ...]:
        return tuple(
            s for _ in range(self.random.randint(1, 2)) for s in self.statement(depth, loop)
        )

    def statement(self, depth: int, loop: bool = False) -> list[m.Stmt]:
        if depth == 0 or self.chance(0.55):
            return self.random.choice(self.simple)(self)
        return self.random.choice(self.compound)(self, depth - 1, loop)

    def assign(self) -> list[m.Stmt]:
        return [m.Assign(self.one("r0", "r1", "u", "b"), self.pure())]

    def read(self) -> list[m.Stmt]:
        return [m.Assign(self.one("r0", "r1", "r1", "u", "b"), self.load())]

    def write(self) -> list[m.Stmt]:
        self.accesses += 1
        form = STORES[0] if self.marked else self.one(*STORES)
        value = self.number() if self.chance(0.5) else self.pure(1)
        return [m.Store(form, m.Cell(self.one(*self.words)), value)]

    def atomic(self) -> list[m.Stmt]:
        self.accesses += 2
        name, local = "", self.one("r0", "r1")
        args = (self.pure(1), self.number())
        bit = (m.Num(self.random.randrange(3)),)
        calls: list[tuple[str, str, tuple[m.Expr, ...]]] = [
            ("atomic_add_return", "at", args[1:]),
            ("atomic_sub_return_relaxed", "at", args[1:]),
            ("atomic_dec_and_test", "at", ()),
            ("atomic_xchg", "at", args[:1]),
            ("xchg", "x", args[:1]),
            ("atomic_cmpxchg", "at", args),
            ("cmpxchg", "y", args),
            ("cmpxchg_relaxed", "c8", args),
            ("atomic_add_unless", "at", args[1:] * 2),
            ("atomic_inc_not_zero", "at", ()),
            ("test_and_set_bit", "fl", bit),
            ("test_and_clear_bit", "fl", bit),
            ("test_bit", "fl", bit),
            ("set_bit", "fl", bit),
            ("atomic_inc", "at", ()),
        ]
        name, cell, given = self.random.choice(calls)
        if self.chance(0.1):
            return [m.Atomic("atomic_try_cmpxchg", local, "at", args[1:], self.one("r0", "r1"))]
        return [m.Atomic(name, None if name in ("set_bit", "atomic_inc") else local, cell, given)]

    def pointer(self) -> list[m.Stmt]:
        self.accesses += 2
        if self.chance(0.35):
            target: m.Place = m.Cell(self.one(*self.ints))
            return [m.Store(STORES[0], m.Cell("p"), m.AddressOf(target))]
        taken = m.Assign("q", m.Load(LOADS[0], m.Cell("p")))
        used: m.Stmt = m.Assign("r0", m.Load(LOADS[0], m.Target("q")))
        if self.chance(0.4):
            used = m.Store(STORES[0], m.Target("q"), self.pure(1))
        safe = m.If(m.Local("q"), (used,))
        return [taken, safe if self.chance(0.85) else used]

    def indexed(self) -> list[m.Stmt]:
        self.accesses += 1
        index = m.Binary("&", self.local(), m.Num(self.random.choice((1, 1, 1, 3))))
        return [m.Store(STORES[0], m.Element(index), self.pure(1))]

    def demand(self) -> list[m.Stmt]:
        return [m.Demand("BUG_ON", m.Binary("==", self.local(), m.Num(self.random.randrange(5))))]

    def called(self) -> list[m.Stmt]:
        self.accesses += 2
        if self.chance(0.3):
            return [m.Call("r1", "take", (self.number(),))]
        return [m.Call("r0", "bump", (self.number(), m.AddressOf(m.Cell(self.one(*self.ints)))))]

    simple: tuple[Callable[[Writer], list[m.Stmt]], ...] = (
        *(assign, read, read, read, write, write, write, atomic, atomic, atomic),
        *(pointer, indexed, demand, called),
    )

    def choose(self, depth: int, loop: bool) -> list[m.Stmt]:
        other = self.block(depth, loop) if self.chance(0.5) else ()
        return [m.If(self.test(), self.block(depth, loop), other)]

    def leave(self, depth: int, loop: bool) -> list[m.Stmt]:
        how = self.one("break", "continue") if loop else "return"
        return [m.If(self.test(), (m.Leave(how),))]

    def count(self, depth: int, loop: bool) -> list[m.Stmt]:
        number = self.labels = self.labels + 1
        return [m.For(f"i{number}", self.random.randint(1, 3), self.block(depth, True))]

    def spin(self, depth: int, loop: bool) -> list[m.Stmt]:
        if self.chance(0.3):  # notes that it waited
            noted = m.Assign(self.one("r0", "r1", "u"), self.number())
            return [m.While(self.test(), (noted,), self.chance(0.2))]
        return [m.While(self.test(), self.block(depth, True) if self.chance(0.6) else (), False)]

    def poll(self, depth: int, loop: bool) -> list[m.Stmt]:
        """Reads once before the loop and once at its end, and asks what it read."""
        local = self.one("r0", "r1", "u")
        read = m.Assign(local, self.load())
        test = m.Binary(self.one("==", "!=", "<"), m.Local(local), self.number())
        first = self.block(depth, True) if self.chance(0.3) else ()
        return [read, m.While(test, (*first, read), False)]

    def do(self, depth: int, loop: bool) -> list[m.Stmt]:
        return [m.While(self.test(), self.block(depth, True), True)]

    def retry(self, depth: int, loop: bool) -> list[m.Stmt]:
        self.labels += 1
        return [m.Retry(f"again{self.labels}", self.block(depth, loop), self.test())]

    def locked(self, depth: int, loop: bool) -> list[m.Stmt]:
        self.accesses += 3
        inside = tuple(self.write() + self.read() + self.assign())
        take, drop = m.Atomic("spin_lock", None, "lk", ()), m.Atomic("spin_unlock", None, "lk", ())
        if self.chance(0.3):
            tried = m.Atomic("spin_trylock", "r0", "lk", ())
            return [tried, m.If(m.Local("r0"), (*inside, drop))]
        return [take, *inside, drop]

    def switch(self, depth: int, loop: bool) -> list[m.Stmt]:
        arms = [(k, self.block(depth, False), self.chance(0.7)) for k in (0, 1)]
        return [m.Switch(self.load(), (*arms, (None, self.block(depth, False), True)))]

    compound: tuple[Callable[[Writer, int, bool], list[m.Stmt]], ...] = (
        *(
            choose,
            choose,
            choose,
            choose,
            leave,
            count,
            spin,
            poll,
            do,
            retry,
            locked,
            locked,
            switch,
        ),
    )

    # Programs.

    def thread(self, most: int) -> m.Thread:
        before, body = self.labels, []
        self.accesses = 0
        while self.accesses < most:
            body += self.statement(2)
        counters = [(f"i{k}", "int", 0) for k in range(before + 1, self.labels + 1)]
        return m.Thread((*LOCALS, POINTER, *counters), tuple(body))

    def program(self) -> m.Mini:
        at, x = self.random.randrange(3), self.random.randrange(2)
        start: dict[str, int | str] = {"at": at, "x": x}
        if self.chance(0.7):
            start["p"] = self.one(*self.ints)
        count = self.random.choice((1, 2, 2, 2, 2, 2, 3, 3, 3))
        threads = tuple(self.thread(12 // count) for _ in range(count))
        return m.Mini(start, threads, FUNCTIONS)


def program(seed: int, *, marked: bool = False) -> m.Mini:
    """The program of a seed: one to three threads, with the memory of ``mini_c.CELLS``."""
    return Writer(seed, marked=marked).program()


FENCES = ("smp_mb", "smp_wmb", "smp_rmb")


class WeakWriter(Writer):
    """Threads as litmus tests have them: a few accesses, barriers and dependencies."""

    def step(self, number: int) -> list[m.Stmt]:
        cell = m.Cell(self.one("x", "x", "y", "y", "s.a"))
        local = f"r{self.random.randrange(2)}"
        kind = self.random.randrange(13)
        known = m.Local(local)
        if kind < 4:
            return [m.Assign(local, m.Load(self.one(*LOADS[1:3]), cell))]
        if kind < 8:
            value = m.Binary("+", known, m.Num(1)) if self.chance(0.2) else m.Num(number)
            return [m.Store(self.one(*STORES[:3]), cell, value)]
        if kind < 10:
            return [m.Fence(self.one(*FENCES))]
        if kind == 10:
            return [m.If(known, tuple(self.step(number)))]
        name = self.one("xchg", "cmpxchg", "cmpxchg_relaxed")
        args = (m.Num(number),) if name == "xchg" else (m.Num(0), m.Num(number))
        return [m.Atomic(name, local, cell.name, args)]

    def program(self) -> m.Mini:
        count = self.random.choice((2, 2, 3))
        threads = [
            tuple(s for k in range(6 - count) for s in self.step(3 * i + k + 1))
            for i in range(count)
        ]
        locals = (("r0", "int", 0), ("r1", "int", 0))
        return m.Mini({}, tuple(m.Thread(locals, body) for body in threads))


def weak_program(seed: int) -> m.Mini:
    """A program for telling memory models apart."""
    return WeakWriter(seed).program()


def without_fence(mini: m.Mini, number: int) -> m.Mini | None:
    """The program without its fence ``number``, counted over all threads; None: no such fence."""
    seen = 0
    threads = []
    for thread in mini.threads:
        kept = []
        for s in thread.body:
            if isinstance(s, m.Fence):
                seen += 1
                if seen - 1 == number:
                    continue
            kept.append(s)
        threads.append(m.Thread(thread.locals, tuple(kept)))
    return m.Mini(mini.start, tuple(threads), mini.functions) if number < seen else None
