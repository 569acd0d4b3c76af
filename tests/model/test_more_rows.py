"""More rows, so that none changes unseen: the operations that ``test_rows`` leaves out.

This is a second record of the tables, read against the sources that each group names.
"""

from __future__ import annotations

import pytest

from tests.model.test_rows import becomes

Rows = dict[str, str]
"""Machine -> steps."""

ROWS_612: dict[str, Rows] = {
    # The ports' asm/barrier.h and asm-generic/barrier.h: dma_rmb is rmb where a port has none,
    # ctrl_dep is smp_rmb; arm64 has a smp_cond_load_acquire of load-acquires. RISC-V's row
    # stands for the branch, which orders writes, and the fence.
    "rmb": {
        "tso": "",
        "armv7": "F[DMB]",
        "armv8": "F[DMB.ISHLD]",
        "power": "F[SYNC]",
        "riscv": "F[Fence.r.r]",
        "alpha": "F[MB]",
        "lkmm": "F[Rmb]",
    },
    "dma_rmb": {
        "tso": "",
        "armv7": "F[DMB]",
        "armv8": "F[DMB.ISHLD]",
        "power": "F[LWSYNC]",
        "riscv": "F[Fence.r.r]",
        "alpha": "F[MB]",
        "lkmm": "F[Rmb]",
    },
    "dma_wmb": {
        "tso": "",
        "armv7": "F[DMB.ST]",
        "armv8": "F[DMB.ISHST]",
        "power": "F[LWSYNC]",
        "riscv": "F[Fence.w.w]",
        "alpha": "F[WMB]",
        "lkmm": "F[Wmb]",
    },
    "smp_acquire__after_ctrl_dep": {
        "tso": "",
        "armv7": "F[DMB]",
        "armv8": "F[DMB.ISHLD]",
        "power": "F[LWSYNC]",
        "riscv": "F[Fence.r.r]",
        "alpha": "F[MB]",
        "lkmm": "F[Rmb]",
    },
    "__smp_cond_load_acquire": {
        "tso": "R",
        "armv7": "R F[DMB]",
        "armv8": "R[A]",
        "power": "R F[LWSYNC]",
        "riscv": "R[Acq] F[Fence.r.r]",
        "alpha": "R F[MB]",
        "lkmm": "R[Acquire]",
    },
    "smp_store_mb": {
        "tso": "W F[MFENCE]",
        "armv7": "W F[DMB]",
        "armv8": "W F[DMB.ISH]",
        "power": "W F[SYNC]",
        "riscv": "W F[Fence.rw.rw]",
        "alpha": "W F[MB]",
        "lkmm": "W[Once] F[Mb]",
    },
    "rcu_dereference": {
        "tso": "R",
        "armv7": "R",
        "armv8": "R",
        "power": "R",
        "riscv": "R",
        "alpha": "R F[MB]",
        "lkmm": "R[Once]",
    },
    "rcu_assign_pointer": {
        "tso": "W",
        "armv7": "F[DMB] W",
        "armv8": "W[L]",
        "power": "F[LWSYNC] W",
        "riscv": "F[Fence.rw.w] W",
        "alpha": "F[MB] W",
        "lkmm": "W[Release]",
    },
    # The ports' asm/cmpxchg.h. POWER, RISC-V and arm64's LL/SC leave before the store and the
    # barrier behind it; ARM's fallbacks have theirs whatever the outcome; Alpha has the full
    # form alone. cmpxchg_local: on x86 alone may other CPUs come between.
    "cmpxchg_acquire": {
        "tso": "R*[LOCK] W*[LOCK] / R*[LOCK]",
        "armv7": "R* W* F[DMB] / R* F[DMB]",
        "armv8/llsc": "R*[A] W* / R*[A]",
        "armv8/lse": "R*[A,AMO] W*[AMO] / R*[A,AMO]",
        "power": "R* W* F[LWSYNC] / R*",
        "riscv": "R*[EX] W*[EX] F[Fence.r.rw] / R*[EX]",
        "alpha": "F[MB] R* W* F[MB] / F[MB] R* F[MB]",
        "lkmm": "R*[Acquire] W*[Once] / R*[Once]",
    },
    "cmpxchg_relaxed": {
        "tso": "R*[LOCK] W*[LOCK] / R*[LOCK]",
        "armv7": "R* W* / R*",
        "armv8/llsc": "R* W* / R*",
        "armv8/lse": "R*[AMO] W*[AMO] / R*[AMO]",
        "power": "R* W* / R*",
        "riscv": "R*[EX] W*[EX] / R*[EX]",
        "alpha": "F[MB] R* W* F[MB] / F[MB] R* F[MB]",
        "lkmm": "R*[Once] W*[Once] / R*[Once]",
    },
    "cmpxchg_release": {
        "tso": "R*[LOCK] W*[LOCK] / R*[LOCK]",
        "armv7": "F[DMB] R* W* / F[DMB] R*",
        "armv8/llsc": "R* W*[L] / R*",
        "armv8/lse": "R*[AMO] W*[L,AMO] / R*[AMO]",
        "power": "F[LWSYNC] R* W* / F[LWSYNC] R*",
        "riscv": "F[Fence.rw.w] R*[EX] W*[EX] / F[Fence.rw.w] R*[EX]",
        "alpha": "F[MB] R* W* F[MB] / F[MB] R* F[MB]",
        "lkmm": "R*[Once] W*[Release] / R*[Once]",
    },
    "cmpxchg_local": {
        "tso": "R W / R W",
        "armv7": "R* W* / R*",
        "armv8/llsc": "R* W* / R*",
        "armv8/lse": "R*[AMO] W*[AMO] / R*[AMO]",
        "power": "R* W* / R*",
        "riscv": "R*[EX] W*[EX] / R*[EX]",
        "alpha": "R* W* / R*",
        "lkmm": "R[Once] W[Once] / R[Once] W[Once]",
    },
    # arch/arm64/include/asm/atomic_lse.h: all are made of __lse_atomic_fetch_sub(), which is full.
    "atomic_sub_return_relaxed": {
        "armv8/llsc": "R* W*",
        "armv8/lse": "R*[A,AMO] W*[L,AMO]",
    },
    "atomic_sub_return_acquire": {
        "armv8/llsc": "R*[A] W*",
        "armv8/lse": "R*[A,AMO] W*[L,AMO]",
    },
    "atomic_sub_return_release": {
        "armv8/llsc": "R* W*[L]",
        "armv8/lse": "R*[A,AMO] W*[L,AMO]",
    },
    # atomic-arch-fallback.h reads, then has try_cmpxchg; RISC-V and POWER (of dec_if_positive)
    # have LL/SC of their own, Alpha and ARM of the 64-bit one.
    "atomic_inc_unless_negative": {
        "tso": "R*[LOCK] W*[LOCK] / R",
        "armv7": "F[DMB] R* W* F[DMB] / R",
        "armv8/llsc": "R* W*[L] F[DMB.ISH] / R",
        "armv8/lse": "R*[A,AMO] W*[L,AMO] / R",
        "power": "F[SYNC] R* W* F[SYNC] / R",
        "riscv": "R*[EX] W*[EX,Rel] F[Fence.rw.rw] / R*[EX]",
        "alpha": "F[MB] R* W* F[MB] / R F[MB]",
        "lkmm": "F[Mb] R*[Once] W*[Once] F[Mb] / R[Once]",
    },
    "atomic_dec_if_positive": {
        "tso": "R*[LOCK] W*[LOCK] / R",
        "armv7": "F[DMB] R* W* F[DMB] / R",
        "armv8/llsc": "R* W*[L] F[DMB.ISH] / R",
        "armv8/lse": "R*[A,AMO] W*[L,AMO] / R",
        "power": "F[SYNC] R* W* F[SYNC] / F[SYNC] R*",
        "riscv": "R*[EX] W*[EX,Rel] F[Fence.rw.rw] / R*[EX]",
        "alpha": "F[MB] R* W* F[MB] / R F[MB]",
        "lkmm": "F[Mb] R*[Once] W*[Once] F[Mb] / R[Once]",
    },
    "atomic64_dec_if_positive": {
        "tso": "R*[LOCK] W*[LOCK] / R",
        "armv7": "F[DMB] R* W* F[DMB] / F[DMB] R* F[DMB]",
        "armv8/llsc": "R* W*[L] F[DMB.ISH] / R",
        "armv8/lse": "R*[A,AMO] W*[L,AMO] / R",
        "power": "F[SYNC] R* W* F[SYNC] / F[SYNC] R*",
        "riscv": "R*[EX] W*[EX,Rel] F[Fence.rw.rw] / R*[EX]",
        "alpha": "F[MB] R* W* F[MB] / F[MB] R* F[MB]",
        "lkmm": "F[Mb] R*[Once] W*[Once] F[Mb] / R[Once]",
    },
    "atomic_long_dec_if_positive": {
        "tso": "R*[LOCK] W*[LOCK] / R",
        "armv7": "F[DMB] R* W* F[DMB] / R",
        "armv8/llsc": "R* W*[L] F[DMB.ISH] / R",
        "armv8/lse": "R*[A,AMO] W*[L,AMO] / R",
        "power": "F[SYNC] R* W* F[SYNC] / F[SYNC] R*",
        "riscv": "R*[EX] W*[EX,Rel] F[Fence.rw.rw] / R*[EX]",
        "alpha": "F[MB] R* W* F[MB] / F[MB] R* F[MB]",
        "lkmm": "F[Mb] R*[Once] W*[Once] F[Mb] / R[Once]",
    },
    # asm-generic/qspinlock.h looks, then has cmpxchg_acquire; asm-generic/spinlock.h (RISC-V)
    # cmpxchg; POWER, ARM: LL/SC, and a barrier where it is taken; Alpha: test_and_set_bit.
    "spin_trylock": {
        "tso": "R? R*[LOCK] W*[LOCK] / R",
        "armv7": "R* W* F[DMB] / R*",
        "armv8/llsc": "R? R*[A] W* / R",
        "armv8/lse": "R? R*[A,AMO] W*[AMO] / R",
        "power": "R* W* F[LWSYNC] / R*",
        "riscv": "R? R*[EX] W*[EX,Rel] F[Fence.rw.rw] / R",
        "alpha": "F[MB] R* W* F[MB] / F[MB] R* F[MB]",
        "lkmm": "R*[LKR,Acquire] W*[LKW] / R[LF]",
    },
    # kernel/locking/mutex.c: try_cmpxchg_acquire; who fails may have looked at the owner alone.
    "mutex_lock": {
        "tso": "R*[LOCK] W*[LOCK]",
        "armv7": "R* W* F[DMB]",
        "armv8/llsc": "R*[A] W*",
        "armv8/lse": "R*[A,AMO] W*[AMO]",
        "power": "R* W* F[LWSYNC]",
        "riscv": "R*[EX] W*[EX] F[Fence.r.rw]",
        "alpha": "F[MB] R* W* F[MB]",
        "lkmm": "R*[Acquire] W*[Once]",
    },
    "mutex_trylock": {
        "tso": "R*[LOCK] W*[LOCK] / R",
        "armv7": "R* W* F[DMB] / R",
        "armv8/llsc": "R*[A] W* / R",
        "armv8/lse": "R*[A,AMO] W*[AMO] / R",
        "power": "R* W* F[LWSYNC] / R",
        "riscv": "R*[EX] W*[EX] F[Fence.r.rw] / R",
        "alpha": "R? F[MB] R* W* F[MB] / R F[MB]",
        "lkmm": "R*[Acquire] W*[Once] / R[Once]",
    },
    "mutex_is_locked": {
        "tso": "R",
        "armv7": "R",
        "armv8": "R",
        "power": "R",
        "riscv": "R",
        "alpha": "R F[MB]",
        "lkmm": "R[Once]",
    },
    # include/linux/refcount.h: a look, then try_cmpxchg_relaxed, _acquire or _release;
    # fetch_sub_release.
    "refcount_inc_not_zero": {
        "tso": "R? R*[LOCK] W*[LOCK] / R",
        "armv7": "R? R* W* / R",
        "armv8/llsc": "R? R* W* / R",
        "armv8/lse": "R? R*[AMO] W*[AMO] / R",
        "power": "R? R* W* / R",
        "riscv": "R? R*[EX] W*[EX] / R",
        "alpha": "R? F[MB] R* W* F[MB] / R F[MB]",
        "lkmm": "R*[Once] W*[Once] / R[Once]",
    },
    "refcount_inc_not_zero_acquire": {
        "tso": "R? R*[LOCK] W*[LOCK] / R",
        "armv7": "R? R* W* F[DMB] / R",
        "armv8/llsc": "R? R*[A] W* / R",
        "armv8/lse": "R? R*[A,AMO] W*[AMO] / R",
        "power": "R? R* W* F[LWSYNC] / R",
        "riscv": "R? R*[EX] W*[EX] F[Fence.r.rw] / R",
        "alpha": "R? F[MB] R* W* F[MB] / R F[MB]",
        "lkmm": "R*[Acquire] W*[Once] / R[Once]",
    },
    "refcount_dec_not_one": {
        "tso": "R? R*[LOCK] W*[LOCK] / R",
        "armv7": "R? F[DMB] R* W* / R",
        "armv8/llsc": "R? R* W*[L] / R",
        "armv8/lse": "R? R*[AMO] W*[L,AMO] / R",
        "power": "R? F[LWSYNC] R* W* / R",
        "riscv": "R? F[Fence.rw.w] R*[EX] W*[EX] / R",
        "alpha": "R? F[MB] R* W* F[MB] / R F[MB]",
        "lkmm": "R*[Once] W*[Release] / R[Once]",
    },
    "refcount_dec": {
        "tso": "R*[LOCK] W*[LOCK]",
        "armv7": "F[DMB] R* W*",
        "armv8/llsc": "R* W*[L]",
        "armv8/lse": "R*[AMO] W*[L,AMO]",
        "power": "F[LWSYNC] R* W*",
        "riscv": "F[Fence.rw.w] R*[X] W*[X]",
        "alpha": "F[MB] R* W* F[MB]",
        "lkmm": "R*[Once] W*[Release]",
    },
    "refcount_dec_if_one": {
        "tso": "R*[LOCK] W*[LOCK] / R*[LOCK]",
        "armv7": "F[DMB] R* W* / F[DMB] R*",
        "armv8/llsc": "R* W*[L] / R*",
        "armv8/lse": "R*[AMO] W*[L,AMO] / R*[AMO]",
        "power": "F[LWSYNC] R* W* / F[LWSYNC] R*",
        "riscv": "F[Fence.rw.w] R*[EX] W*[EX] / F[Fence.rw.w] R*[EX]",
        "alpha": "F[MB] R* W* F[MB] / F[MB] R* F[MB]",
        "lkmm": "R*[Once] W*[Release] / R*[Once]",
    },
    # Where the last reference goes, the branch orders later writes and smp_rmb later reads, which
    # RISC-V's and LKMM's rows write as an acquire.
    "refcount_dec_and_test": {
        "tso": "R*[LOCK] W*[LOCK]",
        "armv7": "F[DMB] R* W* F[DMB] / F[DMB] R* W*",
        "armv8/llsc": "R* W*[L] F[DMB.ISHLD] / R* W*[L]",
        "armv8/lse": "R*[AMO] W*[L,AMO] F[DMB.ISHLD] / R*[AMO] W*[L,AMO]",
        "power": "F[LWSYNC] R* W* F[LWSYNC] / F[LWSYNC] R* W*",
        "riscv": "F[Fence.rw.w] R*[Acq,X] W*[X] F[Fence.r.r] / F[Fence.rw.w] R*[X] W*[X]",
        "alpha": "F[MB] R* W* F[MB]",
        "lkmm": "R*[Acquire] W*[Release] F[Rmb] / R*[Once] W*[Release]",
    },
    # asm-generic/bitops/lock.h: READ_ONCE, then set_release; x86, POWER, RISC-V, Alpha have their
    # own. kernel/locking/mutex.c: try_cmpxchg_release, which is full on x86 and Alpha.
    "__clear_bit_unlock": {
        "tso": "R W",
        "armv7": "R F[DMB] W",
        "armv8": "R W[L]",
        "power": "F[LWSYNC] R W",
        "riscv": "R*[Rel,X] W*[Rel,X]",
        "alpha": "F[MB] R W",
        "lkmm": "R[Once] W[Release]",
    },
    "mutex_unlock": {
        "tso": "W F[MFENCE]",
        "armv7": "F[DMB] W",
        "armv8": "W[L]",
        "power": "F[LWSYNC] W",
        "riscv": "F[Fence.rw.w] W",
        "alpha": "F[MB] W F[MB]",
        "lkmm": "W[Release]",
    },
    # The ports' asm/atomic.h, asm/cmpxchg.h, asm/bitops.h: no suffix is full, relaxed is nothing.
    "atomic_fetch_add_relaxed": {
        "tso": "R*[LOCK] W*[LOCK]",
        "armv7": "R* W*",
        "armv8/llsc": "R* W*",
        "armv8/lse": "R*[AMO] W*[AMO]",
        "power": "R* W*",
        "riscv": "R*[X] W*[X]",
        "alpha": "R* W* F[MB]",
        "lkmm": "R*[Once] W*[Once]",
    },
    "xchg": {
        "tso": "R*[LOCK] W*[LOCK]",
        "armv7": "F[DMB] R* W* F[DMB]",
        "armv8/llsc": "R* W*[L] F[DMB.ISH]",
        "armv8/lse": "R*[A,AMO] W*[L,AMO]",
        "power": "F[SYNC] R* W* F[SYNC]",
        "riscv": "R*[AcqRel,X] W*[AcqRel,X]",
        "alpha": "F[MB] R* W* F[MB]",
        "lkmm": "F[Mb] R*[Once] W*[Once] F[Mb]",
    },
    "set_bit": {
        "tso": "R*[LOCK] W*[LOCK]",
        "armv7": "R* W*",
        "armv8/llsc": "R* W*",
        "armv8/lse": "R*[AMO,NoRet] W*[AMO]",
        "power": "R* W*",
        "riscv": "R*[X] W*[X]",
        "alpha": "R* W*",
        "lkmm": "R*[Noreturn] W*[Once]",
    },
    # arch/alpha/include/asm/rwonce.h: the mb is of the macro.
    "volatile load": {
        "alpha": "R",
    },
    # linux-kernel.def; rcu_dereference_protected and __set_bit are plain.
    "barrier": {
        "lkmm": "F[Barrier]",
    },
    "cpu_relax": {
        "lkmm": "F[Barrier]",
    },
    "smp_mb__after_unlock_lock": {
        "lkmm": "F[After-unlock-lock]",
    },
    "smp_mb__after_srcu_read_unlock": {
        "lkmm": "F[After-srcu-read-unlock]",
    },
    "rcu_read_unlock": {
        "lkmm": "F[Rcu-unlock]",
    },
    "srcu_read_unlock": {
        "lkmm": "W[Srcu-unlock]",
    },
    "rcu_dereference_protected": {
        "lkmm": "R",
    },
    "test_bit": {
        "lkmm": "R[Once]",
    },
    "__set_bit": {
        "lkmm": "R W",
    },
}

