"""The checker's verdicts agree with the tables, in cells that each tell something.

The whole table is what ``ksmcheck verify`` runs; this is what every test run can afford: one cell
for every kind of reason, on the machine where it is most easily got wrong.
"""

from __future__ import annotations

import pytest

from ksmcheck.batch.jobs import jobs_of
from ksmcheck.batch.letters import letter_of
from ksmcheck.batch.suite import Suite
from tests.fresh import fresh_checker

CELLS = [
    ("path-b", "shipped", "3.9", "power"),
    ("path-b", "no-wmb", "6.12", "armv8"),
    ("path-b", "no-rmb", "6.12", "alpha"),
    ("path-b", "no-rbd", "3.9", "alpha"),
    ("path-b", "bare", "3.9", "armv8"),
    ("path-b", "no-uptodate-wmb", "3.9", "armv8"),
    ("path-b", "late-mapping", "3.9", "sc"),
    ("path-a", "release-mapping", "6.12", "armv8"),
    ("path-a", "release-mapping", "6.12", "power"),
    ("path-a", "if-for-while", "3.9", "sc"),
    ("path-a", "clear-swapcache-first", "6.12", "sc"),
    ("add-swap", "shipped", "3.9", "armv7"),
    ("add-swap", "shipped", "6.12", "alpha"),
    ("add-swap", "rmb-after-failed-get", "6.12", "riscv"),
    ("add-swap", "shipped", "6.12", "lkmm"),
    ("dirty-reclaim", "shipped", "3.9", "power"),
    ("unfreeze-delete", "shipped", "6.12", "sc"),
    ("unfreeze-delete", "recheck-mapping", "6.12", "alpha"),
    ("dead-page", "shipped", "3.9", "alpha"),
    ("dead-page-reachable", "shipped", "6.12", "tso"),
    ("reuse", "shipped", "3.9", "armv8"),
    ("reuse", "shipped", "6.12", "armv8"),
    ("reuse", "shipped", "3.9", "lkmm-plain"),
    ("freeze-section", "shipped", "3.9", "sc"),
    ("freeze-section-p2", "shipped", "3.9", "power"),
    ("freeze-section-p2", "shipped", "6.12", "power"),
    ("pre-patch", "shipped", "3.9", "sc"),
]


@pytest.mark.parametrize(("case", "variant", "point", "column"), CELLS)
def test_verdict_is_the_expected_one(
    ksm: Suite, case: str, variant: str, point: str, column: str
) -> None:
    groups = jobs_of(ksm, scenarios=[case], variants=[variant], kernels=[point], models=[column])
    (job,) = [job for group in groups for job in group if job.column.name == column]
    assert letter_of(fresh_checker().check(job.request)) == job.expected
