"""Pointers to functions: what a call through one is, and what it orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.program.sites import list_sites
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source
from tests.fresh import fresh_checker

MODELS = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")
ENGINES = (("lazy", "cadical"), ("tuple", "cadical"), ("explicit", "cadical"), ("lazy", "z3"))
CHECKER = fresh_checker()
"""It knows a test by its path: each text is a file of its own."""


def written(text: str, folder: Path) -> Path:
    path = folder / f"{abs(hash(text))}.litmus"
    path.write_text(f"C t\n{text}\n")
    return path


def verdict(text: str, folder: Path, model: str) -> str:
    """The verdict and its subject; a witness has passed the replay."""
    found = CHECKER.check(Request(written(text, folder), model))
    violated = f"VIOLATED {found.subject}"
    return violated if found.verdict == "VIOLATED" else found.observation or found.verdict


def states(text: str, folder: Path, model: str, engine: str, solver: str) -> set[tuple[int, ...]]:
    request = Request(written(text, folder), model, engine=engine, solver=solver)
    return set(CHECKER.states(request).states)


# --- order ------------------------------------------------------------------------------------

PUBLISHED = """struct ops { int (*get)(struct ops *o); int data; };
static int get_x(struct ops *o);
static int get_data(struct ops *o);
struct ops some = { .get = GET };
struct ops *published; int x;
static int get_x(struct ops *o) { return READ_ONCE(x); }
static int get_data(struct ops *o) { return READ_ONCE(o->data); }
{ }
P0(void) { WRITE_ONCE(x, 1); WRITE_ONCE(some.data, 1); rcu_assign_pointer(published, &some); }
P1(void) { struct ops *o = rcu_dereference(published); int r0 = 7; if (o) r0 = o->get(o); }
exists (1:r0=0)"""

LOADS = """typedef void (*put_t)(int *at);
static void one(int *at) { BEHIND WRITE_ONCE(*at, 1); }
static void two(int *at) { BEHIND WRITE_ONCE(*at, 2); }
put_t handler = one; int y; int z;
{ }
P0(void) { put_t fn = READ_ONCE(handler); fn(&y); AFTER }
P1(void) { int r0 = READ_ONCE(PLACE); smp_mb(); WRITE_ONCE(handler, two); }
exists (0:fn=two /\\ 1:r0=VALUE)"""


def loads(*, place: str, value: str, behind: str = "", after: str = "") -> str:
    """Load buffering: ``place`` is 1 or 2 before it is decided which of the two is called."""
    given = {"BEHIND": behind, "AFTER": after, "PLACE": place, "VALUE": value}
    text = LOADS
    for name, put in given.items():
        text = text.replace(name, put)
    return text


READS = """typedef int (*get_t)(void);
int x; get_t handler;
static int get(void) { return READ_ONCE(x); }
{ }
P0(void) { WRITE_ONCE(x, 1); smp_wmb(); WRITE_ONCE(handler, get); }
P1(void) { get_t fn = READ_ONCE(handler); int r0 = 7; if (fn) r0 = fn(); }
exists (1:r0=0)"""

CASES: dict[str, tuple[str, dict[str, str], str]] = {
    # A reader that calls through a published pointer, and reads in the callee what has nothing to
    # do with the pointer: only control orders the two reads, which none of the weaker models keeps.
    # On Alpha rcu_dereference has a full barrier.
    "a published call reads another variable": (
        PUBLISHED.replace("GET", "get_x"),
        dict.fromkeys(("sc", "tso", "alpha"), "Never"),
        "Sometimes",
    ),
    # What the callee reads through the pointer is behind an address dependency.
    "a published call reads through the pointer": (
        PUBLISHED.replace("GET", "get_data"),
        {},
        "Never",
    ),
    # LKMM: the store in the callee is control dependent on the read of the pointer, like the store
    # in an arm of an if; so it is on hardware, where no store is done before a branch is decided.
    "a store in the callee": (
        loads(place="y", value="2"),
        {},
        "Never",
    ),
    # Behind the return there is none: the functions' ways have met. tso and sc order it anyway,
    # and so does the barrier that READ_ONCE has on Alpha since 4.15.
    "a store behind the call": (
        loads(after="WRITE_ONCE(z, 1);", place="z", value="1"),
        dict.fromkeys(("sc", "tso", "alpha"), "Never"),
        "Sometimes",
    ),
    # The same with a barrier in either function.
    "a store behind a call with barriers": (
        loads(behind="smp_mb();", after="WRITE_ONCE(z, 1);", place="z", value="1"),
        {},
        "Never",
    ),
    # Read, call, read: control does not order reads.
    "a read in the callee": (READS, dict.fromkeys(("sc", "tso", "alpha"), "Never"), "Sometimes"),
    "a read in the callee behind smp_rmb": (
        READS.replace("{ return", "{ smp_rmb(); return"),
        {},
        "Never",
    ),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", CASES)
def test_what_a_call_orders(name: str, model: str, tmp_path: Path) -> None:
    text, known, else_ = CASES[name]
    assert verdict(text, tmp_path, model) == known.get(model, else_)


@pytest.mark.parametrize("model", ["tso", "armv8", "lkmm"])
@pytest.mark.parametrize("name", CASES)
def test_engines_agree(name: str, model: str, tmp_path: Path) -> None:
    found = [states(CASES[name][0], tmp_path, model, *way) for way in ENGINES]
    assert all(one == found[0] for one in found)


APPLIED = """int x; int y;
static int fetch(int *p, int v) { int r = READ_ONCE(*p); smp_rmb(); return r + READ_ONCE(y) * v; }
static int apply(int (*f)(int *, int), int *p) { return f(p, 4) + (*f)(p, 8); }
static int direct(int *p) { return fetch(p, 4) + fetch(p, 8); }
{ }
P0(void) { WRITE_ONCE(y, 1); smp_wmb(); WRITE_ONCE(x, 1); }
P1(void) { int r0 = CALL; if (r0 == 2) WRITE_ONCE(y, 3); }
exists (1:r0=2)"""


@pytest.mark.parametrize("model", MODELS)
def test_a_callback_is_the_call(model: str, tmp_path: Path) -> None:
    """A pointer that the text settles is no choice: same states, same events, same dependencies."""
    calls = ("direct(&x)", "apply(fetch, &x)", "apply(&fetch, &x)")
    texts = [APPLIED.replace("CALL", call) for call in calls]
    found = []
    for text in texts:
        answer = CHECKER.check(Request(written(text, tmp_path), model))
        states_ = states(text, tmp_path, model, "lazy", "cadical")
        found.append((answer.observation, answer.properties, answer.events, states_))
    assert found[1:] == found[:1] * 2


# --- nowhere ----------------------------------------------------------------------------------

SAFE_CALL = "call_t fn = READ_ONCE(handler); if (fn) fn();"
NOWHERE = {
    "READ_ONCE(handler)();": "VIOLATED bad address",
    SAFE_CALL: "SAFE",
    # Read twice: NULL may come in between.
    "if (READ_ONCE(handler)) READ_ONCE(handler)();": "VIOLATED bad address",
    "call_t fn = NULL; fn();": "VIOLATED bad address",
    "call_t fn = (call_t)&x; if (READ_ONCE(x)) fn();": "VIOLATED bad address",
    # A function of another type is not what can be called so (C17 6.3.2.3 p8).
    "other = (void (*)(int))READ_ONCE(handler); if (other) other(1);": "VIOLATED bad address",
    "other = (void (*)(int))READ_ONCE(handler); if (other) ((call_t)other)();": "SAFE",
    "call_t fn = (call_t)((unsigned long)READ_ONCE(handler) + 4); if (fn != (call_t)4UL) fn();": (
        "VIOLATED bad address"
    ),
}


@pytest.mark.parametrize("code", NOWHERE)
def test_a_call_that_leads_nowhere_is_a_violation(code: str, tmp_path: Path) -> None:
    text = f"""typedef void (*call_t)(void);
