"""The preprocessor against the examples of C17 6.10.3.5 and hand-made texts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ksmcheck.syntax.pp_kernel import given
from ksmcheck.syntax.preprocessor import Preprocessing, kernel_version, preprocess
from ksmcheck.syntax.tokens import Token, tokenize
from ksmcheck.text import InputError, Source


def run(text: str, setting: Preprocessing | None = None, name: str = "t.c") -> list[Token]:
    return preprocess(Source(name, text), 0, setting or Preprocessing())[:-1]


def texts(text: str, setting: Preprocessing | None = None) -> list[str]:
    return [token.text for token in run(text, setting)]


def split(text: str) -> list[str]:
    return [token.text for token in tokenize(Source("x", text))][:-1]


EXAMPLE_3 = """
#define x 3
#define f(a) f(x * (a))
#undef x
#define x 2
#define g f
#define z z[0]
#define h g(~
#define m(a) a(w)
#define w 0,1
#define t(a) a
#define p() int
#define q(x) x
#define r(x,y) x ## y
#define str(x) # x
f(y+1) + f(f(z)) % t(t(g)(0) + t)(1);
g(x+(3,4)-w) | h 5) & m
(f)^m(m);
p() i[q()] = { q(1), r(2,3), r(4,), r(,5), r(,) };
char c[2][6] = { str(hello), str() };
"""
RESULT_3 = """
f(2 * (y+1)) + f(2 * (f(2 * (z[0])))) % f(2 * (0)) + t(1);
f(2 * (2+(3,4)-0,1)) | f(2 * (~ 5)) & f(2 * (0,1))^m(0,1);
int i[] = { 1, 23, 4, 5, };
char c[2][6] = { "hello", "" };
"""
EXAMPLE_4 = r"""
#define str(s) # s
#define xstr(s) str(s)
#define debug(s, t) printf("x" # s "= %d, x" # t "= %s", \
 x ## s, x ## t)
#define INCFILE(n) vers ## n
#define glue(a, b) a ## b
#define xglue(a, b) glue(a, b)
#define HIGHLOW "hello"
#define LOW LOW ", world"
debug(1, 2);
fputs(str(strncmp("abc\0d", "abc", '\4') // this goes away
== 0) str(: \n), s);
xstr(INCFILE(2).h)
glue(HIGH, LOW);
xglue(HIGH, LOW)
"""
RESULT_4 = r"""
printf("x" "1" "= %d, x" "2" "= %s", x1, x2);
fputs("strncmp(\"abc\\0d\", \"abc\", '\\4') == 0" ": \n", s);
"vers2.h"
"hello";
"hello" ", world"
"""
EXAMPLE_5 = """
#define hash_hash # ## #
#define mkstr(a) # a
#define in_between(a) mkstr(a)
#define join(c, d) in_between(c hash_hash d)
#define t(x,y,z) x ## y ## z
char p[] = join(x, y);
int j[] = { t(1,2,3), t(,4,5), t(6,,7), t(8,9,), t(10,,), t(,11,), t(,,12), t(,,) };
"""
RESULT_5 = 'char p[] = "x ## y"; int j[] = { 123, 45, 67, 89, 10, 11, 12, };'
EXAMPLE_7 = r"""
#define debug(...) fprintf(stderr, __VA_ARGS__)
#define showlist(...) puts(#__VA_ARGS__)
#define report(test, ...) ((test)?puts(#test): \
 printf(__VA_ARGS__))
