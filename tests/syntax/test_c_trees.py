"""Trees of expressions, types and statements, written by hand after C17's grammar."""

from __future__ import annotations

import pytest

from ksmcheck.record import Struct, fields
from ksmcheck.syntax import c_ast
from ksmcheck.syntax.c_parser import parse_c, parse_expression
from ksmcheck.text import Source, Span


def shape(node: object) -> str:
    """A tree in one line: operators prefix, names and numbers bare."""
    match node:
        case c_ast.IntLit(value=value):
            return str(value)
        case c_ast.Name(name=name) | c_ast.NamedType(name=name):
            return name
        case c_ast.TagType(kind=kind, tag=tag):
            return f"{kind} {tag}"
        case c_ast.PointerType(target=target, volatile=volatile):
            return f"ptr({'volatile ' * volatile}{shape(target)})"
        case c_ast.ArrayType(element=element, length=length):
            return f"array({shape(element)}, {shape(length)})"
        case c_ast.Unary(op=op, operand=operand):
            return f"({op} {shape(operand)})"
        case c_ast.Binary(op=op, left=left, right=right):
            return f"({op} {shape(left)} {shape(right)})"
        case c_ast.Assign(op=op, target=target, value=value):
            return f"({op} {shape(target)} {shape(value)})"
        case c_ast.Call(callee=callee, args=args):
            return f"{callee.name}[{', '.join(map(shape, args))}]"
        case c_ast.Member(base=base, field=field, arrow=arrow):
            return f"({'->' if arrow else '.'} {shape(base)} {field})"
        case tuple():
            return "[" + ", ".join(map(shape, node)) + "]"
        case Span() | str() | int() | None:
            return str(node)
    assert isinstance(node, Struct)
    parts = [shape(getattr(node, name)) for name in fields(node) if name != "span"]
    return f"{type(node).__name__}({', '.join(parts)})"


def expression(text: str) -> str:
    return shape(parse_expression(Source("e", text)))


def statements(text: str) -> list[c_ast.Stmt]:
    function = parse_c(Source("s", "void f(void) {" + text + "}"))[-1]
    assert isinstance(function, c_ast.Function) and function.body is not None
    return list(function.body.body)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", "(+ a (* b c))"),
        ("a - b - c", "(- (- a b) c)"),
        ("a << b + c", "(<< a (+ b c))"),
        ("a & b == c", "(& a (== b c))"),
        ("a == b < c", "(== a (< b c))"),
        ("a | b ^ c & d", "(| a (^ b (& c d)))"),
        ("a || b && c | d", "(|| a (&& b (| c d)))"),
        ("a = b = c", "(= a (= b c))"),
        ("a |= b ? c : d", "(|= a Conditional(b, c, d))"),
        ("a ? b : c ? d : e", "Conditional(a, b, Conditional(c, d, e))"),
        ("a ?: b", "Conditional(a, None, b)"),
        ("a, b = c", "(, a (= b c))"),
        ("-a * !b", "(* (- a) (! b))"),
        ("*p++", "(* IncDec(++, False, p))"),
        ("++*p", "IncDec(++, True, (* p))"),
        ("&a[1].b", "(& (. Index(a, 1) b))"),
        ("*a->b", "(* (-> a b))"),
        ("~a & b", "(& (~ a) b)"),
        ("f(a, b + 1)", "f[a, (+ b 1)]"),
        ("typecheck(u64, x)", "typecheck[u64, x]"),
    ],
)
def test_operators(text: str, expected: str) -> None:
    assert expression(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What is a type decides: u8 is one, v is not.
        ("(u8) * p", "Cast(u8, (* p))"),
        ("(v) * p", "(* v p)"),
        ("(u8)(x)", "Cast(u8, x)"),
        ("(u8) - 1", "Cast(u8, (- 1))"),
        ("(v) - 1", "(- v 1)"),
        # Nothing but a cast is possible, known type or not.
        ("(unknown_t)x", "Cast(unknown_t, x)"),
        ("(unknown_t *)x", "Cast(ptr(unknown_t), x)"),
        ("(struct page *)(x + 1)", "Cast(ptr(struct page), (+ x 1))"),
        ("*(volatile int *)&x", "(* Cast(ptr(volatile int), (& x)))"),
        ("(unsigned long)x + 1", "(+ Cast(unsigned long, x) 1)"),
        ("sizeof(u8) + 1", "(+ SizeOf(u8) 1)"),
        ("sizeof(v) + 1", "(+ SizeOf(v) 1)"),
        ("sizeof v.w", "SizeOf((. v w))"),
        ("(typeof(*p) *)q", "Cast(ptr(TypeofType((* p), False)), q)"),
    ],
)
def test_casts(text: str, expected: str) -> None:
    assert expression(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("offsetof(struct s, a)", "OffsetOf(struct s, a)"),
        ("offsetof(struct s, a.b[2].c)", "OffsetOf(struct s, (. Index((. a b), 2) c))"),
        ("container_of(p, struct s, a.b)", "ContainerOf(p, struct s, (. a b))"),
        ("list_entry(p->next, T, link)", "ContainerOf((-> p next), T, link)"),
        ("({ a; b; }) + 1", "(+ StatementExpr(Block([ExprStmt(a), ExprStmt(b)])) 1)"),
    ],
)
def test_kernel_forms(text: str, expected: str) -> None:
    assert expression(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("0", 0), ("017", 15), ("0x1FuL", 31), ("0b101", 5)),
        ("18446744073709551615ull", 2**64 - 1),
        *(("'a'", 97), ("'\\n'", 10), ("'\\0'", 0), ("'\\x41'", 65), ("'\\''", 39)),
    ],
)
def test_literals(text: str, value: int) -> None:
    literal = parse_expression(Source("e", text))
    assert isinstance(literal, c_ast.IntLit)
    assert (literal.value, literal.text) == (value, text)


