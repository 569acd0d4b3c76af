"""Random assembly programs: engines agree, and the replay accepts an execution for every state.

The replay runs the columns with an evaluator of its own, so a value, jump, dependency or pair that
the compiler gets wrong shows here. The programs come from a seed and are the same in every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from ksmcheck.check import Request
from ksmcheck.check.assembly import usual_model
from ksmcheck.check.verdict import Observed
from tests.fresh import fresh_checker
from tests.isa.one_column import WIDE

EACH = 20
LOOPS = 0.15
"""How many of the columns go round."""
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Sort:
    """In ``lines``, ``{a}``, ``{b}`` and ``{c}`` are registers for values, ``{p}`` one that holds
    an address, ``{n}`` is a number and ``{L}`` a label further down."""

    dialect: str
    values: tuple[str, ...]
    addresses: tuple[str, ...]
    lines: tuple[str, ...]
    prefix: str = ""
    name: str = ""
    init: str = "y=1;"
    places: tuple[str, ...] = ("x", "y")
    longest: int = 4


SORTS = (
    Sort(
        "AArch64",
        ("2", "3", "4"),
        ("0", "1"),
        (
            *("LDR W{a},[X{p}]", "STR W{a},[X{p}]", "LDAR W{a},[X{p}]", "STLR W{a},[X{p}]") * 2,
            *("LDXR W{a},[X{p}]", "STXR W{b},W{a},[X{p}]", "LDAXR W{a},[X{p}]") * 2,
            *("MOV W{a},#{n}", "ADD W{a},W{b},#{n}", "EOR W{a},W{b},W{b}", "EOR W{a},W{b},W{c}"),
            *("CBZ W{a},{L}", "CBNZ W{a},{L}", "CMP W{a},#{n} ; B.GT {L}", "B {L}"),
            *("LDADD W{a},W{b},[X{p}]", "SWPAL W{a},W{b},[X{p}]", "CAS W{a},W{b},[X{p}]"),
            *("CMP W{a},#{n} ; CSEL W{a},W{b},W{c},EQ", "CMP W{a},W{b} ; CSINC W{a},W{b},W{c},LS"),
            *("DMB SY", "DMB LD", "ISB", "STADD W{a},[X{p}]", "LDAPR W{a},[X{p}]"),
            *("CASA WZR,W{a},[X{p}]", "MADD W{a},W{b},W{c},W{a}", "CNEG W{a},W{b},NE", "RET"),
            "AND W{a},W{b},#128 ; LDR W{a},[X{p},W{a},SXTW]",
        ),
        "X",
    ),
    Sort(
        "AArch64",
        ("2", "3", "4", "5"),
        ("0", "1"),
        (
            *("LDXP W2,W3,[X{p}]", "LDAXP W4,W2,[X{p}]", "STXP W{b},W{a},W3,[X{p}]") * 2,
            *("STLXP W{b},W{a},W4,[X{p}]", "LDXR W{a},[X{p}]", "STXR W{b},W{a},[X{p}]", "CLREX"),
            *("CASP W2,W3,W4,W5,[X{p}]", "CASPAL W4,W5,W2,W3,[X{p}]", "CASPL W2,W3,W2,W3,[X{p}]"),
            *("LDP W3,W2,[X{p}]", "STP W4,W{a},[X{p}]", "LDIAPP W2,W4,[X{p}]"),
            *("STILP W{a},W2,[X{p}]", "LDR W{a},[X{p},#4]", "STR W{a},[X{p}]", "STLR W{a},[X{p}]"),
            *("MOV W{a},#{n}", "ADD W{a},W{b},#{n}", "CBZ W{a},{L}", "DMB LD", "DMB SY"),
        ),
        "X",
        "AArch64 pairs",
        "int x[2]; int y[2]={1,0};",
        ("x[0]", "x[1]", "y[0]", "y[1]"),
        longest=3,
    ),
    Sort(
        "X86",
        ("EAX", "EBX", "ECX"),
        ("x", "y"),
        (
            *("MOV {a},[{p}]", "MOV [{p}],{a}", "MOV [{p}],${n}") * 3,
            *("XCHG [{p}],{a}", "LOCK XADD [{p}],{a}", "LOCK INC [{p}]", "INC [{p}]"),
            *("LOCK CMPXCHG [{p}],{a}", "CMPXCHG [{p}],{b}", "ADD {a},[{p}]", "SUB [{p}],{a}"),
            *("CMP {a},${n} ; JE {L}", "TEST {a},{b} ; JNZ {L}", "CMP {a},{b} ; JLE {L}"),
            *(
                "JMP {L}",
                "MFENCE",
                "SFENCE",
                "NEG {a}",
                "XOR {a},{b}",
                "CMP {a},{b} ; CMOVA {a},{c}",
            ),
        ),
    ),
    Sort(
        "X86_64",
        ("al", "bl", "cl"),
        ("x", "y"),
        (
            *("movb ({p}),%{a}", "movb %{a},({p})", "movb ${n},({p})") * 2,
            *("xchgb %{a},({p})", "lock xaddb %{a},({p})", "lock incb ({p})", "notb ({p})"),
            *("lock cmpxchgb %{a},({p})", "cmpxchgb %{b},({p})", "addb ({p}),%{a}"),
            *("cmpb ${n},%{a} ; je {L}", "testb %{a},%{b} ; jnz {L}", "cmpb %{b},%{a} ; jle {L}"),
            *("mfence", "negb %{a}", "xorb %{b},%{a}", "cmpb ${n},({p}) ; sete %{a}", "ret"),
        ),
    ),
    Sort(
        "PPC",
        ("3", "4", "5"),
        ("1", "2"),
        (
            *("lwz r{a},0(r{p})", "stw r{a},0(r{p})") * 3,
            *("lwarx r{a},0,r{p}", "stwcx. r{a},0,r{p}", "stwcx. r{a},0,r{p} ; bne {L}"),
            *("li r{a},{n}", "addi r{a},r{b},{n}", "xor r{a},r{b},r{b}", "add. r{a},r{b},r{c}"),
            *("cmpwi r{a},{n} ; beq {L}", "bne {L}", "cmpw cr1,r{a},r{b} ; bgt cr1,{L}", "b {L}"),
            *("sync", "lwsync", "isync", "eieio"),
            "xor r{a},r{b},r{b} ; lwzx r{a},r{p},r{a}",
        ),
        "r",
    ),
    Sort(
        "RISCV",
        ("7", "8", "9"),
        ("5", "6"),
        (
            *("lw x{a},0(x{p})", "sw x{a},0(x{p})", "lw.aq x{a},0(x{p})", "sw.rl x{a},0(x{p})") * 2,
            *("lr.w x{a},0(x{p})", "sc.w x{b},x{a},0(x{p})", "sc.w.rl x{b},x{a},(x{p})") * 2,
            *("li x{a},{n}", "addi x{a},x{b},{n}", "xor x{a},x{b},x{b}", "slt x{a},x{b},x{c}"),
            *("beq x{a},x{b},{L}", "bnez x{a},{L}", "bltu x{a},x{b},{L}", "j {L}"),
            *("amoadd.w.aq x{a},x{b},(x{p})", "amoswap.w.aqrl x{a},x{b},(x{p})"),
            *("amomaxu.w x{a},x{b},(x{p})", "fence rw,w", "fence r,rw", "fence.tso", "fence.i"),
            "andi x{a},x{b},128 ; add x{a},x{a},x{p} ; lw x{a},0(x{a})",
        ),
        "x",
    ),
    Sort(
        "ARM",
        ("2", "3", "4"),
        ("0", "1"),
        (
            *("LDR R{a},[R{p}]", "STR R{a},[R{p}]") * 3,
            *("LDREX R{a},[R{p}]", "STREX R{b},R{a},[R{p}]") * 2,
            *("MOV R{a},#{n}", "ADD R{a},R{b},#{n}", "EOR R{a},R{b},R{b}", "SUBS R{a},R{b},R{c}"),
            *("CMP R{a},#{n} ; BEQ {L}", "BGE {L}", "CMP R{a},R{b} ; MOVNE R{a},R{c}", "B {L}"),
            *("DMB SY", "DMB ST", "ISB"),
        ),
        "R",
    ),
)


def column(random: Random, sort: Sort, length: int) -> list[str]:
    lines: list[str] = []
    pending: list[str] = []
    for number in range(length):
        label = f"L{number}"
        line = random.choice(sort.lines)
        a, b, c = (random.choice(sort.values) for _ in "abc")
        if (
            "STXR" in line
            or "STXP" in line
            or "STLXP" in line
            or "STREX" in line
            or line.startswith("sc.")
        ):
            a, b = random.sample(sort.values, 2)
        line = line.format(
            a=a, b=b, c=c, p=random.choice(sort.addresses), n=random.randint(0, 2), L=label
        )
        if label in line:
            pending.append(label)
        lines += [part.strip() for part in line.split(";")]
        if pending and random.random() < 0.5:
            lines.append(pending.pop() + ":")
    lines += [label + ":" for label in pending]
    return looped(random, sort, lines) if random.random() < LOOPS else lines


def looped(random: Random, sort: Sort, lines: list[str]) -> list[str]:
    """A jump back to the first line, under a condition of the dialect's."""
    jumps = [
        line for line in sort.lines if "{L}" in line and line.split()[0] not in ("B", "b", "j")
    ]
    a, b = random.sample(sort.values, 2)
    jump = random.choice(jumps).format(a=a, b=b, c=b, p=sort.addresses[0], n=1, L="T")
    return ["T:", *lines, *(part.strip() for part in jump.split(";"))]


