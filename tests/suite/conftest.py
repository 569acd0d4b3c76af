"""The KSM suite, read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from ksmcheck.batch.suite import Suite, load_suite

KSM = Path(__file__).parents[2] / "litmus" / "ksm"


@cache
def _suite() -> Suite:
    return load_suite(KSM)


@pytest.fixture(scope="session")
def ksm() -> Suite:
    return _suite()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``scenario`` and ``kernel`` run over the suite's own lists."""
    suite = _suite()
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize("scenario", suite.scenarios, ids=[s.id for s in suite.scenarios])
    if "kernel" in metafunc.fixturenames:
        metafunc.parametrize("kernel", suite.kernels)
