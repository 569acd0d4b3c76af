"""``guard()`` and ``scoped_guard()``: the lock is released on every way out of the scope, once.

Expected is what the kernel's definitions say (include/linux/cleanup.h): each test stands beside the
same function with the calls written out by hand, and both have the same final states.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.program.change import MOVE, Change
from ksmcheck.program.inventory import find_spot, inventory
from ksmcheck.program.sites import list_sites
from ksmcheck.program.tree import walk
from ksmcheck.syntax.c_ast import Label
from ksmcheck.syntax.c_guards import _kinds
from ksmcheck.syntax.litmus import load_litmus, parse_litmus
from ksmcheck.text import InputError, Source
from tests.fresh import fresh_checker

MODELS = ("armv8", "lkmm")

_TEST = """C guards
spinlock_t l;
spinlock_t m;
raw_spinlock_t raw;
struct mutex mu;
struct srcu_struct srcu; rwlock_t rw; struct rw_semaphore sem;
int x;
int y;
int z;
static int f(int n)
{{
{body}
}}
{{ }}
P0(void) {{ int r0 = f(0); int r1 = f(1); }}
P1(void) {{ int r2 = f(2); }}
{more}
locations [x; y; z; l.lock; m.lock; 0:r0; 0:r1; 1:r2;]
"""
_READER = """P2(void)
{
	spin_lock(&l); int r3 = x; int r4 = y; int r5 = z; spin_unlock(&l);
}
exists (2:r3=1 /\\ 2:r4=0 \\/ 2:r3=2)"""
_PLAIN = "P2(void) { } exists (x=1)"


def states(body: str, model: str, folder: Path, more: str = _PLAIN) -> set[str]:
    path = folder / "t.litmus"
    path.write_text(_TEST.format(body=body, more=more))
    found = fresh_checker().states(Request(path, model))
    return {*map(str, found.states), *found.flags}


SAME = {
    "the lock's name is another variable's where control leaves": (
        "guard(spinlock)(&l); x++; { spinlock_t *l = &m; if (n) return 1; y++; } return 0;",
        "spin_lock(&l); x++; if (n) { spin_unlock(&l); return 1; } y++; spin_unlock(&l); return 0;",
    ),
    "end of the function": (
        "guard(spinlock)(&l); x++; y++; return x;",
        "int r; spin_lock(&l); x++; y++; r = x; spin_unlock(&l); return r;",
    ),
    "end of a block": (
        "{ guard(spinlock)(&l); x++; } y = 1; return 0;",
        "{ spin_lock(&l); x++; spin_unlock(&l); } y = 1; return 0;",
    ),
    "early return": (
        "guard(spinlock)(&l); if (n) return 5; x++; return x + 1;",
        "int r; spin_lock(&l); if (n) { spin_unlock(&l); return 5; } x++; r = x + 1;"
        " spin_unlock(&l); return r;",
    ),
    "two, the latest first": (
        "guard(spinlock)(&m); y++; guard(spinlock)(&l); x++; if (n == 1) return x; z++; return 0;",
        "int r; spin_lock(&m); y++; spin_lock(&l); x++;"
        " if (n == 1) { r = x; spin_unlock(&l); spin_unlock(&m); return r; }"
        " z++; spin_unlock(&l); spin_unlock(&m); return 0;",
    ),
    "goto out of the scope": (
        "{ guard(spinlock)(&l); x++; if (n) goto out; y++; } z = 3; out: return n;",
        "spin_lock(&l); x++; if (n) { spin_unlock(&l); goto out; } y++; spin_unlock(&l);"
        " z = 3; out: return n;",
    ),
    "goto within the scope": (
        "guard(spinlock)(&l); if (n) goto skip; x++; skip: y++; return 0;",
        "spin_lock(&l); if (n) goto skip; x++; skip: y++; spin_unlock(&l); return 0;",
    ),
    "goto back, before the guard": (
        "int i = 0; again: ; guard(spinlock)(&l); x++; i++; if (i < 2) goto again; return x;",
        "int r; int i = 0; again: spin_lock(&l); x++; i++;"
        " if (i < 2) { spin_unlock(&l); goto again; } r = x; spin_unlock(&l); return r;",
    ),
    "break and continue": (
        "int i; for (i = 0; i < 3; i++) { guard(spinlock)(&l); if (i == n) continue;"
        " if (i == 2) break; x++; } return i;",
        "int i; for (i = 0; i < 3; i++) { spin_lock(&l);"
        " if (i == n) { spin_unlock(&l); continue; } if (i == 2) { spin_unlock(&l); break; }"
        " x++; spin_unlock(&l); } return i;",
    ),
    "break of a switch": (
        "guard(spinlock)(&l); switch (n) { case 0: x++; break; case 1: { guard(spinlock)(&m);"
        " y++; break; } default: return 9; } return 0;",
        "spin_lock(&l); switch (n) { case 0: x++; break; case 1: spin_lock(&m);"
        " y++; spin_unlock(&m); break; default: spin_unlock(&l); return 9; }"
        " spin_unlock(&l); return 0;",
    ),
    "scoped": (
        "scoped_guard(spinlock, &l) { x++; y++; } z++; return 0;",
        "spin_lock(&l); x++; y++; spin_unlock(&l); z++; return 0;",
    ),
    "scoped, one statement": (
        "scoped_guard (spinlock, &l) x++; return 0;",
        "spin_lock(&l); x++; spin_unlock(&l); return 0;",
    ),
    # A scoped guard is a loop: these leave it and nothing else.
    "scoped, break and continue": (
        "int i; for (i = 0; i < 2; i++) { scoped_guard(spinlock, &l) { if (n == 0) break;"
        " if (n == 1) continue; x++; } } return i;",
        "int i; for (i = 0; i < 2; i++) { spin_lock(&l); if (n == 2) x++; spin_unlock(&l);"
        " } return i;",
    ),
    # What is done without the lock stands in that loop, too.
    "conditional, returns where it fails": (
        "scoped_cond_guard(spinlock_try, return 4, &l) { x++; if (n == 2) return 5; y++; } z++;"
        " return 0;",
        "if (spin_trylock(&l)) { x++; if (n == 2) { spin_unlock(&l); return 5; } y++;"
        " spin_unlock(&l); } else return 4; z++; return 0;",
    ),
    "conditional, continues where it fails": (
        "for (int i = 0; i < 2; i++) { scoped_cond_guard(spinlock_try, { y++; continue; }, &l)"
        " x++; z++; } return n;",
        "for (int i = 0; i < 2; i++) { if (spin_trylock(&l)) { x++; spin_unlock(&l); } else y++;"
        " z++; } return n;",
    ),
    "conditional, in another": (
        "scoped_guard(mutex, &mu) { scoped_cond_guard(spinlock_try, goto out, &l) x++; y++; }"
        " return 0; out: return 7;",
        "mutex_lock(&mu); if (spin_trylock(&l)) { x++; spin_unlock(&l); } else {"
        " mutex_unlock(&mu); goto out; } y++; mutex_unlock(&mu); return 0; out: return 7;",
    ),
    # Nobody is interrupted.
    "conditional, but it never fails": (
        "scoped_cond_guard(mutex_intr, return -4, &mu) x++; scoped_guard(rwsem_read_intr, &sem)"
        " return x; return 0;",
        "int r; mutex_lock(&mu); x++; mutex_unlock(&mu); down_read(&sem); r = x; up_read(&sem);"
        " return r;",
    ),
    "scoped, break of a loop inside": (
        "int i; scoped_guard(spinlock, &l) { for (i = 0; i < 2; i++) { if (n) break; x++; } y++; }"
        " return 0;",
        "int i; spin_lock(&l); for (i = 0; i < 2; i++) { if (n) break; x++; } y++;"
        " spin_unlock(&l); return 0;",
    ),
    "scoped, return": (
        "scoped_guard(spinlock, &l) { x++; if (n) return x; } return 0;",
        "int r; spin_lock(&l); x++; if (n) { r = x; spin_unlock(&l); return r; }"
        " spin_unlock(&l); return 0;",
    ),
    "scoped, after else": (
        "if (n) y++; else scoped_guard(spinlock, &l) x++; return 0;",
        "if (n) y++; else { spin_lock(&l); x++; spin_unlock(&l); } return 0;",
    ),
    "tried": (
        "scoped_guard(spinlock_try, &l) { x++; if (n == 2) return 4; y++; } return 0;",
        "if (spin_trylock(&l)) { x++; if (n == 2) { spin_unlock(&l); return 4; } y++;"
        " spin_unlock(&l); } return 0;",
    ),
    # The argument is evaluated once.
    "another pointer meanwhile": (
        "spinlock_t *p = &l; { guard(spinlock)(p); x++; p = &m; } spin_lock(p); y++;"
        " spin_unlock(p); return 0;",
        "spin_lock(&l); x++; spin_unlock(&l); spin_lock(&m); y++; spin_unlock(&m); return 0;",
    ),
    "in a macro's block": (
        "({ scoped_guard(spinlock, &l) { if (n) return 1; x++; } }); return 0;",
        "spin_lock(&l); if (n) { spin_unlock(&l); return 1; } x++; spin_unlock(&l); return 0;",
    ),
    "mutex": (
        "guard(mutex)(&mu); x++; return 0;",
        "mutex_lock(&mu); x++; mutex_unlock(&mu); return 0;",
    ),
    "raw, with interrupts": (
        "guard(raw_spinlock_irqsave)(&raw); x++; return 0;",
        "unsigned long flags; raw_spin_lock_irqsave(&raw, flags); x++;"
        " raw_spin_unlock_irqrestore(&raw, flags); return 0;",
    ),
    "rcu": (
        "guard(rcu)(); return READ_ONCE(x);",
        "int r; rcu_read_lock(); r = READ_ONCE(x); rcu_read_unlock(); return r;",
    ),
    "srcu": (
        "guard(srcu)(&srcu); return READ_ONCE(x);",
        "int r; int i = srcu_read_lock(&srcu); r = READ_ONCE(x); srcu_read_unlock(&srcu, i);"
        " return r;",
    ),
    "preemption": (
        "guard(preempt)(); WRITE_ONCE(x, 1); return 0;",
        "preempt_disable(); WRITE_ONCE(x, 1); preempt_enable(); return 0;",
    ),
}


_WITH_READER = ("end of the function", "tried", "two, the latest first", "early return")
"""Those that a third thread looks at under the lock, which costs seconds; of those with this lock
they are enough for LKMM too. It is the tree that is made, whatever the model."""


def compared() -> Iterator[tuple[str, str]]:
    for name, model in product(SAME, MODELS):
        if model == "lkmm":
            if name in _WITH_READER or "&l" not in SAME[name][0]:
                yield name, model
        elif name != "srcu":  # LKMM alone has SRCU
            yield name, model


@pytest.mark.parametrize(("name", "model"), list(compared()))
def test_as_written_out(name: str, model: str, tmp_path: Path) -> None:
    guarded, by_hand = SAME[name]
    more = _READER if name in _WITH_READER else _PLAIN
    assert states(guarded, model, tmp_path, more) == states(by_hand, model, tmp_path, more)


def test_the_state_is_one_that_the_lock_keeps(tmp_path: Path) -> None:
    """Three increments under the lock, none lost, and the lock is free at the end."""
    more = "P2(void) { } forall (x=3 /\\ l.lock=0)"
    path = tmp_path / "t.litmus"
    path.write_text(_TEST.format(body="guard(spinlock)(&l); x++; return 0;", more=more))
    for model in ("tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm"):
        assert fresh_checker().check(Request(path, model)).verdict == "SAFE"


def sites(body: str) -> dict[str, str]:
    test = parse_litmus(Source("t", _TEST.format(body=body, more=_PLAIN)))
    return {s.name: str(s.span) for s in list_sites(test, "6.12") if s.function == "f"}


def test_sites_stand_where_control_leaves() -> None:
    assert sites("\tguard(spinlock)(&l);\n\tif (n)\n\t\treturn 1;\n\treturn 2;") == {
        "spin_lock@f": "t:12:2",
        "spin_unlock@f": "t:14:3",
        "spin_unlock@f#2": "t:15:2",
    }
    assert sites("\tscoped_guard(rcu) {\n\t\tx++;\n\t}\n\treturn 0;") == {
        "rcu_read_lock@f": "t:12:2",
        "rcu_read_unlock@f": "t:14:2",
    }


def test_what_is_made_up_is_called_alike_each_time() -> None:
    """The gate records the names of labels."""
    body = "scoped_guard(rcu) { if (n) break; x++; } scoped_guard(rcu) break; return 0;"
    text = _TEST.format(body=body, more=_PLAIN)
    labels = [
        [n.name for n in walk(parse_litmus(Source("t", text))) if isinstance(n, Label)]
        for _ in range(2)
    ]
    assert labels == [["guard#1.end", "guard#2.end"]] * 2


_LOCKS = {
    "spinlock": "l",
    "raw_spinlock": "raw",
    "mutex": "mu",
    "srcu": "srcu",
    "read_lock": "rw",
    "write_lock": "rw",
    "rwsem": "sem",
}


@pytest.mark.parametrize("kind", _kinds())
def test_each_kind(kind: str, tmp_path: Path) -> None:
    lock = next((f", &{_LOCKS[k]}" for k in sorted(_LOCKS, reverse=True) if kind.startswith(k)), "")
    body = f"scoped_guard({kind}{lock}) WRITE_ONCE(x, n); return 0;"
    path = tmp_path / "t.litmus"
    path.write_text(_TEST.format(body=body, more="forall (l.lock=0 /\\ mu.lock=0 /\\ raw.lock=0)"))
    assert fresh_checker().check(Request(path, "lkmm")).verdict == "SAFE"


def test_names_stay_when_one_is_removed(tmp_path: Path) -> None:
    """``spin_lock@f#2`` is the second lock, whether the first is there or not."""
    body = "guard(spinlock)(&l); x++; scoped_guard(spinlock, &m) y++; return 0;"
    path = tmp_path / "t.litmus"
    path.write_text(_TEST.format(body=body, more="exists (x=3 /\\ y=3)"))
    pair = frozenset({"spin_lock@f", "spin_unlock@f#2"})
    assert fresh_checker().check(Request(path, "sc", removed=pair)).observation == "Sometimes"
    everything = pair | {"spin_lock@f#2", "spin_unlock@f"}
    assert fresh_checker().check(Request(path, "sc", removed=everything)).observation == "Sometimes"


