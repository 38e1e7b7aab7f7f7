// SPDX-License-Identifier: GPL-2.0
/*
 * @name@ - a kernel thread that wakes up periodically
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

static unsigned int period_ms = 100;
module_param(period_ms, uint, 0444);
MODULE_PARM_DESC(period_ms, "milliseconds from one wake-up to the next (default 100)");

static struct task_struct *thread;

static int @ident@_thread_fn(void *unused)
{
	unsigned long rounds = 0;

	pr_info("thread started\n");
	for (;;) {
		/* Before the check, so that a kthread_stop() in between wakes us. */
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule_timeout(msecs_to_jiffies(period_ms));
		pr_info("round %lu\n", ++rounds);
	}
	__set_current_state(TASK_RUNNING);
	pr_info("thread stopped\n");
	return 0;
}

static int __init @ident@_module_init(void)
{
	if (!period_ms) {
		pr_err("period_ms has to be at least 1\n");
		return -EINVAL;
	}
	thread = kthread_run(@ident@_thread_fn, NULL, "@ident@");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit @ident@_module_exit(void)
{
	kthread_stop(thread);
}

module_init(@ident@_module_init);
module_exit(@ident@_module_exit);

MODULE_DESCRIPTION("A kernel thread that wakes up periodically");
MODULE_LICENSE("GPL");
