"""A model's lowering table: ``lowering.toml``.

::

    [model]
    title = "x86-TSO"
    cat = "tso.cat"                      # default: the folder's name
    kernels = ["3.9", "6.12"]            # kernel points; `not-at` says why one is missing
    lowering = "../other/lowering.toml"  # take that table, then what follows here on top of it
    char = "unsigned"                    # what plain char is on this machine; default: "signed"
    widest = "32"                        # bits of its widest single access; default: "64"
    bitmap = "32"                        # bits of the words of a bitmap; default: "64"
    pairs = "data"                       # a pair's W depends by data on its R; default: not
                                         # { llsc = "data", lse = "COMPUTED" }: by configuration;
                                         # a name in capitals is a tag for such a W

    [configs]                            # kernel point -> configurations; default: one, "default"
    "6.12" = ["llsc", "lse"]

    [smp_mb]                             # a primitive, or [class.NAME]: see lowering/classes.py
    "3.9" = "F[DMB.ISH]"                 # by kernel point,
    "6.12/lse" = "F[DMB.ISH]"            # by kernel point and configuration,
    all = "F[DMB.ISH]"                   # or for all; the most special key wins
    source = "arch/arm64/include/asm/barrier.h: smp_mb"

    [class.cmpxchg]
    all = { ok = "R* W*", fail = "R*" }  # outcomes apart; { na = "why it has no meaning" }
                                         # spurious = "contended": it may fail on a free lock, too
    same = "class.xchg"                  # what is not said here, is said there
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ksmcheck.kernel.catalogue.accesses import FREE, FREED
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import KERNELS, all_primitives
from ksmcheck.lowering.classes import class_names, table_names
from ksmcheck.lowering.document import Array, Inline, Table, Text, parse_document
from ksmcheck.lowering.lookup import (
    SPURIOUS,
    NotApplicable,
    entry_keys,
    find_entry,
    read_row,
    step_texts,
)
from ksmcheck.lowering.steps import parse_steps
from ksmcheck.lowering.template import Row, with_data, with_tag
from ksmcheck.record import Struct, field, replace
from ksmcheck.text import InputError, Source, Span

_ALL, _DATA = "all", "data"
_SETTINGS = ("model", "configs", "not-at")


class LoweringTable(Struct, frozen=True):
    """``configs`` lists each kernel point's configurations; ``missing`` the reasons for the others.

    ``tables`` are the file's own, those of an included file under them. ``unsigned_char``: so plain
    ``char`` is in code that is compiled for this machine, if nothing else is asked for. ``widest``:
    the bits of its widest single access; ``bitmap``: of the words that bitmaps are made of.
    ``pairs``: by configuration (``all``: each), what becomes of the W of an atomic operation that
    computes it from the value that it reads: it depends by ``data`` on that read, or has a tag;
    ``rmw`` alone says nothing of the value.
    """

    title: str
    cat: str | None
    configs: Mapping[str, tuple[str, ...]]
    missing: Mapping[str, str]
    tables: Mapping[str, Table]
    unsigned_char: bool = False
    widest: int = 64
    bitmap: int = 64
    pairs: Mapping[str, Text] = field(default_factory=dict)

    def row(self, primitive: Primitive, kernel: str, config: str) -> Row | NotApplicable | None:
        """The primitive's row; None if no table speaks for it. Raises InputError on a bad row."""
        entry = find_entry(self.tables, table_names(primitive), entry_keys(kernel, config))
        if entry is None:
            return None
        row = read_row(entry, primitive, kernel)
        computed = self.pairs.get(config) or self.pairs.get(_ALL)
        if computed is None or not isinstance(row, Row):
            return row
        if computed.value == _DATA:
            return with_data(row)
        return with_tag(row, computed.value, primitive)


def load_table(path: Path) -> LoweringTable:
    """The table in a file. Raises InputError with the place of what is wrong."""
    return parse_table(_read(path, None), path.parent)


