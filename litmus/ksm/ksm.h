/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stable node and the protocol around it: get_ksm_page (6.12: ksm_get_folio) and
 * ksm_migrate_page (6.12: folio_migrate_ksm), after mm/ksm.c of 3.9 and of 6.12.
 *
 * VARIANT_<name> selects what differs from the shipped code; see suite.toml.
 */
#ifndef KSM_KSM_H
#define KSM_KSM_H

#include "page.h"

struct stable_node {
	unsigned long kpfn;
#ifdef WITH_TREE
	struct stable_node *rb_left;
	struct stable_node *rb_right;
#endif
	int removed;			/* ghost: remove_node_from_stable_tree ran */
};

struct stable_node node;

enum get_ksm_page_flags {
	GET_KSM_PAGE_NOLOCK,
	GET_KSM_PAGE_LOCK,
	GET_KSM_PAGE_TRYLOCK		/* 6.12 only */
};

/* What page->mapping holds for the page of a stable node. */
#define KSM_MAPPING(stable_node) \
	((void *)(stable_node) + (PAGE_MAPPING_ANON | PAGE_MAPPING_KSM))

/* Stands for rb_erase and freeing: what matters is that it happens. Only readers look later. */
static void remove_node_from_stable_tree(struct stable_node *stable_node)
{
	stable_node->removed = 1;
}

static inline void set_page_stable_node(struct page *page, struct stable_node *stable_node)
{
	STORE_SHARED(page->mapping, KSM_MAPPING(stable_node));
}

static inline struct stable_node *page_stable_node(struct page *page)
{
	return PageKsm(page) ? (struct stable_node *)page_rmapping(page) : NULL;
}

/* The first test of page->mapping; acquire-mapping makes it the load that orders the rest. */
static inline void *first_mapping(struct page *page)
{
#if defined(VARIANT_acquire_mapping) || defined(VARIANT_acquire_both)
	return smp_load_acquire(&page->mapping);
#else
	return LOAD_ONCE(page->mapping);
#endif
}

/* In the wait for a reference: is this still our page? */
static inline int page_is_stale(struct page *page, void *expected_mapping)
{
#ifdef VARIANT_recheck_mapping
	return LOAD_ONCE(page->mapping) != expected_mapping;
#elif defined(VARIANT_acquire_both)
	return !((smp_load_acquire(&page->flags) >> PG_swapcache) & 1);
#else
	return !PageSwapCache(page);
#endif
}

/* recheck-at-end: kpfn may have come back to the same page, so ask that page once more. */
static inline int page_is_ours_after_all(struct page *page, void *expected_mapping)
{
#ifdef VARIANT_recheck_at_end
	smp_rmb();
	return LOAD_ONCE(page->mapping) == expected_mapping;
#else
	return 0;
#endif
}

#ifndef VARIANT_pre_patch

/*
 * Returns the node's page with a reference held (and locked, if asked for); or NULL, after removing
 * the node from the tree; or ERR_PTR(-EBUSY) where a trylock failed (6.12).
 */
static struct page *get_ksm_page(struct stable_node *stable_node, enum get_ksm_page_flags flags)
{
	struct page *page;
	void *expected_mapping;
	unsigned long kpfn;

