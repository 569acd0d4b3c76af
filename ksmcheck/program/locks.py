"""Locks released without being held, taken twice, or never released, where that is certain.

That a thread ends with a lock is a mistake where the code itself says what must hold. In a test
that asks for final states it is the test's choice, and LKMM has a meaning for it: who waits for
that lock does not come to an end.

Each path through a thread is followed with the locks that it holds. A path on which two branches
look at related values may not exist, so nothing is said of it; nor of a lock whose address is not
constant, nor of all paths of a thread that has very many. What a local in memory holds is known as
long as no other thread can have its address; the lock of a guard that a test defines is in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ksmcheck.kernel.ints import IntType
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.program.fold import registers, substitute
from ksmcheck.program.ir import (
    Access,
    Block,
    Branch,
    Cell,
    Const,
    End,
    Expr,
    Jump,
    Op,
    Origin,
    Set,
    Use,
)
from ksmcheck.record import Struct, field, replace
from ksmcheck.text import InputError, Note

PATHS = 2000
"""Paths followed in one thread, at most."""

_STATES = 20_000
"""Blocks, each with locks that may be held before it, that are looked at, at most."""

RCU = "rcu_read_lock"
_READS, _WRITES = ("rwlock-read", "rwsem-read"), ("rwlock-write", "rwsem-write")
_ALONE = ("spin", "mutex", *_WRITES)
_ACTIONS = (
    ("take", frozenset(f"{kind}-lock" for kind in (*_ALONE, *_READS))),
    ("try", frozenset(f"{kind}-trylock" for kind in (*_ALONE, *_READS))),
    ("release", frozenset(f"{kind}-unlock" for kind in (*_ALONE, *_READS))),
    ("downgrade", frozenset(("rwsem-downgrade",))),
)
_SHARED = frozenset(f"{kind}-{what}lock" for kind in _READS for what in ("", "try", "un"))

Lock = int | str
"""The lock's address, also as text where its readers share it; or RCU's read side."""


class _Path(Struct, frozen=True):
    """``held`` with where each was taken; ``sources`` of what each register derives from.

    ``seen`` are the sources that branches have looked at; ``doubtful``: two of them are related.
    The values of registers, and of ``cells`` (locals in memory, by address), are this path's own
    until it comes to a branch. ``told``: another thread may have a local's address.
    """

    block: int = 0
    held: tuple[tuple[Lock, Origin], ...] = ()
    constants: dict[str, Const] = field(default_factory=dict)
    sources: dict[str, frozenset[str]] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    doubtful: bool = False
    cells: dict[int, Const] = field(default_factory=dict)
    told: bool = False

    def holds(self, lock: Lock) -> Origin | None:
        return next((origin for held, origin in reversed(self.held) if held == lock), None)

    def take(self, lock: Lock, origin: Origin) -> _Path:
        return replace(self, held=(*self.held, (lock, origin)))

    def release(self, lock: Lock) -> _Path:
        last = max(i for i, (held, _) in enumerate(self.held) if held == lock)
        return replace(self, held=self.held[:last] + self.held[last + 1 :])

    def apart(self) -> _Path:
        """The same path, with values of its own."""
        return replace(
            self,
            constants=dict(self.constants),
            sources=dict(self.sources),
            cells=dict(self.cells),
        )

    def assign(self, register: str, value: Const | None, sources: frozenset[str]) -> None:
        if value is not None:
            self.constants[register] = value
        else:
            self.constants.pop(register, None)
        self.sources[register] = sources


def check_locks(
    blocks: tuple[Block, ...],
    primitives: Mapping[str, Primitive],
    cells: Iterable[Cell],
    *,
    may_keep: bool = False,
) -> None:
    """Raises InputError for unbalanced use of a lock at a constant address, or of RCU.

    ``cells`` are those of the program. ``may_keep``: the thread may end with a lock; not within
    RCU's read side.
    """
    locals = {cell.address: cell.type for cell in cells if cell.local is not None}
    plain = _Plain(blocks, primitives, may_keep)
    todo, count = [_Path()], 0
    while todo:
        path = todo.pop()
        if path.doubtful or plain.balanced(path.block, tuple(lock for lock, _ in path.held)):
            continue
        count += 1
        if count > PATHS:
            return
        todo += _through(path, blocks, primitives, locals, may_keep)


class _Plain:
    """From where all is well on every path, possible or not: no such path has to be followed."""

    def __init__(
        self, blocks: tuple[Block, ...], primitives: Mapping[str, Primitive], may_keep: bool
    ) -> None:
        self._blocks = blocks
        self._primitives = primitives
        self._may_keep = may_keep
        self._known: dict[tuple[int, tuple[Lock, ...]], bool] = {}

    def balanced(self, number: int, held: tuple[Lock, ...]) -> bool:
        """With these locks held before the block; blocks lead to later ones alone."""
        todo = [(number, held)]
        while todo:
            if len(self._known) + len(todo) > _STATES:
                return self._known.get((number, held), False)
            before = todo[-1]
            after = None if before in self._known else self._after(*before)
            if after is not None and (open := [x for x in after if x not in self._known]):
                todo += open
                continue
            if after is not None:
                self._known[before] = all(self._known[x] for x in after)
            todo.pop()
        return self._known[number, held]

    def _after(
        self, number: int, held: tuple[Lock, ...]
    ) -> list[tuple[int, tuple[Lock, ...]]] | None:
        """Where the block leads, with what; None, and known, where it is not well in itself."""
        block = self._blocks[number]
        now = _held_after(block, held, self._primitives)
        kept = isinstance(block.end, End) and now is not None
        if now is None or (kept and any(k == RCU or not self._may_keep for k in now)):
            self._known[number, held] = False
            return None
        return [(target, now) for target in _targets(block)]


def _held_after(
    block: Block, held: tuple[Lock, ...], primitives: Mapping[str, Primitive]
) -> tuple[Lock, ...] | None:
    """None where that is not plain to see."""
    for instr in block.instrs:
        if not isinstance(instr, Access):
            continue
        action = _action(instr, primitives)
        if action is None:
            continue
        lock = _lock(_Path(), instr, primitives)
        if lock is None or action == "try":
            return None
        if action == "take":
            if _excluded(lock, held) is not None:
                return None
            held = (*held, lock)
        elif lock not in held:
            return None
        else:
            last = max(i for i, kept in enumerate(held) if kept == lock)
            held = held[:last] + held[last + 1 :]
            if action == "downgrade":
                held = (*held, str(lock))
    return held


def _excluded(lock: Lock, held: Iterable[Lock]) -> Lock | None:
    """The lock among ``held`` for which a thread that takes ``lock`` would wait for ever. Readers
    may come in again."""
    if lock == RCU:
        return None
    others = (lock, str(lock)) if isinstance(lock, int) else (int(lock),)
    return next((h for h in held if h in others), None)


def _targets(block: Block) -> tuple[int, ...]:
    if isinstance(block.end, Jump):
        return (block.end.target,)
    return (block.end.then, block.end.otherwise) if isinstance(block.end, Branch) else ()


def _through(
    path: _Path,
    blocks: tuple[Block, ...],
    primitives: Mapping[str, Primitive],
    locals: Mapping[int, IntType],
    may_keep: bool,
) -> list[_Path]:
    """The paths on from ``path``, with its block behind them."""
    paths = [path.apart()]
    for instr in blocks[path.block].instrs:
        if isinstance(instr, Set):
            for each in paths:
                _set(each, instr)
        elif isinstance(instr, Access):
            known = [_remembered(p, instr, locals) for p in paths]
            paths = [after for p in known for after in _access(p, instr, primitives)]
    end = blocks[path.block].end
    if isinstance(end, Jump):
        return [replace(p, block=end.target) for p in paths]
    if isinstance(end, Branch):
        return [after for p in paths for after in _branch(p, end)]
    if isinstance(end, End):
        for path in paths:
            kept = [(k, o) for k, o in path.held if k == RCU or not may_keep]
            if kept and not path.doubtful:
                raise _left(*kept[-1])
    return []


def _set(path: _Path, instr: Set) -> None:
    value = substitute(instr.expr, path.constants)
    known = value if isinstance(value, Const) else None
    path.assign(instr.reg, known, _sources(path, value))


def _sources(path: _Path, expr: Expr) -> frozenset[str]:
    return frozenset(s for r in registers(expr) for s in path.sources.get(r, (r,)))


def _branch(path: _Path, end: Branch) -> Iterator[_Path]:
    condition = substitute(end.condition, path.constants)
    if isinstance(condition, Const):
        yield replace(path, block=end.then if condition.value else end.otherwise)
        return
    sources = _sources(path, condition)
    doubtful = path.doubtful or bool(sources & path.seen)
    for taken, target in ((True, end.then), (False, end.otherwise)):
        known = _learned(condition, taken)
        constants = {**path.constants, **known} if known else path.constants
        seen = path.seen | sources
        yield replace(path, block=target, constants=constants, seen=seen, doubtful=doubtful)


def _learned(condition: Expr, taken: bool) -> dict[str, Const]:
    """``r == 3`` taken, or ``r != 3`` not taken, says what r is."""
    if isinstance(condition, Op) and condition.op == ("eq" if taken else "ne"):
        left, right = condition.args
        if isinstance(left, Use) and isinstance(right, Const):
            return {left.reg: right}
    return {}


def _action(access: Access, primitives: Mapping[str, Primitive]) -> str | None:
    if access.name in (RCU, "rcu_read_unlock"):
        return "take" if access.name == RCU else "release"
    classes = (
        frozenset(primitives[access.name].classes) if access.name in primitives else frozenset()
    )
    return next((action for action, names in _ACTIONS if classes & names), None)


def _access(path: _Path, access: Access, primitives: Mapping[str, Primitive]) -> list[_Path]:
    action = _action(access, primitives)
    lock = _lock(path, access, primitives) if action else None
    if action == "try" and lock is not None and access.dst is None:
        if _excluded(lock, (held for held, _ in path.held)) is not None:
            return [path]
        return [path.take(lock, access.origin).apart(), path]
    if action == "try" and lock is not None and access.dst is not None:
        assert access.result_type is not None
        yes, no = Const(1, access.result_type), Const(0, access.result_type)
        got = path.take(lock, access.origin).apart()
        got.assign(access.dst, yes, frozenset())
        path.assign(access.dst, no, frozenset())
        fails = _excluded(lock, (held for held, _ in path.held)) is not None
        return [path] if fails else [got, path]
    if access.dst is not None:
        value = _loaded(path, access)
        source = frozenset[str]() if value is not None else frozenset((_source(path, access),))
        path.assign(access.dst, value, source)
    if action is None:
        return [path]
    if lock is None:
        return [replace(path, doubtful=True)]
    if action == "take":
        other = _excluded(lock, (held for held, _ in path.held))
        before = None if other is None else path.holds(other)
        if before is not None and not path.doubtful:
            raise _twice(access, before)
        return [path.take(lock, access.origin)]
    if path.holds(lock) is None:
        if not path.doubtful:
            raise _not_held(access)
        return [path]
    released = path.release(lock)
    return [released.take(str(lock), access.origin) if action == "downgrade" else released]


def _remembered(path: _Path, access: Access, locals: Mapping[int, IntType]) -> _Path:
    """The path with what locals in memory hold behind an access."""
    if access.name == "load" or not access.args or not locals:
        return path
    place, *values = (substitute(a, path.constants) for a in access.args)
    at = place.value if isinstance(place, Const) else None
    if at not in locals and any(n in locals for v in values for n in _numbers(v)):
        return replace(path, cells={}, told=True)
    if at is None:
        path.cells.clear()
        return path
    path.cells.pop(at, None)
    value = values[0] if access.name == "store" else None
    if isinstance(value, Const) and locals.get(at) == access.cell_type and not path.told:
        path.cells[at] = value
    return path


def _numbers(expr: Expr) -> Iterator[int]:
    """The constants in an expression: it may be the address of a local."""
    if isinstance(expr, Const):
        yield expr.value
    elif isinstance(expr, Op):
        for arg in expr.args:
            yield from _numbers(arg)


def _loaded(path: _Path, access: Access) -> Const | None:
    """What a plain read of a local in memory gives, where that is known."""
    if access.name != "load":
        return None
    place = substitute(access.args[0], path.constants)
    found = path.cells.get(place.value) if isinstance(place, Const) else None
    return found if found is not None and found.type == access.result_type else None


def _source(path: _Path, access: Access) -> str:
    """Two reads of one place are related; others count as independent."""
    constants = [substitute(a, path.constants) for a in access.args]
    places = [c.value for c in constants if isinstance(c, Const)]
    return f"{places}" if len(places) == len(constants) and places else access.dst or ""


def _lock(path: _Path, access: Access, primitives: Mapping[str, Primitive]) -> Lock | None:
    if access.name in (RCU, "rcu_read_unlock"):
        return RCU
    address = substitute(access.args[0], path.constants)
    if not isinstance(address, Const):
        return None
    shared = not _SHARED.isdisjoint(primitives[access.name].classes)
    return str(address.value) if shared else address.value


def _not_held(access: Access) -> InputError:
    message = f"{access.name} releases what this thread does not hold here"
    return InputError(message, access.origin.span, hint="take the lock first, on every path")


def _twice(access: Access, before: Origin) -> InputError:
    notes = (Note("it was taken here", before.span),)
    message = f"{access.name} takes what this thread holds already: it would wait for ever"
    return InputError(message, access.origin.span, notes=notes)


def _left(lock: Lock, origin: Origin) -> InputError:
    what = "the RCU read side" if lock == RCU else "the lock"
    message = f"on some path the thread ends and {what} taken here is not released"
    return InputError(message, origin.span, hint="release it on every path")
