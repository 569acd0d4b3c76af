"""Files to sources."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISDIR, S_ISREG

from ksmcheck.text import STDIN, InputError, Source, Span

_taken: list[bytes] = []
"""Standard input, once a command has asked for it: a test is read more than once."""


def take_standard_input() -> Path:
    """Reads standard input to its end. The path that it gives is one for ``read_source``. Raises
    InputError where there is none."""
    import sys

    if sys.stdin is None:
        raise InputError("standard input is closed", hint="give a file instead of `-`")
    _taken[:] = [sys.stdin.buffer.read()]
    return Path(STDIN)


def is_standard_input(path: Path) -> bool:
    """Whether the path is the one that ``take_standard_input`` gave."""
    return bool(_taken) and str(path) == STDIN


def read_source(path: Path, *, once: bool = False) -> Source:
    """The text of a file, without a byte order mark. Raises InputError if it cannot be read or is
    not UTF-8.

    ``once``: who asks does so only once, so that the file may be a pipe (``<(...)``).
    """
    try:
        return Source(str(path), _bytes(path, once).decode("utf-8-sig"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        text = error.object.decode("utf-8", "replace")
        at = len(error.object[: error.start].decode("utf-8"))
        span, hint = Span(Source(str(path), text), at, at + 1), f"byte {error.start} of the file"
        raise InputError("this is not UTF-8 text", span, hint) from None
    except ValueError as error:  # a NUL in the name
        raise InputError(f"cannot read {str(path)!r}: {error}") from None


def _bytes(path: Path, once: bool) -> bytes:
    if is_standard_input(path):
        return _taken[0]
    mode = path.stat().st_mode
    if not (once or S_ISREG(mode) or S_ISDIR(mode)):  # a folder: open says what it is
        # To open a pipe that nobody writes to would wait for ever.
        hint = "`-` in place of a test is standard input"
        raise InputError(f"cannot read {path}: this is no regular file", hint=hint)
    with open(path, "rb") as file:
        return file.read()