ROWS_39: dict[str, Rows] = {
    # asm-generic/bitops/lock.h: smp_mb, then a plain clear; x86 and POWER have their own. The fast
    # paths of asm/mutex*.h that unlock; what they read is dropped.
    "__clear_bit_unlock": {
        "tso": "R W",
        "armv7": "F[DMB] R W",
        "armv8": "F[DMB.ISH] R W",
        "power": "F[LWSYNC] R W",
        "alpha": "F[MB] R W",
    },
    "mutex_unlock": {
        "tso": "F[MFENCE] W",
        "armv7": "F[DMB] W F[DMB]",
        "armv8": "W[L]",
        "power": "F[LWSYNC] W",
        "alpha": "F[MB] W F[MB]",
    },
    # include/linux/atomic.h: a loop of atomic_cmpxchg; dec_if_positive reads first. POWER has
    # LL/SC of its own for that, ARM and arm64 of the 64-bit one.
    "atomic_inc_unless_negative": {
        "tso": "R*[LOCK] W*[LOCK] / R*[LOCK]",
        "armv7": "F[DMB] R* W* F[DMB] / F[DMB] R* F[DMB]",
        "armv8": "R*[A] W*[L] / R*[A]",
        "power": "F[LWSYNC] R* W* F[LWSYNC] / F[LWSYNC] R*",
        "alpha": "R* W* F[MB] / R",
    },
    "atomic_dec_if_positive": {
        "tso": "R*[LOCK] W*[LOCK] / R",
        "armv7": "F[DMB] R* W* F[DMB] / R",
        "armv8": "R*[A] W*[L] / R",
        "power": "F[LWSYNC] R* W* F[SYNC] / F[LWSYNC] R*",
        "alpha": "R* W* F[MB] / R",
    },
    "atomic64_dec_if_positive": {
        "tso": "R*[LOCK] W*[LOCK] / R",
        "armv7": "F[DMB] R* W* F[DMB] / F[DMB] R* F[DMB]",
        "armv8": "R*[A] W*[L] / R*[A]",
        "power": "F[LWSYNC] R* W* F[SYNC] / F[LWSYNC] R*",
        "alpha": "R* W* F[MB] / R",
    },
    "atomic64_add_unless": {
        "tso": "R? R*[LOCK] W*[LOCK] / R",
        "armv7": "F[DMB] R* W* F[DMB] / F[DMB] R*",
        "armv8": "R? R*[A] W*[L] / R",
        "power": "F[LWSYNC] R* W* F[SYNC] / F[LWSYNC] R*",
        "alpha": "R? R* W* F[MB] / R",
    },
    # asm/barrier.h (rmb is a dsb, or sync), asm/cmpxchg.h: no barrier in the local form.
    "rmb": {
        "tso": "",
        "armv7": "F[DMB]",
        "armv8": "F[DMB.ISHLD]",
        "power": "F[SYNC]",
        "alpha": "F[MB]",
    },
    "set_mb": {
        "tso": "W F[MFENCE]",
        "armv7": "W F[DMB]",
        "armv8": "W F[DMB.ISH]",
        "power": "W F[SYNC]",
        "alpha": "W F[MB]",
    },
    "cmpxchg_local": {
        "tso": "R W / R W",
        "armv7": "R* W* / R*",
        "armv8": "R* W* / R*",
        "power": "R* W* / R*",
        "alpha": "R* W* / R*",
    },
    # asm/spinlock.h, asm-generic/mutex-{dec,xchg}.h and POWER's asm/mutex.h: acquire alone.
    "spin_trylock": {
        "tso": "R*[LOCK] W*[LOCK] / R",
        "armv7": "R* W* F[DMB] / R*",
        "armv8": "R*[A] W* / R*[A]",
        "power": "R* W* F[LWSYNC] / R*",
        "alpha": "F[MB] R* W* F[MB] / F[MB] R* F[MB]",
    },
    "mutex_lock": {
        "tso": "R*[LOCK] W*[LOCK]",
        "armv7": "F[DMB] R* W* F[DMB]",
        "armv8": "R*[A] W*[L]",
        "power": "R* W* F[LWSYNC]",
        "alpha": "F[MB] R* W* F[MB]",
    },
    "mutex_trylock": {
        "tso": "R*[LOCK] W*[LOCK] / R*[LOCK]",
        "armv7": "F[DMB] R* W* F[DMB] / F[DMB] R* F[DMB]",
        "armv8": "R*[A] W*[L] / R*[A]",
        "power": "R* W* F[LWSYNC] / R*",
        "alpha": "R* W* F[MB] / R*",
    },
    "mutex_is_locked": {
        "tso": "R",
        "armv7": "R",
        "armv8": "R",
        "power": "R",
        "alpha": "R",
    },
}


def cases(rows: dict[str, Rows]) -> list[tuple[str, str, str]]:
    return [(p, machine, steps) for p, row in rows.items() for machine, steps in row.items()]


@pytest.mark.parametrize(("primitive", "machine", "steps"), cases(ROWS_612))
def test_rows_of_612(primitive: str, machine: str, steps: str) -> None:
    name, _, config = machine.partition("/")
    configs = (config,) if config or name != "armv8" else ("llsc", "lse")
    for each in configs:
        assert becomes(name, primitive, f"6.12/{each}" if each else "6.12") == steps


@pytest.mark.parametrize(("primitive", "machine", "steps"), cases(ROWS_39))
def test_rows_of_39(primitive: str, machine: str, steps: str) -> None:
    assert becomes(machine, primitive, "3.9") == steps
