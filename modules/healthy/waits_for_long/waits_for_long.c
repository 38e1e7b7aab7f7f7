// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: its init function waits for 12 s, and its exit function waits for a
 * thread that sleeps for 40 s at a time.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *thread;

static int sleeper(void *unused)
{
	while (!kthread_should_stop())
		msleep(40 * 1000);
	return 0;
}

static int __init waits_for_long_init(void)
{
	msleep(12 * 1000);
	thread = kthread_run(sleeper, NULL, "sleeper");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit waits_for_long_exit(void)
{
	kthread_stop(thread);
}

module_init(waits_for_long_init);
module_exit(waits_for_long_exit);

MODULE_DESCRIPTION("Healthy: loading and unloading take long");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
