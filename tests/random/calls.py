"""Calls of kernel primitives, made from the catalogue: so that a new primitive is tested too."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives

LOADS, STORES, FENCES, ATOMIC = "load", "store", "fence", "atomic"

# Brackets and locks are written as pairs elsewhere; pointers have statements of their own.
_ELSEWHERE = ("spin_", "raw_spin_", "xa_", "mutex_", "bit_spin_", "__bit_spin", "srcu_", "rcu_")
_ELSEWHERE += ("RCU_", "synchronize_", "load", "store", "lock_page", "unlock_page", "trylock_page")
_SELDOM = 0.3
"""Of the loads and stores this share are of counters and flags, not READ_ONCE and the like."""


@cache
def family(kernel: str, kind: str) -> tuple[Primitive, ...]:
    """The primitives of one kind that a statement may call on their own."""
    found = []
    for name, primitive in primitives(kernel).items():
        if name.startswith(_ELSEWHERE) or name.endswith(("rcu_read_unlock",)):
            continue
        if kind == (ATOMIC if primitive.shape == "rmw" else primitive.shape):
            found.append(primitive)
    return tuple(found)


def call(random: Random, kernel: str, kind: str, place: str, value: Callable[[], str]) -> str:
    """A call of that kind on an lvalue; the result of an ``atomic`` goes to ``RESULT``."""
    chosen = family(kernel, kind)
    if kind in (LOADS, STORES) and random.random() > _SELDOM:
        chosen = tuple(p for p in chosen if cell_of(p.name) is None)
    primitive = random.choice(chosen)
    target = cell_of(primitive.name) or place
    text = f"{primitive.name}({', '.join(_arguments(random, primitive, target, value))})"
    if primitive.shape == "rmw" and primitive.result_type != "void":
        return f"RESULT = {text}"
    return text


def cell_of(name: str) -> str | None:
    """The cell that a primitive works on by its type; None for any integer."""
    for prefix, cell in (
        ("atomic64", "a64"),
        ("atomic_long", "al"),
        ("atomic", "at"),
        ("refcount", "rc"),
        ("cmpxchg64", "z"),
    ):
        if name.startswith(prefix):
            return cell
    if "_bit" in name or name.startswith("xor_unlock") or "Page" in name:
        return "fl"
    return None


def _arguments(
    random: Random, primitive: Primitive, target: str, value: Callable[[], str]
) -> list[str]:
    found = []
    for kind in primitive.params:
        if kind == "ptr":
            found.append(target if primitive.macro else f"&{target}")
        elif kind == "bit":
            found.append(random.choice(("0", "1")))
        elif kind == "inout":
            found.append("&r1" if target not in ("z", "c8", "al", "a64") else "&u")
        elif kind == "any":
            found.append("1")
        else:
            found.append(value())
    return found
