"""Unions whose members differ in width: the checker has a cell for the members that the test uses.

C17 6.2.6.1: the members of a union share its bytes. What no program text names, ``sizeof`` and
``typeof`` aside, no execution accesses, and so it needs no cell. Where members of several widths
are used, a local holds the widest, and the others are bits of it; C17 6.5.2.3 p3, note 97: reading
another member than was stored reinterprets the bytes, here in little-endian order.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.program.change import REMOVE
from ksmcheck.text import InputError
from tests.fresh import fresh_asker, fresh_checker

# As struct page and kfifo: the members that are used have less width than others, or more.
TOP = """
struct item { int state; int more; };
union place { unsigned long word; struct item item; void *pointer; char bytes[8]; };
struct page { union place place; union { bool set; char number; }; };
struct page page;
int flag;
"""
READER = "P1(void) { int r = READ_ONCE(flag); smp_rmb(); int s = page.place.item.state; }"


def checked(text: str, folder: Path, model: str = "armv8") -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{TOP}\n{{ }}\n{text}\n")
    return fresh_checker().check(Request(path, model))


def refused(text: str, folder: Path) -> str:
    with pytest.raises(InputError) as error:
        checked(text, folder)
    diagnostic = error.value.diagnostic
    assert diagnostic.span is not None
    return diagnostic.message


@pytest.mark.parametrize(("barrier", "verdict"), [("smp_wmb();", "SAFE"), ("", "VIOLATED")])
def test_one_member_of_a_union_is_used(barrier: str, verdict: str, tmp_path: Path) -> None:
    """Message passing, which needs the writer's barrier."""
    writer = f"P0(void) {{ page.place.item.state = 1; {barrier} WRITE_ONCE(flag, 1); }}"
    property = "~exists (1:r=1 /\\ 1:s=0)"
    assert checked(f"{writer}\n{READER}\n{property}", tmp_path).verdict == verdict


@pytest.mark.parametrize(
    "text",
    [
        "P0(void) { page.place.item.state = 1; }\n~exists (page.place.word=0)",
        "P0(void) { page.place.item.more = 1; }\n~exists (page.place.word=0)",
        "P0(void) { int r = page.place.item.state; page.place.word = 1; }\n~exists (0:r=2)",
        "P0(void) { struct item *p = &page.place.item; p->more = 1; page.place.word = 0; }",
    ],
)
def test_in_memory_an_access_is_as_wide_as_the_cell(text: str, tmp_path: Path) -> None:
    """Which of the accesses are single copies of all bytes is another model's matter."""
    assert "page.place.word" in refused(text, tmp_path)


@pytest.mark.parametrize(
    ("member", "value"),
    [("item.state", 0x55667788), ("item.more", 0x11223344), ("bytes[5]", 0x33), ("bytes[0]", 0x88)],
)
def test_a_condition_may_ask_for_a_part(member: str, value: int, tmp_path: Path) -> None:
    """That is no access. The low bytes come first."""
    writer = "P0(void) { page.place.word = 0x1122334455667788; }"
    final = f"page.place.{member}={value}"
    assert checked(f"{writer}\n~exists ({final})", tmp_path).verdict == "VIOLATED"
    assert checked(f"{writer}\nexists (~{final})", tmp_path).observation == "Never"


