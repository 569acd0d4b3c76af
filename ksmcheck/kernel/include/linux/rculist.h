/*
 * Lists that are read under RCU while a writer changes them. Written for ksmcheck after
 * include/linux/rculist.h of kernels 3.13, 6.1 and 6.12. The condition that the walks may be given is for
 * lockdep, and is not evaluated.
 */
#ifndef KSMCHECK_LINUX_RCULIST_H
#define KSMCHECK_LINUX_RCULIST_H

#include <linux/list.h>

#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 1, 0)
static inline void INIT_LIST_HEAD_RCU(struct list_head *list)
{
	WRITE_ONCE(list->next, list);
	WRITE_ONCE(list->prev, list);
}
#endif

#define list_next_rcu(list) ((list)->next)

static inline void list_add_rcu(struct list_head *new, struct list_head *head)
{
	struct list_head *next = head->next;

	new->next = next;
	new->prev = head;
	rcu_assign_pointer(list_next_rcu(head), new);
	next->prev = new;
}

static inline void list_add_tail_rcu(struct list_head *new, struct list_head *head)
{
	struct list_head *prev = head->prev;

	new->next = head;
	new->prev = prev;
	rcu_assign_pointer(list_next_rcu(prev), new);
	head->prev = new;
}

/* What is deleted still leads on: readers may be at it. */
static inline void list_del_rcu(struct list_head *entry)
{
	__list_del_entry(entry);
	entry->prev = LIST_POISON2;
}

static inline void list_replace_rcu(struct list_head *old, struct list_head *new)
{
	new->next = old->next;
	new->prev = old->prev;
	rcu_assign_pointer(list_next_rcu(new->prev), new);
	new->next->prev = new;
	old->prev = LIST_POISON2;
}

#if KSMCHECK_KERNEL < KERNEL_VERSION(6, 1, 0)

/* What Alpha needs for a dependent access, READ_ONCE has since 4.15. */
#define list_entry_rcu(ptr, type, member) container_of(rcu_dereference_raw(ptr), type, member)

#else

#define list_entry_rcu(ptr, type, member) container_of(READ_ONCE(ptr), type, member)
#define list_entry_lockless(ptr, type, member) container_of(READ_ONCE(ptr), type, member)

#define list_first_or_null_rcu(head, type, member)				\
({										\
	struct list_head *head__ = (head);					\
	struct list_head *first__ = READ_ONCE(head__->next);			\
	head__ != first__ ? list_entry(first__, type, member) : NULL;		\
})

#define list_for_each_rcu(pos, head)						\
	for ((pos) = rcu_dereference((head)->next);				\
	     (pos) != (head);							\
	     (pos) = rcu_dereference((pos)->next))

#endif

#define list_for_each_entry_rcu(pos, head, member, condition...)		\
	for ((pos) = list_entry_rcu((head)->next, typeof(*(pos)), member);	\
	     &(pos)->member != (head);						\
	     (pos) = list_entry_rcu((pos)->member.next, typeof(*(pos)), member))

#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 1, 0)
#define list_for_each_entry_srcu(pos, head, member, condition)			\
	list_for_each_entry_rcu(pos, head, member)

#define list_for_each_entry_lockless(pos, head, member)				\
	list_for_each_entry_rcu(pos, head, member)
#endif

/* --- lists with a head of one pointer ------------------------------------------------------- */

#define hlist_first_rcu(head) ((head)->first)
#define hlist_next_rcu(node) ((node)->next)

#if KSMCHECK_KERNEL < KERNEL_VERSION(6, 1, 0)

static inline void hlist_del_rcu(struct hlist_node *node)
{
	__hlist_del(node);
	node->pprev = LIST_POISON2;
}

static inline void hlist_del_init_rcu(struct hlist_node *node)
{
	if (!hlist_unhashed(node)) {
		__hlist_del(node);
		node->pprev = NULL;
	}
}

static inline void hlist_replace_rcu(struct hlist_node *old, struct hlist_node *new)
{
	struct hlist_node *next = old->next;

	new->next = next;
	new->pprev = old->pprev;
	rcu_assign_pointer(*new->pprev, new);
	if (next)
		new->next->pprev = &new->next;
	old->pprev = LIST_POISON2;
}

static inline void hlist_add_head_rcu(struct hlist_node *node, struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	node->next = first;
	node->pprev = &head->first;
	rcu_assign_pointer(hlist_first_rcu(head), node);
	if (first)
		first->pprev = &node->next;
}

static inline void hlist_add_before_rcu(struct hlist_node *node, struct hlist_node *next)
{
	node->pprev = next->pprev;
	node->next = next;
	rcu_assign_pointer(*node->pprev, node);
	next->pprev = &node->next;
}

static inline void hlist_add_after_rcu(struct hlist_node *prev, struct hlist_node *node)
{
	node->next = prev->next;
	node->pprev = &prev->next;
	rcu_assign_pointer(hlist_next_rcu(prev), node);
	if (node->next)
		node->next->pprev = &node->next;
}

#else

static inline void hlist_del_rcu(struct hlist_node *node)
{
	__hlist_del(node);
	WRITE_ONCE(node->pprev, LIST_POISON2);
}

static inline void hlist_del_init_rcu(struct hlist_node *node)
{
	if (!hlist_unhashed(node)) {
		__hlist_del(node);
		WRITE_ONCE(node->pprev, NULL);
	}
}

static inline void hlist_replace_rcu(struct hlist_node *old, struct hlist_node *new)
{
	struct hlist_node *next = old->next;

	new->next = next;
	WRITE_ONCE(new->pprev, old->pprev);
	rcu_assign_pointer(*new->pprev, new);
	if (next)
		WRITE_ONCE(new->next->pprev, &new->next);
	WRITE_ONCE(old->pprev, LIST_POISON2);
}

static inline void hlist_add_head_rcu(struct hlist_node *node, struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	node->next = first;
	WRITE_ONCE(node->pprev, &head->first);
	rcu_assign_pointer(hlist_first_rcu(head), node);
	if (first)
		WRITE_ONCE(first->pprev, &node->next);
}

static inline void hlist_add_before_rcu(struct hlist_node *node, struct hlist_node *next)
{
	WRITE_ONCE(node->pprev, next->pprev);
	node->next = next;
	rcu_assign_pointer(*node->pprev, node);
	WRITE_ONCE(next->pprev, &node->next);
}

static inline void hlist_add_behind_rcu(struct hlist_node *node, struct hlist_node *prev)
{
	node->next = prev->next;
	WRITE_ONCE(node->pprev, &prev->next);
	rcu_assign_pointer(hlist_next_rcu(prev), node);
	if (node->next)
		WRITE_ONCE(node->next->pprev, &node->next);
}

#endif

#define hlist_for_each_entry_rcu(pos, head, member, condition...)		\
	for ((pos) = hlist_entry_safe(rcu_dereference_raw(hlist_first_rcu(head)), \
			typeof(*(pos)), member);				\
	     (pos);								\
	     (pos) = hlist_entry_safe(rcu_dereference_raw(hlist_next_rcu(	\
			&(pos)->member)), typeof(*(pos)), member))

#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 1, 0)
#define hlist_for_each_entry_srcu(pos, head, member, condition)			\
	hlist_for_each_entry_rcu(pos, head, member)
#endif

#endif
