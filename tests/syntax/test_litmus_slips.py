"""Slips of the hand that would be taken for something else."""

from __future__ import annotations

import pytest

from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source

THREAD = "P0(int *x) { WRITE_ONCE(*x, 1); }\n"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("C t\n{}\n" + THREAD + "exist (x=1)\n", "4:1: error: 'exist'", "mean exists?"),
        ("C t\n{}\n" + THREAD + "forall_ (x=1)\n", "4:1: error: 'forall_'", "mean forall?"),
        ("C t\n{}\n" + THREAD + "location [x;]\n", "4:1: error: 'location'", "mean locations?"),
        ("C t\n{ x=0;\n" + THREAD, "2:1: error: the start state is not closed", "before P0"),
        ("C t\n{ x=0\n" + THREAD, "after an entry of the start state", None),
        ("C t\n{}\n" + THREAD + "helper (x)\n{ }\n", "'helper' has no result type", None),
    ],
)
def test_they_are_told(text: str, said: str, hint: str | None) -> None:
    with pytest.raises(InputError) as refused:
        parse_litmus(Source("t.litmus", text))
    assert said in str(refused.value)
    assert hint is None or hint in str(refused.value)
