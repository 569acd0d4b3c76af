"""The encodings perform the kernel's accesses in the kernel's order.

The lists below were written down from the kernel's sources (mm/migrate.c, mm/ksm.c; 3.9 at the
commit of the patch, and 6.12) before the encodings were: what touches flags, count, mapping, kpfn,
the slot or the tree lock, or orders them.
"""

from __future__ import annotations

import pytest

from ksmcheck.batch.suite import Suite
from ksmcheck.program.compile import compile_program
from ksmcheck.program.ir import Access, Thread
from ksmcheck.syntax.litmus import load_litmus

STATES_3_9 = [
    "test_bit@PageUptodate",
    "smp_rmb@PageUptodate",
    "smp_wmb@SetPageUptodate",
    "set_bit@SetPageUptodate",
    "test_and_clear_bit@test_clear_page_flag",  # active
    "test_and_clear_bit@test_clear_page_flag",  # unevictable
    "test_bit@PageDirty",
    "test_and_clear_bit@test_clear_page_flag",  # dirty, by clear_page_dirty_for_io
    "set_bit@SetPageDirty",
    "test_and_clear_bit@test_clear_page_flag",  # mlocked
]
STATES_6_12 = [*STATES_3_9[:7], "set_bit@SetPageDirty"]  # mlocked went elsewhere
KSM_MIGRATE_PAGE = [
    "stable_node->kpfn@ksm_migrate_page",
    "smp_wmb@ksm_migrate_page",
    "page->mapping@set_page_stable_node",
]
LOCKS = ["test_and_set_bit_lock@trylock_page", "test_and_set_bit_lock@trylock_page"]

MIGRATION = {
    ("path-b", "3.9"): [
        *LOCKS,
        "newpage->mapping@set_new_mapping",
        "set_bit@move_to_new_page",  # swapbacked
        "test_bit@PageSwapCache",
        "atomic_read@page_count",
        *STATES_3_9,
        *KSM_MIGRATE_PAGE,
        "clear_bit@ClearPageSwapCache",
        "clear_bit@migrate_page_copy",  # private
        "page->mapping@move_to_new_page",  # NULL, 3.9 only
        "clear_bit_unlock@unlock_page",
        "smp_mb__after_clear_bit@unlock_page",
        "clear_bit_unlock@unlock_page",
        "atomic_dec_and_test@put_page",
    ],
    ("path-b", "6.12"): [
        *LOCKS,
        "atomic_read@page_count",
        "newpage->mapping@set_new_mapping",
        "__set_bit@move_page_without_mapping",
        *STATES_6_12,
        *KSM_MIGRATE_PAGE,
        "test_bit@PageSwapCache",
        "clear_bit@migrate_page_copy",
        "xor_unlock_is_negative_byte@unlock_page",
        "xor_unlock_is_negative_byte@unlock_page",
        "atomic_dec_and_test@put_page",
        "page->mapping@free_pages_prepare",
    ],
    ("path-a", "3.9"): [
        *LOCKS,
        "newpage->mapping@set_new_mapping",
        "spin_lock@migrate_page_move_mapping",
        "atomic_read@page_count",
        "atomic_cmpxchg@page_freeze_refs",
        "atomic_inc@get_page",
        "set_bit@SetPageSwapCache",
        "rcu_assign_pointer@migrate_page_move_mapping",
        "atomic_set@page_unfreeze_refs",
        "spin_unlock@migrate_page_move_mapping",
        *STATES_3_9,
        *KSM_MIGRATE_PAGE,
        "clear_bit@ClearPageSwapCache",
    ],
    ("path-a", "6.12"): [
        *LOCKS,
        "atomic_read@page_count",
        "spin_lock@migrate_page_move_mapping",
        "atomic_cmpxchg@page_freeze_refs",
        "newpage->mapping@set_new_mapping",
        "atomic_inc@get_page",
        "set_bit@SetPageSwapCache",
        "test_bit@PageDirty",  # moved within the freeze section
        "clear_bit@ClearPageDirty",
        "set_bit@SetPageDirty",
        "rcu_assign_pointer@migrate_page_move_mapping",
        "atomic_set_release@page_unfreeze_refs",
        "spin_unlock@migrate_page_move_mapping",
        *STATES_6_12,
        *KSM_MIGRATE_PAGE,
        "test_bit@PageSwapCache",
        "clear_bit@ClearPageSwapCache",
    ],
}

READER = {
    "3.9": [
        "ACCESS_ONCE@get_ksm_page",  # kpfn
        "smp_read_barrier_depends@get_ksm_page",
        "ACCESS_ONCE@first_mapping",
        "atomic_inc_not_zero@get_page_unless_zero",
        "test_bit@PageSwapCache",
        "ACCESS_ONCE@get_ksm_page",  # mapping again
        "smp_rmb@get_ksm_page",
        "ACCESS_ONCE@get_ksm_page",  # kpfn again
    ],
    "6.12": [
        "READ_ONCE@get_ksm_page",
        "READ_ONCE@first_mapping",
        "atomic_read@page_count",
        "atomic_add_unless@get_page_unless_zero",
        "test_bit@PageSwapBacked",
        "test_bit@PageSwapCache",
        "READ_ONCE@get_ksm_page",
        "smp_rmb@get_ksm_page",
        "READ_ONCE@get_ksm_page",
    ],
}


def threads(ksm: Suite, scenario: str, kernel: str) -> tuple[Thread, ...]:
    test = load_litmus(ksm.scenario(scenario).path, kernel=kernel)
    return compile_program(test, kernel=kernel).threads


def sites(thread: Thread) -> list[str]:
    """The sites of all accesses in topological order, without the number of their repetition."""
    return [
        step.origin.site.split("#")[0]
        for block in thread.blocks
        for step in block.instrs
        if isinstance(step, Access)
    ]


def missing(expected: list[str], found: list[str]) -> list[str]:
    """What is left of ``expected`` when it is looked for in order; empty: a subsequence."""
    left = list(expected)
    for site in found:
        if left and site == left[0]:
            left.pop(0)
    return left


@pytest.mark.parametrize(("path", "point"), list(MIGRATION))
def test_migration_follows_the_kernel(ksm: Suite, path: str, point: str) -> None:
    assert missing(MIGRATION[path, point], sites(threads(ksm, path, point)[0])) == []


@pytest.mark.parametrize("point", list(READER))
def test_get_ksm_page_follows_the_kernel(ksm: Suite, point: str) -> None:
    assert missing(READER[point], sites(threads(ksm, "path-b", point)[1])) == []


def test_the_store_of_null_left_with_3_9(ksm: Suite) -> None:
    """6.12 leaves an anonymous page's mapping alone until the page is freed."""
    assert "page->mapping@move_to_new_page" not in sites(threads(ksm, "path-b", "6.12")[0])


@pytest.mark.parametrize(
    ("point", "last"),
    [("3.9", "atomic_dec_and_test@put_page"), ("6.12", "atomic_sub@delete_from_swap_cache")],
)
def test_the_swap_cache_drops_its_reference_as_the_kernel_does(
    ksm: Suite, point: str, last: str
) -> None:
    """mm/swap_state.c delete_from_swap_cache: page_cache_release at 3.9, folio_ref_sub at 6.12."""
    found = sites(threads(ksm, "unfreeze-delete", point)[0])
    wanted = ["clear_bit@ClearPageSwapCache", "spin_unlock@delete_from_swap_cache", last]
    assert missing(wanted, found) == []
