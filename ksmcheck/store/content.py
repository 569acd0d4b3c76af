"""Keys of what a verdict depends on: the texts of the test, of the model, and ksmcheck itself.

A key must change whenever the answer could. Where it is not plain from the texts alone which files
are read, there is no key, and nothing is kept.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from ksmcheck.store.cache import content_key
from ksmcheck.store.paths import models_dir
from ksmcheck.text import STDIN

_INCLUDE = re.compile(r"#(?:\s|\\\r?\n|/\*(?s:.*?)\*/)*include\b(?P<rest>[^\n]*)")
_PLAIN = re.compile(r'\s*"(?P<name>[^"\n]+)"')
# A header that comes with ksmcheck, whose content is part of ksmcheck's.
_OURS = re.compile(r"\s*<[^>\n]+>")
_NAMED = re.compile(r'"([^"\n]+\.(?:cat|bell|toml|def))"')
_MODEL_FILES = (".cat", ".bell", ".toml", ".def")
_DEEPEST = 40


def quoted_includes(text: str) -> Iterator[str]:
    """The names of files that a text of kernel C may include, under any ``#if``."""
    for line in _INCLUDE.finditer(text):
        plain = _PLAIN.match(line["rest"])
        if plain is not None:
            yield plain["name"]


class Contents:
    """Digests of files and folders, each read once: a value of this class belongs to one run."""

    def __init__(self) -> None:
        self._files: dict[Path, tuple[bytes, str] | None] = {}
        self._programs: dict[Path, bytes | None] = {}
        self._models: dict[str, bytes | None] = {}
        self._shipped: bytes | None = None
        self._code: bytes | None = None

    def key(self, path: Path, model: str, *circumstances: str) -> str | None:
        """The key of a question about one test under one model ("": none); None: do not keep."""
        program = self.program(path)
        machine = self.model(model) if model else b""
        if program is None or machine is None:
            return None
        words = [word.encode() for word in circumstances]
        return content_key(self.code(), program, machine, str(path).encode(), *words)

    def program(self, path: Path) -> bytes | None:
        """Digest of a litmus file and of every file that it may include, under any ``#if``."""
        if path not in self._programs:
            parts: list[bytes] = []
            whole = self._collect(path, parts, 0)
            self._programs[path] = content_key(*parts).encode() if whole else None
        return self._programs[path]

    def _collect(self, path: Path, parts: list[bytes], depth: int) -> bool:
        found = self._file(path)
        if found is None or depth > _DEEPEST:
            return False
        digest, text = found
        parts += [path.name.encode(), digest]
        for line in _INCLUDE.finditer(text):
            if _OURS.match(line["rest"]):
                continue
            plain = _PLAIN.match(line["rest"])
            if plain is None:
                return False  # a macro names the file: which one is not plain from the text
            other = path.parent / plain["name"]
            parts.append(plain["name"].encode())
            if other.is_file() and not self._collect(other, parts, depth + 1):
                return False
        return True

    def model(self, name: str) -> bytes | None:
        """Digest of a model's folder; of all shipped models, which may share rows."""
        if name not in self._models:
            self._models[name] = self._model(name)
        return self._models[name]

    def _model(self, model: str) -> bytes | None:
        shipped = models_dir()
        if self._shipped is None:
            self._shipped = self._of_models(_texts(shipped), shipped)
        if self._shipped is None or (shipped / model / "lowering.toml").is_file():
            return self._shipped and content_key(model.encode(), self._shipped).encode()
        path = Path(model)
        own = self._of_models(_texts(path if path.is_dir() else path.parent), shipped)
        return own and content_key(model.encode(), self._shipped, own).encode()

    def _of_models(self, files: Iterable[Path], shipped: Path) -> bytes | None:
        """Digest of files of models and of all that they name."""
        todo, parts, seen = list(files), list[bytes](), set[Path]()
        while todo:
            file = todo.pop()
            if file in seen:
                continue
            seen.add(file)
            found = self._file(file)
            if found is None:
                return None
            own = file.is_relative_to(shipped)
            name = str(file.relative_to(shipped) if own else file)
            parts += [name.encode(), found[0]]
            # Included files, and the tables that a table is based on; also those not there yet.
            for other in (file.parent / text for text in _NAMED.findall(found[1])):
                parts.append(other.name.encode())
                todo += [other] if other.is_file() else []
        return content_key(*parts).encode()

    def code(self) -> bytes:
        """Digest of ksmcheck's own files and of what answers with it."""
        if self._code is None:
            total = sha256(sys.version.encode())
            package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
            total.update(_code_of(package, tuple(sorted(_states(package)))))
            for solver in ("python-sat", "z3-solver"):
                total.update(_version(solver).encode())
            self._code = total.hexdigest().encode()
        return self._code

    def _file(self, path: Path) -> tuple[bytes, str] | None:
        if path not in self._files:
            self._files[path] = _digest_and_text(path)
        return self._files[path]


_State = tuple[str, int, int]
"""A file's name in its package, its size, and when it was last written."""


def _states(package: str) -> Iterator[_State]:
    """Of the files that ksmcheck's answers depend on."""
    for folder, folders, files in os.walk(package):
        folders[:] = [name for name in folders if (folder, name) != (package, "_data")]
        for name in files:
            if name.endswith((".py", ".toml", ".lark", ".h")):
                path = os.path.join(folder, name)
                state = os.stat(path)
                yield path[len(package) + 1 :], state.st_size, state.st_mtime_ns


@lru_cache(maxsize=1)
def _code_of(package: str, states: tuple[_State, ...]) -> bytes:
    """Digest of those files. They are many, and a run asks for each test that it answers."""
    total = sha256()
    for name, _, _ in states:
        with open(os.path.join(package, name), "rb") as file:
            total.update(name.replace(os.sep, "/").encode() + b"\0" + file.read())
    return total.digest()


def _digest_and_text(path: Path) -> tuple[bytes, str] | None:
    """None for what is no file that could be read again: standard input, a pipe."""
    try:
        if str(path) == STDIN or not path.is_file():
            return None
        data = path.read_bytes()
        return sha256(data).digest(), data.decode()
    except (OSError, ValueError):
        return None


def _texts(folder: Path) -> Iterable[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix in _MODEL_FILES and p.is_file())


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
