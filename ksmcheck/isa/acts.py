"""Memory accesses and fences as ``Act``s: their arithmetic and their events.

``tags`` name the sets of the model's cat file that an event belongs to (models/TAGS.md).
"""

from __future__ import annotations

from functools import cache

from ksmcheck.isa.micro import Act
from ksmcheck.kernel.ints import IntType
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.lowering.template import Row, Step
from ksmcheck.program.ir import Const, Expr

Tags = tuple[str, ...]
NONE: Tags = ()
EXCLUSIVE: Tags = ("X", "EX")
"""A load-exclusive and a store-conditional: atomic accesses, but a pair of them is two
instructions (``lxsx``, not ``amo``)."""


@cache
def _load(
    name: str, tags: Tags, reserves: bool, joined: bool, atomic: bool
) -> tuple[Primitive, Row]:
    primitive = Primitive(name, ("ptr",), ("p",), "load", result="old", result_type="cell")
    step = Step("R", tags, rmw=atomic, reserves=reserves, joined=joined)
    return primitive, Row(name, (step,), None, None, "")


def load(
    name: str,
    tags: Tags,
    dst: str | None,
    address: Expr,
    cell: IntType,
    result: IntType,
    *,
    reserves: bool = False,
    joined: bool = False,
    atomic: bool = False,
) -> Act:
    """``reserves``: a store-conditional may follow. ``joined``: not the instruction's first.
    ``atomic``: a ``half_store`` of the same instruction may write what this reads."""
    primitive, row = _load(name, tags, reserves, joined, atomic)
    return Act(primitive, row, dst, (address,), cell, result)


@cache
def _store(name: str, tags: Tags, joined: bool) -> tuple[Primitive, Row]:
    primitive = Primitive(name, ("ptr", "val"), ("p", "v"), "store", new="v")
    return primitive, Row(name, (Step("W", tags, joined=joined),), None, None, "")


def store(
    name: str, tags: Tags, address: Expr, value: Expr, cell: IntType, *, joined: bool = False
) -> Act:
    primitive, row = _store(name, tags, joined)
    return Act(primitive, row, None, (address, value), cell, None)


@cache
def _conditional(name: str, tags: Tags, result: str, told: bool) -> tuple[Primitive, Row]:
    primitive = Primitive(
        name, ("ptr", "val"), ("p", "v"), "store", new="v", result=result, result_type="cell"
    )
    return primitive, Row(name, None, (Step("W", tags, reserved=True, told=told),), (), "")


def store_conditional(
    name: str,
    tags: Tags,
    dst: str | None,
    address: Expr,
    value: Expr,
    cell: IntType,
    result: IntType,
    *,
    status: str,
    told: bool = False,
) -> Act:
    """It succeeds or fails; ``status`` is the result as a formula over ``ok``, which with ``told``
    depends on the write."""
    primitive, row = _conditional(name, tags, status, told)
    return Act(primitive, row, dst, (address, value), cell, result)


@cache
def _load_if(name: str, tags: Tags) -> tuple[Primitive, Row]:
    primitive = Primitive(
        name,
        ("ptr", "val"),
        ("p", "when"),
        "load",
        test="when",
        result="old",
        result_type="cell",
    )
    return primitive, Row(name, None, (Step("R", tags),), (), "")


def load_if(
    name: str, tags: Tags, dst: str, address: Expr, when: Expr, cell: IntType, result: IntType
) -> Act:
    """A load that there is only if ``when``; ``dst`` is 0 where there is none."""
    primitive, row = _load_if(name, tags)
    return Act(primitive, row, dst, (address, when), cell, result)


@cache
def _half(name: str, tags: Tags, joined: bool) -> tuple[Primitive, Row]:
    primitive = Primitive(
        name,
        ("ptr", "val", "val", "val"),
        ("p", "v", "was", "when"),
        "store",
        test="when",
        new="v",
    )
    step = Step("W", tags, joined=joined, decided=True, pairs="was")
    return primitive, Row(name, None, (step,), (), "")


def half_store(
    name: str,
    tags: Tags,
    address: Expr,
    value: Expr,
    was: Expr,
    when: Expr,
    cell: IntType,
    *,
    atomic: bool = False,
) -> Act:
    """A store of an instruction that has loaded ``was`` from there, if ``when``: they are a pair.

    What ``when`` was computed from controls the store.
    """
    primitive, row = _half(name, (*tags, "RMW") if atomic else tags, True)
    return Act(primitive, row, None, (address, value, was, when), cell, None)


def store_if(name: str, tags: Tags, address: Expr, value: Expr, when: Expr, cell: IntType) -> Act:
    """A store that there is only if ``when``, which controls it."""
    primitive, row = _half(name, tags, False)
    return Act(primitive, row, None, (address, value, Const(0, cell), when), cell, None)


@cache
def _update(name: str, new: str, reads: Tags, writes: Tags, atomic: bool) -> tuple[Primitive, Row]:
    primitive = Primitive(
        name, ("ptr", "val"), ("p", "v"), "rmw", new=new, result="old", result_type="cell"
    )
    steps = (Step("R", reads, rmw=atomic), Step("W", writes, rmw=atomic, joined=True))
    return primitive, Row(name, steps, None, None, "")


def update(
    name: str,
    new: str,
    reads: Tags,
    writes: Tags,
    dst: str | None,
    address: Expr,
    operand: Expr,
    cell: IntType,
    result: IntType,
    *,
    atomic: bool = True,
) -> Act:
    """Read, compute ``new`` (a formula over ``old`` and ``v``), write; gives the old value."""
    primitive, row = _update(name, new, reads, writes, atomic)
    return Act(primitive, row, dst, (address, operand), cell, result)


@cache
def _compare_swap(
    name: str, reads: Tags, writes: Tags, atomic: bool, decided: bool
) -> tuple[Primitive, Row]:
    primitive = Primitive(
        name,
        ("ptr", "val", "val"),
        ("p", "expected", "v"),
        "rmw",
        test="old == expected",
        new="v" if atomic else "old == expected ? v : old",  # a data dependency, where no pair
        result="old",
        result_type="cell",
    )
    read = Step("R", reads, rmw=atomic)
    write = Step("W", writes, rmw=atomic, joined=True, decided=decided)
    return primitive, Row(name, None, (read, write), (read,), "")


def compare_swap(
    name: str,
    reads: Tags,
    writes: Tags,
    dst: str | None,
    address: Expr,
    expected: Expr,
    value: Expr,
    cell: IntType,
    result: IntType,
    *,
    atomic: bool = True,
    decided: bool = False,
) -> Act:
    """Write ``value`` if the old value is ``expected``; gives the old value. ``decided``: what
    ``expected`` was computed from controls the write."""
    primitive, row = _compare_swap(name, reads, writes, atomic, decided)
    return Act(primitive, row, dst, (address, expected, value), cell, result)


@cache
def clear(name: str) -> Act:
    """The thread's reservation ends; no event."""
    return Act(
        Primitive(name, (), (), "fence"), Row(name, (), None, None, "", True), None, (), None, None
    )


@cache
def fence(tag: str, *more: str) -> Act:
    """An event in the set ``tag``, and in others."""
    row = Row(tag, (Step("F", (tag, *more)),), None, None, "")
    return Act(Primitive(tag, (), (), "fence"), row, None, (), None, None)
