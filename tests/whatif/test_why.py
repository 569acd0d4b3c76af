"""What a SAFE rests on."""

from __future__ import annotations

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
