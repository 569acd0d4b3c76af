"""``guard(spinlock)(&l);`` and ``scoped_guard(spinlock, &l) ...``, written out.

The kernel's guards are variables with a destructor (include/linux/cleanup.h): what takes the lock
stands where the guard does, what releases it on every way out of the guard's block. Here the tree
gets these calls, the latest guard's first, so that nothing behind the parser knows of guards. They
stand where control leaves, with the call itself as what a macro brought.

What the kernel's own definitions give follows: the argument is evaluated once, a value that is
returned before the lock is released, and ``break`` or ``continue`` in a scoped guard leave only it,
for it is a loop. A jump into a guard's scope has no meaning (GCC releases what nobody took).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn

from ksmcheck.record import Struct, replace
from ksmcheck.syntax.c_ast import (
    CLEANUP,
    MADE_UP,
    Assign,
    Block,
    Break,
    Call,
    Case,
    Continue,
    Declaration,
    DeclGroup,
    DoWhile,
    Expr,
    ExprStmt,
    For,
    Goto,
    Guard,
    If,
    IntLit,
    Label,
    Member,
    Name,
    NamedType,
    Return,
    StatementExpr,
    Stmt,
    Switch,
    TypeExpr,
    TypeofType,
    Unary,
    While,
)
from ksmcheck.syntax.c_freed import FREES, freed
from ksmcheck.text import InputError, Note, Source, Span
from ksmcheck.text.diagnostic import GUARD
from ksmcheck.text.spelling import did_you_mean

SINCE = "6.5"
"""The first kernel with guards."""


class _Kind(Struct, frozen=True):
    """``lock`` and ``unlock`` are functions of ``arguments`` arguments: a pointer, and perhaps a
    place for ``flags``. ``index``: what the one returns the other is given. ``may_fail``: the
    one returns whether it took the lock; ``killed``: it might be interrupted, and never is."""

    lock: str
    unlock: str
    arguments: int = 1
    flags: bool = False
    index: bool = False
    may_fail: bool = False
    killed: bool = False

    @property
    def conditional(self) -> bool:
        return self.may_fail or self.killed


def _kinds() -> dict[str, _Kind]:
    """DEFINE_GUARD, DEFINE_LOCK_GUARD_0 and _1 of linux/spinlock.h, mutex.h, rwsem.h, rcupdate.h,
    srcu.h, preempt.h and irqflags.h (6.12)."""
    found = {
        "mutex": _Kind("mutex_lock", "mutex_unlock"),
        "mutex_try": _Kind("mutex_trylock", "mutex_unlock", may_fail=True),
        "mutex_intr": _Kind("mutex_lock", "mutex_unlock", killed=True),
        "rwsem_read_intr": _Kind("down_read", "up_read", killed=True),
        "rcu": _Kind("rcu_read_lock", "rcu_read_unlock", 0),
        "srcu": _Kind("srcu_read_lock", "srcu_read_unlock", index=True),
        "raw_spinlock_nested": _Kind("raw_spin_lock", "raw_spin_unlock"),
        # Interrupts and preemption are not modelled: what is left is a barrier to the compiler.
        **{name: _Kind("barrier", "barrier", 0) for name in ("preempt", "irq", "irqsave")},
    }
    for kind, function in (("spinlock", "spin"), ("raw_spinlock", "raw_spin")):
        for way in ("", "_irq", "_bh", "_irqsave"):
            saves = way == "_irqsave"
            unlock = f"{function}_unlock{'_irqrestore' if saves else way}"
            found[kind + way] = _Kind(f"{function}_lock{way}", unlock, flags=saves)
            tried = _Kind(f"{function}_trylock{way}", unlock, flags=saves, may_fail=True)
            found[f"{kind}{way}_try"] = tried
    for side in ("read", "write"):
        for way in ("", "_irq", "_irqsave"):
            saves = way == "_irqsave"
            unlock = f"{side}_unlock{'_irqrestore' if saves else way}"
            found[f"{side}_lock{way}"] = _Kind(f"{side}_lock{way}", unlock, flags=saves)
        found[f"rwsem_{side}"] = _Kind(f"down_{side}", f"up_{side}")
        found[f"rwsem_{side}_try"] = _Kind(f"down_{side}_trylock", f"up_{side}", may_fail=True)
    return found


class _Held(Struct, frozen=True):
    """A guard in whose scope a statement is. ``key`` tells it from others, ``release`` is the call
    without a place; ``frees`` where it is a call that the test does not define (``c_freed``)."""

    key: int
    release: Call
    span: Span
    frees: bool = False


class _Way(Struct, frozen=True):
    """Where ``break`` or ``continue`` leads: which guards are held there, and the label of the end
    of a scoped guard if it is that."""

    held: tuple[_Held, ...] = ()
    label: str | None = None


class _Around(Struct, frozen=True):
    """``held`` are the guards in whose scope a statement is, the latest last; ``cases`` those
    around the ``switch`` that its case labels belong to."""

    held: tuple[_Held, ...] = ()
    stop: _Way = _Way()
    again: _Way = _Way()
    cases: tuple[_Held, ...] = ()


def without_guards(
    body: Block, result: TypeExpr, guards: Iterable[Guard], declared: Callable[[str], bool]
) -> Block:
    """The body of a function that returns a ``result``, with calls for its ``guards``; ``declared``
    tells the names that the test has. Raises InputError."""
    writer = _Writer(result, declared)
    writer.labels(body, ())
    written = writer.block(body, _Around())
    for guard in guards:
        if id(guard) not in writer.seen:
            what = "cleanup" if guard.kind == CLEANUP else "guard"
            hint = "put what it guards into a function"
            raise InputError(f"a {what} inside a value is not supported", guard.span, hint)
    return written


class _Writer:
    """One function. ``seen`` are the numbers of guards that have been written out, by ``id``;
    ``declared`` are the names of variables that its blocks have."""

    def __init__(self, result: TypeExpr, is_known: Callable[[str], bool]) -> None:
        self.kinds = _kinds()
        self.result = result
        self.is_known = is_known
        self.label_scopes: dict[str, tuple[int, ...]] = {}
        self.declared: set[str] = set()
        self.left: set[str] = set()
        self.seen: dict[int, int] = {}

    # --- where labels stand -------------------------------------------------------------------

    def labels(self, node: Stmt, held: tuple[int, ...]) -> None:
        """Notes in the scope of which guards each label is, and the names of variables."""
        if isinstance(node, Block):
            for inner in node.body:
                self.labels(inner, held)
                if isinstance(inner, Guard) and inner.body is None:
                    held = (*held, id(inner))
            return
        if isinstance(node, Label):
            self.label_scopes[node.name] = held
        elif isinstance(node, Declaration):
            self.declared.add(node.name)
        elif isinstance(node, Guard):
            held = (*held, id(node))
        for part in _statements_in(node):
            self.labels(part, held)

    # --- statements ---------------------------------------------------------------------------

    def block(self, block: Block, around: _Around) -> Block:
        body: list[Stmt] = []
        inner = around
        for stmt in block.body:
            if isinstance(stmt, Guard) and stmt.body is None:
                taken, held = self._take(stmt)
                body += taken
                inner = replace(inner, held=(*inner.held, held))
            else:
                body.append(self.statement(stmt, inner))
        if not _leaves(block.body):
            body += _releases(inner.held[len(around.held) :], _end(block.span))
        return replace(block, body=tuple(body))

    def statement(self, stmt: Stmt, around: _Around) -> Stmt:
        if isinstance(stmt, Block):
            return self.block(stmt, around)
        if isinstance(stmt, Guard):
            return self._scoped(stmt, around)
        if isinstance(stmt, Return | Goto | Break | Continue):
            return self._jump(stmt, around)
        if isinstance(stmt, ExprStmt) and isinstance(stmt.expr, StatementExpr):
            # One whose value nobody wants is a block.
            body = self.block(stmt.expr.body, around)
            return replace(stmt, expr=replace(stmt.expr, body=body))
        return self._compound(stmt, around)

    def _compound(self, stmt: Stmt, around: _Around) -> Stmt:
        """A statement with others in it."""
        if isinstance(stmt, If):
            otherwise = stmt.otherwise
            if otherwise is not None:
                otherwise = self.statement(otherwise, around)
            return replace(stmt, then=self.statement(stmt.then, around), otherwise=otherwise)
        if isinstance(stmt, While | DoWhile | For):
            way = _Way(around.held)
            return replace(
                stmt, body=self.statement(stmt.body, replace(around, stop=way, again=way))
            )
        if isinstance(stmt, Switch):
            inner = replace(around, stop=_Way(around.held), cases=around.held)
            return replace(stmt, body=self.statement(stmt.body, inner))
        if isinstance(stmt, Case) and around.held != around.cases:
            self._into_scope("case", stmt.span, around.held[-1].span)
        if isinstance(stmt, Case | Label):
            return replace(stmt, body=self.statement(stmt.body, around))
        return stmt

    def _jump(self, stmt: Return | Goto | Break | Continue, around: _Around) -> Stmt:
        if isinstance(stmt, Return):
            return self._return(stmt, around) if around.held else stmt
        if isinstance(stmt, Goto):
            target = self.label_scopes.get(stmt.label, ())
            if tuple(one.key for one in around.held[: len(target)]) != target:
                self._into_scope("jump", stmt.span, None)
            return _after(_releases(around.held[len(target) :], stmt.span), stmt)
        way = around.stop if isinstance(stmt, Break) else around.again
        releases = _releases(around.held[len(way.held) :], stmt.span)
        if way.label is None:
            return _after(releases, stmt)
        self.left.add(way.label)
        return _after(releases, Goto(way.label, stmt.span))

    def _return(self, stmt: Return, around: _Around) -> Stmt:
        releases = _releases(around.held, stmt.span)
        value = stmt.value
        if value is None or isinstance(value, IntLit):
            return _after(releases, stmt)
        if isinstance(self.result, NamedType) and self.result.name == "void":
            first: Stmt = ExprStmt(value, value.span)
            return _after([first, *releases], replace(stmt, value=None))
        name = Name(f"{MADE_UP}result", value.span)
        first = Declaration(name.name, self.result, value, value.span)
        return _after([first, *releases], replace(stmt, value=name))

    def _into_scope(self, what: str, span: Span, guard: Span | None) -> NoReturn:
        notes = () if guard is None else (Note("the guard", guard),)
        hint = "put the guard and what it guards into { ... }"
        message = f"this {what} leads into the scope of a guard that has not been passed"
        raise InputError(message, span, hint, notes)

    # --- guards -------------------------------------------------------------------------------

    def _scoped(self, guard: Guard, around: _Around) -> Stmt:
        if guard.body is None:
            message = "a guard declares a variable: it stands in a block by itself"
            raise InputError(message, guard.span, "use scoped_guard, or put it into { ... }")
        taken, held = self._take(guard)
        label = f"{MADE_UP}{self.seen[id(guard)]}.end"
        way = _Way(around.held, label)
        inner = replace(around, held=(*around.held, held), stop=way, again=way)
        end = _end(guard.body.span)
        releases = _releases((held,), end)
        body: list[Stmt] = [self.statement(guard.body, inner), *releases]
        found = self._condition(guard, taken)
        if found is not None:
            first, holds = found
            fail = guard.fail
            if fail is not None:
                fail = self.statement(fail, replace(around, stop=way, again=way))
            held_body = Block(tuple(body), guard.span)
            whole: list[Stmt] = [*first, If(holds, held_body, fail, guard.span)]
        else:
            whole = [*taken, *body]
        if label in self.left:
            whole.append(Label(label, Block((), end), end))
        return Block(tuple(whole), guard.span)

    def _condition(self, guard: Guard, taken: list[Stmt]) -> tuple[list[Stmt], Expr] | None:
        """Of a guard that may not hold its lock: what comes first, and whether it does."""
        span = guard.span
        if self.is_known(f"class_{guard.kind}_constructor"):
            if not self._may_fail(guard):
                return None
            value = Unary("&", Name(f"{MADE_UP}{self.seen[id(guard)]}", span), span)
            return taken, Call(Name(f"class_{guard.kind}_lock_ptr", span), (value,), span)
        kind = self.kinds.get(guard.kind)
        if kind is None or not kind.conditional:
            return None
        if not kind.may_fail:
            return taken, IntLit(1, "1", span)
        last = taken[-1]
        assert isinstance(last, ExprStmt)
        return taken[:-1], last.expr

    def _may_fail(self, guard: Guard) -> bool:
        """Of a guard that the test defines (DEFINE_GUARD_COND)."""
        return self.is_known(f"class_{guard.kind}_lock_ptr")

    def _may_not_hold(self, guard: Guard) -> NoReturn:
        hint = f"use scoped_guard({guard.kind}, ...)"
        raise InputError(f"guard({guard.kind}) may not hold its lock", guard.span, hint)

    def _take(self, guard: Guard) -> tuple[list[Stmt], _Held]:
        """The statements that take the lock, and what is held then."""
        if guard.kind == CLEANUP:
            return self._cleaned(guard)
        if self.is_known(f"class_{guard.kind}_constructor"):
            if guard.fail is not None and not self._may_fail(guard):
                self._never_fails(guard)
            if guard.body is None and self._may_fail(guard):
                self._may_not_hold(guard)
            return self._of_class(guard)
        kind = self.kinds.get(guard.kind)
        if kind is None:
            self._unknown(guard)
        word = "scoped_guard" if guard.body is not None else "guard"
        if guard.fail is not None and not kind.conditional:
            self._never_fails(guard)
        if len(guard.args) != kind.arguments:
            count = "no arguments" if kind.arguments == 0 else "one argument"
            raise InputError(f"{word}({guard.kind}) takes {count}", guard.span)
        if kind.conditional and guard.body is None:
            self._may_not_hold(guard)
        number = self.seen[id(guard)] = len(self.seen) + 1
        before: list[Stmt] = []
        args = guard.args
        if args and not self._is_fixed(args[0]):
            name = Name(f"{MADE_UP}{number}", args[0].span)
            before.append(
                Declaration(name.name, TypeofType(args[0], args[0].span), args[0], args[0].span)
            )
            args = (name,)
        if kind.flags:
            args = (*args, IntLit(0, "0", guard.span))
        take = _call(kind.lock, args, guard.span)
        release = args
        if kind.index:
            index = Name(f"{MADE_UP}{number}.index", guard.span)
            type_ = NamedType("int", guard.span)
            before.append(Declaration(index.name, type_, take, guard.span))
            release = (*args, index)
        else:
            before.append(ExprStmt(take, take.span))
        call = Call(Name(kind.unlock, guard.span), release, guard.span)
        return before, _Held(id(guard), call, guard.span)

    def _cleaned(self, guard: Guard) -> tuple[list[Stmt], _Held]:
        """A variable with a cleanup, behind its declaration. Its address is kept: where control
        leaves, its name may be another's."""
        function, variable, *first = guard.args
        assert isinstance(function, Name)
        number = self.seen[id(guard)] = len(self.seen) + 1
        address = Unary("&", variable, guard.span)
        name = Name(f"{MADE_UP}{number}", variable.span)
        kept = Declaration(name.name, TypeofType(address, guard.span), address, guard.span)
        call = Call(function, (name,), guard.span)
        frees = function.name in FREES and not self.is_known(function.name)
        given = [Assign("=", variable, value, guard.span) for value in first]
        before = [ExprStmt(assign, guard.span) for assign in given]
        return [*before, kept], _Held(id(guard), call, guard.span, frees)

    def _of_class(self, guard: Guard) -> tuple[list[Stmt], _Held]:
        """A guard that the test defines (DEFINE_GUARD)."""
        span, name = guard.span, f"class_{guard.kind}"
        number = self.seen[id(guard)] = len(self.seen) + 1
        made = Call(Name(f"{name}_constructor", span), guard.args, span)
        value = Name(f"{MADE_UP}{number}", span)
        kept = Declaration(value.name, NamedType(f"{name}_t", span), made, span)
        address = Unary("&", value, span)
        release = Call(Name(f"{name}_destructor", span), (address,), span)
        return [kept], _Held(id(guard), release, span)

    def _is_fixed(self, expr: Expr) -> bool:
        """Whether it is the same address wherever it is evaluated, without an access: ``&s.lock``.
        A name that a block declares may be another variable's where control leaves."""
        if not isinstance(expr, Unary) or expr.op != "&":
            return False
        place = expr.operand
        while isinstance(place, Member) and not place.arrow:
            place = place.base
        return isinstance(place, Name) and place.name not in self.declared

    def _never_fails(self, guard: Guard) -> NoReturn:
        message = f"a guard of kind '{guard.kind}' always holds its lock"
        raise InputError(message, guard.span, f"use scoped_guard({guard.kind}, ...)")

    def _unknown(self, guard: Guard) -> NoReturn:
        known = ", ".join(k for k in self.kinds if "_" not in k)
        hint = did_you_mean(guard.kind, self.kinds) or f"there are {known} and their like"
        raise InputError(f"guards of kind '{guard.kind}' are not supported", guard.span, hint)


