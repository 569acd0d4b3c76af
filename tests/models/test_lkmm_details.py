"""What small parts of LKMM say, each by a test that hangs on that part alone.

The sections are those of tools/memory-model/Documentation/explanation.txt of Linux 6.12; flags are
those of linux-kernel.bell and linux-kernel.cat.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Observed
from tests.fresh import fresh_checker

NONE: tuple[str, ...] = ()


def states(tmp_path: Path, text: str) -> Observed:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{text}\n", encoding="utf-8")
    return fresh_checker().states(Request(path, "lkmm"))


OBSERVATIONS = {
    # THE PRESERVED PROGRAM ORDER RELATION: a dependency goes on through the own thread's memory.
    "a dependency through memory": (
        "P0(int *x, int *y, int *z) { int r0 = READ_ONCE(*y); *z = r0; int r1 = *z;\n"
        " WRITE_ONCE(*x, r1); }\n"
        "P1(int *x, int *y) { int r0 = READ_ONCE(*x); smp_mb(); WRITE_ONCE(*y, r0); }\n"
        "exists (0:r0=1 /\\ 1:r0=1)",
        "{ int x = 0; int y = 0; }",
        "Never",
    ),
    # The store can go nowhere before its address is known, and smp_wmb() keeps the next behind it.
    "address, plain store, smp_wmb": (
        "P0(int **p, int *z) { int *r0 = READ_ONCE(*p); *r0 = 2; smp_wmb(); WRITE_ONCE(*z, 1); }\n"
        "P1(int **p, int *z, int *b) { int r0 = READ_ONCE(*z); smp_mb(); WRITE_ONCE(*p, b); }\n"
        "exists (0:r0=b /\\ 1:r0=1)",
        "{ int a = 0; int b = 0; int *p = &a; int z = 0; }",
        "Never",
    ),
    "address, plain store": (
        "P0(int **p, int *z) { int *r0 = READ_ONCE(*p); *r0 = 2; WRITE_ONCE(*z, 1); }\n"
        "P1(int **p, int *z, int *b) { int r0 = READ_ONCE(*z); smp_mb(); WRITE_ONCE(*p, b); }\n"
        "exists (0:r0=b /\\ 1:r0=1)",
        "{ int a = 0; int b = 0; int *p = &a; int z = 0; }",
        "Sometimes",
    ),
    # "R ->dep W ->rfi R'": the store is forwarded when its address is known, not before.
    "address, store, forwarded, address": (
        "P0(int *x, int *y) { WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1); }\n"
        "P1(int *x, int *y, int *z) { int r0 = READ_ONCE(*y); WRITE_ONCE(z[r0 ^ r0], 1);\n"
        " int r1 = READ_ONCE(*z); int r2 = READ_ONCE(x[r1 ^ r1]); }\n"
        "exists (1:r0=1 /\\ 1:r1=1 /\\ 1:r2=0)",
        "{ int x = 0; int y = 0; int z = 0; }",
        "Never",
    ),
    # RMW SEQUENCES: a release goes on through any number of atomic updates.
    "two updates of a released word": (
        "P0(int *x, atomic_t *y) { WRITE_ONCE(*x, 1); atomic_set_release(y, 1); }\n"
        "P1(atomic_t *y) { atomic_inc(y); }\n"
        "P2(atomic_t *y) { atomic_inc(y); }\n"
        "P3(int *x, atomic_t *y) { int r0 = atomic_read_acquire(y); int r1 = READ_ONCE(*x); }\n"
        "exists (3:r0=3 /\\ 3:r1=0)",
        "{ int x = 0; atomic_t y = ATOMIC_INIT(0); }",
        "Never",
    ),
    # RCU RELATIONS: a grace period of SRCU is a full barrier as well.
    "synchronize_srcu is a barrier": (
        "P0(int *x, int *y, struct srcu_struct *s) { WRITE_ONCE(*x, 1); synchronize_srcu(s);\n"
        " int r0 = READ_ONCE(*y); }\n"
        "P1(int *x, int *y) { WRITE_ONCE(*y, 1); smp_mb(); int r0 = READ_ONCE(*x); }\n"
        "exists (0:r0=0 /\\ 1:r0=0)",
        "{ struct srcu_struct s; int x = 0; int y = 0; }",
        "Never",
    ),
    # PLAIN ACCESSES AND DATA RACES: what executes before a plain store does not read it.
    "a plain read before a plain store": (
        "P0(int *b, int *y) { int r0 = *b; smp_mb(); WRITE_ONCE(*y, 1); }\n"
        "P1(int *b, int *y) { int r0 = smp_load_acquire(y); if (r0) *b = 1; }\n"
        "exists (0:r0=1 /\\ 1:r0=1)",
        "{ int b = 0; int y = 0; }",
        "Never",
    ),
}


@pytest.mark.parametrize("case", OBSERVATIONS)
def test_observation(case: str, tmp_path: Path) -> None:
    threads, start, observation = OBSERVATIONS[case]
    found = states(tmp_path, f"{start}\n{threads}")
    assert found.observation == observation


FLAGS = {
    # linux-kernel.bell: nobody sleeps in a read-side section of RCU, and an index goes back once.
    "sleeping in a section": (
        "P0(struct srcu_struct *s) { rcu_read_lock(); synchronize_srcu(s); rcu_read_unlock(); }\n"
        "exists (true)",
        "{ struct srcu_struct s; }",
        ("invalid-sleep",),
    ),
    "sleeping behind a section": (
        "P0(struct srcu_struct *s) { rcu_read_lock(); rcu_read_unlock(); synchronize_srcu(s); }\n"
        "exists (true)",
        "{ struct srcu_struct s; }",
        NONE,
    ),
    "an index given back twice": (
        "P0(struct srcu_struct *s) { int i = srcu_read_lock(s); srcu_read_unlock(s, i);\n"
        " srcu_read_unlock(s, i); }\nexists (true)",
        "{ struct srcu_struct s; }",
        ("multiple-srcu-matches",),
    ),
    # PLAIN ACCESSES AND DATA RACES: a grace period makes what was stored in a section visible to
    # all, so that who overwrites the word after a read that came later does so behind it.
    "a store in a section, and a grace period": (
        "P0(int *x, int *y) { rcu_read_lock(); int r0 = READ_ONCE(*x);\n"
        " WRITE_ONCE(*y, 1); rcu_read_unlock(); }\n"
        "P1(int *x, int *b) { WRITE_ONCE(*x, 1); synchronize_rcu(); int r0 = READ_ONCE(*b); }\n"
        "P2(int *b, int *c, int *y) { WRITE_ONCE(*b, 1); smp_mb(); int r0 = READ_ONCE(*c);\n"
        " smp_mb(); *y = 2; }\n"
        "filter (0:r0=0 /\\ 1:r0=0)\nexists (true)",
        "{ int x = 0; int y = 0; int b = 0; int c = 0; }",
        NONE,
    ),
    # An address bounds a plain store: it is not done before the pointer is read.
    "a store through a published pointer": (
        "P0(int **p, int *b) { *b = 1; smp_store_release(p, b); }\n"
        "P1(int **p) { int *r0 = READ_ONCE(*p); *r0 = 2; }\nexists (true)",
        "{ int a = 0; int b = 0; int *p = &a; }",
        NONE,
    ),
    # A release that others have updated since still bounds what was stored before it.
    "a word that is released, then updated": (
        "P0(int *b, atomic_t *y) { *b = 1; atomic_set_release(y, 1); }\n"
        "P1(atomic_t *y) { atomic_inc(y); }\n"
        "P2(int *b, atomic_t *y) { int r0 = atomic_read_acquire(y); int r1 = 0;\n"
        " if (r0 == 2) r1 = *b; }\nexists (true)",
        "{ int b = 0; atomic_t y = ATOMIC_INIT(0); }",
        NONE,
    ),
    # smp_rmb() bounds a plain read before it by a marked one behind it.
    "a read, smp_rmb, and who comes later": (
        "P0(int *b, int *y) { int r0 = *b; smp_rmb(); int r1 = READ_ONCE(*y); }\n"
        "P1(int *b, int *c, int *y) { WRITE_ONCE(*y, 1); smp_mb(); int r0 = READ_ONCE(*c);\n"
        " smp_mb(); *b = 2; }\nfilter (0:r1=0)\nexists (true)",
        "{ int b = 0; int c = 0; int y = 0; }",
        NONE,
    ),
    "a read without smp_rmb": (
        "P0(int *b, int *y) { int r0 = *b; int r1 = READ_ONCE(*y); }\n"
        "P1(int *b, int *c, int *y) { WRITE_ONCE(*y, 1); smp_mb(); int r0 = READ_ONCE(*c);\n"
        " smp_mb(); *b = 2; }\nfilter (0:r1=0)\nexists (true)",
        "{ int b = 0; int c = 0; int y = 0; }",
        ("data-race",),
    ),
    # A grace period of SRCU is a full barrier for plain accesses, too.
    "a read, and a grace period of SRCU": (
        "P0(int *b, int *y, struct srcu_struct *s) { int r0 = *b; synchronize_srcu(s);\n"
        " WRITE_ONCE(*y, 1); }\n"
        "P1(int *b, int *y) { int r0 = smp_load_acquire(y); if (r0) *b = 2; }\nexists (true)",
        "{ struct srcu_struct s; int b = 0; int y = 0; }",
        NONE,
    ),
    # A compiler may make a read of its own of a plain store: smp_wmb() does not hold that back, on
    # neither side.
    "a plain store before smp_wmb": (
        "P0(int *b, int *y) { *b = 1; smp_wmb(); WRITE_ONCE(*y, 1); }\n"
        "P1(int *b, int *y) { int r0 = smp_load_acquire(y); if (r0) *b = 2; }\nexists (true)",
        "{ int b = 0; int y = 0; }",
        ("data-race",),
    ),
    "a plain store behind smp_wmb": (
        "P0(int *b, int *y) { *b = 1; smp_store_release(y, 1); }\n"
        "P1(int *b, int *y, int *z) { int r0 = READ_ONCE(*y);\n"
        " if (r0) { WRITE_ONCE(*z, 1); smp_wmb(); *b = 2; } }\nexists (true)",
        "{ int b = 0; int y = 0; int z = 0; }",
        ("data-race",),
    ),
    "a plain store before a release, another behind an acquire": (
        "P0(int *b, int *y) { *b = 1; smp_store_release(y, 1); }\n"
        "P1(int *b, int *y) { int r0 = smp_load_acquire(y); if (r0) *b = 2; }\nexists (true)",
        "{ int b = 0; int y = 0; }",
        NONE,
    ),
    # Who reads what has overwritten a plain store races with that as well.
    "a store that is overwritten in order, and a reader": (
        "P0(int *b, int *y) { *b = 1; smp_store_release(y, 1); }\n"
        "P1(int *b, int *y) { int r0 = smp_load_acquire(y); if (r0) WRITE_ONCE(*b, 2); }\n"
        "P2(int *b) { int r0 = READ_ONCE(*b); }\nfilter (2:r0=2)\nexists (true)",
        "{ int b = 0; int y = 0; }",
        ("data-race",),
    ),
    # A release is passed on by a release, not by a plain or marked store behind an acquire.
    "visible to one thread, not yet to the next": (
        "P0(int *b, int *y) { *b = 1; smp_store_release(y, 1); }\n"
        "P1(int *y, int *z) { int r0 = smp_load_acquire(y); if (r0) WRITE_ONCE(*z, 1); }\n"
        "P2(int *b, int *z) { int r0 = smp_load_acquire(z); int r1 = 0; if (r0) r1 = *b; }\n"
        "exists (true)",
        "{ int b = 0; int y = 0; int z = 0; }",
        ("data-race",),
    ),
    # A plain store beside a marked access, with nothing in between: on either side of it.
    "marked, then plain": (
        "P0(int *x) { WRITE_ONCE(*x, 1); *x = 2; }\nexists (true)",
        "{ int x = 0; }",
        ("mixed-accesses",),
    ),
    "plain, then marked": (
        "P0(int *x) { *x = 2; WRITE_ONCE(*x, 1); }\nexists (true)",
        "{ int x = 0; }",
        ("mixed-accesses",),
    ),
    # The start values are stored before all threads.
    "a read of the start value": (
        "P0(int *x) { int r0 = *x; }\nexists (true)",
        "{ int x = 0; }",
        NONE,
    ),
}


@pytest.mark.parametrize("case", FLAGS)
def test_flags(case: str, tmp_path: Path) -> None:
    threads, start, flags = FLAGS[case]
    assert states(tmp_path, f"{start}\n{threads}").flags == flags


def test_a_race_answers_what_is_demanded_and_goes_beside_what_is_asked(tmp_path: Path) -> None:
    """Of a program with a race LKMM promises nothing: no demand is met. ``exists`` demands nothing,
    and herd7 answers it, with the flag beside it."""
    path = tmp_path / "t.litmus"
    threads = "C t\n{ int x = 0; }\nP0(int *x) { *x = 1; }\nP1(int *x) { int r0 = *x; }\n"
    said = []
    for condition in ("exists", "~exists"):
        path.write_text(f"{threads}{condition} (1:r0=2)\n", encoding="utf-8")
        verdict = fresh_checker().check(Request(path, "lkmm"))
        assert verdict.flags == ("data-race",)
        said.append((verdict.verdict, verdict.observation))
    assert said == [("SAFE", "Never"), ("VIOLATED", None)]


def test_that_c_gives_it_a_meaning_is_demanded_of_a_test_that_asks_nothing(tmp_path: Path) -> None:
    """A division that is never by zero is a demand that is met, but for the race."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\n{ int x = 0; int y = 0; }\n"
        "P0(int *x, int *y) { *x = 6 / (READ_ONCE(*y) + 1); }\nP1(int *x) { int r0 = *x; }\n",
        encoding="utf-8",
    )
    verdict = fresh_checker().check(Request(path, "lkmm"))
    assert (verdict.verdict, verdict.subject) == ("VIOLATED", "data-race")
