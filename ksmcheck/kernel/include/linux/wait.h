/*
 * Wait queues, for what is ordered by them. Written for ksmcheck after include/linux/wait.h and
 * kernel/sched/wait.c of kernels 3.9, 6.1 and 6.12.
 *
 * With -D KSMCHECK_WAKE_UPS who waits sleeps until it is woken, and --liveness tells whether it is; see
 * below. With -D KSMCHECK_WAKE_FUNCTIONS also by functions of its own, and exclusively. Without, these are
 * awaits, which need no unrolling:
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

#define DECLARE_WAIT_QUEUE_HEAD(name)						\
	wait_queue_head_t name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)

#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 1, 0)
typedef struct wait_queue_entry wait_queue_entry_t;
#endif

/* Who sleeps until it is woken. The condition stands once, so that each place in it is one site. */
#define KSMCHECK_SLEEP_EVENT(wq_head, condition, state, join, before, after)	\
do {										\
	wait_queue_head_t *queue__ = &(wq_head);				\
	DEFINE_WAIT(entry__);							\
	int joined__ = 0;							\
	while (!(condition)) {							\
		if (joined__) {							\
			before;							\
			schedule();						\
			after;							\
		}								\
		joined__ = 1;							\
		join(queue__, &entry__, (state));				\
	}									\
	if (joined__)								\
		finish_wait(queue__, &entry__);					\
} while (0)

#ifdef KSMCHECK_WAKE_FUNCTIONS

#if KSMCHECK_KERNEL < KERNEL_VERSION(6, 1, 0)
static_assert(0, "KSMCHECK_WAKE_FUNCTIONS is there from kernel 6.1 on");
#endif
#ifndef KSMCHECK_WAKE_UPS
#define KSMCHECK_WAKE_UPS
#endif

/*
 * As the kernel has it: a queue is a list of entries under its lock. Who wakes calls the function of each,
 * the exclusive ones last and no more of them than it was asked for. A queue has to be initialised.
 */
#include <linux/list.h>
#include <linux/sched.h>

#define WQ_FLAG_EXCLUSIVE 1
#define WQ_FLAG_WOKEN 2

typedef int (*wait_queue_func_t)(struct wait_queue_entry *wq_entry, unsigned mode, int flags, void *key);

struct wait_queue_entry {
	unsigned int flags;
	void *private;
	wait_queue_func_t func;
	struct list_head entry;
};

typedef struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
} wait_queue_head_t;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) { .head = { &(name).head, &(name).head } }
#define __WAITQUEUE_INITIALIZER(name, tsk)					\
	{ .private = (tsk), .func = default_wake_function }
#define DECLARE_WAITQUEUE(name, tsk)						\
	struct wait_queue_entry name = __WAITQUEUE_INITIALIZER(name, tsk)
#define DEFINE_WAIT_FUNC(name, function)					\
	struct wait_queue_entry name = {					\
		.private = current, .func = (function), .entry = LIST_HEAD_INIT((name).entry) }
#define DEFINE_WAIT(name) DEFINE_WAIT_FUNC(name, autoremove_wake_function)

/* --- who is woken --------------------------------------------------------------------------- */

static inline int default_wake_function(struct wait_queue_entry *wq_entry, unsigned mode, int flags,
					void *key)
{
	struct task_struct *task = wq_entry->private;

	return wake_up_state(task, mode);
}

static inline int autoremove_wake_function(struct wait_queue_entry *wq_entry, unsigned mode, int flags,
					   void *key)
{
	int woken = default_wake_function(wq_entry, mode, flags, key);

	if (woken)
		list_del_init_careful(&wq_entry->entry);
	return woken;
}

static inline int woken_wake_function(struct wait_queue_entry *wq_entry, unsigned mode, int flags,
				      void *key)
{
	smp_mb();
	wq_entry->flags |= WQ_FLAG_WOKEN;
	return default_wake_function(wq_entry, mode, flags, key);
}

/* --- joining and leaving -------------------------------------------------------------------- */

/* The lock is free before it, as any is at the start. */
static inline void init_waitqueue_head(wait_queue_head_t *wq_head)
{
	INIT_LIST_HEAD(&wq_head->head);
}

static inline void init_waitqueue_entry(struct wait_queue_entry *wq_entry, struct task_struct *p)
{
	wq_entry->flags = 0;
	wq_entry->private = p;
	wq_entry->func = default_wake_function;
}

