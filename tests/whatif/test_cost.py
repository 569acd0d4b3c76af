"""Costs rank what instructions order; what a primitive becomes is its row's business."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.kernel.primitives import all_primitives, primitives
from ksmcheck.model.load import load_model, shipped_models
from ksmcheck.store.paths import models_dir
from ksmcheck.text import InputError
from ksmcheck.whatif.cost import Costs, load_costs

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
    mandatory = {"mb", "rmb", "wmb"}
    assert table.get("cost", {}).keys() <= mandatory | {f"dma_{name}" for name in mandatory}


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
    ],
)
def test_what_costs_the_same(model: str, kernel: str, one: str, other: str) -> None:
    found = costs(model, kernel)
    assert found.of(one) == found.of(other)


def test_the_dearest_configuration_counts_unless_one_is_pinned() -> None:
    # arm64's xchg: ldxr, stlxr and a dmb without LSE, one instruction (swpal) with it.
    assert costs("armv8", "6.12").of("xchg") == costs("armv8", "6.12", "llsc").of("xchg")
    assert costs("armv8", "6.12", "lse").of("xchg") < costs("armv8", "6.12", "llsc").of("xchg")
    assert costs("armv8", "6.12").of("plain") == 0
