"""The kernel's own macros that a test may use without defining them.

They are made of primitives, so that no model needs to know them. Each is here from the kernel on
that has it; a test that defines the name itself, as a macro or a function, means its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain

from ksmcheck.record import Struct
from ksmcheck.syntax.c_unknown import declares
from ksmcheck.syntax.pp_bits import bits_and_bytes
from ksmcheck.syntax.pp_builds import builds
from ksmcheck.syntax.pp_cleanup import cleanups
from ksmcheck.syntax.pp_constants import constants
from ksmcheck.syntax.pp_idioms import idioms
from ksmcheck.syntax.pp_locks import idioms_of_locks
from ksmcheck.syntax.pp_members import members
from ksmcheck.syntax.pp_overflow import overflows
from ksmcheck.syntax.tokens import Token


def _wait(look: str) -> str:
    """The loops of asm-generic/barrier.h. The one that waits with acquire looks by a primitive of
    its own: arm64 loads with acquire, others without, and a read barrier stands behind the loop.
    That it is in the loop here does no harm: beside each execution with a round more there is one
    without it, which allows no less."""
    loop = f"for (;;) {{ VAL = {look}; if (c) break; cpu_relax(); }}"
    return f"({{ typeof(*(p)) VAL; {loop} VAL; }})"


# linux/bits.h, linux/rcupdate.h, asm-generic/barrier.h, linux/atomic.h
_SINCE: dict[str, tuple[str, ...]] = {
    "2.6": (
        "BIT(n) (1UL << (n))",
        "BIT_ULL(n) (1ULL << (n))",
        "rcu_access_pointer(p) READ_ONCE(p)",
        "rcu_dereference_bh_check(p, c) rcu_dereference_check(p, c)",
        "rcu_dereference_sched_check(p, c) rcu_dereference_check(p, c)",
        "srcu_dereference(p, s) rcu_dereference_check(p, s)",
        "srcu_dereference_check(p, s, c) rcu_dereference_check(p, c)",
        # linux/rtnetlink.h and net/core/dev.c. Who holds the RTNL waits in a more urgent way, for
        # the same grace period.
        "rtnl_dereference(p) rcu_dereference_protected(p, 1)",
        "rcu_dereference_rtnl(p) rcu_dereference_check(p, 1)",
        "synchronize_net() ({ synchronize_rcu(); })",
        # linux/byteorder/generic.h: a value is read as it was written, so one order will do.
        *(f"cpu_to_le{width}(x) ((__le{width})(x))" for width in (16, 32, 64)),
        *(f"le{width}_to_cpu(x) ((__u{width})(x))" for width in (16, 32, 64)),
    ),
    "3.13": (
        "GENMASK(h, l) ((~0UL << (l)) & (~0UL >> (63 - (h))))",
        "GENMASK_ULL(h, l) ((~0ULL << (l)) & (~0ULL >> (63 - (h))))",
    ),
    "4.5": (
        *(f"virt_{b}() smp_{b}()" for b in ("mb", "rmb", "wmb")),
        *(f"virt_mb__{side}_atomic() smp_mb__{side}_atomic()" for side in ("before", "after")),
        "virt_store_mb(x, v) smp_store_mb(x, v)",
        "virt_store_release(p, v) smp_store_release(p, v)",
        "virt_load_acquire(p) smp_load_acquire(p)",
    ),
    # linux/bitops.h
    "4.16": tuple(
        f"{lead}assign_bit(nr, p, v) ((v) ? {lead}set_bit(nr, p) : {lead}clear_bit(nr, p))"
        for lead in ("", "__")
    ),
    "4.18": (
        f"smp_cond_load_relaxed(p, c) {_wait('READ_ONCE(*(p))')}",
        f"smp_cond_load_acquire(p, c) {_wait('__smp_cond_load_acquire(p)')}",
        *(
            f"{kind}_cond_read_{order}(v, c) smp_cond_load_{order}(&(v)->counter, c)"
            for kind in ("atomic", "atomic_long", "atomic64")
            for order in ("relaxed", "acquire")
        ),
    ),
    # One kind of readers since then.
    "5.0": tuple(
        f"rcu_read_{action}_{kind}() rcu_read_{action}()"
        for action in ("lock", "unlock")
        for kind in ("bh", "sched")
    ),
    "5.5": (
        "rcu_replace_pointer(p, n, c) ({ typeof(p) old__ = rcu_dereference_protected(p, c);"
        " rcu_assign_pointer(p, n); old__; })",
    ),
    # linux/compiler.h: it tells KCSAN that a race is meant, and is what is inside; to LKMM, which
    # has no word for it, that is plain (tools/memory-model/Documentation/access-marking.txt).
    "5.8": ("data_race(x) (x)",),
    # linux/spinlock.h, of builds without PREEMPT_RT: a raw spinlock is the architecture's.
    "6.1": (
        "arch_spinlock_t raw_spinlock_t",
        "__ARCH_SPIN_LOCK_UNLOCKED { 0 }",
        *(
            f"arch_spin_{what}(l) raw_spin_{what}(l)"
            for what in ("lock", "unlock", "trylock", "is_locked")
        ),
    ),
    "5.15": ("unrcu_pointer(p) (p)",),
}
_WORD = re.compile(r"\w+")

# Between a function's parameters and its body, where they are no function's name.
_ANNOTATIONS = frozenset({"__acquires", "__releases", "__must_hold", "__section", "__printf"})


class _Kept(Struct, frozen=True):
    """``line`` is what stands behind ``#define``, ``since`` a ``KERNEL_VERSION``."""

    since: int
    line: str
    words: tuple[str, ...]


