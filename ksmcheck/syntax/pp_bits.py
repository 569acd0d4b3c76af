"""Macros of the kernel on the bits and bytes of numbers.

What is read is read once. The machines are little-endian ones, or those that the kernel runs as
such: big-endian numbers have their bytes the other way round.

Sources: include/uapi/linux/swab.h, include/linux/byteorder/generic.h, bitops.h and log2.h of
kernels 6.1 and 6.12. What is in "6.1" may be older.
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


def bits_and_bytes() -> dict[str, tuple[str, ...]]:
    """What stands behind ``#define``, by the kernel version that has it first."""
    return {
        "2.6": (
            *_SWAB,
            *_BYTES,
            *_NET,
            "is_power_of_2(n) ({ unsigned long n__ = (n);"
            " (bool)((n__ != 0) & ((n__ & (n__ - 1)) == 0)); })",
        ),
        "6.1": (_SET_MASK_BITS, _BIT_CLEAR_UNLESS),
    }
