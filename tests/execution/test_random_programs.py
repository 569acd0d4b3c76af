"""Whatever the engine finds for random programs, the replay accepts, and both judge it alike.

The compiler unrolls, inlines and folds; the interpreter does not. They share the syntax tree and
the rows of the model, so agreement on events, values, dependencies and assertions means something.
"""

from __future__ import annotations

from random import Random

import pytest

from ksmcheck.check.goals import goals_of
from ksmcheck.events.build import build_structure
from ksmcheck.events.values import TooManyValues
from ksmcheck.execution.replay import replay
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives
from ksmcheck.lowering.template import Row
from ksmcheck.model.load import load_model
from ksmcheck.model.model import Model
from ksmcheck.program.compile import compile_program
from ksmcheck.solve.limits import Limits
from ksmcheck.solve.outcome import Found
from ksmcheck.solve.session import Session
from ksmcheck.solve.witness import to_execution
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError, Source, Span

KERNEL = "6.12"
LOCALS = "int a = 0, b = 1, c = 2, i = 0; long l = 0;"
SHARED = ("x", "y", "s.a", "s.b", "arr[0]", "arr[1]")
BINARY = ("+", "-", "*", "&", "|", "^", "==", "!=", "<", ">=", "&&", "||")


class Writer:
    """Writes C at random: deep enough for every statement to meet every other."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.labels = 0
        self.result = ""

    def one(self, *texts: str) -> str:
        return self.random.choice(texts)

    def local(self) -> str:
        return self.one("a", "b", "c", "l")

    def expr(self, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.25:
            return self.one(self.local(), self.local(), str(self.random.randint(0, 3)))
        sub = [self.expr(depth - 1) for _ in range(3)]
        return self.one(
            f"({sub[0]} {self.one(*BINARY)} {sub[1]})",
            f"({sub[0]} {self.one(*BINARY)} {sub[1]})",
            f"READ_ONCE({self.one(*SHARED)})",
            self.one(*SHARED),
            f"({sub[0]} ? {sub[1]} : {sub[2]})",
            f"{self.one('!', '-', '~', '(u8)', '(long)')}({sub[0]})",
            f"atomic_cmpxchg(&at, {self.local()}, 2)",
            f"atomic_add_unless(&at, {self.local()}, 1)",
            f"f({sub[0]}, {self.local()})",
            f"arr[{self.local()} & 1]",
            f"({{ int z = {sub[0]}; z + 1; }})",
            f"({self.local()} {self.one('=', '+=', '^=')} {sub[0]})",
        )

    def statement(self, depth: int, loop: bool = False) -> str:
        target = self.one(*SHARED)
        leaf = self.one(
            f"WRITE_ONCE({target}, {self.expr(1)});",
            f"{target} {self.one('=', '+=')} {self.expr(1)};",
            f"{self.local()} {self.one('=', '+=', '|=')} {self.expr(2)};",
        )
        if depth <= 0 or self.random.random() < 0.3:
            return leaf
        test, inner, other = self.expr(1), self.block(depth - 1, loop), self.block(depth - 1, loop)
        around = self.block(depth - 1, True)
        self.labels += 1
        label = f"L{self.labels}"
        leave = self.one("break", "continue") if loop else f"return{self.result}"
        return self.one(
            f"if ({test}) {inner} else {other}",
            f"if ({self.expr(2)}) {inner}",
            f"while ({test}) {around}",
            f"do {around} while ({test});",
            f"for (i = 0; i < 2; i++) {around}",
            f"switch ({test}) {{ case 0: {leaf} {self.one('break;', '')} "
            f"case 1: {inner} break; default: {other} }}",
            f"if ({test}) {leave};",
            f"if ({test}) goto {label}; {leaf} {label}: {inner}",
            f"{label}: {leaf} if ({test}) goto {label};",
            f"BUG_ON({test});",
        )

    def block(self, depth: int, loop: bool) -> str:
        count = self.random.randint(1, 2)
        return "{ " + " ".join(self.statement(depth, loop) for _ in range(count)) + " }"

    def test(self) -> str:
        threads = [
            f"{LOCALS} {self.statement(2)} {self.statement(2)} {self.statement(1)}"
            for _ in range(2)
        ]
        self.result = " b"
        inner = self.statement(1).replace("f(", "g(")
        return f"""C random
struct st {{ int a; long b; }};
struct st s;
int x; long y; int arr[2]; atomic_t at;
static int g(int a, int b) {{ if (a) return 1; return b; }}
static int f(int a, int b) {{ int c = 1, i = 0; long l = 3; {inner} return b; }}
{{ x = 1; }}
P0(void) {{ {threads[0]} }}
P1(void) {{ {threads[1]} }}
exists (x == 1 && 0:a == 1)
"""


def looked_at(text: str, model: Model) -> int:
    """How many executions of the test were replayed."""
    test: LitmusTest = parse_litmus(Source("random.litmus", text), kernel=KERNEL)
    config = model.configs(KERNEL)[0]
    known = primitives(KERNEL)

    def lower(name: str, span: Span) -> tuple[Primitive, Row]:
        return known[name], model.row(known[name], KERNEL, config, span)

    try:
        program = compile_program(test, kernel=KERNEL)
        structure = build_structure(program, lower, model.name, config)
    except (InputError, TooManyValues):
        # Some texts divide the world: a loop without a way out, a condition that never holds.
        return 0
    session = Session(structure, model.compiled, limits=Limits(seconds=2))
    goals = goals_of(structure)
    count = 0
    for goal in (goals.wanted, goals.unwanted, goals.broken):
        outcome = session.find(goal)
        if isinstance(outcome, Found):
            count += 1
            found = outcome.candidate
            execution = to_execution(structure, found)
            replayed = replay(test, KERNEL, model, config, execution, structure.cells)
            assert structure.condition is not None
            assert replayed.condition == found.holds(structure.condition)
            failed = [
                o.kind
                for o in structure.obligations
                if found.holds(o.guard) and not found.holds(o.holds)
            ]
            assert sorted(failed) == sorted(f.kind for f in replayed.failed)
    session.close()
    return count


@pytest.mark.parametrize("name", ["sc", "armv8", "lkmm"])
def test_random_programs(name: str) -> None:
    model = load_model(name)
    counts = [looked_at(Writer(seed).test(), model) for seed in range(60)]
    # The test would prove nothing if most texts were refused.
    assert sum(count > 0 for count in counts) > 20