int x; call_t handler; void (*other)(int);
static void set(void) {{ WRITE_ONCE(x, 1); }}
{{ }}
P0(void) {{ {code} }}
P1(void) {{ WRITE_ONCE(handler, set); WRITE_ONCE(x, 1); WRITE_ONCE(handler, NULL); }}
forall (x<2)"""
    for model in ("sc", "armv8", "lkmm"):
        assert verdict(text, tmp_path, model) == NOWHERE[code]


# --- values -----------------------------------------------------------------------------------

VALUES = """typedef int op_t(int a, int b);
struct pair { int a; int b; };
struct ops { op_t *add; int (*mul)(int, int); struct pair (*both)(int); void (*run)(int *, ...); };
static int add(int a, int b) { return a + b; }
static int mul(int a, int b) { return a * b; }
static struct pair both(int a) { struct pair p = { a, a + 1 }; return p; }
static int twice(op_t f, int a) { return f(a, f(a, 1)); }
static int passed(int f(int, int)) { return f(3, 4); }
static op_t *chosen(int a) { return a ? add : mul; }
static void set(int *at, int v) { *at = v; }
static struct ops all = { .add = add, .mul = &mul, .both = both };
op_t *table[2] = { add, mul }; static int (*last[2][2])(int, int) = { [1] = { [1] = mul } };
int (*given)(int, int); op_t *first = &mul; void (*store)(int *, int) = set;
int x;
{ given = add; }
P0(void) { CODE }
forall (x==VALUE)"""


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("x = all.add(2, 3) + all.mul(2, 3);", 11),
        ("struct ops *p = &all; x = p->mul(p->add(1, 1), 4);", 8),
        ("x = table[1](2, 5) + (*table[0])(2, 5) + (**table)(1, 1);", 19),
        ("for (int i = 0; i < 2; i++) x = x * 10 + table[i](3, 4);", 82),
        ("x = last[1][1](6, 7) + (last[0][1] == NULL);", 43),
        ("x = given(1, 2) + first(1, 2);", 5),
        ("x = twice(add, 2) * 10 + twice(mul, 2);", 54),
        ("x = passed(mul) + passed(&add);", 19),
        ("x = chosen(1)(2, 3) * 10 + chosen(0)(2, 3);", 56),
        ("op_t *f = add; f = mul; x = f(2, 3);", 6),
        ("op_t *f; if (READ_ONCE(x)) f = add; else f = &mul; x = f(2, 3);", 6),
        ("x = (x ? add : mul)(2, 3);", 6),
        ("x = ((op_t *)(void *)all.add)(2, 3);", 5),
        ("x = ((int (*)(int, int))(unsigned long)mul)(2, 3);", 6),
        ("struct pair p = all.both(3); x = p.a * 10 + all.both(5).b;", 36),
        ("store(&x, 8);", 8),
        ("struct ops own = { .mul = add }; x = own.mul(2, 2) + !own.add;", 5),
        ("struct ops own = all; x = own.mul(3, 3);", 9),
        ("static op_t *kept = mul; x = kept(2, 3);", 6),
        ("x = (add == &add) + (add != mul) * 2 + (given == all.add) * 4 + (add != NULL) * 8;", 15),
        ("x = (void *)add == (void *)&x || (unsigned long)add < 4096;", 0),
        ("op_t *f = smp_load_acquire(&given); x = f(1, 1) + (xchg(&given, mul))(1, 2);", 5),
        ("int add = 3; x = add + mul(add, 2);", 9),
        ("int (*mul)(int, int) = add; x = mul(2, 3);", 5),
        ("x = (add)(2, 3) + (*add)(1, 1) + (&mul)(2, 2);", 11),
        ("x = sizeof(all) + sizeof(table);", 48),
        ("op_t *f = add; WRITE_ONCE(f, mul); x = f(2, 3) + READ_ONCE(f)(1, 1);", 7),
        ("op_t *f = add, *g = f; op_t **p = &f; *p = mul; x = f(2, 3) * 10 + g(2, 3);", 65),
        ("op_t *f = add; for (int i = 0; i < 2; i++) { x = f(x, 3); f = mul; }", 9),
        ("op_t *f = add; { op_t *f = mul; x = f(2, 3); } x = f(x, 1);", 7),
    ],
)
def test_values(code: str, value: int, tmp_path: Path) -> None:
    text = VALUES.replace("CODE", code).replace("VALUE", str(value))
    for model in ("sc", "armv8", "lkmm"):
        assert verdict(text, tmp_path, model) == "SAFE", model
    witnessed = text.replace("forall", "exists")
    assert verdict(witnessed, tmp_path, "sc") == "Always"


def test_conditions_and_start_states(tmp_path: Path) -> None:
    text = """struct ops { int (*go)(int); int n; };
