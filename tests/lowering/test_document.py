"""The reader of lowering tables: a part of TOML, with positions."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from ksmcheck.lowering.document import Inline, Table, Text, Value, parse_document
from ksmcheck.store.paths import models_dir
from ksmcheck.text import InputError, Source


def plain(value: Value) -> Any:
    if isinstance(value, Text):
        return value.value
    if isinstance(value, Inline):
        return {key: text.value for key, text in value.entries.items()}
    return [item.value for item in value.items]


def nested(tables: dict[str, Table]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, table in tables.items():
        entries = {key: plain(value) for key, value in table.entries.items()}
        head, _, rest = name.partition(".")
        if rest:
            result.setdefault(head, {})[rest] = entries
        else:
            result[head] = entries
    return result


@pytest.mark.parametrize(
    "path",
    sorted([models_dir() / "common.toml", *models_dir().glob("*/lowering.toml")]),
    ids=lambda p: p.parent.name,
)
def test_agrees_with_the_standard_reader(path: Path) -> None:
    text = path.read_text()
    assert nested(parse_document(Source(str(path), text))) == tomllib.loads(text)


def test_values_know_their_place() -> None:
    tables = parse_document(Source("t", '[a]\n  k = { ok = "R*", fail = "R" } # x\n'))
    value = tables["a"].entries["k"]
    assert isinstance(value, Inline)
    assert (value.entries["fail"].span.line, value.entries["fail"].span.column) == (2, 28)
    assert value.entries["fail"].span.text == "R"


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("k = 1", 1, 1, "expected a table"),
        ("[a]\nk = 1", 2, 5, "text in double quotes"),
        ('[a]\nk = "R', 2, 5, "on one line"),
        ('[a]\nk = "R" x', 2, 8, "after the value"),
        ('[a]\nk = ["R" "W"]', 2, 10, "expected ','"),
        ('[a]\nk = { ok "R" }', 2, 7, "expected a key"),
        ('[a]\nk = "R"\nk = "W"', 3, 1, "given twice"),
        ("[a]\n[b]\n[a]", 3, 1, "given twice"),
        ('[a]\nk = { ok = "R", ok = "W" }', 2, 22, "given twice"),
        ("[a]\nwhat is this", 2, 1, "not a table"),
        ("[a]\nk = {", 2, 5, "expected a key"),
        ('[a]\nk = ["R"', 2, 8, "expected ','"),
    ],
)
def test_errors_point_at_the_place(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_document(Source("t", text))
    span = caught.value.diagnostic.span
    assert span is not None
    assert (span.line, span.column) == (line, column)
