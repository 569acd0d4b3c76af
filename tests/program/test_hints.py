"""What is often written in the place of what was meant, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker


@pytest.mark.parametrize(
    ("statement", "message", "hint"),
    [
        ("spin_lock(g.lock);", "spin_lock needs an address, not spinlock_t", "write &g.lock"),
        ("smp_store_release(g.a, 1);", "smp_store_release needs an address", "write &g.a"),
        ("r = xchg(g.a, 1);", "xchg needs an address, not int", "write &g.a"),
        ("r = READ_ONCE(&g.a);", "READ_ONCE needs a variable", "leave out the &"),
        ("r = READ_ONCE(r + 1);", "READ_ONCE needs a variable", "write READ_ONCE(*...)"),
        ("smp_mb;", "smp_mb is not declared", "call it: smp_mb()"),
        ("g.n = 1;", "a value of type atomic_t is needed", "write atomic_set(&v, n)"),
        # No address that could be written: of a local, of a bit-field, of what points already.
        ("r = xchg(r, 1);", "this is not a pointer", "cast it"),
        ("r = xchg(g.b, 1);", "this is not a pointer", "cast it"),
        ("r = xchg(g.p, 1);", "void * cannot be dereferenced", "cast it first"),
    ],
)
def test_a_hint_says_what_to_write(statement: str, message: str, hint: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nstruct s { int a; spinlock_t lock; unsigned b:3; void *p; atomic_t n; };\n"
        "struct s g;\n{ }\n"
        f"P0(void)\n{{\n\tint r = 0;\n\n\t{statement}\n}}\nexists (g.a=1)\n"
    )
    with pytest.raises(InputError) as refused:
        fresh_checker().check(Request(path, "armv8"))
    assert message in refused.value.diagnostic.message
    assert hint in (refused.value.diagnostic.hint or "")
