"""The kernel's small macros, and forms of kernel C that are another form's meaning.

What a waiting loop orders follows from what it is made of: an acquire load, or a relaxed one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker


def observation(
    text: str, folder: Path, model: str = "lkmm", kernel: str = "6.12"
) -> tuple[str, str | None]:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}\n")
    request = Request(path, model, kernel=kernel)
    checker = fresh_checker()
    verdict = checker.check(request)  # a witness has passed the replay
    found = checker.states(request).observation
    if verdict.observation is not None:
        assert verdict.observation == found
    return verdict.verdict, found


WAIT = """{{ int f; int x; atomic_t a; }}
P0(int *f, int *x, atomic_t *a) {{ WRITE_ONCE(*x, 1); smp_store_release(f, 1);
 smp_mb(); atomic_set(a, 2); }}
P1(int *f, int *x, atomic_t *a) {{ int r1 = {wait}; {then} int r0 = READ_ONCE(*x); }}
exists (1:r0=0)"""


@pytest.mark.parametrize(
    ("wait", "then", "expected"),
    [
        ("smp_cond_load_relaxed(f, VAL)", "", "Sometimes"),
        ("smp_cond_load_relaxed(f, VAL == 1)", "", "Sometimes"),
        ("smp_cond_load_relaxed(f, VAL)", "smp_acquire__after_ctrl_dep();", "Never"),
        ("smp_cond_load_relaxed(f, VAL)", "virt_rmb();", "Never"),
        ("smp_cond_load_relaxed(f, VAL)", "virt_mb();", "Never"),
        ("atomic_cond_read_relaxed(a, VAL > 1)", "", "Sometimes"),
    ],
)
@pytest.mark.parametrize("model", ["lkmm", "power"])
def test_waiting(wait: str, then: str, expected: str, model: str, tmp_path: Path) -> None:
    text = WAIT.format(wait=wait, then=then)
    assert observation(text, tmp_path, model)[1] == expected
    value = 2 if "atomic" in wait else 1
    always = text.replace("exists (1:r0=0)", f"forall (1:r1={value})")
    assert observation(always, tmp_path, model) == ("SAFE", "Always")


ACQUIRE = """{{ int f; int x; int y; atomic_t a = 1; }}
P0(int *f, int *x, int *y, atomic_t *a) {{ int r2 = READ_ONCE(*y); {first} WRITE_ONCE(*x, 1);
 smp_store_release(f, 1); }}
