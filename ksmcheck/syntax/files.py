"""Files to sources."""

from __future__ import annotations

from pathlib import Path

from ksmcheck.text import InputError, Source


def read_source(path: Path) -> Source:
    """The text of a file. Raises InputError if it cannot be read or is not UTF-8."""
    try:
        with open(path, "rb") as file:
            return Source(str(path), file.read().decode("utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start})") from None
    except ValueError as error:  # a NUL in the name
        raise InputError(f"cannot read {str(path)!r}: {error}") from None
