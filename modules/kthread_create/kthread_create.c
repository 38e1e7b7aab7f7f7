// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kthread_create - a kernel thread that is first created and later woken
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static struct task_struct *def_thread;

static int my_thread_fn(void *unused)
{
	while (!kthread_should_stop()) {
		pr_info("inside my_thread_fn\n");
		msleep(100);
	}
	return 0;
}

static int __init kthread_create_init(void)
{
	pr_info("Inside kthread init function\n");

	def_thread = kthread_create(my_thread_fn, NULL, "kthread_create examples");
	if (IS_ERR(def_thread)) {
		pr_err("Error in creating thread\n");
		return PTR_ERR(def_thread);
	}
	pr_info("Thread created successfully\n");
	wake_up_process(def_thread);
	pr_info("wake up process done successfully\n");
	return 0;
}

static void __exit kthread_create_exit(void)
{
	pr_info("Inside kthread exit function\n");
	kthread_stop(def_thread);
	pr_info("Destroyed thread\n");
}

module_init(kthread_create_init);
module_exit(kthread_create_exit);

MODULE_DESCRIPTION("Example of kthread_create");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
