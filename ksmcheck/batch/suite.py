"""Suites: scenarios x variants x kernel points x models, with an expected verdict for each cell.

A suite is a folder with a ``suite.toml`` (what is run) and ``expected/<scenario>.toml`` (the
verdict of each cell, with its reason); litmus/ksm/suite.toml shows the form.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ksmcheck.record import Struct
from ksmcheck.text import InputError


class Column(Struct, frozen=True):
    """One column of the table: a model, and for LKMM whether the shared stores are marked."""

    name: str
    model: str
    marked: bool

    @property
    def stores(self) -> str:
        return "marked" if self.marked else "plain"


class Scenario(Struct, frozen=True):
    """``path`` is its litmus file; ``defines`` select the case."""

    id: str
    path: Path
    defines: tuple[str, ...]
    property: str
    threads: tuple[str, ...]
    claims: tuple[int, ...]


class Variant(Struct, frozen=True):
    """What differs from the shipped code. ``na`` and ``na_in``: reasons why it does not exist at a
    kernel point, or cannot be made in a scenario."""

    name: str
    what: str
    defines: tuple[str, ...]
    remove: tuple[str, ...]
    na: Mapping[str, str]
    na_in: Mapping[str, str]


class Cell(Struct, frozen=True):
    """What is expected in one place of the table; ``letter`` as the suite's legend explains."""

    letter: str
    reason: str


CellKey = tuple[str, str, str]
"""Variant, kernel point, column."""


class Suite(Struct, frozen=True):
    """``expected`` maps a scenario's id to its cells."""

    folder: Path
    columns: tuple[Column, ...]
    kernels: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    variants: tuple[Variant, ...]
    letters: Mapping[str, str]
    expected: Mapping[str, Mapping[CellKey, Cell]]

    def variant(self, name: str) -> Variant:
        """The variant of that name; raises InputError with near names."""
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise _unknown("variant", name, [v.name for v in self.variants])

    def scenario(self, name: str) -> Scenario:
        for scenario in self.scenarios:
            if scenario.id == name:
                return scenario
        raise _unknown("scenario", name, [s.id for s in self.scenarios])

    def cell(self, scenario: str, variant: str, kernel: str, column: str) -> Cell | None:
        return self.expected.get(scenario, {}).get((variant, kernel, column))


def _unknown(what: str, name: str, known: list[str]) -> InputError:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 3)
    hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(known)}"
    return InputError(f"there is no {what} {name!r}", hint=hint)


def load_suite(folder: Path) -> Suite:
    """Reads ``folder/suite.toml`` and its expectations; raises InputError."""
    table = read_toml(folder / "suite.toml")
    try:
        return _suite(folder, table)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / 'suite.toml'}: {_missing(error)}") from None


def _missing(error: Exception) -> str:
    return f"no entry {error}" if isinstance(error, KeyError) else str(error)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dict; raises InputError with line and column."""
    import tomllib  # a file that belongs to no suite has no need of it

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from None


def _suite(folder: Path, table: dict[str, Any]) -> Suite:
    columns = table["columns"]
    marked = set(columns.get("marked", ()))
    made = tuple(
        Column(name, name.removesuffix("-plain"), name in marked) for name in columns["models"]
    )
    kernels = tuple(columns["kernels"])
    scenarios = tuple(_scenario(folder, s) for s in table["scenario"])
    variants = tuple(_variant(v) for v in table["variant"])
    names = [c.name for c in made]
    expected = {
        s.id: _expected(folder / "expected" / f"{s.id}.toml", names, kernels) for s in scenarios
    }
    return Suite(folder, made, kernels, scenarios, variants, table["letters"], expected)


def _scenario(folder: Path, table: dict[str, Any]) -> Scenario:
    return Scenario(
        id=table["id"],
        path=folder / table["file"],
        defines=tuple(table.get("defines", ())),
        property=table["property"],
        threads=tuple(table.get("threads", ())),
        claims=tuple(table.get("claims", ())),
    )


def _variant(table: dict[str, Any]) -> Variant:
    return Variant(
        name=table["name"],
        what=table["what"],
        defines=tuple(table.get("defines", ())),
        remove=tuple(table.get("remove", ())),
        na=table.get("na", {}),
        na_in=table.get("na_in", {}),
    )


def _expected(path: Path, columns: list[str], kernels: tuple[str, ...]) -> Mapping[CellKey, Cell]:
    """The cells of one scenario, from rows ``variant = { is = "S V ...", S = "reason", ... }``."""
    if not path.exists():
        return {}
    table = read_toml(path)
    reasons = table.get("reasons", {})
    cells: dict[CellKey, Cell] = {}
    for kernel in kernels:
        for variant, row in table.get(kernel, {}).items():
            letters = row["is"].split()
            if len(letters) != len(columns):
                raise InputError(
                    f"{path}: {kernel}, {variant}: {len(letters)} letters, {len(columns)} columns",
                    hint=f"columns: {' '.join(columns)}",
                )
            for column, letter in zip(columns, letters, strict=True):
                name = row.get(letter, "")
                if letter != "-" and name not in reasons:
                    raise InputError(f"{path}: {kernel}, {variant}, {letter}: no reason {name!r}")
                cells[variant, kernel, column] = Cell(letter, reasons.get(name, ""))
    return cells
