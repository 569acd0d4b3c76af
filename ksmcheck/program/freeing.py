"""``kfree(p)``: what becomes of the object, and that ``p`` points to the beginning of one.

Objects stand at file level. That nobody comes to one that is freed is what the models' flag
``use-after-free`` looks at: each scalar of the object is written to by an event of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ksmcheck.kernel.catalogue.accesses import FREE
from ksmcheck.kernel.layout import Layouts
from ksmcheck.kernel.types import ArrayOf, BitField, CType, StructType
from ksmcheck.program.ir import Access, Program
from ksmcheck.program.scope import Variable
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


def beginnings(
    type: StructType, objects: Mapping[str, Variable], layouts: Layouts, span: Span
) -> list[int]:
    """Where an object of that type begins: a variable at file level, or an element of an array.

    Raises InputError where there is none.
    """
    shared = [v for v in objects.values() if v.object is not None and not v.object.private]
    found = [
        start
        for variable in shared
        if variable.object is not None
        for start in _starts(variable.type, variable.object.address, type, layouts)
    ]
    if not found:
        hint = "what is freed stands at file level, or is an element of an array there"
        raise InputError(f"there is no {type} that could be freed", span, hint=hint)
    return sorted(found)


def _starts(of: CType, address: int, type: StructType, layouts: Layouts) -> Iterator[int]:
    if of == type:
        yield address
    elif isinstance(of, ArrayOf) and of.length is not None:
        size = layouts.size(of.element, None)
        for index in range(of.length):
            yield from _starts(of.element, address + index * size, type, layouts)
