"""Threads without branches and loops are compiled by a shorter way, to the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.kernel.primitives import primitives
from ksmcheck.program.compile import _blocks, compile_program
from ksmcheck.program.graph import Graph
from ksmcheck.program.ir import Program
from ksmcheck.program.loops import UNROLL
from ksmcheck.program.lower import lower_test
from ksmcheck.syntax.litmus import load_litmus, parse_litmus
from ksmcheck.text import InputError, Source

SHIPPED = Path(__file__).parents[2] / "litmus"


def both_ways(path: Path, kernel: str = "6.12") -> int:
    """How many threads have a line; their blocks are what the longer way gives."""
    lowered = lower_test(load_litmus(path, kernel=kernel), kernel, primitives(kernel))
    program = compile_program(load_litmus(path, kernel=kernel), kernel=kernel)
    lines = 0
    for thread, compiled in zip(lowered.threads, program.threads, strict=True):
        if thread.lowered.graph.line() is not None:
            lines += 1
            longer = _blocks(lowered, thread, UNROLL, frozenset())
            assert str(longer) == str(compiled.blocks), (path, compiled.name)
    return lines


def test_all_tests_that_are_shipped() -> None:
    lines = 0
    for path in sorted(SHIPPED.rglob("*.litmus"))[::2]:
        try:
            lines += both_ways(path)
        except InputError:
            continue  # assembly, or a primitive that only the other kernel point has
    assert lines > 150


CODE = """C t
int x; int y; int a[4]; spinlock_t l;
struct {{ int m; int n; }} s;
{{ }}
static int twice(int n) {{ return n + n; }}
P0(void)
{{
	int r0 = 2, r1, unused = 7;
	r1 = twice(r0) + 1;
	{}
	spin_lock(&l);
	int r2 = READ_ONCE(x);
	s.m = r2 ? r1 : r0;
	a[r1 - 3] = twice(s.m);
	spin_unlock(&l);
	y = READ_ONCE(a[r2 & 3]) + r1 * 0;
}}
P1(void) {{ }}
exists (0:r1=5)
"""


@pytest.mark.parametrize("code", ["", "if (0) x = 1;", "do { x = 3; } while (0);", "{ ; }"])
def test_calls_constants_and_registers_that_nobody_reads(code: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(CODE.format(code))
    assert both_ways(path) == 2


def program(body: str) -> Program:
    text = f"C t\nint x;\n{{ }}\nP0(void) {{ {body} }}\nexists (x=1)\n"
    return compile_program(parse_litmus(Source("t", text)), kernel="6.12")


def test_errors_are_the_same() -> None:
    for body, message in (("int r; x = r;", "has no value here"), ("spin_unlock(&x);", "spin")):
        with pytest.raises(InputError, match=message):
            program(body)


def test_a_graph_that_goes_round_or_parts_has_no_line() -> None:
    graph = Graph()
    assert graph.line() == [graph.entry]
    other = graph.node()
    graph.start(other)
    assert graph.line() == [graph.entry, other]
    graph.goto(graph.entry)
    assert graph.line() is None
