"""What the names of a model stand for: what it defines, what is predefined, tags."""

from __future__ import annotations

from difflib import get_close_matches

from ksmcheck.cat.algebra import AlgebraBuilder, Sort
from ksmcheck.cat.library import (
    LIBRARY_TAGS,
    MACHINE_TAGS,
    TAGS_BEHIND,
    functions,
    predefined,
)
from ksmcheck.cat.values import FamilyValue, NodeValue, Scope, TagValue, Unusable, Value
from ksmcheck.text import InputError, Span


class UndefinedName(InputError):
    """A name that nothing defines."""


class Names:
    """Holds what elaboration collects: the nodes, and the tags met or declared."""

    def __init__(self, variants: frozenset[str] = frozenset()) -> None:
        self.builder = AlgebraBuilder()
        self.tags: set[str] = set()
        self.declared: set[str] = set()
        self.groups: dict[str, FamilyValue] = {}
        self.variants = variants
        self._predefined = predefined()
        self._functions = functions()

    def declare(self, tags: tuple[str, ...]) -> None:
        """Tags of one ``enum``."""
        self.declared.update(event_set(tag) for tag in tags)
        group = FamilyValue(tuple(TagValue(tag) for tag in tags))
        self.groups.update(dict.fromkeys(tags, group))

    def look_up(self, name: str, scope: Scope) -> Value | None:
        found = scope.get(name)
        if found is None and name in self._predefined:
            self.tags.update(TAGS_BEHIND.get(name, ()))
            return NodeValue(self._predefined[name](self.builder))
        if isinstance(found, Unusable):
            raise found.error
        return found or self._functions.get(name)

    def free(self, name: str, span: Span, scope: Scope, want: Sort | None) -> int:
        """A name that nothing defines: a tag where a set can stand, else an error."""
        if want == "set" or (want is None and name[0].isupper()):
            return self.tag(name, span)
        hint = self.suggest(name, scope)
        if hint is None and name[0].isupper():
            hint = f"a tag is a set; `[{name}]` is the identity relation on it"
        raise UndefinedName(f"`{name}` is not defined", span, hint)

    def tag(self, name: str, span: Span) -> int:
        """The set of the events that carry a tag, by the name of the set."""
        if self.declared and not self.may_be_tag(name):
            hint = self._close(name, self.declared)
            raise UndefinedName(f"`{name}` is neither defined nor a declared tag", span, hint)
        self.tags.add(name)
        return self.builder.base("set", name)

    def may_be_tag(self, name: str) -> bool:
        """Whether a name that nothing defines is a set of events: where tags are declared, only
        these and those of herd7 are."""
        known = self.declared | LIBRARY_TAGS | MACHINE_TAGS
        return name[0].isupper() and (not self.declared or name in known)

    def literal(self, name: str, span: Span) -> TagValue:
        """``'mb``: one of the tags that are declared, where any are."""
        if self.groups and name not in self.groups:
            hint = self._close(name, set(self.groups))
            raise UndefinedName(f"`'{name}` is not a tag of any enum", span, hint)
        return TagValue(name)

    def suggest(self, name: str, scope: Scope) -> str | None:
        return self._close(name, {*scope, *self._predefined, *self._functions})

    def _close(self, name: str, known: set[str]) -> str | None:
        close = get_close_matches(name, sorted(known), n=1, cutoff=0.7)
        return f"did you mean `{close[0]}`?" if close else None

    def sort_of_name(self, name: str, scope: Scope) -> Sort | None:
        """The sort of what a name stands for, None if it is not a set or relation."""
        found = self.look_up(name, scope)
        if isinstance(found, NodeValue):
            return self.builder.sort(found.node)
        return "set" if isinstance(found, TagValue) else None


def event_set(tag: str) -> str:
    """The set of events that carry a tag: herd7 writes ``'mb`` and ``Mb``."""
    return tag[0].upper() + tag[1:]