@pytest.mark.parametrize(
    ("start", "whole"),
    [
        ("page.place.item.more = 7;", 7 << 32),
        ("page.place.item.more = 1; page.place.item.state = -1;", 0x1FFFFFFFF),
        ("page.place.bytes[1] = 2;", 0x200),
    ],
)
def test_a_part_may_be_given_a_start_value(start: str, whole: int, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(f"""C t
{TOP}long seen;
{{ {start} }}
P0(void) {{ seen = page.place.word; }}
exists (seen={whole} /\\ ~page.place.item.more=99 /\\ ~page.place.bytes[1]=99)
""")
    assert fresh_checker().check(Request(path, "sc")).observation == "Always"


def test_twice_the_same_part(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    start = "page.place.item.more = 7; page.place.item.more = 8;"
    path.write_text(f"C t\n{TOP}\n{{ {start} }}\nP0(void) {{ }}\nexists (page.place.word=0)\n")
    with pytest.raises(InputError, match="twice"):
        fresh_checker().check(Request(path, "sc"))


def test_a_count_beside_a_lock_word(tmp_path: Path) -> None:
    """As lib/lockref.c without the locked way: who takes a reference and who drops the last one do
    not both succeed, and no count is lost."""
    path = tmp_path / "t.litmus"
    path.write_text(
        """C t
struct lockref { union { u64 lock_count; struct { u32 lock; int count; }; }; };
struct lockref d;
int get(struct lockref *lockref)
{
	int retry = 100;
	struct lockref old;

	old.lock_count = READ_ONCE(lockref->lock_count);
	while (likely(old.lock == 0)) {
		struct lockref new = old;

		new.count++;
		if (old.count <= 0)
			return 0;
		if (try_cmpxchg64_relaxed(&lockref->lock_count, &old.lock_count, new.lock_count))
			return 1;
		if (!--retry)
			break;
	}
	return -1;
}
int put(struct lockref *lockref)
{
	struct lockref old;

	old.lock_count = READ_ONCE(lockref->lock_count);
	while (likely(old.lock == 0)) {
		struct lockref new = old;

		new.count--;
		if (old.count <= 0)
			return -1;
		if (try_cmpxchg64_relaxed(&lockref->lock_count, &old.lock_count, new.lock_count))
			return new.count;
	}
	return -1;
}
{ d.count = 1; }
P0(void) { int r = get(&d); }
P1(void) { int s = put(&d); }
~exists (0:r=1 /\\ ~d.count=1 \\/ 0:r=0 /\\ ~d.count=0 \\/ 0:r=0 /\\ 1:s=1 \\/ 0:r=-1)
""".replace("\\\\", "\\")
    )
    assert fresh_checker().check(Request(path, "armv8")).verdict == "SAFE"


@pytest.mark.parametrize(
    ("into", "value"), [(0, 0x55667788), (4, 0x11223344), (1, 0), (2, 0), (6, 0), (8, 0)]
)
def test_a_pointer_into_a_word_at_the_end(into: int, value: int, tmp_path: Path) -> None:
    """Where an int is: in both halves. What leads to nothing reads as 0."""
    path = tmp_path / "t.litmus"
    path.write_text(f"""C t
long word = 0x1122334455667788;
int *p;
{{ }}
P0(void) {{ WRITE_ONCE(p, (int *)((char *)&word + {into})); }}
exists (*p={value})
""")
    assert fresh_checker().states(Request(path, "sc")).observation == "Always"
    assert fresh_checker().check(Request(path, "sc")).observation == "Always"


def test_a_bool_and_a_number_in_one_place(tmp_path: Path) -> None:
    text = "P0(void) { page.set = true; }\n~exists (page.number=2)"
    assert "both are used" in refused(text, tmp_path)


def test_a_pointer_and_half_of_it(tmp_path: Path) -> None:
    text = "P0(void) { page.place.item.more = 1; page.place.pointer = &page; }\n~exists (flag=1)"
    assert "both are used" in refused(text, tmp_path)


# As union tmigr_state of kernel/time/timer_migration.c, and the counters of struct slab.
STATE = """
union state { u32 whole; struct { u8 active; u8 migrator; u16 seq; }; };
struct slab { void *list; union { unsigned long counters; struct { unsigned inuse:16, objects:15,
              frozen:1; }; }; };
struct slab slab;
atomic_t word;
"""


def parts(body: str, result: int, folder: Path) -> None:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{STATE}\n{{ }}\nP0(void) {{ {body} }}\n~exists (0:r={result})\n")
    assert fresh_checker().check(Request(path, "armv8")).verdict == "VIOLATED"
    path.write_text(f"C t\n{STATE}\n{{ }}\nP0(void) {{ {body} }}\nexists (~(0:r={result}))\n")
    assert fresh_checker().check(Request(path, "armv8")).observation == "Never"


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ("union state s; s.whole = 0x12345678; int r = s.active;", 0x78),
        ("union state s; s.whole = 0x12345678; int r = s.migrator;", 0x56),
        ("union state s; s.whole = 0x12345678; int r = s.seq;", 0x1234),
        ("union state s; s.whole = 0; s.active |= 4; s.seq++; int r = s.whole;", 0x10004),
        ("union state s = { .whole = 0x100ff }; s.active++; int r = s.whole;", 0x10000),
        ("union state s, t; s.whole = 0x30201; t = s; t.migrator = 9; int r = t.whole;", 0x30901),
        ("union state s = { 0 }; s.migrator = -1; int r = s.whole;", 0xFF00),
        ("struct slab s; s.counters = 0x80050003; int r = s.frozen;", 1),
        ("struct slab s; s.counters = 0x80050003; int r = s.inuse + s.objects;", 8),
        ("struct slab s; s.counters = 0; s.inuse = 7; s.frozen = 1; long r = s.counters;",
         0x80000007),
    ],
)  # fmt: skip
def test_a_local_has_its_parts(body: str, result: int, tmp_path: Path) -> None:
    """The bytes from the low end on; a bit-field from its word's low end on (System V ABI)."""
    parts(body, result, tmp_path)


