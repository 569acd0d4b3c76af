/*
 * Lists whose end says which list it is, walked under RCU. Written for ksmcheck after
 * include/linux/rculist_nulls.h of kernel 6.12. An object may come back on another list while somebody stands on
 * it: whoever ends on another list than it began has to look again.
 */
#ifndef KSMCHECK_LINUX_RCULIST_NULLS_H
#define KSMCHECK_LINUX_RCULIST_NULLS_H

#include <linux/list_nulls.h>

static inline void hlist_nulls_del_rcu(struct hlist_nulls_node *node)
{
	__hlist_nulls_del(node);
	WRITE_ONCE(node->pprev, LIST_POISON2);
}

static inline void hlist_nulls_del_init_rcu(struct hlist_nulls_node *node)
{
	if (!hlist_nulls_unhashed(node)) {
		__hlist_nulls_del(node);
		WRITE_ONCE(node->pprev, NULL);
	}
}

static inline void hlist_nulls_add_head_rcu(struct hlist_nulls_node *node, struct hlist_nulls_head *head)
{
	struct hlist_nulls_node *first = head->first;

	WRITE_ONCE(node->next, first);
	WRITE_ONCE(node->pprev, &head->first);
	rcu_assign_pointer(head->first, node);
	if (!is_a_nulls(first))
		WRITE_ONCE(first->pprev, &node->next);
}

static inline void hlist_nulls_add_tail_rcu(struct hlist_nulls_node *node, struct hlist_nulls_head *head)
{
	struct hlist_nulls_node *last = NULL;
	struct hlist_nulls_node *pos;

	for (pos = head->first; !is_a_nulls(pos); pos = pos->next)
		last = pos;
	if (last) {
		WRITE_ONCE(node->next, last->next);
		node->pprev = &last->next;
		rcu_assign_pointer(last->next, node);
	} else {
		hlist_nulls_add_head_rcu(node, head);
	}
}

/* The kernel's begins with a barrier(), for walks that begin anew. */
#define hlist_nulls_for_each_entry_rcu(tpos, pos, head, member)			\
	for (barrier(), (pos) = rcu_dereference_raw((head)->first);		\
	     !is_a_nulls(pos) && ((tpos) = hlist_nulls_entry(pos, typeof(*(tpos)), member), true); \
	     (pos) = rcu_dereference_raw((pos)->next))

#endif
