"""A small C, as trees that can be written as litmus text and run by ``interleave``.

Nothing here knows ksmcheck. Expressions are pure but for ``Load``, which only stands where C fixes
the order of evaluation: as the whole right-hand side, or as an operand of ``&&`` and ``||``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

WIDTH = {"int": (32, True), "unsigned char": (8, False), "unsigned long": (64, False)}
POINTER = "int *"

CELLS = {
    "x": "int",
    "y": "int",
    "c8": "unsigned char",
    "fl": "unsigned long",
    "arr[0]": "int",
    "arr[1]": "int",
    "arr[2]": "int",
    "p": POINTER,
    "at": "int",
    "lk": "int",
    "s.a": "int",
    "s.b": "int",
}
"""The shared memory of every program: name and type of each scalar."""

HEADER = """C random
struct pair { int a; int b; };
int x; int y; unsigned char c8; unsigned long fl; int arr[3]; int *p;
atomic_t at; spinlock_t lk; struct pair s;
"""


@dataclass(frozen=True)
class Num:
    value: int


@dataclass(frozen=True)
class Local:
    name: str


@dataclass(frozen=True)
class Unary:
    op: str
    arg: Expr


@dataclass(frozen=True)
class Binary:
    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Cond:
    test: Expr
    then: Expr
    other: Expr


@dataclass(frozen=True)
class AddressOf:
    place: Place


@dataclass(frozen=True)
class Load:
    """``form`` is a format for the place: ``READ_ONCE({})``, ``{}``, ``smp_load_acquire(&{})``."""

    form: str
    place: Place


@dataclass(frozen=True)
class Cell:
    """A scalar by name."""

    name: str


@dataclass(frozen=True)
class Element:
    """``arr[index]``, which may lie outside."""

    index: Expr


@dataclass(frozen=True)
class Target:
    """``*q`` of a local pointer."""

    pointer: str


Expr = Num | Local | Unary | Binary | Cond | AddressOf | Load
Place = Cell | Element | Target


@dataclass(frozen=True)
class Assign:
    local: str
    value: Expr


@dataclass(frozen=True)
class Store:
    form: str
    place: Place
    value: Expr


@dataclass(frozen=True)
class Atomic:
    """``local = name(...)``, with ``local`` None for a call whose value is not used.

    ``name`` is a key of ``interleave.ATOMICS``; ``expected`` is try_cmpxchg's local.
    """

    name: str
    local: str | None
    cell: str
    args: tuple[Expr, ...]
    expected: str | None = None


@dataclass(frozen=True)
class If:
    test: Expr
    then: tuple[Stmt, ...]
    other: tuple[Stmt, ...] = ()


@dataclass(frozen=True)
class While:
    test: Expr
    body: tuple[Stmt, ...]
    do: bool = False


@dataclass(frozen=True)
class For:
    """``for (local = 0; local < count; local++)``."""

    local: str
    count: int
    body: tuple[Stmt, ...]


@dataclass(frozen=True)
class Switch:
    """Each arm is a number (None: default), its statements, and whether it ends in a break."""

    value: Expr
    arms: tuple[tuple[int | None, tuple[Stmt, ...], bool], ...]


@dataclass(frozen=True)
class Retry:
    """``label: body; if (test) goto label;``"""

    label: str
    body: tuple[Stmt, ...]
    test: Expr


@dataclass(frozen=True)
class Leave:
    """``break``, ``continue`` or ``return``."""

    how: str


@dataclass(frozen=True)
class Demand:
    """``BUG_ON`` or ``__assume``."""

    form: str
    test: Expr


@dataclass(frozen=True)
class Fence:
    """``smp_mb()`` and the like."""

    name: str


@dataclass(frozen=True)
class Call:
    """``local = function(args)``: one of ``FUNCTIONS``."""

    local: str
    function: str
    args: tuple[Expr, ...]


Stmt = Assign | Store | Atomic | If | While | For | Switch | Retry | Leave | Demand | Fence | Call


@dataclass(frozen=True)
class Function:
    """``params`` and ``locals`` are (name, type); ``result`` is returned at the end."""

    params: tuple[tuple[str, str], ...]
    locals: tuple[tuple[str, str, int], ...]
    body: tuple[Stmt, ...]
    result: Expr


@dataclass(frozen=True)
class Thread:
    """``locals`` are (name, type, start value)."""

    locals: tuple[tuple[str, str, int], ...]
    body: tuple[Stmt, ...]


@dataclass(frozen=True)
class Mini:
    """``start`` gives the start values that are not 0; a pointer's is a cell's name."""

    start: dict[str, int | str]
    threads: tuple[Thread, ...]
    functions: dict[str, Function] = field(default_factory=dict)


# As C.


def expr(e: Expr) -> str:
    match e:
        case Num(value):
            return str(value)
        case Local(name):
            return name
        case Unary(op, arg):
            return f"{op}({expr(arg)})"
        case Binary(op, left, right):
            return f"({expr(left)} {op} {expr(right)})"
        case Cond(test, then, other):
            return f"({expr(test)} ? {expr(then)} : {expr(other)})"
        case AddressOf(at):
            return f"&{place(at)}"
        case Load(form, at):
            return form.format(place(at))


def place(at: Place) -> str:
    match at:
        case Cell(name):
            return name
        case Element(index):
            return f"arr[{expr(index)}]"
        case Target(pointer):
            return f"*{pointer}"


def block(body: tuple[Stmt, ...]) -> str:
    return "{ " + " ".join(map(stmt, body)) + " }"


def stmt(s: Stmt) -> str:
    match s:
        case Assign(local, value):
            return f"{local} = {expr(value)};"
        case Store(form, at, value):
            return form.format(place(at), expr(value))
        case Atomic():
            return atomic(s)
        case If(test, then, other):
            return f"if ({expr(test)}) {block(then)} else {block(other)}"
        case While(test, body, do):
            around = f"do {block(body)} while ({expr(test)});"
            return around if do else f"while ({expr(test)}) {block(body)}"
        case For(local, count, body):
            return f"for ({local} = 0; {local} < {count}; {local}++) {block(body)}"
        case Switch(value, arms):
            return f"switch ({expr(value)}) {{ {' '.join(map(arm, arms))} }}"
        case Retry(label, body, test):
            return f"{label}: {block(body)} if ({expr(test)}) goto {label};"
        case Leave(how):
            return f"{how};"
        case Demand(form, test):
            return f"{form}({expr(test)});"
        case Fence(name):
            return f"{name}();"
        case Call(local, function, args):
            return f"{local} = {function}({', '.join(map(expr, args))});"


def arm(a: tuple[int | None, tuple[Stmt, ...], bool]) -> str:
    number, body, leaves = a
    head = "default:" if number is None else f"case {number}:"
    return f"{head} {block(body)} {'break;' if leaves else ''}"


def atomic(s: Atomic) -> str:
    where = f"&{s.cell}"
    values = [expr(a) for a in s.args]
    if s.name.startswith(("atomic_add", "atomic_sub", "test_", "set_", "clear_")) and (
        s.name != "atomic_add_unless"
    ):
        given = [*values, where]
    elif s.expected is not None:
        given = [where, f"&{s.expected}", *values]
    else:
        given = [where, *values]
    call = f"{s.name}({', '.join(given)});"
    return call if s.local is None else f"{s.local} = {call}"


def declared(locals: tuple[tuple[str, str, int], ...]) -> str:
    return " ".join(f"{type} {name} = {value};" for name, type, value in locals)


def text(mini: Mini, condition: str = "") -> str:
    """The litmus test."""
    parts = [HEADER]
    for name, f in mini.functions.items():
        params = ", ".join(f"{type} {n}" for n, type in f.params)
        body = " ".join(map(stmt, f.body))
        parts.append(
            f"static int {name}({params}) {{ {declared(f.locals)} {body} "
            f"return {expr(f.result)}; }}\n"
        )
    start = [f"{n} = {v if isinstance(v, int) else '&' + v};" for n, v in mini.start.items()]
    parts.append(f"{{ {' '.join(start)} }}\n")
    for number, thread in enumerate(mini.threads):
        body = "\n\t".join(map(stmt, thread.body))
        parts.append(f"P{number}(void)\n{{\n\t{declared(thread.locals)}\n\t{body}\n}}\n")
    return "".join(parts) + condition


def observed(mini: Mini) -> list[str]:
    """What a final state shows: all cells and all threads' locals."""
    names = list(CELLS)
    names += [f"{i}:{n}" for i, t in enumerate(mini.threads) for n, _, _ in t.locals]
    return names