	expected_mapping = KSM_MAPPING(stable_node);
again:
	kpfn = LOAD_ONCE(stable_node->kpfn);
	page = pfn_to_page(kpfn);	/* address dependency */
#if !AT_LEAST_6_12
	smp_read_barrier_depends();
#endif
	if (first_mapping(page) != expected_mapping)
		goto stale;

#ifdef VARIANT_if_for_while
	if (!get_page_unless_zero(page))
		goto stale;
#else
	/*
	 * The count is 0 while migration or reclaim has it frozen: the page may come back.
	 * A round that fails writes nothing, so that one of them shows what many would.
	 */
#pragma ksmcheck unroll 1
	while (!get_page_unless_zero(page)) {
#ifdef VARIANT_rmb_after_failed_get
		smp_rmb();
#endif
		if (page_is_stale(page, expected_mapping))
			goto stale;
		cpu_relax();
	}
#endif

#ifndef VARIANT_no_recheck_ref
	if (LOAD_ONCE(page->mapping) != expected_mapping) {
		put_page(page);
		goto stale;
	}
#endif
	if (flags == GET_KSM_PAGE_TRYLOCK) {
		if (!trylock_page(page)) {
			put_page(page);
			return ERR_PTR(-EBUSY);
		}
	} else if (flags == GET_KSM_PAGE_LOCK) {
		lock_page(page);
	}
#ifndef VARIANT_no_recheck_lock
	if (flags != GET_KSM_PAGE_NOLOCK) {
		if (LOAD_ONCE(page->mapping) != expected_mapping) {
			unlock_page(page);
			put_page(page);
			goto stale;
		}
	}
#endif
	return page;

stale:
	/* Stale, or under migration: then the new kpfn was written before what was seen here. */
#if defined(VARIANT_rmb_to_mb)
	smp_mb();
#elif !defined(VARIANT_acquire_mapping) && !defined(VARIANT_acquire_both)
	smp_rmb();
#endif
	if (LOAD_ONCE(stable_node->kpfn) != kpfn || page_is_ours_after_all(page, expected_mapping))
		goto again;
	remove_node_from_stable_tree(stable_node);
	return NULL;
}

#else /* VARIANT_pre_patch */

/*
 * The function before the patch: a page that is not ours, or has no references, is the end. Its
 * loads were plain; MARKED_STORES marks them too.
 */
#ifdef MARKED_STORES
#define LOAD_SHARED(x) LOAD_ONCE(x)
#else
#define LOAD_SHARED(x) (x)
#endif

static struct page *get_ksm_page(struct stable_node *stable_node, enum get_ksm_page_flags flags)
{
	struct page *page;
	void *expected_mapping;

	page = pfn_to_page(LOAD_SHARED(stable_node->kpfn));
	expected_mapping = KSM_MAPPING(stable_node);
	if (LOAD_SHARED(page->mapping) != expected_mapping)
		goto stale;
	if (!get_page_unless_zero(page))
		goto stale;
	if (LOAD_SHARED(page->mapping) != expected_mapping) {
		put_page(page);
		goto stale;
	}
	if (flags != GET_KSM_PAGE_NOLOCK) {
		lock_page(page);
		if (LOAD_SHARED(page->mapping) != expected_mapping) {
			unlock_page(page);
			put_page(page);
			goto stale;
		}
	}
	return page;
stale:
	remove_node_from_stable_tree(stable_node);
	return NULL;
}

#endif /* VARIANT_pre_patch */

/*
 * Points the node at its new page, whose mapping was set in advance, and then disowns the old
 * page. The caller holds both page locks.
 */
static void ksm_migrate_page(struct page *newpage, struct page *oldpage)
{
	struct stable_node *stable_node;

#if AT_LEAST_6_12 || defined(VARIANT_late_mapping)
	stable_node = page_stable_node(oldpage);
#else
	stable_node = page_stable_node(newpage);
#endif
	if (!stable_node)
		return;
	STORE_SHARED(stable_node->kpfn, page_to_pfn(newpage));
#ifdef VARIANT_late_mapping
	STORE_SHARED(newpage->mapping, oldpage->mapping);
#endif
#ifdef VARIANT_clear_swapcache_between
	ClearPageSwapCache(oldpage);
#endif
#ifdef VARIANT_release_mapping
	smp_store_release(&oldpage->mapping, KSM_MAPPING(NULL));
#else
	smp_wmb();
#ifndef VARIANT_no_clear_mapping
	set_page_stable_node(oldpage, NULL);
#endif
#endif
}

#endif
