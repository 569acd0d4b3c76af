/* Doors: what the functions of mm/door.c pass through. */
#ifndef _LINUX_DOOR_H
#define _LINUX_DOOR_H

struct lodge {
	unsigned long key;
	spinlock_t lock;
	int visits;
};

struct door {
	unsigned long flags;
	atomic_t _users;
	void *owner;
	long last_seen;
};

#define DOOR_FLAG(name)							\
static inline bool door_test_##name(struct door *door)			\
{ return test_bit(DOOR_##name, &door->flags); }

DOOR_FLAG(open)

static inline struct door *key_to_door(unsigned long key)
{
	return all_doors + key;
}

static inline unsigned long door_to_key(struct door *door)
{
	return door - all_doors;
}

/* Not while nobody is in: the door may be about to go. */
static inline bool door_try_enter(struct door *door)
{
	return likely(atomic_add_unless(&door->_users, 1, 0));
}

static inline void door_leave(struct door *door)
{
	if (atomic_dec_and_test(&door->_users))
		door_close(door);
}

static inline void count_visit(struct lodge *lodge)
{
	spin_lock(&lodge->lock);
	lodge->visits++;
	spin_unlock(&lodge->lock);
}

#endif
