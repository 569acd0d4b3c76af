"""Macros of the kernel that take locks: those that a signal would end, and those that take one
where a count comes to zero.

What is expected follows from what they are made of (lib/dec_and_lock.c, lib/refcount.c,
kernel/locking/mutex.c): a lock orders what its holders do, one after the other.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from ksmcheck.check import Request, Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker


def check(
    text: str, folder: Path, model: str = "lkmm", kernel: str = "6.12", **more: object
) -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}\n")
    return fresh_checker().check(Request(path, model, kernel, **more))  # type: ignore[arg-type]


_COUNTED = """struct mutex m;
int n;
{{ }}
P0(void) {{ int r0 = {taken}; BUG_ON(r0); n++; mutex_unlock(&m); }}
P1(void) {{ mutex_lock(&m); n++; mutex_unlock(&m); }}
forall (n=2)"""


@pytest.mark.parametrize(
    "taken",
    [
        "mutex_lock_interruptible(&m)",
        "mutex_lock_killable(&m)",
        "mutex_lock_interruptible_nested(&m, SINGLE)",
        "mutex_lock_killable_nested(&m, SINGLE)",
    ],
)
@pytest.mark.parametrize(
    ("model", "kernel"), [("lkmm", "6.12"), ("armv8", "3.9"), ("armv8", "6.12"), ("power", "6.12")]
)
def test_nobody_is_signalled(taken: str, model: str, kernel: str, tmp_path: Path) -> None:
    """The mutex is taken, and the answer 0; without it an increment may be lost."""
    text = "#define SINGLE 1\n" + _COUNTED.format(taken=taken)
    assert check(text, tmp_path, model, kernel).verdict == "SAFE"
    pair = frozenset({"mutex_lock@P0", "mutex_unlock@P0"})
    alone = check(text, tmp_path, model, kernel, removed=pair)
    assert alone.verdict == "VIOLATED" or alone.flags == ("data-race",)


def test_the_usual_way_out_is_never_taken(tmp_path: Path) -> None:
    """The lock need not be released there: the branch is dead, as the program text shows."""
    code = "if (mutex_lock_killable(&m)) { n = 7; return; } n++; mutex_unlock(&m);"
    text = f"struct mutex m; int n;\n{{ }}\nP0(void) {{ {code} }}\nforall (n=1)"
    assert check(text, tmp_path, "sc").verdict == "SAFE"


@pytest.mark.parametrize("name", ["mutex_lock_io(&m)", "mutex_lock_io_nested(&m, 1)"])
def test_a_mutex_of_who_waits_for_io(name: str, tmp_path: Path) -> None:
    text = _COUNTED.format(taken=f"({{ {name}; 0; }})")
    assert check(text, tmp_path, "armv8").verdict == "SAFE"
    with pytest.raises(InputError, match="mutex_lock_io"):
        check(text, tmp_path, "armv8", "3.9")


class _Count(NamedTuple):
    """A call that drops a reference and may come back with the lock, and what releases it."""

    call: str
    unlock: str
    lock: str = "spinlock_t"
    counter: str = "atomic_t"
    kernels: tuple[str, ...] = ("3.9", "6.12")


_COUNTS = (
    _Count("atomic_dec_and_lock(&c, &l)", "spin_unlock(&l)"),
    _Count("atomic_dec_and_mutex_lock(&c, &l)", "mutex_unlock(&l)", "struct mutex"),
    _Count("refcount_dec_and_lock(&c, &l)", "spin_unlock(&l)", counter="refcount_t"),
    _Count("refcount_dec_and_mutex_lock(&c, &l)", "mutex_unlock(&l)", "struct mutex", "refcount_t"),
    _Count(
        "atomic_dec_and_lock_irqsave(&c, &l, flags)",
        "spin_unlock_irqrestore(&l, flags)",
        kernels=("6.12",),
    ),
    _Count(
        "refcount_dec_and_lock_irqsave(&c, &l, &flags)",
        "spin_unlock_irqrestore(&l, flags)",
        counter="refcount_t",
        kernels=("6.12",),
    ),
    _Count(
        "atomic_dec_and_raw_lock(&c, &l)",
        "raw_spin_unlock(&l)",
        "raw_spinlock_t",
        kernels=("6.12",),
    ),
    _Count(
        "atomic_dec_and_raw_lock_irqsave(&c, &l, flags)",
        "raw_spin_unlock_irqrestore(&l, flags)",
        "raw_spinlock_t",
        kernels=("6.12",),
    ),
)

# The object is on a list (here: listed) that is looked at under the lock, and is freed behind that.
_DROPPED = """{lock} l;
{counter} c;
int listed = 1;
int a;
int freed;
{{ c = {references}; }}
P0(void)
{{
	unsigned long flags;

	BUG_ON(READ_ONCE(a));
	if ({call}) {{
		listed = 0;
		{unlock};
		WRITE_ONCE(a, 1);
		WRITE_ONCE(freed, 1);
	}}
}}
P1(void)
{{
	unsigned long flags;

	BUG_ON(READ_ONCE(a));
	if ({call}) {{
		listed = 0;
		{unlock};
		WRITE_ONCE(a, 1);
		WRITE_ONCE(freed, 1);
	}}
}}
forall (freed={freed} /\\ listed={listed})"""


def _dropped(count: _Count, references: int = 2) -> str:
    freed = int(references == 2)
    return _DROPPED.format(**count._asdict(), references=references, freed=freed, listed=1 - freed)


@pytest.mark.parametrize("count", _COUNTS, ids=lambda count: count.call.split("(")[0])
@pytest.mark.parametrize("model", ["sc", "tso", "armv7", "armv8", "power", "riscv", "lkmm"])
def test_the_last_reference_is_dropped_under_the_lock(
    count: _Count, model: str, tmp_path: Path
) -> None:
    """Both drop: one of them was the last, holds the lock then, and what the other did with the
    object was before. With a reference left nobody is, and the lock is not held."""
    kernels = {"6.12"} if model == "riscv" or count.counter == "refcount_t" else {*count.kernels}
    for kernel in sorted(kernels):
        assert check(_dropped(count), tmp_path, model, kernel).verdict == "SAFE"
        assert check(_dropped(count, 3), tmp_path, model, kernel).verdict == "SAFE"


@pytest.mark.parametrize("count", _COUNTS, ids=lambda count: count.call.split("(")[0])
def test_each_count_from_its_kernel_on(count: _Count, tmp_path: Path) -> None:
    there = "3.9" in count.kernels and count.counter == "atomic_t"
    if not there:
        with pytest.raises(InputError):
            check(_dropped(count), tmp_path, "sc", "3.9")


# Who finds the object under the lock takes a reference; the count was not zero then.
_FOUND = """spinlock_t l;
{counter} c;
int listed = 1;
int freed;
{{ c = 1; }}
P0(void)
{{
	if ({call}) {{
		listed = 0;
		spin_unlock(&l);
		WRITE_ONCE(freed, 1);
	}}
}}
P1(void)
{{
	spin_lock(&l);
	int r0 = listed;
	if (r0)
		{take};
	spin_unlock(&l);
	int r1 = READ_ONCE(freed);
}}
{asked}"""


@pytest.mark.parametrize(
    ("kind", "count"), [("atomic", "atomic_t"), ("refcount", "refcount_t")], ids=str
)
@pytest.mark.parametrize("model", ["sc", "armv8", "power", "lkmm"])
def test_who_looks_under_the_lock_may_take_a_reference(
    kind: str, count: str, model: str, tmp_path: Path
) -> None:
    """What is found is kept: the last reference is not dropped between the look and the taking. It
    is, where the count comes to zero before the lock is taken."""
    call = f"{kind}_dec_and_lock(&c, &l)"
    parts = {"counter": count, "take": f"{kind}_inc(&c)"}
    kept = "~exists (1:r0=1 /\\ 1:r1=1)"
    text = _FOUND.format(call=call, asked=kept, **parts)
    assert check(text, tmp_path, model).verdict == "SAFE"
    early = f"{kind}_dec_and_test(&c) && (({{ spin_lock(&l); }}), 1)"
    assert check(text.replace(call, early), tmp_path, model).verdict == "VIOLATED"
    both = _FOUND.format(call=call, asked="exists (1:r0=0 /\\ freed=1)", **parts)
    assert check(both, tmp_path, model).observation == "Sometimes"


def test_the_lock_is_not_taken_where_the_count_is_high(tmp_path: Path) -> None:
    """Whoever holds it may wait for who drops, as long as that is not the last reference."""
    text = """spinlock_t l;
