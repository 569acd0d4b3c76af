"""Sets of tags and sets of sets, as far as the text of a model fixes their members."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.cat.names import Names, UndefinedName
from ksmcheck.cat.values import (
    Constant,
    FamilyValue,
    NeedsInterpreter,
    NodeValue,
    Scope,
    TagValue,
    TupleValue,
    Unresolved,
    Value,
    kind_of,
    uncompiled,
)
from ksmcheck.syntax import cat_tree as t
from ksmcheck.text import InputError

FAMILY_OPERATORS = ("|", "&", "\\", "++")

NOTHING, EVERYTHING = Constant("empty"), Constant("universe")


class Families(Names):
    """Operations on sets of tags and of sets; ``value`` gives any other expression."""

    def value(self, expr: t.Expr, scope: Scope) -> Value:
        raise NotImplementedError

    def holds(self, condition: t.Condition, scope: Scope) -> bool:
        raise NotImplementedError

    def inside(self, expr: t.LetIn, scope: Scope) -> Scope:
        raise NotImplementedError

    def gives_family(self, expr: t.Apply, scope: Scope) -> bool:
        raise NotImplementedError

    def case_of(self, expr: t.Match, scope: Scope) -> tuple[t.Expr, Scope]:
        raise NotImplementedError

    def constant(self, expr: t.Expr, scope: Scope) -> Constant | None:
        """``{}``, ``_``, a name of one of them, and what operators make of these alone."""
        match expr:
            case t.SetLiteral(()):
                return NOTHING
            case t.Universe():
                return EVERYTHING
            case t.Name(name):
                found = scope.get(name)
                return found if isinstance(found, Constant) else None
            case t.Unary("~", operand):
                turned = self.constant(operand, scope)
                return turned and (NOTHING if turned == EVERYTHING else EVERYTHING)
            case t.Binary("|" | "&" | "\\" as op, left, right):
                first = self.constant(left, scope)
                second = first and self.constant(right, scope)
                return _of_constants(op, first, second) if first and second else None
        return None

    def family(self, elements: Sequence[t.Expr], scope: Scope) -> FamilyValue:
        members = [self.value(x, scope) for x in elements]
        for member, element in zip(members, elements, strict=True):
            if isinstance(member, Unresolved) and not self.may_be_tag(member.name):
                raise UndefinedName(f"`{member.name}` is not defined", element.span)
            if not isinstance(member, TagValue | FamilyValue | TupleValue):
                raise uncompiled("a set of sets", element.span)
        return FamilyValue(tuple(dict.fromkeys(members)))

    def of_families(self, op: str, left: t.Expr, right: t.Expr, scope: Scope) -> bool:
        """Whether an operation is one on sets of tags or of sets (``'a | 'b`` too)."""
        if op == "++" or self.is_family(left, scope) or self.is_family(right, scope):
            return True
        return self.of_tags(left, right, scope)

    def of_tags(self, left: t.Expr, right: t.Expr, scope: Scope) -> bool:
        """Whether both are tags; one may be ``_``, all tags of the other's enum, or ``{}``."""
        tags = [self._is_tag(x, scope) for x in (left, right)]
        return any(tags) and all(
            tag or self.constant(x, scope) is not None
            for tag, x in zip(tags, (left, right), strict=True)
        )

    def _is_tag(self, expr: t.Expr, scope: Scope) -> bool:
        if isinstance(expr, t.Name):
            return isinstance(scope.get(expr.name), TagValue)
        return isinstance(expr, t.TagLiteral)

    def is_family(self, expr: t.Expr, scope: Scope) -> bool:
        match expr:
            case t.Name(name):
                return isinstance(self.look_up(name, scope), FamilyValue)
            case t.SetLiteral(elements):
                return bool(elements)
            case t.Binary(op, left, right) if op in FAMILY_OPERATORS:
                return self.of_families(op, left, right, scope)
            case t.Unary("~", operand):
                return self.is_family(operand, scope)
            case t.If(condition, then, orelse):
                return self.is_family(then if self.holds(condition, scope) else orelse, scope)
            case t.Match():
                body, inner = self.case_of(expr, scope)
                return self.is_family(body, inner)
            case t.Try(attempt, fallback):
                return self._is_family_or_fails(attempt, scope) or self.is_family(fallback, scope)
            case t.LetIn():
                return self.is_family(expr.body, self.inside(expr, scope))
            case t.Apply():
                return self.gives_family(expr, scope)
        return False

    def _is_family_or_fails(self, expr: t.Expr, scope: Scope) -> bool:
        try:
            return self.is_family(expr, scope)
        except NeedsInterpreter:
            raise
        except InputError:
            return False

    def joined(self, expr: t.Binary, scope: Scope) -> FamilyValue:
        if expr.op == "++":
            left, more = self.value(expr.left, scope), self.value(expr.right, scope)
            if isinstance(more, TagValue):
                raise InputError("a tag cannot be added to a tag", expr.span, "a set is `{...}`")
            right = self.members(expr.right, scope)
            if not isinstance(left, TagValue | FamilyValue | TupleValue):
                raise uncompiled("`++`", expr.span)
            return FamilyValue(tuple(dict.fromkeys([left, *right])))
        first = self._beside(expr.left, expr.right, scope)
        right = self._beside(expr.right, expr.left, scope)
        if expr.op == "|":
            return FamilyValue(tuple(dict.fromkeys([*first, *right])))
        inside = expr.op == "&"
        return FamilyValue(tuple(x for x in first if (x in right) == inside))

    def _beside(self, expr: t.Expr, other: t.Expr, scope: Scope) -> tuple[Value, ...]:
        """The members of an operand; `_` beside tags is all tags of their enum."""
        if self.constant(expr, scope) == EVERYTHING:
            return self._whole(self.members(other, scope), other)
        return self.members(expr, scope)

    def members(self, expr: t.Expr, scope: Scope) -> tuple[Value, ...]:
        """The members of a set of tags or of sets."""
        value = self.value(expr, scope)
        match value:
            case Constant("empty"):
                return ()
            case FamilyValue(members):
                return members
            case TagValue():
                return (value,)
            case NodeValue():
                raise uncompiled("a set of events taken apart", expr.span)
        raise InputError(f"a set of tags is expected here, this is {kind_of(value)}", expr.span)

    def complement(self, operand: t.Expr, scope: Scope) -> FamilyValue:
        members = self.members(operand, scope)
        return FamilyValue(tuple(x for x in self._whole(members, operand) if x not in members))

    def _whole(self, members: tuple[Value, ...], expr: t.Expr) -> tuple[Value, ...]:
        """All tags of the enum that some tags are of."""
        groups = [self.groups.get(x.name) for x in members if isinstance(x, TagValue)]
        if not members or len(groups) < len(members) or None in groups:
            raise InputError("tags of an enum are needed here, to tell of which it is", expr.span)
        return tuple({y: None for group in groups if group for y in group.members})


def _of_constants(op: str, left: Constant, right: Constant) -> Constant:
    first, second = left == EVERYTHING, right == EVERYTHING
    whole = {"|": first or second, "&": first and second, "\\": first and not second}[op]
    return EVERYTHING if whole else NOTHING


def in_order(members: tuple[Value, ...]) -> tuple[Value, ...]:
    """The members of a set as ``match`` takes them: herd7 takes the least, tags by their names."""
    return tuple(sorted(members, key=_rank))


def _rank(value: Value) -> tuple[object, ...]:
    match value:
        case TagValue(name):
            return (name,)
        case TupleValue(parts):
            return tuple(_rank(x) for x in parts)
        case FamilyValue(members):
            return tuple(sorted(_rank(x) for x in members))
    return ()
