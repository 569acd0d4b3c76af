/*
 * Waiting for a bit or a variable. Written for ksmcheck after include/linux/wait_bit.h and
 * kernel/sched/wait_bit.c of kernels 6.1 and 6.12.
 *
 * As in <linux/wait.h>: with -D KSMCHECK_WAKE_UPS who waits sleeps until it is woken, and --liveness tells
 * whether it is. Without, these are awaits, and a verdict says that the wake-up is taken on trust.
 *
 * The kernel has queues in a table, and several bits may share one. Here each waiter stands for itself,
 * with its own lock, under what it waits for: a waker looks there without the lock, as it looks at the queue
 * by waitqueue_active(), and takes the lock of whom it finds. Nothing else that waits can order the two.
 * Nobody is killed or interrupted, and time does not pass.
 */
#ifndef KSMCHECK_LINUX_WAIT_BIT_H
#define KSMCHECK_LINUX_WAIT_BIT_H

#include <linux/percpu.h>
#include <linux/wait.h>

#ifdef KSMCHECK_WAKE_UPS

struct ksmcheck_bit_wait {
	spinlock_t lock;
	unsigned long key;
};

/* A key of 0 waits for nothing: no address is 0. Bit 63 tells a variable from bit 0 of it. */
DEFINE_PER_CPU(struct ksmcheck_bit_wait, ksmcheck_bit_waits);
#define KSMCHECK_BIT_KEY(word, bit) ((unsigned long)(word) << 6 | (bit))
#define KSMCHECK_VAR_KEY(var) ((unsigned long)(var) << 6 | 1UL << 63)

/* The kernel looks once, at the queue's head. The barrier of READ_ONCE on Alpha would stand between looks. */
#define KSMCHECK_LOOK(key) (*(volatile unsigned long *)&(key))

static inline void ksmcheck_prepare_bit_wait(unsigned long key, int state)
{
	struct ksmcheck_bit_wait *waits = this_cpu_ptr(&ksmcheck_bit_waits);
	unsigned long flags;

	spin_lock_irqsave(&waits->lock, flags);
	WRITE_ONCE(waits->key, key);
	set_current_state(state);
	spin_unlock_irqrestore(&waits->lock, flags);
}

/* Who has been taken out by the waker need not take the lock (list_empty_careful). */
static inline void ksmcheck_finish_bit_wait(void)
{
	struct ksmcheck_bit_wait *waits = this_cpu_ptr(&ksmcheck_bit_waits);
	unsigned long flags;

	__set_current_state(TASK_RUNNING);
	if (READ_ONCE(waits->key)) {
		spin_lock_irqsave(&waits->lock, flags);
		WRITE_ONCE(waits->key, 0);
		spin_unlock_irqrestore(&waits->lock, flags);
	}
}

static inline int wait_on_bit(unsigned long *word, int bit, unsigned int mode)
{
	if (!test_bit_acquire(bit, word))
		return 0;
	do {
		ksmcheck_prepare_bit_wait(KSMCHECK_BIT_KEY(word, bit), mode);
		if (test_bit(bit, word))
			schedule();
	} while (test_bit_acquire(bit, word));
	ksmcheck_finish_bit_wait();
	return 0;
}

/* Who waits for a bit that is set again by then sleeps on. */
static inline void wake_up_bit(void *word, int bit)
{
	unsigned long key = KSMCHECK_BIT_KEY(word, bit);
	unsigned long flags;
	int cpu;

	for (cpu = 0; cpu < num_possible_cpus(); cpu++) {
		struct ksmcheck_bit_wait *waits = per_cpu_ptr(&ksmcheck_bit_waits, cpu);

		if (KSMCHECK_LOOK(waits->key) == key) {
			spin_lock_irqsave(&waits->lock, flags);
			if (READ_ONCE(waits->key) == key &&
			    !test_bit(bit, (unsigned long *)word) &&
			    wake_up_state(per_cpu_ptr(&ksmcheck_task, cpu), TASK_NORMAL))
				WRITE_ONCE(waits->key, 0);
			spin_unlock_irqrestore(&waits->lock, flags);
		}
	}
}

