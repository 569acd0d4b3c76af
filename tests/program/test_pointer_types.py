"""Pointers of a wrong type, which the kernel's build refuses (-Werror=incompatible-pointer-types).

What is accepted is what gcc 12 accepts with -Wno-pointer-sign, which the kernel is built with: C17
6.5.16.1 p1 has a constraint for two compatible types, qualifiers aside, or one of them ``void``.
"""

from __future__ import annotations

import pytest

from ksmcheck.program.compile import compile_program
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source

_TOP = """struct s { int a; }; struct t { long b; }; enum e { A }; typedef struct s same;
static void got(struct s *p) { } static void number(int n) { } struct s s; struct t t; struct s *q;
"""
_GOOD = [
    ("int *", "unsigned int *"),
    ("unsigned char *", "char *"),
    ("enum e *", "unsigned int *"),
    ("struct s *", "void *"),
    ("void *", "struct s **"),
    ("struct s **", "void *"),
    ("same *", "struct s *"),
    ("int *", "const int *"),
    ("volatile int *", "int *"),
    ("int (*)[3]", "int (*)[]"),
    ("int (*)[]", "int (*)[3]"),
    ("void (*)(int)", "void (*)(int)"),
    ("void (**)(int)", "void (**)(int)"),
    ("void (*)(int)", "void *"),
]
_BAD = [
    ("struct s *", "struct t *"),
    ("struct s *", "int *"),
    ("int *", "long *"),
    ("char *", "bool *"),
    ("struct s **", "struct s *"),
    ("struct s **", "void **"),
    ("void **", "int **"),
    ("int **", "unsigned int **"),
    ("int *", "int (*)[3]"),
    ("int (*)[3]", "int (*)[4]"),
    ("void (*)(int)", "void (*)(long)"),
    ("void (*)(void *)", "void (*)(struct s *)"),
]


def refused(top: str, body: str, thread: str) -> str | None:
    text = f"C t\n{_TOP}{top}\n{{ int x; }}\n{thread} {{ {body} }}\nexists (x=1)\n"
    try:
        compile_program(parse_litmus(Source("t.litmus", text), kernel="6.12"), kernel="6.12")
    except InputError as error:
        return error.diagnostic.message
    return None


def _named(type: str, name: str) -> str:

    return type.replace("*)", f"*{name})", 1) if "(*" in type else f"{type}{name}"


@pytest.mark.parametrize("given", ["f(r);", "fn(r);"])
@pytest.mark.parametrize(("fits", "types"), [(True, t) for t in _GOOD] + [(False, t) for t in _BAD])
def test_what_a_function_is_given(fits: bool, types: tuple[str, str], given: str) -> None:
    """Also by a thread in herd7's dialect, which has no functions of a test's own."""
    top = f"static void f({_named(types[1], 'p')}) {{ }}"
    body = f"{_named(types[0], 'r')} = 0; typeof(f) *fn = f; {given}"
    assert (refused(top, body, "P0(int *x)") is None) == fits


@pytest.mark.parametrize("thread", ["P0(void)", "P0(int *x)"])
@pytest.mark.parametrize(
    ("code", "fits"),
    [
        ("struct s *p = &t;", False),
        ("struct s *p; p = &t;", False),
        ("q = &t;", False),
        ("WRITE_ONCE(q, &t);", False),
        ("struct s l = { }; struct t *p = &l;", False),
        ("struct s **p = &q; struct t **o = p;", False),
        ("int *p = &s;", False),
        (
            "struct s *p = NULL; p = 0; p = (void *)&t; p = (struct s *)&t; void *v = p; q = v;",
            True,
        ),
        ("int *p = &s.a; q = &s;", True),
    ],
)
def test_what_is_assigned(code: str, fits: bool, thread: str) -> None:
    found = refused("", code, thread)
    assert (found is None) == fits
    assert fits or " is used where " in str(found)


def test_herd_has_no_structs_but_pointers_of_any_kind() -> None:
    """An ``int *`` of herd7's dialect may point to either kind of location."""
    threads = "P0(int *x, int **y, atomic_t *z)"
    assert refused("", "int *r = y; r = z; int **o = x; WRITE_ONCE(*y, z);", threads) is None
    start = "struct s *p = &t; int *o = &s;"
    text = f"C t\n{_TOP}{{ {start} }}\nP0(int *x) {{ }}\nexists (p=&t)\n"
    compile_program(parse_litmus(Source("t.litmus", text), kernel="6.12"), kernel="6.12")


def test_what_is_returned() -> None:
    for type, fits in (("struct s *", True), ("void *", True), ("struct t *", False)):
        top = f"static {type}f(void) {{ return &s; }}"
        assert (refused(top, "f();", "P0(int *x)") is None) == fits


def test_a_struct_without_a_tag_is_called_by_its_typedef() -> None:
    """As gcc has it: incompatible types when initializing type 'pte_t' using type 'struct ...'."""
    top = "typedef struct { long pte; } pte_t; struct { int a; } other; pte_t p;\n"
    text = f"C t\n{top}{{ }}\nP0(void) {{ pte_t v = other; }}\n"
    with pytest.raises(InputError, match="<unnamed struct 2> is used where pte_t is needed"):
        compile_program(parse_litmus(Source("t.litmus", text), kernel="6.12"), kernel="6.12")
