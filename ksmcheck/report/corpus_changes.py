"""What changed between two corpus runs, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ksmcheck.batch.corpus.changes import Changes

_MOST = 10


def changes_text(found: Changes) -> str:
    """The report; its last line is the summary."""
    lines = list(_settings(found.settings))
    lines += [line for change in found.answers for line in (change.file, *_indented(change.what))]
    lines += [f"only in the old run: {file}" for file in found.old_only]
    lines += [f"only in the new run: {file}" for file in found.new_only]
    lines += [*_times("slower", found.slower), *_times("faster", found.faster)]
    return "\n".join([*lines, _summary(found)])


def _settings(differing: Sequence[tuple[str, object, object]]) -> Iterator[str]:
    """What was asked for otherwise. Of states that one run did not ask for nothing is compared."""
    for name, old, new in differing:
        yield f"other settings: {name}: {_word(old)} -> {_word(new)}"
    if any(name == "mode" for name, _, _ in differing):
        yield "  states and flags are not compared: one of the runs did not ask for them"


def _word(value: object) -> str:
    return "default" if value is None else str(value)


def _indented(lines: Sequence[str]) -> Iterator[str]:
    """At most a screenful of one test's lines."""
    yield from (f"  {line}" for line in lines[:_MOST])
    if len(lines) > _MOST:
        yield f"  ... {len(lines) - _MOST} more"


def _times(title: str, moved: Sequence[tuple[str, float, float]]) -> Iterator[str]:
    for file, old, new in moved[:_MOST]:
        yield f"{title}: {old:8.3f} s -> {new:8.3f} s  {file}"
    if len(moved) > _MOST:
        yield f"{title}: ... {len(moved) - _MOST} more"


def _summary(found: Changes) -> str:
    old, new = found.totals
    tests = "1 test" if found.common == 1 else f"{found.common} tests"
    parts = [f"{tests} in both runs", f"{len(found.answers)} answered otherwise"]
    for title, files in (("old", found.old_only), ("new", found.new_only)):
        if files:
            parts.append(f"{len(files)} in the {title} one only")
    ratio = f" ({new / old:.2f} x)" if old > 0 else ""
    return f"{', '.join(parts)}; CPU {old:.3f} s -> {new:.3f} s{ratio}"
