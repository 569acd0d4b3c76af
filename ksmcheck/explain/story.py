"""Words for events and orders, in the user's terms."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.explain.why import MissingOrder, Why
from ksmcheck.kernel.catalogue.accesses import FREE
from ksmcheck.kernel.waking import late_look
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
    """``ksm.h:31``: file without folders, and line; of ``<linux/seqlock.h>`` too."""
    folder, _, name = span.source.name.rpartition("/")
    return f"{name.removesuffix('>') if folder.startswith('<') else name}:{span.line}"


def called(event: ExecutedEvent) -> str:
    """The name that the program calls: ``rcu_assign_pointer``, whatever it stores."""
    return event.primitive.partition("=")[0]


def deed(event: ExecutedEvent) -> str:
    """``read of node.kpfn`` or ``store to node.kpfn``."""
    call = late_look(event.primitive, event.origin.site) if event.origin else None
    if call is not None:
        return f"look at {event.cell}, by which {call}() finds who waits"
    what = "read of" if event.kind == "R" else "store to"
    return f"{what} {event.cell}"


def story(why: Why, names: Sequence[str], model: str) -> Story:
    """The story of a violation under ``model``; ``names`` are the threads' names."""
    return Story(sentence(why, names, model), frozenset(e.id for e in why.cycle))


def sentence(why: Why, names: Sequence[str], model: str) -> str:
    """One sentence that names the missing order."""
    if why.interleaving:
        return "the steps in the order shown do it: no reordering is needed, and no barrier helps"
    if why.unmarked and not why.missing:
        return f"{model} does not order {_unmarked(why, names)} as it would a marked access"
    if not why.missing:
        return "the cycle stays allowed even with full barriers between its accesses"
    told = "; and ".join(_missing(order, why, names, model) for order in why.missing)
    return f"{told}; and no barrier helps while {_while_plain(why, names)}" if why.both else told


def _unmarked(why: Why, names: Sequence[str]) -> str:
    return _all_of([f"{names[e.thread]}'s plain {deed(e)} ({place(e)})" for e in why.unmarked])


def _while_plain(why: Why, names: Sequence[str]) -> str:
    """``it is not marked``, where the sentence has named what."""
    ends = {e.id for order in why.missing for e in (order.first, order.second)}
    alone = len(why.unmarked) == 1
    subject = "it" if alone else "they"
    if not ends.issuperset(e.id for e in why.unmarked):
        subject = _unmarked(why, names)
    return f"{subject} {'is' if alone else 'are'} not marked"


def _missing(order: MissingOrder, why: Why, names: Sequence[str], model: str) -> str:
    thread = names[order.first.thread]
    first, second = (
        f"{'plain ' if event in why.unmarked else ''}{deed(event)} ({place(event)})"
        for event in (order.first, order.second)
    )
    first, second = f"{thread}'s {first}", f"its {second}"
    told = [f"{called(barrier)} ({place(barrier)})" for barrier in order.barriers]
    if order.dependency:
        article = "an" if order.dependency.startswith("address") else "a"
        told.append(f"{article} {order.dependency} dependency")
    if not told:
        return f"nothing orders {first} before {second}"
    if order.ignored:
        return (
            f"only {told[0]} orders {first} before {second}, and {model} does not keep that order"
        )
    does = "do" if len(told) > 1 else "does"
    return f"{_all_of(told)} {does} not order {first} before {second} strongly enough for {model}"


def _all_of(phrases: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *others, last = phrases
    return f"{', '.join(others)} and {last}" if others else last


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


def used_when_freed(
    pairs: Sequence[tuple[ExecutedEvent, ExecutedEvent]], names: Sequence[str]
) -> str:
    """Who comes to what is freed, once for each two source lines. The pairs tell not which of the
    two accesses is the kfree."""
    told: dict[tuple[str, ...], str] = {}
    for pair in pairs:
        freeing, using = sorted(pair, key=lambda event: (event.primitive != FREE, event.kind))
        places = names[using.thread], place(using), names[freeing.thread], place(freeing)
        user, used, owner, freed = places
        if using.primitive == FREE:
            text = f"{user} frees {using.cell} ({used}) when {owner} does ({freed}), too"
        else:
            text = f"{_racer(using, names)} comes after {owner} frees it ({freed})"
        told.setdefault(places, text)
    return "; ".join(told.values())


def _racer(event: ExecutedEvent, names: Sequence[str]) -> str:
    marking = "plain " if event.plain else ""
    return f"{names[event.thread]}'s {marking}{deed(event)} ({place(event)})"
