/*
 * Lists with a lock in their head, walked without it under RCU. Written for ksmcheck after
 * include/linux/rculist_bl.h of kernels 6.1 and 6.12.
 */
#ifndef KSMCHECK_LINUX_RCULIST_BL_H
#define KSMCHECK_LINUX_RCULIST_BL_H

#include <linux/list_bl.h>

static inline void hlist_bl_set_first_rcu(struct hlist_bl_head *head, struct hlist_bl_node *node)
{
	rcu_assign_pointer(head->first,
			   (struct hlist_bl_node *)((unsigned long)node | LIST_BL_LOCKMASK));
}

static inline struct hlist_bl_node *hlist_bl_first_rcu(struct hlist_bl_head *head)
{
	struct hlist_bl_node *first = rcu_dereference_check(head->first, 1);

	return (struct hlist_bl_node *)((unsigned long)first & ~LIST_BL_LOCKMASK);
}

/* Who walks may stand on it and go on from there. */
static inline void hlist_bl_del_rcu(struct hlist_bl_node *node)
{
	__hlist_bl_del(node);
	node->pprev = LIST_POISON2;
}

static inline void hlist_bl_add_head_rcu(struct hlist_bl_node *node, struct hlist_bl_head *head)
{
	struct hlist_bl_node *first = hlist_bl_first(head);

	node->next = first;
	if (first)
		first->pprev = &node->next;
	node->pprev = &head->first;
	hlist_bl_set_first_rcu(head, node);
}

#define hlist_bl_for_each_entry_rcu(tpos, pos, head, member)			\
	for ((pos) = hlist_bl_first_rcu(head);					\
	     (pos) && ((tpos) = hlist_bl_entry(pos, typeof(*(tpos)), member), true); \
	     (pos) = rcu_dereference_raw((pos)->next))

#endif
