"""The litmus container: head, start state, threads, conditions (herd7's format)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.syntax import c_ast
from ksmcheck.syntax.litmus import load_litmus, parse_litmus
from ksmcheck.syntax.litmus_ast import LitmusTest, PropTree, Register
from ksmcheck.text import InputError, Source

SB = """C SB+mbs
(*
 * Result: Never
 *)
"PodWR Fre PodWR Fre"
Prefetch=0:x=F,0:y=T
Com=Fr Fr
{
}

P0(int *x, int *y)
{
	int r0;

	WRITE_ONCE(*x, 1); // store
	smp_mb(); (* full *)
	r0 = READ_ONCE(*y);
}

P1(int *x, int *y)
{
	int r0;

	WRITE_ONCE(*y, 1);
	smp_mb();
	r0 = READ_ONCE(*x);
}

exists (0:r0=0 /\\ 1:r0=0)
"""


def test(
    body: str, *, kernel: str = "6.12", defines: tuple[tuple[str, str], ...] = ()
) -> LitmusTest:
    return parse_litmus(Source("t.litmus", f"C t\n{body}"), kernel=kernel, defines=defines)


test.__test__ = False  # type: ignore[attr-defined]


def tree(prop: PropTree | None) -> str:
    """A proposition in one line."""
    assert prop is not None
    inner = [tree(child) for child in prop.children] + [
        operand.span.text for operand in prop.operands
    ]
    return f"{prop.op}({', '.join(inner)})" if inner else prop.op


def condition(text: str) -> str:
    final = test(f"{{}}\nP0() {{}}\n{text}").condition
    assert final is not None
    return f"{final.quantifier} {tree(final.tree)}"


def test_store_buffering() -> None:
    sb = parse_litmus(Source("sb.litmus", SB))
    assert (sb.name, sb.path, sb.init, sb.top) == ("SB+mbs", "sb.litmus", (), ())
    assert sb.info == (("Prefetch", "0:x=F,0:y=T"), ("Com", "Fr Fr"))
    assert sb.comment == "Result: Never\nPodWR Fre PodWR Fre"
    assert [thread.name for thread in sb.threads] == ["P0", "P1"]
    assert [len(t.body.body) for t in sb.threads if t.body] == [4, 4]
    assert sb.condition is not None and sb.condition.quantifier == "exists"
    assert tree(sb.condition.tree) == "and(eq(0:r0, 0), eq(1:r0, 0))"
    left = sb.condition.tree.children[0].operands[0]
    assert isinstance(left, Register) and (left.thread, left.name) == (0, "r0")


def test_start_state() -> None:
    entries = test(
        """{ x=1; int y; int *p = &x; int a[3] = {1, 2, 3}; 0:r1=2; int 0:r2=&x; int *1:r3; [z]=1;
        q=y; struct page mem_map[3]; struct node n = {.kpfn = 0}; n.kpfn = 1; mem_map[1].next = &n;
        spinlock_t l; atomic_t v = ATOMIC_INIT(3); foo_t w; int b, *c = &b; *p = 3 }
        P0() {}"""
    ).init
    assert [(e.target.span.text, e.thread) for e in entries] == [
        *(("x", None), ("y", None), ("p", None), ("a", None), ("r1", 0), ("r2", 0), ("r3", 1)),
        *(("z", None), ("q", None), ("mem_map", None), ("n", None), ("n.kpfn", None)),
        *(("mem_map[1].next", None), ("l", None), ("v", None), ("w", None)),
        *(("b", None), ("c", None), ("*p", None)),
    ]
    by_name = {e.target.span.text: e for e in entries}
    assert by_name["x"].type is None and isinstance(by_name["x"].value, c_ast.IntLit)
    assert isinstance(by_name["y"].type, c_ast.NamedType) and by_name["y"].value is None
    assert isinstance(by_name["p"].type, c_ast.PointerType)
    assert isinstance(by_name["a"].type, c_ast.ArrayType)
    assert isinstance(by_name["a"].value, c_ast.InitList)
    assert isinstance(by_name["r3"].type, c_ast.PointerType) and by_name["r3"].value is None
    # herd7's q=y keeps the name: kernel/ says that it is the address.
    assert isinstance(by_name["q"].value, c_ast.Name)
    assert isinstance(by_name["v"].value, c_ast.Call)
    assert by_name["p"].span.text == "int *p = &x"


def test_definitions_before_and_after_the_start_state() -> None:
    t = test(
        """
