// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: follows a pointer in an object that it has freed. A stock
 * kernel detects it if it was started with slub_debug: the object then contains
 * poison, which is not an address. KASAN detects the read itself.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

struct object {
	int *value;
	char rest[56];
};

static int value = 42;

static noinline int read_from(struct object *object)
{
	return *READ_ONCE(object->value);
}

static int __init use_after_free_init(void)
{
	struct object *object = kmalloc(sizeof(*object), GFP_KERNEL);
	struct object *volatile kept = object;

	if (!object)
		return -ENOMEM;
	object->value = &value;
	kfree(object);
	return read_from(kept) == 42 ? 0 : -EIO;
}

static void __exit use_after_free_exit(void)
{
}

module_init(use_after_free_init);
module_exit(use_after_free_exit);

MODULE_DESCRIPTION("Faulty on purpose: uses memory that it has freed");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
