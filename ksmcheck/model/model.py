"""A memory model: its cat file, and what kernel primitives become under it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ksmcheck.cat.algebra import USE_AFTER_FREE
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.kernel.catalogue.accesses import FREE, FREED
from ksmcheck.kernel.primitive import Primitive, written_as
from ksmcheck.kernel.primitives import exists, lifetime
from ksmcheck.lowering.lookup import NotApplicable, row_cases
from ksmcheck.lowering.table import LoweringTable
from ksmcheck.lowering.template import Row
from ksmcheck.model.compiled import cat_tree
from ksmcheck.record import Struct, field
from ksmcheck.text import InputError, NoMeaning, Span

if TYPE_CHECKING:
    from ksmcheck.syntax.cat_tree import Statement


_FLAG = (
    f"its cat file needs the line `flag ~empty [{FREED}] ; (rf | co) ; [M] as {USE_AFTER_FREE}`: "
    f"kfree writes to each word of the object with the tag {FREED}"
)


class Model(Struct, frozen=True, eq=False, dict=True):
    """A model folder, loaded. (No slots: parts are computed when first used.)

    ``name``     the folder's name, or the cat file's.
    ``folder``   where its files are.
    ``title``    as the lowering table or the cat file gives it.
    ``compiled`` the cat, ready to evaluate candidates.
    ``kernels``  the kernel points that it has rows for.
    ``foreign``  tags of the cat that the borrowed table does not know, where a user's cat came
                 without a table of its own.
    """

    name: str
    folder: Path
    title: str
    cat_path: Path
    compiled: CompiledCat
    table: LoweringTable
    foreign: tuple[str, ...] = ()
    _rows: dict[tuple[str, str, str], Row] = field(default_factory=dict)

    @cached_property
    def tree(self) -> tuple[Statement, ...]:
        """The cat file's statements, for the plain evaluator."""
        return cat_tree(self.cat_path)

    @property
    def kernels(self) -> tuple[str, ...]:
        return tuple(self.table.configs)

    def configs(self, kernel: str) -> tuple[str, ...]:
        """The configurations at a kernel point; a SAFE has to hold in all of them.

        Raises InputError where the model does not exist at that point.
        """
        found = self.table.configs.get(kernel)
        if found is None:
            reason = self.table.missing.get(kernel)
            raise InputError(
                f"model {self.name} has no rows for kernel {kernel}"
                + (f": {reason}" if reason else ""),
                hint=f"it has kernel {' and '.join(self.kernels)}",
            )
        return found

    def row(self, primitive: Primitive, kernel: str, config: str, span: Span | None = None) -> Row:
        """What the primitive becomes, by which rows (see ``Row.source``).

        Raises InputError, pointing at ``span`` (the call) where it is given: the primitive does not
        exist at that kernel point, has no meaning under this model, or has no row.
        """
        key = (primitive.name, kernel, config)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = self._find(primitive, kernel, config, span)
        return row

    def no_meaning(self, primitive: Primitive, kernel: str) -> str | None:
        """Why the primitive has no meaning under this model; None where it has one."""
        rows = (self.table.row(primitive, kernel, config) for config in self.configs(kernel))
        return next((row.reason for row in rows if isinstance(row, NotApplicable)), None)

    def _find(self, primitive: Primitive, kernel: str, config: str, span: Span | None) -> Row:
        name = primitive.name
        configs = self.configs(kernel)
        if config not in configs:
            hint = f"model {self.name} has {', '.join(configs)} at kernel {kernel}"
            raise InputError(f"no configuration {config!r}", hint=hint)
        if not exists(primitive, kernel):
            hint = f"it exists {lifetime(primitive)}"
            raise InputError(f"kernel {kernel} has no `{name}`", span, hint=hint)
        if name == FREE and not self._tells_what_is_freed:
            raise InputError(f"model {self.name} does not tell who uses what is freed", span, _FLAG)
        if self.foreign:
            raise self._without_table()
        found = self.table.row(primitive, kernel, config)
        if found is None:
            hint = "its lowering.toml needs a row for it, or for its class"
            raise InputError(f"model {self.name} has no row for `{name}`", span, hint=hint)
        if isinstance(found, NotApplicable):
            what = f"`{written_as(name, span)}` has no meaning under {self.name}"
            raise NoMeaning(f"{what}: {found.reason}", span)
        self._require_tags(found, span)
        return found

    @property
    def _tells_what_is_freed(self) -> bool:
        flags = (check.name for check in self.compiled.checks if check.flag)
        return FREED in self.compiled.tags and USE_AFTER_FREE in flags

    def _require_tags(self, row: Row, span: Span | None) -> None:
        """A borrowed row may be a fence that a user's cat does not know. (Marks of accesses that it
        does not know are its own business: it treats them as any access.)"""
        for _, steps in row_cases(row):
            for tag in (tag for step in steps if step.kind == "F" for tag in step.tags):
                if tag not in self.compiled.tags:
                    message = f"model {self.name} does not know `{tag}` (`{row.primitive}`)"
                    hint = f"write {self.folder / 'lowering.toml'}: what it is under this model"
                    raise InputError(message, span, hint)

    def _without_table(self) -> InputError:
        return InputError(
            f"model {self.name} has no lowering table, and LKMM's events are not its own "
            f"(it knows {', '.join(self.foreign[:3])})",
            hint=f"write {self.folder / 'lowering.toml'}: kernel primitives as this model's events",
        )
