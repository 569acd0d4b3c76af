"""The start state of a litmus test: ``{ int x = 1; 0:r1 = &x; struct page p[2]; p[1].f = 3; }``.

``*x = y;`` of a pointer x is about what x points to; herd7's ``*x = y;`` of an x without a type is
about x, a pointer to an int.
"""

from __future__ import annotations

from ksmcheck.syntax.c_ast import (
    Expr,
    Index,
    IntLit,
    Member,
    Name,
    NamedType,
    PointerType,
    TypeExpr,
    Unary,
)
from ksmcheck.syntax.c_declarators import Specifiers
from ksmcheck.syntax.c_parser import THREAD_NAME, CParser
from ksmcheck.syntax.litmus_ast import InitEntry
from ksmcheck.text import InputError

_MAX_THREADS = 1000


class InitParser(CParser):
    """Adds the start state to the C parser."""

    def init_block(self) -> tuple[InitEntry, ...]:
        """The block from ``{`` to ``}``; entries end with ``;``, the last may go without."""
        opening = self.expect("{", "to begin the start state")
        entries: list[InitEntry] = []
        while self.token.text != "}":
            if self.token.kind == "eof":
                raise InputError("the start state is not closed", opening.span, "add '}'")
            if self.accept(";"):
                continue
            if THREAD_NAME.fullmatch(self.token.text) and self.ahead(1).text == "(":
                hint = f"add '}}' before {self.token.text}"
                raise InputError("the start state is not closed", opening.span, hint)
            self._entries(entries)
            if self.token.text != "}":
                self.expect(";", "after an entry of the start state")
        self.at += 1
        return tuple(entries)

    def _entries(self, entries: list[InitEntry]) -> None:
        start = self.at
        if not self._typed_entry():
            pointer = self._pointer_ahead(entries)
            entries.append(self._pointer(start) if pointer else self._untyped(start))
            return
        specifiers = self.specifiers("a type")
        if specifiers.storage:
            message = f"'{specifiers.storage}' has no meaning in the start state"
            raise InputError(message, self.tokens[start].span)
        entries.append(self._typed(specifiers, start))
        while self.accept(","):
            entries.append(self._typed(specifiers, self.at))

    def _typed_entry(self) -> bool:
        """Whether a type comes first: a known one, or a name before another name or ``*``."""
        token, after = self.token, self.ahead(1)
        if token.kind != "id":
            return False
        return self.type_starts(token) or after.kind in ("id", "num") or after.text == "*"

    def _typed(self, specifiers: Specifiers, start: int) -> InitEntry:
        if self._register_ahead():
            return self._register(start, self.declarator(specifiers).type)
        declarator = self.declarator(specifiers)
        if declarator.name is None:
            self.expected("the name of a variable")
        target = Name(declarator.name.text, declarator.name.span)
        self.started.add(target.name)
        value = self.initializer() if self.accept("=") else None
        return InitEntry(target, declarator.type, value, None, self.span_from(start))

    def _register_ahead(self) -> bool:
        distance = 0
        while self.ahead(distance).text == "*":
            distance += 1
        return self.ahead(distance).kind == "num"

    def _untyped(self, start: int) -> InitEntry:
        named = THREAD_NAME.fullmatch(self.token.text) and self.ahead(1).text == ":"
        if named or self.token.kind == "num":
            return self._register(start, None)
        target = self._location()
        if isinstance(target, Name) and self.token.text in (";", "}"):  # herd7's x; is x = 0;
            zero = IntLit(0, "0", target.span)
            return InitEntry(target, None, zero, None, self.span_from(start))
        self.expect("=", "after the location", "an entry is 'location = value' or a declaration")
        return InitEntry(target, None, self.initializer(), None, self.span_from(start))

    def _pointer_ahead(self, entries: list[InitEntry]) -> bool:
        """Whether ``*x = y`` is herd7's declaration of a pointer: x has no type yet."""
        name = self.ahead(1)
        if self.token.text != "*" or name.kind != "id" or self.ahead(2).text not in ("=", ";", "}"):
            return False
        known = {e.target.name for e in entries if e.type and isinstance(e.target, Name)}
        return name.text not in known and not any(name.text in scope for scope in self.scopes)

    def _pointer(self, start: int) -> InitEntry:
        star = self.expect("*", "before the name of a pointer")
        name = self.identifier("the name of a pointer")
        value = self.initializer() if self.accept("=") else None
        type_ = PointerType(NamedType("int", star.span), star.span)
        target = Name(name.text, name.span)
        return InitEntry(target, type_, value, None, self.span_from(start))

    def _location(self) -> Expr:
        """``x``, ``[x]`` (the same), ``a[1].b``, ``p->f`` or ``*p``."""
        if self.accept("["):
            target = self.postfix()
            self.expect("]", "after the location")
        else:
            target = self.unary()
        if not is_location(target):
            raise InputError("this is not a location", target.span)
        return target

    def _register(self, start: int, type_: TypeExpr | None) -> InitEntry:
        thread = self.thread_number()
        name = self.identifier("a local variable after ':'")
        target = Name(name.text, name.span)
        value: Expr | None = None
        if type_ is None and self.token.text in (";", "}"):  # herd7's 0:r1; is 0:r1 = 0;
            value = IntLit(0, "0", name.span)
        elif type_ is None or self.token.text == "=":
            self.expect("=", "after the register")
            value = self.initializer()
        return InitEntry(target, type_, value, thread, self.span_from(start))

    def thread_number(self) -> int:
        """The number and colon of ``0:r1`` (or ``P0:r1``)."""
        token = self.token
        number = token.text.removeprefix("P")
        self.at += 1
        if not number.isdecimal() or int(number[:9]) >= _MAX_THREADS:
            raise InputError(f"'{token.text}' is not the number of a thread", token.span)
        self.expect(":", "after the number of a thread")
        return int(number)


def is_location(expr: Expr) -> bool:
    """Whether the expression names memory: a variable, member, element or ``*p``."""
    if isinstance(expr, Unary):
        return expr.op == "*"
    return isinstance(expr, Name | Member | Index)
