"""memcpy(), memset() and memcmp() of a number of bytes that is computed.

What C says of the values (C17 7.24.2.1, 7.24.4.1, 7.24.6.1). More than an array holds is what
CONFIG_FORTIFY_SOURCE stops (include/linux/fortify-string.h, of the bounds that are known when it is
built). A part of an element would be an access of another size, which is not modelled.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

_TOP = """struct pair { int a; int b; };
struct frame { u32 head; u8 buf[4]; u8 tail; };
struct frame f = { .buf = { 1, 2, 3, 4 }, .tail = 9 };
struct frame *fp = &f;
struct pair pairs[2] = { { 1, 2 }, { 3, 4 } };
struct pair pair;
int from[3] = { 5, 6, 7 };
int to[3];
u8 bytes[4];
u8 others[4];
void *places[2];
size_t n;
{ }
"""


def check(body: str, folder: Path, end: str = "", model: str = "armv8") -> Verdict:
    """``n`` is 0 or 3, and ``k`` what is read of it."""
    path = folder / "t.litmus"
    threads = f"P0(void) {{ size_t k = READ_ONCE(n); {body} }}\nP1(void) {{ WRITE_ONCE(n, 3); }}"
    path.write_text(f"C t\n{_TOP}{threads}\n{end}\n")
    return fresh_checker().check(Request(path, model))


@pytest.mark.parametrize(
    "body",
    [
        "memset(f.buf, 0, k); BUG_ON(f.buf[2] != (k ? 0 : 3) || f.buf[3] != 4);",
        "u8 *p = memset(fp->buf + 1, 0, k); BUG_ON(p != &f.buf[1] || f.buf[0] != 1);",
        "memcpy(bytes, f.buf, k); BUG_ON(bytes[2] != k || bytes[3]);",
        "memcpy(to, from, (k ? 2 : 1) * sizeof(int)); BUG_ON(to[0] != 5 || to[1] != (k ? 6 : 0));",
        "memset(pairs, 0, (k == 3) * sizeof(pair)); BUG_ON(!pairs[0].a != k / 3 || !pairs[1].b);",
        "memset(&pair, 0, k ? sizeof(pair) : 0);",
        "u8 l[4] = { 1, 2, 3, 4 }; memset(l, 0, k); BUG_ON(l[2] != (k ? 0 : 3) || l[3] != 4);",
        "u8 l[4] = { }; memcpy(l, f.buf, k); BUG_ON(l[2] != k || l[3]);",
        # The length is computed once, and as it is converted to a size_t.
        "int i = 3; memset(f.buf, 0, i++); BUG_ON(i != 4 || f.buf[2] || f.buf[3] != 4);",
        "int i = 0; memset(f.buf, 0, (i++, k)); BUG_ON(i != 1);",
        "for (int i = 0; i < 3; i++) memset(f.buf, 0, i); BUG_ON(f.buf[1] || f.buf[2] != 3);",
        # What is moved may lie over its place, and is read before.
        "int l[4] = { 1, 2, 3, 4 }; memmove(l + 1, l, 12); BUG_ON(l[1] != 1 || l[3] != 3);",
        "u32 l[4] = { 1, 2, 3, 4 }; u32 *p = memmove(l, l + 1, 12); BUG_ON(*p != 2 || l[2] != 4);",
        "memmove(&pair, &pairs[1], sizeof(pair)); BUG_ON(pair.a != 3 || pair.b != 4);",
        "memcpy(f.buf, f.buf + 2, 2); memcpy(f.buf + 2, f.buf, 2); BUG_ON(f.buf[3] != 4);",
        # Each byte becomes the value, as an unsigned char.
        "memset(to, -1, sizeof(to)); BUG_ON(to[0] != -1 || to[2] != -1);",
        "memset(to, 0x01, 8); BUG_ON(to[0] != 0x01010101 || to[1] != to[0] || to[2]);",
        "memset(bytes, 0x1ff, k); BUG_ON(bytes[2] != (k ? 255 : 0) || bytes[3]);",
        "memset(&pair, 0xff, sizeof(pair)); BUG_ON(pair.a != -1 || pair.b != -1);",
        "s8 l[2]; memset(l, 0x80, sizeof(l)); BUG_ON(l[0] != -128 || l[1] != -128);",
        "u16 l[2]; memset(l, 'a', 2); BUG_ON(l[0] != 0x6161);",
        "struct { bool b; u64 w; void *p; } l; memset(&l, 1, sizeof(l));"
        " BUG_ON(!l.b || l.w != 0x0101010101010101 || (u64)l.p != l.w);",
        "memcpy(memset(bytes, 0, k), f.buf, min(k, 2UL)); BUG_ON(bytes[1] != (k ? 2 : 0));",
        "BUG_ON(sizeof(memset(bytes, 0, k)) != 8 || sizeof(memcmp(bytes, others, k)) != 4);",
        "u8 *p = bytes; p = memset(p++, 0, k); BUG_ON(p != bytes);",
        # The lowest byte that differs decides, as an unsigned char.
        "BUG_ON(memcmp(f.buf, bytes, 4) <= 0 || memcmp(bytes, f.buf, 4) >= 0);",
        "BUG_ON(memcmp(bytes, others, 4) || memcmp(f.buf, bytes, 0));",
        "f.buf[0] = 200; bytes[0] = 100; BUG_ON(memcmp(f.buf, bytes, 1) <= 0);",
        "to[0] = 0x0102; to[1] = 0x0201; BUG_ON(memcmp(&to[0], &to[1], 4) <= 0);",
        "to[0] = -1; BUG_ON(memcmp(to, from, sizeof(to)) <= 0 || memcmp(from, to, 12) >= 0);",
        "bytes[2] = 4; int r = memcmp(bytes, others, k); BUG_ON((r > 0) != (k == 3));",
        "places[0] = bytes; BUG_ON(!memcmp(places, &places[1], sizeof(void *)));",
        "s8 l[2] = { -1, 2 }; u8 m[2] = { 255, 1 }; BUG_ON(memcmp(l, m, k ? 2 : 1) != k / 3);",
    ],
)
def test_values(body: str, tmp_path: Path) -> None:
    assert check(body, tmp_path).verdict == "SAFE"
    for read in (0, 3):
        shown = check(body, tmp_path, f"exists (0:k={read})")
        assert (shown.observation, shown.witness is None) == ("Sometimes", False)  # and replayed


@pytest.mark.parametrize(
    "body",
    [
        "memset(f.buf, 0, k + 2);",
        "memset(fp->buf, 0, k + 2);",
        "memset(bytes, 0, 5);",
        "memset(bytes, 0, k - 1);",
        "memcpy(bytes, f.buf, 2 * k);",
        "u8 l[2]; memcpy(l, f.buf, k);",
        "u8 l[2] = { }; memcpy(bytes, l, k);",
        "BUG_ON(memcmp(bytes, others, k + 2) && 0);",
        # Behind the last thing that a pointer may point to.
        "u8 *p = bytes; memset(p, 0, k + 2);",
        "memmove(to, from, 4 * sizeof(int));",
        # What lies over its place.
        "memcpy(f.buf + 1, f.buf, 3);",
        "int *p = from; memcpy(p, from + 1, 8);",
        "memcpy(bytes, bytes + 1, k);",
        # A part of an element.
        "memcpy(to, from, k);",
        "memset(to, 0, k + 4);",
        "memset(&pair, 0, k ? 4 : 0);",
        "BUG_ON(memcmp(from, to, k) && 0);",
        "BUG_ON(memcmp(from, to, 5) && 0);",
    ],
)
def test_no_such_bytes(body: str, tmp_path: Path) -> None:
    found = check(body, tmp_path)
    assert (found.verdict, found.witness is None) == ("VIOLATED", False)
    assert found.witness is not None
    assert found.witness.failure.name == "bad address"


def test_each_element_is_accessed_plainly(tmp_path: Path) -> None:
    """A reader of what lies behind them races with nobody; one of them does, also where memcmp()
    has seen a difference before: C17 7.24.4.1 has it compare all."""
    for body, raced in (
        ("memset(bytes, 0, 2);", False),
        ("memset(bytes, 0, 3);", True),
        ("bytes[0] = 1; BUG_ON(memcmp(bytes, others, 2) <= 0);", False),
        ("bytes[0] = 1; BUG_ON(memcmp(bytes, others, 3) <= 0);", True),
    ):
        text = f"{_TOP}P0(void) {{ {body} }}\nP1(void) {{ bytes[2] = 5; }}"
        path = tmp_path / "t.litmus"
        path.write_text(f"C t\n{text}\nexists (bytes[2]=5)\n")
        flags = fresh_checker().check(Request(path, "lkmm")).flags
        assert (flags == ("data-race",)) == raced


def test_a_later_store_depends_on_what_was_compared(tmp_path: Path) -> None:
    """Load buffering: a control dependency on both sides forbids it on armv8, and none does not."""
    text = """P0(void) {{ if ({}) WRITE_ONCE(to[0], 1); }}
