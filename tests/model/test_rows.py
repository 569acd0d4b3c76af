"""What primitives become on each machine.

The expected values are written after a table of the kernel's sources (3.9.6 and 6.12) that was made
before, and apart from, the lowering tables: per operation and architecture, the instructions of its
success and of its failure path. Where that table leaves a choice, the weaker is expected.
"""

from __future__ import annotations

from functools import cache

import pytest

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import all_primitives, primitives
from ksmcheck.lowering.lookup import row_cases
from ksmcheck.lowering.steps import steps_text
from ksmcheck.lowering.template import Row
from ksmcheck.model.load import load_model, shipped_models
from ksmcheck.model.model import Model
from ksmcheck.store.cache import Cache
from ksmcheck.text import InputError


@cache
def model(name: str) -> Model:
    return load_model(name, cache=Cache(None))


def text(row: Row) -> str:
    """``always``, or ``ok / fail``."""
    return " / ".join(steps_text(steps) for _, steps in row_cases(row))


def becomes(name: str, primitive: str, point: str) -> str:
    kernel, _, config = point.partition("/")
    chosen = config or model(name).configs(kernel)[0]
    return text(model(name).row(all_primitives()[primitive], kernel, chosen))


# Rows: operation; per column the steps, "-" where the table says that it does not exist.
FENCES_39 = """
               tso        armv7   armv8          power      alpha
smp_mb         F[MFENCE]  F[DMB]  F[DMB.ISH]     F[SYNC]    F[MB]
smp_rmb        .          F[DMB]  F[DMB.ISHLD]   F[LWSYNC]  F[MB]
smp_wmb        .          F[DMB]  F[DMB.ISHST]   F[LWSYNC]  F[WMB]
smp_read_barrier_depends  . . . . F[MB]
ACCESS_ONCE    R R R R R
smp_mb__after_clear_bit  . F[DMB] F[DMB.ISH] F[SYNC] F[MB]
cpu_relax      . . . . .
"""
FENCES_612 = """
               tso        armv7      armv8          power      riscv           alpha
smp_mb         F[MFENCE]  F[DMB]     F[DMB.ISH]     F[SYNC]    F[Fence.rw.rw]  F[MB]
smp_rmb        .          F[DMB]     F[DMB.ISHLD]   F[LWSYNC]  F[Fence.r.r]    F[MB]
smp_wmb        .          F[DMB.ST]  F[DMB.ISHST]   F[LWSYNC]  F[Fence.w.w]    F[WMB]
READ_ONCE      R          R          R              R          R               R_F[MB]
WRITE_ONCE     W          W          W              W          W               W
test_bit       R          R          R              R          R               R
smp_load_acquire   R  R_F[DMB]  R[A]  R_F[LWSYNC]  R_F[Fence.r.rw]  R_F[MB]
smp_store_release  W  F[DMB]_W  W[L]  F[LWSYNC]_W  F[Fence.rw.w]_W  F[MB]_W
smp_mb__after_atomic    . F[DMB] F[DMB.ISH] F[SYNC] F[Fence.rw.rw] F[MB]
smp_mb__after_spinlock  . .      F[DMB.ISH] F[SYNC] F[Fence.rw.rw] .
"""


def cells(table: str) -> list[tuple[str, str, str]]:
    """(model, primitive, steps); ``_`` joins steps, ``.`` is no event at all."""
    head, *lines = table.strip().splitlines()
    names = head.split()
    found = []
    for line in lines:
        primitive, *row = line.split()
        assert len(row) == len(names), line
        for name, cell in zip(names, row, strict=True):
            found.append((name, primitive, "" if cell == "." else cell.replace("_", " ")))
    return found


@pytest.mark.parametrize(("name", "primitive", "expected"), cells(FENCES_39))
def test_fences_and_accesses_of_39(name: str, primitive: str, expected: str) -> None:
    assert becomes(name, primitive, "3.9") == expected


@pytest.mark.parametrize(("name", "primitive", "expected"), cells(FENCES_612))
def test_fences_and_accesses_of_612(name: str, primitive: str, expected: str) -> None:
    assert becomes(name, primitive, "6.12") == expected


