"""Reader-writer locks and semaphores: a writer is alone, readers are not, and what was done in a
section is there for those that come behind it.

Documentation/locking/locktypes.rst and spinlocks.rst say the first two, memory-barriers.txt ("LOCK
ACQUISITION FUNCTIONS") the third: taking is an acquire and releasing a release, for readers too,
and both together are no full barrier. Where they are one all the same, an instruction is.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

MODELS = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")
POINTS = [(m, k) for m in MODELS for k in ("3.9", "6.12") if (m, k) != ("riscv", "3.9")]

RWLOCK = {
    "LOCK": "rwlock_t",
    "R_IN": "read_lock",
    "R_OUT": "read_unlock",
    "R_TRY": "read_trylock",
    "W_IN": "write_lock",
    "W_OUT": "write_unlock",
    "W_TRY": "write_trylock",
}
RWSEM = {
    "LOCK": "struct rw_semaphore",
    "R_IN": "down_read",
    "R_OUT": "up_read",
    "R_TRY": "down_read_trylock",
    "W_IN": "down_write",
    "W_OUT": "up_write",
    "W_TRY": "down_write_trylock",
}
KINDS = {"rwlock": RWLOCK, "rwsem": RWSEM}
# A reader of 3.9 that had to wait left its wait without a barrier (lib/rwsem.c), but on x86.
_NONE = {("armv7", "3.9"), ("armv8", "3.9"), ("power", "3.9"), ("alpha", "3.9")}
# A trylock of ARM may fail there for no reason (test_spurious_trylock.py).
_ONCE = {("armv7", "3.9"), ("armv8", "3.9")}
CASES = [
    (kind, model, kernel)
    for kind in KINDS
    for model, kernel in POINTS
    if kind == "rwlock" or (model, kernel) not in _NONE
]


def check(
    text: str, kind: str, folder: Path, model: str, kernel: str = "6.12", **more: object
) -> Verdict:
    for name, word in KINDS[kind].items():
        text = re.sub(rf"\b{name}\b", word, text)
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}")
    return fresh_checker().check(Request(path, model, kernel, **more))  # type: ignore[arg-type]


_WRITER = "P0(LOCK *l, int *x, int *y) { W_IN(l); *x = 1; *y = 1; W_OUT(l); }\n"
_READERS = "".join(
    f"P{n}(LOCK *l, int *x, int *y) {{ R_IN(l); int r0 = *x; int r1 = *y; R_OUT(l); }}\n"
    for n in (1, 2)
)
_TORN = "~exists (~1:r0=1:r1 \\/ ~2:r0=2:r1)\n"


@pytest.mark.parametrize(("kind", "model", "kernel"), CASES)
def test_no_reader_sees_half_of_what_a_writer_does(
    kind: str, model: str, kernel: str, tmp_path: Path
) -> None:
    """In LKMM the accesses are plain, and that they do not race is part of it."""
    found = check("{ }\n" + _WRITER + _READERS + _TORN, kind, tmp_path, model, kernel)
    assert found.verdict == "SAFE"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", KINDS)
def test_both_sides_have_to_take_it(kind: str, model: str, tmp_path: Path) -> None:
    words = KINDS[kind]
    for side, thread in (("R", "P1"), ("W", "P0")):
        pair = frozenset(f"{words[f'{side}_{what}']}@{thread}" for what in ("IN", "OUT"))
        text = "{ }\n" + _WRITER + _READERS + _TORN
        assert check(text, kind, tmp_path, model, removed=pair).verdict == "VIOLATED"


_INSIDE = """{{ }}
P0(LOCK *l, int *x, int *y)
{{ {side}_IN(l); WRITE_ONCE(*x, 1); int r0 = READ_ONCE(*y); {side}_OUT(l); }}
P1(LOCK *l, int *x, int *y)
{{ {other}_IN(l); WRITE_ONCE(*y, 1); int r0 = READ_ONCE(*x); {other}_OUT(l); }}
exists (0:r0=1 /\\ 1:r0=1)
"""


@pytest.mark.parametrize(
    ("side", "other", "together"),
    [("R", "R", "Sometimes"), ("R", "W", "Never"), ("W", "R", "Never"), ("W", "W", "Never")],
)
@pytest.mark.parametrize(("kind", "model", "kernel"), CASES)
def test_who_may_be_inside_together(
    side: str, other: str, together: str, kind: str, model: str, kernel: str, tmp_path: Path
) -> None:
    """Each sees that the other has come in before it has left itself."""
    found = check(_INSIDE.format(side=side, other=other), kind, tmp_path, model, kernel)
    assert found.observation == together


_BUFFERED = """{{ }}
P0(LOCK *l, int *x, int *y)
{{ WRITE_ONCE(*x, 1); {side}_IN(l); {side}_OUT(l); int r0 = READ_ONCE(*y); }}
P1(LOCK *k, int *x, int *y)
{{ WRITE_ONCE(*y, 1); {side}_IN(k); {side}_OUT(k); int r0 = READ_ONCE(*x); }}
exists (0:r0=0 /\\ 1:r0=0)
"""


@pytest.mark.parametrize("side", ["R", "W"])
@pytest.mark.parametrize(("kind", "model", "kernel"), CASES)
def test_an_empty_section_is_no_full_barrier(
    side: str, kind: str, model: str, kernel: str, tmp_path: Path
) -> None:
    """But where an instruction of it is: a locked one on x86, the dmb of ARMv7, the mb of Alpha."""
    found = check(_BUFFERED.format(side=side), kind, tmp_path, model, kernel)
    full = model in ("sc", "tso", "armv7", "alpha")
    assert found.observation == ("Never" if full else "Sometimes")


_COUNT = "".join(
    f"P{n}(LOCK *l, int *x) {{ if (W_TRY(l)) {{ *x = *x + 1; W_OUT(l); }} }}\n" for n in (0, 1)
)


@pytest.mark.parametrize(("kind", "model", "kernel"), CASES)
def test_trylock(kind: str, model: str, kernel: str, tmp_path: Path) -> None:
    """No increment is lost where both come in one after the other. Readers come in together; where
    a writer is, nobody does."""
    last = "P2(LOCK *l, int *x) { W_IN(l); int r0 = *x; W_OUT(l); }\n"
    text = "{ }\n" + _COUNT + last
    assert check(text + "exists (x=2)\n", kind, tmp_path, model, kernel).observation == "Sometimes"
    assert check(text + "~exists (x=0)\n", kind, tmp_path, model, kernel).verdict == "VIOLATED"
    if (model, kernel) in _ONCE:
        return
    for first, second, answers in (("R", "R", (1, 1, 0)), ("W", "R", (1, 0, 0))):
        tries = f"int r0 = {first}_TRY(&l); int r1 = {second}_TRY(&l); int r2 = W_TRY(&l);"
        alone = f"LOCK l;\n{{ }}\nP0(void) {{ {tries} }}\nexists ("
        alone += " /\\ ".join(f"0:r{n}={r}" for n, r in enumerate(answers)) + ")\n"
        assert check(alone, kind, tmp_path, model, kernel).observation == "Always"


@pytest.mark.parametrize(("kind", "model", "kernel"), CASES)
def test_a_writer_that_fails_has_done_without(
    kind: str, model: str, kernel: str, tmp_path: Path
) -> None:
    """Both can only come away with nothing where somebody else has the lock."""
    text = "{ }\n" + _COUNT + "~exists (x=0)\n"
    despite = (model, kernel) in _ONCE
    seen = check(text, kind, tmp_path, model, kernel).verdict
    assert seen == ("VIOLATED" if despite else "SAFE")


_DOWNGRADE = """{ }
P0(struct rw_semaphore *l, int *x, int *in)
{
	down_write(l);
	*x = 1;
	downgrade_write(l);
	WRITE_ONCE(*in, 1);
	int r0 = READ_ONCE(*x);
	up_read(l);
}
P1(struct rw_semaphore *l, int *x, int *in) { down_write(l); *x = 2; up_write(l); }
P2(struct rw_semaphore *l, int *x, int *in)
{
	down_read(l);
	int r0 = *x;
	int r1 = READ_ONCE(*in);
	up_read(l);
}
"""


@pytest.mark.parametrize("model", MODELS)
def test_a_writer_that_goes_on_as_a_reader(model: str, tmp_path: Path) -> None:
    """Nobody writes in between; and other readers are there meanwhile, who see what it wrote."""
    for final, verdict in (
        ("~exists (0:r0=2)", "SAFE"),
        ("~exists (2:r0=0 /\\ 2:r1=1)", "SAFE"),
        ("~exists (2:r0=1 /\\ 2:r1=0)", "VIOLATED"),
    ):
        assert check(_DOWNGRADE + final, "rwsem", tmp_path, model).verdict == verdict


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("read_lock(&l); read_lock(&l); read_unlock(&l); read_unlock(&l);", None),
        ("down_write(&s); downgrade_write(&s); up_read(&s);", None),
        ("if (read_trylock(&l)) { BUG_ON(write_trylock(&l)); read_unlock(&l); }", None),
        ("read_lock(&l);", "is not released"),
        ("read_lock(&l); write_unlock(&l);", "write_unlock releases what this thread does not"),
        ("write_lock(&l); read_unlock(&l);", "read_unlock releases what this thread does not"),
        ("down_write(&s); downgrade_write(&s); up_write(&s);", "up_write releases what"),
        ("down_read(&s); downgrade_write(&s); up_read(&s);", "downgrade_write releases what"),
        ("read_lock(&l); write_lock(&l); write_unlock(&l); read_unlock(&l);", "wait for ever"),
        ("write_lock(&l); read_lock(&l); read_unlock(&l); write_unlock(&l);", "wait for ever"),
        ("spin_lock(&l); spin_unlock(&l);", "spin_lock needs a pointer to spinlock_t"),
        ("read_lock(&s); read_unlock(&s);", "read_lock needs a pointer to rwlock_t"),
        ("down_read(&l); up_read(&l);", "down_read needs a pointer to rw_semaphore"),
    ],
)
def test_pairs(body: str, message: str | None, tmp_path: Path) -> None:
    text = "DEFINE_RWLOCK(l);\nDECLARE_RWSEM(s);\nint x;\n{ }\n"
    text += f"P0(void) {{ {body} BUG_ON(x); x = 1; }}\n"
    if message is None:
        assert check(text, "rwlock", tmp_path, "sc").verdict == "SAFE"
        return
    with pytest.raises(InputError) as refused:
        check(text, "rwlock", tmp_path, "sc")
    assert message in refused.value.diagnostic.message


def test_the_words_around_them(tmp_path: Path) -> None:
    """What the kernel makes of these calls: linux/rwlock.h, rwsem.h, mmap_lock.h, spinlock.h."""
    text = """#include <linux/rwsem.h>
