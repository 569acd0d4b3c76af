"""Plain ``char``: signed or not, as the machine has it, until the kernel says so itself.

From 6.2 on the kernel is built with -funsigned-char (its commit 3bc753c06dd0, whose message tells
of the time before: "ARM treats it as unsigned"). By their ABIs it is signed on x86 and Alpha, and
unsigned on ARM, AArch64 and POWER; a model without a machine is as x86.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker
from ksmcheck.check.verdict import Request
from ksmcheck.lowering.table import parse_table
from ksmcheck.text import InputError, Source
from tests.fresh import fresh_checker

TEST = """C char
char c;
typedef char flag_t;
static int negative(flag_t f) { return f < 0; }
{ }
P0(void)
{
	WRITE_ONCE(c, 200);
}
P1(void)
{
	int low = negative(READ_ONCE(c));
	signed char s = READ_ONCE(c);
	int always = s <= 0;
}
exists (1:low=1)
"""

SIGNED = ("sc", "tso", "alpha", "alpha-letter", "lkmm")
UNSIGNED = ("armv7", "armv8", "power")


def observed(path: Path, model: str, kernel: str, checker: Checker) -> str | None:
    request = Request(path, model, kernel)
    verdict = checker.check(request)  # a witness is replayed, with its own types
    assert checker.states(request).observation == verdict.observation
    return verdict.observation


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "char.litmus"
    file.write_text(TEST)
    return file


def test_as_the_machine_has_it(path: Path) -> None:
    checker = fresh_checker()
    for model in (*SIGNED, *UNSIGNED, *SIGNED):  # what one model needs does not stick to another
        expected = "Never" if model in UNSIGNED else "Sometimes"
        assert observed(path, model, "3.9", checker) == expected, model


def test_unsigned_everywhere_at_6_12(path: Path) -> None:
    checker = fresh_checker()
    for model in (*SIGNED, *UNSIGNED, "riscv"):
        assert observed(path, model, "6.12", checker) == "Never", model


def test_signed_char_is_signed_everywhere(path: Path) -> None:
    path.write_text(TEST.replace("1:low=1", "1:always=0"))
    for model in (*SIGNED, *UNSIGNED):
        assert observed(path, model, "3.9", fresh_checker()) == "Never", model


def test_programs_without_char_are_shared(path: Path) -> None:
    """The same compiled program serves both kinds of machines."""
    without = TEST.replace("\nchar c", "\nsigned char c").replace("typedef char", "typedef int")
    path.write_text(without)
    workshop = fresh_checker().workshop
    one, other = (workshop.program(Request(path, m, "3.9")) for m in ("tso", "armv8"))
    assert one is other
    path.write_text(TEST)
    workshop = fresh_checker().workshop
    one, other = (workshop.program(Request(path, m, "3.9")) for m in ("tso", "armv8"))
    assert one is not other


def table(text: str) -> bool:
    return parse_table(Source("lowering.toml", text), Path()).unsigned_char


def test_a_model_says_which(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('[model]\nchar = "unsigned"\n')
    included = f'[model]\nlowering = "{tmp_path / "base.toml"}"\n'
    assert not table('[model]\ntitle = "x"\n')
    assert table('[model]\nchar = "unsigned"\n')
    assert table(included)
    assert not table(included + 'char = "signed"\n')
    with pytest.raises(InputError, match="signed"):
        table('[model]\nchar = "none"\n')
