"""Macros of the kernel on the bits and bytes of numbers.

What is read is read once. The machines are little-endian ones, or those that the kernel runs as
such: big-endian numbers have their bytes the other way round.

Sources: include/uapi/linux/swab.h, include/linux/byteorder/generic.h, bitops.h, bitfield.h and
log2.h of kernels 6.1 and 6.12. What is in "6.1" may be older.
"""

from __future__ import annotations

_SWAB32 = "b__ << 24 | (b__ & 0xff00U) << 8 | (b__ >> 8 & 0xff00U) | b__ >> 24"
_SWAB = (
    "swab16(x) ({ __u16 b__ = (x); (__u16)(b__ << 8 | b__ >> 8); })",
    f"swab32(x) ({{ __u32 b__ = (x); {_SWAB32}; }})",
    "swab64(x) ({ __u64 whole__ = (x);"
    " (__u64)swab32((__u32)whole__) << 32 | swab32((__u32)(whole__ >> 32)); })",
)
_BYTES = tuple(
    line
    for width in (16, 32, 64)
    for line in (
        f"cpu_to_be{width}(x) ((__be{width})swab{width}((__u{width})(x)))",
        f"be{width}_to_cpu(x) ((__u{width})swab{width}((__be{width})(x)))",
        *(
            f"{name}p(p) {name}(*(p))"
            for end in ("le", "be")
            for name in (f"cpu_to_{end}{width}", f"{end}{width}_to_cpu")
        ),
    )
)
_NET = (
    "htons(x) cpu_to_be16(x)",
    "ntohs(x) be16_to_cpu(x)",
    "htonl(x) cpu_to_be32(x)",
    "ntohl(x) be32_to_cpu(x)",
)

# As the kernel has it: it stores what it was, too, and is an atomic that returns a value.
_SET_MASK_BITS = (
    "set_mask_bits(p, mask, bits)"
    " ({ typeof(*(p)) mask__ = (mask); typeof(*(p)) bits__ = (bits);"
    " typeof(*(p)) was__ = READ_ONCE(*(p)); typeof(*(p)) new__;"
    " do { new__ = (was__ & ~mask__) | bits__; } while (!try_cmpxchg(p, &was__, new__));"
    " was__; })"
)
_BIT_CLEAR_UNLESS = (
    "bit_clear_unless(p, clear, test)"
    " ({ typeof(*(p)) clear__ = (clear); typeof(*(p)) test__ = (test);"
    " typeof(*(p)) was__ = READ_ONCE(*(p)); typeof(*(p)) new__;"
    " do { if (was__ & test__) break; new__ = was__ & ~clear__; }"
    " while (!try_cmpxchg(p, &was__, new__));"
    " !(was__ & test__); })"
)


_HALVES = (32, 16, 8, 4, 2, 1)
# Where a machine has no instruction for it, the kernel adds constants under branches: what is found
# depends on the word by control alone, as the condition of ?: has it, and no read waits for it.
_LOWEST = " ".join(
    f"n__ += (w__ & {(1 << n) - 1:#x}UL) ? 0 : {n};"
    f" w__ = (w__ & {(1 << n) - 1:#x}UL) ? w__ : w__ >> {n};"
    for n in _HALVES
)
# Among the first so many bits, one of which is set: a half behind them is not looked at, so that
# what is found is seen to be small without a look at the word.
_LOWEST_AMONG = " ".join(
    f"up__ = (size__ <= {n}) | !!(w__ & {(1 << n) - 1:#x}UL);"
    f" n__ += up__ ? 0 : {n}; w__ = up__ ? w__ : w__ >> {n};"
    for n in _HALVES
)
_HIGHEST = " ".join(
    f"n__ += (w__ >> {n}) ? {n} : 0; w__ = (w__ >> {n}) ? w__ >> {n} : w__;" for n in _HALVES
)
# The kernel leaves open what is found in a word without the bit: to ask for it is an error.
_SEARCHED = (
    f"ksmcheck_lowest(x) ({{ unsigned long w__ = (x); unsigned long n__ = 0; {_LOWEST} n__; }})",
    f"ksmcheck_highest(x) ({{ unsigned long w__ = (x); unsigned long n__ = 0; {_HIGHEST} n__; }})",
    "__ffs(x) ({ unsigned long of__ = (x); BUG_ON(!of__); ksmcheck_lowest(of__); })",
    "__fls(x) ({ unsigned long of__ = (x); BUG_ON(!of__); ksmcheck_highest(of__); })",
    "ffz(x) __ffs(~(unsigned long)(x))",
    "ffs(x) ({ unsigned int of__ = (x); int one__ = 1 + (int)ksmcheck_lowest(of__);"
    " of__ ? one__ : 0; })",
    "fls(x) ({ unsigned int of__ = (x); int one__ = 1 + (int)ksmcheck_highest(of__);"
    " of__ ? one__ : 0; })",
    "fls64(x) ({ __u64 of__ = (x); int one__ = 1 + (int)ksmcheck_highest(of__);"
    " of__ ? one__ : 0; })",
    "fls_long(x) fls64((unsigned long)(x))",
    "ilog2(x) ({ typeof(x) all__ = (x);"
    " unsigned long of__ = sizeof(all__) <= 4 ? (unsigned int)all__ : (unsigned long)all__;"
    " BUG_ON(!of__); (int)ksmcheck_highest(of__); })",
    "order_base_2(x) ({ unsigned long up__ = (x); up__ > 1 ? fls64(up__ - 1) : 0; })",
    # Of 0, and of more than the greatest power, it is a shift too far.
    "roundup_pow_of_two(x) (1UL << fls_long((unsigned long)(x) - 1))",
    "rounddown_pow_of_two(x) (1UL << (fls_long(x) - 1))",
)
_COUNTED = (
    "hweight32(x) ({ unsigned int h__ = (x); h__ -= (h__ >> 1) & 0x55555555U;"
    " h__ = (h__ & 0x33333333U) + ((h__ >> 2) & 0x33333333U);"
    " h__ = (h__ + (h__ >> 4)) & 0x0f0f0f0fU; h__ += h__ >> 8; (h__ + (h__ >> 16)) & 0xff; })",
    "hweight16(x) hweight32((__u16)(x))",
    "hweight8(x) hweight32((__u8)(x))",
    "hweight64(x) ({ __u64 both__ = (x);"
    " (unsigned long)hweight32((__u32)both__) + hweight32((__u32)(both__ >> 32)); })",
    "hweight_long(x) hweight64((unsigned long)(x))",
)

