"""The tables of the KSM suite are complete, and hold what the patch itself states."""

from __future__ import annotations

import tomllib

import pytest

from ksmcheck.batch.suite import Scenario, Suite

WEAK = {
    "3.9": ("armv7", "armv8", "power", "alpha", "lkmm"),
    "6.12": ("armv7", "armv8", "power", "alpha", "lkmm", "riscv"),
}
STRONG = ("sc", "tso")


def letters(suite: Suite, scenario: str, variant: str, kernel: str, models: tuple[str, ...]) -> str:
    """The letters of those models, in that order."""
    cells = [suite.cell(scenario, variant, kernel, m) for m in models]
    return "".join(cell.letter if cell else "?" for cell in cells)


def test_every_variant_has_a_line_or_a_reason_why_not(
    ksm: Suite, scenario: Scenario, kernel: str
) -> None:
    lines = {v for v, k, _ in ksm.expected[scenario.id] if k == kernel}
    exist = {v.name for v in ksm.variants if kernel not in v.na and scenario.id not in v.na_in}
    assert lines == exist


def test_every_verdict_has_a_reason(ksm: Suite, scenario: Scenario) -> None:
    for place, cell in ksm.expected[scenario.id].items():
        assert cell.letter in ksm.letters, place
        assert cell.letter == "-" or len(cell.reason.split()) > 5, place


def test_no_reason_is_left_over(ksm: Suite, scenario: Scenario) -> None:
    path = ksm.folder / "expected" / f"{scenario.id}.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    used = {
        name
        for kernel in ksm.kernels
        for line in table[kernel].values()
        for key, name in line.items()
        if key != "is"
    }
    assert used == set(table["reasons"])


def test_a_machine_is_missing_only_before_its_time(ksm: Suite, scenario: Scenario) -> None:
    """Linux runs on RISC-V since 4.15, on the others since before 3.9."""
    for (_, kernel, column), cell in ksm.expected[scenario.id].items():
        assert (cell.letter == "-") == (kernel == "3.9" and column == "riscv")


def test_files_and_tables_belong_together(ksm: Suite) -> None:
    tables = {path.stem for path in (ksm.folder / "expected").glob("*.toml")}
    assert tables == {s.id for s in ksm.scenarios}
    assert set(ksm.folder.glob("*.litmus")) == {s.path for s in ksm.scenarios}


def test_every_file_is_under_the_kernels_licence(ksm: Suite) -> None:
    for path in ksm.folder.rglob("*"):
        if path.is_file():
            head = path.read_text(encoding="utf-8")[:200]
            assert "SPDX-License-Identifier: GPL-2.0-only" in head, path


def test_a_weaker_machine_is_never_safer(ksm: Suite, scenario: Scenario) -> None:
    """Each machine allows all that sc allows, and every machine but sc all that tso allows.

    tso itself allows more than sc; alpha-letter drops axioms of alpha. (LKMM allows what its
    machines do, but as a data race where stores are plain, so it is compared as marked.)
    """
    rules = [("sc", "tso"), ("alpha", "alpha-letter")]
    rules += [("tso", m) for m in ("armv7", "armv8", "power", "riscv", "alpha", "lkmm")]
    for variant, kernel in {(v, k) for v, k, _ in ksm.expected[scenario.id]}:
        for stronger, weaker in rules:
            pair = letters(ksm, scenario.id, variant, kernel, (stronger, weaker))
            assert pair != "VS", (variant, kernel, stronger, weaker)


# What the patch states of its two paths (lkmm: stores marked).


@pytest.mark.parametrize("path", ["path-a", "path-b"])
def test_the_shipped_code_is_safe_everywhere(ksm: Suite, path: str, kernel: str) -> None:
    models = (*STRONG, *WEAK[kernel])
    assert set(letters(ksm, path, "shipped", kernel, models)) == {"S"}


@pytest.mark.parametrize("path", ["path-a", "path-b"])
def test_its_write_barrier_is_needed_where_stores_are_reordered(
    ksm: Suite, path: str, kernel: str
) -> None:
    assert letters(ksm, path, "no-wmb", kernel, STRONG) == "SS"
    assert set(letters(ksm, path, "no-wmb", kernel, WEAK[kernel])) == {"V"}


@pytest.mark.parametrize("path", ["path-a", "path-b"])
def test_its_read_barrier_is_needed_where_loads_are_reordered(
    ksm: Suite, path: str, kernel: str
) -> None:
    """One exception: since 4.15 Alpha's READ_ONCE and atomic_read end with a barrier.

    On path B the loads before the last one of kpfn are of that kind (mapping, count), so that
    smp_rmb adds nothing there; on path A the last is PageSwapCache's test_bit, which has none.
    """
    assert letters(ksm, path, "no-rmb", kernel, STRONG) == "SS"
    others = tuple(m for m in WEAK[kernel] if m != "alpha")
    assert set(letters(ksm, path, "no-rmb", kernel, others)) == {"V"}
    exception = (path, kernel) == ("path-b", "6.12")
    assert letters(ksm, path, "no-rmb", kernel, ("alpha",)) == ("S" if exception else "V")


@pytest.mark.parametrize("path", ["path-a", "path-b"])
def test_its_dependency_barrier_is_needed_on_alpha_only(ksm: Suite, path: str) -> None:
    models = ("sc", "tso", "armv7", "armv8", "power", "lkmm", "alpha")
    assert letters(ksm, path, "no-rbd", "3.9", models) == "SSSSSSV"


@pytest.mark.parametrize(
    ("case", "variant"),
    [
        ("path-a", "late-mapping"),
        ("path-b", "late-mapping"),
        ("path-a", "pre-patch"),
        ("path-b", "pre-patch"),
        ("pre-patch", "shipped"),
        ("pre-patch-path-a", "shipped"),
        ("path-a", "if-for-while"),
        ("path-a", "clear-swapcache-first"),
        ("notice", "no-lock"),
        ("notice-path-a", "no-lock"),
    ],
)
def test_what_is_wrong_by_interleaving_is_wrong_everywhere(
    ksm: Suite, case: str, variant: str, kernel: str
) -> None:
    assert set(letters(ksm, case, variant, kernel, (*STRONG, *WEAK[kernel]))) == {"V"}