# The hashed lock of arm64's bit operations in 2013: ldaxr l; stxr l; ldr f; str f; stlr l.
HASHED = "R*@lock[A] W*@lock R W W@lock[L]"
LOCKED = "R*[LOCK] W*[LOCK]"

ATOMICS_39 = [
    # Void operations: plain RMWs everywhere but on x86.
    ("tso", "atomic_inc", LOCKED),
    ("armv7", "atomic_inc", "R* W*"),
    ("armv8", "atomic_inc", "R* W*"),
    ("power", "atomic_inc", "R* W*"),
    ("alpha", "atomic_inc", "R* W*"),
    # Value-returning ones.
    ("armv7", "atomic_dec_and_test", "F[DMB] R* W* F[DMB]"),
    ("armv8", "atomic_dec_and_test", "R*[A] W*[L]"),
    ("power", "atomic_dec_and_test", "F[LWSYNC] R* W* F[SYNC]"),
    ("alpha", "atomic_dec_and_test", "F[MB] R* W* F[MB]"),
    ("armv7", "atomic_cmpxchg", "F[DMB] R* W* F[DMB] / F[DMB] R* F[DMB]"),
    ("armv8", "atomic_cmpxchg", "R*[A] W*[L] / R*[A]"),
    ("power", "atomic_cmpxchg", "F[LWSYNC] R* W* F[LWSYNC] / F[LWSYNC] R*"),
    ("alpha", "atomic_cmpxchg", "R* W* F[MB] / R*"),
    ("tso", "atomic_cmpxchg", f"{LOCKED} / R*[LOCK]"),
    ("armv8", "cmpxchg", "F[DMB.ISH] R* W* F[DMB.ISH] / F[DMB.ISH] R* F[DMB.ISH]"),
    ("power", "cmpxchg", "F[LWSYNC] R* W* F[LWSYNC] / F[LWSYNC] R*"),
    ("armv8", "atomic_xchg", "R*[A] W*[L]"),
    ("power", "xchg", "F[LWSYNC] R* W* F[LWSYNC]"),
    ("alpha", "xchg", "R* W* F[MB]"),
    # get_page_unless_zero.
    ("tso", "atomic_inc_not_zero", f"R? {LOCKED} / R"),
    ("armv7", "atomic_inc_not_zero", "R? F[DMB] R* W* F[DMB] / R"),
    ("armv8", "atomic_inc_not_zero", "R? R*[A] W*[L] / R"),
    ("power", "atomic_inc_not_zero", "F[LWSYNC] R* W* F[SYNC] / F[LWSYNC] R*"),
    ("alpha", "atomic_inc_not_zero", "R? R* W* F[MB] / R"),
    # Bit operations.
    ("tso", "set_bit", LOCKED),
    ("armv7", "set_bit", "R* W*"),
    ("armv8", "set_bit", HASHED),
    ("power", "set_bit", "R* W*"),
    ("alpha", "set_bit", "R* W*"),
    ("tso", "test_and_clear_bit", LOCKED),
    ("armv7", "test_and_clear_bit", "F[DMB] R* W* F[DMB]"),
    ("armv8", "test_and_clear_bit", HASHED),
    ("power", "test_and_clear_bit", "F[LWSYNC] R* W* F[SYNC]"),
    ("alpha", "test_and_clear_bit", "F[MB] R* W* F[MB] / F[MB] R* F[MB]"),
    ("armv7", "test_and_set_bit_lock", "F[DMB] R* W* F[DMB]"),
    ("armv8", "test_and_set_bit_lock", HASHED),
    ("power", "test_and_set_bit_lock", "R* W* F[LWSYNC]"),
    ("alpha", "test_and_set_bit_lock", "R* W* F[MB] / R* F[MB]"),
    ("armv7", "clear_bit_unlock", "F[DMB] R* W*"),
    ("armv8", "clear_bit_unlock", f"F[DMB.ISH] {HASHED}"),
    ("power", "clear_bit_unlock", "F[LWSYNC] R* W*"),
    ("alpha", "clear_bit_unlock", "F[MB] R* W*"),
    # Locks.
    ("tso", "spin_unlock", "W"),
    ("armv7", "spin_lock", "R* W* F[DMB]"),
    ("armv7", "spin_unlock", "F[DMB] W F[DMB]"),
    ("armv8", "spin_lock", "R*[A] W*"),
    ("armv8", "spin_unlock", "W[L]"),
    ("armv8", "spin_trylock", "R*[A] W* / R*[A]"),
    ("power", "spin_lock", "R* W* F[LWSYNC]"),
    ("power", "spin_unlock", "F[LWSYNC] W"),
    ("power", "spin_trylock", "R* W* F[LWSYNC] / R*"),
    ("alpha", "spin_lock", "R* W* F[MB]"),
    ("alpha", "spin_trylock", "F[MB] R* W* F[MB] / F[MB] R* F[MB]"),
    # Reader-writer locks: arch/*/include/asm/spinlock.h.
    ("tso", "read_lock", LOCKED),
    ("tso", "read_trylock", f"{LOCKED} / R*[LOCK]"),
    ("tso", "read_unlock", LOCKED),
    ("tso", "write_unlock", "W F[MFENCE]"),
    ("armv7", "read_lock", "R* W* F[DMB]"),
    ("armv7", "read_unlock", "F[DMB] R* W*"),
    ("armv7", "write_unlock", "F[DMB] W F[DMB]"),
    ("armv8", "read_lock", "R*[A] W*"),
    ("armv8", "read_unlock", "R* W*[L]"),
    ("armv8", "write_lock", "R*[A] W*"),
    ("armv8", "write_unlock", "W[L]"),
    ("armv8", "write_trylock", "R*[A] W* / R*[A]"),
    ("power", "read_lock", "R* W* F[LWSYNC]"),
    ("power", "read_unlock", "F[LWSYNC] R* W*"),
    ("power", "write_unlock", "F[LWSYNC] W"),
    ("power", "read_trylock", "R* W* F[LWSYNC] / R*"),
    ("alpha", "read_lock", "R* W* F[MB]"),
    ("alpha", "read_unlock", "F[MB] R* W*"),
    ("alpha", "write_trylock", "R* W* F[MB] / R* F[MB]"),
    # RCU's publication.
    ("tso", "rcu_assign_pointer", "W"),
    ("armv7", "rcu_assign_pointer", "F[DMB] W"),
    ("armv8", "rcu_assign_pointer", "F[DMB.ISHST] W"),
    ("power", "rcu_assign_pointer", "F[LWSYNC] W"),
    ("alpha", "rcu_assign_pointer", "F[WMB] W"),
    ("alpha", "rcu_dereference", "R F[MB]"),
    ("alpha", "atomic_read", "R"),
]

