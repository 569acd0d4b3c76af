/*
 * Static keys, under the name that include/linux/static_key.h has for them.
 */
#include <linux/jump_label.h>