P1(void) {{ int r = READ_ONCE(to[0]); if (r) WRITE_ONCE(bytes[1], 1); }}
exists (0:q=1 /\\ 1:r=1)"""
    for condition, seen in (
        ("({ q = memcmp(bytes, others, 2); q; })", "Never"),
        ("({ q = memcmp(bytes, others, 2); 1; })", "Sometimes"),
    ):
        path = tmp_path / "t.litmus"
        threads = text.format(condition).replace("{ if", "{ int q; if", 1)
        path.write_text(f"C t\n{_TOP}{threads}\n")
        assert fresh_checker().check(Request(path, "armv8")).observation == seen


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("memcpy(bytes, from, k);", "int is used where u8 is needed"),
        ("void *v = bytes; memset(v, 0, k);", "void * cannot be dereferenced"),
        ("memset(bytes, k, 2);", "memset is understood where it sets to a constant"),
        ("memmove(bytes, others, k);", "memmove is understood of a constant length"),
        ("bool l[2]; memset(l, -1, 2);", "255 is no value of a bool"),
        ("memset(k, 0, bytes);", "cannot be indexed"),
        ("memset(bytes, 0);", "memset"),
        ("memset(bytes, 0, pair);", "struct pair"),
        ("memset(bytes, 0, nobody);", "nobody"),
        ("BUG_ON(memcmp(from, bytes, k));", "memcmp is understood of elements of one size"),
        ("BUG_ON(memcmp(pairs, &pair, k));", "struct pair is used as a value"),
    ],
)
def test_what_is_refused(body: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        check(body, tmp_path, "exists (n=3)")
    assert message in refused.value.diagnostic.message
    assert refused.value.diagnostic.span is not None


@pytest.mark.parametrize(
    "body",
    [
        "u8 l[300]; memset(l, 0, sizeof(l)); l[299] = 7; u8 m[300] = { 1 }; memcpy(m, l, 300);"
        " BUG_ON(m[299] != 7 || m[0]);",
        "for (int i = 0; i < 2; i++) { u8 l[99] = { }; memset(l, 0, 99); to[i] = i + l[98]; }"
        " BUG_ON(to[1] != 1);",
        "memset(many, 0, sizeof(many)); BUG_ON(many[69].b); if (k) memset(many, 0, sizeof(many));",
    ],
)
def test_a_constant_length_has_no_bound(body: str, tmp_path: Path) -> None:
    """What the test's own loops are unrolled to is no bound of theirs."""
    many = "struct pair many[70] = { [69] = { 1, 2 } };\n"
    path = tmp_path / "t.litmus"
    thread = f"P0(void) {{ size_t k = READ_ONCE(n); {body} }}"
    path.write_text(f"C t\n{many}{_TOP}{thread}\nforall (n=0)")
    found = fresh_checker().check(Request(path, "sc", unroll=1))
    assert found.verdict == "SAFE"


def test_a_length_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this goes on for more than 4096 elements"):
        check("u8 l[4097]; memset(l, 0, sizeof(l));", tmp_path, "exists (n=3)")
