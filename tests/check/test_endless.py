"""Threads that go round for ever: what their branches control ends where the ways meet again, as
it does in threads that end. Each violation has passed the replay, which looks for itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request

OTHER = "P1(void) { BUG_ON(READ_ONCE(z) == 1); }\nforall (true)\n"


@pytest.mark.parametrize(
    "body",
    [
        "if (READ_ONCE(x)) WRITE_ONCE(y, 1); WRITE_ONCE(z, 1); while (u) WRITE_ONCE(y, u);",
        "if (READ_ONCE(x)) { } else { u = 2; } WRITE_ONCE(z, 1); for (;;) WRITE_ONCE(y, u);",
        "for (;;) { if (READ_ONCE(x)) WRITE_ONCE(y, 1); WRITE_ONCE(z, 1); }",
        "for (;;) { u = READ_ONCE(x); while (u == 2) u = READ_ONCE(x); WRITE_ONCE(z, 1); }",
        "again: if (READ_ONCE(x)) WRITE_ONCE(y, 1); WRITE_ONCE(z, 1); goto again;",
        "if (READ_ONCE(x)) for (;;) WRITE_ONCE(y, 1); else WRITE_ONCE(z, 1); for (;;) y++;",
        # All rounds depend on the one read; a replay that noted it for each would not end.
        "u = READ_ONCE(x); WRITE_ONCE(z, 1); while (!u) { }",
        "switch (READ_ONCE(x)) { case 0: u++; case 1: u++; } WRITE_ONCE(z, 1); for (;;) y = u;",
    ],
)
def test_a_thread_without_an_end(body: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\nint x; int y; int z;\n{{ }}\nP0(void) {{ int u = 3; {body} }}\n{OTHER}")
    for model in ("sc", "armv8"):
        verdict = Checker().check(Request(path, model))
        assert verdict.verdict == "VIOLATED"
        assert verdict.witness is not None
        assert verdict.witness.failure.name == "BUG_ON"