P1(int *f, int *x, int *y, atomic_t *a) {{ {before} int r1 = {wait}; {after} }}
exists ({outcome})"""


@pytest.mark.parametrize(
    ("model", "earlier"),
    [
        # arm64: a loop of smp_load_acquire (arch/arm64/include/asm/barrier.h). Else READ_ONCE, and
        # smp_rmb behind the loop (include/asm-generic/barrier.h), which on RISC-V is fence r,r and
        # leaves an earlier read and a later write alone. On POWER it is lwsync, on ARMv7 a dmb.
        ("armv8", "Sometimes"),
        ("riscv", "Sometimes"),
        ("lkmm", "Sometimes"),
        ("power", "Never"),
        ("armv7", "Never"),
        ("alpha", "Never"),
        ("tso", "Never"),
    ],
)
def test_waiting_with_acquire(model: str, earlier: str, tmp_path: Path) -> None:
    found = "smp_cond_load_acquire(f, VAL == 1)"

    def asked(outcome: str, **parts: str) -> str | None:
        given = {"first": "", "before": "", "wait": found, "after": "", "outcome": outcome}
        return observation(ACQUIRE.format(**{**given, **parts}), tmp_path, model)[1]

    # What comes after, be it a read or a write, waits for the value that ended the loop.
    assert asked("1:r0=0", after="int r0 = READ_ONCE(*x);") == "Never"
    assert asked("0:r2=1", after="WRITE_ONCE(*y, 1);") == "Never"
    # What came before does not wait for anything that an acquire does not order.
    wait = "atomic_cond_read_acquire(a, VAL)"
    parts = {"first": "smp_mb();", "before": "int r0 = READ_ONCE(*x);", "wait": wait}
    assert asked("0:r2=1 /\\ 1:r0=1", after="WRITE_ONCE(*y, 1);", **parts) == earlier


def test_pointers_of_rcu(tmp_path: Path) -> None:
    text = "{ int x = 1; int *p = &x; int y = 2; }\n"
    text += "P0(int **p) { rcu_read_lock_bh(); int *r0 = rcu_access_pointer(*p);\n"
    text += " rcu_read_unlock_bh(); }\n"
    text += "P1(int **p, int *y) { RCU_INIT_POINTER(*p, y);\n"
    text += " int *r1 = rcu_replace_pointer(*p, NULL, 1); synchronize_rcu(); }\n"
    assert observation(text + "exists (0:r0=y)", tmp_path)[1] == "Sometimes"
    assert observation(text + "forall (1:r1=y /\\ p=0)", tmp_path)[1] == "Always"


@pytest.mark.parametrize(
    ("top", "code", "x"),
    [
        ("", "BIT(3) | GENMASK(2, 1)", 14),
        ("", "GENMASK(63, 0) == ~0UL", 1),
        ("#define BIT(n) (n)", "BIT(3)", 3),
        ("static int BIT(int n) { return 7 + n; }", "BIT(3)", 10),
        ("#undef BIT\n#define BIT(n) (2 * (n))", "BIT(3)", 6),
        ("#ifndef GENMASK\n#define GENMASK(h, l) 99\n#endif", "GENMASK(1, 0)", 3),
        ("enum { BIT = 5 };", "BIT", 5),
        ("#define TWICE(n) (BIT(n) + BIT(n))", "TWICE(2)", 8),
    ],
)
def test_a_tests_own_definition_wins(top: str, code: str, x: int, tmp_path: Path) -> None:
    text = f"{top}\n{{ }}\nP0(long *x) {{ WRITE_ONCE(*x, {code}); }}\nforall (x={x})"
    assert observation(text, tmp_path) == ("SAFE", "Always")


def test_an_included_file_may_define_them_and_use_them(tmp_path: Path) -> None:
    (tmp_path / "own.h").write_text(
        "static int GENMASK(int a, int b)\n{\n return a * 10 + b;\n}\n"
        "static unsigned long low(void) { return BIT(4); }\n"
    )
    text = '#include "own.h"\n{ }\nP0(long *x) { *x = GENMASK(2, 1) + low(); }\nforall (x=37)'
    assert observation(text, tmp_path)[1] == "Always"


def test_macros_come_with_their_kernel(tmp_path: Path) -> None:
    """smp_cond_load_relaxed came after 3.9; BIT is older."""
    text = "{ }\nP0(int *x) { smp_cond_load_relaxed(x, !VAL); }\nexists (x=0)"
    with pytest.raises(InputError, match="smp_cond_load_relaxed"):
        observation(text, tmp_path, kernel="3.9")
    text = "{ }\nP0(int *x) { ACCESS_ONCE(*x) = BIT(1); }\nforall (x=2)"
    assert observation(text, tmp_path, kernel="3.9")[1] == "Always"


@pytest.mark.parametrize("asm", ['asm volatile("" ::: "memory")', '__asm__("" : : : "memory")'])
def test_the_assembly_that_is_barrier(asm: str, tmp_path: Path) -> None:
    """It separates plain accesses as barrier() does, and orders nothing between processors."""
    text = "{ }\nP0(int *x, int *y) { WRITE_ONCE(*x, 1); ASM; WRITE_ONCE(*y, 1); }\n"
    text += "P1(int *x, int *y) { int r0 = READ_ONCE(*y); smp_rmb(); int r1 = READ_ONCE(*x); }\n"
    text += "exists (1:r0=1 /\\ 1:r1=0)"
    assert observation(text.replace("ASM", asm), tmp_path)[1] == "Sometimes"
    with pytest.raises(InputError, match="inline assembly is not supported"):
        observation(text.replace("ASM", asm.replace('""', '"mfence"')), tmp_path)


def test_the_store_of_old_kernels(tmp_path: Path) -> None:
    """``ACCESS_ONCE(x) = v`` is a marked store; ACCESS_ONCE left the kernel in 4.15."""
    text = "{ }\nP0(int *x, int *y) { ACCESS_ONCE(*x) = 1; smp_wmb(); ACCESS_ONCE(*y) = 2; }\n"
    text += (
        "P1(int *x, int *y) { int r0 = ACCESS_ONCE(*y); smp_rmb(); int r1 = ACCESS_ONCE(*x); }\n"
    )
    text += "exists (1:r0=2 /\\ 1:r1=0)"
    assert observation(text, tmp_path, kernel="3.9")[1] == "Never"  # and no data race
    unordered = text.replace("smp_wmb();", "")
    assert observation(unordered, tmp_path, kernel="3.9")[1] == "Sometimes"
    assert not fresh_checker().states(Request(tmp_path / "t.litmus", "lkmm", kernel="3.9")).flags
    with pytest.raises(InputError, match=r"the kernel has no ACCESS_ONCE= at 6\.12"):
        observation(text, tmp_path)
    with pytest.raises(InputError, match="has to be a variable"):
        observation(text.replace("ACCESS_ONCE(*x) = 1", "ACCESS_ONCE(*x) += 1"), tmp_path)


@pytest.mark.parametrize(
    "code",
    [
        "typeof(*x) t = 3; WRITE_ONCE(*x, t);",
        "if (*x) { typeof(*x) u = 1; *x = u; } else { typeof(x) p = x; *p = 3; }",
        "for (int i = 0; i < 3; i++) { typeof(i) t = i + 1; *x = t; }",
        "*x = ({ typeof(x) p = x; *p + 3; });",
    ],
)
def test_typeof_in_an_execution_that_is_shown(code: str, tmp_path: Path) -> None:
    """The replay types the thread by itself."""
    text = f"{{ }}\nP0(int *x) {{ {code} }}\nexists (x=3)"
    assert observation(text, tmp_path)[1] == "Always"


def test_auto_type(tmp_path: Path) -> None:
    """The type is the initialiser's: a long keeps its upper half."""
    text = "{ long x; }\nP0(long *x) { __auto_type p = x; __auto_type q = READ_ONCE(*x);\n"
    text += " q = 1L << 40; WRITE_ONCE(*p, q >> 39); }\nforall (x=2)"
    assert observation(text, tmp_path)[1] == "Always"


