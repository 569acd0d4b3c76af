"""The parser from kept tables is the parser that is made from the grammar."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest
from lark import Lark

from ksmcheck.store.cache import Cache
from ksmcheck.syntax import cat_tables
from ksmcheck.syntax.cat_lexer import Token, tokens
from ksmcheck.text import Source

TEXT = '"t" let rec a = po* ; [R] | b^-1 and b = f(a, 0) flag ~empty a & b as x'


def tree(parser: Lark) -> str:
    source = Source("<test>", TEXT)
    steps: Any = parser.parse_interactive("")  # which takes our tokens too
    found = tokens(source)
    for token in found:
        steps.feed_token(token)
    result = steps.feed_token(Token("$END", "", found[-1].span))
    # Sources are equal only to themselves, so compare what they print.
    return repr(result)


def test_kept_tables_give_the_same_trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tree(cat_tables.parser(Cache(tmp_path)))

    def not_again() -> NoReturn:
        raise AssertionError("the tables were not kept")

    monkeypatch.setattr(cat_tables, "_make", not_again)
    assert tree(cat_tables.parser(Cache(tmp_path))) == made


def test_damaged_tables_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = tree(cat_tables.parser())
    for damaged in (b"", b"no tables", b"{\x00", b"N"):
        monkeypatch.setattr(Cache, "get", lambda self, kind, key, found=damaged: found)
        assert tree(cat_tables.parser(Cache(tmp_path))) == good
