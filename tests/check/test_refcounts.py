"""``refcount_read`` gives an unsigned number (include/linux/refcount.h, 6.12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker


@pytest.mark.parametrize("engine", ["lazy", "explicit"])
def test_what_is_read_is_unsigned(engine: str, tmp_path: Path) -> None:
    """``unsigned int refcount_read()``: 1 - 2 is no negative number, and no -1 is below it."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\n{ refcount_t r = 1; }\nP0(refcount_t *r) { int r0 = refcount_read(r) - 2 < 0;\n"
        " int r1 = refcount_read(r) > -1; long r2 = refcount_read(r) - 2;\n"
        " typeof(refcount_read(r)) n = -1; int r3 = n > 0; }\n"
        "forall (0:r0=0 /\\ 0:r1=0 /\\ 0:r2=4294967295 /\\ 0:r3=1)\n"
    )
    request = Request(path, "lkmm", engine=engine)
    assert fresh_checker().check(request).verdict == "SAFE"
    assert fresh_checker().states(request).observation == "Always"
