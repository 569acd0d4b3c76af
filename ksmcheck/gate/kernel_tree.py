"""A kernel source tree: files, the version, and where a name is defined.

A tree may be read with some of its files replaced (``replaced``): a patch that is not applied yet,
or a mutation that a test asks about. Nothing is ever written to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ksmcheck.gate.kernel_tree_text import balanced_end, uncommented
from ksmcheck.record import Struct, field
from ksmcheck.text import InputError, Source, Span

_SEARCHED = (
    "mm/*.[ch]",
    "lib/xarray.c",
    "include/linux/*.h",
    "include/linux/atomic/*.h",
    "include/asm-generic/**/*.h",
)
_HEAD = re.compile(r"(?:[A-Za-z_][^;={}#()]*[\s*])?")
_DEFINE = re.compile(r"[ \t]*#[ \t]*define[ \t]+")
_LOGICAL_LINE = re.compile(r"(?:\\\r?\n|[^\n])*")
_CANDIDATE = re.compile(
    r"^(?=[A-Za-z_])[^\n;={}#()]*?\b(\w+)\(|^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M
)
_SPACE = r"(?:\s|/\*(?s:.*?)\*/|//[^\n]*)"
_OPENS = re.compile(_SPACE + r"*\(")
_AFTER = re.compile(rf"(?:{_SPACE}|\w)*?\{{")


class Definition(Struct, frozen=True):
    """A function's or macro's text in a file; ``body`` starts behind its parameters."""

    name: str
    span: Span
    body: int
    macro: bool

    @property
    def body_text(self) -> str:
        """What it does, without comments and strings' insides."""
        return uncommented(self.span.source.text[self.body : self.span.end])


class KernelTree(Struct):
    """``root`` is the folder of a kernel; ``replaced`` gives other texts for some of its files."""

    root: Path
    replaced: Mapping[str, str] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _sources: dict[str, Source] = field(default_factory=dict)
    _found: dict[str, tuple[Definition, ...]] = field(default_factory=dict)
    _index: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _changed: tuple[str, ...] = ()

    def read(self, file: str) -> Source:
        """A file of the tree, by its path from the root. Raises InputError."""
        if file not in self._sources:
            self._sources[file] = Source(file, self.text(file))
        return self._sources[file]

    def text(self, file: str) -> str:
        """The text of a file of the tree. Raises InputError."""
        if file not in self._texts:
            text = self.replaced.get(file)
            self._texts[file] = self._load(file) if text is None else text
        return self._texts[file]

    def _load(self, file: str) -> str:
        path = self.root / file
        try:
            return path.read_bytes().decode("utf-8")
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from None
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is not UTF-8 text (byte {error.start})") from None

    def with_text(self, file: str, text: str) -> KernelTree:
        """This tree with one more file replaced; what is known of the others is kept."""
        fresh = KernelTree(self.root, {**self.replaced, file: text})
        fresh._texts = {f: t for f, t in self._texts.items() if f != file}
        fresh._sources = {f: s for f, s in self._sources.items() if f != file}
        fresh._index = self._index
        fresh._changed = (*self._changed, file)
        return fresh

    def version(self) -> str:
        """``6.12``, as the tree's Makefile has it. Raises InputError where it is no kernel tree."""
        if not self.root.is_dir():
            raise InputError(f"there is no folder {self.root}", hint=_TREE)
        text = self.read("Makefile").text if (self.root / "Makefile").exists() else ""
        found = [re.search(rf"^{k}\s*=\s*(\d+)\s*$", text, re.M) for k in ("VERSION", "PATCHLEVEL")]
        if not all(found):
            raise InputError(
                f"{self.root} is not a kernel tree: no version in a Makefile", hint=_TREE
            )
        return ".".join(part[1] for part in found if part)

    def release(self) -> str:
        """The version with its last part, ``6.12.3``."""
        found = re.search(r"^SUBLEVEL\s*=\s*(\d+)\s*$", self.text("Makefile"), re.M)
        return f"{self.version()}.{found[1]}" if found else self.version()

    def defined(self, name: str, file: str) -> tuple[Definition, ...]:
        """The definitions of a function or macro in one file, in order."""
        return tuple(_definitions(self.read(file), name)) if name in self.text(file) else ()

    def find(self, name: str) -> tuple[Definition, ...]:
        """The definitions of a name in mm/ and the common headers, in order of files."""
        if name not in self._found:
            files = self._files().get(name, ())
            files += tuple(file for file in self._changed if file not in files)
            self._found[name] = tuple(d for file in files for d in self.defined(name, file))
        return self._found[name]

    def _files(self) -> dict[str, tuple[str, ...]]:
        """The files that may define a name, by name: it stands before a bracket in a line that
        starts at the left, or behind #define."""
        if not self._index:
            paths = (p for pattern in _SEARCHED for p in self.root.glob(pattern))
            files = {p.relative_to(self.root).as_posix() for p in paths if p.is_file()}
            found: dict[str, list[str]] = {}
            for file in sorted(files):
                for name in {a or b for a, b in _CANDIDATE.findall(self.text(file))}:
                    found.setdefault(name, []).append(file)
            self._index = {name: tuple(files) for name, files in found.items()}
        return self._index


_TREE = "give the top folder of the kernel's sources, with its Makefile and mm/"


def _definitions(source: Source, name: str) -> Iterator[Definition]:
    text = source.text
    at = text.find(name)
    while at >= 0:
        line = text.rfind("\n", 0, at) + 1
        before, behind = text[line:at], text[at + len(name) : at + len(name) + 1]
        found = None
        if _DEFINE.fullmatch(before) and not (behind.isalnum() or behind == "_"):
            found = _macro(source, name, at)
        elif _OPENS.match(text, at + len(name)) and _HEAD.fullmatch(before):
            found = _function(source, name, line, at)
        if found is not None:
            yield found
        at = text.find(name, at + len(name))


def _macro(source: Source, name: str, at: int) -> Definition:
    text, body = source.text, at + len(name)
    end = _LOGICAL_LINE.match(text, at)
    stop = end.end() if end else len(text)
    if text[body : body + 1] == "(":
        body = min(balanced_end(text, body), stop)
    return Definition(name, Span(source, at, stop), body, macro=True)


def _function(source: Source, name: str, line: int, at: int) -> Definition | None:
    text = source.text
    opens = _OPENS.match(text, at + len(name))
    after = _AFTER.match(text, balanced_end(text, opens.end() - 1)) if opens else None
    if after is None:
        return None
    start = line if line < at else text.rfind("\n", 0, max(line - 1, 0)) + 1
    end = balanced_end(text, after.end() - 1)
    return Definition(name, Span(source, start, end), after.end() - 1, macro=False)
