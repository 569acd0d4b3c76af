/*
 * Going to sleep, and waking who sleeps. Written for ksmcheck after include/linux/sched.h and
 * kernel/sched/core.c of kernels 6.1 and 6.12, and of 3.9 (set_current_state, schedule, try_to_wake_up).
 *
 * A thread is a task, which runs on a CPU of its own; `current' is the thread's task. A task sleeps in
 * schedule() as long as its state is not TASK_RUNNING: that it is woken is asked with --liveness. No signal
 * wakes it, and a timer only in schedule_timeout(). What the scheduler stores and orders is left out, but for
 * the full barrier before schedule() looks at the state (smp_mb__after_spinlock, since 4.14), the waker's
 * before it does, and that who is woken sees what the waker saw.
 */
#ifndef KSMCHECK_LINUX_SCHED_H
#define KSMCHECK_LINUX_SCHED_H

#include <linux/percpu.h>

#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

#if KSMCHECK_KERNEL < KERNEL_VERSION(6, 1, 0)

struct task_struct {
	volatile long state;
	raw_spinlock_t pi_lock;
};

DEFINE_PER_CPU(struct task_struct, ksmcheck_task);
#define current this_cpu_ptr(&ksmcheck_task)

#define __set_current_state(value) ((void)(current->state = (value)))
#define set_current_state(value) set_mb(current->state, (value))

/* Whoever is woken has been put on a queue under its lock, and taken from it under that: an acquire. */
static inline void schedule(void)
{
	while (current->state != TASK_RUNNING)
		cpu_relax();
	smp_rmb();
}

/*
 * A write barrier only: the condition's store may come after the look at the state, where taking a lock
 * is no full barrier. Since 4.14 smp_mb__after_spinlock() is there on all machines.
 */
static inline int wake_up_state(struct task_struct *p, unsigned int state)
{
	unsigned long flags;
	int success = 0;

	smp_wmb();
	raw_spin_lock_irqsave(&p->pi_lock, flags);
	if (p->state & state) {
		success = 1;
		p->state = TASK_RUNNING;
	}
	raw_spin_unlock_irqrestore(&p->pi_lock, flags);
	return success;
}

static inline int wake_up_process(struct task_struct *p)
{
	unsigned long flags;
	int success = 0;

	smp_wmb();
	raw_spin_lock_irqsave(&p->pi_lock, flags);
	if (p->state & TASK_NORMAL) {
		success = 1;
		p->state = TASK_RUNNING;
	}
	raw_spin_unlock_irqrestore(&p->pi_lock, flags);
	return success;
}

#else

struct wake_q_node {
	struct wake_q_node *next;
};

struct task_struct {
	unsigned int __state;
	raw_spinlock_t pi_lock;
	struct wake_q_node wake_q;
};

DEFINE_PER_CPU(struct task_struct, ksmcheck_task);
#define current this_cpu_ptr(&ksmcheck_task)

#define __set_current_state(value) WRITE_ONCE(current->__state, (value))
#define set_current_state(value) smp_store_mb(current->__state, (value))

static inline void schedule(void)
{
	smp_mb();
	while (smp_load_acquire(&current->__state) != TASK_RUNNING)
		cpu_relax();
}

static inline int wake_up_state(struct task_struct *p, unsigned int state)
{
	unsigned long flags;
	int success = 0;

	raw_spin_lock_irqsave(&p->pi_lock, flags);
	smp_mb__after_spinlock();
	if (READ_ONCE(p->__state) & state) {
		success = 1;
		WRITE_ONCE(p->__state, TASK_RUNNING);
	}
	raw_spin_unlock_irqrestore(&p->pi_lock, flags);
	return success;
}

static inline int wake_up_process(struct task_struct *p)
{
	unsigned long flags;
	int success = 0;

	raw_spin_lock_irqsave(&p->pi_lock, flags);
	smp_mb__after_spinlock();
	if (READ_ONCE(p->__state) & TASK_NORMAL) {
		success = 1;
		WRITE_ONCE(p->__state, TASK_RUNNING);
	}
	raw_spin_unlock_irqrestore(&p->pi_lock, flags);
	return success;
}

/*
 * Time does not pass here: it is up at once where nobody has woken the task by then, and else all of it is
 * left. The timer wakes as others do, under the task's lock (process_timeout).
 */
#define MAX_SCHEDULE_TIMEOUT LONG_MAX
#ifndef schedule_timeout
static inline long schedule_timeout(long timeout)
{
	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		schedule();
		return timeout;
	}
	return wake_up_process(current) || timeout < 0 ? 0 : timeout;
}
#endif
#define io_schedule_timeout(timeout) schedule_timeout(timeout)
#define schedule_timeout_interruptible(timeout)					\
	({ __set_current_state(TASK_INTERRUPTIBLE); schedule_timeout(timeout); })
#define schedule_timeout_uninterruptible(timeout)				\
	({ __set_current_state(TASK_UNINTERRUPTIBLE); schedule_timeout(timeout); })
#define schedule_timeout_killable(timeout)					\
	({ __set_current_state(TASK_KILLABLE); schedule_timeout(timeout); })
#define schedule_timeout_idle(timeout)						\
	({ __set_current_state(TASK_IDLE); schedule_timeout(timeout); })

#endif

/* States that nobody gets into here: only their numbers are the kernel's. */
#define __TASK_STOPPED 4
#define __TASK_TRACED 8
#define TASK_KILLABLE (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_STOPPED (TASK_WAKEKILL | __TASK_STOPPED)
#if KSMCHECK_KERNEL < KERNEL_VERSION(6, 1, 0)
#define EXIT_ZOMBIE 16
#define EXIT_DEAD 32
#define TASK_DEAD 64
#define TASK_WAKEKILL 128
#define TASK_WAKING 256
#define TASK_PARKED 512
#define TASK_TRACED (TASK_WAKEKILL | __TASK_TRACED)
#else
#define EXIT_DEAD 0x10
#define EXIT_ZOMBIE 0x20
#define TASK_PARKED 0x40
#define TASK_DEAD 0x80
#define TASK_WAKEKILL 0x100
#define TASK_WAKING 0x200
#define TASK_NOLOAD 0x400
#define TASK_NEW 0x800
#define TASK_RTLOCK_WAIT 0x1000
#define TASK_FREEZABLE 0x2000
#define TASK_FROZEN 0x8000
#define TASK_TRACED __TASK_TRACED
#define TASK_IDLE (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)
#define task_is_running(task) (READ_ONCE((task)->__state) == TASK_RUNNING)
#define get_current_state() READ_ONCE(current->__state)
#define set_special_state(value)						\
do {										\
	unsigned long flags__;							\
	raw_spin_lock_irqsave(&current->pi_lock, flags__);			\
	WRITE_ONCE(current->__state, (value));					\
	raw_spin_unlock_irqrestore(&current->pi_lock, flags__);			\
} while (0)
#endif

/* Who sleeps here is neither killed nor interrupted, and no task goes away. */
#define signal_pending_state(state, task)					\
	(((state) & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) && signal_pending(task))
#define get_task_struct(task) (task)
#define put_task_struct(task) ((void)(task))
#define io_schedule() schedule()
#define schedule_preempt_disabled() schedule()

#endif
