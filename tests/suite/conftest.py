"""The KSM suite, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.batch.suite import Suite, load_suite

KSM = Path(__file__).parents[2] / "litmus" / "ksm"


@pytest.fixture(scope="session")
def ksm() -> Suite:
    return load_suite(KSM)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``scenario`` and ``kernel`` run over the suite's own lists."""
    suite = load_suite(KSM)
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize("scenario", suite.scenarios, ids=[s.id for s in suite.scenarios])
    if "kernel" in metafunc.fixturenames:
        metafunc.parametrize("kernel", suite.kernels)
