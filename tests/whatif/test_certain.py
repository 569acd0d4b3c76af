"""Least sets under models in which more order may allow more: nothing is left out unproved."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.cli import main
from ksmcheck.program.change import Change
from ksmcheck.record import replace
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.lattice import minimal_points
from ksmcheck.whatif.minimal import (
    Inconclusive,
    Judge,
    barrier_space,
    joint_sets,
    keeps,
    minimal_sets,
)
from ksmcheck.whatif.repair import Repairer, repair_space
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
    asker = Asker()
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
    asker, requests = Asker(), [contrary, replace(contrary, model="sc")]
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
    asker = Asker()
    space = barrier_space(asker.spots(contrary), "6.12")
    judge = Judge(asker, [contrary])
    granted = list(minimal_points(space.sites, lambda p: judge.broken(space.changes(p)) is None))
    assert granted == []
    with pytest.raises(Inconclusive, match=r"`order` of .*contrary may forbid more"):
        list(minimal_sets(judge, space, patience=0))


def test_repairs_where_a_fence_forbids_less(contrary: Request) -> None:
    asker, checker = Asker(), Checker()
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
        asker, request = Asker(), Request(path, model)
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