@pytest.mark.parametrize(("order", "verdict"), [("", "SAFE"), ("_relaxed", "VIOLATED")])
def test_a_word_is_changed_in_its_parts(order: str, verdict: str, tmp_path: Path) -> None:
    """The loop of tmigr_active_up(): what was stored before is seen by who sees the part, since the
    exchange is fully ordered; a relaxed one orders nothing on arm64."""
    path = tmp_path / "t.litmus"
    path.write_text(rf"""C t
{STATE}
int x;
{{ }}
P0(void)
{{
	union state old, new;

	WRITE_ONCE(x, 1);
	old.whole = atomic_read(&word);
	do {{
		new = old;
		new.active |= 2;
		new.seq++;
	}} while (!atomic_try_cmpxchg{order}(&word, &old.whole, new.whole));
}}
P1(void)
{{
	union state s;
	s.whole = atomic_read_acquire(&word);
	int active = s.active, seq = s.seq;
	int r = READ_ONCE(x);
}}
~exists (1:active=2 /\ 1:seq=1 /\ 1:r=0)
""")
    assert fresh_checker().check(Request(path, "armv8")).verdict == verdict


def test_sizeof_and_typeof_use_nothing(tmp_path: Path) -> None:
    """kfifo keeps types so: a member that is there to be asked for its type."""
    text = (
        "P0(void) { typeof(page.place.word) a = sizeof(page.place.bytes);"
        " page.place.item.more = a; }\n~exists (page.place.item.more=8)"
    )
    assert checked(text, tmp_path).verdict == "VIOLATED"


def test_a_struct_with_such_a_union_is_copied(tmp_path: Path) -> None:
    text = (
        "P0(void) { struct page own; own.place.item.state = 3; own.place.item.more = 4;"
        " own.number = 5; page = own; }\n"
        "~exists (page.place.item.state=3 /\\ page.place.item.more=4 /\\ page.number=5)"
    )
    assert checked(text, tmp_path).verdict == "VIOLATED"


@pytest.mark.parametrize("given", ["{ 0 }", "{ { 0 }, { 0 } }", "{ .set = 0 }"])
def test_zero_is_zero_in_any_member(given: str, tmp_path: Path) -> None:
    """C17 6.7.9 p10, p21: all that is left of a static object, or of a list, is zero."""
    used = "page.place.item.state" if ".set" not in given else "page.set"
    text = f"P0(void) {{ struct page own = {given}; page = own; }}\n~exists ({used}=0)"
    assert checked(text, tmp_path).verdict == "VIOLATED"


@pytest.mark.parametrize("where", ["struct page own = { { 7 } }; page = own;", ""])
def test_a_value_for_a_member_without_a_cell_is_refused(where: str, tmp_path: Path) -> None:
    """Without a designator it is for the first member of the union, ``word``."""
    shared = "" if where else "struct page other = { { 7 } };"
    text = f"{shared} P0(void) {{ {where} page.place.item.state = 1; }}\nexists (true)"
    assert "member of a union" in refused(text, tmp_path)


