"""One C function as a tree-sitter tree, with spans of the text that it came from.

The kernel's files are read as they are, macros unexpanded, so that what they say is seen and not
what one configuration makes of it. tree-sitter-c takes most of that; two things it does not are
blanked first (attribute words before the type, ``struct`` in an argument that is a type's name),
and so are comments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from ksmcheck.gate.kernel_tree import Definition
from ksmcheck.gate.kernel_tree_text import uncommented
from ksmcheck.record import Struct
from ksmcheck.text import InputError, Span

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_ATTRIBUTE = re.compile(
    r"\b(__always_inline|noinline|noinline_for_stack|__init|__sched|__must_check|__ref|__meminit"
    r"|__maybe_unused|asmlinkage|notrace)\b"
)
_TYPE_WORD = re.compile(r"(?<=[(,])(\s*)(struct|union|enum)\b")


class Function(Struct, frozen=True):
    """A function's tree. ``place`` maps a node to what the user wrote for it."""

    name: str
    params: tuple[str, ...]
    body: Node
    place: Callable[[Node], Span]
    where: Span


def parse_definition(definition: Definition) -> Function:
    """The function defined there. Raises InputError where tree-sitter cannot read it."""
    span = definition.span
    return parse_function(definition.name, span.text, _plain_place(span), span)


def parse_function(
    name: str, text: str, place: Callable[[int, int], Span], where: Span
) -> Function:
    """The function ``name`` whose definition ``text`` is; ``place`` maps characters of the text."""
    blanked = _ATTRIBUTE.sub(lambda m: " " * len(m[0]), uncommented(text))
    root = _parser().parse(blanked.encode()).root_node
    if root.has_error:
        blanked = _blank_types(blanked)
        root = _parser().parse(blanked.encode()).root_node
    offsets = _character_offsets(blanked)

    def spot(node: Node) -> Span:
        return place(offsets(node.start_byte), offsets(node.end_byte))

    bad = next(_errors(root), None)
    if bad is not None:
        problem = "something is missing here" if bad.is_missing else "this is not understood"
        raise InputError(f"cannot read the C of {name}: {problem}", spot(bad))
    node = next((n for n in root.children if n.type == "function_definition"), None)
    body = node.child_by_field_name("body") if node else None
    if node is None or body is None:
        raise InputError(f"{name} is not a function here", where)
    return Function(name, tuple(_params(node)), body, spot, where)


def _plain_place(span: Span) -> Callable[[int, int], Span]:
    return lambda start, end: Span(span.source, span.start + start, span.start + end)


@cache
def _parser() -> Parser:
    try:
        import tree_sitter
        import tree_sitter_c
    except ImportError as error:
        raise InputError(
            f"reading a kernel tree needs {error.name}", hint="pip install 'ksmcheck[kernel]'"
        ) from None
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_c.language()))


def _blank_types(text: str) -> str:
    """``f(x, struct s, m)`` with the word ``struct`` blanked, below the function's own head."""
    start = text.index("{")
    head, body = text[:start], text[start:]

    def blank(found: re.Match[str]) -> str:
        rest = body[found.end() : found.end() + 80]
        is_type_name = re.match(r"\s+\w+\s*\**\s*[,)]", rest) and not re.match(
            r"\s+\w+\s*\*+\s*\)", rest
        )
        return found[1] + " " * len(found[2]) if is_type_name else found[0]

    return head + _TYPE_WORD.sub(blank, body)


def _character_offsets(text: str) -> Callable[[int], int]:
    if text.isascii():
        return lambda byte: byte
    data = text.encode()
    return lambda byte: len(data[:byte].decode(errors="ignore"))


def _errors(node: Node) -> Iterator[Node]:
    if node.type == "ERROR" or node.is_missing:
        yield node
    elif node.has_error:
        for child in node.children:
            yield from _errors(child)


def _params(function: Node) -> Iterator[str]:
    at = function.child_by_field_name("declarator")
    while at is not None and at.type != "function_declarator":
        at = at.child_by_field_name("declarator")
    listed = at.child_by_field_name("parameters") if at else None
    for param in listed.named_children if listed else ():
        if param.type == "parameter_declaration":
            yield declared_name(param) or ""


def declared_name(node: Node) -> str | None:
    """The identifier that a declarator, or a declaration with one, introduces."""
    at: Node | None = node
    while at is not None and at.type != "identifier":
        at = at.child_by_field_name("declarator") or _first_declarator(at)
    return text_of(at) if at else None


def _first_declarator(node: Node) -> Node | None:
    kinds = ("identifier", "pointer_declarator", "parenthesized_declarator", "function_declarator")
    return next((c for c in node.named_children if c.type in kinds), None)


def text_of(node: Node | None) -> str:
    """A node's text."""
    return node.text.decode() if node is not None and node.text is not None else ""


def arguments(call: Node) -> list[Node]:
    """The arguments of a call expression."""
    listed = call.child_by_field_name("arguments")
    return [n for n in listed.named_children if n.type != "comment"] if listed else []
