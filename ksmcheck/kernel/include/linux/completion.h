/*
 * Completions. Written for ksmcheck after include/linux/completion.h and kernel/sched/completion.c of
 * kernels 6.1 and 6.12, and kernel/sched/core.c of 3.9.
 *
 * Who waits sleeps until the count is not 0, and looks again under the lock; who completes counts and
 * wakes under the lock, so that no wake-up is lost, and none has to be modelled. A look under the lock
 * that finds nothing is left out: it reads, and orders, no more than the one that finds something.
 *
 * The kernel's stores of the count are plain, and its looks at it without the lock READ_ONCE. The
 * stores are marked here: LKMM would report the kernel's own race in every test.
 */
#ifndef KSMCHECK_LINUX_COMPLETION_H
#define KSMCHECK_LINUX_COMPLETION_H

#if KSMCHECK_KERNEL < KERNEL_VERSION(6, 1, 0)

struct completion {
	unsigned int done;
	struct {
		spinlock_t lock;
	} wait;
};

#define KSMCHECK_DONE_LOCK(x, flags) spin_lock_irqsave(&(x)->wait.lock, flags)
#define KSMCHECK_DONE_UNLOCK(x, flags) spin_unlock_irqrestore(&(x)->wait.lock, flags)
#define KSMCHECK_DONE_TAKE(x) WRITE_ONCE((x)->done, (x)->done - 1)
#define KSMCHECK_DONE_ADD(x) WRITE_ONCE((x)->done, (x)->done + 1)
#define KSMCHECK_DONE_ALL(x) WRITE_ONCE((x)->done, (x)->done + UINT_MAX / 2)

#else /* A count of UINT_MAX is for all who will ever wait. */

struct completion {
	unsigned int done;
	struct {
		raw_spinlock_t lock;
	} wait;
};

#define KSMCHECK_DONE_LOCK(x, flags) raw_spin_lock_irqsave(&(x)->wait.lock, flags)
#define KSMCHECK_DONE_UNLOCK(x, flags) raw_spin_unlock_irqrestore(&(x)->wait.lock, flags)
#define KSMCHECK_DONE_TAKE(x)							\
	do {									\
		if ((x)->done != UINT_MAX)					\
			WRITE_ONCE((x)->done, (x)->done - 1);			\
	} while (0)
#define KSMCHECK_DONE_ADD(x)								\
	do {									\
		if ((x)->done != UINT_MAX)					\
			WRITE_ONCE((x)->done, (x)->done + 1);			\
	} while (0)
#define KSMCHECK_DONE_ALL(x) WRITE_ONCE((x)->done, UINT_MAX)

#endif

#define COMPLETION_INITIALIZER(work) { 0 }
#define DECLARE_COMPLETION(work) struct completion work = COMPLETION_INITIALIZER(work)
#define DECLARE_COMPLETION_ONSTACK(work) DECLARE_COMPLETION(work)

/* The lock is free before it, as any is at the start. */
static inline void init_completion(struct completion *x)
{
	x->done = 0;
}

#if KSMCHECK_KERNEL < KERNEL_VERSION(3, 13, 0)
#define INIT_COMPLETION(x) ((void)((x).done = 0))
#else
static inline void reinit_completion(struct completion *x)
{
	x->done = 0;
}
#endif

static inline void complete(struct completion *x)
{
	unsigned long flags;

	KSMCHECK_DONE_LOCK(x, flags);
	KSMCHECK_DONE_ADD(x);
	KSMCHECK_DONE_UNLOCK(x, flags);
}

static inline void complete_all(struct completion *x)
{
	unsigned long flags;

	KSMCHECK_DONE_LOCK(x, flags);
	KSMCHECK_DONE_ALL(x);
	KSMCHECK_DONE_UNLOCK(x, flags);
}

/* The sleep is a look without any barrier, and without what READ_ONCE has of one on Alpha. */
static inline void wait_for_completion(struct completion *x)
{
	unsigned long flags;

	for (;;) {
		while (!*(volatile unsigned int *)&x->done)
			cpu_relax();
		KSMCHECK_DONE_LOCK(x, flags);
		if (x->done)
			break;
		KSMCHECK_DONE_UNLOCK(x, flags);
	}
	KSMCHECK_DONE_TAKE(x);
	KSMCHECK_DONE_UNLOCK(x, flags);
}

/* Nobody is killed or interrupted here. */
#define wait_for_completion_io(x) wait_for_completion(x)
#define wait_for_completion_interruptible(x) ({ wait_for_completion(x); 0; })
#define wait_for_completion_killable(x) ({ wait_for_completion(x); 0; })

/* Time does not pass here, and is up where the last look finds nothing. */
static inline unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout)
{
	unsigned long flags;
	unsigned long left = 0;

	KSMCHECK_DONE_LOCK(x, flags);
	if (x->done) {
		KSMCHECK_DONE_TAKE(x);
		left = timeout ? timeout : 1;
	}
	KSMCHECK_DONE_UNLOCK(x, flags);
	return left;
}

static inline bool try_wait_for_completion(struct completion *x)
{
	unsigned long flags;
	bool ret = false;

#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 1, 0)
	if (!READ_ONCE(x->done))
		return false;
#endif
	KSMCHECK_DONE_LOCK(x, flags);
	if (x->done) {
		KSMCHECK_DONE_TAKE(x);
		ret = true;
	}
	KSMCHECK_DONE_UNLOCK(x, flags);
	return ret;
}

/* Its lock is taken also where nothing is done under it: complete() has left it then. */
static inline bool completion_done(struct completion *x)
{
	unsigned long flags;
	bool ret = true;

#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 1, 0)
	if (!READ_ONCE(x->done))
		return false;
	KSMCHECK_DONE_LOCK(x, flags);
#else
	KSMCHECK_DONE_LOCK(x, flags);
	ret = x->done != 0;
#endif
	KSMCHECK_DONE_UNLOCK(x, flags);
	return ret;
}

#endif
