"""What the rows order, by the cat files: tables and models together.

Each primitive stands between two accesses of other words, and the outcome that it would forbid is
put to the model. The expected answers are not read off the rows: they are the kernel's promises
(Documentation/atomic_t.txt: value-returning is fully ordered), and, where a machine broke them in
2013, herd7's answers for the instruction sequence with its own models.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import pytest

from ksmcheck.cat.graph import Graph
from ksmcheck.kernel.orders import stronger, weaker
from ksmcheck.kernel.primitives import all_primitives, primitives
from ksmcheck.lowering.lookup import row_cases
from ksmcheck.lowering.template import Step
from ksmcheck.model.load import load_model
from ksmcheck.model.model import Model
from ksmcheck.store.cache import Cache


@cache
def model(name: str) -> Model:
    return load_model(name, cache=Cache(None))


@dataclass
class Drawing:
    """An execution of two threads, drawn event by event. Words start at 0, by an initial write."""

    events: list[tuple[int, str, str | None, tuple[str, ...]]] = field(default_factory=list)
    rf: list[tuple[int, int]] = field(default_factory=list)
    rmw: list[tuple[int, int]] = field(default_factory=list)

    def init(self, *words: str) -> None:
        for word in words:
            self.add(-1, "W", word, ())

    def add(self, thread: int, kind: str, word: str | None, tags: tuple[str, ...]) -> int:
        self.events.append((thread, kind, word, tags))
        return len(self.events) - 1

    def read(self, thread: int, word: str, source: int, tags: tuple[str, ...] = ()) -> int:
        event = self.add(thread, "R", word, tags)
        self.rf.append((source, event))
        return event

    def latest(self, word: str) -> int:
        """The last write to the word drawn so far."""
        return max(i for i, (_, kind, at, _) in enumerate(self.events) if (kind, at) == ("W", word))

    def primitive(self, thread: int, steps: tuple[Step, ...], word: str) -> None:
        """A row on its own words, which nobody else touches: each read sees the last write."""
        pair: dict[bool, int] = {}
        for step in steps:
            at = f"{word}.lock" if step.lock else word
            if step.kind == "R":
                event = self.read(thread, at, self.latest(at), step.tags)
                if step.rmw:
                    pair[step.lock] = event
            elif step.kind == "W":
                event = self.add(thread, "W", at, step.tags)
                if step.rmw:
                    self.rmw.append((pair[step.lock], event))
            else:
                self.add(thread, "F", None, step.tags)

    def graph(self) -> Graph:
        n = len(self.events)
        sets: dict[str, int] = {}
        rels: dict[str, int] = {}
        for i, (thread, kind, _, tags) in enumerate(self.events):
            names = {kind, *tags} | ({"IW"} if thread < 0 else set())
            names |= {"RMW"} if any(i in pair for pair in self.rmw) else set()
            for name in names:
                sets[name] = sets.get(name, 0) | 1 << i

        def relate(name: str, a: int, b: int) -> None:
            rels[name] = rels.get(name, 0) | 1 << (a * n + b)

        for a, (ta, _, la, _) in enumerate(self.events):
            for b, (tb, _, lb, _) in enumerate(self.events):
                relate("int" if (ta == tb and ta >= 0) or a == b else "ext", a, b)
                if ta == tb >= 0 and a < b:
                    relate("po", a, b)
                if la is not None and la == lb:
                    relate("loc", a, b)
                    if self.events[a][1] == self.events[b][1] == "W" and a < b:
                        relate("co", a, b)
        for name, pairs in (("rf", self.rf), ("rmw", self.rmw)):
            for a, b in pairs:
                relate(name, a, b)
        return Graph(n, sets, rels)


def steps_of(name: str, point: str, primitive: str) -> tuple[Step, ...]:
    """``atomic_cmpxchg!`` is the failing case."""
    kernel, _, config = point.partition("/")
    wanted = primitive.rstrip("!")
    config = config or model(name).configs(kernel)[0]
    cases = dict(row_cases(model(name).row(all_primitives()[wanted], kernel, config)))
    if primitive.endswith("!"):
        return cases["fail"]
    return cases.get("ok") or cases.get("always") or ()


def marked(name: str, kind: str) -> tuple[str, ...]:
    """LKMM has no opinion on plain races; its accesses are marked."""
    return ("Once",) if name == "lkmm" else ()


def between(name: str, point: str, kinds: str, primitives: list[str]) -> Drawing:
    """Thread 0: access of x, the primitives, access of y. ``kinds`` are the two accesses' kinds."""
    drawing = Drawing()
    drawing.init("x", "y", *(w for i in range(len(primitives)) for w in (f"z{i}", f"z{i}.lock")))
    _access(drawing, name, 0, kinds[0], "x")
    for i, primitive in enumerate(primitives):
        drawing.primitive(0, steps_of(name, point, primitive), f"z{i}")
    _access(drawing, name, 0, kinds[1], "y")
    return drawing


