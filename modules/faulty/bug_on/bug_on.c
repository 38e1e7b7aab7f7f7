// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: hits a BUG_ON() while it is unloaded, which kills
 * rmmod.
 */
#include <linux/bug.h>
#include <linux/init.h>
#include <linux/module.h>

static bool broken = true;
module_param(broken, bool, 0444);
MODULE_PARM_DESC(broken, "hit the BUG_ON() (default yes)");

static int __init bug_on_init(void)
{
	return 0;
}

static void __exit bug_on_exit(void)
{
	BUG_ON(broken);
}

module_init(bug_on_init);
module_exit(bug_on_exit);

MODULE_DESCRIPTION("Faulty on purpose: hits a BUG_ON() while it is unloaded");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
