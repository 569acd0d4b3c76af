"""What depends on a compare-and-swap in kernel C: on arm64 with LSE it is one CAS instruction.

Where CAS succeeds, the register that held the expected value may be left as it is, so that what is
computed from it does not wait for the memory (Arm ARM B2.3, pick dependency; herd7 allows its test
MP+rel+CAS-ok-MRs-addr). Only stores wait. With ldxr and stxr the value comes from ldxr.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

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
    observation = fresh_checker().check(request).observation  # a witness has passed the replay
    assert observation == fresh_checker().states(request).observation
    return observation


@pytest.mark.parametrize(
    ("code", "outcome", "lse", "llsc"),
    [
        # The read's address is what the register held before.
        (CAS + ADDRESS, "1:r0=1 /\\ 1:r1=0", "Sometimes", "Never"),
        # arm64's cmpxchg_local is cmpxchg_relaxed.
        ("r0 = cmpxchg_local(y, 1, 2);" + ADDRESS, "1:r0=1 /\\ 1:r1=0", "Sometimes", "Never"),
        ("r0 = cmpxchg_local(y, 7, 2);" + ADDRESS, "1:r0=1 /\\ 1:r1=0", "Never", "Never"),
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


LOST = """C t
{{ }}
P0(int *x) {{ int e = 5; int r0 = {}; }}
P1(int *x) {{ WRITE_ONCE(*x, 1); }}
exists (x=0)
"""


@pytest.mark.parametrize(
    ("model", "local"),
    [("tso", "Sometimes"), ("lkmm", "Sometimes"), ("armv8", "Never"), ("power", "Never")],
)
def test_one_that_fails_without_a_lock_prefix_stores_what_it_has_read(
    model: str, local: str, tmp_path: Path
) -> None:
    """Intel SDM, CMPXCHG: "the destination operand receives a write cycle without regard to the
    result of the comparison", so that another CPU's store is lost. LKMM is for all machines."""
    path = tmp_path / "t.litmus"
    for call in ("cmpxchg_local(x, e, 6)", "try_cmpxchg_local(x, &e, 6)"):
        path.write_text(LOST.format(call))
        assert fresh_checker().check(Request(path, model)).observation == local
    path.write_text(LOST.format("cmpxchg_relaxed(x, e, 6)"))
    assert fresh_checker().check(Request(path, model)).observation == "Never"


def test_what_a_local_one_stores_hangs_on_its_operand_where_it_succeeds(tmp_path: Path) -> None:
    """Not on what it has read: that store may be forwarded before the load is done, which the
    data dependency of a failure would not allow."""
    path = tmp_path / "t.litmus"
    text = "C t\n{ }\nP0(int *x, int *y) { WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1); }\n"
    text += "P1(int *x, int *y, int *z) { int r0 = READ_ONCE(*y);\n"
    text += " int r2 = cmpxchg_local(z, 0, r0); int r1 = READ_ONCE(*x); }\n"
    path.write_text(text + "exists (1:r0=1 /\\ 1:r1=0)\n")
    for model in ("armv8", "lkmm"):
        assert fresh_checker().check(Request(path, model)).observation == "Sometimes"


IF_POSITIVE = """C t
{{ atomic64_t a = {start}; }}
P0(int *x, int *y, atomic64_t *a)
{{
	WRITE_ONCE(*x, 1);
	long r0 = atomic64_dec_if_positive(a);
	int r1 = READ_ONCE(*y);
}}
P1(int *x, int *y)
{{
	WRITE_ONCE(*y, 1);
	smp_mb();
	int r0 = READ_ONCE(*x);
}}
exists (0:r1=0 /\\ 1:r0=0)
"""


@pytest.mark.parametrize("start", [0, 5])
@pytest.mark.parametrize(
    ("model", "failed"),
    [("armv7", "Never"), ("alpha", "Never"), ("power", "Never"), ("armv8", "Sometimes")],
)
def test_a_decrement_that_fails_orders_as_well_where_its_barrier_comes_first(
    model: str, failed: str, start: int, tmp_path: Path
) -> None:
    """The kernel's sources, arch/{arm,alpha,powerpc}/include/asm/atomic.h: the barrier before the
    load is there whatever the load finds (and on ARM and Alpha the one behind it)."""
    path = tmp_path / "t.litmus"
    path.write_text(IF_POSITIVE.format(start=start))
    expected = "Never" if start else failed
    assert fresh_checker().check(Request(path, model)).observation == expected
