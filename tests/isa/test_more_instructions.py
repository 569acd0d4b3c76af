"""Instructions that compilers write now and then: numbers by hand from the manuals."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.assembly import usual_model
from tests.fresh import fresh_checker
from tests.isa.one_column import in_full, one_column

H = "0x123456789abcdef0"
TOP = 1 << 63

CASES: list[tuple[str, str, str, str, int]] = [
    # dialect, start state, code, register or location, its value
    # Flags from flags. The flags of a number: N 8, Z 4, C 2, V 1 (Arm ARM C6.2.48).
    ("AArch64", "0:X1=3; 0:X2=3", "CMP X1,#3 ; CCMP X1,X2,#0,EQ ; CSET X0,EQ", "0:X0", 1),
    ("AArch64", "0:X1=3; 0:X2=4", "CMP X1,#3 ; CCMP X1,X2,#4,EQ ; CSET X0,EQ", "0:X0", 0),
    ("AArch64", "0:X1=3; 0:X2=4", "CMP X1,#4 ; CCMP X1,X2,#4,EQ ; CSET X0,EQ", "0:X0", 1),
    ("AArch64", "0:X1=3", "CMP X1,#4 ; CCMP X1,#3,#8,EQ ; CSET X0,MI", "0:X0", 1),
    ("AArch64", "0:X1=3", "CMP X1,#4 ; CCMP X1,#3,#2,EQ ; CSET X0,CS", "0:X0", 1),
    ("AArch64", "0:X1=3", "CMP X1,#4 ; CCMP X1,#3,#1,EQ ; CSET X0,VS", "0:X0", 1),
    ("AArch64", "0:X1=-3", "CMP X1,#4 ; CCMN X1,#3,#0,NE ; CSET X0,EQ", "0:X0", 1),
    ("AArch64", "", "CMP XZR,XZR ; CFINV ; CSET X0,CS", "0:X0", 0),
    # -1 + 1 carries; -1 + 0 + 1 is 0 and carries again.
    ("AArch64", "0:X1=-1; 0:X2=1", "ADDS X3,X1,X2 ; ADCS X0,X1,XZR ; CSET X0,CS", "0:X0", 1),
    ("AArch64", "0:X1=-1; 0:X2=1", "ADDS X3,X1,X2 ; ADCS X0,X1,XZR ; CSET X0,EQ", "0:X0", 1),
    ("AArch64", "0:X1=-1; 0:X2=1", "ADDS X3,X1,X2 ; ADCS X1,X1,X1 ; MOV X0,X1", "0:X0", -1),
    ("AArch64", "0:X1=7", "ADDS X3,XZR,XZR ; ADCS X0,X1,XZR ; CSET X0,CS", "0:X0", 0),
    ("AArch64", f"0:X1={TOP - 1}", "CMP X1,#0 ; ADCS X0,X1,XZR ; CSET X0,VS", "0:X0", 1),
    # 5 - 7 borrows: of two words, (1, 5) - (0, 7) is (0, -2).
    ("AArch64", "0:X1=5; 0:X2=7; 0:X3=1", "SUBS X4,X1,X2 ; SBCS X0,X3,XZR", "0:X0", 0),
    ("AArch64", "0:X1=5", "CMP X1,#5 ; NGC X0,X1", "0:X0", -5),
    ("AArch64", "0:X1=5", "CMP X1,#6 ; NGCS X0,X1", "0:X0", -6),
    ("AArch64", "0:X1=1", "CLZ X0,X1", "0:X0", 63),
    # A word fills its register with zeros, whatever sign it has (Arm ARM B1.2.1).
    ("AArch64", "0:X1=-6; 0:X2=2", "SDIV W0,W1,W2", "0:X0", (1 << 32) - 3),
    ("AArch64", "0:X1=-6; 0:X2=2", "SMIN W0,W1,W2", "0:X0", (1 << 32) - 6),
    ("AArch64", "0:X1=-1", "CLZ W0,W1", "0:X0", 0),
    ("AArch64", "", "CLZ W0,W1", "0:X0", 32),
    ("AArch64", "0:X1=8", "CTZ X0,X1", "0:X0", 3),
    ("AArch64", "", "CTZ X0,X1", "0:X0", 64),
    ("AArch64", "0:X1=-1", "CLS X0,X1", "0:X0", 63),
    ("AArch64", "0:X1=1", "CLS W0,W1", "0:X0", 30),
    ("AArch64", "0:X0=-1", "BFC X0,#4,#8", "0:X0", -0xFF1),
    ("AArch64", "0:X1=0x10; 0:X2=0x21", "EOR X0,X1,X2,ROR #4", "0:X0", (1 << 60) | 0x12),
    ("AArch64", "int16_t x=-2; 0:X1=x", "LDTRSH X0,[X1]", "0:X0", -2),
    ("AArch64", "0:X0=1", "B.NV L ; MOV X0,#9 ; L:", "0:X0", 1),
    ("AArch64", "x=3; 0:X1=x", "DC CIVAC,X1 ; SB ; DSB SYnXS ; LDR W0,[X1]", "0:X0", 3),
    ("AArch64", "x=3; %a=x", "LDR W%b,[X%a] ; MOV X0,X%b", "0:X0", 3),
    ("AArch64", "x=3; 0:X1=x", "PRFUM PLDL1KEEP,[X1,#-4] ; LDR W0,[X1]", "0:X0", 3),
    # AL and NV always hold, and what is not selected is not changed (Arm ARM C1.2.4).
    ("AArch64", "0:X1=3; 0:X2=4", "CMP X1,X2 ; CSEL X0,X1,X2,AL", "0:X0", 3),
    ("AArch64", "0:X1=3; 0:X2=4", "CMP X1,X2 ; CSINC X0,X1,X2,NV", "0:X0", 3),
    # On X86 the lowest byte of EAX is called EAX, as herd7 does.
    ("X86", "x=3; 0:EAX=0x104", "MOVB EAX,[x]", "0:EAX", 0x103),
    ("X86", "0:EAX=0x50004", "MOVW [x],EAX", "x", 4),
    # herd7 has the operands of these in Intel's order.
    ("X86_64", "x=3; 0:rax=3; 0:rbx=9", "lock cmpxchgl (x),%ebx", "[x]", 9),
    ("X86_64", "x=3; 0:rax=4; 0:rbx=5", "cmpl $5,%eax ; cmovcl %ebx,(x)", "0:rbx", 3),
    # Power: a shift by a register looks at one bit more than it has places.
    ("PPC", "0:r2=5; 0:r3=32", "slw r1,r2,r3", "0:r1", 0),
    ("PPC", "0:r2=5; 0:r3=64", "slw r1,r2,r3", "0:r1", 5),
    ("PPC", "0:r2=-5; 0:r3=33", "sraw r1,r2,r3", "0:r1", -1),
    ("PPC", "0:r2=-5; 0:r3=64", "srd r1,r2,r3", "0:r1", 0),
    ("PPC", "0:r2=-5; 0:r3=127", "srad r1,r2,r3", "0:r1", -1),
    ("PPC", "0:r2=-5; 0:r3=1", "srad r1,r2,r3", "0:r1", -3),
    ("PPC", f"0:r2={H}", "rldicl r1,r2,8,56", "0:r1", 0x12),  # the highest byte
    ("PPC", f"0:r2={H}", "rldicr r1,r2,8,7", "0:r1", 0x34 << 56),
    ("PPC", "0:r2=0xff", "rldic r1,r2,4,58", "0:r1", 0x30),  # bits 58 to 59 of 0xff0
    ("PPC", "0:r1=-1; 0:r2=0", "rldimi r1,r2,8,48", "0:r1", -0xFF01),  # a byte is cleared
    ("PPC", "0:r2=0x80000001", "rotlwi r1,r2,4", "0:r1", 0x18),
    ("PPC", f"0:r2={H}", "rotldi r1,r2,4", "0:r1", 0x23456789ABCDEF01),
    ("PPC", f"0:r2={H}; 0:r3=60", "rotld r1,r2,r3", "0:r1", 0x0123456789ABCDEF),
    ("PPC", "0:r2=0x1ff", "clrrdi r1,r2,4", "0:r1", 0x1F0),
    ("PPC", "0:r2=1", "cntlzd r1,r2", "0:r1", 63),
    ("PPC", "0:r2=0x10000", "cntlzw r1,r2", "0:r1", 15),
    ("PPC", "", "cntlzw r1,r2", "0:r1", 32),
    ("PPC", f"0:r2={H}", "popcntd r1,r2", "0:r1", 32),
    ("PPC", "0:r2=5; 0:r3=6", "cmpwi r2,5 ; isel r1,r2,r3,2", "0:r1", 5),
    ("PPC", "0:r2=5; 0:r3=6", "cmpwi cr1,r2,4 ; isel r1,r2,r3,4", "0:r1", 6),  # cr1's less
    ("PPC", "0:r0=5; 0:r3=6", "cmpw r3,r3 ; iseleq r1,r0,r3", "0:r1", 0),  # r0 is 0 here
    # bge is bc 4,0: not less (Book I C.2.3), also where cr0 is all 0; so herd7 7.58 has it.
    ("PPC", "0:r1=1", "bge L ; li r1,2 ; L:", "0:r1", 1),
    ("PPC", "0:r1=1; 0:r2=x", "stwcx. r1,r0,r2 ; ble L ; li r1,2 ; L:", "0:r1", 1),
    ("PPC", "0:r1=1; 0:r2=3", "cmpwi r2,3 ; crclr eq ; bgelr ; li r1,2", "0:r1", 1),
    ("PPC", "0:r2=3", "mtctr r2 ; L: addi r1,r1,2 ; bdnz L ; mfctr r3", "0:r1", 6),
    ("PPC", "0:r2=1", "mtctr r2 ; bdz L ; li r1,9 ; L: addi r1,r1,1", "0:r1", 1),
    ("PPC", "int x[3]={3,4,5}; 0:r2=x", "lmw r30,4(r2) ; sub r1,r31,r30", "0:r1", 1),
    ("PPC", "int x[2]; 0:r2=x; 0:r31=7", "li r30,5 ; stmw r30,0(r2) ; lwz r1,4(r2)", "0:r1", 7),
    # herd7's other way to write 4(r2) (lib/PPCParser.mly: idx COMMA reg).
    ("PPC", "int x[2]={3,5}; 0:r2=x", "lwz r1,4,r2", "0:r1", 5),
    ("PPC", "int x[2]={3,5}; 0:r2=x; 0:r1=7", "stwu r1,4,r2 ; lwz r1,-4,r2", "0:r1", 3),
    ("PPC", "x=3; 0:r2=x", "dcbf 0,r2 ; dcbst 0,r2 ; miso ; lwz r1,0(r2)", "0:r1", 3),
    # RISC-V (Zbb, and names of others).
    ("RISCV", "0:x6=5; 0:x7=-6", "sgt x5,x6,x7", "0:x5", 1),
    ("RISCV", "0:x6=5; 0:x7=-6", "sgtu x5,x6,x7", "0:x5", 0),
    ("RISCV", f"0:x6={H}; 0:x7=4", "rol x5,x6,x7", "0:x5", 0x23456789ABCDEF01),
    ("RISCV", f"0:x6={H}", "rori x5,x6,4", "0:x5", 0x0123456789ABCDEF),
    ("RISCV", "0:x6=1; 0:x7=1", "rorw x5,x6,x7", "0:x5", -(1 << 31)),
    ("RISCV", f"0:x6={H}", "rev8 x5,x6", "0:x5", 0xF0DEBC9A78563412 - (1 << 64)),
    ("RISCV", "0:x6=1", "clz x5,x6", "0:x5", 63),
    ("RISCV", "", "clzw x5,x6", "0:x5", 32),
    ("RISCV", "0:x6=0x50", "ctz x5,x6", "0:x5", 4),
    ("RISCV", "0:x6=-1", "cpopw x5,x6", "0:x5", 32),
    ("RISCV", "0:x5=1", "jal x0,L ; li x5,9 ; L:", "0:x5", 1),
    (
        "RISCV",
        "x=3; 0:x6=x",
        "cbo.flush 0(x6) ; prefetch.w (x6) ; wrs.nto ; lw x5,0(x6)",
        "0:x5",
        3,
    ),
    # x86-64
    ("X86_64", "0:rax=0x80000000", "cltq", "0:rax", -(1 << 31)),
    ("X86_64", "0:rax=0x8000", "cwtl", "0:rax", (1 << 32) - (1 << 15)),
    ("X86_64", "0:rax=0x80000000", "cltd", "0:rdx", (1 << 32) - 1),
    ("X86_64", "0:rax=-7", "cqto", "0:rdx", -1),
    ("X86_64", f"0:rbx={H}", "bswap %rbx", "0:rbx", 0xF0DEBC9A78563412 - (1 << 64)),
    ("X86_64", "0:rbx=0x12345678", "bswap %ebx", "0:rbx", 0x78563412),
    ("X86_64", "0:rax=0x7fffffff", "addl $1,%eax ; jo L ; movl $9,%ebx ; L:", "0:rbx", 0),
    ("X86_64", "0:rax=5", "addl $1,%eax ; seto %bl ; setno %cl", "0:rcx", 1),
    ("X86_64", "x=3", "clflush (x) ; prefetcht0 x(%rip) ; rep nop ; movl (x),%eax", "0:rax", 3),
    ("X86_64", "0:rax=3", "rep ret ; movl $5,%eax", "0:rax", 3),
    ("X86_64", "0:rax=3", "retq ; movl $5,%eax", "0:rax", 3),
    # ARM: shifts by a register look at a byte of it.
    ("ARM", "0:R1=5; 0:R2=32", "LSL R0,R1,R2", "0:R0", 0),
    ("ARM", "0:R1=-5; 0:R2=200", "ASR R0,R1,R2", "0:R0", -1),
    ("ARM", "0:R1=-5; 0:R2=257", "LSR R0,R1,R2", "0:R0", 0x7FFFFFFD),
    ("ARM", "0:R1=-7; 0:R2=2", "SDIV R0,R1,R2", "0:R0", -3),
    ("ARM", "0:R1=7", "UDIV R0,R1,R2", "0:R0", 0),
    ("ARM", "int x[2]={3,4}; 0:R2=x", "LDRD R0,R1,[R2] ; SUB R0,R1,R0", "0:R0", 1),
    ("ARM", "int x[2]={3,4}; 0:R2=x", "LDRD R4,[R2] ; SUB R0,R5,R4", "0:R0", 1),
    ("ARM", "int x[3]={3,4,5}; 0:R2=x", "LDRD R4,[R2],#8 ; LDR R0,[R2]", "0:R0", 5),
    ("ARM", "int x[3]={3,4,5}; 0:R2=x", "LDRD R0,R1,[R2,#4]! ; LDR R0,[R2]", "0:R0", 4),
    ("ARM", "int x[2]; 0:R2=x; 0:R0=3; 0:R1=4", "STRD R0,R1,[R2] ; LDR R3,[R2,#4]", "0:R3", 4),
    ("ARM", "int x[3]={3,4,5}; 0:R2=x", "LDM R2,{R0,R1} ; ADD R0,R0,R1", "0:R0", 7),
    ("ARM", "int x[3]={3,4,5}; 0:R2=x", "LDMIB R2,{R0-R1} ; SUB R0,R1,R0", "0:R0", 1),
    ("ARM", "int x[3]={3,4,5}; 0:R0=x", "LDMIA R0,{R0,R1} ; ADD R0,R0,R1", "0:R0", 7),
    ("ARM", "int x[3]={3,4,5}; 0:R2=x", "LDM R2!,{R0,R1} ; LDR R0,[R2]", "0:R0", 5),
    ("ARM", "int x[2]; 0:R2=x; 0:R0=3; 0:R1=4", "STM R2,{R0,R1} ; LDR R3,[R2]", "0:R3", 3),
    ("ARM", "x=3; 0:R1=x; 0:R0=7", "CMP R2,#0 ; LDREQ R0,[R1]", "0:R0", 3),
    ("ARM", "x=3; 0:R1=x; 0:R0=7", "CMP R2,#0 ; LDRNE R0,[R1]", "0:R0", 7),
    ("ARM", "x=3; 0:R1=x; 0:R0=7", "CMP R2,#0 ; STREQ R0,[R1] ; LDR R3,[R1]", "0:R3", 7),
    ("ARM", "x=3; 0:R1=x; 0:R0=7", "CMP R2,#0 ; STRNE R0,[R1] ; LDR R3,[R1]", "0:R3", 3),
    ("ARM", "x=3; 0:R1=x", "LDREX R0,[R1] ; CLREX ; STREX R2,R0,[R1]", "0:R2", 1),
]


@pytest.mark.parametrize(
    ("dialect", "start", "code", "place", "value"),
    CASES,
    ids=[f"{c[0]} {c[2]} {c[1]}" for c in CASES],
)
def test_values(
    dialect: str, start: str, code: str, place: str, value: int, tmp_path: Path
) -> None:
    file = tmp_path / "t.litmus"
    start = in_full(dialect, start, place)
    for condition, expected in ((f"{place}={value}", "Always"), (f"not {place}={value}", "Never")):
        file.write_text(one_column(dialect, start, code, f"exists ({condition})"))
        verdict = fresh_checker().check(Request(file, usual_model(file)))
        assert verdict.observation == expected, condition


MP = "ARM t\n{ 0:R3=y; 0:R4=x; 1:R3=y; 1:R4=x; }\n P0 | P1 ;\n"
ORDERS = [
    # P0 stores x, then y behind a DMB; P1 loads y, and does something to x under a condition.
    (
        "a store under a condition waits for what decides it (A3.8.2)",
        "LDR R0,[R4] | LDR R1,[R3] ; CMP R0,#1 | CMP R1,#1 ; MOV R2,#1 | MOV R2,#1 ;"
        "STREQ R2,[R3] | STREQ R2,[R4]",
        r"exists (0:R0=1 /\ 1:R1=1)",
        "Never",
    ),
    (
        "a load under a condition waits for nothing",
        "MOV R0,#1 | LDR R1,[R3] ; STR R0,[R4] | CMP R1,#1 ; DMB | MOV R2,#9 ;"
        "STR R0,[R3] | LDREQ R2,[R4]",
        r"exists (1:R1=1 /\ 1:R2=0)",
        "Sometimes",
    ),
    (
        "the two words of LDRD are two accesses, each atomic by itself (A3.5.3)",
        "MOV R0,#1 | MOV R5,R4 ; STR R0,[R4,#4] | LDRD R0,R1,[R5] ; DMB | NOP ; STR R0,[R4] | NOP",
        r"exists (1:R0=1 /\ 1:R1=0)",
        "Sometimes",
    ),
]


@pytest.mark.parametrize(
    ("rows", "condition", "expected"), [o[1:] for o in ORDERS], ids=[o[0] for o in ORDERS]
)
def test_orders(rows: str, condition: str, expected: str, tmp_path: Path) -> None:
    lines = "".join(f" {row.strip()} ;\n" for row in rows.split(";"))
    file = tmp_path / "t.litmus"
    head = MP.replace("{ ", "{ int x[2]; ") if "R4,#4" in rows else MP
    file.write_text(f"{head}{lines}{condition}\n")
    assert fresh_checker().check(Request(file, "armv7")).observation == expected
    assert fresh_checker().states(Request(file, "armv7")).observation == expected


SHARED = "{ 0:X1=x; 0:X3=y; 1:X1=y; 1:X3=x; }\n P0 | P1 ;\n MOV W0,#1 | MOV W0,#1 ;\n"


@pytest.mark.parametrize(
    ("barrier", "expected", "flags"),
    [
        # Behind a DSB nothing begins before it is done (Arm ARM, Data Synchronization Barrier);
        # DMB ST leaves loads alone, and DSB LD stores.
        ("DSB ST", "Never", ()),
        ("DMB ST", "Sometimes", ()),
        ("DSB LD", "Sometimes", ()),
        # herd7's aarch64.cat notes that it does not tell the domains apart.
        ("DSB ISHST", "Never", ("Assuming-common-inner-shareable-domain",)),
        ("DMB OSH", "Never", ("Assuming-common-inner-shareable-domain",)),
        ("DMB SY", "Never", ()),
        # For one core alone; caches of code. herd7 7.58 says the same of them.
        ("DSB NSH", "Sometimes", ()),
        ("DMB NSHST", "Sometimes", ()),
        ("IC IVAU,X1", "Sometimes", ()),
        ("IC IALLU", "Sometimes", ()),
    ],
)
def test_store_buffering(
    barrier: str, expected: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "t.litmus"
    rows = ("STR W0,[X1]", barrier, "LDR W2,[X3]")
    lines = "".join(f" {row} | {row} ;\n" for row in rows)
    file.write_text(f"AArch64 t\n{SHARED}{lines}exists (0:X2=0 /\\ 1:X2=0)\n")
    found = fresh_checker().states(Request(file, "armv8"))
    assert (found.observation, found.flags) == (expected, flags)
    # The note is no violation: a test that demands something is judged by that.
    file.write_text(f"AArch64 t\n{SHARED}{lines}~exists (0:X2=0 /\\ 1:X2=0)\n")
    verdict = fresh_checker().check(Request(file, "armv8")).verdict
    assert verdict == ("SAFE" if expected == "Never" else "VIOLATED")


@pytest.mark.parametrize("one", ["XOR [y],$1", "LOCK XOR [y],$1"])
@pytest.mark.parametrize("two", ["LOCK ADD [y],$1", "LOCK INC [y]", "ADD [y],$1"])
def test_no_value_of_x86_comes_from_itself(one: str, two: str, tmp_path: Path) -> None:
    """XOR makes 2 of the 3 that the other thread makes of that 2: herd7 7.58 has no such state. A 3
    that comes of two stores between which there is another is there."""
    file = tmp_path / "t.litmus"
    rows = f" MOV [y],$1 | MOV EAX,[y] ;\n {one} | {two} ;\n INC [y] | ;\n"
    file.write_text(f"X86 t\n{{}}\n P0 | P1 ;\n{rows}exists (1:EAX=0 /\\ y=3)\n")
    expected = "Never" if two.startswith("LOCK") else "Sometimes"
    assert fresh_checker().states(Request(file, "tso")).observation == expected
    assert fresh_checker().check(Request(file, "tso")).observation == expected


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        # lr.w.rl and sc.w.aq promise nothing (Unprivileged ISA, chapter "A"); so herd7 7.58 says.
        ("lr.w.aq x3,(x9) ; sc.w x5,x6,(x9) ; NEXT", "Never"),
        ("lr.w x3,(x9) ; sc.w.aq x5,x6,(x9) ; NEXT", "Sometimes"),
        ("lr.w x3,(x9) ; sc.w.aqrl x5,x6,(x9) ; NEXT", "Never"),
        ("NEXT ; lr.w.rl x3,(x9) ; sc.w x5,x6,(x9)", "Sometimes"),
        ("NEXT ; lr.w x3,(x9) ; sc.w.rl x5,x6,(x9)", "Never"),
        ("NEXT ; lr.w.aqrl x3,(x9) ; sc.w x5,x6,(x9)", "Never"),
    ],
)
def test_annotations_of_lr_and_sc(pair: str, expected: str, tmp_path: Path) -> None:
    """Message passing whose reader takes the message by LR and SC before or behind the load."""
    start = "{ 0:x8=x; 0:x9=y; 0:x6=1; 1:x8=x; 1:x9=y; 1:x6=2; }"
    code = pair.replace("NEXT", "lw x7,0(x8)").split(" ; ")
    first = pair.startswith("NEXT")  # the load takes the message, and LR what was before it
    stores = ["sw x6,0(x9)", "fence rw,rw", "sw x6,0(x8)"]
    writer = stores if first else stores[::-1]
    rows = "".join(f" {one} | {other} ;\n" for one, other in zip(writer, code, strict=True))
    told = "1:x7=1 /\\ 1:x3=0" if first else "1:x3=1 /\\ 1:x7=0"
    file = tmp_path / "t.litmus"
    file.write_text(f"RISCV t\n{start}\n P0 | P1 ;\n{rows}exists ({told} /\\ 1:x5=0)\n")
    assert fresh_checker().check(Request(file, "riscv")).observation == expected
    assert fresh_checker().states(Request(file, "riscv")).observation == expected


def test_store_conditionals_keep_their_order(tmp_path: Path) -> None:
    """2+2W of lwarx/stwcx. pairs: herd7's ppc-checks.cat has their order in coherence (scXX)."""
    start = "{ 0:r2=x; 0:r4=y; 1:r2=y; 1:r4=x; }"
    rows = [
        *(("li r1,2",) * 2, ("lwarx r5,r0,r2",) * 2, ("stwcx. r1,r0,r2",) * 2),
        *(("li r3,1",) * 2, ("lwarx r6,r0,r4",) * 2, ("stwcx. r3,r0,r4",) * 2),
    ]
    lines = "".join(f" {one} | {other} ;\n" for one, other in rows)
    file = tmp_path / "t.litmus"
    ends = "x=2 /\\ y=2 /\\ 0:r5=1 /\\ 0:r6=0 /\\ 1:r5=1 /\\ 1:r6=0"
    file.write_text(f"PPC t\n{start}\n P0 | P1 ;\n{lines}exists ({ends})\n")
    assert fresh_checker().check(Request(file, "power")).observation == "Never"
    # Stores that are not conditional may be seen in another order.
    plain = lines.replace("stwcx. r1,r0", "stwx r1,r0").replace("stwcx. r3,r0", "stwx r3,r0")
    file.write_text(f"PPC t\n{start}\n P0 | P1 ;\n{plain}exists ({ends})\n")
    assert fresh_checker().check(Request(file, "power")).observation == "Sometimes"


@pytest.mark.parametrize("condition", ["CS", "VS"])
def test_flags_that_are_always_0_hang_on_what_is_read_all_the_same(
    tmp_path: Path, condition: str
) -> None:
    # What an instruction writes depends on what it reads (Arm ARM B2.3): the branch on C or V of
    # TST is a control dependency on the load, and load buffering with two of them is forbidden.
    file = tmp_path / "t.litmus"
    file.write_text(f"""AArch64 LB+ctrls
{{ 0:X1=x; 0:X3=y; 1:X1=y; 1:X3=x; }}
P0            | P1            ;
LDR W0,[X1]   | LDR W0,[X1]   ;
TST W0,W0     | TST W0,W0     ;
B.{condition} L0       | B.{condition} L1       ;
MOV W2,#1     | MOV W2,#1     ;
STR W2,[X3]   | STR W2,[X3]   ;
L0:           | L1:           ;
exists (0:X0=1 /\\ 1:X0=1)
""")
    observed = fresh_checker().states(Request(file, "armv8"))
    assert observed.observation == "Never"
    assert len(observed.states) == 3
