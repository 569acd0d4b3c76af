"""The matrix while it is answered: on a terminal it fills cell by cell until all is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from ksmcheck.report.console import paper
from ksmcheck.report.matrix import growing_lines
from ksmcheck.whatif.matrix import Answer, Question

Grow = Callable[[Sequence[Answer]], None]

_PAUSE = 0.1
"""Seconds between two pictures: most cells take less, and more than ten a second nobody reads."""

_BESIDE = 3
"""Lines of the screen that are not the matrix's rows."""


@contextmanager
def growing(questions: Sequence[Question], *, shown: bool) -> Iterator[Grow]:
    """Gives what is to be told of the answers so far. Does nothing where nobody watches, or where
    a line cannot be written over."""
    console = paper().console if shown else None
    if console is None or console.is_dumb_terminal:
        yield lambda cells: None
        return
    from rich.live import Live
    from rich.text import Text

    asked = dict.fromkeys(changes for question in questions for changes in question.changes)
    models = list(dict.fromkeys(question.request.model for question in questions))

    def picture(cells: Sequence[Answer]) -> Text:
        lines = growing_lines(asked, models, cells, max(1, console.height - _BESIDE))
        texts = [Text.assemble(*line) for line in lines]
        texts.append(Text(f"{len(cells)} of {len(asked) * len(models)}", "dim"))
        whole = Text("\n", no_wrap=True, overflow="crop").join(texts)
        whole.no_wrap, whole.overflow = True, "crop"
        return whole

    with Live(picture(()), console=console, transient=True, auto_refresh=False) as live:
        live.refresh()
        last = monotonic()

        def grow(cells: Sequence[Answer]) -> None:
            nonlocal last
            if monotonic() - last >= _PAUSE:
                live.update(picture(cells), refresh=True)
                last = monotonic()

        yield grow