static inline void init_waitqueue_func_entry(struct wait_queue_entry *wq_entry, wait_queue_func_t func)
{
	wq_entry->flags = 0;
	wq_entry->private = NULL;
	wq_entry->func = func;
}

static inline void init_wait_entry(struct wait_queue_entry *wq_entry, int flags)
{
	wq_entry->flags = flags;
	wq_entry->private = current;
	wq_entry->func = autoremove_wake_function;
	INIT_LIST_HEAD(&wq_entry->entry);
}
#define init_wait(wq_entry) init_wait_entry(wq_entry, 0)

static inline void __add_wait_queue(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	list_add(&wq_entry->entry, &wq_head->head);
}

static inline void __add_wait_queue_entry_tail(wait_queue_head_t *wq_head,
					       struct wait_queue_entry *wq_entry)
{
	list_add_tail(&wq_entry->entry, &wq_head->head);
}

static inline void __add_wait_queue_exclusive(wait_queue_head_t *wq_head,
					      struct wait_queue_entry *wq_entry)
{
	wq_entry->flags |= WQ_FLAG_EXCLUSIVE;
	list_add(&wq_entry->entry, &wq_head->head);
}

static inline void __add_wait_queue_entry_tail_exclusive(wait_queue_head_t *wq_head,
							 struct wait_queue_entry *wq_entry)
{
	wq_entry->flags |= WQ_FLAG_EXCLUSIVE;
	list_add_tail(&wq_entry->entry, &wq_head->head);
}

static inline void __remove_wait_queue(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	list_del(&wq_entry->entry);
}

