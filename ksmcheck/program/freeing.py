"""Objects that are allocated and freed.

What is freed stands at file level, or was allocated: ``kmalloc`` is a variable without a scope
(``syntax.litmus_allocated``). That nobody comes to what is freed is what the models' flag
``use-after-free`` looks at: ``kfree`` writes to each scalar of the object by an event of its own.
Here it is seen to that its pointer leads to the beginning of an object of the pointer's type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce

from ksmcheck.kernel.catalogue.accesses import FREE
from ksmcheck.kernel.ints import ADDRESS
from ksmcheck.kernel.layout import Layouts
from ksmcheck.kernel.memory import Object
from ksmcheck.kernel.types import INT, ArrayOf, BitField, CType, StructType
from ksmcheck.program import fold
from ksmcheck.program.graph import Node, Step
from ksmcheck.program.ir import Access, Check, Const, Expr, Origin, Program
from ksmcheck.record import Struct, field
from ksmcheck.text import InputError, Span

MISUSE = "misuse of kfree"
_ROOM = "kfree of a struct with a flexible array: give the array a length"


def frees(program: Program) -> bool:
    """Whether some thread may free something."""
    blocks = (block for thread in program.threads for block in thread.blocks)
    instrs = (instr for block in blocks for instr in block.instrs)
    return any(isinstance(instr, Access) and instr.name == FREE for instr in instrs)


def words(type: CType, layouts: Layouts, span: Span) -> dict[int, CType]:
    """Offset and type of each scalar of what is freed; of bit-fields the word that they share.

    Raises InputError where that does not say what lies in the whole object.
    """
    if not isinstance(type, StructType):
        message = f"kfree needs a pointer to a struct, not to {type}"
        raise InputError(message, span, hint="put what is freed into a struct of its own")
    if layouts.of(type, span).flexible:
        raise InputError(_ROOM, span)
    found: dict[int, CType] = {}
    for scalar in layouts.scalars(type, span):
        held = scalar.type
        found[scalar.offset] = held.word if isinstance(held, BitField) else held
    return found


class _Check(Struct, frozen=True):
    """Where the check stands of what one ``kfree`` frees."""

    steps: list[Step]
    at: int
    address: Expr
    type: CType
    origin: Origin


class Frees(Struct):
    """What the threads of a test allocate and free, as far as they are lowered."""

    made: list[tuple[Object, Node, Span]] = field(default_factory=list)
    checks: list[_Check] = field(default_factory=list)

    @property
    def types(self) -> list[CType]:
        """Of what is freed."""
        return [one.type for one in self.checks]

    def check(self, steps: list[Step], address: Expr, type: CType, origin: Origin) -> None:
        """Leaves room for a check behind ``steps``: what all is allocated is known in the end."""
        self.checks.append(_Check(steps, len(steps), address, type, origin))
        steps.append(Check(MISUSE, fold.op("eq", INT.ints, address, address), origin))

    def settle(self, objects: Iterable[Object], layouts: Layouts) -> None:
        """Raises InputError for what is allocated in a loop: it would be one object."""
        for made, node, span in self.made:
            if _comes_again(node):
                name = made.type
                message = f"this allocates {name} once, and it may be reached again"
                raise InputError(message, span, hint="allocate before the loop")
        allocated = [made for made, _, _ in self.made]
        known = [o for o in objects if not o.private or o in allocated]
        for one in self.checks:
            starts = sorted(
                at for o in known for at in _starts(o.type, o.address, one.type, layouts)
            )
            if not starts:
                hint = "declare one at file level, or let the test allocate it"
                message = f"there is no {one.type} that could be freed"
                raise InputError(message, one.origin.span, hint=hint)
            whole = [fold.op("eq", INT.ints, one.address, Const(at, ADDRESS)) for at in starts]
            holds = reduce(lambda a, b: fold.op("or", INT.ints, a, b), whole)
            one.steps[one.at] = Check(MISUSE, holds, one.origin)


def _comes_again(node: Node) -> bool:
    seen: set[int] = set()
    todo = list(node.successors())
    while todo:
        next = todo.pop()
        if next is node:
            return True
        if next.id not in seen:
            seen.add(next.id)
            todo += next.successors()
    return False


def _starts(of: CType, address: int, type: CType, layouts: Layouts) -> Iterator[int]:
    if of == type:
        yield address
    elif isinstance(of, ArrayOf) and of.length is not None:
        size = layouts.size(of.element, None)
        for index in range(of.length):
            yield from _starts(of.element, address + index * size, type, layouts)
