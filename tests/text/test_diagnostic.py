"""Carets have to stand under what they mean; expected texts are drawn by hand."""

from __future__ import annotations

from ksmcheck.text import InputError, Note, Source, Span

SOURCE = Source("a.litmus", "one\n\ttwo three\n\nlast")


def span_of(word: str, via: Span | None = None) -> Span:
    start = SOURCE.text.index(word)
    return Span(SOURCE, start, start + len(word), via)


def test_position_counts_lines_and_columns_from_one() -> None:
    # "one\n" is offsets 0-3, so the tab is offset 4; "last" begins after the empty line 3.
    assert SOURCE.position(0) == (1, 1)
    assert SOURCE.position(3) == (1, 4)
    assert SOURCE.position(4) == (2, 1)
    assert SOURCE.position(len(SOURCE.text)) == (4, 5)


def test_line_text_has_no_newline() -> None:
    assert [SOURCE.line_text(n) for n in (1, 2, 3, 4)] == ["one", "\ttwo three", "", "last"]


def test_error_shows_line_caret_and_hint() -> None:
    error = InputError("not a number", span_of("three"), "write 3")
    assert str(error) == (
        "a.litmus:2:6: error: not a number\n"
        "    2 | \ttwo three\n"
        "      | \t    ^^^^^\n"
        "  hint: write 3"
    )


def test_notes_and_macro_definitions_are_shown() -> None:
    error = InputError(
        "bad", span_of("two", via=span_of("one")), notes=(Note("see", span_of("last")),)
    )
    assert str(error).splitlines() == [
        "a.litmus:2:2: error: bad",
        "    2 | \ttwo three",
        "      | \t^^^",
        "  in the expansion of a macro defined at a.litmus:1:1",
        "a.litmus:4:1: note: see",
        "    4 | last",
        "      | ^^^^",
    ]


def test_a_macro_that_comes_along_has_no_place() -> None:
    """What the test wrote is the macro's use; the rest is in no file."""
    along = Span(Source("<predefined>", "#define kfree(p) ..."), 0, 7)
    assert str(InputError("bad", span_of("two", via=along))).splitlines() == [
        "a.litmus:2:2: error: bad",
        "    2 | \ttwo three",
        "      | \t^^^",
    ]
    outer = Span(along.source, 0, 7, span_of("one"))
    assert "macro defined at a.litmus:1:1" in str(InputError("bad", span_of("two", via=outer)))


def test_caret_stays_in_its_line_and_is_never_empty() -> None:
    across = Span(SOURCE, SOURCE.text.index("three"), len(SOURCE.text))
    assert str(InputError("m", across)).splitlines()[2] == "      | \t    ^^^^^"
    at_end = Span(SOURCE, len(SOURCE.text), len(SOURCE.text))
    assert str(InputError("m", at_end)).splitlines()[2] == "      |     ^"


def test_to_covers_both_spans() -> None:
    assert span_of("two").to(span_of("last")).text == "two three\n\nlast"
    other = Span(Source("b", "x"), 0, 1)
    assert span_of("two").to(other) == span_of("two")


def test_of_a_very_long_line_the_part_around_the_place_is_shown() -> None:
    text = "a" * 500 + "BAD" + "z" * 500
    _, line, carets = str(InputError("m", Span(Source("l", text), 500, 503))).splitlines()
    assert line == "    1 | ..." + "a" * 100 + "BAD" + "z" * 97 + "..."
    assert carets == "      | " + " " * 103 + "^^^"
    _, line, carets = str(InputError("m", Span(Source("l", text), 0, 1))).splitlines()
    assert line == "    1 | " + "a" * 200 + "..."
    assert carets == "      | ^"
