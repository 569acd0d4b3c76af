"""What a condition hangs on besides the values in it: the places that these were read from.

A store in an arm of ``if (*p)`` has a control dependency from the read that gave ``p``, too: LKMM
has one from every read that "affects the evaluation of the if condition via a data or address
dependency" (tools/memory-model/Documentation/explanation.txt). It is of consequence where ``*p`` is
a plain access. A marked one is ordered after the read that gave ``p``, and the store after it.

A variable holds a value, and not the way to it: ``r = *p; if (r)`` has no such dependency, as herd7
has it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.kernel.ints import S32
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.program import fold
from ksmcheck.program.ir import Access, Expr
from ksmcheck.program.tree import Tree, walk
from ksmcheck.syntax.c_ast import (
    Assign,
    Call,
    Conditional,
    IncDec,
    PointerCall,
    StatementExpr,
)

PLAIN = "load"


def only_reads(condition: Tree, primitives: Mapping[str, Primitive]) -> bool:
    """Whether an expression does nothing but look at what there is: its value comes from all
    accesses in it."""
    for node in walk(condition):
        if isinstance(node, Assign | IncDec | StatementExpr | Conditional | PointerCall):
            return False
        if isinstance(node, Call):
            primitive = primitives.get(node.callee.name)
            if primitive is None or primitive.shape != "load":
                return False
    return True


def with_addresses(condition: Expr, accesses: Mapping[str, Access]) -> Expr:
    """A condition that also depends on where its plain accesses are."""
    addresses: list[Expr] = []
    pending = list(fold.registers(condition))
    seen: set[str] = set()
    while pending:
        register = pending.pop()
        access = accesses.get(register)
        if access is None or register in seen:
            continue
        seen.add(register)
        if access.name == PLAIN:
            addresses.append(access.args[0])
        for argument in access.args:
            pending += fold.registers(argument)
    return fold.op("with", S32, condition, *addresses) if addresses else condition
