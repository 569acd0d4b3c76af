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


# The kernel leaves open what is found in a word without the bit: to ask for it is an error.
_SEARCHED = (
    "ksmcheck_lowest(x) (__ksmcheck_lowest (unsigned long)(x))",
    "ksmcheck_highest(x) (__ksmcheck_highest (unsigned long)(x))",
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
    "hweight32(x) ((unsigned int)__ksmcheck_weight (unsigned long)(unsigned int)(x))",
    "hweight16(x) hweight32((__u16)(x))",
    "hweight8(x) hweight32((__u8)(x))",
    "hweight64(x) (__ksmcheck_weight (unsigned long)(__u64)(x))",
    "hweight_long(x) hweight64((unsigned long)(x))",
)

# lib/find_bit.c: plain reads of the words, from the first on that may have the bit. The last bit of
# a small map is taken where there is none, so that the number is seen to be small.
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
    " unsigned long any__ = size__ < 64 ? word__ | (1UL << (size__ - 1)) : word__;"
    " unsigned long bit__ = at__ * 64 + ksmcheck_lowest(any__);"
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


def _words(step: str, result: str = "", before: str = "") -> str:
    """Word after word of a map of ``n__`` bits; of the last word ``in__`` are those of the map."""
    return (
        f" unsigned int n__ = (nbits); unsigned int k__; {before}"
        " for (k__ = 0; k__ < BITS_TO_LONGS(n__); k__++) {"
        " unsigned long in__ = (k__ + 1) * 64 <= n__ ? ~0UL : BITMAP_LAST_WORD_MASK(n__);"
        f" {step} }} {result} }})"
    )


def _of_two(name: str, word: str) -> str:
    """What two maps have makes a third, which is told to be empty or not."""
    return (
        f"{name}(dst, a, b, nbits) ({{ unsigned long *d__ = (dst); unsigned long any__ = 0;"
        f" const unsigned long *a__ = (a), *b__ = (b);{_words(word, 'any__ != 0;')}"
    )


def _asked(name: str, word: str) -> str:
    """Whether no word of two maps has what is asked for."""
    return (
        f"{name}(a, b, nbits) ({{ unsigned long any__ = 0; const unsigned long *a__ = (a),"
        f" *b__ = (b);{_words(f'any__ = ({word}) & in__; if (any__) break;', 'any__ == 0;')}"
    )


def _range(name: str, step: str) -> str:
    """The bits of a map from ``start`` on: of each word those that are ``in__`` the range."""
    return (
        f"{name}(map, start, nbits) ({{ unsigned long *m__ = (map); unsigned int k__;"
        " unsigned int from__ = (start), end__ = from__ + (nbits);"
        " if (from__ < end__) for (k__ = from__ / 64; k__ * 64 < end__; k__++) {"
        " unsigned long in__ = k__ * 64 < from__ ? BITMAP_FIRST_WORD_MASK(from__) : ~0UL;"
        " in__ &= (k__ + 1) * 64 <= end__ ? ~0UL : BITMAP_LAST_WORD_MASK(end__);"
        f" {step} }} }})"
    )


# linux/types.h and bitmap.h: plain accesses to whole words.
_MAPS = (
    "DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]",
    "BITMAP_FIRST_WORD_MASK(start) (~0UL << ((start) & 63))",
    "BITMAP_LAST_WORD_MASK(nbits) (~0UL >> (-(nbits) & 63))",
    f"bitmap_zero(dst, nbits) ({{ unsigned long *d__ = (dst);{_words('d__[k__] = 0;')}",
    "bitmap_copy(dst, src, nbits) ({ unsigned long *d__ = (dst); const unsigned long *s__ = (src);"
    f"{_words('d__[k__] = s__[k__];')}",
    "bitmap_empty(src, nbits) (find_first_bit(src, nbits) == (nbits))",
    "bitmap_full(src, nbits) (find_first_zero_bit(src, nbits) == (nbits))",
    "bitmap_weight(src, nbits) ({ const unsigned long *s__ = (src);"
    + _words("w__ += hweight_long(s__[k__] & in__);", "w__;", "unsigned int w__ = 0;"),
    _of_two("bitmap_and", "any__ |= (d__[k__] = a__[k__] & b__[k__] & in__);"),
    _of_two("bitmap_andnot", "any__ |= (d__[k__] = a__[k__] & ~b__[k__] & in__);"),
    "bitmap_or(dst, a, b, nbits) ({ unsigned long *d__ = (dst); const unsigned long *a__ = (a),"
    f" *b__ = (b);{_words('d__[k__] = a__[k__] | b__[k__];')}",
    _asked("bitmap_equal", "a__[k__] ^ b__[k__]"),
    _asked("bitmap_subset", "a__[k__] & ~b__[k__]"),
    _asked("ksmcheck_apart", "a__[k__] & b__[k__]"),
    "bitmap_intersects(a, b, nbits) (!ksmcheck_apart(a, b, nbits))",
    _range("bitmap_set", "m__[k__] |= in__;"),
    _range("bitmap_clear", "m__[k__] &= ~in__;"),
)
# Before, the bits behind the map were cleared.
_FILL = f"bitmap_fill(dst, nbits) ({{ unsigned long *d__ = (dst);{_words('d__[k__] = ~0UL;')}"

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
            *_MAPS,
            "is_power_of_2(n) ({ unsigned long n__ = (n);"
            " (bool)((n__ != 0) & ((n__ & (n__ - 1)) == 0)); })",
        ),
        "6.1": (_SET_MASK_BITS, _BIT_CLEAR_UNLESS, _FILL, *_FIELD),
        "6.12": ("FIELD_PREP_CONST(m, v) FIELD_PREP(m, v)",),
    }
