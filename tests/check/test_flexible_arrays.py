"""Structs that end with a flexible array member, whose elements a variable's initialiser gives.

C17 6.7.2.1 p18: such a member takes no room in the struct. GNU C (Arrays of Length Zero): a static
variable has as many elements as its initialiser gives, and ``sizeof`` does not count them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

RING = """
struct ring { int tail; int desc[]; };
%s
static_assert(sizeof(struct ring) == 4);
"""
# A producer and a consumer of entries, as in net/xdp/xsk_queue.h.
CODE = """
static void produce(struct ring *r, int at, int entry)
{
	r->desc[at] = entry;
	smp_store_release(&r->tail, at + 1);
}
static int consume(struct ring *r, int at)
{
	return smp_load_acquire(&r->tail) > at ? r->desc[at] : -1;
}
{ }
P0(void) { produce(&ring, 1, 5); }
P1(void) { int r0 = consume(&ring, 1); static_assert(sizeof(ring) == 4); }
"""


def checked(text: str, folder: Path, model: str = "armv8") -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}\n")
    return fresh_checker().check(Request(path, model))


@pytest.mark.parametrize(
    "ring",
    [
        "struct ring ring = { .desc = { 1, 2 } };",
        "struct ring ring = { .desc = { [1] = 2 } };",
        "struct ring ring = { 0, { 1, 2 } };",
        "static struct ring ring = { .desc = { 1, 2 }, .tail = 0 };",
    ],
)
@pytest.mark.parametrize("model", ["sc", "armv8"])
def test_the_initialiser_gives_the_elements(ring: str, model: str, tmp_path: Path) -> None:
    """The consumer sees no entry, or the one that was stored before the tail."""
    text = RING % ring + CODE
    assert checked(f"{text}~exists (~(1:r0=-1 \\/ 1:r0=5))", tmp_path, model).verdict == "SAFE"
    asked = f"{text}exists (1:r0=5 /\\ ring.desc[1]=5)"
    assert checked(asked, tmp_path, model).observation == "Sometimes"


def test_an_order_that_is_missing_is_found(tmp_path: Path) -> None:
    """Message passing through an element; what it starts with is what a stale read gives."""
    text = RING % "struct ring ring = { .desc = { 1, 2 } };" + CODE
    text = text.replace("smp_store_release(&r->tail, at + 1)", "WRITE_ONCE(r->tail, at + 1)")
    assert checked(f"{text}~exists (1:r0=2)", tmp_path).verdict == "VIOLATED"


def test_the_start_state_gives_elements_too(tmp_path: Path) -> None:
    text = """struct ring { int tail; int desc[]; };
{ struct ring r = { .desc = { 4, 5 } }; struct ring *p = &r; r.tail = 1; }
P0(struct ring **p) { struct ring *q = READ_ONCE(*p); int r0 = q->desc[1]; int r1 = q->tail; }
exists (0:r0=5 /\\ 0:r1=1)"""
    assert checked(text, tmp_path, "sc").observation == "Always"


def test_each_cpu_has_the_elements(tmp_path: Path) -> None:
    text = """#include <linux/percpu.h>
