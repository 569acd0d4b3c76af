"""Files to sources."""

from __future__ import annotations

from pathlib import Path

from ksmcheck.text import InputError, Source, Span


def read_source(path: Path) -> Source:
    """The text of a file. Raises InputError if it cannot be read or is not UTF-8."""
    try:
        with open(path, "rb") as file:
            return Source(str(path), file.read().decode("utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        text = error.object.decode("utf-8", "replace")
        at = len(error.object[: error.start].decode("utf-8"))
        span, hint = Span(Source(str(path), text), at, at + 1), f"byte {error.start} of the file"
        raise InputError("this is not UTF-8 text", span, hint) from None
    except ValueError as error:  # a NUL in the name
        raise InputError(f"cannot read {str(path)!r}: {error}") from None
