"""`let rec` in generated code: it begins with what is certain and skips what has not changed, and
comes to the same values as an iteration from empty (``cat.stages``)."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat.bits import cyclic
from ksmcheck.cat.compile import compile_cat
from ksmcheck.cat.graph import Graph, rel_bits, set_bits, shape
from ksmcheck.cat.load import load_text
from ksmcheck.cat.stages import StagedValues

VARIABLES = ("x", "y", "z")
LEAVES = ("po", "rf", "co", "loc", "[R]", "id", *VARIABLES)
GROWING = (
    "({0} ; {1})",
    "({0} | {1})",
    "({0} & {1})",
    "({0})+",
    "({0})*",
    "({0})?",
    "({0})^-1",
    "[domain({0})]",
    "(range({0}) * W)",
)
FIXED = (r"({0} \ po)", r"({0} \ (po ; rf))", r"({0} \ ~loc)")


def relation(rng: Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(LEAVES)
    shape = rng.choice(GROWING if rng.random() < 0.8 else FIXED)
    return shape.format(relation(rng, depth - 1), relation(rng, depth - 1))


def model(rng: Random) -> str:
    used = VARIABLES[: rng.randint(1, 3)]
    bodies = [f"{name} = {relation(rng, 3)}" for name in used]
    unused = [f"let {name} = po" for name in VARIABLES[len(used) :]]
    inner = f"let w = let rec v = {relation(rng, 1)} | (v ; v) in v"
    return "\n".join(
        [*unused, "let rec " + " and ".join(bodies), inner, "acyclic w as a", "empty x ; rf as b"]
    )


def graph(rng: Random) -> Graph:
    n = rng.randrange(1, 6)
    pairs = {
        name: rel_bits(
            n, [(a, b) for a in range(n) for b in range(n) if rng.random() < rng.choice((0.1, 0.4))]
        )
        for name in ("po", "rf", "co", "loc")
    }
    sets = {name: set_bits(e for e in range(n) if rng.random() < 0.5) for name in ("R", "W")}
    return Graph(n, sets, pairs)


@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_generated_code_comes_to_the_least_fixpoint(seed: int) -> None:
    rng = Random(seed)
    cat = compile_cat(load_text(model(rng)))
    for _ in range(3):
        drawn = graph(rng)
        machine = cat._machine(0)
        _, computed = machine.run(drawn, first=False, keep=True)
        assert computed is not None
        values = machine.values(drawn, computed)
        for root in cat.algebra.roots:
            if cat.algebra.nodes[root].op not in ("universe", "id", "empty"):
                assert values[f"x{root}"] == cat.value(drawn, root)


def test_a_recursion_over_program_order_and_rf_begins_with_program_order() -> None:
    cat = compile_cat(load_text("let rec x = po | rf | (x ; x)\nacyclic x as c"))
    (section, _) = cat.compiled.sections
    fixed, varying = section.source.split("def varying")
    assert "compose(s" in fixed
    assert "= s" in varying
    # 0 -po-> 1 -rf-> 2 -po-> 3
    drawn = Graph(4, {}, {"po": rel_bits(4, [(0, 1), (2, 3)]), "rf": rel_bits(4, [(1, 2)])})
    closed = [(a, b) for a in range(4) for b in range(a + 1, 4)]
    assert cat.value(drawn, cat.algebra.roots[0]) == rel_bits(4, closed)
    assert cat.violated(drawn) == ()


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_a_flag_s_recursion_over_what_requirements_are_made_of(seed: int) -> None:
    """What the requirements' code has computed is given to the flags' code, and not what that is
    made of."""
    rng = Random(seed)
    shared = relation(rng, 2)
    text = f"let x = po and y = po and z = po\nlet a = {shared}\nirreflexive a as r\n"
    text += f"let rec v = a | w and w = a & {relation(rng, 1)} | (v ; {relation(rng, 1)})\n"
    cat = compile_cat(load_text(text + "flag ~empty w as f\nflag ~acyclic v as g"))
    for _ in range(3):
        drawn = graph(rng)
        w, v = (cat.value(drawn, root) for root in cat.algebra.roots[1:])
        raised = {check.name for check in cat.flags(drawn)}
        assert ("f" in raised) == bool(w)
        assert ("g" in raised) == cyclic(v, shape(drawn.n))


def test_a_definition_that_is_long_to_say() -> None:
    """``r**`` is ``r*`` however often: nothing is to be said in one line of Python, which takes two
    hundred parentheses inside each other, and no line doubles with each ``r ; r``."""
    twice = "po"
    for _ in range(30):
        twice = f"let t = {twice} in t ; (t | x)"
    stars = compile_cat(load_text(f"let rec x = rf | (po ; x) {'*' * 300}\nacyclic x as a"))
    plain = compile_cat(load_text("let rec x = rf | (po ; x)*\nacyclic x as a"))
    doubled = compile_cat(load_text(f"let rec x = rf | ({twice})\nacyclic x as a"))
    rng = Random(7)
    for _ in range(50):
        candidate = graph(rng)
        assert bool(stars.violated(candidate)) == bool(plain.violated(candidate))
        x = StagedValues(doubled.plan(), candidate, {}).value(doubled.root(doubled.checks[0]))
        assert bool(doubled.violated(candidate)) == cyclic(x, shape(candidate.n))