def test_a_parameter_that_the_start_state_names(tmp_path: Path) -> None:
    """Old tests say ``0:x=x``, which is so anyway; another location is refused."""
    text = "{ 0:x=x; }\nP0(int *x) { WRITE_ONCE(*x, 1); }\nexists (x=1)"
    assert observation(text, tmp_path)[1] == "Always"
    with pytest.raises(InputError, match="its value is its location"):
        observation(text.replace("0:x=x", "0:x=y"), tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        *("&v.n", "&w.m", "&t->m", "&arr[1]", "&t->a[1]", "&*k", "k", "&(*k)", "&u[0].m"),
        *("arr + 1", "&*(arr + 1)", "t->a + 1", "(0, arr)", "({ arr; })"),
        *("1 ? &b : k", "0 ? k : &b", "k ?: &b"),  # 6.5.15 p6: of either operand
    ],
)
def test_a_pointer_to_what_is_volatile(address: str, tmp_path: Path) -> None:
    """C17 6.5.3.2 p3: ``&`` gives a pointer to the type of its operand, with its qualifiers; so the
    store is one that the compiler makes as it is written, and no data race."""
    path = tmp_path / "t.litmus"
    path.write_text(f"""C t
struct s {{ volatile int m; int n; volatile int a[2]; }};
volatile struct s v; struct s w, u[2]; volatile int arr[2]; int b;
{{ }}
P0(void)
{{
	struct s *t = &w;
	volatile int *k = &b;
	__auto_type p = {address};
	typeof({address}) q = p;
	*q = 1;
}}
P1(void) {{ struct s *t = &w; volatile int *k = &b; typeof({address}) p = {address}; int r = *p; }}
~exists (1:r=1)
""")
    found = fresh_checker().check(Request(path, "lkmm"))
    assert found.verdict == "VIOLATED"
    assert found.witness is not None
    stores = [e for e in found.witness.execution.events if e.kind == "W" and e.thread == 0]
    assert [e.primitive for e in stores] == ["WRITE_ONCE"]


