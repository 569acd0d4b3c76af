"""Which primitives a kernel has: the catalogue of ``kernel.catalogue`` cut at a version."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from ksmcheck.kernel.primitive import Primitive

KERNELS = ("3.9", "6.12")
"""The kernel points: that of the 2013 patch, and a recent long-term release."""


@cache
def version_key(version: str) -> tuple[int, ...]:
    """``3.9`` < ``3.14`` < ``6.12``."""
    return tuple(int(part) for part in version.split("."))


@cache
def all_primitives() -> Mapping[str, Primitive]:
    """Every primitive of any version, by name."""
    from ksmcheck.kernel.catalogue.accesses import (
        accesses,
        either_answers,
        fences,
        freeing,
        rcu_callbacks,
        srcu,
    )
    from ksmcheck.kernel.catalogue.atomics import atomics
    from ksmcheck.kernel.catalogue.bits import bits
    from ksmcheck.kernel.catalogue.locks import locks
    from ksmcheck.kernel.catalogue.refcounts import refcounts

    found = {}
    beside = (freeing, fences, either_answers, rcu_callbacks, srcu)
    for family in (accesses, *beside, atomics, bits, locks, refcounts):
        for primitive in family():
            found[primitive.name] = primitive
    return MappingProxyType(found)


@cache
def primitives(kernel: str) -> Mapping[str, Primitive]:
    """The primitives of one kernel point, by name."""
    found = {n: p for n, p in all_primitives().items() if exists(p, kernel)}
    return MappingProxyType(found)


def exists(primitive: Primitive, kernel: str) -> bool:
    """Whether kernel version ``kernel`` has the primitive."""
    at = version_key(kernel)
    if primitive.since is not None and at < version_key(primitive.since):
        return False
    return primitive.until is None or at < version_key(primitive.until)


def lifetime(primitive: Primitive) -> str:
    """``since 3.14``, ``until 4.15``, ``from 3.12 until 4.14``, or ``always``, for messages."""
    since, until = primitive.since, primitive.until
    if since and until:
        return f"from {since} until {until}"
    if since:
        return f"since {since}"
    return f"until {until}" if until else "always"