ATOMICS_612 = [
    ("armv8/llsc", "atomic_inc", "R* W*"),
    ("armv8/lse", "atomic_inc", "R*[AMO,NoRet] W*[AMO,COMPUTED]"),
    ("riscv", "atomic_inc", "R*[X] W*[X]"),
    ("armv7", "atomic_fetch_add", "F[DMB] R* W* F[DMB]"),
    ("armv8/llsc", "atomic_fetch_add", "R* W*[L] F[DMB.ISH]"),
    ("armv8/lse", "atomic_fetch_add", "R*[A,AMO] W*[L,AMO,COMPUTED]"),
    ("power", "atomic_fetch_add", "F[SYNC] R* W* F[SYNC]"),
    ("riscv", "atomic_fetch_add", "R*[AcqRel,X] W*[AcqRel,X]"),
    ("alpha", "atomic_fetch_add", "F[MB] R* W* F[MB]"),
    ("armv7", "atomic_cmpxchg", "F[DMB] R* W* F[DMB] / F[DMB] R* F[DMB]"),
    ("armv8/llsc", "atomic_cmpxchg", "R* W*[L] F[DMB.ISH] / R*"),
    ("armv8/lse", "atomic_cmpxchg", "R*[A,AMO] W*[L,AMO] / R*[A,AMO]"),
    ("armv8/llsc", "cmpxchg", "R* W*[L] F[DMB.ISH] / R*"),
    ("power", "atomic_cmpxchg", "F[SYNC] R* W* F[SYNC] / F[SYNC] R*"),
    ("riscv", "atomic_cmpxchg", "R*[EX] W*[EX,Rel] F[Fence.rw.rw] / R*[EX]"),
    ("alpha", "atomic_cmpxchg", "F[MB] R* W* F[MB] / F[MB] R* F[MB]"),
    ("armv7", "atomic_add_unless", "F[DMB] R* W* F[DMB] / F[DMB] R*"),
    ("armv8/llsc", "atomic_add_unless", "R? R* W*[L] F[DMB.ISH] / R"),
    ("armv8/lse", "atomic_add_unless", "R? R*[A,AMO] W*[L,AMO] / R"),
    ("power", "atomic_add_unless", "F[SYNC] R* W* F[SYNC] / F[SYNC] R*"),
    ("riscv", "atomic_add_unless", "R*[EX] W*[EX,Rel] F[Fence.rw.rw] / R*[EX]"),
    ("alpha", "atomic_add_unless", "F[MB] R* W* F[MB] / F[MB] R* F[MB]"),
    ("armv7", "atomic_fetch_add_acquire", "R* W* F[DMB]"),
    ("armv8/llsc", "atomic_fetch_add_acquire", "R*[A] W*"),
    ("armv8/lse", "atomic_fetch_add_acquire", "R*[A,AMO] W*[AMO,COMPUTED]"),
    ("power", "atomic_fetch_add_acquire", "R* W* F[LWSYNC]"),
    ("riscv", "atomic_fetch_add_acquire", "R*[X] W*[X] F[Fence.r.rw]"),
    ("alpha", "atomic_fetch_add_acquire", "R* W* F[MB]"),
    ("armv7", "atomic_fetch_add_release", "F[DMB] R* W*"),
    ("armv8/llsc", "atomic_fetch_add_release", "R* W*[L]"),
    ("power", "atomic_fetch_add_release", "F[LWSYNC] R* W*"),
    ("riscv", "atomic_fetch_add_release", "F[Fence.rw.w] R*[X] W*[X]"),
    ("alpha", "atomic_fetch_add_release", "F[MB] R* W* F[MB]"),
    ("armv8/llsc", "set_bit", "R* W*"),
    ("armv8/lse", "set_bit", "R*[AMO,NoRet] W*[AMO,COMPUTED]"),
    ("armv8/llsc", "test_and_clear_bit", "R* W*[L] F[DMB.ISH]"),
    ("armv8/lse", "test_and_clear_bit", "R*[A,AMO] W*[L,AMO,COMPUTED]"),
    ("power", "test_and_clear_bit", "F[SYNC] R* W* F[SYNC]"),
    ("riscv", "test_and_clear_bit", "R*[AcqRel,X] W*[AcqRel,X]"),
    ("alpha", "test_and_clear_bit", "F[MB] R* W* F[MB] / F[MB] R* F[MB]"),
    ("armv7", "test_and_set_bit_lock", "R? R* W* F[DMB] / R"),
    ("armv8/llsc", "test_and_set_bit_lock", "R? R*[A] W* / R"),
    ("armv8/lse", "test_and_set_bit_lock", "R? R*[A,AMO] W*[AMO] / R"),
    ("power", "test_and_set_bit_lock", "R* W* F[LWSYNC]"),
    ("riscv", "test_and_set_bit_lock", "R*[Acq,X] W*[Acq,X]"),
    ("alpha", "test_and_set_bit_lock", "R* W* F[MB] / R* F[MB]"),
    ("armv7", "xor_unlock_is_negative_byte", "F[DMB] R* W*"),
    ("armv8/llsc", "xor_unlock_is_negative_byte", "R* W*[L]"),
    ("armv8/lse", "xor_unlock_is_negative_byte", "R*[AMO] W*[L,AMO,COMPUTED]"),
    ("power", "xor_unlock_is_negative_byte", "F[LWSYNC] R* W*"),
    ("riscv", "xor_unlock_is_negative_byte", "R*[Rel,X] W*[Rel,X]"),
    ("alpha", "xor_unlock_is_negative_byte", "R* W*"),  # not a release there: no mb at all
    ("alpha", "clear_bit_unlock", "F[MB] R* W*"),
    ("armv7", "spin_unlock", "F[DMB] W F[DMB.ST]"),
    ("armv8/llsc", "spin_lock", "R*[A] W*"),
    ("armv8/lse", "spin_lock", "R*[A,AMO] W*[AMO]"),
    ("riscv", "spin_lock", "R*[AcqRel,X] W*[AcqRel,X]"),
    ("riscv", "spin_unlock", "F[Fence.rw.w] W"),
    # include/asm-generic/qrwlock.h: acquire and release operations of its count, but on ARMv7 and
    # Alpha, whose locks are as they were.
    ("tso", "write_unlock", "W"),
    ("tso", "write_trylock", f"R? {LOCKED} / R"),
    ("armv7", "write_unlock", "F[DMB] W F[DMB.ST]"),
    ("armv7", "read_trylock", "R* W* F[DMB] / R*"),
    ("armv8/lse", "read_lock", "R*[A,AMO] W*[AMO]"),
    ("armv8/lse", "read_unlock", "R*[AMO] W*[L,AMO,COMPUTED]"),
    ("armv8/llsc", "read_trylock", "R? R*[A] W* / R"),
    ("riscv", "read_lock", "R*[X] W*[X] F[Fence.r.rw]"),
    ("riscv", "write_lock", "R*[EX] W*[EX] F[Fence.r.rw]"),
    ("power", "write_trylock", "R? R* W* F[LWSYNC] / R"),
    ("alpha", "read_unlock", "F[MB] R* W*"),
    # kernel/locking/rwsem.c: the same, of a long; its writers leave by an atomic operation.
    ("tso", "up_write", "W F[MFENCE]"),
    ("armv8/llsc", "down_write_trylock", "R*[A] W* / R*[A]"),
    ("armv8/lse", "up_read", "R*[AMO] W*[L,AMO,COMPUTED]"),
    ("alpha", "down_read", "R* W* F[MB]"),
    ("alpha", "down_write", "F[MB] R* W* F[MB]"),
    ("alpha", "up_read", "F[MB] R* W* F[MB]"),
    ("power", "rcu_assign_pointer", "F[LWSYNC] W"),
    ("armv8/llsc", "rcu_assign_pointer", "W[L]"),
    ("alpha", "atomic_read", "R F[MB]"),
    # include/linux/refcount.h: release, and smp_rmb after the last reference is dropped.
    ("armv7", "refcount_dec_and_test", "F[DMB] R* W* F[DMB] / F[DMB] R* W*"),
    # Documentation/core-api/refcount-vs-atomic.rst, case 7: what LKMM may rest on.
    ("lkmm", "refcount_dec_and_test", "R*[Acquire] W*[Release] F[Rmb] / R*[Once] W*[Release]"),
    ("armv8/llsc", "refcount_dec_and_test", "R* W*[L] F[DMB.ISHLD] / R* W*[L]"),
    ("riscv", "refcount_inc_not_zero", "R? R*[EX] W*[EX] / R"),
]


