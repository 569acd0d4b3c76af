"""How assembly tests are written, and what their states look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.batch.corpus.states import normal_form, normal_states
from ksmcheck.check import Request
from ksmcheck.check.assembly import usual_model
from ksmcheck.report.states import states_text
from ksmcheck.syntax.assembly import parse_assembly
from ksmcheck.syntax.assembly_ast import AssemblyTest, Instruction, Label
from ksmcheck.text import InputError, Source
from tests.fresh import fresh_checker


def parse(text: str) -> AssemblyTest:
    return parse_assembly(Source("t", text))


def states(text: str, path: Path) -> list[str]:
    file = path / "t.litmus"
    file.write_text(text, encoding="utf-8")
    request = Request(file, usual_model(file))
    return states_text(fresh_checker().states(request)).splitlines()


def test_a_head_with_everything() -> None:
    test = parse(
        'X86 name (title) ""\n"a string { with a brace"\nCycle=Rfe Fre\nOrig = x\n'
        "(* a comment (* in a comment *) { *)\n{}\n P0 ;\n NOP ;\n"
    )
    assert (test.name, test.dialect) == ("name", "X86")
    assert test.info == (("Cycle", "Rfe Fre"), ("Orig", "x"))
    assert test.condition is None


def test_a_line_of_the_head_is_one_up_to_its_end() -> None:
    test = parse("PPC t\nKey = v {\n{ 0:r1=x; }\n P0 ;\n nop ;\n")
    assert test.info == (("Key", "v {"),)
    assert [entry.name for entry in test.init] == ["r1"]


def test_a_start_state_with_everything() -> None:
    test = parse(
        "AArch64 t\n{ x=1; [y]=-2; uint64_t z; int64_t w=0x10; int *p = x;\n"
        "0:X1=x; P1:X2=&y; uint64_t 1:X3=7; 1:X4=-1 };\n P0 | P1 ;\n"
    )
    assert [(e.name, e.thread, e.type, e.value) for e in test.init] == [
        ("x", None, None, 1),
        ("y", None, None, -2),
        ("z", None, "uint64_t", None),
        ("w", None, "int64_t", 16),
        ("p", None, "int *", "x"),
        ("X1", 0, None, "x"),
        ("X2", 1, None, "y"),
        ("X3", 1, "uint64_t", 7),
        ("X4", 1, None, -1),
    ]


def test_columns() -> None:
    test = parse(
        "AArch64 t\n{}\n P0 | P1 ;\n L0: L1: LDR W0,[X1] | (* gone *) ;\n"
        "             | End: ;\n NOP | B End ;\n"
    )
    shapes = [
        [line.name if isinstance(line, Label) else line.text for line in thread.lines]
        for thread in test.threads
    ]
    assert shapes == [["L0", "L1", "LDR W0,[X1]", "NOP"], ["End", "B End"]]
    load = test.threads[0].lines[2]
    assert isinstance(load, Instruction)
    assert load.span.text == "LDR W0,[X1]"


def test_the_prefix_lock_may_stand_before_a_semicolon() -> None:
    """``LOCK semi_opt instr`` of herd7's grammar (lib/X86Parser.mly): in the last column the row
    goes on."""
    test = parse(
        "X86 t\n{}\n P0 | P1 ;\n L: LOCK ADD [x],$0 | M: LOCK ; DEC [x] ;\n"
        " MOV EAX,[lock] | lock;\n inc [y] ;\n"
    )
    shapes = [
        [line.name if isinstance(line, Label) else line.text.split() for line in thread.lines]
        for thread in test.threads
    ]
    assert shapes == [
        ["L", ["LOCK", "ADD", "[x],$0"], ["MOV", "EAX,[lock]"]],
        ["M", ["LOCK", "DEC", "[x]"], ["lock", "inc", "[y]"]],
    ]


def test_lock_before_a_semicolon_is_lock(tmp_path: Path) -> None:
    """Store buffering with a locked instruction between, a full fence (Intel SDM 8.2.3.9)."""
    found = states(
        "X86_64 SB\n{ x=0; y=0; z=0; }\n P0 | P1 ;\n movl $1,(x) | movl $1,(y) ;\n"
        " mfence | lock; addl $0,(z) ;\n movl (y),%eax | movl (x),%eax ;\n"
        "exists (0:rax=0 /\\ 1:rax=0)\n",
        tmp_path,
    )
    assert found[-1].split() == ["Observation", "SB", "Never"]


@pytest.mark.parametrize(
    ("text", "quantifier"),
    [
        ("exists (0:EAX=1)", "exists"),
        ("(0:EAX=1)", "exists"),
        ("locations []\n(0:EAX=1 /\\ x=0);", "exists"),
        ("observed 0:EAX=1; x=1; and 0:EAX=0; x=2;", "exists"),
        ("Observed\n    0:EAX=1; x=1;\n<<\nshow 0 of ess 0\n>>", "exists"),
        ("locations [x int; 0:EAX int32_t; y int*; z *]\nforall (0:EAX=1)", "forall"),
        ("exists 0:EAX=1", "exists"),
        ("~exists (0:EAX=1)", "~exists"),
        ("~ exists (P0:EAX = 1);", "~exists"),
        ("not exists (0:EAX=1)", "~exists"),
        ("forall (0:EAX=1 \\/ not (x=1 /\\ [x]=0) \\/ true)", "forall"),
        ("final (P0:EAX = 1);\nwith\ntso: ~exists;\ndefault: exists;\n<< show 1 ;\n>>", "exists"),
        ("locations [x; 0:EAX;]\nfilter (x=1)\nexists (0:EAX=1)", "exists"),
    ],
)
def test_conditions(text: str, quantifier: str) -> None:
    test = parse(f"X86 t\n{{ x=0; }}\n P0 ;\n MOV EAX,[x] ;\n{text}\n")
    assert test.condition is not None
    assert test.condition.quantifier == quantifier


def test_or_binds_least_tightly_and_implies_most() -> None:
    """As in herd7's grammar (lib/stateParser.mly), whose later precedences are the higher ones."""
    test = parse("X86 t\n{}\n P0 ;\n NOP ;\nexists (x=1 /\\ y=1 \\/ z=1 /\\ ~w=1 => x=0)")
    assert test.condition is not None
    tree = test.condition.tree
    assert tree.op == "or"
    assert [child.op for child in tree.children] == ["and", "and"]
    implication = tree.children[1].children[1]
    assert implication.op == "implies"
    assert [child.op for child in implication.children] == ["not", "eq"]


