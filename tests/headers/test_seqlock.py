"""<linux/seqlock.h>: a reader that need not retry has seen all of a writer's section, or nothing.

Why, on each machine: the writer's two barriers keep the data's stores between those of the counter,
and the reader's two keep the data's reads between those of the counter. A reader that sees a store
of the section and then an unchanged, even counter would have read the counter before the store that
made it odd, in coherence order, and behind a read that saw what was stored after it: a cycle with
the two barriers in it (MP with wmb and rmb, published as forbidden: litmus/classic/MP).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

MACHINES = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha")
POINTS = [(m, k) for m in MACHINES for k in ("3.9", "6.12") if (m, k) != ("riscv", "3.9")]

_TORN = "~exists (1:r0=1 /\\ 1:r1=0 \\/ 1:r0=0 /\\ 1:r1=1)\n"
_SEQLOCK = """C seqlock
#include <linux/seqlock.h>
{ }
P0(seqlock_t *sl, int *x, int *y)
{
	write_seqlock(sl);
	*x = 1;
	*y = 1;
	write_sequnlock(sl);
}
P1(seqlock_t *sl, int *x, int *y)
{
	unsigned seq;
	int r0;
	int r1;

	do {
		seq = read_seqbegin(sl);
		r0 = *x;
		r1 = *y;
	} while (read_seqretry(sl, seq));
}
"""


def check(text: str, tmp_path: Path, model: str, kernel: str = "6.12", **more: object) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(text)
    return fresh_checker().check(Request(path, model, kernel, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(("model", "kernel"), POINTS)
def test_nobody_sees_half_of_a_section(model: str, kernel: str, tmp_path: Path) -> None:
    assert check(_SEQLOCK + _TORN, tmp_path, model, kernel).verdict == "SAFE"


@pytest.mark.parametrize(
    ("site", "weak"),
    [
        # R x, then R counter: nothing keeps two reads in order on these machines. (6.12's READ_ONCE
        # has a full barrier on Alpha, but stands behind the data's reads, which are plain.)
        ("smp_rmb@read_seqcount_retry", {"armv7", "armv8", "power", "riscv", "alpha"}),
        # W counter, W data and W data, W counter: all but TSO reorder stores.
        ("smp_wmb@write_seqcount_begin", {"armv7", "armv8", "power", "riscv", "alpha"}),
        ("smp_wmb@write_seqcount_end", {"armv7", "armv8", "power", "riscv", "alpha"}),
    ],
)
@pytest.mark.parametrize(("model", "kernel"), POINTS)
def test_each_barrier_is_needed(
    site: str, weak: set[str], model: str, kernel: str, tmp_path: Path
) -> None:
    found = check(_SEQLOCK + _TORN, tmp_path, model, kernel, removed=frozenset((site,)))
    assert found.verdict == ("VIOLATED" if model in weak else "SAFE")


@pytest.mark.parametrize(("model", "kernel"), [p for p in POINTS if p[1] == "3.9"])
def test_the_first_read_barrier_of_3_9(model: str, kernel: str, tmp_path: Path) -> None:
    """R counter, then R data. In 6.12 the first of them is an acquire load."""
    site = frozenset(("smp_rmb@read_seqcount_begin",))
    found = check(_SEQLOCK + _TORN, tmp_path, model, kernel, removed=site)
    assert found.verdict == ("SAFE" if model in ("sc", "tso") else "VIOLATED")


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_lkmm_reports_the_plain_counter(kernel: str, tmp_path: Path) -> None:
    """The writer's ``sequence++`` is plain and the reader's look may come at any time: a data race,
    as LKMM has no word for the kernel's note to KCSAN."""
    marked = _SEQLOCK.replace("*x = 1", "WRITE_ONCE(*x, 1)").replace("*y = 1", "WRITE_ONCE(*y, 1)")
    marked = marked.replace("r0 = *x", "r0 = READ_ONCE(*x)").replace(
        "r1 = *y", "r1 = READ_ONCE(*y)"
    )
    found = check(marked + _TORN, tmp_path, "lkmm", kernel)
    assert (found.verdict, found.subject) == ("VIOLATED", "data-race")


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_lkmm_of_a_marked_counter(kernel: str, tmp_path: Path) -> None:
    """wmb between marked stores, acquire and rmb between marked reads: MP twice, forbidden."""
    marked = _SEQLOCK.replace("*x = 1", "WRITE_ONCE(*x, 1)").replace("*y = 1", "WRITE_ONCE(*y, 1)")
    marked = marked.replace("r0 = *x", "r0 = READ_ONCE(*x)").replace(
        "r1 = *y", "r1 = READ_ONCE(*y)"
    )
    defines = (("KSMCHECK_MARKED_SEQUENCE", "1"),)
    assert check(marked + _TORN, tmp_path, "lkmm", kernel, defines=defines).verdict == "SAFE"
    for site in ("smp_rmb@read_seqcount_retry", "smp_wmb@write_seqcount_end"):
        found = check(
            marked + _TORN, tmp_path, "lkmm", kernel, defines=defines, removed=frozenset((site,))
        )
        assert (found.verdict, found.subject) == ("VIOLATED", "~exists")


