// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: its thread never calls kthread_should_stop(), so that
 * kthread_stop() in the exit function waits indefinitely.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *thread;

static int deaf(void *unused)
{
	for (;;)
		msleep(100);
	return 0;
}

static int __init ignores_should_stop_init(void)
{
	thread = kthread_run(deaf, NULL, "deaf");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit ignores_should_stop_exit(void)
{
	kthread_stop(thread);
	pr_info("ignores_should_stop: it heard after all\n");
}

module_init(ignores_should_stop_init);
module_exit(ignores_should_stop_exit);

MODULE_DESCRIPTION("Faulty on purpose: its thread ignores kthread_should_stop()");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
