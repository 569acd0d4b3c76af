/*
 * Tasks that are to be woken once a lock is left. Written for ksmcheck after include/linux/sched/wake_q.h and
 * kernel/sched/core.c (wake_q_add, wake_up_q) of kernels 6.1 and 6.12. References to tasks are not counted:
 * no task goes away. The kernel's look at the next node, and its store of it, are plain; they are marked here,
 * for LKMM would report the kernel's own race with whoever finds the task on a queue.
 */
#ifndef KSMCHECK_LINUX_SCHED_WAKE_Q_H
#define KSMCHECK_LINUX_SCHED_WAKE_Q_H

#include <linux/sched.h>

struct wake_q_head {
	struct wake_q_node *first;
	struct wake_q_node **lastp;
};

#define WAKE_Q_TAIL ((struct wake_q_node *)0x01)
#define DEFINE_WAKE_Q(name) struct wake_q_head name = { WAKE_Q_TAIL, &name.first }

static inline void wake_q_init(struct wake_q_head *head)
{
	head->first = WAKE_Q_TAIL;
	head->lastp = &head->first;
}

static inline bool wake_q_empty(struct wake_q_head *head)
{
	return head->first == WAKE_Q_TAIL;
}

/* Whoever is on a queue already is woken by the one who put it there, and sees what was before the barrier. */
static inline void wake_q_add(struct wake_q_head *head, struct task_struct *task)
{
	struct wake_q_node *node = &task->wake_q;

	smp_mb__before_atomic();
	if (cmpxchg_relaxed(&node->next, NULL, WAKE_Q_TAIL) == NULL) {
		WRITE_ONCE(*head->lastp, node);
		head->lastp = &node->next;
	}
}
#define wake_q_add_safe(head, task) wake_q_add(head, task)

static inline void wake_up_q(struct wake_q_head *head)
{
	struct wake_q_node *node = head->first;

	while (node != WAKE_Q_TAIL) {
		struct task_struct *task = container_of(node, struct task_struct, wake_q);

		node = *(struct wake_q_node *volatile *)&node->next;
		WRITE_ONCE(task->wake_q.next, NULL);
		wake_up_process(task);
	}
}

#endif
