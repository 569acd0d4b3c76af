"""Programs made by hand -> event structures: guards, joins, dependencies, values."""

from __future__ import annotations

from itertools import product

from ksmcheck.events.build import build_structure
from ksmcheck.events.structure import Event, EventStructure
from ksmcheck.events.terms import Term, evaluate
from ksmcheck.kernel.ints import S32, U64
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives
from ksmcheck.lowering.template import Row, Step
from ksmcheck.program.ir import (
    Access,
    Block,
    Branch,
    Cell,
    Const,
    End,
    Expr,
    Instr,
    Jump,
    LoopIteration,
    Op,
    Origin,
    Program,
    Terminator,
    Thread,
    Use,
)
from ksmcheck.text import Source, Span

SPAN = Span(Source("<test>", "x"), 0, 1)
ORIGIN = Origin(SPAN, "P0", (), "x@P0")

ROWS = {
    "READ_ONCE": Row("READ_ONCE", (Step("R"),), None, None, ""),
    "WRITE_ONCE": Row("WRITE_ONCE", (Step("W"),), None, None, ""),
    "smp_mb": Row("smp_mb", (Step("F", ("mb",)),), None, None, ""),
    "atomic_cmpxchg": Row(
        "atomic_cmpxchg",
        None,
        (Step("F", ("mb",)), Step("R", rmw=True), Step("W", rmw=True), Step("F", ("mb",))),
        (Step("R", rmw=True),),
        "",
    ),
    "atomic_add_unless": Row(
        "atomic_add_unless",
        None,
        (Step("R", probe=True), Step("R", rmw=True), Step("W", rmw=True)),
        (Step("R"),),
        "",
    ),
}


def lower(name: str, span: Span) -> tuple[Primitive, Row]:
    return primitives("6.12")[name], ROWS[name]


def cell(number: int, name: str, init: int = 0) -> Cell:
    return Cell(number, name, 0x10000 * (number + 1), S32, init, False, "int")


def address(number: int) -> Const:
    return Const(0x10000 * (number + 1), U64)


def read(dst: str, where: Expr) -> Access:
    return Access("READ_ONCE", dst, (where,), S32, S32, ORIGIN)


def write(where: Expr, value: Expr) -> Access:
    return Access("WRITE_ONCE", None, (where, value), S32, None, ORIGIN)


def block(
    number: int, instrs: list[Instr], end: Terminator, controls: tuple[int, ...] = ()
) -> Block:
    return Block(number, tuple(instrs), end, frozenset(controls))


def structure(*threads: list[Block], cells: tuple[Cell, ...]) -> EventStructure:
    made = tuple(Thread(i, f"P{i}", tuple(blocks), ()) for i, blocks in enumerate(threads))
    program = Program("test", "6.12", cells, made, None, None, ())
    return build_structure(program, lower, "none", "default", races=False)


def number(value: int) -> Const:
    return Const(value, S32)


def always(term: Term) -> bool:
    return term.op == "const" and term.payload == 1


def test_branch_arms_that_meet_again_are_unconditional() -> None:
    zero = Op("eq", (Use("r", S32), number(0)), S32)
    built = structure(
        [
            block(0, [read("r", address(0))], Branch(zero, 1, 2, ORIGIN)),
            block(1, [write(address(1), number(1))], Jump(3), (0,)),
            block(2, [write(address(1), number(2))], Jump(3), (0,)),
            block(3, [write(address(0), number(3))], End()),
        ],
        [block(0, [write(address(0), number(1))], End())],
        cells=(cell(0, "x"), cell(1, "y")),
    )
    first, then, otherwise, after = (e for e in built.events if e.thread == 0)
    assert always(first.guard) and always(after.guard)
    assert not always(then.guard) and not always(otherwise.guard)
    controlled = {d.target for d in built.dependencies if d.relation == "ctrl"}
    assert controlled == {then.id, otherwise.id}


