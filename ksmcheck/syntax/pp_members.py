"""Macros of the kernel about members of structs: their sizes, groups of them, setting them to 0."""

from __future__ import annotations

_ZEROED = (
    '({{ static_assert((v) == 0, "{name} is understood where it sets to 0");'
    " typeof(&(p)[0]) obj__ = (p); typeof(*obj__) zero__ = {{ 0 }};"
    " __ksmcheck_copy(*obj__, zero__, sizeof(*obj__), {first}(typeof(*obj__), m)); (void)0; }})"
)


def members() -> dict[str, tuple[str, ...]]:
    """What stands behind ``#define``, by the kernel version that has it first: linux/stddef.h,
    linux/container_of.h, linux/string.h."""
    return {
        "2.6": ("FIELD_SIZEOF(t, m) (sizeof(((t *)0)->m))",),
        "4.1": ("offsetofend(t, m) (offsetof(t, m) + sizeof(((t *)0)->m))",),
        "4.16": ("sizeof_field(t, m) (sizeof(((t *)0)->m))",),
        # The members are there twice, in one place: by their own names, and in one of a name.
        "5.16": (
            "struct_group(name, ...) __struct_group(, name, , __VA_ARGS__)",
            "struct_group_attr(name, attrs, ...) __struct_group(, name, attrs, __VA_ARGS__)",
            "struct_group_tagged(tag, name, ...) __struct_group(tag, name, , __VA_ARGS__)",
            "__struct_group(tag, name, attrs, ...)"
            " union { struct { __VA_ARGS__ } attrs; struct tag { __VA_ARGS__ } attrs name; }",
            "DECLARE_FLEX_ARRAY(t, name) __DECLARE_FLEX_ARRAY(t, name)",
            "__DECLARE_FLEX_ARRAY(t, name) struct { struct { } __empty_##name; t name[]; }",
            f"memset_after(p, v, m) {_ZEROED.format(name='memset_after', first='offsetofend')}",
            f"memset_startat(p, v, m) {_ZEROED.format(name='memset_startat', first='offsetof')}",
        ),
        # Of the kernels that were read, the first; others before may have it, too.
        "6.1": ("typeof_member(t, m) typeof(((t *)0)->m)",),
    }
