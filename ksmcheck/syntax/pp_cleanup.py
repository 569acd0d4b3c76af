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
            "no_free_ptr(p)"
            " ({ typeof(&(p)) at__ = &(p); typeof(*at__) kept__ = *at__; *at__ = NULL; kept__; })",
            "return_ptr(p) return no_free_ptr(p)",
            "DEFINE_CLASS(name, type, exit, init, ...) typedef type class_##name##_t;"
            " static inline void class_##name##_destructor(type *p) { type _T = *p; exit; }"
            " static inline type class_##name##_constructor(__VA_ARGS__)"
            " { type t = init; return t; }",
            "CLASS(name, var) class_##name##_t var __cleanup(class_##name##_destructor)"
            " = class_##name##_constructor",
            "DEFINE_GUARD(name, type, lock, unlock)"
            " DEFINE_CLASS(name, type, if (_T) { unlock; }, ({ lock; _T; }), type _T)",
            "EXTEND_CLASS(name, ext, init, ...) typedef class_##name##_t class_##name##ext##_t;"
            " static inline void class_##name##ext##_destructor(class_##name##_t *p)"
            " { class_##name##_destructor(p); }"
            " static inline class_##name##_t class_##name##ext##_constructor(__VA_ARGS__)"
            " { class_##name##_t t = init; return t; }",
            # The members are the kernel's: lock, and what follows.
            "DEFINE_LOCK_GUARD_1(name, type, take, drop, ...)"
            " ksmcheck_lock_guard(name, type, if (_T->lock) { drop; }, __VA_ARGS__)"
            " static inline class_##name##_t class_##name##_constructor(type *l)"
            " { class_##name##_t _t = { .lock = l }, *_T = &_t; take; return _t; }",
            "DEFINE_LOCK_GUARD_0(name, take, drop, ...)"
            " ksmcheck_lock_guard(name, void, drop, __VA_ARGS__)"
            " static inline class_##name##_t class_##name##_constructor(void)"
            " { class_##name##_t _t = { .lock = (void *)1 }, *_T = &_t; take; return _t; }",
            "ksmcheck_lock_guard(name, type, drop, ...)"
            " typedef struct { type *lock; __VA_ARGS__; } class_##name##_t;"
            " static inline void class_##name##_destructor(class_##name##_t *_T)"
            " { drop; }",
        ),
        # Where there is such a function, the guard may not hold its lock.
        "6.8": (
            "DEFINE_GUARD_COND(name, ext, cond) EXTEND_CLASS(name, ext,"
            " ({ void *_t = _T; if (_T && !(cond)) _t = NULL; _t; }), class_##name##_t _T)"
            " static inline void *class_##name##ext##_lock_ptr(class_##name##_t *_T)"
            " { return (void *)*_T; }",
            "DEFINE_LOCK_GUARD_1_COND(name, ext, cond) EXTEND_CLASS(name, ext,"
            " ({ class_##name##_t _t = { .lock = l }, *_T = &_t;"
            " if (_T->lock && !(cond)) _T->lock = NULL; _t; }),"
            " typeof(((class_##name##_t *)0)->lock) l)"
            " static inline void *class_##name##ext##_lock_ptr(class_##name##_t *_T)"
            " { return _T->lock; }",
        ),
    }
