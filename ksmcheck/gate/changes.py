"""What happened between two outlines of a function, in a reader's words.

Lines that stand in both are matched as in a text comparison; what is left over on both sides with
the same text was moved, what stands where another stood was replaced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ksmcheck.gate.outline import Outline, Token, split
from ksmcheck.program.calls import CHECKS
from ksmcheck.record import Struct
from ksmcheck.report.findings import Place


class Change(Struct, frozen=True):
    """``kind``: added, removed, moved, replaced; ``asked`` of an assertion or assumption; or
    ``around`` where none of these is concerned.

    ``text`` is the site's, ``before`` the old one's for a replacement; ``detail`` says more.
    """

    kind: str
    text: str
    place: Place
    before: str = ""
    detail: str = ""


class _Line(Struct, frozen=True):
    """A recorded line, taken apart."""

    text: str
    path: str
    site: bool


def _parsed(line: str) -> _Line:
    head, text = split(line)
    return _Line(text, head[2:].removesuffix(": "), head.startswith("* "))


def changes(before: Sequence[str], now: Outline) -> list[Change]:
    """The changes that concern sites, and one of what is asserted; one ``around`` change where only
    other lines differ."""
    old = [_parsed(line) for line in before]
    new = [_Line(t.text, t.path, t.site) for t in now.tokens]
    gone, come = _unmatched(old, new)
    moved = _moved(old, new, gone, come)
    found = list(_moves(old, new, moved, now))
    found += _replacements(old, new, gone, come, now)
    for b in sorted(come):
        if new[b].site:
            found.append(Change("added", new[b].text, now.tokens[b].place, detail=_at(new, b)))
    for a in sorted(gone):
        if old[a].site:
            place = _near(old, new, a, now)
            found.append(Change("removed", old[a].text, place, detail=_at(old, a)))
    found += _asked(old, new, now)
    # Whether a call is of a function with sites is told by that function's own outline.
    if not found and [(o.text, o.path) for o in old] != [(n.text, n.path) for n in new]:
        found.append(_around(old, new, now))
    return found


def _unmatched(old: Sequence[_Line], new: Sequence[_Line]) -> tuple[set[int], set[int]]:
    """What is outside of a longest common subsequence (difflib's matching is not always one)."""
    length = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for a in range(len(old) - 1, -1, -1):
        for b in range(len(new) - 1, -1, -1):
            same = length[a + 1][b + 1] + 1 if old[a] == new[b] else 0
            length[a][b] = max(same, length[a + 1][b], length[a][b + 1])
    gone, come = set(range(len(old))), set(range(len(new)))
    a = b = 0
    while a < len(old) and b < len(new):
        if old[a] == new[b]:
            gone.discard(a)
            come.discard(b)
            a, b = a + 1, b + 1
        elif length[a + 1][b] >= length[a][b + 1]:
            a += 1
        else:
            b += 1
    return gone, come


def _moved(
    old: Sequence[_Line], new: Sequence[_Line], gone: set[int], come: set[int]
) -> list[tuple[int, int]]:
    """Pairs with the same text among what is unmatched, which they leave."""
    pairs = []
    for a in sorted(gone):
        b = next((b for b in sorted(come) if new[b].text == old[a].text), None)
        if b is not None:
            pairs.append((a, b))
            gone.discard(a)
            come.discard(b)
    return pairs


def _moves(
    old: Sequence[_Line], new: Sequence[_Line], pairs: Sequence[tuple[int, int]], now: Outline
) -> Iterator[Change]:
    for a, b in pairs:
        token = now.tokens[b]
        if old[a].path != new[b].path and (new[b].site or old[a].site):
            was, here = old[a].path or "unconditional", new[b].path or "unconditional"
            yield Change("moved", new[b].text, token.place, detail=f"was: {was}; now: {here}")
        elif new[b].site:
            yield Change("moved", new[b].text, token.place, detail=_passed(old, new, a, b))
        else:
            crossed = _crossed(old, new, a, b)
            if crossed:
                where = ", ".join(crossed)
                yield Change("moved", new[b].text, token.place, detail=f"it moved across {where}")


def _passed(old: Sequence[_Line], new: Sequence[_Line], a: int, b: int) -> str:
    """Between which lines it stood, and stands."""
    return f"it stood {_at(old, a)}, and stands {_at(new, b)}"


def _crossed(old: Sequence[_Line], new: Sequence[_Line], a: int, b: int) -> list[str]:
    """The sites that were before and are behind, or the reverse."""
    above = [line.text for line in old[:a] if line.site]
    below = [line.text for line in new[:b] if line.site]
    longer, shorter = (above, below) if len(above) > len(below) else (below, above)
    return longer[len(shorter) :]


def _at(lines: Sequence[_Line], index: int) -> str:
    """``behind X, before Y``."""
    parts = []
    if index:
        parts.append(f"behind {lines[index - 1].text}")
    if index + 1 < len(lines):
        parts.append(f"before {lines[index + 1].text}")
    return ", ".join(parts) or "alone"


def _replacements(
    old: Sequence[_Line],
    new: Sequence[_Line],
    gone: set[int],
    come: set[int],
    now: Outline,
) -> list[Change]:
    """A site in the place of another: the same neighbour above, and neither matched."""
    found = []
    for a in sorted(gone):
        if not old[a].site:
            continue
        b = next((b for b in sorted(come) if new[b].site and _same_place(old, new, a, b)), None)
        if b is not None:
            gone.discard(a)
            come.discard(b)
            token = now.tokens[b]
            detail = strength(old[a].text, token)
            found.append(Change("replaced", new[b].text, token.place, old[a].text, detail))
    return found


def _same_place(old: Sequence[_Line], new: Sequence[_Line], a: int, b: int) -> bool:
    above = _line_at(old, a - 1) == _line_at(new, b - 1)
    below = _line_at(old, a + 1) == _line_at(new, b + 1)
    return old[a].path == new[b].path and (above or below)


def _line_at(lines: Sequence[_Line], index: int) -> _Line | None:
    return lines[index] if 0 <= index < len(lines) else None


def _near(old: Sequence[_Line], new: Sequence[_Line], a: int, now: Outline) -> Place:
    """Where a line that is gone stood: behind the nearest line above that is still there."""
    for above in range(a - 1, -1, -1):
        for b, line in enumerate(new):
            if line == old[above]:
                return now.tokens[b].place
    return now.place


_ASKED = frozenset((*CHECKS, "BUG", "__assume"))


def _asked(old: Sequence[_Line], new: Sequence[_Line], now: Outline) -> Iterator[Change]:
    """Where other things are asserted, or left out, a SAFE is another one: as for the condition."""
    was, here = _assertions(old), _assertions(new)
    gone, come = Counter(was.values()) - Counter(here.values()), Counter(here.values())
    come -= Counter(was.values())
    if gone or come:
        place = next((now.tokens[b].place for b, text in here.items() if text in come), now.place)
        parts = [f"no longer: {text}" for text, _ in gone]
        parts += [f"new: {text}" for text, _ in come]
        yield Change("asked", now.function, place, detail="; ".join(parts[:6]))


def _assertions(lines: Sequence[_Line]) -> dict[int, tuple[str, str]]:
    """Index -> text and path, the text with the condition that stands right before it: that of
    ``if (a == 2) BUG();`` is what is asserted."""
    found = {}
    for index, line in enumerate(lines):
        if line.text.partition("(")[0] in _ASKED:
            before = lines[index - 1].text if index and line.path else ""
            under = f"{before} " if before.startswith(_CONDITIONS) else ""
            found[index] = f"{under}{line.text}", line.path
    return found


_CONDITIONS = ("if (", "switch (", "case ", "while (", "for (", "do ")


def _around(old: Sequence[_Line], new: Sequence[_Line], now: Outline) -> Change:
    gone, come = _unmatched(old, new)
    first = min(come, default=None)
    place = now.place if first is None else now.tokens[first].place
    parts = [f"no longer: {old[a].text}" for a in sorted(gone)]
    parts += [f"new: {new[b].text}" for b in sorted(come)]
    return Change("around", now.function, place, detail="; ".join(parts[:6]))


_FENCES = ("smp_mb", "smp_rmb", "smp_wmb", "smp_read_barrier_depends", "barrier", "cpu_relax")


def strength(before: str, token: Token) -> str:
    """``weaker``, ``stronger`` or nothing: as far as the names of two primitives tell."""
    was = before.partition("(")[0].partition(" ")[0]
    now = token.primitive or token.text.partition("(")[0]
    if was == now:
        return "other operands"
    for word, other in (("weaker", (was, now)), ("stronger", (now, was))):
        if _weakens(*other):
            return word
    return ""


def _weakens(strong: str, weak: str) -> bool:
    if strong in _FENCES and weak in _FENCES:
        rmb_wmb = {strong, weak} == {"smp_rmb", "smp_wmb"}
        return not rmb_wmb and _FENCES.index(strong) < _FENCES.index(weak)
    suffixes = ("_relaxed", "_acquire", "_release")
    stem = next((weak.removesuffix(s) for s in suffixes if weak.endswith(s)), weak)
    if strong == stem != weak:
        return True
    if weak == f"{stem}_relaxed" and strong in (f"{stem}_acquire", f"{stem}_release"):
        return True
    return (strong, weak) in _ACCESSES


_ACCESSES = frozenset(
    (
        ("smp_load_acquire", "READ_ONCE"),
        ("smp_store_release", "WRITE_ONCE"),
        ("smp_store_mb", "WRITE_ONCE"),
        ("smp_store_mb", "smp_store_release"),
        ("rcu_assign_pointer", "WRITE_ONCE"),
        ("atomic_read_acquire", "atomic_read"),
        ("atomic_set_release", "atomic_set"),
        ("clear_bit_unlock", "clear_bit"),
    )
)
