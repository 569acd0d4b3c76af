"""Whatever the engine finds for random programs, the replay accepts, and both judge it alike.

The compiler unrolls, inlines and folds; the interpreter does not. They share the syntax tree and
the rows of the model, so agreement on events, values, dependencies and assertions means something.
"""

from __future__ import annotations

from random import Random

import pytest

from ksmcheck.check.goals import goals_of
from ksmcheck.events.build import build_structure
from ksmcheck.events.value_sets import TooManyValues
from ksmcheck.execution.replay import replay
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives
from ksmcheck.lowering.template import Row
from ksmcheck.model.load import load_model
from ksmcheck.model.model import Model
from ksmcheck.program.compile import compile_program
from ksmcheck.solve.limits import Limits
from ksmcheck.solve.outcome import Found
from ksmcheck.solve.session import Session
from ksmcheck.solve.witness import to_execution
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError, Source, Span

KERNEL = "6.12"
IN_MEMORY = "int d = 1, tab[2] = { 0, 2 }, *q = &d; struct st v = { 2 };"
"""Locals of which pointers are about. Where none of them leaves the thread, they are registers."""
LOCALS = f"int a = 0, b = 1, c = 2, i = 0; long l = 0; struct st t = {{ 0, 1 }}; {IN_MEMORY}"
SHARED = ("x", "y", "s.a", "s.b", "arr[0]", "arr[1]")
PLAIN = (*SHARED, "s.p", "s.q", "s.r", "t.a", "t.b", "t.p", "t.q", "t.r", "d", "*q", "v.a", "v.p")
"""What a plain access may be of: bit-fields and members of a local, too."""
POINTERS = ("&d", "q", "&tab[1]", "&v.a", "&x", "(a ? &d : &x)", "(b ? &tab[0] : q)")
BINARY = ("+", "-", "*", "&", "|", "^", "==", "!=", "<", ">=", "&&", "||")


class Writer:
    """Writes C at random: deep enough for every statement to meet every other."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.labels = 0
        self.result = ""

    def one(self, *texts: str) -> str:
        return self.random.choice(texts)

    def local(self) -> str:
        return self.one("a", "b", "c", "l")

    def expr(self, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.25:
            return self.one(self.local(), self.local(), str(self.random.randint(0, 3)))
        sub = [self.expr(depth - 1) for _ in range(3)]
        return self.one(
            f"({sub[0]} {self.one(*BINARY)} {sub[1]})",
            f"({sub[0]} {self.one(*BINARY)} {sub[1]})",
            f"READ_ONCE({self.one(*SHARED)})",
            self.one(*PLAIN),
            f"({sub[0]} ? {sub[1]} : {sub[2]})",
            f"{self.one('!', '-', '~', '(u8)', '(long)')}({sub[0]})",
            f"atomic_cmpxchg(&at, {self.local()}, 2)",
            f"atomic_add_unless(&at, {self.local()}, 1)",
            f"f({sub[0]}, {self.local()})",
            f"arr[{self.local()} & 1]",
            f"tab[{self.local()} & 1]",
            f"add({self.one(*POINTERS)}, {self.local()})",
            f"({{ int z = {sub[0]}; z + 1; }})",
            f"h({self.one('s', 't', f'pair({self.local()})')}, {self.local()})",
            f"pair({sub[0]}).b",
            "next()",
            f"({self.local()} {self.one('=', '+=', '^=')} {sub[0]})",
        )

    def statement(self, depth: int, loop: bool = False) -> str:
        target = self.one(*SHARED)
        leaf = self.one(
            f"WRITE_ONCE({target}, {self.expr(1)});",
            f"{target} {self.one('=', '+=')} {self.expr(1)};",
            f"{self.one(*PLAIN)} {self.one('=', '+=')} {self.expr(1)};",
            f"{self.one('s', 't')} = {self.one('s', 't', f'pair({self.local()})')};",
            f"{self.one('s', 't')} = (struct st){{ .p = {self.local()}, .a = {self.expr(1)} }};",
            f"{self.local()} {self.one('=', '+=', '|=')} {self.expr(2)};",
            f"tab[{self.local()} & 1] {self.one('=', '+=')} {self.expr(1)};",
            f"*{self.one(*POINTERS)} = {self.expr(1)};",
            f"q = {self.one(*POINTERS)};",
        )
        if depth <= 0 or self.random.random() < 0.3:
            return leaf
        test, inner, other = self.expr(1), self.block(depth - 1, loop), self.block(depth - 1, loop)
        around = self.block(depth - 1, True)
        self.labels += 1
        label = f"L{self.labels}"
        leave = self.one("break", "continue") if loop else f"return{self.result}"
        return self.one(
            f"if ({test}) {inner} else {other}",
            f"if ({self.expr(2)}) {inner}",
            f"while ({test}) {around}",
            f"do {around} while ({test});",
            f"for (i = 0; i < 2; i++) {around}",
            f"switch ({test}) {{ case 0: {leaf} {self.one('break;', '')} "
            f"case 1: {inner} break; default: {other} }}",
            f"if ({test}) {leave};",
            f"if ({test}) goto {label}; {leaf} {label}: {inner}",
            f"{label}: {leaf} if ({test}) goto {label};",
            f"BUG_ON({test});",
        )

    def block(self, depth: int, loop: bool) -> str:
        count = self.random.randint(1, 2)
        return "{ " + " ".join(self.statement(depth, loop) for _ in range(count)) + " }"

    def test(self) -> str:
        threads = [
            f"{LOCALS} {self.statement(2)} {self.statement(2)} {self.statement(1)}"
            for _ in range(2)
        ]
        self.result = " b"
        inner = self.statement(1).replace("f(", "g(")
        return f"""C random
