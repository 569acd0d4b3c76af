"""Litmus tests in kernel C: the container, read from a text or a file.

A test is a head, C definitions, a start state in braces, threads P0, P1, ... among more C
definitions, and sections: ``locations [...]``, ``filter P``, and one of ``exists P``,
``~exists P``, ``forall P``. herd7's C tests are of this form.
"""

from __future__ import annotations

import re
from pathlib import Path

from ksmcheck.syntax.c_ast import Block, Function, Name, Stmt, TopLevel, TypeExpr
from ksmcheck.syntax.c_parser import THREAD_NAME, depth_limit
from ksmcheck.syntax.files import read_source
from ksmcheck.syntax.litmus_allocated import ALLOCATORS, allocated
from ksmcheck.syntax.litmus_arrays import check_lengths
from ksmcheck.syntax.litmus_ast import Condition, InitEntry, LitmusTest, PropExpr, PropTree
from ksmcheck.syntax.litmus_callbacks import (
    BARRIER,
    CALL,
    FREE_BARRIER,
    Callback,
    all_run,
    callbacks,
    thread_tokens,
)
from ksmcheck.syntax.litmus_condition import OBSERVED, ConditionParser
from ksmcheck.syntax.litmus_dialect import DialectParser, named
from ksmcheck.syntax.litmus_freed import FREEING, freed_later
from ksmcheck.syntax.litmus_header import Header, read_header
from ksmcheck.syntax.litmus_own import own_first
from ksmcheck.syntax.litmus_registers import with_registers
from ksmcheck.syntax.litmus_strings import Strings
from ksmcheck.syntax.litmus_words import fitting
from ksmcheck.syntax.preprocessor import Preprocessing, kernel_version, preprocess
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError, Note, Source, Span

# Possessive: in how many ways comments can be read as one is not to be tried.
_GAP = r"(?:\s|//[^\n]*+|(?>/\*.*?\*/)|(?>\(\*.*?\*\)))*+"
_PRELUDE = re.compile(
    rf"\}}{_GAP}(?P<block>\{{{_GAP}(?:#[ \t]*include[ \t]+[\"<][^\"\n>]*[\">]{_GAP})+\}})",
    re.DOTALL,
)
_CONDITIONS = frozenset({"exists", "forall", "final", "~", "not", "("}) | OBSERVED


