"""Least sets under models in which more order may allow more: nothing is left out unproved."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import cast

import pytest

from ksmcheck.check import Request
from ksmcheck.cli import main
from ksmcheck.program.change import REMOVE, STRENGTHEN, WEAKEN, Change
from ksmcheck.record import replace
from ksmcheck.whatif.certain import Forms, LessOrder, Unsure
from ksmcheck.whatif.lattice import minimal_points, two_levels
from ksmcheck.whatif.minimal import (
    Doubts,
    Inconclusive,
    Judge,
    Space,
    barrier_space,
    joint_sets,
    keeps,
    minimal_sets,
    proved,
)
from ksmcheck.whatif.repair import Repairer, repair_space
from tests.fresh import fresh_asker, fresh_checker
from tests.whatif.conftest import ROOT, random_program
from tests.whatif.test_minimal import below, brute_force

CLASSIC = ROOT / "litmus" / "classic"

CONTRARY = """Contrary

(* A write barrier orders writes, a read barrier reads; but a full barrier
   between two reads lets them pass each other, whatever else is there. *)
acyclic po-loc | rf | co | fr as location
let kept = (fencerel(Wmb) & (W * W)) | ((fencerel(Rmb) & (R * R)) \\ fencerel(Mb))
acyclic kept | rfe | co | fr as order
let nothing = fencerel(Barrier)
"""

PROGRAM = """C contrary

{}

P0(int *x, int *y)
{
	WRITE_ONCE(*x, 1);
	smp_wmb();
	smp_mb();
	WRITE_ONCE(*y, 1);
}

P1(int *x, int *y)
{
	int r0;
	int r1;

	r0 = READ_ONCE(*y);
	smp_rmb();
	smp_mb();
	r1 = READ_ONCE(*x);
}

