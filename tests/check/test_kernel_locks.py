"""Macros of the kernel that take locks: those that a signal would end, and those that take one
where a count comes to zero.

What is expected follows from what they are made of (lib/dec_and_lock.c, lib/refcount.c,
kernel/locking/mutex.c): a lock orders what its holders do, one after the other.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request, Verdict
from ksmcheck.text import InputError


def check(
    text: str, folder: Path, model: str = "lkmm", kernel: str = "6.12", **more: object
) -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}\n")
    return Checker().check(Request(path, model, kernel, **more))  # type: ignore[arg-type]


_COUNTED = """struct mutex m;
int n;
{{ }}
P0(void) {{ int r0 = {taken}; BUG_ON(r0); n++; mutex_unlock(&m); }}
P1(void) {{ mutex_lock(&m); n++; mutex_unlock(&m); }}
forall (n=2)"""


@pytest.mark.parametrize(
    "taken",
    [
        "mutex_lock_interruptible(&m)",
        "mutex_lock_killable(&m)",
        "mutex_lock_interruptible_nested(&m, SINGLE)",
        "mutex_lock_killable_nested(&m, SINGLE)",
    ],
)
@pytest.mark.parametrize(
    ("model", "kernel"), [("lkmm", "6.12"), ("armv8", "3.9"), ("armv8", "6.12"), ("power", "6.12")]
)
def test_nobody_is_signalled(taken: str, model: str, kernel: str, tmp_path: Path) -> None:
    """The mutex is taken, and the answer 0; without it an increment may be lost."""
    text = "#define SINGLE 1\n" + _COUNTED.format(taken=taken)
    assert check(text, tmp_path, model, kernel).verdict == "SAFE"
    pair = frozenset({"mutex_lock@P0", "mutex_unlock@P0"})
    alone = check(text, tmp_path, model, kernel, removed=pair)
    assert alone.verdict == "VIOLATED" or alone.flags == ("data-race",)


def test_the_usual_way_out_is_never_taken(tmp_path: Path) -> None:
    """The lock need not be released there: the branch is dead, as the program text shows."""
    code = "if (mutex_lock_killable(&m)) { n = 7; return; } n++; mutex_unlock(&m);"
    text = f"struct mutex m; int n;\n{{ }}\nP0(void) {{ {code} }}\nforall (n=1)"
    assert check(text, tmp_path, "sc").verdict == "SAFE"


@pytest.mark.parametrize("name", ["mutex_lock_io(&m)", "mutex_lock_io_nested(&m, 1)"])
def test_a_mutex_of_who_waits_for_io(name: str, tmp_path: Path) -> None:
    text = _COUNTED.format(taken=f"({{ {name}; 0; }})")
    assert check(text, tmp_path, "armv8").verdict == "SAFE"
    with pytest.raises(InputError, match="mutex_lock_io"):
        check(text, tmp_path, "armv8", "3.9")