_SEQCOUNT = """C seqcount
#include <linux/seqlock.h>
seqcount_t s = SEQCNT_ZERO(s);
int x; int y;
{ }
P0(void)
{
	BEGIN(&s);
	WRITE_ONCE(x, 1);
	WRITE_ONCE(y, 1);
	END(&s);
}
P1(void)
{
	unsigned seq = LOOK(&s);
	int r0 = READ_ONCE(x);
	int r1 = READ_ONCE(y);

	if (!RETRY(&s, seq))
		BUG_ON(r0 != r1);
}
"""


@pytest.mark.parametrize(
    ("look", "retry", "machines_that_tear"),
    [
        ("read_seqcount_begin", "read_seqcount_retry", set()),
        ("raw_read_seqcount_begin", "read_seqcount_retry", set()),
        # Does not wait for a writer: an odd count is made one that never fits.
        ("raw_seqcount_begin", "read_seqcount_retry", set()),
        # Does not wait either, and hands the odd count on: the caller has to look at it.
        ("raw_read_seqcount", "read_seqcount_retry", set(MACHINES)),
        # Without a barrier of its own. Alpha's READ_ONCE has one behind each read of the data.
        ("read_seqcount_begin", "__read_seqcount_retry", {"armv7", "armv8", "power", "riscv"}),
    ],
)
@pytest.mark.parametrize(
    ("writer", "model"),
    [
        *(("write_seqcount", model) for model in MACHINES),
        *(("raw_write_seqcount", model) for model in ("armv8", "power", "alpha")),
        ("do_raw_write_seqcount", "armv8"),
    ],
)
def test_counters(
    look: str, retry: str, machines_that_tear: set[str], writer: str, model: str, tmp_path: Path
) -> None:
    names = {"BEGIN": f"{writer}_begin", "END": f"{writer}_end", "LOOK": look, "RETRY": retry}
    found = check(_SEQCOUNT, tmp_path, model, defines=tuple(names.items()))
    assert found.verdict == ("VIOLATED" if model in machines_that_tear else "SAFE")


_LATCH = """C latch
#include <linux/seqlock.h>
struct latch { seqcount_latch_t seq; int a[2]; int b[2]; };
struct latch l;
{ }
P0(void)
{
	write_seqcount_latch_begin(&l.seq);
	WRITE_ONCE(l.a[0], 1);
	WRITE_ONCE(l.b[0], 1);
	write_seqcount_latch(&l.seq);
	WRITE_ONCE(l.a[1], 1);
	WRITE_ONCE(l.b[1], 1);
	write_seqcount_latch_end(&l.seq);
}
P1(void)
{
	unsigned seq = read_seqcount_latch(&l.seq);
	int r0 = READ_ONCE(l.a[seq & 1]);
	int r1 = READ_ONCE(l.b[seq & 1]);

	if (!read_seqcount_latch_retry(&l.seq, seq))
		BUG_ON(r0 != r1);
}
"""


@pytest.mark.parametrize("model", MACHINES)
def test_a_latch_has_one_whole_copy(model: str, tmp_path: Path) -> None:
    """The reads' address depends on the counter, which orders them behind it; on Alpha READ_ONCE
    does. The other copy is written behind a wmb."""
    assert check(_LATCH, tmp_path, model).verdict == "SAFE"
    site = frozenset(("smp_wmb@write_seqcount_latch",))
    weak = model not in ("sc", "tso")
    found = check(_LATCH, tmp_path, model, removed=site).verdict
    assert found == ("VIOLATED" if weak else "SAFE")


