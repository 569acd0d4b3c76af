"""Tree builders, one method for each production of cat_grammar (the parser calls them by name)."""

from __future__ import annotations

from typing import Any, TypeAlias

from ksmcheck.record import replace
from ksmcheck.syntax import cat_tree as t
from ksmcheck.syntax.cat_lexer import Token
from ksmcheck.text import InputError, Span

Parts: TypeAlias = list[Any]


def _span(parts: Parts) -> Span:
    # `None` stands for an optional alias; it has no place in the text.
    placed = [p for p in parts if hasattr(p, "span")]
    first: Span = placed[0].span
    return first.to(placed[-1].span)


def _nodes(parts: Parts) -> Parts:
    return [p for p in parts if not isinstance(p, Token)]


def _names(parts: Parts, kind: str = "NAME") -> tuple[str, ...]:
    return tuple(p.text for p in parts if isinstance(p, Token) and p.type == kind)


def _patterns(parts: Parts) -> tuple[str, ...]:
    return tuple(p.text for p in parts if isinstance(p, Token) and p.type in ("NAME", "UNIVERSE"))


class _Statements:
    def start(self, parts: Parts) -> t.CatFile:
        (title, options), body = parts
        return t.CatFile(title, body, options)

    def title(self, parts: Parts) -> tuple[str, tuple[str, ...]]:
        return parts[0], tuple(parts[1:])

    def option(self, parts: Parts) -> str:
        text: str = parts[0].text
        return text

    def no_title(self, parts: Parts) -> str:
        return ""

    def a_title(self, parts: Parts) -> str:
        """``X86 TSO`` and ``PPC "text"`` are a machine and the title."""
        text: str = parts[-1].text
        return text

    def body(self, parts: Parts) -> tuple[t.Statement, ...]:
        return tuple(parts)

    def let(self, parts: Parts) -> t.Let:
        return t.Let(parts[1], False, parts[0].span.to(parts[1][-1].span))

    def let_rec(self, parts: Parts) -> t.Let:
        return t.Let(parts[2], True, parts[0].span.to(parts[2][-1].span))

    def let_rec_when(self, parts: Parts) -> t.Let:
        kept = [p for p in parts if not (isinstance(p, Token) and p.type == "IN")]
        when = self.check([None, *kept[4:]])
        return t.Let(parts[2], True, parts[0].span.to(when.span), when)

    def check(self, parts: Parts) -> t.CheckStatement:
        role, alias = parts[0], parts[-1]
        kind, expression = parts[-3], parts[-2]
        negated = any(isinstance(p, Token) and p.type == "TILDE" for p in parts)
        return t.CheckStatement(
            kind.text,
            negated,
            role.text if role else "check",
            expression,
            alias.text if alias else None,
            _span(parts),
        )

    def plain_role(self, parts: Parts) -> None:
        return None

    def a_role(self, parts: Parts) -> Token:
        token: Token = parts[0]
        return token

    def check_kind(self, parts: Parts) -> Token:
        token: Token = parts[0]
        return token

    def no_alias(self, parts: Parts) -> None:
        return None

    def an_alias(self, parts: Parts) -> Token:
        token: Token = parts[1]
        return token

    def shown(self, parts: Parts) -> Token | t.Expr:
        shown: Token | t.Expr = parts[1] or parts[0]
        return shown

    def show(self, parts: Parts) -> t.Show:
        names = tuple(p.span.text for p in parts[1::2])
        return t.Show(names, _span(parts))

    def debug(self, parts: Parts) -> t.Show:
        return t.Show((), _span(parts))

    def include(self, parts: Parts) -> t.Include:
        return t.Include(parts[1].text, parts[1].span)

    def with_from(self, parts: Parts) -> t.WithFrom:
        return t.WithFrom(parts[1].text, parts[3], _span(parts))

    def enum(self, parts: Parts) -> t.EnumStatement:
        return t.EnumStatement(parts[1].text, _names(parts, "TAG"), _span(parts))

    def instructions(self, parts: Parts) -> t.Instructions:
        return t.Instructions(parts[1].text, parts[3], _span(parts))

    def no_list(self, parts: Parts) -> tuple[t.Expr, ...]:
        return ()

    def some_list(self, parts: Parts) -> tuple[t.Expr, ...]:
        return tuple(_nodes(parts))

    def procedure(self, parts: Parts) -> t.Procedure:
        return t.Procedure(parts[1].text, parts[2], parts[4], parts[0].span.to(parts[-1].span))

    def procedure_rec(self, parts: Parts) -> t.Procedure:
        return replace(self.procedure([parts[0], *parts[2:]]), recursive=True)

    def call(self, parts: Parts) -> t.Call:
        alias = parts[3].text if parts[3] else None
        return t.Call(parts[1].text, _arguments(parts[2]), alias, _span(parts))

    def forall(self, parts: Parts) -> t.Forall:
        return t.Forall(parts[1].text, parts[3], parts[5], _span(parts))

    def if_else(self, parts: Parts) -> t.IfStatement:
        return t.IfStatement(parts[1], parts[-4], parts[-2], _span(parts))

    def if_only(self, parts: Parts) -> t.IfStatement:
        return t.IfStatement(parts[1], parts[-2], (), _span(parts))

    def match_steps(self, parts: Parts) -> t.MatchStatement:
        steps = tuple(p for p in parts if isinstance(p, t.MatchStep))
        return t.MatchStatement(parts[1], steps, _span(parts))

    def step_tag(self, parts: Parts) -> t.MatchStep:
        return t.MatchStep(parts[0].text, parts[2], parts[0].span)

    def step_any(self, parts: Parts) -> t.MatchStep:
        return t.MatchStep(None, parts[2], parts[0].span)