def test_states_look_like_herd7s(tmp_path: Path) -> None:
    """Registers by number, then locations in brackets; a pointer is a name; ABI names are x's."""
    lines = states(
        "RISCV t\n{ z=x; int64_t y; 0:s0=x; 0:s1=y; 0:a0=3; 0:t0=-1; }\n P0 ;\n"
        " mv a1,s0 ;\n sw a0,0(s0) ;\n sd t0,0(s1) ;\n"
        "locations [x; 0:a1; z]\nexists (0:a0=3 /\\ 0:t0=-1 /\\ y=-1)\n",
        tmp_path,
    )
    assert lines[2] == "0:x5=-1; 0:x10=3; 0:x11=x; [x]=3; [y]=-1; [z]=x;"
    assert lines[3] == "Observation t Always"


def test_a_pointer_can_be_waited_for(tmp_path: Path) -> None:
    lines = states(
        "AArch64 t\n{ x=y; 0:X0=z; 0:X2=x; 1:X2=x; }\n P0 | P1 ;\n"
        " STR X0,[X2] | LDR X0,[X2] ;\nforall (1:X0=y \\/ 1:X0=&z)\n",
        tmp_path,
    )
    assert lines[2:] == ["1:X0=y;", "1:X0=z;", "Observation t Always"]


