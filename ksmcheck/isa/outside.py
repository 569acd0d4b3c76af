"""What instructions outside of the dialects' tables are about, for those who meet the refusal."""

from __future__ import annotations

import re

_PAIR = "atomic accesses of a pair of registers are not modelled"
_CACHE = "caches are not modelled"
_SYSTEM = "system registers are not modelled"
_EXCEPTION = "exceptions are not modelled"
_CALL = "calls and jumps to an address that is computed are not modelled"
_ADDRESS = "a register gets the address of a location in the start state"
_STACK = "several accesses by one instruction, and the stack, are not modelled"
_STRING = "instructions on strings are not modelled"
_CARRY = "carry and overflow of POWER are not modelled"
_STREAM = "stores that go past the caches are not modelled"
_VECTOR = "vector and floating-point registers are not modelled"
_FLOATS = "MOV|CMP|CVT|ABS|NEG|ADD|SUB|MUL|DIV|N?MADD|N?MSUB|NMUL|SQRT|RINT|CSEL|CCMP|MAX|MIN|MLA"
_CONDITIONS = "EQ|NE|CS|HS|CC|LO|MI|PL|VS|VC|HI|LS|GE|LT|GT|LE"

_REASONS: dict[str, tuple[tuple[str, str], ...]] = {
    "AArch64": (
        (r"RCW\w+", "page tables are not modelled"),
        (r"(LD64B|ST64B\w*)", "accesses of 64 bytes are not modelled"),
        (r"(TLBI|AT)", "translation of addresses is not modelled"),
        (r"(MRS|MSR)", _SYSTEM),
        (r"(SVC|HVC|SMC|HLT|BRK|UDF|ERET)", _EXCEPTION),
        (r"(BL|BLR|BR)", _CALL),
        (r"ADRP?", f"{_ADDRESS}: 0:X1=x"),
        (r"(LD|ST)Z?2?G\w*", "tags of memory are not modelled"),
        (rf"(LD[1-4]R?|ST[1-4]|F({_FLOATS})\w*|DUP|[SU]CVTF)", _VECTOR),
        (r"(CPY[A-Z]+|SETG?[PME][A-Z]*)", "copies and fills of memory are not modelled"),
        (r"GCS\w+", "guarded control stacks are not modelled"),
        (r"(BRA|BLRA|RETA|LDRA|ERETA)\w+", "authentication of pointers is not modelled"),
        (r"(LDT|STT|SWPT|CAST|CASPT)\w+", "unprivileged atomic accesses are not modelled"),
        (r"(LDLAR|STLLR)[BH]?", "limited ordering regions are not modelled"),
        (r"ESB", "barriers of errors are not modelled"),
        (r"(PAC|AUT|XPAC)\w*", "authentication of pointers is not modelled"),
    ),
    "ARM": (
        (r"(LDREXD|STREXD)", _PAIR),
        (r"(LDA|STL)(EX)?[BHD]?", "models/armv7 has no acquire and release; AArch64 tests have"),
        (r"(LDM|STM)\w*|PUSH|POP", _STACK),
        (rf"(LDR|STR)EX[BH]?({_CONDITIONS})", "LDREX and STREX take no condition here: branch"),
        (r"(MCR|MRC|MSR|MRS)", _SYSTEM),
        (r"(SVC|BKPT)", _EXCEPTION),
        (r"(BL|BLX)", _CALL),
        (r"ADRL?", f"{_ADDRESS}: 0:R1=x"),
        (r"V\w+", _VECTOR),
    ),
    "PPC": (
        (r"(lqarx|stqcx\.|lq|stq)", _PAIR),
        (r"(dcb\w*|icbi)", _CACHE),
        (r"(lsw[ix]|stsw[ix])", _STACK),
        (r"(bl|bctrl?|mtlr|mflr)", _CALL),
        (r"(sc|tw\w*|td\w*|trap)", _EXCEPTION),
        (r"(l|st)[fv]\w+", _VECTOR),
        (r"(add|subf)([cem]|ze|me)\w*\.?|(add|subf|mul|div|neg)\w*o\.?", _CARRY),
        (r"m[tf](cr|spr|msr|xer|ocrf|tb|vrsave)\w*", _SYSTEM),
    ),
    "RISCV": (
        (r"amocas\.q\S*", _PAIR),
        (r"cbo\.\w+", _CACHE),
        (r"csr\w+", _SYSTEM),
        (r"(ecall|ebreak)", _EXCEPTION),
        (r"(jalr|jr|call|tail)", _CALL),
        (r"(auipc|l?la)", f"{_ADDRESS}: 0:x5=x"),
        (r"c\.\w+", "compressed instructions are not modelled: write them without 'c.'"),
        (r"sfence\.\S+", "translation of addresses is not modelled"),
        (rf"(f[ls][hwdq]|fmv|f({_FLOATS.lower()}|sgn|eq|l[te]|class)\w*|v\w+)(\.\S+)?", _VECTOR),
    ),
    "X86_64": (
        (r"cmpxchg(8|16)b", _PAIR),
        (r"(clflush\w*|clwb|wbinvd|invd)", _CACHE),
        (r"movnt\w+", _STREAM),
        (r"(push|pop)[lq]?", _STACK),
        (r"call[lq]?", _CALL),
        (r"(x(begin|end|abort)|hlt|int3?|ud2|syscall|cpuid|serialize)", _EXCEPTION),
        (r"(rd(tscp?|pmc|msr)|wrmsr)", _SYSTEM),
        (r"(lods|stos|movs|cmps|scas)[bwlq]?|std|cld", _STRING),
        (r"leave|enter", _STACK),
        (r"jn?pe?|jpo|setn?p|cmovn?p", "the flag for parity is not modelled"),
        (r"(v?mov(a|u)p[sd]|v?mov[dq]q?[au]?)", _VECTOR),
    ),
}
_REASONS["X86"] = (
    (r"movq", "accesses of X86 have 32 bits at most: X86_64 has the other widths"),
    *_REASONS["X86_64"],
)


def reason(dialect: str, mnemonic: str) -> str | None:
    """Why the dialect has no such instruction, where that is not a slip of the pen."""
    for pattern, why in _REASONS[dialect]:
        if re.fullmatch(pattern, mnemonic, re.I):
            return why
    return None