typedef int (*go_t)(int);
static int up(int a) { return a + 1; }
static int down(int a) { return a - 1; }
{ struct ops o = { .go = up }; o.n = 3; go_t g = &down; int x; }
P0(struct ops *o, int *x) { int r0 = o->go(o->n); *x = r0; WRITE_ONCE(o->go, down); }
P1(go_t *g, int *x) { go_t r1 = READ_ONCE(*g); int r2 = r1(7) * 10 + (*g)(8); }
forall (0:r0=4 /\\ o.go=down /\\ 1:r1=down /\\ 1:r2=67 /\\ ~(o.go=up))"""
    assert verdict(text, tmp_path, "sc") == "SAFE"
    alone = "typedef int (*go_t)(int); static int up(int a) { return a + 1; }\n"
    alone += "{ go_t g = up; int x; }\nP0(void) { x = g(2); }\nforall (x=3)"
    assert verdict(alone, tmp_path, "sc") == "SAFE"


def test_a_choice_gives_no_constant(tmp_path: Path) -> None:
    """Both functions return 1: no data of the pointer, and no constant for what comes. A branch on
    it is one on the pointer."""
    text = """typedef int (*put_t)(int *at);
static int one(int *at) { return 1; }
static int two(int *at) { smp_mb(); return 1; }
put_t handler = one; int y;
{ }
P0(void) { put_t fn = READ_ONCE(handler); if (fn(&y)) WRITE_ONCE(y, 1); }
P1(void) { int r0 = READ_ONCE(y); smp_mb(); WRITE_ONCE(handler, two); }
exists (0:fn=two /\\ 1:r0=1)"""
    assert verdict(text, tmp_path, "armv8") == "Never"  # the barrier in two()
    text = text.replace("smp_mb(); return", "return")
    assert verdict(text, tmp_path, "armv8") == "Never"
    text = text.replace("if (fn(&y)) WRITE_ONCE(y, 1)", "WRITE_ONCE(y, fn(&y))")
    assert verdict(text, tmp_path, "armv8") == "Sometimes"


def test_a_callback_of_rcu_calls_on(tmp_path: Path) -> None:
    text = """struct item { struct rcu_head rcu; void (*release)(struct item *i); int dead; };
