// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: stops its thread twice. The first kthread_stop() drops
 * the last reference, and the second one uses a task that is gone.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *thread;

static int wait_for_stop(void *unused)
{
	while (!kthread_should_stop())
		msleep(10);
	return 0;
}

static int __init kthread_stop_twice_init(void)
{
	thread = kthread_run(wait_for_stop, NULL, "stopped_twice");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit kthread_stop_twice_exit(void)
{
	kthread_stop(thread);
	/* Waits until RCU has freed the task. */
	msleep(200);
	kthread_stop(thread);
	pr_info("kthread_stop_twice: stopped twice\n");
}

module_init(kthread_stop_twice_init);
module_exit(kthread_stop_twice_exit);

MODULE_DESCRIPTION("Faulty on purpose: stops its thread twice");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