def test_data_dependency_of_a_merged_value_is_conditional() -> None:
    # r2 = r1 on one arm and 5 on the other: the store depends on the read only on the first.
    zero = Op("eq", (Use("r0", S32), number(0)), S32)
    built = structure(
        [
            block(0, [read("r0", address(0)), read("r1", address(1))], Branch(zero, 1, 2, ORIGIN)),
            block(1, [*_set("r2", Use("r1", S32))], Jump(3), (0,)),
            block(2, [*_set("r2", number(5))], Jump(3), (0,)),
            block(3, [write(address(0), Use("r2", S32))], End()),
        ],
        [block(0, [write(address(0), number(1))], End())],
        cells=(cell(0, "x"), cell(1, "y", 7)),
    )
    (data,) = [d for d in built.dependencies if d.relation == "data"]
    reads = [e for e in built.events if e.kind == "R"]
    assert data.source == reads[1].id
    first, second = (e.value for e in reads)
    assert first is not None
    assert second is not None
    holds = {r0: evaluate(data.guard, {first.id: r0, second.id: 7}, {}) for r0 in (0, 1)}
    assert holds == {0: 1, 1: 0}
    store = next(e for e in built.events if e.kind == "W" and e.thread == 0)
    assert set(store.values) == {5, 7}


def _set(reg: str, expr: Expr) -> list[Instr]:
    from ksmcheck.program.ir import Set

    return [Set(reg, expr)]


def test_address_dependency_and_cells_by_value_analysis() -> None:
    # The address read is &x or &z; y can not be accessed.
    pointer = Cell(3, "p", 0x40000, U64, 0x10000, True, "int *")
    get = Access("READ_ONCE", "q", (address(3),), U64, U64, ORIGIN)
    built = structure(
        [block(0, [get, read("r", Use("q", U64))], End())],
        [
            block(
                0,
                [Access("WRITE_ONCE", None, (address(3), Const(0x30000, U64)), U64, None, ORIGIN)],
                End(),
            )
        ],
        cells=(cell(0, "x"), cell(1, "y"), cell(2, "z"), pointer),
    )
    loaded = [e for e in built.events if e.kind == "R"]
    assert {built.cells[c].name for c in loaded[1].cells} == {"x", "z"}
    assert [(d.relation, d.source, d.target) for d in built.dependencies] == [
        ("addr", loaded[0].id, loaded[1].id)
    ]
    assert not built.obligations
    assert {built.cells[c].name for e in built.events if e.thread < 0 for c in e.cells} == {
        "x",
        "z",
        "p",
    }


def test_wild_address_is_an_obligation() -> None:
    pointer = Cell(1, "p", 0x40000, U64, 0, True, "int *")
    get = Access("READ_ONCE", "q", (address(3),), U64, U64, ORIGIN)
    built = structure(
        [block(0, [get, read("r", Use("q", U64))], End())], cells=(cell(0, "x"), pointer)
    )
    assert [o.kind for o in built.obligations] == ["bad address"]


def _outcomes(name: str, args: tuple[Expr, ...], initial: int) -> EventStructure:
    access = Access(name, "r", args, S32, S32, ORIGIN)
    other = [block(0, [write(address(1), number(1))], End())]
    return structure(
        [block(0, [access], End())], other, cells=(cell(0, "x", initial), cell(1, "y", 0))
    )


def in_order(built: EventStructure) -> list[Event]:
    """The events of P0 in program order."""
    return sorted((e for e in built.events if e.thread == 0), key=lambda e: e.position)


def test_cmpxchg_outcomes_have_their_own_events() -> None:
    built = _outcomes("atomic_cmpxchg", (address(0), number(1), number(2)), 1)
    kinds = [(e.kind, sorted(e.tags - {"RMW"})) for e in in_order(built)]
    assert kinds == [("F", ["mb"]), ("R", []), ("W", []), ("F", ["mb"]), ("R", [])]
    ok_read, fail_read = (e for e in built.events if e.thread == 0 and e.kind == "R")
    # The outcome decides which values are possible: 1 is success, anything else failure.
    assert ok_read.values == (1,)
    assert fail_read.values == (2,)
    write_half = next(e for e in built.events if e.thread == 0 and e.kind == "W")
    assert built.rmw == ((ok_read.id, write_half.id),)


