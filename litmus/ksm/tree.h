/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stable_tree_search, after mm/ksm.c of 3.9 (as the patch left it) and of 6.12, without NUMA and
 * without chains of duplicates.
 */
#ifndef KSM_TREE_H
#define KSM_TREE_H

#include "ksm.h"

/*
 * The node's page with its count raised, such that migration has noticed: the lock is taken and
 * released after the count was raised. no-lock leaves that out.
 */
static struct page *get_matching_page(struct stable_node *stable_node)
{
	struct page *page;

#if defined(VARIANT_no_lock)
	page = get_ksm_page(stable_node, GET_KSM_PAGE_NOLOCK);
#elif AT_LEAST_6_12
	page = get_ksm_page(stable_node, GET_KSM_PAGE_TRYLOCK);
	if (page && page != ERR_PTR(-EBUSY))
		unlock_page(page);
#else
	page = get_ksm_page(stable_node, GET_KSM_PAGE_LOCK);
	if (page)
		unlock_page(page);
#endif
	return page;
}

#ifdef WITH_TREE

struct stable_node *root_stable_tree;

static inline int memcmp_pages(struct page *page1, struct page *page2)
{
	unsigned long word1 = page1->data;
	unsigned long word2 = page2->data;

	if (word1 == word2)
		return 0;
	return word1 < word2 ? -1 : 1;
}

/*
 * The page of the tree with the same content, its count raised; NULL where there is none or (3.9)
 * where a node on the way was stale; ERR_PTR(-EBUSY) at 6.12 where the page is locked.
 */
static struct page *stable_tree_search(struct page *page)
{
	struct stable_node *page_node = page_stable_node(page);
	struct stable_node *stable_node = root_stable_tree;
	struct page *tree_page;
	int ret;

	if (page_node) {	/* it is a KSM page itself, forked */
		get_page(page);
		return page;
	}
	while (stable_node) {
		tree_page = get_ksm_page(stable_node, GET_KSM_PAGE_NOLOCK);
		if (!tree_page)
			return NULL;	/* 6.12 starts again: the tree has changed */
		ret = memcmp_pages(page, tree_page);
		put_page(tree_page);
		if (ret < 0)
			stable_node = stable_node->rb_left;
		else if (ret > 0)
			stable_node = stable_node->rb_right;
		else
			return get_matching_page(stable_node);
	}
	return NULL;
}

#endif
#endif
