"""Kernel C, text to tree: file-level declarations, and the parser's entry points.

Why the parser is written by hand: kernel C leans on what general C grammars leave out or guess at.
tree-sitter-c was tried first: ``offsetof(struct s, a.b)``, ``container_of``, ``case 1 ... 3``,
``typeof``, ``__always_inline int f()``, bit-fields and a thread without result type (``P1(...)``)
come back as error nodes or as other constructs, and ``(T) * x`` always as a product. A recursive
descent over tokens knows the type names, says what it expected where, reads macro-expanded tokens
with their spans directly, and starts at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ksmcheck.syntax.c_ast import (
    ArrayType,
    Block,
    Expr,
    Function,
    FunctionType,
    NamedType,
    Param,
    StaticAssert,
    TagType,
    TopLevel,
    Typedef,
    TypeExpr,
)
from ksmcheck.syntax.c_declarators import Declarator, Specifiers
from ksmcheck.syntax.c_statements import Statements
from ksmcheck.syntax.c_unknown import is_loud, unknown_macro
from ksmcheck.syntax.c_words import (
    DROPPED_MACROS,
    KEYWORDS,
    STATIC_ASSERTS,
    STORAGE_WORDS,
    TYPE_START,
)
from ksmcheck.syntax.tokens import Token, tokenize
from ksmcheck.text import InputError, Source

THREAD_NAME = re.compile(r"P(0|[1-9][0-9]{0,3})", re.A)


class CParser(Statements):
    """File level. Definitions, struct and enum types included, are collected in ``defined``."""

    def translation_unit(self) -> tuple[TopLevel, ...]:
        while self.token.kind != "eof":
            self.external()
        return tuple(self.defined)

    def external(self) -> None:
        """One file-level declaration or definition."""
        start, token = self.at, self.token
        if self.accept(";"):
            return
        if token.text in STATIC_ASSERTS:
            self.defined.append(StaticAssert(*self.static_assert()))
            return
        lock = self.lock_macro()
        if lock is not None:
            self.at = lock  # static or not: a test is one file
            self.defined.append(self.defined_lock())
            self.accept(";")
            return
        if token.text in DROPPED_MACROS and self.ahead(1).text == "(":
            self.at = self.closing(self.at + 1) + 1
            self.expect(";", f"after {token.text}(...)")
            return
        if THREAD_NAME.fullmatch(token.text) and self.ahead(1).text == "(":
            self.at += 1
            self._function(token, NamedType("void", token.span), start)
            return
        if token.kind == "id" and token.text not in KEYWORDS and self.ahead(1).text == "(":
            self.refuse_word(token)
            self._unknown_macro()
            from ksmcheck.syntax.pp_headers import include_hint

            include = include_hint(token.text)
            if include is not None:
                raise InputError(f"'{token.text}' is not defined", token.span, include)
            hint = "write its type; only threads (P0, P1, ...) may go without"
            raise InputError(f"'{token.text}' has no result type", token.span, hint)
        if token.kind != "id" or self.ahead(1).text == "=":
            self.expected("a declaration or definition")
        self._unknown_macro()
        specifiers = self.specifiers("a declaration or definition")
        if self.accept(";"):
            self._only_a_type(specifiers, start)
            return
        self._declarators(specifiers, start)

    def _unknown_macro(self) -> None:
        """Raises InputError where a macro that nothing defines seems to declare something."""
        at = self.at
        while self.tokens[at].text in STORAGE_WORDS:
            at += 1
        token, called = self.tokens[at], self.tokens[at + 1 : at + 2]
        if is_loud(token.text) and called and called[0].text == "(" and not self._known_type(token):
            raise unknown_macro(token)

    def _known_type(self, token: Token) -> bool:
        return self.is_type(token.text) or token.text in TYPE_START

    def _only_a_type(self, specifiers: Specifiers, start: int) -> None:
        defines_enum = any(token.text == "enum" for token in self.tokens[start : self.at])
        if not isinstance(specifiers.type, TagType) and not defines_enum:
            raise InputError("this declares nothing", self.span_from(start), "add a name")

    def _declarators(self, specifiers: Specifiers, start: int) -> None:
        first = True
        while True:
            at = start if first else self.at
            declarator = self.declarator(specifiers)
            if declarator.name is None:
                closed = self.tokens[self.at - 1].text == "}"
                self.expected("';' after the declaration" if closed else "a name")
            if self.token.text == "(" and specifiers.storage != "typedef":
                self._function(declarator.name, declarator.type, at)
                if self.tokens[self.at - 1].text == "}":
                    return
            elif specifiers.storage == "typedef":
                self._typedef(specifiers, declarator)
            else:
                self.scopes[-1][declarator.name.text] = False
                self.defined.append(self.variable(specifiers, declarator, at))
            self.no_cleanup()
            first = False
            if not self.accept(","):
                break
        self.expect(";", "after the declaration", self._annotation())

    def _annotation(self) -> str | None:
        """A hint for ``bool __checked f(void)``, in which a name stands behind a name."""
        token, before = self.token, self.tokens[self.at - 1]
        names = token.kind == before.kind == "id" and before.text not in KEYWORDS
        return f"is '{before.text}' an annotation? #define it as nothing" if names else None

    def _typedef(self, specifiers: Specifiers, declarator: Declarator) -> None:
        assert declarator.name is not None
        type_ = declarator.type
        if self.token.text == "(":
            type_ = self.function_type(type_)
        aligned = self.alignments(specifiers, type_)
        self.attributes(aligned)
        name = declarator.name.text
        self.scopes[-1][name] = True
        # C17 6.7.3 p9: there is no volatile function.
        volatile = declarator.volatile and not isinstance(type_, FunctionType)
        if self.volatile_names.setdefault(name, volatile) != volatile:
            message = f"'{name}' is declared with volatile and without"
            raise InputError(message, declarator.name.span)
        if aligned:
            self.aligned_names[name] = tuple(aligned)
        array = self.array_of(type_)
        if isinstance(array, ArrayType):
            self.array_names[name] = array
        self.defined.append(Typedef(name, type_, declarator.span, tuple(aligned)))

    # --- functions --------------------------------------------------------------------------

    def _function(self, name: Token, result: TypeExpr, start: int) -> None:
        if isinstance(result, ArrayType):
            raise InputError("a function cannot return an array", name.span)
        self.no_cleanup()
        self.scopes[-1][name.text] = name.text
        self.scopes.append({})
        self.function = name.text
        params, more = self.params(variadic=True)
        head = self.span_from(start)
        self.attributes()
        body = None
        if self.token.text == "{":
            if more:
                raise InputError("variable arguments are not supported", head)
            self._check_names(params)
            self.guards = []
            body = self.block()
            if self.guards:
                body = self._written_out(body, result)
        elif self.token.text not in (";", ","):
            hint = "old-style (K&R) definitions are not supported" if self._k_and_r() else None
            self.expected(f"'{{' or ';' after the parameters of '{name.text}'", hint)
        self.scopes.pop()
        span = self.span_from(start) if body else head
        self.defined.append(Function(name.text, result, params, body, span))

    def _written_out(self, body: Block, result: TypeExpr) -> Block:
        from ksmcheck.syntax.c_guards import without_guards

        return without_guards(body, result, self.guards, self.is_declared)

    def _k_and_r(self) -> bool:
        return self.type_starts(self.token)

    def _check_names(self, params: tuple[Param, ...]) -> None:
        seen: set[str] = set()
        for param in params:
            if not param.name:
                raise InputError("this parameter has no name", param.span)
            if param.name in seen:
                raise InputError(f"two parameters named '{param.name}'", param.span)
            seen.add(param.name)


def parse_c(source: Source) -> tuple[TopLevel, ...]:
    """The definitions of a C text without preprocessor lines. Raises InputError."""
    parser = CParser(tokenize(source))
    with depth_limit(parser):
        return parser.translation_unit()


def parse_expression(source: Source) -> Expr:
    """The whole text as one C expression. Raises InputError."""
    parser = CParser(tokenize(source))
    with depth_limit(parser):
        expr = parser.expression()
        if parser.token.kind != "eof":
            parser.expected("the end of the expression")
        return expr


@contextmanager
def depth_limit(parser: CParser) -> Iterator[None]:
    """Turns a text whose nesting exhausts Python's stack into an InputError."""
    try:
        yield
    except RecursionError:
        message = "the text is nested too deeply here"
        raise InputError(message, parser.token.span) from None
