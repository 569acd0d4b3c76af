"""Macros of the kernel on the bits and bytes of numbers: what they give, and what they read.

Expected values are those of GCC's __builtin_bswap16, _32, _64 and of the kernel's headers, worked
out by hand or by Python's own ways to do the same.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request, Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker


def check(text: str, folder: Path, model: str = "sc", kernel: str = "6.12") -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}\n")
    return fresh_checker().check(Request(path, model, kernel=kernel))


def gives(code: str, x: int, folder: Path, kernel: str = "6.12") -> None:
    """Computed in the code, and from what is read."""
    text = "unsigned long w = 0x1234;\n{ }\nP0(unsigned long *x)\n{\n"
    text += "\tunsigned long r = READ_ONCE(w);\n\tint count = 0;\n"
    text += f"\tWRITE_ONCE(*x, {code});\n}}\nforall (x={x})"
    assert check(text, folder, kernel=kernel).verdict == "SAFE"


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("swab16(0x1234)", 0x3412),
        ("swab16(r)", 0x3412),
        ("swab32(0x12345678)", 0x78563412),
        ("swab32(r)", 0x34120000),
        ("swab32(0x80)", 0x80000000),
        ("swab64(0xf123456789abcd0eUL)", 0x0ECDAB89674523F1),
        ("cpu_to_be16(0x10203)", 0x0302),
        ("cpu_to_be32(r << 4)", 0x40230100),
        ("cpu_to_be64(1)", 1 << 56),
        ("be16_to_cpu(cpu_to_be16(r))", 0x1234),
        ("be32_to_cpu(cpu_to_be32(r))", 0x1234),
        ("be64_to_cpu(cpu_to_be64(r))", 0x1234),
        ("({ __be32 b = cpu_to_be32(7); be32_to_cpup(&b); })", 7),
        ("({ __le32 b = cpu_to_le32(7); le32_to_cpup(&b); })", 7),
        ("htons(80)", 0x5000),
        ("ntohl(htonl(r))", 0x1234),
        ("({ u32 b = swab32(count += 1); b + count; })", 0x1000001),
        ("is_power_of_2(r) + 2 * is_power_of_2(0) + 4 * is_power_of_2(64)", 4),
        ("min3(3, 1, 2) + 10 * min3(1, 3, 2) + 100 * min3(3, 2, 1)", 111),
        ("max3(3, 1, 2) + 10 * max3(1, 3, 2) + 100 * max3(2, 1, 3)", 333),
        ("min_not_zero(0, 3) + 10 * min_not_zero(4, 0) + 100 * min_not_zero(2, 5)", 243),
        ("min_not_zero(0, 0)", 0),
        ("BUILD_BUG_ON_ZERO(sizeof(int) != 4) + 1", 1),
        ("({ BUILD_BUG_ON_NOT_POWER_OF_2(8); BUILD_BUG_ON_INVALID(count++); count; })", 0),
        ("ERR_CAST(&w) == &w", 1),
    ],
)
@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_values(code: str, x: int, kernel: str, tmp_path: Path) -> None:
    gives(code, x, tmp_path, kernel)


def test_errors_in_pointers(tmp_path: Path) -> None:
    """Since 3.13; it is an int."""
    gives("PTR_ERR_OR_ZERO(ERR_PTR(-22)) == -22", 1, tmp_path)
    gives("PTR_ERR_OR_ZERO(&w) + 10 * sizeof(PTR_ERR_OR_ZERO(&w))", 40, tmp_path)
    gives("PTR_ERR_OR_ZERO(NULL)", 0, tmp_path)
    with pytest.raises(InputError, match="PTR_ERR_OR_ZERO"):
        gives("PTR_ERR_OR_ZERO(NULL)", 0, tmp_path, "3.9")


@pytest.mark.parametrize(
    "code", ["BUILD_BUG_ON_ZERO(1)", "({ BUILD_BUG_ON_NOT_POWER_OF_2(12); 0; })"]
)
def test_what_does_not_build(code: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="BUILD_BUG_ON: the condition holds"):
        gives(code, 0, tmp_path)


def test_a_shared_variable_is_read_once(tmp_path: Path) -> None:
    """Two reads might find two values, of which swab32 would mix the bytes."""
    text = """u32 w;
{ }
P0(void) { WRITE_ONCE(w, 0xffffffff); }
P1(void) { u32 r0 = swab32(READ_ONCE(w)); u32 r1 = cpu_to_be16(READ_ONCE(w)); }
forall ((1:r0=0 \\/ 1:r0=-1) /\\ (1:r1=0 \\/ 1:r1=65535))"""
    assert check(text, tmp_path).verdict == "SAFE"


_MASKED = """unsigned long w = 0xf0;
int x;
{{ }}
P0(void) {{ unsigned long r0 = set_mask_bits(&w, 0xf0, 0x50); }}
P1(void) {{ {other} }}
{asked}"""


@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
def test_masked_bits(model: str, tmp_path: Path) -> None:
    """One step: a bit that another sets is not lost. It gives what was there before."""
    text = _MASKED.format(
        other="set_bit(0, &w);", asked="forall (w=0x51 /\\ (0:r0=0xf0 \\/ 0:r0=0xf1))"
    )
    assert check(text, tmp_path, model).verdict == "SAFE"
    lost = text.replace("set_mask_bits(&w, 0xf0, 0x50)", "w; w = (r0 & ~0xf0UL) | 0x50")
    found = check(lost, tmp_path, model)
    assert found.verdict == "VIOLATED" or found.flags == ("data-race",)


@pytest.mark.parametrize("model", ["armv8", "power", "lkmm"])
def test_masked_bits_are_set_in_order(model: str, tmp_path: Path) -> None:
    """try_cmpxchg is a full barrier where it stores."""
    text = """unsigned long w;
