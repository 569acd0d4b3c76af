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
from ksmcheck.cat.compile import CompiledCat, compile_cat
from ksmcheck.cat.derive import LACKING
from ksmcheck.cat.load import load_text
from ksmcheck.check.check import Checker
from ksmcheck.check.verdict import Request
from ksmcheck.events.structure import Dependency, EventStructure
from ksmcheck.kernel.ints import U32
from ksmcheck.program.change import DROP, MOVE, REMOVE, REPLACE, STRENGTHEN, WEAKEN
from ksmcheck.record import replace
from ksmcheck.solve.base import Base
from ksmcheck.solve.concrete import Concrete
from ksmcheck.solve.flags import PairSearch, selects
from ksmcheck.solve.gates import TRUE
from ksmcheck.solve.lemmas import Lemmas, View, split
from ksmcheck.solve.session import Session
from ksmcheck.text import InputError
from tests.fresh import fresh_checker
from tests.solve.conftest import Build

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
        *(("path-b", model) for model in ("alpha", "lkmm")),
        ("add-swap", "alpha"),  # the others have nothing to learn
        ("aba", "lkmm"),
    ],
)
def test_of_variants_of_a_scenario(scenario: str, model: str) -> None:
    suite = load_suite(ROOT / "litmus" / "ksm")
    (group,) = jobs_of(
        suite, scenarios=[scenario], variants=["all"], kernels=["6.12"], models=[model]
    )
    checker, count, wrong = fresh_checker(), 0, list[str]()
    for job in group[::4][:2]:
        if job.skip is None:
            request = replace(job.request, unroll=1)
            tried, found = Pupil(checker, request).wrong(12)
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
        *((seed, "lkmm") for seed in (1, 4, 6, 9, 12, 14)),
        *((seed, model) for seed in (4, 9) for model in ("armv8", "power", "alpha")),
    ],
)
def test_of_changes_of_random_programs(seed: int, model: str, tmp_path: Path) -> None:
    """With the seeds that have something to learn: a pair that never races needs no reason."""
    path = tmp_path / f"branching{seed}.litmus"
    path.write_text(branching(seed), encoding="utf-8")
    checker, count, wrong = fresh_checker(), 0, list[str]()
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
    structure = fresh_checker().workshop.structure(request, "default")
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


class Pair:
    """P0 writes x and then y if it sees what P1 writes to z, which P0 then reads again."""

    def __init__(self, build: type[Build], cat: CompiledCat) -> None:
        b = build(0, 0, 0)
        p, q = b.thread(), b.thread()
        seen = b.read(p, 2, (0, 1))
        there = b.eq(seen, 1)
        self.read = seen.payload
        self.first = b.write(p, 0, 1, guard=there, tags=("T",))
        self.second = b.write(p, 1, 1, guard=there)
        self.again = b.read(p, 2, (0, 1), guard=there).payload
        self.sent = b.write(q, 2, 1)
        self.plain, self.cat, self.lemmas = b.structure(), cat, Lemmas()
        self.always, self.never, self.sometimes = b.terms.true, b.terms.false, there
        self.late = b.eq(b.terms.read(self.again, U32), 1)
        self.value = b.terms.read(self.first, U32)
        self.elsewhere = b.address(1)

    def changed(self, number: int, **fields: object) -> EventStructure:
        events = list(self.plain.events)
        events[number] = replace(events[number], **fields)
        return replace(self.plain, events=tuple(events))

    def seen_by(self, structure: EventStructure, cat: CompiledCat | None = None) -> View:
        concrete = Concrete(Base(structure, False))
        view = self.lemmas.view(concrete, cat or self.cat, lambda node: 0)
        assert view is not None
        return view


def told(view: View) -> bool:
    return bool(list(view.required()))


def test_of_events_of_which_the_same_holds(build: type[Build], sc: CompiledCat) -> None:
    """That the first write cannot be is said of such a write alone: in that thread, to that cell,
    with these tags, from the same reads."""
    pair = Pair(build, sc)
    first, read = pair.first, pair.read
    pair.seen_by(pair.plain).add("c", [("exec", first, first)], [], [])
    always, never, sometimes = (
        replace(pair.plain, dependencies=(Dependency("data", read, first, guard),))
        for guard in (pair.always, pair.never, pair.sometimes)
    )
    others = {
        "kind": pair.changed(first, kind="R", value=pair.value, values=(0, 1)),
        "tags": pair.changed(first, tags=frozenset()),
        "thread": pair.changed(first, thread=1),
        "cell": pair.changed(first, address=pair.elsewhere, cells=(1,)),
        "rmw": replace(pair.plain, rmw=((read, first),)),
        "dependency": always,
        "dependency, or not": sometimes,
    }
    assert told(pair.seen_by(pair.plain))
    assert told(pair.seen_by(never))
    for name, structure in others.items():
        assert not told(pair.seen_by(structure)), name
    # What does not concern it makes no difference; another model does.
    assert told(pair.seen_by(pair.changed(pair.second, tags=frozenset(("T",)))))
    other = compile_cat(load_text("acyclic po | rf as c"))
    assert not told(pair.seen_by(pair.plain, other))


