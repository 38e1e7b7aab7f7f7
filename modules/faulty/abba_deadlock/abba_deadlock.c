// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: two threads take two mutexes in opposite order. Each gets
 * its first one, and then both wait for ever.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static int takes_first(void *unused)
{
	mutex_lock(&first);
	msleep(50);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	return 0;
}

static int takes_second(void *unused)
{
	mutex_lock(&second);
	msleep(50);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static int __init abba_deadlock_init(void)
{
	struct task_struct *one = kthread_run(takes_first, NULL, "takes_first");
	struct task_struct *other;

	if (IS_ERR(one))
		return PTR_ERR(one);
	other = kthread_run(takes_second, NULL, "takes_second");
	return PTR_ERR_OR_ZERO(other);
}

static void __exit abba_deadlock_exit(void)
{
}

module_init(abba_deadlock_init);
module_exit(abba_deadlock_exit);

MODULE_DESCRIPTION("Faulty on purpose: two threads deadlock");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
