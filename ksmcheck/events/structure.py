"""The symbolic event structure of one program under one model, configuration and kernel point."""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.events.terms import Term, TermTable
from ksmcheck.kernel.ints import IntType
from ksmcheck.program.ir import Cell, LoopIteration, Origin, Taken, Unassigned
from ksmcheck.record import Struct, field
from ksmcheck.text import Span

INIT_THREAD = -1


class Event(Struct, frozen=True, eq=False):
    """One event that some execution may contain.

    ``id``       its place in ``EventStructure.events``: initial writes come first, then accesses,
                 then fences, each in the order of the threads and of their programs.
    ``thread``   thread index, ``INIT_THREAD`` for the initial write of a cell.
    ``kind``     ``R``, ``W`` or ``F``.
    ``guard``    boolean term: the event is executed.
    ``address``  term of the address accessed; an F has one only where ``loc`` relates it to the
                 accesses there (synchronize_srcu).
    ``value``    raw value (unsigned, the cell's width): for R its own ``read`` term, for W the
                 value written, None for F.
    ``tags``     the cat sets it belongs to besides R, W, F, M, IW, RMW and the like.
    ``position`` place in the thread's unrolled order: po(a, b) iff same thread, both executed, and
                 a.position < b.position. 0 for initial writes, which are not in po.
    ``cells``    ids of the cells it may access, after value analysis.
    ``values``   raw values it may read or write, after value analysis (sorted).
    ``width``    of the access in bits (0 for F).
    ``instance`` number of the Access instruction in the unrolled thread that it belongs to; the
                 events of one primitive share it.
    ``outcome``  ``ok`` or ``fail``, where the primitive has outcomes and the event is of one alone;
                 else ``always``.
    """

    id: int
    thread: int
    kind: str
    guard: Term
    address: Term | None
    value: Term | None
    tags: frozenset[str]
    position: int
    cells: tuple[int, ...]
    values: tuple[int, ...]
    width: int
    instance: int
    primitive: str
    origin: Origin | None
    outcome: str = "always"


class Dependency(Struct, frozen=True, eq=False):
    """``relation`` (addr, data or ctrl) holds from ``source`` to ``target`` iff both are executed
    and ``guard`` holds."""

    relation: str
    source: int
    target: int
    guard: Term


class Obligation(Struct, frozen=True, eq=False):
    """A property inside the code: violated where ``guard`` holds and ``holds`` is 0.

    ``kind`` is the macro's name (``BUG_ON``), ``bad address`` for an access outside every cell, or
    one of ``program.ir.UNDEFINED``.
    """

    kind: str
    guard: Term
    holds: Term
    thread: int
    origin: Origin


class CutPoint(Struct, frozen=True, eq=False):
    """An execution where ``guard`` holds runs into the unrolling bound of a loop.

    ``counted``: the loop is, and for the values that there are it may go round this often. Then
    what the thread does behind it, which is missing here, may be what makes it so: another thread
    reads it, and this one read that before (load buffering).
    """

    guard: Term
    thread: int
    repeat: LoopIteration
    counted: bool = False


class Stall(Struct, frozen=True, eq=False):
    """Thread ``thread`` goes no further where ``guard`` holds: it waits, at ``span``, for a lock or
    in a loop. ``lasts``: what it waits for is not so in the final memory either, which it finds
    sooner or later; then it waits for ever. ``perhaps``: so it may be, as far as can be told.
    ``lock``: the class of the primitive that takes a lock, empty for others."""

    guard: Term
    lasts: Term
    perhaps: Term
    thread: int
    span: Span
    lock: str = ""


class EventStructure(Struct, frozen=True, eq=False):
    """Everything a solver needs, besides the cat.

    Per-execution meaning: choose a value for each ``choice`` term, an rf source for each executed R
    (an executed W to the same cell with the same raw value) and a coherence order per cell, such
    that all ``constraints`` hold. ``read`` terms are the values read; ``final`` terms the value of
    the co-last write of a cell.

    ``first``    the id of the first access: a ``read`` term's access is this much further on.
    ``rmw``      pairs (read, write) of atomic operations.
    ``constraints``  boolean terms that hold in every execution considered (awaits, blocking
                 primitives, outcomes chosen, the program's assumptions).
    ``terminated``  boolean term: every thread ran to its end (no Cut taken, none waits for ever).
    ``waits``    some thread may wait for ever. Either such executions are ruled out by
                 ``constraints``, or (``stalls``) threads stop there and are not ``terminated``.
    ``stuck``    with ``stalls``, where threads may wait.
    ``ended``    with ``stalls``: a grace period ended that a reader may hold up for ever; None
                 without grace periods.
    ``outputs``  (thread, name) -> term of a local's final value in its own type.
    ``selectors``  (site, option) -> choice term: the site is changed in that way (``Options``). A
                   question has to fix all of them; with all false it is about the program as it is.
    ``calls``    site with selectors -> boolean term: execution comes to a call there, whatever has
                 become of it. Where it does not, the selectors make no difference.
    ``taken``  comparisons of the condition with addresses, ``functions`` and ``unassigned`` as in
                ``Program``.
    ``ending``   the reads that decide whether a loop is left which does something in its rounds.
    ``condition``/``filter``/``observed``  over ``final`` and thread-local terms.
    """

    name: str
    model: str
    kernel: str
    config: str
    cells: tuple[Cell, ...]
    events: tuple[Event, ...]
    threads: int
    thread_names: tuple[str, ...]
    rmw: tuple[tuple[int, int], ...]
    dependencies: tuple[Dependency, ...]
    constraints: tuple[Term, ...]
    obligations: tuple[Obligation, ...]
    cuts: tuple[CutPoint, ...]
    terminated: Term
    quantifier: str | None
    condition: Term | None
    filter: Term | None
    outputs: tuple[tuple[tuple[int, str], Term, IntType], ...]
    observed: tuple[tuple[str, Term, IntType], ...]
    terms: TermTable
    first: int = 0
    waits: bool = False
    stalls: bool = False
    stuck: tuple[Stall, ...] = ()
    ended: Term | None = None
    selectors: tuple[tuple[tuple[str, str], Term], ...] = ()
    calls: Mapping[str, Term] = field(default_factory=dict)
    taken: tuple[Taken, ...] = ()
    unassigned: tuple[Unassigned, ...] = ()
    functions: tuple[Cell, ...] = ()
    ending: frozenset[int] = frozenset()

    @property
    def named(self) -> tuple[Cell, ...]:
        """All that addresses are told by."""
        return self.cells + self.functions
