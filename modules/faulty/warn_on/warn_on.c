// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: makes the kernel warn while it is loaded, but works
 * otherwise.
 */
#include <linux/bug.h>
#include <linux/init.h>
#include <linux/module.h>

static int __init warn_on_init(void)
{
	WARN_ON(1);
	pr_info("warn_on: loaded all the same\n");
	return 0;
}

static void __exit warn_on_exit(void)
{
}

module_init(warn_on_init);
module_exit(warn_on_exit);

MODULE_DESCRIPTION("Faulty on purpose: makes the kernel warn");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
