"""Where a value comes from, without regard to the order of statements.

A value is the set of its *origins*: an argument's role (``new``), the result of an operation
(``<kpfn>`` for what was read from kpfn, ``<atomic_cmpxchg _count>``), a place (``new.flags``, from
``&new->flags``), or a constant (``#NULL``). A local variable has the origins of everything that
is assigned to it anywhere in its function; arithmetic has those of its operands. So an address
dependency shows, and a local variable's name does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ksmcheck.gate.skeleton_parse import Function, arguments, declared_name, text_of
from ksmcheck.gate.skeleton_words import TRANSPARENT, Template, Words
from ksmcheck.record import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

Origins = frozenset[str]
NOTHING: Origins = frozenset()
_HOLE = re.compile(r"\{(\d+)\}(\.\w+)?")
# By the kernel's habit: NR_MLOCK, PG_locked.
_CONSTANT = re.compile(r"[A-Z][A-Z0-9]*(?:_\w+)?")
_LOADS = frozenset({"read", "READ_ONCE", "ACCESS_ONCE", "atomic_read", "atomic_long_read"})


class Scope(Struct):
    """One use of a function: what its parameters hold, what is assigned to its locals."""

    function: Function
    params: dict[str, Origins]
    assigned: dict[str, list[Node]] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    depth: int = 0

    def is_local(self, node: Node | None) -> bool:
        """Whether what is called is a pointer: a variable's or a field's value."""
        name = text_of(node)
        is_name = node is not None and node.type == "identifier"
        return not is_name or name in self.params or name in self.assigned


def open_scope(function: Function, params: Iterable[Origins], depth: int = 0) -> Scope:
    """The scope of ``function`` called with those arguments."""
    given = list(params) + [NOTHING] * len(function.params)
    scope = Scope(function, dict(zip(function.params, given, strict=False)), depth=depth)
    for node in descendants(function.body):
        for name, value in _assignments(node):
            scope.assigned.setdefault(name, []).append(value)
    return scope


def _assignments(node: Node) -> Iterator[tuple[str, Node]]:
    if node.type in ("assignment_expression", "init_declarator"):
        left = node.child_by_field_name("left") or node.child_by_field_name("declarator")
        right = node.child_by_field_name("right") or node.child_by_field_name("value")
        name = declared_name(left) if left is not None and left.type != "field_expression" else None
        if name and right is not None and _is_local_target(left):
            yield name, right
    elif node.type == "declaration":
        for child in node.named_children:
            if child.type in ("identifier", "pointer_declarator") and (
                name := declared_name(child)
            ):
                yield name, child
    elif node.type == "call_expression":
        for arg in arguments(node):
            target = arg.child_by_field_name("argument")
            is_address = arg.type == "pointer_expression" and text_of(arg).startswith("&")
            if is_address and target is not None and target.type == "identifier":
                yield text_of(target), arg


_DECLARATORS = ("identifier", "pointer_declarator", "array_declarator", "function_declarator")


def _is_local_target(left: Node | None) -> bool:
    return left is not None and left.type in _DECLARATORS


def descendants(node: Node) -> Iterator[Node]:
    """The node and all below it, in source order."""
    yield node
    for child in node.children:
        yield from descendants(child)


class Values(Struct):
    """Origins of expressions. ``inline`` gives the function that a call is followed into."""

    words: Words
    inline: Callable[[str], Function | None]

    def of(self, node: Node | None, scope: Scope) -> Origins:
        """The origins of an expression's value."""
        if node is None:
            return NOTHING
        special = getattr(self, f"_{node.type}", None)
        if special is not None:
            found: Origins = special(node, scope)
            return found
        return self.union(node.named_children, scope)

    def union(self, nodes: Iterable[Node], scope: Scope) -> Origins:
        return NOTHING.union(*(self.of(n, scope) for n in nodes if n.type != "comment"))

    def _identifier(self, node: Node, scope: Scope) -> Origins:
        name = text_of(node)
        origins = scope.params.get(name, NOTHING)
        if name in scope.assigned:
            if name in scope.busy:
                return origins
            scope.busy.add(name)
            given = (v for v in scope.assigned[name] if v != node)
            origins = origins.union(*(self._given(v, scope) for v in given))
            scope.busy.discard(name)
        elif name not in scope.params and _CONSTANT.fullmatch(name):
            return frozenset({f"#{name}"})
        return origins

    def _given(self, value: Node, scope: Scope) -> Origins:
        """The origins of an assigned value, or of what a call puts where ``&local`` points to: a
        word or primitive that says so has it as its result."""
        call = value.parent.parent if value.parent else None
        if value.type != "pointer_expression" or call is None or call.type != "call_expression":
            return self.of(value, scope)
        if value.parent is None or value.parent.type != "argument_list":
            return self.of(value, scope)
        name = text_of(call.child_by_field_name("function"))
        known = self.words.template(name) is not None or self.words.primitive(name) is not None
        return NOTHING if known else self.of(call, scope)

    def _number_literal(self, node: Node, scope: Scope) -> Origins:
        return frozenset({f"#{text_of(node)}"})

    def _null(self, node: Node, scope: Scope) -> Origins:
        return frozenset({"#NULL"})

    def _pointer_declarator(self, node: Node, scope: Scope) -> Origins:
        return NOTHING

    def _type_descriptor(self, node: Node, scope: Scope) -> Origins:
        return NOTHING

    def _sizeof_expression(self, node: Node, scope: Scope) -> Origins:
        return NOTHING

    def _binary_expression(self, node: Node, scope: Scope) -> Origins:
        """Of ``a && b``, as of ``a ? b : 0``, the first decides only."""
        logical = text_of(node.child_by_field_name("operator")) in ("&&", "||")
        right = self.of(node.child_by_field_name("right"), scope)
        return right if logical else right | self.of(node.child_by_field_name("left"), scope)

    def _cast_expression(self, node: Node, scope: Scope) -> Origins:
        return self.of(node.child_by_field_name("value"), scope)

    def _assignment_expression(self, node: Node, scope: Scope) -> Origins:
        return self.of(node.child_by_field_name("right"), scope)

    def _conditional_expression(self, node: Node, scope: Scope) -> Origins:
        then = node.child_by_field_name("consequence") or node.child_by_field_name("condition")
        return self.of(then, scope) | self.of(node.child_by_field_name("alternative"), scope)

    def _field_expression(self, node: Node, scope: Scope) -> Origins:
        place = self.place(node, scope)
        if place is None:
            return self.of(node.child_by_field_name("argument"), scope)
        return frozenset({f"<{place.rpartition('.')[2]}>"})

    def _pointer_expression(self, node: Node, scope: Scope) -> Origins:
        inner = node.child_by_field_name("argument")
        if text_of(node).startswith("&") and inner is not None:
            place = self.place(inner, scope)
            return frozenset({place}) if place is not None else self.of(inner, scope)
        place = self.place(node, scope)
        return (
            self.of(inner, scope) if place is None else frozenset({f"<{place.rpartition('.')[2]}>"})
        )

    def place(self, node: Node | None, scope: Scope) -> str | None:
        """The shared field that an lvalue names, as ``origin.field``; None if it is none."""
        while node is not None and node.type in ("parenthesized_expression", "cast_expression"):
            node = node.child_by_field_name("value") or node.named_children[0]
        if node is None:
            return None
        if node.type == "field_expression":
            name = self.words.fields.get(text_of(node.child_by_field_name("field")))
            if name is not None:
                return f"{show(self.of(node.child_by_field_name('argument'), scope))}.{name}"
            is_part = text_of(node.child_by_field_name("operator")) == "."
            return self.place(node.child_by_field_name("argument"), scope) if is_part else None
        if node.type == "pointer_expression" and text_of(node).startswith("*"):
            origins = self.of(node.child_by_field_name("argument"), scope)
            places = sorted(o for o in origins if is_place(o))
            return places[0] if places else None
        return None

    def _call_expression(self, node: Node, scope: Scope) -> Origins:
        name, args = text_of(node.child_by_field_name("function")), arguments(node)
        template = self.words.template(name)
        if template is not None:
            return self._templated(template, args, scope)
        if name in TRANSPARENT:
            return self.union(args, scope)
        if self.words.primitive(name) is not None:
            return frozenset({result_of(name, self.primitive_args(name, args, scope))})
        function = self.inline(name)
        if function is not None and scope.depth < 12:
            inner = open_scope(function, (self.of(a, scope) for a in args), scope.depth + 1)
            return NOTHING.union(*(self.of(e, inner) for e in returned(function)))
        if scope.is_local(node.child_by_field_name("function")):
            return self.union(args, scope)
        return self.unknown(node, name, args, scope)

    def unknown(self, node: Node, name: str, args: list[Node], scope: Scope) -> Origins:
        """A call of which nothing is known hands its arguments on."""
        return self.union(args, scope)

    def _templated(self, template: Template, args: list[Node], scope: Scope) -> Origins:
        filled = self.fill(template, args, scope)
        if template.operation is not None:
            return frozenset({result_of(template.operation, filled)})
        part = template.args[0] if template.args else ""
        hole = _HOLE.fullmatch(part)
        if hole is not None and hole[2] is None:
            return self.of(args[int(hole[1])], scope) if int(hole[1]) < len(args) else NOTHING
        return frozenset(filled)

    def fill(self, template: Template, args: list[Node], scope: Scope) -> tuple[str, ...]:
        """The template's arguments with what was passed put in."""

        def hole(found: re.Match[str]) -> str:
            number = int(found[1])
            origins = self.of(args[number], scope) if number < len(args) else NOTHING
            return show(origins) + found[2] if found[2] else show_value(origins)

        return tuple(_HOLE.sub(hole, part) for part in template.args)

    def primitive_args(self, name: str, args: list[Node], scope: Scope) -> tuple[str, ...]:
        """A primitive's arguments: places, bits, origins of values."""
        primitive = self.words.primitive(name)
        assert primitive is not None
        kinds = [*primitive.params, *("val" for _ in args)]
        shown: list[str] = []
        for kind, arg in zip(kinds, args, strict=False):
            if self.words.takes_lvalue(name) and not shown:
                shown.append(self.place(arg, scope) or show_value(self.of(arg, scope)))
            elif kind == "bit":
                shown.append(bit_name(self.of(arg, scope)))
            elif kind != "any":
                shown.append(show_value(self.of(arg, scope)))
        return tuple(shown)


