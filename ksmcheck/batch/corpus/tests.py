"""Which tests a run has: those that a table lists, or every litmus file below a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from ksmcheck.batch.corpus.expected import Expected, expected_by_comment
from ksmcheck.check.assembly import KERNEL_C
from ksmcheck.isa.dialects import MODELS
from ksmcheck.record import Struct
from ksmcheck.store.content import Contents
from ksmcheck.text import InputError

MODEL_OF_KIND: Mapping[str, str] = {
    "C": KERNEL_C,
    **{dialect.upper(): model for dialect, model in MODELS.items()},
}
"""The model that a test's language stands for; languages as the first word of a test, in capitals.
A test in C is about the kernel's own model."""

_FIRST_WORD = re.compile(rb"\s*+(?:\xef\xbb\xbf\s*+)?([A-Za-z]\w*)")


class CorpusTest(Struct, frozen=True):
    """``file`` is the path below the folder, which names the test in tables and reports.

    ``kind`` is its language in capitals, ``model`` the model that it runs under, ``digest`` that of
    all that its answer hangs on (its text, what it includes, the model): all empty where the file
    cannot be read, and ``digest`` also where it is not plain what it includes.
    """

    file: str
    path: Path
    kind: str
    model: str
    digest: str
    expected: Expected | None


def listed_tests(
    folder: Path, table: Mapping[str, Expected], model: str | None
) -> tuple[CorpusTest, ...]:
    """The tests of a table, in its order. Files that are missing are found out when they run."""
    _folder(folder)
    contents = Contents()
    return tuple(_test(folder, file, model, e, contents) for file, e in table.items())


def found_tests(folder: Path, model: str | None) -> tuple[CorpusTest, ...]:
    """Every ``*.litmus`` below a folder, with what its ``Result:`` comment expects.

    What cannot be read, a link to nowhere say, was meant for a test and is found out when it runs;
    a folder was not. Raises InputError where there is none.
    """
    _folder(folder)
    found = (p for p in folder.rglob("*.litmus") if not p.is_dir())
    files = sorted(p.relative_to(folder).as_posix() for p in found)
    if not files:
        raise InputError(f"there is no litmus file below {folder}", hint="they end in .litmus")
    contents = Contents()
    return tuple(_test(folder, file, model, None, contents) for file in files)


def unlisted(folder: Path, tests: Sequence[CorpusTest]) -> int:
    """How many litmus files below the folder are none of these tests."""
    known = {test.file for test in tests}
    found = (p.relative_to(folder).as_posix() for p in folder.rglob("*.litmus") if not p.is_dir())
    return sum(file not in known for file in found)


def _folder(folder: Path) -> None:
    if folder.is_file():
        hint = f"for one test: ksmcheck check {folder}"
        raise InputError(f"cannot read {folder}: this is a file, not a folder", hint=hint)
    if not folder.is_dir():
        raise InputError(f"cannot read {folder}: no such folder")


def _test(
    folder: Path, file: str, model: str | None, expected: Expected | None, contents: Contents
) -> CorpusTest:
    path = folder / file
    text = _text(path)
    if text is None:
        return CorpusTest(file, path, "", model or "", "", expected)
    first = _FIRST_WORD.match(text)
    kind = first[1].decode("ascii").upper() if first else ""
    if expected is None:
        expected = expected_by_comment(text.decode("utf-8", "replace"))
    chosen = model or MODEL_OF_KIND.get(kind, "")
    return CorpusTest(file, path, kind, chosen, _digest(path, text, chosen, contents), expected)


def _text(path: Path) -> bytes | None:
    """None where it cannot be read. A pipe is not tried: nobody may ever write to it."""
    try:
        return path.read_bytes() if path.is_file() else None
    except (OSError, ValueError):
        return None


def _digest(path: Path, text: bytes, model: str, contents: Contents) -> str:
    program = contents.program(path) if b"include" in text else b""
    machine = contents.model(model) if model else b""
    if program is None or machine is None:
        return ""
    return sha256(b"\0".join((text, program, machine))).hexdigest()[:16]


def kinds(tests: Sequence[CorpusTest]) -> tuple[str, ...]:
    """The languages of the tests, sorted."""
    return tuple(sorted({test.kind for test in tests if test.kind}))
