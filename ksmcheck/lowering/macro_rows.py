"""The rows of a lowering table that a ``.def`` file of macros stands for.

What an operation becomes is herd7's: ``__xchg{mb}`` is a relaxed exchange between two fences, a
``__cmpxchg`` that fails is one relaxed read, and so on (herd7's C semantics; the kernel's account
of it is tools/memory-model/Documentation/herd-representation.txt of 6.12). Locks are the native
events of models/TAGS.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.kernel.formula import FormulaError, parse_formula
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.lowering.macros import Macro, Operation, parse_macros
from ksmcheck.record import Struct
from ksmcheck.text import InputError, Source

_PAIRS = {
    "": ("R*[Once]", "W*[Once]"),
    "once": ("R*[Once]", "W*[Once]"),
    "acquire": ("R*[Acquire]", "W*[Once]"),
    "release": ("R*[Once]", "W*[Release]"),
    "mb": ("F[Mb] R*[Once]", "W*[Once] F[Mb]"),
}
_LOCKS = {
    "__lock": ("R*[LKR,Acquire] W*[LKW]", None),
    "__unlock": ("W[UL,Release]", None),
    "__trylock": ("R*[LKR,Acquire] W*[LKW]", "R[LF]"),
    "__islocked": ("R[RL]", "R[RU]"),
}
_EXCHANGES = ("__xchg", "__atomic_op_return", "__atomic_fetch_op")
_SINGLE = {"__load": "R", "__store": "W", "__fence": "F", "__srcu": "F&"}


class _Cases(Struct, frozen=True):
    """Row texts: for ``ok`` (or always), and for ``fail`` where that is another."""

    ok: str
    fail: str | None = None


def table_text(source: Source, known: Mapping[str, Primitive]) -> str:
    """A lowering table in its own language, with a row for each macro that is a primitive.

    A class has the row of the macros in it, where these agree: a primitive that the file leaves out
    is then what the file makes of its kind. (``srcu_down_read`` is ``srcu_read_lock`` to any model;
    the events of another model's would mean nothing to this one.)

    Raises InputError at a macro that is not understood, or does something else than the primitive.
    """
    macros = {macro.name: macro for macro in parse_macros(source)}
    lines = []
    classes: dict[str, dict[_Cases, str]] = {}
    for macro in macros.values():
        primitive = known.get(macro.name)
        if primitive is None:
            continue
        cases = _body(macro, macros, 0)
        _same_meaning(macro, primitive)
        where = f"{source.name}:{macro.span.line}".replace("\\", "/").replace('"', "'")
        lines += _table(macro.name, cases, where)
        for name in primitive.classes[:1]:  # the most special one: the others hold several kinds
            classes.setdefault(name, {}).setdefault(cases, where)
    for name, rows in classes.items():
        if len(rows) == 1:
            lines += _table(f"class.{name}", *next(iter(rows.items())))
    return "\n".join(lines)


def _table(name: str, cases: _Cases, where: str) -> list[str]:
    row = f'"{cases.ok}"'
    if cases.fail is not None:
        row = f'{{ ok = "{cases.ok}", fail = "{cases.fail}" }}'
    return [f"[{name}]", f"all = {row}", f'source = "{where}"', ""]


def _body(macro: Macro, macros: Mapping[str, Macro], depth: int) -> _Cases:
    if depth > len(macros):
        raise InputError(f"`{macro.name}` is defined by itself", macro.span)
    parts = [_operation(one, macros, depth) for one in macro.body]
    if len(parts) == 1:
        return parts[0]
    if any(part.fail is not None for part in parts):
        message = f"`{macro.name}`: an operation that may fail is one of several"
        raise InputError(message, macro.span)
    return _Cases(" ".join(part.ok for part in parts))


def _operation(one: Operation, macros: Mapping[str, Macro], depth: int) -> _Cases:
    if one.name in macros:
        return _body(macros[one.name], macros, depth + 1)
    if one.name in _LOCKS:
        return _Cases(*_LOCKS[one.name])
    if one.name in _SINGLE:
        tags = ",".join(_event_set(tag) for tag in one.tags)
        return _Cases(f"{_SINGLE[one.name]}[{tags}]" if tags else _SINGLE[one.name])
    if one.name == "__atomic_op" and one.tags in ((), ("noreturn",)):
        return _Cases("R*[Noreturn] W*[Once]")
    if one.name in (*_EXCHANGES, "__cmpxchg", "__atomic_add_unless"):
        read, write = _pair(one)
        failing = one.name in ("__cmpxchg", "__atomic_add_unless")
        return _Cases(f"{read} {write}", "R*[Once]" if failing else None)
    raise InputError(f"`{one.name}` is no operation that is known", one.span, _hint(one))


def _hint(one: Operation) -> str | None:
    return "a macro of this name has to be defined" if not one.name.startswith("__") else None


def _pair(one: Operation) -> tuple[str, str]:
    order = ",".join(one.tags)
    if order not in _PAIRS:
        known = ", ".join(name for name in _PAIRS if name)
        raise InputError(f"`{one.name}` has the order {order}", one.span, f"it may have {known}")
    return _PAIRS[order]


def _event_set(tag: str) -> str:
    return tag[0].upper() + tag[1:]


# What a macro computes has to be what the kernel's primitive computes: the rows hold order only.


def _same_meaning(macro: Macro, primitive: Primitive) -> None:
    if len(macro.parameters) != len(primitive.params):
        count = len(primitive.params)
        raise InputError(f"`{macro.name}` takes {count} arguments in the kernel", macro.span)
    names = dict(zip(macro.parameters, primitive.names, strict=True))
    for one in macro.body:
        wanted = _meaning(one, names)
        for part, text in wanted.items():
            own = getattr(primitive, part)
            if own is None or not _alike(text, own):
                message = f"this gives `{macro.name}` the {part} `{text}`, the kernel's is `{own}`"
                raise InputError(message, one.span)


def _meaning(one: Operation, names: Mapping[str, str]) -> dict[str, str]:
    """The formulas of ``Primitive`` that an operation on memory fixes."""
    given = [names.get(text, text) for text in one.arguments]
    match one.name, given:
        case "__atomic_op", [_, op, value]:
            return {"new": f"old {op} {value}"}
        case "__atomic_fetch_op", [_, op, value]:
            return {"new": f"old {op} {value}", "result": f"old {one.test}".strip()}
        case "__atomic_op_return", [_, op, value]:
            new = f"old {op} {value}"
            return {"new": new, "result": f"{new} {one.test}".strip()}
        case "__xchg", [_, value]:
            return {"new": value, "result": f"old {one.test}".strip()}
        case "__cmpxchg", [_, expected, new]:
            return {"test": f"old == {expected}", "new": new}
    return {}


def _alike(text: str, own: str) -> bool:
    try:
        return parse_formula(text) == parse_formula(own)
    except FormulaError:  # what the file says between commas is no operator
        return False
