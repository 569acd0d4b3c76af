"""Random readers, updaters and waiters, against all interleavings of their steps.

The interpreter below knows of RCU what Documentation/RCU/whatisRCU.rst says of it: a grace period
ends once every reader that was inside when it began has left. A full barrier behind each step makes
the threads' accesses interleave under LKMM.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VIOLATED
from tests.fresh import fresh_checker

Op = tuple[str, ...]
Program = list[list[Op]]

C = {
    "in": "{i}rcu_read_lock({s});",
    "out": "{i}rcu_read_unlock({s});",
    "sync": "synchronize_{w}rcu({s});",
    "set": "WRITE_ONCE({0}, {1});",
    "await": "while (READ_ONCE({0}) != {1}) cpu_relax();",
    "pass": "while (READ_ONCE({0}) != {1}) {{ {o} smp_mb(); {n} smp_mb(); }}",
    "lock": "mutex_lock(&m);",
    "unlock": "mutex_unlock(&m);",
}


def program(rng: Random) -> Program:
    """Sections and locks are well nested; what is inside them is anything."""
    threads = []
    for _ in range(rng.choice((2, 2, 3))):
        ops: list[Op] = []
        shape = rng.choice(("reader", "reader", "updater", "updater", "other"))
        inner = [step(rng, shape) for _ in range(rng.randint(1, 2))]
        if rng.random() < 0.3:
            inner = [("lock",), *inner, ("unlock",)]
        if shape == "reader":
            inner = [("in",), *inner, ("out",)]
        elif shape == "updater":
            inner.insert(rng.randint(0, len(inner)), ("sync",))
        if rng.random() < 0.5:
            ops.append(step(rng, "other"))
        threads.append([*ops, *inner, *([step(rng, "other")] if rng.random() < 0.4 else [])])
    return threads


def step(rng: Random, shape: str) -> Op:
    kind = rng.choice(("set", "set", "await", "await"))
    if shape == "reader" and kind == "await" and rng.random() < 0.2:
        kind = "pass"
    return (kind, rng.choice("xy"), rng.choice("112"))


def text(threads: Program, srcu: bool) -> str:
    marks = {"i": "k = s", "s": "&s", "w": "s"} if srcu else {"i": "", "s": "", "w": ""}
    enter = C["in"].format(**marks)
    leave = "srcu_read_unlock(&s, k);" if srcu else C["out"].format(**marks)
    parts = ["C t\nint x; int y; struct mutex m; struct srcu_struct s;\n{ }\n"]
    for number, ops in enumerate(threads):
        body = ["int k = 0;"]
        for name, *given in ops:
            line = C[name].format(*given, o=leave, n=enter, **marks)
            body += [leave if name == "out" else line, "smp_mb();"]
        parts.append(f"P{number}(void)\n{{\n\t" + "\n\t".join(body) + "\n}\n")
    return "".join(parts)


Grace = frozenset[tuple[int, int]] | None
State = tuple[tuple[int, ...], tuple[int, ...], tuple[Grace, ...], tuple[int, int, int]]
"""Of each thread its place, how often it went in or out, and whom the grace period that it began
waits for; x, y and who has the mutex (-1: nobody)."""


def may_be_stuck(threads: Program) -> bool:
    """Whether some state can be reached from which the threads cannot all come to their ends: what
    they wait for is stored once, so whoever can go on sooner or later does."""
    count = len(threads)
    start: State = ((0,) * count, (0,) * count, (None,) * count, (0, 0, -1))
    before: dict[State, list[State]] = {start: []}
    todo = [start]
    while todo:
        state = todo.pop()
        for after in (s for n in range(count) for s in moves(threads, state, n)):
            if after not in before:
                before[after] = []
                todo.append(after)
            before[after].append(state)
    todo = [s for s in before if s[0] == tuple(map(len, threads))]
    good = set(todo)
    while todo:
        new = [s for s in before[todo.pop()] if s not in good]
        good.update(new)
        todo += new
    return len(good) < len(before)


def waited_for(state: State, grace: frozenset[tuple[int, int]]) -> bool:
    return any(state[1][n] == turn for n, turn in grace)


def moves(threads: Program, state: State, n: int) -> list[State]:
    places, turns, graces, (x, y, owner) = state
    if places[n] == len(threads[n]):
        return []
    name, *given = threads[n][places[n]]
    on = tuple(at + (i == n) for i, at in enumerate(places))
    turned = tuple(t + (i == n) for i, t in enumerate(turns))
    memory = (x, y, owner)
    if name == "set":
        value = int(given[1])
        memory = (value, y, owner) if given[0] == "x" else (x, value, owner)
    elif name in ("await", "pass"):
        if (x if given[0] == "x" else y) != int(given[1]):
            if name == "await":
                return []
            twice = tuple(t + 2 * (i == n) for i, t in enumerate(turns))
            held = any(g is not None and (n, turns[n]) in g for g in graces)
            return [(places, twice, graces, memory)] if held else []
    elif name == "lock":
        if owner >= 0:
            return []
        memory = (x, y, n)
    elif name == "unlock":
        memory = (x, y, -1)
    elif name in ("in", "out"):
        return [(on, turned, graces, memory)]
    elif name == "sync":
        grace = graces[n]
        if grace is None:  # an odd number of turns: inside
            begun = frozenset((i, t) for i, t in enumerate(turns) if t % 2)
            return [(places, turns, (*graces[:n], begun, *graces[n + 1 :]), memory)]
        if waited_for(state, grace):
            return []
        return [(on, turns, (*graces[:n], None, *graces[n + 1 :]), memory)]
    return [(on, turns, graces, memory)]


@pytest.mark.parametrize("srcu", [False, True])
@pytest.mark.parametrize("share", range(3))
def test_who_waits_for_readers_that_wait(share: int, srcu: bool, tmp_path: Path) -> None:
    told = []
    checker = fresh_checker()
    for seed in range(share, 60, 3):
        threads = program(Random(seed))
        path = tmp_path / f"{seed}.litmus"
        path.write_text(text(threads, srcu))
        found = checker.check(Request(path, "lkmm", timeout=20.0, liveness=True))
        if found.verdict in (UNKNOWN, BOUNDED):
            continue
        wanted = may_be_stuck(threads)
        assert (found.verdict == VIOLATED) == wanted, (seed, found.verdict)
        told.append(found.verdict)
    assert len(told) > 12
    assert {SAFE, VIOLATED} <= set(told)
