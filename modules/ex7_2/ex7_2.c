// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ex7_2 - a kernel thread that counts once a second until it is stopped
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *thread;

static int thread_function(void *unused)
{
	unsigned int round = 0;

	/* Logged here, not in init, so that it always precedes round 1. */
	pr_info("Thread started\n");
	while (!kthread_should_stop()) {
		pr_info("In thread function %u\n", ++round);
		msleep(1000);
	}
	pr_info("Thread exiting\n");
	return 0;
}

static int __init ex7_2_init(void)
{
	thread = kthread_run(thread_function, NULL, "ex7_2");
	if (IS_ERR(thread)) {
		pr_err("ex7_2: cannot create the thread (%ld)\n", PTR_ERR(thread));
		return PTR_ERR(thread);
	}
	return 0;
}

static void __exit ex7_2_exit(void)
{
	/* Returns when the thread has ended its round: up to a second. */
	kthread_stop(thread);
	pr_info("Exiting!\n");
}

module_init(ex7_2_init);
module_exit(ex7_2_exit);

MODULE_DESCRIPTION("A kernel thread that counts once a second until it is stopped");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
