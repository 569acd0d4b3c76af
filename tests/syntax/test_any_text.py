"""Any text gives a tree or an InputError: never another exception, never a hang."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ksmcheck.isa.compile import assemble
from ksmcheck.syntax.assembly import parse_assembly
from ksmcheck.syntax.assembly_head import DIALECTS
from ksmcheck.syntax.c_parser import parse_c
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source

WORDS = """int void struct s { } ( ) [ ] ; , * & -> . = == + - ~ ! ? : x y P0 P1 0 1 0: 'a' "b" u8 T
    if else while do for switch case default break continue return goto typedef static volatile
    enum union sizeof typeof offsetof container_of __attribute__ asm ... ## # #define #if #endif
    #else #include #undef #pragma (* *) /* */ // exists forall filter locations /\\ \\/ => ~exists
    true \\ ' " @ 1.5 0x __unroll F F( KSMCHECK_KERNEL 08 not"""

ASSEMBLY_WORDS = """{ } ( ) [ ] ; | , : = ~ exists forall filter locations final with not /\\ \\/
    => P0 P1 0:X1 1:EAX 0:r1=x x=1 [x]=1 uint64_t int32_t* 0x10 -1 #1 $1 L: L (* *) << >> true ! +
    0(r2) MOV LDR LDAR STXR LDXR CAS SWPAL LDADD STADD LDP DMB ISH SY B.NE CBZ TBZ CSEL CMP ADD
    SXTW LSL X1 W2 XZR [X1] [X1,W2,SXTW] [X1],#8 [X1,#8]! LOCK XADD CMPXCHG INC
    JNZ MFENCE EAX [EBX] (%rax) %eax movq
    lwz stw stwcx. lwarx lwsync isync cmpw beq cr1 li r1 lw sw lr.w sc.w.rl amoadd.d.aqrl fence rw,w
    fence.tso bne x5 a0 0(x6) LDREX STREX DMB.ST R1 [R1,R2]"""
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


ASSEMBLY_SOUP = st.lists(st.sampled_from([*ASSEMBLY_WORDS.split(), "\n", " ; "])).map(" ".join)
COLUMNS = """{ x=1; uint64_t y; 0:X1=x; 1:X1=&y; }
 P0          | P1                ;
 L: LDR W0,[X1] | STR W0,[X1,#0] ;
 CBNZ W0,L   |                   ;
locations [x; 0:X0;]
exists (0:X0=1 /\\ ~([x]=2 \\/ 1:X0=0))
"""


def read_assembly(text: str) -> None:
    """Parsed and, where that goes well, compiled."""
    with suppress(InputError):
        assemble(parse_assembly(Source("t", text)), kernel="6.12", unroll=2)


@settings(deadline=2000, max_examples=300)
@given(st.sampled_from(sorted(DIALECTS)), ASSEMBLY_SOUP)
@example("AARCH64", "(" * 3000)
@example("AARCH64", "~" * 3000)
@example("AARCH64", "B L ; L:")
def test_assembly_words(dialect: str, text: str) -> None:
    read_assembly(f"{dialect} t\n{text}")
    read_assembly(f"{dialect} t\n{{}}\n P0 ;\n {text} ;\n")
    read_assembly(f"{dialect} t\n{{}}\n P0 ;\n NOP ;\nexists {text}")


@settings(deadline=2000, max_examples=200)
@given(st.data())
def test_damaged_columns(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(COLUMNS)))
    end = data.draw(st.integers(start, min(len(COLUMNS), start + 9)))
    read_assembly("AArch64 t\n" + COLUMNS[:start] + data.draw(ASSEMBLY_SOUP) + COLUMNS[end:])


@settings(deadline=2000, max_examples=200)
@given(st.text())
def test_characters(text: str) -> None:
    read(text)
    read_assembly(f"X86 t\n{text}")
    read(f"C t\n{text}")


@settings(deadline=2000, max_examples=300)
@given(st.data())
def test_damaged_tests(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEST)))
    end = data.draw(st.integers(start, min(len(TEST), start + 9)))
    read(TEST[:start] + data.draw(SOUP) + TEST[end:])
