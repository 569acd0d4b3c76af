"""What is known from one form of a program and said of another."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from ksmcheck.check.endings import Endings, Selected
from ksmcheck.check.proofs import Proofs
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import TermTable
from ksmcheck.kernel.ints import BOOL
from ksmcheck.solve.outcome import Candidate

A, B = ("a", "remove"), ("b", "remove")


def test_a_refutation_holds_where_all_that_it_rests_on_does() -> None:
    terms = TermTable()
    first, second, third = (terms.read(number, BOOL) for number in range(3))
    proofs, question = Proofs(), (-1, 7)
    proofs.add(question, (first, second))
    assert proofs.covering(question, (first, second, third)) == (first, second)
    assert proofs.covering(question, (first, third)) is None
    assert proofs.covering((0, 7), (first, second)) is None
    proofs.add(question, ())
    assert proofs.covering(question, ()) == ()


@pytest.mark.parametrize(
    ("asked", "known", "is_one"),
    [
        (set(), set(), True),
        # It comes to a, and not to b: what becomes of b makes no difference, whichever way.
        ({A}, {A}, True),
        ({A}, set(), False),
        (set(), {A}, False),
        ({B}, set(), True),
        (set(), {B}, True),
        ({A, B}, {A}, True),
    ],
)
def test_an_execution_that_comes_to_no_changed_place_is_one_of_both(
    asked: set[tuple[str, str]], known: set[tuple[str, str]], is_one: bool
) -> None:
    terms = TermTable()
    calls = {"a": terms.true, "b": terms.false}
    structure = cast(EventStructure, SimpleNamespace(terms=terms, calls=calls))
    candidate = cast(Candidate, SimpleNamespace(holds=lambda term: term is terms.true))
    of: tuple[Selected, Selected] = frozenset(asked), frozenset(known)
    assert Endings._is_one(structure, *of, candidate) == is_one
