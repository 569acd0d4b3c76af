"""Whether a changed program comes to an end may be known from an execution that does not come to
the changed place, and from no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.batch.letters import letter_of
from ksmcheck.check import Request
from ksmcheck.check.search import Search
from ksmcheck.check.verdict import SAFE, VACUOUS, Verdict
from ksmcheck.events.terms import Term
from ksmcheck.program.change import REMOVE, Change
from ksmcheck.record import replace
from ksmcheck.solve.outcome import Candidate
from tests.fresh import fresh_asker, fresh_checker

WAITS = """C waits
int flag; int data; int other;
{ }
P0(void)
{
	WRITE_ONCE(data, 1);
	smp_wmb();
	WRITE_ONCE(flag, 1);
}
P1(void)
{
	int r;
	while (READ_ONCE(flag) == 0)
		cpu_relax();
	smp_rmb();
	r = READ_ONCE(data);
	if (READ_ONCE(other))
		WRITE_ONCE(other, 2);
}
~exists (1:r=0)
"""


def asked(path: Path, model: str, site: str) -> Verdict:
    request = Request(path, model)
    asker = fresh_asker()
    asker.ask(request, ())
    verdict = asker.ask(request, (Change(site, REMOVE),))
    fresh = fresh_checker().check(replace(request, changes=(Change(site, REMOVE),)))
    assert letter_of(verdict) == letter_of(fresh)
    return verdict


@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
def test_without_the_store_that_is_waited_for_nothing_ends(tmp_path: Path, model: str) -> None:
    path = tmp_path / "waits.litmus"
    path.write_text(WAITS, encoding="utf-8")
    assert asked(path, model, "WRITE_ONCE@P0#2").verdict == VACUOUS


def test_a_place_that_is_never_come_to_is_not_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "waits.litmus"
    path.write_text(WAITS, encoding="utf-8")
    found: list[int] = []
    example = Search._example

    def counted(self: Search, goal: Term) -> Candidate | None:
        found.append(1)
        return example(self, goal)

    monkeypatch.setattr(Search, "_example", counted)
    request = Request(path, "sc")
    asker = fresh_asker()
    asker.ask(request, ())
    before = len(found)
    assert before == 1
    # `other` is 0 throughout: the store to it is in no execution.
    assert asker.ask(request, (Change("WRITE_ONCE@P1", REMOVE),)).verdict == SAFE
    assert len(found) == before
    # Every execution stores `flag`.
    assert asker.ask(request, (Change("WRITE_ONCE@P0#2", REMOVE),)).verdict == VACUOUS
    assert len(found) > before
