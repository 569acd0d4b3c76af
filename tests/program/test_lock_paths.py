"""Unbalanced locks are found in random code exactly where some path through it is unbalanced."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from ksmcheck.program.compile import compile_program
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source

BRANCHES = 4
CALLS = {"a+": "spin_lock(&a);", "a-": "spin_unlock(&a);", "b+": "spin_lock(&b);"}
CALLS |= {"b-": "spin_unlock(&b);", "r+": "rcu_read_lock();", "r-": "rcu_read_unlock();"}
SHARED = {"r+": "read_lock(&w);", "r-": "read_unlock(&w);"}
"""In place of RCU's: whoever reads may come in again."""

Code = list["str | tuple[int, Code, Code]"]


def code(rng: Random, branches: list[int], pairs: int, held: str = "") -> Code:
    """Pairs of calls, each around some more, now and then of a lock that is held already or with
    half of the pair missing; each branch reads a variable of its own, so that every path exists."""
    out: Code = []
    for _ in range(pairs):
        if branches and rng.random() < 0.5:
            branch = branches.pop()
            ways = [code(rng, branches, pairs - 1, held) for _ in "yn"]
            out.append((branch, ways[0], ways[1]))
        free = [lock for lock in "abr" if lock not in held or rng.random() < 0.03]
        if not free:
            continue
        lock = rng.choice(free)
        inner = code(rng, branches, pairs - 1, held + lock)
        kept = [rng.random() < 0.98, rng.random() < 0.98]
        out += [*[f"{lock}+"][: kept[0]], *inner, *[f"{lock}-"][: kept[1]]]
    return out


def text(part: Code, calls: dict[str, str]) -> str:
    return " ".join(
        calls[item]
        if isinstance(item, str)
        else f"if (READ_ONCE(x{item[0]})) {{ {text(item[1], calls)} }}"
        f" else {{ {text(item[2], calls)} }}"
        for item in part
    )


def along(part: Code, taken: tuple[int, ...]) -> list[str]:
    out: list[str] = []
    for item in part:
        if isinstance(item, str):
            out.append(item)
        else:
            out += along(item[1] if taken[item[0]] else item[2], taken)
    return out


def unbalanced(path: list[str]) -> bool:
    held: list[str] = []
    for call in path:
        lock, action = call[0], call[1]
        if action == "+":
            if lock in held and lock != "r":
                return True
            held.append(lock)
        elif lock not in held:
            return True
        else:
            held.remove(lock)
    return bool(held)


@pytest.mark.parametrize("calls", [CALLS, CALLS | SHARED], ids=["rcu", "rwlock"])
@pytest.mark.parametrize("seed", range(60))
def test_locks_along_every_path(seed: int, calls: dict[str, str]) -> None:
    rng = Random(seed)
    branches = list(range(BRANCHES))
    made = code(rng, branches, 3)
    wrong = any(unbalanced(along(made, taken)) for taken in product((0, 1), repeat=BRANCHES))
    variables = " ".join(f"int x{i};" for i in range(BRANCHES))
    locks = "spinlock_t a; spinlock_t b; rwlock_t w;"
    body = f"{locks} {variables} {{ }} P0(void) {{ assert(1); {text(made, calls)} }}"
    test = parse_litmus(Source("t.litmus", f"C t\n{body}"), kernel="6.12")
    if wrong:
        with pytest.raises(InputError, match=r"hold|released|for ever"):
            compile_program(test, kernel="6.12")
    else:
        compile_program(test, kernel="6.12")


def test_both_kinds_are_met() -> None:
    found = []
    for seed in range(60):
        made = code(Random(seed), list(range(BRANCHES)), 3)
        paths = product((0, 1), repeat=BRANCHES)
        found.append(any(unbalanced(along(made, taken)) for taken in paths))
    assert 15 <= sum(found) <= 45
