"""Files to sources."""

from __future__ import annotations

import sys
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from ksmcheck.text import STDIN, InputError, Source, Span

if sys.platform == "win32":
    from pathlib import WindowsPath as _Path
else:
    from pathlib import PosixPath as _Path


class _StandardInput(_Path):
    """The path of a test that came by standard input, with what it is: a test is read more than
    once, and the stream only once. Paths made from it have no content."""

    content: bytes | None = None


def take_standard_input() -> Path:
    """Reads standard input to its end. The path that it gives is one for ``read_source``. Raises
    InputError where there is none."""
    if sys.stdin is None:
        raise InputError("standard input is closed", hint="give a file instead of `-`")
    path = _StandardInput(STDIN)
    path.content = sys.stdin.buffer.read()
    return path


def is_standard_input(path: Path) -> bool:
    """Whether ``take_standard_input`` gave the path."""
    return isinstance(path, _StandardInput) and path.content is not None


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
    if isinstance(path, _StandardInput) and path.content is not None:
        return path.content
    mode = path.stat().st_mode
    if not (once or S_ISREG(mode) or S_ISDIR(mode)):  # a folder: open says what it is
        # To open a pipe that nobody writes to would wait for ever.
        hint = "`-` in place of a test is standard input"
        raise InputError(f"cannot read {path}: this is no regular file", hint=hint)
    with open(path, "rb") as file:
        return file.read()
