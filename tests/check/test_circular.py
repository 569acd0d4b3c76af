"""Values that come from nowhere but themselves are found wherever there is a circle."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.check.circular import circular
from ksmcheck.solve.outcome import Candidate

READS, WRITES = range(6), range(6, 12)
sources = st.dictionaries(st.sampled_from(READS), st.sampled_from(WRITES))
flows = st.dictionaries(
    st.sampled_from(WRITES), st.lists(st.sampled_from(READS), min_size=1, max_size=3)
)
executed = st.sets(st.sampled_from([*READS, *WRITES]))


@settings(max_examples=400, deadline=None)
@given(sources, flows, executed)
def test_as_a_search_in_the_graph_finds_them(
    rf: dict[int, int], flow: dict[int, list[int]], there: set[int]
) -> None:
    rf = {r: w for r, w in rf.items() if {r, w} <= there}
    graph = nx.DiGraph(list(rf.items()))
    graph.add_edges_from((w, r) for w, reads in flow.items() for r in reads if {w, r} <= there)
    candidate = cast(Candidate, SimpleNamespace(executed=tuple(there), rf=rf))
    assert circular(candidate, flow) == (not nx.is_directed_acyclic_graph(graph))
