"""Dependencies between reads that are no order for a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.explain.kept import keeps_reads_in_order
from ksmcheck.explain.tell import telling_of
from ksmcheck.kernel.primitives import primitives
from ksmcheck.model.load import load_model
from tests.fresh import fresh_checker

# An address dependency orders reads everywhere but on Alpha (its handbook, 5.6.1.7; LKMM counts on
# the barrier in Alpha's READ_ONCE). A branch orders no read behind it but where reads are in order
# anyhow: Arm ARM B2.3 wants an ISB, Power ISA an isync, RISC-V's rules 9 to 11 speak of stores.
ADDRESS = {"sc", "tso", "armv7", "armv8", "power", "riscv", "lkmm"}
CONTROL = {"sc", "tso"}


def read(id: int, tags: tuple[str, ...]) -> ExecutedEvent:
    return ExecutedEvent(id, 0, "R", "x", None, 0, frozenset(tags), id, "READ_ONCE", "always", None)


@pytest.mark.parametrize(
    "name", ["sc", "tso", "armv7", "armv8", "power", "riscv", "lkmm", "alpha", "alpha-letter"]
)
def test_what_each_machine_keeps(name: str) -> None:
    model = load_model(name)
    config = model.configs("6.12")[0]
    full = model.row(primitives("6.12")["smp_mb"], "6.12", config)
    tags = ("Once",) if name == "lkmm" else ()
    reads = read(0, tags), read(1, tags)

    def kept(*kinds: str) -> bool:
        return keeps_reads_in_order(model.compiled, full, kinds, reads, frozenset(tags))

    assert kept("address") == kept("address", "control") == (name in ADDRESS)
    assert kept("control") == (name in CONTROL)
    assert kept() == (name in CONTROL)


@pytest.mark.parametrize(("order", "told"), [("addr", False), ("data", True)])
def test_a_model_of_ones_own_is_asked(order: str, told: bool, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "mine.cat").write_text(
        '"mine"\nlet fr = rf^-1;co\nacyclic po-loc | rf | co | fr as coherence\n'
        f"acyclic rf | co | fr | {order} | po;[Mb];po as order\n"
    )
    test = tmp_path / "mp.litmus"
    test.write_text(
        "C mp\n{ p = &y; }\n"
        "P0(int *x, int **p) { WRITE_ONCE(*x, 1); smp_mb(); WRITE_ONCE(*p, x); }\n"
        "P1(int **p) { int *q = READ_ONCE(*p); int r = READ_ONCE(*q); }\nexists (1:q=x /\\ 1:r=0)\n"
    )
    checker = fresh_checker()
    story = telling_of(checker, checker.check(Request(test, str(folder))))
    assert (story is not None) == told
    if story is not None:
        assert "only an address dependency orders P1's read of p" in story.sentence
        assert story.sentence.endswith("and mine does not keep that order")
