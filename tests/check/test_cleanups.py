"""``__cleanup`` and what linux/cleanup.h (6.12) makes of it.

GCC manual, Common Variable Attributes: the function runs when the variable goes out of scope, with
a pointer to it, the latest first.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

TOP = """long log;
static void done(int *p) { log = log * 10 + *p; }
static int two(void) { int v __cleanup(done) = 3; int w __attribute__((__cleanup__(done))) = 4;
	{ int u __cleanup(done) = 5; } return v + w; }
static int round(int c)
{
	for (int i = 1; i < 4; i++) {
		int v __cleanup(done) = i;
		if (i == 2 && c == 1) continue;
		if (i == 3 && c == 2) break;
		if (c == 3) return v;
		if (c == 4) { int v = 9; goto out; }
		v += 4;
	}
out:	return 8;
}
static int changed(void) { int v __cleanup(done) = 1; return v++; }
DEFINE_FREE(drop, int *, if (_T) *_T += 1)
static int *take(int *x) { int *p __free(drop) = x; return_ptr(p); }
static int use(int *x) { __free(drop) int *p = take(x); int *q __free(drop) = NULL;
	if (*p == 0) return 5; q = p; return 3; }
struct dev { int n; int held; spinlock_t lock; };
DEFINE_GUARD(dev, struct dev *, spin_lock(&_T->lock), spin_unlock(&_T->lock))
DEFINE_GUARD_COND(dev, _try, spin_trylock(&_T->lock))
DEFINE_GUARD_COND(dev, _never, (log = 7, 0))
DEFINE_LOCK_GUARD_1(kept, struct dev, spin_lock_irqsave(&_T->lock->lock, _T->flags),
	spin_unlock_irqrestore(&_T->lock->lock, _T->flags); log += _T->more,
	unsigned long flags; int more)
DEFINE_LOCK_GUARD_1_COND(kept, _try, (_T->more = 5, spin_trylock(&_T->lock->lock)))
DEFINE_LOCK_GUARD_1(bare, spinlock_t, spin_lock(_T->lock), spin_unlock(_T->lock))
DEFINE_LOCK_GUARD_0(all, rcu_read_lock(), rcu_read_unlock(); log += 2)
DEFINE_CLASS(count, int *, *_T -= 1, ({ *p += by; p; }), int *p, int by)
struct dev d;
"""


def check(threads: str, condition: str, folder: Path, kernel: str = "6.12") -> str:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{TOP}{{ int x; }}\n{threads}\n{condition}\n")
    return fresh_checker().check(Request(path, "armv8", kernel)).verdict


@pytest.mark.parametrize(
    ("code", "x", "log"),
    [
        ("*x = two();", 7, 543),
        ("*x = round(0);", 8, 567),
        ("*x = round(1);", 8, 527),
        ("*x = round(2);", 8, 563),
        ("*x = round(3);", 1, 1),
        ("*x = round(4);", 8, 1),
        # The value that is returned is computed before.
        ("*x = changed();", 1, 2),
        ("int y = 0; *x = use(&y) * 100 + y;", 501, 0),
        ("int y = 1; *x = use(&y) * 100 + y;", 303, 0),
        ("int y = 1; { CLASS(count, c)(&y, 4); *x = *c; } *x += 10 * y;", 45, 0),
        ("int y = 1; scoped_guard(count, &y, 2) { *x = y; } *x += 10 * y;", 23, 0),
        # A guard that may not hold its lock: its body runs where it does.
        (
            "scoped_guard(dev_try, &d) { *x = 1; } scoped_guard(dev_try, (struct dev *)0) *x = 2;",
            1,
            0,
        ),
        ("scoped_guard(dev_never, &d) { *x = 1; }", 0, 7),
        ("scoped_cond_guard(dev_never, *x = 3, &d) { *x = 1; } log++;", 3, 8),
        ("scoped_cond_guard(dev_try, return, &d) { *x += 1; }", 1, 0),
        ("for (int i = 0; i < 2; i++) scoped_cond_guard(dev_try, continue, &d) ++*x;", 2, 0),
        (
            "{ CLASS(dev_try, v)(&d); if (v) *x = 4; CLASS(dev_never, w)(&d); if (!w) *x += 1; }",
            5,
            7,
        ),
        ("{ guard(kept)(&d); *x = 1; } scoped_guard(bare, &d.lock) *x += 1;", 2, 0),
        ("scoped_guard(kept_try, &d) { *x = 1; if (*x) break; *x = 2; }", 1, 5),
        ("scoped_guard(all) { guard(all)(); *x = 1; } *x += log;", 5, 4),
        ("for (int i = 0; i < 2; i++) { guard(all)(); if (i) break; *x += 1; } *x += log;", 5, 4),
        ("*x = sizeof(class_kept_t) * 10 + sizeof(class_bare_t);", 248, 0),
        ("{ typedef int t; t v __cleanup(done) = 6; } *x = log;", 6, 6),
        # A variable inside of the initializer is another one.
        ("{ int v __cleanup(done) = ({ int k = 2; k + 1; }); *x = v; }", 3, 3),
        ("{ int v __cleanup(done) = max(ffs(4), 1); *x = v; }", 3, 3),
        ("{ int *p __free(drop) = x; int *q __free(drop) = no_free_ptr(p); }", 1, 0),
        # What names the pointer is computed once (include/linux/cleanup.h, __get_and_null).
        (
            "int *t[2] = { x, x }, i = 0; int *q = no_free_ptr(t[i++]); BUG_ON(!q || t[0]);"
            " *x = i;",
            1,
            0,
        ),
    ],
)
def test_values(code: str, x: int, log: int, tmp_path: Path) -> None:
    thread = f"P0(int *x) {{ {code} }}"
    assert check(thread, f"forall (x={x} /\\ log={log})", tmp_path) == "SAFE"
    assert check(thread, f"~exists (x={x} /\\ log={log})", tmp_path) == "VIOLATED"


def test_a_guard_that_may_fail_keeps_others_out(tmp_path: Path) -> None:
    threads = """P0(void) { scoped_guard(dev_try, &d) d.n++; }
