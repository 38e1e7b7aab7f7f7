// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: tests itself, prints the results as KTAP, and one of its
 * tests fails. Nothing else is wrong.
 */
#include <linux/init.h>
#include <linux/module.h>

static int __init fails_a_test_init(void)
{
	pr_info("KTAP version 1\n");
	pr_info("1..1\n");
	pr_info("    # Subtest: sums\n");
	pr_info("    1..2\n");
	pr_info("    ok 1 adds\n");
	pr_info("    # carries: expected 3, but the sum is 4\n");
	pr_info("    not ok 2 carries\n");
	pr_info("not ok 1 sums\n");
	return 0;
}

static void __exit fails_a_test_exit(void)
{
}

module_init(fails_a_test_init);
module_exit(fails_a_test_exit);

MODULE_DESCRIPTION("Faulty: one of its own tests fails");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
