"""What one primitive becomes on one machine: loop-free guarded sequences of events."""

from __future__ import annotations

from ksmcheck.kernel.formula import formula_names, parse_formula
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.record import Struct, replace


class Step(Struct, frozen=True):
    """One event. ``kind`` is R, W or F; ``tags`` are sets of the cat file it belongs to.

    ``rmw``: this R (or W) is the read (write) of the primitive's atomic pair.
    ``probe``: a read before the RMW whose value must give the same outcome as the case it is in
    (the pre-check load of ``atomic_add_unless``).
    ``lock``: the event is on the word's companion lock, not on the word (arm64 of 3.9 takes a
    hashed spinlock around each bit operation): R reads 0, or waits; the rmw W writes 1, any other
    W writes 0. The companion of the cell at address a is a cell of its own at ``a + LOCK_OFFSET``.
    ``joined``: the event belongs to one machine instruction with the one before it, and the two are
    not in program order with each other.
    ``reserves``: this R is a load-exclusive: a later ``reserved`` W of the thread may pair with it.
    ``reserved``: this W, alone in the ok case, is a store-conditional: it can succeed only if the
    thread's last ``reserves`` read was at its address and no other store-conditional came since.
    The two are then a pair of ``rmw``.
    ``told``: the primitive's result depends on this W (RISC-V and POWER: what is computed from the
    success of a store-conditional depends on it; the others say that it depends on nothing).
    ``decided``: what the primitive's test compares with controls this W (CAS of AArch64, where it
    is a pick dependency, which orders writes as a control dependency does).
    ``computed``: this W depends by data on the R of its pair, where its value is computed from what
    that has read (``pairs = "data"`` in a table).
    ``pairs``: the operand whose value is what another R of this instruction, or of its
    load-exclusive, has read: that R and this W are a pair of ``rmw``.
    ``located``: this F has the primitive's address (``synchronize_srcu``), for ``loc``.

    ``rmw`` may stand on an R alone (a failed cmpxchg): it is then in the set RMW, in no pair.
    An R or W without ``rmw`` is an access of its own, in po with the others.
    """

    kind: str
    tags: tuple[str, ...] = ()
    rmw: bool = False
    probe: bool = False
    lock: bool = False
    located: bool = False
    joined: bool = False
    reserves: bool = False
    reserved: bool = False
    told: bool = False
    decided: bool = False
    computed: bool = False
    pairs: str | None = None


LOCK_OFFSET = 1 << 52


class Row(Struct, frozen=True):
    """A primitive's templates. Either ``always``, or ``ok`` and ``fail`` (``fail`` None: blocks).

    ``always`` means: these events whatever the outcome, its W included (a bit operation that stores
    the word although the bit was right). A W in ``fail`` stores the primitive's ``new`` as well.
    ``source`` says where the row was read (manual section, kernel file). ``clears``: the thread's
    reservation ends here, whatever it is for (CLREX).
    ``spurious``: the fail case may happen although the test holds (a trylock on a free lock):
    ``contended``, where another thread takes the lock in this execution (while it waits it is in
    the way; not a reader in a reader's); ``counted``, so too, and one that fails was counted first
    and is in the way of others; ``always``, with no reason.
    """

    primitive: str
    always: tuple[Step, ...] | None
    ok: tuple[Step, ...] | None
    fail: tuple[Step, ...] | None
    source: str
    clears: bool = False
    spurious: str | None = None

    @property
    def ends_reservation(self) -> bool:
        """Whether no store-conditional may pair with what was reserved before."""
        return self.clears or (self.ok is not None and any(step.reserved for step in self.ok))


def with_tag(row: Row, tag: str, primitive: Primitive) -> Row:
    """The row with a tag at the write of its pair, if that is always computed from the read."""
    if row.always is None or "old" not in formula_names(parse_formula(primitive.new or "0")):
        return row
    tagged = tuple(
        replace(step, tags=(*step.tags, tag)) if step.kind == "W" and step.rmw else step
        for step in row.always
    )
    return replace(row, always=tagged)


def with_data(row: Row) -> Row:
    """The row with ``computed`` at the writes of its atomic pair."""

    def told(steps: tuple[Step, ...] | None) -> tuple[Step, ...] | None:
        if steps is None:
            return None
        return tuple(
            replace(step, computed=True)
            if step.kind == "W" and step.rmw and not step.lock
            else step
            for step in steps
        )

    return replace(row, always=told(row.always), ok=told(row.ok), fail=told(row.fail))


def shared_prefix(ok: tuple[Step, ...], fail: tuple[Step, ...]) -> int | None:
    """Length of the common beginning that ends in the deciding read; None if there is none.

    The read may be a probe in ``ok`` (then the RMW follows) and the only read in ``fail``.
    """
    for index, (a, b) in enumerate(zip(ok, fail, strict=False)):
        if a.kind == "R" and not a.lock:
            same = (a.kind, a.tags) == (b.kind, b.tags) and not b.lock and not b.probe
            return index + 1 if same and (a.probe or a.rmw == b.rmw) else None
        if a != b:
            return None
    return None
