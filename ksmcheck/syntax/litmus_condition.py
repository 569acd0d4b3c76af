r"""Final conditions: herd7's (``exists (0:r1=1 /\ ~x=2)``) and C expressions, in one grammar.

``=`` is ``==``, ``<>`` is ``!=``, and ``[x]`` on the right of one is what x holds; ``/\`` and
``\/`` sit beside ``&&`` and ``||``; ``=>`` binds more tightly than both, as herd7 has it.
``final P`` and ``(P)`` alone are ``exists P``, and so is ``observed A; B; and C;``, a list of
states (lib/stateParser.mly of herdtools7). Where the two readings of ``~`` (not a proposition, or
the bits of a number) could be confused, parentheses are asked for.
"""

from __future__ import annotations

import re
from typing import ClassVar, cast

from ksmcheck.syntax.c_ast import Binary, Expr, Index, InitList, IntLit, Name, Unary
from ksmcheck.syntax.c_expressions import C_PRECEDENCE
from ksmcheck.syntax.litmus_ast import Condition, Content, PropExpr, PropTree, Register
from ksmcheck.syntax.litmus_dialect import DialectParser
from ksmcheck.syntax.litmus_init import is_location
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError

_LEVELS = {op: 2 * level for op, level in C_PRECEDENCE.items()}  # with room between them
_OR, _AND, _EQUAL = _LEVELS["||"], _LEVELS["&&"], _LEVELS["=="]
_CONNECTIVES = {"&&": "and", "||": "or", "=>": "implies"}
OBSERVED = frozenset({"observed", "Observed"})
_COMPARISONS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_THREAD = re.compile(r"P\d+")
_BEFORE_A_VALUE = frozenset({"=", "==", "!=", "<>"})
_AFTER_A_STATE = frozenset({"and", "locations", "filter"})
_NOT_HERE = frozenset({"?", "+=", "-=", "++", "--"})
_BEFORE_PROPOSITION = frozenset(
    {"(", "&&", "||", "/\\", "\\/", "=>", "~", "!", "not", "exists", "forall", "final", "filter"}
)


