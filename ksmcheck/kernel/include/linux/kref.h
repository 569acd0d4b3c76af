/*
 * Counted references. Written for ksmcheck after include/linux/kref.h of kernels since 4.11, where
 * they are made of refcount_t. kref_put is a macro, so that what it is given is called by its name.
 */
#ifndef KSMCHECK_LINUX_KREF_H
#define KSMCHECK_LINUX_KREF_H

struct kref {
	refcount_t refcount;
};

#define KREF_INIT(n) { .refcount = { n } }

static inline void kref_init(struct kref *kref)
{
	refcount_set(&kref->refcount, 1);
}

static inline unsigned int kref_read(const struct kref *kref)
{
	return refcount_read(&kref->refcount);
}

static inline void kref_get(struct kref *kref)
{
	refcount_inc(&kref->refcount);
}

static inline int kref_get_unless_zero(struct kref *kref)
{
	return refcount_inc_not_zero(&kref->refcount);
}

#define kref_put(counted, release)						\
({										\
	struct kref *kref__ = (counted);					\
	int last__ = 0;								\
	if (refcount_dec_and_test(&kref__->refcount)) {				\
		release(kref__);						\
		last__ = 1;							\
	}									\
	last__;									\
})

#define kref_put_mutex(counted, release, lock)					\
({										\
	struct kref *kref__ = (counted);					\
	int put__ = 0;								\
	if (refcount_dec_and_mutex_lock(&kref__->refcount, lock)) {		\
		release(kref__);						\
		put__ = 1;							\
	}									\
	put__;									\
})

#define kref_put_lock(counted, release, lock)					\
({										\
	struct kref *kref__ = (counted);					\
	int put__ = 0;								\
	if (refcount_dec_and_lock(&kref__->refcount, lock)) {			\
		release(kref__);						\
		put__ = 1;							\
	}									\
	put__;									\
})

#endif
