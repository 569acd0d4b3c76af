"""Macros of the kernel that order nothing: small arithmetic, debugging, what a scheduler looks at.

What their arguments read is read here as well: a message that prints a shared variable takes part
in a data race as any other read does. Where the kernel's own is nothing but a compiler barrier on
some build, it is that; interrupts and preemption are not modelled.
"""

from __future__ import annotations

_NOTHING = "((void)0)"
_USED = "((void)(0, ##__VA_ARGS__))"

_LEVELS = ("emerg", "alert", "crit", "err", "warn", "notice", "info", "cont", "debug", "devel")
_SEVERITIES = ("EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG", "CONT")
_PRINTS = ("printk", "pr_warning", *(f"pr_{level}" for level in _LEVELS))
_PRINTED = tuple(
    f"{name}{suffix}(fmt, ...) {_USED}"
    for name in _PRINTS
    for suffix in ("", "_once", "_ratelimited")
)
_WARNED = "({ int warned__ = !!(c); if (warned__) (void)(0, ##__VA_ARGS__); WARN_ON(warned__); })"
_BARRIERS = tuple(
    f"{what}_{how}"
    for what in ("preempt", "local_irq", "local_bh")
    for how in ("disable", "enable")
)


def _chosen(name: str, type_: str, op: str) -> str:
    first, second = type_.format("x"), type_.format("y")
    values = f"{first} one__ = (x); {second} two__ = (y);"
    return f"{name} ({{ {values} one__ {op} two__ ? one__ : two__; }})"


def _clamped(name: str, types: tuple[str, str, str]) -> str:
    value, low, high = types
    return (
        f"{name} ({{ {value} val__ = (v); {low} low__ = (l); {high} high__ = (h);"
        " val__ > high__ ? high__ : val__ < low__ ? low__ : val__; })"
    )


# Of whole members, one plain access each: the compiler knows both types, and so do we. What is left
# behind the last whole object is the beginning of one; where that is no constant, a bad address.
_PARTS = (
    " for (unsigned long i__ = 0; i__ < n__ / sizeof(*to__); i__++)"
    " __ksmcheck_copy(to__[i__], {0}, sizeof(*to__));"
    " if (sizeof(*to__) != 1 && n__ % sizeof(*to__) != 0)"
    " __ksmcheck_copy(to__[n__ / sizeof(*to__)], {1},"
    " sizeof(__ksmcheck_number(n)) % sizeof(*to__));"
    " to__; }})"
)
# As with CONFIG_FORTIFY_SOURCE, an array that is named is not left for what lies behind it.
_FITS = " __ksmcheck_within(n__ <= sizeof(__ksmcheck_room({}))); "
# What lies over its place is not copied so (C17 7.24.2.1). memmove() first reads all, and then
# writes: it has no need to look where it lies.
_APART = (
    " __ksmcheck_within(((unsigned long)to__ + n__ <= (unsigned long)from__)"
    " | ((unsigned long)from__ + n__ <= (unsigned long)to__)"
    " | ((unsigned long)to__ == (unsigned long)from__));"
)
_MOVED = (
    '(to, from, n) ({ static_assert(sizeof(__ksmcheck_number(n)) <= 1 << 20, "memmove is'
    ' understood of a constant length"); typeof((from)[0])'
    " kept__[sizeof(__ksmcheck_number(n)) / sizeof((from)[0]) + 1];"
    " memcpy(kept__, from, n); memcpy(to, kept__, n); })"
)
_COPIED = (
    "(to, from, n) ({ typeof(&(to)[0]) to__ = (to); typeof(&(from)[0]) from__ = (from);"
    f" unsigned long n__ = (n);{_FITS.format('to')}{_FITS.format('from')}{_APART}"
) + _PARTS.format("from__[i__]", "from__[n__ / sizeof(*to__)]")
_SET = (
    "(to, v, n) ({ typeof(&(to)[0]) to__ = (to); typeof(*to__) set__ = { 0 };"
    " __ksmcheck_fill(set__, v);"
    f" unsigned long n__ = (n);{_FITS.format('to')}"
) + _PARTS.format("set__", "set__")
_FREED = "({ typeof(&(p)[0]) obj__ = (p); if (obj__) __ksmcheck_freed(*obj__); })"
_FREES = (
    *(f"{name}(p) {_FREED}" for name in ("kfree", "kfree_sensitive", "kzfree", "kvfree", "vfree")),
    "kmem_cache_free(cache, p) ({ (void)(cache); kfree(p); })",
)
# As bytes: on these machines the lowest that differs comes first. All are read, as C has it, and
# what differs is what the result hangs on.
_COMPARED = (
    "(a, b, n) ({ typeof(&(a)[0]) a__ = (a); typeof(&(b)[0]) b__ = (b); int differ__ = 0;"
    ' static_assert(sizeof(*a__) == sizeof(*b__), "memcmp is understood of elements of one size");'
    f" unsigned long n__ = (n);{_FITS.format('a')}{_FITS.format('b')}"
    " __ksmcheck_within(n__ % sizeof(*a__) == 0);"
    " for (unsigned long i__ = 0; i__ < n__ / sizeof(*a__); i__++) {"
    " u64 one__ = (u64)a__[i__], two__ = (u64)b__[i__];"
    " if (!differ__ && one__ != two__) {"
    " int at__ = sizeof(*a__) == 1 ? 0 : (int)(__ksmcheck_lowest (one__ ^ two__)) & ~7;"
    " differ__ = (int)(one__ >> at__ & 255) - (int)(two__ >> at__ & 255); } }"
    " differ__; })"
)


