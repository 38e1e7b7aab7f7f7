// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: gives memory to vfree() that vmalloc() never gave
 * out.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

static int __init vfree_of_nothing_init(void)
{
	char *area = vmalloc(8192);

	if (!area)
		return -ENOMEM;
	vfree(area + 4096);
	vfree(area);
	return 0;
}

static void __exit vfree_of_nothing_exit(void)
{
}

module_init(vfree_of_nothing_init);
module_exit(vfree_of_nothing_exit);

MODULE_DESCRIPTION("Faulty on purpose: frees a wrong address");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
