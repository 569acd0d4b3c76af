"""One function: what the kernel does now against the record, and against the encoding."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.gate.drift_finding import Finding, Place
from ksmcheck.gate.drift_record import Entry, Recorded, matched
from ksmcheck.gate.skeleton_compare import first_mismatch, reduced
from ksmcheck.gate.skeleton_graph import Line, Node, Skeleton, listing
from ksmcheck.record import Struct
from ksmcheck.text import Span


class Seen(Struct, frozen=True):
    """A kernel function now: its skeleton, where it is, and what is recorded of it."""

    name: str
    where: Span
    skeleton: Skeleton
    lines: tuple[Line, ...]
    entry: Entry

    @staticmethod
    def of(name: str, where: Span, skeleton: Skeleton, entry: Entry) -> Seen:
        return Seen(name, where, skeleton, listing(skeleton), entry)


def against_record(seen: Seen) -> list[Finding]:
    """Everything in which the function differs from what was recorded."""
    old = [one.line for one in seen.entry.lines]
    opcodes = [op for op in matched(old, seen.lines).get_opcodes() if op[0] != "equal"]
    gone = [one for _, a, b, _, _ in opcodes for one in seen.entry.lines[a:b]]
    new = [line for _, _, _, a, b in opcodes for line in seen.lines[a:b]]
    if gone or new:
        return list(_operations(seen, gone, new))
    return [*_ways(seen, old), *_names(seen, old)]


def _operations(seen: Seen, gone: list[Recorded], new: list[Line]) -> Iterator[Finding]:
    """Lines gone and lines new: a line that is both has moved; one gone where one is new there
    has changed."""
    moved = {r.line.shape for r in gone} & {line.shape for line in new}
    opcodes = matched([one.line for one in seen.entry.lines], seen.lines).get_opcodes()
    for tag, a, b, c, d in opcodes:
        if tag == "equal":
            continue
        old = [one for one in seen.entry.lines[a:b] if one.line.shape not in moved]
        now = [line for line in seen.lines[c:d] if line.shape not in moved]
        for one, line in zip(old, now, strict=False):
            message = f"{line.text} in the place of {one.line.text}"
            yield _finding("changed", seen, line.span, message, one)
        for one in old[len(now) :]:
            before = seen.lines[c].span if c < len(seen.lines) else seen.where
            yield _finding(
                "removed", seen, before, f"{one.line.text} is gone from before here", one
            )
        for line in now[len(old) :]:
            yield _finding("added", seen, line.span, f"{line.text} is new")
        for line in seen.lines[c:d]:
            if line.shape in moved:
                origin = next(r for r in gone if r.line.shape == line.shape)
                yield _finding("moved", seen, line.span, f"{line.text} was elsewhere", origin)


def _ways(seen: Seen, old: list[Line]) -> Iterator[Finding]:
    for line, one in zip(seen.lines, seen.entry.lines, strict=True):
        if line.ways != one.line.ways:
            was, now = (x.ways or "on to the next" for x in (one.line, line))
            yield _finding(
                "control", seen, line.span, f"after {line.text}: {now}; it was: {was}", one
            )


def _names(seen: Seen, old: list[Line]) -> Iterator[Finding]:
    """A name may be another one now, as long as it is so everywhere and was not in use before."""
    to: dict[str, str] = {}
    back: dict[str, str] = {}
    known = {part for line in old for name in line.names for part in name.split("|")}
    for line, one in zip(seen.lines, seen.entry.lines, strict=True):
        for was, now in _renamed(one.line.names, line.names):
            fresh = was.isidentifier() and now.isidentifier() and now not in known
            same = to.setdefault(was, now) == now and back.setdefault(now, was) == was
            if not same or (was != now and not fresh):
                message = f"`{now}` in the place of `{was}`: {line.text}"
                yield _finding("renamed", seen, line.span, message, one)
                return


def _renamed(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Names and what stands in their place; of a set ``A|B``, those that are not in both."""
    for was, now in zip(old, new, strict=True):
        gone, come = set(was.split("|")), set(now.split("|"))
        yield from ((name, name) for name in gone & come)
        left, right = sorted(gone - come), sorted(come - gone)
        if len(left) == len(right):
            yield from zip(left, right, strict=True)
        else:
            yield "|".join(left), "|".join(right)


def _finding(
    kind: str, seen: Seen, span: Span | None, message: str, recorded: Recorded | None = None
) -> Finding:
    details = []
    if recorded is not None and recorded.omitted is not None:
        details.append(f"the encoding leaves it out: {recorded.omitted.why}")
    other = recorded.line.span if recorded else seen.entry.span
    place = Place.of(span or seen.where)
    text = f"{seen.name}: {message}"
    return Finding(kind, place, text, seen.name, Place.of(other) if other else None, tuple(details))


def against_encoding(
    seen: Seen, encoded: Skeleton, name: str, added: dict[int, str | None], *, clean: bool
) -> list[Finding]:
    """What the kernel does without its omissions, against the encoding without its additions.

    ``clean``: the record fits, so that an omission which does not is the record's fault.
    """
    omitted = _omitted(seen)
    ours, theirs = reduced(encoded, added), reduced(seen.skeleton, omitted)
    if clean and (theirs.undecided or theirs.lost):
        return list(_bad_omissions(seen, theirs.undecided, theirs.lost))
    found = first_mismatch(theirs.skeleton, ours.skeleton)
    if found is None:
        return []
    after = f" after {_told(found.after[0])}" if found.after else " first"
    message = (
        f"{seen.name}{after}: the kernel has {_told(found.left)}, {name} has {_told(found.right)}"
    )
    place, other = Place.of(found.left.span), Place.of(found.right.span)
    return [Finding("encoding", place, message, seen.name, other)]


def _omitted(seen: Seen) -> dict[int, str | None]:
    old = [one.line for one in seen.entry.lines]
    found: dict[int, str | None] = {}
    for block in matched(old, seen.lines).get_matching_blocks():
        for i in range(block.size):
            omission = seen.entry.lines[block.a + i].omitted
            if omission is not None:
                found[seen.lines[block.b + i].node] = omission.taken
    return found


def _bad_omissions(
    seen: Seen, undecided: tuple[Node, ...], lost: tuple[Node, ...]
) -> Iterator[Finding]:
    for node in undecided:
        message = f"{seen.name}: {_told(node)} is left out, but both ways go on differently"
        details = ("say =true or =false behind its reason: which way is taken",)
        yield Finding("record", Place.of(node.span), message, seen.name, None, details)
    for node in lost:
        message = f"{seen.name}: {_told(node)} has no reason to be left out, but is never reached"
        yield Finding("record", Place.of(node.span), message, seen.name)


def _told(node: Node) -> str:
    return f"if {node.text}" if node.kind == "branch" else node.text
