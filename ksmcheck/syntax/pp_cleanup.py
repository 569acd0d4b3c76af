"""linux/cleanup.h: classes, guards and frees that a test defines, as the kernel writes them.

``__cleanup`` is the parser's, and so are the guards that the kernel's headers define (c_guards).
"""

from __future__ import annotations


def cleanups() -> dict[str, tuple[str, ...]]:
    """What stands behind ``#define``, by the kernel version that has it first."""
    return {
        "6.5": (
            "DEFINE_FREE(name, type, free) static inline void __free_##name(void *p)"
            " { type _T = *(type *)p; free; }",
            "__free(name) __cleanup(__free_##name)",
            "no_free_ptr(p) ({ typeof(p) kept__ = (p); (p) = NULL; kept__; })",
            "return_ptr(p) return no_free_ptr(p)",
            "DEFINE_CLASS(name, type, exit, init, ...) typedef type class_##name##_t;"
            " static inline void class_##name##_destructor(type *p) { type _T = *p; exit; }"
            " static inline type class_##name##_constructor(__VA_ARGS__)"
            " { type t = init; return t; }",
            "CLASS(name, var) class_##name##_t var __cleanup(class_##name##_destructor)"
            " = class_##name##_constructor",
            "DEFINE_GUARD(name, type, lock, unlock)"
            " DEFINE_CLASS(name, type, if (_T) { unlock; }, ({ lock; _T; }), type _T)",
        ),
    }
