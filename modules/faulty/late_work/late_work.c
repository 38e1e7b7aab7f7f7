// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: work that still runs, or is still due, when the module is
 * unloaded. It goes on in code that is gone, some seconds later.
 */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

static char *what = "running";
module_param(what, charp, 0);

static void sleeps(struct work_struct *unused)
{
	msleep(3000);
	pr_info("slept\n");
}
static DECLARE_WORK(running, sleeps);

static void comes_late(struct work_struct *work)
{
	kfree(to_delayed_work(work));
}

static int __init late_work_init(void)
{
	struct delayed_work *delayed;

	if (!strcmp(what, "running")) {
		schedule_work(&running);
		return 0;
	}
	delayed = kzalloc(sizeof(*delayed), GFP_KERNEL);
	if (!delayed)
		return -ENOMEM;
	INIT_DELAYED_WORK(delayed, comes_late);
	schedule_delayed_work(delayed, 6 * HZ);
	return 0;
}

static void __exit late_work_exit(void)
{
}

module_init(late_work_init);
module_exit(late_work_exit);

MODULE_DESCRIPTION("Faulty on purpose: its work outlives it");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