def test_probe_is_shared_with_the_failing_read() -> None:
    # y is 0 or 1 when it is read.
    built = _outcomes("atomic_add_unless", (address(1), number(1), number(0)), 0)
    reads = [e for e in built.events if e.kind == "R"]
    assert [always(e.guard) for e in reads] == [True, False]
    probe = reads[0].value
    assert probe is not None
    for seen in (0, 1):
        assert evaluate(reads[1].guard, {probe.id: seen}, {}) == seen


def test_skippable_iteration_must_write() -> None:
    # while (READ_ONCE(x) == 0); : going round again would need a write, and there is none.
    zero = Op("eq", (Use("r", S32), number(0)), S32)
    first = LoopIteration(SPAN, 0, frozenset((0, 1)), True)
    built = structure(
        [
            block(0, [read("r", address(0))], Branch(zero, 1, 3, ORIGIN)),
            block(1, [], Jump(2, first), (0,)),
            block(2, [read("r", address(0))], Jump(3), (0,)),
            block(3, [], End()),
        ],
        [block(0, [write(address(0), number(1))], End())],
        cells=(cell(0, "x"),),
    )
    reads = [e for e in built.events if e.kind == "R"]
    assert len(reads) == 1
    assert reads[0].value is not None
    (rule,) = built.constraints
    allowed = [v for v in (0, 1) if evaluate(rule, {reads[0].value.id: v}, {})]
    assert allowed == [1]


def test_values_agree_with_plain_evaluation() -> None:
    # y = (x + 1) * 2 with x in {0, 3}: exactly the values of all combinations.
    total = Op("mul", (Op("add", (Use("r", S32), number(1)), S32), number(2)), S32)
    built = structure(
        [block(0, [read("r", address(0)), write(address(1), total)], End())],
        [block(0, [write(address(0), number(3))], End())],
        cells=(cell(0, "x"), cell(1, "y")),
    )
    (store,) = [e for e in built.events if e.kind == "W" and e.thread == 0]
    assert set(store.values) == {(x + 1) * 2 for (x,) in product((0, 3))}


def test_a_value_that_comes_late_makes_an_outcome_possible() -> None:
    # P0: r = x; cmpxchg(y, r, 5) with y = 3. The 3 reaches x through two other threads; y has had
    # its values by then.
    expected = Access(
        "atomic_cmpxchg", "s", (address(1), Use("r", S32), number(5)), S32, S32, ORIGIN
    )
    passed_on = Use("t", S32)
    built = structure(
        [block(0, [read("r", address(0)), expected], End())],
        [block(0, [read("t", address(2)), write(address(0), passed_on)], End())],
        [block(0, [read("t", address(3)), write(address(2), passed_on)], End())],
        [block(0, [write(address(3), number(3))], End())],
        cells=(cell(0, "x"), cell(1, "y", 3), cell(2, "z"), cell(3, "w")),
    )
    (store,) = (e for e in built.events if e.thread == 0 and e.kind == "W")
    assert (store.cells, store.values) == ((1,), (5,))
    (source,) = (r for r, w in built.rmw if w == store.id)
    assert built.events[source].values == (3,)


def test_values_that_go_round_in_a_circle_end() -> None:
    # x = y + 1 beside y = x + 1: each is 1 if it comes first and 2 if it read the other's 1.
    def one_more(source: int, target: int) -> list[Block]:
        total = Op("add", (Use("r", S32), number(1)), S32)
        return [block(0, [read("r", address(source)), write(address(target), total)], End())]

    built = structure(one_more(1, 0), one_more(0, 1), cells=(cell(0, "x"), cell(1, "y")))
    stores = [e for e in built.events if e.kind == "W" and e.thread >= 0]
    assert [{1, 2} <= set(e.values) for e in stores] == [True, True]
    assert all(len(e.values) < 8 for e in stores)
