"""A litmus file of any kind, by its first line."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.assembly_head import dialect_of
from ksmcheck.syntax.files import read_source
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError

AnyTest: TypeAlias = LitmusTest | AssemblyTest


def load_test(
    path: Path, *, kernel: str = "6.12", defines: tuple[tuple[str, str], ...] = ()
) -> AnyTest:
    """The test in the file ``path``, in kernel C or in assembly; ``kernel`` and ``defines`` are
    for the former. Raises InputError."""
    source = read_source(path)
    if dialect_of(source.text) is None:  # one process seldom reads both kinds
        from ksmcheck.syntax.litmus import parse_litmus

        return parse_litmus(source, kernel=kernel, defines=defines)
    if defines:
        raise InputError(f"-D {defines[0][0]}: an assembly test has no macros")
    from ksmcheck.syntax.assembly import parse_assembly

    return parse_assembly(source)