def returned(function: Function) -> Iterator[Node]:
    """The expressions that a function returns."""
    for node in descendants(function.body):
        if node.type == "return_statement" and node.named_children:
            yield node.named_children[0]


def is_place(origin: str) -> bool:
    return "." in origin and not origin.startswith("#")


def show(origins: Origins) -> str:
    """Origins as text; constants are left out."""
    parts = sorted(o for o in origins if not o.startswith("#"))
    return parts[0] if len(parts) == 1 else f"({'|'.join(parts)})" if parts else ""


def show_value(origins: Origins) -> str:
    """Origins as text; where there are only constants, those, as names that may be others."""
    return show(origins) or constants_of(origins)


def constants_of(origins: Origins) -> str:
    """The constants among origins, as one name between backquotes."""
    names = sorted(o[1:] for o in origins if o.startswith("#"))
    return f"`{'|'.join(names)}`" if names else ""


def bit_name(origins: Origins) -> str:
    """``PG_active`` as ``active``; the origins of a bit number that is not constant."""
    names = sorted(o.removeprefix("#").removeprefix("PG_").lower() for o in origins)
    return "|".join(names)


def result_of(operation: str, args: tuple[str, ...]) -> str:
    """The origin that an operation's result is: ``<field>`` of a load, ``<operation ...>``."""
    places = [a.rpartition(".")[2] for a in args if "." in a]
    if operation in _LOADS and places:
        return f"<{places[0]}>"
    bits = [args[0]] if args and args[0].isidentifier() and operation.endswith("bit") else []
    return f"<{' '.join([operation, *bits, *places[:1]])}>"
