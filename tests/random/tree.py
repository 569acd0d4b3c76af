"""A litmus program as a tree of statements: printed as a test, and made smaller piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

Body = tuple["Stmt", ...]


@dataclass(frozen=True, slots=True)
class Stmt:
    """Text and inner statements in turn: ``("if (r0) {", (...), "}")``. A plain statement has one
    part."""

    parts: tuple[str | Body, ...]


def line(text: str) -> Stmt:
    return Stmt((text,))


@dataclass(frozen=True, slots=True)
class Program:
    """``end`` holds the sections behind the threads, ``start`` entries of the start state."""

    name: str
    start: tuple[str, ...]
    threads: tuple[Body, ...]
    end: tuple[str, ...]


CELLS = {
    "x": "int x;",
    "y": "int y;",
    "z": "long z;",
    "c8": "unsigned char c8;",
    "arr": "int arr[2];",
    "p": "int *p;",
    "st": "struct pair st;",
    "at": "atomic_t at;",
    "al": "atomic_long_t al;",
    "a64": "atomic64_t a64;",
    "rc": "refcount_t rc;",
    "fl": "unsigned long fl;",
    "lk": "spinlock_t lk;",
    "mx": "struct mutex mx;",
    "rw": "rwlock_t rw;",
    "sem": "struct rw_semaphore sem;",
    "rl": "raw_spinlock_t rl;",
    "xa": "struct xarray { spinlock_t xa_lock; };\nstruct xarray xa;",
    "ss": "struct srcu_struct ss;",
}
LOCALS = {
    "r0": "int r0 = 0;",
    "r1": "int r1 = 1;",
    "u": "unsigned long u = 0;",
    "b": "unsigned char b = 2;",
    "q": "int *q = &x;",
    "idx": "int idx = 0;",
    "n1": "int n1 = 0;",
    "n2": "int n2 = 0;",
    "flags": "unsigned long flags = 0;",
}


def litmus(program: Program) -> str:
    """The program as a test; only what it uses is declared."""
    threads = [
        f"P{number}(void)\n{{\n{_locals(body)}{_body(body, 1)}}}\n"
        for number, body in enumerate(program.threads)
    ]
    used = "\n".join((*program.start, *threads, *program.end))
    cells = [text for name, text in CELLS.items() if _has(used, name)]
    cells = ["struct pair { int a; int b; };", *cells] if _has(used, "st") else cells
    head = [f"C {program.name}", "", *cells, "", f"{{ {' '.join(program.start)} }}", ""]
    return "\n".join([*head, *threads, *program.end, ""])


def _has(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.:]){name}\b", text) is not None


def _locals(body: Body) -> str:
    text = _body(body, 1)
    return "".join(f"\t{d}\n" for name, d in LOCALS.items() if _has(text, name))


def _body(body: Body, depth: int) -> str:
    tabs = "\t" * depth
    return "".join(
        f"{tabs}{part}\n" if isinstance(part, str) else _body(part, depth + 1)
        for stmt in body
        for part in stmt.parts
    )


def smaller(program: Program) -> Iterator[Program]:
    """Programs with one piece less, the largest pieces first."""
    threads = program.threads
    if len(threads) > 1:
        for i in range(len(threads)):
            # A condition about a thread that is gone would not be one; the text decides.
            yield replace(program, threads=threads[:i] + threads[i + 1 :])
    for i, body in enumerate(threads):
        for less in _smaller(body):
            yield replace(program, threads=(*threads[:i], less, *threads[i + 1 :]))
    for i in range(len(program.end)):
        yield replace(program, end=program.end[:i] + program.end[i + 1 :])
    for i in range(len(program.start)):
        yield replace(program, start=program.start[:i] + program.start[i + 1 :])


def _smaller(body: Body) -> Iterator[Body]:
    for i, stmt in enumerate(body):
        before, after = body[:i], body[i + 1 :]
        yield before + after
        for k, part in enumerate(stmt.parts):
            if not isinstance(part, str):
                yield before + part + after
                for less in _smaller(part):
                    parts = (*stmt.parts[:k], less, *stmt.parts[k + 1 :])
                    yield (*before, Stmt(parts), *after)
