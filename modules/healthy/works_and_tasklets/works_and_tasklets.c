// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: queues work of all kinds, and waits for all of it.
 */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/interrupt.h>
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

static void do_work(struct work_struct *unused)
{
	msleep(20);
}

static void do_tasklet(struct tasklet_struct *unused)
{
	pr_info("tasklet ran\n");
}

static DECLARE_WORK(work, do_work);
static DECLARE_DELAYED_WORK(soon, do_work);
static DECLARE_DELAYED_WORK(late, do_work);
static DECLARE_TASKLET(tasklet, do_tasklet);

static int __init works_and_tasklets_init(void)
{
	queue = alloc_workqueue("works_and_tasklets", WQ_MEM_RECLAIM | WQ_HIGHPRI | PER_CPU, 1);
	if (!queue)
		return -ENOMEM;
	queue_work(queue, &work);
	queue_delayed_work(queue, &soon, HZ / 10);
	schedule_delayed_work(&late, 3600 * HZ);
	tasklet_schedule(&tasklet);
	return 0;
}

static void __exit works_and_tasklets_exit(void)
{
	tasklet_kill(&tasklet);
	cancel_delayed_work_sync(&late);
	cancel_delayed_work_sync(&soon);
	destroy_workqueue(queue);
}

module_init(works_and_tasklets_init);
module_exit(works_and_tasklets_exit);

MODULE_DESCRIPTION("Healthy: queues work and cancels it");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