@pytest.mark.parametrize(("name", "primitive", "expected"), ATOMICS_39)
def test_atomics_of_39(name: str, primitive: str, expected: str) -> None:
    assert becomes(name, primitive, "3.9") == expected


@pytest.mark.parametrize(("name", "primitive", "expected"), ATOMICS_612)
def test_atomics_of_612(name: str, primitive: str, expected: str) -> None:
    name, _, config = name.partition("/")
    assert becomes(name, primitive, f"6.12/{config}" if config else "6.12") == expected


# linux-kernel.def of 6.12; a failed cmpxchg is one marked read.
LKMM = [
    ("load", "R"),
    ("store", "W"),
    ("READ_ONCE", "R[Once]"),
    ("smp_store_release", "W[Release]"),
    ("rcu_assign_pointer", "W[Release]"),
    ("smp_store_mb", "W[Once] F[Mb]"),
    ("smp_mb__after_spinlock", "F[After-spinlock]"),
    ("atomic_add", "R*[Noreturn] W*[Once]"),
    ("atomic_fetch_add", "F[Mb] R*[Once] W*[Once] F[Mb]"),
    ("atomic_add_return_acquire", "R*[Acquire] W*[Once]"),
    ("xchg_release", "R*[Once] W*[Release]"),
    ("cmpxchg", "F[Mb] R*[Once] W*[Once] F[Mb] / R*[Once]"),
    ("cmpxchg_acquire", "R*[Acquire] W*[Once] / R*[Once]"),
    # A condition that a READ_ONCE refutes first is no RMW at all: smp_mb__after_atomic is no help.
    ("atomic_inc_not_zero", "F[Mb] R*[Once] W*[Once] F[Mb] / R[Once]"),
    ("spin_lock", "R*[LKR,Acquire] W*[LKW]"),
    ("spin_unlock", "W[UL,Release]"),
    ("spin_trylock", "R*[LKR,Acquire] W*[LKW] / R[LF]"),
    ("spin_is_locked", "R[RL] / R[RU]"),
    ("rcu_read_lock", "F[Rcu-lock]"),
    ("synchronize_rcu_expedited", "F[Sync-rcu]"),
    ("srcu_read_lock", "R[Srcu-lock]"),
    ("synchronize_srcu", "F&[Sync-srcu]"),
    ("test_and_set_bit_lock", "R*[Acquire] W*[Once] / R[Once]"),
    ("clear_bit_unlock", "R*[Once] W*[Release]"),
    ("read_lock", "R*[Acquire] W*[Once]"),
    ("up_read", "R*[Once] W*[Release]"),
    ("downgrade_write", "W[Release]"),
]


