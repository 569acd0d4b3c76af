"""What a SAFE rests on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck import whatif
from ksmcheck.program.change import REMOVE, WEAKEN, Change
from ksmcheck.text import InputError
from tests.whatif.conftest import ROOT

MP = ROOT / "litmus" / "classic" / "MP" / "MP+wmb+rmb.litmus"


def test_it_does_not_hang_on_what_was_asked_before() -> None:
    """On armv8 both barriers of message passing are needed (Alglave, Maranget, Tautschnig 2014)."""
    asked = whatif(MP, "armv8")
    for earlier in (lambda: None, asked.ask, lambda: list(asked.minimal()), asked.why):
        earlier()
        (found,) = asked.why()
        assert found is not None
        assert [spot.name for spot in found.orders] == ["smp_wmb@P0", "smp_rmb@P1"]


HAZARD = """C hazard
{ }
P0(int *x, int *y) { int r; WRITE_ONCE(*x, 1); smp_mb(); r = READ_ONCE(*y); }
P1(int *x, int *y) { int r; r = xchg(y, 1); smp_mb(); r = READ_ONCE(*x); }
~exists (0:r=0 /\\ 1:r=0)
"""


def test_no_barrier_is_named_that_another_place_stands_in_for(tmp_path: Path) -> None:
    """Store buffering: a full barrier behind an xchg, which is one (memory-barriers.txt, "Atomic
    operations"). Either of the two may be left out, so that to name both would be too much."""
    path = tmp_path / "t.litmus"
    path.write_text(HAZARD)
    (found,) = whatif(path, "armv8").why()
    assert found is not None
    named = {spot.name for spot in (*found.orders, *found.accesses)}
    assert "smp_mb@P0" in named
    assert len(named & {"smp_mb@P1", "xchg@P1"}) == 1


ARGUMENT = """C argument
{ }
P0(int *x, int *y, int *z) { WRITE_ONCE(*x, READ_ONCE(*z) + 1); smp_wmb(); WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int a; int b; a = READ_ONCE(*y); smp_rmb(); b = READ_ONCE(*x); }
~exists (1:a=1 /\\ 1:b=0)
"""


def test_a_store_is_named_that_goes_with_what_it_reads(tmp_path: Path) -> None:
    """Message passing without the message is violated. To take the store away takes the read in its
    arguments away, which is another program, of which the proof says nothing."""
    path = tmp_path / "t.litmus"
    path.write_text(ARGUMENT)
    asked = whatif(path, "armv8")
    (found,) = asked.why()
    assert found is not None
    assert "WRITE_ONCE@P0" in {spot.name for spot in found.accesses}
    (verdict,) = asked.ask(Change("WRITE_ONCE@P0", REMOVE))
    assert verdict.verdict == "VIOLATED"


def test_a_pointer_that_is_taken_away_with_release() -> None:
    """To LKMM rcu_assign_pointer of NULL is a release, RCU_INIT_POINTER is not: with the latter
    nothing orders the message before it."""
    asked = whatif(MP.parent / "MP+null+rmb.litmus", "lkmm")
    (verdict,) = asked.ask(Change("rcu_assign_pointer@P0", WEAKEN, "RCU_INIT_POINTER"))
    assert verdict.observation == "Sometimes"
    (found,) = asked.why()
    assert found is not None
    assert "rcu_assign_pointer@P0" in {spot.name for spot in found.accesses}


LOCKS = """C locks
{ }
P0(int *x, int *y, spinlock_t *l)
{ WRITE_ONCE(*x, 1); spin_lock(l); spin_unlock(l); WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int a; int b; a = READ_ONCE(*y); smp_mb(); b = READ_ONCE(*x); }
~exists (1:a=1 /\\ 1:b=0)
"""


def test_a_lock_is_named_with_its_unlock(tmp_path: Path) -> None:
    """On Alpha a lock ends, and an unlock begins, with mb: that alone orders P0's stores. Neither
    can go without the other, both can, and then the message may be late."""
    path = tmp_path / "t.litmus"
    path.write_text(LOCKS)
    asked = whatif(path, "alpha")
    (found,) = asked.why()
    assert found is not None
    assert [spot.name for spot in found.orders] == []
    named = {spot.name for spot in found.accesses}
    assert {"spin_lock@P0", "spin_unlock@P0", "WRITE_ONCE@P0"} <= named
    both = (Change("spin_lock@P0", REMOVE), Change("spin_unlock@P0", REMOVE))
    assert asked.ask(*both)[0].verdict == "VIOLATED"


def test_a_critical_section_is_named() -> None:
    """The grace period waits for the whole section; without its markers there is none to wait for
    (Documentation/RCU/rcu.rst)."""
    (found,) = whatif(MP.parents[1] / "rcu" / "MP+rscs+gp.litmus", "lkmm").why()
    assert found is not None
    named = {spot.primitive for spot in (*found.orders, *found.accesses)}
    assert {"rcu_read_lock", "rcu_read_unlock", "synchronize_rcu"} <= named


@pytest.mark.parametrize("store", ["WRITE_ONCE(*y, 1)", "smp_store_release(y, 1)"])
def test_a_lock_that_a_release_stands_in_for(store: str, tmp_path: Path) -> None:
    """Either the lock or the release orders the stores, so that one of them has to be named."""
    path = tmp_path / "t.litmus"
    path.write_text(LOCKS.replace("WRITE_ONCE(*y, 1)", store))
    asked = whatif(path, "alpha")
    (found,) = asked.why()
    assert found is not None
    named = {spot.name for spot in (*found.orders, *found.accesses)}
    assert named & {"spin_lock@P0", "smp_store_release@P0"}


NESTED = """C nested
{ }
P0(int *x, int *y, spinlock_t *l, struct mutex *m)
{
	mutex_lock(m);
	spin_lock(l);
	if (READ_ONCE(*x)) { spin_unlock(l); mutex_unlock(m); return; }
	WRITE_ONCE(*x, 1);
	WRITE_ONCE(*y, 1);
	spin_unlock(l);
	mutex_unlock(m);
}
P1(int *x, int *y, spinlock_t *l)
{
	int a;
	int b;

	spin_lock(l);
	a = READ_ONCE(*y);
	b = READ_ONCE(*x);
	spin_unlock(l);
}
~exists (1:a=1 /\\ 1:b=0)
"""


def test_a_lock_that_nobody_else_takes_is_not_named_for_one_within_it(tmp_path: Path) -> None:
    """Each lock has two unlocks, so that it is they three that can go. The mutex is P0's alone."""
    path = tmp_path / "t.litmus"
    path.write_text(NESTED)
    asked = whatif(path, "armv8")
    names = [spot.name for spot in asked.sites()]
    mutex, lock = (
        tuple(
            Change(n, REMOVE)
            for n in names
            if n.startswith(kind) and n.partition("#")[0][-1] == "0"
        )
        for kind in ("mutex_", "spin_")
    )
    assert (len(mutex), len(lock)) == (3, 3)
    assert [asked.ask(*some)[0].verdict for some in (mutex, lock)] == ["SAFE", "VIOLATED"]
    (found,) = asked.why()
    assert found is not None
    named = {spot.name for spot in (*found.orders, *found.accesses)}
    assert {change.site for change in lock} <= named
    assert not {change.site for change in mutex} & named


TWO_LOCKS = """C two
{ }
static void first(spinlock_t *l) { spin_lock(l); spin_unlock(l); }
static void second(spinlock_t *l) { spin_lock(l); spin_unlock(l); }
P0(int *x, atomic_t *y, int *z, spinlock_t *l)
{ WRITE_ONCE(*x, 1); first(l); second(l); atomic_set(y, READ_ONCE(*z) + 1); }
P1(int *x, atomic_t *y) { int a; int b; a = atomic_read(y); smp_mb(); b = READ_ONCE(*x); }
~exists (1:a=1 /\\ 1:b=0)
"""


def test_what_breaks_by_twos_is_not_hidden_by_a_third(tmp_path: Path) -> None:
    """Either unlock orders the stores on POWER (lwsync before its store), so that one lock has to
    stay; and without the message, which takes along a read, nothing can be wrong. So neither one
    by one nor all together shows what is needed."""
    path = tmp_path / "t.litmus"
    path.write_text(TWO_LOCKS)
    asked = whatif(path, "power")
    lock = {
        name: (Change(f"spin_lock@{name}", REMOVE), Change(f"spin_unlock@{name}", REMOVE))
        for name in ("first", "second")
    }
    message = Change("atomic_set@P0", REMOVE)
    for safe in (lock["first"], lock["second"], (*lock["first"], *lock["second"], message)):
        assert asked.ask(*safe)[0].verdict == "SAFE"
    assert asked.ask(*lock["first"], *lock["second"])[0].verdict == "VIOLATED"
    (found,) = asked.why()
    assert found is not None
    named = {spot.name for spot in (*found.orders, *found.accesses)}
    assert len({"spin_lock@first", "spin_lock@second"} & named) == 1
    # What is said: with these as they are, the others may all go, one by one and together.
    (other,) = (name for name in lock if f"spin_lock@{name}" not in named)
    assert asked.ask(*lock[other], Change("READ_ONCE@P1", WEAKEN, "plain"))[0].verdict == "SAFE"


def test_the_models_asked_for_are_those_asked() -> None:
    """One that has no such kernel point was left out without a word, and none at all an
    IndexError."""
    path = Path(__file__).parents[2] / "litmus/classic/MP/MP+wmb+rmb.litmus"
    for models in ([], ["riscv"], ["riscv", "sc"]):
        with pytest.raises(InputError, match=r"no model to ask|no rows for kernel 3\.9"):
            list(whatif(path, models, kernel="3.9").matrix())
    everywhere = {cell.request.model for cell in whatif(path, "all", kernel="3.9").matrix()}
    assert "sc" in everywhere
    assert "riscv" not in everywhere
    with pytest.raises(InputError, match="no model to ask"):
        whatif(path, "all", kernel="5.4")
