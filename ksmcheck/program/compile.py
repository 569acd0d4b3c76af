"""A litmus test's tree becomes a Program: the whole way of this room."""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives as primitives_of
from ksmcheck.kernel.types import ints_of, is_scalar
from ksmcheck.program.callbacks import check_callbacks
from ksmcheck.program.finish import Numbering, split_arms
from ksmcheck.program.ir import Block, End, Program, Thread
from ksmcheck.program.liveness import repeats
from ksmcheck.program.locks import check_locks
from ksmcheck.program.loops import UNROLL, Loop
from ksmcheck.program.lower import LoweredTest, LoweredThread, lower_test
from ksmcheck.program.simplify import forget_iterations, mark_changes, needed, simplify
from ksmcheck.program.sites import remove_sites
from ksmcheck.program.unroll import Unroller, along
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError


def compile_program(
    test: LitmusTest,
    *,
    kernel: str,
    unroll: int = UNROLL,
    removed: frozenset[str] = frozenset(),
    primitives: Mapping[str, Primitive] | None = None,
) -> Program:
    """The program of a test at a kernel point (``3.9``).

    ``unroll`` is how often a loop goes back to its head; ``removed`` are names of sites to leave
    out. ``primitives`` stands in for the kernel's table. Raises InputError for what is wrong or not
    understood in the test.
    """
    known = primitives_of(kernel) if primitives is None else primitives
    test = remove_sites(test, removed, kernel=kernel)
    return unrolled(lower_test(test, kernel, known), unroll, changed=bool(removed))


def unrolled(
    test: LoweredTest,
    unroll: int = UNROLL,
    *,
    plain: frozenset[str] = frozenset(),
    changed: bool = False,
) -> Program:
    """The program with each loop unrolled so often.

    The loads at the sites ``plain`` may yet become plain ones: no loop is simplified in a way that
    would not be right then. ``changed``: the test is not as its author wrote it, and no change may
    leave a lock behind. Raises InputError where locks are not used in pairs.
    """
    may_keep = test.condition is not None and not changed
    threads = tuple(
        _thread(test, number, thread, unroll, plain, may_keep)
        for number, thread in enumerate(test.threads)
    )
    check_callbacks(threads)
    return Program(
        test.name,
        test.kernel,
        test.cells,
        threads,
        test.condition,
        test.filter,
        test.observed,
        test.taken,
        test.functions,
        test.unassigned,
    )


def _thread(
    test: LoweredTest,
    number: int,
    thread: LoweredThread,
    unroll: int,
    plain: frozenset[str],
    may_keep: bool,
) -> Thread:
    graph, function = thread.lowered.graph, thread.function
    line = graph.line()
    if line is not None:
        steps = tuple(needed(along(line), set(thread.registers)))
        blocks: tuple[Block, ...] = (Block(0, steps, End(), frozenset()),)
    else:
        blocks = _blocks(test, thread, unroll, plain)
    check_locks(blocks, test.primitives, test.cells, may_keep=may_keep)
    outputs = [(name, register, type) for name, register, type, _ in thread.lowered.outputs]
    held = [
        (name, item.name, ints_of(item.type))
        for name, item in thread.lowered.held
        if is_scalar(item.type)
    ]
    return Thread(number, function.name, blocks, (*outputs, *held))


def _blocks(
    test: LoweredTest, thread: LoweredThread, unroll: int, plain: frozenset[str]
) -> tuple[Block, ...]:
    graph = thread.lowered.graph
    # In order: which of several is refused must not change from run to run.
    loops = {loop: None for spot in thread.spots.values() for loop in spot.loops}
    for loop in loops:
        _refuse_many_ways_in(loop)
    known = {loop: repeats(loop, graph, thread.live, test.primitives, plain) for loop in loops}
    silent = frozenset(loop for loop, repeat in known.items() if repeat.silent)
    unroller = Unroller(graph, thread.spots, unroll, silent)
    instances = unroller.run()
    settled = unroller.settled({loop: repeat.settles for loop, repeat in known.items()})
    matter = frozenset(loop for loop, repeat in known.items() if repeat.matters)
    mark_changes(instances, {loop: repeat.changing for loop, repeat in known.items()})
    instances = simplify(forget_iterations(instances, matter), thread.registers)
    return Numbering(split_arms(instances), known, settled, thread.function.span).blocks()


def _refuse_many_ways_in(loop: Loop) -> None:
    """Where a loop that only jumps make is entered at several places, its rounds can be counted in
    several ways, and what a branch decides in one of them it does not in another."""
    if not loop.plain:
        message = "this loop of jumps is entered at several places"
        hint = "not supported: write it as a loop statement, or enter it at one label alone"
        raise InputError(message, loop.span, hint)
