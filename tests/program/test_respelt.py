"""Lines of a changed program, as whoever makes the change by hand would write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.program.becomes import as_becomes
from ksmcheck.program.change import REMOVE, REPLACE, STRENGTHEN, WEAKEN, Change
from ksmcheck.program.inventory import inventory
from ksmcheck.program.respelt import respelt
from ksmcheck.report.context import source_line
from ksmcheck.syntax.litmus import load_litmus

HEAD = """C t

struct s { int a; int *b; };
#define PUBLISH(p) WRITE_ONCE((p)->a, 1)
int g;

{}

static int f(int a, int b)
{
	return a;
}

"""


@pytest.mark.parametrize(
    ("code", "change", "expected", "kernel"),
    [
        ("smp_mb();", Change("smp_mb@P0", WEAKEN, "smp_wmb"), "smp_wmb();", "6.12"),
        ("int r = READ_ONCE(*x);", Change("READ_ONCE@P0", WEAKEN, "plain"), "int r = *x;", "6.12"),
        ("WRITE_ONCE(s->a, f(1, 2));", Change("WRITE_ONCE@P0", WEAKEN, "plain"),
         "s->a = f(1, 2);", "6.12"),
        ("int r = READ_ONCE(s->a) + g;", Change("READ_ONCE@P0", STRENGTHEN, "smp_load_acquire"),
         "int r = smp_load_acquire(&s->a) + g;", "6.12"),
        ("WRITE_ONCE(*x, 1);", Change("WRITE_ONCE@P0", STRENGTHEN, "smp_store_release"),
         "smp_store_release(x, 1);", "6.12"),
        ("WRITE_ONCE(*x, 1);", Change("WRITE_ONCE@P0", STRENGTHEN, "smp_store_mb"),
         "smp_store_mb(*x, 1);", "6.12"),
        ("smp_store_release(&s->a, 1);", Change("smp_store_release@P0", WEAKEN, "WRITE_ONCE"),
         "WRITE_ONCE(s->a, 1);", "6.12"),
        ("int r = smp_load_acquire(x + 1);", Change("smp_load_acquire@P0", WEAKEN, "READ_ONCE"),
         "int r = READ_ONCE(*(x + 1));", "6.12"),
        ("int r = atomic_add_return(2, v);",
         Change("atomic_add_return@P0", WEAKEN, "atomic_add_return_relaxed"),
         "int r = atomic_add_return_relaxed(2, v);", "6.12"),
        ("ACCESS_ONCE(*x) = 1;", Change("ACCESS_ONCE=@P0", WEAKEN, "plain"), "*x = 1;", "3.9"),
        ("s->a = f(1, 2);", Change("s->a@P0", STRENGTHEN, "WRITE_ONCE"),
         "WRITE_ONCE(s->a, f(1, 2));", "6.12"),
        ("int r = s->a;", Change("s->a@P0", STRENGTHEN, "smp_load_acquire"),
         "int r = smp_load_acquire(&s->a);", "6.12"),
        ("s->a++;", Change("s->a@P0", STRENGTHEN, "WRITE_ONCE"),
         "WRITE_ONCE(s->a, s->a + 1);", "6.12"),
        ("(*x)--;", Change("*x@P0", STRENGTHEN, "WRITE_ONCE"), "WRITE_ONCE(*x, *x - 1);", "6.12"),
        ("++*x;", Change("*x@P0", STRENGTHEN, "WRITE_ONCE"), "WRITE_ONCE(*x, *x + 1);", "6.12"),
        ("g <<= f(1, 2);", Change("g@P0", STRENGTHEN, "WRITE_ONCE"),
         "WRITE_ONCE(g, g << (f(1, 2)));", "6.12"),
        ("for (g = 0; g < 1; g += 2) ;", Change("g@P0#3", STRENGTHEN, "WRITE_ONCE"),
         "for (g = 0; g < 1; WRITE_ONCE(g, g + 2)) ;", "6.12"),
        ("smp_wmb(); *x = g; g = 1;", Change("smp_wmb@P0", REPLACE, "smp_store_release"),
         "; smp_store_release(x, g); g = 1;", "6.12"),
        ("int r = READ_ONCE(g); smp_rmb();", Change("smp_rmb@P0", REPLACE, "smp_load_acquire"),
         "int r = smp_load_acquire(&g); ;", "6.12"),
        ("smp_wmb(); smp_mb();", Change("smp_wmb@P0", REMOVE), "; smp_mb();", "6.12"),
        # The line says what the macro is called; what it becomes stands elsewhere.
        ("PUBLISH(s);", Change("WRITE_ONCE@P0", WEAKEN, "plain"), "PUBLISH(s);", "6.12"),
    ],
)  # fmt: skip
def test_what_a_line_becomes(
    code: str, change: Change, expected: str, kernel: str, tmp_path: Path
) -> None:
    before = f"{HEAD}P0(int *x, struct s *s, atomic_t *v)\n{{\n\t"
    path = tmp_path / "t.litmus"
    path.write_text(f"{before}{code}\n}}\n\nexists (g=1)\n")
    test = load_litmus(path, kernel=kernel)
    spots = inventory(test, kernel)
    becomes = respelt([change], spots)
    (spot,) = (s for s in spots if s.name == change.site)
    assert source_line(spot.span, becomes) == expected
    # The text is a program: the same as what the change makes of the tree.
    verdict = Checker().check(Request(path, "armv8", kernel, changes=(change,)))
    if becomes:
        whole = as_becomes(path.read_text(), 0, str(path), becomes)
        assert whole == f"{before}{expected}\n}}\n\nexists (g=1)\n"
        path.write_text(whole)
        assert Checker().check(Request(path, "armv8", kernel)).observation == verdict.observation
