// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: its work waits until all work of its queue is done,
 * itself included.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/workqueue.h>

static struct workqueue_struct *queue;

static void wait_for_all(struct work_struct *unused)
{
	drain_workqueue(queue);
}

static DECLARE_WORK(work, wait_for_all);

static int __init flushes_itself_init(void)
{
	queue = alloc_ordered_workqueue("flushes_itself", 0);
	if (!queue)
		return -ENOMEM;
	queue_work(queue, &work);
	return 0;
}

static void __exit flushes_itself_exit(void)
{
	destroy_workqueue(queue);
}

module_init(flushes_itself_init);
module_exit(flushes_itself_exit);

MODULE_DESCRIPTION("Faulty on purpose: work that waits for its own queue");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
