"""Whether a read makes a difference: against all the values that there are."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.check.influence import Influence, Seen, TimeUp
from ksmcheck.events.terms import Term, TermTable, evaluate
from ksmcheck.kernel.ints import BOOL, DivisionByZero, IntType

SMALL = IntType(3, False)
SIGNED = IntType(4, True)
BINARY = ["add", "sub", "mul", "and", "or", "xor", "div", "mod"]
COMPARED = ["eq", "ne", "lt", "le"]


@st.composite
def terms_over(draw: st.DrawFn) -> tuple[TermTable, list[Term], list[Term], list[Term]]:
    """Two reads and a choice, a few terms of them, and guards."""
    table = TermTable()
    leaves = [table.read(0, SMALL), table.read(1, SMALL), table.choice(0)]
    known = [table.op("cast", SIGNED, leaf) for leaf in leaves]
    known += [table.const(n, SIGNED) for n in (0, 1, 2, 7)]
    truths = [leaves[2], table.true]
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.integers(0, 2))
        a, b = draw(st.sampled_from(known)), draw(st.sampled_from(known))
        if kind == 0:
            known.append(table.op(draw(st.sampled_from(BINARY)), SIGNED, a, b))
        elif kind == 1:
            known.append(table.ite(SIGNED, draw(st.sampled_from(truths)), a, b))
        else:
            truth = table.op(draw(st.sampled_from(COMPARED)), BOOL, a, b)
            truths.append(table.both(truth, draw(st.sampled_from(truths))))
    return table, leaves, known, truths


def differs(leaves: list[Term], leaf: Term, seen: Seen) -> bool | None:
    """By looking at each assignment. None where some term has no value."""
    spans = [range(1 << x.type.width) for x in leaves]
    looks: dict[tuple[int, ...], set[tuple[int, ...] | None]] = defaultdict(set)
    others = [x for x in leaves if x is not leaf]
    try:
        for values in product(*spans):
            given_ = dict(zip((x.id for x in leaves), values, strict=True))
            memo: dict[int, int] = {}
            rest = tuple(given_[x.id] for x in others)
            held = [[evaluate(g, given_, memo) for g in group] for group in seen.groups]
            if all(map(any, held)):
                look = tuple(evaluate(s, given_, memo) for s in seen.subjects)
                looks[rest].add(look)
            elif seen.made:
                looks[rest].add(None)
    except DivisionByZero:
        return None
    return any(len(found) > 1 for found in looks.values())


@settings(max_examples=150, deadline=None)
@given(made=terms_over(), data=st.data())
def test_as_by_looking_at_all_values(
    made: tuple[TermTable, list[Term], list[Term], list[Term]], data: st.DataObject
) -> None:
    _, leaves, known, truths = made
    subjects = [data.draw(st.sampled_from(known))]
    guards = [data.draw(st.sampled_from(truths)), data.draw(st.sampled_from(truths))]
    influence = Influence(60.0)
    for seen in (
        Seen(subjects),
        Seen(subjects, when=[[guards[0]], [guards[1]]]),
        Seen(subjects, made=guards),
        Seen([], made=guards[:1]),
    ):
        for leaf in leaves[:2]:
            wanted = differs(leaves, leaf, seen)
            if wanted is not None:
                assert influence.matters(leaf, seen) == wanted
    influence.close()


def test_time_is_up() -> None:
    table = TermTable()
    a, b = table.read(0, IntType(64, False)), table.read(1, IntType(64, False))
    square = table.op("and", a.type, table.op("xor", a.type, a, b), table.const(0, a.type))
    influence = Influence(0.0)
    with pytest.raises(TimeUp):
        influence.matters(a, Seen([square], when=[[table.op("eq", BOOL, a, b)]]))
