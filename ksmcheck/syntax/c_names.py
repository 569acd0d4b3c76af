"""What a name means while C is read: a type, a variable, a static local of another name.

``(T) * x`` is a cast of ``*x`` or a product: C's grammar needs to know the type names.

What a function declares that is no variable of its own (a static local, a struct, an enumerator) is
moved out to file level, under a name that nothing else has: ``n@f`` for the ``n`` of ``f``.
"""

from __future__ import annotations

from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import Declaration, TypeExpr
from ksmcheck.syntax.c_cursor import Cursor
from ksmcheck.syntax.c_words import KEYWORDS, TYPE_START, TYPEDEF_NAMES
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError

_TAG = "tag "


class LocalType(Struct, frozen=True):
    """What a typedef name of a function stands for; ``volatile``: an object of it is so."""

    type: TypeExpr
    volatile: bool


class Names(Cursor):
    """The scopes around the place in the tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        # Innermost last; True for a typedef name, False for what hides one, for a static local the
        # name of the variable at file level that it is, and for a function its own name. Tags are
        # a name space of their own (C17 6.2.3): behind ``_TAG``, the one that is meant.
        self.scopes: list[dict[str, bool | str | LocalType]] = [{}]
        # The names that were read as variables, each with the number of its scope (-1 for none).
        # Static locals are not among them: nothing else has their names.
        self.mentioned: list[tuple[str, int]] = []
        # The name of the function being read, and what functions have moved out.
        self.function = ""
        self.moved: set[str] = set()
        # What the start state declares, which is in no scope.
        self.started: set[str] = set()
        # The compound literals of the statement being read, in order.
        self.literals: list[Declaration] = []
        # Whether any string literal was read, which becomes a variable in the end.
        self.worded = False

    def is_type(self, name: str) -> bool:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name] is True or isinstance(scope[name], LocalType)
        return name in TYPEDEF_NAMES

    def depth_of(self, name: str) -> int:
        """The number of the scope that declares a name; -1 for none."""
        depths = reversed(range(len(self.scopes)))
        return next((depth for depth in depths if name in self.scopes[depth]), -1)

    def local_type(self, name: str) -> LocalType | None:
        """What a name stands for that a function declares as a type."""
        depth = self.depth_of(name)
        found = self.scopes[depth][name] if depth >= 0 else None
        return found if isinstance(found, LocalType) else None

    def meaning(self, name: str) -> str:
        """The name of the variable that ``name`` means here."""
        depth = self.depth_of(name)
        found = self.scopes[depth][name] if depth >= 0 else None
        if isinstance(found, str) and found != name:
            return found
        self.mentioned.append((name, depth))
        if depth < 0:
            self.unknown(name)
        return name

    def not_of_function(self, count: int, start: int) -> None:
        """Raises InputError where what was read since ``count`` names were mentioned, and is moved
        out, asks for a variable of the function: there the name means another one, or none."""
        for name, depth in self.mentioned[count:]:
            if 0 < depth < len(self.scopes):
                message = f"a static variable or a struct made of '{name}' is not supported here"
                hint = f"'{name}' is the function's own; write out the type"
                raise InputError(message, self.span_from(start), hint)

    def is_variable(self, name: str) -> bool:
        """Whether a name, or what it means, is a variable: a call of it is through a pointer."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name] != name
        return name in self.started or "@" in name

    def at_file_level(self, local: str) -> str:
        """A name there for what is declared here: ``n@f``, or ``n@f#2`` for a second one."""
        return numbered(f"{local}@{self.function}", self.moved)

    def own_tag(self, tag: str) -> str:
        """What the tag is called that is defined here, or declared by ``struct s;``."""
        if len(self.scopes) == 1:
            return tag
        scope, key = self.scopes[-1], _TAG + tag
        if key not in scope:
            scope[key] = self.at_file_level(key).removeprefix(_TAG)
        return str(scope[key])

    def tag_meaning(self, tag: str) -> str:
        """What the tag is called that ``tag`` means here."""
        key = _TAG + tag
        return next((str(scope[key]) for scope in reversed(self.scopes) if key in scope), tag)

    def unknown(self, name: str) -> None:
        """Called with the name of what no scope declares, a primitive's say."""

    def type_starts(self, token: Token) -> bool:
        """Whether a type (or a declaration) starts with ``token``, by keyword or known name."""
        return token.kind == "id" and (token.text in TYPE_START or self.is_type(token.text))

    def _cast_starts(self) -> bool:
        """At ``(``: whether a type in parentheses follows."""
        first = self.ahead(1)
        if first.kind != "id" or self.type_starts(first):
            return first.kind == "id"
        distance = 2
        while self.ahead(distance).text == "*":
            distance += 1
        if self.ahead(distance).text != ")":
            return False
        after = self.ahead(distance + 1)
        return distance > 2 or (after.kind in ("id", "num", "chr", "str") and self._operand(after))

    def _operand(self, token: Token) -> bool:
        return token.kind != "id" or token.text == "sizeof" or token.text not in KEYWORDS

    def no_literal_since(self, count: int) -> None:
        """Raises InputError unless there still are ``count`` literals: what was read since then may
        have to be evaluated later, or not at all."""
        for literal in self.literals[count:]:
            hint = "declare a variable with this initializer"
            raise InputError("a compound literal is not supported here", literal.span, hint)


def numbered(stem: str, taken: set[str]) -> str:
    """``stem``, or ``stem#2`` and so on where that is taken; then it is."""
    name, count = stem, 1
    while name in taken:
        count += 1
        name = f"{stem}#{count}"
    taken.add(name)
    return name
