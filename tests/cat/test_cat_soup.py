"""Whatever the text is, the answer is a model or an InputError that points into it."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import compile_cat
from ksmcheck.cat.graph import Graph
from ksmcheck.cat.load import load_text
from ksmcheck.text import InputError

VOCABULARY = r"""
    let rec and in as fun if then else not match with end try acyclic irreflexive empty flag assert
    undefined_unless show unshow include from enum instructions procedure call forall do subset
    po rf co R W MFENCE x y f domain fencerel id map A-b "cos.cat" "s"
    | ++ ; \ & * ~ + ? ^-1 ( ) [ ] { } , = -> || && 0 _ 'mb 'a (* *) ! ^
"""
WORDS = VOCABULARY.split()
STATEMENTS = [
    "let x = po",
    "let rec x = po | (x ; y) and y = x",
    "let f(x) = x ; rf",
    "acyclic f(po) | [R] as a",
    "flag ~empty R * W",
    "procedure p(x) = empty x end",
    "call p(po)",
    "enum E = 'a || 'b",
    'if "v" then empty po else empty rf end',
    'include "cos.cat"',
]


def answer(text: str) -> None:
    try:
        cat = compile_cat(load_text(text))
    except InputError as error:
        span = error.diagnostic.span
        assert span is not None
        assert 0 <= span.start <= span.end <= len(span.source.text)
        assert str(error)
        return
    cat.violated(Graph(2), first=False)
    cat.flags(Graph(2))


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_words_in_any_order(words: list[str]) -> None:
    answer(" ".join(words))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 1 << 40))
def test_models_with_a_few_words_changed(seed: int) -> None:
    """Nearly right models get further than soup: names, sorts and arity are wrong in them."""
    rng = Random(seed)
    words = " ".join(rng.sample(STATEMENTS, 5)).split()
    for _ in range(rng.randrange(1, 4)):
        words[rng.randrange(len(words))] = rng.choice([*WORDS, *words])
    answer(" ".join(words))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30))
def test_any_text(text: str) -> None:
    answer(text)
