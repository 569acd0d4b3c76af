"""The classic shapes against what papers and manuals say: ``litmus/classic/expected.toml``.

Each entry of that table was worked out from the sources named in it (papers, architecture manuals,
kernel sources), so a difference is a mistake in a cat file, a lowering row or the engine, or one in
the reasoning that is written in the entry.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ksmcheck.check.check import Checker
from ksmcheck.check.verdict import Request, Verdict
from tests.fresh import fresh_checker

ROOT = Path(__file__).resolve().parents[2]
CLASSIC = ROOT / "litmus" / "classic"
MODELS = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "alpha-letter", "lkmm")


@cache
def table() -> dict[str, Any]:
    return tomllib.loads((CLASSIC / "expected.toml").read_text(encoding="utf-8"))


@cache
def checker() -> Checker:
    """One for all tests: parsed tests and compiled models are shared."""
    return fresh_checker()


def ask(file: str, model: str, kernel: str) -> Verdict:
    return checker().check(Request(CLASSIC / file, model, kernel))


def rows() -> Iterator[tuple[str, str, str]]:
    """(file, model or model@kernel or model:flag, verdict with its reason)."""
    for file, verdicts in table()["tests"].items():
        for key, text in verdicts.items():
            yield file, key, text


def outcomes() -> Iterator[Any]:
    """One parameter set per file, model and kernel point."""
    for file, key, text in rows():
        if ":" not in key:
            model, _, kernel = key.partition("@")
            word = text.partition(":")[0]
            yield pytest.param(file, model, kernel or "6.12", word, id=f"{Path(file).stem}-{key}")


def flags() -> Iterator[Any]:
    for file, key, text in rows():
        model, _, flag = key.partition(":")
        if flag:
            raised = not text.startswith("no ")
            yield pytest.param(file, model, flag, raised, id=f"{Path(file).stem}-{key}")


@pytest.mark.parametrize(("file", "model", "kernel", "word"), list(outcomes()))
def test_outcome_as_the_sources_say(file: str, model: str, kernel: str, word: str) -> None:
    verdict = ask(file, model, kernel)
    seen = {"Never": "forbidden", "Sometimes": "allowed", "Always": "allowed"}
    assert seen.get(str(verdict.observation)) == word, table()["tests"][file]


@pytest.mark.parametrize(("file", "model", "flag", "raised"), list(flags()))
def test_flag_as_the_sources_say(file: str, model: str, flag: str, raised: bool) -> None:
    assert (flag in ask(file, model, "6.12").flags) is raised


def test_every_file_is_in_the_table_and_every_entry_has_a_file() -> None:
    files = {path.relative_to(CLASSIC).as_posix() for path in CLASSIC.glob("*/*.litmus")}
    assert files == set(table()["tests"])


def test_a_test_is_named_as_its_file() -> None:
    for path in CLASSIC.glob("*/*.litmus"):
        assert path.read_text(encoding="utf-8").splitlines()[0] == f"C {path.stem}"


def test_every_entry_has_a_known_verdict_and_a_reason() -> None:
    form = re.compile(r"(allowed|forbidden|race|no race|use|no use): \S.{5,}")
    assert [row for row in rows() if not form.fullmatch(row[2])] == []


def test_every_model_is_exercised_both_ways() -> None:
    """A model that allows all, or forbids all, would pass a one-sided table. SC forbids every
    shape but the lost update, where interleaving alone is enough."""
    for model in MODELS:
        words = {text.partition(":")[0] for _, key, text in rows() if key == model}
        assert words == {"allowed", "forbidden"}, model
    assert set(table()["sources"]) == set(MODELS)


def test_the_letter_of_the_alpha_handbook_allows_what_the_usual_reading_allows() -> None:
    """The usual reading only adds an order (models/alpha/README.md)."""
    for file, verdicts in table()["tests"].items():
        for point in ("", "@3.9"):
            if verdicts.get(f"alpha{point}", "").startswith("allowed"):
                assert verdicts[f"alpha-letter{point}"].startswith("allowed"), file


def test_no_machine_of_6_12_shows_what_the_kernel_model_forbids() -> None:
    """LKMM promises what every port keeps (explanation.txt). The ports of 3.9 broke some of it:
    arm64 and powerpc atomics, hashed bit locks, Alpha's dependent reads. At 6.12 a constant NULL is
    published without a barrier, of which linux-kernel.def knows nothing."""
    broken = "MP/MP+null+rmb.litmus"
    for file, verdicts in table()["tests"].items():
        if verdicts.get("lkmm", "").startswith("forbidden"):
            weak = [m for m in MODELS if verdicts.get(m, "").startswith("allowed")]
            assert (weak == []) == (file != broken), file
