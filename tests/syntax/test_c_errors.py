"""Malformed and unsupported C: each is one InputError that names the mistake at its place."""

from __future__ import annotations

import pytest

from ksmcheck.syntax.c_parser import parse_c
from ksmcheck.text import InputError, Source

# In each text, ^ stands before the place that the caret has to point to.
STATEMENTS = [
    ("^DECLARE_BITMAP(map, 64);", "the macro DECLARE_BITMAP is not known"),
    ("static ^DECLARE_WORK(w, 0);", "the macro DECLARE_WORK is not known"),
    ("^for_each_set_bit(b, &map, 64) r += b;", "'for_each_set_bit' is not known"),
    ("^list_for_each_foo(p) f();", "'list_for_each_foo' is not known"),
    ("^list_for_each_foo(p) { f(); }", "'list_for_each_foo' is not known"),
    ("r0 = a ^r1 = 1;", "expected ';' after the expression, found 'r1'"),
    ("r0 = READ_ONCE(*x)^\n r1 = 1;", "expected ';' after the expression"),
    ("int r0 = a^\n r1 = 1;", "expected ';' after the declaration"),
    ("f(*x^;", "expected ')' or ',' in the arguments of 'f', found ';'"),
    ("if ^r0 { }", "expected '(' after 'if', found 'r0'"),
    ("^else b;", "'else' without 'if'"),
    ("if (a) ^int y;", "a declaration cannot be the whole body of 'if'"),
    ("for (i = 0; i < 3^) ;", "expected ';' after the condition of 'for', found ')'"),
    ("do a; while (1) ^}", "expected ';' after 'do ... while (...)', found '}'"),
    ("return 3 ^}", "expected ';' after 'return', found '}'"),
    ("r0 = a +^;", "expected an expression, found ';'"),
    ("f(a)^) ;", "expected ';' after the expression, found ')'"),
    ("^for_each(p, l) { }", "'for_each' is not known"),
    ("u32 ^= 3;", "expected the name of a variable, found '='"),
    ("r0 = ^u32;", "expected an expression, found the type 'u32'"),
    ("^3 = x;", "the left side of '=' has to be a variable"),
    ("p = &^3;", "the operand of '&' has to be a variable"),
    ("^f()++;", "the operand of '++' has to be a variable"),
    ("int x ^@ 3;", "the character '@' has no meaning here"),
    ('s = ^"abc;', "this string is not closed on its line"),
    ("c = ^'';", "this character literal is not closed or empty"),
    ("c = ^'ab';", "a character literal holds one character"),
    ("c = ^'\\q';", "unknown escape sequence '\\q'"),
    ("c = ^'\\xff';", "above 127 depends on the machine"),
    ("c = ^0x1g;", "'0x1g' is not an integer constant"),
    ("c = ^089;", "'089': a leading 0 makes this octal"),
    ("c = ^99999999999999999999;", "does not fit into 64 bits"),
    ("c = ^1.5;", "floating point is not supported"),
    ("^float f;", "floating point is not supported"),
    ('^asm volatile("nop");', "inline assembly is not supported"),
    ("x = ^_Generic(x, int: 3);", "_Generic is not supported"),
    ("(^unknown)(3);", "'unknown' is neither a type nor a function here"),
    ("x->f(^int);", "a type is not an argument here"),
    ("x->f(3^;", "expected ')' or ',' in the arguments of the call, found ';'"),
    ("void (*f)(int^;", "expected ')' or ',' after a parameter, found ';'"),
    ("int (*f)(^static int);", "'static' on a parameter"),
    ("int ^g(int);", "function declarations inside a function are not supported"),
    ("int (*f)(^struct s { int a; } *);", "struct definitions among parameters are not supported"),
    ("enum { A, ^A };", "A is declared twice in this block"),
    ("^int;", "'int' declares nothing here"),
    ("typedef int t, ^t;", "t is declared twice in this block"),
    ("int t; typedef int ^t;", "t is declared twice in this block"),
    ("typedef int t; int ^t = 1;", "t is declared twice in this block"),
    ("typedef int t ^= 1;", "expected ';' after the declaration, found '='"),
    ("typedef __auto_type ^t;", "__auto_type takes the type of an initializer"),
    ("int y; ^static typeof(y) z;", "a static variable or a struct made of 'y' is not supported"),
    ("int y; ^enum { A = sizeof(y) };", "a static variable or a struct made of 'y'"),
    ("int y; typedef typeof(y) t; ^struct { t a; } v;", "a struct made of 't' is not"),
    ("^extern int t;", "'extern' inside a function is not supported"),
    ("goto ^*x;", "computed goto is not supported"),
    ("x = ^&&l;", "addresses of labels (&&label) are not supported"),
    ("int x = ^__label__;", "'__label__' stands at the beginning of a block"),
    ("x = y && ^(struct s){1}.a;", "a compound literal is not supported here"),
    ("switch (a) { case ^1...3: ; }", "'1...3' is read as one number"),
    ("__unroll(3) ^x = 1;", "expected a loop (while, do or for)"),
    ("__unroll(^0) while (1) ;", "the unrolling bound is a number from 1 to 10000"),
    ("^unsigned signed x;", "'unsigned signed' is not a type here"),
    ("^short char x;", "'short char' is not a type here"),
    ("struct s v = { .a.b ^1 };", "expected '=' after the designator"),
    ("int a[2] = { [0 ... 1^= 1 };", "expected ']' after the index of a designator"),
]

