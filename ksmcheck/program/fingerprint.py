"""What a program is, whatever it is called and wherever it stands: for knowing it again.

Two variants of a scenario often compile to the same program (a switch of code that the scenario
does not run); what was found out about one holds for the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from hashlib import sha256

from ksmcheck.program.ir import Origin, Program
from ksmcheck.text import Span


def fingerprint(program: Program) -> str:
    """Equal for programs with equal threads, memory and condition, wherever they stand."""
    digest = sha256()
    for part in (program.kernel, program.cells, program.threads, program.condition):
        for word in _words(part):
            digest.update(word.encode())
            digest.update(b"\0")
    for word in _words((program.filter, program.observed)):
        digest.update(word.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def _words(value: object) -> Iterator[str]:
    if isinstance(value, Origin | Span):
        return
    if is_dataclass(value):
        yield type(value).__name__
        for field in fields(value):
            yield from _words(getattr(value, field.name))
    elif isinstance(value, tuple):
        yield "("
        for item in value:
            yield from _words(item)
        yield ")"
    elif isinstance(value, frozenset):
        yield "{" + ",".join(sorted(map(str, value))) + "}"
    else:
        yield repr(value)
