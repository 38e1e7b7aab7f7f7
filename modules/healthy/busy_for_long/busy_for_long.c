// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: keeps a CPU busy for three seconds in its init function, and comes
 * to an end. A kernel says nothing before 20 s.
 */
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/module.h>

static int __init busy_for_long_init(void)
{
	const ktime_t end = ktime_add_ms(ktime_get(), 3000);

	while (ktime_before(ktime_get(), end))
		barrier();
	pr_info("done at last\n");
	return 0;
}

static void __exit busy_for_long_exit(void)
{
}

module_init(busy_for_long_init);
module_exit(busy_for_long_exit);

MODULE_DESCRIPTION("Healthy: keeps a CPU busy for three seconds");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
