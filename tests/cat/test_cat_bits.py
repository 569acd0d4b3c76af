"""Bits of sets and relations, and paths: against sets of pairs and networkx."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from random import Random

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.cat import bits, dense
from ksmcheck.cat.graph import members, pairs, rel_bits, set_bits, shape
from ksmcheck.cat.paths import short_cycles, shortest_path

Pairs = set[tuple[int, int]]


def random_pairs(rng: Random, n: int, share: float) -> Pairs:
    return {(a, b) for a in range(n) for b in range(n) if rng.random() < share}


def test_numbering() -> None:
    # Pair (a, b) over n events is bit a*n+b: (1, 2) over 4 events is bit 6.
    assert rel_bits(4, [(1, 2)]) == 1 << 6
    assert set_bits([0, 3]) == 0b1001
    assert members(0b1001) == [0, 3]
    assert pairs(4, (1 << 6) | 1) == [(0, 0), (1, 2)]


@given(seed=st.integers(0, 1 << 32), n=st.integers(0, 12), share=st.sampled_from([0.05, 0.2, 0.7]))
def test_operators_of_larger_relations(seed: int, n: int, share: float) -> None:
    """Sparse and dense, so that both ways of transposing are met, and the empty candidate."""
    rng = Random(seed)
    a, b, s = random_pairs(rng, n, share), random_pairs(rng, n, share), shape(n)
    x, y = rel_bits(n, a), rel_bits(n, b)
    composed = {(p, r) for p, q in a for q2, r in b if q == q2}
    assert set(pairs(n, bits.compose(x, y, s))) == composed
    assert set(pairs(n, bits.transpose(x, s))) == {(q, p) for p, q in a}
    digraph = nx.DiGraph(sorted(a))
    reach = {(p, r) for p in digraph for q in digraph[p] for r in {q} | nx.descendants(digraph, q)}
    assert set(pairs(n, bits.closure(x, s))) == reach
    assert bits.cyclic(x, s) == (not nx.is_directed_acyclic_graph(digraph))


@given(seed=st.integers(0, 1 << 32), n=st.integers(1, 9), share=st.sampled_from([0.1, 0.25, 0.5]))
def test_shortest_paths(seed: int, n: int, share: float) -> None:
    rng = Random(seed)
    relation = random_pairs(rng, n, share)
    digraph = nx.DiGraph()
    digraph.add_nodes_from(range(n))
    digraph.add_edges_from(relation)
    for source in range(n):
        for target in range(n):
            found = shortest_path(rel_bits(n, relation), source, target, shape(n))
            # At least one step: from a successor on.
            steps = [
                nx.shortest_path_length(digraph, first, target)
                for first in digraph[source]
                if nx.has_path(digraph, first, target)
            ]
            if found is None:
                assert not steps
            else:
                assert (found[0], found[-1]) == (source, target)
                assert set(pairwise(found)) <= relation
                assert len(found) - 1 == min(steps) + 1


def test_short_cycles_are_those_near_the_shortest() -> None:
    two, three, four = [(0, 1), (1, 0)], [(2, 3), (3, 4), (4, 2)], [(5, 6), (6, 7), (7, 8), (8, 5)]
    cycles = short_cycles(rel_bits(9, two + three + four), shape(9))
    assert [sorted(set(c)) for c in cycles] == [[0, 1], [2, 3, 4]]


@pytest.mark.parametrize("relation", [[(0, 1), (1, 2)], [(2, 1), (1, 0)], []])
def test_no_cycles(relation: list[tuple[int, int]]) -> None:
    assert short_cycles(rel_bits(3, relation), shape(3)) == []


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1 << 32),
    n=st.integers(40, 90) | st.integers(140, 150),
    pairs_each=st.sampled_from([0.1, 0.7, 3]),
)
def test_relations_over_many_events(seed: int, n: int, pairs_each: float) -> None:
    """On both sides of the size from which matrices are multiplied."""
    rng, s = Random(seed), shape(n)
    a, b = (
        {(rng.randrange(n), rng.randrange(n)) for _ in range(int(n * pairs_each))} for _ in "ab"
    )
    x, y = rel_bits(n, a), rel_bits(n, b)
    after: dict[int, set[int]] = {}
    for p, q in b:
        after.setdefault(p, set()).add(q)
    composed = {(p, r) for p, q in a for r in after.get(q, ())}
    assert set(pairs(n, bits.compose(x, y, s))) == composed
    digraph = nx.DiGraph(sorted(a))
    reach = {(p, r) for p in digraph for q in digraph[p] for r in {q} | nx.descendants(digraph, q)}
    assert set(pairs(n, bits.closure(x, s))) == reach
    assert bits.cyclic(x, s) == (not nx.is_directed_acyclic_graph(digraph))


def test_numpy_is_not_loaded_for_little() -> None:
    """And it makes no difference to the result when it is."""
    code = """
import sys
from ksmcheck.cat import bits
from ksmcheck.cat.graph import rel_bits, shape
n = 90
ring, s = rel_bits(n, [(i, (i + 1) % n) for i in range(n)]), shape(n)
some = bits.closure(rel_bits(n, [(i, (i * i + 3) % n) for i in range(n)]), s) | ring
first = bits.compose(some, some, s)
assert "numpy" not in sys.modules
while "numpy" not in sys.modules:
    assert bits.compose(some, some, s) == first
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_without_a_sound_matrix_product_integers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 150
    ring, s = rel_bits(n, [(i, (i + 1) % n) for i in range(n)]), shape(n)
    monkeypatch.setattr(dense, "sound", lambda: False)
    assert bits.closure(ring, s) == s.full
    assert set(pairs(n, bits.compose(ring, ring, s))) == {(i, (i + 2) % n) for i in range(n)}


def test_the_sample_is_one_that_products_can_get_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dense.sound()
    dense.sound.cache_clear()
    monkeypatch.setattr(dense, "_integer", lambda matrix: 0)
    assert not dense.sound()
    dense.sound.cache_clear()
