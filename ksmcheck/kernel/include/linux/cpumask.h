/*
 * Sets of CPUs. Written for ksmcheck after include/linux/cpumask.h and cpumask_types.h of kernels 6.1 and
 * 6.12, with NR_CPUS of 64: a set is one word.
 *
 * A thread is a CPU, and all are there from the first to the last. What takes one CPU into a set or out of it
 * is an atomic bit operation, which orders nothing unless it tells what was there before; with __, and of whole
 * sets, it is plain accesses to the word. So is the search for CPUs of a set.
 */
#ifndef KSMCHECK_LINUX_CPUMASK_H
#define KSMCHECK_LINUX_CPUMASK_H

#include <linux/percpu.h>

#define NR_CPUS 64
#define nr_cpumask_bits nr_cpu_ids

struct cpumask {
	unsigned long bits[1];
};
typedef struct cpumask cpumask_t;
typedef struct cpumask cpumask_var_t[1];

#define cpumask_bits(maskp) ((maskp)->bits)
#define CPU_MASK_NONE { { 0 } }
#define CPU_MASK_CPU0 { { 1 } }

/* --- one CPU -------------------------------------------------------------------------------- */

static inline void cpumask_set_cpu(unsigned int cpu, struct cpumask *dstp)
{
	set_bit(cpu, dstp->bits);
}

static inline void __cpumask_set_cpu(unsigned int cpu, struct cpumask *dstp)
{
	__set_bit(cpu, dstp->bits);
}

static inline void cpumask_clear_cpu(int cpu, struct cpumask *dstp)
{
	clear_bit(cpu, dstp->bits);
}

static inline void __cpumask_clear_cpu(int cpu, struct cpumask *dstp)
{
	__clear_bit(cpu, dstp->bits);
}

static inline bool cpumask_test_cpu(int cpu, const struct cpumask *cpumask)
{
	return test_bit(cpu, cpumask->bits);
}

static inline bool cpumask_test_and_set_cpu(int cpu, struct cpumask *cpumask)
{
	return test_and_set_bit(cpu, cpumask->bits);
}

static inline bool cpumask_test_and_clear_cpu(int cpu, struct cpumask *cpumask)
{
	return test_and_clear_bit(cpu, cpumask->bits);
}

/* --- all of them ---------------------------------------------------------------------------- */

#define cpumask_clear(dstp) bitmap_zero((dstp)->bits, NR_CPUS)
#define cpumask_setall(dstp) ((void)((dstp)->bits[0] = (1UL << nr_cpu_ids) - 1))
#define cpumask_copy(dstp, srcp) bitmap_copy((dstp)->bits, (srcp)->bits, NR_CPUS)
#define cpumask_and(dstp, a, b) bitmap_and((dstp)->bits, (a)->bits, (b)->bits, NR_CPUS)
#define cpumask_andnot(dstp, a, b) bitmap_andnot((dstp)->bits, (a)->bits, (b)->bits, NR_CPUS)
#define cpumask_or(dstp, a, b) bitmap_or((dstp)->bits, (a)->bits, (b)->bits, NR_CPUS)
#define cpumask_equal(a, b) bitmap_equal((a)->bits, (b)->bits, NR_CPUS)
#define cpumask_intersects(a, b) bitmap_intersects((a)->bits, (b)->bits, NR_CPUS)
#define cpumask_subset(a, b) bitmap_subset((a)->bits, (b)->bits, NR_CPUS)
#define cpumask_empty(srcp) (find_first_bit((srcp)->bits, nr_cpu_ids) == nr_cpu_ids)
#define cpumask_full(srcp) (find_first_zero_bit((srcp)->bits, nr_cpu_ids) == nr_cpu_ids)
#define cpumask_weight(srcp) bitmap_weight((srcp)->bits, NR_CPUS)

#define cpumask_first(srcp) ((unsigned int)find_first_bit((srcp)->bits, nr_cpu_ids))
#define cpumask_first_zero(srcp) ((unsigned int)find_first_zero_bit((srcp)->bits, nr_cpu_ids))
#define cpumask_next(n, srcp)							\
	((unsigned int)find_next_bit((srcp)->bits, nr_cpu_ids, (unsigned long)((n) + 1)))
#define cpumask_any(srcp) cpumask_first(srcp)
#define for_each_cpu(cpu, mask) for_each_set_bit((cpu), (mask)->bits, nr_cpu_ids)

/* --- of which memory ------------------------------------------------------------------------- */

/* As without CPUMASK_OFFSTACK: the set is the variable. */
#define alloc_cpumask_var(mask, flags) ((void)(mask), true)
#define zalloc_cpumask_var(mask, flags) ({ cpumask_clear(*(mask)); true; })
#define free_cpumask_var(mask) ((void)(mask))
#define cpumask_available(mask) ((void)(mask), true)

#define cpu_online(cpu) ((cpu) < num_possible_cpus())
#define cpu_possible(cpu) cpu_online(cpu)

#endif