def _access(drawing: Drawing, name: str, thread: int, kind: str, word: str) -> None:
    tags = marked(name, kind)
    if kind == "W":
        drawing.add(thread, "W", word, tags)
    else:
        drawing.read(thread, word, 0 if word == "x" else 1, tags)


def allows_sb(name: str, point: str, primitives: list[str]) -> bool:
    """W x; primitives; R y = 0  ||  W y; smp_mb; R x = 0."""
    drawing = between(name, point, "WR", primitives)
    drawing.add(1, "W", "y", marked(name, "W"))
    drawing.primitive(1, steps_of(name, point, "smp_mb"), "z0")
    drawing.read(1, "x", 0, marked(name, "R"))
    return not model(name).compiled.violated(drawing.graph())


def allows_mp(name: str, point: str, primitives: list[str]) -> bool:
    """W x; primitives; W y  ||  R y = 1; smp_mb; R x = 0."""
    drawing = between(name, point, "WW", primitives)
    drawing.read(1, "y", drawing.latest("y"), marked(name, "R"))
    drawing.primitive(1, steps_of(name, point, "smp_mb"), "z0")
    drawing.read(1, "x", 0, marked(name, "R"))
    return not model(name).compiled.violated(drawing.graph())


MACHINES_612 = ["tso", "armv7", "armv8/llsc", "armv8/lse", "power", "riscv", "alpha", "lkmm"]


def at(machine: str, kernel: str) -> tuple[str, str]:
    name, _, config = machine.partition("/")
    return name, f"{kernel}/{config}" if config else kernel


@pytest.mark.parametrize("machine", MACHINES_612)
@pytest.mark.parametrize(
    "primitive",
    [
        "smp_mb",
        "atomic_fetch_add",
        "atomic_dec_and_test",
        "atomic_xchg",
        "xchg",
        "atomic_cmpxchg",
        "cmpxchg",
        "atomic_inc_not_zero",
        "test_and_clear_bit",
    ],
)
def test_what_612_promises_to_be_fully_ordered_is(machine: str, primitive: str) -> None:
    name, point = at(machine, "6.12")
    assert not allows_sb(name, point, [primitive])
    assert not allows_mp(name, point, [primitive])


@pytest.mark.parametrize("machine", [m for m in MACHINES_612 if m != "tso"])
@pytest.mark.parametrize("primitive", ["atomic_inc", "set_bit", "atomic_fetch_add_relaxed"])
def test_unordered_rmws_order_nothing(machine: str, primitive: str) -> None:
    """Alpha's relaxed form is the exception: it ends in mb, for the sake of dependencies."""
    name, point = at(machine, "6.12")
    fenced = name == "alpha" and primitive.endswith("relaxed")
    assert allows_sb(name, point, [primitive]) == (not fenced)
    assert allows_mp(name, point, [primitive]) == (not fenced)


def test_on_x86_a_void_rmw_is_a_full_barrier_all_the_same() -> None:
    assert not allows_sb("tso", "6.12", ["atomic_inc"])


# herd7 with its own models: ppc, lwsync..isync and lwsync..lwsync allow SB, lwsync..sync does not;
# aarch64, ldaxr/stlxr lets W x and W y pass each other; casal, ldclral and ldxr/stlxr;dmb ish do
# not; LKMM, a failed cmpxchg orders nothing. On Alpha the trailing mb alone forbids SB.
FAILED_CMPXCHG_ALLOWS_SB = [
    ("tso", "3.9", False),
    ("armv7", "3.9", False),
    ("armv8", "3.9", True),
    ("power", "3.9", True),
    ("alpha", "3.9", True),
    ("armv7", "6.12", False),
    ("armv8/llsc", "6.12", True),
    ("armv8/lse", "6.12", True),
    ("power", "6.12", False),
    ("riscv", "6.12", True),
    ("alpha", "6.12", False),
    ("lkmm", "6.12", True),
]


@pytest.mark.parametrize(("machine", "kernel", "allowed"), FAILED_CMPXCHG_ALLOWS_SB)
def test_a_failed_cmpxchg(machine: str, kernel: str, allowed: bool) -> None:
    name, point = at(machine, kernel)
    assert allows_sb(name, point, ["atomic_cmpxchg!"]) == allowed


