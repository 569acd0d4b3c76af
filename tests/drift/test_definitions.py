"""Definitions that a model's rows rest on: which are found, and which changes of them are told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ksmcheck.gate.drift_citations import cited_files
from ksmcheck.gate.drift_finding import Finding
from ksmcheck.gate.drift_lowering import (
    against_definitions,
    read_definitions,
    record_definitions,
    record_path,
)
from ksmcheck.gate.kernel_tree import KernelTree
from ksmcheck.gate.kernel_tree_meaning import meaning_of
from ksmcheck.store.paths import models_dir
from ksmcheck.text import InputError

BARRIER = "arch/arm64/include/asm/barrier.h"
# Written for these tests, in the manner of such headers.
FILES = {
    "Makefile": "VERSION = 1\nPATCHLEVEL = 0\n",
    BARRIER: """
#ifndef __ASM_BARRIER_H
#define __ASM_BARRIER_H
#define fence(kind)	asm volatile("fence " #kind : : : "memory")
#define __smp_mb()	fence(all)	/* the strongest */
#define __smp_rmb()	fence(reads)
#ifdef CONFIG_SLOW_STORES
#define __smp_wmb()	fence(all)
#else
#define __smp_wmb()	fence(writes)
#endif
#endif
""",
    "arch/arm64/include/asm/spinlock.h": """
static inline void smp_mb__after_spinlock(void) { smp_mb(); }
""",
    "include/asm-generic/barrier.h": """
#ifndef smp_acquire__after_ctrl_dep
#define smp_acquire__after_ctrl_dep()	smp_rmb()
#endif
""",
    "include/asm-generic/bitops/lock.h": """
static __always_inline int test_and_set_bit_lock(unsigned int nr, volatile unsigned long *word)
{
	unsigned long mask = BIT_MASK(nr);
	long old;

	word += BIT_WORD(nr);
	if (READ_ONCE(*word) & mask)
		return 1;
	old = raw_atomic_long_fetch_or_acquire(mask, (atomic_long_t *)word);
	return !!(old & mask);
}
""",
    "arch/powerpc/include/asm/bitops.h": """
