/*
 * Static keys. Written for ksmcheck after include/linux/jump_label.h and kernel/jump_label.c of kernels 6.1
 * and 6.12.
 *
 * A branch on a key is code that is patched, and no load: nothing is read, so nothing orders it, and no
 * later access waits for it. When another CPU comes to see the patched code is not modelled, so that a key
 * keeps the value that it is defined with: the branch is a constant. The key's type tells which; what a key
 * has in memory is never accessed.
 */
#ifndef KSMCHECK_LINUX_JUMP_LABEL_H
#define KSMCHECK_LINUX_JUMP_LABEL_H

struct static_key {
	int ksmcheck_told_by_type;
};

struct static_key_true {
	struct static_key key;
	char ksmcheck_key[0][2];
};

struct static_key_false {
	struct static_key key;
	char ksmcheck_key[0][1];
};

#define STATIC_KEY_TRUE_INIT { { 0 } }
#define STATIC_KEY_FALSE_INIT { { 0 } }

#define DEFINE_STATIC_KEY_TRUE(name) struct static_key_true name
#define DEFINE_STATIC_KEY_TRUE_RO(name) DEFINE_STATIC_KEY_TRUE(name)
#define DECLARE_STATIC_KEY_TRUE(name) extern struct static_key_true name
#define DEFINE_STATIC_KEY_FALSE(name) struct static_key_false name
#define DEFINE_STATIC_KEY_FALSE_RO(name) DEFINE_STATIC_KEY_FALSE(name)
#define DECLARE_STATIC_KEY_FALSE(name) extern struct static_key_false name
#define DEFINE_STATIC_KEY_ARRAY_TRUE(name, count) struct static_key_true name[count]
#define DEFINE_STATIC_KEY_ARRAY_FALSE(name, count) struct static_key_false name[count]

#define static_key_enabled(x) (sizeof((x)->ksmcheck_key[0]) == 2)
#define static_branch_likely(x) static_key_enabled(x)
#define static_branch_unlikely(x) static_key_enabled(x)
#define static_branch_maybe(config, x) static_key_enabled(x)

#define KSMCHECK_OLD_KEY							\
	({									\
		static_assert(0, "of a struct static_key, its type does not tell the value: use DEFINE_STATIC_KEY_FALSE or _TRUE, and static_branch_unlikely"); \
		0;								\
	})
#define static_key_false(key) KSMCHECK_OLD_KEY
#define static_key_true(key) KSMCHECK_OLD_KEY

#endif
