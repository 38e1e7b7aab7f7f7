// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: two threads take two mutexes in opposite order. Each gets
 * its first one, and then both wait indefinitely.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static struct task_struct *threads[2];

static int wait_for_stop(void)
{
	while (!kthread_should_stop())
		msleep(10);
	return 0;
}

static int takes_first(void *unused)
{
	mutex_lock(&first);
	msleep(50);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	return wait_for_stop();
}

static int takes_second(void *unused)
{
	mutex_lock(&second);
	msleep(50);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return wait_for_stop();
}

static int __init abba_deadlock_init(void)
{
	threads[0] = kthread_run(takes_first, NULL, "takes_first");
	if (IS_ERR(threads[0]))
		return PTR_ERR(threads[0]);
	threads[1] = kthread_run(takes_second, NULL, "takes_second");
	if (IS_ERR(threads[1])) {
		kthread_stop(threads[0]);
		return PTR_ERR(threads[1]);
	}
	return 0;
}

static void __exit abba_deadlock_exit(void)
{
	kthread_stop(threads[0]);
	kthread_stop(threads[1]);
	pr_info("abba_deadlock: both have ended\n");
}

module_init(abba_deadlock_init);
module_exit(abba_deadlock_exit);

MODULE_DESCRIPTION("Faulty on purpose: two threads deadlock");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
