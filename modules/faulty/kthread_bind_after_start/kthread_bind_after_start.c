// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: binds its thread to a CPU when the thread runs already.
 * kthread_bind() is for threads that are created but not started, and warns
 * about others.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *thread;

static int wait_for_stop(void *unused)
{
	/* Not TASK_UNINTERRUPTIBLE: kthread_bind() takes that for not started. */
	while (!kthread_should_stop())
		msleep_interruptible(10);
	return 0;
}

static int __init kthread_bind_after_start_init(void)
{
	thread = kthread_run(wait_for_stop, NULL, "bound_late");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	msleep(50);
	kthread_bind(thread, 0);
	return 0;
}

static void __exit kthread_bind_after_start_exit(void)
{
	kthread_stop(thread);
}

module_init(kthread_bind_after_start_init);
module_exit(kthread_bind_after_start_exit);

MODULE_DESCRIPTION("Faulty on purpose: binds a thread that runs already");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
