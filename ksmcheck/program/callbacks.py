"""Each call of ``call_rcu`` is made once: one thread stands for its callback."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.kernel.primitive import written_as
from ksmcheck.program.ir import Access, Block, Branch, Expr, Frame, Jump, Origin, Thread
from ksmcheck.text import InputError

CALL = "call_rcu"


def check_callbacks(threads: Sequence[Thread]) -> None:
    """Raises InputError for a call that may be made twice: by two threads, or by one in a loop or
    by a function that it calls twice."""
    made: dict[Expr, tuple[Thread, Origin]] = {}
    for thread in threads:
        before: dict[int, frozenset[Expr]] = {}
        for block in thread.blocks:
            seen = set(before.get(block.id, ()))
            for instr in block.instrs:
                if isinstance(instr, Access) and instr.name == CALL:
                    called = instr.args[0]
                    first, origin = made.setdefault(called, (thread, instr.origin))
                    if called in seen or first != thread:
                        raise _twice(origin, instr.origin)
                    seen.add(called)
            for target in _targets(block):
                before[target] = before.get(target, frozenset()) | seen


def _twice(one: Origin, other: Origin) -> InputError:
    """A macro has become a call in each place; a function is one text."""
    name = written_as(CALL, one.span)
    hint = f"one callback is modelled for each {name} in the text: write the calls out"
    functions = [frame.function for frame in _apart(one.stack, other.stack)]
    if functions:
        macros = "a macro" if len(functions) == 1 else "macros"
        hint += f", or make {' and '.join(functions)} {macros}"
    return InputError(f"this {name} may be made more than once", one.span, hint)


def _apart(one: Sequence[Frame], other: Sequence[Frame]) -> Sequence[Frame]:
    """The calls of the first from where the second is another one."""
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    return one[same:]


def _targets(block: Block) -> tuple[int, ...]:
    if isinstance(block.end, Jump):
        return (block.end.target,)
    return (block.end.then, block.end.otherwise) if isinstance(block.end, Branch) else ()