int x;
{ }
P0(void) { WRITE_ONCE(x, 1); set_mask_bits(&w, 1, 1); }
P1(void) { int r0 = READ_ONCE(w); smp_rmb(); int r1 = READ_ONCE(x); }
~exists (1:r0=1 /\\ 1:r1=0)"""
    assert check(text, tmp_path, model).verdict == "SAFE"
    relaxed = text.replace("set_mask_bits(&w, 1, 1)", "set_bit(0, &w)")
    assert check(relaxed, tmp_path, model).verdict == "VIOLATED"


def test_bits_are_cleared_unless(tmp_path: Path) -> None:
    text = """unsigned long w = 3;
unsigned long v = 7;
{ }
P0(void) { int r0 = bit_clear_unless(&w, 1, 4); int r1 = bit_clear_unless(&v, 1, 4); }
P1(void) { set_bit(2, &w); }
forall (v=7 /\\ 0:r1=0 /\\ (0:r0=1 /\\ w=6 \\/ 0:r0=0 /\\ w=7))"""
    assert check(text, tmp_path).verdict == "SAFE"


def _lowest(word: int) -> int:
    return (word & -word).bit_length()


_WORDS = (1, 2, 3, 0x80, 0x8000, 0x12340, 0x80000000, 0xFFFFFFFF)
_LONGS = (*_WORDS, 1 << 32, 0xF0 << 40, 1 << 63, (1 << 64) - 1)


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_searched_words(kernel: str, tmp_path: Path) -> None:
    """ffs, fls and fls64 count from 1 and give 0 for nothing; __ffs, __fls, ilog2 count from 0."""
    asked = []
    for word in _WORDS:
        asked += [("ffs", word, _lowest(word)), ("fls", word, word.bit_length())]
        asked += [("hweight32", word, word.bit_count()), ("ilog2", word, word.bit_length() - 1)]
    for word in _LONGS:
        asked += [("__ffs", word, _lowest(word) - 1), ("__fls", word, word.bit_length() - 1)]
        asked += [("hweight64", word, word.bit_count()), ("fls64", word, word.bit_length())]
        asked += [("hweight_long", word, word.bit_count())]
        asked += [("ilog2", word, word.bit_length() - 1)]
        if word != (1 << 64) - 1:
            asked += [("ffz", word, _lowest(~word) - 1)]
    asked += [(name, 0, 0) for name in ("ffs", "fls", "fls64", "hweight32", "hweight64")]
    asked += [("hweight8", 0x1FF, 8), ("hweight16", 0x1FFFF, 16), ("fls_long", 1 << 40, 41)]
    code = "".join(f"\tBUG_ON({name}({word}UL) != {found});\n" for name, word, found in asked)
    code += "\tint i = -1; BUG_ON(ilog2(i) != 31 || fls(i) != 32 || ffs(i) != 1);\n"
    assert check(f"{{ }}\nP0(void)\n{{\n{code}}}", tmp_path, kernel=kernel).verdict == "SAFE"


def test_searched_words_that_are_read(tmp_path: Path) -> None:
    text = """unsigned long w = 0x10;
{ }
P0(void) { WRITE_ONCE(w, 0xf00); }
P1(void)
{
	unsigned long r = READ_ONCE(w);
	int r0 = __ffs(r);
	int r1 = fls64(r);
	int r2 = hweight_long(r);
}
forall (1:r0=4 /\\ 1:r1=5 /\\ 1:r2=1 \\/ 1:r0=8 /\\ 1:r1=12 /\\ 1:r2=4)"""
    assert check(text, tmp_path).verdict == "SAFE"


@pytest.mark.parametrize("name", ["__ffs", "__fls", "ilog2"])
def test_what_is_not_there_is_not_found(name: str, tmp_path: Path) -> None:
    """The kernel's are undefined then (asm-generic/bitops/__ffs.h)."""
    text = f"unsigned long w;\n{{ }}\nP0(void) {{ unsigned long r0 = {name}(READ_ONCE(w)); }}"
    assert check(text, tmp_path).verdict == "VIOLATED"
    assert check(text.replace("w;", "w = 1;", 1), tmp_path).verdict == "SAFE"


