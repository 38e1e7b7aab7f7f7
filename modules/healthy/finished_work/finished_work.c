// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: work that sleeps for seconds, and work that is due later. The exit
 * function waits for the one and cancels the other.
 */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

static void sleeps(struct work_struct *unused)
{
	msleep(3000);
	pr_info("slept\n");
}
static DECLARE_WORK(running, sleeps);

static void never_comes(struct work_struct *unused)
{
	pr_info("came\n");
}
static struct delayed_work *delayed;

static int __init finished_work_init(void)
{
	delayed = kzalloc(sizeof(*delayed), GFP_KERNEL);
	if (!delayed)
		return -ENOMEM;
	INIT_DELAYED_WORK(delayed, never_comes);
	schedule_delayed_work(delayed, 6 * HZ);
	schedule_work(&running);
	return 0;
}

static void __exit finished_work_exit(void)
{
	flush_work(&running);
	cancel_delayed_work_sync(delayed);
	kfree(delayed);
}

module_init(finished_work_init);
module_exit(finished_work_exit);

MODULE_DESCRIPTION("Healthy: no work outlives it");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
