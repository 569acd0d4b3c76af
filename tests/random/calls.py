"""Calls of kernel primitives, made from the catalogue: so that a new primitive is tested too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

from ksmcheck.kernel.catalogue.accesses import EITHER_ANSWERS, VOLATILE_LOAD
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import all_primitives, primitives

STORED_ONCE = "ACCESS_ONCE="
"""The one that C writes as an assignment."""
LOADS, STORES, FENCES, ATOMIC = "load", "store", "fence", "atomic"

# Written elsewhere: locks and sections as pairs, pointers in statements of their own; a plain load
# or store has no name in C.
_ELSEWHERE = re.compile(
    r"(raw_|bit_|__bit_)?spin_(?!unlock_wait)|(xa|mutex|down|up|rwsem|downgrade)_|s?rcu_|RCU_"
    r"|(read|write)_(un|try)?lock|synchronize_|(load|store)$|call_rcu$|rcu_barrier_callback$|rcu_do_batch$|\w*lock_page"
)
_SELDOM = 0.3
"""Of the loads and stores this share are of counters and flags, not READ_ONCE and the like."""

_CELLS = {"spin": "lk", "raw": "rl", "xa": "xa", "mutex": "mx", "read": "rw", "write": "rw"}
_CELLS |= dict.fromkeys(("down", "up", "rwsem", "downgrade"), "sem")


@dataclass(frozen=True, slots=True)
class Lock:
    """Calls that take and give back one lock; ``tried`` and ``asked`` where it has such."""

    take: str
    give: str
    tried: str | None
    asked: str | None


@cache
def locks(kernel: str) -> tuple[Lock, ...]:
    """Every lock of the catalogue; one with two ways of giving it back comes twice."""
    known = primitives(kernel)
    found = []
    for name, primitive in known.items():
        if not primitive.blocks or name.endswith("_page"):
            continue
        unlock = name.replace("lock", "unlock", 1).replace("irqsave", "irqrestore")
        base, _, suffix = name.partition("lock")
        tried, asked = f"{base}trylock{suffix}", f"{base}is_locked"
        if name.startswith("down_"):
            if kernel == "3.9":  # which has no rows for them everywhere
                continue
            unlock = name.replace("down", "up")
            tried, asked = f"{name}_trylock", "rwsem_is_locked"
        for give in (unlock, f"__{unlock}"):
            if give in known:
                more = (_lock_call(known, n) if n in known else None for n in (tried, asked))
                found.append(Lock(_lock_call(known, name), _lock_call(known, give), *more))
        if name == "down_write":
            given = f"{_lock_call(known, 'downgrade_write')}; {_lock_call(known, 'up_read')}"
            found.append(Lock(_lock_call(known, name), given, None, None))
    return tuple(found)


def _lock_call(known: Mapping[str, Primitive], name: str) -> str:
    cell = _CELLS.get(name.partition("_")[0], "fl")
    words = {"ptr": f"&{cell}", "any": "flags", "bit": "1"}
    return f"{name}({', '.join(words[kind] for kind in known[name].params)})"


@cache
def pointer_calls(kernel: str, kind: str) -> tuple[str, ...]:
    """Loads (of ``p``) and stores (of ``{}`` to ``p``) that are for pointers."""
    found = []
    for name, primitive in primitives(kernel).items():
        fits = name.startswith(("rcu_dereference", "rcu_assign", "RCU_INIT", "rcu_access"))
        if primitive.shape == kind and (fits or name in ("READ_ONCE", "WRITE_ONCE")):
            words = {"ptr": "p" if primitive.macro else "&p", "any": "1", "val": "{}"}
            if name.endswith("=NULL") and primitive.form_of:  # of a constant NULL, by that name
                name, words["val"] = primitive.form_of, "NULL"
            found.append(f"{name}({', '.join(words[k] for k in primitive.params)})")
    return tuple(found)


@cache
def family(kernel: str, kind: str) -> tuple[Primitive, ...]:
    """The primitives of one kind that a statement may call on their own."""
    found = []
    for name, primitive in primitives(kernel).items():
        if _ELSEWHERE.match(name) or name in EITHER_ANSWERS:
            continue
        if kind == (ATOMIC if primitive.shape == "rmw" else primitive.shape):
            found.append(primitive)
    return tuple(found)


def either(random: Random) -> str:
    """A test of what may have either answer."""
    name = random.choice(sorted(EITHER_ANSWERS))
    argument = "0" if all_primitives()[name].params else ""
    return f"{random.choice(('', '!'))}{name}({argument})"


def call(random: Random, kernel: str, kind: str, place: str, value: Callable[[], str]) -> str:
    """A call of that kind on an lvalue; the result of an ``atomic`` goes to ``RESULT``."""
    chosen = family(kernel, kind)
    if kind in (LOADS, STORES) and random.random() > _SELDOM:
        chosen = tuple(p for p in chosen if cell_of(p.name) is None)
    primitive = random.choice(chosen)
    target = cell_of(primitive.name) or place
    arguments = _arguments(random, primitive, target, value)
    text = f"{primitive.name}({', '.join(arguments)})"
    if primitive.name == VOLATILE_LOAD:
        return f"*(volatile typeof({target}) *)&{target}"
    if primitive.name == STORED_ONCE:
        text = f"ACCESS_ONCE({arguments[0]}) = {arguments[1]}"
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
