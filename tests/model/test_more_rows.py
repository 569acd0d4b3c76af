"""More rows: the operations that ``test_rows`` leaves out, read in the kernel's own sources.

6.12: what a port's headers say themselves is written out, with the file and the function. What the
kernel has in generic C (locks, reference counts, the fallbacks of the atomics) is put together here
as it is there, of the ports' reads, cmpxchgs and counts: so the expectation for ``mutex_lock`` is
the port's ``cmpxchg_acquire`` because kernel/locking/mutex.c is made of that.

3.9: barriers, atomics, bit operations and spin locks are in the reading of a tree of 3.9.6 that
``test_rows`` rests on. They and the rest were read again in trees before and after that: in one of
3.4, but for arm64, which is younger, in one of 3.10; kernel/mutex.c, include/linux/atomic.h,
Alpha's asm/atomic.h and ARM's asm/mutex.h in trees of 3.10 too. Where these differ, it is said at
the entry. Alpha's asm/mutex.h was in none of them: its mutexes of 3.9 are not here.

Where the kernel does more than a row says, the row is the weaker: a look before the cmpxchg may be
left out where that succeeds, a release by an RMW is a store, and of two barriers in a row one is
kept. LKMM's rows are those of tools/memory-model/linux-kernel.def, or what its documents promise.
"""

from __future__ import annotations

import pytest

from tests.model.test_rows import LOCKED, becomes, cells

Rows = dict[str, str]
"""Machine, or machine/configuration -> steps; ``/`` between those of success and of failure."""

# ---- 6.12

MACHINES = ("tso", "armv7", "armv8/llsc", "armv8/lse", "power", "riscv", "alpha")


def every(steps: str | None = None, **special: str) -> Rows:
    """``steps`` on each machine that has none of its own, by its name or its configuration's."""
    rows = {}
    for machine in MACHINES:
        name, _, config = machine.partition("/")
        own = special.get(config, special.get(name, steps))
        assert own is not None, machine
        rows[machine] = own
    return rows


def taken(cmpxchg: Rows) -> Rows:
    return {machine: steps.partition(" / ")[0] for machine, steps in cmpxchg.items()}


def tried(rows: Rows, look: str = "R? ") -> Rows:
    """``atomic_read``, and where its value allows it the RMW: the weakest failure is the look."""
    return {machine: f"{look}{steps} / {READ[machine]}" for machine, steps in taken(rows).items()}


# include/asm-generic/rwonce.h __READ_ONCE; arch/alpha/include/asm/rwonce.h: the access, then mb.
READ = every("R", alpha="R F[MB]")

# arch/*/include/asm/barrier.h __smp_store_release (ARM, Alpha: include/asm-generic/barrier.h).
STORE_RELEASE = every(
    tso="W",
    armv7="F[DMB] W",
    armv8="W[L]",
    power="F[LWSYNC] W",
    riscv="F[Fence.rw.w] W",
    alpha="F[MB] W",
)

