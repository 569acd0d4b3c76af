"""Random programs against all interleavings of their threads.

Under sc these are the executions (Lamport 1979). Weaker models add to them, and full barriers
everywhere take away what they add.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VACUOUS, VIOLATED, Observed
from tests.fresh import fresh_checker
from tests.soundness import mini_c
from tests.soundness.generator import program, weak_program, without_fence
from tests.soundness.interleave import Explorer, Result, TooMany

SECONDS = 2.0
"""What takes longer has loops without an end."""

SHARES, PROGRAMS = 2, 48
States = set[tuple[int | str, ...]]


def interleaved(mini: mini_c.Mini) -> Result | None:
    """None: there are too many states to visit them all."""
    try:
        return Explorer(mini).run()
    except TooMany:
        return None


def final_states(mini: mini_c.Mini, model: str, folder: Path) -> States | None:
    """In the order and the words of the explorer; None where ksmcheck finds no end of them."""
    names = mini_c.observed(mini)
    path = folder / "t.litmus"
    path.write_text(mini_c.text(mini, f"locations [{'; '.join(names)};]\nexists (true)\n"))
    try:
        return worded(fresh_checker().states(Request(path, model, timeout=SECONDS)), names)
    except TimeoutError:
        return None


def worded(found: Observed, names: list[str]) -> States:
    """``found`` with the names of cells for addresses."""
    named = {cell.address: name for cell, name in zip(found.cells, mini_c.CELLS, strict=True)}
    assert sorted(found.texts) == sorted(names)
    pointers = {name for name in names if name == "p" or name.endswith(":q")}
    states: States = set()
    for values in found.states:
        state = dict(zip(found.texts, values, strict=True))
        states.add(tuple(named.get(state[n], "none") if n in pointers else state[n] for n in names))
    return states


@pytest.mark.parametrize("share", range(SHARES))
def test_the_states_of_all_interleavings_and_no_others(share: int, tmp_path: Path) -> None:
    compared = 0
    for seed in range(share, PROGRAMS, SHARES):
        mini = program(seed)
        wanted = interleaved(mini)
        found = None if wanted is None else final_states(mini, "sc", tmp_path)
        if wanted is not None and found is not None:
            assert found == wanted.finals, seed
            compared += 1
    assert compared > PROGRAMS // SHARES // 2  # the others have loops without an end


CALLS = {
    "at": {
        **dict.fromkeys(("atomic_inc", "atomic_dec_and_test", "atomic_inc_not_zero"), 0),
        **dict.fromkeys(("atomic_add_return", "atomic_sub_return_relaxed", "atomic_xchg"), 1),
        **dict.fromkeys(("atomic_cmpxchg", "atomic_add_unless"), 2),
    },
    "x": {"xchg": 1},
    "c8": {"cmpxchg": 2, "cmpxchg_relaxed": 2},
    "fl": dict.fromkeys(
        ("set_bit", "clear_bit", "test_bit", "test_and_set_bit", "test_and_clear_bit"), 1
    ),
}
"""Cell, calls on it, and how many arguments each has."""
WITHOUT_RESULT = ("atomic_inc", "set_bit", "clear_bit")


@pytest.mark.parametrize(
    ("cell", "name", "arguments"),
    [(cell, name, count) for cell, names in CALLS.items() for name, count in names.items()],
)
def test_every_call_twice_in_a_row_beside_another(
    cell: str, name: str, arguments: int, tmp_path: Path
) -> None:
    def call(local: str, *values: int) -> mini_c.Atomic:
        given = tuple(map(mini_c.Num, values[:arguments]))
        return mini_c.Atomic(name, None if name in WITHOUT_RESULT else local, cell, given)

    locals = (("r0", "int", 7), ("r1", "int", 7))
    twice = mini_c.Thread(locals, (call("r0", 2, 1), call("r1", 1, 3)))
    once = mini_c.Thread(locals, (call("r0", 3, 2),))
    for start in range(4):
        mini = mini_c.Mini({cell: start}, (twice, once))
        wanted = interleaved(mini)
        assert wanted is not None
        assert final_states(mini, "sc", tmp_path) == wanted.finals, start


@pytest.mark.parametrize("share", range(SHARES))
def test_a_property_is_broken_where_some_interleaving_breaks_it(share: int, tmp_path: Path) -> None:
    verdicts: list[str] = []
    for seed in range(share, PROGRAMS, SHARES):
        mini = program(seed)
        wanted = interleaved(mini)
        if wanted is None:
            continue
        path = tmp_path / f"{seed}.litmus"
        path.write_text(mini_c.text(mini, "forall (true)\n"))
        found = fresh_checker().check(Request(path, "sc", timeout=SECONDS))
        verdicts.append(found.verdict)
        if found.verdict in (UNKNOWN, BOUNDED):
            continue
        assert (found.verdict == VIOLATED) == bool(wanted.failed), seed
        if found.verdict == VIOLATED:
            assert found.witness is not None
            assert found.witness.failure.name in wanted.failed, seed
        else:
            assert found.verdict == (SAFE if wanted.finals else VACUOUS), seed
    assert verdicts.count(SAFE) > len(verdicts) // 3
    assert VIOLATED in verdicts


def fenced(mini: mini_c.Mini) -> mini_c.Mini:
    """With ``smp_mb()`` between all statements, of which each accesses memory once at most."""
    threads = []
    for thread in mini.threads:
        body = [s for statement in thread.body for s in (statement, mini_c.Fence("smp_mb"))]
        threads.append(mini_c.Thread(thread.locals, tuple(body)))
    return mini_c.Mini(mini.start, tuple(threads))


def bounded_from_both_sides(mini: mini_c.Mini, model: str, folder: Path) -> bool:
    """A model allows what interleavings do, no more than that where everything is fenced, and no
    less where a barrier is gone. Gives whether it allows more than they do."""
    wanted = interleaved(mini)
    found = final_states(mini, model, folder)
    assert wanted is not None
    assert found is not None
    assert found >= wanted.finals
    assert final_states(fenced(mini), model, folder) == wanted.finals
    number = 0
    while (less := without_fence(mini, number)) is not None:
        more = final_states(less, model, folder)
        assert more is not None
        assert more >= found, number
        number += 1
    return found > wanted.finals


@pytest.mark.parametrize("model", ["tso", "armv8", "power", "alpha", "lkmm"])
def test_a_weaker_model(model: str, tmp_path: Path) -> None:
    weaker = [bounded_from_both_sides(weak_program(seed), model, tmp_path) for seed in range(14)]
    assert any(weaker)