_OR_LOCK = """C or-lock
#include <linux/seqlock.h>
static DEFINE_SEQLOCK(sl);
int x; int y;
{ }
P0(void)
{
	unsigned long flags;

	write_seqlock_irqsave(&sl, flags);
	WRITE_ONCE(x, 1);
	WRITE_ONCE(y, 1);
	write_sequnlock_irqrestore(&sl, flags);
}
P1(void)
{
	int seq = 0;
	int r0;
	int r1;

retry:
	read_seqbegin_or_lock(&sl, &seq);
	r0 = READ_ONCE(x);
	r1 = READ_ONCE(y);
	if (need_seqretry(&sl, seq)) {
		seq = 1;
		goto retry;
	}
	done_seqretry(&sl, seq);
	BUG_ON(r0 != r1);
}
"""


@pytest.mark.parametrize("model", MACHINES)
def test_a_reader_that_takes_the_lock_at_last(model: str, tmp_path: Path) -> None:
    assert check(_OR_LOCK, tmp_path, model).verdict == "SAFE"


def test_the_lock_keeps_two_writers_apart(tmp_path: Path) -> None:
    """Each section adds 2 to the counter, and the counter is plain: none is lost under the lock."""
    text = """C two
#include <linux/seqlock.h>
{ }
P0(seqlock_t *sl) { write_seqlock(sl); write_sequnlock(sl); }
P1(seqlock_t *sl) { write_seqlock_irq(sl); write_sequnlock_irq(sl); }
exists (sl.seqcount.sequence=4)
"""
    path = tmp_path / "t.litmus"
    path.write_text(text)
    for model in MACHINES:
        assert fresh_checker().check(Request(path, model)).observation == "Always"


def test_init(tmp_path: Path) -> None:
    text = """C init
#include <linux/seqlock.h>
struct s { seqlock_t sl; seqcount_spinlock_t c; int a; };
{ }
P0(struct s *p)
{
	seqlock_init(&p->sl);
	seqcount_spinlock_init(&p->c, &p->sl.lock);
	write_seqlock(&p->sl);
	p->a = 1;
	write_sequnlock(&p->sl);
}
exists (p.sl.seqcount.sequence=2 /\\ p.sl.lock.lock=0)
"""
    path = tmp_path / "t.litmus"
    path.write_text(text)
    assert fresh_checker().check(Request(path, "armv8")).observation == "Always"


@pytest.mark.parametrize(
    ("top", "body"),
    [
        ("", "write_seqcount_begin(p);"),
        ("DEFINE_SEQLOCK(sl);", ""),
        ("static DEFINE_SEQLOCK(sl);", ""),
        ("struct q { seqlock_t sl; };", ""),
        ("", "seqcount_latch_t l;"),
    ],
)
def test_without_the_include(top: str, body: str, tmp_path: Path) -> None:
    text = (
        f"C t\nstruct s {{ int a; }};\n{top}\n{{ }}\nP0(struct s *p)\n{{ {body}\n p->a = 1;\n}}\n"
    )
    with pytest.raises(InputError) as refused:
        check(text + "exists (p.a=1)\n", tmp_path, "sc")
    assert "#include <linux/seqlock.h>" in (refused.value.diagnostic.hint or "")
    assert refused.value.diagnostic.span is not None


def test_what_a_kernel_does_not_have(tmp_path: Path) -> None:
    text = (
        "C t\n#include <linux/seqlock.h>\nseqcount_t s;\n{ }\n"
        "P0(void) { raw_write_seqcount_begin(&s); }\n"
    )
    with pytest.raises(InputError, match=r"has no raw_write_seqcount_begin at 3\.9"):
        check(text + "exists (s.sequence=1)\n", tmp_path, "sc", "3.9")
    assert check(text + "exists (s.sequence=1)\n", tmp_path, "sc").observation == "Always"
    with pytest.raises(InputError, match=r"<linux/seqlock.h> is not known for kernel 3\.8"):
        check(text + "exists (s.sequence=1)\n", tmp_path, "sc", "3.8")
