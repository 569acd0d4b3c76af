"""Any text gives a tree or an InputError: never another exception, never a hang."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ksmcheck.syntax.c_parser import parse_c
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source

WORDS = """int void struct s { } ( ) [ ] ; , * & -> . = == + - ~ ! ? : x y P0 P1 0 1 0: 'a' "b" u8 T
    if else while do for switch case default break continue return goto typedef static volatile
    enum union sizeof typeof offsetof container_of __attribute__ asm ... ## # #define #if #endif
    #else #include #undef #pragma (* *) /* */ // exists forall filter locations /\\ \\/ => ~exists
    true \\ ' " @ 1.5 0x __unroll F F( KSMCHECK_KERNEL 08 not"""

SOUP = st.lists(
    st.sampled_from([*WORDS.split(), "\n", "\n#define F(x) x ## x #x", "{ int x; "])
).map(" ".join)
TEST = """C t
{ int x = 1; struct s v; 0:r1 = &x; }
#define F(a) (a + 1)
struct s { int a; struct { u8 b[2]; }; };
P0(int *x, volatile u8 *y) { again: if (*x) { goto again; } else for (;;) break; x = (u8) * F(y); }
exists (0:r1=1 /\\ ~x=2)
"""


def read(text: str) -> None:
    with suppress(InputError):
        parse_litmus(Source("t", text))
    with suppress(InputError):
        parse_c(Source("t", text))


@settings(deadline=2000, max_examples=300)
@given(SOUP)
@example("#if ({")
@example("#if sizeof(int)\n#endif")
@example("struct {")
def test_words(text: str) -> None:
    read(f"C t\n{text}")
    read(f"C t\n{{}} P0() {{ {text} }}")


@settings(deadline=2000, max_examples=200)
@given(st.text())
def test_characters(text: str) -> None:
    read(text)
    read(f"C t\n{text}")


@settings(deadline=2000, max_examples=300)
@given(st.data())
def test_damaged_tests(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEST)))
    end = data.draw(st.integers(start, min(len(TEST), start + 9)))
    read(TEST[:start] + data.draw(SOUP) + TEST[end:])
