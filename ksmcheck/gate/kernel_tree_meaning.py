"""Everything that gives a name its meaning in one file, as normalised tokens.

That is each definition of it (a macro, a function, an assembler's macro, a line of LKMM's
linux-kernel.def), each use of it at the outermost level (``ATOMIC_OPS(add, ...)`` there is a
definition too, by a macro), and the ``#if`` conditions around them. Comments, white space and the
names of parameters and local variables leave no trace.
"""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise

from ksmcheck.gate.kernel_tree import Definition, KernelTree
from ksmcheck.gate.kernel_tree_text import balanced_end, c_words
from ksmcheck.record import Struct
from ksmcheck.text import Span

_CONDITION = re.compile(
    r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b((?:\\\r?\n|[^\n])*)", re.M
)
_WORD = re.compile(r"[A-Za-z_]\w*")
_NO_TYPES = frozenset(
    ["return", "goto", "else", "case", "sizeof", "define", "do", "defined", "asm"]
)


class Meaning(Struct, frozen=True):
    """``spans`` are the texts, ``words`` what they say."""

    name: str
    file: str
    spans: tuple[Span, ...]
    words: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Twelve hex digits of what it says."""
        return hashlib.sha256(" ".join(self.words).encode()).hexdigest()[:12]

    @property
    def text(self) -> str:
        """The text as the tree has it."""
        return "\n".join(span.text for span in self.spans)


def meaning_of(tree: KernelTree, name: str, file: str) -> Meaning | None:
    """What ``name`` means in ``file``; None where it is not defined there. Raises InputError."""
    if name not in tree.text(file):
        return None
    definitions: tuple[Definition, ...] = ()
    if file.endswith(".def"):
        spans = _found(tree, file, rf"^{name}(?=[({{ \t])[^\n]*")
    else:
        definitions = tree.defined(name, file)
        spans = [d.span for d in definitions]
        spans += _found(tree, file, rf"^[ \t]*\.macro[ \t]+{name}\b(?s:.*?)\.endm")
        spans += _uses(tree, name, file) if spans else []
    if not spans:
        return None
    spans.sort(key=lambda span: span.start)
    defined = {d.span: d for d in definitions}
    words: list[str] = []
    for span in spans:
        said = normalised(defined[span]) if span in defined else c_words(span.text)
        words += [*_conditions(span), *said, ";;"]
    return Meaning(name, file, tuple(spans), tuple(words))


def _uses(tree: KernelTree, name: str, file: str) -> list[Span]:
    """Uses of a macro where definitions stand, as of ``DEFINE_BITOP(set_bits, or, "")``."""
    source = tree.read(file)
    found = []
    for match in re.finditer(rf"^{name}(?=\()", source.text, re.M):
        end = balanced_end(source.text, match.end())
        if not source.text[end:].lstrip().startswith("{"):
            found.append(Span(source, match.start(), end))
    return found


def _found(tree: KernelTree, file: str, pattern: str) -> list[Span]:
    source = tree.read(file)
    found = re.finditer(pattern, source.text, re.M)
    return [Span(source, m.start(), m.end()) for m in found]


def _conditions(span: Span) -> list[str]:
    """The conditions that are open where a span starts."""
    open_: list[list[str]] = []
    for match in _CONDITION.finditer(span.source.text, 0, span.start):
        word, rest = match[1], c_words(match[2])
        if word.startswith("if"):
            open_.append([f"#{word}", *rest])
        elif word == "endif" and open_:
            open_.pop()
        elif open_:
            open_[-1] = [*open_[-1], f"#{word}", *rest]
    return [word for one in open_ for word in one]


def normalised(definition: Definition) -> list[str]:
    """The tokens of a definition; parameters and local variables by number."""
    words = c_words(definition.span.text)
    names: dict[str, str] = {}
    for name in [*_parameters(definition), *_locals(words)]:
        names.setdefault(name, f"${len(names)}")
    return [_with_parts(word, names) for word in words]


def _with_parts(word: str, names: dict[str, str]) -> str:
    """A name by number, also where a string names an operand of an asm: ``%[ret]``."""
    if word.startswith('"'):
        return re.sub(r"%(\w?)\[(\w+)\]", lambda m: f"%{m[1]}[{names.get(m[2], m[2])}]", word)
    return names.get(word, word)


def _parameters(definition: Definition) -> list[str]:
    """The names of the parameters of a function, or of a macro with some."""
    text = definition.span.text
    head = text[: definition.body - definition.span.start]
    words = c_words(head[head.index(definition.name) + len(definition.name) :])
    if words[:1] != ["("]:
        return []
    return [here for here, after in pairwise(words) if after in (",", ")") and _is_name(here)]


def _is_name(word: str) -> bool:
    return _WORD.fullmatch(word) is not None and word != "void"


def _locals(words: list[str]) -> list[str]:
    """Names that a declaration in a body introduces: behind a type's name and any ``*``."""
    found = []
    for at in range(2, len(words) - 1):
        if words[at + 1] not in ("=", ";", ",", "[") or not _WORD.fullmatch(words[at]):
            continue
        before = at - 1
        while words[before] == "*":
            before -= 1
        starts = before >= 1 and words[before - 1] in ("{", ";", "}", "\\", ")")
        chain = before >= 2 and _WORD.fullmatch(words[before - 1]) is not None
        is_type = _WORD.fullmatch(words[before]) and words[before] not in _NO_TYPES
        if is_type and (starts or chain):
            found.append(words[at])
    return found


def names_in(meaning: Meaning) -> set[str]:
    """The names that a meaning mentions."""
    return {word for word in meaning.words if _WORD.fullmatch(word) and word != meaning.name}


def defines(tree: KernelTree, name: str, file: str) -> tuple[Definition, ...]:
    """The definitions of a name in a file that need not exist."""
    return tree.defined(name, file) if (tree.root / file).is_file() else ()
