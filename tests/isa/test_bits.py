"""Instructions on parts of registers, divisions, single bits: numbers by hand from the manuals."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.assembly import usual_model
from tests.fresh import fresh_checker
from tests.isa.one_column import in_full, one_column

M32 = (1 << 32) - 1
H = "0x123456789abcdef0"

CASES: list[tuple[str, str, str, str, int]] = [
    # dialect, start state, code, register or location, its value
    ("AArch64", f"0:X1={H}", "ROR X0,X1,#4", "0:X0", 0x0123456789ABCDEF),
    ("AArch64", "0:X1=1; 0:X2=33", "ROR W0,W1,W2", "0:X0", 1 << 31),
    ("AArch64", "0:X1=6; 0:X2=64", "ROR X0,X1,X2", "0:X0", 6),
    ("AArch64", "0:X1=0x12; 0:X2=0x3456", "EXTR X0,X1,X2,#8", "0:X0", (0x12 << 56) | 0x34),
    ("AArch64", "0:X1=0x12; 0:X2=0x3456", "EXTR W0,W1,W2,#0", "0:X0", 0x3456),
    ("AArch64", f"0:X1={H}", "UBFX X0,X1,#8,#12", "0:X0", 0xCDE),
    ("AArch64", "0:X1=0xf00", "SBFX X0,X1,#8,#4", "0:X0", -1),
    ("AArch64", "0:X1=0x700", "SBFX W0,W1,#8,#4", "0:X0", 7),
    ("AArch64", "0:X1=0xff", "UBFIZ X0,X1,#4,#4", "0:X0", 0xF0),
    ("AArch64", "0:X1=0xff", "SBFIZ X0,X1,#4,#4", "0:X0", -16),
    ("AArch64", "0:X0=-1; 0:X1=0", "BFI X0,X1,#8,#8", "0:X0", -0xFF01),
    ("AArch64", "0:X0=0xff00; 0:X1=0x340", "BFXIL X0,X1,#4,#8", "0:X0", 0xFF34),
    ("AArch64", f"0:X1={H}", "UBFM X0,X1,#8,#19", "0:X0", 0xCDE),  # as UBFX #8,#12
    ("AArch64", "0:X1=0xff", "SBFM X0,X1,#60,#3", "0:X0", -16),  # as SBFIZ #4,#4
    ("AArch64", "0:X0=-1; 0:X1=0", "BFM X0,X1,#56,#7", "0:X0", -0xFF01),  # as BFI #8,#8
    ("AArch64", f"0:X1={H}", "REV X0,X1", "0:X0", 0xF0DEBC9A78563412 - (1 << 64)),
    ("AArch64", "0:X1=0x12345678", "REV W0,W1", "0:X0", 0x78563412),
    ("AArch64", "0:X1=0x12345678", "REV16 W0,W1", "0:X0", 0x34127856),
    ("AArch64", f"0:X1={H}", "REV32 X0,X1", "0:X0", 0x78563412F0DEBC9A),
    ("AArch64", "0:X1=3", "RBIT W0,W1", "0:X0", 0xC0000000),
    ("AArch64", f"0:X1={H}", "CNT X0,X1", "0:X0", 32),
    ("AArch64", "0:X1=-5", "ABS W0,W1", "0:X0", 5),
    ("AArch64", "0:X1=-7; 0:X2=2", "SDIV X0,X1,X2", "0:X0", -3),
    ("AArch64", "0:X1=-7; 0:X2=2", "UDIV W0,W1,W2", "0:X0", (M32 - 6) // 2),
    ("AArch64", "0:X1=-7", "SDIV X0,X1,XZR", "0:X0", 0),
    ("AArch64", "0:X1=-1; 0:X2=3", "UMULL X0,W1,W2", "0:X0", 3 * M32),
    ("AArch64", "0:X1=-1; 0:X2=3; 0:X3=5", "SMADDL X0,W1,W2,X3", "0:X0", 2),
    ("AArch64", "0:X1=2; 0:X2=3; 0:X3=5", "UMSUBL X0,W1,W2,X3", "0:X0", -1),
    ("AArch64", "0:X1=2; 0:X2=3", "SMNEGL X0,W1,W2", "0:X0", -6),
    ("AArch64", "0:X1=-1; 0:X2=3", "SMAX X0,X1,X2", "0:X0", 3),
    ("AArch64", "0:X1=-1", "UMIN X0,X1,#3", "0:X0", 3),
    ("AArch64", "0:X1=-1; 0:X2=3", "CMN X1,#1 ; ADC X0,X2,X2", "0:X0", 7),  # the sum carried
    ("AArch64", "0:X1=5; 0:X2=3", "CMP X2,X1 ; SBC X0,X1,X2", "0:X0", 1),  # 3 - 5 borrowed
    ("AArch64", "0:X1=1", "NEGS X0,X1 ; CSET X2,MI", "0:X2", 1),
    ("AArch64", "0:X1=3", "NEGS W0,W1", "0:X0", M32 - 2),
    ("AArch64", "int32_t v[2]={-1,2}; 0:X1=v", "LDPSW X0,X2,[X1] ; ADD X0,X0,X2", "0:X0", 1),
    ("AArch64", "0:X1=1", "WFE ; SEV ; HINT #3 ; CSDB ; MOV X0,X1", "0:X0", 1),
    ("X86_64", "0:rax=3", "shll $4,%eax", "0:rax", 48),
    ("X86_64", "0:rax=-16", "sarq $2,%rax", "0:rax", -4),
    ("X86_64", "0:rax=-16; 0:rcx=33", "shrl %cl,%eax", "0:rax", (M32 - 15) >> 1),
    ("X86_64", "0:rax=1", "shrl %eax ; setb %bl", "0:rbx", 1),  # the bit that fell out
    ("X86_64", "0:rax=0x80000000", "shll $1,%eax ; setc %bl", "0:rbx", 1),
    ("X86_64", "0:rax=2", "sarl $1,%eax ; setc %bl", "0:rbx", 0),
    # By one place O says whether the sign changed (SDM, SAL/SAR/SHL/SHR and RCL/RCR/ROL/ROR).
    ("X86_64", "0:rax=0x40000000", "shll $1,%eax ; seto %bl", "0:rbx", 1),
    ("X86_64", "0:rax=0x40000000", "shll $1,%eax ; setl %bl", "0:rbx", 0),  # too far up: S, and O
    ("X86_64", "0:rax=0x80000000; 0:rcx=1", "shrl %cl,%eax ; seto %bl", "0:rbx", 1),
    ("X86_64", "0:rax=0x80000000", "addl %eax,%eax ; sarl %eax ; seto %bl", "0:rbx", 0),
    ("X86_64", "0:rax=1", "rorl $1,%eax ; seto %bl", "0:rbx", 1),
    ("X86_64", "0:rax=0xc0000000", "roll $1,%eax ; seto %bl", "0:rbx", 0),
    ("X86", "0:EAX=0x40000000; 0:ECX=1", "SHL EAX,1 ; CMOVO EBX,ECX", "0:EBX", 1),
    # A count of 0 leaves the flags alone.
    ("X86_64", "0:rax=1", "cmpl $1,%eax ; shll $32,%eax ; sete %bl", "0:rbx", 1),
    ("X86_64", "0:rcx=32; 0:rax=1", "cmpl $1,%eax ; shll %cl,%eax ; sete %bl", "0:rbx", 1),
    ("X86_64", "x=1", "lock btsl $3,(x)", "[x]", 9),
    ("X86_64", "x=9", "lock btrl $3,(x) ; setc %al", "0:rax", 1),
    ("X86_64", "x=9", "lock btrl $3,(x)", "[x]", 1),
    ("X86_64", "x=9", "btcl $0,(x)", "[x]", 8),
    ("X86_64", "x=9", "btl $3,(x) ; setc %al", "0:rax", 1),
    ("X86_64", "x=9", "btl $2,(x) ; setc %al", "0:rax", 0),
    ("X86_64", "0:rax=9", "btrq $3,%rax", "0:rax", 1),
    ("X86_64", "0:rax=1", "cmpl $2,%eax ; jlt L ; movl $7,%eax ; L:", "0:rax", 1),
    ("X86", "x=1", "LOCK BTS [x],$3", "[x]", 9),
    ("X86", "0:EAX=3", "SHL EAX,$4", "0:EAX", 48),
    ("PPC", "0:r1=0x12345678; 0:r2=-1", "rlwimi r2,r1,8,24,31", "0:r2", -0xFF + 0x11),
    # The mask wraps around: bits 28 to 31 and 0 to 3 of the word, and all of the upper half.
    ("PPC", "0:r1=0xf000000f; 0:r2=0", "rlwimi r2,r1,0,28,3", "0:r2", -0x0FFFFFF00FFFFFF1),
    ("PPC", "0:r1=5", "oris r2,r1,1", "0:r2", 0x10005),
    ("PPC", "0:r1=0x10005", "xoris r2,r1,1", "0:r2", 5),
    ("PPC", "0:r1=5", "andis. r2,r1,1 ; beq L ; li r3,1 ; L:", "0:r3", 0),
    ("PPC", "0:r1=-7; 0:r2=2", "divd r3,r1,r2", "0:r3", -3),
    ("PPC", "0:r1=7; 0:r2=2", "divwu r3,r1,r2", "0:r3", 3),
    ("PPC", "0:r1=7", "neg. r2,r1 ; blt L ; li r3,1 ; L:", "0:r3", 0),
    ("PPC", "0:r0=5", "addic r2,r0,6", "0:r2", 11),  # r0 is itself here
    ("PPC", "0:r1=1", "subic. r2,r1,1 ; beq L ; li r3,1 ; L:", "0:r3", 0),
    ("PPC", "0:r1=1", "subfic r2,r1,5", "0:r2", 4),
    ("PPC", "0:r1=1", "cmpwi r1,1 ; beqlr ; li r1,2", "0:r1", 1),
    ("PPC", "0:r1=1", "cmpwi cr1,r1,1 ; bnelr cr1 ; li r1,2", "0:r1", 2),
    ("PPC", "0:r1=x", "dcbt 0,r1 ; li r3,3", "0:r3", 3),
    ("RISCV", "0:x6=-7; 0:x7=2", "div x5,x6,x7", "0:x5", -3),
    ("RISCV", "0:x6=-7; 0:x7=2", "rem x5,x6,x7", "0:x5", -1),
    ("RISCV", "0:x6=-7", "div x5,x6,x0", "0:x5", -1),
    ("RISCV", "0:x6=-7", "remw x5,x6,x0", "0:x5", -7),
    ("RISCV", "0:x6=-1; 0:x7=16", "divuw x5,x6,x7", "0:x5", 0x0FFFFFFF),
    ("RISCV", "0:x6=6; 0:x7=3", "andn x5,x6,x7", "0:x5", 4),
    ("RISCV", "0:x6=6; 0:x7=3", "orn x5,x6,x7", "0:x5", -2),
    ("RISCV", "0:x6=6; 0:x7=3", "xnor x5,x6,x7", "0:x5", -6),
    ("RISCV", "0:x6=-1; 0:x7=3", "max x5,x6,x7", "0:x5", 3),
    ("RISCV", "0:x6=-1; 0:x7=3", "minu x5,x6,x7", "0:x5", 3),
    ("RISCV", "0:x6=3; 0:x7=1", "sh2add x5,x6,x7", "0:x5", 13),
    ("RISCV", "0:x6=3; 0:x7=1", "czero.nez x5,x6,x7", "0:x5", 0),
    ("RISCV", "0:x6=3; 0:x7=1", "czero.eqz x5,x6,x7", "0:x5", 3),
    ("RISCV", "0:x6=0x180", "sext.b x5,x6", "0:x5", -128),
    ("RISCV", "0:x6=0x18000", "zext.h x5,x6", "0:x5", 0x8000),
    ("RISCV", "0:x6=x; x=3; 0:x5=3; 0:x7=8", "amocas.w.aqrl x5,x7,(x6)", "[x]", 8),
    ("RISCV", "0:x6=x; x=3; 0:x5=3; 0:x7=8", "amocas.w x5,x7,(x6)", "0:x5", 3),
    ("RISCV", "0:x6=x; x=-3; 0:x5=4; 0:x7=8", "amocas.w x5,x7,(x6)", "0:x5", -3),
    ("RISCV", "0:x6=x; x=3; 0:x5=4; 0:x7=8", "amocas.w x5,x7,(x6)", "[x]", 3),
    ("RISCV", "int8_t x=-1; 0:x6=x; 0:x7=8", "amoswap.b.aq x5,x7,(x6)", "0:x5", -1),
    ("RISCV", "int16_t x=1; 0:x6=x; 0:x7=8", "amoadd.h x5,x7,(x6)", "[x]", 9),
    ("ARM", "0:R1=6; 0:R2=3; 0:R3=1", "MLA R0,R1,R2,R3", "0:R0", 19),
    ("ARM", "0:R1=0xf00", "SBFX R0,R1,#8,#4", "0:R0", -1),
    ("ARM", "0:R1=0xf00", "UBFX R0,R1,#8,#3", "0:R0", 7),
    ("ARM", "0:R1=0x12345678", "ROR R0,R1,#8", "0:R0", 0x78123456),
    ("ARM", "0:R1=6; 0:R2=3", "XOR R0,R1,R2 ; YIELD ; PLD [R1]", "0:R0", 5),
    ("ARM", "0:R3=1", "CMP R3,#1 ; MOVWEQ R1,#2 ; MOVTEQ R1,#1 ; MOVTNE R1,#3", "0:R1", 65538),
    ("ARM", "0:R12=x; x=4; 0:R1=1", "LDR FP,[IP] ; ADD R0,R1,FP,LSL#1", "0:R0", 9),
    ("AArch64", "0:X1=3", "ADD W0,W1,W1,LSL#2", "0:X0", 15),
    (
        "X86_64",
        "0:rax=3",
        "nopl 0(%rax,%rax) ; NOPW %cs:0(%rax) ; movq %rax,%rbx",
        "0:rbx",
        3,
    ),
]


@pytest.mark.parametrize(
    ("dialect", "start", "code", "place", "value"),
    CASES,
    ids=[f"{c[0]}-{c[1]}-{c[2]}-{c[3]}" for c in CASES],
)
def test_result(
    dialect: str, start: str, code: str, place: str, value: int, tmp_path: Path
) -> None:
    """All 64 bits; the replay, which has an evaluator of its own, finds them too."""
    file = tmp_path / "t.litmus"
    start = in_full(dialect, start, place)
    file.write_text(one_column(dialect, start, code, f"exists ({place}={value})"))
    checker, request = fresh_checker(), Request(file, usual_model(file))
    assert [s[0] for s in checker.states(request).states] == [value]
    assert checker.check(request).observation == "Always"


@pytest.mark.parametrize(
    ("barrier", "expected"),
    [
        ("sync 0", "Never"),
        ("sync 2", "Never"),
        ("ptesync", "Never"),
        ("sync 1", "Sometimes"),
        ("dcbt 0,r2", "Sometimes"),
    ],
)
def test_power_barriers_by_number(barrier: str, expected: str, tmp_path: Path) -> None:
    """Store buffering: only the full barrier forbids it (Book II 4.6.3)."""
    rows = [("li r1,1", "li r1,1"), ("stw r1,0(r2)", "stw r1,0(r2)"), (barrier, barrier)]
    rows.append(("lwz r3,0(r4)", "lwz r3,0(r4)"))
    text = "".join(f" {a} | {b} ;\n" for a, b in rows)
    file = tmp_path / "t.litmus"
    start = "0:r2=x; 0:r4=y; 1:r2=y; 1:r4=x;"
    file.write_text(f"PPC t\n{{ {start} }}\n P0 | P1 ;\n{text}exists (0:r3=0 /\\ 1:r3=0)\n")
    assert fresh_checker().check(Request(file, "power")).observation == expected


@pytest.mark.parametrize(("lock", "expected"), [("lock ", "Never"), ("", "Sometimes")])
def test_a_locked_bit_test_is_a_barrier_and_atomic(
    lock: str, expected: str, tmp_path: Path
) -> None:
    """Both threads set the same bit: with LOCK exactly one of them finds it clear."""
    file = tmp_path / "t.litmus"
    row = f"{lock}btsl $0,(x)"
    file.write_text(
        f"X86_64 t\n{{ }}\n P0 | P1 ;\n {row} | {row} ;\n setc %al | setc %al ;\n"
        "exists (0:rax=0 /\\ 1:rax=0)\n"
    )
    assert fresh_checker().check(Request(file, "tso")).observation == expected


@pytest.mark.parametrize(
    ("order", "expected"), [("", "Sometimes"), (".aq", "Sometimes"), (".aqrl", "Never")]
)
def test_amocas_orders_as_its_suffix_says(order: str, expected: str, tmp_path: Path) -> None:
    """Message passing from an AMO: what is before it is kept before it by release alone."""
    file = tmp_path / "t.litmus"
    file.write_text(
        "RISCV t\n{ 0:x5=x; 0:x6=y; 1:x5=x; 1:x6=y; 0:x7=1; }\n P0 | P1 ;\n"
        f" sw x7,0(x5) | lw x8,0(x6) ;\n amocas.w{order} x9,x7,(x6) | fence r,r ;\n"
        "  | lw x9,0(x5) ;\nexists (1:x8=1 /\\ 1:x9=0)\n"
    )
    assert fresh_checker().check(Request(file, "riscv")).observation == expected


# A register without a type is an int, whatever the machine's registers are: so herd7's own tests
# record it (herd/tests/instructions: AArch64 A252, L092 and A265, the first three here; PPC A014
# shows 0xaaaaaaaaaaaaaaab as -1431655765). The others follow: the low 32 bits, signed.
AS_INT = [
    ("AArch64", "0:X1=2; 0:X2=3", "SUBS W0,W1,W2 ; CSETM W3,MI", "0:X3", -1),
    ("AArch64", "0:X1=6", "NEG W2,W1,LSL 2", "0:X2", -24),
    ("AArch64", "0:X0=0", "EON X1,X0,X0", "0:X1", -1),
    ("PPC", "0:r3=0xaaaaaaaaaaaaaaaa", "mr r4,r3", "0:r4", -1431655766),
    ("RISCV", "0:x6=0x1ffffffff", "mv x5,x6", "0:x5", -1),
    ("X86_64", "0:rax=0x1fffffffe", "movq %rax,%rbx", "0:rbx", -2),
]


@pytest.mark.parametrize(("dialect", "start", "code", "place", "value"), AS_INT)
def test_a_register_without_a_type_is_an_int(
    dialect: str, start: str, code: str, place: str, value: int, tmp_path: Path
) -> None:
    file = tmp_path / "t.litmus"
    unsigned = value + (1 << 32)
    for number in (value, unsigned):  # so are the numbers that it is compared with
        file.write_text(one_column(dialect, start, code, f"forall ({place}={number})"))
        checker, request = fresh_checker(), Request(file, usual_model(file))
        observed = checker.states(request)
        assert [s[0] for s in observed.states] == [value]
        assert observed.observation == "Always"
        assert checker.check(request).verdict == "SAFE"


CAS = """AArch64 cas
{{ 0:X0=x; 0:X1=y; 1:X0=x; 1:X1=y; }}
 P0           | P1                     ;
 MOV W2,#1    | MOV W2,#{given}        ;
 STR W2,[X1]  | CAS W2,WZR,[X0]        ;
 STLR W2,[X0] | EOR W3,W2,W2           ;
              | LDR W4,[X1,W3,SXTW]    ;
exists (1:X2=1 /\\ 1:X4=0)
"""


@pytest.mark.parametrize(("given", "word"), [(1, "Sometimes"), (2, "Never")])
def test_what_a_cas_gives_depends_on_memory_where_it_fails(
    given: int, word: str, tmp_path: Path
) -> None:
    """herd7's catalogue (aarch64-pick: MP+rel+CAS-ok-MRs-addr) allows the outcome where the CAS
    succeeds: its register keeps its own 1. Where it fails the 1 comes from memory, an address
    dependency as from any load."""
    file = tmp_path / "t.litmus"
    file.write_text(CAS.format(given=given))
    checker, request = fresh_checker(), Request(file, usual_model(file))
    assert checker.states(request).observation == word
    assert checker.check(request).observation == word
