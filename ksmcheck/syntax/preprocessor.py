"""The C preprocessor on tokens: directives, conditional groups, files.

Why not a library: pcpp was tried (it imports in 25 ms). It gives a token that a macro brought the
line of the use and the offset of the definition, without file or column of either, and text
rather than tokens our parser could take; exact carets would need both. Texts without a directive
and without a predefined name go past all of this.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from os.path import isfile
from pathlib import Path
from typing import ClassVar

from ksmcheck.record import Struct, replace
from ksmcheck.syntax import pp_kernel as kernel_macros
from ksmcheck.syntax.files import read_source
from ksmcheck.syntax.pp_conditions import condition_holds
from ksmcheck.syntax.pp_macros import Expander, Macro, in_private, read_definition
from ksmcheck.syntax.tokens import Token, tokenize
from ksmcheck.text import InputError, Note, Source, Span
from ksmcheck.text.diagnostic import PREDEFINED

_DEEPEST_INCLUDE = 40
_PREDEFINED = ("KERNEL_VERSION", "KSMCHECK_KERNEL", "__KSMCHECK__")
# A directive ends at a newline that is neither continued nor inside a comment.
_LOGICAL_LINE = re.compile(
    r"""(?:[^\n\\/"']|\\\r?\n|\\.|/\*(?s:.*?)\*/|//(?:\\\r?\n|[^\n])*|"(?:[^"\\\n]|\\.)*"|[/"'\\])*"""
)


class Preprocessing(Struct, frozen=True):
    """``kernel`` is the kernel point; ``defines`` are (name, text) as of ``-D``."""

    kernel: str = "6.12"
    defines: tuple[tuple[str, str], ...] = ()
    include_dirs: tuple[Path, ...] = ()


def preprocess(
    source: Source, start: int, setting: Preprocessing, *, herd: bool = False
) -> list[Token]:
    """The tokens of ``source`` from ``start`` on, directives done and macros expanded.

    The list ends with an ``eof`` token. ``herd`` also reads ``(* ... *)`` comments in this source
    (not in what it includes). Raises InputError.
    """
    tokens = tokenize(source, start, herd=herd)
    text = source.text
    plain = "#" not in text and not setting.defines and not kernel_macros.mentioned(tokens)
    if plain and not any(name in text for name in _PREDEFINED):
        return tokens
    run = _Preprocessor(setting)
    run.predefine()
    try:
        run.file(source, tokens)
    except RecursionError:
        message = "macros or conditions are nested too deeply"
        raise InputError(message, tokens[0].span) from None
    return [*run.out, tokens[-1]]


class _Group(Struct):
    """An ``#if`` that is open: ``active`` now, ``taken`` by one of its branches so far."""

    span: Span
    active: bool
    taken: bool
    outer: bool
    last: bool = False


def kernel_version(point: str) -> int:
    """``KERNEL_VERSION`` of a kernel point such as "3.9" or "6.12.3" (include/linux/version.h)."""
    match = re.fullmatch(r"v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,4}))?", point, re.A)
    if match is None:
        raise InputError(f"'{point}' is not a kernel version", None, "it is of the form 6.12")
    major, minor, patch = (int(part or 0) for part in match.groups())
    return (major << 16) + (minor << 8) + min(patch, 255)


class _Preprocessor:
    """One run over a source and what it includes; ``out`` collects the result."""

    def __init__(self, setting: Preprocessing) -> None:
        self.setting = setting
        self.expander = Expander()
        self.out: list[Token] = []
        self.once: set[Path] = set()
        self.files: list[Span] = []
        self.groups: list[_Group] = []
        self.own: set[str] = set()

    def predefine(self) -> None:
        version = kernel_version(self.setting.kernel)
        lines = (
            "KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))",
            f"KSMCHECK_KERNEL {version}",
            "__KSMCHECK__ 1",
        )
        for line in lines:
            self._add(read_definition(tokenize(Source(PREDEFINED, line))[:-1]))
        for name, text in self.setting.defines:
            source = Source(f"<-D {name}>", f"{name} {text}")
            tokens = tokenize(source)[:-1]
            if not re.fullmatch(r"[A-Za-z_]\w*", name, re.A):
                raise InputError(f"'{name}' cannot be the name of a macro (-D)")
            self._add(read_definition(tokens))

    # --- lines ------------------------------------------------------------------------------

    def file(self, source: Source, tokens: list[Token]) -> None:
        """Run over the tokens of one file."""
        if kernel_macros.mentioned(tokens):
            self._kernel_macros(tokens)
        outer, self.groups = self.groups, []
        at, run, active = 0, list[Token](), True
        while tokens[at].kind != "eof":
            token = tokens[at]
            if token.text != "#" or not _first_on_line(source, tokens, at):
                if active:
                    run.append(token)
                at += 1
                continue
            self._flush(run)
            end = _line_end(source, token)
            line = []
            while tokens[at].start < end and tokens[at].kind != "eof":
                line.append(tokens[at])
                at += 1
            self._directive(line, end)
            active = not self.groups or self.groups[-1].active
        self._flush(run)
        if self.groups:
            raise InputError("this condition has no #endif", self.groups[-1].span)
        self.groups = outer

    def _kernel_macros(self, tokens: list[Token]) -> None:
        """Defines the kernel's macros, but those that the test defines itself."""
        self.own |= set(kernel_macros.own_names(tokens))
        for line in kernel_macros.definitions(kernel_version(self.setting.kernel), tokens):
            macro = read_definition(in_private(tokenize(Source(PREDEFINED, line))[:-1]))
            if macro.name.text not in self.own:
                self.expander.macros.setdefault(macro.name.text, macro)
        for name in self.own:
            if name in self.expander.macros and _is_ours(self.expander.macros[name]):
                del self.expander.macros[name]

    def _flush(self, run: list[Token]) -> None:
        self.out += self.expander.expand(run)
        run.clear()

    def _directive(self, line: list[Token], end: int) -> None:
        if len(line) == 1:
            return
        name = line[1]
        group = self._GROUPS.get(name.text)
        if group is not None:
            group(self, line)
            return
        if self.groups and not self.groups[-1].active:
            return
        if name.text == "error":
            text = name.source.text[name.end : end].strip()
            raise InputError(f"#error {text}", _span(line))
        directive = self._OTHERS.get(name.text)
        if directive is None:
            raise InputError(f"unknown directive '#{name.text}'", _span(line))
        directive(self, line)

    # --- conditional groups -----------------------------------------------------------------

    def _open(self, line: list[Token], holds: Callable[[], bool]) -> None:
        outer = not self.groups or self.groups[-1].active
        active = outer and holds()
        self.groups.append(_Group(_span(line), active, active, outer))

    def _if(self, line: list[Token]) -> None:
        self._open(line, lambda: condition_holds(line[2:], line[1], self.expander))

    def _ifdef(self, line: list[Token]) -> None:
        self._open(line, lambda: self._macro_name(line, alone=True).text in self.expander.macros)

    def _ifndef(self, line: list[Token]) -> None:
        self._open(
            line, lambda: self._macro_name(line, alone=True).text not in self.expander.macros
        )

    def _elif(self, line: list[Token]) -> None:
        group = self._current(line)
        group.active = False
        if group.outer and not group.taken:
            group.active = condition_holds(line[2:], line[1], self.expander)
            group.taken = group.active

    def _else(self, line: list[Token]) -> None:
        group = self._current(line)
        self._nothing_more(line)
        group.active = group.outer and not group.taken
        group.taken = group.last = True

    def _endif(self, line: list[Token]) -> None:
        self._current(line, closing=True)
        self._nothing_more(line)
        self.groups.pop()

    def _current(self, line: list[Token], closing: bool = False) -> _Group:
        if not self.groups:
            raise InputError(f"#{line[1].text} without #if", _span(line))
        group = self.groups[-1]
        if group.last and not closing:
            notes = (Note("the condition", group.span),)
            raise InputError(f"#{line[1].text} after #else", _span(line), None, notes)
        return group

    def _nothing_more(self, line: list[Token]) -> None:
        if len(line) > 2:
            message = f"unexpected text after #{line[1].text}"
            raise InputError(message, line[2].span, "text goes into a comment")

    # --- other directives -------------------------------------------------------------------

    def _macro_name(self, line: list[Token], alone: bool = False) -> Token:
        if len(line) < 3 or line[2].kind != "id" or line[2].text == "defined":
            where = line[2].span if len(line) > 2 else _span(line)
            raise InputError(f"expected the name of a macro after #{line[1].text}", where)
        if alone and len(line) > 3:
            raise InputError(f"unexpected text after #{line[1].text}", line[3].span)
        return line[2]

    def _define(self, line: list[Token]) -> None:
        self._macro_name(line)
        self._add(read_definition(line[2:]))

    def _add(self, macro: Macro) -> None:
        name = macro.name.text
        before = self.expander.macros.get(name)
        own = before is not None and kernel_macros.is_known(name) and _is_ours(before)
        if before is not None and not own and not before.same(macro):
            notes = (Note("the first definition", before.name.span),)
            hint = "undefine it first, or guard this definition with #ifndef"
            raise InputError(
                f"'{name}' is defined differently before", macro.name.span, hint, notes
            )
        self.expander.macros[name] = macro

    def _undef(self, line: list[Token]) -> None:
        self.expander.macros.pop(self._macro_name(line, alone=True).text, None)

    def _pragma(self, line: list[Token]) -> None:
        words = [token.text for token in line[2:]]
        if words == ["once"]:
            self.once.add(Path(line[0].source.name).resolve())
        elif words[:2] == ["ksmcheck", "unroll"] and len(words) > 2:
            bounds = self.expander.expand(line[4:])
            if len(bounds) != 1:
                raise InputError("expected one number after 'unroll'", line[4].span)
            self.out.append(replace(bounds[0], kind="pragma"))
        elif words[:2] not in (["GCC", "diagnostic"], ["clang", "diagnostic"]):
            hint = "known are: #pragma once, #pragma ksmcheck unroll N"
            raise InputError(f"unknown pragma '{' '.join(words)}'", _span(line), hint)

    def _warning(self, line: list[Token]) -> None:
        """``#warning`` changes nothing."""

    def _include(self, line: list[Token]) -> None:
        name, beside = self._include_name(line)
        span = _span(line)
        if len(self.files) >= _DEEPEST_INCLUDE:
            message = f"#include is nested more than {_DEEPEST_INCLUDE} deep"
            raise InputError(message, span, "does the file include itself? Use #pragma once")
        path = self._find(name, Path(line[0].source.name).parent if beside else None)
        if path is None:
            source, tokens = self._kernel_header(name, beside, span)
        elif path.resolve() in self.once:
            return
        else:
            source = _read_included(path, span)
            tokens = tokenize(source)
        self.files.append(span)
        self.file(source, tokens)
        self.files.pop()

    def _include_name(self, line: list[Token]) -> tuple[str, bool]:
        """The file's name, and whether it is looked for beside the including file."""
        rest = line[2:]
        if rest and rest[0].kind == "id":
            rest = self.expander.expand(rest)
        if len(rest) == 1 and rest[0].kind == "str" and len(rest[0].text) > 2:
            return rest[0].text[1:-1], True
        if len(rest) > 2 and rest[0].text == "<" and rest[-1].text == ">":
            if rest[0].via is not None:  # by a macro, whose use is what stands in the source
                return "".join(token.text for token in rest[1:-1]), False
            return rest[0].source.text[rest[0].end : rest[-1].start], False
        raise InputError('expected #include "file"', _span(line))

    def _find(self, name: str, beside: Path | None) -> Path | None:
        places = [beside] if beside is not None else []
        for place in (*places, *self.setting.include_dirs):
            if isfile(place / name):  # not Path's: it raises for a name that is too long
                return place / name
        return None

    def _kernel_header(self, name: str, beside: bool, span: Span) -> tuple[Source, list[Token]]:
        """One of those that come with ksmcheck, and its tokens."""
        from ksmcheck.syntax import pp_headers as headers

        if not beside and headers.is_known_without(name):
            nothing = Source(f"<{name}>", "")
            return nothing, tokenize(nothing)
        found = None if beside else headers.header(name)
        if found is None:
            hint = None
            if not beside:
                known = ", ".join(f"<{one}>" for one in headers.header_names())
                hint = f"of the kernel's headers there are {known}; primitives need no #include"
            raise InputError(f"cannot find the file '{name}'", span, hint)
        kernel = self.setting.kernel
        if not any(_within(kernel, first, last) for first, last in found.kernels):
            raise InputError(f"<{name}> is not known for kernel {kernel}", span, found.said)
        return headers.header_tokens(found, name)

    _GROUPS: ClassVar[dict[str, Callable[[_Preprocessor, list[Token]], None]]] = {
        "if": _if,
        "ifdef": _ifdef,
        "ifndef": _ifndef,
        "elif": _elif,
        "else": _else,
        "endif": _endif,
    }
    _OTHERS: ClassVar[dict[str, Callable[[_Preprocessor, list[Token]], None]]] = {
        "define": _define,
        "undef": _undef,
        "include": _include,
        "pragma": _pragma,
        "warning": _warning,
    }


def _within(kernel: str, first: str, last: str | None) -> bool:
    """Whether the kernel is from ``first`` on, and no later than ``last`` in its first numbers."""
    version = kernel_version(kernel)
    return kernel_version(first) <= version and (
        last is None or version >> 8 <= kernel_version(last) >> 8
    )


def _is_ours(macro: Macro) -> bool:
    return macro.name.source.name == PREDEFINED


def _read_included(path: Path, span: Span) -> Source:
    try:
        return read_source(path)
    except InputError as error:
        raise InputError(error.diagnostic.message, span) from None


def _span(line: list[Token]) -> Span:
    return line[0].span.to(line[-1].span)


def _first_on_line(source: Source, tokens: list[Token], at: int) -> bool:
    before = source.text.rfind("\n", 0, tokens[at].start) + 1
    return at == 0 or tokens[at - 1].end <= before


def _line_end(source: Source, token: Token) -> int:
    match = _LOGICAL_LINE.match(source.text, token.start)
    return match.end() if match else token.end
