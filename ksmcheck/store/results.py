"""Results on disk, as JSON: data and nothing else, whoever wrote the file."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from ksmcheck.store.cache import Cache

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Results:
    """Keeps values of plain dataclasses. Losing them, or never having them, costs only time."""

    cache: Cache

    def get(self, kind: type[T], key: str | None) -> T | None:
        """The value kept under ``key``; None where there is none, or not one of that form."""
        data = self.cache.get(_folder(kind), key) if key is not None else None
        if data is None:
            return None
        try:
            return plain(kind, json.loads(data))  # type: ignore[no-any-return]
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    def put(self, key: str | None, value: object) -> None:
        if key is not None:
            self.cache.put(_folder(type(value)), key, json.dumps(as_plain(value)).encode())


def _folder(kind: type) -> str:
    return kind.__name__.lower()


def as_plain(value: Any) -> Any:
    """Dataclasses to objects, tuples to arrays."""
    if is_dataclass(value):
        return {f.name: as_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [as_plain(item) for item in value]
    return value


def plain(kind: Any, value: Any) -> Any:
    """A value of the type ``kind`` out of JSON; raises TypeError where it has not that form.

    Known are dataclasses, ``tuple[X, ...]``, ``X | None`` and str, int, float and bool.
    """
    if is_dataclass(kind):
        return _instance(kind, value)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise TypeError("not a list")
        return tuple(plain(get_args(kind)[0], item) for item in value)
    if type(None) in get_args(kind):
        wanted = next(k for k in get_args(kind) if k is not type(None))
        return None if value is None else plain(wanted, value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise TypeError(f"not {kind}")
    return value


def _instance(kind: Any, value: Any) -> Any:
    hints = get_type_hints(kind)
    if not isinstance(value, dict) or value.keys() != hints.keys():
        raise TypeError(f"not a {kind.__name__}")
    return kind(**{name: plain(hints[name], value[name]) for name in hints})
