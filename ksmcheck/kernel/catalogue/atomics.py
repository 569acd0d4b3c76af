"""Atomic counters, exchange and compare-and-exchange.

Sources: Documentation/atomic_t.txt, include/linux/atomic/atomic-arch-fallback.h (6.12),
include/linux/atomic.h and arch headers (3.9). The order suffixes came with 4.3, fetch_* with 4.8.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.record import replace

_PREFIXES = ("atomic", "atomic_long", "atomic64")
_ORDERS = ("", "_relaxed", "_acquire", "_release")
_ARITHMETIC = {"add": "+", "sub": "-"}
_BITWISE = {"and": "old & i", "or": "old | i", "xor": "old ^ i", "andnot": "old & ~i"}
_UNIT = {"inc": "old + 1", "dec": "old - 1"}


def atomics() -> Iterator[Primitive]:
    for prefix in _PREFIXES:
        yield from _read_set(prefix)
        yield from _void(prefix)
        yield from _returning(prefix)
        yield from _fetching(prefix)
        yield from _and_test(prefix)
        yield from _exchange(prefix)
        yield from _conditional(prefix)
    yield from _pointer_exchange()


def _read_set(p: str) -> Iterator[Primitive]:
    yield _op(f"{p}_read", (), "load", "once-load", result="old")
    yield _op(f"{p}_read_acquire", (), "load", "acquire-load", result="old", since="4.3")
    yield _op(f"{p}_set", ("i",), "store", "once-store", new="i", pointer_first=True)
    yield _op(
        f"{p}_set_release",
        ("i",),
        "store",
        "release-store",
        new="i",
        since="4.3",
        pointer_first=True,
    )


def _changes(bitwise_since: str) -> Iterator[tuple[str, tuple[str, ...], str, str | None]]:
    """Operation, its operands before the pointer, the new value, and since when."""
    for op, sign in _ARITHMETIC.items():
        yield op, ("i",), f"old {sign} i", None
    for op, new in _UNIT.items():
        yield op, (), new, None
    for op, new in _BITWISE.items():
        yield op, ("i",), new, bitwise_since


def _void(p: str) -> Iterator[Primitive]:
    for op, names, new, since in _changes("4.3"):
        yield _op(f"{p}_{op}", names, "rmw", "void-rmw", new=new, since=since)


def _returning(p: str) -> Iterator[Primitive]:
    for op, names, new, since in _changes(""):
        if since is not None:
            continue
        for order in _ORDERS:
            yield _op(
                f"{p}_{op}_return{order}",
                names,
                "rmw",
                _ordered("value-rmw", order),
                new=new,
                result=new,
                since="4.3" if order else None,
            )


def _fetching(p: str) -> Iterator[Primitive]:
    for op, names, new, _ in _changes("4.8"):
        for order in _ORDERS:
            name = f"{p}_fetch_{op}{order}"
            kind = _ordered("value-rmw", order)
            yield _op(name, names, "rmw", kind, new=new, result="old", since="4.8")


def _and_test(p: str) -> Iterator[Primitive]:
    for op, names, new in (
        ("sub", ("i",), "old - i"),
        ("inc", (), "old + 1"),
        ("dec", (), "old - 1"),
    ):
        test = f"{new} == 0"
        yield _op(f"{p}_{op}_and_test", names, "rmw", "value-rmw", new=new, result=test, truth=True)
    for order in _ORDERS:
        yield _op(
            f"{p}_add_negative{order}",
            ("i",),
            "rmw",
            _ordered("value-rmw", order),
            new="old + i",
            result="old + i < 0",
            since="6.3" if order else None,
            truth=True,
        )


def _exchange(p: str) -> Iterator[Primitive]:
    for order in _ORDERS:
        since = "4.3" if order else None
        exchange, compare = (_ordered("xchg", order),), (_ordered("cmpxchg", order),)
        yield _exchanges(f"{p}_xchg{order}", since, exchange)
        yield _compares(f"{p}_cmpxchg{order}", since, compare)
        yield _tries(f"{p}_try_cmpxchg{order}", "4.12", compare)


def _pointer_exchange() -> Iterator[Primitive]:
    for order in _ORDERS:
        since = "4.3" if order else None
        exchange = (_ordered("plain-xchg", order), _ordered("xchg", order))
        compare = (_ordered("plain-cmpxchg", order), _ordered("cmpxchg", order))
        yield _exchanges(f"xchg{order}", since, exchange)
        yield _compares(f"cmpxchg{order}", since, compare)
        yield _tries(f"try_cmpxchg{order}", "5.11", compare)
        yield _compares(f"cmpxchg64{order}", since, compare)
        yield _tries(f"try_cmpxchg64{order}", "6.0", compare)
    # x86 writes the old value back where it fails (Intel SDM, CMPXCHG: "the destination operand
    # receives a write cycle"), and without a lock prefix another CPU's store may be lost by that.
    for local in (
        _compares("cmpxchg_local", None, ("local-cmpxchg",)),
        _compares("cmpxchg64_local", None, ("local-cmpxchg",)),
        _tries("try_cmpxchg_local", "6.4", ("local-cmpxchg",)),
        _tries("try_cmpxchg64_local", "6.4", ("local-cmpxchg",)),
    ):
        yield replace(local, new="ok ? v : old", fail_stores="may")


def _conditional(p: str) -> Iterator[Primitive]:
    """``op_unless``: an RMW under a condition; the call tells whether it took place."""
    for name, names, test, new, result, since in _CONDITIONAL:
        truth = result == "ok"
        guarded = name.endswith(("negative", "positive"))
        yield _op(
            f"{p}_{name}",
            names,
            "rmw",
            "guarded-rmw" if guarded else "add-unless",
            test=test,
            new=new,
            result=result,
            since=since or _LATER.get(f"{p}_{name}"),
            truth=truth,
            pointer_first=True,
        )
    if p == "atomic":
        yield _op(
            "__atomic_add_unless",
            ("a", "u"),
            "rmw",
            "add-unless",
            test="old != u",
            new="old + a",
            result="old",
            until="4.19",
            pointer_first=True,
        )


# include/linux/atomic.h had the first two of atomic_t alone until 4.19; atomic_long_t is generated
# from the others, and so complete, since 5.0.
_LATER = {
    "atomic64_inc_unless_negative": "4.19",
    "atomic64_dec_unless_positive": "4.19",
    "atomic_long_inc_unless_negative": "5.0",
    "atomic_long_dec_unless_positive": "5.0",
    "atomic_long_dec_if_positive": "5.0",
}
_CONDITIONAL: tuple[tuple[str, tuple[str, ...], str, str, str, str | None], ...] = (
    ("add_unless", ("a", "u"), "old != u", "old + a", "ok", None),
    ("fetch_add_unless", ("a", "u"), "old != u", "old + a", "old", "4.19"),
    ("inc_not_zero", (), "old != 0", "old + 1", "ok", None),
    ("inc_unless_negative", (), "old >= 0", "old + 1", "ok", None),
    ("dec_unless_positive", (), "old <= 0", "old - 1", "ok", None),
    ("dec_if_positive", (), "old - 1 >= 0", "old - 1", "old - 1", None),
)


def _op(
    name: str,
    operands: tuple[str, ...],
    shape: str,
    kind: str,
    *,
    test: str | None = None,
    new: str | None = None,
    result: str | None = None,
    since: str | None = None,
    until: str | None = None,
    truth: bool = False,
    pointer_first: bool = False,
) -> Primitive:
    """An atomic of the counter kind; the kernel puts the pointer last unless ``pointer_first``."""
    values = ("val",) * len(operands)
    return Primitive(
        name,
        ("ptr", *values) if pointer_first else (*values, "ptr"),
        ("v", *operands) if pointer_first else (*operands, "v"),
        shape,
        test=test,
        new=new,
        result=result,
        result_type="bool" if truth else "cell" if result else "void",
        since=since,
        until=until,
        classes=(kind,),
    )


def _ordered(kind: str, order: str) -> str:
    """``xchg`` and ``_acquire`` give ``xchg-acquire``."""
    return kind + order.replace("_", "-")


def _exchanges(name: str, since: str | None, classes: tuple[str, ...]) -> Primitive:
    return Primitive(
        name,
        ("ptr", "val"),
        ("p", "v"),
        "rmw",
        new="v",
        result="old",
        result_type="cell",
        since=since,
        classes=classes,
    )


def _compares(name: str, since: str | None, classes: tuple[str, ...]) -> Primitive:
    return Primitive(
        name,
        ("ptr", "val", "val"),
        ("p", "expected", "v"),
        "rmw",
        test="old == expected",
        new="v",
        result="old",
        result_type="cell",
        since=since,
        classes=classes,
    )


def _tries(name: str, since: str, classes: tuple[str, ...]) -> Primitive:
    """``try_cmpxchg(p, &expected, v)``: see the parameter kind ``inout`` of Primitive."""
    return Primitive(
        name,
        ("ptr", "inout", "val"),
        ("p", "expected", "v"),
        "rmw",
        test="old == expected",
        new="v",
        result="old",
        result_type="cell",
        since=since,
        classes=classes,
    )
