/*
 * Sequence counters and sequential locks, as the kernel has them on SMP without PREEMPT_RT and
 * without lockdep. Written for ksmcheck after include/linux/seqlock.h of kernels 3.9, 3.13, 6.1 and
 * 6.12; each function contains its accesses itself, so that a site is named after what was called.
 *
 * The counter is incremented by plain accesses, as the kernel does it. KCSAN is told to leave them
 * alone (kcsan_nestable_atomic_begin); LKMM has no word for that, and reports the race. What it says
 * of their order is asked with -D KSMCHECK_MARKED_SEQUENCE, which has them marked.
 */
#ifndef KSMCHECK_LINUX_SEQLOCK_H
#define KSMCHECK_LINUX_SEQLOCK_H

typedef struct seqcount {
	unsigned sequence;
} seqcount_t;

#if KSMCHECK_KERNEL < KERNEL_VERSION(3, 13, 0)
#define SEQCNT_ZERO { 0 }
#define KSMCHECK_SEQCNT_ZERO(name) SEQCNT_ZERO
#else
#define SEQCNT_ZERO(name) { .sequence = 0 }
#define KSMCHECK_SEQCNT_ZERO(name) SEQCNT_ZERO(name)
#endif

#define seqcount_init(s) ((void)((s)->sequence = 0))

/* --- readers ------------------------------------------------------------------------------- */

#if KSMCHECK_KERNEL < KERNEL_VERSION(6, 12, 0)

static inline unsigned __read_seqcount_begin(const seqcount_t *s)
{
	unsigned seq;

	while ((seq = READ_ONCE(s->sequence)) & 1)
		cpu_relax();
	return seq;
}

static inline unsigned read_seqcount_begin(const seqcount_t *s)
{
	unsigned seq;

	while ((seq = READ_ONCE(s->sequence)) & 1)
		cpu_relax();
	smp_rmb();
	return seq;
}

static inline unsigned raw_seqcount_begin(const seqcount_t *s)
{
	unsigned seq = READ_ONCE(s->sequence);

	smp_rmb();
	return seq & ~1;
}

#if KSMCHECK_KERNEL >= KERNEL_VERSION(3, 14, 0)
static inline unsigned raw_read_seqcount_begin(const seqcount_t *s)
{
	unsigned seq;

	while ((seq = READ_ONCE(s->sequence)) & 1)
		cpu_relax();
	smp_rmb();
	return seq;
}
#endif

#if KSMCHECK_KERNEL >= KERNEL_VERSION(4, 2, 0)
static inline unsigned raw_read_seqcount(const seqcount_t *s)
{
	unsigned seq = READ_ONCE(s->sequence);

	smp_rmb();
	return seq;
}
#endif

#else /* 6.12: an acquire load takes the place of the load and the read barrier. */

static inline unsigned __read_seqcount_begin(const seqcount_t *s)
{
	unsigned seq;

	while ((seq = smp_load_acquire(&s->sequence)) & 1)
		cpu_relax();
	return seq;
}

static inline unsigned read_seqcount_begin(const seqcount_t *s)
{
	unsigned seq;

	while ((seq = smp_load_acquire(&s->sequence)) & 1)
		cpu_relax();
	return seq;
}

static inline unsigned raw_read_seqcount_begin(const seqcount_t *s)
{
	unsigned seq;

	while ((seq = smp_load_acquire(&s->sequence)) & 1)
		cpu_relax();
	return seq;
}

static inline unsigned raw_read_seqcount(const seqcount_t *s)
{
	return smp_load_acquire(&s->sequence);
}

static inline unsigned raw_seqcount_begin(const seqcount_t *s)
{
	return smp_load_acquire(&s->sequence) & ~1;
}

#endif

/* The reader's second look was a plain one until KCSAN came, in 5.8. */
#if KSMCHECK_KERNEL < KERNEL_VERSION(5, 8, 0) && !defined(KSMCHECK_MARKED_SEQUENCE)

static inline int __read_seqcount_retry(const seqcount_t *s, unsigned start)
{
	return s->sequence != start;
}

static inline int read_seqcount_retry(const seqcount_t *s, unsigned start)
{
	smp_rmb();
	return s->sequence != start;
}

#else

static inline int __read_seqcount_retry(const seqcount_t *s, unsigned start)
{
	return READ_ONCE(s->sequence) != start;
}

static inline int read_seqcount_retry(const seqcount_t *s, unsigned start)
{
	smp_rmb();
	return READ_ONCE(s->sequence) != start;
}

#endif

/* --- writers ------------------------------------------------------------------------------- */