def test_a_filter_leaves_states_out(tmp_path: Path) -> None:
    text = "X86 t\n{}\n P0 | P1 ;\n MOV EAX,[x] | MOV [x],$1 ;\n"
    assert states(f"{text}exists (0:EAX=0)", tmp_path)[1] == "States 2"
    assert states(f"{text}filter (0:EAX=1)\nexists (0:EAX=0)", tmp_path)[1] == "States 1"


def test_kernel_c_states_have_brackets_too(tmp_path: Path) -> None:
    file = tmp_path / "t.litmus"
    file.write_text("C t\n{ int *p = &x; }\nP0(int **p, int *x) { *x = 1; }\nexists (x=1 /\\ p=x)")
    lines = states_text(fresh_checker().states(Request(file, "sc"))).splitlines()
    assert lines[2] == "[p]=x; [x]=1;"


def test_typed_registers(tmp_path: Path) -> None:
    """A register is printed and compared in the type that the start state gives it."""
    text = "RISCV t\n{ uint64_t 0:x1; int32_t 0:x2; }\n P0;\n li x1,-1;\n li x2,-1;\n"
    shown = states(text + "forall 0:x1=-1 /\\ 0:x2=-1", tmp_path)
    assert shown[2] == "0:x1=18446744073709551615; 0:x2=-1;"
    assert shown[-1] == "Observation t Always"


WIDE = [
    # start state, code, what herd7 7.58 says of it
    ("0:X1=0x123456789abcdef0", "STR X1,[X9]", "0:X2=0; [x]=-1698898192;"),
    ("0:X1=-1", "STR X1,[X9] ; LDR X2,[X9]", "0:X2=18446744073709551615; [x]=-1;"),
    ("x=-1", "LDR X2,[X9]", "0:X2=4294967295; [x]=-1;"),
    ("x=0x100000001", "LDR X2,[X9]", "0:X2=1; [x]=1;"),
    ("int x=-1", "LDR X2,[X9]", "0:X2=4294967295; [x]=-1;"),
    ("uint32_t x=-1", "LDR X2,[X9]", "0:X2=4294967295; [x]=4294967295;"),
    ("int x", "MOV X1,#0x100000005 ; STR X1,[X9]", "0:X2=0; [x]=5;"),
]


@pytest.mark.parametrize(("start", "code", "state"), WIDE, ids=[w[0] for w in WIDE])
def test_an_int_that_wider_accesses_access(
    start: str, code: str, state: str, tmp_path: Path
) -> None:
    """A location starts and is shown in its type, which is int where none is given; what is stored
    is stored whole."""
    text = f"AArch64 t\n{{ {start}; 0:X9=x; uint64_t 0:X2; }}\n P0 ;\n{_rows(code)}"
    lines = states(f"{text}locations [x; 0:X2]\nforall (true)\n", tmp_path)
    assert lines[2] == state
    file = tmp_path / "t.litmus"
    file.write_text(f"{text}exists (x<>77)", encoding="utf-8")
    assert fresh_checker().check(Request(file, "armv8")).witness is not None


def test_a_type_alone_and_unequal(tmp_path: Path) -> None:
    """lwa extends the sign, lwz does not (Power ISA, Book I 3.3.2)."""
    text = "PPC t\n{ 0:r1=x; x=-1; int64_t 0:r0; int64_t 0:r2 }\n"
    text += "P0;\n lwa r0, 0(r1) ;\n lwz r2, 0(r1) ;\nforall 0:r0 = -1 /\\ 0:r2 <> -1\n"
    assert states(text, tmp_path)[-1] == "Observation t Always"


def test_wild_pointers_are_flagged(tmp_path: Path) -> None:
    """The state of an execution that leaves memory is not listed: that is said."""
    text = "AArch64 t\n{ 0:X1=p; int *p=x; 1:X1=p; }\n P0 | P1 ;\n LDR X2,[X1] | STR XZR,[X1] ;\n"
    text += " LDR W0,[X2] | ;\nexists (0:X0=0)\n"
    assert "Flag bad-address" in states(text, tmp_path)


