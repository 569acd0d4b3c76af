"""Declarations of variables inside functions (C17 6.7)."""

from __future__ import annotations

from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import (
    Block,
    Declaration,
    DeclGroup,
    InitList,
    IntLit,
    NamedType,
    Stmt,
    TagType,
    TypeofType,
)
from ksmcheck.syntax.c_declarators import Declarator, Specifiers
from ksmcheck.syntax.c_hoisted import Hoisting
from ksmcheck.syntax.c_words import ATTRIBUTE_WORDS, KEYWORDS, REFUSED_WORDS
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError

_STARTS_DECLARATOR_END = frozenset({";", "=", ",", "["})


class LocalDeclarations(Hoisting):
    """The part of the parser that declares what a block has."""

    def declaration_starts(self, token: Token) -> bool:
        if self.type_starts(token):
            return True
        if token.text in KEYWORDS or token.text in REFUSED_WORDS:
            return False
        after = self.ahead(1)
        if after.kind == "id" and after.text != "sizeof":
            return True
        distance = 1
        while self.ahead(distance).text == "*":
            distance += 1
        named = distance > 1 and self.ahead(distance).kind == "id"
        ends = self.ahead(distance + 1).text in _STARTS_DECLARATOR_END
        return named and ends and not self.is_declared(token.text)

    def declaration(self) -> Stmt:
        """``int a, *b = &c;`` up to its semicolon."""
        start, mentioned = self.at, len(self.mentioned)
        specifiers = self.specifiers("a declaration")
        if self.accept(";"):
            return self._declares_nothing(specifiers, start)
        if specifiers.storage == "typedef":
            return self.local_types(specifiers, start, mentioned)
        if specifiers.storage == "extern":
            message = "'extern' inside a function is not supported"
            raise InputError(message, self.span_from(start), "move it to file level")
        declared = [self._local(specifiers, start)]
        if self.cleaning and self.token.text == ",":
            message = "a variable with a cleanup is declared by itself"
            raise InputError(message, self.cleaning[0].span)
        count = len(self.literals)
        while self.accept(","):
            declared.append(self._local(specifiers, self.at))
            self.no_literal_since(count)
        span = self.span_from(start)
        self.expect(";", "after the declaration")
        if specifiers.storage == "static":
            self.not_of_function(mentioned, start)
            return Block((), span)
        return declared[0] if len(declared) == 1 else DeclGroup(tuple(declared), span)

    def _declares_nothing(self, specifiers: Specifiers, start: int) -> Stmt:
        text = self.tokens[start].text
        if isinstance(specifiers.type, TagType) or text in ATTRIBUTE_WORDS:
            return Block((), self.span_from(start))
        raise InputError(f"'{text}' declares nothing here", specifiers.type.span)

    def _local(self, specifiers: Specifiers, start: int) -> Declaration:
        declarator = self.declarator(specifiers)
        if declarator.name is None:
            self.expected("the name of a variable")
        if self.token.text == "(":
            message = "function declarations inside a function are not supported"
            raise InputError(message, declarator.name.span, "move it to file level")
        count = len(self.literals)
        self.not_a_type(declarator.name)
        self.scopes[-1][declarator.name.text] = False
        if specifiers.storage == "static":
            self.static_local(declarator.name.text)
        declared = self.variable(specifiers, declarator, start)
        declared = replace(declared, type=self.array_of(declared.type))
        if declared.per_cpu:
            hint = "declare it at file level"
            raise InputError("a variable of each CPU in a function", declared.span, hint)
        if declared.static:
            self.no_literal_since(count)
            self.declare_static(declared)
        self.cleaned_up(declared, declarator.name)
        return declared

    def variable(self, specifiers: Specifiers, declarator: Declarator, start: int) -> Declaration:
        """The rest of one variable's declaration: attributes and initializer."""
        assert declarator.name is not None
        aligned = list(specifiers.aligned)
        self.attributes(aligned)
        # What the initializer declares has cleanups of its own.
        cleanups, self.cleanups = self.cleanups, []
        init = self.initializer() if self.accept("=") else None
        self.cleanups = cleanups
        type_ = declarator.type
        if isinstance(type_, NamedType) and type_.name == "__auto_type":
            if init is None:
                message = "__auto_type takes the type of an initializer, and there is none"
                hint = f"write __auto_type {declarator.name.text} = ..., or name the type"
                raise InputError(message, declarator.name.span, hint=hint)
            type_ = TypeofType(init, type_.span, of_value=True)
        return Declaration(
            declarator.name.text,
            type_,
            init,
            self.span_from(start),
            static=specifiers.storage == "static",
            volatile=declarator.volatile,
            per_cpu=specifiers.per_cpu,
            aligned=tuple(aligned),
        )

    def declared_lock(self, macro: int) -> Stmt:
        """``static DEFINE_MUTEX(m);``; on the stack it is what it is at the start, free."""
        static = any(token.text == "static" for token in self.tokens[self.at : macro])
        self.at = macro
        declared = self.defined_lock()
        self.expect(";", "after the declaration")
        span = declared.span
        if not static:
            self.scopes[-1][declared.name] = False
            free = InitList(((None, IntLit(0, "0", span)),), span)
            return replace(declared, init=free)
        self.static_local(declared.name)
        self.declare_static(replace(declared, static=True))
        return Block((), span)
