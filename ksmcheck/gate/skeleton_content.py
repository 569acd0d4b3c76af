"""What a called function holds that could order memory, without a closer look at it.

Its *content* is the sequence of kernel primitives, words and shared fields in its text and in that
of what it calls, three calls deep. A function whose content is empty orders nothing and leaves no
trace in a skeleton; one with content is named there with a digest of it, so that a barrier which
appears inside a call that is otherwise passed over changes the skeleton of the caller.
"""

from __future__ import annotations

import hashlib
import re

from ksmcheck.gate.kernel_tree import Definition, KernelTree
from ksmcheck.gate.skeleton_words import TRANSPARENT, Words
from ksmcheck.record import Struct, field

_DEEPEST = 3
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|(?:->|\.)\s*([A-Za-z_]\w*)|([A-Za-z_]\w*)(?=\s*(\()?)')
_NO_CALLS = """
if while for switch return sizeof typeof __typeof__ do else defined offsetof
__builtin_choose_expr __builtin_types_compatible_p __builtin_expect __attribute__
_Static_assert static_assert compiletime_assert BUILD_BUG_ON BUILD_BUG_ON_ZERO __same_type
__must_be_array container_of container_of_const __force __user __iomem __builtin_offsetof
"""
_KEYWORDS = frozenset(_NO_CALLS.split())


class Contents(Struct):
    """Contents of the functions and macros of one tree, remembered."""

    tree: KernelTree
    words: Words
    known: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)

    def of(self, name: str, depth: int = _DEEPEST) -> tuple[str, ...]:
        """The content of a function; ``?name`` stands for one whose definition is not found,
        ``...name`` for one too deep to look into."""
        if (name, depth) not in self.known:
            definitions = self.tree.find(name)
            found: list[str] = [] if definitions else [f"?{name}"]
            for definition in definitions:
                found += self._inside(definition, depth)
            self.known[name, depth] = tuple(found)
        return self.known[name, depth]

    def digest(self, name: str) -> str:
        """Eight hex digits of the content; ``?`` where there is no definition."""
        content = self.of(name)
        if content == (f"?{name}",):
            return "?"
        return hashlib.sha256("\n".join(content).encode()).hexdigest()[:8]

    def _inside(self, definition: Definition, depth: int) -> list[str]:
        found: list[str] = []
        for member, word, called in _PIECE.findall(definition.body_text):
            if member in self.words.fields:
                found.append(f".{self.words.fields[member]}")
            elif word and called and word != definition.name:
                found += self._called(word, depth)
            elif word in ("asm", "__asm__", "asm_volatile_goto"):
                found.append("asm")
        return found

    def _called(self, word: str, depth: int) -> list[str]:
        if word in _KEYWORDS or word in TRANSPARENT:
            return []
        if word in ("asm", "__asm__"):
            return ["asm"]
        template = self.words.template(word)
        if template is not None:
            return (
                [f"{template.operation}({','.join(template.args)})"] if template.operation else []
            )
        if self.words.primitive(word) is not None:
            return [word]
        return list(self.of(word, depth - 1)) if depth else [f"...{word}"]
