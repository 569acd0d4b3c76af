"""The second evaluator of memory models: a cat file's tree, applied to one candidate.

It shares nothing with the compiled evaluator (``ksmcheck.cat``) but the syntax tree, and is written
to be read beside "Syntax and semantics of the weak consistency model specification language cat"
(Alglave, Cousot, Maranget, 2016). It has the whole language, ``with x from S`` included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from ksmcheck.execution.plain_expressions import Expressions
from ksmcheck.execution.plain_names import Universe, functions, predefined
from ksmcheck.execution.plain_relations import (
    Pair,
    acyclic,
    difference,
    identity,
    intersection,
    inverse,
    irreflexive,
    pairs_in,
    union,
    within,
)
from ksmcheck.execution.plain_values import (
    Builtin,
    Function,
    Procedure,
    Relation,
    Scope,
    SortError,
    Tag,
    Value,
    events_of,
    family,
    in_order,
    is_empty,
    kind_of,
    members_in_order,
    members_of,
    rows,
)
from ksmcheck.record import Struct, replace
from ksmcheck.syntax import cat_tree as t
from ksmcheck.syntax.cat_depth import TOO_DEEP, deep
from ksmcheck.text import InputError, Source, Span

# Levels of statements in statements, and choices one after the other. Each takes some of the stack.
_MOST_NESTED = 1000

_NOWHERE = Span(Source("<map>", ""), 0, 0)


class PlainResult(Struct, frozen=True):
    """Names of the requirements that fail and of the flags that are raised, in file order."""

    failed: tuple[str, ...]
    flags: tuple[str, ...]


class Chosen(Struct, frozen=True):
    """What a model says when each ``with x from S`` has made its choice; ``rf`` and ``co`` are as
    the model has them at its end."""

    result: PlainResult
    rf: frozenset[Pair]
    co: frozenset[Pair]


def evaluate(
    statements: Sequence[t.Statement],
    universe: Universe,
    variants: frozenset[str] = frozenset(),
) -> PlainResult:
    """What a model says of one candidate execution.

    ``statements`` is ``CatModel.tree``. A check without a name is called ``kind@line``; a
    requirement in a procedure called ``as p`` is ``p.name``. The candidate has rf and co: ``with co
    from S`` (or rf) asks whether that co is in S, without making S where that is
    ``generate_cos(least)``. Of several choices of anything else, one without failures is enough.
    Raises InputError where something has no meaning.
    """
    with deep():
        found = list(_Run(universe, variants).results(statements))
    fine = [one.result for one in found if not one.result.failed]
    if not fine:
        return found[0].result if found else PlainResult(("no choice",), ())
    return PlainResult((), tuple(dict.fromkeys(f for one in fine for f in one.flags)))


def choices(
    statements: Sequence[t.Statement],
    universe: Universe,
    variants: frozenset[str] = frozenset(),
) -> Iterator[Chosen]:
    """Every choice that a model's ``with ... from`` can make, those of rf and co included.

    The candidate's own rf and co are where the model begins (herd7: rf of ordinary reads, no co).
    """
    found = _Run(universe, variants, free=True).results(statements)
    while True:
        with deep():  # not while the caller is at work
            one = next(found, None)
        if one is None:
            return
        yield one


class _State(Struct, frozen=True):
    """Where a run is: the names, and what was found so far."""

    scope: Scope
    failed: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class _Run:
    def __init__(self, universe: Universe, variants: frozenset[str], free: bool = False) -> None:
        self.universe = universe
        self.free = free
        self.depth = 0
        known: dict[str, Value] = {**functions(universe), **predefined(universe)}
        self.expressions = Expressions(universe, {}, variants, known)
        known["map"] = Builtin(1, lambda f: Builtin(1, lambda s: self.map(f, s)))

    def results(self, statements: Sequence[t.Statement]) -> Iterator[Chosen]:
        self.declare(statements)
        for state in self.all(statements, _State(self.expressions.known), ""):
            rf, co = (frozenset(pairs_in(rows(state.scope[name]))) for name in ("rf", "co"))
            yield Chosen(PlainResult(state.failed, state.flags), rf, co)

    def declare(self, statements: Sequence[t.Statement]) -> None:
        """Tags of all ``enum``s, before anything: a model may use them in an earlier file."""
        for s in statements:
            if isinstance(s, t.EnumStatement):
                self.expressions.declared.update(dict.fromkeys(s.tags, s.tags))

    def map(self, function: Value, values: Value) -> Value:
        """The set of each member's image (stdlib.cat)."""
        try:
            apply = self.expressions.apply
            return family(apply(function, [x], _NOWHERE) for x in members_in_order(values))
        except InputError as error:
            if error.diagnostic.span is not _NOWHERE:
                raise
            raise SortError(error.diagnostic.message) from None

    # Statements. Each gives the states that it can end in: several after ``with ... from``.

    def all(
        self, statements: Sequence[t.Statement], state: _State, prefix: str
    ) -> Iterator[_State]:
        self.depth += 1
        try:
            for number, s in enumerate(statements):
                if self.depth > _MOST_NESTED:
                    raise InputError(TOO_DEEP, s.span)
                ends = self.ends_of(s, state, prefix)
                if len(two := list(islice(ends, 2))) == 1:  # no choice: the run just goes on
                    (state,) = two
                    continue
                for one in chain(two, ends):
                    yield from self.all(statements[number + 1 :], one, prefix)
                return
            yield state
        finally:
            self.depth -= 1

    def ends_of(self, s: t.Statement, state: _State, prefix: str) -> Iterator[_State]:
        try:
            found = self.one(s, state, prefix)
            if isinstance(found, _State):
                yield found
            else:
                yield from found
        except RecursionError:
            raise InputError(TOO_DEEP, s.span) from None

    def one(self, s: t.Statement, state: _State, prefix: str) -> _State | Iterator[_State]:
        match s:
            case t.Let():
                return self.let(s, state, prefix)
            case t.CheckStatement():
                return self.check(s, state, prefix)
            case t.Procedure():
                return replace(state, scope={**state.scope, s.name: _procedure(s, state.scope)})
            case t.Call():
                return self.call(s, state, prefix)
            case t.EnumStatement(name, tags):
                group = family(Tag(tag) for tag in tags)
                return replace(state, scope={**state.scope, name: group})
            case t.IfStatement(condition, then, orelse):
                chosen = then if self.expressions.holds(condition, state.scope) else orelse
                return self.all(chosen, state, prefix)
            case t.MatchStatement():
                return self.all(self.step(s, state.scope), state, prefix)
            case t.WithFrom():
                return self.choose(s, state)
            case t.Forall():
                return self.each(s, state, prefix)
        return state

    def check(self, s: t.CheckStatement, state: _State, prefix: str) -> _State:
        try:
            value = self.expressions.value(s.expression, state.scope)
            fine = _holds(s.kind, value) != s.negated
        except SortError as error:
            raise InputError(str(error), s.expression.span) from None
        name = s.name or f"{s.kind}@{s.span.line}"
        # A flag says what it looks for, and is raised where that is so.
        raised = fine if s.role == "flag" else not fine
        if s.role == "check":
            return state if fine else replace(state, failed=(*state.failed, prefix + name))
        return replace(state, flags=(*state.flags, name)) if raised else state

    def let(self, s: t.Let, state: _State, prefix: str) -> _State:
        """``when``: the check has to hold after each round of the recursion (herd7's `fix`)."""
        after = [state]

        def holds(scope: Scope) -> bool:
            assert s.when is not None
            after[0] = self.check(s.when, replace(state, scope=scope), prefix)
            return after[0].failed == state.failed

        each = holds if s.when else None
        scope = self.expressions.bind(s.bindings, s.recursive, state.scope, each)
        return replace(after[0], scope=scope)

    def call(self, s: t.Call, state: _State, prefix: str) -> Iterator[_State]:
        steps = state.scope.get(s.name)
        if not isinstance(steps, Procedure):
            raise InputError(f"`{s.name}` is not a procedure", s.span)
        values = [self.expressions.value(a, state.scope) for a in s.arguments]
        given = self.expressions.spread(values, len(steps.parameters), s.span)
        inner = {**steps.scope, **dict(zip(steps.parameters, given, strict=True))}
        alias = f"{prefix}{s.alias}." if s.alias else prefix
        for one in self.all(steps.body, replace(state, scope=inner), alias):
            yield replace(one, scope=state.scope)

    def step(self, s: t.MatchStatement, scope: Scope) -> tuple[t.Statement, ...]:
        subject = self.expressions.value(s.subject, scope)
        if not isinstance(subject, Tag):
            raise InputError(f"a tag is needed, this is {kind_of(subject)}", s.subject.span)
        for step in s.steps:
            if step.tag in (None, subject.name):
                return step.body
        raise InputError(f"no case for '{subject.name}", s.span)

    def each(self, s: t.Forall, state: _State, prefix: str) -> Iterator[_State]:
        try:
            values = members_of(self.expressions.value(s.domain, state.scope))
        except SortError as error:
            raise InputError(str(error), s.domain.span) from None
        states = [state]
        for value in in_order(values):
            states = [
                replace(after, scope=before.scope)
                for before in states
                for after in self.all(
                    s.body, replace(before, scope={**before.scope, s.variable: value}), prefix
                )
            ]
        return iter(states)

    def choose(self, s: t.WithFrom, state: _State) -> _State | Iterator[_State]:
        given = s.name in ("rf", "co") and not self.free
        least = _least(s.choices, state.scope)
        if given and least is not None:
            return state if self.extends(least, state.scope) else iter(())
        try:
            values = members_of(self.expressions.value(s.choices, state.scope))
        except SortError as error:
            raise InputError(str(error), s.choices.span) from None
        ordered = in_order(values)
        if given:
            # Each coherence order is of some candidates. What is none is chosen for all of them.
            own = Relation(self.universe.relation(s.name))
            ordered = [v for v in ordered if v == own or (s.name == "co" and self.is_no_order(v))]
        return iter([replace(state, scope={**state.scope, s.name: v}) for v in ordered])

    def is_no_order(self, value: Value) -> bool:
        """Whether a relation does not order the writes of each location, and these alone."""
        if not isinstance(value, Relation):
            return True
        writes = self.universe.set("W")
        here = within(self.universe.relation("loc"), writes, writes)
        both = union(value.items, inverse(value.items))
        return both != difference(here, identity(writes)) or not acyclic(value.items)

    def extends(self, least: t.Expr, scope: Scope) -> bool:
        """Whether the candidate's co contains an order, where that is of one location's writes."""
        u = self.universe
        writes = events_of(scope["W"])
        wanted = within(rows(self.expressions.value(least, scope)), writes, writes)
        return not difference(intersection(wanted, u.relation("loc")), u.relation("co"))


def _procedure(s: t.Procedure, scope: Scope) -> Procedure:
    if not s.recursive:
        return Procedure(s.parameters, s.body, scope)
    inner = dict(scope)
    inner[s.name] = Procedure(s.parameters, s.body, inner)
    return Procedure(s.parameters, s.body, inner)


def _holds(kind: str, value: Value) -> bool:
    """Whether ``value`` is ``empty``, ``irreflexive`` or ``acyclic``."""
    if kind == "empty":
        return is_empty(value)
    steps = rows(value)
    return acyclic(steps) if kind == "acyclic" else irreflexive(steps)


def _least(e: t.Expr, scope: Scope) -> t.Expr | None:
    """For ``generate_cos(least)``: every coherence order that extends ``least``, by location. A
    model may have a function of that name that does something else."""
    match e:
        case t.Apply(t.Name("generate_cos" as name), (least,)):
            own = scope[name]
            file = own.body.span.source.name if isinstance(own, Function) else "cross.cat"
            return least if file.rstrip(">").endswith("cross.cat") else None
    return None
