// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: locks a mutex that it already holds, and waits for itself
 * indefinitely.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(mutex);

static noinline void lock_again(void)
{
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
}

static int __init recursive_mutex_init(void)
{
	mutex_lock(&mutex);
	lock_again();
	mutex_unlock(&mutex);
	return 0;
}

static void __exit recursive_mutex_exit(void)
{
}

module_init(recursive_mutex_init);
module_exit(recursive_mutex_exit);

MODULE_DESCRIPTION("Faulty on purpose: locks a mutex twice");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
