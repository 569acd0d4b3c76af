"""Tests in assembly, and tests under another name, in the gate."""

from __future__ import annotations

import pytest

from tests.gate.conftest import Project

SB = """AArch64 SB
{ 0:X1=x; 0:X3=y; 1:X1=y; 1:X3=x; }
 P0          | P1          ;
 MOV W0,#1   | MOV W0,#1   ;
 STR W0,[X1] | STR W0,[X1] ;
 DMB SY      | DMB SY      ;
 LDR W2,[X3] | LDR W2,[X3] ;
exists (0:X2=0 /\\ 1:X2=0)
"""


@pytest.fixture
def assembly(project: Project) -> Project:
    (project.folder / "sb.litmus").write_text(SB)
    (project.folder / "ksmcheck.toml").write_text('[[tests]]\nfiles = ["sb.litmus"]\n')
    project.record()
    return project


def change(project: Project, old: str, new: str) -> None:
    path = project.folder / "sb.litmus"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_it_is_asked_of_its_own_machine(assembly: Project) -> None:
    text = assembly.baseline.read_text()
    assert 'armv8 = "Never"' in text
    assert '"* DMB SY"' in text and '"  STR W0,[X1]"' in text
    assert assembly.gate().code == 0
    change(assembly, " MOV W0,#1   |", "  MOV  W0,#1 |")
    assert assembly.gate().code == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("DMB SY      | DMB", "DMB ST      | DMB", "DMB SY replaced by DMB ST in P0"),
        (" LDR W2,[X3] |", " LDAR W2,[X3] |", "LDAR W2,[X3] added in P0"),
        ("X2=0 /\\", "X2=1 /\\", "what the test starts with or asks for changed"),
        ("0:X1=x", "0:X1=z", "what the test starts with or asks for changed"),
    ],
)
def test_what_changes_is_found(assembly: Project, old: str, new: str, said: str) -> None:
    change(assembly, old, new)
    ran = assembly.gate()
    assert ran.code == 1 and said in ran.out


def test_a_plain_instruction_is_an_access(assembly: Project) -> None:
    """`access` warns by default."""
    change(assembly, "MOV W0,#1   |", "MOV W0,#2   |")
    ran = assembly.gate()
    assert ran.code == 0
    assert "warning: the accesses around the barriers of P0 changed" in ran.out


def test_models_of_other_machines(project: Project) -> None:
    (project.folder / "sb.litmus").write_text(SB)
    config = project.folder / "ksmcheck.toml"
    config.write_text('[[tests]]\nfiles = ["*.litmus"]\nmodels = ["tso", "armv8"]\n')
    project.record()
    assert project.gate().code == 0
    assert project.baseline.read_text().count('tso = "') == 1  # of the test in C
    config.write_text('[[tests]]\nfiles = ["sb.litmus"]\nmodels = ["tso"]\n')
    ran = project.gate()
    assert ran.code == 2
    assert "ksmcheck.toml:2:11: error: sb.litmus: a test in AArch64 assembly means" in ran.err


def test_a_renamed_test_is_one_finding(project: Project) -> None:
    project.record()
    (project.folder / "mp.litmus").rename(project.folder / "other.litmus")
    ran = project.gate()
    assert ran.code == 1
    assert ran.out.count("error:") == 1
    assert "other.litmus:1: error: renamed; it is recorded as mp.litmus" in ran.out
    project.record()
    assert project.gate().code == 0


def test_a_renamed_test_that_breaks(project: Project) -> None:
    """What was recorded of it holds: the barrier in its header was needed."""
    project.record()
    (project.folder / "mp.litmus").rename(project.folder / "other.litmus")
    project.edit("\tsmp_rmb();\n", "")
    ran = project.gate()
    assert "renamed; it is recorded as mp.litmus" in ran.out
    assert "VIOLATED under armv8, recorded SAFE" in ran.out
    assert "recorded as needed: armv8 (other.litmus, 6.12)" in ran.out


def test_one_that_also_says_something_else_is_another(project: Project) -> None:
    project.record()
    text = (project.folder / "mp.litmus").read_text()
    (project.folder / "mp.litmus").unlink()
    (project.folder / "other.litmus").write_text(text.replace("~exists", "exists"))
    ran = project.gate()
    assert ran.code == 1 and "renamed" not in ran.out


def test_two_that_say_the_same_are_not_told_apart(project: Project) -> None:
    text = (project.folder / "mp.litmus").read_text()
    (project.folder / "twin.litmus").write_text(text)
    project.record()
    for name in ("mp", "twin"):
        (project.folder / f"{name}.litmus").rename(project.folder / f"new-{name}.litmus")
    assert "renamed" not in project.gate().out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('models = ["tso", "x68"]', ":3:19: error: "),
        ('kernels = ["2.6"]', ":3:13: error: there is no kernel point '2.6'"),
    ],
)
def test_what_is_wrong_in_the_configuration_has_a_place(
    project: Project, line: str, said: str
) -> None:
    project.record()
    config = project.folder / "ksmcheck.toml"
    config.write_text(f'[[tests]]\nfiles = ["*.litmus"]\n{line}\n')
    ran = project.gate()
    assert ran.code == 2
    assert f"ksmcheck.toml{said}" in ran.err
