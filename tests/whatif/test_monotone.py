"""Less order never makes a violated program safe: a fence that goes only adds executions.

Flags are left aside: a program with fewer executions may well have fewer races.
"""

from __future__ import annotations

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.kernel.primitives import primitives
from ksmcheck.program.change import REMOVE, WEAKEN
from ksmcheck.program.inventory import Spot
from ksmcheck.whatif.asker import Asker
from tests.fresh import fresh_asker
from tests.whatif.conftest import ROOT

CLASSICS = sorted(
    p for p in (ROOT / "litmus" / "classic").rglob("*.litmus") if p.parent.name[0].isupper()
)


def happens(verdict: Verdict) -> bool:
    """Whether what the test asks about can happen."""
    if verdict.observation is not None:
        return verdict.observation != "Never"
    return verdict.verdict == "VIOLATED"


def orders(spot: Spot) -> bool:
    """A barrier, or a form that differs from a weaker one in its order alone."""
    return spot.sort == "primitive" and not primitives("6.12")[spot.primitive].blocks


@pytest.mark.parametrize("model", ["tso", "armv8", "power", "riscv", "alpha", "lkmm"])
def test_weakening_keeps_what_can_happen(model: str) -> None:
    seen = 0
    for path in CLASSICS[::7]:
        asker, request = fresh_asker(), Request(path, model)
        if happens(asker.ask(request, ())):
            seen += 1
            keeps(asker, request)
    assert seen


def keeps(asker: Asker, request: Request) -> None:
    for spot in asker.spots(request):
        fence = spot.sort == "primitive" and primitives("6.12")[spot.primitive].shape == "fence"
        for change in spot.changes:
            if (change.kind == REMOVE and fence) or (change.kind == WEAKEN and orders(spot)):
                verdict = asker.ask(request, (change,))
                assert happens(verdict) or verdict.flags, (request.path, change)
