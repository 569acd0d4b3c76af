"""What depends on a compare-and-swap in kernel C: on arm64 with LSE it is one CAS instruction.

Where CAS succeeds, the register that held the expected value may be left as it is, so that what is
computed from it does not wait for the memory (Arm ARM B2.3, pick dependency; herd7 allows its test
MP+rel+CAS-ok-MRs-addr). Only stores wait. With ldxr and stxr the value comes from ldxr.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request

TEST = """C t
{{ int a[2]; int x = 0; int y = 0; int z = 0; }}
P0(int *a, int *x, int *y, int *z) {{ WRITE_ONCE(*x, 2); WRITE_ONCE(a[1], 1); smp_wmb();
 WRITE_ONCE(*y, 1); }}
P1(int *a, int *x, int *y, int *z) {{ int r0 = 9; int r1 = 9; int e = 1; {code} }}
exists ({outcome})
"""
CAS = "r0 = cmpxchg_relaxed(y, 1, 2);"
ADDRESS = "r1 = READ_ONCE(a[r0 & 1]);"


def asked(code: str, outcome: str, config: str, folder: Path, model: str = "armv8") -> str | None:
    path = folder / "t.litmus"
    path.write_text(TEST.format(code=code, outcome=outcome))
    request = Request(path, model, config=config)
    observation = Checker().check(request).observation  # a witness has passed the replay
    assert observation == Checker().states(request).observation
    return observation


@pytest.mark.parametrize(
    ("code", "outcome", "lse", "llsc"),
    [
        # The read's address is what the register held before.
        (CAS + ADDRESS, "1:r0=1 /\\ 1:r1=0", "Sometimes", "Never"),
        # A CAS that fails loads its register from memory: an address dependency.
        ("r0 = cmpxchg_relaxed(y, 7, 2);" + ADDRESS, "1:r0=1 /\\ 1:r1=0", "Never", "Never"),
        # An acquire orders what comes after it in any case.
        ("r0 = cmpxchg_acquire(y, 1, 2);" + ADDRESS, "1:r0=1 /\\ 1:r1=0", "Never", "Never"),
        # Stores wait: their value, their address or their execution hangs on the success.
        (CAS + "WRITE_ONCE(*x, r0);", "1:r0=1 /\\ x=2", "Never", "Never"),
        (CAS + "if (r0 == 1) WRITE_ONCE(*x, 1);", "1:r0=1 /\\ x=2", "Never", "Never"),
        (CAS + "WRITE_ONCE(a[r0 & 1], 3);", "1:r0=1 /\\ a[1]=1", "Never", "Never"),
        # The store waits, and the load that takes its value early does not wait for it.
        (
            CAS + "WRITE_ONCE(*z, r0); r0 = READ_ONCE(*z);" + ADDRESS,
            "y=2 /\\ 1:r0=1 /\\ 1:r1=0",
            "Sometimes",
            "Never",
        ),
    ],
)
def test_what_a_success_gives_back(
    code: str, outcome: str, lse: str, llsc: str, tmp_path: Path
) -> None:
    assert asked(code, outcome, "lse", tmp_path) == lse
    assert asked(code, outcome, "llsc", tmp_path) == llsc


@pytest.mark.parametrize("config", ["lse", "llsc"])
def test_try_cmpxchg_leaves_the_expected_value_where_it_succeeds(
    config: str, tmp_path: Path
) -> None:
    """raw_try_cmpxchg stores to ``*old`` on failure alone (atomic-arch-fallback.h): after a success
    e is the 1 that it was, and a branch keeps no read back. After a failure it came from y."""
    good = "if (try_cmpxchg_relaxed(y, &e, 2)) r1 = READ_ONCE(a[e & 1]);"
    assert asked(good, "1:r1=0", config, tmp_path) == "Sometimes"
    bad = "e = 0; if (!try_cmpxchg_relaxed(y, &e, 2)) r1 = READ_ONCE(a[e & 1]);"
    assert asked(bad, "1:r1=0 /\\ y=1", config, tmp_path) == "Never"
