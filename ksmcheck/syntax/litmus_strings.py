"""String literals as what they are: arrays of ``char`` that the test has besides its variables.

C17 6.4.5 p6, p7: a literal is an array of static storage, whose bytes are those of the text and a
0. Whether two of the same text are one array is unspecified; here they are, as for gcc in one file.
Where a literal gives an array its contents (6.7.9 p14) it is a list of characters instead.
"""

from __future__ import annotations

from typing import Any, TypeVar

from ksmcheck.record import Struct, fields, replace
from ksmcheck.syntax.c_ast import (
    ArrayType,
    Call,
    Declaration,
    InitList,
    IntLit,
    Name,
    NamedType,
    SizeOf,
    StaticAssert,
    StringLit,
    TopLevel,
)
from ksmcheck.syntax.c_names import numbered
from ksmcheck.syntax.c_words import STATIC_ASSERTS
from ksmcheck.text import InputError, Span

_LONGEST_NAME = 20
_Tree = TypeVar("_Tree")


class Strings:
    """The literals of one test: their variables, by their texts."""

    def __init__(self) -> None:
        self.variables: dict[str, Declaration] = {}
        self._names: set[str] = set()

    def read(self, tree: _Tree) -> _Tree:
        """The tree with the names of these variables for the literals in it."""
        made: _Tree = self._read(tree)
        return made

    def declared(self) -> tuple[TopLevel, ...]:
        return tuple(self.variables.values())

    def _read(self, node: Any) -> Any:
        if isinstance(node, tuple):
            read = tuple(self._read(item) for item in node)
            return node if all(a is b for a, b in zip(read, node, strict=True)) else read
        if isinstance(node, StringLit):
            return Name(self._variable(node).name, node.span)
        if isinstance(node, SizeOf) and isinstance(node.operand, StringLit):
            return replace(node, operand=_array(node.operand))
        if isinstance(node, StaticAssert):  # the rest is a message
            return replace(node, condition=self._read(node.condition))
        if not isinstance(node, Struct) or isinstance(node, Span):
            return node
        if isinstance(node, Call) and node.callee.name in STATIC_ASSERTS:  # the rest is a message
            return replace(node, args=(self._read(node.args[0]), *node.args[1:]))
        if isinstance(node, Declaration) and isinstance(node.type, ArrayType):
            node = _filled(node)
        changed = {}
        for name in fields(node):
            value = getattr(node, name)
            read = self._read(value)
            if read is not value:
                changed[name] = read
        return replace(node, **changed) if changed else node

    def _variable(self, literal: StringLit) -> Declaration:
        known = self.variables.get(literal.text)
        if known is None:
            span = literal.span
            init = characters(literal, end=True)
            type_ = ArrayType(NamedType("char", span), None, span)
            known = Declaration(self._name(literal.text), type_, init, span, static=True)
            self.variables[literal.text] = known
        return known

    def _name(self, text: str) -> str:
        """One that no variable has, and of which the parts of an object's name can be told."""
        letters = "".join(c if c.isalnum() or c in " _-" else "_" for c in text)
        short = letters if len(letters) <= _LONGEST_NAME else letters[:_LONGEST_NAME] + "~"
        return numbered(f'"{short}"', self._names)


def characters(literal: StringLit, *, end: bool) -> InitList:
    """The values that a literal gives an array; with the 0 behind them where ``end`` says so."""
    codes = [ord(character) for character in literal.text]
    if any(code > 127 for code in codes):
        message = "the bytes of a character above 127 depend on the compiler"
        raise InputError(message, literal.span, "leave it out")
    values = [*codes, 0] if end else codes
    items = tuple((None, IntLit(value, str(value), literal.span)) for value in values)
    return InitList(items, literal.span)


def _array(literal: StringLit) -> ArrayType:
    """The type of a literal; a size is no use of what it holds."""
    span = literal.span
    length = len(characters(literal, end=True).items)
    return ArrayType(NamedType("char", span), IntLit(length, str(length), span), span)


def _filled(declared: Declaration) -> Declaration:
    """``char a[] = "abc";``, also in braces (C17 6.7.9 p14)."""
    init, type_ = declared.init, declared.type
    assert isinstance(type_, ArrayType)
    if isinstance(init, InitList) and len(init.items) == 1 and init.items[0][0] is None:
        init = init.items[0][1]
    if not isinstance(init, StringLit) or isinstance(type_.element, ArrayType):
        return declared
    if not isinstance(type_.element, NamedType) or type_.element.name not in _BYTES:
        return declared
    return replace(declared, init=characters(init, end=type_.length is None))


_BYTES = frozenset({"char", "signed char", "unsigned char", "u8", "s8", "uint8_t"})