class ConditionParser(DialectParser):
    """Reads the sections after the threads. Expressions may hold ``0:r1`` and ``[x]``. ``arrays``
    are those that are compared as a whole, and with how many elements."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        self.arrays: list[tuple[Name, int]] = []

    precedence: ClassVar[dict[str, int]] = {
        **_LEVELS,
        "=>": _AND + 1,
        "\\/": _OR,
        "/\\": _AND,
        "=": _EQUAL,
        "<>": _EQUAL,
    }
    spellings: ClassVar[dict[str, str]] = {"/\\": "&&", "\\/": "||", "=": "==", "<>": "!="}
    from_the_right: ClassVar[frozenset[str]] = frozenset({"=>"})

    def condition(self) -> Condition:
        """``exists P``, ``~exists P`` or ``forall P``; ``final P``, ``(P)`` and ``observed``."""
        start = self.at
        if self.token.text in OBSERVED:
            self.at += 1
            return Condition("exists", self._observed(start), self.span_from(start))
        if self.token.text in ("final", "("):
            self.at += self.token.text == "final"
            tree = self.proposition()
            return Condition("exists", tree, self.span_from(start))
        negated = self.token.text in ("~", "not")
        self.at += negated
        word = self.token.text
        if word not in ("exists", "forall") or (negated and word == "forall"):
            self.expected("'exists'" if negated else "'exists' or 'forall'")
        self.at += 1
        tree = self.proposition()
        return Condition("~exists" if negated else word, tree, self.span_from(start))

    def _observed(self, start: int) -> PropTree:
        """States, as ``x=1; 0:r1=2;`` each, with ``and`` between them: one of them is final."""
        states: list[PropTree] = []
        while True:
            parts: list[PropTree] = []
            while self.token.kind != "eof" and self.token.text not in _AFTER_A_STATE:
                parts.append(self._tree(self.binary(_AND + 1)))
                self.expect(";", "after an equation")
            states.append(PropTree("and", tuple(parts), (), self.span_from(start)))
            if not self.accept("and"):
                break
        return PropTree("or", tuple(states), (), self.span_from(start))

    def proposition(self) -> PropTree:
        expr = self.binary(_OR)
        if self.token.text in _NOT_HERE:
            self.expected("the end of the condition")
        return self._tree(expr)

    def locations(self) -> tuple[PropExpr, ...]:
        """``[x; 0:r1; *p; y int;]`` behind ``locations``; herd7 reads the types for nothing."""
        self.expect("[", "after 'locations'")
        found: list[PropExpr] = []
        while self.token.text != "]":
            expr: PropExpr = self.unary()
            if not isinstance(expr, Register) and not is_location(cast(Expr, expr)):
                raise InputError("this is not a location", expr.span)
            found.append(expr)
            while self.token.kind == "id" or self.token.text == "*":
                self.at += 1
            if not self.accept(";"):
                break
        self.expect("]", "or ';' after a location")
        return tuple(found)

    # --- additions to C's expressions -------------------------------------------------------

    def too_long(self, op: str, start: int) -> None:
        if self.spellings.get(op, op) not in _CONNECTIVES:
            super().too_long(op, start)

    def expression(self) -> Expr:
        """What stands in parentheses: a proposition or an operand, without assignments."""
        return self.binary(_OR)

    def unary(self) -> Expr:
        start = self.at
        if self.token.text == "not":
            self.at += 1
            operand = self.binary(_AND + 1)
            return Unary("!", operand, self.span_from(start))
        expr = super().unary()
        herd = self.token.text == "=" and self.tokens[start].text == "~"
        if herd and self.tokens[start - 1].text in _BEFORE_PROPOSITION:
            # herd7's ~x=1 denies x=1. C's ~x==1 would compare the bits, and is refused.
            assert isinstance(expr, Unary)
            self.at += 1
            value = self.binary(_EQUAL + 1)
            equal = Binary("==", expr.operand, value, self.span_from(start + 1))
            return Unary("!", equal, self.span_from(start))
        return expr

    def primary(self) -> Expr:
        start, token = self.at, self.token
        if self.ahead(1).text == ":" and (token.kind == "num" or _THREAD.fullmatch(token.text)):
            thread = self.thread_number()
            name = self.identifier("a local variable after ':'").text
            # Register is a leaf of conditions only; the C tree's type does not list it.
            return cast(Expr, Register(thread, name, self.span_from(start)))
        if token.text == "[":
            self.at += 1
            expr = self.postfix()
            self.expect("]", "after the location")
            if isinstance(expr, Name) and self.tokens[start - 1].text in _BEFORE_A_VALUE:
                return cast(Expr, Content(expr, self.span_from(start)))
            return expr
        if token.text == "{":
            return self._elements(start)
        return super().primary()

    def _elements(self, start: int) -> Expr:
        """``{1,2}``, all of an array."""
        self.at += 1
        items: list[tuple[None, Expr]] = []
        while self.token.text != "}":
            items.append((None, self.binary(_EQUAL + 1)))
            if not self.accept(","):
                break
        self.expect("}", "or ',' after an element")
        return InitList(tuple(items), self.span_from(start))

    # --- expression to proposition ----------------------------------------------------------

    def _tree(self, expr: Expr) -> PropTree:
        if isinstance(expr, Binary) and expr.op in _CONNECTIVES:
            return self._connective(expr)
        if isinstance(expr, Binary) and expr.op in _COMPARISONS:
            _check_comparison(expr)
            if isinstance(expr.right, InitList):
                return self._all_of(expr, expr.right)
            return PropTree(_COMPARISONS[expr.op], (), (expr.left, expr.right), expr.span)
        if isinstance(expr, Unary) and expr.op in ("!", "~"):
            if expr.op == "~" and not _is_proposition(expr.operand):
                hint = "write !(x = 1) for the opposite of a proposition, ~x != 0 for the bits"
                raise InputError("'~' of a number is no proposition", expr.span, hint)
            return PropTree("not", (self._tree(expr.operand),), (), expr.span)
        if isinstance(expr, Name) and expr.name in ("true", "false"):
            return PropTree(expr.name, (), (), expr.span)
        # As in C, a number stands for its being not 0.
        return PropTree("ne", (), (expr, IntLit(0, "0", expr.span)), expr.span)

    def _all_of(self, expr: Binary, values: InitList) -> PropTree:
        """``a={1,2}``: of each element."""
        array, length = expr.left, len(values.items)
        if not isinstance(array, Name) or expr.op not in ("==", "!="):
            raise InputError("elements are compared with those of an array", values.span)
        self.arrays.append((array, length))
        parts: list[PropTree] = []
        for at, (_, value) in enumerate(values.items):
            element = Index(array, IntLit(at, str(at), array.span), array.span)
            parts.append(PropTree("eq", (), (element, value), expr.span))
        whole = PropTree("and", tuple(parts), (), expr.span)
        return whole if expr.op == "==" else PropTree("not", (whole,), (), expr.span)

    def _connective(self, expr: Binary) -> PropTree:
        """A chain of one connective as one node: long ones are common, and need no recursion."""
        operands: list[Expr] = [expr.right]
        left = expr.left
        while expr.op != "=>" and isinstance(left, Binary) and left.op == expr.op:
            operands.append(left.right)
            left = left.left
        operands.append(left)
        children = tuple(self._tree(e) for e in reversed(operands))
        return PropTree(_CONNECTIVES[expr.op], children, (), expr.span)


def _check_comparison(expr: Binary) -> None:
    """Refuse what herd7 and C, or two readers, would take differently."""
    left = expr.left
    if isinstance(left, Unary) and left.op == "~" and left.span.start == expr.span.start:
        hint = "write ~(x = 1), or (~x) = 1"
        raise InputError("'~' before a comparison can be read in two ways", left.span, hint)
    for side in (expr.left, expr.right):
        bare = side.span.start == expr.span.start or side.span.end == expr.span.end
        if bare and isinstance(side, Binary) and side.op in _COMPARISONS:
            raise InputError("comparisons do not chain", expr.span, "use parentheses")


def _is_proposition(expr: Expr) -> bool:
    if isinstance(expr, Binary):
        return expr.op in _CONNECTIVES or expr.op in _COMPARISONS
    if isinstance(expr, Unary):
        return expr.op == "!" or (expr.op == "~" and _is_proposition(expr.operand))
    return isinstance(expr, Name) and expr.name in ("true", "false")