class LitmusParser(DialectParser):
    """Reads everything behind the head."""

    def __init__(self, tokens: list[Token], kernel: str) -> None:
        super().__init__(named(tokens))
        self.init: tuple[InitEntry, ...] | None = None
        self.listed: tuple[PropExpr, ...] = ()
        self.filter: PropTree | None = None
        self.final: Condition | None = None
        self.arrays: list[tuple[Name, int]] = []
        self.kernel = kernel

    def _written_out(self, body: Block, result: TypeExpr) -> Block:
        from ksmcheck.syntax.c_guards import SINCE

        if kernel_version(self.kernel) < kernel_version(SINCE):
            message = f"the kernel has no guards at {self.kernel}"
            raise InputError(message, self.guards[0].span, f"they exist since {SINCE}")
        return super()._written_out(body, result)

    def sections(self) -> None:
        while self.token.kind != "eof":
            self._section(self.token)

    def _section(self, token: Token) -> None:
        if token.text == "{":
            if self.init is not None:
                raise InputError("a second start state", token.span)
            self.init = self.init_block()
        elif token.text in _CONDITIONS or token.text in ("filter", "locations"):
            self._conditions(token)
        elif token.text == "}":
            raise InputError("this '}' closes nothing", token.span, "is one too many before it?")
        else:
            self._external(token)

    def _external(self, token: Token) -> None:
        """What is neither C nor a section may be the name of one, misspelt."""
        after = self.ahead(1).text
        try:
            self.external()
        except InputError:
            from difflib import get_close_matches

            close = get_close_matches(token.text, ("exists", "forall", "filter", "locations"), 1)
            if not close or after not in ("(", "["):
                raise
            message = f"'{token.text}' begins no section"
            raise InputError(message, token.span, f"did you mean {close[0]}?") from None

    def _conditions(self, token: Token) -> None:
        """A section in the language of conditions, which another parser reads from here."""
        parser = ConditionParser(self.tokens)
        parser.at, parser.scopes = self.at, self.scopes
        if token.text == "locations":
            parser.at += 1
            self.listed += parser.locations()
        elif token.text == "filter":
            if self.filter is not None:
                raise InputError("a second filter", token.span)
            parser.at += 1
            self.filter = parser.proposition()
        else:
            self._final(parser)
        self.at = parser.at
        self.arrays += parser.arrays

    def _final(self, parser: ConditionParser) -> None:
        if self.final is not None:
            notes = (Note("the first one", self.final.span),)
            raise InputError("a second condition", parser.token.span, None, notes)
        self.final = parser.condition()
        parser.accept(";")
        follows = parser.token
        if follows.kind != "eof" and follows.text not in {"locations", "filter"} | _CONDITIONS:
            parser.expected("the end of the test after its condition", _after_condition(follows))

    def statement(self) -> Stmt:
        """A statement; what belongs to file level tells that a brace is missing."""
        token, after = self.token, self.ahead(1).text
        thread = THREAD_NAME.fullmatch(token.text) is not None and after == "("
        word = after if token.text == "~" else token.text
        if thread or (word in ("exists", "forall", "filter") and token.span.column == 1):
            raise InputError(
                f"'{word}' inside a function", token.span, "a '}' is missing before it"
            )
        return super().statement()


def _after_condition(token: Token) -> str | None:
    if token.text == ")":
        return "there is one ')' too many"
    return "text goes into a comment (* ... *)" if token.kind in ("id", "bad") else None


def parse_litmus(
    source: Source,
    *,
    kernel: str = "6.12",
    defines: tuple[tuple[str, str], ...] = (),
    include_dirs: tuple[Path, ...] = (),
) -> LitmusTest:
    """The test that ``source`` holds. Raises InputError, with a span, for everything wrong.

    ``kernel`` is the kernel point ("3.9", "6.12") behind ``KSMCHECK_KERNEL``, ``defines`` are
    (name, text) pairs as of ``-D``. ``#include`` looks beside the including file, then in
    ``include_dirs``.
    """
    header = read_header(source)
    source = _without_prelude(source, header.end)
    setting = Preprocessing(kernel, defines, include_dirs)
    tokens = preprocess(source, header.end, setting, herd=True)
    tokens, calls = _respelt(tokens, kernel)
    test = _parsed(source, header, tokens, kernel, calls)
    retyped = fitting(test, tokens)
    return test if retyped is None else _parsed(source, header, retyped, kernel, calls)


_RESPELT = frozenset((*ALLOCATORS, *FREEING, CALL, BARRIER, FREE_BARRIER))


def _respelt(tokens: list[Token], kernel: str) -> tuple[list[Token], tuple[Callback, ...]]:
    """What is plain C for the parser, and the calls of call_rcu."""
    if _RESPELT.isdisjoint([token.text for token in tokens]):
        return tokens, ()
    return callbacks(freed_later(allocated(tokens)), kernel)


def _parsed(
    source: Source,
    header: Header,
    tokens: list[Token],
    kernel: str,
    calls: tuple[Callback, ...],
) -> LitmusTest:
    parser = LitmusParser(tokens, kernel)
    with depth_limit(parser):
        parser.sections()
        if calls:
            _call_back(parser, calls)
        return _assemble(source, header, parser)


def _call_back(parser: LitmusParser, calls: tuple[Callback, ...]) -> None:
    """Adds a thread for each call of call_rcu."""
    first = sum(THREAD_NAME.fullmatch(d.name) is not None for d in _functions(parser.defined))
    for number, call in enumerate(calls, first):
        more = LitmusParser(thread_tokens(call, number), parser.kernel)
        more.scopes = parser.scopes
        more.sections()
        parser.defined += more.defined
        parser.worded |= more.worded
    parser.filter = all_run(calls, first, parser.filter)


