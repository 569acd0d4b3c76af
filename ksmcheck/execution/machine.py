"""The state of one replayed thread: calls, variables, and which branches control what happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ksmcheck.execution.bodies import Body, Known
from ksmcheck.execution.concrete import (
    NO_READS,
    Concrete,
    Reads,
    by_branch,
    by_way,
    deciding,
    integer,
    wrap,
)
from ksmcheck.execution.flow import Scope
from ksmcheck.execution.performed import Done, Operands, Record, perform
from ksmcheck.execution.private_places import Home
from ksmcheck.execution.world import World
from ksmcheck.kernel.lengths import sized
from ksmcheck.kernel.types import INT, UNSIGNED_LONG, CType, is_scalar
from ksmcheck.program.ir import local
from ksmcheck.record import Struct, field, replace
from ksmcheck.syntax import c_ast as c
from ksmcheck.syntax.litmus_allocated import OBJECT
from ksmcheck.text import InternalError, Span


class Variable(Struct, eq=False):
    """A local. In registers: ``parts`` are its scalars by byte offset (none: not assigned yet),
    ``ways`` the reads that decided that execution came to where these were assigned.

    In memory (its address is taken) ``address`` is set.
    """

    name: str
    type: CType
    address: int | None = None
    volatile: bool = False
    parts: dict[int, Concrete] = field(default_factory=dict)
    ways: dict[int, Reads] = field(default_factory=dict)


class Call(Struct, eq=False):
    """A function being executed. ``variables`` by the identity of their declaration. ``came_by``:
    the reads that decided that execution came to where it gave its result."""

    body: Body
    lenient: bool
    result_type: CType | None
    variables: dict[int, Variable] = field(default_factory=dict)
    registers: dict[str, Variable] = field(default_factory=dict)
    returned: Concrete | None = None
    came_by: Reads = NO_READS
    struct: Variable | None = None


class Control(Struct, frozen=True, eq=False):
    """What is executed until ``call`` arrives at point ``join`` depends on ``reads``.

    ``known``: the values that are fixed at the join whatever the way there; ``meets``: those at
    points where some ways meet, in this round of the loops with the heads ``rounds``.
    Inside an expression ``call`` is None, and the evaluation itself ends the control.
    """

    call: Call | None
    join: int
    reads: Reads
    known: Known = field(default_factory=dict)
    meets: Mapping[int, Known] = field(default_factory=dict)
    rounds: tuple[int, ...] = ()

    def says_as_much_as(self, other: Control) -> bool:
        """Whether it ends where the other does and makes things depend on the same."""
        here = self.call is other.call and self.join == other.join
        known = self.known == other.known and self.meets == other.meets
        return here and known and self.reads == other.reads


class FailedCheck(Struct, frozen=True):
    """A property in the code that the execution violates: ``kind`` is the macro's name."""

    kind: str
    thread: int
    span: Span


class Made(Struct, frozen=True):
    """An object that is allocated, or freed: its address, or what stands for it, and its type."""

    address: int
    type: CType
    span: Span


class InRegister(Struct, frozen=True):
    """A local, or the part of one at ``offset`` bytes."""

    variable: Variable
    offset: int
    type: CType


class InMemory(Struct, frozen=True):
    """``span`` is where the text names it, if that is known."""

    address: Concrete
    type: CType
    volatile: bool = False
    span: Span | None = None


Place: TypeAlias = InRegister | InMemory