FILE_LEVEL = [
    ("^DECLARE_BITMAP(map, 64);", "the macro DECLARE_BITMAP is not known"),
    ("static ^DECLARE_WORK(w, 0);", "the macro DECLARE_WORK is not known"),
    ("static ^DEFINE_MUTEXX(m);", "the macro DEFINE_MUTEXX is not known"),
    ("struct s { ^DECLARE_BITMAP(map, 64); int x; };", "the macro DECLARE_BITMAP is not known"),
    ("static inline ^__checked bool f(void) { }", "'__checked' beside 'bool' is not understood"),
    ("^__checked struct s *p;", "'__checked' beside 'struct' is not understood"),
    ("bool __checked ^f(void) { }", "expected ';' after the declaration, found 'f'"),
    ("^foo(int x) {}", "'foo' has no result type"),
    ("int f(a, b) ^int a; int b; { }", "expected '{' or ';' after the parameters of 'f'"),
    ("void f(^int) {}", "this parameter has no name"),
    ("void f(int x, ^int x) {}", "two parameters named 'x'"),
    ("^void f(int a, ...) { }", "variable arguments are not supported"),
    ("int ^(*get(void))(int);", "a function that gives a pointer to a function needs a typedef"),
    ("struct s { int a ^} ;", "expected ';' after the member, found '}'"),
    ("struct s { int a; }^\n", "expected ';' after the declaration"),
    ("struct s { ^int; };", "this declares no member"),
    ("enum e { A ^B };", "expected '}' or ',' after an enumerator, found 'B'"),
    ("^static int;", "this declares nothing"),
    ("struct ^__packed s { int x; };", "__packed is not supported: it changes the layout"),
    ("int x __attribute__((^packed));", "the attribute 'packed' is not supported"),
    ("int x __attribute__((^cleanup(f)));", "the attribute 'cleanup' is not supported"),
    ("^_Atomic int x;", "_Atomic (C11 atomics) is not supported"),
    ("_Static_assert(1, ^2);", "expected ')' after the condition of _Static_assert"),
    ("^x = 3;", "expected a declaration or definition, found 'x'"),
    ("void f(void) ^{ x = 1;", "this '{' is not closed"),
    ("int x ^/* open", "this comment is not closed"),
    ("static ^my_attribute int f(void) { }", "'my_attribute' beside 'int' is not understood"),
]


def split(marked: str) -> tuple[str, int]:
    """The text without its mark, and the mark's offset (the last ^ is the mark)."""
    place = marked.rindex("^")
    return marked[:place] + marked[place + 1 :], place


def check(text: str, offset: int, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_c(Source("t.c", text))
    diagnostic = caught.value.diagnostic
    assert message in diagnostic.message
    assert diagnostic.span is not None
    assert text[diagnostic.span.start :] == text[offset:], diagnostic.render()


@pytest.mark.parametrize(("marked", "message"), STATEMENTS)
def test_statement_errors(marked: str, message: str) -> None:
    head = "void f(void) {\n"
    body, offset = split(marked)
    check(f"{head}{body}\n}}", len(head) + offset, message)


@pytest.mark.parametrize(("marked", "message"), FILE_LEVEL)
def test_file_level_errors(marked: str, message: str) -> None:
    check(*split(marked), message)


def test_hints_say_what_would_be_right() -> None:
    with pytest.raises(InputError) as caught:
        parse_c(Source("t.c", "int f(a, b) int a; int b; { }"))
    assert caught.value.diagnostic.hint == "old-style (K&R) definitions are not supported"


def test_deep_nesting_is_an_input_error() -> None:
    for text in ("(" * 5000, "int x = " + "-" * 5000 + "1;", "void f(void) " + "{" * 5000):
        with pytest.raises(InputError):
            parse_c(Source("t.c", text))


def test_long_chains_are_an_input_error() -> None:
    # 201 operators: a tree so deep that no later stage could walk it.
    with pytest.raises(InputError, match="more than 200 operators"):
        parse_c(Source("t.c", "int x = 1" + " + 1" * 201 + ";"))
    assert parse_c(Source("t.c", "int x = 1" + " + 1" * 200 + ";"))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("static DEFINE_MUTEXX(m);", "did you mean DEFINE_MUTEX?"),
        ("DECLARE_BITMAP(map, 64);", "#define it, or write what it declares"),
        ("LIST_HEAD(l);", "#include <linux/list.h> defines it, for the kernels that have it"),
        ("void f(void) { list_for_each_foo(p) f(); }", "did you mean list_for_each or"),
        ("void f(void) { for_each_set_bit(b, m, 64) f(); }", "a macro for a loop, #define it"),
        ("bool __checked f(void) { }", "is '__checked' an annotation? #define it as nothing"),
    ],
)
def test_hints_for_names_that_nothing_defines(text: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_c(Source("t", text))
    assert hint in (caught.value.diagnostic.hint or "")
