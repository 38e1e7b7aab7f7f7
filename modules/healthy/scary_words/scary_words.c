// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: prints the words of kernel reports, and none of them is one.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/printk.h>

static int __init scary_words_init(void)
{
	pr_info("no BUG: here, and no WARNING: either\n");
	pr_info("if this oopses, it is not an Oops: 0000\n");
	pr_info("general protection of the faulty kind\n");
	pr_warn("unable to handle my own request\n");
	pr_err("Call Trace: see the manual\n");
	return 0;
}

static void __exit scary_words_exit(void)
{
}

module_init(scary_words_init);
module_exit(scary_words_exit);

MODULE_DESCRIPTION("Healthy: prints scary words");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