@pytest.mark.parametrize("model", ["armv8", "power", "riscv"])
def test_no_read_waits_for_what_is_found(model: str, tmp_path: Path) -> None:
    """riscv without Zbb, say, adds constants under branches (asm-generic/bitops/ffs.h)."""
    text = """unsigned long w;
int a[64];
{ }
P0(void) { WRITE_ONCE(a[2], 1); smp_wmb(); WRITE_ONCE(w, 2); }
P1(void) { unsigned long r = READ_ONCE(w); int r0 = READ_ONCE(a[FIND]); }
exists (1:r=2 /\\ 1:r0=0)"""
    assert check(text.replace("FIND", "ffs(r)"), tmp_path, model).observation == "Sometimes"
    assert check(text.replace("FIND", "r"), tmp_path, model).observation == "Never"
    store = """unsigned long w;
int a[64];
{ }
P0(void) { int r0 = READ_ONCE(a[2]); smp_mb(); WRITE_ONCE(w, 2); }
P1(void) { unsigned long r = READ_ONCE(w); WRITE_ONCE(a[ffs(r)], 1); }
exists (0:r0=1 /\\ 1:r=2)"""
    assert check(store, tmp_path, model).observation == "Never"


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("find_first_bit(one, 64)", 4),
        ("find_first_bit(one, 4)", 4),
        ("find_first_bit(one, 3)", 3),
        ("find_next_bit(one, 64, 5)", 9),
        ("find_next_bit(one, 64, 9)", 9),
        ("find_next_bit(one, 64, 10)", 64),
        ("find_next_bit(one, 8, 5)", 8),
        ("find_next_bit(one, 8, 9)", 8),
        ("find_first_zero_bit(one, 64)", 0),
        ("find_next_zero_bit(one, 64, 4)", 5),
        ("find_first_bit(many, 192)", 130),
        ("find_first_bit(many, 128)", 128),
        ("find_first_bit(many, 130)", 130),
        ("find_next_bit(many, 192, 131)", 191),
        ("find_next_bit(many, 191, 131)", 191),
        ("find_next_zero_bit(many, 192, 130)", 131),
        ("({ int bit, sum = 0; for_each_set_bit(bit, one, 64) sum = 10 * sum + bit; sum; })", 49),
        ("({ int bit, n = 0; for_each_set_bit(bit, many, 192) n++; n; })", 2),
        (
            "({ int bit, sum = 0; for_each_clear_bit(bit, one, 6) sum = 10 * sum + bit; sum; })",
            1235,
        ),
    ],
)
def test_bits_of_maps(code: str, x: int, tmp_path: Path) -> None:
    """one has bits 4 and 9, many 130 and 191."""
    head = "unsigned long one[1] = { 0x210 };\n"
    head += "unsigned long many[3] = { 0, 0, 0x8000000000000004 };\n"
    text = f"{head}{{ }}\nP0(void) {{ int r0 = {code}; }}\nforall (0:r0={x})"
    for kernel in ("3.9", "6.12"):
        assert check(text, tmp_path, kernel=kernel).verdict == "SAFE"


