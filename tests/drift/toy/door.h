/* The encoding of mm/door.c, as our suites are written. */
#define NULL ((void *)0)
#define LODGE_MARK 4

struct lodge {
	unsigned long key;
	spinlock_t lock;
};

struct door {
	unsigned long flags;
	atomic_t users;
	void *owner;
};

struct door all_doors[2];

enum how { FREELY, LOCKED };

static int try_enter(struct door *d)
{
	return atomic_add_unless(&d->users, 1, 0);
}

static void leave(struct door *d)
{
	int last = atomic_dec_and_test(&d->users);
}

static struct door *enter(struct lodge *l, enum how how)
{
	struct door *d;
	unsigned long k;

	while (1) {
		k = READ_ONCE(l->key);
		d = all_doors + k;
		if (READ_ONCE(d->owner) == (void *)l + LODGE_MARK) {
			while (1) {
				if (try_enter(d)) {
					if (READ_ONCE(d->owner) == (void *)l + LODGE_MARK) {
						if (how == LOCKED)
							spin_lock(&l->lock);
						return d;
					}
					leave(d);
					break;
				}
				if (!test_bit(DOOR_open, &d->flags))
					break;
				cpu_relax();
			}
		}
#ifndef VARIANT_no_rmb
		smp_rmb();
#endif
		if (READ_ONCE(l->key) == k)
			return NULL;
	}
}

static void move(struct lodge *l, struct door *new, struct door *old)
{
	if (atomic_cmpxchg(&old->users, 1, 0) == 1) {
		new->owner = old->owner;
		l->key = new - all_doors;
		smp_wmb();
		old->owner = NULL;
		clear_bit(DOOR_open, &old->flags);
		atomic_set_release(&old->users, 1);
	}
}