exists (1:r0=1 /\\ 1:r1=0)
"""


@pytest.fixture
def contrary(tmp_path: Path) -> Request:
    (tmp_path / "contrary.cat").write_text(CONTRARY, encoding="utf-8")
    (tmp_path / "mp.litmus").write_text(PROGRAM, encoding="utf-8")
    return Request(tmp_path / "mp.litmus", str(tmp_path / "contrary.cat"))


@pytest.mark.parametrize("lattice", [False, True], ids=["barriers", "lattice"])
def test_a_fence_that_forbids_less(contrary: Request, lattice: bool) -> None:
    asker = fresh_asker()
    # As it is, P1's full barrier undoes its read barrier; weakened or taken out it does not.
    assert not keeps(asker.ask(contrary, ()))
    assert keeps(asker.ask(contrary, (Change("smp_mb@P1", "remove"),)))
    fences = [spot for spot in asker.spots(contrary) if spot.name.startswith("smp_")]
    space = barrier_space(fences, "6.12", lattice=lattice)
    found = {s.changes for s in minimal_sets(Judge(asker, [contrary]), space)}
    assert found == {space.changes(p) for p in brute_force([contrary], space)}
    assert found


def test_models_together_where_a_fence_forbids_less(contrary: Request) -> None:
    # SC needs nothing, and the other model wants P1's full barrier gone but P1's read barrier kept.
    asker, requests = fresh_asker(), [contrary, replace(contrary, model="sc")]
    fences = [spot for spot in asker.spots(contrary) if spot.name.startswith("smp_")]
    space = barrier_space(fences, "6.12")
    alone = [list(minimal_sets(Judge(asker, [request]), space)) for request in requests]
    joint = {s.changes for s in joint_sets(Judge(asker, requests), space, alone)}
    assert joint == {space.changes(p) for p in brute_force(requests, space)}
    # Where what is known of each is not true (here: that anything goes), it is found out.
    pretended = [alone[1], alone[1]]
    joint = {s.changes for s in joint_sets(Judge(asker, requests), space, pretended)}
    assert joint == {space.changes(p) for p in brute_force(requests, space)}


def test_to_take_it_for_granted_would_be_wrong(contrary: Request) -> None:
    asker = fresh_asker()
    space = barrier_space(asker.spots(contrary), "6.12")
    judge = Judge(asker, [contrary])
    granted = list(minimal_points(space.sites, lambda p: judge.broken(space.changes(p)) is None))
    assert granted == []
    with pytest.raises(Inconclusive, match=r"`order` of .*contrary may forbid more"):
        list(minimal_sets(judge, space, patience=0))


def test_repairs_where_a_fence_forbids_less(contrary: Request) -> None:
    asker, checker = fresh_asker(), fresh_checker()
    request = replace(contrary, path=contrary.path.with_name("bare.litmus"))
    bare = "\n".join(x for x in PROGRAM.splitlines() if "smp_" not in x)
    request.path.write_text(bare, encoding="utf-8")
    test = asker.workshop.source(request)
    space = repair_space(test, asker.spots(request), "6.12")
    # Barriers alone: the stronger accesses mean nothing to this model.
    chosen = [i for i, forms in enumerate(space.forms) if forms[0] and forms[0].kind == "insert"]
    space.sites = [space.sites[i] for i in chosen]
    space.forms = [space.forms[i] for i in chosen]
    found = {r.changes for r in Repairer(asker, [request]).repairs(space, test)}
    points = product(*(range(len(levels.names)) for levels in space.sites))
    safe = [p for p in points if keeps(checker.check(replace(request, changes=space.changes(p))))]
    least = {p for p in safe if not any(below(space.sites, q, p) for q in safe)}
    assert found == {space.changes(p) for p in least}
    assert len(found) == 1


@pytest.mark.parametrize(
    "model", ["tso", "armv7", "armv8", "power", "riscv", "alpha", "alpha-letter", "lkmm"]
)
def test_nothing_is_left_in_doubt_under_the_shipped_models(model: str, tmp_path: Path) -> None:
    paths = [CLASSIC / "SB" / "SB+mb+mb.litmus", CLASSIC / "MP" / "MP+wmb+rmb.litmus"]
    for seed in (3, 7, 22, 36):
        paths.append(tmp_path / f"random{seed}.litmus")
        paths[-1].write_text(random_program(seed), encoding="utf-8")
    for path in paths:
        asker, request = fresh_asker(), Request(path, model)
        for lattice in (False, True):
            space = barrier_space(asker.spots(request), "6.12", lattice=lattice)
            list(minimal_sets(Judge(asker, [request]), space, patience=0))


def test_the_command_line_says_what_was_not_looked_at(
    contrary: Request, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ksmcheck.whatif.minimal.PATIENCE", 0)
    given = ["whatif", str(contrary.path), "--model", contrary.model, "--minimal"]
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == 4
    assert "not all could be looked at" in capsys.readouterr().out


TRYLOCK = """C trylock
{{ {start} }}
P0(int *x, int *y, unsigned long *b)
{{
	int r0;

	r0 = {own}(0, b);
	WRITE_ONCE(*x, 1);
	WRITE_ONCE(*y, 1);
}}
P1(int *x, int *y)
{{
	int r0;
	int r1;

	r0 = READ_ONCE(*y);
	r1 = READ_ONCE(*x);
}}
~exists (1:r0=1 /\\ 1:r1=0)
"""


@pytest.mark.parametrize(
    ("own", "start", "other", "known"),
    [
        # The bit was clear: both forms set it, and both are done as they are recorded.
        (
            *("test_and_set_bit", ""),
            *(Change("test_and_set_bit@P0", WEAKEN, "test_and_set_bit_lock"), True),
        ),
        # It was set: test_and_set_bit() stores it once more, test_and_set_bit_lock() does not.
        (
            *("test_and_set_bit", "b=1;"),
            *(Change("test_and_set_bit@P0", WEAKEN, "test_and_set_bit_lock"), False),
        ),
        (
            *("test_and_set_bit_lock", ""),
            *(Change("test_and_set_bit_lock@P0", STRENGTHEN, "test_and_set_bit"), True),
        ),
        (
            *("test_and_set_bit_lock", "b=1;"),
            *(Change("test_and_set_bit_lock@P0", STRENGTHEN, "test_and_set_bit"), False),
        ),
    ],
)
def test_what_a_form_with_other_outcomes_would_have_done(
    own: str, start: str, other: Change, known: bool, tmp_path: Path
) -> None:
    """Under LKMM ``test_and_set_bit()`` has one outcome and ``test_and_set_bit_lock()`` two (a bit
    that is set already is only read: Documentation/atomic_bitops.txt)."""
    path = tmp_path / "t.litmus"
    path.write_text(TRYLOCK.format(own=own, start=start), encoding="utf-8")
    asker, request = fresh_asker(), Request(path, "lkmm")
    violation = Judge(asker, [request]).broken(())
    assert violation is not None
    less = LessOrder(violation, asker.workshop.model("lkmm"), asker.spots(request))
    forms = {other.site: (None, other)}
    if known:
        less.prove(forms)
    else:
        with pytest.raises(Unsure, match=r"other (accesses|outcomes)") as refused:
            less.prove(forms)
        assert refused.value.site == other.site


class Stub:
    """Proves what has no more than one form of some sites; of ``open_`` it cannot say which."""

    def __init__(self, hard: set[str], open_: set[str]) -> None:
        self.hard, self.open_ = hard, open_

    def prove(self, forms: Forms) -> None:
        for site, options in forms.items():
            if site in self.hard and len(options) > 1:
                raise Unsure(f"{site} is hard", site)
        for site, options in forms.items():
            if site in self.open_ and len(options) > 1:
                raise Unsure("some rule is in the way")


@pytest.mark.parametrize(
    ("hard", "open_", "found", "doubt"),
    [
        ("", "", ({0, 1}, {0, 1}), ""),
        ("a", "", ({1}, {0, 1}), "a is hard"),
        ("ab", "", ({1}, {0}), "a is hard"),
        # That one site is left alone does not prove the rest.
        ("a", "b", None, "a is hard"),
        ("", "a", None, "some rule is in the way"),
    ],
)
def test_how_much_is_proved(
    hard: str, open_: str, found: tuple[set[int], ...] | None, doubt: str
) -> None:
    space = Space(
        [two_levels("a"), two_levels("b")],
        [(None, Change(name, REMOVE)) for name in "ab"],
    )
    less = cast(LessOrder, Stub(set(hard), set(open_)))
    both = (frozenset((0, 1)),) * 2
    expected = None if found is None else tuple(map(frozenset, found))
    assert proved(less, space, (1, 0), both) == (expected, doubt)


def test_patience_goes_with_each_doubt_that_counts() -> None:
    whole, part = (frozenset((0, 1)),), (frozenset((1,)),)
    doubts = Doubts(2)
    assert doubts.settle(whole, whole, "", True) == whole
    assert doubts.settle(None, whole, "why", False) is None  # something narrower comes yet
    assert doubts.settle(part, whole, "why", False) == part  # what is left has to be looked at
    assert doubts.settle(None, whole, "why", True) is None
    doubts.end()
    assert doubts.settle(None, whole, "why", True) == whole  # taken for proved, and said so
    with pytest.raises(Inconclusive, match="why"):
        doubts.end()
