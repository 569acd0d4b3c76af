"""Operations on one bit of a word; the events are on the whole word.

Sources: include/asm-generic/bitops/{atomic,lock,non-atomic}.h and include/linux/bit_spinlock.h.
The bit number is below the word's width: a bit of a later word is one of another cell.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.record import replace

_SET = "old | (1 << nr)"
_CLEAR = "old & ~(1 << nr)"
_CHANGE = "old ^ (1 << nr)"
_BIT = "(old >> nr) & 1"
_BIT_IS_CLEAR = "!((old >> nr) & 1)"


def bits() -> Iterator[Primitive]:
    yield from _void()
    yield from _value()
    yield from _locking()
    yield from _bit_spin()


def _void() -> Iterator[Primitive]:
    for verb, new in (("set", _SET), ("clear", _CLEAR), ("change", _CHANGE)):
        yield _rmw(f"{verb}_bit", new, "void-bitop")
        yield _rmw(f"__{verb}_bit", new, "nonatomic-bitop")
    yield _test("test_bit", "bit-load")
    yield _test("test_bit_acquire", "acquire-load", since="6.0")


def _value() -> Iterator[Primitive]:
    """``test_and_*``: ok where the bit changes, since some machines store only then."""
    for lead, kind in (("", "value-bitop"), ("__", "nonatomic-bitop")):
        yield _test_and(f"{lead}test_and_set_bit", _SET, _BIT_IS_CLEAR, kind)
        yield _test_and(f"{lead}test_and_clear_bit", _CLEAR, _BIT, kind)
        yield _test_and(f"{lead}test_and_change_bit", _CHANGE, None, kind)
    lock = _test_and("test_and_set_bit_lock", _SET, _BIT_IS_CLEAR, "bit-trylock")
    # Of an asm-generic machine it looks at the word first, and returns 1 where the bit is set.
    yield replace(lock, result="!ok")


def _locking() -> Iterator[Primitive]:
    yield _rmw("clear_bit_unlock", _CLEAR, "bit-unlock")
    yield _rmw("__clear_bit_unlock", _CLEAR, "nonatomic-bit-unlock")
    yield Primitive(
        "clear_bit_unlock_is_negative_byte",
        ("bit", "ptr"),
        ("nr", "p"),
        "rmw",
        new=_CLEAR,
        result="(old >> 7) & 1",
        result_type="bool",
        since="4.10",
        until="6.7",
        classes=("bit-unlock",),
    )
    yield Primitive(
        "xor_unlock_is_negative_byte",
        ("val", "ptr"),
        ("mask", "p"),
        "rmw",
        new="old ^ mask",
        result="(old >> 7) & 1",
        result_type="bool",
        since="6.7",
        classes=("bit-unlock",),
    )


def _bit_spin() -> Iterator[Primitive]:
    yield Primitive(
        "bit_spin_lock",
        ("bit", "ptr"),
        ("nr", "p"),
        "rmw",
        test=_BIT_IS_CLEAR,
        new=_SET,
        blocks=True,
        classes=("bit-lock", "bit-trylock"),
    )
    yield Primitive(
        "bit_spin_trylock",
        ("bit", "ptr"),
        ("nr", "p"),
        "rmw",
        test=_BIT_IS_CLEAR,
        new=_SET,
        result="ok",
        result_type="int",
        fail_stores="may",
        classes=("bit-trylock",),
    )
    yield _rmw("bit_spin_unlock", _CLEAR, "bit-unlock")
    yield _rmw("__bit_spin_unlock", _CLEAR, "nonatomic-bit-unlock")
    yield _test("bit_spin_is_locked", "bit-load")


def _test(name: str, kind: str, since: str | None = None) -> Primitive:
    return Primitive(
        name,
        ("bit", "ptr"),
        ("nr", "p"),
        "load",
        result=_BIT,
        result_type="int",
        since=since,
        classes=(kind,),
    )


def _rmw(name: str, new: str, kind: str) -> Primitive:
    return Primitive(name, ("bit", "ptr"), ("nr", "p"), "rmw", new=new, classes=(kind,))


def _test_and(name: str, new: str, test: str | None, kind: str) -> Primitive:
    return Primitive(
        name,
        ("bit", "ptr"),
        ("nr", "p"),
        "rmw",
        test=test,
        new=new,
        result=_BIT,
        result_type="int",
        fail_stores="may",
        classes=(kind,),
    )
