"""<linux/kref.h>: the last reference is dropped once, behind all that was done with the others.

refcount_dec_and_test is a release, and an acquire where the count came to zero (linux/refcount.h).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

_TWO = """C two
#include <linux/kref.h>
struct foo { struct kref ref; int a; int freed; };
struct foo f = { .ref = KREF_INIT(2) };
static void release(struct kref *ref)
{
	struct foo *p = container_of(ref, struct foo, ref);

	p->a = 2;
	p->freed++;
}
{ }
P0(void)
{
	BUG_ON(f.a == 2);
	kref_put(&f.ref, release);
}
P1(void)
{
	BUG_ON(f.a == 2);
	int last = kref_put(&f.ref, release);
}
forall (f.freed=1)
"""


@pytest.mark.parametrize(
    "model", ["sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm"]
)
def test_nobody_uses_what_is_released(model: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(_TWO)
    assert fresh_checker().check(Request(path, model)).verdict == "SAFE"
    # Taken once more, the count does not come to zero.
    path.write_text(_TWO.replace("kref_put(&f.ref, release);", "kref_get(&f.ref);", 1))
    found = fresh_checker().check(Request(path, model))
    assert (found.verdict, found.subject) == ("VIOLATED", "forall")


def test_no_reference_comes_of_none(tmp_path: Path) -> None:
    text = """C none
#include <linux/kref.h>
struct kref k;
int x;
static void release(struct kref *ref) { x = 1; }
{ }
P0(void)
{
	kref_init(&k);
	BUG_ON(kref_read(&k) != 1);
	BUG_ON(!kref_get_unless_zero(&k));
	BUG_ON(kref_put(&k, release));
	BUG_ON(!kref_put(&k, release) || x != 1);
	BUG_ON(kref_get_unless_zero(&k));
}
"""
    path = tmp_path / "t.litmus"
    path.write_text(text)
    assert fresh_checker().check(Request(path, "armv8")).verdict == "SAFE"


_LOCKED = """C locked
#include <linux/kref.h>
LOCK l;
struct foo { struct kref ref; int freed; };
struct foo f = { .ref = KREF_INIT(2) };
static void release(struct kref *ref)
{
	struct foo *p = container_of(ref, struct foo, ref);

	p->freed++;
	UNLOCK(&l);
}
{ }
P0(void) { int r0 = PUT(&f.ref, release, &l); }
P1(void) { int r0 = PUT(&f.ref, release, &l); }
forall (f.freed=1 /\\ (0:r0=1 /\\ 1:r0=0 \\/ 0:r0=0 /\\ 1:r0=1))
"""


@pytest.mark.parametrize(
    ("put", "lock", "unlock"),
    [
        ("kref_put_lock", "spinlock_t", "spin_unlock"),
        ("kref_put_mutex", "struct mutex", "mutex_unlock"),
    ],
)
@pytest.mark.parametrize("model", ["sc", "armv8", "power", "lkmm"])
def test_who_releases_holds_the_lock(
    put: str, lock: str, unlock: str, model: str, tmp_path: Path
) -> None:
    """That it is not taken elsewhere the pairing of locks would say."""
    text = _LOCKED.replace("UNLOCK", unlock).replace("LOCK", lock).replace("PUT", put)
    path = tmp_path / "t.litmus"
    path.write_text(text)
    assert fresh_checker().check(Request(path, model)).verdict == "SAFE"