struct ring { int tail; int desc[]; };
DEFINE_PER_CPU(struct ring, ring) = { .desc = { 4, 5 } };
{ }
P0(void) { this_cpu_write(ring.desc[1], 6); }
P1(void) { int r0 = this_cpu_read(ring.desc[1]); }
exists (1:r0=5 /\\ per_cpu(ring, 0).desc[1]=6)"""
    assert checked(text, tmp_path, "sc").observation == "Always"


@pytest.mark.parametrize(
    "ring",
    [
        "struct ring ring;",
        "struct ring ring = { .desc = { } };",
        "struct ring ring = { .desc = { 1 } };",
    ],
)
def test_behind_the_elements_is_nothing(ring: str, tmp_path: Path) -> None:
    found = checked(RING % ring + CODE, tmp_path)
    assert found.verdict == "VIOLATED"
    assert any("bad address" in str(part) for part in found.properties)


@pytest.mark.parametrize(
    ("ring", "message"),
    [
        ("struct ring ring[2] = { { .desc = { 1 } } };", "int[0] has no element 0"),
        ("struct { struct ring ring; } o = { { .desc = { 1 } } };", "int[0] has no element 0"),
        ("struct ring ring = { .desc[0] = 1 };", "int[0] has no element 0"),
        ("struct none { int n; int a[0]; } none = { 1, { 2 } };", "int[0] has no element 0"),
    ],
)
def test_only_a_variable_of_that_struct_has_elements(
    ring: str, message: str, tmp_path: Path
) -> None:
    """GNU C refuses the first two, and leaves out an element of an array of no elements."""
    with pytest.raises(InputError) as error:
        checked(RING % ring + "{ }\nP0(void) { }\n", tmp_path)
    assert error.value.diagnostic.message == message


@pytest.mark.parametrize(
    "start", ["struct ring r; r.desc[0] = 4;", "int a[2]; a[3] = 4;", "int a[2]; struct ring r;"]
)
def test_a_start_value_needs_a_location(start: str, tmp_path: Path) -> None:
    """Nothing would have the value: the test does not ask what it says."""
    text = "struct ring { int tail; int desc[]; };\n{ " + start + " }\nP0(int *x) { *x = 1; }\n"
    if "= 4" not in start:
        checked(f"{text}exists (x=1)", tmp_path, "sc")
        return
    with pytest.raises(InputError, match="there is no location at this address"):
        checked(f"{text}exists (x=1)", tmp_path, "sc")


@pytest.mark.parametrize(
    "size",
    ["sizeof(ring.desc)", "sizeof(((struct ring *)0)->desc)", "sizeof_field(struct ring, desc)"],
)
@pytest.mark.parametrize(
    "place", ["{ }\nP0(void) { int r0 = %s; }", "int a[%s]; { }\nP0(void) { }"]
)
def test_it_has_no_size(size: str, place: str, tmp_path: Path) -> None:
    """C17 6.5.3.4 p1; an array of no elements, as GNU C has it, is of size 0."""
    with pytest.raises(InputError, match="a flexible array member has no size"):
        checked(RING % "struct ring ring;" + place % size, tmp_path)
    other = (RING % "struct ring ring;").replace("desc[]", "desc[0]")
    if "int r0" in place:
        text = other + place % size + "\nexists (0:r0=0)"
        assert checked(text, tmp_path).observation == "Always"


def test_it_may_be_set(tmp_path: Path) -> None:
    """How many bytes it has is not known where it is named; what is behind them is nothing."""
    ring = RING % "struct ring ring = { .desc = { 1, 2 } };"
    thread = "{ }\nP0(void) { memset(ring.desc, 0, %d); int r0 = ring.desc[1]; }\nforall (0:r0=0)"
    assert checked(ring + thread % 8, tmp_path).verdict == "SAFE"
    assert checked(ring + thread % 12, tmp_path).verdict == "VIOLATED"


@pytest.mark.parametrize("given", ['{ 1, "abc" }', '{ .desc = "abc" }', "{ 1, { 97, 98, 99, 0 } }"])
def test_a_string_may_give_the_elements(given: str, tmp_path: Path) -> None:
    """C17 6.7.9 p14: with its 0, as the length is open."""
    text = "struct text { int n; char desc[]; };\nstruct text t = %s;\n{ }\nP0(void) { %s }\n%s"
    read = "int r0 = t.desc[2] + t.desc[3];"
    assert checked(text % (given, read, "forall (0:r0=99)"), tmp_path, "sc").verdict == "SAFE"
    assert checked(text % (given, "int r0 = t.desc[4];", ""), tmp_path, "sc").verdict == "VIOLATED"
