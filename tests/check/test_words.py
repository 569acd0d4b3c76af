"""Machines with words of 32 bits: what they do in parts is not modelled, and so nothing is said.

arch/arm/lib/bitops.h and arch/alpha/include/asm/bitops.h take bit 40 from the next word;
include/asm-generic/rwonce.h says that 64 bits may be read in two accesses on 32-bit machines.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request, Verdict
from tests.fresh import fresh_checker


def check(text: str, folder: Path, model: str) -> Verdict:
    file = folder / "t.litmus"
    file.write_text(f"C t\n{text}\n")
    return fresh_checker().check(Request(file, model))


WIDE = """{type} x;
{{ }}
P0(void) {{ WRITE_ONCE(x, 1); }}
P1(void) {{ {type} r0 = x; }}
~exists (x=2)"""


@pytest.mark.parametrize("type_", ["u64", "long long", "unsigned long long", "loff_t", "__le64"])
def test_what_32_bit_machines_access_in_two_halves(type_: str, tmp_path: Path) -> None:
    verdict = check(WIDE.format(type=type_), tmp_path, "armv7")
    assert verdict.verdict == "UNKNOWN"
    assert verdict.reason is not None
    assert "which armv7 accesses in parts of 32 bits" in verdict.reason
    for model in ("armv8", "alpha", "tso"):
        assert check(WIDE.format(type=type_), tmp_path, model).verdict == "SAFE"


@pytest.mark.parametrize("type_", ["u32", "long", "size_t", "unsigned long"])
def test_what_fits_a_word(type_: str, tmp_path: Path) -> None:
    """``long`` has 32 bits there."""
    assert check(WIDE.format(type=type_), tmp_path, "armv7").verdict == "SAFE"


def test_atomics_of_64_bits_are_single_accesses(tmp_path: Path) -> None:
    text = "atomic64_t a;\n{ }\nP0(void) { atomic64_inc(&a); long r0 = atomic64_read(&a); }\n"
    assert check(text + "~exists (a=2)", tmp_path, "armv7").verdict == "SAFE"


BITS = """unsigned long map[2];
{{ }}
P0(void) {{ set_bit(0, map); set_bit({bit}, map); }}
P1(void) {{ int r0 = test_bit({bit}, map); int r1 = test_bit(0, map); }}
exists (1:r0=1 /\\ 1:r1=0)"""


@pytest.mark.parametrize("bit", [32, 40])
@pytest.mark.parametrize("model", ["armv7", "alpha", "alpha-letter"])
def test_bits_that_lie_in_the_next_word_there(model: str, bit: int, tmp_path: Path) -> None:
    verdict = check(BITS.format(bit=bit), tmp_path, model)
    assert verdict.verdict == "UNKNOWN"
    assert verdict.reason is not None
    assert f"bit of bit {bit}" in verdict.reason
    assert "words of 32 bits" in verdict.reason
    # One location, which is coherent; and another word on every machine.
    assert check(BITS.format(bit=31), tmp_path, model).observation == "Never"
    assert check(BITS.format(bit=64), tmp_path, model).observation == "Sometimes"


def test_a_bit_that_memory_tells_may_lie_there_too(tmp_path: Path) -> None:
    """Bit 40 again, whose number is read: with it, the two may be different locations."""
    text = "int n = 40;\n" + BITS.format(bit="READ_ONCE(n)")
    for model in ("armv7", "alpha", "alpha-letter"):
        verdict = check(text, tmp_path, model)
        assert verdict.verdict == "UNKNOWN"
        assert verdict.reason is not None
        assert "of a bit that is not constant" in verdict.reason
    assert check(text, tmp_path, "armv8").observation == "Never"


def test_a_loop_over_bits_has_constant_ones(tmp_path: Path) -> None:
    text = """unsigned long w;
{ }
P0(void) { for (int i = 0; i < 2; i++) set_bit(i, &w); }
P1(void) { unsigned long r0 = READ_ONCE(w); }
exists (1:r0=2)"""  # bit 1 is never there without bit 0: one location, in program order
    assert check(text, tmp_path, "armv7").observation == "Never"


def test_states_says_so_too(tmp_path: Path) -> None:
    file = tmp_path / "t.litmus"
    file.write_text("C t\n" + BITS.format(bit=40))
    with pytest.raises(TimeoutError, match="words of 32 bits"):
        fresh_checker().states(Request(file, "armv7"))
