"""``make fuzz COUNT=20000 SEED=1``: damaged texts give a tree or one clear error, and soon.

Litmus tests (container, language, preprocessor) go on through the compiler and the engine to an
observation, cat files through elaboration to generated code. Anything but an InputError is a
failure, and so is a text that takes long. Exit code 1 if there is one; the texts are kept.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from ksmcheck.batch.corpus.answer import ERROR, UNSUPPORTED, Answerer, Settings
from ksmcheck.batch.corpus.tests import found_tests
from ksmcheck.cat.compile import compile_cat
from ksmcheck.cat.load import load_text
from ksmcheck.check.alarm import Overrun, guarded
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source
from tests.random.mutate import mutated

ROOT = Path(__file__).parents[2]
KERNEL = "6.12"
SECONDS = 4.0
"""A text that takes longer hangs (the guard waits a little more)."""


@dataclass(frozen=True, slots=True)
class Target:
    """``texts`` are whole ones to damage; ``read`` is given the path that one came from."""

    texts: tuple[tuple[Path, bytes], ...]
    read: Callable[[Path, bytes], None]


class OwnBug(Exception):
    """A test was answered with an error of ours; the text is its first line."""


def litmus_target() -> Target:
    """Tests of our own, those that are wrong on purpose too, all the way to an observation. What
    they include is not beside them: the headers have a target of their own."""
    paths = [p for p in sorted((ROOT / "litmus").rglob("*.litmus")) if p.parent.name != "ksm"]
    answerer = Answerer.start(Settings(mode="verdict", timeout=SECONDS))

    def read(path: Path, data: bytes) -> None:
        with TemporaryDirectory() as folder:
            Path(folder, path.name).write_bytes(data)
            (test,) = found_tests(Path(folder), None)
            answer = answerer.answer(test)
        if answer.status == UNSUPPORTED:
            raise InputError(answer.reason or "")
        if answer.status == ERROR:
            raise OwnBug(answer.reason)
        if answer.seconds > SECONDS + 1:
            raise Overrun

    return Target(_contents(paths), read)


def header_target() -> Target:
    """The suite's headers, included by a test: macros, conditions, definitions."""

    def read(path: Path, data: bytes) -> None:
        text = "C header\n{}\n" + decoded(path, data) + "\nP0(void) { }\n"
        parse_litmus(Source(str(path), text), kernel=KERNEL)

    return Target(_contents(sorted((ROOT / "litmus").rglob("*.h"))), read)


def cat_target() -> Target:
    """The shipped models."""

    def read(path: Path, data: bytes) -> None:
        compile_cat(load_text(decoded(path, data), str(path)))

    return Target(_contents(sorted((ROOT / "models").rglob("*.cat"))), read)


def targets() -> dict[str, Target]:
    return {
        "litmus": litmus_target(),
        "header": header_target(),
        "cat": cat_target(),
    }


def _contents(paths: Sequence[Path]) -> tuple[tuple[Path, bytes], ...]:
    return tuple((path, path.read_bytes()) for path in paths)


def decoded(path: Path, data: bytes) -> str:
    """As a file is read: what is no UTF-8 is an error of the user's."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None


def outcome(target: Target, path: Path, data: bytes) -> str:
    """``read``, ``refused``, or what went wrong: the exception's name, ``hang``, or ``mute`` for
    an error that says nothing or points nowhere."""
    try:
        with guarded(2 * SECONDS):
            target.read(path, data)
    except InputError as error:
        span = error.diagnostic.span
        # What is missing at the end of a text is marked behind it.
        inside = span is None or 0 <= span.start <= span.end <= len(span.source.text) + 1
        return "refused" if str(error).strip() and inside else "mute"
    except Overrun:
        return "hang"
    except Exception as error:
        return type(error).__name__
    return "read"


def damaged(target: Target, seed: int) -> tuple[Path, bytes]:
    """The text of a seed, and the path of the one that it was made from."""
    random = Random(f"fuzz {seed}")
    path, data = random.choice(target.texts)
    return path, mutated(data, [text for _, text in target.texts], random)


def failures(target: Target, seeds: Sequence[int]) -> tuple[Counter[str], dict[int, str]]:
    """How often each outcome came, and the seeds of those that must not be."""
    counts, bad = Counter[str](), {}
    for seed in seeds:
        word = outcome(target, *damaged(target, seed))
        counts[word] += 1
        if word not in ("read", "refused"):
            bad[seed] = word
    return counts, bad


def main(args: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.random.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=20_000, help="texts of each kind")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--only", choices=["litmus", "header", "cat"], help="one kind")
    parser.add_argument("--failures", type=Path, default=Path("random-failures"), help="folder")
    options = parser.parse_args(args)
    code = 0
    for name, target in targets().items():
        if options.only in (None, name):
            seeds = range(options.seed, options.seed + options.count)
            counts, bad = failures(target, seeds)
            print(f"{name}: " + ", ".join(f"{n} {word}" for word, n in counts.most_common()))
            for seed, word in bad.items():
                code = 1
                options.failures.mkdir(parents=True, exist_ok=True)
                path = options.failures / f"{name}-{seed}-{word}"
                path.write_bytes(damaged(target, seed)[1])
                print(f"  seed {seed}: {word}, written to {path}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
