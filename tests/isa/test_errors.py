"""What is wrong in an assembly test is said, with its place; nothing is skipped or guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.assembly import usual_model
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

# ^ stands before the place that the caret has to point to.
CODE = [
    ("AArch64", "^LDRR W0,[X1]", "the instruction 'LDRR' is not known"),
    ("AArch64", "LDR ^W31,[X1]", "'W31' is not a register"),
    ("AArch64", "LDR W0,[^W1]", "the base of an address is an X register"),
    ("AArch64", "LDR W0,^X1", "'X1' is not an address"),
    ("AArch64", "LDR W0,[X1,W2,^SXTQ]", "'SXTQ' is not a shift or an extension"),
    ("AArch64", "^LDR W0", "LDR takes 2 or 3 operands"),
    ("AArch64", "^LDAXR W0,[X1],#4", "LDAXR takes 2 operands"),
    ("AArch64", "DMB ^XY", "'XY' is no option of DMB"),
    ("AArch64", "DMB ^NSHX", "'NSHX' is no option of DMB"),
    ("AArch64", "^CBZ W0,Nowhere", "there is no label Nowhere"),
    ("AArch64", "CSEL X0,X1,X2,^XX", "'XX' is not a condition"),
    ("AArch64", "TBZ W0,^#32,L ; L:", "the register has no bit 32"),
    ("AArch64", "ADD X0,X1^,", "an operand is missing"),
    ("AArch64", "L: NOP ; ^L: NOP", "a second label L"),
    ("AArch64", "^[X1]", "this is not an instruction"),
    ("AArch64", "^LDR W0,[X1]", "this access is at the address of no location"),  # X1 is 0
    ("AArch64", "IC ^IVAU", "IC IVAU is not supported"),
    ("AArch64", "DC ^ZVA,X1", "DC ZVA is not supported"),
    ("AArch64", "CCMP X0,X1,#0,^XX", "'XX' is not a condition"),
    ("AArch64", "CCMP X0,X1,^#16,EQ", "the flags are a number of 4 bits"),
    ("AArch64", "BFC W0,#30,^#4", "the field is empty, or leaves the register"),
    ("AArch64", "UBFX W0,W1,#30,^#4", "the field is empty, or leaves the register"),
    ("AArch64", "EXTR W0,W1,W2,^#32", "the register has no 32 bits"),
    ("AArch64", "REV32 ^W0,W1", "REV32 needs an X register"),
    ("AArch64", "^LDR X1,[X1],#8", "a load into the base that it writes back is unpredictable"),
    ("AArch64", "^LDP W1,W2,[X2,#8]!", "a load into the base that it writes back is unpredictable"),
    ("AArch64", "MOVK W0,^#65536", "MOVK moves 16 bits, 0 to 65535"),
    ("AArch64", "MOVZ W0,#1,^LSL #32", "'LSL #32' is no place for 16 bits"),
    ("AArch64", "MOVN X0,#1,^LSL #8", "'LSL #8' is no place for 16 bits"),
    ("AArch64", "MOVK X0,^X1", "'X1' is not a number"),
    ("AArch64", "UMULH X0,^W1,X2", "UMULH takes X registers"),
    ("AArch64", "ADD W0,W1,W2,^LSL #32", "LSL goes by 0 to 31 places here"),
    ("AArch64", "ADD X0,X1,W2,^SXTW #5", "SXTW goes by 0 to 4 places here"),
    # An exclusive or an atomic has no form that writes its address back.
    ("AArch64", "LDXR W0,^[X1,#4]!", "LDXR writes no address back"),
    ("AArch64", "LDADD W0,W1,^[X2,#4]!", "LDADD writes no address back"),
    ("AArch64", "STLXP W0,X1,X2,^[X3,#16]!", "STLXP writes no address back"),
    ("ARM", "LDREX R0,^[R1,#4]!", "LDREX writes no address back"),
    ("ARM", "STREX R0,R2,^[R1,#4]!", "STREX writes no address back"),
    ("AArch64", "^ADR X0,x", "the address of a location in the start state: 0:X1=x"),
    ("ARM", "^ADR R0,x", "the address of a location in the start state: 0:R1=x"),
    ("RISCV", "^la x5,x", "the address of a location in the start state: 0:x5=x"),
    ("AArch64", "RET ^X1", "a jump to an address that is computed is not supported"),
    ("AArch64", "^FADD S0,S1,S2", "vector and floating-point registers are not modelled"),
    ("AArch64", "^FETCH X0", "the instruction 'FETCH' is not known"),
    ("AArch64", "^CPYFP [X0]!,[X1]!,X2!", "copies and fills of memory are not modelled"),
    ("X86", "MOV [x],^AL", "'AL' is not a register that can be used here"),
    ("X86", "movl $3,^%eax", "registers of X86 are written without '%': eax"),
    ("X86", "mov eax,^[%ebx]", "registers of X86 are written without '%': ebx"),
    ("X86", "MOV ^AX,$1", "'AX' is not a register that can be used here"),
    ("X86", "MOV EAX,^RBX", "'RBX' is not a register that can be used here"),
    ("X86", "MOV ^XMM0,$1", "'XMM0' is not a register that can be used here"),
    ("X86_64", "movl ^(%rax,%bl,2),%ecx", "'%bl' is not a register that can be used here"),
    ("X86", "MOV [x],^[y]", "MOV from memory to memory does not exist"),
    ("X86", "LOCK ^MOV EAX,$1", "LOCK does not go with 'MOV'"),
    ("X86", "^MOVV [x],$1", "the instruction 'MOVV' is not known"),
    ("X86", "LOCK ^INC EAX", "LOCK needs a place in memory"),
    ("X86", "^MOVNTI [x],EAX", "the instruction 'MOVNTI' is not supported"),
    ("X86_64", "lock ^cmpxchg16b (%rax)", "a pair of registers are not modelled"),
    ("X86_64", "lock btsl ^%eax,(x)", "another may be in another word"),
    ("X86_64", "shll $1,^(x)", "shifts are of registers of 32 or 64 bits here"),
    ("X86_64", "shll ^%ebx,%eax", "'%ebx' is no count of a shift"),
    ("X86_64", "^movntil %eax,(x)", "stores that go past the caches are not modelled"),
    ("X86", "MOV EAX,^[x+]", "'[x+]' is not understood"),
    ("X86_64", "roll $1,^(x)", "rotations are of registers here"),
    ("X86_64", "^mulb %bl", "the instruction 'mulb' is not known"),
    ("X86_64", "adcl ^(x),(y)", "ADC from memory to memory does not exist"),
    ("X86_64", "^jp L ; L:", "the flag for parity is not modelled"),
    ("X86_64", "^rdtsc", "system registers are not modelled"),
    ("X86_64", "^ud2", "exceptions are not modelled"),
    ("X86_64", "^stosl", "instructions on strings are not modelled"),
    ("X86", "^MOVQ [x],$1", "X86_64 has the other widths"),
    ("PPC", "lwz ^r32,0(r1)", "'r32' is not a register"),
    ("PPC", "lwzu ^r1,0(r1)", "lwzu may not load the register of its address"),
    ("PPC", "lwzu r1,^4(r0)", "an update form needs a register that is not r0 as base"),
    ("PPC", "^rlwinm r1,r2,4,31,32", "rlwinm takes a mask of bits 0 to 31"),
    ("PPC", "rlwinm r1,r2,^32,0,31", "a word is turned by 0 to 31 places"),
    ("PPC", "crand 2,^3,6", "a bit of the condition register for overflow is not modelled"),
    ("PPC", "cror 2,6,^4*cr8+eq", "'4*cr8+eq' is no bit of the condition register"),
    ("PPC", "bc ^8,2,L ; L:", "bc 8 is not supported"),
    ("PPC", "cmp cr0,^2,r1,r2", "0 compares words, 1 doublewords"),
    ("PPC", "^adde r1,r2,r3", "carry and overflow of POWER are not modelled"),
    ("PPC", "^stfd r1,0(r2)", "vector and floating-point registers are not modelled"),
    ("PPC", "lwz r1,^r2", "'r2' is not an address"),
    ("PPC", "beq ^cr9,L ; L:", "'cr9' is not a condition field"),
    ("PPC", "^dcbz r1,r2", "the instruction 'dcbz' is not supported"),
    ("PPC", "isel r1,r2,r3,^3", "a bit of the condition register"),
    ("PPC", "rldicl r1,r2,^64,3", "a doubleword has no 64 bits"),
    ("PPC", "sync ^3", "there is no sync 3"),
    ("PPC", "^srawi.", "srawi. takes 3 operands"),
    ("AArch64", "CSET X0,^AL", "'AL' is not a condition"),
    ("PPC", "^mfence", "the instruction 'mfence' is not known"),
    ("PPC", "^mfspr r1,8", "system registers are not modelled"),
    ("PPC", "^rlwimi r1,r2,4,31,32", "a mask of bits 0 to 31"),
    ("PPC", "^lmw r30,0(r31)", "does not load its base"),
    ("PPC", "^lswi r30,r1,8", "several accesses by one instruction"),
    ("RISCV", "^c.lw x8,0(x9)", "compressed instructions are not modelled"),
    ("RISCV", "^fadd.s x1,x2,x3", "vector and floating-point registers are not modelled"),
    ("RISCV", "^fense rw,rw", "the instruction 'fense' is not known"),
    ("RISCV", "jal ^x1,L ; L:", "a call is not supported"),
    ("RISCV", "^jalr x0,0(x1)", "calls and jumps to an address"),
    ("RISCV", "lw x5,0(^x32)", "'x32' is not a register"),
    ("RISCV", "fence ^x,rw", "'x' is no side of a fence"),
    ("RISCV", "^amoadd.q x5,x6,(x7)", "the instruction 'amoadd.q' is not known"),
    ("ARM", "^LDREXNE R0,[R1]", "LDREX and STREX take no condition here"),
    ("ARM", "^LDAEX R0,[R1]", "models/armv7 has no acquire and release"),
    ("ARM", "STRNE R0,^[R1,#4]!", "an access with a condition writes nothing back here"),
    ("ARM", "LDM R0,^{R2,R1}", "the registers of a list come in order, and once"),
    ("ARM", "^LDMIA R0!,{R0,R1}", "a base that is in the list and written back"),
    ("ARM", "^LDRD R0,R1", "LDRD takes 3 or 4 operands"),
    ("ARM", "LDRD R0,^R0,[R1]", "to load two values into one register is unpredictable"),
    ("ARM", "^LDRD R0,R1,[R1],#8", "a load into the base that it writes back is unpredictable"),
    ("X86_64", "clflush ^%rax", "clflush needs a place in memory"),
    ("X86_64", "rep ^movsb", "rep does not go with 'movsb'"),
    ("ARM", "BXEQ ^R3", "a jump to an address that is computed is not supported"),
    ("ARM", "ADD R0,R1,R2,^LSL #32", "LSL goes by 0 to 31 places here"),
    ("ARM", "UMULL R0,^R0,R1,R2", "two words into one register are unpredictable"),
    ("ARM", "LDR R0,[R1,-^R16]", "'R16' is not a register"),
    ("ARM", "BX ^R3", "a jump to an address that is computed is not supported"),
    ("ARM", "^LDR R1,[R1],#4", "a load into the base that it writes back is unpredictable"),
    ("ARM", "MOV ^R15,#1", "'R15' is not a register"),
]


def run(file: Path, model: str | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        fresh_checker().check(Request(file, model or usual_model(file)))
    return caught.value


def points_at(error: InputError, offset: int) -> bool:
    span = error.diagnostic.span
    return span is not None and span.start == offset


@pytest.mark.parametrize(("dialect", "marked", "message"), CODE, ids=[c[1] for c in CODE])
def test_instructions(dialect: str, marked: str, message: str, tmp_path: Path) -> None:
    rows = "".join(f" {line.strip()} ;\n" for line in marked.split(";"))
    text = f"{dialect} t\n{{}}\n P0 ;\n{rows}exists (x=1)\n"
    file = tmp_path / "t.litmus"
    file.write_text(text.replace("^", "", 1))
    error = run(file)
    assert message in f"{error.diagnostic.message} {error.diagnostic.hint}"
    assert points_at(error, text.index("^")), error.diagnostic.render()


TESTS = [
    ("AArch64 t\n P0 ;\n", "the test has no start state"),
    ("AArch64 t\nVariant=telechat,^CU\n{ } \n P0 ;\n NOP ;\n", "herd7's variant CU is not"),
    ("AArch64 t\n^{ x=1;\n P0 ;\n", "the start state is not closed"),
    ("AArch64 t\n{}\n P0 ;\n CBZ W0,^.+6 ;\n NOP ;\n", "an instruction has 4 bytes"),
    ("AArch64 t\n{}\n P0 ;\n B ^.+12 ;\n NOP ;\n", "out of the thread's instructions"),
    ("X86_64 t\n{}\n P0 ;\n jmp ^.+4 ;\n nop ;\n", "instructions of x86 have no one length"),
    ("AArch64 t\n{}\n P0 ;\n 1: B ^1f ;\n NOP ;\n", "there is no label 1 further down"),
    ("AArch64 t\n{}\n P0 ;\n B ^1b ;\n 1: NOP ;\n", "there is no label 1 further up"),
    ("AArch64 t\n{}\n P0 ;\n NOP ;\nexists (x=1)\n^(x=2)", "a second condition"),
    ("AArch64 t\n{}\n P0 ;\n NOP ;\nlocations [x int ^y]", "expected ';' after a location"),
    ("AArch64 t\n{}\n P0 ;\n NOP ;\nobserved x=1 ^and y=2;", "expected ';' after a comparison"),
    ("AArch64 t\n{ ^x=1 y=2; }\n P0 ;\n", "this entry of the start state is not understood"),
    ('AArch64 t\n{ ^0:X1=instr:"NOP"; }\n P0 ;\n NOP ;\n', "instructions and labels as data"),
    ("AArch64 t\n{ ^0:X1=P0:L; }\n P0 ;\n L: NOP ;\n", "instructions and labels as data"),
    (
        "AArch64 t\n{ int v[3]={1,2,3}; }\n P0 ;\n NOP ;\nforall (^v={1,2})",
        "v has 3 elements, not 2",
    ),
    ("AArch64 t\n{ v=1; }\n P0 ;\n NOP ;\nforall (^v={1,2})", "v has no elements, not 2"),
    ("AArch64 t\n{ ^float x; }\n P0 ;\n NOP ;\n", "the type 'float' is not known"),
    ("AArch64 t\n{ ^0:Q1=1; }\n P0 ;\n NOP ;\n", "'Q1' is not a register of AArch64"),
    ("AArch64 t\n{ ^3:X1=1; }\n P0 ;\n NOP ;\n", "there is no thread P3"),
    ("AArch64 t\n{}\n P0 | ^P2 ;\n NOP | NOP ;\n", "expected the heading P1 of a column"),
    ("AArch64 t\n{}\n P0 ;\n ^NOP | NOP ;\n", "this row has 2 columns, the table has 1"),
    ("AArch64 t\n{}\n P0 ;\n NOP ;\n ^NOP\nexists (x=1)", "a row of the table does not end"),
    ("AArch64 t\n{}\n P0 ;\n NOP ;\nexists (0:X0 ^1)", "expected '=' after the location"),
    ("AArch64 t\n{}\n P0 ;\n NOP ;\nexists (^2:X0=1)", "there is no thread P2"),
    ("AArch64 t\n{}\n P0 ;\n NOP ;\nexists (^0:Q0=1)", "'Q0' is not a register of AArch64"),
    ("AArch64 t\n{}\n P0 ;\n NOP ;\nexists (x=1)\n^exists (x=2)", "a second condition"),
    ("AArch64 t\n{}\n P0 ;\n NOP ;\nexists (x=1) ^garbage", "expected 'exists'"),
    ("AArch64 t\n{}\n P0 ;\n NOP ;\n^(* open", "this comment is not closed"),
    ("AArch64 t\n{ uint64_t x; 0:X1=x; }\n P0 ;\n LDR X0,[X1] ;\n ^STR W0,[X1] ;\n", "narrower"),
    ("AArch64 t\n{ int64_t x; 0:X1=x; }\n P0 ;\n LDR X0,[X1] ;\n ^LDXR W0,[X1] ;\n", "narrower"),
    (
        "AArch64 t\n{ int64_t x; 0:X1=x; }\n P0 ;\n LDR X0,[X1] ;\n ^LDR W0,[X1],#4 ;\n",
        "narrower than x",
    ),
    ("AArch64 t\n{ int64_t x=-1; 0:X1=x; }\n P0 ;\n ^STR W0,[X1] ;\n", "narrower than x"),
    ("AArch64 t\n{ x=256; 0:X1=x; }\n P0 ;\n ^STRB W0,[X1] ;\n", "narrower than x"),
    ("PPC t\n{ x=256; 0:r1=x; }\n P0 ;\n ^lbz r0,0(r1) ;\n", "narrower than x"),
    ("AArch64 t\n{ x=y; 0:X1=x; }\n P0 ;\n ^LDRH W0,[X1] ;\n", "narrower than x"),
    ("PPC t\n{ int64_t x; 0:r1=x; }\n P0 ;\n ^lwz r0,0(r1) ;\n", "narrower than x"),
    ("AArch64 t\n{ 0:X1=x; }\n P0 ;\n STR W0,[X1] ;\n ^LDR X2,[X1] ;\n", "wider than x"),
    (
        "AArch64 t\n{ p=x; x=1; 0:X1=p; }\n P0 ;\n LDR X2,[X1] ;\n ^LDR X0,[X2] ;\nexists (x=1)\n",
        "wider than x",
    ),
]


@pytest.mark.parametrize(("marked", "message"), TESTS, ids=[t[0] for t in TESTS])
def test_containers(marked: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "t.litmus"
    file.write_text(marked.replace("^", "", 1))
    error = run(file)
    assert message in error.diagnostic.message
    if "^" in marked:
        assert points_at(error, marked.index("^")), error.diagnostic.render()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "t.litmus"
    file.write_text("AArch64 t\n{ 0:X1=x; }\n P0 ;\n LDR W0,[X1] ;\nexists (0:X0=1)\n")
    return file


@pytest.mark.parametrize("model", ["tso", "armv7", "power", "riscv", "alpha", "lkmm"])
def test_a_model_of_another_machine(good: Path, model: str) -> None:
    error = run(good, model)
    assert f"means nothing under the model {model}" in error.diagnostic.message
    assert error.diagnostic.hint == "AArch64 tests are for the models armv8 and sc"


def test_what_is_for_kernel_c_alone(good: Path) -> None:
    for options, message in (
        ({"config": "lse"}, "--config lse for an assembly test"),
        ({"defines": (("A", "1"),)}, "-D A: an assembly test has no macros"),
        ({"removed": frozenset({"DMB@P0"})}, "has no sites to remove"),
    ):
        with pytest.raises(InputError, match=message):
            fresh_checker().check(Request(good, "armv8", **options))


def test_which_load_exclusive_is_open(tmp_path: Path) -> None:
    """Two load-exclusives before one store-exclusive, the second only on one way."""
    file = tmp_path / "t.litmus"
    file.write_text(
        "AArch64 t\n{ 0:X1=x; }\n P0 ;\n LDXR W0,[X1] ;\n CBZ W0,L ;\n LDXR W2,[X1] ;\n L: ;\n"
        " STXR W3,W2,[X1] ;\nexists (0:X3=0)\n"
    )
    assert "which load-exclusive this pairs with" in run(file).diagnostic.message
