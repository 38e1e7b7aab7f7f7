// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: not C. */
#include <linux/init.h>
#include <linux/module.h>

static int __init does_not_build_init(void)
{
	pr_info("a semicolon is missing here\n")
	return 0;
}

module_init(does_not_build_init);

MODULE_DESCRIPTION("Faulty on purpose: does not build");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
