// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: has a thread in an uninterruptible sleep indefinitely,
 * which nothing can stop.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static struct task_struct *thread;

static int sleep(void *unused)
{
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	}
	return 0;
}

static int __init sleeps_for_ever_init(void)
{
	thread = kthread_run(sleep, NULL, "sleeps_for_ever");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit sleeps_for_ever_exit(void)
{
	kthread_stop(thread);
}

module_init(sleeps_for_ever_init);
module_exit(sleeps_for_ever_exit);

MODULE_DESCRIPTION("Faulty on purpose: a thread that sleeps indefinitely");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
