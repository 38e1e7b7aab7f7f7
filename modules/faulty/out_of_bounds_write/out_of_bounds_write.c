// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: writes one byte after the end of its allocated memory.
 * With slub_debug the kernel finds the red zone overwritten when the object is
 * freed.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/types.h>

static volatile size_t length = 64;

static int __init out_of_bounds_write_init(void)
{
	u8 *object = kmalloc(length, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	WRITE_ONCE(object[length], 0x42);
	kfree(object);
	return 0;
}

static void __exit out_of_bounds_write_exit(void)
{
}

module_init(out_of_bounds_write_init);
module_exit(out_of_bounds_write_exit);

MODULE_DESCRIPTION("Faulty on purpose: writes behind the end of an allocation");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
