"""Library files of herd7 that need not be found: what they define is built in, or comes with the
candidate."""

from __future__ import annotations

# Lock events are ordinary accesses of a cell that is 0 when free (taking it waits for 0), so their
# rf and co come with the candidate. What is left of the file is its validation of the test.
_LOCKS = r"""
let lock-events = LKR | LKW | UL | LF | RL | RU
flag ~empty ((M \ IW \ lock-events) * lock-events) & loc as mixed-lock-accesses
flag ~empty LKR \ domain(rmw) as unpaired-LKR
flag ~empty LKW \ range(rmw) as unpaired-LKW
let section = ([LKW] ; po-loc ; [UL]) \ (po-loc ; [LKW | UL] ; po-loc)
flag ~empty UL \ range(section) as unmatched-unlock
"""

# What coherence order has to contain so that no thread sees it go backwards.
_SEEN_COHERENCE = r"""
include "cross.cat"
let invrf = rf^-1
let coherence-seen = (po-loc & (W * W)) | (rf ; (po-loc & (R * W)))
  | (((po-loc & (W * R)) ; invrf) | (rf ; (po-loc & (R * R)) ; invrf)) \ id
empty coherence-seen \ co as ConsCo
let ca = fr | co
"""

_FILTERS = r"""
let A = X | (try A with {})
let P = M \ A
let AA(r) = r & (A * A) and AP(r) = r & (A * P)
let PA(r) = r & (P * A) and PP(r) = r & (P * P)
let AM(r) = r & (A * M) and MA(r) = r & (M * A)
let invrf = rf^-1
let atom = [A]
"""

# Dependencies come with the candidate, through registers and computed by the front end, so that
# what a model of register events computes is there already; selects add nothing to them.
_ARM_DEPENDENCIES = r"""
include "aarch64util.cat"
let lws = [M] ; po-loc ; [W]
let lwfs = lws
let lrs = [W] ; (po-loc \ (po-loc ; [W] ; po-loc)) ; [R]
let pick-addr-dep = addr
let pick-data-dep = data
let pick-ctrl-dep = ctrl
let pick-basic-dep = addr | data
let pick-dep = addr | data | ctrl
"""

# Candidates have no maintenance of caches and translations, so there is nothing to choose.
_ENUMERATIONS = r"""
include "aarch64fences.cat"
let Imp = NExp
let C_TLBI = emptyset and C_IC = emptyset
let all-TLBI-Imp_TTD_R-enums rel = {0}
let all-DC-Exp_W-enums rel = {0}
let all-IC-Imp_Instr_R-enums rel = {0}
"""

# File name -> the cat text that stands for it, whatever lies beside the model.
NATIVE_INCLUDES = {
    "stdlib.cat": "",
    "cos.cat": """include "cross.cat" let ca = fr | co""",
    "cos-no-opt.cat": """include "cross.cat" let invrf = rf^-1""",
    "cos-opt.cat": _SEEN_COHERENCE,
    "cos-ok-opt.cat": """include "cross.cat" let invrf = rf^-1""",
    "cross.cat": "let generate_cos(order) = generate_orders(W, order)",
    "lock.cat": _LOCKS,
    "aarch64deps.cat": _ARM_DEPENDENCIES,
    "aarch64show.cat": "",
    "enumerations.cat": _ENUMERATIONS,
}

# The same for files that are read where they are there.
NATIVE_FALLBACKS = {
    "fences.cat": "",
    "filters.cat": _FILTERS,
    "x86fences.cat": """
let mfence = try fencerel(MFENCE) with 0
let lfence = try fencerel(LFENCE) with 0
let sfence = try fencerel(SFENCE) with 0
""",
    "armfences.cat": """
let dmb = try fencerel(DMB) with 0
let dsb = try fencerel(DSB) with 0
let dmb.st = try fencerel(DMB.ST) with 0
let dsb.st = try fencerel(DSB.ST) with 0
let isb = try fencerel(ISB) with 0
let ctrlisb = try ctrlcfence(ctrl, ISB) with 0
""",
    "ppcfences.cat": """
let sync = try fencerel(SYNC) with 0
let lwsync = try fencerel(LWSYNC) with 0
let eieio = try fencerel(EIEIO) with 0
let isync = try fencerel(ISYNC) with 0
let ctrlisync = try ctrlcfence(ctrl, ISYNC) with 0
""",
}

# Procedures of stdlib.cat, for a model that calls one without defining it.
PROCEDURES = r"""
procedure subseteq(a, b) = empty a \ b end
procedure inclusion(a, b) = empty a \ b end
procedure total(r, S) = let both = r | r^-1 empty (S * S) \ both end
"""
