// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: asks for more pages at once than there can be.
 */
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/module.h>

static unsigned int order = 20;
module_param(order, uint, 0444);
MODULE_PARM_DESC(order, "the number of pages as a power of two");

static int __init too_large_allocation_init(void)
{
	unsigned long pages = __get_free_pages(GFP_KERNEL, order);

	if (!pages)
		return -ENOMEM;
	free_pages(pages, order);
	return 0;
}

static void __exit too_large_allocation_exit(void)
{
}

module_init(too_large_allocation_init);
module_exit(too_large_allocation_exit);

MODULE_DESCRIPTION("Faulty on purpose: allocates too much at once");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
