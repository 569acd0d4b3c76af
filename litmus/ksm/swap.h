/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The swap cache, after mm/swap_state.c and __remove_mapping of mm/vmscan.c, 3.9 and 6.12. One
 * slot stands for the radix tree (6.12: xarray) of the page's address space.
 */
#ifndef KSM_SWAP_H
#define KSM_SWAP_H

#include "page.h"

struct address_space {
	spinlock_t tree_lock;		/* 6.12: i_pages.xa_lock */
	struct page *slot;
};

struct address_space swapper_space;

#define SWAP_ENTRY 0x100UL		/* any number but 0 */

static void add_to_swap_cache(struct page *page)
{
	get_page(page);
	SetPageSwapCache(page);
	page->private = SWAP_ENTRY;
	spin_lock(&swapper_space.tree_lock);
	rcu_assign_pointer(swapper_space.slot, page);
	spin_unlock(&swapper_space.tree_lock);
}

/* The caller holds tree_lock. 6.12 stores the slot as a release; 3.9 clears it plainly. */
static inline void __delete_from_swap_cache(struct page *page)
{
#if AT_LEAST_6_12
	struct page *entry = NULL;	/* a variable in xas_store: a constant would have no barrier */

	rcu_assign_pointer(swapper_space.slot, entry);
#else
	swapper_space.slot = NULL;
#endif
	page->private = 0;
	ClearPageSwapCache(page);
}

static void delete_from_swap_cache(struct page *page)
{
	spin_lock(&swapper_space.tree_lock);
	__delete_from_swap_cache(page);
	spin_unlock(&swapper_space.tree_lock);
#if AT_LEAST_6_12
	atomic_sub(1, &page->_count);	/* folio_ref_sub: the caller has a reference */
#else
	put_page(page);
#endif
}

/* 1 where the page was frozen and taken out (its count stays 0), 0 where it stays. */
static int __remove_mapping(struct page *page)
{
	spin_lock(&swapper_space.tree_lock);
	if (!page_freeze_refs(page, 2))
		goto cannot_free;
	if (PageDirty(page)) {
		page_unfreeze_refs(page, 2);
		goto cannot_free;
	}
	__delete_from_swap_cache(page);
	spin_unlock(&swapper_space.tree_lock);
	return 1;

cannot_free:
	spin_unlock(&swapper_space.tree_lock);
	return 0;
}

/* The end of a page that __remove_mapping took out: unlocked, then freed. */
static void free_reclaimed_page(struct page *page)
{
#if AT_LEAST_6_12
	unlock_page(page);
#else
	/* Nobody else can have the page: 3.9 clears the bit without an atomic operation. */
	STORE_SHARED(page->flags, page->flags & ~(1UL << PG_locked));
#endif
	free_pages_prepare(page);
}

#endif
