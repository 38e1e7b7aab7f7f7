// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: writes to memory that it has freed. A stock kernel sees
 * it when it was started with slub_debug: the poison is overwritten when the
 * object is handed out again. KASAN sees the write itself.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/types.h>

static void write_to(u32 *object)
{
	WRITE_ONCE(object[2], 0x600dcafe);
}

static int __init use_after_free_init(void)
{
	u32 *object = kmalloc(1500, GFP_KERNEL);
	u32 *volatile kept = object;

	if (!object)
		return -ENOMEM;
	kfree(object);
	write_to(kept);
	/* Handed out again, which is when the poison is looked at. */
	kfree(kmalloc(1500, GFP_KERNEL));
	return 0;
}

static void __exit use_after_free_exit(void)
{
}

module_init(use_after_free_init);
module_exit(use_after_free_exit);

MODULE_DESCRIPTION("Faulty on purpose: writes to freed memory");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
