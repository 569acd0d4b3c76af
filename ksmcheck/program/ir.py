"""A compiled test: threads as loop-free graphs of blocks over typed registers.

Functions are inlined and loops unrolled; what touches memory is a ``Primitive`` call and
nothing else. No memory model is known here, but the kernel point is.
"""

from __future__ import annotations

from typing import TypeAlias

from ksmcheck.kernel.ints import IntType
from ksmcheck.record import Struct
from ksmcheck.text import Span


class Const(Struct, frozen=True):
    """``value`` is normalised to ``type`` (see ``IntType.wrap``)."""

    value: int
    type: IntType


class Use(Struct, frozen=True):
    """The value of a register (its name is unique in the thread)."""

    reg: str
    type: IntType


class Op(Struct, frozen=True):
    """A pure operator: ``neg bitnot lnot cast``, ``add sub mul div mod and or xor shl shr``,
    ``lowest highest weight``, ``eq ne lt le gt ge land lor``, ``ite pick alone``.

    Operands of arithmetic have the operation's ``type`` already (the usual conversions are explicit
    ``cast``s); a shift's right operand may have any type; comparisons compare operands of one
    common type and give 0 or 1 in ``type`` int; ``ite`` is (condition, then, otherwise).
    ``pick`` is an ``ite`` that depends on the arm chosen alone, not on the condition, and ``alone``
    is its operand's value without what that depends on; ``with`` is its first operand's value,
    and depends on the others too.
    """

    op: str
    args: tuple[Expr, ...]
    type: IntType


class FinalCell(Struct, frozen=True):
    """The final value of a memory cell (only in conditions); ``cell`` indexes Program.cells."""

    cell: int
    type: IntType


class FinalReg(Struct, frozen=True):
    """The final value of a thread's local variable (only in conditions)."""

    thread: int
    name: str
    type: IntType


Expr: TypeAlias = Const | Use | Op | FinalCell | FinalReg


class Frame(Struct, frozen=True):
    """One inlined call: the callee's name and where it was called from."""

    function: str
    call: Span


class Origin(Struct, frozen=True):
    """Where an instruction comes from: its text, its function, and the calls around it.

    ``stack`` lists the inlined calls outermost first, empty in the thread's own body.
    ``function`` is the innermost function's name. ``site`` is the stable name of the place,
    ``smp_wmb@ksm_migrate_page`` (``#2`` for the second of the name in the function). ``column``: an
    instruction, whose line belongs to the other threads too.
    """

    span: Span
    function: str
    stack: tuple[Frame, ...]
    site: str
    column: bool = False


class Set(Struct, frozen=True):
    """``reg := expr``."""

    reg: str
    expr: Expr


class Access(Struct, frozen=True):
    """A primitive that touches memory or orders it: ``dst := name(args)``.

    ``name`` is a key of ``kernel.primitives`` (plain C accesses are ``load`` and ``store``).
    ``args`` follow that primitive's parameters: an address is an Expr of type ``unsigned long``.
    ``cell_type`` is the type of the memory cell accessed (None for fences), ``dst`` None where the
    result is not used. ``result_type`` is the C type of the primitive's value. ``beside``: a read
    that C leaves in no order with the read before it, the two being operands of one operator.
    """

    name: str
    dst: str | None
    args: tuple[Expr, ...]
    cell_type: IntType | None
    result_type: IntType | None
    origin: Origin
    beside: bool = False


DIVISION = "division by zero"
OVERFLOW = "division overflow"
SHIFT = "shift too far"
NO_RETURN = "missing return"
UNSET = "variable without a value"
BAD_ADDRESS = "bad address"
UNDEFINED = frozenset((DIVISION, OVERFLOW, SHIFT, NO_RETURN, UNSET))
"""Kinds of checks that every program makes: where they fail, C gives the program no meaning."""


class Check(Struct, frozen=True):
    """``assert``/``BUG_ON``/..., one of ``UNDEFINED``, or ``BAD_ADDRESS`` of a call: violated in an
    execution where ``holds`` is 0. Never branches."""

    kind: str
    holds: Expr
    origin: Origin


class Assume(Struct, frozen=True):
    """Executions where ``holds`` is 0 here are not considered (``__assume``, await conditions)."""

    holds: Expr
    origin: Origin


Instr: TypeAlias = Set | Access | Check | Assume


class Jump(Struct, frozen=True):
    """Go to block ``target``.

    ``repeat`` is set on an unrolled back edge: the loop iteration (``LoopIteration``) that ends
    here. Where ``skippable``, an iteration that wrote nothing and came by no block of ``changing``
    may be left out of every execution (registers live at the loop's head are after it what they
    were before), so only iterations that did go on.
    """

    target: int
    repeat: LoopIteration | None = None


