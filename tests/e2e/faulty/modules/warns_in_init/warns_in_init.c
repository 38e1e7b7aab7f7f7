// SPDX-License-Identifier: GPL-2.0-or-later
/* Faulty on purpose: makes the kernel warn while it is loaded; works otherwise. */
#include <linux/bug.h>
#include <linux/init.h>
#include <linux/module.h>

static int __init warns_in_init_init(void)
{
	WARN_ON(1);
	pr_info("warns_in_init: loaded anyway\n");
	return 0;
}

static void __exit warns_in_init_exit(void)
{
}

module_init(warns_in_init_init);
module_exit(warns_in_init_exit);

MODULE_DESCRIPTION("Faulty on purpose: makes the kernel warn while it is loaded");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
