"""Expressions of kernel C by precedence climbing (C17 6.5, GNU extensions).

An identifier that is no known type (``c_names``) is one only where nothing else is possible.
"""

from __future__ import annotations

from typing import ClassVar

from ksmcheck.syntax import c_literals
from ksmcheck.syntax.c_ast import (
    TYPES,
    Assign,
    Binary,
    Block,
    Call,
    Cast,
    Conditional,
    ContainerOf,
    DesignatorPath,
    ElementRange,
    Expr,
    IncDec,
    Index,
    InitList,
    Member,
    Name,
    NamedType,
    OffsetOf,
    PointerCall,
    SizeOf,
    StatementExpr,
    StringLit,
    TypeExpr,
    Unary,
)
from ksmcheck.syntax.c_discarded import discarded, with_value
from ksmcheck.syntax.c_names import Names
from ksmcheck.syntax.c_saved_flags import saving
from ksmcheck.syntax.c_words import KEYWORDS, REFUSED_WORDS
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError

# Binary operators by binding strength; all of them associate to the left.
C_PRECEDENCE: dict[str, int] = {
    op: level
    for level, row in enumerate(
        ("||", "&&", "|", "^", "&", "== !=", "< > <= >=", "<< >>", "+ -", "* / %"), start=2
    )
    for op in row.split()
}
ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})
_SHORT_CIRCUITS = frozenset({"&&", "||"})
_PREFIX = frozenset({"-", "+", "~", "!", "&", "*"})
# What one instruction does, for macros that kernel headers give.
_INSTRUCTIONS = frozenset({"__ksmcheck_lowest", "__ksmcheck_highest", "__ksmcheck_weight"})
_CONTAINER_OF = frozenset({"container_of", "container_of_const", "list_entry", "rb_entry"})
_OWN_NAME = frozenset({"__func__", "__FUNCTION__"})
_OFFSETOF = frozenset({"offsetof", "__builtin_offsetof"})

# A longer chain of operators would be a tree that later stages cannot walk.
_LONGEST_CHAIN = 200


