/*
 * Wait queues, for what is ordered by them. Written for ksmcheck after include/linux/wait.h and
 * kernel/sched/wait.c of kernels 3.9, 6.1 and 6.12.
 *
 * Who waits goes on when its condition holds, whoever wakes it: a wake-up that comes too early, or
 * to an empty queue, is not looked for here, and a verdict says so. It is looked for with one round of
 * the loop: prepare_to_wait() and a look at the condition in one thread, and in the other the store
 * and a look at the queue. If both may find nothing, a wake-up may be lost.
 *
 * A queue is the number of its waiters. They take themselves out without its lock, which is weaker than
 * the kernel, where the waker or the lock has to do with that. A look that finds the condition before the
 * queue was joined orders nothing, nor does a wake-up of nobody. Nobody is killed or interrupted.
 */
#ifndef KSMCHECK_LINUX_WAIT_H
#define KSMCHECK_LINUX_WAIT_H

typedef struct wait_queue_head {
	spinlock_t lock;
	atomic_t waiters;
} wait_queue_head_t;

struct wait_queue_entry {
	int queued;
};

#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) { .waiters = ATOMIC_INIT(0) }
#define DECLARE_WAIT_QUEUE_HEAD(name)						\
	wait_queue_head_t name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)
#define DEFINE_WAIT(name) struct wait_queue_entry name = { .queued = 0 }

/* The lock is free before it, as any is at the start. */
static inline void init_waitqueue_head(wait_queue_head_t *wq_head)
{
	atomic_set(&wq_head->waiters, 0);
}

/* --- waiters -------------------------------------------------------------------------------- */

/* The barrier is that of set_current_state(). */
static inline void prepare_to_wait(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry,
				   int state)
{
	unsigned long flags;

	spin_lock_irqsave(&wq_head->lock, flags);
	if (!wq_entry->queued) {
		wq_entry->queued = 1;
		atomic_inc(&wq_head->waiters);
	}
	smp_mb();
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

/* The same, for those below, which go to sleep then. */
static inline void prepare_to_wait_event(wait_queue_head_t *wq_head,
					 struct wait_queue_entry *wq_entry, int state)
{
	unsigned long flags;

	spin_lock_irqsave(&wq_head->lock, flags);
	if (!wq_entry->queued) {
		wq_entry->queued = 1;
		atomic_inc(&wq_head->waiters);
	}
	smp_mb();
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

#define prepare_to_wait_exclusive(wq_head, wq_entry, state)			\
	prepare_to_wait(wq_head, wq_entry, state)

static inline void finish_wait(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	if (wq_entry->queued) {
		wq_entry->queued = 0;
		atomic_dec(&wq_head->waiters);
	}
}

/* The condition stands once, so that each place in it is one site. */
#define wait_event(wq_head, condition)						\
do {										\
	wait_queue_head_t *queue__ = &(wq_head);				\
	DEFINE_WAIT(entry__);							\
	while (!(condition)) {							\
		if (!entry__.queued)						\
			prepare_to_wait_event(queue__, &entry__, TASK_UNINTERRUPTIBLE); \
		cpu_relax();							\
	}									\
	finish_wait(queue__, &entry__);						\
} while (0)

#define wait_event_interruptible(wq_head, condition)				\
	({ wait_event(wq_head, condition); 0; })
#define wait_event_killable(wq_head, condition)					\
	({ wait_event(wq_head, condition); 0; })
#define wait_event_idle(wq_head, condition) wait_event(wq_head, condition)
#define wait_event_interruptible_exclusive(wq_head, condition)			\
	({ wait_event(wq_head, condition); 0; })

/* Time does not pass here, and is up where the look behind the barrier finds nothing. */
#define wait_event_timeout(wq_head, condition, timeout)				\
({										\
	wait_queue_head_t *queue__ = &(wq_head);				\
	DEFINE_WAIT(entry__);							\
	long left__ = (timeout);						\
	left__ = left__ ? left__ : 1;						\
	while (left__ && !(condition)) {					\
		if (entry__.queued)						\
			left__ = 0;						\
		else								\
			prepare_to_wait(queue__, &entry__, TASK_UNINTERRUPTIBLE); \
	}									\
	finish_wait(queue__, &entry__);						\
	left__;									\
})
#define wait_event_interruptible_timeout(wq_head, condition, timeout)		\
	wait_event_timeout(wq_head, condition, timeout)

/* --- wakers --------------------------------------------------------------------------------- */

static inline void wake_up(wait_queue_head_t *wq_head)
{
	unsigned long flags;

	spin_lock_irqsave(&wq_head->lock, flags);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

#define wake_up_nr(x, nr) wake_up(x)
#define wake_up_all(x) wake_up(x)
#define wake_up_interruptible(x) wake_up(x)
#define wake_up_interruptible_nr(x, nr) wake_up(x)
#define wake_up_interruptible_all(x) wake_up(x)
#define wake_up_interruptible_sync(x) wake_up(x)

/* Their caller has the queue's lock. */
#define wake_up_locked(x) ((void)(x))
#define wake_up_all_locked(x) ((void)(x))

static inline int waitqueue_active(wait_queue_head_t *wq_head)
{
	return atomic_read(&wq_head->waiters) != 0;
}

#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 1, 0)
static inline bool wq_has_sleeper(wait_queue_head_t *wq_head)
{
	smp_mb();
	return atomic_read(&wq_head->waiters) != 0;
}
#endif

#endif