#define DEFINE_BITOP(fn, op, prefix)			\\
static inline void fn(unsigned long mask, volatile unsigned long *word)	\\
{ asm(prefix #op : "+m" (*word) : "r" (mask)); }

DEFINE_BITOP(set_bits, or, "")
DEFINE_BITOP(change_bits, xor, "")
""",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / "linux" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "linux"


@pytest.fixture
def models(tmp_path: Path, tree: Path) -> Path:
    folder = Path(shutil.copytree(models_dir(), tmp_path / "models"))
    record_definitions(KernelTree(tree), folder, "1.0", "6.12")
    return folder


def findings(tree: Path, models: Path, file: str, old: str, new: str) -> list[Finding]:
    text = (tree / file).read_text()
    assert text.count(old) == 1
    changed = KernelTree(tree, {file: text.replace(old, new)})
    return against_definitions(changed, models, "1.0", "6.12")[0]


def test_rows_rest_on_what_their_sources_say(tree: Path, models: Path) -> None:
    found = {(d.file, d.name): d.rows for d in read_definitions(record_path(models, "1.0"))}
    assert found[BARRIER, "__smp_wmb"] == (("armv8", "smp_wmb"),)
    # What a definition uses is followed in the architecture's headers.
    assert {row for model, row in found[BARRIER, "fence"] if model == "armv8"} >= {
        "smp_mb",
        "smp_rmb",
    }
    lock = found["include/asm-generic/bitops/lock.h", "test_and_set_bit_lock"]
    assert ("armv8", "class.bit-trylock") in lock
    assert against_definitions(KernelTree(tree), models, "1.0", "6.12") == ([], len(found))


def test_a_changed_definition_is_told_with_both_texts(tree: Path, models: Path) -> None:
    (found,) = findings(tree, models, BARRIER, "fence(writes)", "fence(none)")
    assert (found.kind, found.file, found.line) == ("definition", BARRIER, 8)
    assert "armv8 [smp_wmb]" in found.message
    assert "armv8 [smp_wmb] all: F[DMB.ISHST]" in found.details
    assert any("fence(none)" in line for line in found.details)
    assert found.other is not None and found.other.file.endswith("kernel-1.0.definitions")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (BARRIER, "#ifdef CONFIG_SLOW_STORES", "#ifndef CONFIG_SLOW_STORES"),
        (BARRIER, '"fence "', '"hint "'),
        ("arch/arm64/include/asm/spinlock.h", "smp_mb();", "barrier();"),
        (
            "include/asm-generic/bitops/lock.h",
            "\tif (READ_ONCE(*word) & mask)\n\t\treturn 1;\n",
            "",
        ),
        ("include/asm-generic/bitops/lock.h", "fetch_or_acquire", "fetch_or_relaxed"),
        ("include/asm-generic/bitops/lock.h", "return !!(old & mask)", "return !!(mask & mask)"),
        (
            "arch/powerpc/include/asm/bitops.h",
            'DEFINE_BITOP(set_bits, or, "")',
            'DEFINE_BITOP(set_bits, or, "sync")',
        ),
        ("arch/powerpc/include/asm/bitops.h", "asm(prefix #op", "asm(#op"),
    ],
)
def test_each_change_of_meaning_is_told(
    tree: Path, models: Path, file: str, old: str, new: str
) -> None:
    assert findings(tree, models, file, old, new)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (BARRIER, "/* the strongest */", "// of all\t"),
        (
            BARRIER,
            "#define __smp_rmb()	fence(reads)",
            "#define __smp_rmb() \\\n\tfence( reads )",
        ),
        (
            BARRIER,
            'fence(kind)	asm volatile("fence " #kind',
            'fence(k)	asm volatile("fence " #k',
        ),
        ("include/asm-generic/bitops/lock.h", "\tword +=", "\t/* smp_mb(); */ word +="),
    ],
)
def test_nothing_is_told_of_space_comments_and_parameters(
    tree: Path, models: Path, file: str, old: str, new: str
) -> None:
    assert findings(tree, models, file, old, new) == []


def test_local_variables_may_be_renamed(tree: Path, models: Path) -> None:
    file = "include/asm-generic/bitops/lock.h"
    text = (tree / file).read_text().replace("mask", "bits").replace("old", "before")
    text = (
        text.replace("raw_atomic", "raw_atomic").replace("word", "w").replace("BIT_w", "BIT_WORD")
    )
    renamed = KernelTree(tree, {file: text})
    assert against_definitions(renamed, models, "1.0", "6.12")[0] == []


def test_what_is_gone_is_told(tree: Path, models: Path) -> None:
    (found,) = findings(tree, models, BARRIER, "#define __smp_rmb()	fence(reads)\n", "")
    assert found.kind == "missing" and "__smp_rmb is not defined" in found.message
    (tree / BARRIER).unlink()
    found, *_ = against_definitions(KernelTree(tree), models, "1.0", "6.12")[0]
    assert found.kind == "missing" and found.file == BARRIER


def test_an_architecture_that_gets_one_of_its_own_is_told(tree: Path, models: Path) -> None:
    old = "#define __smp_mb()"
    new = "#define smp_acquire__after_ctrl_dep()	barrier()\n" + old
    (found,) = findings(tree, models, BARRIER, old, new)
    assert "arm64 has a smp_acquire__after_ctrl_dep of its own" in found.message


def test_files_are_found_by_what_a_source_calls_them(tree: Path) -> None:
    source = "arch/*/include/asm/{barrier,spinlock}.h: that; asm-generic/barrier.h, lost/nothing.h"
    assert cited_files(KernelTree(tree), source, "arm64") == [
        BARRIER,
        "arch/arm64/include/asm/spinlock.h",
        "include/asm-generic/barrier.h",
    ]


def test_a_meaning_has_its_conditions_and_uses(tree: Path) -> None:
    wmb = meaning_of(KernelTree(tree), "__smp_wmb", BARRIER)
    assert wmb is not None and len(wmb.spans) == 2
    assert wmb.words.count("CONFIG_SLOW_STORES") == 2 and "#else" in wmb.words
    bitop = meaning_of(KernelTree(tree), "DEFINE_BITOP", "arch/powerpc/include/asm/bitops.h")
    assert bitop is not None and "set_bits" in bitop.words and "change_bits" in bitop.words
    assert meaning_of(KernelTree(tree), "fence_off", BARRIER) is None


def test_the_shipped_records_are_readable_and_name_rows_that_there_are() -> None:
    from ksmcheck.lowering.table import load_table

    for version in ("6.1", "6.12"):
        found = read_definitions(record_path(models_dir(), version))
        assert len(found) > 500
        for model in {m for d in found for m, _ in d.rows}:
            tables = load_table(models_dir() / model / "lowering.toml").tables
            assert {row for d in found for m, row in d.rows if m == model} <= set(tables)


def test_a_wrong_record(tree: Path, models: Path) -> None:
    record_path(models, "1.0").write_text("what is this\n")
    with pytest.raises(InputError, match="expected 'DIGEST FILE NAME'"):
        against_definitions(KernelTree(tree), models, "1.0", "6.12")
    with pytest.raises(InputError, match=r"no definitions are recorded for kernel 2\.0"):
        against_definitions(KernelTree(tree), models, "2.0", "6.12")
