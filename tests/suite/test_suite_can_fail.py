"""Every scenario's property can fail: where no variant breaks it, a mutant of the encodings does.

`dead-page` is safe in every cell, for it rests on the freeze alone being one atomic step. With a
freeze that reads and then stores, by plain interleaving: reclaim reads 2, the reader takes its
reference (3), reclaim stores 0 and frees a page that was handed out.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ksmcheck.batch.suite import Suite
from ksmcheck.check import Request
from tests.fresh import fresh_checker

FREEZE = "return atomic_cmpxchg(&page->_count, count, 0) == count;"
TORN = "if (atomic_read(&page->_count) != count) return 0; atomic_set(&page->_count, 0); return 1;"


def test_only_dead_page_is_safe_whatever_is_changed(ksm: Suite) -> None:
    never = {
        scenario.id
        for scenario in ksm.scenarios
        if scenario.property != "reachable"
        and all(cell.letter != "V" for cell in ksm.expected[scenario.id].values())
    }
    assert never == {"dead-page"}


@pytest.mark.parametrize("point", ["3.9", "6.12"])
def test_dead_page_fails_with_a_freeze_that_is_not_atomic(
    ksm: Suite, tmp_path: Path, point: str
) -> None:
    folder = shutil.copytree(ksm.folder, tmp_path / "ksm")
    header = folder / "page.h"
    text = header.read_text(encoding="utf-8")
    assert FREEZE in text
    header.write_text(text.replace(FREEZE, TORN), encoding="utf-8")
    checker = fresh_checker()
    for scenario, verdict in (("dead-page", "VIOLATED"), ("dirty-reclaim", "SAFE")):
        request = Request(folder / f"{scenario}.litmus", "sc", point)
        assert checker.check(request).verdict == verdict
