"""What needs no analysis is what the analysis finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.events.draft import DraftEvent
from ksmcheck.events.known_values import known_values
from ksmcheck.events.terms import Term, TermTable
from ksmcheck.events.value_sets import Memory
from ksmcheck.events.values import _analysed, _Flow, analyse
from ksmcheck.kernel.ints import ADDRESS, U32, U64, unsigned
from ksmcheck.program.ir import Cell

CELLS = tuple(
    Cell(n, name, 0x1000 * (n + 1), U32, init, False, "int")
    for n, (name, init) in enumerate((("x", 0), ("y", 3), ("z", 0)))
)

Access = tuple[int, str, int, int]
"""Thread, kind, cell, and the value written."""

ACCESSES = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from("RW"), st.integers(0, 2), st.integers(0, 4)),
    max_size=9,
)


def drafts(
    terms: TermTable, accesses: list[Access], joined: list[bool], guard: Term | None = None
) -> list[DraftEvent]:
    """In program order; where ``joined`` says so, an access is of one instruction with the one
    before it."""
    found: list[DraftEvent] = []
    for number, (thread, kind, cell, value) in enumerate(sorted(accesses, key=lambda a: a[0])):
        together = bool(found) and joined[number] and found[-1].thread == thread
        found.append(
            DraftEvent(
                id=number,
                thread=thread,
                kind=kind,
                guard=guard or terms.true,
                address=terms.const(CELLS[cell].address, ADDRESS),
                value=terms.read(number, U32) if kind == "R" else terms.const(value, U32),
                tags=frozenset(),
                position=found[-1].position if together else number,
                width=32,
                instance=number,
                primitive="",
                origin=None,
            )
        )
    return found


@settings(max_examples=300, deadline=None)
@given(
    accesses=ACCESSES,
    joined=st.lists(st.booleans(), min_size=9, max_size=9),
    coherent=st.booleans(),
)
def test_as_the_analysis_says(accesses: list[Access], joined: list[bool], coherent: bool) -> None:
    terms = TermTable()
    events = drafts(terms, accesses, joined)
    assert known_values(events, CELLS, coherent=coherent) is not None
    flow = _Flow(events, CELLS, Memory(), coherent=coherent)
    short, whole = analyse(events, CELLS, coherent=coherent), _analysed(events, flow)
    for name in ("values", "cells", "strays", "live"):
        assert getattr(short, name) == getattr(whole, name), name
    for event in events:
        assert event.value is not None
        larger = terms.op("add", U64, terms.op("cast", U64, event.value), terms.const(1, U64))
        assert short.values_of(larger) == whole.values_of(larger)
        assert short.values_of(event.guard) == {1}


def test_a_read_of_its_own_later_store_by_hand() -> None:
    terms = TermTable()
    accesses: list[Access] = [
        (0, "W", 1, 2),
        (0, "R", 1, 0),
        (0, "W", 1, 4),
        (1, "W", 1, 1),
        (1, "R", 0, 0),
    ]
    events = drafts(terms, accesses, [False] * 5)
    analysis = analyse(events, CELLS)
    assert analysis.values == ((2,), (1, 2, 3), (4,), (1,), (0,))
    assert analysis.cells == ((1,), (1,), (1,), (1,), (0,))
    assert analyse(events, CELLS, coherent=False).values[1] == (1, 2, 3, 4)


def test_whatever_is_not_known_takes_an_analysis() -> None:
    def known(event: DraftEvent) -> bool:
        return known_values([event], CELLS, coherent=True) is not None

    def one(guard: Term | None = None) -> DraftEvent:
        return drafts(terms, [(0, "W", 0, 1)], [False], guard)[0]

    terms = TermTable()
    assert known(one())
    assert not known(one(guard=terms.choice(0)))
    assert not known(one(guard=terms.false))
    for field, value in (
        ("value", terms.choice(1)),
        ("address", terms.read(7, ADDRESS)),
        ("address", terms.const(0x5000, ADDRESS)),
        ("admits", terms.choice(2)),
        ("width", 16),
    ):
        event = one()
        setattr(event, field, value)
        assert not known(event), field
    assert unsigned(32) is U32
