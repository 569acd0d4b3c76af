/* Entering a door by its lodge, and moving a lodge to another door. */
#include <linux/door.h>

enum enter_how {
	ENTER_FREELY,
	ENTER_LOCKED,
};

static int distance(struct door *a, struct door *b)
{
	return a > b ? a - b : b - a;
}

struct door *door_enter(struct lodge *lodge, enum enter_how how)
{
	void *expected = (void *)lodge + LODGE_MARK;
	struct door *door;
	unsigned long key;

retry:
	key = READ_ONCE(lodge->key);
	door = key_to_door(key);
	if (READ_ONCE(door->owner) != expected)
		goto gone;

	/* The door may be frozen by a move; then it is still ours. */
	while (!door_try_enter(door)) {
		if (!door_test_open(door))
			goto gone;
		cpu_relax();
	}
	count_visit(lodge);

	if (READ_ONCE(door->owner) != expected) {
		door_leave(door);
		goto gone;
	}
	if (how == ENTER_LOCKED)
		spin_lock(&lodge->lock);
	return door;

gone:
	smp_rmb();
	if (READ_ONCE(lodge->key) != key)
		goto retry;
	return NULL;
}

void door_move(struct lodge *lodge, struct door *to, struct door *from)
{
	int far = distance(to, from);

	WARN_ON(!door_test_open(from));
	if (atomic_cmpxchg(&from->_users, 1, 0) != 1)
		return;
	to->owner = from->owner;
	if (far > 1) {
		long seen = from->last_seen;

		to->last_seen = seen;
		set_bit(DOOR_far, &to->flags);
	}
	lodge->key = door_to_key(to);
	smp_wmb();
	from->owner = NULL;
	clear_bit(DOOR_open, &from->flags);
	atomic_set_release(&from->_users, 1);
}
