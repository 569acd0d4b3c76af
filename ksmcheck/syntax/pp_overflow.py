"""Sums that tell whether they fit: linux/overflow.h of kernels 6.1 and 6.12.

The compiler's own compute as if there were no widths (GCC's manual, "Built-in Functions to Perform
Arithmetic with Overflow Checking"), and store what is left in the result's type. Here a number is
64 bits and how often 2 to the 64 stands beside them: -1 times where it is negative.
"""

from __future__ import annotations

# What is no integer has no "|"; and a bit-field has no type of its own.
_OPERAND = "typeof(({0}) | 0) {0}__ = ({0});"
_OPERANDS = f"{_OPERAND.format('a')} {_OPERAND.format('b')} typeof(&(d)[0]) d__ = (d);"
_STORED = (
    " typeof(*d__) got__ = (typeof(*d__))low__; *d__ = got__; int under__ = (got__ | 0) < 0;"
    " (bool)((u64)(got__ | 0) != low__ || {0}); }})"
)


def _added(sign: str, carried: str) -> str:
    return (
        f"(a, b, d) ({{ {_OPERANDS} u64 low__ = (u64)a__ {sign} (u64)b__;"
        f" int high__ = {carried}; {_STORED.format('high__ + under__ != 0')}"
    )


_ADDED = _added("+", "(int)(low__ < (u64)a__) - (a__ < 0) - (b__ < 0)")
_SUBTRACTED = _added("-", "(b__ < 0) - (a__ < 0) - (int)((u64)a__ < (u64)b__)")
# By what they are without signs.
_MULTIPLIED = (
    f"(a, b, d) ({{ {_OPERANDS}"
    " u64 one__ = a__ < 0 ? -(u64)a__ : (u64)a__, two__ = b__ < 0 ? -(u64)b__ : (u64)b__;"
    " u64 low__ = one__ * two__; int far__ = two__ != 0 && one__ > ULONG_MAX / two__;"
    " int minus__ = (a__ < 0) != (b__ < 0) && low__ != 0; low__ = minus__ ? -low__ : low__;"
    f" {_STORED.format('far__ || under__ != minus__')}"
)
_SHIFTED = (
    "(a, s, d) ({ typeof((a) | 0) a__ = (a); typeof((s) | 0) s__ = (s); typeof(&(d)[0]) d__ = (d);"
    " unsigned int by__ = s__ >= 0 && s__ < 8 * sizeof(*d__) ? s__ : 0;"
    " typeof(*d__) got__ = (typeof(*d__))((u64)a__ << by__); *d__ = got__;"
    " (bool)(by__ != s__ || (got__ | 0) < 0 || a__ < 0 || (got__ >> by__) != a__); })"
)


def _sized(name: str, fails: str, size: str) -> str:
    return f"{name}(a, b) ({{ size_t a__ = (a), b__ = (b); {fails} ? SIZE_MAX : {size}; }})"


_RANGES = tuple(
    line
    for name, least in (("range_overflows", ">="), ("range_end_overflows", ">"))
    for line in (
        f"{name}(start, size, max) ({{ typeof(start) start__ = (start); typeof(size) size__ ="
        " (size); typeof(max) max__ = (max);"
        f" start__ {least} max__ || size__ > max__ - start__; }})",
        f"{name}_t(t, start, size, max) {name}((t)(start), (t)(size), (t)(max))",
    )
)


def overflows() -> dict[str, tuple[str, ...]]:
    """What stands behind ``#define``, by the kernel version that has it first; what is in "6.1" may
    be older."""
    kinds = (("add", _ADDED), ("sub", _SUBTRACTED), ("mul", _MULTIPLIED))
    return {
        "6.1": (
            *(f"__builtin_{name}_overflow{body}" for name, body in kinds),
            *(
                f"check_{name}_overflow(a, b, d) __builtin_{name}_overflow(a, b, d)"
                for name, _ in kinds
            ),
            f"check_shl_overflow{_SHIFTED}",
            _sized("size_add", "a__ + b__ < a__", "a__ + b__"),
            _sized("size_sub", "a__ == SIZE_MAX || a__ < b__", "a__ - b__"),
            _sized("size_mul", "b__ != 0 && a__ > SIZE_MAX / b__", "a__ * b__"),
            "array_size(a, b) size_mul(a, b)",
            "array3_size(a, b, c) size_mul(size_mul(a, b), c)",
            "flex_array_size(p, m, n) size_mul(n, sizeof(*(p)->m))",
            "struct_size(p, m, n) size_add(sizeof(*(p)), flex_array_size(p, m, n))",
            "overflows_type(n, T)"
            " ({ typeof(T) into__ = 0; check_add_overflow(n, into__, &into__); })",
        ),
        "6.8": (
            "umin(x, y) min((x) + 0u + 0ul + 0ull, (y) + 0u + 0ul + 0ull)",
            "umax(x, y) max((x) + 0u + 0ul + 0ull, (y) + 0u + 0ul + 0ull)",
        ),
        "6.12": (
            "struct_size_t(t, m, n) struct_size((t *)0, m, n)",
            *(
                f"wrapping_{name}(t, a, b) ((t)((u64)((a) | 0) {sign} (u64)((b) | 0)))"
                for name, sign in (("add", "+"), ("sub", "-"), ("mul", "*"))
            ),
            *(
                f"wrapping_assign_{name}(v, by) ({{ typeof(v) *var__ = &(v);"
                f" *var__ = wrapping_{name}(typeof(v), *var__, by); }})"
                for name in ("add", "sub")
            ),
            *_RANGES,
        ),
    }
