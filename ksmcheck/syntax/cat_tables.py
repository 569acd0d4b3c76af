"""The generated parser of cat, from tables that were made before if there is a place to keep them.

Making the tables takes 60 ms and more, loading them a tenth of that.
"""

from __future__ import annotations

import io
import marshal
import pickle
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from ksmcheck.syntax.cat_grammar import GRAMMAR

if TYPE_CHECKING:
    from lark import Lark

_KIND = "cat-grammar"


class Keeper(Protocol):
    """Keeps bytes by kind and key and gives back only those, as ``store.cache.Cache`` does."""

    def get(self, kind: str, key: str) -> bytes | None: ...
    def put(self, kind: str, key: str, body: bytes) -> None: ...
    def __hash__(self) -> int: ...


def parser(keeper: Keeper | None = None) -> Lark:
    """The parser; its tables are looked for, and put, in the keeper if there is one."""
    if keeper is None:
        return _make()
    import lark

    key = sha256("\0".join([GRAMMAR, lark.__version__, sys.version]).encode()).hexdigest()
    tables = keeper.get(_KIND, key)
    found = _load(tables) if tables is not None else None
    if found is None:
        found = _make()
        new = _tables(found)
        if new is not None:
            keeper.put(_KIND, key, new)
    return found


def _make() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", lexer="basic", transformer=_builder(), keep_all_tokens=True)


def _builder() -> Any:
    from ksmcheck.syntax.cat_build import Builder

    return Builder()


def _tables(made: Lark) -> bytes | None:
    """The tables as plain data, which marshal reads back without making objects of any class."""
    saved = io.BytesIO()
    made.save(saved, exclude_options=["transformer"])
    try:
        return marshal.dumps(pickle.loads(saved.getvalue()))
    except ValueError:  # a version of lark that keeps something else than plain data
        return None


def _load(tables: bytes) -> Lark | None:
    from lark import Lark

    try:
        plain: Any = marshal.loads(tables)
        blank: Any = Lark.__new__(Lark)
        loaded: Lark = blank._load(plain, transformer=_builder())
    except Exception:  # whatever stale tables do, they are made again
        return None
    return loaded
