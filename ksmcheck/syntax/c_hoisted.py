"""Objects that are declared elsewhere than where they are written.

A compound literal (C17 6.5.2.5) in a function is an object of the block around it: it becomes a
variable that is declared, with its values, before the statement that it is part of. So its values
are computed first, and every time; where C asks for another order (behind ``&&``, in the condition
of a loop) it is refused. A static local variable (6.2.4) becomes one at file level. Labels that a
block has to itself (GNU C's ``__label__``) become labels of the function, under names of their own.

A typedef of a block is read as what it stands for. Where that asks for names (``typeof(x)``), which
may mean something else where the type is used, a pointer to it is declared in its place, and the
typedef is the type of what that points to.
"""

from __future__ import annotations

from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import (
    CLEANUP,
    Block,
    Call,
    Declaration,
    DeclGroup,
    Expr,
    ExprStmt,
    FunctionType,
    Guard,
    Name,
    NamedType,
    PointerType,
    SizeOf,
    Stmt,
    TagType,
    TypeExpr,
    TypeofType,
    Unary,
)
from ksmcheck.syntax.c_declarators import Specifiers
from ksmcheck.syntax.c_freed import FREES_POINTER, nowhere
from ksmcheck.syntax.c_names import LocalType
from ksmcheck.syntax.c_types import Types
from ksmcheck.syntax.c_words import CACHE_LINE_WORDS, DEFINE_MACROS, DROPPED_WORDS
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError

_BEFORE_MACROS = CACHE_LINE_WORDS | DROPPED_WORDS