debug("Flag");
debug("X = %d\n", x);
showlist(The first, second, and third items.);
report(x>y, "x is %d but y is %d", x, y);
"""
RESULT_7 = r"""
fprintf(stderr, "Flag");
fprintf(stderr, "X = %d\n", x);
puts("The first, second, and third items.");
((x>y)?puts("x>y"): printf("x is %d but y is %d", x, y));
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # C17 6.10.3.5, EXAMPLE 3 (rescanning), 4 (# and ##), 5 and the one on ####, 7 (variadic).
        (EXAMPLE_3, RESULT_3),
        (EXAMPLE_4, RESULT_4),
        (EXAMPLE_5, RESULT_5),
        (EXAMPLE_7, RESULT_7),
        # GCC manual, Variadic Macros: the comma before an empty rest goes.
        ("#define E(f, a...) p(f, ## a)\nE(1) E(1,2,3)", "p(1) p(1,2,3)"),
        ("#define E(f, ...) p(f, ## __VA_ARGS__)\nE(1) E(1,2)", "p(1) p(1,2)"),
        # cpp 12: of a rest that is there, though empty, only where it is all that the macro takes.
        ("#define E(f, a...) p(f, ## a)\nE(1, ) E(,)", "p(1,) p(,)"),
        ("#define E(...) p(1, ## __VA_ARGS__)\nE() E(2)", "p(1) p(1,2)"),
        ("#define F(x) x\nF", "F"),
        ("#define A B\n#define B A\nA", "A"),
        ("#define A /* a\n b */ 3\nA", "3"),
    ],
)
def test_expansion(text: str, expected: str) -> None:
    assert texts(text) == split(expected)


def chosen(condition: str, setting: Preprocessing | None = None) -> bool:
    return texts(f"#if {condition}\nyes\n#else\nno\n#endif", setting) == ["yes"]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("1 + 2 * 3 == 7", True),
        ("-1 > 0", False),
        ("-1 > 0u", True),  # C17 6.3.1.8: the signed operand becomes unsigned
        ("-7 / 2 == -3 && -7 % 2 == -1", True),  # C17 6.5.5 p6: towards zero
        ("undefined_name", False),
        ("defined A || defined(A)", False),
        ("!defined KSMCHECK_KERNEL", False),
        ("0 ? 1 / 0 : 1", True),
        ("0 && 1 / 0", False),
        ("1 || 1 / 0", True),
        ("'A' == 65", True),
        ("(2 || 3) != 1", False),
        ("~0 == -1", True),
        ("1 << 4 >> 2 == 4", True),
        ("5 ?: 0", True),
        # C17 6.5.15 p5: both values have the type that both can be converted to.
        ("(1 ? -1 : 0u) > 0", True),
        ("(0 ? 0u : -1) / 2 > 0", True),
        ("(1 ? -1 : 0xffffffffffffffff) % 3 == 0", True),
        ("(-1 ?: 1u / 0) > 0", True),
        ("(1 ? -1 : 1 << 3u) > 0", False),
        ("(1 ? -1 : (2u > 1)) > 0", False),
    ],
)
def test_conditions(condition: str, holds: bool) -> None:
    assert chosen(condition) is holds


@pytest.mark.parametrize(
    ("kernel", "condition", "holds"),
    [
        ("3.9", "KSMCHECK_KERNEL == KERNEL_VERSION(3,9,0)", True),
        ("3.9", "KSMCHECK_KERNEL < KERNEL_VERSION(3,10,0)", True),
        ("6.12", "KSMCHECK_KERNEL >= KERNEL_VERSION(6,2,0)", True),
        # include/linux/version.h: (a << 16) + (b << 8) + c, c at most 255.
        ("6.12", f"KSMCHECK_KERNEL == {6 * 65536 + 12 * 256}", True),
        ("4.9.300", "KSMCHECK_KERNEL == KERNEL_VERSION(4,9,255)", True),
        ("4.9", "KERNEL_VERSION(4,9,300) == KERNEL_VERSION(4,9,255)", True),
        ("4.9", "__KSMCHECK__", True),
    ],
)
def test_kernel_point(kernel: str, condition: str, holds: bool) -> None:
    assert chosen(condition, Preprocessing(kernel)) is holds


