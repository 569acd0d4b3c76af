"""Skeletons of a kernel tree's functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ksmcheck.gate.kernel_tree import KernelTree
from ksmcheck.gate.skeleton_build import Builder, skeleton_of
from ksmcheck.gate.skeleton_content import Contents
from ksmcheck.gate.skeleton_graph import Skeleton
from ksmcheck.gate.skeleton_parse import Function, parse_definition
from ksmcheck.gate.skeleton_values import Origins, Scope, Values, show_value
from ksmcheck.gate.skeleton_words import Words
from ksmcheck.record import field
from ksmcheck.text import InputError

if TYPE_CHECKING:
    from tree_sitter import Node as Tree


class KernelValues(Values):
    """``home`` is the file whose own functions are found before those of other files."""

    contents: Contents
    home: str
    _parsed: dict[str, Function | None] = field(default_factory=dict)

    def unknown(self, node: Tree, name: str, args: list[Tree], scope: Scope) -> Origins:
        """What a call yields that holds something is told by the arguments' roles alone."""
        handed = self.union(args, scope)
        if not self.contents.of(name):
            return handed
        roles = {role for origin in handed for role in _roles(origin)}
        return frozenset({f"<{' '.join(['call', *sorted(roles)])}>"})


def _roles(origin: str) -> list[str]:
    if origin.startswith("<call"):
        return origin.strip("<>").split()[1:]
    return [origin] if origin.isidentifier() else []


class KernelBuilder(Builder):
    """Calls that hold something that orders are named, the others leave no trace."""

    def unknown_call(self, node: Tree, name: str, args: list[Tree], scope: Scope) -> None:
        values = self.values
        assert isinstance(values, KernelValues)
        if not values.contents.of(name):
            return
        shown = ", ".join(show_value(values.of(a, scope)) for a in args)
        digest = values.contents.digest(name)
        called = name if digest == "?" else f"`{name}`"
        self.emit("op", f"call {called}({shown}) @{digest}", scope, node)


def kernel_skeleton(
    tree: KernelTree, file: str, name: str, roles: tuple[str, ...], words: Words, contents: Contents
) -> Skeleton:
    """The skeleton of the function ``name`` in ``file``. Raises InputError where it is not there or
    cannot be read."""
    parsed: dict[str, Function | None] = {}

    def inline(called: str) -> Function | None:
        if called not in words.inlined:
            return None
        if called not in parsed:
            parsed[called] = _function(tree, file, called)
        return parsed[called]

    values = KernelValues(words, inline, contents, file)
    return skeleton_of(KernelBuilder(values), _function(tree, file, name), roles)


def _function(tree: KernelTree, file: str, name: str) -> Function:
    found = [d for d in tree.defined(name, file) or tree.find(name) if not d.macro]
    if not found:
        raise InputError(
            f"{file} has no function {name}",
            hint="was it renamed or moved? litmus/ksm/kernel.toml names it for each kernel version",
        )
    return parse_definition(found[0])
