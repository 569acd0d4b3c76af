"""What a kernel primitive does to memory, as data: operands, test, new value, result.

How it is ordered is the model's business (``lowering/``); this is only its arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TypeVar

from ksmcheck.kernel.formula import formula_names, parse_formula
from ksmcheck.record import Struct
from ksmcheck.text import Span

_Arg = TypeVar("_Arg")


class Primitive(Struct, frozen=True):
    """One primitive of the kernel.

    ``params``  one kind per argument: ``ptr`` (address of the cell), ``val`` (a value of the cell's
                type), ``int`` (a value of its own type), ``bit`` (a bit number), ``any`` (not
                evaluated: lockdep conditions, saved interrupt flags; no argument of the Access), or
                ``inout`` (written ``&local``; its value is passed like a ``val``, the local then
                receives the result, and the call's value is the bool "result == value passed").
    ``shape``   ``fence`` (no access), ``load``, ``store``, or ``rmw``. A template row of the
                lowering says which events of which kind it becomes.
    ``test``    formula: the outcome is ``ok`` where it is not 0, else ``fail``; None: always ok.
    ``new``     formula: the value written (None for a load or a fence); of ``ok ? a : b``, each
                outcome's value comes from its own arm alone.
    ``fail_stores``  whether the fail case stores ``new``: ``never`` (cmpxchg), ``may`` (a bit that
                is already right, cmpxchg_local: ``new`` equals ``old``; only some machines store
                it), or ``must`` (refcount_dec_and_test: the outcome decides the order alone).
    ``misuse``  formula: where it is not 0, the kernel warns, and what it then does is not modelled;
                an execution in which it holds violates an obligation of this primitive.
    ``result``  formula: the value of the call (None: void). ``ok`` in it is the outcome (0/1).
    ``result_type``  ``cell`` (the cell's type), ``int``, ``unsigned``, ``bool`` or ``void``.
    ``names``   parameter names, as the formulas use them; ``old`` is the value read.
    ``since``/``until``  kernel versions: exists from ``since`` on and before ``until``.
    ``blocks``  True: waits until the test holds (spin_lock); the fail outcome never returns.
    ``macro``   for primitives that are value accesses written with an lvalue, not a pointer
                (``READ_ONCE(x)``, ``WRITE_ONCE(x, v)``): the first argument's address is taken.

    ``for_null``  the primitive that a call is instead where the value stored is a constant NULL;
                that one is a ``form_of`` this: a model that tells them not apart has one row.
    ``classes`` the kinds of ordering the kernel's documents give it, special ones first: a lowering
                table may have one row for a class.

    A formula is an expression of C's operators over names and integers, for example ``old + v``,
    evaluated in the cell's type; ``ksmcheck.kernel.formula`` parses it to nested tuples.
    """

    name: str
    params: tuple[str, ...]
    names: tuple[str, ...]
    shape: str
    test: str | None = None
    new: str | None = None
    result: str | None = None
    result_type: str = "void"
    since: str | None = None
    until: str | None = None
    blocks: bool = False
    macro: bool = False
    fail_stores: str = "never"
    classes: tuple[str, ...] = ()
    misuse: str | None = None
    for_null: str | None = None
    form_of: str | None = None

    @property
    def told_by_branch(self) -> bool:
        """Whether the kernel's C looks at the value, branches, and returns true or false: then no
        read waits for it whose address is computed from the result (arm64's spin_trylock)."""
        return self.shape == "rmw" and _names_ok_alone(self.result)

    @property
    def takes(self) -> bool:
        """Whether it takes a lock, or tries to."""
        return self.shape == "rmw" and self.test is not None

    @property
    def shared(self) -> bool:
        """Whether it takes a lock as a reader, beside other readers."""
        return any("-read-" in name for name in self.classes)

    @property
    def operands(self) -> tuple[tuple[str, str], ...]:
        """Kind and name of each argument that an Access has: the parameters but for ``any``."""
        return _operands(self.params, self.names)

    def evaluated(self, args: Iterable[_Arg]) -> list[_Arg]:
        """Of a call's arguments those of the operands."""
        return [a for a, kind in zip(args, self.params, strict=False) if kind != "any"]


@cache
def _names_ok_alone(formula: str | None) -> bool:
    return formula is not None and formula_names(parse_formula(formula)) == {"ok"}


@cache
def _operands(params: tuple[str, ...], names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in zip(params, names, strict=True) if pair[0] != "any")


def written_as(name: str, span: Span | None) -> str:
    """What the test calls the primitive that stands there: a ``kfree_rcu`` is a ``call_rcu``."""
    word = _FREES.match(span.written) if span is not None and name == "call_rcu" else None
    return word[0] if word else name


_FREES = re.compile(r"k?v?free_rcu\w*")
