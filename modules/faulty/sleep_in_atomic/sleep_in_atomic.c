// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: sleeps while it holds a spinlock and softirqs are off.
 * The scheduler of every kernel detects it.
 */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);

static int __init sleep_in_atomic_init(void)
{
	spin_lock_bh(&lock);
	msleep(20);
	spin_unlock_bh(&lock);
	return 0;
}

static void __exit sleep_in_atomic_exit(void)
{
}

module_init(sleep_in_atomic_init);
module_exit(sleep_in_atomic_exit);

MODULE_DESCRIPTION("Faulty on purpose: sleeps in atomic context");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
