// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kthread_run - a kernel thread that is created and started in one call
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *def_thread;

static int def_thread_task(void *unused)
{
	while (!kthread_should_stop()) {
		pr_info("Executing def_thread_task\n");
		msleep(1000);
	}
	return 0;
}

static int __init kthread_run_init(void)
{
	pr_info("Inside thread_init function\n");

	def_thread = kthread_run(def_thread_task, NULL, "kthread_run examples");
	if (IS_ERR(def_thread)) {
		pr_err("error creating thread\n");
		return PTR_ERR(def_thread);
	}
	/* The thread can have printed already: it does not wait for init. */
	pr_info("thread created successfully\n");
	return 0;
}

static void __exit kthread_run_exit(void)
{
	pr_info("Inside kthread exit function\n");
	kthread_stop(def_thread);
	pr_info("Destroyed thread\n");
}

module_init(kthread_run_init);
module_exit(kthread_run_exit);

MODULE_DESCRIPTION("Example of kthread_run");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