class _Bindings:
    def bindings(self, parts: Parts) -> tuple[t.Binding, ...]:
        return tuple(_nodes(parts))

    def value(self, parts: Parts) -> t.Binding:
        """``let f = fun x -> e`` is ``let f x = e``: under ``rec``, f may call itself."""
        name, value = parts[0].text, parts[2]
        if isinstance(value, t.Lambda):
            return t.Binding(name, value.parameters, value.body, _span(parts))
        return t.Binding(name, None, value, _span(parts))

    def function(self, parts: Parts) -> t.Binding:
        return t.Binding(parts[0].text, parts[1], parts[3], _span(parts))

    def several(self, parts: Parts) -> t.Binding:
        return t.Binding("", None, parts[-1], _span(parts), _patterns(parts))

    def bracketed(self, parts: Parts) -> t.Binding:
        """``let (a) = e``: the parentheses say nothing."""
        return replace(self.value(parts[1:2] + parts[3:]), span=_span(parts))

    def unnamed(self, parts: Parts) -> t.Binding:
        return t.Binding("_", None, parts[-1], _span(parts))

    def no_parameters(self, parts: Parts) -> tuple[str, ...]:
        return ()

    def some_parameters(self, parts: Parts) -> tuple[str, ...]:
        return _patterns(parts)

    def pattern(self, parts: Parts) -> Token:
        """A name, or ``_`` for a value that is not used."""
        token: Token = parts[0]
        return token


