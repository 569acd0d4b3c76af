r"""Final conditions of assembly tests: ``exists (0:X1=1 /\ ~([x]=2 \/ 1:EAX=0:EBX))``.

herd7's grammar: ``=>`` binds more tightly than ``/\``, and that more than ``\/``; ``~`` and ``not``
apply to the comparison or the parenthesis that follows. A parenthesis alone is ``exists``, and so
is ``observed x=1; 0:X1=0; and x=2;``. Sections may come in any order; behind the condition, old
tests have expectations (``with tso: ~exists;``) and drawing options (``<< ... >>``), which are
passed over.
"""

from __future__ import annotations

import re

from ksmcheck.syntax.c_ast import IntLit, Name, Unary
from ksmcheck.syntax.litmus_ast import Condition, PropExpr, PropTree, Register
from ksmcheck.text import InputError, Note, Source, Span

_TOKEN = re.compile(
    r"\s*(?:(?P<register>P?(?P<thread>\d{1,3})\s*:\s*(?P<local>[A-Za-z_$%][\w.]*))"
    r"|(?P<number>-?(?:0[xX][0-9a-fA-F]+|\d+)\b)|(?P<name>[A-Za-z_][\w.]*(?:\[\d+\])?)"
    r"|(?P<op>/\\|\\/|=>|!=|<>|==|[~=()\[\]{};,&*])|(?P<skip><<(?s:.*?)>>)|(?P<eof>\Z)|(?P<bad>(?s:\S)))"
)
_BINDS = {"\\/": (1, "or"), "/\\": (2, "and"), "=>": (3, "implies")}
_COMPARE = {"=": "eq", "==": "eq", "!=": "ne", "<>": "ne"}
_QUANTIFIERS = {"exists": "exists", "final": "exists", "forall": "forall"}
_EXPECTED = re.compile(
    r"\s*(?:with\b)?\s*(?:[\w.]+\s*:\s*(?:~\s*exists|exists|forall|require)\s*(?:;\s*|\Z))*"
)
_DEEPEST = 200


