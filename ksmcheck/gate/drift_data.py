"""What ``kernel.toml`` beside a suite says: which kernel functions its encodings follow.

::

    [fields]                      # shared fields and their common names
    _refcount = "_count"
    [words.encoding]              # see skeleton_words: what names mean in the encoding,
    [words.kernel]                # in every kernel,
    [words."6.12"]                # in one (it goes before)
    [inlined]                     # kernel functions that are followed into
    kernel = ["folio_ref_freeze"]
    "6.12" = []
    [watched]                     # macros that generate the functions of a pattern, by file
    "include/linux/page-flags.h" = ["FOLIO_TEST_FLAG"]
    [reasons]                     # why something of the kernel is not encoded: name = "sentence"
    [functions.get_ksm_page]      # a function of the encoding,
    file = "ksm.h"
    roles = ["node", "mode"]      # what its parameters are called in skeletons; "" for no interest
    "6.12" = { file = "mm/ksm.c", name = "ksm_get_folio", roles = ["node", "mode"] }
    added."6.12" = { "cpu_relax()" = "why the encoding has this and the kernel has not" }
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ksmcheck.gate.skeleton_words import Words
from ksmcheck.record import Struct
from ksmcheck.syntax.files import read_source
from ksmcheck.text import InputError, Span


class Followed(Struct, frozen=True):
    """The function of one kernel version that an encoded function follows."""

    file: str
    name: str
    roles: tuple[str, ...]
    added: Mapping[str, str]


class Encoded(Struct, frozen=True):
    """A function of the encoding; ``follows`` is by kernel version."""

    name: str
    file: Path
    roles: tuple[str, ...]
    defines: tuple[tuple[str, str], ...]
    follows: Mapping[str, Followed]


class Correspondence(Struct, frozen=True):
    """A whole ``kernel.toml``."""

    path: Path
    point: str
    functions: tuple[Encoded, ...]
    reasons: Mapping[str, str]
    fields: Mapping[str, str]
    watched: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, Any]

    @property
    def versions(self) -> tuple[str, ...]:
        """The kernel versions that any function follows, oldest first."""
        found = {version for f in self.functions for version in f.follows}
        return tuple(sorted(found, key=lambda v: [int(p) for p in v.split(".")]))

    def record_path(self, version: str) -> Path:
        """Where the recorded skeletons of a kernel version are."""
        return self.path.parent / f"{self.path.stem}-{version}.skeletons"

    def encoding_words(self) -> Words:
        """What names mean in the encoding: each encoded function is an operation of its own."""
        named = {f.name: _call(f, f.roles) for f in self.functions}
        return Words({**named, **self.tables["words"].get("encoding", {})}, self.fields)

    def kernel_words(self, version: str) -> Words:
        """What names mean in a kernel: each function that is followed is an operation."""
        named: dict[str, str] = {}
        several: set[str] = set()
        for function in self.functions:
            followed = function.follows.get(version)
            if followed is not None:
                several |= {followed.name} & named.keys()
                named[followed.name] = _call(function, followed.roles)
        words, inlined = self.tables["words"], self.tables.get("inlined", {})
        templates = {n: t for n, t in named.items() if n not in several}
        templates |= words.get("kernel", {}) | words.get(version, {})
        followed_into = frozenset([*inlined.get("kernel", ()), *inlined.get(version, ())])
        return Words(templates, self.fields, followed_into)


def _call(function: Encoded, roles: tuple[str, ...]) -> str:
    """``NAME({0}, {1})``: the arguments in the order of the encoding's roles."""
    holes = (f"{{{roles.index(r)}}}" if r in roles else "" for r in function.roles if r)
    return f"{function.name}({', '.join(holes)})"


def load_correspondence(path: Path) -> Correspondence:
    """Reads ``kernel.toml``. Raises InputError where it is not readable or something is missing."""
    source = read_source(path)
    try:
        tables = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: {error}") from None
    try:
        functions = tuple(
            _encoded(name, table, path.parent) for name, table in tables["functions"].items()
        )
        fields = {**{name: name for name in tables["fields"].values()}, **tables["fields"]}
        point, reasons = tables.get("point", "6.12"), tables.get("reasons", {})
        watched = {file: tuple(names) for file, names in tables.get("watched", {}).items()}
        tables.setdefault("words", {})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        message = f"{path} says too little: {error} is missing or of a wrong kind"
        raise InputError(message, Span(source, 0, 0), hint="docs/drift.md shows the form") from None
    return Correspondence(path, point, functions, reasons, fields, watched, tables)


def _encoded(name: str, table: Mapping[str, Any], folder: Path) -> Encoded:
    added = table.get("added", {})
    follows = {
        version: Followed(one["file"], one["name"], tuple(one["roles"]), added.get(version, {}))
        for version, one in table.items()
        if version[:1].isdigit()
    }
    defines = tuple((d, "1") for d in table.get("defines", ()))
    return Encoded(name, folder / table["file"], tuple(table["roles"]), defines, follows)
