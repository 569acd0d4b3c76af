"""Declarators (C17 6.7.6): pointers, arrays and functions around a name, or around none."""

from __future__ import annotations

from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import (
    ArrayType,
    Expr,
    FunctionType,
    NamedType,
    Param,
    PointerType,
    TypeExpr,
)
from ksmcheck.syntax.c_expressions import Expressions
from ksmcheck.syntax.c_words import DROPPED_WORDS, KEYWORDS, TYPE_START, VOLATILE_WORDS
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError, Span

_MOST_STARS = 100


class Specifiers(Struct):
    """What stands before the declarators: the base type and the words around it."""

    type: TypeExpr
    storage: str | None = None
    volatile: bool = False
    per_cpu: bool = False
    aligned: tuple[Expr, ...] = ()


class Declarator(Struct):
    """One declared name (None if abstract); ``volatile`` is of the object itself."""

    name: Token | None
    type: TypeExpr
    volatile: bool
    span: Span


class Declarators(Expressions):
    """What follows the specifiers, which come with the subclass."""

    # How many lists of parameters are being read, one inside the other.
    in_parameters = 0

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        # What typedef names of arrays stand for.
        self.array_names: dict[str, ArrayType] = {}

    def specifiers(self, what: str) -> Specifiers:
        raise NotImplementedError

    def attributes(self, aligned: list[Expr] | None = None) -> None:
        raise NotImplementedError

    def no_cleanup(self) -> None:
        raise NotImplementedError

    def not_aligned(self, specifiers: Specifiers) -> None:
        raise NotImplementedError

    def closing(self, opening: int) -> int:
        raise NotImplementedError

    def declarator(self, specifiers: Specifiers) -> Declarator:
        """A declarator, abstract or with a name; the parameters behind a function's name are the
        caller's business."""
        return self._declarator(specifiers.type, specifiers.volatile, self.at)

    def _declarator(self, base: TypeExpr, volatile: bool, start: int) -> Declarator:
        first = self.at
        while self.tokens[self.at].text == "*":
            self.at += 1
            if self.at - first > _MOST_STARS:
                raise InputError("too many '*' in one declarator", self.span_from(first))
            base = PointerType(base, base.span.to(self.tokens[self.at - 1].span), volatile)
            volatile = self._qualifiers()
        self.attributes()
        token = self.tokens[self.at]
        if token.text == "(" and self._nested_declarator():
            return self._nested(base, volatile, start)
        name = token if self._is_declared_name(token) else None
        self.at += name is not None
        type_ = self._arrays(base)
        return Declarator(name, type_, volatile, self.span_from(start))

    def _is_declared_name(self, token: Token) -> bool:
        if token.kind != "id" or token.text in KEYWORDS or token.text in TYPE_START:
            return False
        self.refuse_word(token)
        return True

    def _qualifiers(self) -> bool:
        volatile = False
        while (text := self.tokens[self.at].text) in DROPPED_WORDS or text in VOLATILE_WORDS:
            volatile |= text in VOLATILE_WORDS
            self.at += 1
        return volatile

    def _nested_declarator(self) -> bool:
        after = self.ahead(1)
        return after.text in ("*", "(") or (after.kind == "id" and not self.type_starts(after))

    def _nested(self, base: TypeExpr, volatile: bool, start: int) -> Declarator:
        """``(*a)[3]``, ``(*f)(int)``: what follows the parenthesis binds before what is inside."""
        opening, close = self.at, self.closing(self.at)
        self.at = close + 1
        outer = self.function_type(base) if self.token.text == "(" else self._arrays(base)
        end, self.at = self.at, opening + 1
        inner = self._declarator(outer, volatile, start)
        if self.token.text == "(" and isinstance(outer, FunctionType):
            message = "a function that gives a pointer to a function needs a typedef for it"
            hint = "write typedef int (*fn_t)(...); and fn_t as the type of the result"
            raise InputError(message, self.span_from(opening), hint)
        if self.at != close:
            self.expected("')' in the declarator")
        self.at = end
        return inner

    def _arrays(self, base: TypeExpr) -> TypeExpr:
        """``[2][3]``: an array of 2 arrays of 3."""
        start = self.at
        if not self.accept("["):
            return base
        length = None if self.token.text == "]" else self.assignment()
        self.expect("]", "after the array's length")
        element = self._arrays(base)
        return ArrayType(element, length, self.span_from(start))

    # --- functions --------------------------------------------------------------------------

    def function_type(self, result: TypeExpr) -> FunctionType:
        """At the ``(`` of the parameters of a function that is no definition."""
        start = self.at
        self.scopes.append({})
        params, more = self.params(variadic=True)
        self.scopes.pop()
        types = tuple(param.type for param in params)
        return FunctionType(result, types, self.span_from(start), more)

    def array_of(self, type_: TypeExpr) -> TypeExpr:
        """The array that a name at file level stands for; any other type as it is."""
        if isinstance(type_, NamedType) and self.depth_of(type_.name) == 0:
            return self.array_names.get(type_.name, type_)
        return type_

    def params(self, *, variadic: bool = False) -> tuple[tuple[Param, ...], bool]:
        """The parameters in their parentheses, and whether ``...`` follows them, where it may."""
        self.in_parameters += 1
        found = self._params(variadic)
        self.in_parameters -= 1
        return found

    def _params(self, variadic: bool) -> tuple[tuple[Param, ...], bool]:
        self.expect("(", "before the parameters")
        if self.accept(")"):
            return (), False
        if self.token.text == "void" and self.ahead(1).text == ")":
            self.at += 2
            return (), False
        params, more = [self._param()], False
        while not more and self.accept(","):
            more = variadic and self.accept("...")
            if not more:
                params.append(self._param())
        self.expect(")", "or ',' after a parameter")
        return tuple(params), more

    def _param(self) -> Param:
        start = self.at
        if self.token.text == "...":
            raise InputError("variable arguments are not supported", self.token.span)
        specifiers = self.specifiers("a parameter")
        if specifiers.storage:
            raise InputError(f"'{specifiers.storage}' on a parameter", self.tokens[start].span)
        self.not_aligned(specifiers)
        declarator = self.declarator(specifiers)
        type_ = declarator.type
        if self.token.text == "(":
            type_ = self.function_type(type_)
        self.attributes()
        self.no_cleanup()
        name = declarator.name.text if declarator.name else ""
        type_ = self.array_of(type_)
        self.scopes[-1][name] = False
        if isinstance(type_, ArrayType | FunctionType):
            # C17 6.7.6.3: a parameter of array or function type is a pointer.
            target = type_.element if isinstance(type_, ArrayType) else type_
            type_ = PointerType(target, type_.span, declarator.volatile)
        return Param(name, type_, self.span_from(start), declarator.volatile)