static inline void wake_up_var(void *var)
{
	unsigned long key = KSMCHECK_VAR_KEY(var);
	unsigned long flags;
	int cpu;

	for (cpu = 0; cpu < num_possible_cpus(); cpu++) {
		struct ksmcheck_bit_wait *waits = per_cpu_ptr(&ksmcheck_bit_waits, cpu);

		if (KSMCHECK_LOOK(waits->key) == key) {
			spin_lock_irqsave(&waits->lock, flags);
			if (READ_ONCE(waits->key) == key &&
			    wake_up_state(per_cpu_ptr(&ksmcheck_task, cpu), TASK_NORMAL))
				WRITE_ONCE(waits->key, 0);
			spin_unlock_irqrestore(&waits->lock, flags);
		}
	}
}

/* The condition stands once, so that each place in it is one site. */
#define KSMCHECK_WAIT_VAR_EVENT(var, condition, state)				\
do {										\
	int joined__ = 0;							\
	while (!(condition)) {							\
		if (joined__)							\
			schedule();						\
		joined__ = 1;							\
		ksmcheck_prepare_bit_wait(KSMCHECK_VAR_KEY(var), (state));	\
	}									\
	if (joined__)								\
		ksmcheck_finish_bit_wait();					\
} while (0)

#define wait_var_event(var, condition)						\
	KSMCHECK_WAIT_VAR_EVENT(var, condition, TASK_UNINTERRUPTIBLE)
#define wait_var_event_interruptible(var, condition)				\
	({ KSMCHECK_WAIT_VAR_EVENT(var, condition, TASK_INTERRUPTIBLE); 0; })

/* Of those who wait for it the kernel wakes one. */
#define wait_on_bit_lock(word, bit, mode)					\
({										\
	static_assert(0, "with KSMCHECK_WAKE_UPS nobody waits exclusively, as for a bit to set");	\
	0;									\
})

#else /* !KSMCHECK_WAKE_UPS */

/* Here the waiter joins the queue, which nobody looks at; the barrier is that of set_current_state(). */
DEFINE_PER_CPU(int, ksmcheck_joined);
static inline void ksmcheck_trust_in_bits(void)
{
	WRITE_ONCE(*this_cpu_ptr(&ksmcheck_joined), 1);
	smp_mb();
}

static inline int wait_on_bit(unsigned long *word, int bit, unsigned int mode)
{
	int joined = 0;

	while (test_bit_acquire(bit, word)) {
		if (!joined)
			ksmcheck_trust_in_bits();
		joined = 1;
	}
	return 0;
}

static inline int wait_on_bit_lock(unsigned long *word, int bit, unsigned int mode)
{
	int joined = 0;

	while (test_and_set_bit(bit, word)) {
		while (test_bit(bit, word)) {
			if (!joined)
				ksmcheck_trust_in_bits();
			joined = 1;
		}
	}
	return 0;
}

#define wait_var_event(var, condition)						\
do {										\
	int joined__ = ((void)(var), 0);					\
	while (!(condition)) {							\
		if (!joined__)							\
			ksmcheck_trust_in_bits();				\
		joined__ = 1;							\
	}									\
} while (0)
#define wait_var_event_interruptible(var, condition)				\
	({ wait_var_event(var, condition); 0; })

/* A wake-up orders nothing that counts: there may be nobody to be woken. */
static inline void wake_up_bit(void *word, int bit)
{
}

static inline void wake_up_var(void *var)
{
}

#endif /* KSMCHECK_WAKE_UPS */

#define wait_on_bit_io(word, bit, mode) wait_on_bit(word, bit, mode)
#define wait_on_bit_lock_io(word, bit, mode) wait_on_bit_lock(word, bit, mode)
#define wait_var_event_killable(var, condition)					\
	({ wait_var_event(var, condition); 0; })

static inline void clear_and_wake_up_bit(int bit, void *word)
{
	clear_bit_unlock(bit, (unsigned long *)word);
	smp_mb__after_atomic();
	wake_up_bit(word, bit);
}

static inline bool test_and_clear_wake_up_bit(int bit, unsigned long *word)
{
	bool cleared = test_and_clear_bit(bit, word);

	if (cleared)
		wake_up_bit(word, bit);
	return cleared;
}

static inline bool atomic_dec_and_wake_up(atomic_t *var)
{
	bool last = atomic_dec_and_test(var);

	if (last)
		wake_up_var(var);
	return last;
}

#define store_release_wake_up(var, val)						\
do {										\
	smp_store_release(var, val);						\
	smp_mb();								\
	wake_up_var(var);							\
} while (0)

#endif