static inline void add_wait_queue(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	unsigned long flags;

	wq_entry->flags &= ~WQ_FLAG_EXCLUSIVE;
	spin_lock_irqsave(&wq_head->lock, flags);
	list_add(&wq_entry->entry, &wq_head->head);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

static inline void add_wait_queue_exclusive(wait_queue_head_t *wq_head,
					    struct wait_queue_entry *wq_entry)
{
	unsigned long flags;

	wq_entry->flags |= WQ_FLAG_EXCLUSIVE;
	spin_lock_irqsave(&wq_head->lock, flags);
	list_add_tail(&wq_entry->entry, &wq_head->head);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

static inline void remove_wait_queue(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	unsigned long flags;

	spin_lock_irqsave(&wq_head->lock, flags);
	list_del(&wq_entry->entry);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

static inline void prepare_to_wait(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry,
				   int state)
{
	unsigned long flags;

	wq_entry->flags &= ~WQ_FLAG_EXCLUSIVE;
	spin_lock_irqsave(&wq_head->lock, flags);
	if (list_empty(&wq_entry->entry))
		list_add(&wq_entry->entry, &wq_head->head);
	set_current_state(state);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

static inline bool prepare_to_wait_exclusive(wait_queue_head_t *wq_head,
					     struct wait_queue_entry *wq_entry, int state)
{
	unsigned long flags;
	bool first = false;

	wq_entry->flags |= WQ_FLAG_EXCLUSIVE;
	spin_lock_irqsave(&wq_head->lock, flags);
	if (list_empty(&wq_entry->entry)) {
		first = list_empty(&wq_head->head);
		list_add_tail(&wq_entry->entry, &wq_head->head);
	}
	set_current_state(state);
	spin_unlock_irqrestore(&wq_head->lock, flags);
	return first;
}

/* Nobody is interrupted. */
static inline long prepare_to_wait_event(wait_queue_head_t *wq_head,
					 struct wait_queue_entry *wq_entry, int state)
{
	if (wq_entry->flags & WQ_FLAG_EXCLUSIVE)
		prepare_to_wait_exclusive(wq_head, wq_entry, state);
	else
		prepare_to_wait(wq_head, wq_entry, state);
	return 0;
}

static inline void finish_wait(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	unsigned long flags;

	__set_current_state(TASK_RUNNING);
	if (!list_empty_careful(&wq_entry->entry)) {
		spin_lock_irqsave(&wq_head->lock, flags);
		list_del_init(&wq_entry->entry);
		spin_unlock_irqrestore(&wq_head->lock, flags);
	}
}

/* Nobody asks it to stop. */
static inline long wait_woken(struct wait_queue_entry *wq_entry, unsigned mode, long timeout)
{
	set_current_state(mode);
	if (!(wq_entry->flags & WQ_FLAG_WOKEN))
		timeout = schedule_timeout(timeout);
	__set_current_state(TASK_RUNNING);
	smp_store_mb(wq_entry->flags, wq_entry->flags & ~WQ_FLAG_WOKEN);
	return timeout;
}

/* --- waking --------------------------------------------------------------------------------- */

/* With the queue's lock. */
static inline int __wake_up_common(wait_queue_head_t *wq_head, unsigned int mode, int nr_exclusive,
				   int wake_flags, void *key)
{
	struct wait_queue_entry *curr, *next;

	list_for_each_entry_safe(curr, next, &wq_head->head, entry) {
		unsigned int flags = curr->flags;
		int woken = curr->func(curr, mode, wake_flags, key);

		if (woken < 0)
			break;
		if (woken && flags & WQ_FLAG_EXCLUSIVE && !--nr_exclusive)
			break;
	}
	return nr_exclusive;
}

static inline int __wake_up(wait_queue_head_t *wq_head, unsigned int mode, int nr_exclusive, void *key)
{
	unsigned long flags;
	int left;

	spin_lock_irqsave(&wq_head->lock, flags);
	left = __wake_up_common(wq_head, mode, nr_exclusive, 0, key);
	spin_unlock_irqrestore(&wq_head->lock, flags);
	return nr_exclusive - left;
}

#define poll_to_key(m) ((void *)(unsigned long)(m))
#define key_to_poll(m) ((unsigned int)(unsigned long)(m))

#define wake_up(x) __wake_up(x, TASK_NORMAL, 1, NULL)
#define wake_up_nr(x, nr) __wake_up(x, TASK_NORMAL, nr, NULL)
#define wake_up_all(x) __wake_up(x, TASK_NORMAL, 0, NULL)
#define wake_up_locked(x) __wake_up_common(x, TASK_NORMAL, 1, 0, NULL)
#define wake_up_all_locked(x) __wake_up_common(x, TASK_NORMAL, 0, 0, NULL)
#define wake_up_sync(x) wake_up(x)
#define wake_up_interruptible(x) __wake_up(x, TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_nr(x, nr) __wake_up(x, TASK_INTERRUPTIBLE, nr, NULL)
#define wake_up_interruptible_all(x) __wake_up(x, TASK_INTERRUPTIBLE, 0, NULL)
#define wake_up_interruptible_sync(x) wake_up_interruptible(x)
#define wake_up_poll(x, m) __wake_up(x, TASK_NORMAL, 1, poll_to_key(m))
#define wake_up_locked_poll(x, m) __wake_up_common(x, TASK_NORMAL, 1, 0, poll_to_key(m))
#define wake_up_interruptible_poll(x, m) __wake_up(x, TASK_INTERRUPTIBLE, 1, poll_to_key(m))
#define wake_up_interruptible_sync_poll(x, m) wake_up_interruptible_poll(x, m)

static inline int waitqueue_active(wait_queue_head_t *wq_head)
{
	return !list_empty(&wq_head->head);
}

static inline bool wq_has_sleeper(wait_queue_head_t *wq_head)
{
	smp_mb();
	return !list_empty(&wq_head->head);
}

#define KSMCHECK_WAIT_EVENT(wq_head, condition, state, before, after)		\
	KSMCHECK_SLEEP_EVENT(wq_head, condition, state, prepare_to_wait, before, after)
#define wait_event(wq_head, condition)						\
	KSMCHECK_WAIT_EVENT(wq_head, condition, TASK_UNINTERRUPTIBLE, , )
#define wait_event_interruptible(wq_head, condition)				\
	({ KSMCHECK_WAIT_EVENT(wq_head, condition, TASK_INTERRUPTIBLE, , ); 0; })
#define wait_event_interruptible_exclusive(wq_head, condition)			\
	({ KSMCHECK_SLEEP_EVENT(wq_head, condition, TASK_INTERRUPTIBLE,		\
				prepare_to_wait_exclusive, , ); 0; })

#else /* !KSMCHECK_WAKE_FUNCTIONS */

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) { .waiters = ATOMIC_INIT(0) }

#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 1, 0)
#define KSMCHECK_NO_FUNCTIONS							\
	static_assert(0, "wake-up functions and exclusive waiters need -D KSMCHECK_WAKE_FUNCTIONS")
#define DEFINE_WAIT_FUNC(name, function) KSMCHECK_NO_FUNCTIONS
#define init_wait_entry(wq_entry, flags) KSMCHECK_NO_FUNCTIONS
#define init_waitqueue_entry(wq_entry, p) KSMCHECK_NO_FUNCTIONS
#define init_waitqueue_func_entry(wq_entry, func) KSMCHECK_NO_FUNCTIONS
#define add_wait_queue_exclusive(wq_head, wq_entry) KSMCHECK_NO_FUNCTIONS
#define wait_woken(wq_entry, mode, timeout) ({ KSMCHECK_NO_FUNCTIONS; 0; })
#endif

#ifdef KSMCHECK_WAKE_UPS

/*
 * A queue is the set of the CPUs whose tasks wait on it, one bit each, under its lock; and their number,
 * for a look without the lock. Who is woken is taken out, as autoremove_wake_function() does; who sleeps
 * in another state than is asked for is not woken. All are: nobody waits exclusively. The higher half of
 * the set are those who joined by add_wait_queue(), and stay when they are woken.
 */
#include <linux/sched.h>

typedef struct wait_queue_head {
	spinlock_t lock;
	atomic_t waiters;
	unsigned long ksmcheck_waiting;
} wait_queue_head_t;

struct wait_queue_entry {
	int unused;
};

#define DEFINE_WAIT(name) struct wait_queue_entry name = { .unused = 0 }

/* Who waits is who joins. */
#define DECLARE_WAITQUEUE(name, tsk)						\
	struct wait_queue_entry name = { .unused = ({ BUG_ON((tsk) != current); 0; }) }
#define init_wait(wq_entry) ((wq_entry)->unused = 0)

/* The lock is free before it, as any is at the start. */
static inline void init_waitqueue_head(wait_queue_head_t *wq_head)
{
	WRITE_ONCE(wq_head->ksmcheck_waiting, 0);
	atomic_set(&wq_head->waiters, 0);
}

static inline void prepare_to_wait(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry,
				   int state)
{
	unsigned long flags, waiting;

	spin_lock_irqsave(&wq_head->lock, flags);
	waiting = READ_ONCE(wq_head->ksmcheck_waiting);
	if (!(waiting & 1UL << smp_processor_id())) {
		WRITE_ONCE(wq_head->ksmcheck_waiting, waiting | 1UL << smp_processor_id());
		atomic_inc(&wq_head->waiters);
	}
	set_current_state(state);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

static inline long prepare_to_wait_event(wait_queue_head_t *wq_head,
					 struct wait_queue_entry *wq_entry, int state)
{
	prepare_to_wait(wq_head, wq_entry, state);
	return 0;
}

/* A task has one entry of this kind in a queue. */
static inline void __add_wait_queue(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	unsigned long waiting = READ_ONCE(wq_head->ksmcheck_waiting);
	unsigned long own = 1UL << smp_processor_id() << 32;

	BUG_ON(waiting & own);
	WRITE_ONCE(wq_head->ksmcheck_waiting, waiting | own);
	atomic_inc(&wq_head->waiters);
}

static inline void __remove_wait_queue(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	unsigned long waiting = READ_ONCE(wq_head->ksmcheck_waiting);
	unsigned long own = 1UL << smp_processor_id() << 32;

	BUG_ON(!(waiting & own));
	WRITE_ONCE(wq_head->ksmcheck_waiting, waiting & ~own);
	atomic_dec(&wq_head->waiters);
}

static inline void add_wait_queue(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	unsigned long flags;

	spin_lock_irqsave(&wq_head->lock, flags);
	__add_wait_queue(wq_head, wq_entry);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

static inline void remove_wait_queue(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	unsigned long flags;

	spin_lock_irqsave(&wq_head->lock, flags);
	__remove_wait_queue(wq_head, wq_entry);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

/* Whoever is not on the queue any more need not take its lock (list_empty_careful). */
static inline void finish_wait(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	unsigned long flags, waiting;

	__set_current_state(TASK_RUNNING);
	if (READ_ONCE(wq_head->ksmcheck_waiting) & 1UL << smp_processor_id()) {
		spin_lock_irqsave(&wq_head->lock, flags);
		waiting = READ_ONCE(wq_head->ksmcheck_waiting);
		if (waiting & 1UL << smp_processor_id()) {
			WRITE_ONCE(wq_head->ksmcheck_waiting, waiting & ~(1UL << smp_processor_id()));
			atomic_dec(&wq_head->waiters);
		}
		spin_unlock_irqrestore(&wq_head->lock, flags);
	}
}

#define KSMCHECK_WAIT_EVENT(wq_head, condition, state, before, after)		\
	KSMCHECK_SLEEP_EVENT(wq_head, condition, state, prepare_to_wait, before, after)
#define wait_event(wq_head, condition)						\
	KSMCHECK_WAIT_EVENT(wq_head, condition, TASK_UNINTERRUPTIBLE, , )
#define wait_event_interruptible(wq_head, condition)				\
	({ KSMCHECK_WAIT_EVENT(wq_head, condition, TASK_INTERRUPTIBLE, , ); 0; })

/* Their caller has the queue's lock. */
static inline void wake_up_locked(wait_queue_head_t *wq_head)
{
	unsigned long waiting = READ_ONCE(wq_head->ksmcheck_waiting);
	int cpu;

	for (cpu = 0; cpu < num_possible_cpus(); cpu++) {
		if ((waiting | waiting >> 32) >> cpu & 1 &&
		    wake_up_state(per_cpu_ptr(&ksmcheck_task, cpu), TASK_NORMAL) &&
		    waiting >> cpu & 1) {
			waiting &= ~(1UL << cpu);
			atomic_dec(&wq_head->waiters);
		}
	}
	WRITE_ONCE(wq_head->ksmcheck_waiting, waiting);
}
#define wake_up_all_locked(x) wake_up_locked(x)

static inline void wake_up(wait_queue_head_t *wq_head)
{
	unsigned long flags, waiting;
	int cpu;

	spin_lock_irqsave(&wq_head->lock, flags);
	waiting = READ_ONCE(wq_head->ksmcheck_waiting);
	for (cpu = 0; cpu < num_possible_cpus(); cpu++) {
		if ((waiting | waiting >> 32) >> cpu & 1 &&
		    wake_up_state(per_cpu_ptr(&ksmcheck_task, cpu), TASK_NORMAL) &&
		    waiting >> cpu & 1) {
			waiting &= ~(1UL << cpu);
			atomic_dec(&wq_head->waiters);
		}
	}
	WRITE_ONCE(wq_head->ksmcheck_waiting, waiting);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

static inline void wake_up_interruptible(wait_queue_head_t *wq_head)
{
	unsigned long flags, waiting;
	int cpu;

	spin_lock_irqsave(&wq_head->lock, flags);
	waiting = READ_ONCE(wq_head->ksmcheck_waiting);
	for (cpu = 0; cpu < num_possible_cpus(); cpu++) {
		if ((waiting | waiting >> 32) >> cpu & 1 &&
		    wake_up_state(per_cpu_ptr(&ksmcheck_task, cpu), TASK_INTERRUPTIBLE) &&
		    waiting >> cpu & 1) {
			waiting &= ~(1UL << cpu);
			atomic_dec(&wq_head->waiters);
		}
	}
	WRITE_ONCE(wq_head->ksmcheck_waiting, waiting);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

#define KSMCHECK_EXCLUSIVE							\
	static_assert(0, "who waits exclusively needs -D KSMCHECK_WAKE_FUNCTIONS")
#define prepare_to_wait_exclusive(wq_head, wq_entry, state) KSMCHECK_EXCLUSIVE
#define wait_event_interruptible_exclusive(wq_head, condition) ({ KSMCHECK_EXCLUSIVE; 0; })
#define wake_up_nr(x, nr) KSMCHECK_EXCLUSIVE
#define wake_up_interruptible_nr(x, nr) KSMCHECK_EXCLUSIVE

#else /* !KSMCHECK_WAKE_UPS */

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

#define DEFINE_WAIT(name) struct wait_queue_entry name = { .queued = 0 }
#define init_wait(wq_entry) ((wq_entry)->queued = 0)

/* Who has joined so sleeps in schedule(), and here nobody would wake it; whose time is up is not told. */
#define KSMCHECK_SLEEPS								\
	static_assert(0, "add_wait_queue() and the like need -D KSMCHECK_WAKE_UPS")
#define DECLARE_WAITQUEUE(name, tsk) KSMCHECK_SLEEPS

static inline void add_wait_queue(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	KSMCHECK_SLEEPS;
}

static inline void remove_wait_queue(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	KSMCHECK_SLEEPS;
}

static inline void __add_wait_queue(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	KSMCHECK_SLEEPS;
}

static inline void __remove_wait_queue(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	KSMCHECK_SLEEPS;
}

/* Another name, since <linux/sched.h> may have come before. */
static inline long ksmcheck_timed(long timeout)
{
	static_assert(0, "beside wait queues schedule_timeout() needs -D KSMCHECK_WAKE_UPS");
	return 0;
}
#define schedule_timeout ksmcheck_timed

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
static inline long prepare_to_wait_event(wait_queue_head_t *wq_head,
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
	return 0;
}

static inline void finish_wait(wait_queue_head_t *wq_head, struct wait_queue_entry *wq_entry)
{
	if (wq_entry->queued) {
		wq_entry->queued = 0;
		atomic_dec(&wq_head->waiters);
	}
}

/* The condition stands once, so that each place in it is one site. */
#define KSMCHECK_WAIT_EVENT(wq_head, condition, state, before, after)		\
do {										\
	wait_queue_head_t *queue__ = &(wq_head);				\
	DEFINE_WAIT(entry__);							\
	while (!(condition)) {							\
		if (entry__.queued) {						\
			before;							\
			cpu_relax();						\
			after;							\
		} else {							\
			prepare_to_wait_event(queue__, &entry__, (state));	\
		}								\
	}									\
	finish_wait(queue__, &entry__);						\
} while (0)
#define wait_event(wq_head, condition)						\
	KSMCHECK_WAIT_EVENT(wq_head, condition, TASK_UNINTERRUPTIBLE, , )

static inline void wake_up(wait_queue_head_t *wq_head)
{
	unsigned long flags;

	spin_lock_irqsave(&wq_head->lock, flags);
	spin_unlock_irqrestore(&wq_head->lock, flags);
}

/* Their caller has the queue's lock. */
#define wake_up_locked(x) ((void)(x))
#define wake_up_all_locked(x) ((void)(x))

#define wait_event_interruptible(wq_head, condition)				\
	({ wait_event(wq_head, condition); 0; })
#define wait_event_interruptible_exclusive(wq_head, condition)			\
	({ wait_event(wq_head, condition); 0; })
#define prepare_to_wait_exclusive(wq_head, wq_entry, state)			\
	prepare_to_wait(wq_head, wq_entry, state)
#define wake_up_nr(x, nr) wake_up(x)
#define wake_up_interruptible(x) wake_up(x)
#define wake_up_interruptible_nr(x, nr) wake_up(x)

#endif /* KSMCHECK_WAKE_UPS */
#endif /* KSMCHECK_WAKE_FUNCTIONS */

#define wait_event_killable(wq_head, condition)					\
	({ wait_event(wq_head, condition); 0; })
#define wait_event_lock_irq_cmd(wq_head, condition, lock, cmd)			\
	KSMCHECK_WAIT_EVENT(wq_head, condition, TASK_UNINTERRUPTIBLE,		\
			    spin_unlock_irq(&(lock)); cmd, spin_lock_irq(&(lock)))
#define wait_event_lock_irq(wq_head, condition, lock)				\
	wait_event_lock_irq_cmd(wq_head, condition, lock, )
#if KSMCHECK_KERNEL >= KERNEL_VERSION(3, 13, 0)
#define wait_event_cmd(wq_head, condition, before, after)			\
	KSMCHECK_WAIT_EVENT(wq_head, condition, TASK_UNINTERRUPTIBLE, before, after)
#endif
#define wait_event_idle(wq_head, condition) wait_event(wq_head, condition)

/* Time does not pass here, and is up where the look behind the barrier finds nothing. */
#define wait_event_timeout(wq_head, condition, timeout)				\
({										\
	wait_queue_head_t *queue__ = &(wq_head);				\
	DEFINE_WAIT(entry__);							\
	int joined__ = 0;							\
	long left__ = (timeout);						\
	left__ = left__ ? left__ : 1;						\
	while (left__ && !(condition)) {					\
		if (joined__) {							\
			left__ = 0;						\
		} else {							\
			joined__ = 1;						\
			prepare_to_wait(queue__, &entry__, TASK_UNINTERRUPTIBLE); \
		}								\
	}									\
	if (joined__)								\
		finish_wait(queue__, &entry__);					\
	left__;									\
})
#define wait_event_interruptible_timeout(wq_head, condition, timeout)		\
	wait_event_timeout(wq_head, condition, timeout)

#ifndef KSMCHECK_WAKE_FUNCTIONS

#define wake_up_all(x) wake_up(x)
#define wake_up_interruptible_all(x) wake_up_interruptible(x)
#define wake_up_interruptible_sync(x) wake_up_interruptible(x)
#define wake_up_sync(x) wake_up(x)

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

/* What has happened is told to epoll alone. */
#define wake_up_poll(x, events) wake_up(x)
#define wake_up_locked_poll(x, events) wake_up_locked(x)
#define wake_up_interruptible_poll(x, events) wake_up_interruptible(x)
#define wake_up_interruptible_sync_poll(x, events) wake_up_interruptible(x)

#endif /* !KSMCHECK_WAKE_FUNCTIONS */

#endif
