// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: its thread writes through a null pointer a while after the loading. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

static int *volatile nowhere;

static int thread_function(void *unused)
{
	pr_info("oopses_in_thread: thread started\n");
	msleep(300);
	*nowhere = 1;
	return 0;
}

static int __init oopses_in_thread_init(void)
{
	return PTR_ERR_OR_ZERO(kthread_run(thread_function, NULL, "oopses"));
}

static void __exit oopses_in_thread_exit(void)
{
}

module_init(oopses_in_thread_init);
module_exit(oopses_in_thread_exit);

MODULE_DESCRIPTION("Faulty on purpose: its thread writes through a null pointer");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