def idioms() -> dict[str, tuple[str, ...]]:
    """What stands behind ``#define``, by the kernel version that has it first."""
    return {
        "2.6": (
            _chosen("min(x, y)", "typeof({})", "<"),
            _chosen("max(x, y)", "typeof({})", ">"),
            _chosen("min_t(t, x, y)", "t", "<"),
            _chosen("max_t(t, x, y)", "t", ">"),
            "min3(x, y, z) min(min(x, y), z)",
            "max3(x, y, z) max(max(x, y), z)",
            "min_not_zero(x, y) ({ typeof(x) first__ = (x); typeof(y) second__ = (y);"
            " first__ == 0 ? second__ : second__ == 0 ? first__ : min(first__, second__); })",
            _clamped("clamp(v, l, h)", ("typeof(v)", "typeof(l)", "typeof(h)")),
            _clamped("clamp_t(t, v, l, h)", ("t", "t", "t")),
            _clamped("clamp_val(v, l, h)", ("typeof(v)", "typeof(v)", "typeof(v)")),
            "swap(a, b) ({ typeof(a) kept__ = (a); (a) = (b); (b) = kept__; (void)0; })",
            "abs(x) ({ typeof(x) abs__ = (x); abs__ < 0 ? -abs__ : abs__; })",
            "DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))",
            "IS_ERR(p) ((unsigned long)(p) >= (unsigned long)-4095)",
            "IS_ERR_OR_NULL(p) ({ unsigned long e__ = (unsigned long)(p); !e__ || IS_ERR(e__); })",
            "PTR_ERR(p) ((long)(p))",
            "ERR_PTR(e) ((void *)(long)(e))",
            "ERR_CAST(p) ((void *)(p))",
            f"memcpy{_COPIED}",
            f"memmove{_MOVED}",
            f"memset{_SET}",
            f"memcmp{_COMPARED}",
            *_FREES,
            f"might_sleep() {_NOTHING}",
            "might_sleep_if(c) ((void)(c))",
            "cond_resched() (0)",
            *(f"{name}() barrier()" for name in _BARRIERS),
            "local_irq_save(f) ({ (f) = 0; barrier(); })",
            "local_irq_restore(f) ({ (void)(f); barrier(); })",
            "prefetch(p) ((void)(p))",
            "prefetchw(p) ((void)(p))",
            "assert_spin_locked(l) BUG_ON(!spin_is_locked(l))",
            *_PRINTED,
            *(f'KERN_{severity} ""' for severity in _SEVERITIES),
            f"WARN(c, fmt, ...) {_WARNED}",
            f"WARN_ONCE(c, fmt, ...) {_WARNED}",
            *(
                f"lockdep_assert_held{kind}(l) ((void)(l))"
                for kind in ("", "_write", "_read", "_once", "_exclusive")
            ),
        ),
        "3.13": (
            "PTR_ERR_OR_ZERO(p) ({ long err__ = PTR_ERR(p); IS_ERR(err__) ? (int)err__ : 0; })",
        ),
        "3.18": ("VM_BUG_ON_VMA(c, v) VM_BUG_ON(c)", "VM_BUG_ON_MM(c, m) VM_BUG_ON(c)"),
        "3.19": (f"VM_WARN_ONCE(c, fmt, ...) {_WARNED}",),
        "5.14": ("VM_WARN_ON_ONCE_PAGE(c, p) VM_WARN_ON_ONCE(c)",),
        "5.16": ("VM_WARN_ON_FOLIO(c, f) VM_WARN_ON(c)",),
        "5.18": ("VM_WARN_ON_ONCE_FOLIO(c, f) VM_WARN_ON_ONCE(c)",),
    }
