"""Costs rank what instructions order; what a primitive becomes is its row's business."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from shutil import copy, copytree

import pytest

from ksmcheck import whatif
from ksmcheck.check import Request
from ksmcheck.kernel.catalogue.accesses import EITHER
from ksmcheck.kernel.primitives import all_primitives, primitives
from ksmcheck.model.load import load_model, shipped_models
from ksmcheck.program.change import INSERT, STRENGTHEN, Change
from ksmcheck.store.paths import models_dir
from ksmcheck.text import InputError
from ksmcheck.whatif.cost import Costs, load_costs
from tests.whatif.conftest import ROOT

UNPRICED = {
    # Events of LKMM that no question changes, and a fence for the compiler alone.
    *("Barrier", "Rcu-lock", "Rcu-unlock", "Sync-rcu", "Sync-srcu"),
}


def costs(model: str, kernel: str, config: str | None = None) -> Costs:
    loaded = load_model(model)
    found = load_costs(loaded, Request(Path("x.litmus"), model, kernel, config=config))
    assert found is not None
    return found


@pytest.mark.parametrize("model", shipped_models())
def test_every_fence_that_a_row_emits_has_a_weight(model: str) -> None:
    loaded = load_model(model)
    for kernel in loaded.kernels:
        priced = costs(model, kernel).events
        for primitive in primitives(kernel).values():
            if EITHER in primitive.classes:
                continue  # these events order nothing
            for config in loaded.configs(kernel):
                try:
                    row = loaded.row(primitive, kernel, config)
                except InputError:
                    continue
                for case in (row.always, row.ok, row.fail):
                    fences = (set(s.tags) for s in case or () if s.kind == "F")
                    for tags in fences:
                        assert tags & (priced.keys() | UNPRICED), (kernel, primitive.name)


@pytest.mark.parametrize("model", shipped_models())
def test_only_primitives_are_priced_as_a_whole(model: str) -> None:
    table = tomllib.loads((models_dir() / model / "cost.toml").read_text(encoding="utf-8"))
    assert table.get("cost", {}).keys() <= all_primitives().keys()
    # The dma_ ones where a port has none of its own: asm-generic/barrier.h then has the others.
    # What of the smp_ ones waits for devices is riscv's alone.
    mandatory = {"mb", "rmb", "wmb"}
    devices = mandatory | {f"dma_{name}" for name in mandatory} | {"smp_mb__after_spinlock"}
    assert table.get("cost", {}).keys() <= devices


@pytest.mark.parametrize(
    ("model", "kernel", "dearer", "cheaper"),
    [
        # arm64: stlr from 3.14 on, dmb ishst and a store before (rcu_assign_pointer).
        ("armv8", "3.9", "rcu_assign_pointer", "WRITE_ONCE"),
        ("armv8", "6.12", "smp_wmb", "rcu_assign_pointer"),
        # arm: dmb for everything at 3.9, dmb ishst for smp_wmb at 6.12.
        ("armv7", "6.12", "smp_rmb", "smp_wmb"),
        ("armv7", "6.12", "mb", "smp_mb"),
        # powerpc: sync, lwsync; a relaxed atomic has neither.
        ("power", "6.12", "smp_mb", "smp_store_release"),
        ("power", "6.12", "xchg", "xchg_acquire"),
        ("power", "6.12", "xchg_acquire", "xchg_relaxed"),
        ("riscv", "6.12", "smp_load_acquire", "smp_rmb"),
        ("riscv", "6.12", "xchg", "xchg_relaxed"),
        # riscv: fence iorw,iorw, as mb; smp_mb is fence rw,rw.
        ("riscv", "6.12", "smp_mb__after_spinlock", "smp_mb"),
        # alpha: mb; generic release is a full barrier, and READ_ONCE of 6.12 ends with one.
        ("alpha", "6.12", "rcu_assign_pointer", "smp_wmb"),
        ("alpha", "6.12", "READ_ONCE", "WRITE_ONCE"),
        ("tso", "6.12", "smp_mb", "smp_store_release"),
        ("tso", "6.12", "wmb", "smp_wmb"),
        ("lkmm", "6.12", "smp_mb", "smp_load_acquire"),
    ],
)
def test_what_costs_more(model: str, kernel: str, dearer: str, cheaper: str) -> None:
    found = costs(model, kernel)
    assert found.of(dearer) > found.of(cheaper)


@pytest.mark.parametrize(
    ("model", "kernel", "one", "other"),
    [
        ("armv7", "3.9", "smp_wmb", "smp_rmb"),
        ("power", "3.9", "rmb", "smp_mb"),
        ("alpha", "3.9", "smp_rmb", "smp_mb"),
        ("alpha", "3.9", "rcu_assign_pointer", "smp_wmb"),
        ("alpha", "3.9", "ACCESS_ONCE", "WRITE_ONCE"),
        # Locked in any case.
        ("tso", "6.12", "xchg", "xchg_relaxed"),
        ("sc", "6.12", "smp_mb", "WRITE_ONCE"),
        ("riscv", "6.12", "smp_mb__after_spinlock", "mb"),
        # What may fail costs what it does where it succeeds: both are sync, lwarx, stwcx., sync.
        ("power", "6.12", "cmpxchg", "xchg"),
    ],
)
def test_what_costs_the_same(model: str, kernel: str, one: str, other: str) -> None:
    found = costs(model, kernel)
    assert found.of(one) == found.of(other)


# What each machine makes of a barrier at 6.12, by arch/*/include/asm/barrier.h: no instruction, an
# ordered access, a fence for some accesses, one for all, one that waits for devices.
SCALES = {
    "sc": ["WRITE_ONCE smp_mb mb rmb wmb"],
    # barrier(); lfence and sfence; mfence, and what is locked.
    "tso": ["smp_wmb smp_rmb smp_store_release dma_wmb", "rmb wmb", "smp_mb mb dma_mb xchg"],
    # dmb ishst; dmb; dsb.
    "armv7": ["READ_ONCE", "smp_wmb dma_wmb", "smp_rmb smp_mb dma_rmb", "rmb wmb mb dma_mb"],
    # stlr, ldar; dmb ishst, dmb ishld; dsb st, dsb ld; dmb ish; dsb sy.
    "armv8": [
        "READ_ONCE WRITE_ONCE",
        "smp_store_release smp_load_acquire",
        "smp_wmb smp_rmb dma_wmb dma_rmb",
        "wmb rmb",
        "smp_mb dma_mb",
        "mb",
    ],
    # lwsync, and isync where an acquire ends; sync.
    "power": [
        "READ_ONCE",
        "smp_wmb smp_rmb smp_load_acquire xchg_acquire dma_wmb",
        "smp_mb mb rmb wmb dma_mb",
    ],
    # .aq, .rl; .aqrl; fence w,w; fence r,rw, and fence ow,ow; fence rw,rw; fence iorw,iorw.
    "riscv": [
        "WRITE_ONCE",
        "test_and_set_bit_lock clear_bit_unlock",
        "atomic_fetch_add",
        "smp_wmb smp_rmb",
        "smp_load_acquire smp_store_release wmb rmb dma_wmb dma_rmb",
        "smp_mb",
        "mb dma_mb smp_mb__after_spinlock",
    ],
    # wmb; mb.
    "alpha": ["WRITE_ONCE", "smp_wmb wmb dma_wmb", "smp_mb mb smp_rmb rmb dma_rmb"],
    # Documentation/memory-barriers.txt, "Varieties of memory barrier".
    "lkmm": [
        "READ_ONCE",
        "smp_load_acquire smp_store_release",
        "smp_wmb smp_rmb",
        "smp_mb smp_mb__before_atomic smp_mb__after_atomic smp_mb__after_spinlock"
        " smp_mb__after_unlock_lock smp_mb__after_srcu_read_unlock",
    ],
}
SCALES["alpha-letter"] = SCALES["alpha"]


@pytest.mark.parametrize("model", shipped_models())
def test_each_scale_goes_up(model: str) -> None:
    found = costs(model, "6.12")
    steps = [{found.of(name) for name in step.split()} for step in SCALES[model]]
    assert [len(prices) for prices in steps] == [1] * len(steps)
    prices = [price for (price,) in steps]
    assert prices == sorted(set(prices))
    assert prices[0] == 0
    # Every file explains the same scale, which sets of several machines are summed up in.
    assert set(prices) <= {0, 1, 2, 3, 4, 8, 10}


def test_the_dearest_configuration_counts_unless_one_is_pinned() -> None:
    # arm64's xchg: ldxr, stlxr and a dmb without LSE, one instruction (swpal) with it.
    assert costs("armv8", "6.12").of("xchg") == costs("armv8", "6.12", "llsc").of("xchg")
    assert costs("armv8", "6.12", "lse").of("xchg") < costs("armv8", "6.12", "llsc").of("xchg")
    assert costs("armv8", "6.12").of("plain") == 0
    # Its LSE form leaves the suffix away: __lse_atomic_fetch_sub(i, v) - i, arm64's atomic_lse.h.
    lse = costs("armv8", "6.12", "lse").of("atomic_sub_return_relaxed")
    assert costs("armv8", "6.12").of("atomic_sub_return_relaxed") == lse > 0
    assert costs("armv8", "6.12", "llsc").of("atomic_sub_return_relaxed") == 0


TWO = """C two
{ }
P0(int *x, int *y) { int r; xchg_acquire(x, 1); smp_mb(); r = READ_ONCE(*y); }
"""


def test_a_form_costs_what_it_is_and_not_what_was_there(tmp_path: Path) -> None:
    """powerpc: smp_mb is sync, smp_wmb and what xchg_acquire ends with lwsync or isync; xchg has a
    sync on either side."""
    path = tmp_path / "two.litmus"
    path.write_text(TWO)
    spots = whatif(path, "power").sites()
    found = costs("power", "6.12")
    sync, lwsync = found.of("smp_mb"), found.of("smp_wmb")
    assert sync > lwsync > 0
    assert found.kept((("smp_mb@P0", "keep"),), spots) == sync
    assert found.kept((("smp_mb@P0", "smp_wmb"),), spots) == lwsync
    assert found.kept((("smp_mb@P0", "smp_wmb"), ("xchg_acquire@P0", "keep")), spots) == 2 * lwsync
    stronger = Change("xchg_acquire@P0", STRENGTHEN, "xchg")
    assert found.added((stronger,), spots) == 2 * sync - lwsync
    inserted = Change(f"{path}:3", INSERT, "smp_mb")
    assert found.added((stronger, inserted), spots) == 3 * sync - lwsync


def test_several_machines_cost_what_each_does(tmp_path: Path) -> None:
    """Message passing: dmb ishst and dmb ishld, lwsync twice; nothing where stores and loads are in
    order anyhow (Intel SDM 3A 8.2.2)."""
    passing = ROOT / "litmus" / "classic" / "MP" / "MP+wmb+rmb.litmus"
    one = {m: costs(m, "6.12") for m in ("armv8", "power", "tso")}
    each = {m: c.of("smp_wmb") + c.of("smp_rmb") for m, c in one.items()}
    assert each["armv8"] and each["power"] and not each["tso"]
    together = whatif(passing, list(one))
    (least,) = together.minimal()
    assert together.cost(least) == sum(each.values())
    (tmp_path / "own.cat").write_text("Own\nacyclic po | rf | co | fr as order\n")
    unpriced = whatif(passing, [str(tmp_path / "own.cat"), "armv8"])
    assert unpriced.cost(least) is None

    bare = whatif(ROOT / "litmus" / "classic" / "SB" / "SB.litmus", ["tso", "armv8"])
    full = {r.changes for r in bare.repairs() if all(c.to == "smp_mb" for c in r.changes)}
    (both,) = (r for r in bare.repairs() if r.changes in full)
    assert len(both.changes) == 2
    assert bare.cost(both) == 2 * (one["tso"].of("smp_mb") + one["armv8"].of("smp_mb"))


def priced(folder: Path, table: str) -> Costs | None:
    """A machine like riscv, with other weights."""
    own = folder / "models" / "own"
    if not own.exists():
        copytree(models_dir() / "riscv", own)
        (own / "riscv.cat").rename(own / "own.cat")
        copy(models_dir() / "common.toml", folder / "models")
    (own / "cost.toml").write_text(table)
    return load_costs(load_model(str(own)), Request(Path("x.litmus"), str(own)))


def test_all_marks_of_an_event_count(tmp_path: Path) -> None:
    """amoswap.w.aqrl is a read and a write, marked AcqRel and X each."""
    found = priced(tmp_path, "[event]\nAcqRel = 3\nX = 0.5\n")
    assert found is not None
    assert found.of("xchg") == 7
    assert found.of("xchg_relaxed") == 1


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[event]\nX = 1\nSync = 8\n", "no events 'Sync'"),
        ("[cost]\nsmp_bm = 8\n", "there is no primitive 'smp_bm'"),
        ("[event]\nX = -1\n", "is not negative"),
        ("[cost]\nmb = -0.5\n", "is not negative"),
        ('[cost]\nmb = "10"\n', "is a number"),
        ("[cost]\nmb = true\n", "is a number"),
        ("[event]\nX = inf\n", "is a number"),
        ("[event]\nX = nan\n", "is a number"),
        ("cost = 3\n", "is a number"),
        ("[event\n", "cost.toml: "),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, table: str, message: str) -> None:
    """A misspelt event would cost nothing, and a negative weight makes more order cheaper."""
    with pytest.raises(InputError, match=re.escape(message)):
        priced(tmp_path, table)
