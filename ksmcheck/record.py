"""Records: what flows between the rooms. They are msgspec's, which makes a class in no time.

The only module that imports msgspec; everything here costs as little as it can at start-up.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field
from msgspec.structs import force_setattr, replace

__all__ = ["Struct", "asdict", "field", "fields", "force_setattr", "replace"]


def fields(record: Struct | type[Struct]) -> tuple[str, ...]:
    """The names of a record's fields, in order."""
    return record.__struct_fields__


def asdict(record: Struct) -> dict[str, Any]:
    """A record as a dict, and so all records in it, also those in tuples."""
    return {name: _plain(getattr(record, name)) for name in fields(record)}


def _plain(value: object) -> object:
    if isinstance(value, Struct):
        return asdict(value)
    if isinstance(value, tuple | list):
        return type(value)(map(_plain, value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
