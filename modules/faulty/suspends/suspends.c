// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: suspends the machine while it is loaded, and has armed
 * nothing that could wake it.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/suspend.h>

static bool to_memory;
module_param(to_memory, bool, 0444);
MODULE_PARM_DESC(to_memory, "suspend to memory, which a guest does not offer");

static int __init suspends_init(void)
{
	return pm_suspend(to_memory ? PM_SUSPEND_MEM : PM_SUSPEND_TO_IDLE);
}

static void __exit suspends_exit(void)
{
}

module_init(suspends_init);
module_exit(suspends_exit);

MODULE_DESCRIPTION("Faulty on purpose: suspends the machine");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