def test_kinds_of_threads_and_expectations_are_passed_over(tmp_path: Path) -> None:
    """herd7 7.58 gives the answer that it gives without them; the last needs no semicolon."""
    text = "X86 t\n{}\nP0:T | P1 : main ;\n MOV EAX,[x] | MOV [x],$1 ;\nexists (0:EAX=1)\n"
    assert states(f"{text}with tso: exists", tmp_path)[1:] == [
        "States 2",
        "0:EAX=0;",
        "0:EAX=1;",
        "Observation t Sometimes",
    ]


@pytest.mark.parametrize(
    ("dialect", "store", "load", "register"),
    [
        ("AArch64", "STR %v,[%a]", "LDR X0,[%a]", "X0"),
        ("ARM", "STR %v,[%a]", "LDR R0,[%a]", "R0"),
        ("PPC", "std %v,0(%a)", "ld r0,0(%a)", "r0"),
        ("RISCV", "sd %v,0(%a)", "ld x5,(%a)", "x5"),
    ],
)
def test_registers_without_a_number(
    dialect: str, store: str, load: str, register: str, tmp_path: Path
) -> None:
    """``%a=x`` gives every thread that names it a register with the address of x."""
    text = f"{dialect} t\n{{ uint64_t %a=x; int x; %v=7; }}\n P0 | P1 ;\n {store} | {load} ;\n"
    text = text.replace("int x", "int x" if dialect == "ARM" else "int64_t x")
    shown = states(text + f"exists (1:{register}=7 /\\ 0:%v=7)", tmp_path)
    assert shown[2:] == [
        f"0:%v=7; 1:{register}=0;",
        f"0:%v=7; 1:{register}=7;",
        "Observation t Sometimes",
    ]


ARRAYS = """AArch64 t
{ int64_t v[2]={1,-2}; 0:X0=v; 1:X0=v[1]; int w[3]; 1:X2=w; }
 P0             | P1           ;
 LDR X1,[X0],#8 | LDR X1,[X0]  ;
 STR X1,[X0]    | STR W1,[X2,#8] ;
"""


