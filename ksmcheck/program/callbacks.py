"""Each call of ``call_rcu`` is made once: one thread stands for its callback."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.program.ir import Access, Block, Branch, Expr, Jump, Thread
from ksmcheck.text import InputError

CALL = "call_rcu"
_HINT = "one callback is modelled for each call_rcu in the text: write the calls out"


def check_callbacks(threads: Sequence[Thread]) -> None:
    """Raises InputError for a call that may be made twice: by two threads, or by one in a loop or
    by a function that it calls twice."""
    made: dict[Expr, Thread] = {}
    for thread in threads:
        before: dict[int, frozenset[Expr]] = {}
        for block in thread.blocks:
            seen = set(before.get(block.id, ()))
            for instr in block.instrs:
                if isinstance(instr, Access) and instr.name == CALL:
                    if instr.args[0] in seen or made.setdefault(instr.args[0], thread) != thread:
                        message = f"this {CALL} may be made more than once"
                        raise InputError(message, instr.origin.span, _HINT)
                    seen.add(instr.args[0])
            for target in _targets(block):
                before[target] = before.get(target, frozenset()) | seen


def _targets(block: Block) -> tuple[int, ...]:
    if isinstance(block.end, Jump):
        return (block.end.target,)
    return (block.end.then, block.end.otherwise) if isinstance(block.end, Branch) else ()
