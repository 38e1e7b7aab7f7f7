// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: destroys a slab cache in which it has left an object. The
 * kernel reports it, and keeps the cache.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

static struct kmem_cache *cache;

static int __init leaked_slab_object_init(void)
{
	cache = kmem_cache_create("leaked_slab_object", 120, 0, 0, NULL);
	if (!cache)
		return -ENOMEM;
	if (!kmem_cache_alloc(cache, GFP_KERNEL)) {
		kmem_cache_destroy(cache);
		return -ENOMEM;
	}
	return 0;
}

static void __exit leaked_slab_object_exit(void)
{
	kmem_cache_destroy(cache);
	pr_info("leaked_slab_object: gone, but not all of it\n");
}

module_init(leaked_slab_object_init);
module_exit(leaked_slab_object_exit);

MODULE_DESCRIPTION("Faulty on purpose: leaks an object of its slab cache");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