typedef unsigned long pfn_t;
struct node { pfn_t kpfn; };
{ struct node n; }
static int get(struct node *n) { return n->kpfn; }
static void P1(struct node *n) { int r1 = get(n); }
void P0(struct node *n) { n->kpfn = (pfn_t)1; }
"""
    )
    assert [type(item).__name__ for item in t.top] == ["Typedef", "StructDef", "Function"]
    # Threads come in the order of their numbers.
    assert [thread.name for thread in t.threads] == ["P0", "P1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exists (x=1)", "exists eq(x, 1)"),
        ("~exists (x=1)", "~exists eq(x, 1)"),
        ("~ exists x=1", "~exists eq(x, 1)"),
        ("not exists (x=1)", "~exists eq(x, 1)"),
        ("forall (true)", "forall true"),
        # /\\ binds tighter than \\/ (herd7 manual, conditions).
        (r"exists (x=1 \/ y=1 /\ z=1)", "exists or(eq(x, 1), and(eq(y, 1), eq(z, 1)))"),
        (r"exists ((x=1 \/ y=1) /\ z=1)", "exists and(or(eq(x, 1), eq(y, 1)), eq(z, 1))"),
        (r"exists (x=1 => y=1)", "exists implies(eq(x, 1), eq(y, 1))"),
        # => binds most tightly, and from the right (herd7's lib/stateParser.mly).
        (
            r"exists (x=1 /\ y=1 => z=1 /\ true)",
            "exists and(eq(x, 1), implies(eq(y, 1), eq(z, 1)), true)",
        ),
        (
            r"exists (x=1 => y=1 => ~z=1 \/ x=2)",
            "exists or(implies(eq(x, 1), implies(eq(y, 1), not(eq(z, 1)))), eq(x, 2))",
        ),
        ("final (x=1)", "exists eq(x, 1)"),
        ("(x=1)", "exists eq(x, 1)"),
        (r"(x=1 /\ y=1) \/ z=2;", "exists or(and(eq(x, 1), eq(y, 1)), eq(z, 2))"),
        ("locations [x int; 0:r1 int*; y;]\nexists (x=1)", "exists eq(x, 1)"),
        (r"exists (x=1 /\ y=1 /\ z=1)", "exists and(eq(x, 1), eq(y, 1), eq(z, 1))"),
        ("exists (~(x=1))", "exists not(eq(x, 1))"),
        # herd7's reading of ~: of the whole equation.
        (r"exists (~x=1 /\ not 0:r1=2)", "exists and(not(eq(x, 1)), not(eq(0:r1, 2)))"),
        ("exists ([x]=1)", "exists eq(x, 1)"),
        ("exists (*p=3)", "exists eq(*p, 3)"),
        ("exists (node.kpfn=2)", "exists eq(node.kpfn, 2)"),
        ("exists (mem_map[1].mapping!=0)", "exists ne(mem_map[1].mapping, 0)"),
        ("exists (x=&y)", "exists eq(x, &y)"),
        ("exists (0:r1=-1)", "exists eq(0:r1, -1)"),
        ("exists (0:r1 == 1 && x != 0x2)", "exists and(eq(0:r1, 1), ne(x, 0x2))"),
        ("exists (x + 1 <= 0:r1 * 2)", "exists le(x + 1, 0:r1 * 2)"),
        ("exists ((x & 3) == 1 || !y)", "exists or(eq(x & 3, 1), not(ne(y, y)))"),
        ("exists (x == ~1)", "exists eq(x, ~1)"),
        ("exists ((~x) == 1)", "exists eq(~x, 1)"),
        ("exists ((unsigned long)p == 8)", "exists eq((unsigned long)p, 8)"),
        ("exists (x=1) (* always: it's so *)", "exists eq(x, 1)"),
    ],
)
def test_conditions(text: str, expected: str) -> None:
    assert condition(text) == expected


def test_equality_inside_operands_is_equality() -> None:
    final = test("{}\nP0() {}\nexists ((x = 1) == 0:r1)").condition
    assert final is not None
    left = final.tree.operands[0]
    assert isinstance(left, c_ast.Binary) and left.op == "=="


def test_long_conditions_are_flat() -> None:
    final = test("{}\nP0() {}\nexists (" + " /\\ ".join(["x=1"] * 3000) + ")").condition
    assert final is not None
    assert (final.tree.op, len(final.tree.children)) == ("and", 3000)


def test_locations_and_filter() -> None:
    t = test("{}\nP0() {}\nlocations [x; 0:r1; *p; m[1].f;]\nfilter (x=1)\nforall (y=1)")
    assert [location.span.text for location in t.locations] == ["x", "0:r1", "*p", "m[1].f"]
    assert tree(t.filter) == "eq(x, 1)"


def test_assignments_in_threads_stay_assignments() -> None:
    (thread,) = test("{}\nP0() { a = b; if (a = b) c; }\nexists (a=b)").threads
    assert thread.body is not None
    first, second = thread.body.body
    assert isinstance(first, c_ast.ExprStmt) and isinstance(first.expr, c_ast.Assign)
    assert isinstance(second, c_ast.If) and isinstance(second.condition, c_ast.Assign)


def test_macros_work_in_every_part() -> None:
    t = test(
        """
