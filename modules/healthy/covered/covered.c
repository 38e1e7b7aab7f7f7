// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy. Which of its lines run is known for each value of its parameters:
 * tests/e2e/coverage_test.cpp finds them by the words in the comments at the
 * ends of the lines.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/printk.h>

static int mode;
module_param(mode, int, 0);

static noinline void runs_twice(int which)
{
	pr_info("called with %d\n", which); /* always */
}

static noinline void never_called(void)
{
	pr_info("called by nobody\n"); /* never */
}
/* Lets the compiler keep it. */
void (*covered_unused)(void) = never_called;

static int __init covered_init(void)
{
	runs_twice(1); /* always */
	if (mode == 1) { /* always */
		pr_info("the first way\n"); /* with 1 */
	} else {
		pr_info("the second way\n"); /* without 1 */
	}
	if (mode == 2) { /* always */
		runs_twice(3); /* with 2 */
		return -EINVAL; /* not compared */
	}
	return 0; /* not compared */
}

static void __exit covered_exit(void)
{
	runs_twice(2); /* without 2 */
}

module_init(covered_init);
module_exit(covered_exit);
MODULE_DESCRIPTION("Healthy: its covered lines are known");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
