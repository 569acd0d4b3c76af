"""A model's compiled cat and its tree, from the cache where it was read before.

What the cache gives back is authentic (see ``store.cache``), and is still read with an unpickler
that makes nothing but passive records.
"""

from __future__ import annotations

import io
import os
import pickle
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ksmcheck import __version__
from ksmcheck.cat.compile import Compiled, CompiledCat, compile_cat
from ksmcheck.cat.load import load_cat
from ksmcheck.record import Struct
from ksmcheck.store.cache import Cache, content_key, default_cache

if TYPE_CHECKING:
    from ksmcheck.cat.in_order import Kinds
    from ksmcheck.syntax.cat_tree import Statement


class _Reader(pickle.Unpickler):
    """Reads models and nothing else: the records of ``cat``, its trees, and source texts."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        if module.startswith("ksmcheck.cat.") or module in _TREES:
            found = super().find_class(module, name)
            if isinstance(found, type) and (issubclass(found, Struct) or found is CompiledCat):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a model")


_PLAIN = frozenset({("builtins", "frozenset"), ("builtins", "set")})
_TREES = frozenset({"ksmcheck.syntax.cat_tree", "ksmcheck.text.source"})


def compiled_cat(path: Path, cache: Cache | None = None) -> CompiledCat:
    """The compiled model of a cat file; ``cache`` None: the user's. Raises InputError."""
    cache = default_cache() if cache is None else cache
    key = _key(path)
    kept = _kept(cache, "cat", key)
    if isinstance(kept, CompiledCat) and isinstance(kept.compiled, Compiled):
        return kept
    model = compile_cat(load_cat(path, keeper=cache))
    _keep(cache, "cat", key, model)
    return model


def cat_tree(path: Path, cache: Cache | None = None) -> tuple[Statement, ...]:
    """The statements of a cat file that has a meaning; as ``compiled_cat``."""
    cache = default_cache() if cache is None else cache
    key = _key(path)
    kept = _kept(cache, "cat-tree", key)
    if isinstance(kept, tuple) and kept and all(isinstance(one, Struct) for one in kept):
        return kept
    tree = load_cat(path, keeper=cache).tree
    _keep(cache, "cat-tree", key, tree)
    return tree


def stricter_cat(
    model: CompiledCat, but: Sequence[Kinds], cache: Cache | None = None
) -> CompiledCat:
    """``cat.in_order`` of a model; as ``compiled_cat``."""
    cache = default_cache() if cache is None else cache
    parts = (model.name, model.digest, __version__, sys.version, *map("".join, but))
    key = content_key(_code_state(), *map(str.encode, parts))
    kept = _kept(cache, "cat-in-order", key)
    if isinstance(kept, CompiledCat) and isinstance(kept.compiled, Compiled):
        return kept
    from ksmcheck.cat.in_order import in_order

    stricter = in_order(model, but)
    _keep(cache, "cat-in-order", key, stricter)
    return stricter


def _kept(cache: Cache, kind: str, key: str | None) -> object:
    data = cache.get(kind, key) if key else None
    if data is None:
        return None
    try:
        return _Reader(io.BytesIO(data)).load()
    except Exception:  # whatever a stale entry does, the model is read again
        return None


def _keep(cache: Cache, kind: str, key: str | None, value: object) -> None:
    if key is None:
        return
    try:
        cache.put(kind, key, pickle.dumps(value, protocol=5))
    except RecursionError:  # a tree that is nested very deeply
        return


def _key(path: Path) -> str | None:
    """Of everything that a compiled model depends on: the texts, ksmcheck, Python."""
    parts = [path.name.encode(), __version__.encode(), sys.version.encode(), _code_state()]
    try:
        return content_key(*parts, *_texts(path.parent))
    except OSError:
        return None


# Between any two quotes of a line; that a comment has odd ones must not hide a file.
_QUOTED = re.compile(rb'"(?=([^"\n]+)")')


def _texts(folder: Path) -> Iterator[bytes]:
    """Names and contents of the folder's cat and bell files, and of any other file that one of them
    may include."""
    todo = sorted(f for f in folder.iterdir() if f.suffix in (".cat", ".bell"))
    seen = {file.name for file in todo}
    for file in todo:
        text = file.read_bytes()
        yield from (os.fsencode(file), text)
        for name in dict.fromkeys(os.fsdecode(found[1]) for found in _QUOTED.finditer(text)):
            if name not in seen and "\0" not in name and os.path.isfile(folder / name):
                seen.add(name)
                todo.append(folder / name)


def _code_state() -> bytes:
    """Size and time of the compiler's own files: between releases the version alone says little."""
    package = os.path.dirname(os.path.dirname(compile_cat.__code__.co_filename))
    states = []
    for room, stem in (("cat", ""), ("syntax", "cat_"), ("text", "")):
        for file in os.scandir(os.path.join(package, room)):
            if file.name.startswith(stem) and file.name.endswith(".py"):
                state = file.stat()
                states.append(f"{room}/{file.name}:{state.st_size}:{state.st_mtime_ns}")
    return " ".join(sorted(states)).encode()
