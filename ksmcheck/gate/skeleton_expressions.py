"""From an expression to the operations that it performs, in the order of evaluation."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from ksmcheck.gate.skeleton_graph import Node
from ksmcheck.gate.skeleton_parse import Function, arguments, text_of
from ksmcheck.gate.skeleton_values import Origins, Scope, Values, open_scope, show, show_value
from ksmcheck.gate.skeleton_words import TRANSPARENT
from ksmcheck.record import Struct, field, replace
from ksmcheck.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node as Tree

Edge: TypeAlias = tuple[int, str]
"""A node and which of its edges: ``then`` or ``other``."""

_LVALUES = ("field_expression", "subscript_expression", "pointer_expression")
_SWAPPED = {">": "<", ">=": "<=", "<": "<", "<=": "<=", "==": "==", "!=": "=="}


class Returns(Struct):
    """What an inlined function's returns become: the way on, or, where its value is a condition,
    the two ways."""

    wanted: bool
    holds: list[Edge] = field(default_factory=list)
    fails: list[Edge] = field(default_factory=list)


class Expressions(Struct):
    """Emits nodes; ``open`` are the edges that lead to the next one."""

    values: Values
    nodes: list[Node] = field(default_factory=list)
    open: list[Edge] = field(default_factory=list)
    returns: list[Returns] = field(default_factory=list)

    def run(self, function: Function, scope: Scope) -> None:
        """Walks an inlined function's body: the subclass's part."""
        raise NotImplementedError

    # ---- the graph

    def emit(self, kind: str, text: str, scope: Scope, node: Tree) -> int:
        number = len(self.nodes)
        self.join(number)
        self.nodes.append(Node(kind, text, scope.function.place(node)))
        self.open = [(number, "then")]
        return number

    def label(self, spot: Span) -> int:
        """A place to jump to, reached from here."""
        number = self.spare_label(spot)
        self.land(number)
        return number

    def spare_label(self, spot: Span) -> int:
        """A place to jump to that lies somewhere else."""
        self.nodes.append(Node("nop", "", spot))
        return len(self.nodes) - 1

    def land(self, number: int) -> None:
        """What is open goes to a label, and the walk goes on from there."""
        self.join(number)
        self.open = [(number, "then")]

    def close(self, number: int) -> None:
        """What is open goes to a label, and nothing goes on from here."""
        self.join(number)
        self.open = []

    def join(self, number: int) -> None:
        for source, way in self.open:
            change = {"then": number} if way == "then" else {"other": number}
            self.nodes[source] = replace(self.nodes[source], **change)
        self.open = []

    # ---- values

    def value(self, node: Tree | None, scope: Scope) -> None:
        """Emits what evaluating the expression does."""
        if node is None:
            return
        method = getattr(self, f"_visit_{node.type}", None)
        if method is not None:
            method(node, scope)
            return
        for child in node.named_children:
            self.value(child, scope)

    def _visit_type_descriptor(self, node: Tree, scope: Scope) -> None:
        """A type does nothing, nor do the operands of these."""
        return

    _visit_sizeof_expression = _visit_type_descriptor
    _visit_offsetof_expression = _visit_type_descriptor

    def _visit_field_expression(self, node: Tree, scope: Scope) -> None:
        self._address(node, scope)
        self._access("read", node, scope)

    def _access(self, what: str, node: Tree, scope: Scope, value: str = "") -> None:
        place = self.values.place(node, scope)
        if place is not None:
            self.emit("op", f"{what}({place}{value})", scope, node)

    def _visit_pointer_expression(self, node: Tree, scope: Scope) -> None:
        inner = node.child_by_field_name("argument")
        if text_of(node).startswith("&"):
            self._address(inner, scope)
        else:
            self.value(inner, scope)
            self._access("read", node, scope)

    def _address(self, node: Tree | None, scope: Scope) -> None:
        """Evaluates the address of an lvalue: its base, and its index."""
        while node is not None and node.type == "parenthesized_expression":
            node = node.named_children[0]
        if node is None or node.type not in _LVALUES:
            return
        inner = node.child_by_field_name("argument")
        if text_of(node.child_by_field_name("operator")) == ".":
            self._address(inner, scope)
        else:
            self.value(inner, scope)
        self.value(node.child_by_field_name("index"), scope)

    def _visit_assignment_expression(self, node: Tree, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        assert left is not None
        self._address(left, scope)
        if text_of(node.child_by_field_name("operator")) != "=":
            self._access("read", left, scope)
        self.value(right, scope)
        self._access("write", left, scope, f", {show_value(self.values.of(right, scope))}")

    def _visit_update_expression(self, node: Tree, scope: Scope) -> None:
        inner = node.child_by_field_name("argument")
        assert inner is not None
        self._address(inner, scope)
        self._access("read", inner, scope)
        self._access("write", inner, scope)

    def _visit_conditional_expression(self, node: Tree, scope: Scope) -> None:
        holds, fails = self.condition(node.child_by_field_name("condition"), scope)
        self.open = holds
        self.value(node.child_by_field_name("consequence"), scope)
        after, self.open = self.open, fails
        self.value(node.child_by_field_name("alternative"), scope)
        self.open = [*after, *self.open]

    def _visit_binary_expression(self, node: Tree, scope: Scope) -> None:
        if text_of(node.child_by_field_name("operator")) in ("&&", "||"):
            holds, fails = self.condition(node, scope)
            self.open = [*holds, *fails]
        else:
            self.value(node.child_by_field_name("left"), scope)
            self.value(node.child_by_field_name("right"), scope)

    def _visit_gnu_asm_expression(self, node: Tree, scope: Scope) -> None:
        """Nobody knows what it does: all of its text counts."""
        words = " ".join(text_of(node).split())
        self.emit("op", f"asm @{sha256(words.encode()).hexdigest()[:8]}", scope, node)

    def _visit_compound_statement(self, node: Tree, scope: Scope) -> None:
        self.statement(node, scope)

    def statement(self, node: Tree, scope: Scope) -> None:
        """Walks a statement: the subclass's part."""
        raise NotImplementedError

    # ---- calls

    def _visit_call_expression(self, node: Tree, scope: Scope) -> None:
        called = node.child_by_field_name("function")
        name, args = text_of(called), arguments(node)
        function = self._arguments(name, args, scope)
        if function is None:
            self._operation(node, name, args, scope)
            return
        self.returns.append(Returns(wanted=False))
        self._inline(function, args, scope)
        done = self.returns.pop()
        self.open = [*self.open, *done.holds]

    def _arguments(self, name: str, args: list[Tree], scope: Scope) -> Function | None:
        """Evaluates the arguments; the function to follow into, if any."""
        for number, arg in enumerate(args):
            if number == 0 and self.values.words.takes_lvalue(name):
                self._address(arg, scope)
            else:
                self.value(arg, scope)
        words = self.values.words
        if (
            words.template(name)
            or words.primitive(name)
            or name in TRANSPARENT
            or scope.depth >= 12
        ):
            return None
        return self.values.inline(name)

    def _inline(self, function: Function, args: list[Tree], scope: Scope) -> None:
        inner = open_scope(function, (self.values.of(a, scope) for a in args), scope.depth + 1)
        self.run(function, inner)

    def _operation(self, node: Tree, name: str, args: list[Tree], scope: Scope) -> None:
        words = self.values.words
        template = words.template(name)
        if template is not None:
            if template.operation is not None:
                shown = ", ".join(self.values.fill(template, args, scope))
                self.emit("op", f"{template.operation}({shown})", scope, node)
        elif name in TRANSPARENT:
            return
        elif words.primitive(name) is not None:
            shown = ", ".join(self.values.primitive_args(name, args, scope))
            self.emit("op", f"{name}({shown})", scope, node)
        elif scope.is_local(node.child_by_field_name("function")):
            called = show_value(self.values.of(node.child_by_field_name("function"), scope))
            shown = ", ".join(show_value(self.values.of(a, scope)) for a in args)
            self.emit("op", f"call through {called or 'a pointer'}({shown})", scope, node)
        else:
            self.unknown_call(node, name, args, scope)

    def unknown_call(self, node: Tree, name: str, args: list[Tree], scope: Scope) -> None:
        """Emits a call of which the words say nothing: the subclass's part."""
        raise NotImplementedError

    def give_back(self, expr: Tree | None, scope: Scope) -> None:
        """A return of the function that is being inlined."""
        target = self.returns[-1]
        if target.wanted and expr is not None:
            # The caller's frame of mind: inside the condition, calls have returns of their own.
            holds, fails = self.condition(expr, scope)
            target.holds += holds
            target.fails += fails
        else:
            self.value(expr, scope)
            target.holds += self.open
        self.open = []

    # ---- conditions

    def condition(self, node: Tree | None, scope: Scope) -> tuple[list[Edge], list[Edge]]:
        """Emits a condition; the edges on which it holds, and those on which it fails."""
        if node is None:
            return self.open, []
        if node.type in ("parenthesized_expression", "cast_expression"):
            return self.condition(
                node.child_by_field_name("value") or node.named_children[0], scope
            )
        if node.type == "unary_expression" and text_of(node).startswith("!"):
            holds, fails = self.condition(node.child_by_field_name("argument"), scope)
            return fails, holds
        operator = text_of(node.child_by_field_name("operator"))
        if node.type == "binary_expression" and operator in ("&&", "||"):
            return self._both(node, operator, scope)
        if node.type == "conditional_expression":
            return self._choice(node, scope)
        if node.type == "call_expression":
            return self._called(node, scope)
        if node.type in ("number_literal", "null", "true", "false"):
            zero = text_of(node).rstrip("uUlL") in ("0", "NULL", "false", "0x0")
            edges, self.open = self.open, []
            return ([], edges) if zero else (edges, [])
        return self._test(node, scope)

    def _both(self, node: Tree, operator: str, scope: Scope) -> tuple[list[Edge], list[Edge]]:
        left = self.condition(node.child_by_field_name("left"), scope)
        self.open = left[0] if operator == "&&" else left[1]
        right = self.condition(node.child_by_field_name("right"), scope)
        if operator == "&&":
            return right[0], [*left[1], *right[1]]
        return [*left[0], *right[0]], right[1]

    def _choice(self, node: Tree, scope: Scope) -> tuple[list[Edge], list[Edge]]:
        holds, fails = self.condition(node.child_by_field_name("condition"), scope)
        self.open = holds
        then = self.condition(node.child_by_field_name("consequence"), scope)
        self.open = fails
        other = self.condition(node.child_by_field_name("alternative"), scope)
        return [*then[0], *other[0]], [*then[1], *other[1]]

    def _called(self, node: Tree, scope: Scope) -> tuple[list[Edge], list[Edge]]:
        name, args = text_of(node.child_by_field_name("function")), arguments(node)
        if name in ("likely", "unlikely") and len(args) == 1:
            return self.condition(args[0], scope)
        words = self.values.words
        known = words.template(name) or words.primitive(name) or name in TRANSPARENT
        function = None if known or scope.depth >= 12 else self.values.inline(name)
        if function is None:
            return self._test(node, scope)
        self._arguments(name, args, scope)
        self.returns.append(Returns(wanted=True))
        self._inline(function, args, scope)
        done = self.returns.pop()
        return done.holds, [*done.fails, *self.open]

    def _test(self, node: Tree, scope: Scope) -> tuple[list[Edge], list[Edge]]:
        self.value(node, scope)
        text, negated = self._comparison(node, scope)
        number = self.emit("branch", text, scope, node)
        self.open = []
        ways: tuple[list[Edge], list[Edge]] = [(number, "then")], [(number, "other")]
        return (ways[1], ways[0]) if negated else ways

    def _comparison(self, node: Tree, scope: Scope) -> tuple[str, bool]:
        """What is tested, written one way only, and whether that is the test's contrary."""
        operator = text_of(node.child_by_field_name("operator"))
        if node.type != "binary_expression" or operator not in _SWAPPED:
            return show(self.values.of(node, scope)) or "local", False
        left = self._side(self.values.of(node.child_by_field_name("left"), scope))
        right = self._side(self.values.of(node.child_by_field_name("right"), scope))
        if (operator in ("==", "!=") and right < left) or operator in (">", ">="):
            left, right = right, left
        return f"{left} {_SWAPPED[operator]} {right}", operator == "!="

    @staticmethod
    def _side(origins: Origins) -> str:
        return show_value(origins) or "local"
