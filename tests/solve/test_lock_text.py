"""Lock events done natively, against the same told in cat and interpreted.

A lock is an ordinary cell for the engine: rf and co of its accesses are chosen as those of any
other. A cat file that handles locks itself (the kernel's lock.cat) begins with the rf of ordinary
reads, without co, and chooses the rest with ``with ... from``. Both have to come to the same
executions. The text below was written for this test; where KSMCHECK_KERNEL_TREE names the sources
of a kernel, its own files are held against the native form too (``make kernel-models``).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from ksmcheck.cat.load import statements_of
from ksmcheck.check.prepare import Workshop
from ksmcheck.check.verdict import Request
from ksmcheck.events.structure import EventStructure
from ksmcheck.execution.plain_cat import choices
from ksmcheck.execution.plain_names import Universe
from ksmcheck.execution.plain_relations import Set, members, pairs_in, rows_of, set_of, within
from ksmcheck.execution.wellformed import universe_of
from ksmcheck.record import replace
from ksmcheck.solve.explicit import ExplicitSession
from ksmcheck.solve.outcome import Candidate
from ksmcheck.solve.witness import to_execution
from ksmcheck.syntax.cat_tree import Statement

Pairs: TypeAlias = frozenset[tuple[int, int]]
Key: TypeAlias = tuple[tuple[int, ...], Pairs]
TREE = os.environ.get("KSMCHECK_KERNEL_TREE")

AXIOMS = """
acyclic po-loc | rf | co | fr as coherence
empty rmw & ((fr & ext) ; (co & ext)) as atomic
let Others = Once | Acquire | Release
"""
NATIVE = 'include "lock.cat"' + AXIOMS

# Locks as sets of choices. LKR, LKW: taking a lock; UL: giving it back; LF, RL: seeing it taken;
# RU: seeing it free.
TEXT = (
    r"""
let taken = LF | RL
let pairs = ([LKR] ; po-loc ; [LKW]) \ (po-loc ; po-loc)
let rmw = rmw | pairs
empty ([LKW] ; po-loc ; [LKR | RU]) \ (po-loc ; [UL] ; po-loc) as no-nesting

let alone p = p ++ 0
let own = ([LKW] ; po-loc ; [taken]) \ ([LKW] ; po-loc ; [UL] ; po-loc)
let by-others e = map alone ((LKW * {e}) & loc & ext)
with rf-taken from cross (map by-others (taken \ range(own)))
let last-own e = ((UL * {e}) & po-loc) \ ([UL] ; po-loc ; [UL] ; po-loc)
let when-free e = map alone (last-own e | (((UL | IW) * {e}) & loc & ext))
with rf-free from cross (map when-free RU)
let rf = rf | own | rf-taken | rf-free

