// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: delays its CPU for five seconds, and goes on.
 */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/module.h>

static int __init delays_for_long_init(void)
{
	mdelay(5000);
	pr_info("done at last\n");
	return 0;
}

static void __exit delays_for_long_exit(void)
{
}

module_init(delays_for_long_init);
module_exit(delays_for_long_exit);

MODULE_DESCRIPTION("Healthy: delays for five seconds");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
