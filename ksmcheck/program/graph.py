"""A thread's control-flow graph while it is being built: mutable, with loops."""

from __future__ import annotations

from typing import TypeAlias

from ksmcheck.kernel.ints import IntType
from ksmcheck.program.ir import Access, Assume, Check, Expr, Origin, Set
from ksmcheck.record import Struct, field, replace
from ksmcheck.text import InputError, Span


class Touch(Struct, frozen=True):
    """A local variable is read here, if ``when`` holds (to find reads of what was not assigned).

    ``demanded``: that it has a value; a struct may be copied with members that have none.
    """

    reg: str
    name: str
    origin: Origin
    when: Expr
    demanded: bool = True


class Forget(Struct, frozen=True):
    """A local variable begins its life here without a value."""

    reg: str
    type: IntType


Step: TypeAlias = Set | Access | Check | Assume | Touch | Forget


class Goto(Struct, frozen=True):
    target: Node


class Fork(Struct, frozen=True):
    """Two ways on; a condition that is constant as written makes a Goto instead. ``leaves``: what
    is done in the rounds of a loop that one of them leads out of (``leaving``)."""

    condition: Expr
    then: Node
    otherwise: Node
    origin: Origin
    leaves: tuple[Origin, ...] = ()


class Stop(Struct, frozen=True):
    pass


class Begin(Struct, frozen=True, eq=False):
    """What may begin a loop: a loop statement, with its own bound if it has one, or a label.

    ``case`` is a label, too. ``place`` is the order in the text, ``around`` the loop statement that
    it stands in: places in a file do not tell, since all that a macro becomes is in one.
    """

    span: Span
    place: int
    around: Begin | None = None
    bound: int | None = None
    label: bool = False

    def holds(self, other: Begin) -> bool:
        """Whether this is a loop statement that ``other`` is, or stands in."""
        inner: Begin | None = other
        while inner is not None and inner is not self:
            inner = inner.around
        return inner is self and not self.label


class Node(Struct, eq=False):
    """``loop`` is set where a loop statement or a label may begin a loop."""

    id: int
    steps: list[Step] = field(default_factory=list)
    end: Goto | Fork | Stop = field(default_factory=Stop)
    loop: Begin | None = None

    def successors(self) -> tuple[Node, ...]:
        if isinstance(self.end, Goto):
            return (self.end.target,)
        if isinstance(self.end, Fork):
            return (self.end.then, self.end.otherwise)
        return ()


class Graph:
    """The blocks of one thread, each at the place in ``nodes`` that its ``id`` says; ``here`` is
    where code goes now. ``accesses`` are those that give a value, by its register. ``closed``: what
    is wrong in nodes that nothing has led to so far. ``kept``: unless it is made for a type alone,
    and thrown away."""

    def __init__(self, *, kept: bool = True) -> None:
        self.kept = kept
        self.nodes: list[Node] = []
        self.around: Begin | None = None
        self._begun = 0
        self._names: dict[str, int] = {}
        self.accesses: dict[str, Access] = {}
        self.closed: list[tuple[Node, InputError]] = []
        self.here = self.node()

    @property
    def entry(self) -> Node:
        return self.nodes[0]

    def line(self) -> list[Node] | None:
        """The nodes that the thread goes through, one after the other; None where it has a choice,
        or goes round."""
        found, node = [self.entry], self.entry
        while type(node.end) is Goto:
            node = node.end.target
            found.append(node)
            if len(found) > len(self.nodes):
                return None
        return found if type(node.end) is Stop else None

    def reaches(self, node: Node) -> bool:
        """Whether some way leads to the node."""
        todo, found = [self.entry], {self.entry.id}
        while todo:
            for following in todo.pop().successors():
                if following.id not in found:
                    found.add(following.id)
                    todo.append(following)
        return node.id in found

    def node(self) -> Node:
        made = Node(len(self.nodes))
        self.nodes.append(made)
        return made

    def may_begin(self, node: Node, span: Span, bound: int | None = None) -> Begin:
        """A loop statement; where ``around`` is set to it others stand in it."""
        node.loop = Begin(span, self._begun, self.around, bound)
        self._begun += 1
        return node.loop

    def label(self, node: Node, span: Span) -> None:
        node.loop = Begin(span, self._begun, self.around, label=True)
        self._begun += 1

    def emit(self, step: Step) -> None:
        self.here.steps.append(step)
        if isinstance(step, Access) and step.dst is not None:
            self.accesses[step.dst] = step

    def since(self, place: tuple[Node, int]) -> list[int] | None:
        """The places of the accesses in the block from ``place`` on; None where it has ended."""
        node, first = place
        if node is not self.here:
            return None
        steps = enumerate(node.steps[first:], first)
        return [at for at, step in steps if isinstance(step, Access)]

    def place(self) -> tuple[Node, int]:
        """Where the next step comes."""
        return self.here, len(self.here.steps)

    def set_beside(self, at: int) -> None:
        """Gives the access at this place of the block no order with the one before it."""
        step = self.here.steps[at]
        assert isinstance(step, Access)
        self.here.steps[at] = made = replace(step, beside=True)
        if made.dst is not None:
            self.accesses[made.dst] = made

    def goto(self, target: Node) -> None:
        """Ends the block; what follows is unreachable until ``start``."""
        self.here.end = Goto(target)
        self.here = self.node()

    def fork(self, condition: Expr, then: Node, otherwise: Node, origin: Origin) -> None:
        self.here.end = Fork(condition, then, otherwise, origin)
        self.here = self.node()

    def start(self, node: Node) -> None:
        """Code goes to ``node`` now, also by falling through."""
        self.here.end = Goto(node)
        self.here = node

    def begin(self, node: Node) -> None:
        """Code goes to ``node`` now; what was before has ended already."""
        self.here = node

    def fresh(self, name: str) -> str:
        """A register name not used yet in the thread: ``name``, ``name.1``, ..."""
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return f"{name}.{count}" if count else name
