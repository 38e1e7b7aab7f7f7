// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: takes a mutex, which can sleep, while it holds a
 * spinlock. The mutex is free, so nothing happens; only a kernel with
 * CONFIG_DEBUG_ATOMIC_SLEEP can detect it.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);
static DEFINE_MUTEX(mutex);

static int __init might_sleep_in_atomic_init(void)
{
	spin_lock(&lock);
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	spin_unlock(&lock);
	return 0;
}

static void __exit might_sleep_in_atomic_exit(void)
{
}

module_init(might_sleep_in_atomic_init);
module_exit(might_sleep_in_atomic_exit);

MODULE_DESCRIPTION("Faulty on purpose: may sleep in atomic context");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
