// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: does not free its memory. One load has no visible effect;
 * over many, the slab cache grows by one object each. kmemleak detects it at
 * once.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

static char *buffer;

static int __init leaked_memory_init(void)
{
	buffer = kmalloc(200, GFP_KERNEL);
	return buffer ? 0 : -ENOMEM;
}

static void __exit leaked_memory_exit(void)
{
	/* With a remaining pointer, kmemleak would not see a leak. */
	buffer = NULL;
}

module_init(leaked_memory_init);
module_exit(leaked_memory_exit);

MODULE_DESCRIPTION("Faulty on purpose: leaks memory");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
