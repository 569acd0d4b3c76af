"""A ``.def`` file of herd7 macros: ``smp_store_mb(X,V) { __store{once}(X,V); __fence{mb}; }``.

A macro's body is read as the operations that it performs, in order; what they do to memory and in
which order is in ``macro_rows``.
"""

from __future__ import annotations

import re

from ksmcheck.record import Struct
from ksmcheck.text import InputError, Source, Span

_TOKEN = re.compile(
    r"(?P<blank>\s+|//[^\n]*|/\*.*?\*/|\(\*(?!\w).*?\*\))"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<number>\d+)"
    r"|(?P<symbol>==|!=|<=|>=|<<|>>|&&|\|\||[-+*/&|^~!<>=(){}\[\],;.])",
    re.DOTALL,
)
_COMPARE = ("==", "!=", "<", ">", "<=", ">=")


class Operation(Struct, frozen=True):
    """``__xchg{mb}(X,V)``. ``name`` begins with two underscores, or is another macro's.

    ``tags`` are between the braces; ``arguments`` are texts without blanks; ``test`` is what the
    value is compared with (``== 0``), or empty.
    """

    name: str
    tags: tuple[str, ...]
    arguments: tuple[str, ...]
    test: str
    span: Span


class Macro(Struct, frozen=True):
    name: str
    parameters: tuple[str, ...]
    body: tuple[Operation, ...]
    span: Span


class _Token(Struct, frozen=True):
    kind: str
    text: str
    span: Span


def parse_macros(source: Source) -> tuple[Macro, ...]:
    """The macros of a file, in order. Raises InputError where it is not understood."""
    reader = _Reader(source)
    out: dict[str, Macro] = {}
    while reader.more():
        macro = reader.macro()
        if macro.name in out:
            raise InputError(f"`{macro.name}` is defined twice", macro.span)
        out[macro.name] = macro
    return tuple(out.values())


def _tokens(source: Source) -> list[_Token]:
    at, out = 0, []
    while at < len(source.text):
        found = _TOKEN.match(source.text, at)
        if found is None:
            raise InputError("not understood", Span(source, at, at + 1))
        if found.lastgroup != "blank":
            out.append(_Token(found.lastgroup or "", found.group(), Span(source, at, found.end())))
        at = found.end()
    return out


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = _tokens(source)
        self.at = 0

    def more(self) -> bool:
        return self.at < len(self.tokens)

    def macro(self) -> Macro:
        name = self._name()
        self._expect("(")
        parameters = self._parameters()
        body = self._block() if self._sees("{") else (self._expression(),)
        return Macro(name.text, parameters, body, name.span)

    def _parameters(self) -> tuple[str, ...]:
        out: list[str] = []
        while not self._take(")"):
            if out:
                self._expect(",")
            out.append(self._name().text)
        return tuple(out)

    def _block(self) -> tuple[Operation, ...]:
        self._expect("{")
        out: list[Operation] = []
        while not self._take("}"):
            if not self._take(";"):
                out.append(self._expression())
                self._expect(";")
        return tuple(out)

    def _expression(self) -> Operation:
        """One operation, perhaps in parentheses, perhaps compared with a number."""
        if self._take("("):
            inner = self._expression()
            self._expect(")")
        else:
            inner = self._operation()
        if self._peek().text not in _COMPARE:
            return inner
        sign = self._next().text
        number = self._next()
        if number.kind != "number" or inner.test:
            raise InputError("a value is compared with a number here", number.span)
        return Operation(
            inner.name, inner.tags, inner.arguments, f"{sign} {number.text}", inner.span
        )

    def _operation(self) -> Operation:
        name = self._name()
        tags: tuple[str, ...] = ()
        if name.text.startswith("__") and self._take("{"):
            tags = self._tags()
        arguments = self._arguments() if self._take("(") else ()
        return Operation(name.text, tags, arguments, "", name.span)

    def _tags(self) -> tuple[str, ...]:
        """``once``, ``rcu-lock``: names with hyphens, with commas between them."""
        text = ""
        while not self._take("}"):
            text += self._next().text
        return tuple(part for part in text.split(",") if part)

    def _arguments(self) -> tuple[str, ...]:
        out, depth, text = [], 0, ""
        while True:
            token = self._next().text
            if depth == 0 and token in (",", ")"):
                out.append(text)
                text = ""
                if token == ")":
                    return tuple(out) if out != [""] else ()
                continue
            depth += (token in "([{") - (token in ")]}")
            text += token

    def _sees(self, text: str) -> bool:
        return self._peek().text == text

    def _take(self, text: str) -> bool:
        found = self._sees(text)
        self.at += found
        return found

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise InputError(f"`{text}` is expected here", self._peek().span)

    def _name(self) -> _Token:
        token = self._next()
        if token.kind != "name":
            raise InputError("a name is expected here", token.span)
        return token

    def _peek(self) -> _Token:
        if self.more():
            return self.tokens[self.at]
        end = len(self.source.text)
        return _Token("end", "", Span(self.source, end, end))

    def _next(self) -> _Token:
        if not self.more():
            raise InputError("the file ends in a macro", self._peek().span)
        self.at += 1
        return self.tokens[self.at - 1]
