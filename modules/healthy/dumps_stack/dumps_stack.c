// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: prints its stack on purpose, from its init function, a timer, a
 * work item and its exit function. In the last three, the call is the last one
 * of the function, so the compiler makes it a jump.
 */
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <linux/workqueue.h>

static void work_shows(struct work_struct *unused)
{
	pr_info("this is how a work item is called\n");
	dump_stack();
}
static DECLARE_WORK(work, work_shows);

static void timer_shows(struct timer_list *unused)
{
	schedule_work(&work);
	dump_stack();
}
static DEFINE_TIMER(timer, timer_shows);

static int __init dumps_stack_init(void)
{
	pr_warn("this is how we got here\n");
	dump_stack();
	mod_timer(&timer, jiffies + HZ / 10);
	return 0;
}

static void __exit dumps_stack_exit(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	timer_delete_sync(&timer);
#else
	del_timer_sync(&timer);
#endif
	cancel_work_sync(&work);
	dump_stack();
}

module_init(dumps_stack_init);
module_exit(dumps_stack_exit);

MODULE_DESCRIPTION("Healthy: prints its stack on purpose");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
