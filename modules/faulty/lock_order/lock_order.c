// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: takes two mutexes in one order, and later in the other.
 * It never deadlocks, because one thread does both; only lockdep detects that
 * two threads could.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static int __init lock_order_init(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static void __exit lock_order_exit(void)
{
}

module_init(lock_order_init);
module_exit(lock_order_exit);

MODULE_DESCRIPTION("Faulty on purpose: takes locks in two orders");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
