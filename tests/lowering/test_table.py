"""Lowering tables: how a row is found, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.kernel.primitives import all_primitives
from ksmcheck.lowering.lookup import NotApplicable
from ksmcheck.lowering.steps import parse_steps, steps_text
from ksmcheck.lowering.table import LoweringTable, check_tags, load_table, parse_table
from ksmcheck.lowering.template import Row, Step
from ksmcheck.text import InputError, Source, Span


def table(text: str) -> LoweringTable:
    return parse_table(Source("lowering.toml", text), Path("."))


def row(text: str, name: str, kernel: str = "6.12", config: str = "default") -> Row:
    found = table(text).row(all_primitives()[name], kernel, config)
    assert isinstance(found, Row)
    return found


def place(error: InputError) -> tuple[int, int]:
    span = error.diagnostic.span
    assert span is not None
    return span.line, span.column


def steps(text: str) -> tuple[Step, ...]:
    return parse_steps(Span(Source("row", text), 0, len(text)))


def test_steps() -> None:
    assert steps("F[DMB.ISH]  R? R*@lock[A,X] W*") == (
        Step("F", ("DMB.ISH",)),
        Step("R", probe=True),
        Step("R", ("A", "X"), rmw=True, lock=True),
        Step("W", rmw=True),
    )
    assert steps("F&[Sync-srcu]") == (Step("F", ("Sync-srcu",), located=True),)
    assert steps("") == ()


@pytest.mark.parametrize("text", ["R", "R? F[MB] R*[A,AMO] W*[L]", "R*@lock[A] W@lock", "F&[S]"])
def test_steps_are_printed_as_they_are_read(text: str) -> None:
    assert steps_text(steps(text)) == text


@pytest.mark.parametrize(
    "text", ["X", "W?", "F*", "F@lock", "R[A", "R[]", "R[A,]", "R[1]", "RW", "R&", "r"]
)
def test_malformed_steps_are_pointed_at(text: str) -> None:
    with pytest.raises(InputError) as caught:
        table(f'[smp_mb]\nall = "F {text}"\n')
    assert place(caught.value) == (2, 10)


CONFIGURED = """
[model]
kernels = ["3.9", "6.12"]
[configs]
"6.12" = ["llsc", "lse"]
[class.rmw]
all = "R* W*"
[class.void-rmw]
"6.12/lse" = "R*[AMO] W*[AMO]"
source = "of the class"
[class.value-rmw]
same = "class.void-rmw"
[atomic_inc]
"3.9" = "F[MB] R* W*"
source = { "3.9" = "three nine", "6.12" = "six" }
"""


def test_the_own_name_comes_before_the_class_and_the_class_before_the_shape() -> None:
    assert steps_text(row(CONFIGURED, "atomic_inc", "3.9").always or ()) == "F[MB] R* W*"
    assert (
        steps_text(row(CONFIGURED, "atomic_inc", "6.12", "lse").always or ()) == "R*[AMO] W*[AMO]"
    )
    assert steps_text(row(CONFIGURED, "atomic_inc", "6.12", "llsc").always or ()) == "R* W*"


def test_same_refers_to_another_table() -> None:
    found = row(CONFIGURED, "atomic_inc_return", "6.12", "lse")
    assert steps_text(found.always or ()) == "R*[AMO] W*[AMO]"
    assert found.source == "of the class"


def test_source_is_of_the_kernel_point() -> None:
    assert row(CONFIGURED, "atomic_inc", "3.9").source == "three nine"


def test_configurations() -> None:
    assert table(CONFIGURED).configs == {"3.9": ("default",), "6.12": ("llsc", "lse")}


def test_no_row_is_not_an_empty_row() -> None:
    assert table(CONFIGURED).row(all_primitives()["smp_mb"], "6.12", "lse") is None


def test_reason_for_no_meaning() -> None:
    found = table('[synchronize_rcu]\nall = { na = "no readers" }\n').row(
        all_primitives()["synchronize_rcu"], "6.12", "default"
    )
    assert isinstance(found, NotApplicable)
    assert found.reason == "no readers"


CASES = '[class.cmpxchg]\nall = { ok = "R* W*", fail = "R*" }\n'


def test_outcomes_apart() -> None:
    found = row(CASES, "atomic_cmpxchg")
    assert found.always is None
    assert steps_text(found.ok or ()) == "R* W*"
    assert steps_text(found.fail or ()) == "R*"


def test_a_primitive_that_waits_has_no_failure() -> None:
    found = row('[spin_lock]\nall = { ok = "R* W*", fail = "R*" }\n', "spin_lock")
    assert (found.always, found.fail) == (None, None)
    assert steps_text(found.ok or ()) == "R* W*"


def test_a_primitive_that_cannot_fail_takes_the_ok_case() -> None:
    # test_and_change_bit changes the bit whatever it was (Documentation/atomic_bitops.txt).
    text = '[class.value-bitop]\nall = { ok = "R* W*", fail = "R*" }\n'
    assert steps_text(row(text, "test_and_change_bit").always or ()) == "R* W*"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("atomic_cmpxchg", '"R* W*"', "needs both cases"),
        ("atomic_cmpxchg", '{ ok = "R* W*", fail = "R* W*" }', "stores nothing when it fails"),
        ("atomic_cmpxchg", '{ ok = "R*", fail = "R*" }', "1 R and 1 W"),
        ("atomic_inc", '"R* W"', "either both"),
        ("atomic_inc", '"R? R* W*"', "a probe has no meaning"),
        ("smp_mb", '"R"', "0 R and 0 W"),
        ("READ_ONCE", '"F[MB]"', "1 R and 0 W"),
        ("WRITE_ONCE", '"R W"', "0 R and 1 W"),
        ("smp_mb", '"F&[MB]"', "no address"),
    ],
)
def test_a_row_has_to_fit_the_primitive(name: str, value: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        row(f"[{name}]\nall = {value}\n", name)
    assert place(caught.value)[0] == 2


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ('[smp_bm]\nall = ""\n', (1, 1), "neither a kernel primitive nor a class"),
        ('[class.rmv]\nall = ""\n', (1, 1), "neither a kernel primitive nor a class"),
        ('[smp_mb]\n"5.10" = ""\n', (2, 1), "has no key"),
        ('[smp_mb]\n"6.12/lse" = ""\n', (2, 1), "has no key"),
        ('[smp_mb]\nsame = "smp_rmb"\n', (2, 9), "there is no table"),
        ('[smp_mb]\nall = { yes = "F" }\n', (2, 7), "a row is text"),
        ('[smp_mb]\nall = ["F"]\n', (2, 7), "a row is text"),
        ('[model]\ntitel = "x"\n', (2, 1), "has no key"),
        ('[configs]\n"5.10" = ["a"]\n', (2, 10), "not among"),
        ('[model]\nlowering = "nowhere.toml"\n', (2, 13), "cannot read"),
    ],
)
def test_errors_point_at_the_place(text: str, at: tuple[int, int], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        table(text)
    assert place(caught.value) == at


def test_a_near_name_is_offered() -> None:
    with pytest.raises(InputError) as caught:
        table('[smp_bm]\nall = ""\n')
    assert "smp_mb" in (caught.value.diagnostic.hint or "")


def test_tags_have_to_be_the_models() -> None:
    loaded = table('[smp_mb]\nall = "F[DMB.IHS]"\n')
    check_tags(loaded, frozenset({"DMB.IHS"}), "x.cat")
    with pytest.raises(InputError, match=r"`smp_mb` emits 'DMB.IHS', which x.cat") as caught:
        check_tags(loaded, frozenset({"DMB.ISH", "A"}), "x.cat")
    assert place(caught.value) == (2, 8)
    assert "DMB.ISH" in (caught.value.diagnostic.hint or "")


def test_an_included_table_is_the_ground(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('[smp_mb]\nall = "F[A]"\n[smp_wmb]\nall = "F[B]"\n')
    (tmp_path / "own.toml").write_text('[model]\nlowering = "base.toml"\n[smp_mb]\nall = "F[C]"\n')
    loaded = load_table(tmp_path / "own.toml")
    for name, text in (("smp_mb", "F[C]"), ("smp_wmb", "F[B]")):
        found = loaded.row(all_primitives()[name], "6.12", "default")
        assert isinstance(found, Row)
        assert steps_text(found.always or ()) == text


def test_tables_that_include_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[model]\nlowering = "b.toml"\n')
    (tmp_path / "b.toml").write_text('[model]\nlowering = "a.toml"\n')
    with pytest.raises(InputError, match="include each other"):
        load_table(tmp_path / "a.toml")


def test_references_in_a_circle_end() -> None:
    text = '[smp_mb]\nsame = "smp_rmb"\n[smp_rmb]\nsame = "smp_mb"\n'
    assert table(text).row(all_primitives()["smp_mb"], "6.12", "default") is None


def test_data_in_pairs() -> None:
    """Of the pair's write alone; a table takes it from the one that it is made on top of."""
    rows = '[atomic_inc]\nall = "R* W* F[MB]"\n[class.store]\nall = "W"\n'
    with_it = row(f'[model]\npairs = "data"\n{rows}', "atomic_inc").always
    assert with_it == (Step("R", rmw=True), Step("W", rmw=True, computed=True), Step("F", ("MB",)))
    assert row(rows, "atomic_inc").always == steps("R* W* F[MB]")
    with pytest.raises(InputError, match="pairs is"):
        table('[model]\npairs = "control"\n')


def test_pairs_by_configuration() -> None:
    """By data, or by a tag for what is always computed: an exchange's value is not."""
    text = (
        '[model]\npairs = { llsc = "data", lse = "SUM" }\n[configs]\n"6.12" = ["llsc", "lse"]\n'
        '[atomic_inc]\nall = "R* W*"\n[xchg]\nall = "R* W*"\n'
    )

    def always(name: str, config: str) -> tuple[Step, ...] | None:
        found = table(text).row(all_primitives()[name], "6.12", config)
        assert isinstance(found, Row)
        return found.always

    computed = Step("R", rmw=True), Step("W", rmw=True, computed=True)
    assert always("atomic_inc", "llsc") == computed
    assert always("atomic_inc", "lse") == steps("R* W*[SUM]")
    assert always("xchg", "lse") == steps("R* W*")
    with pytest.raises(InputError, match="no configuration elsewhere"):
        table('[model]\npairs = { elsewhere = "data" }\n')
    with pytest.raises(InputError, match="`pairs` emits 'SUM', which own"):
        check_tags(table(text), frozenset(("MB",)), "own.cat")