# lib/find_bit.c: plain reads of the words, from the first on that may have the bit.
_FIND = (
    "ksmcheck_find(p, size, start, flip) ({ const unsigned long *map__ = (p);"
    " unsigned long size__ = (size); unsigned long from__ = (start);"
    " unsigned long found__ = size__;"
    " if (from__ < size__) {"
    " unsigned long at__ = from__ / 64;"
    " unsigned long word__ = (map__[at__] ^ flip) & (~0UL << (from__ % 64));"
    " if (size__ > 64) while (!word__ && (at__ + 1) * 64 < size__)"
    " { at__++; word__ = map__[at__] ^ flip; }"
    " if (size__ < 64) word__ &= (1UL << size__) - 1;"
    f" unsigned long w__ = word__; unsigned long n__ = 0; int up__; {_LOWEST_AMONG}"
    " unsigned long bit__ = at__ * 64 + n__;"
    " found__ = (word__ != 0) & (bit__ < size__) ? bit__ : size__; }"
    " found__; })"
)
_FOUND = (
    _FIND,
    "find_next_bit(p, size, start) ksmcheck_find(p, size, start, 0UL)",
    "find_first_bit(p, size) ksmcheck_find(p, size, 0, 0UL)",
    "find_next_zero_bit(p, size, start) ksmcheck_find(p, size, start, ~0UL)",
    "find_first_zero_bit(p, size) ksmcheck_find(p, size, 0, ~0UL)",
    *(
        f"for_each_{which}_bit(bit, p, size) for ((bit) = find_first_{kind}(p, size);"
        f" (bit) < (size); (bit) = find_next_{kind}(p, size, (bit) + 1))"
        for which, kind in (("set", "bit"), ("clear", "zero_bit"))
    ),
)

# linux/bitfield.h. A mask is a constant, so that it may be named more than once.
_FIELD = (
    "ksmcheck_field(m, value) ({ BUILD_BUG_ON((m) == 0); value; })",
    "FIELD_GET(m, r) ksmcheck_field(m, (typeof(m))(((r) & (m)) >> ksmcheck_lowest(m)))",
    "FIELD_PREP(m, v) ksmcheck_field(m, ((typeof(m))(v) << ksmcheck_lowest(m)) & (m))",
    "FIELD_MAX(m) ksmcheck_field(m, (typeof(m))((m) >> ksmcheck_lowest(m)))",
    "FIELD_FIT(m, v) ksmcheck_field(m, !(((typeof(m))(v) << ksmcheck_lowest(m)) & ~(m)))",
)


def bits_and_bytes() -> dict[str, tuple[str, ...]]:
    """What stands behind ``#define``, by the kernel version that has it first."""
    return {
        "2.6": (
            *_SWAB,
            *_BYTES,
            *_NET,
            *_SEARCHED,
            *_COUNTED,
            *_FOUND,
            "is_power_of_2(n) ({ unsigned long n__ = (n);"
            " (bool)((n__ != 0) & ((n__ & (n__ - 1)) == 0)); })",
        ),
        "6.1": (_SET_MASK_BITS, _BIT_CLEAR_UNLESS, *_FIELD),
        "6.12": ("FIELD_PREP_CONST(m, v) FIELD_PREP(m, v)",),
    }
