"""Data processing that compilers rarely need: numbers by hand from the manuals."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.assembly import usual_model
from tests.fresh import fresh_checker
from tests.isa.one_column import in_full, one_column

M32 = (1 << 32) - 1
TOP = 1 << 63

CASES: list[tuple[str, str, str, str, int]] = [
    # dialect, start state, code, register or location, its value
    # A shift's '#' may be left out (as herd7 has it), and its number be hexadecimal.
    ("AArch64", "0:X0=-1", "MOVK W0,#2,LSL 16", "0:X0", 0x2FFFF),
    ("AArch64", "0:X0=-1", "MOVK X0,#2,lsl#0x10", "0:X0", -1 - 0xFFFD0000),
    ("AArch64", "", "MOVZ X0,#1,LSL #48", "0:X0", 1 << 48),
    ("AArch64", "", "MOVN W0,#1,LSL #16", "0:X0", 0xFFFEFFFF),
    ("AArch64", "", "MOVN X0,#1,LSL #16", "0:X0", -0x10001),
    # (2^63)^2 = 2^126; -2^63 * 2 = -2^64; 2^63 * 2 = 2^64.
    ("AArch64", f"0:X1={TOP}", "UMULH X0,X1,X1", "0:X0", 1 << 62),
    ("AArch64", f"0:X1={TOP}; 0:X2=2", "SMULH X0,X1,X2", "0:X0", -1),
    ("AArch64", f"0:X1={TOP}; 0:X2=2", "UMULH X0,X1,X2", "0:X0", 1),
    ("AArch64", "0:X1=-1; 0:X2=-1", "SMULH X0,X1,X2", "0:X0", 0),
    ("AArch64", "0:X1=-1; 0:X2=-1", "UMULH X0,X1,X2", "0:X0", -2),
    # A mask that wraps around also takes the upper copy of the turned word (ROTL32, MASK).
    ("PPC", "0:r2=0x12345678", "rlwinm r1,r2,0,31,0", "0:r1", 0x12345678_00000000),
    ("PPC", "0:r2=0x80000001", "rlwinm r1,r2,0,31,0", "0:r1", -0x7FFFFFFE_7FFFFFFF),
    ("PPC", "0:r2=0x80000001; 0:r3=36", "rlwnm r1,r2,r3,0,31", "0:r1", 0x18),
    ("PPC", "0:r2=0x1ffffffff; 0:r3=3", "mullw r1,r2,r3", "0:r1", -3),  # of the lower words
    ("PPC", "0:r2=0x10000; 0:r3=0x10000", "mullw r1,r2,r3", "0:r1", 1 << 32),
    ("PPC", f"0:r2={TOP}; 0:r3=-2", "mulhd r1,r2,r3", "0:r1", 1),
    ("PPC", f"0:r2={TOP}; 0:r3=4", "mulhdu r1,r2,r3", "0:r1", 2),
    ("PPC", "0:r2=-2; 0:r3=3", "mulhw r1,r2,r3", "0:r1", -1),
    ("PPC", "0:r2=-2; 0:r3=3", "mulhwu r1,r2,r3", "0:r1", 2),
    ("PPC", "0:r2=-7; 0:r3=2", "modsw r1,r2,r3", "0:r1", -1),
    ("PPC", "0:r2=7; 0:r3=4", "modud r1,r2,r3", "0:r1", 3),
    ("PPC", "0:r2=0x50", "cnttzw r1,r2", "0:r1", 4),
    ("PPC", "", "cnttzd r1,r2", "0:r1", 64),
    ("PPC", "0:r2=0x700000003", "popcntw r1,r2", "0:r1", 0x300000002),
    ("RISCV", f"0:x6={TOP}; 0:x7=2", "mulh x5,x6,x7", "0:x5", -1),
    ("RISCV", f"0:x6={TOP}; 0:x7=2", "mulhu x5,x6,x7", "0:x5", 1),
    ("RISCV", "0:x6=-1; 0:x7=-1", "mulhsu x5,x6,x7", "0:x5", -1),
    ("RISCV", "0:x6=-1; 0:x7=-1", "mulhu x5,x6,x7", "0:x5", -2),
    ("RISCV", "0:x6=-1; 0:x7=1", "add.uw x5,x6,x7", "0:x5", 1 << 32),
    ("RISCV", "0:x6=-1; 0:x7=4", "sh2add.uw x5,x6,x7", "0:x5", 1 << 34),
    ("RISCV", "0:x6=-1", "slli.uw x5,x6,4", "0:x5", M32 << 4),
    ("RISCV", "0:x6=1; 0:x7=66", "bset x5,x6,x7", "0:x5", 5),  # 66 is 2 here: 6 bits count
    ("RISCV", "0:x6=-1", "bclri x5,x6,3", "0:x5", -9),
    ("RISCV", "0:x6=5", "binvi x5,x6,0", "0:x5", 4),
    ("RISCV", "0:x6=0x40; 0:x7=6", "bext x5,x6,x7", "0:x5", 1),
    ("RISCV", "0:x6=0x40", "bexti x5,x6,5", "0:x5", 0),
    ("RISCV", "0:x6=0x10002", "orc.b x5,x6", "0:x5", 0xFF00FF),
    ("ARM", "0:R1=5; 0:R2=3", "ORN R0,R1,R2", "0:R0", -3),
    ("ARM", "0:R1=5; 0:R2=5", "BICS R0,R1,R2 ; MOVEQ R0,#9", "0:R0", 9),
    ("ARM", "0:R1=-1", "MVNS R0,R1 ; ADDEQ R0,R0,#9", "0:R0", 9),
    ("ARM", "0:R1=3", "RSBS R0,R1,#3 ; MOVEQ R0,#9", "0:R0", 9),
    ("ARM", "0:R1=3", "RSBS R0,R1,#2 ; MOVCC R0,#9", "0:R0", 9),  # it borrowed
    ("ARM", "0:R1=-1; 0:R2=1", "ADDS R3,R1,R2 ; ADC R0,R2,R2", "0:R0", 3),
    ("ARM", "0:R1=1; 0:R2=2", "SUBS R3,R1,R2 ; SBC R0,R2,R1", "0:R0", 0),
    ("ARM", "0:R1=1; 0:R2=2", "CMP R2,R1 ; RSC R0,R1,#7", "0:R0", 6),
    # The last bit that falls out of a shift is the carry (A2.2.1), here bit 0 of 5, or none.
    ("ARM", "0:R1=5", "LSRS R0,R1,#1 ; ADDCS R0,R0,#16", "0:R0", 18),
    ("ARM", "0:R1=5", "MOVS R0,R1,LSR #2 ; ADDCS R0,R0,#16", "0:R0", 1),
    ("ARM", "0:R1=-2", "ASRS R0,R1,#32 ; ADDCS R0,R0,#16", "0:R0", 15),
    ("ARM", "0:R1=0x80000000; 0:R2=1", "LSLS R0,R1,R2 ; ADDCS R0,R0,#16", "0:R0", 16),
    ("ARM", "0:R1=1; 0:R2=32", "LSLS R0,R1,R2 ; ADDCS R0,R0,#16", "0:R0", 16),
    ("ARM", "0:R1=1; 0:R2=33", "LSLS R0,R1,R2 ; ADDCS R0,R0,#16", "0:R0", 0),
    ("ARM", "0:R1=-1; 0:R2=33", "LSRS R0,R1,R2 ; ADDCS R0,R0,#16", "0:R0", 0),
    ("ARM", "0:R1=1", "RORS R0,R1,#1 ; ADDCS R0,R0,#16", "0:R0", 16 - (1 << 31)),
    ("ARM", "0:R1=1; 0:R2=256", "CMP R1,R1 ; LSLS R0,R1,R2 ; ADDCS R0,R0,#16", "0:R0", 17),
    ("ARM", "0:R1=3; 0:R2=3", "TST R2,R1,LSR #1 ; MOVCS R0,#9", "0:R0", 9),
    ("ARM", "0:R1=3", "TST R1,#0xf0000000 ; MOVCS R0,#9", "0:R0", 9),  # the number was rotated
    ("ARM", "0:R1=3", "CMP R1,R1 ; TST R1,#3 ; MOVCS R0,#9", "0:R0", 9),  # this one was not
    ("ARM", "0:R1=8; 0:R2=2; 0:R3=3", "ADD R0,R1,R2,LSL R3", "0:R0", 24),
    ("ARM", "0:R1=8; 0:R2=2", "ADD R0,R1,R2,LSR #32", "0:R0", 8),
    ("ARM", "0:R2=1", "MOV R0,R2,ROR #4", "0:R0", 1 << 28),
    ("ARM", "0:R1=3; 0:R2=4", "CMP R1,#3 ; CMPEQ R2,#5 ; MOVNE R0,#9", "0:R0", 9),
    ("ARM", "0:R1=3; 0:R2=4", "CMP R1,#4 ; CMPEQ R2,#4 ; MOVEQ R0,#9", "0:R0", 0),
    ("ARM", "0:R1=3", "CMP R1,#3 ; SUBSEQ R1,R1,#4 ; MOVMI R0,#9", "0:R0", 9),
    ("ARM", "0:R1=3", "CMP R1,#3 ; SUBEQS R1,R1,#4 ; ADDMI R0,R1,#9", "0:R0", 8),
    ("ARM", "0:R1=3", "CMP R1,#4 ; LSLEQ R1,R1,#4 ; MOV R0,R1", "0:R0", 3),
    ("ARM", "0:R1=3", "CMP R1,#3 ; MOV R0,#1 ; BXEQ LR ; MOV R0,#2", "0:R0", 1),
    ("ARM", "0:R1=3", "CMP R1,#3 ; MOV R0,#1 ; BXNE LR ; MOV R0,#2", "0:R0", 2),
    ("ARM", "0:R1=5; 0:R2=3; 0:R3=7", "MLS R0,R1,R2,R3", "0:R0", -8),
    ("ARM", "0:R2=-1; 0:R3=2", "UMULL R1,R0,R2,R3", "0:R0", 1),
    ("ARM", "0:R2=-1; 0:R3=2", "SMULL R1,R0,R2,R3", "0:R0", -1),
    ("ARM", "0:R0=-1; 0:R1=3", "UMULL R0,R1,R0,R1", "0:R0", -3),
    ("ARM", "0:R1=0x10", "CLZ R0,R1", "0:R0", 27),
    ("ARM", "", "CLZ R0,R1", "0:R0", 32),
    ("ARM", "0:R1=0x12345678", "REV R0,R1", "0:R0", 0x78563412),
    ("ARM", "0:R1=0x12345678", "REV16 R0,R1", "0:R0", 0x34127856),
    ("ARM", "0:R1=2", "RBIT R0,R1", "0:R0", 1 << 30),
    ("ARM", "0:R0=-1; 0:R1=2", "BFI R0,R1,#4,#4", "0:R0", -0xD1),
    ("ARM", "0:R0=-1", "BFC R0,#4,#8", "0:R0", -0xFF1),
    ("ARM", "int v[2]={3,4}; 0:R1=v; 0:R2=-4", "LDR R0,[R1,-R2]", "0:R0", 4),
    ("ARM", "int v[2]={3,4}; 0:R1=v; 0:R2=-1", "LDR R0,[R1,-R2,LSL #2]", "0:R0", 4),
    ("ARM", "int v[2]={3,4}; 0:SP=v", "LDR R0,[SP,#4]", "0:R0", 4),
    ("X86_64", "0:rax=-3; 0:rbx=5", "imull %eax,%ebx", "0:rbx", (1 << 32) - 15),
    ("X86_64", "0:rax=-3; 0:rbx=5", "imulq %rax,%rbx", "0:rbx", -15),
    ("X86_64", "0:rax=-3", "imulq $5,%rax,%rbx", "0:rbx", -15),
    ("X86_64", "0:rbx=7", "imul $3,%ebx", "0:rbx", 21),
    ("X86_64", "x=7; 0:rbx=3", "imull (x),%ebx", "0:rbx", 21),
    ("X86_64", "0:rax=0x10000; 0:rbx=0x10000", "imull %eax,%ebx ; seto %cl", "0:rcx", 1),
    ("X86_64", "0:rax=-1; 0:rbx=-1", "imull %eax,%ebx ; setc %cl", "0:rcx", 0),
    ("X86_64", "0:rax=-1; 0:rbx=2", "mull %ebx", "0:rdx", 1),
    ("X86_64", "0:rax=-1; 0:rbx=2", "mull %ebx", "0:rax", M32 - 1),
    ("X86_64", "0:rax=-1; 0:rdx=2", "imulq %rdx", "0:rdx", -1),
    ("X86_64", "0:rax=-1; 0:rdx=2", "imulq %rdx ; setc %cl", "0:rcx", 0),
    ("X86_64", "0:rax=-1; 0:rdx=2", "mulq %rdx ; setc %cl", "0:rcx", 1),
    # Of two words: (0, -1) + (5, 1) is (6, 0), and (5, 0) - (1, 1) is (3, -1).
    ("X86_64", "0:rax=-1; 0:rbx=5", "addl $1,%eax ; adcl $0,%ebx", "0:rbx", 6),
    ("X86_64", "0:rax=0; 0:rbx=5", "subl $1,%eax ; sbbl $1,%ebx", "0:rbx", 3),
    ("X86_64", "0:rax=-1", "stc ; adcl $-1,%eax ; setc %cl", "0:rcx", 1),  # -1 - 1 + 1
    ("X86_64", "0:rax=-1", "stc ; adcl $0,%eax ; sete %cl", "0:rcx", 1),
    ("X86_64", "0:rax=0x7fffffff", "stc ; adcl $0,%eax ; seto %cl", "0:rcx", 1),
    ("X86_64", "", "stc ; sbbl $0,%eax ; setc %cl", "0:rcx", 1),
    ("X86_64", "0:rax=3", "cmpl $4,%eax ; sbbl %eax,%eax", "0:rax", M32),  # it borrowed
    ("X86_64", "x=5", "stc ; cmc ; adcl $1,(x) ; stc ; lock adcl $1,(x)", "[x]", 8),
    ("X86_64", "x=0", "stc ; lock sbbl $0,(x) ; setc %cl", "0:rcx", 1),
    ("X86_64", "x=0", "stc ; sbbl $0,(x)", "[x]", -1),
    ("X86_64", "0:rax=0x80000001", "roll $4,%eax", "0:rax", 0x18),
    ("X86_64", "0:rax=0x80000001", "roll $1,%eax ; setc %cl", "0:rcx", 1),
    ("X86_64", "0:rax=0x81; 0:rcx=4", "rorl %cl,%eax ; setc %bl", "0:rbx", 0),
    ("X86_64", "0:rax=0x1234", "rolw $8,%ax", "0:rax", 0x3412),
    ("X86_64", "0:rax=0x50", "bsfl %eax,%ebx", "0:rbx", 4),
    ("X86_64", "0:rax=0x50", "bsrq %rax,%rbx", "0:rbx", 6),
    ("X86_64", "0:rbx=9", "bsfl %eax,%ebx ; sete %cl ; addb %cl,%bl", "0:rbx", 10),
    ("X86_64", "0:rbx=-1", "bsfl %eax,%ebx", "0:rbx", -1),  # the upper half is kept as well
    ("X86_64", "0:rbx=1; 0:rcx=16", "rolw %cl,%bx ; setc %al", "0:rax", 1),  # all the way round
    ("X86_64", "", "tzcntl %eax,%ebx", "0:rbx", 32),
    ("X86_64", "0:rax=0x50", "lzcntl %eax,%ebx", "0:rbx", 25),
    ("X86_64", "0:rax=-1", "popcntq %rax,%rbx", "0:rbx", 64),
    ("X86_64", "0:rcx=0", "jrcxz L ; movl $9,%eax ; L:", "0:rax", 0),
    ("X86_64", "", "movabs $0x123456789a,%rax ; endbr32 ; repz ret", "0:rax", 0x123456789A),
    ("X86", "0:EAX=3; 0:EBX=5", "IMUL EAX,EBX", "0:EAX", 15),
    ("X86", "0:EBX=5", "IMUL EAX,EBX,$-2", "0:EAX", -10),
    ("X86", "0:EAX=-1; 0:EBX=5", "ADD EAX,$1 ; ADC EBX,$0", "0:EBX", 6),
    ("X86", "0:EAX=0x80000001", "ROL EAX,$4", "0:EAX", 0x18),
    # The '.' forms set cr0, and leave the result as it is.
    ("PPC", "0:r2=1; 0:r3=63", "sld. r1,r2,r3 ; blt L ; li r1,0 ; L:", "0:r1", -TOP),
    ("PPC", "0:r2=0xff", "extsb. r1,r2 ; blt L ; li r1,0 ; L:", "0:r1", -1),
    ("PPC", "0:r2=0xf0", "rldicl. r1,r2,0,60 ; beq L ; li r1,9 ; L:", "0:r1", 0),
    ("PPC", "0:r2=0xf0", "clrlwi. r1,r2,28 ; bne L ; li r1,9 ; L:", "0:r1", 9),
    ("PPC", "0:r2=5; 0:r3=6", "cmp cr1,0,r2,r3 ; blt cr1,L ; li r1,9 ; L:", "0:r1", 0),
    ("PPC", "0:r2=-1", "cmpli 0,1,r2,5 ; bgt L ; li r1,9 ; L:", "0:r1", 0),
    ("PPC", "0:r2=5; 0:r3=6", "cmpwi r2,5 ; bc 12,2,L ; li r1,9 ; L:", "0:r1", 0),
    ("PPC", "0:r2=5; 0:r3=6", "cmpwi r2,5 ; bc 4,eq,L ; li r1,9 ; L:", "0:r1", 9),
    ("PPC", "0:r2=3", "mtctr r2 ; L: addi r1,r1,2 ; bc 16,0,L", "0:r1", 6),
    (
        "PPC",
        "0:r2=5",
        "cmpwi r2,5 ; cmpwi cr1,r2,6 ; crand 2,2,6 ; beq L ; li r1,9 ; L:",
        "0:r1",
        9,
    ),
    (
        "PPC",
        "0:r2=5",
        "cmpwi r2,5 ; cmpwi cr1,r2,6 ; crandc 2,2,6 ; beq L ; li r1,9 ; L:",
        "0:r1",
        0,
    ),
    ("PPC", "0:r2=5", "crset eq ; beq L ; li r1,9 ; L:", "0:r1", 0),
    ("PPC", "0:r2=5", "cmpwi r2,5 ; crclr 4*cr0+eq ; beq L ; li r1,9 ; L:", "0:r1", 9),
    ("PPC", "0:r2=5", "cmpwi r2,5 ; crnot 6,2 ; beq cr1,L ; li r1,9 ; L:", "0:r1", 9),
    ("PPC", "0:r2=5", "cmpwi r2,5 ; mcrf cr7,cr0 ; beq cr7,L ; li r1,9 ; L:", "0:r1", 0),
    ("PPC", "0:r2=5; 0:r3=6", "cmpwi cr1,r2,5 ; isel r1,r2,r3,4*cr1+eq", "0:r1", 5),
]


@pytest.mark.parametrize(
    ("dialect", "start", "code", "place", "value"), CASES, ids=[f"{c[0]}-{c[2]}" for c in CASES]
)
def test_result(
    dialect: str, start: str, code: str, place: str, value: int, tmp_path: Path
) -> None:
    file = tmp_path / "t.litmus"
    start = in_full(dialect, start, place)
    file.write_text(one_column(dialect, start, code, f"forall ({place}={value})"))
    checker, request = fresh_checker(), Request(file, usual_model(file))
    observed = checker.states(request)
    assert observed.observation == "Always", observed.states
    # The replay has an evaluator of its own: let it see the same value, in an execution to show.
    file.write_text(file.read_text().replace("forall", "exists"))
    assert fresh_checker().check(request).observation == "Always"


def test_what_is_multiplied_is_depended_on(tmp_path: Path) -> None:
    """The upper half of a small product is 0, and still data: load buffering with two such
    dependencies is forbidden (Arm ARM B2.3)."""
    file = tmp_path / "t.litmus"
    file.write_text("""AArch64 LB+datas
{ uint64_t x; uint64_t y; 0:X1=x; 0:X3=y; 1:X1=y; 1:X3=x; }
P0             | P1             ;
LDR X0,[X1]    | LDR X0,[X1]    ;
UMULH X2,X0,X0 | SMULH X2,X0,X0 ;
ADD X2,X2,#1   | ADD X2,X2,#1   ;
STR X2,[X3]    | STR X2,[X3]    ;
exists (0:X0=1 /\\ 1:X0=1)
""")
    assert fresh_checker().check(Request(file, "armv8")).observation == "Never"


@pytest.mark.parametrize("bit", ["crxor 2,2,2", "cror 2,2,6"])
def test_a_bit_of_the_condition_register_carries_control(bit: str, tmp_path: Path) -> None:
    """Message passing where what the branch is on was computed from the load's comparison, also
    where it cancels: isync behind the branch makes it an acquire (Power ISA II, 1.7.1)."""
    file = tmp_path / "t.litmus"
    text = f"""PPC MP
{{ 0:r2=x; 0:r4=y; 1:r2=y; 1:r4=x; }}
P0           | P1           ;
li r1,1      | lwz r1,0(r2) ;
stw r1,0(r2) | cmpwi r1,2   ;
lwsync       | {bit} ;
stw r1,0(r4) | beq L        ;
             | L: isync     ;
             | lwz r3,0(r4) ;
exists (1:r1=1 /\\ 1:r3=0)
"""
    file.write_text(text)
    assert fresh_checker().check(Request(file, "power")).observation == "Never"
    file.write_text(text.replace("cmpwi r1,2", "cmpwi r5,2"))
    assert fresh_checker().check(Request(file, "power")).observation == "Sometimes"