class Machine:
    """Everything below expressions: variables, memory accesses, control."""

    def __init__(self, world: World, record: Record) -> None:
        self.world = world
        self.layouts = world.layouts
        self.types = world.declarations
        self.record = record
        self.controls: list[Control] = []
        self.past: Reads = NO_READS  # what decided that loops were left, or gone round once more
        self.failed: list[FailedCheck] = []
        self.made: list[Made] = []
        self.freed: list[Made] = []
        self.looped = False
        self.path: tuple[int, ...] = ()  # the calls that execution is in, by their identity
        self.struct: Variable | None = None  # what the last call gave, if that is a struct
        self.call: Call
        self.scope: Scope = {}

    # Control.

    def depends_on(self) -> Reads:
        """The reads that decided that execution is here."""
        return deciding(self.past.union(*(control.reads for control in self.controls)))

    def chosen(self, value: Concrete, came_by: Reads) -> Concrete:
        """A value that these reads decided to assign, unless all ways give the same."""
        if value.fixed or not came_by:
            return value
        return replace(value, reads=value.reads | by_way(came_by))

    # Types and variables.

    def type_of(self, e: c.Expr | c.TypeExpr) -> CType:
        """The type of an expression that is not evaluated."""
        raise NotImplementedError

    def resolve(self, type: c.TypeExpr) -> CType:
        """A type as written, where execution is: ``typeof`` may name what is in scope."""
        self.types.type_of = self.type_of
        return self.types.resolve(type)

    def parameter(self, declared: c.Param | c.Declaration) -> CType:
        """The type of a parameter, or of a variable: neither is a function itself."""
        self.types.type_of = self.type_of
        return self.types.parameter(declared.type)

    def find(self, name: str) -> Variable | None:
        """The local that a name means here."""
        declared = self.scope.get(name)
        if declared is None:
            return self.call.registers.get(name)
        known = self.call.variables.get(id(declared))
        return known if known is not None else self.declare(declared)

    def declare(self, declaration: c.Declaration | c.Param, type: CType | None = None) -> Variable:
        """A new variable; one in a loop's body is a new one in each round."""
        if type is None:
            init = declaration.init if isinstance(declaration, c.Declaration) else None
            type = sized(self.parameter(declaration), init, self.types)
        variable = Variable(declaration.name, type, volatile=declaration.volatile)
        if declaration.name in self.call.body.addressed:
            variable.address = self.lies(declaration)
            if declaration.name == OBJECT:
                self.made.append(Made(variable.address, type, declaration.span))
        self.call.variables[id(declaration)] = variable
        return variable

    def lies(self, declaration: c.Declaration | c.Param) -> int:
        """The address, or what stands for it, of a variable in memory."""
        places, owner = self.record.places, id(declaration)
        if not self.world.kept:
            return places.new(owner)
        declared = local(self.record.thread, declaration.name, declaration.span)
        kept = self.world.kept.get(declared)
        return places.new(owner) if kept is None else places.keep(owner, self.path, kept)

    def place_of(self, variable: Variable) -> Place:
        if variable.address is None:
            return InRegister(variable, 0, variable.type)
        return InMemory(self.pointer_to(variable.address), variable.type, variable.volatile)

    def pointer_to(self, address: int) -> Concrete:
        return replace(integer(address, UNSIGNED_LONG), number=self.record.places.settle(address))

    # Memory.

    def load(self, place: InMemory) -> Concrete:
        home = self.home(place)
        if home is not None:
            return self.recall(home, place)
        done = self.perform("volatile load" if place.volatile else "load", place, {})
        if done.old is None:
            raise InternalError("replay: a load without a read")
        return replace(done.old, type=place.type, places=self.placed_by(place))

    @staticmethod
    def placed_by(place: InMemory) -> Reads:
        """The reads that told where a place is."""
        address = place.address
        return address.places if place.volatile else address.places | address.reads

    def store(self, place: InMemory, value: Concrete) -> None:
        home = self.home(place)
        if home is not None:
            self.memorise(home, place, value)
        else:
            self.perform("WRITE_ONCE" if place.volatile else "store", place, {"v": value})

    # Locals in memory that are registers to a compiler.

    def home(self, place: InMemory) -> Home | None:
        """The local that a plain access is of, if accesses of it are no events."""
        places = self.record.places
        return places.home(place.address.number) if places.kept and not place.volatile else None

    def recall(self, home: Home, place: InMemory) -> Concrete:
        """What it holds. Which it is of several is as good as decided by a branch."""
        self.find_part(home, place)
        known = self.record.places.values.get(home, integer(0))
        reads = known.reads | by_branch(place.address.reads)
        number = wrap(known.number, place.type)
        return Concrete(place.type, number, reads, places=self.placed_by(place))

    def memorise(self, home: Home, place: InMemory, value: Concrete) -> None:
        if self.find_part(home, place):
            reads = value.reads | by_branch(place.address.reads) | by_way(self.depends_on())
            self.record.places.values[home] = Concrete(value.type, value.number, reads)

    def find_part(self, home: Home, place: InMemory) -> bool:
        """Whether there is something at an offset of a local; that there is nothing is noted."""
        there = home[1] in self.record.places.kept[home[0]].offsets
        if not there:
            span = place.span or self.call.body.function.span
            self.failed.append(FailedCheck("bad address", self.record.thread, span))
        return there

    def perform(self, name: str, place: InMemory | None, names: dict[str, Concrete]) -> Done:
        """One primitive; ``names`` are its operands besides the address."""
        primitive = self.world.primitives[name]
        operands = Operands(
            None if place is None else place.address,
            INT if place is None else place.type,
            names,
        )
        row = self.world.row(primitive)
        return perform(self.record, primitive, row, operands, self.depends_on())

    def register_of(self, place: InRegister) -> tuple[int, CType]:
        """Offset and type of the scalar that a part of a local lies in."""
        if is_scalar(place.variable.type):
            return 0, place.variable.type
        for scalar in self.layouts.scalars(place.variable.type, None):
            if scalar.offset == place.offset:
                return scalar.offset, scalar.type
        raise InternalError(f"replay: {place.variable.name} has no part at {place.offset}")
