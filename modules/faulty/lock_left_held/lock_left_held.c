// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: returns with a spinlock held. The kernel notices when the
 * init function returns.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);

static int __init lock_left_held_init(void)
{
	spin_lock_bh(&lock);
	return 0;
}

static void __exit lock_left_held_exit(void)
{
}

module_init(lock_left_held_init);
module_exit(lock_left_held_exit);

MODULE_DESCRIPTION("Faulty on purpose: returns with a spinlock held");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