def _statements_in(node: Stmt) -> Iterator[Stmt]:
    """The statements directly inside of one that is no block."""
    if isinstance(node, If):
        yield node.then
        if node.otherwise is not None:
            yield node.otherwise
    elif isinstance(node, DeclGroup):
        yield from node.body
    elif isinstance(node, While | DoWhile | For | Switch | Case | Label):
        yield from node.init if isinstance(node, For) else ()
        yield node.body
    elif isinstance(node, Guard):
        yield from (part for part in (node.body, node.fail) if part is not None)
    elif isinstance(node, ExprStmt) and isinstance(node.expr, StatementExpr):
        yield node.expr.body


def _leaves(body: tuple[Stmt, ...]) -> bool:
    """Whether a block's last statement is a jump: nothing comes to its end."""
    last = body[-1] if body else None
    while isinstance(last, Label | Case):
        last = last.body
    return isinstance(last, Return | Goto | Break | Continue)


def _call(function: str, args: tuple[Expr, ...], span: Span) -> Call:
    """A call that stands at ``span`` as if a macro had brought it."""
    written = Source(GUARD, function)
    place = Span(written, 0, len(function))
    if span.via is not None:
        place = Span(span.via.source, span.via.start, span.via.end, place)
    brought = Span(span.source, span.start, span.end, place)
    return Call(Name(function, brought), args, brought)


def _releases(held: tuple[_Held, ...], span: Span) -> list[Stmt]:
    """The calls that release guards where control leaves their scope at ``span``."""
    calls = [_call(one.release.callee.name, _exprs(one.release), span) for one in reversed(held)]
    pairs = zip(reversed(held), calls, strict=True)
    return [freed(call) if one.frees else ExprStmt(call, call.span) for one, call in pairs]


def _exprs(call: Call) -> tuple[Expr, ...]:
    return call.args  # type: ignore[return-value]


def _after(first: list[Stmt], last: Stmt) -> Stmt:
    return Block((*first, last), last.span) if first else last


def _end(span: Span) -> Span:
    """The brace at the end."""
    return Span(span.source, span.end - 1, span.end, span.via)
