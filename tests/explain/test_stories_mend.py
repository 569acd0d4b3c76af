"""A story is right if order where it says that there is none ends the violation: a full barrier is
put into the text there, and the test is checked again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.check import Request, Verdict
from ksmcheck.execution.execution import Execution
from ksmcheck.explain import tell
from ksmcheck.explain.lost import Lost
from ksmcheck.explain.why import Why, why
from ksmcheck.lowering.template import Row
from ksmcheck.program.change import INSERT, Change
from ksmcheck.program.gaps import gaps
from ksmcheck.record import replace
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError, Span
from tests.fresh import fresh_checker

LITMUS = Path(__file__).parents[2] / "litmus"
CASES = [
    *(("classic/**/*.litmus", "6.12", model) for model in ("armv8", "power", "alpha", "lkmm")),
    ("ksm/[alr]*.litmus", "3.9", "armv8"),
    ("ksm/[alr]*.litmus", "6.12", "alpha"),
]


def statement(test: LitmusTest, access: Span) -> Span:
    """The innermost statement that an access is in."""
    around = [
        gap.span
        for gap in gaps(test)
        if gap.span.source.name == access.source.name
        and gap.span.start <= access.start
        and access.end <= gap.span.end
    ]
    return min(around, key=lambda span: span.end - span.start)


def barriers(test: LitmusTest, story: Why) -> tuple[Change, ...]:
    """smp_mb before the later access of each pair that lacks order."""
    places = []
    for order in story.missing:
        assert order.second.origin is not None
        places.append(str(statement(test, order.second.origin.span)))
    return tuple(Change(place, INSERT, "smp_mb") for place in dict.fromkeys(places))


def out_of_order(verdict: Verdict) -> bool:
    return verdict.witness is not None and not (verdict.flags and verdict.verdict == "VIOLATED")


@pytest.mark.parametrize(("files", "kernel", "model"), CASES)
def test_order_where_the_story_misses_it_ends_the_violation(
    files: str, kernel: str, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Why] = []

    def heard(
        execution: Execution,
        cat: CompiledCat,
        row: Row,
        lost: Sequence[Lost],
        marked: Mapping[str, frozenset[str]],
    ) -> Why:
        given.append(why(execution, cat, row, lost, marked))
        return given[-1]

    monkeypatch.setattr(tell, "why", heard)
    checker = fresh_checker()
    for path in sorted(LITMUS.glob(files)):
        request = Request(path, model, kernel)
        try:
            verdict = checker.check(request)
        except InputError:
            continue  # not at that kernel point
        if out_of_order(verdict):
            tell.simply_told(checker, verdict)
            if given[-1].missing:
                test = checker.workshop.source(request)
                mended = checker.check(replace(request, changes=barriers(test, given[-1])))
                assert mended.witness is None, (path.stem, given[-1])
        checker.forget()
    assert sum(bool(one.missing) for one in given) > (20 if files.startswith("classic") else 0)
