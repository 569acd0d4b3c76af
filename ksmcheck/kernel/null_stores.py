"""What a call of a primitive is where the value that it stores is written as a null pointer."""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.syntax.c_ast import Call, Cast, IntLit, Name


def primitive_of(primitives: Mapping[str, Primitive], call: Call) -> Primitive:
    """The primitive that a call names, or what the kernel's macro makes of it for a constant NULL.

    The macro asks the compiler (``__builtin_constant_p``). That may know of more constants than the
    text shows, of a NULL handed to an inlined function for instance; those keep their barrier here.
    """
    primitive = primitives[call.callee.name]
    other = primitives.get(primitive.for_null) if primitive.for_null else None
    return other if other is not None and _is_null(call.args[-1:]) else primitive


def _is_null(last: tuple[object, ...]) -> bool:
    value = last[0] if last else None
    while isinstance(value, Cast):
        value = value.operand
    if isinstance(value, IntLit):
        return value.value == 0
    return isinstance(value, Name) and value.name == "NULL"
