// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: frees the same memory twice. A hardened
 * allocator detects it.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

static int __init double_free_init(void)
{
	void *object = kmalloc(64, GFP_KERNEL);
	void *volatile kept = object;

	if (!object)
		return -ENOMEM;
	kfree(object);
	kfree(kept);
	return 0;
}

static void __exit double_free_exit(void)
{
}

module_init(double_free_init);
module_exit(double_free_exit);

MODULE_DESCRIPTION("Faulty on purpose: frees memory twice");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