# x86: lock cmpxchg has no other order. ARM: arch/arm/include/asm/cmpxchg.h __cmpxchg, the barriers
# around it are of include/linux/atomic.h __atomic_op_{acquire,release,fence}, whatever the outcome.
# arm64: atomic_ll_sc.h __CMPXCHG_CASE, which leaves before stxr and dmb; atomic_lse.h: cas, casa,
# casl, casal, whose read is one of that order where it fails too. POWER: asm/cmpxchg.h
# __cmpxchg_u32{_relaxed,_acquire,}; bne- 2f passes stwcx. and the barrier behind it; release is of
# __atomic_op_release. RISC-V: asm/cmpxchg.h __arch_cmpxchg: prepend, lr, bne 1f, sc, append, 1:.
# Alpha: asm/cmpxchg.h arch_cmpxchg, smp_mb on both sides, stands for all of them.
_ALPHA = "F[MB] R* W* F[MB] / F[MB] R* F[MB]"
CMPXCHG = every(
    tso=f"{LOCKED} / R*[LOCK]",
    llsc="R* W*[L] F[DMB.ISH] / R*",
    lse="R*[A,AMO] W*[L,AMO] / R*[A,AMO]",
    armv7="F[DMB] R* W* F[DMB] / F[DMB] R* F[DMB]",
    power="F[SYNC] R* W* F[SYNC] / F[SYNC] R*",
    riscv="R*[EX] W*[EX,Rel] F[Fence.rw.rw] / R*[EX]",
    alpha=_ALPHA,
)
CMPXCHG_RELAXED = every(
    tso=CMPXCHG["tso"],
    llsc="R* W* / R*",
    lse="R*[AMO] W*[AMO] / R*[AMO]",
    armv7="R* W* / R*",
    power="R* W* / R*",
    riscv="R*[EX] W*[EX] / R*[EX]",
    alpha=_ALPHA,
)
CMPXCHG_ACQUIRE = every(
    tso=CMPXCHG["tso"],
    llsc="R*[A] W* / R*[A]",
    lse="R*[A,AMO] W*[AMO] / R*[A,AMO]",
    armv7="R* W* F[DMB] / R* F[DMB]",
    power="R* W* F[LWSYNC] / R*",
    riscv="R*[EX] W*[EX] F[Fence.r.rw] / R*[EX]",
    alpha=_ALPHA,
)
CMPXCHG_RELEASE = every(
    tso=CMPXCHG["tso"],
    llsc="R* W*[L] / R*",
    lse="R*[AMO] W*[L,AMO] / R*[AMO]",
    armv7="F[DMB] R* W* / F[DMB] R*",
    power="F[LWSYNC] R* W* / F[LWSYNC] R*",
    riscv="F[Fence.rw.w] R*[EX] W*[EX] / F[Fence.rw.w] R*[EX]",
    alpha=_ALPHA,
)

# ARM, POWER: asm/atomic.h ATOMIC_OP_RETURN(_RELAXED), ATOMIC_FETCH_OP(_RELAXED), and as above.
# arm64: atomic_ll_sc.h, atomic_lse.h, the same names: ld(a)xr, st(l)xr; ldadd, ldadda, ldaddl.
# RISC-V: asm/atomic.h ATOMIC_FETCH_OP: amoadd, __atomic_{acquire,release}_fence. Alpha:
# asm/atomic.h: smp_mb is in the relaxed form, behind it; __atomic_acquire_fence is nothing.
COUNT_RELAXED = every(
    tso=LOCKED,
    llsc="R* W*",
    lse="R*[AMO] W*[AMO]",
    armv7="R* W*",
    power="R* W*",
    riscv="R*[X] W*[X]",
    alpha="R* W* F[MB]",
)
COUNT_ACQUIRE = every(
    tso=LOCKED,
    llsc="R*[A] W*",
    lse="R*[A,AMO] W*[AMO]",
    armv7="R* W* F[DMB]",
    power="R* W* F[LWSYNC]",
    riscv="R*[X] W*[X] F[Fence.r.rw]",
    alpha="R* W* F[MB]",
)
COUNT_RELEASE = every(
    tso=LOCKED,
    llsc="R* W*[L]",
    lse="R*[AMO] W*[L,AMO]",
    armv7="F[DMB] R* W*",
    power="F[LWSYNC] R* W*",
    riscv="F[Fence.rw.w] R*[X] W*[X]",
    alpha="F[MB] R* W* F[MB]",
)

# A lock that is left by cmpxchg_release or fetch_add_release, as a store: a barrier behind the RMW
# (x86: the lock prefix; Alpha: smp_mb) stays behind the store.
LEFT = STORE_RELEASE | {"tso": "W F[MFENCE]", "alpha": "F[MB] W F[MB]"}

# Ports' LL/SC with a test in it. RISC-V: asm/atomic.h _arch_atomic_inc_unless_negative,
# _arch_atomic_dec_if_positive: bltz 1f passes sc.rl and the fence. POWER: asm/atomic.h
# arch_atomic{,64}_dec_if_positive: blt- 2f passes stwcx. and PPC_ATOMIC_EXIT_BARRIER. ARM and
# Alpha: asm/atomic.h arch_atomic64_dec_if_positive: smp_mb before and behind, whatever the outcome.
# arm64's: atomic_ll_sc.h __ll_sc_atomic64_dec_if_positive (b.lt 2f passes stlxr and dmb; that its
# failing ldxr is an exclusive one says nothing), atomic_lse.h: ldr, casal.
_RISCV = {"riscv": CMPXCHG["riscv"]}
_POWER = {"power": CMPXCHG["power"]}
_OF_64 = {"armv7": CMPXCHG["armv7"], "alpha": CMPXCHG["alpha"]}

