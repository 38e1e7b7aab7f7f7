// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: tests itself, and prints the results as KTAP. One test is skipped.
 */
#include <linux/init.h>
#include <linux/module.h>

static int __init prints_ktap_init(void)
{
	pr_info("KTAP version 1\n");
	pr_info("1..1\n");
	pr_info("    KTAP version 1\n");
	pr_info("    # Subtest: sums\n");
	pr_info("    1..2\n");
	pr_info("    ok 1 adds\n");
	pr_info("    ok 2 overflows # SKIP needs 32 bits\n");
	pr_info("ok 1 sums\n");
	pr_info("not ok 7 looks like a result, but is outside of KTAP\n");
	return 0;
}

static void __exit prints_ktap_exit(void)
{
}

module_init(prints_ktap_init);
module_exit(prints_ktap_exit);

MODULE_DESCRIPTION("Healthy: prints results of tests as KTAP");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
