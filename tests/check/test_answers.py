"""An answer serves every structure that is equal, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.batch.jobs import jobs_of
from ksmcheck.batch.suite import load_suite
from ksmcheck.check import Checker, Request
from ksmcheck.check.answers import Answers
from ksmcheck.check.questions import AnySession
from ksmcheck.check.verdict import SAFE, VIOLATED
from ksmcheck.events.structure import EventStructure, Obligation
from ksmcheck.record import replace
from tests.fresh import fresh_checker

ROOT = Path(__file__).parents[2]

MP = """C mp
int x; int y;
{ }
P0(void)
{
	WRITE_ONCE(x, 1);
	smp_wmb();
	WRITE_ONCE(y, 1);
}
P1(void)
{
	int a = READ_ONCE(y);
	int b;
	smp_rmb();
	b = READ_ONCE(x);
}
~exists (1:a=1 /\\ 1:b=VALUE)
"""


def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    open_ = Checker._opened

    def counted(
        self: Checker, structure: EventStructure, request: Request, started: float
    ) -> AnySession:
        names.append(structure.name)
        return open_(self, structure, request, started)

    monkeypatch.setattr(Checker, "_opened", counted)
    return names


@pytest.mark.parametrize(("value", "verdict"), [("0", SAFE), ("1", VIOLATED)])
def test_a_barrier_that_is_nothing_to_a_machine(
    value: str, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """smp_wmb is a compiler barrier on x86 (Linux arch/x86/include/asm/barrier.h); a=1, b=1 is
    two rounds of nothing, a=1, b=0 is forbidden by TSO."""
    path = tmp_path / "mp.litmus"
    path.write_text(MP.replace("VALUE", value), encoding="utf-8")
    sessions, checker = opened(monkeypatch), fresh_checker()
    assert checker.check(Request(path, "tso")).verdict == verdict
    assert len(sessions) == 1
    other = checker.check(Request(path, "tso", removed=frozenset(("smp_wmb@P0",))))
    assert other.verdict == verdict
    assert len(sessions) == 1
    if other.witness is not None:
        assert {e.primitive for e in other.witness.execution.events} <= {
            "",
            "READ_ONCE",
            "WRITE_ONCE",
        }
    # A store less is another structure, and so is the same one under another model.
    checker.check(Request(path, "tso", removed=frozenset(("WRITE_ONCE@P0#2",))))
    checker.check(Request(path, "sc"))
    assert len(sessions) == 3


def test_variants_of_the_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    suite = load_suite(ROOT / "litmus" / "ksm")
    (group,) = jobs_of(
        suite, scenarios=["add-swap"], variants=["all"], kernels=["6.12"], models=["sc", "tso"]
    )
    requests = [job.request for job in group if job.skip is None]
    together, sessions = fresh_checker(), opened(monkeypatch)
    verdicts = [together.check(request) for request in requests]
    assert len(sessions) < len({together.workshop.fingerprint(r) for r in requests}) * 2
    for request, shared in list(zip(requests, verdicts, strict=True))[::4]:
        alone = fresh_checker().check(request)
        assert shared.verdict == alone.verdict
        assert [o.site for o in shared.assumed] == [o.site for o in alone.assumed]


ALL = """C all
{ spinlock_t l; }
P0(int *x, int *y, spinlock_t *l)
{
	int a = xchg_relaxed(x, 1);
	BUG_ON(a == 2);
	spin_lock(l);
	WRITE_ONCE(*y, a);
	spin_unlock(l);
}
P1(int *x, int *y) { while (READ_ONCE(*y)) WRITE_ONCE(*x, 2); smp_mb(); }
filter (x=1)
exists (y=1)
"""


def test_all_that_a_search_looks_at_counts(tmp_path: Path) -> None:
    path = tmp_path / "all.litmus"
    path.write_text(ALL, encoding="utf-8")
    request = Request(path, "lkmm")
    structure = fresh_checker().workshop.structure(request, "default", stalls=True)
    answers, no = Answers(), structure.terms.false
    known = answers.known(structure)
    assert answers.known(replace(structure, name="other", thread_names=())) is known

    cell, *cells = structure.cells
    *events, fence = structure.events
    read = next(e for e in events if e.kind == "R")
    at = events.index(read)
    edge, *edges = structure.dependencies
    wrong = next(o for o in structure.obligations if o.kind == "BUG_ON")

    def demanding(one: Obligation) -> EventStructure:
        kept = tuple(one if o is wrong else o for o in structure.obligations)
        return replace(structure, obligations=kept)

    others = {
        "init": replace(structure, cells=(replace(cell, init=7), *cells)),
        "fewer events": replace(structure, events=tuple(events)),
        "rmw": replace(structure, rmw=()),
        "waits": replace(structure, waits=not structure.waits),
        "stalls": replace(structure, stalls=False),
        "quantifier": replace(structure, quantifier="~exists"),
        "fewer edges": replace(structure, dependencies=tuple(edges)),
        "relation": replace(structure, dependencies=(replace(edge, relation="none"), *edges)),
        "when": replace(structure, dependencies=(replace(edge, guard=no), *edges)),
        "rules": replace(structure, constraints=(*structure.constraints, no)),
        "where": demanding(replace(wrong, guard=no)),
        "holds": demanding(replace(wrong, holds=no)),
        "kind": demanding(replace(wrong, kind="assert")),
        "cut": replace(structure, cuts=tuple(replace(c, guard=no) for c in structure.cuts)),
        "end": replace(structure, terminated=no),
        "condition": replace(structure, condition=no),
        "filter": replace(structure, filter=None),
    }
    for name, value in (
        ("thread", 1),
        ("position", 99),
        ("kind", "W"),
        ("width", 8),
        ("guard", no),
        ("tags", frozenset(("Acquire",))),
        ("cells", ()),
        ("values", (5,)),
    ):
        one = replace(read, **{name: value})
        others[f"event's {name}"] = replace(
            structure, events=(*events[:at], one, *events[at + 1 :], fence)
        )
    assert structure.cuts
    assert [name for name, other in others.items() if answers.known(other) is known] == []


def test_the_model_and_the_manner_count(tmp_path: Path) -> None:
    path = tmp_path / "mp.litmus"
    path.write_text(MP.replace("VALUE", "0"), encoding="utf-8")
    structure = fresh_checker().workshop.structure(Request(path, "sc"), "default")
    answers = Answers()
    first = answers.known(structure, "sc", "lazy")
    assert answers.known(structure, "sc", "lazy") is first
    assert answers.known(structure, "tso", "lazy") is not first
    assert answers.known(structure, "sc", "tuple") is not first