# include/linux/atomic/atomic-arch-fallback.h raw_atomic_inc_unless_negative,
# raw_atomic{,64}_dec_if_positive: raw_atomic_read, then raw_atomic_try_cmpxchg.
GUARDED = tried(CMPXCHG, look="")

ROWS: dict[str, Rows] = {
    # arch/x86/include/asm/barrier.h __smp_store_mb: xchg. The others:
    # include/asm-generic/barrier.h: WRITE_ONCE, __smp_mb.
    "smp_store_mb": every(
        tso="W F[MFENCE]",
        armv7="W F[DMB]",
        armv8="W F[DMB.ISH]",
        power="W F[SYNC]",
        riscv="W F[Fence.rw.rw]",
        alpha="W F[MB]",
    ),
    # include/asm-generic/barrier.h smp_cond_load_acquire: READ_ONCE until it holds, then smp_rmb;
    # arch/arm64/include/asm/barrier.h: smp_load_acquire until it holds. The loop's branch orders
    # later writes behind the read: RISC-V's fence is of reads alone, so that the row says it by Acq
    # (on a plain load, so no RCsc).
    "__smp_cond_load_acquire": every(
        tso="R",
        armv7="R F[DMB]",
        armv8="R[A]",
        power="R F[LWSYNC]",
        riscv="R[Acq] F[Fence.r.r]",
        alpha="R F[MB]",
    ),
    # include/linux/rcupdate.h __rcu_dereference_check: READ_ONCE; rcu_assign_pointer of what is no
    # constant NULL: smp_store_release.
    "rcu_dereference": READ,
    "rcu_assign_pointer": STORE_RELEASE,
    # arch/alpha/include/asm/rwonce.h: the mb is of the macro, not of a volatile access.
    "volatile load": {"alpha": "R"},
    "cmpxchg_relaxed": CMPXCHG_RELAXED,
    "cmpxchg_acquire": CMPXCHG_ACQUIRE,
    "cmpxchg_release": CMPXCHG_RELEASE,
    # asm/cmpxchg.h: arm64, RISC-V: arch_cmpxchg_relaxed. ARM: __cmpxchg_local, of 32 bits ldrex and
    # strex. POWER: __cmpxchg_u32_local. Alpha: ____cmpxchg without the smp_mb of arch_cmpxchg. x86:
    # __raw_cmpxchg without the lock prefix, so that other CPUs may come between; it writes where it
    # fails too (Intel SDM, CMPXCHG).
    "cmpxchg_local": CMPXCHG_RELAXED | {"tso": "R W / R W", "alpha": "R* W* / R*"},
    "atomic_fetch_add_relaxed": COUNT_RELAXED,
    # arch/arm64/include/asm/atomic_lse.h ATOMIC_OP_ADD_SUB_RETURN: __lse_atomic_sub_return##name of
    # each name is made of __lse_atomic_fetch_sub, which is full.
    "atomic_sub_return_relaxed": COUNT_RELAXED | {"armv8/lse": "R*[A,AMO] W*[L,AMO]"},
    "atomic_sub_return_acquire": COUNT_ACQUIRE | {"armv8/lse": "R*[A,AMO] W*[L,AMO]"},
    "atomic_sub_return_release": COUNT_RELEASE | {"armv8/lse": "R*[A,AMO] W*[L,AMO]"},
    "atomic_inc_unless_negative": GUARDED | _RISCV,
    "atomic_dec_if_positive": GUARDED | _RISCV | _POWER,
    "atomic64_dec_if_positive": GUARDED | _RISCV | _POWER | _OF_64,
    # include/linux/atomic/atomic-long.h: of 64 bits, but on ARM.
    "atomic_long_dec_if_positive": GUARDED | _RISCV | _POWER | {"alpha": _OF_64["alpha"]},
    # arch/*/include/asm/cmpxchg.h: x86 xchg; arm64 __XCHG_CASE mb: ldxr, stlxr, dmb ish, or swpal;
    # RISC-V arch_xchg: amoswap.aqrl; Alpha arch_xchg: smp_mb on both sides. ARM, POWER:
    # arch_xchg_relaxed between __atomic_pre_full_fence and __atomic_post_full_fence.
    "xchg": taken(CMPXCHG) | {"riscv": "R*[AcqRel,X] W*[AcqRel,X]"},
    # arch/{x86,powerpc,riscv,alpha}/include/asm/bitops.h set_bit, arch/arm/lib/bitops.h bitop: no
    # barrier; arm64: include/asm-generic/bitops/atomic.h: raw_atomic_long_or, which is ldxr and
    # stxr, or stset.
    "set_bit": COUNT_RELAXED | {"armv8/lse": "R*[AMO,NoRet] W*[AMO]", "alpha": "R* W*"},
    # include/asm-generic/bitops/lock.h arch___clear_bit_unlock: READ_ONCE, atomic_long_set_release.
    # asm/bitops.h: x86: btr without the lock prefix; POWER, Alpha: a barrier, then a plain clear;
    # RISC-V: arch_clear_bit_unlock, an amoand.rl.
    "__clear_bit_unlock": every(
        tso="R W",
        armv7="R F[DMB] W",
        armv8="R W[L]",
        power="F[LWSYNC] R W",
        riscv="R*[Rel,X] W*[Rel,X]",
        alpha="F[MB] R W",
    ),
    # include/asm-generic/qspinlock.h queued_spin_trylock (x86, arm64): a look, try_cmpxchg_acquire.
    # include/asm-generic/spinlock.h arch_spin_trylock (RISC-V): a look, try_cmpxchg.
    # asm/qspinlock.h __queued_spin_trylock_steal (POWER), asm/spinlock.h (ARM): LL/SC, the barrier
    # where it is taken alone. arch/alpha/include/asm/spinlock.h: !test_and_set_bit, mb before and
    # behind in any case.
    "spin_trylock": tried(CMPXCHG_ACQUIRE)
    | {
        "armv7": "R* W* F[DMB] / R*",
        "power": "R* W* F[LWSYNC] / R*",
        "riscv": tried(CMPXCHG)["riscv"],
        "alpha": _ALPHA,
    },
    # kernel/locking/mutex.c __mutex_trylock_fast, __mutex_trylock_common, which all waits end in:
    # try_cmpxchg_acquire, in the latter behind a look at the owner. __mutex_unlock_fast,
    # __mutex_unlock_slowpath, __mutex_handoff: try_cmpxchg_release.
    "mutex_lock": taken(CMPXCHG_ACQUIRE),
    "mutex_trylock": tried(CMPXCHG_ACQUIRE, look="") | {"alpha": tried(CMPXCHG_ACQUIRE)["alpha"]},
    "mutex_unlock": LEFT,
    "mutex_is_locked": READ,
    # include/linux/refcount.h __refcount_add_not_zero{,_acquire}, __refcount_dec; lib/refcount.c
    # refcount_dec_not_one, refcount_dec_if_one.
    "refcount_inc_not_zero": tried(CMPXCHG_RELAXED),
    "refcount_inc_not_zero_acquire": tried(CMPXCHG_ACQUIRE),
    "refcount_dec_not_one": tried(CMPXCHG_RELEASE),
    "refcount_dec_if_one": CMPXCHG_RELEASE,
    "refcount_dec": COUNT_RELEASE,
    # __refcount_sub_and_test: fetch_sub_release, and where that was the last
    # smp_acquire__after_ctrl_dep, which is smp_rmb. RISC-V: as in smp_cond_load_acquire; what is
    # before the AMO, which is one operation, is so by fence rw,w in any case.
    "refcount_dec_and_test": every(
        tso=LOCKED,
        llsc="R* W*[L] F[DMB.ISHLD] / R* W*[L]",
        lse="R*[AMO] W*[L,AMO] F[DMB.ISHLD] / R*[AMO] W*[L,AMO]",
        armv7="F[DMB] R* W* F[DMB] / F[DMB] R* W*",
        power="F[LWSYNC] R* W* F[LWSYNC] / F[LWSYNC] R* W*",
        riscv="F[Fence.rw.w] R*[Acq,X] W*[X] F[Fence.r.r] / F[Fence.rw.w] R*[X] W*[X]",
        alpha="F[MB] R* W* F[MB]",
    ),
    # include/asm-generic/qrwlock.h queued_{read,write}_{lock,trylock,unlock}. ARM, Alpha:
    # asm/spinlock.h: a barrier behind LL/SC that takes it (Alpha: also where a trylock fails), one
    # before that or the store that leaves it, on ARM dsb(ishst) behind the store.
    # kernel/locking/qrwlock.c: a reader that waited has counted itself (add_return_acquire, and
    # once more under wait_lock) before an acquiring read finds the writer gone; a writer that
    # waited has try_cmpxchg_acquire.
    "read_lock": COUNT_ACQUIRE,
    "read_trylock": tried(COUNT_ACQUIRE)
    | {"armv7": "R* W* F[DMB] / R*", "alpha": "R* W* F[MB] / R* F[MB]"},
    # sub_return_release, though with arm64's LSE that is full.
    "read_unlock": COUNT_RELEASE | {"alpha": "F[MB] R* W*"},
    "write_lock": taken(CMPXCHG_ACQUIRE) | {"alpha": "R* W* F[MB]"},
    "write_trylock": tried(CMPXCHG_ACQUIRE)
    | {"armv7": "R* W* F[DMB] / R*", "alpha": "R* W* F[MB] / R* F[MB]"},
    "write_unlock": STORE_RELEASE | {"armv7": "F[DMB] W F[DMB.ST]"},
    # kernel/locking/rwsem.c rwsem_read_trylock, rwsem_write_trylock, __down_read_trylock,
    # __up_read, __up_write, __downgrade_write. A reader that waited has counted itself
    # (add_return_acquire), and finds no writer under wait_lock (a read,
    # smp_acquire__after_ctrl_dep) or is let in (smp_load_acquire of waiter.task, cleared behind a
    # full fetch_add or under wait_lock); a writer that waited or spun has try_cmpxchg_acquire.
    "down_read": COUNT_ACQUIRE,
    "down_read_trylock": tried(CMPXCHG_ACQUIRE),
    "up_read": COUNT_RELEASE,
    "down_write": taken(CMPXCHG_ACQUIRE),
    "down_write_trylock": CMPXCHG_ACQUIRE,
    "up_write": LEFT,
    "downgrade_write": LEFT,
    "rwsem_is_locked": READ,
}

