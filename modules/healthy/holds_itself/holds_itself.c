// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: holds references to itself for a while, and gives them back.
 */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/workqueue.h>

static void give_back(struct work_struct *unused)
{
	module_put(THIS_MODULE);
}

static DECLARE_DELAYED_WORK(work, give_back);

static int __init holds_itself_init(void)
{
	__module_get(THIS_MODULE);
	schedule_delayed_work(&work, HZ / 2);
	return 0;
}

static void __exit holds_itself_exit(void)
{
	flush_delayed_work(&work);
}

module_init(holds_itself_init);
module_exit(holds_itself_exit);

MODULE_DESCRIPTION("Healthy: holds references to itself");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
