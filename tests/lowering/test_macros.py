"""``.def`` files of herd7 macros as lowering rows.

Which events an operation becomes: tools/memory-model/Documentation/herd-representation.txt of
Linux 6.12, whose table of "C macro" and "Events" is what the expectations below say.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.kernel.primitives import all_primitives
from ksmcheck.lowering.lookup import NotApplicable
from ksmcheck.lowering.macro_rows import table_text
from ksmcheck.lowering.macros import parse_macros
from ksmcheck.lowering.steps import steps_text
from ksmcheck.lowering.table import LoweringTable, parse_table
from ksmcheck.text import InputError, Source

TEXT = """
// a comment
READ_ONCE(X) __load{once}(X)
WRITE_ONCE(X,V) { __store{once}(X,V); }
smp_store_mb(X,V) { __store{once}(X,V); __fence{mb}; } /* two events */
smp_mb__before_atomic() { __fence{before-atomic}; }
xchg(X,V)  __xchg{mb}(X,V)
xchg_acquire(X,V) __xchg{acquire}(X,V)
cmpxchg_release(X,V,W) __cmpxchg{release}(X,V,W)
spin_lock(X) { __lock(X); }
spin_trylock(X) __trylock(X)
spin_is_locked(X) __islocked(X)
synchronize_srcu(X)  { __srcu{sync-srcu}(X); }
atomic_read(X) READ_ONCE(*X)
atomic_add(V,X) { __atomic_op(X,+,V); }
atomic_inc_return_relaxed(X) __atomic_op_return{once}(X,+,1)
atomic_dec_and_test(X)  __atomic_op_return{mb}(X,-,1) == 0
my_own(X) __load{once}(X)
"""


def table(text: str) -> LoweringTable:
    rows = table_text(Source("t.def", text), all_primitives())
    return parse_table(Source("rows", rows), Path())


def row(name: str, text: str = TEXT) -> tuple[str, ...]:
    found = table(text).row(all_primitives()[name], "6.12", "default")
    assert found is not None and not isinstance(found, NotApplicable)
    return tuple(steps_text(s) for s in (found.always, found.ok, found.fail) if s is not None)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("READ_ONCE", ("R[Once]",)),
        ("WRITE_ONCE", ("W[Once]",)),
        ("smp_store_mb", ("W[Once] F[Mb]",)),
        ("smp_mb__before_atomic", ("F[Before-atomic]",)),
        ("xchg", ("F[Mb] R*[Once] W*[Once] F[Mb]",)),
        ("xchg_acquire", ("R*[Acquire] W*[Once]",)),
        ("cmpxchg_release", ("R*[Once] W*[Release]", "R*[Once]")),
        ("spin_lock", ("R*[LKR,Acquire] W*[LKW]",)),
        ("spin_trylock", ("R*[LKR,Acquire] W*[LKW]", "R[LF]")),
        ("spin_is_locked", ("R[RL]", "R[RU]")),
        ("synchronize_srcu", ("F&[Sync-srcu]",)),
        ("atomic_read", ("R[Once]",)),
        ("atomic_add", ("R*[Noreturn] W*[Once]",)),
        ("atomic_inc_return_relaxed", ("R*[Once] W*[Once]",)),
        ("atomic_dec_and_test", ("F[Mb] R*[Once] W*[Once] F[Mb]",)),
    ],
)
def test_rows(name: str, rows: tuple[str, ...]) -> None:
    assert row(name) == rows


def test_a_row_says_where_it_is_from() -> None:
    found = table(TEXT).row(all_primitives()["READ_ONCE"], "6.12", "default")
    assert found is not None and not isinstance(found, NotApplicable)
    assert found.source == "t.def:3"


def test_srcu_of_6_2_and_before_has_no_value() -> None:
    # Up to 6.2 srcu_read_lock was an event of its own kind, with a location and nothing read.
    text = "srcu_read_lock(X) __srcu{srcu-lock}(X)\n"
    text += "srcu_read_unlock(X,Y) { __srcu{srcu-unlock}(X,Y); }"
    assert row("srcu_read_lock", text) == ("F&[Srcu-lock]",)
    assert row("srcu_read_unlock", text) == ("F&[Srcu-unlock]",)


def test_what_the_file_leaves_out_is_as_what_it_has_of_that_class() -> None:
    # include/linux/srcu.h, 6.12: srcu_down_read is __srcu_read_lock, as srcu_read_lock is;
    # and linux-kernel.def of 6.12 gives both the same body.
    text = "srcu_read_lock(X) __srcu{srcu-lock}(X)\n"
    assert row("srcu_down_read", text) == ("F&[Srcu-lock]",)
    assert row("srcu_down_read", text + "srcu_down_read(X) __load{once}(X)") == ("R[Once]",)
    assert table(text).row(all_primitives()["srcu_up_read"], "6.12", "default") is None


def test_macros_of_a_class_that_differ_speak_for_themselves_alone() -> None:
    text = "atomic_add_return(V,X) __atomic_op_return{mb}(X,+,V)\n"
    more = "atomic_inc_return(X) __atomic_op_return{once}(X,+,1)\n"
    left_out = all_primitives()["atomic_sub_return"]
    found = table(text).row(left_out, "6.12", "default")
    assert found is not None and not isinstance(found, NotApplicable)
    assert found.source == "t.def:1"
    assert table(text + more).row(left_out, "6.12", "default") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("smp_mb() { __fance{mb}; }", "`__fance` is no operation that is known"),
        ("smp_mb() { fence(); }", "`fence` is no operation"),
        ("smp_mb() { __fence{mb};", "the file ends in a macro"),
        ("smp_mb() { __fence{mb} }", "`;` is expected here"),
        ("smp_mb( __fence{mb}", "`,` is expected here"),
        ("smp_mb() { @; }", "not understood"),
        ("smp_mb(X) { __fence{mb}; }", "`smp_mb` takes 0 arguments in the kernel"),
        ("smp_mb() smp_rmb() smp_rmb() smp_mb()", "is defined by itself"),
        ("smp_mb() { __fence{mb}; } smp_mb() { __fence{mb}; }", "`smp_mb` is defined twice"),
        ("xchg(X,V) __xchg{seq}(X,V)", "has the order seq"),
        (
            "atomic_add(V,X) { __atomic_op(X,-,V); }",
            "new `old - i`, the kernel's is `old [+] i`",
        ),
        ("atomic_add(V,X) { __atomic_op(X,~,V); }", "the new"),
        ("atomic_dec_and_test(X) __atomic_op_return{mb}(X,-,1) == 1", "the result"),
        ("cmpxchg(X,V,W) __cmpxchg{mb}(X,W,V)", "the test `old == v`"),
        ("READ_ONCE(X) __store{once}(X,1)", "the row does not fit"),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        for name in ("smp_mb", "READ_ONCE"):
            table(text).row(all_primitives()[name], "6.12", "default")


def test_comments_and_hyphens() -> None:
    (macro,) = parse_macros(Source("t", "a(X) (* c *) // d\n { __fence{a-b,c}; }"))
    assert macro.body[0].tags == ("a-b", "c")


VOCABULARY = """
    READ_ONCE xchg atomic_add smp_mb my_own X V ( ) { } , ; * == < 0 1 + - __load __store __fence
    __xchg __cmpxchg __atomic_op __lock {once} {mb} (X) (X,V) /* */ // (* *) '
"""
WORDS = [*VOCABULARY.split(), "\n"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14) | st.lists(st.text(max_size=8), max_size=3))
def test_any_text_is_a_table_or_an_error_with_its_place(words: list[str]) -> None:
    try:
        table(" ".join(words))
    except InputError as error:
        span = error.diagnostic.span
        assert span is not None
        assert 0 <= span.start <= span.end <= len(span.source.text)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 1 << 40))
def test_a_file_with_a_few_words_changed(seed: int) -> None:
    rng = Random(seed)
    words = TEXT.split(" ")
    for _ in range(rng.randrange(1, 4)):
        words[rng.randrange(len(words))] = rng.choice(WORDS)
    try:
        table(" ".join(words))
    except InputError as error:
        assert error.diagnostic.span is not None
