"""One entry of a lowering table, fitted to one primitive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.lowering.document import Array, Inline, Table, Text, Value
from ksmcheck.lowering.steps import parse_steps
from ksmcheck.lowering.template import Row, Step
from ksmcheck.record import Struct, replace
from ksmcheck.text import InputError, Span

SPURIOUS = "spurious"
WHEN_SPURIOUS = ("contended", "counted", "always")


class NotApplicable(Struct, frozen=True):
    """The primitive exists, but means nothing under this model; ``reason`` says why."""

    reason: str
    span: Span


def entry_keys(kernel: str, config: str) -> tuple[str, ...]:
    """The keys that may hold a row for a kernel point and configuration, special ones first."""
    return (f"{kernel}/{config}", kernel, f"all/{config}", "all")


class Entry(Struct, frozen=True):
    """A row's value, where ``asked`` (or what it refers to with ``same``) has it in ``table``."""

    value: Value
    table: Table
    asked: Table


def find_entry(
    tables: Mapping[str, Table], names: tuple[str, ...], keys: tuple[str, ...]
) -> Entry | None:
    """The entry that speaks for a primitive: the first name that has one of the keys, in order."""
    for name in names:
        for table in _with_references(tables, name):
            for key in keys:
                if key in table.entries:
                    return Entry(table.entries[key], table, tables[name])
    return None


def _with_references(tables: Mapping[str, Table], name: str) -> Iterator[Table]:
    seen: set[str] = set()
    while name in tables and name not in seen:
        seen.add(name)
        yield tables[name]
        same = tables[name].entries.get("same")
        name = same.value if isinstance(same, Text) else ""


def read_row(entry: Entry, primitive: Primitive, kernel: str) -> Row | NotApplicable:
    """The row in an entry; raises InputError where it does not fit the primitive."""
    value = entry.value
    if isinstance(value, Inline) and set(value.entries) == {"na"}:
        return NotApplicable(value.entries["na"].value, value.span)
    ok, fail = _cases(value)
    source = _source(entry.asked, kernel) or _source(entry.table, kernel)
    row = replace(_shaped(primitive, ok, fail, source, value.span), spurious=_spurious(value))
    _check(primitive, row, value.span)
    return row


def _cases(value: Value) -> tuple[tuple[Step, ...], tuple[Step, ...] | None]:
    if isinstance(value, Text):
        return parse_steps(value.span), None
    if isinstance(value, Inline) and set(value.entries) - {SPURIOUS} == {"ok", "fail"}:
        return parse_steps(value.entries["ok"].span), parse_steps(value.entries["fail"].span)
    raise InputError(
        "a row is text, { ok = ..., fail = ... } or { na = ... }",
        value.span,
    )


def _spurious(value: Value) -> str | None:
    """When the fail case may happen though the test holds."""
    given = value.entries.get(SPURIOUS) if isinstance(value, Inline) else None
    if given is None:
        return None
    if given.value not in WHEN_SPURIOUS:
        raise InputError(f"{SPURIOUS} is one of {', '.join(WHEN_SPURIOUS)}", given.span)
    return given.value


def _shaped(
    primitive: Primitive,
    ok: tuple[Step, ...],
    fail: tuple[Step, ...] | None,
    source: str,
    span: Span,
) -> Row:
    """A primitive that waits, or cannot fail, takes the ok case of its class."""
    name = primitive.name
    if primitive.blocks:
        return Row(name, None, ok, None, source)
    if primitive.test is None:
        return Row(name, ok, None, None, source)
    if fail is not None:
        return Row(name, None, ok, fail, source)
    if primitive.shape == "rmw" and primitive.fail_stores == "never":
        raise InputError(
            f"`{name}` stores nothing when it fails: the row needs both cases",
            span,
            hint='{ ok = "R* W*", fail = "R*" }',
        )
    return Row(name, ok, None, None, source)


def row_cases(row: Row) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """The cases that a row has, by outcome."""
    for outcome, steps in (("always", row.always), ("ok", row.ok), ("fail", row.fail)):
        if steps is not None:
            yield outcome, steps


def _check(primitive: Primitive, row: Row, span: Span) -> None:
    for outcome, steps in row_cases(row):
        problem = _misfit(primitive, outcome, steps)
        if problem is not None:
            raise InputError(f"the row does not fit `{primitive.name}`: {problem}", span)


def _misfit(primitive: Primitive, outcome: str, steps: tuple[Step, ...]) -> str | None:
    """Why a sequence cannot be this primitive, or None."""
    own = [s for s in steps if not s.lock and not s.probe]
    reads = [s for s in own if s.kind == "R"]
    writes = [s for s in own if s.kind == "W"]
    wanted = {"fence": (0, 0), "load": (1, 0), "store": (0, 1), "rmw": (1, 1)}[primitive.shape]
    fails = outcome == "fail" and primitive.shape != "fence"
    if fails and primitive.fail_stores != "must" and not writes:
        wanted = (1, 0)
    if primitive.shape in ("load", "store") and [s.located for s in own] == [True]:
        return None  # an event at the place that reads and writes nothing (SRCU up to 6.2)
    if (len(reads), len(writes)) != wanted:
        return f"it has {wanted[0]} R and {wanted[1]} W in the case `{outcome}`"
    if outcome == "fail" and writes and primitive.fail_stores == "never":
        return "it stores nothing when it fails"
    if len({s.rmw for s in own if s.kind != "F"}) > 1:
        return "either both its R and its W are marked *, or neither"
    if any(s.probe for s in steps) and primitive.test is None:
        return "a probe has no meaning where there is no outcome to tell"
    if any(s.located for s in steps) and "ptr" not in primitive.params:
        return "it has no address"
    return None


def _source(table: Table, kernel: str) -> str:
    value = table.entries.get("source")
    if isinstance(value, Inline):
        text = value.entries.get(kernel) or value.entries.get("all")
        return text.value if text else ""
    return value.value if isinstance(value, Text) else ""


def step_texts(value: Value) -> tuple[Text, ...]:
    """The row texts inside an entry's value (none for ``na``)."""
    if isinstance(value, Text):
        return (value,)
    if isinstance(value, Array):
        return ()
    return tuple(text for case, text in value.entries.items() if case in ("ok", "fail"))