class Expressions(Names):
    """Expressions alone, as in ``#if``; types and blocks come with the subclasses."""

    precedence: ClassVar[dict[str, int]] = C_PRECEDENCE
    # Other spellings of operators, for the languages that extend C's expressions.
    spellings: ClassVar[dict[str, str]] = {}
    from_the_right: ClassVar[frozenset[str]] = frozenset()
    """Operators of which ``a op b op c`` is ``a op (b op c)``."""

    def type_name(self) -> TypeExpr:
        raise InputError("types have no meaning here", self.token.span)

    def block(self) -> Block:
        raise InputError("statements have no meaning here", self.token.span)

    def compound_literal(self, type_: TypeExpr, start: int) -> Expr:
        hint = "declare a variable with this initializer"
        raise InputError("a compound literal is not supported here", self.token.span, hint)

    # --- operators, loosest first -----------------------------------------------------------

    def expression(self) -> Expr:
        start = self.at
        left = self.assignment()
        while self.accept(","):
            count = len(self.literals)
            right = self.assignment()
            self.no_literal_since(count)
            left = Binary(",", left, right, self.span_from(start))
        return left

    def assignment(self) -> Expr:
        start = self.at
        target = self.conditional()
        op = self.tokens[self.at].text
        if op not in ASSIGNMENTS:
            return target
        volatile = op == "=" and isinstance(target, Call) and target.callee.name == "ACCESS_ONCE"
        if not volatile:
            self._check_lvalue(target, f"the left side of '{op}'")
        self.at += 1
        value = self.assignment()
        if volatile:
            return self._stored_once(target, value, start)
        return Assign(op, target, value, self.span_from(start))

    def _stored_once(self, target: Expr, value: Expr, start: int) -> Expr:
        """``ACCESS_ONCE(x) = v``, as kernels before WRITE_ONCE have it: a primitive of its own."""
        assert isinstance(target, Call)
        name = Name("ACCESS_ONCE=", target.callee.span)
        return Call(name, (*target.args, value), self.span_from(start))

    def conditional(self) -> Expr:
        start = self.at
        condition = self.binary(2)
        if not self.accept("?"):
            return condition
        count = len(self.literals)
        then = None if self.token.text == ":" else self.expression()
        self.expect(":", "between the two values of '?'")
        otherwise = self.conditional()
        self.no_literal_since(count)
        return Conditional(condition, then, otherwise, self.span_from(start))

    def binary(self, least: int) -> Expr:
        """An expression of operators that bind at least as strongly as level ``least``."""
        start, length = self.at, 0
        left = self.unary()
        while True:
            op = self.tokens[self.at].text
            level = self.precedence.get(op, 0)
            if level < least or not level:
                return left
            self.at += 1
            count = len(self.literals)
            right = self.binary(level + (op not in self.from_the_right))
            if op in _SHORT_CIRCUITS:
                self.no_literal_since(count)
            length += 1
            if length > _LONGEST_CHAIN:
                self.too_long(op, start)
            left = Binary(self.spellings.get(op, op), left, right, self.span_from(start))

    def too_long(self, op: str, start: int) -> None:
        message = f"an expression of more than {_LONGEST_CHAIN} operators is not supported"
        raise InputError(message, self.span_from(start))

    def unary(self) -> Expr:
        start, token = self.at, self.tokens[self.at]
        text = token.text
        if text in _INSTRUCTIONS:
            self.at += 1
            return self.prefixed(text, self.unary(), start)
        if token.kind != "op":
            return self.size_of() if text == "sizeof" else self.postfix()
        if text in _PREFIX:
            self.at += 1
            operand = self.unary()
            if text == "&":
                self._check_lvalue(operand, "the operand of '&'")
            return self.prefixed(text, operand, start)
        if text in ("++", "--"):
            self.at += 1
            operand = self.unary()
            self._check_lvalue(operand, f"the operand of '{text}'")
            return IncDec(text, True, operand, self.span_from(start))
        if text == "(" and self._cast_starts():
            return self._cast()
        if text == "&&":
            raise InputError("addresses of labels (&&label) are not supported", token.span)
        return self.postfix()

    def prefixed(self, op: str, operand: Expr, start: int) -> Expr:
        """A prefix operator before its operand."""
        return Unary(op, operand, self.span_from(start))

    def _cast(self) -> Expr:
        start = self.at
        self.at += 1
        type_ = self.type_name()
        self.expect(")", "after the type of a cast")
        if self.token.text == "{":
            return self._postfix(self.compound_literal(type_, start), start)
        operand = self.unary()
        if isinstance(type_, NamedType) and type_.name == "void":
            operand = discarded(operand)
        return Cast(type_, operand, self.span_from(start))

    def size_of(self) -> Expr:
        start = self.at
        self.at += 1
        operand: Expr | TypeExpr
        if self.token.text == "(" and self.type_starts(self.ahead(1)):
            self.at += 1
            operand = self.type_name()
            self.expect(")", "after the type of sizeof")
        else:
            operand = self.unary()
        return SizeOf(operand, self.span_from(start))

    def _check_lvalue(self, expr: Expr, what: str) -> None:
        lvalue = isinstance(expr, Name | Member | Index)
        if not lvalue and not (isinstance(expr, Unary) and expr.op == "*"):
            raise InputError(f"{what} has to be a variable, member, element or *p", expr.span)

    # --- postfix and primary ----------------------------------------------------------------

    def postfix(self) -> Expr:
        start = self.at
        return self._postfix(self.primary(), start)

    def _postfix(self, expr: Expr, start: int) -> Expr:
        while True:
            text = self.tokens[self.at].text
            if text == "(":
                expr = self._call(expr, start)
            elif text in (".", "->"):
                self.at += 1
                field = self.identifier(f"a member name after '{text}'").text
                expr = Member(expr, field, text == "->", self.span_from(start))
            elif text == "[":
                self.at += 1
                index = self.expression()
                self.expect("]", "after the index")
                expr = Index(expr, index, self.span_from(start))
            elif text in ("++", "--"):
                self._check_lvalue(expr, f"the operand of '{text}'")
                self.at += 1
                expr = IncDec(text, False, expr, self.span_from(start))
            else:
                return expr

    def primary(self) -> Expr:
        token = self.tokens[self.at]
        if token.kind == "id":
            return self._named(token)
        if token.kind == "num":
            self.at += 1
            return c_literals.integer(token)
        if token.text == "(":
            return self._parenthesised()
        if token.kind == "chr":
            self.at += 1
            return c_literals.character(token)
        if token.kind == "str":
            return self.strings()
        if token.kind != "name":
            self.expected("an expression")
        self.at += 1
        return Name(token.text, token.span)

    def _named(self, token: Token) -> Expr:
        name = token.text
        if self.ahead(1).text == "(":
            if name in _OFFSETOF:
                return self._offset_of()
            if name in _CONTAINER_OF:
                return self._container_of()
        if name in KEYWORDS or name in REFUSED_WORDS:
            self.expected("an expression")
        if self.is_type(name):
            hint = "if it is a variable, another name avoids the clash"
            raise InputError(f"expected an expression, found the type '{name}'", token.span, hint)
        self.at += 1
        if name in _OWN_NAME and not self.is_declared(name):
            self.worded = True
            return StringLit(self.function, token.span)
        return Name(self.meaning(name), token.span)

    def _parenthesised(self) -> Expr:
        start = self.at
        self.at += 1
        if self.token.text == "{":
            body = with_value(self.block())
            self.expect(")", "after a statement expression")
            return StatementExpr(body, self.span_from(start))
        expr = self.expression()
        self.expect(")", "to close the parenthesis", self._opened(start))
        return expr

    def _opened(self, start: int) -> str:
        opening = self.tokens[start]
        return f"the parenthesis was opened at {opening.span.line}:{opening.span.column}"

    def strings(self) -> StringLit:
        start, text = self.at, ""
        self.worded = True
        while self.token.kind == "str":
            text += c_literals.string(self.token)
            self.at += 1
        return StringLit(text, self.span_from(start))

    def _call(self, callee: Expr, start: int) -> Expr:
        called = f"'{callee.name}'" if isinstance(callee, Name) else "the call"
        if isinstance(callee, Name) and self.tokens[start].text == "(":
            self._known(callee)
        self.at += 1
        args: list[Expr | TypeExpr] = []
        if not self.accept(")"):
            args.append(self._argument())
            while self.accept(","):
                args.append(self._argument())
            self.expect(")", f"or ',' in the arguments of {called}")
        if isinstance(callee, Name) and not self.is_variable(callee.name):
            call = Call(callee, tuple(args), self.span_from(start))
            return call if self.is_declared(callee.name) else saving(call)
        return PointerCall(callee, tuple(map(_no_type, args)), self.span_from(start))

    def _known(self, callee: Name) -> None:
        """``(T)(x)`` is a cast, ``(f)(x)`` a call: of a name that is neither, nothing is known."""
        if not self.is_declared(callee.name):
            message = f"'{callee.name}' is neither a type nor a function here"
            raise InputError(message, callee.span, "define it before this place")

    def is_declared(self, name: str) -> bool:
        return any(name in scope for scope in self.scopes)

    def _argument(self) -> Expr | TypeExpr:
        return self.type_name() if self.type_starts(self.token) else self.assignment()

    # --- forms whose arguments are types and members ----------------------------------------

    def _offset_of(self) -> Expr:
        start = self.at
        self.at += 2
        type_ = self.type_name()
        self.expect(",", "after the type of offsetof")
        path = self._member_path()
        self.expect(")", "after the member of offsetof")
        return OffsetOf(type_, path, self.span_from(start))

    def _container_of(self) -> Expr:
        start = self.at
        name = self.token.text
        self.at += 2
        pointer = self.assignment()
        self.expect(",", f"after the pointer of {name}")
        type_ = self.type_name()
        self.expect(",", f"after the type of {name}")
        path = self._member_path()
        self.expect(")", f"after the member of {name}")
        return ContainerOf(pointer, type_, path, self.span_from(start))

    def _member_path(self) -> Expr:
        start = self.at
        first = self.identifier("a member name")
        path: Expr = Name(first.text, first.span)
        while True:
            if self.accept("."):
                field = self.identifier("a member name after '.'").text
                path = Member(path, field, False, self.span_from(start))
            elif self.accept("["):
                index = self.expression()
                self.expect("]", "after the index")
                path = Index(path, index, self.span_from(start))
            else:
                return path

    # --- initializers -----------------------------------------------------------------------

    def initializer(self) -> Expr:
        return self._init_list() if self.token.text == "{" else self.assignment()

    def _init_list(self) -> Expr:
        start = self.at
        self.at += 1
        items: list[tuple[str | Expr | DesignatorPath | None, Expr]] = []
        while self.token.text != "}":
            designator = self._designator()
            items.append((designator, self.initializer()))
            if not self.accept(","):
                break
        self.expect("}", "after the initializers")
        return InitList(tuple(items), self.span_from(start))

    def _designator(self) -> str | Expr | DesignatorPath | None:
        start, steps = self.at, list[str | Expr | ElementRange]()
        while self.token.text in (".", "["):
            if self.accept("."):
                steps.append(self.identifier("a member name after '.'").text)
                continue
            self.at += 1
            low = self.conditional()
            steps.append(ElementRange(low, self.conditional()) if self.accept("...") else low)
            self.expect("]", "after the index of a designator")
        if not steps:
            return None
        span = self.span_from(start)
        self.expect("=", "after the designator")
        if len(steps) == 1 and not isinstance(steps[0], ElementRange):
            return steps[0]
        return DesignatorPath(tuple(steps), span)


def _no_type(argument: Expr | TypeExpr) -> Expr:
    if isinstance(argument, TYPES):
        raise InputError("a type is not an argument here", argument.span)
    return argument