def load_macros(path: Path, base: LoweringTable) -> tuple[LoweringTable, LoweringTable]:
    """The table that a ``.def`` file of herd7 macros stands for; and it on top of ``base``.

    Raises InputError at a macro that is not understood, or is not what the kernel does.
    """
    from ksmcheck.lowering.macro_rows import table_text

    source = _read(path, None)
    text = Source(f"{source.name}, as rows", table_text(source, all_primitives()))
    own = replace(parse_table(text, path.parent), pairs=base.pairs)
    return own, replace(base, tables={**base.tables, **own.tables})


def _read(path: Path, asked: Span | None) -> Source:
    try:
        return Source(str(path), path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", asked) from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text", asked) from None


def parse_table(source: Source, folder: Path, depth: int = 0) -> LoweringTable:
    """The table in a text; ``folder`` is where ``lowering = ...`` starts from."""
    tables = parse_document(source)
    model = tables.get("model", Table("model", Span(source, 0, 0)))
    _only(model, ("title", "cat", "kernels", "lowering", "char", "widest", "bitmap", "pairs"))
    base = _included(model, folder, depth)
    configs = _configs(tables, model, base)
    rows = {name: table for name, table in tables.items() if name not in _SETTINGS}
    known = {**(base.tables if base else {}), **rows}
    keys = _row_keys(configs)
    for table in rows.values():
        _check_table(table, keys, known)
    return LoweringTable(
        title=_text(model, "title") or "",
        cat=_text(model, "cat"),
        configs=configs,
        missing={**(base.missing if base else {}), **_reasons(tables)},
        tables=known,
        unsigned_char=_unsigned_char(model, base),
        widest=_width(model, "widest", 64 if base is None else base.widest),
        bitmap=_width(model, "bitmap", 64 if base is None else base.bitmap),
        pairs=_pairs(model, base, configs),
    )


def _unsigned_char(model: Table, base: LoweringTable | None) -> bool:
    value = model.entries.get("char")
    if value is None:
        return base is not None and base.unsigned_char
    if not isinstance(value, Text) or value.value not in ("signed", "unsigned"):
        raise InputError('char is "signed" or "unsigned"', value.span)
    return value.value == "unsigned"


def _pairs(
    model: Table, base: LoweringTable | None, configs: Mapping[str, Sequence[str]]
) -> Mapping[str, Text]:
    value = model.entries.get("pairs")
    if value is None:
        return {} if base is None else base.pairs
    named = value.entries if isinstance(value, Inline) else {_ALL: value}
    known = {_ALL, *(config for point in configs.values() for config in point)}
    found: dict[str, Text] = {}
    for config, what in named.items():
        if not isinstance(what, Text) or not (what.value == _DATA or what.value.isupper()):
            raise InputError('pairs is "data" or a tag in capitals, or is left out', value.span)
        if config not in known:
            raise InputError(f"there is no configuration {config}", what.span)
        found[config] = what
    return found


def _width(model: Table, name: str, default: int) -> int:
    value = model.entries.get(name)
    if value is None:
        return default
    if not isinstance(value, Text) or value.value not in ("32", "64"):
        raise InputError(f'{name} is "32" or "64"', value.span)
    return int(value.value)


def _included(model: Table, folder: Path, depth: int) -> LoweringTable | None:
    value = model.entries.get("lowering")
    if not isinstance(value, Text):
        return None
    if depth > 8:
        raise InputError("lowering tables include each other", value.span)
    path = folder / value.value
    return parse_table(_read(path, value.span), path.parent, depth + 1)


def _configs(
    tables: Mapping[str, Table], model: Table, base: LoweringTable | None
) -> Mapping[str, tuple[str, ...]]:
    listed = model.entries.get("kernels")
    if isinstance(listed, Array):
        kernels = tuple(item.value for item in listed.items)
    else:
        kernels = tuple(base.configs) if base else KERNELS
    configs = {k: base.configs.get(k, ("default",)) if base else ("default",) for k in kernels}
    named = tables.get("configs")
    for key, value in named.entries.items() if named else ():
        if key not in configs:
            raise InputError(f"{key!r} is not among the table's kernel points", value.span)
        if not isinstance(value, Array) or not value.items:
            raise InputError("expected a list of configurations", value.span)
        configs[key] = tuple(item.value for item in value.items)
    return configs


