"""Words for events and orders, in the user's terms."""

from __future__ import annotations

from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.explain.why import Why
from ksmcheck.text import Span


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


def sentence(why: Why, names: tuple[str, ...]) -> str:
    """One sentence that names the missing order."""
    if why.interleaving:
        return "the threads' steps in the order shown do it: no reordering is needed"
    if not why.missing:
        return "the cycle stays allowed even with full barriers between its accesses"
    parts = []
    for order in why.missing:
        only = f" ({order.dependency} dependency only)" if order.dependency else ""
        parts.append(
            f"{names[order.first.thread]}'s {deed(order.second)} ({place(order.second)}) after "
            f"its {deed(order.first)} ({place(order.first)}){only}"
        )
    return "nothing orders " + ", nor ".join(parts)
