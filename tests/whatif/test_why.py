"""What a SAFE rests on."""

from __future__ import annotations

from pathlib import Path

from ksmcheck import whatif
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
