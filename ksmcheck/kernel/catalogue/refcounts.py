"""Reference counts that saturate (``refcount_t``, since 4.11).

Source: include/linux/refcount.h. Saturation itself is not modelled: where the kernel would warn and
store the saturated value (a use after free, an overflow, a leak), ``misuse`` holds. Such an
execution violates the test, so that nothing is claimed about what follows.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel.primitive import Primitive

_SINCE = "4.11"
_REUSE = "6.12"
"""For objects whose memory is used again at once: of 6.15, and of the stable releases of 6.12."""


def refcounts() -> Iterator[Primitive]:
    yield _access("refcount_read", "load", "once-load")
    yield _access("refcount_set", "store", "once-store")
    yield _access("refcount_set_release", "store", "release-store", _REUSE)
    yield from _adding()
    yield from _dropping()


def _access(name: str, shape: str, kind: str, since: str = _SINCE) -> Primitive:
    load = shape == "load"
    return Primitive(
        name,
        ("ptr",) if load else ("ptr", "val"),
        ("r",) if load else ("r", "i"),
        shape,
        new=None if load else "i",
        result="old" if load else None,
        result_type="unsigned" if load else "void",
        since=since,
        classes=(kind,),
    )


def _adding() -> Iterator[Primitive]:
    for name, i, first in (("inc", "1", ()), ("add", "i", ("i",))):
        new = f"old + {i}"
        yield _count(
            f"refcount_{name}", first, new, "value-rmw-relaxed", misuse=f"old <= 0 || {new} < 0"
        )
        for order, since in (("", _SINCE), ("_acquire", _REUSE)):
            yield _count(
                f"refcount_{name}_not_zero{order}",
                first,
                new,
                "refcount-add-unless" + order.replace("_", "-"),
                test="old != 0",
                result="ok",
                misuse=f"old < 0 || {new} < 0",
                since=since,
            )


def _dropping() -> Iterator[Primitive]:
    """``dec_and_test``: release always, and acquire where the count came to zero."""
    for name, i, first in (("dec", "1", ()), ("sub", "i", ("i",))):
        yield _count(
            f"refcount_{name}_and_test",
            first,
            f"old - {i}",
            "refcount-dec",
            test=f"old > 0 && old == {i}",
            result="ok",
            misuse=f"old <= 0 || old - {i} < 0",
            fail_stores="must",
        )
    yield _count("refcount_dec", (), "old - 1", "value-rmw-release", misuse="old <= 1")
    yield _count("refcount_dec_if_one", (), "0", "cmpxchg-release", test="old == 1", result="ok")
    yield _count(
        "refcount_dec_not_one",
        (),
        "old - 1",
        "refcount-dec-not-one",
        test="old != 1",
        result="ok",
        misuse="old <= 0",
    )


def _count(
    name: str,
    first: tuple[str, ...],
    new: str,
    kind: str,
    *,
    test: str | None = None,
    result: str | None = None,
    misuse: str | None = None,
    fail_stores: str = "never",
    since: str = _SINCE,
) -> Primitive:
    return Primitive(
        name,
        (*("val" for _ in first), "ptr"),
        (*first, "r"),
        "rmw",
        test=test,
        new=new,
        result=result,
        result_type="bool" if result else "void",
        since=since,
        classes=(kind,),
        fail_stores=fail_stores,
        misuse=misuse,
    )
