"""What holds for a whole run of the tests."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """The thousands of collected tests stay to the end; the collector need not visit them again and
    again (a tenth of a run)."""
    gc.collect()
    gc.freeze()