@pytest.mark.parametrize("point", ["", "6", "6.x", "six.1", "6.12-rc1"])
def test_malformed_kernel_points(point: str) -> None:
    with pytest.raises(InputError, match="is not a kernel version"):
        kernel_version(point)


def test_predefined_names_need_no_directive() -> None:
    assert texts("KSMCHECK_KERNEL", Preprocessing("3.9")) == [str(3 * 65536 + 9 * 256)]


def test_groups() -> None:
    text = """
#ifdef A
a
#elif defined B
b
#if 0
it's no C
#endif
#else
c
#endif
#ifndef A
d
#endif
"""
    assert texts(text) == ["c", "d"]
    assert texts(text, Preprocessing(defines=(("B", ""),))) == ["b", "d"]
    assert texts(text, Preprocessing(defines=(("A", "1"), ("B", "1")))) == ["a"]


def test_defines_from_outside() -> None:
    assert texts("N + M", Preprocessing(defines=(("N", "1 + 2"),))) == ["1", "+", "2", "+", "M"]
    with pytest.raises(InputError, match="cannot be the name of a macro"):
        texts("x", Preprocessing(defines=(("2x", "1"),)))


def test_a_token_from_a_macro_points_to_the_use_and_knows_the_definition() -> None:
    text = "#define INC(v) ((v) + 1)\nx = INC(abc);\n"
    by_text = {token.text: token for token in run(text)}
    plus, argument = by_text["+"], by_text["abc"]
    assert (plus.span.text, plus.span.line) == ("INC(abc)", 2)
    assert plus.via is not None
    assert (plus.via.text, plus.via.line, plus.via.column) == ("+", 1, 21)
    assert (argument.span.text, argument.via) == ("abc", None)


def test_nested_macros_point_to_the_users_line() -> None:
    text = "#define A B\n#define B 7\n  A"
    (seven,) = run(text)
    assert (seven.span.line, seven.span.column, seven.span.text) == (3, 3, "A")
    assert seven.via is not None and seven.via.line == 1
    assert seven.via.via is not None and seven.via.via.line == 2