static void bury(struct item *i) { WRITE_ONCE(i->dead, 1); }
static void done(struct rcu_head *head)
{ struct item *i = container_of(head, struct item, rcu); i->release(i); }
struct item some = { .release = bury }; struct item *shown = &some;
{ }
P0(void) { WRITE_ONCE(shown, NULL); call_rcu(&some.rcu, done); }
P1(void)
{
	struct item *i; int r0 = 0;
	rcu_read_lock(); i = rcu_dereference(shown); if (i) r0 = READ_ONCE(i->dead); rcu_read_unlock();
}
~exists (1:r0=1)"""
    assert verdict(text, tmp_path, "lkmm") == "SAFE"
    assert verdict(text.replace("~exists (1:r0=1)", "exists (some.dead=0)"), tmp_path, "lkmm") == (
        "Never"
    )


# --- what is refused --------------------------------------------------------------------------

WRONG = """struct s { int n; void *p; int (*f)(int); };
typedef int (*fn_t)(int); typedef int plain_t(int);
static int one(int a) { return a; }
static int two(int a, int b) { return a + b; }
static int open(int a);
static int loop(fn_t f) { return f(1); }
static int again(int a) { return loop(again) + a; }
static int by_table(int a);
fn_t table[2] = { one, by_table };
static int by_table(int a) { return table[a & 1](a); }
struct s v; int x; fn_t *far; fn_t *P; int (*more)(int, ...);
{ }
P0(void) { CODE }
"""


@pytest.mark.parametrize(
    ("code", "column", "message"),
    [
        ("x = v.n(1);", 5, "this is no function, nor a pointer to one, but int"),
        ("x = v.p(1);", 5, "this is no function, nor a pointer to one, but void *"),
        ("x = far(1);", 5, "nor a pointer to one, but int (*)(int) *"),
        ("x = 3(1);", 5, "this is no function, nor a pointer to one, but int"),
        ("x = v.f(1, 2);", 5, "what is called here takes 1 argument, not 2: it is int (int)"),
        ("v.f = two;", 1, "int (*)(int, int) is used where int (*)(int) is needed"),
        ("x = loop(two);", 10, "int (*)(int, int) is used where int (*)(int) is needed"),
        ("x = ((fn_t)two)(1);", 5, "two is called as int (int), but is int (int, int)"),
        ("x = v.f(&v);", 9, "struct s * is used where int is needed"),
        ("x = loop(open);", 0, "open has no body"),
        ("x = again(1);", 0, "recursion is not supported: again -> loop -> again"),
        ("x = by_table(1);", 0, "recursion is not supported: by_table -> by_table"),
        ("fn_t f; x = f(1);", 13, "f is used, but has no value here"),
        ("x = more(1, 2);", 5, "variable arguments are not supported"),
        ("one = NULL;", 1, "= needs a variable, member or element on its left"),
        ("x = *one + 1;", 5, "a function has no size"),
        ("x = sizeof(*v.f);", 5, "a function has no size"),
        ("fn_t f = one + 1;", 10, "a function has no size"),
        ("x = (unknown)(1);", 6, "'unknown' is neither a type nor a function here"),
        ("x = v.f(int);", 9, "a type is not an argument here"),
        ("fn_t f = smp_mb;", 10, "smp_mb is not declared"),
        ("plain_t f; f(1);", 1, "function declarations inside a function"),
        ("x = unknown(1);", 5, "unknown function or primitive unknown"),
    ],
)
def test_what_is_wrong(code: str, column: int, message: str, tmp_path: Path) -> None:
    text = WRONG.replace("CODE", f"\n{code}\n")
    with pytest.raises(InputError) as caught:
        verdict(text + "exists (x=0)", tmp_path, "sc")
    found = caught.value.diagnostic
    assert message in found.message
    assert found.span is not None
    if column:
        assert (found.span.line, found.span.column) == (15, column), found.render()


AWAITED = """struct ops { int (*ready)(int *flag); };
static int is_set(int *flag) { return smp_load_acquire(flag); }
static int is_two(int *flag) { return READ_ONCE(*flag) == 2; }
struct ops plain = { .ready = is_two }; struct ops some = { .ready = is_set };
struct ops *used = &USED; int x; int flag;
{ }
P0(void) { WRITE_ONCE(x, 1); smp_store_release(&flag, 1); }
P1(void) { while (!used->ready(&flag)) cpu_relax(); int r0 = READ_ONCE(x); }
P2(void) { WRITE_ONCE(used, &some); }
forall (1:r0=1)"""


def test_a_wait_through_a_pointer(tmp_path: Path) -> None:
    """It is an await like others: no bound, whichever function is asked."""
    for used in ("some", "plain"):
        text = AWAITED.replace("USED", used)
        for model in ("tso", "armv8", "lkmm"):
            assert verdict(text, tmp_path, model).startswith(
                "VIOLATED data-race" if model == "lkmm" else "SAFE"
            )
    never = AWAITED.replace("USED", "plain").replace("WRITE_ONCE(used, &some);", "")
    assert verdict(never, tmp_path, "armv8") == "VACUOUS"


def test_sites_are_found_in_what_pointers_lead_to(tmp_path: Path) -> None:
    text = PUBLISHED.replace("GET", "get_x").replace("{ return READ", "{ smp_rmb(); return READ")
    found = list_sites(parse_litmus(Source("t.litmus", f"C t\n{text}\n")), "6.12")
    assert [s.name for s in found if s.function in ("get_x", "get_data")] == [
        "smp_rmb@get_x",
        "READ_ONCE@get_x",
    ]
    path = written(text.replace("exists", "~exists"), tmp_path)
    for removed, verdict_ in (
        (frozenset[str](), "SAFE"),
        (frozenset(("smp_rmb@get_x",)), "VIOLATED"),
    ):
        assert CHECKER.check(Request(path, "armv8", removed=removed)).verdict == verdict_


@pytest.mark.parametrize(
    "first", ["int (*fn)(void);", "int (*fn)(void) = get_x;", "int *x, (*fn)();"]
)
def test_a_pointer_may_be_declared_first(first: str, tmp_path: Path) -> None:
    """It begins like one of herd7's comments, and what is before it like prose."""
    before = "static int get_x(void);\n" if "get_x" in first else ""
    text = f"""{before}{first} int y;
static void store(int *) ;
static int get_x(void) {{ return READ_ONCE(y) + 3; }}
{{ y = 1; }}
P0(void) {{ fn = get_x; int r = fn(); }}
forall (0:r=4)"""
    assert verdict(text, tmp_path, "sc") == "SAFE"