atomic_t c;
int dropped;
{ c = REFERENCES; }
P0(void)
{
	spin_lock(&l);
	while (!READ_ONCE(dropped))
		cpu_relax();
	spin_unlock(&l);
}
P1(void)
{
	if (atomic_dec_and_lock(&c, &l))
		spin_unlock(&l);
	WRITE_ONCE(dropped, 1);
}"""
    for references, verdict in ((2, "SAFE"), (1, "VIOLATED")):
        held = text.replace("REFERENCES", str(references))
        assert check(held, tmp_path, "sc", liveness=True).verdict == verdict


_HELD = """struct mm_struct {{ struct rw_semaphore mmap_lock; }};
struct mm_struct m;
struct mm_struct *mm = &m;
{{ }}
P0(void) {{ {take}; {asserted}; {give}; }}
P1(void) {{ down_read(&m.mmap_lock); up_read(&m.mmap_lock); }}
"""
_NOT = ("(void)0", "(void)0")
_READ = ("mmap_read_lock(mm)", "mmap_read_unlock(mm)")
_WRITE = ("mmap_write_lock(mm)", "mmap_write_unlock(mm)")


@pytest.mark.parametrize(
    ("asserted", "held"),
    [
        ("mmap_assert_locked(mm)", (_READ, _WRITE)),
        ("rwsem_assert_held(&m.mmap_lock)", (_READ, _WRITE)),
        ("mmap_assert_write_locked(mm)", (_WRITE,)),
        ("rwsem_assert_held_write(&m.mmap_lock)", (_WRITE,)),
    ],
)
@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
def test_a_semaphore_that_has_to_be_held(
    asserted: str, held: tuple[tuple[str, str], ...], model: str, tmp_path: Path
) -> None:
    """Without lockdep the kernel looks at the count (linux/rwsem.h): who reads is no writer."""
    for how in (_NOT, _READ, _WRITE):
        text = _HELD.format(asserted=asserted, take=how[0], give=how[1])
        assert check(text, tmp_path, model).verdict == ("SAFE" if how in held else "VIOLATED")