struct st {{ int a; int p:3; unsigned q:4; bool r:1; long b; }};
struct st s;
int x; long y; int arr[2]; atomic_t at;
static int g(int a, int b) {{ if (a) return 1; return b; }}
static struct st pair(int a) {{ struct st r = {{ .q = a }}; if (a) return r; r.b = 2; return r; }}
static int h(struct st t, int a) {{ t.p += a; return t.p + t.q + t.a; }}
static int add(int *p, int n) {{ *p += n; if (n) return *p; return n; }}
static int next(void) {{ static int n; return n++; }}
static int f(int a, int b) {{ int c = 1, i = 0; long l = 3; struct st t = {{ 0 }};
 {IN_MEMORY} {inner} return b; }}
{{ x = 1; }}
P0(void) {{ {threads[0]} }}
P1(void) {{ {threads[1]} }}
exists (x == 1 && 0:a == 1)
"""


def looked_at(text: str, model: Model) -> int:
    """How many executions of the test were replayed."""
    test: LitmusTest = parse_litmus(Source("random.litmus", text), kernel=KERNEL)
    config = model.configs(KERNEL)[0]
    known = primitives(KERNEL)

    def lower(name: str, span: Span) -> tuple[Primitive, Row]:
        return known[name], model.row(known[name], KERNEL, config, span)

    try:
        program = compile_program(test, kernel=KERNEL)
        structure = build_structure(program, lower, model.name, config)
    except (InputError, TooManyValues):
        # Some texts divide the world: a loop without a way out, a condition that never holds.
        return 0
    session = Session(structure, model.compiled, limits=Limits(seconds=2))
    goals = goals_of(structure)
    count = 0
    for goal in (goals.wanted, goals.unwanted, goals.broken):
        outcome = session.find(goal)
        if isinstance(outcome, Found):
            count += 1
            found = outcome.candidate
            execution = to_execution(structure, found)
            replayed = replay(test, KERNEL, model, config, execution, structure.cells)
            assert structure.condition is not None
            assert replayed.condition == found.holds(structure.condition)
            failed = [
                o.kind
                for o in structure.obligations
                if found.holds(o.guard) and not found.holds(o.holds)
            ]
            assert sorted(failed) == sorted(f.kind for f in replayed.failed)
    session.close()
    return count


@pytest.mark.parametrize("name", ["sc", "armv8", "lkmm"])
def test_random_programs(name: str) -> None:
    model = load_model(name)
    counts = [looked_at(Writer(seed).test(), model) for seed in range(40)]
    # The test would prove nothing if most texts were refused.
    assert sum(count > 0 for count in counts) > 13


# Constructs that random programs seldom meet: objects in memory that are local, struct copies,
# bitmaps, locks, try_cmpxchg, GNU forms. Both sides have to make the same events of them.
CONSTRUCTS = [
    "int v = 1; int *p = &v; *p = 2; WRITE_ONCE(x, v);",
    "struct st t; struct st *q = &t; q->a = 3; q->b = 4; x = t.a + t.b;",
    "struct st t = { .b = 5 }; t.a = 2; s = t; x = s.a;",
    "struct st t = s; x = t.a + 1;",
    "int a = 0; int ok = atomic_try_cmpxchg(&at, &a, 5); if (!ok) x = a;",
    "int a = 0; while (!atomic_try_cmpxchg(&at, &a, a + 1)) ; x = a;",
    "int loc[2] = {1, 2}; loc[1] = x; x = loc[0] + loc[1];",
    "int loc[2] = {1, 2}; int k = x & 1; loc[k] = 7; x = loc[0];",
    "int a; set(&a); x = a;",
    "int a = 3; long l = 5; swap(&a, &a); x = a;",
    "vol = 3; int r = vol; x = r;",
    "struct st *q = ptr; if (q) q->a = 4; ptr = &s; x = ptr->a;",
    "int r = READ_ONCE(ptr->a);",
    "ptr = &s; int r = READ_ONCE(ptr->a); WRITE_ONCE(ptr->b, r);",
    "unsigned long w = 0; set_bit(3, &bits); if (test_and_set_bit(3, &bits)) x = 2; "
    "clear_bit(70, bm);",
    "spin_lock(&lk); x++; spin_unlock(&lk); if (spin_trylock(&lk)) { y = x; spin_unlock(&lk); }",
    "int *p = cond() ? &x : &arr[1]; *p = 4;",
    "for (int i = 0; i < 2; i++) { int v = i; int *p = &v; *p += 1; x += v; }",
    "struct st *q = container_of(&s.b, struct st, b); q->a = sizeof(*q); x = WARN_ON(q->a == 3);",
    "int a = 2; x = a++; x += --a; y ^= x; y <<= 1;",
    "for (int i = 0; i < 2; i++) inc();",
    "inc(); inc();",
    "int n = 3; while (n--) { if (x == 5) break; } x = n;",
    "int a = x ?: 7; y = a;",
    "int r = ({ int t = READ_ONCE(x); if (t) t = 4; t; }); y = r;",
    "do { if (READ_ONCE(x) == 1) break; } while (1); y = 1;",
    "int i; for (i = 0; i < 3; i++) switch (i) { case 0 ... 1: x += i; continue; "
    "default: goto out; } out: y = i;",
    "int a = xchg(&x, 4); y = a; rcu_assign_pointer(ptr, &s); "
    "struct st *p = rcu_dereference(ptr); y = p->a;",
    "smp_store_mb(x, 3); int r = smp_load_acquire(&x); y = r;",
    "int r = atomic_dec_and_test(&at) || atomic_inc_not_zero(&at); y = r;",
    "u8 c = 255; c++; y = c; short h = 32767; h++; y += h;",
    "struct st t; t.a = x; t.b = t.a * 2; y = t.b;",
    "ptr = (void *)&s + 8 - 8; long d = (char *)ptr - (char *)&s; y = d;",
    "if (x == 1 && ({ int z = y; z == 0; })) y = 2; else y = 3;",
    "int a[3] = { [1] = 4 }; y = a[0] + a[1] + a[2];",
    "struct st t = { 1, 2 }; struct st u = t; u.a += 1; y = u.a + u.b;",
    "long i = 0; again: if (i < 3) { i++; goto again; } y = i;",
    "int r = x; switch (r) { case 1: { int q = 3; y = q; } break; }",
    "BUG_ON(x != 1); assert(x); VM_BUG_ON_PAGE(x == 9, NULL);",
    "int r = x; if (r == 1) { r = 2; } else if (r == 2) { return; } else { r = 5; } y = r;",
    "struct st t = { READ_ONCE(x), 0 }; if (t.a) y = 1; t.b = 9; y = t.b;",
    "f.p = 5; f.q += x; y = f.p + f.r++; f.w = y; struct bits g = f; g.r = 2; y = g.r + g.p;",
    "struct bits g; g.p = x; if (g.p) g.q = 1; y = g.p;",
    "struct bits *q = &f; if (q->r && !q->p) q->p = q->q ? x : 2; y = (q->q = 19);",
    "y = count() + count(); static long n = 4; n += x; y += n;",
    "struct st *p = &(struct st){ .a = x, .b = 2 }; p->a += 1; y = p->a + p->b;",
    "for (int i = 0; i < 2; i++) { int *p = &(int){ x }; *p += i; y += *p; }",
    "s = (struct st){ x, 3 }; y = ((struct st){ 1, s.b }).b;",
    "struct st t = made(x); s = made(3); y = made(t.a).b + sum(t) + sum(made(2)); made(1);",
    "typeof(y) t = x; __auto_type u = t; y = u + sizeof(u);",
    "int r = smp_cond_load_relaxed(&x, VAL); y = r;",
    'WRITE_ONCE(y, rcu_access_pointer(ptr)->a); asm volatile("" ::: "memory");',
]

AROUND = """C construct
struct st { int a; long b; };
struct st s; struct st *ptr; int x; long y; int arr[2]; atomic_t at; volatile int vol;
unsigned long bits; unsigned long bm[2]; spinlock_t lk;
static void set(int *p) { *p = 7; }
static void swap(int *p, int *q) { int t = *p; *p = *q; *q = t + 1; }
static void inc(void) { int v = 1; set(&v); x += v; }
static int cond(void) { return READ_ONCE(x); }
struct bits { int p:3; unsigned q:4; bool r:1; unsigned w:32; } f;
static int count(void) { static int n; return ++n; }
static struct st made(int a) { struct st r = { a, 1 }; if (a) return r; r.b = x; return r; }
static int sum(struct st v) { v.a += 10; return v.a + v.b; }
{ x = 1; ptr = &s; }
P0(void) { BODY }
P1(void) { WRITE_ONCE(x, 2); atomic_inc(&at); }
exists (x == 1)
"""


@pytest.mark.parametrize("body", CONSTRUCTS)
def test_constructs(body: str) -> None:
    for name in ("sc", "lkmm"):
        assert looked_at(AROUND.replace("BODY", body), load_model(name)) > 0