class ConditionReader:
    """Reads ``source.text[start:]``, in which ``text`` has blanks for comments. ``arrays``
    are those that are compared as a whole, and with how many elements."""

    def __init__(self, source: Source, text: str, start: int) -> None:
        self.source = source
        self.text = text
        self.depth = 0
        self.listed: list[PropExpr] = []
        self.arrays: list[tuple[Name, int]] = []
        self.filter: PropTree | None = None
        self.final: Condition | None = None
        self._move(start)

    def _move(self, at: int) -> None:
        match = _TOKEN.match(self.text, at)
        assert match is not None
        while match.lastgroup == "skip":
            match = _TOKEN.match(self.text, match.end())
            assert match is not None
        self.match = match
        self.kind = "register" if match["register"] else str(match.lastgroup)
        self.word = match[self.kind]
        self.start = match.start(self.kind)

    def _next(self) -> None:
        self._move(self.match.end())

    def _span(self, start: int, end: int) -> Span:
        return Span(self.source, start, max(end, start + 1))

    def _here(self) -> Span:
        return self._span(self.start, self.match.end())

    def _expected(self, what: str, hint: str | None = None) -> InputError:
        found = "the end of the file" if self.kind == "eof" else f"'{self.word}'"
        return InputError(f"expected {what}, found {found}", self._here(), hint)

    def _accept(self, word: str) -> bool:
        if self.word != word or self.kind not in ("op", "name"):
            return False
        self._next()
        return True

    def _expect(self, word: str, why: str) -> None:
        if not self._accept(word):
            raise self._expected(f"'{word}' {why}")

    # Sections.

    def read(self) -> None:
        """All sections up to the end. Raises InputError."""
        while self.kind != "eof":
            if self._accept(";"):
                continue
            if self.kind == "name" and self.word == "locations":
                self._next()
                self._locations()
            elif self.kind == "name" and self.word == "filter":
                if self.filter is not None:
                    raise InputError("a second filter", self._here())
                self._next()
                self.filter = self._proposition(0)
            else:
                self._condition()

    def _locations(self) -> None:
        self._expect("[", "after 'locations'")
        while not self._accept("]"):
            self.listed.append(self._location())
            if self.kind == "name":  # a type, which herd7 reads and does not use
                self._next()
            self._accept("*")
            if self.word != "]":
                self._expect(";", "after a location")

    def _condition(self) -> None:
        start, first = self.start, self.word
        if first == "(" and self.kind == "op":
            self._finally(start, "exists", self._proposition(0))
            return
        if self._accept("observed") or self._accept("Observed"):
            self._finally(start, "exists", self._observed())
            return
        negated = self.kind in ("op", "name") and first in ("~", "not")
        if negated:
            self._next()
        quantifier = _QUANTIFIERS.get(self.word) if self.kind == "name" else None
        if quantifier is None or (negated and self.word != "exists"):
            raise self._expected("'exists', '~exists', 'forall', 'filter' or 'locations'")
        self._next()
        self._finally(start, ("~" if negated else "") + quantifier, self._proposition(0))

    def _finally(self, start: int, quantifier: str, tree: PropTree) -> None:
        if self.final is not None:
            notes = (Note("the first one", self.final.span),)
            raise InputError("a second condition", self._span(start, start + 1), None, notes)
        self.final = Condition(quantifier, tree, self._span(start, tree.span.end))
        passed = _EXPECTED.match(self.text, self.match.end() if self.word == ";" else self.start)
        if passed is not None:
            self._move(passed.end())

    def _observed(self) -> PropTree:
        """States as litmus7 prints them, with ``and`` between."""
        states: list[PropTree] = []
        while not states or self._accept("and"):
            parts: list[PropTree] = []
            here = self._here()
            while self.kind != "eof" and self.word != "and":
                parts.append(self._comparison())
                self._expect(";", "after a comparison")
            word = "and" if parts else "true"
            states.append(PropTree(word, tuple(parts), (), parts[0].span if parts else here))
        return PropTree("or", tuple(states), (), states[0].span)

    # Propositions.

    def _proposition(self, least: int) -> PropTree:
        """A proposition of operators that bind more tightly than ``least``."""
        self._deeper()
        left = self._factor()
        while self.kind == "op" and self.word in _BINDS:
            level, op = _BINDS[self.word]
            if level <= least:
                break
            parts = [left]
            while self.kind == "op" and _BINDS.get(self.word) == (level, op):
                self._next()
                # a => b => c is a => (b => c), and reads so by itself.
                parts.append(self._proposition(level - (op == "implies")))
            left = PropTree(op, tuple(parts), (), parts[0].span.to(parts[-1].span))
        self.depth -= 1
        return left

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise InputError("the condition is nested too deeply", self._here())

    def _factor(self) -> PropTree:
        self._deeper()
        tree = self._inner()
        self.depth -= 1
        return tree

    def _inner(self) -> PropTree:
        start = self.start
        if self._accept("~") or self._accept("not"):
            inner = self._factor()
            return PropTree("not", (inner,), (), self._span(start, inner.span.end))
        if self._accept("("):
            tree = self._proposition(0)
            end = self.match.end()
            self._expect(")", "to end the parenthesis")
            return PropTree(tree.op, tree.children, tree.operands, self._span(start, end))
        if self.kind == "name" and self.word in ("true", "false"):
            tree = PropTree(self.word, (), (), self._here())
            self._next()
            return tree
        return self._comparison()

    def _comparison(self) -> PropTree:
        left = self._location()
        op = _COMPARE.get(self.word) if self.kind == "op" else None
        if op is None:
            raise self._expected("'=' after the location")
        self._next()
        if self.word == "{" and isinstance(left, Name):
            return self._elements(op, left)
        right = self._value()
        return PropTree(op, (), (left, right), left.span.to(right.span))

    def _elements(self, op: str, array: Name) -> PropTree:
        """``v={1,2}``: of each element of an array."""
        self._next()
        parts: list[PropTree] = []
        while not self._accept("}"):
            value = self._value()
            element = Name(f"{array.name}[{len(parts)}]", array.span)
            parts.append(PropTree("eq", (), (element, value), array.span.to(value.span)))
            if self.word != "}":
                self._expect(",", "after an element")
        self.arrays.append((array, len(parts)))
        whole = PropTree("and", tuple(parts), (), array.span)
        return whole if op == "eq" else PropTree("not", (whole,), (), whole.span)

    def _location(self) -> PropExpr:
        """A register, ``x`` or ``[x]``."""
        if self.kind == "register":
            return self._register()
        if self._accept("["):
            name = self._name()
            self._expect("]", "after the location")
            return name
        return self._name()

    def _register(self) -> Register:
        found = Register(int(self.match["thread"]), self.match["local"], self._here())
        self._next()
        return found

    def _name(self) -> Name:
        if self.kind != "name":
            raise self._expected("a location or a register such as 0:X1")
        name = Name(self.word, self._here())
        self._next()
        return name

    def _value(self) -> PropExpr:
        if self.kind == "register":
            return self._register()
        if self.kind == "number":
            number = IntLit(
                int(self.word, 0 if "x" in self.word.lower() else 10), self.word, self._here()
            )
            self._next()
            return number
        if self.word in ("[", "*"):
            return self._content()
        self._accept("&")  # x and &x are the same address
        return self._name()

    def _content(self) -> PropExpr:
        """``[x]`` or ``*x`` on the right: what x holds; ``*0:X1`` is the register."""
        start = self.start
        if self._accept("*"):
            if self.kind == "register":
                return self._register()
            name = self._name()
        else:
            self._next()
            name = self._name()
            self._expect("]", "after the location")
        return Unary("*", name, self._span(start, name.span.end))