def test_a_bit_that_is_found_was_set(tmp_path: Path) -> None:
    """Who looks for work among bits that others set, and takes it by test_and_clear_bit."""
    text = """unsigned long map;
int data[4];
int done;
{ }
P0(void) { WRITE_ONCE(data[1], 1); smp_wmb(); set_bit(1, &map); }
P1(void) { WRITE_ONCE(data[3], 1); smp_wmb(); set_bit(3, &map); }
P2(void)
{
	int bit;
	int n = 0;

	for_each_set_bit(bit, &map, 4) {
		if (test_and_clear_bit(bit, &map)) {
			BUG_ON(READ_ONCE(data[bit]) != 1);
			n++;
		}
	}
	BUG_ON(n > 2);
}"""
    assert check(text, tmp_path, "armv8").verdict == "SAFE"
    early = text.replace("WRITE_ONCE(data[3], 1); smp_wmb();", "WRITE_ONCE(data[3], 1);")
    assert check(early, tmp_path, "armv8").verdict == "VIOLATED"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 32, 33, 63, 64])
def test_sizes_of_maps(size: int, tmp_path: Path) -> None:
    """Of a word that was read: each bit of it alone, and those behind the map."""
    bits = sorted({0, 1, size // 2, max(size - 2, 0), size - 1, size % 64, 63})
    for start in (0, size // 2):
        wanted = "".join(
            f"if (r == {bit}) assert(nr == {bit if start <= bit < size else size});\n"
            for bit in bits
        )
        stores = "".join(
            f"WRITE_ONCE(bit, {bit}); WRITE_ONCE(map, {1 << bit}ul);\n" for bit in bits
        )
        text = f"""unsigned long map; int bit;
{{ }}
P0(void) {{ {stores} }}
P1(void)
{{
	unsigned long seen = READ_ONCE(map);
	int nr = find_next_bit(&seen, {size}, {start});
	int r = seen ? fls64(seen) - 1 : -1;

	{wanted}
}}
"""
        assert check(text, tmp_path).verdict == "SAFE"


@pytest.mark.parametrize(("barrier", "verdict"), [("smp_wmb();", "SAFE"), ("", "VIOLATED")])
def test_a_bit_is_found_and_taken(barrier: str, verdict: str, tmp_path: Path) -> None:
    """As in lib/sbitmap.c: whoever takes the bit that was given back sees what came before."""
    text = f"""unsigned long map = 3;
int data;
{{ }}
P0(void) {{ WRITE_ONCE(data, 1); {barrier} clear_bit(1, &map); }}
P1(void)
{{
	int nr = find_next_zero_bit(&map, 2, 0);

	if (nr < 2 && !test_and_set_bit_lock(nr, &map))
		assert(nr == 1 && READ_ONCE(data) == 1);
}}
"""
    assert check(text, tmp_path, "armv8").verdict == verdict


def test_a_tests_own_search_wins(tmp_path: Path) -> None:
    """A function of that name, with a type before it; a loop's macro has none."""
    text = """int n;
static unsigned long *for_each_set_bit(int a) { return NULL; }
static int ffs(int a) { return a + 40; }
{ }
P0(void) { WRITE_ONCE(n, ffs(2) + (for_each_set_bit(1) != NULL)); }
forall (n=42)"""
    assert check(text, tmp_path).verdict == "SAFE"


def test_a_loop_behind_else(tmp_path: Path) -> None:
    text = """unsigned long map = 5;
int n;
{ }
P0(void)
{
	int bit;

	if (READ_ONCE(n))
		return;
	else for_each_set_bit(bit, &map, 8) {
		n += 1 + bit;
	}
}
forall (n=4)"""
    assert check(text, tmp_path).verdict == "SAFE"


@pytest.mark.parametrize(
    ("constant", "value"),
    [
        ("ilog2(1) + 1", 1),
        ("ilog2(65)", 6),
        ("roundup_pow_of_two(1)", 1),
        ("roundup_pow_of_two(33)", 64),
        ("roundup_pow_of_two(64)", 64),
        ("rounddown_pow_of_two(63)", 32),
        ("order_base_2(0) + 1", 1),
        ("order_base_2(5)", 3),
        ("swab16(0x0500)", 5),
        ("swab32(0x05000000)", 5),
        ("swab64(0x0500000000000000)", 5),
        ("be32_to_cpu(cpu_to_be32(7))", 7),
        ("hweight8(0xf1)", 5),
        ("ilog2(swab32(0x00020000))", 9),
        ("max(2, 3) + min(ilog2(8), 7)", 6),
        ("clamp(20, 1, 9)", 9),
        ("BIT_MASK(67)", 8),
        ("BIT_ULL_MASK(2)", 4),
        ("GENMASK(5, 2)", 60),
        ("GENMASK_ULL(1, 0)", 3),
        ("ALIGN(5, 8)", 8),
        ("roundup(10, 4) + rounddown(10, 4)", 20),
        ("FIELD_GET(GENMASK(7, 4), 0x6f)", 6),
        ("FIELD_PREP(0x30, 3)", 48),
        ("FIELD_MAX(0x70) + FIELD_FIT(0x30, 3) + FIELD_FIT(0x30, 4)", 8),
        ("1 + BUILD_BUG_ON_ZERO(sizeof(int) != 4)", 1),
    ],
)
def test_constants(constant: str, value: int, tmp_path: Path) -> None:
    """Where C wants a constant, too: include/linux/log2.h and others are written so that it may be.
    In the code of a thread it is the same."""
    text = f"""int array[{constant}];
enum {{ E = {constant} }};
struct s {{ int a[{constant}]; unsigned b : ({constant}) % 8 + 1; }};
static int start = {constant};
int table[70] = {{ [{constant}] = 1 }};
static_assert(E == {value} && ({constant}) == {value});
int x;
{{ }}
P0(void) {{
	int own[{constant}];
	static int kept = {constant};
	int r = sizeof(own) == 4 * {value} && sizeof(array) == sizeof(own);
	r = r && kept == start && table[{value}] == 1;
	r = r && sizeof(struct s) >= 4 * {value} && ({constant}) == {value};
	BUILD_BUG_ON(({constant}) != {value});
	switch (start) {{ case {constant}: x = r; break; default: x = 2; }}
}}
"""
    assert check(text + "forall (x=1)", tmp_path).verdict == "SAFE"
    shown = check(text + "exists (x=1)", tmp_path)  # and replayed
    assert (shown.observation, shown.witness is None) == ("Always", False)


@pytest.mark.parametrize(
    "constant",
    [
        "ilog2(0)",
        "({ int a; 1; })",
        "({ int a = 1; ({ a = 2; 0; }); a; })",
        "({ while (0) ; 1; })",
        "({ volatile int a = 1; a; })",
        "swab32(READ_ONCE(y))",
    ],
)
def test_what_is_no_constant(constant: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a constant expression"):
        check(f"int y;\nint a[{constant}];\n{{ }}\nP0(void) {{ }}\nexists (y=0)", tmp_path)


def test_constants_that_do_not_build(tmp_path: Path) -> None:
    for constant, why in (
        ("ilog2(y)", "typeof is not supported here"),
        ("1 + BUILD_BUG_ON_ZERO(1)", "BUILD_BUG_ON: the condition holds"),
        ("FIELD_PREP(0, 1)", "BUILD_BUG_ON: the condition holds"),
        ("roundup_pow_of_two(0)", "shift by a number out of range"),
    ):
        with pytest.raises(InputError, match=why):
            check(f"int a[{constant}];\n{{ }}\nP0(void) {{ }}\nexists (a[0]=0)", tmp_path)


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("roundup_pow_of_two(r)", 64),
        ("rounddown_pow_of_two(r)", 32),
        ("order_base_2(r)", 6),
        ("FIELD_GET(0xf0, r)", 2),
        ("FIELD_PREP(0xf0, r)", 16),
    ],
)
def test_powers_of_what_is_read(code: str, x: int, tmp_path: Path) -> None:
    text = f"unsigned v = 33;\nint x;\n{{ }}\nP0(void) {{ unsigned r = READ_ONCE(v); x = {code}; }}"
    assert check(f"{text}\nforall (x={x})", tmp_path).verdict == "SAFE"
    assert check(f"{text}\nexists (x={x})", tmp_path).observation == "Always"


def test_a_local_of_a_constant_hides_none(tmp_path: Path) -> None:
    """A condition names a variable of an inner block where the text has only one of that name."""
    text = "int x;\n{ }\nP0(void) { int a[({ int k = 3; k; })]; { int k = 2; x = k; } }"
    assert check(f"{text}\nexists (x=2)", tmp_path).observation == "Always"
    with pytest.raises(InputError):
        check(f"{text}\nexists (0:k=2)", tmp_path)


_MAPS = """#include <linux/bitmap.h>
DECLARE_BITMAP(map, 70);
DECLARE_BITMAP(other, 70);
DECLARE_BITMAP(third, 70);
DECLARE_BITMAP(small, 10);
struct s { int a; DECLARE_BITMAP(m, 65); } s;
{}
P0()
{
	BUG_ON(sizeof(map) != 16 || sizeof(small) != 8 || sizeof(struct s) != 24);
	BUG_ON(!bitmap_empty(map, 70) || bitmap_full(map, 70));
	bitmap_set(map, 60, 8);
	BUG_ON(map[0] != 0xf000000000000000UL || map[1] != 0xf);
	BUG_ON(bitmap_weight(map, 70) != 8 || bitmap_weight(map, 66) != 6);
	bitmap_clear(map, 62, 3);
	BUG_ON(map[0] != 0x3000000000000000UL || map[1] != 0xe);
	bitmap_copy(other, map, 70);
	BUG_ON(!bitmap_equal(map, other, 70));
	__set_bit(3, other);
	BUG_ON(bitmap_equal(map, other, 70));
	BUG_ON(!bitmap_subset(map, other, 70) || bitmap_subset(other, map, 70));
	BUG_ON(!bitmap_intersects(map, other, 70));
	BUG_ON(!bitmap_andnot(third, other, map, 70) || third[0] != 8 || third[1] != 0);
	BUG_ON(bitmap_and(third, third, map, 70));
	bitmap_or(third, map, other, 70);
	BUG_ON(!bitmap_equal(third, other, 70));
	bitmap_fill(map, 70);
	BUG_ON(!bitmap_full(map, 70) || bitmap_weight(map, 70) != 70);
	bitmap_zero(map, 70);
	BUG_ON(!bitmap_empty(map, 70) || map[1]);
	bitmap_set(small, 0, 10);
	BUG_ON(small[0] != 0x3ff || !bitmap_full(small, 10));
	bitmap_clear(small, 3, 1);
	BUG_ON(small[0] != 0x3f7);
	bitmap_set(s.m, 64, 1);
	BUG_ON(s.m[1] != 1);
}
"""


@pytest.mark.parametrize("model", ["sc", "armv8"])
def test_maps_of_bits(model: str, tmp_path: Path) -> None:
    """Worked out by hand; a map of 70 bits has two words, one of 10 bits one."""
    assert check(_MAPS, tmp_path, model).verdict == "SAFE"
    for right, wrong in (
        ("!bitmap_subset(map, other", "!bitmap_subset(other, map"),
        ("!= 8 ||", "!= 9 ||"),
    ):
        assert check(_MAPS.replace(right, wrong), tmp_path, model).verdict == "VIOLATED"


_TAKES = """#include <linux/bitmap.h>
DECLARE_BITMAP(map, BITS);
int got0 = -1;
int got1 = -1;
{ }
P0(void)
{
	int nr;

	do {
		nr = find_first_zero_bit(map, BITS);
	} while (test_and_set_bit(nr, map));
	WRITE_ONCE(got0, nr);
}
P1(void)
{
	int nr;

	do {
		nr = find_first_zero_bit(map, BITS);
	} while (test_and_set_bit(nr, map));
	WRITE_ONCE(got1, nr);
}
P2(void) { FREE }
exists (got0=got1 /\\ ~got0=-1)"""


@pytest.mark.parametrize("bits", [64, 128])
def test_who_takes_a_free_bit_has_it_alone(bits: int, tmp_path: Path) -> None:
    """Whatever numbers the words may have: each atomic adds one bit at most. Where a third thread
    gives a bit back, both may have had it."""
    text = _TAKES.replace("BITS", str(bits))
    assert check(text.replace("FREE", ""), tmp_path, "tso").observation == "Never"
    found = check(text.replace("FREE", "clear_bit(0, map);"), tmp_path, "tso")
    assert found.observation == "Sometimes"


def test_each_bit_of_a_word_that_was_taken_is_handled_once(tmp_path: Path) -> None:
    """As a softirq's loop: what is left of the word is a function of the word alone."""
    text = """unsigned long pending;
int work[8];
{ }
P0(void) { WRITE_ONCE(work[1], 1); smp_mb__before_atomic(); set_bit(1, &pending); }
P1(void) { WRITE_ONCE(work[5], 1); smp_mb__before_atomic(); set_bit(5, &pending); }
P2(void)
{
	unsigned long word = xchg(&pending, 0);

	while (word) {
		BUG_ON(READ_ONCE(work[__ffs(word)]) != 1);
		word &= word - 1;
	}
}"""
    assert check(text, tmp_path, "armv8").verdict == "SAFE"
    early = text.replace("smp_mb__before_atomic(); set_bit(5", "set_bit(5")
    assert check(early, tmp_path, "armv8").verdict == "VIOLATED"


def test_a_map_is_not_filled_by_older_kernels_alike(tmp_path: Path) -> None:
    """They cleared the bits behind it."""
    with pytest.raises(InputError, match="bitmap_fill"):
        check("DECLARE_BITMAP(m, 3);\n{ }\nP0(void) { bitmap_fill(m, 3); }", tmp_path, kernel="3.9")
