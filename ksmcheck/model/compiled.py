"""A model's compiled cat, from the cache where it was compiled before.

What the cache gives back is authentic (see ``store.cache``), and is still read with an unpickler
that makes nothing but passive data classes.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
from pathlib import Path
from typing import Any

from ksmcheck import __version__
from ksmcheck.cat.compile import Compiled, CompiledCat, compile_cat
from ksmcheck.cat.load import load_cat
from ksmcheck.record import Struct
from ksmcheck.store.cache import Cache, content_key, default_cache


class _Reader(pickle.Unpickler):
    """Reads compiled models and nothing else: the data classes of ``cat`` and of source texts."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        if module.startswith("ksmcheck.cat.") or module == "ksmcheck.text.source":
            found = super().find_class(module, name)
            if isinstance(found, type) and (issubclass(found, Struct) or found is CompiledCat):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a compiled model")


_PLAIN = frozenset({("builtins", "frozenset"), ("builtins", "set")})


def compiled_cat(path: Path, cache: Cache | None = None) -> CompiledCat:
    """The compiled model of a cat file; ``cache`` None: the user's. Raises InputError."""
    cache = default_cache() if cache is None else cache
    key = _key(path)
    kept = cache.get("cat", key) if key else None
    model = _decode(kept) if kept is not None else None
    if model is None:
        model = compile_cat(load_cat(path))
        if key:
            cache.put("cat", key, pickle.dumps(model, protocol=5))
    return model


def _key(path: Path) -> str | None:
    """Of everything that a compiled model depends on: the folder's texts, ksmcheck, Python."""
    parts = [path.name.encode(), __version__.encode(), sys.version.encode(), _code_state()]
    try:
        for file in sorted(path.parent.iterdir()):
            if file.suffix in (".cat", ".bell"):
                parts += [file.name.encode(), file.read_bytes()]
    except OSError:
        return None
    return content_key(*parts)


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


def _decode(data: bytes) -> CompiledCat | None:
    try:
        model = _Reader(io.BytesIO(data)).load()
    except Exception:  # whatever a stale entry does, the model is compiled again
        return None
    whole = isinstance(model, CompiledCat) and isinstance(model.compiled, Compiled)
    return model if whole else None
