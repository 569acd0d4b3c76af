"""What each lowering row promises, and what not: ``litmus/lowering/expected.toml``.

A row is tested by where the primitive stands in a program, not by its text: between two accesses,
or as one of the two. The verdicts of that table were worked out from the kernel's code and the
machines' manuals, so a difference is a mistake in a row, a cat file or the engine, or one in the
reasoning written in the entry.
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
LOWERING = ROOT / "litmus" / "lowering"
MODELS = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")


@cache
def table() -> dict[str, Any]:
    return tomllib.loads((LOWERING / "expected.toml").read_text(encoding="utf-8"))


@cache
def checker() -> Checker:
    """One for all tests: parsed tests and compiled models are shared."""
    return fresh_checker()


def ask(file: str, key: str) -> Verdict:
    model, _, kernel = key.partition("@")
    model, _, config = model.partition("/")
    request = Request(LOWERING / file, model, kernel or "6.12", config=config or None)
    return checker().check(request)


def word_of(verdict: Verdict) -> str:
    """Tests of reference counts ask ``~exists``: misuse is a property, too, and comes with them."""
    if verdict.observation is not None:
        return {"Never": "forbidden", "Sometimes": "allowed", "Always": "allowed"}[
            verdict.observation
        ]
    if verdict.witness is None:
        return "forbidden" if verdict.safe else verdict.verdict
    return "allowed" if verdict.subject == "~exists" else verdict.subject


def questions() -> Iterator[tuple[str, str, str]]:
    """(file, model[/config][@kernel], verdict with its reason)."""
    for file, verdicts in table()["tests"].items():
        for key, text in verdicts.items():
            yield file, key, text


def rows_of(family: str) -> dict[str, dict[str, str]]:
    """The entries whose test has this in its name."""
    return {f: v for f, v in table()["tests"].items() if family in Path(f).stem}


@pytest.mark.parametrize("file", list(table()["tests"]), ids=lambda file: Path(file).stem)
def test_order_as_the_sources_say(file: str) -> None:
    expected = table()["tests"][file]
    got = {key: word_of(ask(file, key)) for key in expected}
    wrong = {key: (got[key], why) for key, why in expected.items() if got[key] != _word(why)}
    assert not wrong


def _word(text: str) -> str:
    return text.partition(":")[0]


def test_every_file_is_in_the_table_and_every_entry_has_a_file() -> None:
    files = {path.relative_to(LOWERING).as_posix() for path in LOWERING.glob("*/*.litmus")}
    assert files == set(table()["tests"])


def test_a_test_is_named_as_its_file() -> None:
    for path in LOWERING.glob("*/*.litmus"):
        assert path.read_text(encoding="utf-8").splitlines()[0] == f"C {path.stem}"


def test_every_entry_has_a_known_verdict_and_a_reason() -> None:
    form = re.compile(r"(allowed|forbidden): \S.+")
    assert [question for question in questions() if not form.fullmatch(question[2])] == []


def test_every_model_is_exercised_both_ways_at_every_kernel_point_but_sc() -> None:
    """A table of one word would pass with rows that all order everything, or nothing."""
    words: dict[str, set[str]] = {}
    for _, key, text in questions():
        words.setdefault(key, set()).add(_word(text))
    one_sided = {key for key, seen in words.items() if len(seen) == 1}
    assert {key.partition("@")[0] for key in one_sided} == {"sc"}
    assert {key.partition("@")[0].partition("/")[0] for key in words} == set(MODELS)
    assert set(table()["sources"]) == set(MODELS)


def test_what_lkmm_promises_every_port_of_6_12_keeps_but_one() -> None:
    """What the kernel's model forbids, no port may show. One does:
    xor_unlock_is_negative_byte() of Alpha is not a release (its asm/bitops.h has no mb)."""
    broken = {
        file
        for file, verdicts in table()["tests"].items()
        if verdicts.get("lkmm", "").startswith("forbidden")
        and any(v.startswith("allowed") for k, v in verdicts.items() if "@" not in k)
    }
    assert broken
    assert {f for f in broken if "xor_unlock_is_negative_byte" not in f} == set()


TRAPS = (
    # (test, key, verdict): what a table copied from one port to another gets wrong.
    ("WXR+atomic_dec_and_test", "armv8@3.9", "allowed"),  # ldaxr/stlxr alone until 3.14
    ("WXW+set_bit", "armv8@3.9", "allowed"),  # one hashed lock orders nothing across it
    ("WXW+two-set_bits", "armv8@3.9", "forbidden"),  # two do: stlr, then ldaxr
    ("WXR+atomic_cmpxchg-ok", "power@3.9", "allowed"),  # lwsync on both sides
    ("WXR+atomic_dec_and_test", "power@3.9", "forbidden"),  # but sync after the others
    ("WS+atomic_cmpxchg-ok", "alpha@3.9", "allowed"),  # mb after, none before, until 4.17
    ("LR+atomic_cmpxchg-fail", "alpha@3.9", "allowed"),  # and none on failure
    ("WXR+atomic_cmpxchg-fail", "armv8", "allowed"),  # casal: acquire, ldxr: nothing
    ("RXR+test_and_set_bit_lock-fail", "armv7", "allowed"),  # a look first since 4.19
    ("RXR+test_and_set_bit_lock-fail", "power", "forbidden"),  # its own, with its barrier
    ("WXR+clear_bit_unlock+after_clear_bit", "power@3.9", "forbidden"),  # unlock_page
    ("WXR+xor_unlock_is_negative_byte", "power", "allowed"),  # folio_unlock
    ("WS+xor_unlock_is_negative_byte", "alpha", "allowed"),  # no mb
    ("LR+test_bit", "alpha", "allowed"),  # not READ_ONCE there
    ("RXW+smp_wmb", "armv7@3.9", "forbidden"),  # dmb
    ("RXW+smp_wmb", "armv7", "allowed"),  # dmb ishst
    ("WXR+smp_rmb", "armv7", "forbidden"),  # dmb at both kernel points
    ("RS+rcu_assign_pointer", "armv8@3.9", "allowed"),  # smp_wmb, not yet a release
)


@pytest.mark.parametrize(("test", "key", "word"), TRAPS, ids=lambda value: str(value))
def test_the_table_has_the_traps_of_the_ports(test: str, key: str, word: str) -> None:
    (verdicts,) = (v for f, v in rows_of(test).items() if Path(f).stem == test)
    assert _word(verdicts[key]) == word
