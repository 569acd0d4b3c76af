"""The independent second look at a witness: an execution is believed only if it passes here.

Each thread is run again from its syntax tree (``interpreter``), the order of events is checked
against what an execution is, and the model is evaluated plainly (``plain_cat``). Nothing of the
compiler, the encoder, the solver or the compiled cat evaluator takes part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ksmcheck.execution.bodies import Readings
from ksmcheck.execution.concrete import Concrete, bits_of, integer, raw, wrap
from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.execution.final import FinalState
from ksmcheck.execution.interpreter import own_variables
from ksmcheck.execution.machine import FailedCheck, Made
from ksmcheck.execution.plain_cat import evaluate
from ksmcheck.execution.threads import Ran, run_thread
from ksmcheck.execution.wellformed import check_orders, last_writes, universe_of
from ksmcheck.execution.world import Item, World, world_of
from ksmcheck.kernel.types import ArrayOf
from ksmcheck.lowering.template import LOCK_OFFSET
from ksmcheck.model.model import Model
from ksmcheck.program.ir import BAD_ADDRESS, Cell, local
from ksmcheck.record import Struct, replace
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import Inconclusive, InternalError

_MORE = (
    "what was found is no execution: in a loop that a jump leads into, more depends on a branch "
    "before it than was counted"
)


class Replayed(Struct, frozen=True):
    """What an accepted execution shows.

    ``flags``      names of the cat flags that it raises.
    ``failed``     the assertions in the code that it violates, ``bad address`` for a wild pointer.
    ``condition``  the truth of the test's condition (without its quantifier), None without one.
    ``filter``     the truth of the test's filter, True without one.
    ``waiting``    of an execution that is not complete: the threads that do not come to their end,
                   if all of those wait for ever.
    """

    flags: tuple[str, ...]
    failed: tuple[FailedCheck, ...]
    condition: bool | None
    filter: bool
    waiting: tuple[FailedCheck, ...] = ()


def replay(
    test: LitmusTest | AssemblyTest,
    kernel: str,
    model: Model,
    config: str,
    execution: Execution,
    cells: Iterable[Cell],
    readings: Readings | None = None,
) -> Replayed:
    """Accepts ``execution`` as one of ``test`` under a model's configuration at a kernel point.

    ``cells`` give the numbers of addresses, and start values. ``readings`` are what earlier replays
    found out about the text, and what this one adds. Raises InternalError, saying what
    differs, if it is none; Inconclusive, where that is owed to how loops are unrolled.
    """
    cells = tuple(cells)
    check_orders(execution, cells)
    own = [tuple(e for e in execution.events if e.thread == n) for n in range(len(test.threads))]
    if isinstance(test, AssemblyTest):
        return _replay_assembly(test, model, execution, own, cells)
    world = world_of(test, kernel, model, config, cells, readings or Readings())
    threads = [run_thread(world, index, events) for index, events in enumerate(own)]
    true_ctrl = _check_relations(execution, threads)
    _check_ends(execution, threads)
    _check_contended(world, execution, threads)
    memory = _final_memory(execution, cells)
    registers = _registers(execution, threads)
    flags = _judge(model, execution, true_ctrl)
    final = {**memory, **_kept_values(threads)}
    condition, filter = _conditions(world, final, registers, cells)
    misused = _misused(world, threads)
    failed = (*(f for ran in threads for f in ran.failed), *misused, *_strays(execution, cells))
    open_ended = not execution.complete and not failed
    waiting = _waiting(world, threads, own, memory) if open_ended else ()
    return Replayed(flags, failed, condition, filter, waiting)


def _waiting(
    world: World,
    threads: list[Ran],
    own: list[tuple[ExecutedEvent, ...]],
    memory: Mapping[int, int],
) -> tuple[FailedCheck, ...]:
    from ksmcheck.execution.waiting import waiting

    return waiting(world, [r.record.thread for r in threads if not r.ended], own, memory)


def _replay_assembly(
    test: AssemblyTest,
    model: Model,
    execution: Execution,
    events: list[tuple[ExecutedEvent, ...]],
    cells: tuple[Cell, ...],
) -> Replayed:
    # Kernel C's first replay need not wait for these.
    from ksmcheck.execution.columns import run_column
    from ksmcheck.execution.final_columns import FinalColumns, check_starts

    addresses = {cell.name: cell.address for cell in cells}
    threads = [run_column(test, n, own, addresses) for n, own in enumerate(events)]
    ctrl = _check_relations(execution, threads)
    _check_ends(execution, threads)
    memory = _final_memory(execution, cells)
    check_starts(test, cells)
    flags = _judge(model, execution, ctrl)
    state = FinalColumns(
        test, {cell.name: cell for cell in cells}, memory, _registers(execution, threads)
    )
    condition = None if test.condition is None else state.holds(test.condition.tree)
    filter = True if test.filter is None else state.holds(test.filter)
    return Replayed(flags, tuple(_strays(execution, cells)), condition, filter)


def _check_relations(execution: Execution, threads: list[Ran]) -> frozenset[tuple[int, int]]:
    """Compares rmw and dependencies with those found; gives the ctrl that was found.

    An unrolled loop ends in its bound, and whoever is behind the last test of a bounded loop is
    under fewer branches than in the loop as written; so where there are loops, ctrl may be less. In
    a last iteration, from which no way leads to the thread's end, it may be more. The model judges
    the execution with the ctrl that was found, which is the program's (``_judge``).
    """
    found = {
        name: frozenset(pair for ran in threads for pair in getattr(ran.record, name))
        for name in ("rmw", "addr", "data", "ctrl")
    }
    looped = any(ran.looped for ran in threads)
    for name, pairs in found.items():
        recorded = getattr(execution, name)
        missing, extra = pairs - recorded, recorded - pairs
        unrolled = looped and name == "ctrl"
        if (missing and not unrolled) or (extra and (execution.complete or not unrolled)):
            raise InternalError(
                f"replay: {name} differs: recorded but not found {sorted(extra)}, "
                f"found but not recorded {sorted(missing)}"
            )
    return found["ctrl"]


def _check_ends(execution: Execution, threads: list[Ran]) -> None:
    ended = all(ran.ended for ran in threads)
    if execution.complete and not ended:
        names = [f"P{ran.record.thread}" for ran in threads if not ran.ended]
        raise InternalError(f"replay: recorded as complete, but {', '.join(names)} does not end")


def _check_contended(world: World, execution: Execution, threads: list[Ran]) -> None:
    """Who fails on a free lock has another thread in its way: one that gets it, or that was counted
    and has failed itself since somebody gets it; and not as a reader beside a reader."""
    for read in (read for ran in threads for read in ran.record.despite):
        event = execution.events[read]
        shared = world.primitives[event.primitive].shared
        at = [e for e in execution.events if e.thread >= 0 and e.address == event.address]
        takers = [e for e in at if world.primitives[e.primitive].takes]
        got = {(e.thread, e.instance) for e in takers if e.kind == "W"}
        if not any(
            (e.thread, e.instance) in got or (_counted(world, e) and _others(got, e.thread))
            for e in takers
            if e.thread != event.thread and not (shared and world.primitives[e.primitive].shared)
        ):
            raise InternalError(f"replay: event {read} fails, but nobody else is at {event.cell}")


def _counted(world: World, event: ExecutedEvent) -> bool:
    return world.row(world.primitives[event.primitive]).spurious == "counted"


def _others(got: set[tuple[int, int]], thread: int) -> bool:
    return any(taker != thread for taker, _ in got)


def _final_memory(execution: Execution, cells: tuple[Cell, ...]) -> dict[int, int]:
    """Address -> last raw value; has to be what is recorded."""
    last = last_writes(execution)
    memory = {cell.address: last.get(cell.name, cell.init) for cell in cells}
    recorded = dict(execution.memory)
    for cell in cells:
        given = recorded.get(cell.name)
        if given is not None and given != memory[cell.address]:
            raise InternalError(f"replay: {cell.name} ends as {memory[cell.address]}, not {given}")
    return memory


def _kept_values(threads: list[Ran]) -> dict[int, int]:
    """Address -> last raw value of the locals in memory of which accesses are no events."""
    return {
        address: raw(value, bits_of(value.type).width)
        for ran in threads
        for address, value in ran.record.places.held().items()
    }


def _registers(execution: Execution, threads: list[Ran]) -> dict[tuple[int, str], Concrete]:
    found = {
        (ran.record.thread, name): value for ran in threads for name, value in ran.registers.items()
    }
    if not execution.complete:
        return found
    for key, number in execution.registers:
        value = found.get(key)
        if value is None and number == 0:  # one of herd7's registers, as it began
            value = found[key] = integer(0)
        if value is None:
            raise InternalError(f"replay: P{key[0]} has no local variable {key[1]}")
        places = threads[key[0]].record.places
        same = wrap(value.number - number, value.type) == 0
        if not same and not places.agrees(value.number, number):
            raise InternalError(f"replay: {key[0]}:{key[1]} ends as {value.number}, not {number}")
    return found


def _judge(
    model: Model, execution: Execution, true_ctrl: frozenset[tuple[int, int]]
) -> tuple[str, ...]:
    """The model's requirements hold, with the ctrl that was found; gives the flags raised.

    Raises Inconclusive where they hold only with the ctrl that was recorded: what more there is
    forbids this execution, and nothing is known of others.
    """
    result = evaluate(model.tree, universe_of(replace(execution, ctrl=true_ctrl)))
    if result.failed:
        if not evaluate(model.tree, universe_of(execution)).failed:
            raise Inconclusive(_MORE)
        failed = ", ".join(result.failed)
        raise InternalError(f"replay: the execution is not consistent under {model.name}: {failed}")
    return result.flags


def _conditions(
    world: World,
    memory: Mapping[int, int],
    registers: Mapping[tuple[int, str], Concrete],
    cells: tuple[Cell, ...],
) -> tuple[bool | None, bool]:
    sizes = {cell.address: cell.type.width // 8 for cell in cells}
    state = FinalState(world, memory, registers, _private(world, cells), sizes)
    condition, filter = world.test.condition, world.test.filter
    return (
        None if condition is None else state.holds(condition.tree),
        True if filter is None else state.holds(filter),
    )


def _private(world: World, cells: Iterable[Cell]) -> dict[tuple[int, str], Cell]:
    """The threads' own variables in memory by their names."""
    local_cells = {cell.local: cell for cell in cells if cell.local is not None}
    if not local_cells:
        return {}
    return {
        (number, own.name): local_cells[found]
        for number, function in enumerate(world.test.threads)
        for own in own_variables(world.bodies[id(function)])
        if (found := local(number, own.name, own.span)) in local_cells
    }


