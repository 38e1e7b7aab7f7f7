// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: unlocks a spinlock that it does not hold. The task's
 * preemption count goes below zero, which the kernel notices when the init
 * function returns.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);

static int __init unlock_without_lock_init(void)
{
	spin_unlock_bh(&lock);
	return 0;
}

static void __exit unlock_without_lock_exit(void)
{
}

module_init(unlock_without_lock_init);
module_exit(unlock_without_lock_exit);

MODULE_DESCRIPTION("Faulty on purpose: unlocks what it has not locked");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
