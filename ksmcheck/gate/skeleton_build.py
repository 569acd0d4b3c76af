"""From a function's tree to its skeleton: statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ksmcheck.gate.skeleton_expressions import Edge, Expressions
from ksmcheck.gate.skeleton_graph import Node, Skeleton, compact
from ksmcheck.gate.skeleton_parse import Function, text_of
from ksmcheck.gate.skeleton_values import Scope, constants_of, open_scope, show, show_value
from ksmcheck.record import Struct, field
from ksmcheck.text import InputError, Span

if TYPE_CHECKING:
    from tree_sitter import Node as Tree

_NO_STEPS = """
comment ; { } type_definition struct_specifier enum_specifier preproc_def preproc_call
preproc_function_def preproc_include function_definition
"""
_SKIPPED = frozenset(_NO_STEPS.split())


def skeleton_of(builder: Builder, function: Function, roles: tuple[str, ...]) -> Skeleton:
    """The skeleton of a function whose parameters play ``roles`` (an empty one: none)."""
    scope = open_scope(function, (frozenset({r} if r else ()) for r in roles))
    start = builder.label(function.where)
    builder.run(function, scope)
    if builder.open:
        builder.end("return", function.where)
    return compact(builder.nodes, start)


class Frame(Struct):
    """Where jumps go inside one function."""

    labels: dict[str, int] = field(default_factory=dict)
    breaks: list[list[Edge]] = field(default_factory=list)
    continues: list[int] = field(default_factory=list)


class Builder(Expressions):
    """Walks a function in source order; ``open`` are the edges that the next node closes."""

    frames: list[Frame] = field(default_factory=list)

    def run(self, function: Function, scope: Scope) -> None:
        self.frames.append(Frame())
        self.statement(function.body, scope)
        self.frames.pop()

    def statement(self, node: Tree, scope: Scope) -> None:
        if node.type in _SKIPPED:
            return
        method = getattr(self, f"_{node.type}", None)
        if method is None and node.type.endswith("_statement"):
            raise InputError(
                f"a {node.type.replace('_', ' ')} is not read here", scope.function.place(node)
            )
        if method is None:
            self.value(node, scope)
        else:
            method(node, scope)

    def _compound_statement(self, node: Tree, scope: Scope) -> None:
        for child in node.children:
            self.statement(child, scope)

    _attributed_statement = _compound_statement

    def _expression_statement(self, node: Tree, scope: Scope) -> None:
        for child in node.named_children:
            self.value(child, scope)

    def _declaration(self, node: Tree, scope: Scope) -> None:
        for child in node.named_children:
            if child.type == "init_declarator":
                self.value(child.child_by_field_name("value"), scope)

    def _if_statement(self, node: Tree, scope: Scope) -> None:
        holds, fails = self.condition(node.child_by_field_name("condition"), scope)
        self.open = holds
        self._field(node, "consequence", scope)
        after = self.open
        self.open = fails
        self._field(node, "alternative", scope)
        self.open = [*after, *self.open]

    def _else_clause(self, node: Tree, scope: Scope) -> None:
        for child in node.named_children:
            self.statement(child, scope)

    def _preproc_ifdef(self, node: Tree, scope: Scope) -> None:
        """``#ifdef`` in a function: which way depends on the configuration, so both are kept."""
        asked = text_of(node.child_by_field_name("name") or node.child_by_field_name("condition"))
        number = self.emit("branch", f"configured `{asked}`", scope, node)
        alternative = node.child_by_field_name("alternative")
        for child in node.named_children[1:]:
            if child != alternative:
                self.statement(child, scope)
        after = self.open
        self.open = [(number, "other")]
        if alternative is not None:
            self.statement(alternative, scope)
        self.open = [*after, *self.open]

    _preproc_if = _preproc_ifdef
    _preproc_elif = _preproc_ifdef

    def _preproc_else(self, node: Tree, scope: Scope) -> None:
        for child in node.named_children:
            self.statement(child, scope)

    def _while_statement(self, node: Tree, scope: Scope) -> None:
        head = self.label(scope.function.place(node))
        holds, fails = self.condition(node.child_by_field_name("condition"), scope)
        self._loop(node, scope, holds, head)
        self.close(head)
        self.open = [*fails, *self._frame.breaks.pop()]

    def _do_statement(self, node: Tree, scope: Scope) -> None:
        spot = scope.function.place(node)
        head, test = self.label(spot), self.spare_label(spot)
        self._loop(node, scope, self.open, test)
        self.land(test)
        holds, fails = self.condition(node.child_by_field_name("condition"), scope)
        self.open = holds
        self.close(head)
        self.open = [*fails, *self._frame.breaks.pop()]

    def _for_statement(self, node: Tree, scope: Scope) -> None:
        self._field(node, "initializer", scope)
        spot = scope.function.place(node)
        head, step = self.label(spot), self.spare_label(spot)
        asked = node.child_by_field_name("condition")
        holds, fails = self.condition(asked, scope) if asked else (self.open, [])
        self._loop(node, scope, holds, step)
        self.land(step)
        self.value(node.child_by_field_name("update"), scope)
        self.close(head)
        self.open = [*fails, *self._frame.breaks.pop()]

    def _loop(self, node: Tree, scope: Scope, start: list[Edge], again: int) -> None:
        """The body, from ``start`` on; ``continue`` goes to ``again``. Leaves the breaks."""
        self._frame.continues.append(again)
        self._frame.breaks.append([])
        self.open = start
        self._field(node, "body", scope)
        self._frame.continues.pop()

    def _switch_statement(self, node: Tree, scope: Scope) -> None:
        self.value(node.child_by_field_name("condition"), scope)
        asked = show_value(self.values.of(node.child_by_field_name("condition"), scope))
        body = node.child_by_field_name("body")
        self._frame.breaks.append([])
        fallen: list[Edge] = []
        missed = self.open
        for case in body.named_children if body else ():
            if case.type != "case_statement":
                continue
            self.open = missed
            value = case.child_by_field_name("value")
            if value is not None:
                number = self.emit("branch", f"{asked} == `{text_of(value)}`", scope, case)
                missed = [(number, "other")]
            else:
                missed = []
            self.open = [*self.open, *fallen]
            for child in case.named_children:
                if child != value:
                    self.statement(child, scope)
            fallen = self.open
        self.open = [*missed, *fallen, *self._frame.breaks.pop()]

    def _break_statement(self, node: Tree, scope: Scope) -> None:
        self._frame.breaks[-1].extend(self.open)
        self.open = []

    def _continue_statement(self, node: Tree, scope: Scope) -> None:
        self.close(self._frame.continues[-1])

    def _goto_statement(self, node: Tree, scope: Scope) -> None:
        self.close(self._named(text_of(node.child_by_field_name("label")), node, scope))

    def _labeled_statement(self, node: Tree, scope: Scope) -> None:
        self.land(self._named(text_of(node.child_by_field_name("label")), node, scope))
        for child in node.named_children[1:]:
            self.statement(child, scope)

    def _named(self, name: str, node: Tree, scope: Scope) -> int:
        if name not in self._frame.labels:
            self._frame.labels[name] = self.spare_label(scope.function.place(node))
        return self._frame.labels[name]

    def _return_statement(self, node: Tree, scope: Scope) -> None:
        expr = node.named_children[0] if node.named_children else None
        if self.returns:
            self.give_back(expr, scope)
            return
        self.value(expr, scope)
        origins = self.values.of(expr, scope)
        shown = " ".join(part for part in (show(origins), constants_of(origins)) if part)
        self.end(f"return {shown}".rstrip(), scope.function.place(node))

    def _field(self, node: Tree, name: str, scope: Scope) -> None:
        child = node.child_by_field_name(name)
        if child is not None:
            self.statement(child, scope)

    @property
    def _frame(self) -> Frame:
        return self.frames[-1]

    def end(self, text: str, spot: Span) -> None:
        """Ends every open edge."""
        self.join(len(self.nodes))
        self.nodes.append(Node("end", text, spot))