def test_of_programs_without_a_branch(build: type[Build], sc: CompiledCat) -> None:
    """Reasons do not say there who is executed, and nothing is to be taken over from them."""
    b = build(0)
    b.write(b.thread(), 0, 1)
    concrete = Concrete(Base(b.structure(), False))
    assert Lemmas().view(concrete, sc, lambda node: 0) is None


def test_of_an_event_that_is_never_in_a_set(build: type[Build]) -> None:
    cat = compile_cat(load_text("empty [range(rf)] ; po as c"))
    (node,) = (n.id for n in cat.nodes if n.op == "range")
    pair = Pair(build, cat)
    first, nothing = pair.first, frozenset[int]()
    limit = ("lacks", node, first, first, nothing)
    pair.seen_by(pair.plain).add("c", [("exec", first, first)], [], [limit])
    for there in (0, 1 << first, 1 << pair.second):
        concrete = Concrete(Base(pair.plain, False))
        view = pair.lemmas.view(concrete, cat, {node: there}.__getitem__)
        assert view is not None
        assert told(view) is (there != 1 << first)


def test_what_is_lacking_has_the_structure_s_numbers() -> None:
    """As ``Reason`` has it; what holds has those of the graph."""
    facts = [("rf", 0, 1), (LACKING + "rf", 0, 1)]
    assert split(facts, (3, 4)) == ([("rf", 3, 4)], [("rf", 0, 1)])


def test_of_events_in_the_same_order(build: type[Build], sc: CompiledCat) -> None:
    """Both of the writes, in this order and in two places: also where one is only among what is
    lacking, or in a limit."""
    swapped, joined = ((3, 2), (2, 2))
    for facts, lacking, limits in (
        ("both", False, False),
        ("second", True, False),
        ("second", False, True),
    ):
        pair = Pair(build, sc)
        one, two = pair.first, pair.second
        nothing = frozenset[int]()
        pair.seen_by(pair.plain).add(
            "c",
            [("exec", e, e) for e in ((one, two) if facts == "both" else (two,))],
            [("co", one, two)] if lacking else [],
            [("pair", -1, one, two, nothing)] if limits else [],
        )
        assert told(pair.seen_by(pair.plain))
        at = pair.plain.events[one].position
        for places in (swapped, joined):
            events = list(pair.plain.events)
            for number, place in zip((one, two), places, strict=True):
                events[number] = replace(events[number], position=at + place - 2)
            other = replace(pair.plain, events=tuple(events))
            assert not told(pair.seen_by(other))
    # And the other way round: what is said of two in one place is not said of others.
    pair = Pair(build, sc)
    facts_ = [("exec", e, e) for e in (pair.first, pair.second)]
    together = pair.changed(pair.second, position=pair.plain.events[pair.first].position)
    pair.seen_by(together).add("c", facts_, [], [])
    assert told(pair.seen_by(together))
    assert not told(pair.seen_by(pair.plain))


def test_what_is_lacking_is_what_would_help(build: type[Build], sc: CompiledCat) -> None:
    """The second read does not have P1's write as its source: unless it has, the candidate is
    forbidden. Where there is no such write there is no such way out."""
    pair = Pair(build, sc)
    pair.seen_by(pair.plain).add(
        "c", [("exec", pair.second, pair.second)], [("rf", pair.sent, pair.again)], []
    )
    base = Base(pair.plain, False)
    view = pair.lemmas.view(Concrete(base), sc, lambda node: 0)
    assert view is not None
    ((_, clause),) = view.required()
    assert clause == sorted((-base.exec[pair.second], base.rf[pair.sent, pair.again]))


def test_what_holds_together_is_forbidden_together(build: type[Build], sc: CompiledCat) -> None:
    """A dependency that there is sometimes: its events are executed, and its guard holds."""
    pair = Pair(build, sc)
    dependency = Dependency("data", pair.read, pair.first, pair.late)
    base = Base(replace(pair.plain, dependencies=(dependency,)), False)
    view = pair.lemmas.view(Concrete(base), sc, lambda node: 0)
    assert view is not None
    view.add("c", [("data", pair.read, pair.first)], [], [])
    ((_, clause),) = view.required()
    assert clause == sorted((-base.exec[pair.first], -base.literal(pair.late)))


def test_a_pair_is_acquitted_of_one_flag(build: type[Build], sc: CompiledCat) -> None:
    pair = Pair(build, sc)
    one, two = pair.first, pair.second
    view = pair.seen_by(pair.plain)
    view.add("c", [("exec", one, one)], [], [], (7, one, two))
    assert list(view.acquitted(7, one, two))
    assert not list(view.acquitted(8, one, two))
    assert not list(view.acquitted(7, two, one))
    position = pair.plain.events[two].position
    behind = pair.seen_by(pair.changed(one, position=position + 1))
    assert not list(behind.acquitted(7, one, two))
    assert not told(view)
