// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: does not stop its timer when it is unloaded. The timer
 * is in memory that stays, but when it fires, its function is gone.
 */
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timer.h>

static struct timer_list *timer;

static void timer_fires(struct timer_list *fired)
{
	mod_timer(fired, jiffies + HZ / 10);
}

static int __init timer_outlives_module_init(void)
{
	timer = kzalloc(sizeof(*timer), GFP_KERNEL);
	if (!timer)
		return -ENOMEM;
	timer_setup(timer, timer_fires, 0);
	mod_timer(timer, jiffies + HZ / 10);
	return 0;
}

static void __exit timer_outlives_module_exit(void)
{
}

module_init(timer_outlives_module_init);
module_exit(timer_outlives_module_exit);

MODULE_DESCRIPTION("Faulty on purpose: its timer outlives it");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
