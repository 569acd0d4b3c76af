/*
 * Counting semaphores. Written for ksmcheck after include/linux/semaphore.h of kernels 6.1 and 6.12 and
 * kernel/locking/semaphore.c of 6.12 (kernel/semaphore.c of 3.9 does the same).
 *
 * The kernel's down() queues under the lock and sleeps; up() hands what it gives back to the first in the
 * queue, under the lock, so that no wake-up is lost. Here up() counts, and who waits takes the count when it
 * sees it: the hand-over as one of the orders in which that may come, and besides, somebody may be quicker
 * than who has waited longest, which is more than the kernel does. Where the kernel has handed over already
 * and down_trylock() fails, the waiter has taken it here; it had been at the lock before that, to queue.
 *
 * The kernel's stores of the count are plain, all under the lock. The look of who sleeps is not, so that
 * stores are marked here.
 */
#ifndef KSMCHECK_LINUX_SEMAPHORE_H
#define KSMCHECK_LINUX_SEMAPHORE_H

struct semaphore {
	raw_spinlock_t lock;
	unsigned int count;
};

#if KSMCHECK_KERNEL < KERNEL_VERSION(6, 4, 0)
#define DEFINE_SEMAPHORE(name) struct semaphore name = { .count = 1 }
#else
#define DEFINE_SEMAPHORE(_name, _n) struct semaphore _name = { .count = _n }
#endif

/* The lock is free before it, as any is at the start. */
static inline void sema_init(struct semaphore *sem, int val)
{
	sem->count = val;
}

/* The sleep is a look without any barrier, and without what READ_ONCE has of one on Alpha. */
static inline void down(struct semaphore *sem)
{
	unsigned long flags;

	for (;;) {
		while (!*(volatile unsigned int *)&sem->count)
			cpu_relax();
		raw_spin_lock_irqsave(&sem->lock, flags);
		if (sem->count > 0)
			break;
		raw_spin_unlock_irqrestore(&sem->lock, flags);
	}
	WRITE_ONCE(sem->count, sem->count - 1);
	raw_spin_unlock_irqrestore(&sem->lock, flags);
}

/* Nobody is killed or interrupted here. */
#define down_interruptible(sem) ({ down(sem); 0; })
#define down_killable(sem) ({ down(sem); 0; })

/* 0 where it is taken, as the kernel has it: not what a trylock answers. */
static inline int down_trylock(struct semaphore *sem)
{
	unsigned long flags;
	int count;

	raw_spin_lock_irqsave(&sem->lock, flags);
	count = sem->count - 1;
	if (count >= 0)
		WRITE_ONCE(sem->count, count);
	raw_spin_unlock_irqrestore(&sem->lock, flags);
	return count < 0;
}

/* Time does not pass here, and is up where the last look finds nothing. */
static inline int down_timeout(struct semaphore *sem, long timeout)
{
	return down_trylock(sem) ? -ETIME : 0;
}

static inline void up(struct semaphore *sem)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&sem->lock, flags);
	WRITE_ONCE(sem->count, sem->count + 1);
	raw_spin_unlock_irqrestore(&sem->lock, flags);
}

#endif
