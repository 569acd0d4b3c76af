"""Calls of what has no body: none is needed where a constant closes the way, as GCC drops the way
and the kernel relies on it (``if (IS_ENABLED(CONFIG_X)) f();``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

TOP = "struct s { int a; };\nint f(int a); void g(int *p); struct s h(void);\nint x, y;\n{ }\n"


def observation(code: str, folder: Path, condition: str, model: str = "lkmm") -> str | None:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{TOP}P0(void) {{ {code} }}\n{condition}\n")
    return fresh_checker().states(Request(path, model)).observation


@pytest.mark.parametrize("model", ["lkmm", "armv8"])
@pytest.mark.parametrize(
    "code",
    [
        "if (IS_ENABLED(CONFIG_X)) g(&x); x = 1;",
        "if (IS_ENABLED(CONFIG_X) && f(2)) x = 2; else x = 1;",
        "if (0) x = f(1); else x = 1;",
        'if (1) x = 1; else undeclared("text", 2);',
        "if (0 && undeclared(1)) x = 2; x = 1;",
        "if (READ_ONCE(y) && 0 && undeclared(1)) x = 2; x = 1;",
        "if (1 || f(1)) x = 1;",
        "while (0) g(&x); x = 1;",
        "x = 1 ? 1 : f(3);",
        "x = 1; if (0) x = h().a;",
        "struct s v = { 1 }; if (0) v = h(); x = v.a;",
        "switch (sizeof(x)) { case 8: g(&x); break; case 4: x = 1; break; default: bad_size(); }",
        "if (READ_ONCE(y)) { if (0) { f(1); return; } x = 2; } else x = 1;",
        "x = 1; return; g(&x);",
        "x = sizeof(f(1)) == 4 && sizeof(h()) == 4;",
    ],
)
def test_what_is_not_called_needs_no_body(code: str, model: str, tmp_path: Path) -> None:
    assert observation(code, tmp_path, "forall (x=1)", model) == "Always"
    path = tmp_path / "t.litmus"
    path.write_text(path.read_text().replace("forall", "exists"))
    assert fresh_checker().check(Request(path, model)).witness is not None  # replayed


@pytest.mark.parametrize(
    "code",
    [
        "if (1) x = <f(1)>;",
        "if (y) <g(&x)>;",
        "if (IS_ENABLED(CONFIG_SMP) && <f(2)>) x = 2;",
        "if (0) { again: <g(&x)>; } if (READ_ONCE(y)) goto again;",
        "if (READ_ONCE(y)) goto again; if (0) { again: <g(&x)>; }",
        "switch (y) { if (0) { case 1: <g(&x)>; } }",
        "for (;;) { if (0) { again: <g(&x)>; break; } if (y) goto again; }",
        "switch (sizeof(x)) { case 8: break; default: <g(&x)>; }",
        "do { <g(&x)>; } while (0);",
    ],
)
def test_on_an_open_way_it_does(code: str, tmp_path: Path) -> None:
    plain = code.replace("<", "").replace(">;", ";").replace(">)", ")")
    with pytest.raises(InputError, match="has no body") as caught:
        observation(plain, tmp_path, "exists (x=1)")
    span = caught.value.diagnostic.span
    assert span is not None
    assert f"<{span.text}>" in code


@pytest.mark.parametrize(
    "code",
    [
        "undeclared(1);",
        "if (0) { again: undeclared(1); } if (READ_ONCE(y)) goto again;",
        "x = sizeof(undeclared(1));",
    ],
)
def test_nor_may_it_be_unknown_there(code: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown function or primitive undeclared"):
        observation(code, tmp_path, "exists (x=1)")


def test_control_dependencies_do_not_see_what_is_closed(tmp_path: Path) -> None:
    """A way out of the thread that is never taken keeps no store behind a read: the load buffering
    of armv8 is there, as it is without those lines."""
    top = "int f(int a);\nint x, y;\nstatic int on(void) { if (0) return f(1); return 0; }\n{ }\n"
    code = "if (READ_ONCE(x)) { if (on()) return; if (IS_ENABLED(CONFIG_X)) { f(2); return; } }"
    path = tmp_path / "t.litmus"
    path.write_text(
        f"C t\n{top}P0(void) {{ {code} WRITE_ONCE(y, 1); }}\n"
        "P1(void) { int r = READ_ONCE(y); smp_mb(); WRITE_ONCE(x, r); }\nexists (x=1)\n"
    )
    checker, request = fresh_checker(), Request(path, "armv8")
    assert checker.states(request).observation == "Sometimes"
    assert checker.check(request).witness is not None
