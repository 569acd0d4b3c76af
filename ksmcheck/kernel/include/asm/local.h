/*
 * Counters that their own CPU alone changes, and others may look at. Written for ksmcheck after
 * include/asm-generic/local.h and arch/{alpha,powerpc,x86}/include/asm/local.h of kernels 6.1 and 6.12.
 *
 * Some machines have atomics for it, which are full barriers where they return a value; x86 has instructions
 * without lock, POWER plain accesses with interrupts off. What holds on all of them is this: accesses of the
 * own CPU, marked, and not ordered with others.
 */
#ifndef KSMCHECK_ASM_LOCAL_H
#define KSMCHECK_ASM_LOCAL_H

typedef struct {
	atomic_long_t a;
} local_t;

#define LOCAL_INIT(i) { ATOMIC_LONG_INIT(i) }
#define KSMCHECK_LOCAL(l) (*(volatile long *)&(l)->a.counter)

#define local_read(l) KSMCHECK_LOCAL(l)
#define local_set(l, i) ((void)(KSMCHECK_LOCAL(l) = (i)))

static inline long local_add_return(long i, local_t *l)
{
	long sum = KSMCHECK_LOCAL(l) + i;

	KSMCHECK_LOCAL(l) = sum;
	return sum;
}

static inline long local_xchg(local_t *l, long n)
{
	long old = KSMCHECK_LOCAL(l);

	KSMCHECK_LOCAL(l) = n;
	return old;
}

static inline long local_cmpxchg(local_t *l, long o, long n)
{
	long old = KSMCHECK_LOCAL(l);

	if (old == o)
		KSMCHECK_LOCAL(l) = n;
	return old;
}

static inline bool local_try_cmpxchg(local_t *l, long *o, long n)
{
	long old = KSMCHECK_LOCAL(l);

	if (old != *o) {
		*o = old;
		return false;
	}
	KSMCHECK_LOCAL(l) = n;
	return true;
}

static inline bool local_add_unless(local_t *l, long i, long u)
{
	long old = KSMCHECK_LOCAL(l);

	if (old == u)
		return false;
	KSMCHECK_LOCAL(l) = old + i;
	return true;
}

#define local_add(i, l) ((void)local_add_return(i, l))
#define local_sub(i, l) ((void)local_add_return(-(i), l))
#define local_inc(l) ((void)local_add_return(1, l))
#define local_dec(l) ((void)local_add_return(-1, l))
#define local_sub_return(i, l) local_add_return(-(i), l)
#define local_inc_return(l) local_add_return(1, l)
#define local_dec_return(l) local_add_return(-1, l)
#define local_sub_and_test(i, l) (local_add_return(-(i), l) == 0)
#define local_dec_and_test(l) (local_add_return(-1, l) == 0)
#define local_inc_and_test(l) (local_add_return(1, l) == 0)
#define local_add_negative(i, l) (local_add_return(i, l) < 0)
#define local_inc_not_zero(l) local_add_unless(l, 1, 0)

#endif