PARTS = """
struct slab {
	int first;
	union {
		unsigned long counters;
		struct { unsigned inuse:16, objects:15, frozen:1; };
		struct { u8 bytes[2]; s16 half; };
	};
};
unsigned long copy;
"""


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("{ .inuse = 3, .objects = 4, .frozen = 1 }", 0x8004_0003),
        ("{ .objects = 4 }", 0x4_0000),
        ("{ .bytes = { 1, 2 }, .half = -1 }", 0xFFFF_0201),
        ("{ 1, .half = 5 }", 5 << 16),
        # C17 6.7.9 p17 and p19: the last member of a union that is named has all of it.
        ("{ .counters = 1ul << 40, .inuse = 3 }", 3),
        ("{ .inuse = 3, .counters = 1ul << 40 }", 1 << 40),
        ("{ .inuse = 3, .half = 5 }", 5 << 16),
        ("{ .half = 5, .bytes[1] = 2 }", 5 << 16 | 2 << 8),
        ("{ .counters = 7, .half = 0 }", 0),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        "P0(void) {{ struct slab own = {}; copy = own.counters; }}",
        "P0(void) {{ struct slab own; own = (struct slab){}; copy = own.counters; }}",
        "struct slab one = {};\nP0(void) {{ copy = one.counters; }}",
        "struct {{ int a; struct slab b; }} two = {{ .b = {} }};\n"
        "P0(void) {{ copy = two.b.counters; }}",
    ],
)
def test_an_initialiser_gives_parts(body: str, given: str, whole: int, tmp_path: Path) -> None:
    """Little-endian; bit-fields from the lowest bit on, as gcc lays them out on x86 and ARM."""
    text = f"{PARTS}{body.format(given)}\n~exists (copy={whole})"
    assert checked(text, tmp_path).verdict == "VIOLATED"


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("{ .a[1] = 7, .m = 6, .o.lo = 2 }", 2),
        ("{ .o.lo = 2, .k = 1, .m = 6 }", 6 << 16 | 1),
        ("{ .k = 1, .m = 6, .a[1] = 7 }", 7 << 16),
        ("{ .a = { 3 }, .o.hi = 2 }", 2 << 16),
    ],
)
def test_a_union_in_a_union_at_the_same_place(given: str, whole: int, tmp_path: Path) -> None:
    types = """struct in { u16 lo, hi; };
    union st { u32 state; union { u16 a[2]; struct { u8 k, l; u16 m; }; }; struct in o; };"""
    body = f"P0(void) {{ union st own = {given}; page.place.word = own.state; }}"
    text = f"{types}\n{body}\n~exists (page.place.word={whole})"
    assert checked(text, tmp_path).verdict == "VIOLATED"


def test_a_union_with_a_list_of_its_own_is_not_given_again(tmp_path: Path) -> None:
    """gcc keeps ``lo`` here, and not where another member of the union is named."""
    types = "union u { u32 word; struct { u16 lo, hi; }; }; struct s { union u u; };"
    text = f"{types} P0(void) {{ struct s own = {{ .u = {{ .lo = 1 }}, .u.hi = 2 }}; }}"
    assert "given a value twice" in refused(f"{text}\nexists (true)", tmp_path)


def test_an_initialiser_gives_a_part_that_was_read(tmp_path: Path) -> None:
    """Of the other thread's store, which the part that is given carries on to the copy."""
    writer = f"{PARTS}P0(void) {{ WRITE_ONCE(flag, 0x12); }}"
    reader = "P1(void) { struct slab own = { .half = READ_ONCE(flag) }; copy = own.counters; }"
    text = f"{writer}\n{reader}\n~exists (copy=0x120000)"
    assert checked(text, tmp_path, "lkmm").verdict == "VIOLATED"


@pytest.mark.parametrize("model", ["lkmm", "alpha"])
def test_what_a_change_leaves_unused_is_still_replayed(model: str, tmp_path: Path) -> None:
    """Without the store nothing names ``more`` any more; the cells are those of the whole test."""
    path = tmp_path / "t.litmus"
    writer = "P0(void) { WRITE_ONCE(page.place.item.more, 1); WRITE_ONCE(flag, 1); }"
    reader = "P1(void) { int r = READ_ONCE(flag); }"
    path.write_text(f"C t\n{TOP}\n{{ }}\n{writer}\n{reader}\n~exists (1:r=1)\n")
    asker, request = fresh_asker(), Request(path, model)
    found = [
        asker.ask(request, [change]).verdict
        for spot in asker.spots(request)
        for change in spot.changes
        if change.kind == REMOVE and spot.name.startswith("WRITE_ONCE")
    ]
    assert found == ["VIOLATED", "SAFE"]


def test_a_cell_has_the_name_that_is_used(tmp_path: Path) -> None:
    """A reader of an execution looks for the name that the code has."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nstruct page { union { void *mapping; unsigned long s_mem; }; } page;\n{ }\n"
        "P0(void) { page.s_mem = 1; }\n~exists (page.s_mem=1)\n"
    )
    found = fresh_checker().check(Request(path, "sc"))
    assert found.witness is not None
    assert dict(found.witness.execution.memory) == {"page.s_mem": 1}
