"""What the text of a function tells by itself, found out once for all replays that run it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeAlias

from ksmcheck.execution.concrete import Concrete
from ksmcheck.execution.flow import Flow
from ksmcheck.execution.joins import Loops
from ksmcheck.program.tree import walk
from ksmcheck.record import Struct, field
from ksmcheck.syntax import c_ast as c
from ksmcheck.syntax.litmus_ast import LitmusTest

Key: TypeAlias = tuple[int, str, int]
"""A scalar of a local: identity of its declaration (0 for a register without one), name, offset."""

Known: TypeAlias = Mapping[Key, Concrete]


Parts: TypeAlias = tuple[tuple[int, Concrete], ...]
"""Of a struct, by offset, the values that are fixed."""


class Consult(Struct, frozen=True):
    """A function was called with these arguments, and this is what came of it (an ``Answer``'s
    value). That is all that whoever called it has learned of the function."""

    name: str
    arguments: tuple[Any, ...]
    value: Concrete | Parts | type[Exception]


class Outlook(Struct, frozen=True):
    """``join``: the point where the ways from a branch meet. ``known``: what is fixed there, and
    ``meets`` what is fixed at points before it where some of them do.

    ``called``: the functions looked into for that, which may be others in another variant;
    ``consults``: what was asked of those that were called from here.
    """

    join: int
    known: Known
    called: tuple[c.Function, ...] = ()
    consults: tuple[Consult, ...] = ()
    meets: Mapping[int, Known] = field(default_factory=dict)


class Answer(Struct, frozen=True):
    """``value``: what a call of a function gives whatever way it takes, or why that is not known.

    ``called`` and ``consults`` as in ``Outlook``, the function itself among the called.
    """

    value: Concrete | Parts | type[Exception]
    called: tuple[c.Function, ...]
    consults: tuple[Consult, ...] = ()


class Body(Struct, frozen=True, eq=False, dict=True):
    """The body of a function, or ``tree``, a block inside an expression of it.

    ``addressed``: the locals that are in memory. ``outlooks``: what came of looking ahead
    (``foresight``), by all that it depends on, and ``answers`` of calls, by their arguments.
    """

    function: c.Function
    tree: c.Function | c.StatementExpr
    flow: Flow
    loops: Loops
    addressed: frozenset[str]
    outlooks: dict[Hashable, Outlook] = field(default_factory=dict)
    answers: dict[Hashable, Answer] = field(default_factory=dict)

    @cached_property
    def declared(self) -> list[c.Declaration]:
        """Every declaration in the function, in inner blocks too."""
        return [node for node in walk(self.function) if isinstance(node, c.Declaration)]

    @cached_property
    def calls(self) -> frozenset[str] | None:
        """What the function calls; None where it may go round in itself, or a pointer
        tells what it calls."""
        nodes = list(walk(self.function))
        if any(isinstance(node, _ROUND) for node in nodes):
            return None
        return frozenset(node.callee.name for node in nodes if isinstance(node, c.Call))

    @cached_property
    def declarations(self) -> dict[int, c.Declaration | c.Param]:
        """Those that some point can see, by identity."""
        seen = {id(d): d for point in self.flow.points for d in point.scope.values()}
        return {**seen, **{id(param): param for param in self.function.params}}


_ROUND = (c.While, c.DoWhile, c.For, c.Goto, c.PointerCall)

Bodies: TypeAlias = dict[int | tuple[int, int], Body]
"""By the identity of their trees, which they keep alive. A block inside an expression goes by its
function, too: what it sees of that may be other declarations in another variant."""


class Text(Struct, frozen=True, eq=False):
    """What is known of tests that are alike around their functions: their bodies, and the ``runs``
    of whole threads, which are for the module ``threads`` to read. ``around`` is kept alive, since
    it is told apart by identity."""

    around: list[object]
    bodies: Bodies = field(default_factory=dict)
    runs: dict[Hashable, Any] = field(default_factory=dict)


class Readings:
    """What replays have read so far.

    A variant of a program shares the trees of what it leaves as it is, and so all that was found
    out about them, where what is around its functions is the same: objects, types, signatures.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, Text] = {}

    def text(self, test: LitmusTest, manner: Hashable, objects: Iterable[Hashable]) -> Text:
        """What is known of the functions of ``test``; ``objects`` are the shared ones, ``manner``
        is what else the meaning of its text hangs on."""
        around = _around(test)
        key = manner, tuple(objects), tuple(map(id, around))
        return self._known.setdefault(key, Text(around))


def _around(test: LitmusTest) -> list[object]:
    """All of a test but the bodies of its functions, and its conditions."""
    found: list[object] = [test.init]
    for item in test.top:
        if isinstance(item, c.Function):
            found += [item.name, item.result, item.params]
        else:
            found.append(item)
    return found