def _misused(world: World, threads: list[Ran]) -> Iterable[FailedCheck]:
    """What was freed and is no object of that type: a variable of the test, an element of one, or
    what a thread has allocated."""
    for number, ran in enumerate(threads):
        for freed in ran.freed:
            made = any(
                (one.address, one.type) == (freed.address, freed.type)
                for other in threads
                for one in other.made
            )
            if not made and not any(_begins(freed, i, world) for i in world.items.values()):
                yield FailedCheck("misuse of kfree", number, freed.span)


def _begins(freed: Made, item: Item, world: World) -> bool:
    type = item.type
    while isinstance(type, ArrayOf) and type != freed.type:
        type = type.element
    there = freed.address - item.address
    if type != freed.type or there < 0:
        return False
    size = world.layouts.size(type, None)
    return there % size == 0 and there < world.layouts.size(item.type, None)


def _strays(execution: Execution, cells: tuple[Cell, ...]) -> Iterable[FailedCheck]:
    """Accesses at addresses where nothing is."""
    known = {cell.address for cell in cells}
    for event in execution.events:
        if event.address is None or event.thread < 0 or event.origin is None:
            continue
        if _cell_address(event) not in known:
            yield FailedCheck(BAD_ADDRESS, event.thread, event.origin.span)


def _cell_address(event: ExecutedEvent) -> int:
    assert event.address is not None
    return event.address - LOCK_OFFSET if event.address >= LOCK_OFFSET else event.address
