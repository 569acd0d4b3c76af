"""Files that commands write."""

from __future__ import annotations

from pathlib import Path


def write_file(path: Path, text: str) -> None:
    """Raises InputError where that cannot be."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        from ksmcheck.text import InputError

        raise InputError(f"cannot write {path}: {error.strerror or error}") from None