@pytest.mark.parametrize(
    ("body", "value"),
    [  # C17 6.3.2.1 p3: an array's value is a pointer to its first element
        ("__auto_type p = g; p[1] = 9; p++; *x = *p;", 9),
        ("int a[2] = { 3, 4 }; __auto_type p = a; p[1]++; *x = a[1] + sizeof(p);", 13),
        ("__auto_type p = s.in; p[1][0] = 5; __auto_type q = p[1]; *x = *q + sizeof(*p);", 13),
        ("__auto_type f = one; *x = f(1);", 2),
        ("int *q = g; q = *x ? s.in[1] : q; q[1] = 4; q = *x ? q : s.in[1]; *x = g[1] + *q;", 4),
        ("int *q = 0; q = q ?: g; q[1] = 4; *x = g[1];", 4),
        ("__auto_type p = *x ? g : 0; p = g; p[1] = 3; *x = g[1];", 3),
    ],
)
def test_auto_type_of_an_array_is_a_pointer(body: str, value: int, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(f"""C t
struct s {{ int k; int in[2][2]; }};
int g[2]; struct s s;
static int one(int a) {{ return a + 1; }}
{{ long x; }}
P0(long *x) {{ {body} }}
~exists (x={value})
""")
    assert fresh_checker().check(Request(path, "sc")).verdict == "VIOLATED"


def test_a_pointer_to_a_volatile_parameter(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text("""C t
static int f(volatile int z) { __auto_type p = &z; *p += 3; return z; }
{ long x; }
P0(long *x) { *x = f(4); }
~exists (x=7)
""")
    assert fresh_checker().check(Request(path, "sc")).verdict == "VIOLATED"


def test_auto_type_takes_its_type_from_somewhere(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text("C t\n{ }\nP0(int *x) { __auto_type y; y = 1; }\nexists (true)\n")
    with pytest.raises(InputError, match="takes the type of an initializer") as error:
        fresh_checker().check(Request(path, "lkmm"))
    assert str(error.value.diagnostic.span).endswith(":3:26")


@pytest.mark.parametrize(
    ("model", "code", "expected"),
    [
        # linux/bitops.h assign_bit, asm-generic/barrier.h virt_*: the smp_* ones, in a guest too.
        ("sc", "assign_bit(2, w, x); assign_bit(1, w, 1); assign_bit(0, w, *x);", "w=6"),
        ("sc", "__assign_bit(2, w, 0); virt_store_mb(*w, virt_load_acquire(w) + 1);", "w=1"),
        (
            "sc",
            "virt_mb__before_atomic(); virt_store_release(w, 3); virt_mb__after_atomic();",
            "w=3",
        ),
        ("sc", "local_bh_disable(); *w = 1; local_bh_enable();", "w=1"),
        # 8 bytes wide; the orders are those of cmpxchg (atomic-arch-fallback.h).
        (
            "armv8",
            "u64 o = 5; if (!try_cmpxchg64_relaxed(w, &o, 1)) cmpxchg64_release(w, o, 7);",
            "w=7",
        ),
        ("armv8", "u64 o = 0; if (try_cmpxchg64(w, &o, 1)) cmpxchg64_acquire(w, o, 7);", "w=1"),
        # linux/byteorder/generic.h: there and back is no change, but to the width.
        ("sc", "__le16 l = cpu_to_le16(0x10203); *w = le16_to_cpu(l);", "w=0x203"),
        ("armv8", "__le32 l = cpu_to_le32(5); *w = le32_to_cpu(l) - 6;", "w=0xffffffff"),
        ("sc", "__le64 l = cpu_to_le64(-1); *w = le64_to_cpu(l) + 3;", "w=2"),
    ],
)
def test_words_of_the_kernel(model: str, code: str, expected: str, tmp_path: Path) -> None:
    text = f"{{ unsigned long w; }}\nP0(unsigned long *w, int *x) {{ {code} }}\nforall ({expected})"
    assert observation(text, tmp_path, model) == ("SAFE", "Always")


@pytest.mark.parametrize(
    "look",
    ["srcu_dereference(*p, s)", "rcu_dereference_bh_check(*p, 1)", "unrcu_pointer(READ_ONCE(*p))"],
)
@pytest.mark.parametrize(("model", "expected"), [("lkmm", "Never"), ("alpha", "Never")])
def test_readers_of_rcu(look: str, model: str, expected: str, tmp_path: Path) -> None:
    """All end in READ_ONCE of 6.12, which on Alpha has its barrier."""
    text = f"""{{ int *p = &z; int z = 1; }}
P0(int **p, int *x) {{ WRITE_ONCE(*x, 1); rcu_assign_pointer(*p, x); }}
P1(int **p, struct srcu_struct *s) {{ int *r0 = {look}; int r1 = READ_ONCE(*r0); }}
exists (1:r1=0)"""
    assert observation(text, tmp_path, model)[1] == expected


MEANT = """{{ }}
P0(int *x, int *y) {{ {store}; smp_wmb(); WRITE_ONCE(*y, 1); }}
P1(int *x, int *y) {{ int r0 = READ_ONCE(*y); smp_rmb(); int r1 = {read}; }}
~exists (1:r0=1 /\\ 1:r1=0)"""


@pytest.mark.parametrize(
    ("store", "read", "raced"),
    [
        # tools/memory-model/Documentation/access-marking.txt: data_race() leaves the compiler as
        # free as a plain access does; data_race(READ_ONCE(a)) restricts it.
        ("WRITE_ONCE(*x, 1)", "data_race(*x)", True),
        ("data_race(*x = 1)", "READ_ONCE(*x)", True),
        ("WRITE_ONCE(*x, 1)", "data_race(READ_ONCE(*x))", False),
    ],
)
def test_a_race_that_is_meant(store: str, read: str, raced: bool, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text("C t\n" + MEANT.format(store=store, read=read) + "\n")
    for model, flagged in (("lkmm", raced), ("armv8", False), ("tso", False)):
        verdict = fresh_checker().check(Request(path, model))
        assert ("data-race" in verdict.flags) == flagged
        assert verdict.verdict == ("VIOLATED" if flagged else "SAFE")
    with pytest.raises(InputError) as refused:  # it came with KCSAN, in 5.8
        fresh_checker().check(Request(path, "armv8", kernel="3.9"))
    assert "since 5.8" in (refused.value.diagnostic.hint or "")


_NET = """struct dev {{ int up; }};
struct dev old = {{ .up = 1 }};
struct dev new = {{ .up = 1 }};
struct dev *shown = &old;
{{ }}
P0(void)
{{
	struct dev *gone = rtnl_dereference(shown);

	rcu_assign_pointer(shown, &new);
	{wait};
	WRITE_ONCE(gone->up, 0);
}}
P1(void)
{{
	rcu_read_lock();
	struct dev *p = rcu_dereference_rtnl(shown);
	int r0 = READ_ONCE(p->up);
	rcu_read_unlock();
}}
exists (1:r0=0)"""


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_pointers_and_grace_periods_of_the_network(kernel: str, tmp_path: Path) -> None:
    """net/core/dev.c: synchronize_net() waits for all who may still see what is gone."""
    assert observation(_NET.format(wait="synchronize_net()"), tmp_path, kernel=kernel)[1] == "Never"
    early = observation(_NET.format(wait="smp_mb()"), tmp_path, kernel=kernel)
    assert early[1] == "Sometimes"
