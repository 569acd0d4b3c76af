"""Whatever the text is, the answer is a model or an InputError that points into it."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat.compile import compile_cat
from ksmcheck.cat.graph import Graph
from ksmcheck.cat.load import load_text
from ksmcheck.execution.plain_cat import evaluate
from ksmcheck.execution.plain_names import Universe
from ksmcheck.text import InputError

VOCABULARY = r"""
    let rec and in as fun if then else not match with end try acyclic irreflexive empty flag assert
    undefined_unless show unshow include from enum instructions procedure call forall do subset
    when default begin catdep rec linearisations cross classes-loc tag2events E
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
    'include "cos-opt.cat"',
    "with co from generate_cos(co0 | po)",
    "with x from cross(classes-loc W)",
    "let rec g S = match S with {} -> po || e ++ S -> f(e) | g S end",
    "let (u, v) = (po, W)",
    "forall t in E do flag ~empty tag2events(t) as t end",
    "match 'a with 'a -> empty po || _ -> empty rf end",
    "let rec z = po | (z ; z) when acyclic z as z",
    "assert empty po & {'a}",
    "let h = map f (W ++ {})",
]


# A write, read by a later event of its thread.
GRAPH = Graph(2, {"W": 0b01, "R": 0b10}, {"po": 0b0010, "rf": 0b0010, "loc": 0b1111, "int": 0b1111})
SAME = {(0, 0), (0, 1), (1, 0), (1, 1)}
TWO = Universe.of(
    {0, 1}, {"W": {0}, "R": {1}}, {"po": {(0, 1)}, "rf": {(0, 1)}, "loc": SAME, "int": SAME}
)


def answer(text: str) -> None:
    try:
        model = load_text(text)
        cat = compile_cat(model)
        plain = evaluate(model.tree, TWO)
    except InputError as error:
        span = error.diagnostic.span
        assert span is not None
        assert 0 <= span.start <= span.end <= len(span.source.text)
        assert str(error)
        return
    if model.interpreted is None:
        # What one evaluator accepts and gives a value, the other does, and the same.
        failed = cat.violated(GRAPH, first=False)
        assert [c.name for c in failed] == list(plain.failed)
        assert [c.name for c in cat.flags(GRAPH)] == list(plain.flags)


@settings(max_examples=350, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_words_in_any_order(words: list[str]) -> None:
    answer(" ".join(words))


@settings(max_examples=180, deadline=None)
@given(st.integers(0, 1 << 40))
def test_models_with_a_few_words_changed(seed: int) -> None:
    """Nearly right models get further than soup: names, sorts and arity are wrong in them."""
    rng = Random(seed)
    words = " ".join(rng.sample(STATEMENTS, 5)).split()
    for _ in range(rng.randrange(1, 4)):
        words[rng.randrange(len(words))] = rng.choice([*WORDS, *words])
    answer(" ".join(words))


@settings(max_examples=180, deadline=None)
@given(st.text(max_size=30))
def test_any_text(text: str) -> None:
    answer(text)