@pytest.mark.parametrize(("primitive", "expected"), LKMM)
def test_lkmm_follows_the_kernels_definitions(primitive: str, expected: str) -> None:
    assert becomes("lkmm", primitive, "6.12") == expected


def test_spin_lock_waits() -> None:
    row = model("armv8").row(all_primitives()["spin_lock"], "6.12", "llsc")
    assert (row.always, row.fail) == (None, None)


def _of_old(primitive: Primitive, kernel: str = "3.9") -> bool:
    return kernel == "3.9" and primitive.name.startswith(("down", "up_"))


@pytest.mark.parametrize("name", shipped_models())
def test_every_primitive_has_a_row_with_its_source(name: str) -> None:
    """Or is said to have no meaning there: RCU's grace periods and SRCU, outside lkmm only; and the
    semaphores of 3.9, whose readers did not always order."""
    for kernel in model(name).kernels:
        for config in model(name).configs(kernel):
            for primitive in primitives(kernel).values():
                try:
                    row = model(name).row(primitive, kernel, config)
                except InputError as error:
                    assert "rcu" in primitive.name or _of_old(primitive, kernel), str(error)
                    assert name != "lkmm"
                    assert "has no meaning under" in str(error)
                else:
                    assert row.source, primitive.name


def test_both_alphas_are_one_machine() -> None:
    for primitive in primitives("3.9").values():
        name = primitive.name
        readers = "srcu" in name or name.startswith("synchronize")
        readers |= any(c.startswith("rcu-callback") for c in primitive.classes)
        if not readers and not _of_old(primitive):
            assert becomes("alpha", name, "3.9") == becomes("alpha-letter", name, "3.9")


@pytest.mark.parametrize("name", sorted(set(shipped_models()) - {"lkmm"}))
def test_failure_has_no_more_fences_than_success(name: str) -> None:
    """Documentation/atomic_t.txt: ordered on success, unordered on failure."""
    for kernel in model(name).kernels:
        for config in model(name).configs(kernel):
            row = model(name).row(all_primitives()["atomic_add_unless"], kernel, config)
            assert row.ok is not None
            assert row.fail is not None
            fences = [[s for s in steps if s.kind == "F"] for steps in (row.ok, row.fail)]
            assert len(fences[1]) <= len(fences[0])
