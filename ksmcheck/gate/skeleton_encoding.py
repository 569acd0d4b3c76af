"""Skeletons of the suite's own functions, as they are at one kernel point.

An encoding is preprocessed first: its variants and kernel points are ``#if``s. The expanded tokens
are written out as C again, which remembers where each came from.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ksmcheck.gate.skeleton_build import Builder, skeleton_of
from ksmcheck.gate.skeleton_graph import Skeleton
from ksmcheck.gate.skeleton_parse import Function, parse_function
from ksmcheck.gate.skeleton_values import Scope, Values, show_value
from ksmcheck.gate.skeleton_words import Words
from ksmcheck.record import Struct, field
from ksmcheck.syntax.files import read_source
from ksmcheck.syntax.preprocessor import Preprocessing, preprocess
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError, Span

if TYPE_CHECKING:
    from tree_sitter import Node as Tree


class EncodedFile(Struct):
    """The functions of an encoding with all that it includes, at one kernel point."""

    path: Path
    words: Words
    _texts: dict[str, list[Token]] = field(default_factory=dict)
    _parsed: dict[str, Function] = field(default_factory=dict)

    def inline(self, name: str) -> Function | None:
        """The function of that name, to be followed into; None where the encoding has none."""
        if name not in self._texts:
            return None
        if name not in self._parsed:
            self._parsed[name] = _parse(name, self._texts[name])
        return self._parsed[name]

    def skeleton(self, name: str, roles: tuple[str, ...]) -> Skeleton:
        """The skeleton of one function. Raises InputError where the encoding has none such."""
        function = self.inline(name)
        if function is None:
            raise InputError(f"{self.path} has no function {name}")
        return skeleton_of(_EncodedBuilder(Values(self.words, self.inline)), function, roles)


class _EncodedBuilder(Builder):
    def unknown_call(self, node: Tree, name: str, args: list[Tree], scope: Scope) -> None:
        shown = ", ".join(show_value(self.values.of(a, scope)) for a in args)
        self.emit("op", f"call {name}({shown})", scope, node)


def read_encoding(
    path: Path, words: Words, kernel: str, defines: tuple[tuple[str, str], ...] = ()
) -> EncodedFile:
    """The encoding in a file, preprocessed for a kernel point. Raises InputError."""
    tokens = preprocess(read_source(path), 0, Preprocessing(kernel, defines))
    return EncodedFile(path, words, dict(_functions([t for t in tokens if t.kind != "pragma"])))


def _functions(tokens: list[Token]) -> Iterator[tuple[str, list[Token]]]:
    """Each function's name and tokens: ``... name ( ... ) { ... }`` outside of all braces."""
    start = at = 0
    while at < len(tokens):
        text = tokens[at].text
        if text == "{" and at and tokens[at - 1].text == ")":
            end = _close(tokens, at)
            name = next(
                t.text
                for t, n in zip(tokens[start:], tokens[start + 1 :], strict=False)
                if n.text == "("
            )
            yield name, tokens[start:end]
            start = at = end
        elif text == "{":
            at = _close(tokens, at)
        else:
            at += 1
            if text == ";":
                start = at


def _close(tokens: list[Token], at: int) -> int:
    depth = 0
    for number in range(at, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[number].text, 0)
        if depth == 0:
            return number + 1
    return len(tokens)


def _parse(name: str, tokens: list[Token]) -> Function:
    starts, parts, length = [], [], 0
    for token in tokens:
        text = _written(token)
        starts.append(length)
        parts.append(text)
        length += len(text) + 1

    def place(start: int, end: int) -> Span:
        return tokens[max(0, bisect_right(starts, start) - 1)].span

    where = tokens[0].span
    return parse_function(name, " ".join(parts), place, where)


def _written(token: Token) -> str:
    """A bit number as the name that it was written with."""
    used = token.source.text[token.start : token.end]
    named = (
        token.kind == "num" and (used.startswith("PG_") or used.isupper()) and used.isidentifier()
    )
    return used if named else token.text
