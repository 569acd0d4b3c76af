"""Loops that poll and change locals now and then, beside a search of all interleavings.

Such a loop may go round as often as it likes, and yet has few states: its locals, the memory, and
where both threads are. So which values it can end with is known without a bound; under SC ksmcheck,
which leaves out the rounds that change nothing and unrolls the others, must say the same, or that a
bound was reached.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import BOUNDED
from tests.fresh import fresh_checker

Test = tuple[str, bool, str]
"""A register, whether it has to be equal, and a register or a number."""

Statement = tuple[Test | None, str, str]
"""When (always, if None), what is assigned to (``z``: memory; nothing for ``break``), and what:
``x`` and ``y`` are memory."""

State = tuple[int, int, tuple[tuple[str, int], ...]]
"""Where the poll is, where the other thread is, and what all names hold."""

START = tuple((name, 0) for name in ("r", "s", "v", "x", "y", "z"))
ASKED = (0, 1, 2, 10, 11, 12, 20, 21, 22)

TEXT = """C t
static int poll(int *x, int *y, int *z)
{{
	int r = 0;
	int s = 0;
	int v = 0;

	for (;;) {{
{body}
	}}
	return r * 10 + s;
}}
{{ }}
P0(int *x, int *y, int *z) {{ int end = poll(x, y, z); }}
P1(int *x, int *y) {{ {stores} }}
~exists (0:end={asked})
"""


def made(rng: random.Random) -> tuple[list[Statement], list[tuple[str, int]]]:
    """A loop's body, which begins with a look and may be left by its last statement, and what the
    other thread stores. Little is done in each round, so that some change nothing."""

    def test() -> Test:
        return rng.choice("vrs"), rng.random() < 0.5, rng.choice("012rv")

    def statement() -> Statement:
        when = test() if rng.random() < 0.95 else None
        kind = rng.random()
        if kind < 0.2:
            return when, "v", rng.choice("xy")
        if kind < 0.95:
            return when, rng.choice("rs"), rng.choice("012vrs")
        return when, "z", rng.choice("1r")

    body = [statement() for _ in range(rng.randint(2, 4))]
    stores = [(rng.choice("xy"), rng.choice((1, 2))) for _ in range(rng.randint(2, 4))]
    return [(None, "v", rng.choice("xy")), *body, (test(), "", "")], stores


def held(name: str, values: dict[str, int]) -> int:
    return int(name) if name.isdigit() else values[name]


def after(state: State, body: list[Statement], stores: list[tuple[str, int]]) -> Iterator[State]:
    at, stored, names = state
    if stored < len(stores):
        yield at, stored + 1, tuple({**dict(names), stores[stored][0]: stores[stored][1]}.items())
    if at < len(body):
        when, target, source = body[at]
        values, next_ = dict(names), (at + 1) % len(body)
        if when is None or (held(when[0], values) == held(when[2], values)) == when[1]:
            if target:
                values[target] = held(source, values)
            else:
                next_ = len(body)
        yield next_, stored, tuple(values.items())


def ends(body: list[Statement], stores: list[tuple[str, int]]) -> set[int]:
    """What the poll may return."""
    seen: set[State] = {(0, 0, START)}
    todo, found = list(seen), set()
    while todo:
        state = todo.pop()
        values = dict(state[2])
        if state[0] == len(body):
            found.add(values["r"] * 10 + values["s"])
        for following in after(state, body, stores):
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return found


def line(statement: Statement) -> str:
    when, target, source = statement
    value = f"READ_ONCE(*{source})" if source in ("x", "y") else source
    done = f"{target} = {value};" if target != "z" else f"WRITE_ONCE(*z, {source});"
    test = "" if when is None else f"if ({when[0]} {'==' if when[1] else '!='} {when[2]}) "
    return f"\t\t{test}{done if target else 'break;'}"


# The first eight are of those in which a round that changes a local alone decides what is returned.
@pytest.mark.parametrize("seed", [31, 47, 54, 103, 113, 169, 241, 251, *range(8)])
def test_what_a_poll_may_return(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    body, stores = made(rng)
    while not (expected := ends(body, stores)):
        body, stores = made(rng)
    path = tmp_path / "t.litmus"
    lines = "\n".join(map(line, body))
    stored = " ".join(f"WRITE_ONCE(*{x}, {value});" for x, value in stores)
    for asked in ASKED:
        path.write_text(TEXT.format(body=lines, stores=stored, asked=asked))
        found = fresh_checker().check(Request(path, "sc")).verdict
        assert found == ("VIOLATED" if asked in expected else found)
        assert found in ("VIOLATED", "SAFE", BOUNDED)
        assert found != "VIOLATED" or asked in expected