static inline void write_seqcount_begin(seqcount_t *s)
{
#ifdef KSMCHECK_MARKED_SEQUENCE
	WRITE_ONCE(s->sequence, s->sequence + 1);
#else
	s->sequence++;
#endif
	smp_wmb();
}

static inline void write_seqcount_end(seqcount_t *s)
{
	smp_wmb();
#ifdef KSMCHECK_MARKED_SEQUENCE
	WRITE_ONCE(s->sequence, s->sequence + 1);
#else
	s->sequence++;
#endif
}

#if KSMCHECK_KERNEL >= KERNEL_VERSION(3, 13, 0)
#define write_seqcount_begin_nested(s, subclass) write_seqcount_begin(s)
#endif

#if KSMCHECK_KERNEL >= KERNEL_VERSION(3, 14, 0)
static inline void raw_write_seqcount_begin(seqcount_t *s)
{
#ifdef KSMCHECK_MARKED_SEQUENCE
	WRITE_ONCE(s->sequence, s->sequence + 1);
#else
	s->sequence++;
#endif
	smp_wmb();
}

static inline void raw_write_seqcount_end(seqcount_t *s)
{
	smp_wmb();
#ifdef KSMCHECK_MARKED_SEQUENCE
	WRITE_ONCE(s->sequence, s->sequence + 1);
#else
	s->sequence++;
#endif
}

#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 1, 0)
/* The names of the two for a plain seqcount_t, which include/linux/mmap_lock.h calls. */
#define do_raw_write_seqcount_begin(s) raw_write_seqcount_begin(s)
#define do_raw_write_seqcount_end(s) raw_write_seqcount_end(s)
#endif
#endif

#if KSMCHECK_KERNEL < KERNEL_VERSION(4, 2, 0)
static inline void write_seqcount_barrier(seqcount_t *s)
{
	smp_wmb();
#ifdef KSMCHECK_MARKED_SEQUENCE
	WRITE_ONCE(s->sequence, s->sequence + 2);
#else
	s->sequence += 2;
#endif
}
#else
static inline void write_seqcount_invalidate(seqcount_t *s)
{
	smp_wmb();
#ifdef KSMCHECK_MARKED_SEQUENCE
	WRITE_ONCE(s->sequence, s->sequence + 2);
#else
	s->sequence += 2;
#endif
}

static inline void raw_write_seqcount_barrier(seqcount_t *s)
{
#ifdef KSMCHECK_MARKED_SEQUENCE
	WRITE_ONCE(s->sequence, s->sequence + 1);
#else
	s->sequence++;
#endif
	smp_wmb();
#ifdef KSMCHECK_MARKED_SEQUENCE
	WRITE_ONCE(s->sequence, s->sequence + 1);
#else
	s->sequence++;
#endif
}
#endif

/*
 * Counters with a lock that is known to lockdep. Without lockdep they are counters. That of a mutex
 * is not here: its writers disable preemption, and no function of C tells the two types apart.
 */
#if KSMCHECK_KERNEL >= KERNEL_VERSION(5, 9, 0)
typedef seqcount_t seqcount_raw_spinlock_t;
typedef seqcount_t seqcount_spinlock_t;
typedef seqcount_t seqcount_rwlock_t;

#define seqcount_raw_spinlock_init(s, lock) seqcount_init(s)
#define seqcount_spinlock_init(s, lock) seqcount_init(s)
#define seqcount_rwlock_init(s, lock) seqcount_init(s)
#define SEQCNT_RAW_SPINLOCK_ZERO(name, lock) SEQCNT_ZERO(name)
#define SEQCNT_SPINLOCK_ZERO(name, lock) SEQCNT_ZERO(name)
#define SEQCNT_RWLOCK_ZERO(name, lock) SEQCNT_ZERO(name)
#endif

/* --- latches: two copies, of which one is always whole -------------------------------------- */

#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 1, 0)
typedef struct {
	seqcount_t seqcount;
} seqcount_latch_t;

#define SEQCNT_LATCH_ZERO(name) { .seqcount = SEQCNT_ZERO(name.seqcount) }
#define seqcount_latch_init(s) seqcount_init(&(s)->seqcount)

static inline unsigned raw_read_seqcount_latch(const seqcount_latch_t *s)
{
	return READ_ONCE(s->seqcount.sequence);
}

static inline unsigned read_seqcount_latch(const seqcount_latch_t *s)
{
	return READ_ONCE(s->seqcount.sequence);
}

static inline int raw_read_seqcount_latch_retry(const seqcount_latch_t *s, unsigned start)
{
	smp_rmb();
	return READ_ONCE(s->seqcount.sequence) != start;
}