def test_adjacent_strings_are_one() -> None:
    string = parse_expression(Source("e", '"a\\t" "b"'))
    assert isinstance(string, c_ast.StringLit) and string.text == "a\tb"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unsigned x;", "unsigned int"),
        ("long unsigned int x;", "unsigned long"),
        ("long long x;", "long long"),
        ("short int x;", "short"),
        ("signed char x;", "signed char"),
        ("char x;", "char"),
        ("const u8 x;", "u8"),
        ("atomic_long_t x;", "atomic_long_t"),
        ("struct page *x;", "ptr(struct page)"),
        ("int **x;", "ptr(ptr(int))"),
        ("int x[2][3];", "array(array(int, 3), 2)"),
        ("int *x[2];", "array(ptr(int), 2)"),
        ("int (*x)[2];", "ptr(array(int, 2))"),
        ("int x[];", "array(int, None)"),
        ("volatile int *x;", "ptr(volatile int)"),
        ("int volatile *const x;", "ptr(volatile int)"),
        ("__typeof__(y) x;", "TypeofType(y, False)"),
        ("__auto_type x = y;", "TypeofType(y, True)"),
        ("static __maybe_unused int __attribute__((unused)) x;", "int"),
        ("enum mode x;", "enum mode"),
    ],
)
def test_types(text: str, expected: str) -> None:
    declaration = parse_c(Source("d", text))[-1]
    assert isinstance(declaration, c_ast.Declaration)
    assert (declaration.name, shape(declaration.type)) == ("x", expected)


def test_volatile_is_of_the_object_or_of_what_it_points_to() -> None:
    a, b, c = parse_c(Source("d", "volatile int a; volatile int *b; int *volatile c;"))
    assert [d.volatile for d in (a, b, c) if isinstance(d, c_ast.Declaration)] == [
        True,
        False,
        True,
    ]


def test_struct_definitions_come_before_what_uses_them() -> None:
    text = (
        "struct a { int x:3, y; union { struct b { u8 z; } in; }; } v, *w; typedef struct a t; t u;"
    )
    items = parse_c(Source("d", text))
    kinds = [type(item).__name__ for item in items]
    assert kinds == ["StructDef"] * 3 + ["Declaration"] * 2 + ["Typedef", "Declaration"]
    assert [getattr(item, "tag", "") for item in items[:3]] == ["b", "<unnamed union 1>", "a"]
    outer = items[2]
    assert isinstance(outer, c_ast.StructDef)
    assert [(f.name, shape(f.bits)) for f in outer.fields] == [
        ("x", "3"),
        ("y", "None"),
        (None, "None"),
    ]


def test_enums() -> None:
    (enum,) = parse_c(Source("d", "enum e { A, B = A + 2, };"))
    assert isinstance(enum, c_ast.EnumDef) and enum.tag == "e"
    assert [(name, shape(value)) for name, value, _ in enum.members] == [
        ("A", "None"),
        ("B", "(+ A 2)"),
    ]


