"""Shared memory, primitives, sites, conditions and locks: from the test's text to the program."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from ksmcheck.kernel.primitives import primitives
from ksmcheck.program.compile import compile_program, unrolled
from ksmcheck.program.ir import Access, Assume, Cell, Check, Const, FinalCell, FinalReg, Op, Program
from ksmcheck.program.lower import lower_test
from ksmcheck.program.sites import list_sites, remove_sites
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError, Source


def parsed(text: str, kernel: str = "6.12") -> LitmusTest:
    return parse_litmus(Source("t.litmus", f"C t\n{text}"), kernel=kernel)


def compiled(text: str, kernel: str = "6.12") -> Program:
    return compile_program(parsed(text, kernel), kernel=kernel)


def cell(program: Program, name: str) -> Cell:
    (found,) = (c for c in program.cells if c.name == name)
    return found


def accesses(program: Program, thread: int = 0) -> Iterator[Access]:
    for block in program.threads[thread].blocks:
        yield from (i for i in block.instrs if isinstance(i, Access))


KERNEL = """
struct list { struct list *next; };
struct page { unsigned long flags; union { void *mapping; long s_mem; }; atomic_t _count; u8 tag;
              struct list lru[2]; };
struct node { unsigned long kpfn; struct page *page; };
struct page mem_map[2];
struct node node = { .kpfn = 1, .page = &mem_map[1] };
int x; int *p = &x; spinlock_t lock; volatile int v;
"""


@pytest.mark.parametrize(
    ("expression", "in_memory"),
    [
        ("&q[1]", False),  # C11 6.5.3.2: &q[1] is q + 1, which reads the pointer and has no address
        ("&q[READ_ONCE(*y) & 1]", False),
        ("&own[1]", True),
        ("*&q", True),
    ],
)
def test_what_a_pointer_points_to_is_not_the_pointer(expression: str, in_memory: bool) -> None:
    """A local in memory has accesses of its own; what it points to has not."""
    program = compiled(
        f"{{ int a[2]; }}\nP0(int *a, int *y) {{ int own[2]; int *q = a; int *r = {expression}; }}"
    )
    local = [c.name for c in program.cells if c.name.startswith("P0:")]
    assert bool(local) == in_memory


def test_layout_of_an_array_of_structs() -> None:
    """flags at 0, the union at 8, _count at 16, tag at 20, then 3 bytes of padding, lru at 24."""
    program = compiled(KERNEL + "{ } P0(void) { } exists (true)")
    base = cell(program, "mem_map[0].flags").address
    offsets = {c.name: c.address - base for c in program.cells if c.name.startswith("mem_map")}
    assert offsets == {
        "mem_map[0].flags": 0,
        "mem_map[0].mapping": 8,
        "mem_map[0]._count.counter": 16,
        "mem_map[0].tag": 20,
        "mem_map[0].lru[0].next": 24,
        "mem_map[0].lru[1].next": 32,
        "mem_map[1].flags": 40,
        "mem_map[1].mapping": 48,
        "mem_map[1]._count.counter": 56,
        "mem_map[1].tag": 60,
        "mem_map[1].lru[0].next": 64,
        "mem_map[1].lru[1].next": 72,
    }


def test_start_values_are_addresses_and_numbers() -> None:
    start = "{ mem_map[0].mapping = (void *)&node + 3; mem_map[1]._count = ATOMIC_INIT(-1); }"
    program = compiled(KERNEL + start + "P0(void) { } exists (true)")
    node = cell(program, "node.kpfn")
    assert node.init == 1
    assert cell(program, "node.page").init == cell(program, "mem_map[1].flags").address
    assert cell(program, "mem_map[0].mapping").init == node.address + 3
    # The memory image is unsigned: -1 in 32 bits.
    assert cell(program, "mem_map[1]._count.counter").init == 0xFFFFFFFF
    assert cell(program, "mem_map[0].mapping").pointer and not node.pointer


def test_objects_lie_far_apart_and_far_from_small_numbers() -> None:
    program = compiled(KERNEL + "{ } P0(void) { } exists (true)")
    starts = sorted(cell(program, n).address for n in ("mem_map[0].flags", "node.kpfn", "x", "p"))
    assert starts[0] >= 1 << 20
    assert all(b - a >= 1 << 16 for a, b in pairwise(starts))
    assert starts[-1] < 1 << 31  # so that herd7's int keeps an address


@pytest.mark.parametrize(
    ("lvalue", "offset_of", "more"),
    [
        ("mem_map[1].tag", "mem_map[1].flags", 20),
        ("(mem_map + 1)->_count", "mem_map[0].flags", 40 + 16),
        ("node.page->flags", None, 0),
        ("container_of(&mem_map[1]._count, struct page, _count)->s_mem", "mem_map[1].flags", 8),
        ("((struct page *)((char *)mem_map + sizeof(struct page)))->flags", "mem_map[0].flags", 40),
        ("(&mem_map[1])[-1].lru[1].next", "mem_map[0].flags", 32),
        ("*p", None, 0),
    ],
)
def test_addresses(lvalue: str, offset_of: str | None, more: int) -> None:
    word = "_count" in lvalue.rsplit("->", 1)[-1]
    call = f"atomic_read(&{lvalue})" if word else f"READ_ONCE({lvalue})"
    program = compiled(KERNEL + f"{{ }} P0(void) {{ long r = (long){call}; }} exists (true)")
    last = list(accesses(program))[-1]
    if offset_of is None:
        # Through a pointer in memory: that is read first, plainly.
        assert [a.name for a in accesses(program)] == ["load", "READ_ONCE"]
    else:
        address = cell(program, offset_of).address + more
        assert [a.value for a in last.args if isinstance(a, Const)] == [address]


def test_pointer_difference_counts_elements() -> None:
    code = "{ } P0(void) { long r = &mem_map[1] - mem_map; BUG_ON(r != 1); } exists (true)"
    program = compiled(KERNEL + code)
    (block,) = program.threads[0].blocks
    (check,) = (i for i in block.instrs if isinstance(i, Check))
    assert check.holds == Const(1, check.holds.type)


def test_which_access_is_which() -> None:
    code = """{ }
    P0(void) { x = 1; WRITE_ONCE(x, 2); v = 3; int r = v; r = x; x++; spin_lock(&lock);
               set_bit(3, &node.kpfn); atomic_inc(&mem_map[0]._count); xchg(&x, 5);
               spin_unlock(&lock); rcu_assign_pointer(p, &x); smp_store_release(&x, 1); }
    exists (true)"""
    program = compiled(KERNEL + code)
    assert [(a.name, a.dst is not None) for a in accesses(program)] == [
        ("store", False),
        ("WRITE_ONCE", False),
        ("WRITE_ONCE", False),  # v is volatile
        ("volatile load", False),  # r is overwritten: the event stays, its value is not kept
        ("load", True),  # r is a local of the thread: its final value can be asked for
        ("load", True),
        ("store", False),
        ("spin_lock", False),
        ("set_bit", False),
        ("atomic_inc", False),
        ("xchg", False),
        ("spin_unlock", False),
        ("rcu_assign_pointer", False),
        ("smp_store_release", False),
    ]


def test_a_bit_beyond_the_word_is_in_the_next_one() -> None:
    """Bit 70 of a bitmap of 64-bit words is bit 6 of its second word."""
    code = "unsigned long map[2]; { } P0(void) { set_bit(70, map); } exists (true)"
    program = compiled(code)
    (access,) = accesses(program)
    assert [a.value for a in access.args if isinstance(a, Const)] == [
        6,
        cell(program, "map[1]").address,
    ]


def test_try_cmpxchg_gives_the_old_value_back() -> None:
    code = """{ }
    P0(void) { int old = 0; bool ok = atomic_try_cmpxchg(&mem_map[0]._count, &old, 1); }
    exists (0:ok = 1 /\\ 0:old = 7)"""
    program = compiled(KERNEL + code)
    (access,) = accesses(program)
    assert access.name == "atomic_try_cmpxchg"
    assert [a.value for a in access.args[1:] if isinstance(a, Const)] == [0, 1]
    assert {n for n, _, _ in program.threads[0].outputs} == {"old", "ok"}


def test_a_local_whose_address_is_taken_is_memory() -> None:
    top = "static void set(int *where) { *where = 4; }"
    program = compiled(f"{top} {{ }} P0(void) {{ int r = 0; set(&r); }} exists (0:r = 4)")
    assert cell(program, "P0:r").ctype == "int"
    assert [a.name for a in accesses(program)] == ["store", "store"]
    assert program.condition is not None
    assert isinstance(program.condition.expr, Op)
    assert program.condition.expr.args[0] == FinalCell(0, cell(program, "P0:r").type)


# herd7's dialect.


def test_parameters_are_addresses_of_shared_locations() -> None:
    program = compiled(
        "{ x=1; y=x; } P0(int *x, int **y) { int *r = READ_ONCE(*y); } exists (true)"
    )
    assert (cell(program, "x").init, cell(program, "x").type.width) == (1, 32)
    assert cell(program, "y").init == cell(program, "x").address
    assert cell(program, "y").type.width == 64
    (access,) = accesses(program)
    assert access.args[0] == Const(cell(program, "y").address, access.args[0].type)


def test_registers_need_no_declaration_and_hold_addresses() -> None:
    program = compiled(
        "{ t = a; } P0(int *t) { r0 = READ_ONCE(*t); r1 = smp_load_acquire(r0); }"
        " exists (0:r0 = a /\\ 0:r1 = 0)"
    )
    assert [a.name for a in accesses(program)] == ["READ_ONCE", "smp_load_acquire"]
    assert [name for name, _ in program.observed] == ["0:r0", "0:r1"]
    assert program.condition is not None
    address = cell(program, "a").address
    assert str(address) in repr(program.condition.expr)


def test_a_location_known_only_by_its_address_has_the_type_of_what_points_to_it() -> None:
    program = compiled("{ x = y; y = z; p = q; } P0(long *x, char **p) { } exists (true)")
    widths = {c.name: c.type.width for c in program.cells}
    # long x holds untyped pointers: y and z are long too. p points to char.
    assert widths == {"x": 64, "y": 64, "z": 64, "p": 64, "q": 8}


def test_a_cast_of_an_address_does_not_change_the_untyped_location() -> None:
    program = compiled("{ } P0(int *x) { int r = (int)READ_ONCE(*(char **)x); } exists (true)")
    (access,) = accesses(program)
    assert access.cell_type == cell(program, "x").type


def test_a_register_may_have_a_start_value() -> None:
    program = compiled("{ 0:r1 = x; } P0(int *x) { WRITE_ONCE(*r1, 3); } exists (x = 3)")
    (access,) = accesses(program)
    assert access.args[0] == Const(cell(program, "x").address, access.args[0].type)


def test_a_condition_reads_cells_and_registers() -> None:
    program = compiled(
        KERNEL + "{ } P0(void) { int r = READ_ONCE(x); } "
        "exists (0:r = 1 /\\ ~(node.kpfn = 2 \\/ mem_map[1].flags = 3) /\\ *p = 4)"
    )
    assert [name for name, _ in program.observed] == [
        "0:r",
        "*p",
        "mem_map[1].flags",
        "node.kpfn",
    ]
    assert program.observed[0][1] == FinalReg(0, "r", program.observed[0][1].type)
    # *p: whichever int cell the final value of p is the address of.
    chosen = program.observed[1][1]
    assert isinstance(chosen, Op) and chosen.op == "ite"


def test_an_assumption_is_kept() -> None:
    program = compiled("int x; { } P0(void) { __assume(READ_ONCE(x) == 2); } exists (true)")
    (block,) = program.threads[0].blocks
    assert any(isinstance(i, Assume) for i in block.instrs)


# Sites.

SITES = """
int x; int y;
static void f(void) { smp_wmb(); x = 1; smp_wmb(); }
static void never_called(void) { smp_rmb(); }
{ }
P0(void) { f(); f(); int r = xchg(&y, 1); smp_mb(); if (r) smp_mb(); xchg(&y, 2); }
exists (x = 1)
"""


def test_sites_are_numbered_in_source_order_within_their_function() -> None:
    sites = list_sites(parsed(SITES), "6.12")
    assert [(s.name, s.removable) for s in sites] == [
        ("smp_wmb@f", True),
        ("smp_wmb@f#2", True),
        ("xchg@P0", False),
        ("smp_mb@P0", True),
        ("smp_mb@P0#2", True),
        ("xchg@P0#2", True),
    ]


def test_origins_name_sites_and_plain_accesses() -> None:
    names = [a.origin.site for a in accesses(compiled(SITES))]
    assert names[:3] == ["smp_wmb@f", "x@f", "smp_wmb@f#2"]
    assert names[:3] == names[3:6]


def test_removal_takes_out_every_inlined_copy_and_keeps_the_other_names() -> None:
    test = parsed(SITES)
    left = remove_sites(test, frozenset({"smp_wmb@f", "xchg@P0#2"}), kernel="6.12")
    names = [a.origin.site for a in accesses(compile_program(left, kernel="6.12"))]
    assert names == ["x@f", "smp_wmb@f#2"] * 2 + ["xchg@P0", "smp_mb@P0", "smp_mb@P0#2"]
    same = compile_program(test, kernel="6.12", removed=frozenset({"smp_wmb@f", "xchg@P0#2"}))
    assert [a.origin.site for a in accesses(same)] == names


@pytest.mark.parametrize(
    ("name", "message"),
    [("xchg@P0", "its value is used"), ("smp_wmb@g", "there is no site")],
)
def test_what_cannot_be_removed(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        remove_sites(parsed(SITES), frozenset({name}), kernel="6.12")
    if name == "smp_wmb@g":
        assert "smp_wmb@f" in (error.value.diagnostic.hint or "")


# Locks.

LOCKED = "spinlock_t a; spinlock_t b; int x; struct mutex m; {{ }} P0(void) {{ {} }} exists (true)"


@pytest.mark.parametrize(
    "code",
    [
        "spin_lock(&a); spin_unlock(&a); spin_lock(&a); spin_unlock(&a);",
        "spin_lock(&a); spin_lock(&b); spin_unlock(&a); spin_unlock(&b);",
        "if (spin_trylock(&a)) spin_unlock(&a);",
        "int got = spin_trylock(&a); x = 1; if (got) spin_unlock(&a);",
        # Taken and released under related conditions: no path can be excluded, none is blamed.
        "int r = READ_ONCE(x); if (r > 1) spin_lock(&a); if (r > 2) spin_unlock(&a);",
        "rcu_read_lock(); rcu_read_lock(); rcu_read_unlock(); rcu_read_unlock();",
        "mutex_lock(&m); mutex_unlock(&m);",
    ],
)
def test_balanced_locks(code: str) -> None:
    compiled(LOCKED.format(code))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("spin_unlock(&a);", "does not hold"),
        ("spin_lock(&a); spin_unlock(&b);", "does not hold"),
        ("spin_lock(&a); spin_unlock(&a); spin_unlock(&a);", "does not hold"),
        ("spin_lock(&a); spin_lock(&a); spin_unlock(&a);", "for ever"),
        ("rcu_read_lock();", "not released"),
    ],
)
def test_unbalanced_locks(code: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compiled(LOCKED.format(code))


@pytest.mark.parametrize(
    "code",
    [
        "spin_lock(&a); if (READ_ONCE(x)) return; spin_unlock(&a);",
        "if (spin_trylock(&b)) x = 2;",
        "spin_trylock(&a);",
        "mutex_lock(&m);",
    ],
)
def test_who_asks_for_final_states_may_keep_a_lock(code: str) -> None:
    text = LOCKED.format(code)
    compiled(text)
    with pytest.raises(InputError, match="not released"):
        compiled(text.replace("exists (true)", ""))
    with pytest.raises(InputError, match="not released"):  # a change that takes a release away
        lowered = lower_test(parsed(text, "6.12"), "6.12", primitives("6.12"))
        unrolled(lowered, changed=True)


def test_a_type_alone_for_a_register() -> None:
    """``int 0:r1;`` in the start state, as diy and hand-written tests have it; and a last ``;``."""
    thread = "P0(atomic_t *x) { r1 = atomic_read(x); }"
    program = compiled(f"{{ atomic_t x; int 0:r1; int *0:r2; }} {thread} exists (0:r1=0);")
    assert "r1" in [name for name, _, _ in program.threads[0].outputs]


# Errors.


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("smp_mbb();", "unknown function or primitive smp_mbb", "smp_mb"),
        ("smp_read_barrier_depends();", "the kernel has no", "until 5.9"),
        ("node.kpnf = 1;", "struct node has no member kpnf", "kpfn"),
        ("nodes.kpfn = 1;", "nodes is not declared", "node"),
        ("node->kpfn = 1;", "not a pointer", None),
        ("p.x = 1;", "has no members", "->"),
        ("smp_mb(1);", "smp_mb takes no arguments, not 1", None),
        ("READ_ONCE(3);", "needs a variable", None),
        ("3 = x;", "left side", None),
        ("spin_lock(&x);", "needs a pointer to spinlock_t", None),
        ("atomic_inc(&lock);", "needs a pointer to atomic_t", None),
        ("p = 7;", "int is used where", "cast"),
        ("p = &node;", "is used where", "cast"),
        ("x = smp_mb();", "no value", None),
        ("if (p == 3) x = 1;", "compared", "cast"),
        ("x = *x;", "not a pointer", None),
        ("int r = mem_map[0];", "used as a value", "member"),
        ("void *q = p; x = *q;", "void \\* cannot be dereferenced", "cast"),
        ("unsigned r = x->y;", "not a pointer", None),
        ("struct unknown u;", "struct unknown is not defined", None),
    ],
)
def test_refused_with_a_place_and_a_hint(code: str, message: str, hint: str | None) -> None:
    with pytest.raises(InputError, match=message) as error:
        compiled(KERNEL + f"{{ }} P0(void) {{ {code} }} exists (true)")
    diagnostic = error.value.diagnostic
    assert diagnostic.span is not None and diagnostic.span.line > 1
    assert hint is None or hint in (diagnostic.hint or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("struct s { int a : 3; } g; { } P0(void) { int *p = &g.a; } exists (true)", "no address"),
        ("struct s { int a : 3; } g; { } P0(void) { READ_ONCE(g.a); } exists (true)", "bit-field"),
        ("union u { int a; void *b; } g; { } P0(void) { g.a = 1; } exists (g.b=0)", "different"),
        ("int x; { } P0(void) { } exists (y = 1)", "y is not declared"),
        ("int x; { } P0(void) { } exists (0:r = 1)", "no local variable r"),
        ("int x; { } P0(void) { } exists (3:r = 1)", "no thread P3"),
        ("int x; { 2:r = 1; } P0(void) { } exists (true)", "no thread P2"),
        ("{ x = 1; x = 2; } P0(int *x) { } exists (true)", "twice"),
        ("{ } P0(int x) { } exists (true)", "must be a pointer"),
        ("{ y = 0; } P0(int *x) { y = 1; } exists (true)", "shared location"),
        ("{ y = 0; } P0(int *x) { r1 = y; } exists (true)", "not visible"),
        ("{ } P0(atomic_t *x) { atomic_inc(&x); } exists (true)", "the thread's own pointer"),
        ("{ } P0(int *x) { smp_store_release(&x, 1); } exists (true)", "the thread's own pointer"),
    ],
)
def test_refused_tests(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compiled(text)
