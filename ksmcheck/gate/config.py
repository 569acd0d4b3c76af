"""``ksmcheck.toml``: what is gated, under which limits, and what each kind of finding does."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ksmcheck.check.alarm import LONGEST
from ksmcheck.record import Struct
from ksmcheck.report.findings import ERROR, NOTE, WARNING
from ksmcheck.syntax.files import read_source
from ksmcheck.text import InputError, Source, Span

NAME = "ksmcheck.toml"

LEVELS = {"fail": ERROR, "warn": WARNING, "note": NOTE, "ignore": ""}
"""The words of ``[policy]``; an ignored kind of finding has no level."""

DEFAULT_POLICY = {
    "verdict": "fail",
    "weaker": "fail",
    "site": "fail",
    "access": "warn",
    "unnecessary": "warn",
    "void": "fail",
    "necessary": "fail",
    "budget": "fail",
    "drift": "fail",
}


class SuiteChoice(Struct, frozen=True):
    """A suite's folder and what of it is gated; empty choices mean everything.

    ``necessity`` names the scenarios whose barriers are taken out one by one in every run.
    """

    folder: Path
    scenarios: tuple[str, ...]
    variants: tuple[str, ...]
    models: tuple[str, ...]
    kernels: tuple[str, ...]
    necessity: tuple[str, ...] = ()


class FileChoice(Struct, frozen=True):
    """Litmus files outside a suite. ``expected``: file -> model (or ``""``: any) -> verdict.

    ``models``: none means that of each test's own machine, of kernel C the kernel's.
    ``liveness``: that no thread waits for ever is demanded too.
    """

    files: tuple[Path, ...]
    models: tuple[str, ...]
    kernels: tuple[str, ...]
    necessity: bool
    expected: Mapping[str, Mapping[str, str]]
    liveness: bool = False


class GateLimits(Struct, frozen=True):
    """``timeout``, ``memory`` and ``unroll`` of each verdict; ``budget`` seconds for a whole run,
    ``budget_full`` for one with --full, ``budget_each`` for one verdict."""

    timeout: float | None = None
    memory: int | None = None
    unroll: int | None = None
    budget: float | None = None
    budget_full: float | None = None
    budget_each: float | None = None


class Config(Struct, frozen=True):
    """``folder`` holds the file; relative paths in it start there."""

    source: Source
    folder: Path
    baseline: Path
    suites: tuple[SuiteChoice, ...]
    files: tuple[FileChoice, ...]
    limits: GateLimits
    policy: Mapping[str, str]
    allow_bounded: bool


def load_config(path: Path) -> Config:
    """Reads a configuration. Raises InputError with the place of what is wrong."""
    if not path.exists():
        hint = "write it, or say where it is with --config: docs/gate.md tells what it says"
        raise InputError(f"cannot read {path}: No such file or directory", hint=hint)
    source = read_source(path)
    try:
        table = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(*_syntax(source, str(error))) from None
    reader = _Reader(source, path.parent)
    return reader.config(table)


def _syntax(source: Source, message: str) -> tuple[str, Span]:
    """tomllib says ``... (at line 3, column 7)`` or ``(at end of document)``."""
    found = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    offset = len(source.text)
    if found is not None:
        lines = source.text.split("\n")
        line, column = int(found[1]), int(found[2])
        offset = sum(len(text) + 1 for text in lines[: line - 1]) + column - 1
        message = message[: found.start()]
    start = max(0, min(offset, len(source.text) - 1))
    return message[:1].lower() + message[1:], Span(source, start, start + 1)


class _Reader:
    """Turns tables into choices; every complaint points into the file."""

    def __init__(self, source: Source, folder: Path) -> None:
        self.source = source
        self.folder = folder

    def config(self, table: dict[str, Any]) -> Config:
        self._known(table, "", ("gate", "policy", "limits", "suite", "tests"))
        gate = self._table(table, "gate", ("baseline", "allow-bounded"))
        name = self._get(gate, "baseline", str, "ksmcheck-baseline.toml")
        config = Config(
            source=self.source,
            folder=self.folder,
            baseline=self.folder / name,
            suites=tuple(self._suite(t) for t in self._tables(table, "suite")),
            files=tuple(self._files(t) for t in self._tables(table, "tests")),
            limits=self._limits(table),
            policy=self._policy(table),
            allow_bounded=self._get(gate, "allow-bounded", bool, False),
        )
        if not config.suites and not config.files:
            raise self._error("nothing to gate", "", hint="add a [[suite]] or a [[tests]]")
        return config

    def _policy(self, table: dict[str, Any]) -> Mapping[str, str]:
        given = self._table(table, "policy", tuple(DEFAULT_POLICY))
        for key, word in given.items():
            if word not in LEVELS:
                raise self._error(f"{key} = {word!r}", key, hint=f"one of {', '.join(LEVELS)}")
        return {**DEFAULT_POLICY, **given}

    def _limits(self, table: dict[str, Any]) -> GateLimits:
        keys = ("timeout", "memory", "unroll", "budget", "budget-full", "budget-each")
        given = self._table(table, "limits", keys)
        for key, value in given.items():
            whole = key in ("memory", "unroll")
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                raise self._error(f"{key} is a number", key)
            if not 0 < value <= LONGEST:
                raise self._error(f"{key} must be more than 0, and at most {LONGEST}", key)
        return GateLimits(**{key.replace("-", "_"): value for key, value in given.items()})

    def _suite(self, table: dict[str, Any]) -> SuiteChoice:
        keys = ("path", "scenarios", "variants", "models", "kernels", "necessity")
        self._known(table, "suite", keys)
        path = self._get(table, "path", str, None)
        if path is None:
            raise self._error("a [[suite]] needs a path", "[[suite]]")
        folder = self.folder / path
        if not (folder / "suite.toml").is_file():
            raise self._error(f"{folder} is no suite: it has no suite.toml", path)
        words = {key: self._words(table, key) for key in keys[1:]}
        words["variants"] = words["variants"] or ("shipped",)
        return SuiteChoice(folder, **words)

    def _files(self, table: dict[str, Any]) -> FileChoice:
        keys = ("files", "models", "kernels", "necessity", "liveness", "expected")
        self._known(table, "tests", keys)
        patterns = self._words(table, "files")
        if not patterns:
            raise self._error("a [[tests]] needs files", "[[tests]]")
        found = [path for pattern in patterns for path in self._matches(pattern)]
        files = tuple(dict.fromkeys(found))
        return FileChoice(
            files=files,
            models=self._words(table, "models"),
            kernels=self._words(table, "kernels") or ("6.12",),
            necessity=self._get(table, "necessity", bool, False),
            expected=self._expected(table.get("expected", {}), files),
            liveness=self._get(table, "liveness", bool, False),
        )

    def _matches(self, pattern: str) -> list[Path]:
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise self._error(f"{pattern!r} leaves the folder of {NAME}", pattern)
        found = sorted(p for p in self.folder.glob(pattern) if p.is_file())
        if not found:
            raise self._error(f"no file is called {pattern}", pattern)
        for path in found:
            if not str(path).isprintable():
                raise self._error(f"the name of the file {str(path)!r} is not plain text", pattern)
        return found

    def _expected(self, table: object, files: tuple[Path, ...]) -> Mapping[str, Mapping[str, str]]:
        if not isinstance(table, dict):
            raise self._error("expected is a table: file = verdict", "expected")
        names = {path.relative_to(self.folder).as_posix() for path in files}
        result = {}
        for file, said in table.items():
            if file not in names:
                raise self._error(f"{file} is not among the files of this [[tests]]", file)
            by_model = {"": said} if isinstance(said, str) else said
            if not isinstance(by_model, dict):
                raise self._error(f"{file}: a verdict, or model = verdict", file)
            for word in by_model.values():
                if word not in VERDICTS:
                    hint = f"one of {', '.join(VERDICTS)}"
                    raise self._error(f"{file}: no verdict {word!r}", str(word), hint=hint)
            result[file] = by_model
        return result

    # Single values.

    def _table(self, table: dict[str, Any], name: str, keys: tuple[str, ...]) -> dict[str, Any]:
        found = table.get(name, {})
        if not isinstance(found, dict):
            raise self._error(f"{name} is a table: [{name}]", name)
        self._known(found, name, keys)
        return found

    def _tables(self, table: dict[str, Any], name: str) -> list[dict[str, Any]]:
        found = table.get(name, [])
        if not isinstance(found, list) or not all(isinstance(t, dict) for t in found):
            raise self._error(f"write [[{name}]], with two brackets", name)
        return found

    def _known(self, table: dict[str, Any], where: str, keys: tuple[str, ...]) -> None:
        from difflib import get_close_matches

        for key in table:
            if key not in keys:
                near = get_close_matches(key, keys, 1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(keys)}"
                place = f" in [{where}]" if where else ""
                raise self._error(f"unknown key {key!r}{place}", key, hint=hint)

    def _get(self, table: dict[str, Any], key: str, kind: type, default: Any) -> Any:
        value = table.get(key, default)
        if value is not default and not isinstance(value, kind):
            word = {str: "text", bool: "true or false"}[kind]
            raise self._error(f"{key} is {word}", key)
        return value

    def _words(self, table: dict[str, Any], key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._error(f"{key} is a list of names", key)
        return tuple(value)

    def _error(self, message: str, near: str, *, hint: str | None = None) -> InputError:
        """Points at the first place where ``near`` stands outside a comment."""
        span = _place(self.source, near) or Span(self.source, 0, 1)
        return InputError(message, span, hint=hint)


def _place(source: Source, near: str) -> Span | None:
    found = re.search(rf"^[^#\n]*?({re.escape(near)})", source.text, re.M) if near else None
    return None if found is None else Span(source, *found.span(1))


def in_config(source: Source, error: InputError) -> InputError:
    """An error that has no place, at the first name of its message that the configuration says."""
    told = error.diagnostic
    if told.span is not None:
        return error
    message = told.message.removeprefix(f"{source.name}: ")
    names = re.findall(r"'([^']+)'", message) + re.findall(r"[\w./*+-]+", message)
    quoted = (_place(source, f'"{name}"') for name in names)
    span = next((place for place in quoted if place is not None), None)
    if span is None:
        return InputError(f"{source.name}: {message}", hint=told.hint)
    return InputError(message, Span(source, span.start + 1, span.end - 1), told.hint, told.notes)


VERDICTS = ("SAFE", "VIOLATED", "RACE", "Never", "Sometimes", "Always", "VACUOUS", "UNKNOWN")
"""What a ``[tests.expected]`` may say."""
