"""Files that users ask for: written whole or not at all, and what is in the way is told."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from ksmcheck.text import InputError


def check_folder(path: Path) -> None:
    """Raises InputError where the folder of a file is missing. It is not made: its name may be
    misspelt."""
    folder = path.parent
    if not os.path.isdir(folder):  # not Path's: it raises for a name that is too long
        hint = f"mkdir -p {folder}"
        raise InputError(f"cannot write {path}: there is no folder {folder}", hint=hint)


def check_writable(path: Path) -> None:
    """Raises InputError where ``write_whole`` could not write."""
    check_folder(path)
    if os.path.isdir(path):
        raise InputError(f"cannot write {path}: this is a folder")
    place = _real(path)
    if not os.access(place if _is_device(place) else place.parent, os.W_OK):
        raise InputError(f"cannot write {path}: permission denied")


def write_whole(path: Path, text: str) -> None:
    """Writes a file that is whole or as it was before, with the permissions that it had. Raises
    InputError."""
    if _is_output(path):
        sys.stdout.write(text)
        return
    place = _real(path)
    if _is_device(place):
        _write(path, place, text)
        return
    beside = place.with_name(f".ksmcheck-{os.getpid()}")
    try:
        _write(path, beside, text)
        if place.exists():
            beside.chmod(place.stat().st_mode & 0o777)
        os.replace(beside, place)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        with suppress(OSError):
            beside.unlink()


def _write(path: Path, place: Path, text: str) -> None:
    try:
        place.write_text(text, encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None


def _real(path: Path) -> Path:
    """Where a link leads: it stays, and what it leads to is written. A pipe is reached by its
    link alone: ``/dev/fd/63``, which is what a shell makes of ``>(command)``, leads to no path."""
    return path if _is_device(path) else Path(os.path.realpath(path))


def _is_output(path: Path) -> bool:
    """Whether this is where standard output goes (``/dev/stdout``): a second file in the same place
    would lose what the other one has."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(1))
    except (OSError, ValueError):
        return False


def _is_device(place: Path) -> bool:
    """/dev/null and pipes are written to; a file in their place would help nobody."""
    return os.path.exists(place) and not os.path.isfile(place)


def unwritable(path: Path, error: Exception) -> InputError:
    """What to tell of a file that the system does not let us write."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return InputError(f"cannot write {path}: {reason}")
