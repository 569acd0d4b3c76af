"""This repository's own gate, as far as it needs no search: ``make gate`` does the rest.

An edit of the suite's barriers without a recorded baseline fails here, in seconds.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.gate.answer import Answerer
from ksmcheck.gate.baseline import Baseline, read_baseline
from ksmcheck.gate.compare_sites import site_findings
from ksmcheck.gate.config import Config, load_config
from ksmcheck.gate.gate import file_names
from ksmcheck.gate.outcome import WORDS
from ksmcheck.gate.plan import Cell, asked, plan
from ksmcheck.gate.survey import inventories_of, outside_of_search
from ksmcheck.report.findings_text import finding_text
from ksmcheck.store.cache import Cache
from ksmcheck.store.content import Contents
from ksmcheck.store.results import Results

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(ROOT / "ksmcheck.toml")


@pytest.fixture(scope="module")
def cells(config: Config) -> list[Cell]:
    return asked(plan(config))


@pytest.fixture(scope="module")
def baseline(config: Config) -> Baseline:
    return read_baseline(config.baseline)


def test_the_barriers_of_the_suite_are_as_recorded(
    config: Config, cells: list[Cell], baseline: Baseline
) -> None:
    answerer = Answerer(Results(Cache(None)), Contents())
    inventories = inventories_of(cells, answerer)
    now = outside_of_search(inventories, file_names(config))
    said = [finding_text(finding) for finding in site_findings(baseline, now)]
    assert not said, "\n".join(said)


def test_every_cell_is_recorded_as_the_suite_expects(cells: list[Cell], baseline: Baseline) -> None:
    assert len(cells) > 400
    for cell in cells:
        recorded = baseline.verdicts[cell.where][cell.column.name]
        assert recorded in WORDS[cell.expected], (cell.where, cell.column.name)
    wanted = {(cell.where, cell.column.name) for cell in cells}
    assert wanted == {(w, c) for w, columns in baseline.verdicts.items() for c in columns}


# Which barrier is needed where is also what the tables of the suite say of the variants that take
# it out, and why: there the letters were derived by hand.
TAKEN_OUT = {
    "no-wmb": "smp_wmb@ksm_migrate_page",
    "no-rmb": "smp_rmb@get_ksm_page",
    "no-rbd": "smp_read_barrier_depends@get_ksm_page",
    "no-uptodate-wmb": "smp_wmb@SetPageUptodate",
}


@pytest.mark.parametrize("scenario", ["path-a", "path-b"])
def test_the_needs_agree_with_the_reasoned_tables(
    config: Config, baseline: Baseline, scenario: str
) -> None:
    from ksmcheck.batch.suite import load_suite

    suite = load_suite(config.suites[0].folder)
    compared = 0
    for kernel in suite.kernels:
        needs = baseline.needs[f"litmus/ksm/{scenario}", kernel]
        for variant, site in TAKEN_OUT.items():
            for column in suite.columns:
                cell = suite.cell(scenario, variant, kernel, column.name)
                shipped = suite.cell(scenario, "shipped", kernel, column.name)
                if cell is None or shipped is None or shipped.letter != "S":
                    continue
                word = needs[site][column.name]
                assert word == ("idle" if cell.letter == "S" else "needed"), (kernel, site, column)
                compared += 1
    assert compared > 40
