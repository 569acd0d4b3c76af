"""Pick dependencies: what depends on a selection, a compare-and-swap that succeeded, or a branch.

AArch64's CAS leaves the register as it is where the comparison succeeds, so that what is computed
from it need not wait for the memory's value: the architecture keeps stores back, no more (Arm ARM
B2.3, pick dependency). That is what a control dependency does on that machine. LL/SC reads the
value itself. CSEL and its like say the same of the flags that they select by, and there what picks
an address keeps back the stores behind that access too (``choosing``).

The C of ``spin_trylock``, ``atomic_add_unless`` and their like branches on what it reads, and
returns true or false (``Primitive.told_by_branch``). What is computed from that hangs on the
branch, which keeps stores back and no loads: the same dependency again. ``try_cmpxchg`` hands on
both: the answer of a branch, and in the expected value what it has read.
"""

from __future__ import annotations

from ksmcheck.events.draft import Draft, DraftEvent
from ksmcheck.events.structure import Dependency
from ksmcheck.events.taint import WAY, Taint, read_of
from ksmcheck.lowering.template import Step


def is_cas(ok: tuple[Step, ...], fail: tuple[Step, ...]) -> bool:
    """Whether a row is one instruction that compares and swaps: what fails stores nothing."""
    swaps = any(step.kind == "W" and step.rmw and "AMO" in step.tags for step in ok)
    return swaps and not any(step.kind == "W" for step in fail)


def choosing(draft: Draft, taint: Taint) -> Taint:
    """Of what an address was computed from, the reads that only pick it: stores behind the access
    wait for them, and behind an ISB loads (Arm ARM B2.3: pick address dependency)."""
    terms, found = draft.terms, {}
    for key, when in taint.items():
        if key >= WAY:
            continue
        read = max(key, ~key)
        picked = when if key < 0 else terms.both(when, draft.picked.get(read, terms.false))
        if picked is not terms.false:
            found[~read] = picked
    return found


def depend(draft: Draft, relation: str, target: DraftEvent, taint: Taint) -> None:
    """Notes that ``target`` depends on the reads of ``taint``."""
    terms = draft.terms
    for key, when in taint.items():
        if key >= WAY and relation != "ctrl":
            continue
        read = read_of(key)
        succeeds = terms.true if key < 0 else draft.picked.get(read, terms.false)
        if relation == "ctrl" or succeeds is terms.false:
            kept = when
        else:
            kept = terms.both(when, terms.no(succeeds))
            picked = terms.both(when, succeeds)
            if target.kind == "W" and picked is not terms.false:
                draft.dependencies.append(Dependency("ctrl", read, target.id, picked))
        if kept is not terms.false:
            draft.dependencies.append(Dependency(relation, read, target.id, kept))
