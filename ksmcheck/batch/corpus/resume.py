"""A file that a run writes as it goes, so that it can go on after an interruption.

One JSON object a line: first the settings, then an answer each. Lines are only ever added, each in
one write. A run that is cut off may leave half a line at the end: it is taken away before the next
one is written, and its test runs again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from io import BufferedRandom
from pathlib import Path

from ksmcheck.batch.corpus.answer import ANSWERED, ERROR, Answer, Settings, listed
from ksmcheck.batch.corpus.record import answer_object, answer_of
from ksmcheck.batch.corpus.tests import CorpusTest
from ksmcheck.record import Struct, asdict, field
from ksmcheck.store.written import check_folder, unwritable
from ksmcheck.text import InputError


class Resume(Struct):
    """``done`` holds the answers of before, by test. Close it after use."""

    settings: Settings
    path: Path
    file: BufferedRandom
    done: Mapping[str, Answer] = field(default_factory=dict)

    def known(self, test: CorpusTest) -> Answer | None:
        """The answer of before, if the test is still the same and the answer no bug of ours, and
        says what is asked for."""
        answer = self.done.get(test.file)
        if answer is None or answer.status == ERROR or not test.digest:
            return None
        if answer.status == ANSWERED and answer.states is None and listed(self.settings, test):
            return None  # the table said nothing of states then
        same = (answer.digest, answer.model) == (test.digest, test.model)
        return answer if same else None

    def add(self, answer: Answer) -> None:
        _write(self.file, answer_object(answer))

    def close(self) -> None:
        self.file.close()


def open_resume(path: Path, settings: Settings, version: str) -> Resume:
    """Opens or begins the file. Raises InputError if it is of another run, or in use by one."""
    check_folder(path)
    if os.path.exists(path) and not path.is_file():
        raise InputError(f"cannot resume from {path}: this is no regular file")
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    try:
        _lock(path, file)
        head: dict[str, object] = {"ksmcheck": version, "settings": asdict(settings)}
        return Resume(settings, path, file, _read(path, file, head))
    except BaseException:
        file.close()
        raise


def _lock(path: Path, file: BufferedRandom) -> None:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise InputError(f"{path} is in use by another run") from None


def _read(path: Path, file: BufferedRandom, head: dict[str, object]) -> dict[str, Answer]:
    """The answers that are there; leaves the file ready for the next line."""
    whole = file.read()
    end = whole.rfind(b"\n") + 1
    lines = whole[:end].splitlines()
    if not lines and whole and not json.dumps(head).encode().startswith(whole):
        raise _foreign(path)
    file.truncate(end)
    file.seek(end)
    if not lines:
        _write(file, head)
        return {}
    _check_head(path, lines[0], head)
    answers = (_answer(line) for line in lines[1:])
    return {answer.file: answer for answer in answers if answer is not None}


def _check_head(path: Path, line: bytes, head: dict[str, object]) -> None:
    try:
        found = json.loads(line)
        theirs = found["settings"]
    except (ValueError, TypeError, KeyError):
        raise _foreign(path) from None
    if found != head:
        ours = head["settings"]
        assert isinstance(ours, dict)
        differing = [k for k in ours if not isinstance(theirs, dict) or ours[k] != theirs.get(k)]
        what = ", ".join(differing) or f"version {found.get('ksmcheck')}"
        raise InputError(
            f"{path} is of a run with other settings ({what})",
            hint="give another file, or take this one away to begin again",
        )


def _foreign(path: Path) -> InputError:
    return InputError(f"{path} is not the resume file of a run", hint="it is left as it is")


def _answer(line: bytes) -> Answer | None:
    """None for a damaged line: its test runs again."""
    try:
        return answer_of(json.loads(line))
    except (ValueError, TypeError, KeyError):
        return None


def _write(file: BufferedRandom, found: Mapping[str, object]) -> None:
    file.write(json.dumps(found).encode() + b"\n")
    file.flush()
