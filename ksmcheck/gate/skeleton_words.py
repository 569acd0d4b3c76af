"""What the words of one side mean: the kernel's or the encoding's.

A *word* is a function's or macro's name with a template: ``"atomic_read({0}._count)"`` makes it
that operation, ``page_folio = "{0}"`` only hands its argument on, and ``""`` says that it
yields nothing of interest. ``*`` in a word stands for any name and is put into its template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ksmcheck.kernel.catalogue.accesses import FREE
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import all_primitives
from ksmcheck.record import Struct

# They hand on their (first) argument, or ask about it, and do nothing else.
_HAND_ON = """
likely unlikely ERR_PTR PTR_ERR IS_ERR IS_ERR_OR_NULL ERR_CAST PTR_ERR_OR_ZERO
READ_ONCE_NOCHECK data_race sizeof typeof __typeof__ offsetof container_of min max min_t
max_t abs IS_ENABLED __builtin_expect __builtin_constant_p
"""
TRANSPARENT = frozenset(_HAND_ON.split())

_OPERATION = re.compile(r"(\w+)\((.*)\)")


class Template(Struct, frozen=True):
    """``operation`` is None where the word is no operation; ``args`` then has at most one part."""

    operation: str | None
    args: tuple[str, ...]

    @staticmethod
    def read(text: str, star: str = "") -> Template:
        """The template written in ``text``, ``star`` put in for ``*``."""
        text = text.replace("*", star)
        found = _OPERATION.fullmatch(text)
        if found is None:
            return Template(None, (text,) if text else ())
        args = tuple(part.strip() for part in found[2].split(",")) if found[2].strip() else ()
        return Template(found[1], args)


class Words:
    """``fields`` maps each shared field to its common name; ``inlined`` are followed into."""

    def __init__(
        self,
        templates: Mapping[str, str],
        fields: Mapping[str, str],
        inlined: frozenset[str] = frozenset(),
    ) -> None:
        self.templates = templates
        self.fields = fields
        self.inlined = inlined
        starred = sorted((w for w in templates if "*" in w), key=len, reverse=True)
        self._patterns = tuple(
            (re.compile(w.replace("*", r"(\w+)")), templates[w]) for w in starred
        )

    def template(self, word: str) -> Template | None:
        """The word's template; exact words go before patterns, long ones before short."""
        if word in self.templates:
            return Template.read(self.templates[word])
        if word in self.inlined:
            return None
        for pattern, text in self._patterns:
            found = pattern.fullmatch(word)
            if found is not None:
                return Template.read(text, found[1].lower())
        return None

    def primitive(self, word: str) -> Primitive | None:
        """The kernel primitive of that name, at whatever version. A kernel's kfree() is none: what
        it frees has many words."""
        return None if word == FREE else all_primitives().get(word)

    def takes_lvalue(self, word: str) -> bool:
        """Whether the first argument is an lvalue, as of ``READ_ONCE(x)``: x itself is not read."""
        primitive = None if self.template(word) else self.primitive(word)
        return primitive is not None and primitive.macro