def test_functions() -> None:
    text = "static inline struct page *get(struct node *n, bool locked, int a[3]); void P0(void) {}"
    get, thread = parse_c(Source("d", text))
    assert isinstance(get, c_ast.Function) and isinstance(thread, c_ast.Function)
    assert (get.name, shape(get.result), get.body) == ("get", "ptr(struct page)", None)
    params = [(p.name, shape(p.type)) for p in get.params]
    assert params == [("n", "ptr(struct node)"), ("locked", "bool"), ("a", "ptr(int)")]
    assert thread.params == () and thread.body is not None


def test_define_macros_declare() -> None:
    lock, srcu = parse_c(Source("d", "static DEFINE_SPINLOCK(l);\nDEFINE_STATIC_SRCU(s);"))
    assert isinstance(lock, c_ast.Declaration) and isinstance(srcu, c_ast.Declaration)
    assert (lock.name, shape(lock.type)) == ("l", "spinlock_t")
    assert (srcu.name, shape(srcu.type)) == ("s", "struct srcu_struct")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if (a) b; else if (c) d;", "If(a, ExprStmt(b), If(c, ExprStmt(d), None))"),
        # The dangling else belongs to the inner if (C17 6.8.4.1 p3).
        ("if (a) if (b) c; else d;", "If(a, If(b, ExprStmt(c), ExprStmt(d)), None)"),
        ("while (a) ;", "While(a, Block([]), None)"),
        ("do a; while (b);", "DoWhile(ExprStmt(a), b, None)"),
        ("for (;;) break;", "For([], None, None, Break(), None)"),
        ("again: if (a) goto again;", "Label(again, If(a, Goto(again), None))"),
        ("out: ", "Label(out, Block([]))"),
        ("return a + 1;", "Return((+ a 1))"),
        ("return;", "Return(None)"),
        ("__unroll(3) while (a) b;", "While(a, ExprStmt(b), 3)"),
        ("fallthrough;", "Block([])"),
        ("T *x;", "Declaration(x, ptr(T), None, False, False, False, [])"),
        ("foo_t x;", "Declaration(x, foo_t, None, False, False, False, [])"),
        ("static int x = 1;", "Block([])"),  # it is declared at file level
    ],
)
def test_statements(text: str, expected: str) -> None:
    assert [shape(s) for s in statements(text)] == [expected]


def test_case_ranges_and_default() -> None:
    (switch,) = statements("switch (a) { case 1 ... 3: case 7: b; break; default: c; }")
    assert shape(switch) == (
        "Switch(a, Block([Case(1, 3, Case(7, None, ExprStmt(b))), Break(), "
        "Case(None, None, ExprStmt(c))]))"
    )


def test_a_variable_hides_a_type() -> None:
    _, product = statements("int u8 = 1; u8 * x;")
    assert isinstance(product, c_ast.ExprStmt)
    assert shape(product.expr) == "(* u8 x)"


def test_declarations_of_several_are_a_group_in_order() -> None:
    (group,) = statements("int a = 1, *b = &a;")
    assert isinstance(group, c_ast.DeclGroup)
    assert [(d.name, shape(d.type), shape(d.init)) for d in group.body] == [
        ("a", "int", "1"),
        ("b", "ptr(int)", "(& a)"),
    ]


def test_initializers() -> None:
    (declaration,) = statements("struct s v = { 1, .f = { 2 }, [3] = 4, };")
    assert isinstance(declaration, c_ast.Declaration)
    assert isinstance(declaration.init, c_ast.InitList)
    items = [(shape(d), shape(v)) for d, v in declaration.init.items]
    assert items == [("None", "1"), ("f", "InitList([[None, 2]])"), ("3", "4")]


def test_spans_are_exact() -> None:
    text = "void f(void) {\n\tint r0 = READ_ONCE(*x) + 1;\n}"
    (function,) = parse_c(Source("s", text))
    assert isinstance(function, c_ast.Function) and function.body is not None
    (declaration,) = function.body.body
    assert isinstance(declaration, c_ast.Declaration)
    assert declaration.span.text == "int r0 = READ_ONCE(*x) + 1"
    assert isinstance(declaration.init, c_ast.Binary)
    call = declaration.init.left
    assert (call.span.text, call.span.line, call.span.column) == ("READ_ONCE(*x)", 2, 11)
