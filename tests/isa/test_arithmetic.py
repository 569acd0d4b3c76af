"""What single instructions compute, against numbers worked out by hand from the manuals."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.assembly import usual_model
from tests.fresh import fresh_checker
from tests.isa.one_column import in_full, one_column

M32 = (1 << 32) - 1
M64 = (1 << 64) - 1

CASES: list[tuple[str, str, str, str, int]] = [
    # dialect, start state, code, register or location, its value
    ("AArch64", "0:X1=5", "ADD X0,X1,#3", "0:X0", 8),
    ("AArch64", "0:X1=5", "SUB W0,W1,#6", "0:X0", M32),  # 32 bits, zeros above
    ("AArch64", "0:X1=5", "SUB X0,X1,#6", "0:X0", -1),
    ("AArch64", "0:X1=-1", "MOV W0,W1", "0:X0", M32),
    ("AArch64", "0:X1=6; 0:X2=3", "BIC X0,X1,X2", "0:X0", 4),
    ("AArch64", "0:X1=6", "EOR W0,W1,W1", "0:X0", 0),
    ("AArch64", "0:X1=1; 0:X2=-1", "ADD X0,X1,W2,SXTW", "0:X0", 0),
    ("AArch64", "0:X1=1; 0:X2=-1", "ADD X0,X1,W2,UXTW", "0:X0", 1 << 32),
    ("AArch64", "0:X1=1; 0:X2=3", "ADD X0,X1,X2,LSL #4", "0:X0", 49),
    ("AArch64", "0:X1=-8", "ASR X0,X1,#1", "0:X0", -4),
    ("AArch64", "0:X1=-8", "LSR W0,W1,#1", "0:X0", (M32 - 7) >> 1),
    ("AArch64", "0:X1=3", "MVN X0,X1", "0:X0", -4),
    ("AArch64", "0:X1=7", "ADD X0,XZR,X1", "0:X0", 7),
    ("AArch64", "0:X1=7", "ADDS XZR,X1,#1 ; CSET X0,NE", "0:X0", 1),
    ("AArch64", "0:X1=-1", "CMP X1,#1 ; CSET X0,HI", "0:X0", 1),  # unsigned, -1 is the greatest
    ("AArch64", "0:X1=-1", "CMP X1,#1 ; CSET X0,GT", "0:X0", 0),
    ("AArch64", "0:X1=-1", "CMN X1,#1 ; CSET X0,CS", "0:X0", 1),  # -1 + 1 carries
    ("AArch64", "0:X1=0x7fffffff", "ADDS W2,W1,#1 ; CSET X0,VS", "0:X0", 1),
    ("AArch64", "0:X1=6", "TST X1,#8 ; CSET X0,EQ", "0:X0", 1),
    ("AArch64", "0:X1=6", "TBZ X1,#1,L ; MOV X0,#9 ; L:", "0:X0", 9),
    ("AArch64", "0:X1=6", "TBNZ X1,#1,L ; MOV X0,#9 ; L:", "0:X0", 0),
    ("AArch64", "0:X1=6", "B L ; MOV X0,#9 ; L: ADD X0,X0,#1", "0:X0", 1),
    ("AArch64", "0:X1=x; x=-1", "LDR W0,[X1]", "0:X0", M32),
    ("AArch64", "0:X1=x; x=-1", "LDRSW X0,[X1]", "0:X0", -1),
    ("AArch64", "int8_t x=-1; 0:X1=x", "LDRSB W0,[X1]", "0:X0", M32),
    ("AArch64", "0:X1=x; x=3", "LDR W0,[X1],#4 ; SUB X1,X1,#4 ; LDR W2,[X1]", "0:X2", 3),
    ("AArch64", "0:X1=x; x=3", "SUB X1,X1,#8 ; LDR W0,[X1,#8]!", "0:X0", 3),
    ("AArch64", "0:X1=x; x=12; 0:X2=10", "LDCLR W2,W0,[X1]", "[x]", 4),
    ("AArch64", "0:X1=x; x=-5; 0:X2=3", "LDSMAX W2,W0,[X1]", "[x]", 3),
    ("AArch64", "0:X1=x; x=-5; 0:X2=3", "LDUMAX W2,W0,[X1]", "[x]", -5),
    ("AArch64", "0:X1=x; x=-5; 0:X2=3", "LDSMAX W2,W0,[X1]", "0:X0", M32 - 4),
    ("AArch64", "0:X1=x; x=5; 0:X2=3", "STEOR W2,[X1]", "[x]", 6),
    ("AArch64", "0:X1=x; x=5; 0:X2=3", "SWP W2,W0,[X1]", "0:X0", 5),
    ("AArch64", "0:X0=-1", "MOVK X0,#1,LSL #16", "0:X0", M64 - (0xFFFE << 16)),
    ("AArch64", "", "MOVZ W0,#3 ; MOVK W0,#2,LSL #16", "0:X0", 0x20003),
    ("AArch64", "", "MOVN W0,#0", "0:X0", M32),
    ("AArch64", "0:X1=3; 0:X2=5; 0:X3=7", "MADD X0,X1,X2,X3", "0:X0", 22),
    ("AArch64", "0:X1=3; 0:X2=5; 0:X3=7", "MSUB X0,X1,X2,X3", "0:X0", -8),
    ("AArch64", "0:X1=3; 0:X2=5", "MNEG X0,X1,X2", "0:X0", -15),
    ("AArch64", "0:X1=3", "CMP X1,#3 ; CNEG X0,X1,EQ", "0:X0", -3),
    ("AArch64", "0:X1=3", "CMP X1,#4 ; CINV X0,X1,EQ", "0:X0", 3),
    ("AArch64", "0:X1=1; 0:X2=3", "LSLV X0,X1,X2", "0:X0", 8),
    ("AArch64", "0:X1=x; x=3", "PRFM PLDL1KEEP,[X1] ; YIELD ; LDTR W0,[X1]", "0:X0", 3),
    ("AArch64", "0:X0=1", "B.AL L ; MOV X0,#9 ; L: RET ; MOV X0,#8", "0:X0", 1),
    ("X86", "0:EAX=5", "ADD EAX,$3", "0:EAX", 8),
    ("X86", "x=5", "JMP L ; MOV [x],$6 ; L: RET ; MOV [x],$7", "[x]", 5),
    ("X86", "0:EAX=5; 0:EBX=7", "SUB EAX,EBX", "0:EAX", -2),
    ("X86", "0:EAX=5; 0:EBX=7", "XCHG EAX,EBX", "0:EBX", 5),
    ("X86", "x=5; 0:EBX=7", "XCHG [x],EBX", "0:EBX", 5),
    ("X86", "x=5; 0:EBX=7", "XCHG EBX,[x]", "[x]", 7),
    ("X86", "x=5", "ADD [x],$2", "[x]", 7),
    ("X86", "x=5", "LOCK DEC [x]", "[x]", 4),
    ("X86", "x=5", "LOCK NEG [x]", "[x]", -5),
    ("X86", "x=5", "NOT [x]", "[x]", -6),
    ("X86", "x=5", "ADDL [x],$2", "[x]", 7),
    ("X86", "x=5", "LOCK INCL [x]", "[x]", 6),
    ("X86", "x=5", "movl eax,$3 ; xchgl eax,(x)", "0:EAX", 5),
    # herd7's X86 has the destination first also where a register is %e (lib/X86Parser.mly).
    ("X86", "x=5", "mov %e,[x] ; mov [x],$7", "0:%e", 5),
    ("X86", "x=5; 0:%e=7", "mov [x],%e ; mov eax,[x]", "0:EAX", 7),
    ("X86", "x=5; %a=x", "lock add [%a],$2 ; mov eax,(%a)", "0:EAX", 7),
    ("X86", "x=1", "DEC [x] ; JZ L ; MOV EAX,$9 ; L:", "0:EAX", 0),
    ("X86", "0:EAX=-1", "CMP EAX,$1 ; JA L ; MOV EBX,$9 ; L:", "0:EBX", 0),
    ("X86", "0:EAX=-1", "CMP EAX,$1 ; JG L ; MOV EBX,$9 ; L:", "0:EBX", 9),
    ("X86", "0:EAX=6", "TEST EAX,$1 ; CMOVE EBX,EAX", "0:EBX", 6),
    ("X86", "x=5; 0:EAX=5; 0:EBX=7", "CMPXCHG [x],EBX", "[x]", 7),
    ("X86", "x=5; 0:EAX=4; 0:EBX=7", "LOCK CMPXCHG [x],EBX", "0:EAX", 5),
    ("X86", "x=5; 0:EAX=4; 0:EBX=7", "LOCK CMPXCHG [x],EBX", "[x]", 5),
    ("X86", "x=5; 0:EAX=4; 0:EBX=7", "CMPXCHG [x],EBX ; JE L ; MOV ECX,$1 ; L:", "0:ECX", 1),
    ("X86", "0:EBX=x; x=3", "MOV EAX,[EBX]", "0:EAX", 3),
    ("X86_64", "0:rbx=5", "movq %rbx,%rax ; addq $2,%rax", "0:rax", 7),
    ("X86_64", "0:rbx=-1", "movl %ebx,%eax", "0:rax", M32),
    # Results of 8 and 16 bits leave the rest of the register alone, those of 32 clear it.
    ("X86_64", "0:rax=0x1234", "movb $0xff,%al", "0:rax", 0x12FF),
    ("X86_64", "0:rax=0x12345678", "movw $1,%ax", "0:rax", 0x12340001),
    ("X86_64", "int8_t x=-1; 0:rax=0x1200", "movb (x),%al", "0:rax", 0x12FF),
    ("X86_64", "int8_t x=-1; 0:rax=0x1205", "xchgb %al,(x)", "0:rax", 0x12FF),
    ("X86_64", "int8_t x=-1; 0:rax=0x1205", "xchgb %al,(x)", "[x]", 5),
    ("X86_64", "int8_t x=-1", "movzbl (x),%eax", "0:rax", 255),
    ("X86_64", "int8_t x=-1", "movsbl (x),%eax", "0:rax", M32),
    ("X86_64", "x=-1", "movslq (x),%rax", "0:rax", -1),
    ("X86_64", "0:rbx=0x80", "movsbq %bl,%rax", "0:rax", -128),
    ("X86_64", "int8_t x=7", "lock incb (x)", "[x]", 8),
    ("X86_64", "0:rax=3", "cmpl $3,%eax ; sete %al", "0:rax", 1),
    ("X86_64", "int8_t x=3", "cmpb $4,(x) ; setne (x)", "[x]", 1),
    ("X86_64", "0:rax=3; 0:rbx=4", "cmpl $3,%eax ; cmovel %ebx,%eax", "0:rax", 4),
    ("X86_64", "0:rax=x; x=3; 0:rbx=2", "subq $16,%rax ; movl (%rax,%rbx,8),%ecx", "0:rcx", 3),
    ("X86_64", "0:rax=x; x=3; 0:rbx=4", "movl -4(%rax,%rbx),%ecx", "0:rcx", 3),
    ("X86_64", "x=3", "movl x(%rip),%ecx", "0:rcx", 3),
    # 32 bits, zeros above (Intel SDM 1, 3.4.1.1); ZF is of the 32 bits (2, ADD)
    ("X86_64", "0:rbx=-1; 0:rcx=1", "addl %ebx,%ecx", "0:rcx", 0),
    ("X86_64", "0:rbx=-1; 0:rcx=1", "addl %ebx,%ecx ; je L ; movl $9,%eax ; L:", "0:rax", 0),
    ("X86_64", "0:rbx=-1", "incl %ebx", "0:rbx", 0),
    ("X86_64", "", "decl %eax", "0:rax", M32),
    (
        "X86_64",
        "",
        "endbr64 ; movabsq $0x123456789a,%rax ; ret ; movl $1,%eax",
        "0:rax",
        0x123456789A,
    ),
    ("PPC", "0:r1=5", "addi r2,r1,-6", "0:r2", -1),
    ("PPC", "0:r1=-1", "rlwinm r2,r1,4,30,31", "0:r2", 3),
    ("PPC", "0:r1=-1", "rlwinm r2,r1,16,0,15", "0:r2", 0xFFFF0000),
    ("PPC", "0:r1=0x12345678", "rlwinm r2,r1,8,24,31", "0:r2", 0x12),
    ("PPC", "0:r1=0x12345678", "clrlwi r2,r1,24", "0:r2", 0x78),
    ("PPC", "0:r1=0x12345678", "clrrwi r2,r1,8", "0:r2", 0x12345600),
    ("PPC", "0:r1=6; 0:r2=3", "andc r3,r1,r2", "0:r3", 4),
    ("PPC", "0:r1=6; 0:r2=3", "orc r3,r1,r2", "0:r3", -2),
    ("PPC", "0:r1=0x80", "extsb r2,r1", "0:r2", -128),
    ("PPC", "0:r1=0x8000", "extsh r2,r1", "0:r2", -32768),
    ("PPC", "0:r1=5", "addis r2,r1,1", "0:r2", 0x10005),
    ("PPC", "0:r1=5", "subi r2,r1,6", "0:r2", -1),
    ("PPC", "0:r1=5", "la r2,4(r1) ; blr ; li r2,1", "0:r2", 9),
    ("PPC", "0:r2=x; x=3", "addi r2,r2,-4 ; lwzu r1,4(r2) ; lwz r3,0(r2)", "0:r3", 3),
    ("PPC", "0:r2=x; 0:r1=3", "addi r2,r2,-4 ; stwu r1,4(r2) ; lwz r3,0(r2)", "0:r3", 3),
    ("PPC", "0:r2=x; 0:r4=4; x=3", "addi r2,r2,-4 ; lwzux r1,r2,r4 ; lwz r3,0(r2)", "0:r3", 3),
    ("PPC", "0:r2=x; 0:r4=4; 0:r1=3", "addi r2,r2,-4 ; stwux r1,r2,r4 ; lwz r3,0(r2)", "0:r3", 3),
    ("PPC", "0:r0=5", "addi r2,r0,6", "0:r2", 6),  # r0 stands for the number 0 here
    ("PPC", "0:r0=x; x=7", "lwz r2,0(r0)", "0:r2", 7),  # as herd7's A007.litmus has it
    ("PPC", "0:r0=5; 0:r3=x; x=7", "lwzx r2,r0,r3", "0:r2", 7),
    ("PPC", "0:r1=5; 0:r3=7", "subf r2,r1,r3", "0:r2", 2),
    ("PPC", "0:r1=5; 0:r3=5", "xor. r2,r1,r3 ; beq L ; li r4,1 ; L:", "0:r4", 0),
    ("PPC", "0:r1=5", "cmpwi cr1,r1,6 ; blt cr1,L ; li r4,1 ; L:", "0:r4", 0),
    ("PPC", "0:r1=-1", "cmplwi r1,1 ; bgt L ; li r4,1 ; L:", "0:r4", 0),
    ("PPC", "0:r1=x; x=-1", "lwz r2,0(r1)", "0:r2", M32),
    ("PPC", "0:r1=x; x=-1", "lwa r2,0(r1)", "0:r2", -1),
    ("PPC", "0:r1=3", "slwi r2,r1,4", "0:r2", 48),
    ("PPC", "0:r1=x; 0:r2=8; x=3", "lwarx r3,0,r1 ; stwcx. r2,0,r1 ; mr r5,r3", "0:r5", 3),
    ("RISCV", "0:x6=5", "addi x5,x6,-6", "0:x5", -1),
    ("RISCV", "0:x6=0x7fffffff", "addiw x5,x6,1", "0:x5", -(1 << 31)),
    ("RISCV", "0:x6=5", "add x0,x6,x6 ; mv x5,x0", "0:x5", 0),
    ("RISCV", "0:a0=5", "mv a1,a0", "0:x11", 5),
    ("RISCV", "0:x6=-1", "sltiu x5,x6,1", "0:x5", 0),
    ("RISCV", "0:x6=-1", "slti x5,x6,1", "0:x5", 1),
    ("RISCV", "0:x6=-8", "srai x5,x6,1", "0:x5", -4),
    ("RISCV", "0:x6=-8", "srliw x5,x6,1", "0:x5", (M32 - 7) >> 1),
    ("RISCV", "0:x6=x; x=-1", "lw x5,0(x6)", "0:x5", -1),
    ("RISCV", "0:x6=x; x=-1", "lwu x5,0(x6)", "0:x5", M32),
    ("RISCV", "0:x6=5", "negw x5,x6 ; pause ; ret ; li x5,1", "0:x5", -5),
    ("RISCV", "0:x6=-1; 0:x7=1", "bltu x6,x7,L ; li x5,3 ; L:", "0:x5", 3),
    ("RISCV", "0:x6=-1; 0:x7=1", "blt x6,x7,L ; li x5,3 ; L:", "0:x5", 0),
    ("RISCV", "0:x6=x; x=-1; 0:x7=1", "amomaxu.w x5,x7,(x6)", "0:x5", -1),
    ("ARM", "0:R1=5", "SUB R0,R1,#6", "0:R0", -1),
    ("ARM", "0:R1=5; 0:R2=1", "ADD R0,R1,R2,LSL #3", "0:R0", 13),
    ("ARM", "0:R1=5; 0:R0=1", "CMP R1,#5 ; MOVNE R0,#2 ; ADDEQ R0,R0,#10", "0:R0", 11),
    ("ARM", "0:R1=-1", "CMP R1,#1 ; BHI L ; MOV R0,#1 ; L:", "0:R0", 0),
    ("ARM", "0:R1=5", "RSB R0,R1,#3", "0:R0", -2),
    ("ARM", "0:R1=6; 0:R2=3", "BIC R0,R1,R2", "0:R0", 4),
    ("ARM", "0:R1=6; 0:R2=-3", "MUL R0,R1,R2", "0:R0", -18),
    ("ARM", "0:R0=-1", "MOVT R0,#1", "0:R0", 0x1FFFF),
    ("ARM", "0:R1=0x180", "SXTB R0,R1", "0:R0", -128),
    ("ARM", "0:R1=0x180", "UXTB R0,R1 ; BX LR ; MOV R0,#1", "0:R0", 0x80),
    ("ARM", "0:R1=x; 0:R2=8; x=3", "LDREX R3,[R1] ; STREX R4,R2,[R1]", "0:R3", 3),
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
    assert [(s[0] - value) % (1 << 32) for s in observed.states] == [0]
    assert observed.observation == "Always"
    # The replay has an evaluator of its own: let it see the same value, in an execution to show.
    file.write_text(file.read_text().replace("forall", "exists"))
    assert fresh_checker().check(request).observation == "Always"
