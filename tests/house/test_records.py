"""Records are made by ``ksmcheck.record``, and what it adds to msgspec holds."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ksmcheck.record import Struct, asdict, field, fields

PACKAGE = Path(__file__).parents[2] / "ksmcheck"


class Inner(Struct, frozen=True):
    name: str


class Outer(Struct):
    inner: Inner
    many: tuple[Inner | None, ...] = ()
    table: dict[str, Inner] = field(default_factory=dict)


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("library", ["msgspec", "dataclasses"])
def test_one_module_makes_records(library: str) -> None:
    using = {p.relative_to(PACKAGE) for p in PACKAGE.rglob("*.py") if library in imported(p)}
    assert using == ({Path("record.py")} if library == "msgspec" else set())


def test_a_dict_all_the_way_down() -> None:
    outer = Outer(Inner("a"), (Inner("b"), None), {"c": Inner("d")})
    assert fields(outer) == fields(Outer) == ("inner", "many", "table")
    assert asdict(outer) == {
        "inner": {"name": "a"},
        "many": ({"name": "b"}, None),
        "table": {"c": {"name": "d"}},
    }
