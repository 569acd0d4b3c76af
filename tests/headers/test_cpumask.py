"""<linux/cpumask.h>: sets of CPUs.

What the operations give follows from what a set is. What they order is said in
Documentation/atomic_bitops.txt: set_bit() and clear_bit() nothing, test_and_set_bit() everything;
and those with __ are no atomic operations (include/linux/cpumask.h).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from tests.fresh import fresh_checker


def check(text: str, tmp_path: Path, model: str) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n#include <linux/cpumask.h>\n{text}\n")
    return fresh_checker().check(Request(path, model))


SETS = """{{ }}
P0(void)
{{
	struct cpumask a, b = CPU_MASK_CPU0, c = CPU_MASK_NONE;
	cpumask_t *all = &b;
	cpumask_var_t given;
	int cpu;
	int n = 0;

	cpumask_clear(&a);
	__cpumask_set_cpu(2, &a);
	cpumask_set_cpu(0, &a);
	for_each_cpu(cpu, &a)
		n = 10 * n + cpu + 1;
	assert({});
}}
P1(void) {{ }}
P2(void) {{ }}
"""
TRUE = [
    "n == 13",
    "cpumask_empty(&c) && !cpumask_empty(&a) && cpumask_test_cpu(0, &b)",
    "cpumask_test_cpu(2, &a) && !cpumask_test_cpu(1, &a) && cpumask_weight(&a) == 2",
    "cpumask_first(&a) == 0 && cpumask_first_zero(&a) == 1 && cpumask_first(&c) == nr_cpu_ids",
    "cpumask_next(-1, &a) == 0 && cpumask_next(0, &a) == 2 && cpumask_next(2, &a) == 3",
    "({ cpumask_setall(all); cpumask_full(&b); }) && cpumask_weight(all) == 3",
    "cpumask_andnot(&c, &a, &b) && cpumask_first(&c) == 2 && cpumask_subset(&c, &a)",
    "cpumask_and(&c, &a, &b) && cpumask_equal(&c, &b) && !cpumask_subset(&a, &b)",
    "!({ cpumask_or(&c, &a, &b); cpumask_intersects(&c, &b); }) == !cpumask_equal(&c, &a)",
    "!cpumask_test_and_set_cpu(1, &a) && cpumask_test_and_clear_cpu(2, &a)"
    " && cpumask_weight(&a) == 2",
    "({ cpumask_clear_cpu(2, &a); __cpumask_clear_cpu(0, &a); cpumask_empty(&a); })",
    "zalloc_cpumask_var(&given, GFP_KERNEL)"
    " && ({ cpumask_copy(given, &a); cpumask_equal(given, &a); })",
    "cpu_online(2) && !cpu_online(3) && cpu_possible(0)",
]


@pytest.mark.parametrize("true", TRUE)
def test_what_sets_hold(true: str, tmp_path: Path) -> None:
    assert check(SETS.format(true), tmp_path, "sc").verdict == "SAFE"
    assert check(SETS.format(f"!({true})"), tmp_path, "sc").verdict == "VIOLATED"


SHOOTDOWN = """struct cpumask lazy;
{{ }}
P0(int *gen)
{{
	int cpu;
	int r0 = 0;

	WRITE_ONCE(*gen, 1);
	smp_mb();
	for_each_cpu(cpu, &lazy)
		r0 = 1;
}}
P1(int *gen)
{{
	{}
	int r1 = READ_ONCE(*gen);
}}
exists (0:r0=0 /\\ 1:r1=0)
"""


@pytest.mark.parametrize(
    ("join", "machines_that_miss"),
    [
        ("cpumask_set_cpu(1, &lazy);", {"armv8", "power"}),
        ("cpumask_set_cpu(1, &lazy); smp_mb__after_atomic();", set()),
        ("cpumask_test_and_set_cpu(1, &lazy);", set()),
        ("__cpumask_set_cpu(1, &lazy);", {"tso", "armv8", "power"}),
        ("__cpumask_set_cpu(1, &lazy); smp_mb();", set()),
    ],
)
@pytest.mark.parametrize("model", ["sc", "tso", "armv8", "power"])
def test_who_joins_and_who_looks(
    join: str, machines_that_miss: set[str], model: str, tmp_path: Path
) -> None:
    """SB: each side needs a full barrier between its store and its look. On x86 an atomic operation
    is one, and a plain store is none."""
    found = check(SHOOTDOWN.format(join), tmp_path, model).observation
    assert found == ("Sometimes" if model in machines_that_miss else "Never")


def test_two_that_join_at_once(tmp_path: Path) -> None:
    both = "struct cpumask m;\n{ }\n" + "".join(
        f"P{n}(void) {{ JOIN({n}, &m); }}\n" for n in (0, 1)
    )
    lost = "exists (m.bits[0]=1)"
    atomic = both.replace("JOIN", "cpumask_set_cpu")
    assert check(atomic + lost, tmp_path, "sc").observation == "Never"
    assert check(both.replace("JOIN", "__cpumask_set_cpu") + lost, tmp_path, "sc").observation == (
        "Sometimes"
    )
