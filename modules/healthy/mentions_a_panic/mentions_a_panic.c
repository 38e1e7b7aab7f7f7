// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: prints the words of a panic, and lives on.
 */
#include <linux/init.h>
#include <linux/module.h>

static int __init mentions_a_panic_init(void)
{
	pr_emerg("something of ours\n");
	printk("Kernel panic - not syncing: just kidding\n");
	return 0;
}

static void __exit mentions_a_panic_exit(void)
{
	pr_info("still here\n");
}

module_init(mentions_a_panic_init);
module_exit(mentions_a_panic_exit);

MODULE_DESCRIPTION("Healthy: prints the words of a panic");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