class Hoisting(Types):
    """Statements stand behind what is moved out of them."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        self.made = 0
        # The labels that the blocks around have to themselves.
        self.labels: list[dict[str, str]] = []
        # The guards of the function being read.
        self.guards: list[Guard] = []
        # Those of the variables that the statement being read declares.
        self.cleaning: list[Guard] = []

    def compound_literal(self, type_: TypeExpr, start: int) -> Expr:
        if len(self.scopes) == 1:
            message = "a compound literal is not supported outside of a function"
            hint = "declare a variable with this initializer"
            raise InputError(message, self.span_from(start), hint)
        init = self.initializer()
        span = self.span_from(start)
        self.made += 1
        name = f"literal#{self.made}"
        self.literals.append(Declaration(name, type_, init, span))
        return Name(name, span)

    def statement(self) -> Stmt:
        raise NotImplementedError

    def with_literals(self) -> tuple[Stmt, ...]:
        """The next statement, behind its compound literals, and before what cleans up behind the
        variables that it declares."""
        outer, self.literals = self.literals, []
        around, self.cleaning = self.cleaning, []
        read = self.statement()
        literals, self.literals = self.literals, outer
        cleaning, self.cleaning = self.cleaning, around
        return (*literals, read, *cleaning)

    def one_statement(self) -> Stmt:
        """The same, as one."""
        read = self.with_literals()
        last = read[-1]
        if isinstance(last, Guard) and last.kind == CLEANUP:
            # The block made of it would be its scope.
            message = "a variable with a cleanup has to stand in a block by itself"
            raise InputError(message, last.span, "put it into { ... }")
        return read[0] if len(read) == 1 else Block(read, read[-1].span)

    def static_local(self, local: str) -> None:
        """Names it for file level. From here on it is that, in its own initializer as well (C17
        6.2.1)."""
        self.scopes[-1][local] = self.at_file_level(local)

    def declare_static(self, declared: Declaration) -> None:
        """At file level, under the name that ``static_local`` gave it."""
        self.defined.append(replace(declared, name=str(self.scopes[-1][declared.name])))

    def local_types(self, specifiers: Specifiers, start: int, mentioned: int) -> Stmt:
        """``typedef int t, *p;`` in a block, at its first name. ``mentioned``: how many names were
        before it."""
        self.not_aligned(specifiers)
        kept = self._local_type(specifiers, mentioned)
        while self.accept(","):
            kept += self._local_type(specifiers, mentioned)
        span = self.span_from(start)
        self.expect(";", "after the declaration")
        if kept:
            return DeclGroup(kept, span)
        there = SizeOf(PointerType(specifiers.type, span), span)  # also where nothing is of it
        return ExprStmt(Call(Name("static_assert", span), (there,), span), span)

    def _local_type(self, specifiers: Specifiers, mentioned: int) -> tuple[Declaration, ...]:
        declarator = self.declarator(specifiers)
        name, type_ = declarator.name, declarator.type
        if name is None:
            self.expected("the name of a type")
        if self.token.text == "(":
            type_ = self.function_type(type_)
        self.attributes()
        self.no_cleanup()
        if isinstance(type_, NamedType) and type_.name == "__auto_type":
            raise InputError("__auto_type takes the type of an initializer", name.span)
        if name.text in self.scopes[-1]:
            raise InputError(f"{name.text} is declared twice in this block", name.span)
        volatile = declarator.volatile and not isinstance(type_, FunctionType)
        if len(self.mentioned) == mentioned:  # it means the same everywhere
            self.scopes[-1][name.text] = LocalType(type_, volatile)
            return ()
        self.made += 1
        span = declarator.span
        pointer = Name(f"typedef#{self.made}", span)
        pointed = TypeofType(Unary("*", pointer, span), span)
        self.scopes[-1][name.text] = LocalType(pointed, volatile)
        return (Declaration(pointer.name, PointerType(type_, span), None, span),)

    def cleaned_up(self, declared: Declaration, name: Token) -> None:
        """Notes what is called where the scope of a variable ends, of which this is the name."""
        for function, span in self.cleanups:
            if declared.static:
                self.no_cleanup()
            variable = Name(declared.name, name.span)
            args: tuple[Expr, ...] = (function, variable)
            unset = declared.init is None and isinstance(declared.type, PointerType)
            if unset and function.name.startswith(FREES_POINTER):
                args = (*args, nowhere(declared.type, span))
            guard = Guard(CLEANUP, args, None, span)
            self.cleaning.append(guard)
            self.guards.append(guard)
        self.cleanups = []

    def not_a_type(self, name: Token) -> None:
        """Raises InputError for a variable whose name is that of a type of this block."""
        if isinstance(self.scopes[-1].get(name.text), LocalType):
            raise InputError(f"{name.text} is declared twice in this block", name.span)

    def lock_macro(self) -> int | None:
        """Where the name of such a macro is, behind ``static`` and annotations, if one is next."""
        at = self.at
        while (text := self.tokens[at].text) == "static" or text in _BEFORE_MACROS:
            at += 1
        called = text in DEFINE_MACROS and self.tokens[at + 1].text == "("
        return at if called else None

    def defined_lock(self) -> Declaration:
        """``DEFINE_MUTEX(m);``, where it stands."""
        start, token = self.at, self.token
        self.at += 2
        name = self.identifier("the name of a variable")
        self.expect(")", f"after {token.text}({name.text}")
        kind, type_name = DEFINE_MACROS[token.text]
        type_: TypeExpr = NamedType(type_name, token.span)
        if kind is not None:
            type_ = TagType(kind, type_name, token.span)
        return Declaration(name.text, type_, None, self.span_from(start))

    def local_labels(self) -> Stmt:
        """``__label__ a, b;``: labels of this block (GNU C), whatever others are called so."""
        start = self.at
        self.at += 1
        while True:
            name = self.identifier("a label after '__label__'").text
            self.made += 1
            self.labels[-1][name] = f"{name}#{self.made}"
            if not self.accept(","):
                break
        self.expect(";", "after '__label__'")
        return Block((), self.span_from(start))

    def label_name(self, name: str) -> str:
        """What a label is called that is written so here."""
        return next((own[name] for own in reversed(self.labels) if name in own), name)
