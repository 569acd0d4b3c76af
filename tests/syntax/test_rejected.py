"""The wrong tests of litmus/rejected/: each says in its second line what has to be reported.

``reported at line N: MESSAGE`` is for the parser and tested here. ``reported once compiled: ...``
(by program/) and ``reported once checked: ...`` (by a verdict or flag) have to pass the parser.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ksmcheck.syntax.load import load_test
from ksmcheck.text import InputError

FOLDER = Path(__file__).parents[2] / "litmus" / "rejected"
FILES = sorted(FOLDER.glob("*.litmus"))
SYNTAX = re.compile(r"\(\* reported at line (\d+): (.*) \*\)")
LATER = re.compile(r"\(\* reported once (compiled|checked): (.*) \*\)")


def second_line(path: Path) -> str:
    return path.read_text(encoding="utf-8").splitlines()[1]


def test_there_are_both_kinds() -> None:
    kinds = [bool(SYNTAX.fullmatch(second_line(path))) for path in FILES]
    assert kinds.count(True) >= 15 and kinds.count(False) >= 12


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_reported(path: Path) -> None:
    announced = SYNTAX.fullmatch(second_line(path))
    if announced is None:
        assert LATER.fullmatch(second_line(path))
        assert load_test(path).name == path.stem
        return
    with pytest.raises(InputError) as caught:
        load_test(path)
    diagnostic = caught.value.diagnostic
    assert announced[2] in diagnostic.message
    assert diagnostic.span is not None
    assert diagnostic.span.line == int(announced[1]), diagnostic.render()
