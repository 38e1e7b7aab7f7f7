// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: takes a reference to itself and never drops it, so that
 * it can never be unloaded.
 */
#include <linux/init.h>
#include <linux/module.h>

static int __init pinned_module_init(void)
{
	__module_get(THIS_MODULE);
	return 0;
}

static void __exit pinned_module_exit(void)
{
}

module_init(pinned_module_init);
module_exit(pinned_module_exit);

MODULE_DESCRIPTION("Faulty on purpose: holds a reference to itself for ever");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