def test_arrays(tmp_path: Path) -> None:
    """Elements are side by side; the array's name is the address of the first."""
    shown = states(ARRAYS + "locations [w[2]]\nforall v[0]=1 /\\ v[1]=1 /\\ 0:X0=v[1]", tmp_path)
    assert shown[2:4] == [
        "0:X0=v[1]; v[0]=1; v[1]=1; w[2]=-2;",
        "0:X0=v[1]; v[0]=1; v[1]=1; w[2]=1;",
    ]
    assert shown[-1] == "Observation t Always"
    assert states(ARRAYS + "forall 1:X2=w", tmp_path)[-1] == "Observation t Always"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ARRAYS + "exists v[2]=1", "v has no element 2"),
        (ARRAYS.replace("#8]", "#12]") + "exists v[1]=1", "at the address of no location"),
        (ARRAYS.replace("{1,-2}", "{1,2,3}") + "exists v[1]=1", "no more values"),
        (ARRAYS.replace("{1,-2}", "{1,1.5}") + "exists v[1]=1", "'1.5' is no number"),
        (
            "X86_64 t\n{ int v[2]; }\n P0;\n movl $1,(v);\nexists v[0]=1\n",
            "has to be in a register",
        ),
    ],
)
def test_wrong_arrays(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        states(text, tmp_path)


def test_conditions_over_typed_registers_and_the_replay(tmp_path: Path) -> None:
    """Both compare in the register's type: 32 bits of ones are -1."""
    file = tmp_path / "t.litmus"
    file.write_text("AArch64 t\n{ uint32_t 0:X0; }\nP0;\n MOV W0,#-1;\nexists (0:X0=-1)\n")
    assert fresh_checker().check(Request(file, "armv8")).observation == "Always"


def test_whole_arrays_in_conditions(tmp_path: Path) -> None:
    text = "AArch64 t\n{ 0:X1=v; int v[3]={1,2,3}; }\n P0 ;\n LDR W0,[X1,#4] ;\n STR W0,[X1] ;\n"
    assert states(text + "forall (v={2,2,3} /\\ 0:X0=2)", tmp_path)[-1] == "Observation t Always"
    assert states(text + "exists (v={1,2,3})", tmp_path)[-1] == "Observation t Never"
    assert states(text + "forall (v!={2,2,4})", tmp_path)[-1] == "Observation t Always"


def test_an_element_that_is_named_before_its_array(tmp_path: Path) -> None:
    text = "AArch64 t\n{ 0:X2=v[1]; int64_t v[2]={22,44}; }\n P0 ;\n LDR X0,[X2] ;\n"
    assert states(text + "forall (0:X0=44 /\\ v[0]=22)", tmp_path)[-1] == "Observation t Always"


def test_an_access_beside_every_location_behind_a_branch(tmp_path: Path) -> None:
    """It is no mistake of the test while nobody comes there (herd7's AArch64 A261)."""
    file = tmp_path / "t.litmus"
    rows = " LDR W2,[X0] ;\n CBNZ W2,L ;\n LDR W1,[X3] ;\n L: ;\n"
    for start, flags in ((1, ()), (0, ("bad-address",))):
        init = f"{{ x={start}; 0:X0=x; 0:X3=16; }}"
        file.write_text(f"AArch64 t\n{init}\n P0 ;\n{rows}exists (0:X2={start})\n")
        observed = fresh_checker().states(Request(file, "armv8"))
        assert observed.flags == flags
        assert len(observed.states) == start


def test_all_of_an_array_is_shown_where_it_is_listed(tmp_path: Path) -> None:
    """herd7 prints ``v={1,7}``; here each element is a place of its own."""
    file = tmp_path / "t.litmus"
    start = "{ int v[2]={1,2}; 0:X0=v; 0:X1=7; }"
    file.write_text(f"AArch64 t\n{start}\n P0 ;\n STR W1,[X0,#4] ;\nlocations [v;]\n")
    observed = fresh_checker().states(Request(file, "armv8"))
    assert (observed.texts, observed.states) == (("v[0]", "v[1]"), ((1, 7),))
    # Without a condition herd7 asks for what is true of every state.
    assert observed.observation == "Always"
    assert states_text(observed).startswith("Test t Required\n")
    assert normal_form("v={1, 7}; 0:X1=7") == "0:X1=7; v[0]=1; v[1]=7"
    assert normal_states(observed) == ("v[0]=1; v[1]=7",)


def test_the_stack_pointer(tmp_path: Path) -> None:
    text = "AArch64 t\n{ 0:sp=x; int x=1; }\n P0 ;\n ADD X2,SP,#4 ;\n LDR W1,[SP] ;\n"
    text += " LDR W3,[X2,#-4] ;\nforall (0:X1=1 /\\ 0:X3=1 /\\ 0:SP=x)"
    assert states(text, tmp_path)[-1] == "Observation t Always"


def always(text: str, path: Path) -> bool:
    return states(text, path)[-1].endswith(" Always")


def test_a_start_state_without_types_and_values(tmp_path: Path) -> None:
    """What has neither starts as 0; ``*p`` is a pointer, ``_Atomic`` and ATOMIC_INIT are C's."""
    start = "x; 0:X2; _Atomic int y = 3; int z = ATOMIC_INIT(-2); *p=&x; * q; 0:X1=x"
    text = f"AArch64 t\n{{ {start} }}\n P0 ;\n LDR W2,[X1] ;\n"
    holds = "0:X2=0 /\\ x=0 /\\ y=3 /\\ z=-2 /\\ p=x /\\ q=0"
    assert always(text + f"forall ({holds})", tmp_path)


def test_arrays_of_addresses(tmp_path: Path) -> None:
    text = "AArch64 t\n{ int64_t v[3]={1,y,&x}; int x=5; int y=7; 0:X0=v; }\n P0 ;\n"
    text += " LDR X1,[X0,#8] ;\n LDR W2,[X1] ;\n LDR X3,[X0,#16] ;\n LDR W4,[X3] ;\n"
    assert always(text + "forall (0:X2=7 /\\ 0:X4=5 /\\ v[1]=y /\\ 0:X3=x)", tmp_path)


@pytest.mark.parametrize(
    "equal", ["[x]=[y]", "x=*y", "0:X2=[y]", "x=0:X2", "x=*0:X2", "[x]=0:X2", "w=0:X2"]
)
def test_the_right_side_of_a_comparison(equal: str, tmp_path: Path) -> None:
    """``y`` alone is its address, ``[y]`` and ``*y`` what it holds. The check replays a witness."""
    text = "AArch64 t\n{ 0:X1=x; int64_t y=-3; int w=-3; }\n P0 ;\n MOV W2,#-3 ;\n STR W2,[X1] ;\n"
    file = tmp_path / "t.litmus"
    for word, observation in (("exists", "Always"), ("exists not", "Never")):
        file.write_text(text + f"{word} ({equal})", encoding="utf-8")
        assert fresh_checker().check(Request(file, "armv8")).observation == observation


@pytest.mark.parametrize("condition", ["x=y", "0:X2=[z]"])
def test_unequal(condition: str, tmp_path: Path) -> None:
    """An address is no value; 2^32 - 3 in 64 bits is not -3."""
    text = "AArch64 t\n{ 0:X1=x; int y=-3; int64_t z=4294967293; }\n P0 ;\n MOV W2,#-3 ;\n"
    file = tmp_path / "t.litmus"
    file.write_text(text + f" STR W2,[X1] ;\nexists ({condition})", encoding="utf-8")
    assert fresh_checker().check(Request(file, "armv8")).observation == "Never"


def _rows(code: str) -> str:
    """One thread's column, an instruction a row."""
    return "".join(f" {line.strip()} ;\n" for line in code.split(";"))


JUMPS = [
    # dialect, instructions, register, its value: the one that is jumped over does not come
    ("AArch64", "B .+8 ; MOV W0,#1 ; ADD W0,W0,#2", "0:X0", 2),
    ("AArch64", "CBZ W1,.+12 ; MOV W0,#1 ; ADD W0,W0,#2", "0:X0", 0),
    ("AArch64", "ADD W0,W0,#1 ; CMP W0,#3 ; B.NE .-8", "0:X0", 3),
    ("AArch64", "1: ADD W0,W0,#1 ; CMP W0,#3 ; B.NE 1b ; B 1f ; MOV W0,#7 ; 1:", "0:X0", 3),
    ("ARM", "B .+8 ; MOV R0,#1 ; ADD R0,R0,#2", "0:R0", 2),
    ("PPC", "b .+8 ; li r0,1 ; addi r1,r0,2", "0:r0", 0),
    ("PPC", "1: addi r1,r1,1 ; cmpwi r1,3 ; bne 1b", "0:r1", 3),
    ("RISCV", "beq x0,x5,. + 8 ; li x6,1 ; addi x6,x6,2", "0:x6", 2),
    ("RISCV", "bnez x5,1f ; 0: li x6,1 ; 1: addi x6,x6,2", "0:x6", 3),
    ("X86_64", "jmp 2f ; movl $1,%eax ; 2: addl $2,%eax", "0:EAX", 2),
]


@pytest.mark.parametrize(("dialect", "code", "place", "value"), JUMPS, ids=[j[1] for j in JUMPS])
def test_jumps_without_names(
    dialect: str, code: str, place: str, value: int, tmp_path: Path
) -> None:
    """``.+8`` is the second instruction behind this; ``1b`` the last label 1, ``1f`` the next."""
    file = tmp_path / "t.litmus"
    file.write_text(
        f"{dialect} t\n{{}}\n P0 ;\n{_rows(code)}exists ({place}={value})", encoding="utf-8"
    )
    verdict = fresh_checker().check(Request(file, usual_model(file)))
    assert (verdict.observation, verdict.witness is None) == ("Always", False)


NARROW = [
    # A 32-bit store into a uint64_t that nobody accesses whole: the upper half stays 0.
    ("AArch64", "uint64_t x; 0:X1=x", "MOV W0,#-1 ; STR W0,[X1]", "x=4294967295"),
    ("AArch64", "int64_t x=7; 0:X1=x; int64_t 0:X0", "LDR W0,[X1]", "0:X0=7 /\\ x=7"),
    # Without a type it is an int, of which the lowest byte is accessed.
    ("AArch64", "0:X1=x", "MOV W0,#200 ; STRB W0,[X1]", "x=200"),
    ("RISCV", "x=200; 0:x5=x; int64_t 0:x6", "lb x6,0(x5)", "0:x6=-56 /\\ x=200"),
    ("X86_64", "uint64_t x=5", "incl (x)", "x=6"),
    ("PPC", "x=5; 0:r1=x", "lbz r2,0(r1) ; addi r2,r2,1 ; stb r2,0(r1)", "x=6"),
    # What is computed from an address leads to the same location.
    ("AArch64", "0:X4=z; 0:X2=0; z=-1", "LDR X3,[X4,X2]", "0:X3=-1"),
    ("RISCV", "0:x7=z; 0:x8=0; z=-1", "add x9,x7,x8 ; ld x5,0(x9)", "0:x5=-1"),
    # A register that holds two addresses in turn tells nothing of either.
    (
        "AArch64",
        "0:X1=x; 0:X2=y; 0:X9=0; x=-1; y=3",
        "ADD X4,X1,X9 ; ADD X4,X2,X9 ; LDR W5,[X4] ; LDR X6,[X1]",
        "0:X5=3 /\\ 0:X6=-1",
    ),
    # An address is in the low bits of a location that only words are stored to and loaded from.
    ("AArch64", "x=y; y=0; 0:X1=x", "MOV W0,#1 ; STR W0,[X1]", "x=1 /\\ y=0"),
    ("PPC", "x=y; y=7; 0:r4=x", "lwz r5,0(r4) ; lwz r6,0(r5)", "0:r5=y /\\ 0:r6=7"),
    # Addresses on a machine of 32 bits.
    (
        "ARM",
        "p=x; *q=y; 0:R1=p; 0:R2=q; y=3",
        "LDR R3,[R2] ; STR R3,[R1] ; LDR R0,[R3]",
        "p=y /\\ 0:R0=3",
    ),
]


@pytest.mark.parametrize(("dialect", "start", "code", "holds"), NARROW, ids=[n[2] for n in NARROW])
def test_locations_of_which_a_part_is_accessed(
    dialect: str, start: str, code: str, holds: str, tmp_path: Path
) -> None:
    file = tmp_path / "t.litmus"
    for word, observation in (("exists", "Always"), ("exists not", "Never")):
        text = f"{dialect} t\n{{ {start}; }}\n P0 ;\n{_rows(code)}{word} ({holds})\n"
        file.write_text(text, encoding="utf-8")
        assert fresh_checker().check(Request(file, usual_model(file))).observation == observation


PARTS = [
    # dialect, start state, code, what holds: a load of the low part of what stores write whole
    ("AArch64", "uint64_t x=0x0000000100000002; 0:X2=x", "LDR W0,[X2]", "0:X0=2"),  # herd7's A176
    ("AArch64", "int64_t x=-1; 0:X2=x; int64_t 0:X0", "LDAR W0,[X2]", "0:X0=4294967295"),
    (
        "AArch64",
        "x=0x1f0; 0:X2=x; int64_t 0:X0",
        "LDRSB X0,[X2] ; LDR W1,[X2]",
        r"0:X0=-16 /\ 0:X1=496",
    ),
    ("AArch64", "int64_t x; 0:X2=x; 0:X1=-3", "STR X1,[X2] ; LDRH W0,[X2]", "0:X0=65533"),
    ("RISCV", "int64_t x=-3; 0:x6=x; int64_t 0:x5", "lw x5,0(x6)", "0:x5=-3"),
    ("RISCV", "int64_t x=-3; 0:x6=x; int64_t 0:x5", "lbu x5,0(x6)", "0:x5=253"),
    ("X86_64", "int64_t x=0x1ff; int64_t 0:rax", "movzbl (x),%eax", "0:rax=255"),
    ("ARM", "int x=0x1ff; 0:R1=x", "LDRSB R0,[R1]", "0:R0=-1"),
]


@pytest.mark.parametrize(("dialect", "start", "code", "holds"), PARTS, ids=[p[2] for p in PARTS])
def test_loads_of_a_part(dialect: str, start: str, code: str, holds: str, tmp_path: Path) -> None:
    file = tmp_path / "t.litmus"
    for word, observation in (("exists", "Always"), ("exists not", "Never")):
        text = f"{dialect} t\n{{ {start}; }}\n P0 ;\n{_rows(code)}{word} ({holds})\n"
        file.write_text(text, encoding="utf-8")
        assert fresh_checker().check(Request(file, usual_model(file))).observation == observation
        assert fresh_checker().states(Request(file, usual_model(file))).observation == observation


@pytest.mark.parametrize(("barrier", "expected"), [("DMB LD", "Never"), ("NOP", "Sometimes")])
def test_parts_in_message_passing(barrier: str, expected: str, tmp_path: Path) -> None:
    """A part is read from one store, and ordered as all of it."""
    start = "int64_t x; int64_t y; 0:X1=x; 0:X3=y; 1:X1=x; 1:X3=y; 0:X0=0x200000001"
    rows = f" STR X0,[X1] | LDR W0,[X3] ;\n DMB ST | {barrier} ;\n STR X0,[X3] | LDR W2,[X1] ;\n"
    file = tmp_path / "t.litmus"
    head = f"AArch64 t\n{{ {start}; }}\n P0 | P1 ;\n"
    file.write_text(head + rows + r"exists (1:X0=1 /\ 1:X2=0)", encoding="utf-8")
    assert fresh_checker().check(Request(file, "armv8")).observation == expected
    found = fresh_checker().states(Request(file, "armv8"))
    assert {value for state in found.states for value in state} == {0, 1}


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("MOVZ W0,#0x100,LSL #16", 1 << 24),
        ("MOV W1,#1 ; REV W0,W1", 1 << 24),
        ("MOV W1,#3 ; LSL W0,W1,#23", 3 << 23),
        ("MOVZ W0,#0x110,LSL #16", 0x1100000),
        ("MOV W1,#0x101 ; LSL W0,W1,#16", 0x1010000),
    ],
)
def test_a_number_that_a_test_computes_is_no_address(code: str, value: int, tmp_path: Path) -> None:
    """herd7's addresses are no numbers, so that none of these is x or y there."""
    rows = "".join(f" {line.strip()} ;\n" for line in code.split(";"))
    end = "exists (0:X0=x \\/ 0:X0=y)"
    text = f"AArch64 t\n{{ 0:X2=x; 0:X3=y; }}\n P0 ;\n{rows} STR W0,[X2] ;\n{end}\n"
    lines = states(text, tmp_path)
    assert lines[2] == f"0:X0={value};"
    assert lines[-1] == "Observation t Never"


def test_an_address_far_behind_a_location_has_its_name(tmp_path: Path) -> None:
    text = "AArch64 t\n{ 0:X1=x; 0:X2=y; }\n P0 ;\n LDR X0,[X1],#44 ;\n ADD X2,X2,#2048 ;\n"
    lines = states(f"{text}locations [0:X1;0:X2;]\n", tmp_path)
    assert lines[2] == "0:X1=x+44; 0:X2=y+2048;"