def _reasons(tables: Mapping[str, Table]) -> Mapping[str, str]:
    table = tables.get("not-at")
    found = table.entries.items() if table else ()
    return {kernel: reason.value for kernel, reason in found if isinstance(reason, Text)}


def _text(table: Table, key: str) -> str | None:
    value = table.entries.get(key)
    if value is not None and not isinstance(value, Text):
        raise InputError(f"{key!r} is text", value.span)
    return value.value if value else None


def _only(table: Table, allowed: tuple[str, ...]) -> None:
    for key, span in table.keys.items():
        if key not in allowed:
            raise InputError(f"[{table.name}] has no key {key!r}", span, hint=_near(key, allowed))


def _row_keys(configs: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The keys that a primitive's table may have."""
    pairs = [(kernel, config) for kernel, named in configs.items() for config in named]
    rows = (key for pair in pairs for key in entry_keys(*pair))
    return tuple(dict.fromkeys(("source", "same", *rows)))


def _check_table(table: Table, keys: tuple[str, ...], known: Mapping[str, Table]) -> None:
    if table.name not in all_primitives() and table.name not in class_names():
        message = f"{table.name!r} is neither a kernel primitive nor a class of them"
        names = (*all_primitives(), *class_names())
        raise InputError(message, table.span, hint=_near(table.name, names))
    _only(table, keys)
    same = table.entries.get("same")
    if isinstance(same, Text) and same.value not in known:
        hint = _near(same.value, tuple(known))
        raise InputError(f"there is no table [{same.value}]", same.span, hint=hint)
    for key, value in table.entries.items():
        if key not in ("source", "same"):
            _check_value(value)


def _check_value(value: Text | Array | Inline) -> None:
    if isinstance(value, Array) or (
        isinstance(value, Inline)
        and set(value.entries) - {SPURIOUS} not in ({"ok", "fail"}, {"na"})
    ):
        raise InputError('a row is text, { ok = "", fail = "" } or { na = "why" }', value.span)
    for text in step_texts(value):
        parse_steps(text.span)


def check_tags(table: LoweringTable, tags: frozenset[str], cat: str) -> None:
    """Raises InputError at a row that emits a tag which the model does not know.

    An event that the model cannot see would be ignored: a barrier without effect is a wrong
    VIOLATED, an access that loses its mark may be a wrong SAFE. A model that does not tell what is
    freed has no kfree (``Model.row``).
    """
    for one in table.tables.values():
        if one.name == FREE and FREED not in tags:
            continue
        for key, value in one.entries.items():
            if key not in ("source", "same"):
                _check_tags(value, tags, cat, one.name)
    for what in table.pairs.values():
        if what.value != _DATA:
            _check_tag(what.value, tags, cat, "`pairs`", what.span)


def _check_tags(value: Text | Array | Inline, tags: frozenset[str], cat: str, name: str) -> None:
    for text in step_texts(value):
        for step in parse_steps(text.span):
            for tag in step.tags:
                _check_tag(tag, tags, cat, f"the row of `{name}`", text.span)


def _check_tag(tag: str, tags: frozenset[str], cat: str, emits: str, span: Span) -> None:
    if tag not in tags:
        message = f"{emits} emits {tag!r}, which {cat} does not know"
        hint = _near(tag, tuple(tags)) or f"its tags: {', '.join(sorted(tags))}"
        raise InputError(message, span, hint)


def _near(name: str, names: tuple[str, ...]) -> str | None:
    from difflib import get_close_matches

    close = get_close_matches(name, names, n=3)
    return f"did you mean {' or '.join(close)}?" if close else None
