"""``kmalloc(sizeof(*p), flags)``: an object that nobody else has, and whose memory holds garbage.

It is a variable without a scope: ``({ typeof(*p) __kmalloc; &__kmalloc; })``. ``kzalloc`` stores
zeros to it, plainly, as memset() does (include/linux/slab.h). Allocations do not fail. This is done
to the tokens, so that all that reads a test finds plain C.
"""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.record import replace
from ksmcheck.syntax.litmus_callbacks import arguments_of, defines
from ksmcheck.syntax.tokens import Token, tokenize
from ksmcheck.text import InputError, Source

OBJECT = "__kmalloc"
"""What an object is called that is allocated."""

ALLOCATORS = {
    **dict.fromkeys(("kmalloc", "kvmalloc", "vmalloc", "kmem_cache_alloc"), False),
    **dict.fromkeys(("kzalloc", "kvzalloc", "vzalloc", "kmem_cache_zalloc"), True),
}
"""Whether they set the memory to zero."""
_OF_SIZE = "write sizeof of what is allocated: kmalloc(sizeof(*p), flags)"
_OF_CACHE = "assign it to a pointer of that type: p = kmem_cache_alloc(cache, flags)"


def allocated(tokens: list[Token]) -> list[Token]:
    """The tokens with a variable for each allocation.

    A test that defines one of the names itself means its own. Raises InputError where it is not
    said what is allocated.
    """
    names = {token.text for token in tokens}.intersection(ALLOCATORS)
    if not names or defines(tokens, names):
        return tokens
    changed: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.text not in names or tokens[at + 1].text != "(":
            changed.append(token)
            at += 1
            continue
        arguments, end = arguments_of(tokens, at + 1)
        if "cache" in token.text:
            type = _assigned(changed, token)
        else:
            type = _measured(arguments[0], token)
        changed += _variable(token, type, zeroed=ALLOCATORS[token.text])
        at = end + 1
    return changed


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
    return [_made(call, "op", "*"), *before[start:-1]]


def _variable(call: Token, type: Sequence[Token], *, zeroed: bool) -> list[Token]:
    """All at the call's place but for what is written there."""
    value = "= { 0 }" if zeroed else ""
    before, after = "({ typeof(", f") {OBJECT} {value}; &{OBJECT}; }})"
    made = ([_made(call, t.kind, t.text) for t in _tokens(text)] for text in (before, after))
    first, last = made
    return [*first, *type, *last]


def _made(call: Token, kind: str, text: str) -> Token:
    return replace(call, kind=kind, text=text)


def _tokens(text: str) -> list[Token]:
    return tokenize(Source("<linux/slab.h>", text))[:-1]
