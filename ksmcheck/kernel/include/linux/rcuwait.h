/*
 * One task that waits, and is woken without a lock. Written for ksmcheck after include/linux/rcuwait.h,
 * kernel/exit.c (rcuwait_wake_up) and kernel/rcu/update.c (finish_rcuwait) of kernels 6.1 and 6.12.
 *
 * It sleeps in schedule(), see <linux/sched.h>: that it is woken is asked with --liveness. Nobody is killed
 * or interrupted.
 */
#ifndef KSMCHECK_LINUX_RCUWAIT_H
#define KSMCHECK_LINUX_RCUWAIT_H

#include <linux/sched.h>

struct rcuwait {
	struct task_struct __rcu *task;
};

#define __RCUWAIT_INITIALIZER(name) { .task = NULL, }

static inline void rcuwait_init(struct rcuwait *w)
{
	w->task = NULL;
}

static inline int rcuwait_active(struct rcuwait *w)
{
	return rcu_access_pointer(w->task) != NULL;
}

/* The full barrier, between the condition and the look at the task, is the waker's own. */
static inline int rcuwait_wake_up(struct rcuwait *w)
{
	struct task_struct *task;
	int woken = 0;

	rcu_read_lock();
	smp_mb();
	task = rcu_dereference(w->task);
	if (task)
		woken = wake_up_process(task);
	rcu_read_unlock();
	return woken;
}

static inline void prepare_to_rcuwait(struct rcuwait *w)
{
	rcu_assign_pointer(w->task, current);
}

static inline void finish_rcuwait(struct rcuwait *w)
{
	rcu_assign_pointer(w->task, NULL);
	__set_current_state(TASK_RUNNING);
}

#define rcuwait_wait_event(w, condition, state)					\
({										\
	prepare_to_rcuwait(w);							\
	for (;;) {								\
		set_current_state(state);					\
		if (condition)							\
			break;							\
		schedule();							\
	}									\
	finish_rcuwait(w);							\
	0;									\
})

#endif