class Branch(Struct, frozen=True):
    """To ``then`` if ``condition`` is not 0, else to ``otherwise``. ``leaves``: it may end a loop
    that does this in its rounds, so that all that comes later waits for it (``leaving``)."""

    condition: Expr
    then: int
    otherwise: int
    origin: Origin
    leaves: tuple[Origin, ...] = ()


class End(Struct, frozen=True):
    """The thread ends."""


class Cut(Struct, frozen=True):
    """The unrolling bound of a loop is reached; executions that come here are incomplete."""

    repeat: LoopIteration


Terminator: TypeAlias = Jump | Branch | End | Cut


class LoopIteration(Struct, frozen=True):
    """Iteration number ``index`` (from 0) of one inlined instance of a loop.

    ``blocks`` are the ids of this iteration's copies of the loop's blocks. ``quiet``: skippable but
    for plain reads in the body: where data races are looked for, one such iteration must stay,
    since its read may be the racy one. ``changing``: those of the blocks that change a register
    which is live at the loop's head. ``number`` tells the thread's loops apart, as ``loop`` need
    not (``goto``); copies of a loop share it. ``counted``: how often it goes round hangs on nothing
    that is read in it.
    """

    loop: Span
    index: int
    blocks: frozenset[int]
    skippable: bool
    quiet: bool = False
    number: int = 0
    changing: frozenset[int] = frozenset()
    counted: bool = False


class Block(Struct, frozen=True):
    """``id`` is the block's place in ``Thread.blocks``, a topological order of the graph.

    ``controls`` are the ids of the blocks whose Branch this block is control dependent on,
    transitively: it post-dominates one way out of the branch but not the branch, or depends on a
    branch that does (paths into a Cut do not count).
    """

    id: int
    instrs: tuple[Instr, ...]
    end: Terminator
    controls: frozenset[int]


class Thread(Struct, frozen=True):
    """``blocks[0]`` is the entry. ``outputs`` maps a top-level local's name to its register; that
    of one in memory is called like its cell (``Cell.kept``).

    ``picks``: where what a branch hands on chooses the address of an access, stores behind it wait
    (``events.picks``).
    """

    index: int
    name: str
    blocks: tuple[Block, ...]
    outputs: tuple[tuple[str, str, IntType], ...]
    picks: bool = False


class Local(Struct, frozen=True):
    """A local variable, by its thread and where its declaration stands: that of a function which is
    inlined twice is one, and so are those of one name that one macro brings."""

    thread: int
    name: str
    source: str
    start: int
    end: int


def local(thread: int, name: str, declared: Span) -> Local:
    return Local(thread, name, declared.source.name, declared.start, declared.end)


class Cell(Struct, frozen=True):
    """One scalar of shared memory, ``name`` as a C expression (``mem_map[1].mapping``).

    ``address`` is its number, ``init`` the start value as an unsigned number of ``type.width``
    bits. ``pointer`` tells that its values are addresses (for printing). ``ctype`` is the C type
    in words. ``local``: it is part of that local. ``kept``: a compiler may have it in a register;
    in an event structure, that it has (``events.kept_locals``).
    """

    id: int
    name: str
    address: int
    type: IntType
    init: int
    pointer: bool
    ctype: str
    local: Local | None = None
    kept: bool = False


class Property(Struct, frozen=True):
    """The test's final condition: ``quantifier`` exists, ~exists or forall over ``expr``."""

    quantifier: str
    expr: Expr
    span: Span


class Taken(Struct, frozen=True):
    """A comparison of what ``cell`` holds in the end with the address of ``other``, which a name
    on the right is in herd7's dialect."""

    cell: str
    other: str
    span: Span


class Unassigned(Struct, frozen=True):
    """A register that a thread reads in herd7's dialect, and that nothing declares or assigns: it
    is 0. ``hint`` is what may have been meant."""

    name: str
    span: Span
    hint: str | None = None


class Program(Struct, frozen=True):
    """Everything of a test that does not depend on the memory model.

    ``observed`` are what a final state shows, in printing order (FinalCell or FinalReg with the
    text as written). ``taken`` are comparisons with addresses that may be meant otherwise.
    ``functions`` are those whose address is taken, as cells at it: for printing alone.
    ``unassigned`` may be misspelt.
    """

    name: str
    kernel: str
    cells: tuple[Cell, ...]
    threads: tuple[Thread, ...]
    condition: Property | None
    filter: Expr | None
    observed: tuple[tuple[str, Expr], ...]
    taken: tuple[Taken, ...] = ()
    functions: tuple[Cell, ...] = ()
    unassigned: tuple[Unassigned, ...] = ()
