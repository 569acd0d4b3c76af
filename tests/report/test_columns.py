"""How lines of several threads come on a page: no line is wider than the page, and none loses text.

That is the whole of what a reader of a terminal asks for; where columns have no room for words, the
threads stand below each other.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.explain.tell import telling_of
from ksmcheck.report.columns import Layout, Line, arranged, layout_for, title_rows
from ksmcheck.report.console import Paper
from ksmcheck.report.text import Said, print_verdict
from tests.fresh import fresh_checker

TEXTS = (
    "sess.h:105  list_for_each_entry_rcu(s, &table->head.first_of_all, node)",
    "    P0:__kmalloc.ref.counter 0x5a5a5a5a -> 0x5a5a5a5b  [acquire release]",
    "    from start",
    "word_without_any_place_to_break_it_that_is_much_longer_than_a_column_is",
)


def rows(layout: Layout, texts: tuple[str, ...] = TEXTS) -> list[str]:
    lines = [Line(thread, text) for thread in layout.threads for text in texts]
    body = ["".join(pieces[:3]).rstrip() for pieces in arranged(layout, lines)]
    return [*title_rows(layout, ["a title"] * len(layout.threads)), *body]


@pytest.mark.parametrize("total", [60, 80, 100, 130, 200])
@pytest.mark.parametrize("count", range(1, 9))
def test_no_line_is_wider_than_the_page(count: int, total: int) -> None:
    names = tuple(f"P{n}" for n in range(count))
    found = rows(layout_for(tuple(range(count)), names, total))
    assert max(map(len, found)) <= total


@pytest.mark.parametrize("total", [60, 80, 130])
def test_no_text_is_lost(total: int) -> None:
    """But for blanks, where a line is broken."""
    layout = layout_for((0, 2, 5), ("P0", "P1", "P2", "P3", "P4", "P5"), total)
    for text in TEXTS:
        printed = (piece[1] for piece in arranged(layout, [Line(2, text)]))
        assert "".join("".join(printed).split()) == "".join(text.split())


def test_words_are_broken_where_they_have_joints() -> None:
    layout = Layout((0, 1), ("P0", "P1"), 24)
    printed = [
        text for _, text, _, _ in arranged(layout, [Line(0, "    P0:__kmalloc.ref.counter")])
    ]
    assert printed == ["    P0:__kmalloc.ref", "      .counter"]
    printed = [t for _, t, _, _ in arranged(layout, [Line(0, "x  rcu_do_batch(&rcu_callback_0);")])]
    assert printed == ["x  rcu_do_batch(", "  &rcu_callback_0);"]


def test_many_threads_stand_below_each_other() -> None:
    """Each line of a thread that was not told last has its name."""
    layout = layout_for(tuple(range(5)), tuple(f"P{n}" for n in range(5)), 80)
    lines = [Line(0, "a"), Line(0, "b"), Line(3, "c"), Line(0, "d")]
    printed = [f"{lead}{text}{rest}" for lead, text, rest, _ in arranged(layout, lines)]
    assert printed == ["P0 │ a", "   │ b", "P3 │ c", "P0 │ d"]


def told(text: str, folder: Path, *, full: bool = False) -> str:
    path = folder / "t.litmus"
    path.write_text(text, encoding="utf-8")
    checker, out = fresh_checker(), io.StringIO()
    verdict = checker.check(Request(path, "lkmm"))
    print_verdict(Paper(out), verdict, Said(telling_of(checker, verdict), full=full))
    return out.getvalue()


LATER = """C later
struct node { int a; int b; struct rcu_head rcu; };
struct node one; struct node two; int never;
{ }
P0(void) { kfree_rcu(&one, rcu); }
P1(void) { if (READ_ONCE(never)) kfree_rcu(&two, rcu); }
P2(void) { int r = READ_ONCE(one.a); }
"""
"""P2 reads without a section. P3 is what frees ``one``, P4 the callback that nobody asks for."""


def test_callbacks_that_are_not_called_have_no_column(tmp_path: Path) -> None:
    assert "P3  kfree_rcu" in told(LATER, tmp_path) and "P4" not in told(LATER, tmp_path)
    assert "P4" in told(LATER, tmp_path, full=True)


def test_what_frees_is_told_in_its_own_word_and_once(tmp_path: Path) -> None:
    """Each member of the object is an access of its own."""
    printed = " ".join(told(LATER, tmp_path).replace("│", " ").split())
    assert printed.count("kfree(container_of(head, struct node, rcu));") == 1
    assert "one.a 0 -> 0 [freed]" in printed and "one.b 0 -> 0 [freed]" in printed
    assert "__ksmcheck" not in printed
