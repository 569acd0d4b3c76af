"""Words for events and orders, in the user's terms."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.explain.why import MissingOrder, Why
from ksmcheck.record import Struct
from ksmcheck.text import Span


class Story(Struct, frozen=True):
    """``sentence`` says why the execution is possible; ``focus`` are the ids of the events that it
    speaks of: those of the critical cycle, or of the race. Empty where every step counts alike."""

    sentence: str
    focus: frozenset[int] = frozenset()


def place(event: ExecutedEvent) -> str:
    """``ksm.h:31``, the innermost source line of an event."""
    return "start" if event.origin is None else span_text(event.origin.span)


def span_text(span: Span) -> str:
    """``ksm.h:31``: file without folders, and line."""
    return f"{span.source.name.rpartition('/')[2]}:{span.line}"


def deed(event: ExecutedEvent) -> str:
    """``read of node.kpfn`` or ``store to node.kpfn``."""
    what = "read of" if event.kind == "R" else "store to"
    return f"{what} {event.cell}"


def story(why: Why, names: Sequence[str], model: str) -> Story:
    """The story of a violation under ``model``; ``names`` are the threads' names."""
    return Story(sentence(why, names, model), frozenset(e.id for e in why.cycle))


def sentence(why: Why, names: Sequence[str], model: str) -> str:
    """One sentence that names the missing order."""
    if why.interleaving:
        return "the steps in the order shown do it: no reordering is needed, and no barrier helps"
    if not why.missing:
        return "the cycle stays allowed even with full barriers between its accesses"
    return "; and ".join(_missing(order, names, model) for order in why.missing)


def _missing(order: MissingOrder, names: Sequence[str], model: str) -> str:
    thread = names[order.first.thread]
    first = f"{thread}'s {deed(order.first)} ({place(order.first)})"
    second = f"its {deed(order.second)} ({place(order.second)})"
    if order.dependency:
        only = "an" if order.dependency.startswith("address") else "a"
        return (
            f"only {only} {order.dependency} dependency orders {first} before {second}, "
            f"and {model} does not keep that order"
        )
    return f"nothing orders {first} before {second}"


def race_story(pairs: Sequence[tuple[ExecutedEvent, ExecutedEvent]], names: Sequence[str]) -> Story:
    """The story of a data race: the accesses that conflict, one pair for each two source lines."""
    told: dict[str, None] = {}
    for pair in pairs:
        first, second = (_racer(event, names) for event in pair)
        told.setdefault(f"{first} races with {second}")
    lines = "; ".join(told)
    return Story(
        f"{lines}: neither is ordered before the other", frozenset(e.id for p in pairs for e in p)
    )


def _racer(event: ExecutedEvent, names: Sequence[str]) -> str:
    marking = "plain " if event.primitive in ("load", "store") else ""
    return f"{names[event.thread]}'s {marking}{deed(event)} ({place(event)})"