def test_a_lock_is_not_moved_before_what_says_which_it_is(tmp_path: Path) -> None:
    """Each change that is offered has an answer; a lock without a variable moves as a call does."""
    path = tmp_path / "t.litmus"
    for lock, ways in (("&l + 0", {"down"}), ("&l", {"up", "down"})):
        body = f"x++; guard(spinlock)({lock}); y++; return 0;"
        path.write_text(_TEST.format(body=body, more=_PLAIN))
        test = load_litmus(path)
        spot = find_spot("spin_lock@f", inventory(test, "6.12"))
        moves = {change.to for change in spot.changes if change.kind == MOVE}
        assert moves == ways
        for to in moves:
            fresh_checker().check(Request(path, "sc", changes=(Change(spot.name, MOVE, to),)))


@pytest.mark.parametrize(
    ("marked", "message", "hint"),
    [
        ("^goto in; guard(spinlock)(&l); in: return 0;", "leads into the scope", "{ ... }"),
        ("{ guard(spinlock)(&l); in: x++; } if (n) ^goto in; return 0;", "leads into", "{ ... }"),
        ("scoped_guard(rcu) { in: x++; } ^goto in;", "leads into the scope", "{ ... }"),
        ("switch (n) { case 0: x++; guard(rcu)(); ^case 1: y++; } return 0;", "this case", "{ ..."),
        ("if (n) ^guard(rcu)(); return 0;", "stands in a block by itself", "scoped_guard"),
        ("in: ^guard(rcu)(); return 0;", "stands in a block by itself", "scoped_guard"),
        ("return ({ ^guard(rcu)(); n; });", "inside a value", "into a function"),
        ("^guard(spin_lock)(&l); return 0;", "kind 'spin_lock' are not supported", "spinlock"),
        ("^guard(device)(&l); return 0;", "not supported", "mutex, rcu"),
        ("^guard(spinlock)(); return 0;", "guard(spinlock) takes one argument", ""),
        ("^guard(rcu)(&l); return 0;", "guard(rcu) takes no arguments", ""),
        ("^guard(spinlock_try)(&l); return 0;", "may not hold its lock", "scoped_guard"),
        ("guard(spinlock)^; return 0;", "expected '(' for the argument", "guard(spinlock)(...);"),
        ("^scoped_cond_guard(mutex, return 1, &mu) x++; return 0;", "always holds", "scoped_guard"),
        ("^guard(mutex_intr)(&mu); return 0;", "may not hold its lock", "scoped_guard(mutex_intr"),
        ("scoped_cond_guard(mutex_try, ^return 1) x++; return 0;", "expected ','", ""),
        ("scoped_cond_guard(mutex_try^) x++; return 0;", "expected ','", ""),
        ("guard(spinlock)(^y); return 0;", "this is not a pointer", ""),
    ],
)
def test_refused(marked: str, message: str, hint: str, tmp_path: Path) -> None:
    place = marked.index("^")
    body = marked.replace("^", "", 1)
    path = tmp_path / "t.litmus"
    path.write_text(_TEST.format(body=body, more=_PLAIN))
    with pytest.raises(InputError) as refused:
        fresh_checker().check(Request(path, "sc"))
    diagnostic = refused.value.diagnostic
    assert message in diagnostic.message
    assert hint in (diagnostic.hint or "")
    assert diagnostic.span is not None
    assert diagnostic.span.column == place + 1


def test_no_guards_at_3_9(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(_TEST.format(body="guard(rcu)(); return 0;", more=_PLAIN))
    with pytest.raises(InputError, match=r"the kernel has no guards at 3\.9"):
        fresh_checker().check(Request(path, "sc", "3.9"))


def test_a_function_of_that_name_is_the_tests_own(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nint x;\nstatic void guard(int n) { x = n; }\n"
        "{ }\nP0(void) { int scoped_guard = 3; guard(2); scoped_guard++; goto guard; guard: ; }\n"
        "exists (x=2)\n"
    )
    assert fresh_checker().check(Request(path, "sc")).observation == "Always"


def test_an_error_in_what_a_guard_does_is_told_of_the_guard(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text("C t\nspinlock_t l;\n{ }\nP0() { spin_lock(&l); guard(spinlock)(&l); }\n")
    with pytest.raises(InputError) as found:
        fresh_checker().check(Request(path, "sc", "6.12"))
    told = found.value.diagnostic.render()
    assert "t.litmus:4:23: error: spin_lock takes" in told
    assert "  the guard calls spin_lock\n" in told and "<guard>" not in told