def _functions(defined: list[TopLevel]) -> list[Function]:
    return [item for item in defined if isinstance(item, Function)]


def _without_prelude(source: Source, start: int) -> Source:
    """The text with blanks for a second block in braces that includes files and does nothing else:
    what a test needs to be run as a program, as perfbook's have it. Here primitives are known."""
    prelude = _PRELUDE.search(source.text, start)
    if prelude is None:
        return source
    blank = re.sub(r"[^\n]", " ", prelude["block"])
    text = source.text[: prelude.start("block")] + blank + source.text[prelude.end("block") :]
    return Source(source.name, text)


def _assemble(source: Source, header: Header, parser: LitmusParser) -> LitmusTest:
    threads, top = _split(own_first(parser.defined))
    whole = Span(source, 0, len(source.text))
    if parser.init is None:
        hint = "write {} where every variable starts with 0"
        raise InputError("the test has no start state '{ ... }'", header.span, hint)
    if not threads:
        raise InputError("the test has no threads", header.span, "they are named P0, P1, ...")
    if parser.roaming:
        threads = _of_registers(parser, parser.init, threads)
    init, filter, final = parser.init, parser.filter, parser.final
    strings = Strings()
    if parser.worded:
        threads, top, init = strings.read((threads, top, init))
        filter, final = strings.read((filter, final))
    test = LitmusTest(
        name=header.name,
        path=source.name,
        info=header.info,
        comment=header.comment,
        init=init,
        top=(*top, *strings.declared()),
        threads=threads,
        filter=filter,
        condition=final,
        locations=parser.listed,
        span=whole,
    )
    check_lengths(test, parser.arrays)
    return test


def _of_registers(
    parser: LitmusParser, init: tuple[InitEntry, ...], threads: tuple[Function, ...]
) -> tuple[Function, ...]:
    locations = {e.target.name for e in init if isinstance(e.target, Name) and e.thread is None}
    locations |= {param.name for thread in threads for param in thread.params}
    return tuple(
        with_registers(thread, parser.defined, locations)
        if thread.name in parser.roaming
        else thread
        for thread in threads
    )


def _split(defined: list[TopLevel]) -> tuple[tuple[Function, ...], tuple[TopLevel, ...]]:
    """Threads in order of their numbers, and the rest. The numbers have to be 0, 1, 2, ..."""
    threads: dict[int, Function] = {}
    rest: list[TopLevel] = []
    for item in defined:
        if not isinstance(item, Function) or not THREAD_NAME.fullmatch(item.name):
            rest.append(item)
            continue
        if item.body is None:
            raise InputError(f"thread {item.name} has no body", item.span)
        number = int(item.name[1:])
        if number in threads:
            notes = (Note("the first one", _head(threads[number])),)
            raise InputError(f"a second thread {item.name}", _head(item), None, notes)
        threads[number] = item
    for place, number in enumerate(sorted(threads)):
        if place != number:
            message = f"there is a thread P{number} but no P{place}"
            raise InputError(message, _head(threads[number]))
    return tuple(threads[number] for number in sorted(threads)), tuple(rest)


def _head(function: Function) -> Span:
    """The span of a function up to its body."""
    span = function.span
    end = function.body.span.start if function.body else span.end
    return Span(span.source, span.start, max(end, span.start + 1), span.via)


def load_litmus(
    path: Path,
    *,
    kernel: str = "6.12",
    defines: tuple[tuple[str, str], ...] = (),
    include_dirs: tuple[Path, ...] = (),
) -> LitmusTest:
    """The test in the file ``path``; arguments and errors as of ``parse_litmus``."""
    source = read_source(path)
    return parse_litmus(source, kernel=kernel, defines=defines, include_dirs=include_dirs)
