"""``kmalloc(sizeof(*p), flags)``: an object that nobody else has, and whose memory holds garbage.

It is a variable without a scope: ``({ typeof(*p) __kmalloc; &__kmalloc; })``. ``kzalloc`` stores
zeros to it, plainly, as memset() does (include/linux/slab.h). Allocations do not fail. This is done
to the tokens, so that all that reads a test finds plain C.
"""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.record import replace
from ksmcheck.syntax.litmus_calls import TokenCall, arguments_of, defines, respelt
from ksmcheck.syntax.tokens import Token, tokenize
from ksmcheck.text import InputError, Source

GARBAGE = 0x5A5A5A5A5A5A5A5A
"""What memory holds that was allocated, but for locks (POISON_INUSE, include/linux/poison.h)."""
OBJECT = "__kmalloc"
"""What an object is called that is allocated."""

ALLOCATORS = {
    **dict.fromkeys(("kmalloc", "kvmalloc", "vmalloc", "kmem_cache_alloc"), False),
    **dict.fromkeys(("kzalloc", "kvzalloc", "vzalloc", "kmem_cache_zalloc"), True),
}
"""Whether they set the memory to zero."""
_OF_SIZE = "write sizeof of what is allocated: kmalloc(sizeof(*p), flags); arrays are not allocated"
_OF_CACHE = "assign it to a pointer of that type: p = kmem_cache_alloc(cache, flags)"


def allocated(tokens: list[Token]) -> list[Token]:
    """The tokens with a variable for each allocation.

    A test that defines one of the names itself means its own. Raises InputError where it is not
    said what is allocated.
    """
    names = {token.text for token in tokens}.intersection(ALLOCATORS)
    if not names or defines(tokens, names):
        return tokens
    return respelt(tokens, names, _variable)


def _measured(size: Sequence[Token], call: Token) -> list[Token]:
    """What ``sizeof(X)`` or ``sizeof X`` speaks of."""
    words = [token.text for token in size]
    if words[:1] != ["sizeof"] or len(words) < 2:
        raise InputError(f"{call.text} of what?", call.span, hint=_OF_SIZE)
    measured = list(size[1:])
    if words[1] == "(":
        _, end = arguments_of(size, 1)
        if end + 1 != len(size):
            raise InputError(f"{call.text} of what?", call.span, hint=_OF_SIZE)
        measured = measured[1:-1]
    return measured


def _assigned(before: Sequence[Token], call: Token) -> list[Token]:
    """What the pointer points to that the call's value is assigned to."""
    start = len(before) - 2
    if start < 0 or before[-1].text != "=" or before[start].kind != "id":
        raise InputError(f"{call.text} of what?", call.span, hint=_OF_CACHE)
    while start > 1 and before[start - 1].text in (".", "->") and before[start - 2].kind == "id":
        start -= 2
    if start and before[start - 1].text in (".", "->"):
        raise InputError(f"{call.text} of what?", call.span, hint=_OF_CACHE)
    return [replace(call, kind="op", text="*"), *before[start:-1]]


def _variable(call: TokenCall, before: Sequence[Token]) -> list[Token]:
    """All at the call's place but for what is written there."""
    name = call.name
    cached = "cache" in name.text
    type = _assigned(before, name) if cached else _measured(call.arguments[0], name)
    value = "= { 0 }" if ALLOCATORS[name.text] else ""
    first, last = "({ typeof(", f") {OBJECT} {value}; &{OBJECT}; }})"
    return [*call.here(_tokens(first)), *type, *call.here(_tokens(last))]


def _tokens(text: str) -> list[Token]:
    return tokenize(Source("<linux/slab.h>", text))[:-1]
