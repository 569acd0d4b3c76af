/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct page and what the KSM protocol does with it: flags, count, lock, mapping.
 *
 * Kernel points: 3.9 (include/linux/{page-flags,pagemap,mm,mm_inline}.h, mm/{filemap,swap}.c of
 * that release) and 6.12, where the same steps are called folio_*. The names here are those of
 * 3.9 at both points. Every function is built from the kernel's own atomic and bit operations, so
 * that each machine's table decides what they order.
 *
 * Left out, because they neither touch these words nor order anything between them: compound
 * pages, statistics, the LRU lists, wait queues, debugging checks.
 */
#ifndef KSM_PAGE_H
#define KSM_PAGE_H

#define AT_LEAST_6_12 (KSMCHECK_KERNEL >= KERNEL_VERSION(6, 12, 0))

#define NULL ((void *)0)
#define EAGAIN 11
#define EBUSY 16
#define ERR_PTR(error) ((void *)(long)(error))

/* ACCESS_ONCE left the kernel in 4.15; on Alpha its successor READ_ONCE also orders (4.15). */
#if AT_LEAST_6_12
#define LOAD_ONCE(x) READ_ONCE(x)
#else
#define LOAD_ONCE(x) ACCESS_ONCE(x)
#endif

/*
 * The kernel stores kpfn and mapping with plain C assignments. MARKED_STORES turns them into
 * WRITE_ONCE, which is the protocol as LKMM can speak of it.
 */
#ifdef MARKED_STORES
#define STORE_SHARED(x, v) WRITE_ONCE(x, v)
#else
#define STORE_SHARED(x, v) ((x) = (v))
#endif

/* Bit numbers of page->flags. */
#if AT_LEAST_6_12
#define PG_locked 0
#define PG_uptodate 3
#define PG_dirty 4
#define PG_waiters 7
#define PG_active 8
#define PG_owner_priv_1 10
#define PG_private 14
#define PG_swapbacked 17
#define PG_unevictable 18
#define PG_mlocked 19
#define PG_swapcache PG_owner_priv_1
#else
#define PG_locked 0
#define PG_uptodate 3
#define PG_dirty 4
#define PG_active 6
#define PG_private 11
#define PG_swapcache 16
#define PG_swapbacked 19
#define PG_unevictable 20
#define PG_mlocked 21
#endif

/* All of them: the upper part of the word, with node and zone, is 0 here. */
#define PAGE_FLAGS_CHECK_AT_PREP ((1UL << 22) - 1)

#define PAGE_MAPPING_ANON 1
#define PAGE_MAPPING_KSM 2
#define PAGE_MAPPING_FLAGS (PAGE_MAPPING_ANON | PAGE_MAPPING_KSM)

/* Start states of page->flags: a KSM page in use, and one that is also in the swap cache. */
#define KSM_PAGE_FLAGS ((1UL << PG_uptodate) | (1UL << PG_swapbacked))
#define KSM_SWAP_FLAGS (KSM_PAGE_FLAGS | (1UL << PG_swapcache))

struct page {
	unsigned long flags;
	atomic_t _count;		/* _refcount in 6.12 */
	void *mapping;
	unsigned long private;
#ifdef WITH_CONTENT
	unsigned long data;		/* one word stands for the page's content */
#endif
};

#ifndef NR_PAGES
#define NR_PAGES 2
#endif

struct page mem_map[NR_PAGES];

/* Page frame numbers: the page at the start, the migration target, and further ones. */
#define PFN_A 0
#define PFN_B 1
#define PFN_C 2
#define PFN_D 3

#define pfn_to_page(pfn) (mem_map + (pfn))
#define page_to_pfn(page) ((unsigned long)((page) - mem_map))

/* ---- flags ---------------------------------------------------------------------------- */

static inline int PageSwapBacked(struct page *page)
{
	return test_bit(PG_swapbacked, &page->flags);
}

/* 6.12 shares the bit with other owners, and asks for PG_swapbacked first: two loads. */
static inline int PageSwapCache(struct page *page)
{
#if AT_LEAST_6_12
	return PageSwapBacked(page) && test_bit(PG_swapcache, &page->flags);
#else
	return test_bit(PG_swapcache, &page->flags);
#endif
}

static inline void SetPageSwapCache(struct page *page)
{
	set_bit(PG_swapcache, &page->flags);
}

static inline void ClearPageSwapCache(struct page *page)
{
	clear_bit(PG_swapcache, &page->flags);
}

static inline int PageDirty(struct page *page)
{
	return test_bit(PG_dirty, &page->flags);
}

static inline void SetPageDirty(struct page *page)
{
	set_bit(PG_dirty, &page->flags);
}

static inline void ClearPageDirty(struct page *page)
{
	clear_bit(PG_dirty, &page->flags);
}

/* The content must be read after the flag: rmb on the side that finds it set. */
static inline int PageUptodate(struct page *page)
{
	int ret = test_bit(PG_uptodate, &page->flags);

	if (ret)
		smp_rmb();
	return ret;
}

