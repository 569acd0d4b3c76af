"""Lemmas: what is taken over from another program is true of this one.

Each clause is put to a session of the program that has no lemmas: a candidate that the clause
forbids has to be inconsistent, or to lack the pair of which it says that it raises no flag.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from ksmcheck.batch.jobs import jobs_of
from ksmcheck.batch.suite import load_suite
from ksmcheck.cat.compile import compile_cat
from ksmcheck.cat.load import load_text
from ksmcheck.check.check import Checker
from ksmcheck.check.verdict import Request
from ksmcheck.program.change import DROP, MOVE, REMOVE, REPLACE, STRENGTHEN, WEAKEN
from ksmcheck.record import replace
from ksmcheck.solve.flags import PairSearch, selects
from ksmcheck.solve.gates import TRUE
from ksmcheck.solve.lemmas import Lemmas
from ksmcheck.solve.session import Session
from ksmcheck.text import InputError

ROOT = Path(__file__).parents[2]
KINDS = (REMOVE, WEAKEN, STRENGTHEN, REPLACE, MOVE, DROP)


class Pupil:
    """A program under one model, with what a checker's lemmas say of it."""

    def __init__(self, checker: Checker, request: Request) -> None:
        workshop = checker.workshop
        config = workshop.configs(request)[0]
        self.cat = workshop.model(request.model).compiled
        self.session = Session(workshop.structure(request, config), self.cat)
        self.lazy = self.session.lazy
        self.view = workshop.lemmas.view(self.lazy.concrete, self.cat, self.lazy.reach.may)

    def wrong(self, most: int) -> tuple[int, list[str]]:
        """How many lemmas were tried, at most so many of each kind, and those that are not so."""
        if self.view is None:
            return 0, []
        clauses = [clause for _, clause in self.view.required()][:most]
        wrong = [f"consistency: {c}" for c in clauses if self._possible(c, [], None)]
        count = len(clauses)
        for check in self.cat.checks:
            if check.flag and selects(check, self.cat) and check.name in self.lazy.reach.raisable:
                lazy = self.lazy
                pairs = PairSearch(lazy.base, self.cat, lazy.concrete, check, lazy.reach)
                known = lazy.base.gates.new()
                pairs.install(known)
                for a, b in pairs.pairs:
                    clauses = list(self.view.acquitted(self.cat.number(check), a, b))[:most]
                    count += len(clauses)
                    this = [known, *(x if p == (a, b) else -x for p, x in pairs.pairs.items())]
                    wrong += [
                        f"{check.name} of {a}, {b}: {c}"
                        for c in clauses
                        if self._possible(c, this, pairs)
                    ]
        return count, wrong

    def _possible(self, clause: list[int], more: list[int], pairs: PairSearch | None) -> bool:
        """Whether a consistent candidate falsifies the clause (and has the only pair chosen)."""
        assumed = [x for x in (*more, *(-x for x in clause)) if x != TRUE]
        teach = None if pairs is None else pairs.judge
        return self.lazy.search(assumed, teach=teach) is not None


@pytest.mark.parametrize(
    ("scenario", "model"),
    [
        *(("path-b", model) for model in ("armv8", "power", "alpha", "lkmm")),
        ("add-swap", "alpha"),  # the others have nothing to learn
        ("aba", "lkmm"),
    ],
)
def test_of_variants_of_a_scenario(scenario: str, model: str) -> None:
    suite = load_suite(ROOT / "litmus" / "ksm")
    (group,) = jobs_of(
        suite, scenarios=[scenario], variants=["all"], kernels=["6.12"], models=[model]
    )
    checker, count, wrong = Checker(), 0, list[str]()
    for job in group[::3]:
        if job.skip is None:
            request = replace(job.request, unroll=1)
            tried, found = Pupil(checker, request).wrong(25)
            count += tried
            wrong += found
            checker.check(job.request)
    assert not wrong
    assert count > 0


_FORMS = (
    "r{n} = READ_ONCE(*{v});",
    "r{n} = smp_load_acquire({v});",
    "r{n} = *{v};",
    "WRITE_ONCE(*{v}, {k});",
    "smp_store_release({v}, {k});",
    "*{v} = {k};",
    "WRITE_ONCE(*{v}, r{m});",
    "r{n} = xchg({v}, {k});",
    "smp_mb();",
    "smp_wmb();",
    "smp_rmb();",
)


