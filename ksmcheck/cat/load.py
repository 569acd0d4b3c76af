"""A model from its file: includes resolved, names and sorts checked."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING

from ksmcheck.cat.algebra import Algebra, Check
from ksmcheck.cat.native import NATIVE_FALLBACKS, NATIVE_INCLUDES, PROCEDURES
from ksmcheck.record import Struct
from ksmcheck.text import InputError, Note, Source, Span

if TYPE_CHECKING:
    # Imported where used: with a compiled model in the cache, none of it is needed.
    from ksmcheck.syntax.cat_tables import Keeper
    from ksmcheck.syntax.cat_tree import Include, Statement


class CatModel(Struct, frozen=True):
    """A memory model that can be evaluated.

    ``name``   the file's name without ``.cat``.
    ``tree``   its statements, those of included files in their places (files of herd7's library
               are not read but provided, see ``cat.native``; most have no statements).
    ``tags``   the sets of events that the candidate must provide besides R, W, F, IW and RMW:
               fences and annotations by the names that the model uses or declares.
    ``digest`` of all the text read, for caches.
    ``interpreted`` says why the model has no algebra and is judged by the plain evaluator alone;
               None: it has one.
    """

    name: str
    title: str
    tree: tuple[Statement, ...]
    tags: frozenset[str]
    checks: tuple[Check, ...]
    digest: str
    algebra: Algebra
    interpreted: str | None = None


def load_cat(
    path: Path, *, variants: frozenset[str] = frozenset(), keeper: Keeper | None = None
) -> CatModel:
    """The model in a cat file.

    ``include`` looks in the file's own folder. A bell file beside it with the same stem
    (``linux-kernel.bell``) is read first, as it declares the model's tags. ``keeper`` is a cache
    for the parser's tables (``store.cache.Cache`` will do). Raises InputError.
    """
    reader = _Reader(path.parent, keeper)
    bell = path.with_suffix(".bell")
    statements: tuple[Statement, ...] = ()
    if bell.exists() and bell != path:
        statements = reader.file(bell, None)[1]
    title, own = reader.file(path, None)
    return _model(path.stem, title, statements + own, reader, variants)


def load_text(
    text: str, name: str = "<cat>", *, variants: frozenset[str] = frozenset()
) -> CatModel:
    """The model in a string; it can include only what is provided natively."""
    reader = _Reader(None, None)
    title, statements = reader.text(Source(name, text))
    return _model(name, title, statements, reader, variants)


def statements_of(
    path: Path, provided: Mapping[str, str] = NATIVE_INCLUDES
) -> tuple[Statement, ...]:
    """The statements of a file, its bell file and its includes, with ``provided`` in the place of
    files by these names. Raises InputError."""
    reader = _Reader(path.parent, None, provided)
    bell = path.with_suffix(".bell")
    first = reader.file(bell, None)[1] if bell.exists() else ()
    return first + reader.file(path, None)[1]


def _model(
    name: str,
    title: str,
    tree: tuple[Statement, ...],
    reader: _Reader,
    variants: frozenset[str],
) -> CatModel:
    from ksmcheck.cat.outline import needs_library
    from ksmcheck.cat.statements import elaborate
    from ksmcheck.syntax.cat_depth import TOO_DEEP, deep

    try:
        with deep():
            if needs_library(tree):
                tree = (*reader.text(Source("<stdlib.cat>", PROCEDURES))[1], *tree)
            meaning = elaborate(tree, variants)
    except RecursionError:  # of what is looked at before any meaning
        raise InputError(TOO_DEEP, tree[0].span) from None
    digest = sha256("\0".join([*reader.texts, *sorted(variants)]).encode()).hexdigest()
    checks = meaning.algebra.checks
    why, algebra = meaning.interpreted, meaning.algebra
    return CatModel(name, title, tree, meaning.tags, checks, digest, algebra, why)


def _source(path: Path, asked: Span | None) -> Source:
    """The text of a file that is included at ``asked``, or is the model's own."""
    from ksmcheck.syntax.files import read_source

    try:
        return read_source(path)
    except InputError as error:
        found = error.diagnostic
        if asked is None:
            raise
        if found.span is None:
            raise InputError(found.message, asked, found.hint) from None
        notes = (Note("included here", asked),)
        raise InputError(found.message, found.span, found.hint, notes) from None


class _Reader:
    """Reads files and the files they include; ``texts`` is all that was read."""

    def __init__(
        self,
        folder: Path | None,
        keeper: Keeper | None,
        provided: Mapping[str, str] = NATIVE_INCLUDES,
    ) -> None:
        self.folder = folder
        self.keeper = keeper
        self.provided = provided
        self.texts: list[str] = []
        self._open: list[Path] = []

    def file(self, path: Path, asked: Span | None) -> tuple[str, tuple[Statement, ...]]:
        if path in self._open:
            raise InputError(f"`{path.name}` includes itself", asked)
        self._open.append(path)
        read = self.text(_source(path, asked))
        self._open.pop()
        return read

    def text(self, source: Source) -> tuple[str, tuple[Statement, ...]]:
        from ksmcheck.syntax.cat_parser import parse_cat
        from ksmcheck.syntax.cat_tree import Include

        self.texts.append(source.text)
        tree = parse_cat(source, self.keeper)
        out: list[Statement] = []
        for statement in tree.statements:
            if isinstance(statement, Include):
                out.extend(self._include(statement))
            else:
                out.append(statement)
        return tree.title, tuple(out)

    def _include(self, statement: Include) -> tuple[Statement, ...]:
        provided = self.provided.get(statement.path)
        if provided is not None:
            return self.text(Source(f"<provided {statement.path}>", provided))[1]
        if self.folder is None or not isfile(self.folder / statement.path):
            fallback = NATIVE_FALLBACKS.get(statement.path)
            if fallback is not None:
                return self.text(Source(f"<provided {statement.path}>", fallback))[1]
            where = f"in {self.folder}" if self.folder else "for a model without a folder"
            message = f"there is no file `{statement.path}` {where}"
            raise InputError(message, statement.span)
        return self.file(self.folder / statement.path, statement.span)[1]