static inline void SetPageUptodate(struct page *page)
{
	smp_wmb();
	set_bit(PG_uptodate, &page->flags);
}

/* generic-bitops: from 4.19 to 5.19 asm-generic looked first and left without a barrier. */
static inline int test_clear_page_flag(struct page *page, int nr)
{
#ifdef VARIANT_generic_bitops
	if (!test_bit(nr, &page->flags))
		return 0;
#endif
	return test_and_clear_bit(nr, &page->flags);
}

/* ---- lock ----------------------------------------------------------------------------- */

static inline int trylock_page(struct page *page)
{
	return !test_and_set_bit_lock(PG_locked, &page->flags);
}

/*
 * Waits by considering only executions where the attempt succeeds. A failed attempt stores
 * nothing or what it read, and only adds order; the slow path of the kernel takes the lock by a
 * stronger operation (test_and_set_bit) than this fast path. So nothing is lost.
 */
static inline void lock_page(struct page *page)
{
	int locked = trylock_page(page);

	__assume(locked);
}

/* 3.9 ends with a full barrier, for the wait queue's sake; 6.12 does not. */
static inline void unlock_page(struct page *page)
{
#if AT_LEAST_6_12
	xor_unlock_is_negative_byte(1UL << PG_locked, &page->flags);
#else
	clear_bit_unlock(PG_locked, &page->flags);
	smp_mb__after_clear_bit();
#endif
}

/* ---- mapping -------------------------------------------------------------------------- */

static inline int PageAnon(struct page *page)
{
	return ((unsigned long)page->mapping & PAGE_MAPPING_ANON) != 0;
}

static inline int PageKsm(struct page *page)
{
	return ((unsigned long)page->mapping & PAGE_MAPPING_FLAGS) == PAGE_MAPPING_FLAGS;
}

static inline void *page_rmapping(struct page *page)
{
	return (void *)((unsigned long)page->mapping & ~(unsigned long)PAGE_MAPPING_FLAGS);
}

/* ---- count ---------------------------------------------------------------------------- */

static inline int page_count(struct page *page)
{
	return atomic_read(&page->_count);
}

static inline void get_page(struct page *page)
{
	atomic_inc(&page->_count);
}

static inline void set_page_count(struct page *page, int v)
{
	atomic_set(&page->_count, v);
}

/* True if a reference was taken; false, and nothing written, if the count was 0. */
static inline int get_page_unless_zero(struct page *page)
{
#if defined(VARIANT_relaxed_get) || defined(VARIANT_acquire_get)
	int old, seen;

	do {
		old = page_count(page);
		if (!old)
			return 0;
#ifdef VARIANT_acquire_get
		seen = atomic_cmpxchg_acquire(&page->_count, old, old + 1);
#else
		seen = atomic_cmpxchg_relaxed(&page->_count, old, old + 1);
#endif
	} while (seen != old);
	return 1;
#elif AT_LEAST_6_12
	return page_count(page) != 0 && atomic_add_unless(&page->_count, 1, 0);
#else
	return atomic_inc_not_zero(&page->_count);
#endif
}

static inline int page_freeze_refs(struct page *page, int count)
{
	return atomic_cmpxchg(&page->_count, count, 0) == count;
}

#if (AT_LEAST_6_12 || defined(VARIANT_release_unfreeze)) && !defined(VARIANT_plain_unfreeze)
#define UNFREEZE_IS_RELEASE 1
#else
#define UNFREEZE_IS_RELEASE 0
#endif

static inline void page_unfreeze_refs(struct page *page, int count)
{
#if UNFREEZE_IS_RELEASE && AT_LEAST_6_12
	atomic_set_release(&page->_count, count);
#elif UNFREEZE_IS_RELEASE
	/* 3.9 has no release store; a full barrier before the store is what one would write. */
	smp_mb();
	atomic_set(&page->_count, count);
#else
	atomic_set(&page->_count, count);
#endif
}

/*
 * The part of freeing that the protocol relies on: an anonymous page's mapping is reset. The
 * kernel then clears the flags by a plain store, and no bit that a reader looks at is set any
 * more. WITH_FREED_FLAGS puts that store in: no machine's verdict changes, but LKMM sees a race
 * with every stale reader's test_bit, and would say nothing else of a page that is freed.
 */
static inline void free_pages_prepare(struct page *page)
{
	if (PageAnon(page))
		STORE_SHARED(page->mapping, NULL);
#ifdef WITH_FREED_FLAGS
	page->flags &= ~PAGE_FLAGS_CHECK_AT_PREP;
#endif
}

/* Returns whether this was the last reference, and frees the page then. */
static inline int put_page(struct page *page)
{
	if (!atomic_dec_and_test(&page->_count))
		return 0;
	free_pages_prepare(page);
	return 1;
}

#endif
