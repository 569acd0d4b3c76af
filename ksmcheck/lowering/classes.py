"""Which tables speak for a primitive: its own name first, then its classes, special ones first.

``xchg_acquire`` is looked up as ``[xchg_acquire]``, ``[class.plain-xchg-acquire]``,
``[class.xchg-acquire]``, ``[class.rmw]``. The last class is always the shape (``fence``, ``load``,
``store``, ``rmw``, ``cond-rmw``, ``lock-rmw``): a strong machine needs hardly more rows than these,
and a weak one should have none of them, so that nothing falls through unseen.
"""

from __future__ import annotations

from functools import cache

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import all_primitives

_SHAPES = ("fence", "load", "store", "rmw", "cond-rmw", "lock-rmw")


def table_names(primitive: Primitive) -> tuple[str, ...]:
    """The tables that may hold the primitive's row, in the order in which they are asked."""
    own = (primitive.name, *(f"class.{name}" for name in primitive.classes))
    if primitive.form_of is not None:
        return (*own, *table_names(all_primitives()[primitive.form_of]))
    return (*own, f"class.{_shape(primitive)}")


@cache
def class_names() -> frozenset[str]:
    """Every class that a lowering table may have, as ``class.NAME``."""
    names = set(_SHAPES)
    for primitive in all_primitives().values():
        names.update(primitive.classes)
    return frozenset(f"class.{name}" for name in names)


def _shape(primitive: Primitive) -> str:
    if primitive.shape != "rmw" or primitive.test is None:
        return primitive.shape
    if primitive.blocks:
        return "lock-rmw"
    return "cond-rmw" if primitive.fail_stores == "never" else "rmw"