class _Expressions:
    def let_in(self, parts: Parts) -> t.LetIn:
        return t.LetIn(parts[1], False, parts[3], _span(parts))

    def let_rec_in(self, parts: Parts) -> t.LetIn:
        return t.LetIn(parts[2], True, parts[4], _span(parts))

    def fun(self, parts: Parts) -> t.Lambda:
        return t.Lambda(parts[1], parts[3], _span(parts))

    def if_expr(self, parts: Parts) -> t.If:
        return t.If(parts[1], parts[3], parts[5], _span(parts))

    def try_expr(self, parts: Parts) -> t.Try:
        return t.Try(parts[1], parts[3], _span(parts))

    def match(self, parts: Parts) -> t.Match:
        cases = tuple(p for p in parts if isinstance(p, t.MatchCase))
        return t.Match(parts[1], cases, _span(parts))

    def case_tag(self, parts: Parts) -> t.MatchCase:
        return t.MatchCase(self.tag(parts[:1]), parts[2], _span(parts))

    def case_empty(self, parts: Parts) -> t.MatchCase:
        return t.MatchCase(self.braces(parts[:2]), parts[3], _span(parts))

    def case_cons(self, parts: Parts) -> t.MatchCase:
        return t.MatchCase(_patterns(parts[:-1]), parts[4], _span(parts))

    def case_split(self, parts: Parts) -> t.MatchCase:
        return t.MatchCase(_patterns(parts[:-1]), parts[6], _span(parts))

    def case_any(self, parts: Parts) -> t.MatchCase:
        return t.MatchCase(None, parts[2], _span(parts))

    def binary(self, parts: Parts) -> t.Binary:
        return t.Binary(parts[1].text, parts[0], parts[2], _span(parts))

    def prefix(self, parts: Parts) -> t.Unary:
        return t.Unary("~", parts[1], _span(parts))

    def closure(self, parts: Parts) -> t.Unary:
        text = parts[1].text
        op = text if text == "^-1" else text[-1]
        return t.Unary(op, parts[0], _span(parts))

    def apply(self, parts: Parts) -> t.Apply:
        return t.Apply(parts[0], _arguments(parts[1]), _span(parts))

    def identity(self, parts: Parts) -> t.SetIdentity:
        return t.SetIdentity(parts[1], _span(parts))

    def zero(self, parts: Parts) -> t.EmptyRelation:
        return t.EmptyRelation(parts[0].span)

    def universe(self, parts: Parts) -> t.Universe:
        return t.Universe(parts[0].span)

    def name(self, parts: Parts) -> t.Name:
        return t.Name(parts[0].text, parts[0].span)

    def tag(self, parts: Parts) -> t.TagLiteral:
        return t.TagLiteral(parts[0].text, parts[0].span)

    def group(self, parts: Parts) -> t.Expr | t.Condition:
        # With its parentheses, so that the span of what contains it is whole.
        inside: t.Expr | t.Condition = replace(parts[1], span=_span(parts))
        return inside

    def tuple_expr(self, parts: Parts) -> t.TupleExpr:
        return t.TupleExpr(tuple(_nodes(parts)), _span(parts))

    def braces(self, parts: Parts) -> t.SetLiteral:
        return t.SetLiteral(tuple(_nodes(parts)), _span(parts))


class _Conditions:
    def logic(self, parts: Parts) -> t.Logic:
        return t.Logic(parts[1].text, (parts[0], parts[2]), _span(parts))

    def not_logic(self, parts: Parts) -> t.Logic:
        return t.Logic("not", (parts[1],), _span(parts))

    def variant(self, parts: Parts) -> t.VariantTest:
        return t.VariantTest(parts[0].text, parts[0].span)

    def named_variant(self, parts: Parts) -> t.VariantTest:
        """``if variant "name"``, as herd7 wrote it first."""
        word = parts[0]
        if word.text != "variant":
            hint = 'a variant is asked for by `if "name"`'
            raise InputError(f"`{word.text}` is not possible here", word.span, hint)
        return t.VariantTest(parts[1].text, _span(parts))

    def compare(self, parts: Parts) -> t.Compare:
        return t.Compare(parts[1].text, parts[0], parts[2], _span(parts))


class Builder(_Statements, _Bindings, _Expressions, _Conditions):
    """What the parser calls with the parts of each production, tokens included."""


def _arguments(argument: t.Expr) -> tuple[t.Expr, ...]:
    return argument.elements if isinstance(argument, t.TupleExpr) else (argument,)
