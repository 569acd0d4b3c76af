"""The generated parser of cat, from the cache where its tables were made before.

Making the tables takes 60 ms and more, loading them a tenth of that.
"""

from __future__ import annotations

import io
import marshal
import pickle
import sys
from typing import TYPE_CHECKING, Any

from ksmcheck.store.cache import Cache, content_key, default_cache
from ksmcheck.syntax.cat_grammar import GRAMMAR

if TYPE_CHECKING:
    from lark import Lark

_KIND = "cat-grammar"


def parser(kept: Cache | None = None) -> Lark:
    """The parser; ``kept`` None: the user's cache."""
    import lark

    cache = default_cache() if kept is None else kept
    key = content_key(GRAMMAR.encode(), lark.__version__.encode(), sys.version.encode())
    tables = cache.get(_KIND, key)
    found = _load(tables) if tables is not None else None
    if found is None:
        found = _make()
        new = _tables(found)
        if new is not None:
            cache.put(_KIND, key, new)
    return found


def _make() -> Lark:
    from lark import Lark

    return Lark(
        GRAMMAR, parser="lalr", lexer="basic", transformer=_builder(), keep_all_tokens=True
    )


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
