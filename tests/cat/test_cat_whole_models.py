"""Whole models on whole tests: the final states and flags that herd7 7.58 has."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.cat.load import load_text
from ksmcheck.check.check import Checker
from ksmcheck.check.verdict import Request

SEEN = r"""RISCV seen
{ 0:x1=x; 1:x1=x; }
 P0           | P1           ;
 ori x2,x0,1  | lw x5,0(x1)  ;
 sw x2,0(x1)  | lw x6,0(x1)  ;
 ori x3,x0,2  |              ;
 sw x3,0(x1)  |              ;
locations [x; 1:x5; 1:x6;]
exists (1:x5=2 /\ 1:x6=1)
"""
FORWARD = r"""RISCV forward
{ 0:x1=x; 0:x3=y; 1:x1=x; 1:x3=y; }
 P0               | P1           ;
 ori x2,x0,1      | ori x2,x0,1  ;
 lr.w x4,0(x1)    | sw x2,0(x3)  ;
 sc.w x6,x2,0(x1) | fence rw,rw  ;
 lw x7,0(x1)      | lw x5,0(x1)  ;
 lw x8,0(x3)      |              ;
exists (0:x6=0 /\ 0:x7=1 /\ 0:x8=0 /\ 1:x5=0)
"""

# Coherence without co, in the manner of those of herd7's files that generate none: what is known of
# it is what reads see, and the final write that the execution has.
NO_ORDER = r"""
let before = po-loc | rf | co0
let rec U = before | (((U ; rf^-1) & (W * W)) \ id) | (((rf^-1 ; U) & (R * W)) \ id) | U ; U
acyclic U as seen
"""
FINAL = r"""
flag ~empty (W \ FW) & IW as overwritten
flag ~empty FW & IW as kept
flag ~empty FW \ IW as last
flag ~empty pco \ co0 as more
acyclic co0 as first
"""
# Rule 3 of RISC-V orders a read behind the atomic that it was forwarded from, sc included.
FORWARDED = r"""
include "cos.cat"
acyclic po-loc | rf | co | fr
empty rmw & (fre ; coe)
acyclic ([X] ; rfi ; [R]) | ([R] ; po ; [R]) | fre | rfe | (po ; [F] ; po)
"""
# What no test of this machine can have is defined, and not used.
UNUSED = r"""
include "cos.cat"
let attribute = R | (if "tags" then 'none else 0)
let kept = if "tags" then attribute else po-loc
acyclic kept | rf | co | fr
"""
# A set of one leaves no choice.
ONE = r"""
include "cos.cat"
let one r = {r | po-loc}
with order from one rf
acyclic order | co | fr
"""
# What is chosen for co need not be an order of writes at all.
NO_COHERENCE = r"""
include "cross.cat"
with co from cross({{co0}, {rf}})
flag ~empty co & rf as reads
acyclic (rf^-1 ; co) \ id | co | po-loc
"""
PARTIAL = r"""
with co from {co0, rf ; rf^-1}
flag ~empty co as some
acyclic co | rf | po-loc
"""


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize(
    ("test", "model", "observation", "states", "flags"),
    [
        (SEEN, NO_ORDER, "Never", 6, set()),
        (SEEN, FINAL, "Sometimes", 18, {"last", "overwritten"}),
        (FORWARD, FORWARDED, "Never", 5, set()),
        (SEEN, UNUSED, "Never", 6, set()),
        (SEEN, ONE, "Never", 6, set()),
        (SEEN, NO_COHERENCE, "Never", 3, {"reads"}),
        (SEEN, PARTIAL, "Sometimes", 9, {"some"}),
    ],
)
def test_as_herd7_says(
    test: str,
    model: str,
    observation: str,
    states: int,
    flags: set[str],
    engine: str,
    tmp_path: Path,
) -> None:
    (tmp_path / "t.litmus").write_text(test)
    (tmp_path / "m.cat").write_text(model)
    request = Request(tmp_path / "t.litmus", str(tmp_path / "m.cat"), engine=engine)
    found = Checker().states(request, listed=True)
    assert (found.observation, len(found.states)) == (observation, states)
    assert set(found.flags) == flags


def test_of_one_there_is_nothing_to_choose() -> None:
    assert load_text(ONE).interpreted is None