def program(random: Random, sort: Sort) -> str:
    columns = [column(random, sort, random.randint(2, sort.longest)) for _ in range(2)]
    depth = max(map(len, columns))
    rows = [" | ".join(c[i] if i < len(c) else "" for c in columns) for i in range(depth)]
    start = "".join(
        f"{t}:{sort.prefix}{r}={name}; "
        for t in range(2)
        for r, name in zip(sort.addresses, "xy", strict=True)
        if sort.prefix
    )
    names = [f"{t}:{sort.prefix}{v}" for t in range(2) for v in sort.values]
    shown = "; ".join((*names, *sort.places))
    if sort.dialect in WIDE:
        start += "".join(f"int64_t {name}; " for name in names)
    head = f"{sort.dialect} random\n{{ {start}{sort.init} }}\n P0 | P1 ;\n"
    return head + "".join(f" {row} ;\n" for row in rows) + f"locations [{shown}]\n"


def ask(file: Path, engine: str = "lazy") -> Observed:
    return fresh_checker().states(Request(file, usual_model(file), engine=engine, timeout=60.0))


def replayed(file: Path, text: str, found: Observed, state: tuple[int, ...]) -> None:
    """Asks for the state by name: the check replays the execution that it finds."""
    parts = [f"{place}={value}" for place, value in zip(found.texts, state, strict=True)]
    file.write_text(text + "exists (" + " /\\ ".join(parts) + ")\n")
    verdict = fresh_checker().check(Request(file, usual_model(file), timeout=60.0))
    assert verdict.observation in ("Sometimes", "Always"), file.read_text()
    assert verdict.witness is not None


@pytest.mark.parametrize("sort", SORTS, ids=[s.name or s.dialect for s in SORTS])
@pytest.mark.parametrize("part", range(ROUNDS))
def test_random_columns(sort: Sort, part: int, tmp_path: Path) -> None:
    random = Random(f"{sort.name or sort.dialect} {part}")
    for number in range(EACH // ROUNDS):
        file = tmp_path / f"{number}.litmus"
        text = program(random, sort)
        file.write_text(text)
        try:
            found = ask(file)
        except TimeoutError as limit:
            # Said, not passed over: the loop may go on for ever, or compute what it likes.
            assert "bound" in str(limit) or "possibilities" in str(limit), text
            continue
        assert found.states or "T:" in text, text
        # There are too many candidates in a loop, or with several CASP, to list them.
        if "T:" not in text and text.count("CASP") < 2:
            assert ask(file, "explicit").states == found.states, text
        if number % 4 == 0:
            assert ask(file, "tuple").states == found.states, text
        for state in random.sample(found.states, min(3, len(found.states))):
            replayed(file, text, found, state)