let W = W | LKW
include "cross.cat"
with co from generate_cos(co0 | ([IW] ; loc ; [LKW]))
let section = ([LKW] ; po-loc ; [UL]) \ (po-loc ; [LKW | UL] ; po-loc)
let co = (co | section | (section^-1 ; co))+
let rf = rf | ([IW | UL] ; (co \ (co ; co)) ; pairs^-1)
let fr = (rf^-1 ; co) \ id
"""
    + AXIOMS
)

TRY = """C try
{ spinlock_t s; }
P0(int *x, spinlock_t *s)
{
	int r0;

	r0 = spin_trylock(s);
	if (r0) {
		WRITE_ONCE(*x, 1);
		spin_unlock(s);
	}
}
P1(int *x, spinlock_t *s)
{
	int r1;
	int r2;

	r1 = spin_is_locked(s);
	r2 = READ_ONCE(*x);
}
exists (1:r1=1)
"""
TWICE = """C twice
{ spinlock_t s; }
P0(spinlock_t *s) { int r0; spin_lock(s); r0 = spin_is_locked(s); spin_unlock(s); }
P1(spinlock_t *s) { int r1; r1 = spin_trylock(s); if (r1) spin_unlock(s); }
exists (1:r1=1)
"""
ORDINARY = """C ordinary
{ }
P0(int *x) { int r0; WRITE_ONCE(*x, 1); r0 = READ_ONCE(*x); WRITE_ONCE(*x, 2); }
P1(int *x) { WRITE_ONCE(*x, 2); }
exists (0:r0=1)
"""
# herd7's cos.cat, which a kernel's lock.cat asks for under the name of its faster form.
COS = r"""
include "cross.cat"
with co from generate_cos(co0)
let coe = co & ext
let fr = (rf^-1 ; co) \ id
let fre = fr & ext
"""
CROSS = "let generate_cos(order) = generate_orders(W, order)"
READS, WRITES = ("LKR", "LF", "RL", "RU"), ("LKW", "UL")


class Accepted:
    """Executions by what is the same in both forms: the events, and who reads from ordinary
    writes."""

    def __init__(self, structure: EventStructure) -> None:
        self.native: dict[Key, set[tuple[Pairs, Pairs]]] = defaultdict(set)
        self.begin: dict[Key, Universe] = {}
        self.structure = structure

    def add(self, candidate: Candidate, accepted: bool) -> None:
        universe = universe_of(to_execution(self.structure, candidate))
        lock_reads = _union(universe, READS)
        rf, co = (frozenset(pairs_in(universe.relation(name))) for name in ("rf", "co"))
        ordinary = frozenset(pair for pair in rf if not lock_reads >> pair[1] & 1)
        key = candidate.executed, ordinary
        if accepted:
            self.native[key].add((rf, co))
        self.begin.setdefault(key, _begin(universe, ordinary))

    def differences(self, text: Sequence[Statement]) -> list[Key]:
        """Where the text comes to other executions than the native form."""
        return [
            key
            for key, universe in self.begin.items()
            if self.native[key]
            != {(c.rf, c.co) for c in choices(text, universe) if not c.result.failed}
        ]


def _union(universe: Universe, names: Sequence[str]) -> Set:
    return set_of(event for name in names for event in members(universe.set(name)))


def _begin(u: Universe, rf: Pairs) -> Universe:
    """What a text begins with: no co, and lock events in none of R, W, rf, rmw."""
    locks = _union(u, (*READS, *WRITES))
    rmw = within(u.relation("rmw"), u.events & ~locks, u.events)
    sets = {**u.sets, "R": u.set("R") & ~locks, "W": u.set("W") & ~locks}
    relations = {**u.relations, "rf": rows_of(rf), "co": {}, "rmw": rmw}
    return replace(u, sets=sets, relations=relations)


def compared(
    folder: Path, test: str, model: str, text: Path, provided: Mapping[str, str]
) -> tuple[int, list[Key]]:
    """How many executions the native form accepts, and where the text differs."""
    path = folder / "test.litmus"
    path.write_text(test)
    workshop = Workshop()
    structure = workshop.structure(Request(path, model), "default")
    session = ExplicitSession(structure, workshop.model(model).compiled)
    accepted = Accepted(structure)
    for candidate in session.search.candidates():
        accepted.add(candidate, not session.judge.forbids(candidate))
    differences = accepted.differences(statements_of(text, provided))
    return sum(map(len, accepted.native.values())), differences


@pytest.mark.parametrize("test", [TRY, TWICE, ORDINARY])
def test_locks_natively_and_by_choices(tmp_path: Path, test: str) -> None:
    native, text = tmp_path / "native.cat", tmp_path / "text.cat"
    native.write_text(NATIVE)
    text.write_text(TEXT)
    count, differences = compared(tmp_path, test, str(native), text, {"cross.cat": CROSS})
    assert count > 1
    assert differences == []


def test_the_comparison_can_fail(tmp_path: Path) -> None:
    native, text = tmp_path / "native.cat", tmp_path / "text.cat"
    native.write_text(NATIVE)
    text.write_text(TEXT.replace("LKW * {e}", "UL * {e}"))
    _, differences = compared(tmp_path, TRY, str(native), text, {"cross.cat": CROSS})
    assert differences != []


@pytest.mark.skipif(TREE is None, reason="KSMCHECK_KERNEL_TREE names no kernel sources")
@pytest.mark.parametrize("test", [TRY, TWICE, ORDINARY])
def test_a_kernels_own_files(tmp_path: Path, test: str) -> None:
    assert TREE is not None
    text = Path(TREE) / "tools" / "memory-model" / "linux-kernel.cat"
    provided = {"cross.cat": CROSS, "cos-opt.cat": COS, "stdlib.cat": ""}
    count, differences = compared(tmp_path, test, TREE, text, provided)
    assert count > 1
    assert differences == []