def test_include(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.h").write_text('#pragma once\n#include "sub/b.h"\nint a;\n')
    (tmp_path / "sub/b.h").write_text(
        '#ifndef B_H\n#define B_H\n#include "../a.h"\nint b;\n#endif\n'
    )
    (tmp_path / "lib/c.h").write_text("int c;\n")
    text = '#include "a.h"\n#include "a.h"\n#include "sub/b.h"\n#include <c.h>\nint d;'
    setting = Preprocessing(include_dirs=(tmp_path / "lib",))
    tokens = run(text, setting, str(tmp_path / "test.litmus"))
    assert [token.text for token in tokens] == split("int b; int a; int c; int d;")
    assert [Path(t.source.name).name for t in tokens if t.text in "abcd"] == [
        *("b.h", "a.h", "c.h", "test.litmus"),
    ]


def test_including_itself_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text('#include "a.h"\n')
    with pytest.raises(InputError, match="nested more than 40 deep"):
        run('#include "a.h"\n', name=str(tmp_path / "test.c"))


def test_included_files_are_text(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8 text") as caught:
        run('\n#include "a.h"\n', name=str(tmp_path / "test.c"))
    assert caught.value.diagnostic.span is not None
    assert caught.value.diagnostic.span.line == 2


def test_unroll_pragma_is_a_token() -> None:
    (token,) = run("#define N 4\n#pragma ksmcheck unroll N\n")
    assert (token.kind, token.text, token.span.line) == ("pragma", "4", 2)


# In each text, ^ stands before the place that the caret has to point to.
@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("^#if 1\n", "this condition has no #endif"),
        ("^#endif", "#endif without #if"),
        ("#if 1\n#else\n^#else\n#endif", "#else after #else"),
        ("#if 1\n#else\n^#elif 1\n#endif", "#elif after #else"),
        ("#if 0\n#else ^x\n#endif", "unexpected text after #else"),
        ("#^if\n#endif", "this condition is empty"),
        ("#if ^1/0\n#endif", "division by zero"),
        ("#if ^1 << 64\n#endif", "this shift is not within 64 bits"),
        ("#if 1 +^\n#endif", "expected an expression, found the end of the line"),
        ("#if 1 ^2\n#endif", "expected the end of the condition, found '2'"),
        ("#if sizeof(^int)\n#endif", "types have no meaning here"),
        ("#if defined ^3\n#endif", "expected a macro's name after 'defined'"),
        ("#if ^KSMCHECK_KERNAL > 1\n#endif", "'KSMCHECK_KERNAL' is not defined"),
        ("#define A 1\n#define ^A 2\n", "'A' is defined differently before"),
        ("#define ^KSMCHECK_KERNEL 2\n", "'KSMCHECK_KERNEL' is defined differently before"),
        ("#define F(a, ^a) 1\n", "two parameters named 'a'"),
        ("#define F(^1) 1\n", "expected a parameter of the macro"),
        ("#define F(a ^b) 1\n", "expected ')' after the parameters of the macro"),
        ("#define F(a) ^#b\n", "'#' in a macro stands before a parameter"),
        ("#define F(a) ^## a\n", "'##' stands between two tokens"),
        ("#define F(a) a ^##\n", "'##' stands between two tokens"),
        ("#define F(a) ^__VA_ARGS__\n", "'__VA_ARGS__' has no meaning in this macro"),
        ("^#define\n", "expected the name of a macro after #define"),
        ("#define F(a) a\n^F(1, 2)", "the macro 'F' takes 1, but gets 2 arguments"),
        ("#define F(a, b, ...) a\n^F(1)", "the macro 'F' takes 2 or more, but gets 1 argument"),
        ("#define F(a) a\nF^(1", "the arguments of the macro 'F' are not closed"),
        ("#define P(a, b) a ^## b\nP(+, x)", "'##' makes '+x' of '+' and 'x', which is no token"),
        ("#define AB 1\nx ^A\\\nB", "this word goes on in the next line"),
        ('^#include "no.h"\n', "cannot find the file 'no.h'"),
        (f'^#include "{"a" * 300}"\n', f"cannot find the file '{'a' * 300}'"),
        ("^#include <linux/mm.h>\n", "cannot find the file 'linux/mm.h'"),
        ("^#include 3\n", 'expected #include "file"'),
        ("^#error it's 3.9 only\n", "#error it's 3.9 only"),
        ("^#foo\n", "unknown directive '#foo'"),
        ("^#pragma pack(1)\n", "unknown pragma 'pack ( 1 )'"),
        ("^#pragma ksmcheck unrol 3\n", "unknown pragma 'ksmcheck unrol 3'"),
    ],
)
def test_errors(marked: str, message: str) -> None:
    place = marked.index("^")
    text = marked[:place] + marked[place + 1 :]
    with pytest.raises(InputError) as caught:
        run(text)
    diagnostic = caught.value.diagnostic
    assert message in diagnostic.message
    assert diagnostic.span is not None
    assert diagnostic.span.start == place, diagnostic.render()


def test_runaway_expansion_is_an_input_error() -> None:
    doubling = "".join(f"#define A{n + 1} A{n} A{n}\n" for n in range(40))
    with pytest.raises(InputError, match="does not come to an end"):
        run(doubling + "A40")
    nested = "#define F(x) x x\n" + "F(" * 40 + ")" * 40
    with pytest.raises(InputError, match="does not come to an end"):
        run(nested)


def test_a_macro_of_the_kernel_is_given_once() -> None:
    """The last one would hide the others, with the kernels that have it."""
    names = [re.split(r"\W", line, maxsplit=1)[0] for _, line in given()]
    assert len(names) > 100
    assert sorted(set(names)) == sorted(names)
