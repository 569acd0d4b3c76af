"""The kernel's headers that come with ksmcheck: what ``#include <linux/...>`` reads.

Each is kernel C of our own, made of the primitives that a model knows (``kernel/include``). Other
headers hold nothing but what is known without them, and are read as empty ones.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from ksmcheck.record import Struct
from ksmcheck.store.paths import headers_dir
from ksmcheck.syntax.files import read_source
from ksmcheck.text import Source


class Header(Struct, frozen=True):
    """``since`` is the first kernel that it tells of."""

    path: Path
    since: str


_SINCE = {"linux/seqlock.h": "3.9"}

_KNOWN_WITHOUT = frozenset(
    f"linux/{name}.h"
    for name in (
        "align",
        "atomic",
        "bitops",
        "bits",
        "bug",
        "build_bug",
        "cache",
        "compiler",
        "container_of",
        "err",
        "errno",
        "export",
        "init",
        "kernel",
        "limits",
        "math",
        "minmax",
        "module",
        "mutex",
        "preempt",
        "printk",
        "rcupdate",
        "refcount",
        "spinlock",
        "spinlock_types",
        "srcu",
        "stddef",
        "types",
    )
)
"""Of these, ksmcheck has what it has at all without an ``#include``."""

_DEFINED = re.compile(
    r"^#\s*define[ \t]+(?P<macro>[A-Za-z]\w*)"
    r"|^static inline [\w ]*?[ *](?P<function>\w+)\("
    r"|^(?:typedef .*?|\} )(?P<type>\w+);",
    re.MULTILINE,
)


def header(name: str) -> Header | None:
    """The header that ``#include <name>`` reads."""
    since = _SINCE.get(name)
    return None if since is None else Header(headers_dir() / name, since)


def is_known_without(name: str) -> bool:
    """Whether the kernel's header of that name may be included, and adds nothing."""
    return name in _KNOWN_WITHOUT


def header_names() -> list[str]:
    """Of those that add something."""
    return sorted(_SINCE)


def header_source(found: Header, name: str) -> Source:
    """Its text. It is called as it was included: where ksmcheck is installed concerns nobody."""
    return Source(f"<{name}>", read_source(found.path).text)


@cache
def _owners() -> dict[str, str]:
    return {
        match[match.lastgroup or 0]: name
        for name in header_names()
        for match in _DEFINED.finditer(read_source(headers_dir() / name).text)
    }


def include_hint(name: str) -> str | None:
    """What to include for a name that nothing defines, where one of the headers does."""
    owner = _owners().get(name)
    if owner is None:
        return None
    return f"#include <{owner}> defines it, for the kernels that have it"
