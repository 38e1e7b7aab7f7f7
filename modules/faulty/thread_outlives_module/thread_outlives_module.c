// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: does not stop its thread when it is unloaded. The thread
 * wakes up where its code was, and faults there.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

static int orphan(void *unused)
{
	for (;;)
		msleep(100);
	return 0;
}

static int __init thread_outlives_module_init(void)
{
	return PTR_ERR_OR_ZERO(kthread_run(orphan, NULL, "orphan"));
}

static void __exit thread_outlives_module_exit(void)
{
}

module_init(thread_outlives_module_init);
module_exit(thread_outlives_module_exit);

MODULE_DESCRIPTION("Faulty on purpose: its thread outlives it");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
