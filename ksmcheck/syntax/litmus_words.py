"""Tests in herd7's dialect whose types do not fit each other: herd7's locations are words.

Where a test stores the address of a location that holds a pointer, ``int *r1`` may come to point to
it, and ``WRITE_ONCE(*r1, p)`` is a store of a pointer. With C's widths that would be an access of
half a location. Such a test means words throughout, and so its ``int`` is read as ``long``, which
is as wide as a pointer.

One thread may call a location ``atomic_t``, ``spinlock_t`` or ``struct srcu_struct``, and another,
or the start state, ``int`` or ``intptr_t``. It is a number then, which the kernel's primitives take
as well here.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import (
    Expr,
    Function,
    Name,
    NamedType,
    PointerType,
    TagType,
    TypeExpr,
    Unary,
)
from ksmcheck.syntax.c_words import TYPE_START, TYPEDEF_NAMES
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.syntax.tokens import Token

_UNTYPED = frozenset({"int", "spinlock_t", "volatile", "const"})
"""Words of a test that has no types but herd7's: of any other, the author has meant its width."""
_TYPED = (TYPE_START | TYPEDEF_NAMES | {"sizeof"}) - _UNTYPED

_OPAQUE = frozenset({"atomic_t", "spinlock_t", "raw_spinlock_t", "struct srcu_struct"})
"""Types of one word that has no other use than the kernel's primitives."""

_NUMBERS = frozenset({"int", "long", "intptr_t"})


def fitting(test: LitmusTest, tokens: list[Token]) -> list[Token] | None:
    """The test's tokens with types that fit each other, or None where they do."""
    if test.top or not all(thread.params for thread in test.threads):
        return None
    return _as_numbers(test, tokens) or _as_words(test, tokens)


def _as_numbers(test: LitmusTest, tokens: list[Token]) -> list[Token] | None:
    """With a number's type for the opaque one of each location that is a number elsewhere."""
    called = [(name, _spelling(type_), type_.span) for name, type_ in _called(test)]
    plain = {name: spelling for name, spelling, _ in called if spelling in _NUMBERS}
    wrong = [
        (s, plain[name]) for name, spelling, s in called if name in plain and spelling in _OPAQUE
    ]
    if not wrong:
        return None
    first = {(s.source, s.start): number for s, number in wrong}
    further = {(s.source, n) for s, _ in wrong for n in range(s.start + 1, s.end)}
    return [
        replace(t, text=first.get((t.source, t.start), t.text))
        for t in tokens
        if (t.source, t.start) not in further
    ]


def _called(test: LitmusTest) -> Iterator[tuple[str, TypeExpr]]:
    """Locations, and a type that the start state or a parameter gives them."""
    for entry in test.init:
        if entry.thread is None and entry.type is not None and isinstance(entry.target, Name):
            yield entry.target.name, entry.type
    for param in (p for thread in test.threads for p in thread.params):
        if isinstance(param.type, PointerType):
            yield param.name, param.type.target


def _spelling(type_: TypeExpr) -> str:
    if isinstance(type_, TagType):
        return f"{type_.kind} {type_.tag}"
    return type_.name if isinstance(type_, NamedType) else ""


def _as_words(test: LitmusTest, tokens: list[Token]) -> list[Token] | None:
    """With ``long`` for ``int``, where a pointer may point to either."""
    holders = _holders(test)
    if not holders or _typed(tokens):
        return None
    stored = {n for entry in test.init if (n := _address(entry.value)) is not None}
    in_threads = (_stores(thread, holders, tokens) for thread in test.threads)
    if not stored & holders and not any(in_threads):
        return None
    return [replace(t, text="long") if t.text == "int" else t for t in tokens]


def _typed(tokens: list[Token]) -> bool:
    return not _TYPED.isdisjoint([t.text for t in tokens if t.kind == "id"])


def _holders(test: LitmusTest) -> set[str]:
    """The locations that hold pointers by their type: ``int *x`` of the start state, or the
    parameter ``int **x``."""
    found = {
        entry.target.name
        for entry in test.init
        if entry.thread is None
        and isinstance(entry.type, PointerType)
        and isinstance(entry.target, Name)
    }
    for param in (p for thread in test.threads for p in thread.params):
        if isinstance(param.type, PointerType) and isinstance(param.type.target, PointerType):
            found.add(param.name)
    return found


def _address(value: Expr | None) -> str | None:
    """The location whose address a start value is: ``y`` or ``&y``."""
    if isinstance(value, Unary) and value.op == "&":
        value = value.operand
    return value.name if isinstance(value, Name) else None


def _stores(thread: Function, holders: set[str], tokens: list[Token]) -> bool:
    """Whether the thread uses the address of one of ``holders`` as a value, not to access it."""
    assert thread.body is not None
    names = holders & {param.name for param in thread.params}
    if not names:
        return False
    span = thread.body.span
    return any(
        token.text in names
        and token.source is span.source
        and span.start <= token.start < span.end
        and not _accessed(tokens, place)
        for place, token in enumerate(tokens)
    )


def _accessed(tokens: list[Token], place: int) -> bool:
    """Whether the name is what ``*``, or a primitive by its first argument, accesses."""
    before = place - 1
    while tokens[before].text == ")":  # (char **)x
        depth = 1
        while depth:
            before -= 1
            depth += {")": 1, "(": -1}.get(tokens[before].text, 0)
        before -= 1
    if tokens[before].text == "*":
        return True
    return tokens[before].text == "(" and tokens[before - 1].kind == "id"