@pytest.mark.parametrize(
    ("name", "primitive", "sb", "mp"),
    [
        ("armv7", "atomic_dec_and_test", False, False),
        ("armv8", "atomic_dec_and_test", True, True),
        ("power", "atomic_dec_and_test", False, False),
        ("alpha", "atomic_dec_and_test", False, False),
        ("armv8", "atomic_cmpxchg", True, True),
        ("power", "atomic_cmpxchg", True, False),
        ("alpha", "atomic_cmpxchg", False, False),
        ("armv8", "cmpxchg", False, False),
        ("power", "xchg", True, False),
        ("armv8", "test_and_clear_bit", True, True),
        ("power", "test_and_clear_bit", False, False),
        ("alpha", "test_and_clear_bit!", False, False),
    ],
)
def test_what_2013_kept_of_the_promise(name: str, primitive: str, sb: bool, mp: bool) -> None:
    assert (allows_sb(name, "3.9", [primitive]), allows_mp(name, "3.9", [primitive])) == (sb, mp)


def test_two_hashed_bit_operations_order_what_one_does_not() -> None:
    """arm64 of 3.9: the first one's stlr comes before the second one's ldaxr ([L]; po; [A])."""
    assert allows_mp("armv8", "3.9", ["set_bit"])
    assert not allows_mp("armv8", "3.9", ["set_bit", "clear_bit"])


@pytest.mark.parametrize("machine", MACHINES_612)
def test_release_and_acquire(machine: str) -> None:
    """MP by smp_store_release and smp_load_acquire is forbidden everywhere."""
    name, point = at(machine, "6.12")
    drawing = Drawing()
    drawing.init("x", "y")
    drawing.add(0, "W", "x", marked(name, "W"))
    drawing.primitive(0, steps_of(name, point, "smp_store_release"), "y")
    drawing.primitive(1, steps_of(name, point, "smp_load_acquire"), "y")
    drawing.read(1, "x", 0, marked(name, "R"))
    assert model(name).compiled.violated(drawing.graph())


def allows_rr(name: str, point: str, primitives: list[str]) -> bool:
    """R x = 1; primitives; R y = 0  ||  W y; smp_mb; W x."""
    drawing = Drawing()
    drawing.init("x", "y", "z0", "z0.lock")
    drawing.add(1, "W", "y", marked(name, "W"))
    drawing.primitive(1, steps_of(name, point, "smp_mb"), "z0")
    x = drawing.add(1, "W", "x", marked(name, "W"))
    drawing.read(0, "x", x, marked(name, "R"))
    for primitive in primitives:
        drawing.primitive(0, steps_of(name, point, primitive), "z0")
    drawing.read(0, "y", 1, marked(name, "R"))
    return not model(name).compiled.violated(drawing.graph())


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
@pytest.mark.parametrize("machine", MACHINES_612)
def test_a_weaker_form_allows_what_the_stronger_one_does(machine: str, kernel: str) -> None:
    """That is what weaker means; which form is the weaker one is said in a table of names, what
    each orders in the models' tables."""
    name, point = at(machine, kernel)
    if kernel not in model(name).kernels or (kernel == "3.9" and machine.endswith("lse")):
        return
    wrong = [
        (allows.__name__, strong, weak)
        for strong in primitives(kernel)
        for weak in weaker(strong, kernel)
        for allows in (allows_sb, allows_mp, allows_rr)
        if weak != "plain" and allows(name, point, [strong]) and not allows(name, point, [weak])
    ]
    assert not wrong


def test_a_refcount_without_a_suffix_is_relaxed() -> None:
    """Documentation/core-api/refcount-vs-atomic.rst: refcount_inc_not_zero has a control dependency
    alone, and refcount_set no order, so the suffix adds to them; there is no full form."""
    for name in ("refcount_inc_not_zero", "refcount_add_not_zero", "refcount_set"):
        suffix = "_release" if name.endswith("set") else "_acquire"
        assert weaker(name, "6.12") == ()
        assert weaker(name + suffix, "6.12") == (name,)
        assert stronger(name, "6.12") == (name + suffix,)
    # power: an lwsync stands behind the acquire form alone
    assert allows_rr("power", "6.12", ["refcount_inc_not_zero"])
    assert not allows_rr("power", "6.12", ["refcount_inc_not_zero_acquire"])


def test_what_names_differ_in_besides_order_does_not_keep_them_apart() -> None:
    """rcu_dereference_check orders as rcu_dereference does, ACCESS_ONCE as READ_ONCE."""
    for kind in ("raw", "bh", "sched", "check"):
        assert weaker(f"rcu_dereference_{kind}", "6.12") == weaker("rcu_dereference", "6.12")
    assert stronger("READ_ONCE", "6.12") == ("smp_load_acquire", "rcu_dereference")
    assert stronger("ACCESS_ONCE", "3.9") == stronger("READ_ONCE", "3.9")
    assert stronger("ACCESS_ONCE=", "3.9") == stronger("WRITE_ONCE", "3.9") == ("set_mb",)
    assert weaker("dma_mb", "6.12") == ("dma_wmb", "dma_rmb", "barrier")
