"""Control flow: what runs, how often, and what depends on which branch.

The expected values are worked out by hand from C17's text; ``run`` below is an interpreter of
blocks that shares nothing with the folding that it checks but the operator table.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import check
from ksmcheck.kernel.ints import apply
from ksmcheck.program.compile import compile_program
from ksmcheck.program.ir import (
    Access,
    Block,
    Branch,
    Const,
    Cut,
    Expr,
    Jump,
    LoopIteration,
    Op,
    Program,
    Set,
    Thread,
    Use,
)
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source


def compiled(code: str, *, top: str = "", unroll: int = 2) -> Program:
    shared = "struct s { int a; int b; }; int x; int y; int z;"
    text = f"C t\n{shared}\n{top}\n{{ }}\n{code}\nexists (true)\n"
    return compile_program(parse_litmus(Source("t.litmus", text)), kernel="6.12", unroll=unroll)


def evaluate(expr: Expr, registers: dict[str, int]) -> int:
    if isinstance(expr, Const):
        return expr.value
    if isinstance(expr, Use):
        return expr.type.wrap(registers.get(expr.reg, 0))
    assert isinstance(expr, Op)
    return apply(expr.op, expr.type, tuple(evaluate(a, registers) for a in expr.args))


def run(thread: Thread, reads: list[int]) -> tuple[dict[str, int], list[str]]:
    """Runs one thread; its loads give ``reads`` in turn. Locals at the end, and what was called."""
    registers: dict[str, int] = {}
    trace: list[str] = []
    left = list(reads)
    at = 0
    while True:
        block = thread.blocks[at]
        for instr in block.instrs:
            if isinstance(instr, Set):
                registers[instr.reg] = evaluate(instr.expr, registers)
            elif isinstance(instr, Access):
                trace.append(instr.name)
                if instr.result_type is not None:
                    value = left.pop(0)
                    if instr.dst is not None:
                        registers[instr.dst] = value
        if isinstance(block.end, Branch):
            taken = evaluate(block.end.condition, registers)
            at = block.end.then if taken else block.end.otherwise
        elif isinstance(block.end, Jump):
            at = block.end.target
        else:
            trace.append(type(block.end).__name__)
            return {n: registers.get(r, 0) for n, r, _ in thread.outputs}, trace


def outcome(code: str, reads: list[int], *, top: str = "", unroll: int = 2) -> dict[str, int]:
    (thread,) = compiled(f"P0(void) {{ {code} }}", top=top, unroll=unroll).threads
    locals_, trace = run(thread, reads)
    assert trace[-1] == "End"
    return locals_


R = "READ_ONCE(x)"


@pytest.mark.parametrize(
    ("code", "reads", "result"),
    [
        # Forward goto leaves out what lies between.
        (f"int r = 1; if ({R}) goto out; r = 2; out: r += 10;", [1], 11),
        (f"int r = 1; if ({R}) goto out; r = 2; out: r += 10;", [0], 12),
        # Backward goto repeats, here twice, then goes on.
        (f"int r = 0; again: r++; if ({R}) goto again;", [1, 1, 0], 3),
        # goto into the middle of a loop: the first pass lacks the first half.
        (f"int r = 0; goto in; while ({R}) {{ r += 10; in: r += 1; }}", [1, 0], 12),
        # switch: a case falls through into the next; default may stand anywhere.
        (f"int r = 0; switch ({R}) {{ case 1: r += 1; case 2: r += 2; break; case 3: r = 9; }}",
         [1], 3),
        (f"int r = 0; switch ({R}) {{ case 1: r += 1; case 2: r += 2; break; case 3: r = 9; }}",
         [2], 2),
        (f"int r = 0; switch ({R}) {{ default: r = 7; case 1: r += 1; break; case 2: r = 5; }}",
         [4], 8),
        (f"int r = 0; switch ({R}) {{ case 3 ... 5: r = 1; break; default: r = 2; }}", [5], 1),
        (f"int r = 0; switch ({R}) {{ case 3 ... 5: r = 1; break; default: r = 2; }}", [6], 2),
        (f"int r = 4; switch ({R}) {{ case 1: r = 1; }}", [9], 4),
        # continue in a for goes to the step, break leaves the innermost loop only.
        ("int r = 0; for (int i = 0; i < 5; i++) { if (i == 2) continue; r += i; }", [], 8),
        ("int r = 0; for (int i = 0; i < 3; i++) for (int j = 0; ; j++) { if (j > 1) break; r++; }",
         [], 6),
        ("int r = 0; do { r++; } while (r < 5);", [], 5),
        ("int r = 7; do { r = 1; continue; } while (0);", [], 1),
        # A trip count known at compile time is exact beyond the bound, up to 64.
        ("int r = 0; for (int i = 0; i < 40; i++) r += 2;", [], 80),
        # A switch may jump into a loop (Duff's device): by hand n = 10, 110, and again 1, 10, 100.
        ("int r = 0, i = 5; switch (i) { case 0: do { r++; case 5: r += 10; case 6: r += 100; } "
         "while (--i > 3); }", [], 221),
        # Short circuit: the right operand is not read where the left decides.
        (f"int r = {R} && {R};", [0], 0),
        (f"int r = {R} && {R};", [3, 5], 1),
        (f"int r = {R} || {R};", [3], 1),
        (f"int r = {R} || {R};", [0, 0], 0),
        (f"int r = {R} ? {R} : 9;", [0], 9),
        (f"int r = {R} ? {R} : 9;", [1, 4], 4),
        (f"int r = {R} ?: 6;", [5], 5),
        (f"int r = {R} ?: 6;", [0], 6),
        # Scopes: an inner r is another variable.
        ("int r = 1; { int r = 2; r++; }", [], 1),
        ("int r = 1; for (int r = 0; r < 2; r++) ; ", [], 1),
        # ++ and --: the value before or after.
        ("int a = 5; int r = a++ * 10; r += a;", [], 56),
        ("int a = 5; int r = --a * 10; r += a;", [], 44),
        ("int a = 5; int r = (a += 2) + 1; r = r * 10 + a;", [], 87),
        ("int r = 6; r <<= 2; r |= 3; r %= 10;", [], 7),
        # A comma evaluates both and has the right one's value.
        (f"int r = ({R}, 3);", [8], 3),
        # Locals in pieces: struct members and array elements are variables of their own.
        ("struct s p = { .b = 3 }, q; q = p; q.a += 4; "
         "int r = q.a * 10 + q.b + p.a;", [], 43),
        ("int a[3] = { 1, [2] = 7 }; int r = a[0] + a[1] + a[2];", [], 8),
        # GNU statement expression.
        ("int r = ({ int t = 4; t * t; });", [], 16),
    ],
)  # fmt: skip
def test_what_a_thread_computes(code: str, reads: list[int], result: int) -> None:
    assert outcome(code, reads)["r"] == result


TOP = """
static int early(int n) { if (n > 3) return 1; if (n > 1) { return 2; } return 3; }
static int twice(int n) { n = n + n; return n; }
static void put(int *where, int what) { WRITE_ONCE(*where, what); }
"""


@pytest.mark.parametrize(
    ("code", "reads", "result"),
    [
        (f"int r = early({R});", [9], 1),
        (f"int r = early({R});", [2], 2),
        (f"int r = early({R});", [0], 3),
        # Parameters are values: the caller's variable keeps its own.
        ("int a = 4; int r = twice(a) + a;", [], 12),
        # An argument is evaluated once, though the body uses it twice.
        ("int a = 4; int r = twice(a++); r = r * 10 + a;", [], 85),
        ("int r = twice(twice(3));", [], 12),
    ],
)
def test_inlined_functions(code: str, reads: list[int], result: int) -> None:
    assert outcome(code, reads, top=TOP)["r"] == result


def test_inlined_events_keep_their_calls() -> None:
    (thread,) = compiled("P0(void) { put(&x, 1); put(&y, 2); }", top=TOP).threads
    writes = [i for b in thread.blocks for i in b.instrs if isinstance(i, Access)]
    assert [w.origin.function for w in writes] == ["put", "put"]
    assert [w.origin.site for w in writes] == ["WRITE_ONCE@put"] * 2
    calls = [w.origin.stack[0].call.text for w in writes]
    assert calls == ["put(&x, 1)", "put(&y, 2)"]


# Loops with a bound.


def iterations(thread: Thread) -> list[LoopIteration]:
    ends = [b.end for b in thread.blocks]
    jumps = [e.repeat for e in ends if isinstance(e, Jump) and e.repeat is not None]
    return jumps + [e.repeat for e in ends if isinstance(e, Cut)]


def test_a_loop_goes_round_as_often_as_the_bound_says_and_then_is_cut() -> None:
    (thread,) = compiled(f"P0(void) {{ int r = 0; while ({R}) r++; }}", unroll=3).threads
    assert run(thread, [1, 1, 1, 0])[0]["r"] == 3
    assert run(thread, [1, 1, 1, 1])[1][-1] == "Cut"


def test_a_pragma_overrides_the_bound() -> None:
    code = f"P0(void) {{ int r = 0;\n#pragma ksmcheck unroll 1\nwhile ({R}) r++; }}"
    (thread,) = compiled(code, unroll=3).threads
    assert run(thread, [1, 1])[1][-1] == "Cut"


def test_a_loop_that_only_waits_goes_round_once_at_most() -> None:
    """No register lives on, nothing is written: one read that ends the loop stands for all.

    One round more is there for what a read of a further round may show of itself: a data race.
    """
    (thread,) = compiled(f"P0(void) {{ while (!{R}) cpu_relax(); WRITE_ONCE(y, 1); }}").threads
    assert [(i.index, i.skippable) for i in iterations(thread)] == [(0, True), (1, True)]


@pytest.mark.parametrize(
    ("body", "skippable", "quiet"),
    [
        ("int r = 0; while (READ_ONCE(x)) WRITE_ONCE(y, 1);", True, True),
        # r is read after the loop and in the next round: leaving a round out would change it.
        ("int r = 0; while (READ_ONCE(x)) r++;", False, False),
        # r is assigned in each round before it is read: nobody sees the earlier value.
        ("int r; do { r = READ_ONCE(x); WRITE_ONCE(y, 1); } while (r);", True, True),
        # r is assigned in each round before it is read, if a round begins behind the test.
        ("int r = READ_ONCE(x); while (r) { cpu_relax(); r = READ_ONCE(x); }", True, True),
        ("int r = READ_ONCE(x); int s = READ_ONCE(y);"
         "while (r && !s) { r = READ_ONCE(x); s = READ_ONCE(y); }", True, True),
        ("int r = READ_ONCE(x); while (r) { WRITE_ONCE(y, 1); r = READ_ONCE(x); }", True, True),
        # ... or in front of the read: what r was before has been used by then.
        ("int r = READ_ONCE(x); while (r) { WRITE_ONCE(y, r); r = READ_ONCE(x); }", True, True),
        ("int r = READ_ONCE(x); for (;;) { if (READ_ONCE(y) == r) break; r = READ_ONCE(x); }",
         True, True),
        # Here not: what it was before is still counted on.
        ("int r = READ_ONCE(x); int s = 0; while (r) { s++; r = READ_ONCE(x); }", False, False),
        # A round in which the assertion fails is not left out (``Walk._repeated``), others are.
        ("int r = 0; while (READ_ONCE(x)) { WRITE_ONCE(y, 1); assert(READ_ONCE(z)); }",
         True, True),
        # A plain read may be the racy one.
        ("int r = 0; while (READ_ONCE(x)) { WRITE_ONCE(y, 1); (void)z; }", False, True),
    ],
)  # fmt: skip
def test_which_iterations_may_be_left_out(body: str, skippable: bool, quiet: bool) -> None:
    (thread,) = compiled(f"P0(void) {{ {body} }}").threads
    found = {(i.skippable, i.quiet) for i in iterations(thread)}
    assert found == {(skippable, quiet)}


@pytest.mark.parametrize(
    ("body", "changing"),
    [
        # Where r keeps its value on some way round, what goes that way may be left out.
        ("int r = READ_ONCE(x); for (;;) { if (READ_ONCE(y) == r) break;"
         " if (READ_ONCE(z)) r = READ_ONCE(x); }", True),
        ("int r = READ_ONCE(x); for (;;) { if (READ_ONCE(y) == r) break;"
         " if (READ_ONCE(z)) continue; r = READ_ONCE(x); }", True),
        # A constant is put in where it is read, and the assignment gone: r changes all the same.
        ("int r = 0; for (;;) { if (READ_ONCE(x)) r = 1; if (READ_ONCE(y) && r) break; }", True),
        # Each way round changes r or s; r is not carried on.
        ("int r = 0; int s = 0; while (r < 2) { if (READ_ONCE(x)) r++; else s++;"
         " if (s > 9) break; }", False),
        ("int r; for (;;) { if (READ_ONCE(z)) r = READ_ONCE(x); else r = 2; if (r) break; }",
         False),
        ("int r = 0; while (r < 2) { if (READ_ONCE(x)) r++; assert(READ_ONCE(y)); }", True),
    ],
)  # fmt: skip
def test_iterations_that_change_what_a_loop_carries_on(body: str, changing: bool) -> None:
    (thread,) = compiled(f"P0(void) {{ {body} }}").threads
    assert {bool(i.changing) for i in iterations(thread)} == {changing}
    assert not changing or all(i.skippable and i.changing < i.blocks for i in iterations(thread))


def test_a_loop_turned_round_does_what_it_did() -> None:
    """The reads and the calls, one after the other, are those of the text."""
    code = f"P0(void) {{ int r = {R}; while (r) {{ cpu_relax(); r = {R}; }} WRITE_ONCE(y, 5); }}"
    (thread,) = compiled(code).threads
    for reads, calls in (([0], 0), ([1, 0], 1)):
        registers, trace = run(thread, reads)
        assert registers["r"] == 0
        between = ["cpu_relax", "READ_ONCE"] * calls
        assert trace == ["READ_ONCE", *between, "WRITE_ONCE", "End"]
    assert run(thread, [1, 1, 1])[1][-1] == "Cut"


def test_a_loop_that_begins_further_on_does_what_it_did() -> None:
    """As C has it: each round compares what is read with what the round before has read."""
    code = f"P0(void) {{ int r = 1; for (;;) {{ if ({R} == r) break; cpu_relax(); r = {R}; }} }}"
    (thread,) = compiled(code, unroll=2).threads
    for reads, last in (([1], 1), ([0, 5, 5], 5), ([0, 5, 4, 6, 6], 6)):
        registers, trace = run(thread, reads)
        assert registers["r"] == last
        assert trace == [
            *["READ_ONCE", "cpu_relax", "READ_ONCE"] * (len(reads) // 2),
            "READ_ONCE",
            "End",
        ]


@pytest.mark.parametrize("form", ["do {{ r = {read}; }} while (!r);", "r = {read}; {turned}"])
def test_both_ways_to_wait_are_proved_to_end(form: str, tmp_path: Path) -> None:
    """P1 gets behind the loop with a 1 alone, which the release published after y."""
    turned = "while (!r) { cpu_relax(); r = READ_ONCE(x); }"
    loop = form.format(read="READ_ONCE(x)", turned=turned)
    path = tmp_path / "wait.litmus"
    path.write_text(
        "C wait\nint x; int y;\n{ }\n"
        "P0(void) { WRITE_ONCE(y, 1); smp_store_release(&x, 1); }\n"
        f"P1(void) {{ int r; int s; {loop} smp_rmb(); s = READ_ONCE(y); }}\n"
        "~exists (1:s=0)\n"
    )
    assert check(path, "lkmm").verdict == "SAFE"
    path.write_text(path.read_text().replace("smp_rmb();", ""))
    assert check(path, "lkmm").verdict == "VIOLATED"


@pytest.mark.parametrize(
    ("tries", "unroll", "rounds"), [(3, 1, 3), (20, 1, 9), (20, 4, 9), (20, 8, 20)]
)
def test_many_tries_are_unrolled_only_where_few_do_not_do(
    tries: int, unroll: int, rounds: int
) -> None:
    """At first, the first round and eight in which the loop goes round again."""
    code = f"P0(void) {{ int i; for (i = 0; i < {tries}; i++) if ({R}) break; }}"
    (thread,) = compiled(code, unroll=unroll).threads
    assert len([i for b in thread.blocks for i in b.instrs if isinstance(i, Access)]) == rounds


def test_what_constants_alone_count_is_whole() -> None:
    (thread,) = compiled(f"P0(void) {{ for (int i = 0; i < 20; i++) {R}; }}", unroll=1).threads
    assert len([i for b in thread.blocks for i in b.instrs if isinstance(i, Access)]) == 20


def test_nested_loops_are_unrolled_for_each_outer_iteration() -> None:
    code = "P0(void) { int r = 0; while (READ_ONCE(x)) { while (READ_ONCE(y)) r++; r += 10; } }"
    (thread,) = compiled(code, unroll=2).threads
    # Outer, inner twice, leave; outer, inner once, leave; outer ends.
    assert run(thread, [1, 1, 1, 0, 1, 1, 0, 0])[0]["r"] == 23


# Control dependence.


def writers(thread: Thread) -> dict[int, frozenset[int]]:
    """For the value of each constant WRITE_ONCE: how many branches its block depends on."""
    found = {}
    for block in thread.blocks:
        for instr in block.instrs:
            if isinstance(instr, Access) and instr.name == "WRITE_ONCE":
                assert isinstance(instr.args[1], Const)
                found[instr.args[1].value] = block.controls
    return found


def branch_on(thread: Thread, nth: int) -> int:
    """The id of the nth block that ends in a branch."""
    blocks: list[Block] = [b for b in thread.blocks if isinstance(b.end, Branch)]
    return blocks[nth].id


def W(n: int) -> str:
    return f"WRITE_ONCE(y, {n});"


def test_what_follows_an_if_is_not_under_it() -> None:
    code = f"P0(void) {{ if ({R}) {{ {W(1)} }} else {{ {W(2)} }} {W(3)} if ({R}) {{ {W(4)} }} }}"
    (thread,) = compiled(code).threads
    first, second = branch_on(thread, 0), branch_on(thread, 1)
    assert writers(thread) == {
        1: frozenset({first}),
        2: frozenset({first}),
        3: frozenset(),
        4: frozenset({second}),
    }


def test_what_follows_a_conditional_return_is_under_it() -> None:
    code = f"P0(void) {{ if ({R}) return; {W(1)} if ({R}) {{ {W(2)} }} }}"
    (thread,) = compiled(code).threads
    first, second = branch_on(thread, 0), branch_on(thread, 1)
    assert writers(thread) == {1: frozenset({first}), 2: frozenset({first, second})}


def test_return_from_an_inlined_function_joins_in_the_caller() -> None:
    top = "static void f(void) { if (READ_ONCE(x)) return; WRITE_ONCE(y, 1); }"
    (thread,) = compiled(f"P0(void) {{ f(); {W(2)} }}", top=f"int x; int y;{top}").threads
    assert writers(thread) == {1: frozenset({branch_on(thread, 0)}), 2: frozenset()}


def test_goto_over_code_puts_only_that_code_under_the_branch() -> None:
    code = f"P0(void) {{ if ({R}) goto out; {W(1)} out: {W(2)} }}"
    (thread,) = compiled(code).threads
    assert writers(thread) == {1: frozenset({branch_on(thread, 0)}), 2: frozenset()}


def test_what_follows_a_loop_is_not_under_its_exit() -> None:
    (thread,) = compiled(f"P0(void) {{ while ({R}) {{ {W(1)} }} {W(2)} }}").threads
    assert writers(thread)[2] == frozenset()
    assert branch_on(thread, 0) in writers(thread)[1]


def test_the_right_of_and_is_under_its_left() -> None:
    code = f"P0(void) {{ if ({R} && READ_ONCE(z)) {{ {W(1)} }} {W(2)} }}"
    (thread,) = compiled(code).threads
    assert writers(thread) == {
        1: frozenset({branch_on(thread, 0), branch_on(thread, 1)}),
        2: frozenset(),
    }


def test_a_pure_and_does_not_branch() -> None:
    code = f"P0(void) {{ int a = {R}, b = {R}; int r = a && b; {W(1)} }}"
    (thread,) = compiled(code).threads
    assert len(thread.blocks) == 1


def test_assertions_never_branch() -> None:
    (thread,) = compiled(f"P0(void) {{ BUG_ON({R}); assert({R}); {W(1)} }}").threads
    assert len(thread.blocks) == 1


# Errors.


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("goto nowhere;", "no label nowhere"),
        ("break;", "break outside of a loop"),
        ("case 1: ;", "case outside of a switch"),
        ("switch (READ_ONCE(x)) { case 1: ; case 1: ; }", "there twice"),
        ("int r; int s = r;", "r is used, but has no value here"),
        ("l: ; l: ;", "defined twice"),
        ("int r; int r;", "declared twice"),
        ("loop(1);", "recursion is not supported: loop -> other -> loop"),
        ("other();", "takes 1 argument, not 0"),
        ("later();", "has no body"),
    ],
)
def test_what_is_refused(code: str, message: str) -> None:
    top = "int later(void);\nstatic int other(int n);\n"
    top += "static int loop(int n) { return other(n); }\n"
    top += "static int other(int n) { return loop(n); }\n"
    with pytest.raises(InputError, match=message):
        compiled(f"P0(void) {{ {code} }}", top=top)


@pytest.mark.parametrize(
    "code",
    [
        "int i = 0; i = i++;",
        "int i = 0; int r = i + i++;",
        "int i = 0; int r = two(i, ++i);",
        "int i = 0, j = 1; int r = (i = 2) + (i = 3);",
    ],
)
def test_an_order_that_c_leaves_open_is_not_guessed(code: str) -> None:
    top = "static int two(int a, int b) { return a - b; }"
    with pytest.raises(InputError, match="in no order that C defines"):
        compiled(f"P0(void) {{ {code} }}", top=top)


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("int i = 1; i = i + 1; int r = i;", 2),
        ("int i = 1; int r = (i++, i * 2);", 4),
        ("int i = 1; int r = i++ && i;", 1),
        ("int i = 1, j; int r = (j = i) + i;", 2),
        ("int i = 3; int r = i ? i-- : i++;", 3),
    ],
)
def test_an_order_that_c_defines_is_followed(code: str, result: int) -> None:
    assert outcome(code, [])["r"] == result


def test_a_value_on_one_path_only_is_not_refused() -> None:
    code = f"P0(void) {{ int r; if ({R}) r = 5; int s = r; }}"
    (thread,) = compiled(code).threads
    assert run(thread, [1])[0]["s"] == 5