# arch/*/include/asm/barrier.h. include/asm-generic/barrier.h: dma_rmb and dma_wmb are rmb and wmb
# where the port has none (RISC-V, Alpha), smp_acquire__after_ctrl_dep is smp_rmb. ARM's smp_rmb is
# a full dmb, so that its dsb and dmb(osh) are no less; x86's lfence orders reads, which are in
# order.
FENCES = """
                             tso  armv7      armv8          power      riscv         alpha
rmb                          .    F[DMB]     F[DMB.ISHLD]   F[SYNC]    F[Fence.r.r]  F[MB]
dma_rmb                      .    F[DMB]     F[DMB.ISHLD]   F[LWSYNC]  F[Fence.r.r]  F[MB]
dma_wmb                      .    F[DMB.ST]  F[DMB.ISHST]   F[LWSYNC]  F[Fence.w.w]  F[WMB]
smp_acquire__after_ctrl_dep  .    F[DMB]     F[DMB.ISHLD]   F[LWSYNC]  F[Fence.r.r]  F[MB]
"""

LKMM: Rows = {
    # tools/memory-model/linux-kernel.def. A cmpxchg that fails is one relaxed read to herd7.
    "smp_store_mb": "W[Once] F[Mb]",
    "rcu_dereference": "R[Once]",
    "rcu_assign_pointer": "W[Release]",
    "cmpxchg_relaxed": "R*[Once] W*[Once] / R*[Once]",
    "cmpxchg_acquire": "R*[Acquire] W*[Once] / R*[Once]",
    "cmpxchg_release": "R*[Once] W*[Release] / R*[Once]",
    "xchg": "F[Mb] R*[Once] W*[Once] F[Mb]",
    "atomic_fetch_add_relaxed": "R*[Once] W*[Once]",
    "barrier": "F[Barrier]",
    "smp_mb__after_unlock_lock": "F[After-unlock-lock]",
    "smp_mb__after_srcu_read_unlock": "F[After-srcu-read-unlock]",
    "rcu_read_unlock": "F[Rcu-unlock]",
    "srcu_read_unlock": "W[Srcu-unlock]",
    # Its __trylock, by herd7's lock.cat: LKR and LKW where it is taken, LF where not.
    "spin_trylock": "R*[LKR,Acquire] W*[LKW] / R[LF]",
    # include/linux/refcount.h, lib/refcount.c, of such operations (the look before them is left
    # out where they succeed). Documentation/core-api/refcount-vs-atomic.rst, case 7: acquire where
    # the last reference goes.
    "refcount_inc_not_zero": "R*[Once] W*[Once] / R[Once]",
    "refcount_inc_not_zero_acquire": "R*[Acquire] W*[Once] / R[Once]",
    "refcount_dec_not_one": "R*[Once] W*[Release] / R[Once]",
    "refcount_dec": "R*[Once] W*[Release]",
    "refcount_dec_if_one": "R*[Once] W*[Release] / R*[Once]",
    "refcount_dec_and_test": "R*[Acquire] W*[Release] F[Rmb] / R*[Once] W*[Release]",
    # kernel/locking/{mutex,rwsem}.c and include/asm-generic/qrwlock.h: their acquires and releases.
    "mutex_lock": "R*[Acquire] W*[Once]",
    "mutex_trylock": "R*[Acquire] W*[Once] / R[Once]",
    "mutex_is_locked": "R[Once]",
    "mutex_unlock": "W[Release]",
    "read_trylock": "R*[Acquire] W*[Once] / R[Once]",
    "read_unlock": "R*[Once] W*[Release]",
    "write_lock": "R*[Acquire] W*[Once]",
    "write_trylock": "R*[Acquire] W*[Once] / R[Once]",
    "write_unlock": "W[Release]",
    "down_read": "R*[Acquire] W*[Once]",
    "down_read_trylock": "R*[Acquire] W*[Once] / R[Once]",
    "down_write": "R*[Acquire] W*[Once]",
    "down_write_trylock": "R*[Acquire] W*[Once] / R[Once]",
    "up_write": "W[Release]",
    "rwsem_is_locked": "R[Once]",
    # include/asm-generic/barrier.h: "Equivalent to using smp_load_acquire() on the condition
    # variable"; smp_acquire__after_ctrl_dep is smp_rmb. Each port's mandatory and DMA barriers
    # above order no less than its SMP ones.
    "__smp_cond_load_acquire": "R[Acquire]",
    "smp_acquire__after_ctrl_dep": "F[Rmb]",
    "rmb": "F[Rmb]",
    "dma_rmb": "F[Rmb]",
    "dma_wmb": "F[Wmb]",
    # arch/*/include/asm/{,vdso/}processor.h: at the least what barrier() is.
    "cpu_relax": "F[Barrier]",
    # Documentation/atomic_t.txt: a conditional operation is fully ordered where it succeeds, and
    # not where it fails.
    "atomic_inc_unless_negative": "F[Mb] R*[Once] W*[Once] F[Mb] / R[Once]",
    "atomic_dec_if_positive": "F[Mb] R*[Once] W*[Once] F[Mb] / R[Once]",
    "atomic64_dec_if_positive": "F[Mb] R*[Once] W*[Once] F[Mb] / R[Once]",
    "atomic_long_dec_if_positive": "F[Mb] R*[Once] W*[Once] F[Mb] / R[Once]",
    # x86's, than which no port's is weaker.
    "cmpxchg_local": "R[Once] W[Once] / R[Once] W[Once]",
    # Documentation/atomic_bitops.txt: set_bit is an unordered RMW.
    # include/asm-generic/bitops/generic-non-atomic.h: generic_test_bit is a volatile read,
    # generic___set_bit is plain; lock.h: arch___clear_bit_unlock. include/linux/rcupdate.h
    # __rcu_dereference_protected is plain.
    "set_bit": "R*[Noreturn] W*[Once]",
    "test_bit": "R[Once]",
    "__set_bit": "R W",
    "__clear_bit_unlock": "R[Once] W[Release]",
    "rcu_dereference_protected": "R",
}

