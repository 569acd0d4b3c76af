"""``spin_lock_irqsave(l, flags)``, which gives ``flags`` a value.

Interrupts are not modelled, so one value will do: 0. As in include/linux/spinlock.h, a lock that is
waited for assigns when it is held, a ``trylock`` before it tries, whatever comes of it.
"""

from __future__ import annotations

import re

from ksmcheck.syntax.c_ast import (
    Assign,
    Binary,
    Call,
    Cast,
    Expr,
    Index,
    IntLit,
    Member,
    Name,
    NamedType,
    Unary,
)

_SAVES = re.compile(r"(spin|raw_spin|xa|read|write)_(try)?lock_irqsave")


def saving(call: Call) -> Expr:
    """The call of a primitive, with the assignment that comes with it."""
    name = _SAVES.fullmatch(call.callee.name)
    if name is None or len(call.args) != 2:
        return call
    flags, span = call.args[1], call.span
    if not isinstance(flags, Name | Member | Index | Unary):
        return call
    if isinstance(flags, Unary) and flags.op != "*":
        return call
    saved = Assign("=", flags, IntLit(0, "0", flags.span), flags.span)
    if name[2] is not None:
        return Binary(",", saved, call, span)
    return Binary(",", call, Cast(NamedType("void", span), saved, span), span)
