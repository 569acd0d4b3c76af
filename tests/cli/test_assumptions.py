"""What a SAFE takes on trust is said once for all models that take it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run

# Load buffering, with a dependency that is made whatever is read (tests/check/test_doubts.py); the
# store to z is a plain one. TSO forbids it without any dependency.
TEST = """C t
int x, y, z;
{ }
P0(void)
{
	int r0 = READ_ONCE(x);

	z = 1;
	if (r0)
		WRITE_ONCE(y, 1);
	else
		WRITE_ONCE(y, 1);
}
P1(void)
{
	int r1 = READ_ONCE(y);

	WRITE_ONCE(x, r1);
}
P2(void)
{
	int r2 = READ_ONCE(z);
}
~exists (0:r0=1 /\\ 1:r1=1)
"""
STORES = "  assuming the compiler neither tears, fuses nor moves plain stores: z@P0"


def told(run: Run, folder: Path, *models: str) -> list[list[str]]:
    (folder / "t.litmus").write_text(TEST)
    ran = run("check", folder / "t.litmus", *(f"--model={model}" for model in models))
    return [
        [line.partition(" (")[0] for line in one.splitlines() if "assum" in line]
        for one in ran.out.strip().split("\n\n")
    ]


def test_the_same_is_said_once(run: Run, tmp_path: Path) -> None:
    first, second, third = told(run, tmp_path, "armv8", "riscv", "power")
    assert first[0] == STORES
    assert len(first) == 2
    assert second == third == ["  assuming the same of the compiler as under armv8"]


def test_what_comes_in_addition_is_said(run: Run, tmp_path: Path) -> None:
    first, second = told(run, tmp_path, "tso", "armv8")
    assert first == [STORES]
    assert "keeps" in second[0]
    assert second[1:] == ["  and what is assumed of it under tso"]