static inline int read_seqcount_latch_retry(const seqcount_latch_t *s, unsigned start)
{
	smp_rmb();
	return READ_ONCE(s->seqcount.sequence) != start;
}

static inline void raw_write_seqcount_latch(seqcount_latch_t *s)
{
	smp_wmb();
#ifdef KSMCHECK_MARKED_SEQUENCE
	WRITE_ONCE(s->seqcount.sequence, s->seqcount.sequence + 1);
#else
	s->seqcount.sequence++;
#endif
	smp_wmb();
}

static inline void write_seqcount_latch_begin(seqcount_latch_t *s)
{
	smp_wmb();
#ifdef KSMCHECK_MARKED_SEQUENCE
	WRITE_ONCE(s->seqcount.sequence, s->seqcount.sequence + 1);
#else
	s->seqcount.sequence++;
#endif
	smp_wmb();
}

static inline void write_seqcount_latch(seqcount_latch_t *s)
{
	smp_wmb();
#ifdef KSMCHECK_MARKED_SEQUENCE
	WRITE_ONCE(s->seqcount.sequence, s->seqcount.sequence + 1);
#else
	s->seqcount.sequence++;
#endif
	smp_wmb();
}

#define write_seqcount_latch_end(s) ((void)(s))
#endif

/* --- sequential locks: a counter and the lock of its writers -------------------------------- */

typedef struct {
	seqcount_t seqcount;
	spinlock_t lock;
} seqlock_t;

#define __SEQLOCK_UNLOCKED(name) { .seqcount = KSMCHECK_SEQCNT_ZERO(name) }
#define DEFINE_SEQLOCK(name) seqlock_t name = __SEQLOCK_UNLOCKED(name)

#define seqlock_init(sl)					\
	do {							\
		(sl)->lock = (spinlock_t){ 0 };			\
		seqcount_init(&(sl)->seqcount);			\
	} while (0)

static inline unsigned read_seqbegin(const seqlock_t *sl)
{
	return read_seqcount_begin(&sl->seqcount);
}

static inline unsigned read_seqretry(const seqlock_t *sl, unsigned start)
{
	return read_seqcount_retry(&sl->seqcount, start);
}

static inline void write_seqlock(seqlock_t *sl)
{
	spin_lock(&sl->lock);
	write_seqcount_begin(&sl->seqcount);
}

static inline void write_sequnlock(seqlock_t *sl)
{
	write_seqcount_end(&sl->seqcount);
	spin_unlock(&sl->lock);
}

static inline void write_seqlock_bh(seqlock_t *sl)
{
	spin_lock_bh(&sl->lock);
	write_seqcount_begin(&sl->seqcount);
}

static inline void write_sequnlock_bh(seqlock_t *sl)
{
	write_seqcount_end(&sl->seqcount);
	spin_unlock_bh(&sl->lock);
}

static inline void write_seqlock_irq(seqlock_t *sl)
{
	spin_lock_irq(&sl->lock);
	write_seqcount_begin(&sl->seqcount);
}

static inline void write_sequnlock_irq(seqlock_t *sl)
{
	write_seqcount_end(&sl->seqcount);
	spin_unlock_irq(&sl->lock);
}

static inline unsigned long __write_seqlock_irqsave(seqlock_t *sl)
{
	unsigned long flags = 0;

	spin_lock_irqsave(&sl->lock, flags);
	write_seqcount_begin(&sl->seqcount);
	return flags;
}

#define write_seqlock_irqsave(sl, flags) ((void)((flags) = __write_seqlock_irqsave(sl)))

static inline void write_sequnlock_irqrestore(seqlock_t *sl, unsigned long flags)
{
	write_seqcount_end(&sl->seqcount);
	spin_unlock_irqrestore(&sl->lock, flags);
}

/* Readers that keep writers out. */
#if KSMCHECK_KERNEL >= KERNEL_VERSION(3, 13, 0)
static inline void read_seqlock_excl(seqlock_t *sl)
{
	spin_lock(&sl->lock);
}

static inline void read_sequnlock_excl(seqlock_t *sl)
{
	spin_unlock(&sl->lock);
}

static inline void read_seqbegin_or_lock(seqlock_t *sl, int *seq)
{
	if (!(*seq & 1))
		*seq = read_seqbegin(sl);
	else
		read_seqlock_excl(sl);
}

static inline int need_seqretry(seqlock_t *sl, int seq)
{
	return !(seq & 1) && read_seqretry(sl, seq);
}

static inline void done_seqretry(seqlock_t *sl, int seq)
{
	if (seq & 1)
		read_sequnlock_excl(sl);
}
#endif

#endif
