"""What the threads of a replayed test share: types, objects, their addresses, primitives, rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from ksmcheck.execution.bodies import Bodies, Readings, Text
from ksmcheck.execution.concrete import bits_of
from ksmcheck.execution.private_places import KeptLocal
from ksmcheck.kernel.declarations import Declarations, declare
from ksmcheck.kernel.layout import Layouts
from ksmcheck.kernel.lengths import sized
from ksmcheck.kernel.memory import STEP
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives
from ksmcheck.kernel.types import INT, CType, PointerTo, VoidType, is_scalar
from ksmcheck.lowering.template import Row
from ksmcheck.model.model import Model
from ksmcheck.program.ir import Cell, Local
from ksmcheck.program.members import used_members
from ksmcheck.record import Struct
from ksmcheck.syntax import c_ast as c
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InternalError


class Item(Struct, frozen=True):
    """A shared object: its type and where it lies."""

    name: str
    type: CType
    address: int
    volatile: bool = False


class World(Struct):
    """One test at one kernel point under one configuration of a model (``manner``). ``kept``: the
    locals in memory of which plain accesses are no events."""

    test: LitmusTest
    declarations: Declarations
    primitives: Mapping[str, Primitive]
    row: Callable[[Primitive], Row]
    items: dict[str, Item]
    text: Text
    manner: tuple[Model, str]
    kept: Mapping[Local, KeptLocal] = {}

    @property
    def bodies(self) -> Bodies:
        return self.text.bodies

    @property
    def layouts(self) -> Layouts:
        return self.declarations.layouts


def world_of(
    test: LitmusTest,
    kernel: str,
    model: Model,
    config: str,
    cells: Iterable[Cell],
    readings: Readings,
) -> World:
    """Reads the test's declarations. Addresses are a convention, and come from ``cells``."""
    declarations = declare(test.top, kernel, unsigned_char=model.table.unsigned_char)
    declarations.layouts.used = cache(lambda: used_members(test))
    bases = _bases(cells)
    items = {
        name: Item(name, type, bases[name], volatile)
        for name, (type, volatile) in _objects(test, declarations).items()
        if name in bases
    }
    return World(
        test,
        declarations,
        primitives(kernel),
        lambda primitive: model.row(primitive, kernel, config),
        items,
        readings.text(test, (kernel, declarations.char), items.values()),
        (model, config),
        _kept(cells),
    )


def _kept(cells: Iterable[Cell]) -> dict[Local, KeptLocal]:
    """Objects lie ``STEP`` apart, and their scalars are nearer."""
    found: dict[Local, list[int]] = {}
    for cell in cells:
        if cell.kept and cell.local is not None:
            found.setdefault(cell.local, []).append(cell.address)
    kept = {}
    for local, addresses in found.items():
        addresses.sort()
        before = [addresses[0] - STEP, *addresses]
        bases = [a for b, a in zip(before, addresses, strict=False) if a - b > STEP // 2]
        first = [a - bases[0] for a in addresses if len(bases) == 1 or a < bases[1]]
        kept[local] = KeptLocal(tuple(bases), frozenset(first))
    return kept


def _bases(cells: Iterable[Cell]) -> dict[str, int]:
    """The least address among the cells of each object, by the object's name."""
    found: dict[str, int] = {}
    for cell in cells:
        name = cell.name.split(".")[0].split("[")[0]
        found[name] = min(found.get(name, cell.address), cell.address)
    return found


def _objects(test: LitmusTest, types: Declarations) -> dict[str, tuple[CType, bool]]:
    """Type of each shared object, and whether it is volatile.

    herd7's tests type a location by the parameters of the threads that use it; the widest counts.
    """
    found: dict[str, tuple[CType, bool]] = {}
    for name, declaration in types.globals.items():
        type = sized(types.resolve(declaration.type), declaration.init, types)
        found[name] = type, declaration.volatile
    for entry in test.init:
        if entry.thread is None and entry.type is not None and isinstance(entry.target, c.Name):
            type = sized(types.resolve(entry.type), entry.value, types)
            found.setdefault(entry.target.name, (type, False))
    number_wins = {n for n in found if n not in types.globals and _is_pointer(found[n][0])}
    for thread in test.threads:
        for param in thread.params:
            pointer = types.resolve(param.type)
            if not isinstance(pointer, PointerTo):
                raise InternalError(f"replay: parameter {param.name} is not a pointer")
            known = found.get(param.name)
            number = is_scalar(pointer.target) and not _is_pointer(pointer.target)
            if number and param.name in number_wins:
                known = None
            number_wins.discard(param.name)
            if not isinstance(pointer.target, VoidType):
                found[param.name] = _wider(known, pointer.target)
    for name in _mentioned(test):
        found.setdefault(name, (INT, False))
    return found


def _is_pointer(type: CType) -> bool:
    return isinstance(type, PointerTo)


def _mentioned(test: LitmusTest) -> Iterable[str]:
    """Locations that appear in the start state alone are ``int``, whichever side they are on."""
    functions = {item.name for item in test.top if isinstance(item, c.Function)}
    for entry in test.init:
        for part in (entry.target, entry.value):
            if isinstance(part, c.Unary) and part.op == "&":
                part = part.operand
            if not isinstance(part, c.Name) or part.name in functions:
                continue
            if entry.thread is None or part is not entry.target:
                yield part.name


def _wider(known: tuple[CType, bool] | None, type: CType) -> tuple[CType, bool]:
    if known is None:
        return type, False
    if is_scalar(known[0]) and is_scalar(type):
        return (type, known[1]) if bits_of(type).width > bits_of(known[0]).width else known
    return known