#define ONE 1
#define START x = ONE
{ START; }
P0(int *x) { WRITE_ONCE(*x, ONE); }
#if KSMCHECK_KERNEL < KERNEL_VERSION(4,0,0)
exists (x=ONE)
#else
forall (x=N)
#endif
""",
        kernel="6.12",
        defines=(("N", "7"),),
    )
    (entry,) = t.init
    assert isinstance(entry.value, c_ast.IntLit) and entry.value.value == 1
    assert t.condition is not None and t.condition.quantifier == "forall"
    value = t.condition.tree.operands[1]
    assert isinstance(value, c_ast.IntLit) and value.value == 7


def test_errors_in_a_macro_show_its_use_and_its_definition() -> None:
    with pytest.raises(InputError) as caught:
        test("#define BAD(v) ((v) +)\n{}\nP0(int *x) {\n\tint r0 = BAD(*x);\n}")
    assert str(caught.value) == (
        "t.litmus:5:11: error: expected an expression, found ')'\n"
        "    5 | \tint r0 = BAD(*x);\n"
        "      | \t         ^^^^^^^\n"
        "  in the expansion of a macro defined at t.litmus:2:22"
    )


def test_trees_from_a_macro_have_the_span_of_its_use() -> None:
    (thread,) = test("#define SET(p) WRITE_ONCE(*(p), 1)\n{}\nP0(int *x) {\n\tSET(x);\n}").threads
    assert thread.body is not None
    (statement,) = thread.body.body
    assert isinstance(statement, c_ast.ExprStmt)
    assert isinstance(statement.expr, c_ast.Call) and statement.expr.callee.name == "WRITE_ONCE"
    span = statement.expr.span
    assert (span.text, span.line) == ("SET(x)", 5)
    assert span.via is not None and span.via.line == 2


def test_unroll_pragma() -> None:
    (thread,) = test("{}\nP0() {\n#pragma ksmcheck unroll 5\nwhile (x) ;\n}").threads
    assert thread.body is not None
    (loop,) = thread.body.body
    assert isinstance(loop, c_ast.While) and loop.unroll == 5


def test_a_title_before_the_start_state_is_a_comment() -> None:
    t = test("Initially, x -> y\n{ x = y; }\nP0() {}")
    assert (t.comment, len(t.init)) == ("Initially, x -> y", 1)


def test_struct_before_its_brace_is_no_title() -> None:
    t = test("struct s\n{ int a; };\n{ }\nP0() {}")
    assert [type(item).__name__ for item in t.top] == ["StructDef"]


def test_load_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sb.litmus"
    path.write_text(SB.replace("\n", "\r\n"), encoding="utf-8", newline="")
    loaded = load_litmus(path)
    assert (loaded.path, loaded.name, len(loaded.threads)) == (str(path), "SB+mbs", 2)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        load_litmus(tmp_path / "no.litmus")
    with pytest.raises(InputError, match="cannot read"):
        load_litmus(tmp_path)
    (tmp_path / "latin.litmus").write_bytes(b"C t\n(* \xe9 *)\n")
    with pytest.raises(InputError, match=r"latin\.litmus:2:4: error: this is not UTF-8 text"):
        load_litmus(tmp_path / "latin.litmus")
    with pytest.raises(InputError, match="cannot read"):
        load_litmus(Path("a\0b"))


def test_spellings_of_herd7() -> None:
    """A name for TeX in the first line, and threads with a P in conditions."""
    text = r"C t (title) (* more *)" + "\n{}\nP0(int *x) { int r0 = *x; }\nexists (P0:r0=1)"
    test = parse_litmus(Source("t", text))
    assert test.name == "t"
    assert test.condition is not None
    operand = test.condition.tree.operands[0]
    assert isinstance(operand, Register)
    assert (operand.thread, operand.name) == (0, "r0")


@pytest.mark.parametrize(
    ("head", "comment"),
    [
        (" with a title", "with a title"),
        (" - a title\n", "- a title"),
        ("\n# a shell's comment\nprose, more / less\nRelax=PodRW\n(* c *)\n", "prose, more / less"),
        ("\nResult: Never /* as herd7\nsays */\n", "Result: Never"),
        ("\n# 1\n", "1"),
    ],
)
def test_any_text_up_to_the_start_state(head: str, comment: str) -> None:
    """lib/splitter.mll of herdtools7: behind the name, ``find_init`` passes over lines up to the
    first brace; only ``Key=value`` lines are kept."""
    test = parse_litmus(Source("t", f"C t{head}{{}}\nP0(int *x) {{}}"))
    assert comment in test.comment.splitlines()
    assert test.info == ((("Relax", "PodRW"),) if "Relax" in head else ())


def test_c_before_the_start_state_is_no_title() -> None:
    text = "C t\n#define N 2\nstruct s\n{ int a; };\nint f(void)\n{ return N; }\n{}\nP0(void) {}"
    assert len(parse_litmus(Source("t", text)).top) == 2
    variables = "C t\nunsigned char c = 200; short s = -3;\n{ }\nP0(void) {}"
    assert len(parse_litmus(Source("t", variables)).top) == 2
    with pytest.raises(InputError, match="unknown directive '#deifne'"):
        parse_litmus(Source("t", text.replace("define", "deifne")))


# In each text, ^ stands before the place that the caret has to point to.
@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("^", "a litmus test begins with the line 'C name'"),
        ("^int x;", "unknown litmus language 'int'"),
        ("^X86 SB\n{}\n", "a test in kernel C is needed here, this one is X86"),
        ("^MIPS MP\n{}\n", "tests in MIPS are not supported"),
        ("C a ^int b;\n{}\nP0() {}", "the first line holds one name only"),
        ("C a ^b(c)\n{}\nP0() {}", "the first line holds one name only"),
        ("C a\n^(* open", "this comment is not closed"),
        ("C ^a\nP0() {}", "the test has no start state"),
        ("C ^a\n{}\n", "the test has no threads"),
        ("C a\n^{ x = 1;", "the start state is not closed"),
        ("C a\n{ x = 1 ^y = 2; }\nP0() {}", "expected ';' after an entry of the start state"),
        ("C a\n{ x[1]^; }\nP0() {}", "expected '=' after the location, found ';'"),
        ("C a\n{ ^f(x) = 1; }\nP0() {}", "this is not a location"),
        ("C a\n{ ^static int x; }\nP0() {}", "'static' has no meaning in the start state"),
        ("C a\n{}\n^{}\nP0() {}", "a second start state"),
        ("C a\n{}\n^P1() {}", "there is a thread P1 but no P0"),
        ("C a\n{}\nP0() {}\n^P0() {}", "a second thread P0"),
        ("C a\n{}\n^P0();", "thread P0 has no body"),
        ("C a\n{}\nP0() {}^}", "this '}' closes nothing"),
        ("C a\n{}\nP0() { x = 1;\n^P1() {}", "'P1' inside a function"),
        ("C a\n{}\nP0() { x = 1;\n^exists (x=1)", "'exists' inside a function"),
        ("C a\n{}\nP0() {}\nexists (x=1)\n^forall (x=1)", "a second condition"),
        ("C a\n{}\nP0() {}\nfilter (x=1)\n^filter (x=1)", "a second filter"),
        ("C a\n{}\nP0() {}\n~^forall (x=1)", "expected 'exists', found 'forall'"),
        ("C a\n{}\nP0() {}\nexists (x=1)^)", "expected the end of the test"),
        ("C a\n{}\nP0() {}\nexists (x=1) ^really", "expected the end of the test"),
        ("C a\n{}\nP0() {}\nexists (x=1^", "expected ')' to close the parenthesis"),
        ("C a\n{}\nP0() {}\nexists (x=^)", "expected an expression, found ')'"),
        ("C a\n{}\nP0() {}\nexists (^x=1=2)", "comparisons do not chain"),
        ("C a\n{}\nP0() {}\nexists (^~x==1)", "'~' before a comparison can be read in two ways"),
        ("C a\n{}\nP0() {}\nexists (^~x)", "'~' of a number is no proposition"),
        ("C a\n{}\nP0() {}\nexists (^x={1})", "x is no array of a known length"),
        ("C a\n{ int x[2]; }\nP0() {}\nexists (^x={1})", "x has 2 elements, not 1"),
        ("C a\n{}\nP0() {}\nexists (x+1=^{1})", "elements are compared with those of an array"),
        ("C a\n{}\nP0() {}\nexists (x=1);\n^(x=2)", "a second condition"),
        ("C a\n{}\nP0() {}\nexists (^1a:r0=1)", "'1a' is not the number of a thread"),
        ("C a\n{}\nP0() {}\nexists (0:^1=1)", "expected a local variable after ':', found '1'"),
        ("C a\n{}\nP0() {}\nexists (x=1 ^? 1 : 0)", "expected ')' to close the parenthesis"),
        ("C a\n{}\nP0() {}\nlocations [^1]", "this is not a location"),
        ("C a\n{}\nP0() {}\nlocations ^x", "expected '[' after 'locations', found 'x'"),
    ],
)
def test_errors(marked: str, message: str) -> None:
    place = marked.index("^")
    text = marked[:place] + marked[place + 1 :]
    with pytest.raises(InputError) as caught:
        parse_litmus(Source("t.litmus", text))
    diagnostic = caught.value.diagnostic
    assert message in diagnostic.message
    assert diagnostic.span is not None
    assert diagnostic.span.start == place, diagnostic.render()
