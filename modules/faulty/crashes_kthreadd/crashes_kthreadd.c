// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: wants a thread on a NUMA node that does not exist. The
 * kernel's thread kthreadd makes the thread for it, and crashes.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>

#define NO_SUCH_NODE 500
#define THREADS 8

static int do_nothing(void *unused)
{
	return 0;
}

static int __init crashes_kthreadd_init(void)
{
	struct task_struct *threads[THREADS];
	int count, error = 0;

	/* The kernel keeps a few stacks of threads that have ended. */
	for (count = 0; count < THREADS; ++count) {
		threads[count] = kthread_create_on_node(do_nothing, NULL,
							NO_SUCH_NODE, "nowhere");
		if (IS_ERR(threads[count])) {
			error = PTR_ERR(threads[count]);
			break;
		}
	}
	while (count > 0)
		kthread_stop(threads[--count]);
	return error;
}

static void __exit crashes_kthreadd_exit(void)
{
}

module_init(crashes_kthreadd_init);
module_exit(crashes_kthreadd_exit);

MODULE_DESCRIPTION("Faulty on purpose: makes kthreadd crash");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
