// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: computes for a long time without sleeping, as the tests of the
 * XArray do.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/xarray.h>

static DEFINE_XARRAY(array);

static int __init counts_for_long_init(void)
{
	unsigned long i, sum = 0;
	void *entry;

	for (i = 0; i < 300000; i++)
		xa_store(&array, i * 7, xa_mk_value(i), GFP_KERNEL);
	xa_for_each(&array, i, entry)
		sum += xa_to_value(entry);
	pr_info("the sum is %lu\n", sum);
	xa_destroy(&array);
	return 0;
}

static void __exit counts_for_long_exit(void)
{
}

module_init(counts_for_long_init);
module_exit(counts_for_long_exit);

MODULE_DESCRIPTION("Healthy: computes for a long time");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