P1(void) { scoped_cond_guard(kept_try, return, &d) { d.n++; } }
P2(int *x) { guard(kept)(&d); *x = d.n; *x += d.n; }
"""
    assert check(threads, "forall (x=0 \\/ x=2 \\/ x=4)", tmp_path) == "SAFE"
    assert check(threads, "forall (x=0 \\/ x=4)", tmp_path) == "VIOLATED"
    loose = threads.replace("guard(kept)(&d);", "", 1)
    assert check(loose, "forall (x=0 \\/ x=2 \\/ x=4)", tmp_path) == "VIOLATED"


def test_a_guard_of_the_test_keeps_others_out(tmp_path: Path) -> None:
    threads = """P0(void) { guard(dev)(&d); d.n++; }
P1(void) { scoped_guard(dev, &d) { d.n++; if (d.n > 5) break; d.n++; } }
P2(void) { CLASS(dev, mine)(&d); mine->n++; if (mine->n) return; mine->n++; }
"""
    assert check(threads, "forall (d.n=4)", tmp_path) == "SAFE"
    loose = threads.replace("guard(dev)(&d); ", "", 1)
    assert check(loose, "forall (d.n=4)", tmp_path) == "VIOLATED"


ONE_BY_ONE = {
    "in a block each": "{ guard(dev)(&d); *x = 1; } guard(dev)(&d); *x += 1;",
    "in a loop": "for (int i = 0; i < 3; i++) { guard(dev)(&d); if (i == 1) continue; *x += 1; }",
    "left by a jump": "{ guard(dev)(&d); *x = 2; if (READ_ONCE(log) == 0) goto out; } out: ;"
    " scoped_guard(dev, &d) { d.n = 1; }",
    "by a variable": "{ CLASS(dev, c)(&d); c->n = 1; } CLASS(dev, c)(&d); *x = 2;",
    "given away": "for (int i = 0; i < 2; i++) { spin_lock(&d.lock); spinlock_t *p __free(open) ="
    " &d.lock; if (i == 1) spin_unlock(no_free_ptr(p)); *x += 1; }",
}


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_a_lock_is_taken_again_when_its_guard_is_gone(name: str, tmp_path: Path) -> None:
    free = "DEFINE_FREE(open, spinlock_t *, if (_T) spin_unlock(_T))"
    thread = f"{free}\nP0(int *x) {{ {ONE_BY_ONE[name]} }}"
    assert check(thread, "forall (x=2 /\\ d.lock=0)", tmp_path) == "SAFE"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("guard(dev)(&d); scoped_guard(dev, &d) *x = 1;", "takes what this thread holds already"),
        ("guard(dev)(&d); spin_unlock(&d.lock);", "releases what this thread does not hold"),
        ("CLASS(dev, c)(&d); c = NULL; BUG_ON(*x); guard(dev)(&d);", "holds already"),
    ],
)
def test_a_guard_that_is_not_gone(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        check(f"P0(int *x) {{ {code} }}", "exists (x=1)", tmp_path)


def test_the_start_state_may_follow_a_definition(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nint x;\nDEFINE_GUARD(up, int *, *_T += 1, *_T += 2)\n"
        "DEFINE_FREE(up, int *, *_T += 4)\n"
        "{ }\nP0(void) { guard(up)(&x); int *p __free(up) = &x; }\nexists (x=7)\n"
    )
    assert fresh_checker().states(Request(path, "sc")).observation == "Always"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("int v __cleanup(done) = 3, w = 4;", "a variable with a cleanup is declared by itself"),
        ("static int v __cleanup(done) = 3;", "only a variable of a function has a cleanup"),
        ("struct { int v __cleanup(done); } w;", "only a variable of a function has a cleanup"),
        ("typedef int t __cleanup(done);", "only a variable of a function has a cleanup"),
        ("goto in; int v __cleanup(done) = 3; in: *x = 1;", "this jump leads into the scope"),
        ("*x = ({ int v __cleanup(done) = 3; v; });", "a cleanup inside a value"),
        ("for (int i __cleanup(done) = 0; i < 3; i++) *x = 1;", "in the head of a loop"),
        ("int v __cleanup(nothing) = 3;", "'nothing' is no function of the test here"),
        ("switch (*x) { case 0: int v __cleanup(done) = 3; *x = 1; }", "in a block by itself"),
        ("out: int v __cleanup(done) = 3; *x = 1;", "in a block by itself"),
        ("if (*x) int v __cleanup(done) = 3;", "in a block by itself"),
        ("int v __cleanup = 3;", "after the attribute"),
        ("guard(dev_try)(&d);", r"guard\(dev_try\) may not hold its lock"),
        ("scoped_cond_guard(dev, return, &d) *x = 1;", "always holds its lock"),
        ("scoped_cond_guard(bare, return, &d.lock) *x = 1;", "always holds its lock"),
        ("guard(all)(&d);", "takes 0 arguments, not 1"),
        ("guard(dev_other)(&d);", "guards of kind 'dev_other' are not supported"),
        ("guard(other)(x);", "guards of kind 'other' are not supported"),
        ("guard(dev)(&d, 1);", "takes 1 argument, not 2"),
    ],
)
def test_what_is_refused(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        check(f"P0(int *x) {{ {code} }}", "exists (x=1)", tmp_path)


@pytest.mark.parametrize("start", ["{ }", "{ int x; }", "{\n}\n"])
def test_a_guard_may_stand_before_the_start_state(start: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    guard = "DEFINE_LOCK_GUARD_0(all, rcu_read_lock(), rcu_read_unlock())"
    path.write_text(
        f"C t\n{guard}\n{start}\nP0(int *x) {{ guard(all)(); *x = 1; }}\nexists (x=1)\n"
    )
    assert fresh_checker().check(Request(path, "armv8")).observation == "Always"


def test_they_are_of_functions_alone(tmp_path: Path) -> None:
    for text in ("int g __cleanup(done);", "static void f(int a __cleanup(done)) { }"):
        with pytest.raises(InputError, match="only a variable of a function has a cleanup"):
            check(f"{text}\nP0(int *x) {{ }}", "exists (x=1)", tmp_path)
