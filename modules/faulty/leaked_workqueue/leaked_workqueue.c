// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: does not destroy its workqueue when it is unloaded. The
 * only visible trace of the queue is its rescuer thread.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <linux/version.h>

/* Since 6.17 a workqueue needs a flag if its work is to run on the CPU that queued it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
#define PER_CPU WQ_PERCPU
#else
#define PER_CPU 0
#endif

static struct workqueue_struct *queue;

static int __init leaked_workqueue_init(void)
{
	queue = alloc_workqueue("left_behind", WQ_MEM_RECLAIM | PER_CPU, 0);
	return queue ? 0 : -ENOMEM;
}

static void __exit leaked_workqueue_exit(void)
{
}

module_init(leaked_workqueue_init);
module_exit(leaked_workqueue_exit);

MODULE_DESCRIPTION("Faulty on purpose: leaves a workqueue");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
