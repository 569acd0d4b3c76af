"""Results on disk, as JSON: data and nothing else, whoever wrote the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from ksmcheck.record import Struct, fields
from ksmcheck.store.cache import Cache

T = TypeVar("T")


class Results(Struct, frozen=True):
    """Keeps values of plain records. Losing them, or never having them, costs only time."""

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
    """Records to objects, tuples to arrays."""
    if isinstance(value, Struct):
        return {name: as_plain(getattr(value, name)) for name in fields(value)}
    if isinstance(value, tuple):
        return [as_plain(item) for item in value]
    return value


def plain(kind: Any, value: Any) -> Any:
    """A value of the type ``kind`` out of JSON; raises TypeError where it has not that form.

    Known are records, ``tuple[X, ...]``, ``X | None`` and str, int, float and bool.
    """
    return _reader(kind)(value)


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """The function that reads values of a type: types are looked into once, values very often."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _instances(kind)
    if get_origin(kind) is tuple:
        return _tuples(_reader(get_args(kind)[0]))
    if type(None) in get_args(kind):
        wanted = _reader(next(k for k in get_args(kind) if k is not type(None)))
        return lambda value: None if value is None else wanted(value)

    def simple(value: Any) -> Any:
        if type(value) is kind:
            return value
        if kind is float and type(value) is int:
            return float(value)
        raise TypeError(f"not {kind}")

    return simple


def _tuples(item: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not list:
            raise TypeError("not a list")
        return tuple([item(one) for one in value])

    return read


def _instances(kind: Any) -> Callable[[Any], Any]:
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}

    def read(value: Any) -> Any:
        if type(value) is not dict or value.keys() != readers.keys():
            raise TypeError(f"not a {kind.__name__}")
        return kind(**{name: reader(value[name]) for name, reader in readers.items()})

    return read
