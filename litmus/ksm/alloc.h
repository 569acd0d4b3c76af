/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A freed page's way back into use on the same CPU, after mm/page_alloc.c of 3.9 and 6.12: onto
 * the CPU's own list and off it again. 3.9 only disables interrupts for that; 6.12 takes pcp->lock
 * (by a trylock that succeeds, since no other CPU is interested here).
 */
#ifndef KSM_ALLOC_H
#define KSM_ALLOC_H

#include "page.h"

struct per_cpu_pages {
	spinlock_t lock;
};

struct per_cpu_pages pcp;

#define OTHER_MAPPING ((void *)0x5001UL)	/* somebody else's anonymous page */

static void free_to_pcp_list(void)
{
#if AT_LEAST_6_12
	spin_lock(&pcp.lock);
	spin_unlock(&pcp.lock);
#endif
}

/* prep_new_page: the count is set by a plain store, at both points. */
static void alloc_from_pcp_list(struct page *page)
{
#if AT_LEAST_6_12
	spin_lock(&pcp.lock);
	spin_unlock(&pcp.lock);
#endif
	page->private = 0;
	set_page_count(page, 1);
}

/* Drops a reference; where it was the last, the page is free and at once in use again: 1. */
static int put_page_and_reuse(struct page *page)
{
	if (!put_page(page))
		return 0;
	free_to_pcp_list();
	alloc_from_pcp_list(page);
	return 1;
}

#endif
