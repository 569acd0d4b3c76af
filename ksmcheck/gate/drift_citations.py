"""What a model's lowering rows rest on in a kernel tree: which definitions in which files.

A row says where its meaning comes from (``source``). The files named there are searched for the
row's primitives (``smp_mb``, and ``__smp_mb``, ``arch_``..., ``raw_``... of it) and for the names
that the source mentions; what these definitions use is followed, in the same files and in the
architecture's own headers of that kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ksmcheck.gate.kernel_tree import KernelTree
from ksmcheck.gate.kernel_tree_meaning import Meaning, meaning_of, names_in
from ksmcheck.kernel.primitives import all_primitives
from ksmcheck.lowering.classes import table_names
from ksmcheck.lowering.document import Inline, Table, Text
from ksmcheck.record import Struct

ARCHITECTURES = {
    "tso": "x86",
    "armv7": "arm",
    "armv8": "arm64",
    "power": "powerpc",
    "riscv": "riscv",
    "alpha": "alpha",
}
_OWN = "barrier atomic atomic_ll_sc atomic_lse cmpxchg bitops spinlock synch rwonce lse"
OWN_HEADERS = tuple(_OWN.split())
_FORMS = ("{}", "__{}", "____{}", "arch_{}", "raw_{}", "arch___{}", "generic_{}", "queued_{}")
_PATH = re.compile(r"(?:[\w-]+/)*(?:[\w*-]+|\{[\w,]+\})(?:/(?:[\w*-]+|\{[\w,]+\}))*\.(?:h|c|def)\b")
_WORD = re.compile(r"[A-Za-z_]\w+")
_DEEPEST = 4


class Citation(Struct, frozen=True):
    """One row of one model, and the definitions that it rests on, as (file, name)."""

    model: str
    row: str
    rests_on: tuple[tuple[str, str], ...]


def row_primitives(tables: Mapping[str, Table]) -> dict[str, list[str]]:
    """The primitives that each row speaks for."""
    found: dict[str, list[str]] = {}
    for primitive in all_primitives().values():
        asked = next((name for name in table_names(primitive) if name in tables), None)
        if asked is not None:
            found.setdefault(asked, []).append(primitive.name)
    return found


def source_of(table: Table, kernel: str) -> str:
    """What a row gives as its source for a kernel point."""
    value = table.entries.get("source")
    if isinstance(value, Inline):
        entry = value.entries.get(kernel)
        return entry.value if entry is not None else ""
    return value.value if isinstance(value, Text) else ""


def citation(
    tree: KernelTree, model: str, row: str, source: str, primitives: list[str]
) -> Citation:
    """What a row rests on in a tree. Nothing, where its source names no file of the tree."""
    arch = ARCHITECTURES.get(model)
    own = [f"arch/{arch}/include/asm/{name}.h" for name in OWN_HEADERS] if arch else []
    found: dict[tuple[str, str], Meaning] = {}
    files: list[str] = []
    for file in cited_files(tree, source, arch):
        files.append(file)
        for name in _candidates(source, primitives):
            meaning = meaning_of(tree, name, file)
            if meaning is not None:
                found[file, name] = meaning
    searched = [f for f in dict.fromkeys([*files, *own]) if (tree.root / f).is_file()]
    _follow(tree, found, searched)
    _overriding(tree, found, own)
    return Citation(model, row, tuple(sorted(found)))


def _follow(tree: KernelTree, found: dict[tuple[str, str], Meaning], files: list[str]) -> None:
    """Adds what the definitions found use, as far as it is defined in those files."""
    todo = list(found.values())
    for _ in range(_DEEPEST):
        fresh: list[Meaning] = []
        for name in sorted({name for meaning in todo for name in names_in(meaning)}):
            for file in files:
                if (file, name) in found or name not in tree.text(file):
                    continue
                meaning = meaning_of(tree, name, file)
                if meaning is not None:
                    found[file, name] = meaning
                    fresh.append(meaning)
        todo = fresh


def _overriding(tree: KernelTree, found: dict[tuple[str, str], Meaning], own: list[str]) -> None:
    """Adds the architecture's own definitions of what was found in common headers."""
    for _, name in [key for key in found if key[0].startswith("include/")]:
        for file in own:
            meaning = meaning_of(tree, name, file) if (tree.root / file).is_file() else None
            if meaning is not None:
                found[file, name] = meaning


def _candidates(said: str, primitives: list[str]) -> list[str]:
    forms = [form.format(name) for name in primitives for form in _FORMS]
    return list(dict.fromkeys([*_WORD.findall(said), *forms]))


def cited_files(tree: KernelTree, source: str, arch: str | None) -> list[str]:
    """The files of the tree that a source names, in order."""
    found: dict[str, None] = {}
    folder = ""
    for place in _PATH.finditer(source):
        for path in _expanded(place.group()):
            file = _resolved(tree, path.replace("arch/*", f"arch/{arch}"), arch, folder)
            if file is not None:
                folder = file.rpartition("/")[0]
                found[file] = None
    return list(found)


def _resolved(tree: KernelTree, path: str, arch: str | None, folder: str) -> str | None:
    """The file that a shortened path means: asm-generic/, asm/, one in the folder cited before."""
    starts = ("", "include/", f"arch/{arch}/include/", f"{folder}/", "include/linux/atomic/")
    tried = (f"{start}{path}" for start in (*starts, "tools/memory-model/"))
    return next((file for file in tried if (tree.root / file).is_file()), None)


def _expanded(path: str) -> list[str]:
    found = re.search(r"\{([\w,]+)\}", path)
    if found is None:
        return [path]
    return [path[: found.start()] + part + path[found.end() :] for part in found[1].split(",")]