def branching(seed: int) -> str:
    """Two threads that do something where a third has set a flag: what is executed varies, and so
    there are reasons that speak of it."""
    rng = Random(seed)
    threads, seen = [], []
    for thread in range(2):
        lines = ["r0 = READ_ONCE(*z);", "if (r0) {"]
        for number in range(1, 5):
            form, v, k = rng.choice(_FORMS), rng.choice("xy"), rng.randint(1, 2)
            lines.append("\t" + form.format(n=number, m=rng.randrange(number), v=v, k=k))
        body = "\n".join("\t" + line for line in [*lines, "}"])
        registers = "".join(f"\tint r{n} = 0;\n" for n in range(5))
        threads.append(f"P{thread}(int *x, int *y, int *z)\n{{\n{registers}{body}\n}}\n")
        seen += [f"{thread}:r{n}" for n in range(5)]
    threads.append("P2(int *z)\n{\n\tWRITE_ONCE(*z, 1);\n}\n")
    asked = " /\\ ".join(f"{r}=1" for r in seen[1:3])
    return f"C branching{seed}\n\n{{}}\n\n" + "\n".join(threads) + f"\nexists ({asked})\n"


@pytest.mark.parametrize(
    ("seed", "model"),
    [
        *((seed, "lkmm") for seed in (1, 2, 4, 6, 7, 9, 10, 12, 13, 14)),
        *((seed, model) for seed in (4, 9) for model in ("armv8", "power", "alpha")),
    ],
)
def test_of_changes_of_random_programs(seed: int, model: str, tmp_path: Path) -> None:
    """With the seeds that have something to learn: a pair that never races needs no reason."""
    path = tmp_path / f"branching{seed}.litmus"
    path.write_text(branching(seed), encoding="utf-8")
    checker, count, wrong = Checker(), 0, list[str]()
    plain = Request(path, model, unroll=1)
    checker.states(plain)
    changes = [c for s in checker.workshop.spots(plain) for c in s.changes if c.kind in KINDS]
    for change in changes:
        request = replace(plain, changes=(change,))
        try:
            tried, found = Pupil(checker, request).wrong(30)
            checker.states(request)
        except InputError:
            continue
        count += tried
        wrong += [f"{change}: {w}" for w in found]
    assert not wrong
    assert count > 0


LINE = """C line

{}

P0(int *x, int *y, int *z)
{
	if (READ_ONCE(*z)) {
		WRITE_ONCE(*x, 1);
#ifdef MORE
		WRITE_ONCE(*z, 2);
#endif
		WRITE_ONCE(*y, 1);
	}
}

P1(int *z)
{
	WRITE_ONCE(*z, 1);
}

exists (x=1)
"""


def line(tmp_path: Path, *defines: str) -> Session:
    path = tmp_path / "line.litmus"
    path.write_text(LINE, encoding="utf-8")
    request = Request(path, "sc", unroll=1, defines=tuple((name, "1") for name in defines))
    structure = Checker().workshop.structure(request, "default")
    return Session(structure, compile_cat(load_text("let t = po ; po\nempty t & rf as c")))


@pytest.mark.parametrize("kind", ["lacks", "between", "from", "into", ""])
def test_limits(kind: str, tmp_path: Path) -> None:
    """po ; po is not between neighbours, po leads from the first to the second alone and to the
    second from the read and the first alone: not with another store between the two, which
    makes no difference without a limit."""
    lemmas = Lemmas()
    for number, (defines, applies) in enumerate([((), True), (("MORE",), False), ((), True)]):
        session = line(tmp_path, *defines)
        lazy, nodes = session.lazy, session.cat.nodes
        (twice,) = (n.id for n in nodes if n.op == "seq")
        (po,) = (n.id for n in nodes if n.name == "po")
        events = [e.id for e in session.structure.events if e.thread == 0]
        read, first, second = events[0], events[1], events[-1]
        view = lemmas.view(lazy.concrete, session.cat, lazy.reach.may)
        assert view is not None
        if number == 0:
            limit = {
                "lacks": ("lacks", twice, first, second, frozenset[int]()),
                "between": ("between", twice, first, second, frozenset[int]()),
                "from": ("from", po, first, first, frozenset((second,))),
                "into": ("into", po, second, second, frozenset((read, first))),
                "": None,
            }[kind]
            limits = [] if limit is None else [limit]
            view.add("c", [("exec", first, first), ("exec", second, second)], [], limits)
        told = [("c", [-lazy.base.exec[first]])]  # both are executed together
        assert list(view.required()) == (told if applies or not kind else [])
