/*
 * Lists whose end says which list it is. Written for ksmcheck after include/linux/list_nulls.h of kernels 6.1
 * and 6.12. An empty one is no 0: INIT_HLIST_NULLS_HEAD() makes one, or an initializer
 * { (struct hlist_nulls_node *)NULLS_MARKER(0) }.
 */
#ifndef KSMCHECK_LINUX_LIST_NULLS_H
#define KSMCHECK_LINUX_LIST_NULLS_H

#include <linux/list.h>

struct hlist_nulls_head {
	struct hlist_nulls_node *first;
};

struct hlist_nulls_node {
	struct hlist_nulls_node *next, **pprev;
};

#define NULLS_MARKER(value) ((unsigned long)(value) << 1 | 1UL)
#define INIT_HLIST_NULLS_HEAD(head, nulls)					\
	((head)->first = (struct hlist_nulls_node *)NULLS_MARKER(nulls))
#define hlist_nulls_entry(ptr, type, member) container_of(ptr, type, member)

static inline int is_a_nulls(const struct hlist_nulls_node *ptr)
{
	return (unsigned long)ptr & 1;
}

static inline unsigned long get_nulls_value(const struct hlist_nulls_node *ptr)
{
	return (unsigned long)ptr >> 1;
}

static inline int hlist_nulls_unhashed(const struct hlist_nulls_node *node)
{
	return !node->pprev;
}

static inline int hlist_nulls_unhashed_lockless(const struct hlist_nulls_node *node)
{
	return !READ_ONCE(node->pprev);
}

static inline int hlist_nulls_empty(const struct hlist_nulls_head *head)
{
	return is_a_nulls(READ_ONCE(head->first));
}

static inline void hlist_nulls_add_head(struct hlist_nulls_node *node, struct hlist_nulls_head *head)
{
	struct hlist_nulls_node *first = head->first;

	node->next = first;
	WRITE_ONCE(node->pprev, &head->first);
	head->first = node;
	if (!is_a_nulls(first))
		WRITE_ONCE(first->pprev, &node->next);
}

static inline void __hlist_nulls_del(struct hlist_nulls_node *node)
{
	struct hlist_nulls_node *next = node->next;
	struct hlist_nulls_node **pprev = node->pprev;

	WRITE_ONCE(*pprev, next);
	if (!is_a_nulls(next))
		WRITE_ONCE(next->pprev, pprev);
}

static inline void hlist_nulls_del(struct hlist_nulls_node *node)
{
	__hlist_nulls_del(node);
	WRITE_ONCE(node->pprev, LIST_POISON2);
}

#define hlist_nulls_for_each_entry(tpos, pos, head, member)			\
	for ((pos) = (head)->first;						\
	     !is_a_nulls(pos) && ((tpos) = hlist_nulls_entry(pos, typeof(*(tpos)), member), true); \
	     (pos) = (pos)->next)

#endif
