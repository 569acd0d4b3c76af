"""A local whose address stays in its thread is a register, whatever C says of where it lies.

POWER lets a store become visible before a load that is before it in program order, where nothing
makes the store wait (Power ISA 3.1, book II, 1.7.1). In ``OVERWRITTEN`` nothing does: once ``set``
is inlined a compiler sees that ``v`` is 1 and stores that constant, so that what the processor
runs is ``ld x; st 1 -> y``. With the accesses of ``v`` as memory there would be an order: the first
store to ``v`` waits for the value of x, the second one comes after it in the same place, and the
load of ``v`` takes its value from that. A program that is broken was called safe by this.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.check import Request
from ksmcheck.check.prepare import Workshop
from ksmcheck.check.verdict import Verdict
from ksmcheck.events.structure import EventStructure
from ksmcheck.execution.replay import replay
from ksmcheck.record import replace
from ksmcheck.solve.limits import Limits
from ksmcheck.solve.outcome import Found
from ksmcheck.solve.session import Session
from ksmcheck.solve.witness import to_execution
from ksmcheck.text import InternalError
from tests.fresh import fresh_checker

MODELS = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "alpha-letter", "lkmm")

TOP = """
int x; int y; int z;
struct pair { int a; int b; };
struct node { int key; struct node *next; };
struct node *head;
static void set(int *p, int to) { *p = to; }
static int get(int *p) { return *p; }
static void swap(int *p, int *q) { int t = *p; *p = *q; *q = t; }
static void fetch(int *to) { *to = READ_ONCE(x); }
static void init(struct pair *p, int a) { p->a = a; p->b = 0; }
static void copy(struct pair *to, struct pair *from) { *to = *from; }
"""
LB = "P1(void) { int r1 = READ_ONCE(y); smp_mb(); WRITE_ONCE(x, r1); }"
MP = "P1(void) { WRITE_ONCE(z, 1); smp_mb(); WRITE_ONCE(x, 1); }"


def litmus(body: str, other: str = LB, end: str = "exists (0:r0=1 /\\ 1:r1=1)") -> str:
    return f"C t\n{TOP}{{ }}\nP0(void) {{ {body} }}\n{other}\n{end}\n"


def checked(text: str, model: str, folder: Path, **options: object) -> Verdict:
    path = folder / "t.litmus"
    path.write_text(text)
    return fresh_checker().check(Request(path, model, **options))  # type: ignore[arg-type]


def reached(text: str, model: str, folder: Path, **options: object) -> bool:
    return checked(text, model, folder, **options).verdict == "VIOLATED"


OVERWRITTEN = "int r0 = READ_ONCE(x); int v; set(&v, r0); set(&v, 1); WRITE_ONCE(y, v);"
NEVER = "~exists (0:r0=1 /\\ 1:r1=1)"


@pytest.mark.parametrize("model", ["power", "armv7", "armv8", "riscv", "lkmm"])
@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
def test_what_a_local_held_before_orders_nothing(model: str, engine: str, tmp_path: Path) -> None:
    assert reached(litmus(OVERWRITTEN, end=NEVER), model, tmp_path, engine=engine)


TWINS = [
    # In memory, in registers, the other thread.
    (OVERWRITTEN, "int r0 = READ_ONCE(x); int v = r0; v = 1; WRITE_ONCE(y, v);", LB),
    ("int v; fetch(&v); int r0 = v; WRITE_ONCE(y, r0);",
     "int v = READ_ONCE(x); int r0 = v; WRITE_ONCE(y, r0);", LB),
    ("int v, *q = &v, **qq = &q; **qq = READ_ONCE(x); int r0 = *q; v = 1; WRITE_ONCE(y, v);",
     "int v = READ_ONCE(x); int r0 = v; v = 1; WRITE_ONCE(y, v);", LB),
    ("int r0 = READ_ONCE(x); int a, b = 1; set(&a, r0); swap(&a, &b); WRITE_ONCE(y, a);",
     "int r0 = READ_ONCE(x); int a = r0, b = 1, t; t = a; a = b; b = t; WRITE_ONCE(y, a);", LB),
    ("int r0 = READ_ONCE(x); int a, b = 1; set(&a, r0); swap(&a, &b); WRITE_ONCE(y, b);",
     "int r0 = READ_ONCE(x); int a = r0, b = 1, t; t = a; a = b; b = t; WRITE_ONCE(y, b);", LB),
    ("int r0 = READ_ONCE(x); struct pair s; init(&s, r0); WRITE_ONCE(y, s.b + 1);",
     "int r0 = READ_ONCE(x); int a = r0, b = 0; WRITE_ONCE(y, b + 1);", LB),
    ("int r0 = READ_ONCE(x); struct pair s, t; init(&s, r0); copy(&t, &s); WRITE_ONCE(y, t.a);",
     "int r0 = READ_ONCE(x); struct pair s = { r0, 0 }, t = s; WRITE_ONCE(y, t.a);", LB),
    ("int r0 = READ_ONCE(x); int v; if (r0) set(&v, 1); else set(&v, 1); WRITE_ONCE(y, get(&v));",
     "int r0 = READ_ONCE(x); int v; if (r0) v = 1; else v = 1; WRITE_ONCE(y, v);", LB),
    ("int v; do { fetch(&v); } while (!v); int r0 = v; int r2 = READ_ONCE(z);",
     "int v; do { v = READ_ONCE(x); } while (!v); int r0 = v; int r2 = READ_ONCE(z);", MP),
    ("int v = 0; for (int i = 0; i < 2; i++) { int t; fetch(&t); v += t; } int r0 = v;"
     "int r2 = READ_ONCE(z);",
     "int v = 0; for (int i = 0; i < 2; i++) { int t = READ_ONCE(x); v += t; } int r0 = v;"
     "int r2 = READ_ONCE(z);", MP),
    ("int v; goto in; again: set(&v, 2); in: fetch(&v); if (!v) goto again; int r0 = v;"
     "int r2 = READ_ONCE(z);",
     "int v; goto in; again: v = 2; in: v = READ_ONCE(x); if (!v) goto again; int r0 = v;"
     "int r2 = READ_ONCE(z);", MP),
    # An address that hangs on a local is an address dependency as any other.
    ("int *p; int **pp = &p; int r0 = READ_ONCE(x); *pp = &z + (r0 & 0); int r2 = READ_ONCE(**pp);",
     "int r0 = READ_ONCE(x); int *p = &z + (r0 & 0); int r2 = READ_ONCE(*p);", MP),
    # A list on the stack that no other thread sees.
    ("int r0 = READ_ONCE(x); struct node a = { r0, 0 }, b = { 1, &a }, *p = &b;"
     "while (p->next) p = p->next; WRITE_ONCE(y, p->key);",
     "int r0 = READ_ONCE(x); WRITE_ONCE(y, r0);", LB),
    ("int r0 = READ_ONCE(x); struct node a = { r0, 0 }, b = { 1, &a }; a.key = 1;"
     "WRITE_ONCE(y, b.next->key);",
     "int r0 = READ_ONCE(x); WRITE_ONCE(y, 1);", LB),
]  # fmt: skip


def end_states(body: str, other: str, model: str, folder: Path) -> object:
    shown = [name for name in ("0:r0", "1:r1", "0:r2", "y", "z") if name[2:] in body + other]
    path = folder / "t.litmus"
    path.write_text(litmus(body, other, f"locations [{' '.join(f'{n};' for n in shown)}]"))
    found = fresh_checker().states(Request(path, model))
    return found.texts, sorted(found.states)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("twins", TWINS)
def test_a_local_in_memory_is_what_it_is_in_a_register(
    twins: tuple[str, str, str], model: str, tmp_path: Path
) -> None:
    in_memory, in_registers, other = twins
    found = end_states(in_memory, other, model, tmp_path)
    assert found == end_states(in_registers, other, model, tmp_path)


NAMES = ("a", "b", "c")
NAME = st.sampled_from(NAMES)
SHARED = st.sampled_from(("x", "y", "z"))
VALUE = st.one_of(NAME, st.sampled_from(("1", "2")), st.builds("{} + {}".format, NAME, NAME))
ASSIGNED = st.tuples(NAME, st.one_of(VALUE, st.builds("READ_ONCE({})".format, SHARED)))
STORED = st.builds("WRITE_ONCE({}, {})".format, SHARED, VALUE)
STEP = st.one_of(ASSIGNED, ASSIGNED, STORED)
STEPS = st.lists(st.one_of(STEP, st.tuples(NAME, STEP, STEP)), min_size=2, max_size=6)
Step = str | tuple[str, ...]


def written(steps: list[Step], *, by_pointer: bool) -> str:
    """The same statements on locals and on what pointers to them point to."""

    def name(text: str) -> str:
        return "".join(f"(*p{c})" if c in NAMES else c for c in text) if by_pointer else text

    def value(text: str) -> str:
        return text if text.startswith("READ") else name(text)

    def one(step: Step) -> str:
        if isinstance(step, str):
            place, given = step.removeprefix("WRITE_ONCE(").rstrip(")").split(", ")
            return f"WRITE_ONCE({place}, {name(given)});"
        if len(step) == 2:
            return f"{name(step[0])} = {value(step[1])};"
        condition, then, otherwise = step
        return f"if ({name(condition)}) {{ {one(then)} }} else {{ {one(otherwise)} }}"

    pointers = "int *pa = &a; int *pb = &b; int *pc = &c;" if by_pointer else ""
    # What the text fixes decides nothing in registers, but is not looked through in memory.
    first = "int a = READ_ONCE(x), b = READ_ONCE(y), c = READ_ONCE(z);"
    return f"{first} {pointers} {' '.join(map(one, steps))}"


@settings(max_examples=25, deadline=None)
@given(steps=STEPS, model=st.sampled_from(MODELS))
def test_random_statements_by_pointer_and_by_name(
    steps: list[Step], model: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("twins")
    other = "P1(void) { WRITE_ONCE(z, READ_ONCE(y)); WRITE_ONCE(x, 1); int r1 = READ_ONCE(z); }"
    states = []
    for by_pointer in (True, False):
        path = folder / "t.litmus"
        body = written(steps, by_pointer=by_pointer)
        path.write_text(litmus(body, other, "locations [0:a; 0:b; 0:c; 1:r1; x; y; z;]"))
        found = fresh_checker().states(Request(path, model))
        states.append((found.texts, sorted(found.states)))
    assert states[0] == states[1]


INDEXED = [
    # Which of several locals it is decides like the condition of ?:, and orders no other access:
    # a compiler may make branches of it.
    ("int t[2] = { 1, 1 }; int r0 = READ_ONCE(x); t[r0] = 1; WRITE_ONCE(y, 1);", True),
    ("int a = 1, b = 1; int r0 = READ_ONCE(x); int *p = r0 ? &a : &b; *p = 1; WRITE_ONCE(y, 1);",
     True),
    ("int t[2] = { 1, 1 }; int r0 = READ_ONCE(x); WRITE_ONCE(y, t[r0]);", False),
    ("int t[2] = { 0, 1 }; int r0 = READ_ONCE(x); t[r0] = 1; WRITE_ONCE(y, t[1]);", False),
    ("int t[2] = { 1, 1 }; int r0 = READ_ONCE(x); t[1] = r0; t[0] = 1; int i = 0; t[i]++;"
     "WRITE_ONCE(y, t[0] - 1);", True),
    # Of a pointer that may be to shared memory, too, the shared access is one.
    ("int a = 1; int r0 = READ_ONCE(x); int *p = r0 ? &a : &z; *p = 1; WRITE_ONCE(y, 1);", True),
    ("int a = 1; int r0 = READ_ONCE(x); int *p = r0 ? &a : &z; int r2 = *p; WRITE_ONCE(y, r2);",
     False),
]  # fmt: skip


@pytest.mark.parametrize("engine", ["lazy", "explicit"])
@pytest.mark.parametrize(("body", "early"), INDEXED)
def test_which_local_it_is_may_be_read(body: str, early: bool, engine: str, tmp_path: Path) -> None:
    assert reached(litmus(body, end=NEVER), "power", tmp_path, engine=engine) == early


def structure_of(text: str, folder: Path) -> EventStructure:
    path = folder / "t.litmus"
    path.write_text(text)
    return Workshop().structure(Request(path, "power"), "lwsync")


def test_its_accesses_are_no_events(tmp_path: Path) -> None:
    structure = structure_of(litmus(OVERWRITTEN), tmp_path)
    done = [(e.thread, e.kind, e.primitive) for e in structure.events if e.thread == 0]
    assert done == [(0, "R", "READ_ONCE"), (0, "W", "WRITE_ONCE")]
    assert {structure.events[d.target].thread for d in structure.dependencies} == {1}


def test_the_replay_lets_no_address_out(tmp_path: Path) -> None:
    """Had it been overlooked that the address of ``n`` is stored, the witness would not pass."""
    body = "struct node n; struct node *p = &n; WRITE_ONCE(head, p); int r0 = 1;"
    path = tmp_path / "t.litmus"
    path.write_text(litmus(body, "P1(void) { }", "exists (0:r0=1)"))
    workshop, request = Workshop(), Request(path, "power")
    structure = workshop.structure(request, "lwsync")
    model = workshop.model("power")
    session = Session(structure, model.compiled, limits=Limits(seconds=10))
    found = session.find(structure.terminated)
    assert isinstance(found, Found)
    execution = to_execution(structure, found.candidate)
    cells = [replace(c, kept=c.local is not None) for c in structure.cells]
    test = workshop.test(request)
    replay(test, "6.12", model, "lwsync", execution, structure.cells)
    with pytest.raises(InternalError, match="address of a local"):
        replay(test, "6.12", model, "lwsync", execution, cells)


@pytest.mark.parametrize(
    "body",
    [
        # Its address is stored where others may find it.
        "struct node n; n.next = 0; n.key = 1; smp_store_release(&head, &n); n.key = 2;",
        # An access of it is one that a compiler has to perform.
        "int v; volatile int *p = &v; *p = 1;",
        "volatile int v; int *p = &v; *p = 1;",
        "int v; int *p = &v; WRITE_ONCE(*p, 1);",
        "atomic_t v; atomic_set(&v, 1);",
        # What points to one whose address is stored is stored with it.
        "struct node n, m; n.key = 1; m.next = &n; WRITE_ONCE(head, &m); n.key = 2;",
    ],
)
def test_what_stays_in_memory(body: str, tmp_path: Path) -> None:
    structure = structure_of(litmus(body, end="exists (x=0)"), tmp_path)
    own = {cell.id for cell in structure.cells if cell.local is not None}
    assert not any(cell.kept for cell in structure.cells)
    assert own <= {c for event in structure.events for c in event.cells} | {
        cell.id for cell in structure.cells if cell.name.endswith((".next", "m.key"))
    }


PUBLISHED = "struct node n; n.key = 1; n.next = 0; {}(head, &n);"
SEES = "P1(void) {{ struct node *p = {}(head); int r1 = 2; if (p) r1 = p->key; }}"


def test_a_published_local_is_seen_by_others(tmp_path: Path) -> None:
    weak = litmus(PUBLISHED.format("WRITE_ONCE"), SEES.format("READ_ONCE"), "~exists (1:r1=0)")
    assert reached(weak, "power", tmp_path)
    strong = PUBLISHED.replace("{}(head", "smp_store_release(&head")
    sees = SEES.format("READ_ONCE")
    assert checked(litmus(strong, sees, "~exists (1:r1=0)"), "power", tmp_path).verdict == "SAFE"
    race = checked(
        litmus(PUBLISHED.format("WRITE_ONCE"), sees, "~exists (1:r1=0)"), "lkmm", tmp_path
    )
    assert race.verdict == "VIOLATED"


@pytest.mark.parametrize("model", MODELS)
def test_conditions_name_such_locals(model: str, tmp_path: Path) -> None:
    body = "int r0; int v = 3; fetch(&r0); set(&v, r0 + 4); int *q = &v;"
    other = "P1(void) { WRITE_ONCE(x, 1); }"
    end = "filter (0:r0=1)\nforall (0:v=5)"
    assert checked(litmus(body, other, end), model, tmp_path).verdict == "SAFE"
    end = "locations [0:v; 0:q;]\nexists (0:r0=1 /\\ ~0:v=4)"
    path = tmp_path / "t.litmus"
    path.write_text(litmus(body, other, end))
    found = fresh_checker().states(Request(path, model))
    column = found.texts.index("0:v")
    assert {state[column] for state in found.states} == {4, 5}


def test_the_thread_s_own_local_is_meant(tmp_path: Path) -> None:
    """A function that is inlined before has one of the same name."""
    top = "static void other(void) { int v; set(&v, 7); }\n"
    text = litmus("other(); int v; set(&v, 5);", "P1(void) { }", "~exists (0:v=5)")
    assert reached(text.replace("{ }", top + "{ }", 1), "armv8", tmp_path)


def test_outside_of_a_local_is_a_bad_address(tmp_path: Path) -> None:
    body = "int t[2] = { 0, 0 }; int r0 = READ_ONCE(x); t[r0 + 1] = 1;"
    found = checked(litmus(body, "P1(void) { WRITE_ONCE(x, 1); }", "~exists (x=7)"), "sc", tmp_path)
    assert found.witness is not None and found.witness.failure.name == "bad address"
    body = "int t[2] = { 0, 0 }; int r0 = READ_ONCE(x); t[r0] = 1;"
    found = checked(litmus(body, "P1(void) { WRITE_ONCE(x, 1); }", "~exists (x=7)"), "sc", tmp_path)
    assert found.verdict == "SAFE"


def test_a_round_that_gives_a_local_another_value_counts(tmp_path: Path) -> None:
    """Two rounds that saw 1, though neither wrote to memory."""
    body = "int n = 0, r0 = 0; while (n < 2) { int t; fetch(&t); r0 += t; set(&n, n + 1); }"
    end = "~exists (0:r0=2)"
    assert reached(litmus(body, "P1(void) { WRITE_ONCE(x, 1); }", end), "sc", tmp_path, unroll=4)


def test_who_waits_for_ever_on_a_local(tmp_path: Path) -> None:
    wait = "int v; do { fetch(&v); } while (!v);"
    text = litmus(wait, "P1(void) { }", "exists (true)")
    assert checked(text, "sc", tmp_path, liveness=True).verdict == "VIOLATED"
    text = litmus(wait, "P1(void) { WRITE_ONCE(x, 1); }", "exists (true)")
    assert checked(text, "sc", tmp_path, liveness=True).verdict == "SAFE"


def test_a_list_that_a_thread_keeps_on_its_stack(tmp_path: Path) -> None:
    """Pointers among locals are chosen among many; through NULL, which they are never, nothing gets
    out."""
    body = """struct node a, b, *l = 0; int r0 = READ_ONCE(x); a.key = 1; b.key = r0;
        if (r0) { a.next = l; l = &a; } b.next = l; l = &b;
        if (l->next) l->next->key = 2; else l->key = 2;
        int r2 = l->key; int r3 = l->next ? l->next->key : 0; WRITE_ONCE(y, 1);"""
    structure = structure_of(litmus(body), tmp_path)
    assert all(cell.kept for cell in structure.cells if cell.local is not None)
    end = "~exists (0:r0=1 /\\ 0:r2=1 /\\ 0:r3=2 /\\ 1:r1=1)"
    assert reached(litmus(body, end=end), "power", tmp_path)
    end = "~exists (0:r3=1 \\/ 0:r2=7)"
    assert checked(litmus(body, end=end), "sc", tmp_path).verdict == "SAFE"


def test_a_location_may_be_called_as_a_local_is(tmp_path: Path) -> None:
    """It was an internal error."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nint r0;\n{ int x = 0; }\n"
        "P0(int *x) { WRITE_ONCE(*x, 2); }\n"
        "P1(int *x) { int r0; r0 = READ_ONCE(*x); }\nexists (1:r0=2)\n"
    )
    assert fresh_checker().states(Request(path, "lkmm")).observation == "Sometimes"