# ---- 3.9

# asm/{atomic,cmpxchg}.h (Alpha: asm/xchg.h): atomic_cmpxchg, and the read of atomic_read.
CMPXCHG_39: Rows = {
    "tso": f"{LOCKED} / R*[LOCK]",
    "armv7": "F[DMB] R* W* F[DMB] / F[DMB] R* F[DMB]",
    "armv8": "R*[A] W*[L] / R*[A]",
    "power": "F[LWSYNC] R* W* F[LWSYNC] / F[LWSYNC] R*",
    "alpha": "R* W* F[MB] / R*",
}
GUARDED_39 = {machine: f"{steps} / R" for machine, steps in taken(CMPXCHG_39).items()}

# POWER's asm/synch.h: PPC_ATOMIC_ENTRY_BARRIER is lwsync, EXIT sync; asm/atomic.h: what fails
# leaves before the latter.
_POWER_39 = {"power": "F[LWSYNC] R* W* F[SYNC] / F[LWSYNC] R*"}

ROWS_39: dict[str, Rows] = {
    # include/linux/atomic.h atomic_inc_unless_negative: atomic_cmpxchg until it succeeds, without a
    # look first (Alpha's read that fails is an ldl_l, which says no more than an ldl).
    "atomic_inc_unless_negative": CMPXCHG_39 | {"alpha": GUARDED_39["alpha"]},
    # include/linux/atomic.h: atomic_read, then atomic_cmpxchg; POWER's asm/atomic.h.
    "atomic_dec_if_positive": GUARDED_39 | _POWER_39,
    # arch/x86/include/asm/atomic64_64.h: a read, then cmpxchg. asm/atomic.h of ARM: smp_mb before
    # and behind, whatever the outcome; of arm64: ldaxr, b.mi 2f, stlxr. Alpha had none yet.
    "atomic64_dec_if_positive": {
        "tso": GUARDED_39["tso"],
        "armv7": CMPXCHG_39["armv7"],
        "armv8": CMPXCHG_39["armv8"],
    }
    | _POWER_39,
    # The same files. x86, arm64, Alpha: a read, then cmpxchg; ARM: smp_mb, ldrexd, the second
    # smp_mb where it adds alone.
    "atomic64_add_unless": {machine: f"R? {steps}" for machine, steps in GUARDED_39.items()}
    | {"armv7": "F[DMB] R* W* F[DMB] / F[DMB] R*"}
    | _POWER_39,
    # asm/cmpxchg.h: x86: without the lock prefix; the others without their barriers.
    "cmpxchg_local": dict.fromkeys(CMPXCHG_39, "R* W* / R*") | {"tso": "R W / R W"},
    # arch/x86/include/asm/spinlock.h __ticket_spin_trylock: a look, then cmpxchg. ARM, POWER:
    # LL/SC, the barrier where it is taken alone. arm64: ldaxr, stxr. Alpha: !test_and_set_bit.
    "spin_trylock": {
        "tso": GUARDED_39["tso"],
        "armv7": "R* W* F[DMB] / R*",
        "armv8": "R*[A] W* / R*[A]",
        "power": "R* W* F[LWSYNC] / R*",
        "alpha": "F[MB] R* W* F[MB] / F[MB] R* F[MB]",
    },
    # arch/x86/include/asm/mutex_64.h: lock decl, atomic_cmpxchg. POWER's asm/mutex.h:
    # __mutex_dec_return_lock, __mutex_cmpxchg_lock: PPC_ACQUIRE_BARRIER behind the store. arm64:
    # include/asm-generic/mutex-dec.h, by asm-generic/mutex.h. ARM's asm/mutex.h: mutex-xchg.h in
    # 3.6, mutex-dec.h in 3.10; either is of atomic operations that return a value. kernel/mutex.c
    # __mutex_lock_common, where they waited: atomic_xchg or atomic_cmpxchg.
    "mutex_lock": {
        "tso": LOCKED,
        "armv7": "F[DMB] R* W* F[DMB]",
        "armv8": "R*[A] W*[L]",
        "power": "R* W* F[LWSYNC]",
    },
    "mutex_trylock": {
        "tso": CMPXCHG_39["tso"],
        "armv7": CMPXCHG_39["armv7"],
        "armv8": CMPXCHG_39["armv8"],
        "power": "R* W* F[LWSYNC] / R*",
    },
    # The same files: lock incl, atomic_inc_return or atomic_xchg, or PPC_RELEASE_BARRIER and the
    # RMW. But for mutex-xchg.h, kernel/mutex.c __mutex_unlock_common_slowpath, where somebody
    # waits, stores the 1 that unlocks, under wait_lock: before that store is what the RMW and
    # wait_lock order (arm64: stlxr, then ldaxr), behind it what the unlock of wait_lock begins with
    # (ARM: smp_mb; x86: nothing).
    "mutex_unlock": {
        "tso": "F[MFENCE] W",
        "armv7": "F[DMB] W F[DMB]",
        "armv8": "W[L]",
        "power": "F[LWSYNC] W",
    },
}

