// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: frees an object in its release function and in its exit
 * function. Another object is freed in between, so a stock kernel does not
 * notice.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

static char *name, *other;

static noinline void release(void)
{
	kfree(name);
}

static int __init frees_twice_init(void)
{
	name = kmalloc(3000, GFP_KERNEL);
	other = kmalloc(3000, GFP_KERNEL);
	if (!name || !other) {
		kfree(name);
		kfree(other);
		return -ENOMEM;
	}
	return 0;
}

static void __exit frees_twice_exit(void)
{
	release();
	kfree(other);
	kfree(name);
}

module_init(frees_twice_init);
module_exit(frees_twice_exit);

MODULE_DESCRIPTION("Faulty on purpose: frees memory twice");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
