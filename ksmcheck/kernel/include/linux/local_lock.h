/*
 * Locks of a CPU against itself. Written for ksmcheck after include/linux/local_lock.h and
 * local_lock_internal.h of kernels 6.1 and 6.12, without PREEMPT_RT and lockdep.
 *
 * Such a lock names what preemption or interrupts are switched off for. It keeps no other CPU out, and
 * nothing is stored in it: what is left is a compiler barrier.
 */
#ifndef KSMCHECK_LINUX_LOCAL_LOCK_H
#define KSMCHECK_LINUX_LOCAL_LOCK_H

#include <linux/percpu.h>

typedef struct {
	int ksmcheck_local_lock;
} local_lock_t;

#define INIT_LOCAL_LOCK(lockname) { 0 }

/* The argument is no more than looked at: with lockdep it is the CPU's own copy that is noted. */
#define KSMCHECK_LOCAL_LOCK(lock) ((void)sizeof((lock)->ksmcheck_local_lock))

#define local_lock_init(lock) KSMCHECK_LOCAL_LOCK(lock)
#define local_lock(lock) ({ KSMCHECK_LOCAL_LOCK(lock); preempt_disable(); })
#define local_unlock(lock) ({ KSMCHECK_LOCAL_LOCK(lock); preempt_enable(); })
#define local_lock_irq(lock) ({ KSMCHECK_LOCAL_LOCK(lock); local_irq_disable(); })
#define local_unlock_irq(lock) ({ KSMCHECK_LOCAL_LOCK(lock); local_irq_enable(); })
#define local_lock_irqsave(lock, flags) ({ KSMCHECK_LOCAL_LOCK(lock); local_irq_save(flags); })
#define local_unlock_irqrestore(lock, flags) ({ KSMCHECK_LOCAL_LOCK(lock); local_irq_restore(flags); })
#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 12, 0)
/* Where softirqs are off already. */
#define local_lock_nested_bh(lock) KSMCHECK_LOCAL_LOCK(lock)
#define local_unlock_nested_bh(lock) KSMCHECK_LOCAL_LOCK(lock)
#endif

#endif
