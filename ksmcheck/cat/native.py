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

# File name -> the cat text that stands for it.
NATIVE_INCLUDES = {
    "stdlib.cat": "",
    "fences.cat": "",
    "filters.cat": "",
    "cos.cat": "",
    "cos-opt.cat": "",
    "cross.cat": "",
    "lock.cat": _LOCKS,
}
