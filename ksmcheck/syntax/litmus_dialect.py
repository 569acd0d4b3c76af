"""What threads in herd7's dialect may write that C does not have, read as the C that is meant.

herd7 knows neither types nor scopes nor loops in its C tests. Four things follow that tests in the
field rely on, and that mean nothing else:

- ``*x`` of a parameter ``atomic_t *x`` is a plain access of its counter;
- ``int r0 = 1;`` for an r0 that the block has already, of that type, assigns to it;
- so does ``if (r1) int r0 = 1;``, for a declaration is a statement;
- ``continue`` where no statement could be, as in ``continue = 0;``, is a variable of that name.
"""

from __future__ import annotations

from itertools import pairwise

from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import (
    Block,
    Declaration,
    DeclGroup,
    Expr,
    Member,
    Name,
    Param,
    Stmt,
    TypeExpr,
)
from ksmcheck.syntax.c_parser import THREAD_NAME
from ksmcheck.syntax.litmus_init import InitParser
from ksmcheck.syntax.litmus_registers import assignment, spelling
from ksmcheck.syntax.tokens import Token

_COUNTERS = frozenset({"atomic_t", "atomic_long_t", "atomic64_t"})
_AFTER_A_NAME = frozenset({"=", "==", "!=", ")", "&&", "||"})


class DialectParser(InitParser):
    """Adds these to the C parser, inside threads that have parameters."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        # Of the thread being read: its pointers to atomics, and its outermost block's variables.
        self.counters: frozenset[str] = frozenset()
        self.own: dict[str, str | None] | None = None
        self.depth = 0
        # The threads with variables of inner blocks, or with names that no block around declares.
        self.roaming: set[str] = set()

    def _check_names(self, params: tuple[Param, ...]) -> None:
        super()._check_names(params)
        thread = bool(params) and THREAD_NAME.fullmatch(self.function) is not None
        atomic = (p.name for p in params if spelling(p.type) in {f"{c} *" for c in _COUNTERS})
        self.counters = frozenset(atomic) if thread else frozenset()
        self.own = {} if thread else None
        self.depth = len(self.scopes)

    def _function(self, name: Token, result: TypeExpr, start: int) -> None:
        super()._function(name, result, start)
        self.own = None

    def unknown(self, name: str) -> None:
        if self.own is not None and self.token.text != "(":
            self.roaming.add(self.function)

    def prefixed(self, op: str, operand: Expr, start: int) -> Expr:
        if op == "*" and self.counters and self._is_counter(operand):
            return Member(operand, "counter", True, self.span_from(start))
        return super().prefixed(op, operand, start)

    def _is_counter(self, pointer: Expr) -> bool:
        """Whether it is a parameter that points to an atomic, and that no local hides."""
        if not isinstance(pointer, Name) or pointer.name not in self.counters:
            return False
        return not any(pointer.name in scope for scope in self.scopes[self.depth :])

    def declaration(self) -> Stmt:
        outermost = len(self.scopes) == self.depth + 1
        stmt = super().declaration()
        if self.own is None:
            return stmt
        if not outermost:
            self.roaming.add(self.function)
            return stmt
        if isinstance(stmt, Declaration) and _again(self.own, stmt):
            return assignment(stmt)
        for one in stmt.body if isinstance(stmt, DeclGroup) else (stmt,):
            if isinstance(one, Declaration):
                self.own.setdefault(one.name, spelling(one.type))
        return stmt

    def declared_alone(self, body: Declaration | DeclGroup, keyword: str) -> Stmt:
        if self.own is None:
            return super().declared_alone(body, keyword)
        return Block((body,), body.span)


def named(tokens: list[Token]) -> list[Token]:
    """The tokens, with kind ``name`` for each ``continue`` that can only be a variable."""
    if "continue" not in [token.text for token in tokens]:
        return tokens
    return [
        replace(token, kind="name")
        if token.text == "continue" and after.text in _AFTER_A_NAME
        else token
        for token, after in pairwise([*tokens, tokens[-1]])
    ]


def _again(own: dict[str, str | None], stmt: Declaration) -> bool:
    same = own.get(stmt.name)
    return not stmt.static and same is not None and same == spelling(stmt.type)
