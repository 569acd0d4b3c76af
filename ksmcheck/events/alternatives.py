"""A primitive call that may be changed: the events of each form, under selectors.

The call as it is, and each of its options (another primitive in its place, or none at all), are
alternatives of which a question about the structure picks one. Where the forms differ in fences
alone, as most barriers and many atomics do, accesses are shared and only the fences are guarded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ksmcheck.events.draft import Draft
from ksmcheck.events.instantiate import Instance, Operand, Place
from ksmcheck.events.taint import union
from ksmcheck.events.terms import Term
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.lowering.template import Row, Step
from ksmcheck.program.ir import Access
from ksmcheck.record import Struct, field, replace
from ksmcheck.text import Span

Lower = Callable[[str, Span], tuple[Primitive, Row]]
"""Primitive name, place for errors -> its arithmetic and its row under the model at hand."""

REMOVED = ""
"""The option that the call is not there."""


class Options(Struct, frozen=True):
    """What may be done at which sites.

    ``forms``: what a call may become, names of primitives that do the same with other order, or
    REMOVED. ``around``: for an access, the calls in whose arguments it is, and with which it goes.
    """

    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    around: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def touch(self, site: str) -> bool:
        """Whether anything may be done there."""
        return site in self.forms or site in self.around


def emit(
    draft: Draft,
    place: Place,
    access: Access,
    args: list[Operand],
    options: Options,
    lower: Lower,
) -> Operand | None:
    """Emits the events of all forms and gives the value of the one that is picked."""
    terms = draft.terms
    site, span = access.origin.site, access.origin.span
    stays = [terms.no(draft.selector(outer, REMOVED)) for outer in options.around.get(site, ())]
    place = replace(place, guard=terms.both(place.guard, *stays))
    draft.calls.setdefault(site, []).append(place.guard)
    others = options.forms.get(site, ())
    selectors = [draft.selector(site, option) for option in others]
    plain = terms.both(*map(terms.no, selectors))
    forms = [(plain, access.name)]
    forms += [(s, o) for s, o in zip(selectors, others, strict=True) if o != REMOVED]
    rows = [lower(name, span)[1] for _, name in forms]
    names = {name for _, name in forms}
    # Plain accesses keep events of their own: loops are looked at for them by name.
    merged = None if names & {"load", "store"} else _merged([row.always for row in rows])
    if merged is not None:
        instance = Instance(draft, place, lower(access.name, span)[0], access, args)
        steps = [(step, terms.either(*(forms[i][0] for i in sorted(who)))) for step, who in merged]
        return instance.run_guarded(steps)
    value: Operand | None = None
    for (when, name), row in zip(forms, rows, strict=True):
        here = replace(place, guard=terms.both(place.guard, when))
        form = Instance(draft, here, lower(name, span)[0], replace(access, name=name), args)
        value = _either(draft, when, form.run(row), value)
    return value


def _either(
    draft: Draft, when: Term, value: Operand | None, otherwise: Operand | None
) -> Operand | None:
    if value is None or otherwise is None:
        return value
    term = draft.terms.ite(value.term.type, when, value.term, otherwise.term)
    return Operand(term, union(draft.terms, (value.taint, otherwise.taint)))


def _merged(rows: Sequence[tuple[Step, ...] | None]) -> list[tuple[Step, set[int]]] | None:
    """One sequence with the steps of all, each with the rows that have it; None where they differ
    in more than fences, or have outcomes."""
    known = [row for row in rows if row is not None]
    accesses = {tuple(s for s in row if s.kind != "F") for row in known}
    if len(known) < len(rows) or len(accesses) != 1:
        return None
    merged: list[tuple[Step, set[int]]] = []
    rest = [list(row) for row in known]
    for access in (*accesses.pop(), None):
        merged += _fences(rest)
        if access is not None:
            merged.append((access, set(range(len(rows)))))
            for row in rest:
                row.pop(0)
    return merged


def _fences(rest: list[list[Step]]) -> list[tuple[Step, set[int]]]:
    """Takes the fences that come next off every row; equal ones are taken together."""
    found: list[tuple[Step, set[int]]] = []
    while True:
        heads = {i: row[0] for i, row in enumerate(rest) if row and row[0].kind == "F"}
        if not heads:
            return found
        step = next(iter(heads.values()))
        who = {i for i, head in heads.items() if head == step}
        for i in who:
            rest[i].pop(0)
        found.append((step, who))
