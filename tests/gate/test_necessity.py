"""The gate's single removals come from one encoding a program; the verdicts are those of checks."""

from __future__ import annotations

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.gate.answer import ask
from ksmcheck.gate.findings import rerun
from ksmcheck.gate.outline import inventory_of
from ksmcheck.gate.telling import outcome_of
from ksmcheck.program.change import REMOVE, Change
from ksmcheck.record import replace
from ksmcheck.store.paths import litmus_dir
from ksmcheck.syntax.litmus import load_litmus

PATH_B = litmus_dir() / "ksm" / "path-b.litmus"


@pytest.mark.parametrize(("kernel", "model"), [("3.9", "alpha"), ("6.12", "armv8")])
def test_both_ways(kernel: str, model: str) -> None:
    request = Request(PATH_B, model, kernel)
    sites = [b.name for b in inventory_of(load_litmus(PATH_B, kernel=kernel), kernel).barriers]
    group = [replace(request, changes=(Change(site, REMOVE),)) for site in sites]
    by_selectors = ask(Checker(), group)
    checker = Checker()
    alone = [
        outcome_of(checker, checker.check(replace(request, removed=frozenset((site,)))))
        for site in sites
    ]
    assert [(o.letter, o.verdict, o.config) for o in by_selectors] == [
        (o.letter, o.verdict, o.config) for o in alone
    ]
    assert {o.letter for o in alone} == {"S", "V"}
    for outcome in by_selectors:
        assert (outcome.execution is not None) == (outcome.letter == "V")


def test_answers_come_in_the_order_of_the_questions() -> None:
    request = Request(PATH_B, "sc", "3.9")
    without = replace(request, changes=(Change("smp_wmb@ksm_migrate_page", REMOVE),))
    alpha = replace(without, model="alpha")
    found = ask(Checker(), [alpha, request, without])
    assert [o.letter for o in found] == ["V", "S", "S"]
    assert rerun(without).endswith("--kernel 3.9 --remove smp_wmb@ksm_migrate_page")
