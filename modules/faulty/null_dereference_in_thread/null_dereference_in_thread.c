// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: its thread writes through a null pointer some time
 * after loading has succeeded. An oops that names the thread's function.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

static int *volatile nowhere;

static int thread_function(void *unused)
{
	pr_info("null_dereference_in_thread: thread started\n");
	msleep(300);
	*nowhere = 1;
	return 0;
}

static int __init null_dereference_in_thread_init(void)
{
	return PTR_ERR_OR_ZERO(kthread_run(thread_function, NULL, "null_deref"));
}

static void __exit null_dereference_in_thread_exit(void)
{
}

module_init(null_dereference_in_thread_init);
module_exit(null_dereference_in_thread_exit);

MODULE_DESCRIPTION("Faulty on purpose: its thread writes through a null pointer");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
