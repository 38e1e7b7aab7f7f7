// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: asks for more memory with each load, in amounts that vary.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>

static void *buffers[64];

static int __init keeps_a_cache_warm_init(void)
{
	int i;

	for (i = 0; i < 64; i++)
		buffers[i] = kmalloc(get_random_u32() % 2000 + 1, GFP_KERNEL);
	return 0;
}

static void __exit keeps_a_cache_warm_exit(void)
{
	int i;

	for (i = 0; i < 64; i++)
		kfree(buffers[i]);
}

module_init(keeps_a_cache_warm_init);
module_exit(keeps_a_cache_warm_exit);

MODULE_DESCRIPTION("Healthy: allocates in varying amounts");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
