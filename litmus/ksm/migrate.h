/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page migration after mm/migrate.c of 3.9 (unmap_and_move, move_to_new_page,
 * migrate_page_move_mapping, migrate_page_copy) and of 6.12 (migrate_folio_move,
 * __folio_migrate_mapping, folio_migrate_flags), for one KSM page.
 *
 * Left out: unmapping and mapping again (the count is taken as it is in between), the LRU lists,
 * and at 6.12 the NUMA xchg of the last cpu, which is there only with NUMA balancing and would
 * only add order.
 */
#ifndef KSM_MIGRATE_H
#define KSM_MIGRATE_H

#include "ksm.h"
#include "swap.h"

static inline void copy_highpage(struct page *newpage, struct page *page)
{
#ifdef WITH_CONTENT
	newpage->data = page->data;
#endif
}

static inline void set_new_mapping(struct page *newpage, struct page *page)
{
#ifndef VARIANT_late_mapping
	STORE_SHARED(newpage->mapping, page->mapping);
#endif
}

/*
 * Old flags that a migrated page takes along; each test-and-clear is a value-returning atomic, and
 * stands between the stores of new->mapping and of kpfn.
 */
static void migrate_page_states(struct page *newpage, struct page *page)
{
#ifndef VARIANT_bare
	if (PageUptodate(page))
		SetPageUptodate(newpage);
	if (test_clear_page_flag(page, PG_active))
		set_bit(PG_active, &newpage->flags);
	else if (test_clear_page_flag(page, PG_unevictable))
		set_bit(PG_unevictable, &newpage->flags);
#if AT_LEAST_6_12
	if (PageDirty(page))	/* path A has moved it already */
		SetPageDirty(newpage);
#else
	if (PageDirty(page)) {	/* clear_page_dirty_for_io */
		test_clear_page_flag(page, PG_dirty);
		SetPageDirty(newpage);
	}
	if (test_clear_page_flag(page, PG_mlocked))
		set_bit(PG_mlocked, &newpage->flags);
#endif
#endif
}

/* 6.12 looks first, and clears only where the flag is set. */
static inline void clear_old_swapcache(struct page *page)
{
#if AT_LEAST_6_12
	if (PageSwapCache(page))
		ClearPageSwapCache(page);
#else
	ClearPageSwapCache(page);
#endif
}

static void migrate_page_copy(struct page *newpage, struct page *page)
{
#if !AT_LEAST_6_12
	copy_highpage(newpage, page);
#endif
	migrate_page_states(newpage, page);
#ifdef VARIANT_clear_swapcache_first
	clear_old_swapcache(page);
#endif
	ksm_migrate_page(newpage, page);
#ifdef KSM_IN_FREEZE
	page_unfreeze_refs(page, 1);
#endif
	/* Here, after ksm_migrate_page, because get_ksm_page depends on that order. */
#if !defined(VARIANT_clear_swapcache_first) && !defined(VARIANT_clear_swapcache_between)
	clear_old_swapcache(page);
#endif
	clear_bit(PG_private, &page->flags);
	page->private = 0;
}

/* Path B: the page has no mapping but its mappers; the count alone tells that nobody looks. */
static int move_page_without_mapping(struct page *newpage, struct page *page)
{
#ifdef KSM_IN_FREEZE
	if (!page_freeze_refs(page, 1))
		return -EAGAIN;
#else
	if (page_count(page) != 1)
		return -EAGAIN;
#endif
#if AT_LEAST_6_12
	copy_highpage(newpage, page);
	set_new_mapping(newpage, page);
	if (PageSwapBacked(page))
		__set_bit(PG_swapbacked, &newpage->flags);
#endif
	return 0;
}

/* Path A: the page is in the swap cache; its slot is changed with the count frozen. */
static int migrate_page_move_mapping(struct page *newpage, struct page *page)
{
#if AT_LEAST_6_12
	if (page_count(page) != 2)
		return -EAGAIN;
	copy_highpage(newpage, page);
#endif
	spin_lock(&swapper_space.tree_lock);
#if !AT_LEAST_6_12
	if (page_count(page) != 2 || swapper_space.slot != page) {
		spin_unlock(&swapper_space.tree_lock);
		return -EAGAIN;
	}
#endif
	if (!page_freeze_refs(page, 2)) {
		spin_unlock(&swapper_space.tree_lock);
		return -EAGAIN;
	}
#if AT_LEAST_6_12
	set_new_mapping(newpage, page);
	get_page(newpage);
	if (PageSwapBacked(page))
		__set_bit(PG_swapbacked, &newpage->flags);
#else
	get_page(newpage);
#endif
	if (PageSwapCache(page)) {
		SetPageSwapCache(newpage);
		newpage->private = page->private;
	}
#if AT_LEAST_6_12
	if (PageDirty(page)) {	/* with the count frozen, and newpage not yet exposed */
		ClearPageDirty(page);
		SetPageDirty(newpage);
	}
#endif
	rcu_assign_pointer(swapper_space.slot, newpage);
#ifndef KSM_IN_FREEZE
	page_unfreeze_refs(page, 1);
#endif
	spin_unlock(&swapper_space.tree_lock);
	return 0;
}

/* 0, or -EAGAIN where somebody else holds a reference. Both pages are locked. */
static int move_to_new_page(struct page *newpage, struct page *page)
{
	int rc;

#if !AT_LEAST_6_12
	set_new_mapping(newpage, page);
	if (PageSwapBacked(page))
		set_bit(PG_swapbacked, &newpage->flags);
#endif
	if (PageSwapCache(page))
		rc = migrate_page_move_mapping(newpage, page);
	else
		rc = move_page_without_mapping(newpage, page);
	if (rc == 0)
		migrate_page_copy(newpage, page);
#if !AT_LEAST_6_12
	if (rc != 0)
		STORE_SHARED(newpage->mapping, NULL);
#ifndef VARIANT_no_clear_mapping
	else
		STORE_SHARED(page->mapping, NULL);
#endif
#endif
	return rc;
}

/*
 * One migration up to the unlocking of both pages. A new page that is locked is not taken (so 6.12;
 * 3.9 stops the machine), nor is a page moved that has no mapping yet.
 */
static int __unmap_and_move(struct page *newpage, struct page *page)
{
	int rc = -EAGAIN;

	lock_page(page);
	if (!page->mapping)
		goto unlock;
	if (!trylock_page(newpage))
		goto unlock;
	rc = move_to_new_page(newpage, page);
	unlock_page(newpage);
unlock:
	unlock_page(page);
	return rc;
}

/*
 * The whole, with the reference dropped that isolated the old page: that frees it, where nobody
 * else has one.
 */
static int unmap_and_move(struct page *newpage, struct page *page)
{
	int rc = __unmap_and_move(newpage, page);

	if (rc == 0)
		put_page(page);
	return rc;
}

#endif
