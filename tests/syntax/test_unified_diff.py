"""Unified diffs against the writer of Python's library, and those that are not whole."""

from __future__ import annotations

from difflib import unified_diff

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksmcheck.syntax.unified_diff import Edit, applied, parse_diff
from ksmcheck.text import InputError, Source

LINES = st.lists(st.sampled_from(["a\n", "b\n", "\n", " c\n", "-d\n", "+e\n", "\tf\n"]))


def diff_of(old: list[str], new: list[str], context: int) -> str:
    return "".join(unified_diff(old, new, "a/x.h", "b/x.h", n=context))


@given(LINES, LINES, st.integers(0, 3))
def test_what_difflib_writes_is_applied_forwards_and_backwards(
    old: list[str], new: list[str], context: int
) -> None:
    files = parse_diff(Source("d", diff_of(old, new, context)))
    assert len(files) == (old != new)
    for file in files:
        assert (file.old, file.new) == ("a/x.h", "b/x.h")
        forward = [(h.old_start, h.old, h.new) for h in file.hunks]
        backward = [(h.new_start, h.new, h.old) for h in file.hunks]
        assert applied("".join(old), forward) == "".join(new)
        assert applied("".join(new), backward) == "".join(old)


def test_an_insertion_without_context_stands_behind_the_line_that_it_names() -> None:
    text = "1\n2\n3\n"
    (file,) = parse_diff(Source("d", "--- x\n+++ x\n@@ -2,0 +3 @@\n+new\n"))
    assert applied(text, [(h.old_start, h.old, h.new) for h in file.hunks]) == "1\n2\nnew\n3\n"


@pytest.mark.parametrize(
    ("text", "edits", "result"),
    [
        # What GNU patch 2.7.6 makes of these. The line has moved by one, down or up: down.
        ("a\nx\nb\nx\nc\n", [(2, ("x\n",), ())], "a\nx\nb\nc\n"),
        ("x\na\nb\nx\nc\n", [(1, ("x\n",), ())], "a\nb\nx\nc\n"),
        # The nearest x is what the hunk before has put there, or stands before it.
        ("a\nb\nc\nd\nx\n", [(1, ("b\n",), ("x\n",)), (2, ("x\n",), ("y\n",))], "a\nx\nc\nd\ny\n"),
        ("x\nb\nc\nd\ne\nx\n", [(1, ("b\n",), ("B\n",)), (2, ("x\n",), ())], "x\nB\nc\nd\ne\n"),
        ("x\nb\nc\n", [(2, ("c\n",), ("C\n",)), (0, ("x\n",), ())], 1),
    ],
)  # fmt: skip
def test_where_a_run_that_has_moved_is_found(
    text: str, edits: list[Edit], result: str | int
) -> None:
    assert applied(text, edits) == result


WHOLE = """diff --git a/x.h b/x.h
--- a/x.h\t2026-11-26 22:30:15
+++ b/x.h\t2026-11-26 22:30:15
@@ -1,3 +1,3 @@
 one

-three
+drei
\\ No newline at end of file
--
2.39
"""


def test_times_signatures_and_lost_blanks() -> None:
    (file,) = parse_diff(Source("d", WHOLE))
    assert applied("one\n\nthree\n", [(h.old_start, h.old, h.new) for h in file.hunks]) == (
        "one\n\ndrei\n"
    )


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        (WHOLE[: WHOLE.index("-three")], "cut short", 4),
        (WHOLE[: WHOLE.index("@@")], "no hunk for this file", 3),
        (WHOLE.replace("-three", "*three"), "cut short", 4),
        (WHOLE.replace("+1,3 @@", "+1,2 @@"), "a line too many", 8),
        (WHOLE.replace("-1,3 +", "-1,2 +"), "other lines than it says", 4),
        (WHOLE.replace("+drei\n", "+drei\n+vier\n"), "a line too many", 9),
        (WHOLE[WHOLE.index("@@") :], "before any file", 1),
    ],
)
def test_what_is_not_whole_is_refused(text: str, message: str, line: int) -> None:
    with pytest.raises(InputError, match=message) as refused:
        parse_diff(Source("d", text))
    span = refused.value.diagnostic.span
    assert span is not None and span.line == line


def test_the_number_of_the_hunk_that_does_not_fit() -> None:
    assert applied("a\nb\n", [(0, ["a\n"], ["x\n"]), (1, ["c\n"], [])]) == 1
    assert applied("a\n", [(5, [], ["x\n"])]) == 0
