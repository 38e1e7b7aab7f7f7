// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: does not check whether its allocation succeeded. This
 * has no effect until one fails, for which fault injection can be used.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

static int *volatile counter;

static int __init ignored_allocation_failure_init(void)
{
	counter = kmalloc(sizeof(*counter), GFP_KERNEL);
	*counter = 1;
	return 0;
}

static void __exit ignored_allocation_failure_exit(void)
{
	kfree(counter);
}

module_init(ignored_allocation_failure_init);
module_exit(ignored_allocation_failure_exit);

MODULE_DESCRIPTION("Faulty on purpose: ignores that an allocation may fail");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
