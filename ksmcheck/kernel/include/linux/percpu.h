/*
 * Variables that each CPU has a copy of. Written for ksmcheck after include/linux/percpu-defs.h and
 * include/asm-generic/percpu.h of kernels 6.1 and 6.12, and include/linux/percpu.h of 3.9.
 *
 * A thread is a CPU, which it does not leave: P1 runs on CPU 1. The copies lie a fixed distance apart,
 * and are called x, x@1, x@2, ... A CPU's own operations are plain accesses, as the generic ones are: no
 * other CPU takes part in them, and one that stores to the copy may come in between. Interrupts, which
 * they are made against, are not modelled.
 */
#ifndef KSMCHECK_LINUX_PERCPU_H
#define KSMCHECK_LINUX_PERCPU_H

#define DECLARE_PER_CPU(type, name) extern __ksmcheck_per_cpu typeof(type) name
#define DEFINE_PER_CPU(type, name) __ksmcheck_per_cpu typeof(type) name
#define DECLARE_PER_CPU_ALIGNED(type, name) DECLARE_PER_CPU(type, name)
#define DEFINE_PER_CPU_ALIGNED(type, name) DEFINE_PER_CPU(type, name)
#define DECLARE_PER_CPU_SHARED_ALIGNED(type, name) DECLARE_PER_CPU(type, name)
#define DEFINE_PER_CPU_SHARED_ALIGNED(type, name) DEFINE_PER_CPU(type, name)
#define DECLARE_PER_CPU_PAGE_ALIGNED(type, name) DECLARE_PER_CPU(type, name)
#define DEFINE_PER_CPU_PAGE_ALIGNED(type, name) DEFINE_PER_CPU(type, name)
#define DECLARE_PER_CPU_READ_MOSTLY(type, name) DECLARE_PER_CPU(type, name)
#define DEFINE_PER_CPU_READ_MOSTLY(type, name) DEFINE_PER_CPU(type, name)

/* --- which copy ----------------------------------------------------------------------------- */

#define nr_cpu_ids num_possible_cpus()
#define num_online_cpus() num_possible_cpus()
#define raw_smp_processor_id() smp_processor_id()
#define get_cpu() ({ preempt_disable(); smp_processor_id(); })
#define put_cpu() preempt_enable()

#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < num_possible_cpus(); (cpu)++)
#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu)

#define KSMCHECK_PER_CPU_DISTANCE 0x100000UL
#define per_cpu_ptr(ptr, cpu)							\
	((typeof(ptr))((unsigned long)(ptr) + KSMCHECK_PER_CPU_DISTANCE * (unsigned long)(cpu)))
#define per_cpu(var, cpu) (*per_cpu_ptr(&(var), cpu))
#define this_cpu_ptr(ptr) per_cpu_ptr(ptr, smp_processor_id())
#define raw_cpu_ptr(ptr) this_cpu_ptr(ptr)
#if KSMCHECK_KERNEL < KERNEL_VERSION(6, 1, 0)
#define __this_cpu_ptr(ptr) this_cpu_ptr(ptr)
#define __get_cpu_var(var) (*this_cpu_ptr(&(var)))
#endif

#define get_cpu_var(var) (*({ preempt_disable(); this_cpu_ptr(&(var)); }))
#define put_cpu_var(var) preempt_enable()
#define get_cpu_ptr(ptr) ({ preempt_disable(); this_cpu_ptr(ptr); })
#define put_cpu_ptr(ptr) preempt_enable()

/* --- a CPU's own operations ----------------------------------------------------------------- */

/* One access: volatile, without what READ_ONCE has behind it on Alpha. */
#define this_cpu_read(var) (*(volatile typeof(var) *)this_cpu_ptr(&(var)))
#define this_cpu_write(var, val) ((void)(*this_cpu_ptr(&(var)) = (val)))
#define this_cpu_add(var, val) ((void)(*this_cpu_ptr(&(var)) += (val)))
#define this_cpu_sub(var, val) ((void)(*this_cpu_ptr(&(var)) -= (val)))
#define this_cpu_and(var, val) ((void)(*this_cpu_ptr(&(var)) &= (val)))
#define this_cpu_or(var, val) ((void)(*this_cpu_ptr(&(var)) |= (val)))
#define this_cpu_inc(var) this_cpu_add(var, 1)
#define this_cpu_dec(var) this_cpu_sub(var, 1)
#define this_cpu_add_return(var, val) (*this_cpu_ptr(&(var)) += (val))
#define this_cpu_sub_return(var, val) (*this_cpu_ptr(&(var)) -= (val))
#define this_cpu_inc_return(var) this_cpu_add_return(var, 1)
#define this_cpu_dec_return(var) this_cpu_sub_return(var, 1)
#define this_cpu_xchg(var, val)							\
({										\
	typeof(&(var)) own__ = this_cpu_ptr(&(var));				\
	typeof(var) old__ = *own__;						\
	*own__ = (val);								\
	old__;									\
})
#define this_cpu_cmpxchg(var, old, new) cmpxchg_local(this_cpu_ptr(&(var)), old, new)
#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 12, 0)
#define this_cpu_try_cmpxchg(var, old, new) try_cmpxchg_local(this_cpu_ptr(&(var)), old, new)
#endif

/* The same, for callers that cannot be preempted (__) or do not mind it (raw_); their reads are plain. */
#define __this_cpu_read(var) (*this_cpu_ptr(&(var)))
#define __this_cpu_write(var, val) this_cpu_write(var, val)
#define __this_cpu_add(var, val) this_cpu_add(var, val)
#define __this_cpu_sub(var, val) this_cpu_sub(var, val)
#define __this_cpu_and(var, val) this_cpu_and(var, val)
#define __this_cpu_or(var, val) this_cpu_or(var, val)
#define __this_cpu_inc(var) this_cpu_inc(var)
#define __this_cpu_dec(var) this_cpu_dec(var)
#define __this_cpu_add_return(var, val) this_cpu_add_return(var, val)
#define __this_cpu_sub_return(var, val) this_cpu_sub_return(var, val)
#define __this_cpu_inc_return(var) this_cpu_inc_return(var)
#define __this_cpu_dec_return(var) this_cpu_dec_return(var)
#define __this_cpu_xchg(var, val) this_cpu_xchg(var, val)
#define __this_cpu_cmpxchg(var, old, new) this_cpu_cmpxchg(var, old, new)
#if KSMCHECK_KERNEL >= KERNEL_VERSION(6, 1, 0)
#define raw_cpu_read(var) (*this_cpu_ptr(&(var)))
#define raw_cpu_write(var, val) this_cpu_write(var, val)
#define raw_cpu_add(var, val) this_cpu_add(var, val)
#define raw_cpu_sub(var, val) this_cpu_sub(var, val)
#define raw_cpu_inc(var) this_cpu_inc(var)
#define raw_cpu_dec(var) this_cpu_dec(var)
#endif

#endif
