// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: follows a null pointer in a timer, where no task is
 * to blame and the machine panics.
 */
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/timer.h>

static int *volatile nowhere;

static void fires(struct timer_list *unused)
{
	*nowhere = 1;
}

static DEFINE_TIMER(timer, fires);

static int __init null_dereference_in_timer_init(void)
{
	mod_timer(&timer, jiffies + 1);
	return 0;
}

static void __exit null_dereference_in_timer_exit(void)
{
}

module_init(null_dereference_in_timer_init);
module_exit(null_dereference_in_timer_exit);

MODULE_DESCRIPTION("Faulty on purpose: null dereference in a timer");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
