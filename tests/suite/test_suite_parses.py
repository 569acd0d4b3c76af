"""Every scenario parses at every kernel point, and a variant is never the shipped code again."""

from __future__ import annotations

from ksmcheck.batch.suite import Scenario, Suite, Variant
from ksmcheck.record import Struct, fields
from ksmcheck.syntax.litmus import load_litmus
from ksmcheck.syntax.litmus_ast import LitmusTest


def load(scenario: Scenario, kernel: str, variant: Variant | None = None) -> LitmusTest:
    names = (*scenario.defines, *(variant.defines if variant else ()))
    return load_litmus(scenario.path, kernel=kernel, defines=tuple((n, "1") for n in names))


def test_scenario_parses(scenario: Scenario, kernel: str) -> None:
    test = load(scenario, kernel)
    assert test.name == scenario.path.stem
    assert len(test.threads) == len(scenario.threads)


def test_each_variant_of_code_is_other_code(ksm: Suite, kernel: str) -> None:
    """A -D name that no #ifdef asks for would check the shipped code twice.

    ``notice`` includes every header that a variant is in.
    """
    shipped = _code(load(ksm.scenario("notice"), kernel))
    for variant in ksm.variants:
        if variant.defines and kernel not in variant.na:
            assert _code(load(ksm.scenario("notice"), kernel, variant)) != shipped, variant.name


def _code(test: LitmusTest) -> object:
    return _shape((test.top, test.threads))


def _shape(node: object) -> object:
    """A tree without its positions, which change with every line that the preprocessor drops."""
    if isinstance(node, tuple):
        return tuple(map(_shape, node))
    if not isinstance(node, Struct):
        return node
    parts = [_shape(getattr(node, name)) for name in fields(node) if name != "span"]
    return (type(node).__name__, *parts)
