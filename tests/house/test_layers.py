"""The rooms import downwards only: the table below is the architecture (docs/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "ksmcheck"

FOUNDATION = {"record"}
"""The modules outside of all rooms that every room may import."""

# Each room and the rooms that it may import. A room may always import itself.
ALLOWED: dict[str, frozenset[str]] = {
    room: frozenset(edges.split())
    for room, edges in {
        "text": "",
        "store": "text",
        "syntax": "text store",
        "kernel": "text syntax",
        "program": "text syntax kernel",
        "cat": "text syntax",
        "isa": "text syntax kernel program lowering",
        "lowering": "text kernel cat",
        "model": "text store syntax kernel cat lowering",
        "events": "text kernel program lowering model",
        "execution": "text syntax kernel program cat lowering isa model",
        "solve": "text syntax kernel program cat events execution",
        "check": "text store syntax kernel program cat model lowering isa events execution solve",
        "explain": "text kernel program cat lowering model events execution solve check",
        "batch": "text store syntax kernel program model isa events execution solve check explain",
        "whatif": "text store syntax kernel program cat model lowering events execution solve "
        "check explain batch",
        "report": "text kernel program model events execution check explain batch whatif",
        "gate": "text store syntax kernel program lowering isa check explain batch whatif report",
        "cli": "text store syntax kernel program cat model events execution solve check explain "
        "batch whatif report gate",
    }.items()
}


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if p.parent != PACKAGE)


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            pytest.fail(f"{path}: relative import")
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module == "ksmcheck":
            names = [f"ksmcheck.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "ksmcheck" and len(parts) > 1 and parts[1] != "__version__":
                rooms.add(parts[1])
    return rooms


def test_every_room_is_in_the_table() -> None:
    rooms = {p.relative_to(PACKAGE).parts[0] for p in modules()}
    assert rooms <= set(ALLOWED), f"rooms without a rule: {rooms - set(ALLOWED)}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0]
    extra = imported_rooms(path) - ALLOWED[room] - {room} - FOUNDATION
    assert not extra, f"{room}/ may not import {sorted(extra)}"


def test_the_table_has_no_cycle() -> None:
    done: set[str] = set()
    while len(done) < len(ALLOWED):
        ready = {room for room, needs in ALLOWED.items() if needs <= done} - done
        assert ready, f"cycle among {set(ALLOWED) - done}"
        done |= ready
