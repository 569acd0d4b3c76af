"""The necessity matrix: place x change x model, each cell the verdict of the changed program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ksmcheck.batch.letters import WORDS, letter_of
from ksmcheck.check.verdict import Request, Verdict
from ksmcheck.program.change import DROP, MOVE, REMOVE, REPLACE, STRENGTHEN, WEAKEN, Change
from ksmcheck.program.inventory import Spot, find_spot
from ksmcheck.record import Struct, replace
from ksmcheck.text import InputError
from ksmcheck.whatif.asker import Asker

DEFAULT_KINDS = (REMOVE, WEAKEN)
ALL_KINDS = (REMOVE, WEAKEN, STRENGTHEN, REPLACE, MOVE, DROP)
NOT_POSSIBLE = "not possible"


class Answer(Struct, frozen=True):
    """The verdict of one program with ``changes`` made, under one model.

    ``verdict`` None: the changes cannot be made there, ``refused`` says why.
    """

    request: Request
    changes: tuple[Change, ...]
    verdict: Verdict | None
    refused: str | None = None

    @property
    def letter(self) -> str:
        return "-" if self.verdict is None else letter_of(self.verdict)

    @property
    def word(self) -> str:
        """``safe``, ``violated``, ``race``, ..., or ``not possible``."""
        return NOT_POSSIBLE if self.verdict is None else WORDS[self.letter]


class Question(Struct, frozen=True):
    """Several sets of changes to one program under one model: what one worker answers at once."""

    request: Request
    changes: tuple[tuple[Change, ...], ...]


def chosen_changes(
    spots: Sequence[Spot],
    kinds: Iterable[str] = DEFAULT_KINDS,
    sites: Iterable[str] = (),
    *,
    everything: bool = False,
) -> tuple[Change, ...]:
    """The changes of the kinds at the named places; without names, at every primitive, or with
    ``everything`` at every place. Raises InputError for an unknown name."""
    kinds = frozenset(kinds)
    named = [find_spot(name, spots) for name in sites]
    chosen = named or [s for s in spots if everything or s.sort == "primitive"]
    return tuple(c for spot in chosen for c in spot.changes if c.kind in kinds)


def questions(
    requests: Iterable[Request], changes: Sequence[Change], parts: int = 1
) -> tuple[Question, ...]:
    """One question a model, or ``parts`` of them; each begins with the program as it is."""
    alone = [(change,) for change in changes]
    size = max(1, -(-len(alone) // parts))
    slices = [tuple(alone[i : i + size]) for i in range(0, len(alone), size)] or [()]
    return tuple(Question(r, ((), *part)) for r in requests for part in slices)


def answers(asker: Asker, question: Question) -> Iterator[Answer]:
    """The cells of a question, one after the other. Raises InputError for a wrong program."""
    for changes in question.changes:
        yield answer(asker, question.request, changes)


def answer(asker: Asker, request: Request, changes: tuple[Change, ...]) -> Answer:
    """One cell. What is wrong with the changed program alone makes it ``not possible``."""
    try:
        verdict = asker.ask(request, changes)
    except InputError as error:
        if not changes:
            raise
        changed = replace(request, changes=changes)
        return Answer(changed, changes, None, error.diagnostic.message)
    return Answer(verdict.request, changes, verdict)
