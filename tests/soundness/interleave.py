"""All interleavings of a ``mini_c`` program: its final states under sequential consistency.

Written for the eye: threads are compiled to a list of steps, memory is a tuple, and every state
that is reached is visited once. Sources: ISO C17 6.3.1 and 6.5 for arithmetic (LP64, signed
overflow wraps), Documentation/atomic_t.txt and atomic_bitops.txt for the primitives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.soundness import mini_c as m
from tests.soundness.mini_steps import Branch, Change, Check, Compiler, Jump, Read, Set, Step, Write

INT, ULONG = "int", "unsigned long"
Typed = tuple[int, str]
Env = dict[str, Typed]
MOST = 15_000


class TooMany(Exception):
    """More states than a test can wait for."""


def wrap(value: int, type: str) -> int:
    width, signed = m.WIDTH.get(type, (64, False))
    value &= (1 << width) - 1
    return value - (1 << width) if signed and value >> (width - 1) else value


ADDRESS = {
    name: (index + 1) * 1000 + (4 * int(name[4]) - 1000 * int(name[4]) if "[" in name else 0)
    for index, name in enumerate(m.CELLS)
}
"""Elements of arr are 4 apart, everything else is far from it."""
AT = {address: name for name, address in ADDRESS.items()}
PLACE = {name: index for index, name in enumerate(m.CELLS)}


# Expressions without loads.


def common(a: Typed, b: Typed) -> str:
    return ULONG if ULONG in (a[1], b[1]) else INT


def value(e: m.Expr, env: Env) -> Typed:
    match e:
        case m.Num(number):
            return number, INT
        case m.Local(name):
            return env[name]
        case m.Unary(op, arg):
            return unary(op, value(arg, env))
        case m.Cond(test, then, other):
            arms = value(then, env), value(other, env)
            type = common(*arms)
            return wrap(arms[0 if value(test, env)[0] else 1][0], type), type
        case m.Binary("&&", left, right):
            return int(bool(value(left, env)[0]) and bool(value(right, env)[0])), INT
        case m.Binary("||", left, right):
            return int(bool(value(left, env)[0]) or bool(value(right, env)[0])), INT
        case m.Binary(op, left, right):
            return binary(op, value(left, env), value(right, env))
        case m.AddressOf(place):
            return address(place, env), m.POINTER
    raise AssertionError(e)


def unary(op: str, a: Typed) -> Typed:
    if op == "!":
        return int(not a[0]), INT
    if op.startswith("("):
        type = op.strip("()")
        return wrap(a[0], type), type
    type = ULONG if a[1] == ULONG else INT
    return wrap(-a[0] if op == "-" else ~a[0], type), type


def binary(op: str, a: Typed, b: Typed) -> Typed:
    if op in ("<<", ">>"):
        type = ULONG if a[1] == ULONG else INT
        return wrap(a[0] << b[0] if op == "<<" else a[0] >> b[0], type), type
    type = common(a, b)
    x, y = wrap(a[0], type), wrap(b[0], type)
    if m.POINTER in (a[1], b[1]):
        x, y = a[0], b[0]
    tests = {"==": x == y, "!=": x != y, "<": x < y, ">=": x >= y}
    if op in tests:
        return int(tests[op]), INT
    table = {"+": x + y, "-": x - y, "*": x * y, "&": x & y, "|": x | y, "^": x ^ y}
    return wrap(table[op], type), type


def address(place: m.Place, env: Env) -> int:
    match place:
        case m.Cell(name):
            return ADDRESS[name]
        case m.Element(index):
            return ADDRESS["arr[0]"] + 4 * value(index, env)[0]
        case m.Target(pointer):
            return env[pointer][0]


# Atomics: old value and arguments -> new value (None: none is stored) and result.

Arithmetic = Callable[[int, list[int]], tuple[int | None, int]]


def _unless(old: int, a: list[int]) -> tuple[int | None, int]:
    return (None, 0) if old == a[1] else (old + a[0], 1)


ATOMICS: dict[str, Arithmetic] = {
    "atomic_inc": lambda old, a: (old + 1, 0),
    "atomic_dec_and_test": lambda old, a: (old - 1, int(old == 1)),
    "atomic_add_return": lambda old, a: (old + a[0], wrap(old + a[0], INT)),
    "atomic_sub_return_relaxed": lambda old, a: (old - a[0], wrap(old - a[0], INT)),
    "atomic_xchg": lambda old, a: (a[0], old),
    "xchg": lambda old, a: (a[0], old),
    "atomic_cmpxchg": lambda old, a: (a[1] if old == a[0] else None, old),
    "cmpxchg": lambda old, a: (a[1] if old == a[0] else None, old),
    "cmpxchg_relaxed": lambda old, a: (a[1] if old == a[0] else None, old),
    "atomic_add_unless": _unless,
    "atomic_inc_not_zero": lambda old, a: (old + 1 if old else None, int(old != 0)),
    "test_and_set_bit": lambda old, a: (old | 1 << a[0], old >> a[0] & 1),
    "test_and_clear_bit": lambda old, a: (old & ~(1 << a[0]), old >> a[0] & 1),
    "set_bit": lambda old, a: (old | 1 << a[0], 0),
    "clear_bit": lambda old, a: (old & ~(1 << a[0]), 0),
    "test_bit": lambda old, a: (None, old >> a[0] & 1),
    "spin_trylock": lambda old, a: (None, 0) if old else (1, 1),
    "spin_unlock": lambda old, a: (0, 0),
    "atomic_try_cmpxchg": lambda old, a: (a[1] if old == a[0] else None, int(old == a[0])),
}


# Running.

State = tuple[tuple[tuple[int, tuple[int, ...]], ...], tuple[int, ...]]


@dataclass
class Result:
    """``finals``: cells and locals of each final state, in the order of ``mini_c.observed``.

    ``failed``: BUG_ON and ``bad address``, where some reachable state comes to it. ``stuck``: some
    reachable state is one in which threads wait for ever, and the others have ended.
    """

    finals: set[tuple[int | str, ...]]
    failed: set[str]
    stuck: bool = False


class Explorer:
    """Depth first over all states; a thread's local steps do not wait."""

    def __init__(self, mini: m.Mini) -> None:
        self.code: list[list[Step]] = []
        self.types: list[dict[str, str]] = []
        self.shown: list[list[int]] = []
        starts = []
        for thread in mini.threads:
            types = {name: type for name, type, _ in thread.locals}
            compiler = Compiler(mini.functions, types)
            end = compiler.label()
            compiler.leaving = {"return": end}
            compiler.body(thread.body)
            compiler.here(end)
            self.code.append(compiler.finish())
            self.types.append(types)
            given = {name: value for name, _, value in thread.locals}
            starts.append((0, tuple(given.get(name, 0) for name in types)))
            self.shown.append([list(types).index(name) for name, _, _ in thread.locals])
        memory = [mini.start.get(name, 0) for name in m.CELLS]
        self.start: State = (
            tuple(starts),
            tuple(ADDRESS[v] if isinstance(v, str) else v for v in memory),
        )
        self.result = Result(set(), set())

    def run(self) -> Result:
        seen: set[State] = set()
        todo = [self.start]
        while todo:
            threads, memory = todo.pop()
            settled = tuple(self.settle(i, *t) for i, t in enumerate(threads))
            if any(t is None for t in settled):
                continue
            state: State = (tuple(t for t in settled if t is not None), memory)
            if state in seen:
                continue
            seen.add(state)
            if len(seen) > MOST:
                raise TooMany
            todo.extend(self.successors(state))
        return self.result

    def settle(
        self, thread: int, at: int, values: tuple[int, ...]
    ) -> tuple[int, tuple[int, ...]] | None:
        """The thread before its next access; None if an assumption fails."""
        code, types = self.code[thread], self.types[thread]
        env = {n: (v, t) for (n, t), v in zip(types.items(), values, strict=True)}
        for _ in range(10_000):
            step = code[at] if at < len(code) else None
            if isinstance(step, Set):
                env[step.local] = (
                    wrap(value(step.value, env)[0], types[step.local]),
                    types[step.local],
                )
            elif isinstance(step, Branch):
                if not value(step.test, env)[0]:
                    at = step.target
                    continue
            elif isinstance(step, Jump):
                at = step.target
                continue
            elif isinstance(step, Check):
                holds = bool(value(step.test, env)[0])
                if step.form == "__assume" and not holds:
                    return None
                if step.form == "BUG_ON" and holds:
                    self.result.failed.add("BUG_ON")
            else:
                return at, tuple(v for v, _ in env.values())
            at += 1
        raise TooMany

    def successors(self, state: State) -> Iterator[State]:
        threads, memory = state
        going = [i for i, (at, _) in enumerate(threads) if at < len(self.code[i])]
        if not going:
            self.result.finals.add(self.final(state))
        elif all(self.waits(i, *threads[i], memory) for i in going):
            self.result.stuck = True
        for i, (at, values) in enumerate(threads):
            if at >= len(self.code[i]):
                continue
            types = self.types[i]
            env = {n: (v, t) for (n, t), v in zip(types.items(), values, strict=True)}
            after = self.access(self.code[i][at], env, list(memory), types)
            if after is not None:
                moved = (at + 1, tuple(v for v, _ in env.values()))
                yield (*threads[:i], moved, *threads[i + 1 :]), tuple(after)

    def waits(self, thread: int, at: int, values: tuple[int, ...], memory: tuple[int, ...]) -> bool:
        """Whether the thread, alone, changes nothing and does not end."""
        types, seen = self.types[thread], set[tuple[int, tuple[int, ...]]]()
        while (at, values) not in seen:
            seen.add((at, values))
            if at >= len(self.code[thread]):
                return False
            env = {n: (v, t) for (n, t), v in zip(types.items(), values, strict=True)}
            after = self.access(self.code[thread][at], env, list(memory), types)
            if after is None:
                return "bad address" not in self.result.failed
            settled = self.settle(thread, at + 1, tuple(v for v, _ in env.values()))
            if after != list(memory) or settled is None:
                return False
            at, values = settled
        return True

    def access(
        self, step: Step, env: Env, memory: list[int], types: dict[str, str]
    ) -> list[int] | None:
        """Memory after the step, None where the thread waits or comes to grief; fills ``env``."""
        if isinstance(step, Change):
            return self.change(step.call, env, memory, types)
        assert isinstance(step, Read | Write)
        name = AT.get(address(step.place, env))
        if name is None:
            self.result.failed.add("bad address")
            return None
        assert m.CELLS[name] == INT or isinstance(step.place, m.Cell)
        if isinstance(step, Read):
            env[step.local] = memory[PLACE[name]], types[step.local]
        else:
            memory[PLACE[name]] = wrap(value(step.value, env)[0], m.CELLS[name])
        return memory

    def change(
        self, call: m.Atomic, env: Env, memory: list[int], types: dict[str, str]
    ) -> list[int] | None:
        place, type = PLACE[call.cell], m.CELLS[call.cell]
        old = memory[place]
        if call.name == "spin_lock":
            if old:
                return None
            memory[place] = 1
            return memory
        args = [value(a, env)[0] for a in call.args]
        if not call.name.startswith(("test_", "set_", "clear_")):
            args = [wrap(a, type) for a in args]
        if call.expected is not None:
            args.insert(0, wrap(env[call.expected][0], type))
        new, result = ATOMICS[call.name](old, args)
        if new is not None:
            memory[place] = wrap(new, type)
        if call.expected is not None and new is None:
            env[call.expected] = wrap(old, types[call.expected]), types[call.expected]
        if call.local is not None:
            env[call.local] = wrap(result, types[call.local]), types[call.local]
        return memory

    def final(self, state: State) -> tuple[int | str, ...]:
        threads, memory = state
        shown: list[int | str] = []
        for (_, type), number in zip(m.CELLS.items(), memory, strict=True):
            shown.append(AT.get(number, "none") if type == m.POINTER else number)
        for i, (_, values) in enumerate(threads):
            names = list(self.types[i])
            for index in self.shown[i]:
                pointer = self.types[i][names[index]] == m.POINTER
                shown.append(AT.get(values[index], "none") if pointer else values[index])
        return tuple(shown)