#include <linux/rwlock.h>
struct mm_struct { struct rw_semaphore mmap_lock; };
struct mm_struct mm;
struct object { rwlock_t lock; spinlock_t inner; struct mutex outer; };
struct object o = { .lock = __RW_LOCK_UNLOCKED(o.lock) };
static DEFINE_MUTEX(mutex);
static DEFINE_RWLOCK(own);
struct rw_semaphore other = __RWSEM_INITIALIZER(other);
int x;
{ }
P0(void)
{
	unsigned long flags;

	rwlock_init(&o.lock);
	spin_lock_init(&o.inner);
	mutex_init(&o.outer);
	mmap_init_lock(&mm);
	mutex_lock(&mutex);
	write_lock_irqsave(&o.lock, flags);
	write_unlock_irqrestore(&o.lock, flags);
	read_lock_bh(&o.lock);
	BUG_ON(write_trylock(&o.lock));
	read_unlock_bh(&o.lock);
	BUG_ON(mmap_write_lock_killable(&mm));
	BUG_ON(!rwsem_is_locked(&mm.mmap_lock) || mmap_read_trylock(&mm));
	mmap_write_downgrade(&mm);
	mmap_read_lock(&mm);
	mmap_read_unlock(&mm);
	mmap_read_unlock(&mm);
	BUG_ON(rwsem_is_locked(&mm.mmap_lock));
	mutex_unlock(&mutex);
	x = 1;
}
forall (x=1)
"""
    for model in MODELS:
        assert check(text, "rwlock", tmp_path, model).verdict == "SAFE"


def test_semaphores_of_39_are_refused_where_they_did_not_order(tmp_path: Path) -> None:
    text = "{ }\nP0(LOCK *l, int *x) { R_IN(l); int r0 = *x; R_OUT(l); }\nexists (0:r0=0)\n"
    for model, kernel in sorted(_NONE):
        with pytest.raises(InputError, match="had no barrier behind its wait"):
            check(text, "rwsem", tmp_path, model, kernel)
