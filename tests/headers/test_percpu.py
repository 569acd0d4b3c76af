"""<linux/percpu.h>: each CPU has a copy of a variable, and a thread is a CPU.

Documentation/core-api/this_cpu_ops.rst: the operations work on the copy of the CPU that they run
on, without a lock and without order, and are safe against that CPU alone; copies of others are
reached by per_cpu_ptr(), as any memory is.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.kernel.memory import STEP
from ksmcheck.store.paths import headers_dir
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

MACHINES = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")
POINTS = [(m, k) for m in MACHINES for k in ("3.9", "6.12") if (m, k) != ("riscv", "3.9")]


def check(text: str, tmp_path: Path, model: str = "sc", kernel: str = "6.12") -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n#include <linux/percpu.h>\n{text}\n")
    return fresh_checker().check(Request(path, model, kernel))


def test_copies_lie_where_the_header_looks_for_them() -> None:
    assert f"DISTANCE {STEP:#x}UL" in (headers_dir() / "linux/percpu.h").read_text()


_COUNTERS = """struct stat {{ int events; int more[2]; }};
static DEFINE_PER_CPU(struct stat, stat);
{{ }}
P0(void) {{ this_cpu_inc(stat.more[1]); this_cpu_inc(stat.more[1]); }}
P1(void) {{ this_cpu_add(stat.more[1], 2); }}
P2(void)
{{
	int sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += {look};
}}
"""


@pytest.mark.parametrize(("model", "kernel"), POINTS)
def test_a_counter_in_parts(model: str, kernel: str, tmp_path: Path) -> None:
    """Nobody's increment is lost, and a sum in passing has any part of them. LKMM calls that a
    race, for the increments are plain."""
    text = _COUNTERS.format(look="READ_ONCE(per_cpu(stat.more[1], cpu))")
    whole = "forall (per_cpu(stat.more[1], 0)=2 /\\ per_cpu(stat.more[1], 1)=2 /\\ stat.events=0)"
    found = check(text + whole, tmp_path, model, kernel)
    if model == "lkmm":
        assert (found.verdict, found.subject) == ("VIOLATED", "data-race")
        return
    assert found.verdict == "SAFE"
    for total in range(5):
        found = check(text + f"exists (2:sum={total})", tmp_path, model, kernel)
        assert found.observation == "Sometimes"
    assert check(text + "exists (2:sum>4)", tmp_path, model, kernel).observation == "Never"


@pytest.mark.parametrize(("model", "kernel"), POINTS)
def test_no_order_between_them(model: str, kernel: str, tmp_path: Path) -> None:
    """MP with this_cpu_write() and this_cpu_read(): litmus/classic/MP of plain accesses."""
    text = """DEFINE_PER_CPU(int, x);
DEFINE_PER_CPU(int, y);
{ }
P0(void) { this_cpu_write(x, 1); this_cpu_write(y, 1); }
P1(void) { int r0 = READ_ONCE(per_cpu(y, 0)); int r1 = READ_ONCE(per_cpu(x, 0)); }
exists (1:r0=1 /\\ 1:r1=0)
"""
    found = check(text, tmp_path, model, kernel)
    ordered = model in ("sc", "tso")
    assert found.observation == ("Never" if ordered else "Sometimes")


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_each_operation(kernel: str, tmp_path: Path) -> None:
    """On CPU 1, whose copy starts as the others do."""
    old = "BUG_ON(__get_cpu_var(c)++ != 3); BUG_ON(*__this_cpu_ptr(&c) != 4); this_cpu_dec(c);"
    new = "int o = 3; BUG_ON(!this_cpu_try_cmpxchg(c, &o, 3)); BUG_ON(raw_cpu_read(c) != 3);"
    text = f"""DECLARE_PER_CPU(int, c);
DEFINE_PER_CPU(int, c) = 3;
DEFINE_PER_CPU(int[2], pair) = {{ 1, 2 }};
struct holder {{ int __percpu *counter; }};
struct holder h = {{ .counter = &c }};
{{ }}
P0(void) {{ }}
P1(void)
{{
	int *p;

	BUG_ON(smp_processor_id() != 1 || get_cpu() != 1 || nr_cpu_ids != 2);
	put_cpu();
	BUG_ON(this_cpu_read(c) != 3 || this_cpu_read(pair[1]) != 2);
	{old if kernel == "3.9" else new}
	BUG_ON(this_cpu_inc_return(c) != 4 || this_cpu_add_return(c, 4) != 8);
	this_cpu_sub(c, 2);
	this_cpu_or(c, 1);
	this_cpu_and(c, 5);
	BUG_ON(__this_cpu_read(c) != 5);
	BUG_ON(this_cpu_xchg(c, 9) != 5 || this_cpu_cmpxchg(c, 8, 7) != 9);
	BUG_ON(this_cpu_cmpxchg(c, 9, 7) != 9 || *this_cpu_ptr(h.counter) != 7);
	get_cpu_var(c)++;
	put_cpu_var(c);
	p = get_cpu_ptr(h.counter);
	*p += 1;
	put_cpu_ptr(h.counter);
	BUG_ON(per_cpu(c, 1) != 9 || per_cpu(c, 0) != 3 || *per_cpu_ptr(&c, 0) != 3);
}}
forall (c=3 /\\ per_cpu(c, 1)=9)
"""
    for model in ("sc", "armv8", "lkmm"):
        assert check(text, tmp_path, model, kernel).verdict == "SAFE"


def test_a_function_of_both(tmp_path: Path) -> None:
    """Which way it goes hangs on the CPU; the replay of a violation sees that as well."""
    text = """DEFINE_PER_CPU(int, c);
int x;
{ c = 5; }
static int turn(void)
{
	if (smp_processor_id() == 1)
		this_cpu_inc(c);
	else if (READ_ONCE(x))
		this_cpu_write(c, 8);
	return this_cpu_read(c);
}
P0(void) { WRITE_ONCE(x, 1); int r0 = turn(); }
P1(void) { WRITE_ONCE(x, 1); int r0 = turn(); }
"""
    assert check(text + "forall (0:r0=8 /\\ 1:r0=6)", tmp_path).verdict == "SAFE"
    assert check(text + "forall (0:r0=8 /\\ 1:r0=5)", tmp_path).verdict == "VIOLATED"


@pytest.mark.parametrize(
    ("top", "body", "message"),
    [
        ("", "DEFINE_PER_CPU(int, c) = 3; c++;", "a variable of each CPU in a function"),
        ("DEFINE_PER_CPU(long[3][60000], c);", "this_cpu_inc(c[0][0]);", "too big for each CPU"),
        ("", "smp_processor_id(1);", "smp_processor_id"),
    ],
)
def test_what_is_refused(top: str, body: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        check(f"{top}\n{{ }}\nP0(void) {{ {body} }}\nP1(void) {{ }}\n", tmp_path)
    assert message in refused.value.diagnostic.message


def test_a_copy_that_is_not_there(tmp_path: Path) -> None:
    text = "DEFINE_PER_CPU(int, c);\n{ }\nP0(void) { per_cpu(c, 1) = 1; }\n"
    found = check(text, tmp_path)
    assert (found.verdict, found.subject) == ("VIOLATED", "bad address")