def given() -> Iterator[tuple[str, str]]:
    """The kernel that has a macro first, and what stands behind ``#define``."""
    own = (
        _SINCE,
        idioms(),
        idioms_of_locks(),
        bits_and_bytes(),
        builds(),
        constants(),
        members(),
        cleanups(),
        overflows(),
    )
    for since, lines in chain.from_iterable(table.items() for table in own):
        for line in lines:
            yield since, line


@cache
def _all() -> dict[str, _Kept]:
    """By name."""
    found = {}
    for since, line in given():
        major, minor = since.split(".")
        words = tuple(_WORD.findall(line))
        found[words[0]] = _Kept((int(major) << 16) + (int(minor) << 8), line, words)
    return found


def is_known(name: str) -> bool:
    """Whether it is one of the macros, at some kernel point."""
    return name in _all()


def mentioned(tokens: Iterable[Token]) -> bool:
    """Whether the tokens may use one of the macros."""
    return not _all().keys().isdisjoint([token.text for token in tokens])


def definitions(version: int, tokens: Iterable[Token]) -> Iterator[str]:
    """What stands behind ``#define``, for a ``KERNEL_VERSION``: of the macros that are among the
    tokens, and of those that they are made of."""
    known, seen = _all(), set[str]()
    todo = [token.text for token in tokens]
    while todo:
        name = todo.pop()
        if name in known and name not in seen:
            seen.add(name)
            todo += known[name].words
            if known[name].since <= version:
                yield known[name].line


def own_names(tokens: list[Token]) -> Iterator[str]:
    """The names above that the tokens define as functions (``{`` follows the parameters), as
    enumerators or as types."""
    for at, token in enumerate(tokens):
        if token.text == "enum":
            yield from _enumerators(tokens, at)
        elif token.text == "typedef":
            yield from _typedef(tokens, at)
        elif token.text in _ANNOTATIONS or declares(token.text):
            continue  # the start state may follow
        elif token.kind == "id" and is_known(token.text) and tokens[at + 1].text == "(":
            end = _closing(tokens, at + 1)
            if tokens[end].text == "{" and not _is_loop(tokens, at):
                yield token.text


def _is_loop(tokens: list[Token], at: int) -> bool:
    """Whether a loop's macro is used: no type stands before it."""
    before = tokens[at - 1]
    typed = before.text == "*" or (before.kind == "id" and before.text not in ("else", "do"))
    return tokens[at].text.startswith("for_each_") and not typed


def _typedef(tokens: list[Token], at: int) -> Iterator[str]:
    """The name that ends the declaration, if it is known."""
    while tokens[at].text != ";" and tokens[at].kind != "eof":
        at = _closing(tokens, at) if tokens[at].text == "{" else at + 1
    if is_known(tokens[at - 1].text):
        yield tokens[at - 1].text


def _enumerators(tokens: list[Token], at: int) -> Iterator[str]:
    opening = next((i for i in (at + 1, at + 2) if tokens[i].text == "{"), None)
    if opening is not None:
        for index in range(opening, _closing(tokens, opening) - 1):
            name = tokens[index + 1].text
            if tokens[index].text in ("{", ",") and is_known(name):
                yield name


def _closing(tokens: list[Token], opening: int) -> int:
    """The index behind what closes the parenthesis or brace at index ``opening``."""
    depth, end = 1, opening + 1
    first = tokens[opening].text
    last = ")" if first == "(" else "}"
    while depth and tokens[end].kind != "eof":
        depth += (tokens[end].text == first) - (tokens[end].text == last)
        end += 1
    return end
