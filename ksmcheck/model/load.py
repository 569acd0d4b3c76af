"""Models by name or by path."""

from __future__ import annotations

from os.path import isdir, isfile
from pathlib import Path

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.lowering.lookup import step_texts
from ksmcheck.lowering.steps import parse_steps
from ksmcheck.lowering.table import LoweringTable, check_tags, load_macros, load_table
from ksmcheck.model.compiled import cat_tree, compiled_cat
from ksmcheck.model.model import Model
from ksmcheck.store.cache import Cache
from ksmcheck.store.paths import models_dir
from ksmcheck.text import InputError

_SHIPPED = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "alpha-letter", "lkmm")
_TABLE = "lowering.toml"

KERNEL_MODEL = Path("tools", "memory-model")
"""Where a kernel's sources have their memory model."""


def shipped_models() -> tuple[str, ...]:
    """The names of the models that come with ksmcheck, the strongest first, lkmm last."""
    return _SHIPPED


def load_model(name_or_path: str, *, cache: Cache | None = None) -> Model:
    """A shipped model by name, or a user's by the path of its folder or cat file, or a kernel's by
    the path of its sources.

    A cat file without a ``lowering.toml`` beside it speaks of kernel C in LKMM's events, as the
    kernel's own linux-kernel.cat does, and a ``.def`` file of its name says in which. Raises
    InputError.
    """
    if name_or_path in _SHIPPED:
        return _from_folder(models_dir() / name_or_path, cache)
    path = Path(name_or_path)
    if isdir(path):
        own = path / KERNEL_MODEL
        return _from_folder(own if own.is_dir() else path, cache)
    if isfile(path):  # unlike the path's own, not troubled by a name that is too long
        return _from_cat(path, path.stem, cache)
    raise InputError(f"no model {name_or_path!r}", hint=_hint(name_or_path))


# What the kernel calls the machines (arch/).
_KERNELS_NAMES = {
    **dict.fromkeys(("x86", "x86_64", "amd64", "i386", "x86-tso"), "tso"),
    **dict.fromkeys(("arm64", "aarch64", "arm8"), "armv8"),
    **dict.fromkeys(("arm", "arm32", "aarch32"), "armv7"),
    **dict.fromkeys(("powerpc", "ppc", "ppc64", "ppc64le"), "power"),
    **dict.fromkeys(("riscv64", "rvwmo"), "riscv"),
    **dict.fromkeys(("linux", "linux-kernel", "kernel"), "lkmm"),
}


def _hint(name: str) -> str:
    from difflib import get_close_matches

    called = _KERNELS_NAMES.get(name.lower())
    close = [called] if called else get_close_matches(name, _SHIPPED, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"{meant}there are {', '.join(_SHIPPED)}, or give a folder or a cat file"


def _from_folder(folder: Path, cache: Cache | None) -> Model:
    table = load_table(folder / _TABLE) if (folder / _TABLE).is_file() else None
    if table is not None and table.cat is not None:
        cat = folder / table.cat
    else:
        cat = _cat_of(folder)
    name = folder.resolve().name if cat.stem != "linux-kernel" else cat.stem
    return _model(name, folder, cat, table, cache)


def _cat_of(folder: Path) -> Path:
    """The folder's cat file: of its own name, the kernel's, or the only one."""
    for name in (folder.resolve().name, "linux-kernel"):
        if (folder / f"{name}.cat").is_file():
            return folder / f"{name}.cat"
    found = sorted(folder.glob("*.cat"))
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found) or "none"
    raise InputError(f"which cat file of {folder} is the model? ({names})", hint="give its path")


def _from_cat(path: Path, name: str, cache: Cache | None) -> Model:
    beside = path.parent / _TABLE
    table = load_table(beside) if beside.is_file() else None
    return _model(name, path.parent, path, table, cache)


def _model(
    name: str, folder: Path, cat: Path, table: LoweringTable | None, cache: Cache | None
) -> Model:
    compiled = compiled_cat(cat, cache)
    if table is not None:
        check_tags(table, compiled.tags, cat.name)
        return Model(name, folder, table.title or _title(compiled), cat, compiled, table)
    borrowed = load_table(models_dir() / "lkmm" / _TABLE)
    macros = cat.with_suffix(".def")
    if macros.is_file():
        own, borrowed = load_macros(macros, borrowed)
        check_tags(own, compiled.tags, cat.name)
    foreign = compiled.tags - _vocabulary(borrowed)
    if foreign:
        foreign -= _not_foreign(cat, compiled, borrowed, cache)
    return Model(name, folder, _title(compiled), cat, compiled, borrowed, tuple(sorted(foreign)))


def _not_foreign(
    cat: Path, compiled: CompiledCat, table: LoweringTable, cache: Cache | None
) -> frozenset[str]:
    """Tags that LKMM has not, and that say nothing against its table.

    Where a model speaks of LKMM's events, what it declares besides is a set without events, as
    under herd7. A tag that it does not declare could be a slip, and is refused. ``amo`` and
    ``lxsx`` are names that a model of any machine may use.
    """
    from ksmcheck.cat.library import TAGS_BEHIND
    from ksmcheck.cat.names import event_set
    from ksmcheck.syntax.cat_tree import EnumStatement

    # What herd7's library speaks of whatever the machine (filters.cat: `try A with {}`).
    library = frozenset({"A"}.union(*TAGS_BEHIND.values()))
    if compiled.tags & _vocabulary(table) - library:
        enums = (s for s in cat_tree(cat, cache) if isinstance(s, EnumStatement))
        return library | {event_set(tag) for enum in enums for tag in enum.tags}
    return frozenset(TAGS_BEHIND["amo"]) if "AMO" in compiled.tags else frozenset()


def _title(compiled: CompiledCat) -> str:
    return compiled.compiled.title or compiled.name


def _vocabulary(table: LoweringTable) -> frozenset[str]:
    """The tags that a table's rows emit."""
    texts = (
        text
        for one in table.tables.values()
        for key, value in one.entries.items()
        if key not in ("source", "same")
        for text in step_texts(value)
    )
    return frozenset(tag for text in texts for step in parse_steps(text.span) for tag in step.tags)