# asm/barrier.h; ARM's rmb is dsb, arm64's dsb ld, x86's lfence, x86's set_mb xchg, POWER's rmb and
# the mb of its set_mb sync. asm-generic/bitops/lock.h (ARM, arm64): smp_mb, __clear_bit;
# asm/bitops.h: x86 barrier(), POWER PPC_RELEASE_BARRIER, Alpha smp_mb, and the same.
# include/linux/mutex.h mutex_is_locked: atomic_read.
FENCES_39 = """
                    tso          armv7       armv8           power          alpha
rmb                 .            F[DMB]      F[DMB.ISHLD]    F[SYNC]        F[MB]
set_mb              W_F[MFENCE]  W_F[DMB]    W_F[DMB.ISH]    W_F[SYNC]      W_F[MB]
__clear_bit_unlock  R_W          F[DMB]_R_W  F[DMB.ISH]_R_W  F[LWSYNC]_R_W  F[MB]_R_W
mutex_is_locked     R            R           R               R              R
"""


def cases(rows: dict[str, Rows]) -> list[tuple[str, str, str]]:
    return [(machine, p, steps) for p, row in rows.items() for machine, steps in row.items()]


@pytest.mark.parametrize(("machine", "primitive", "steps"), cells(FENCES) + cases(ROWS))
def test_rows_of_612(machine: str, primitive: str, steps: str) -> None:
    name, _, config = machine.partition("/")
    configs = (config,) if config or name != "armv8" else ("llsc", "lse")
    for each in configs:
        found = becomes(name, primitive, f"6.12/{each}" if each else "6.12")
        assert found.replace(",COMPUTED]", "]") == steps


@pytest.mark.parametrize("primitive", list(ROWS))
def test_what_an_instruction_of_armv8_computes(primitive: str) -> None:
    """ldadd, stset and the like store what they compute, swp and cas what they are given."""
    if "armv8/lse" in ROWS[primitive]:
        found = becomes("armv8", primitive, "6.12/lse")
        computes = primitive.startswith(("atomic_fetch_add", "atomic_sub", "set_bit"))
        computes |= primitive in ("refcount_dec", "read_unlock", "up_read")
        assert ("COMPUTED" in found) == computes


@pytest.mark.parametrize("primitive", LKMM)
def test_rows_of_lkmm(primitive: str) -> None:
    assert becomes("lkmm", primitive, "6.12") == LKMM[primitive]


@pytest.mark.parametrize(("machine", "primitive", "steps"), cells(FENCES_39) + cases(ROWS_39))
def test_rows_of_39(machine: str, primitive: str, steps: str) -> None:
    assert becomes(machine, primitive, "3.9") == steps
