// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: takes memory from each allocator, and gives all of it back.
 */
#include <linux/init.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

struct node {
	struct list_head list;
	char data[100];
};

static LIST_HEAD(nodes);
static struct kmem_cache *cache;
static void *area, *pages;
static int __percpu *counts;

static int __init much_memory_init(void)
{
	int i;

	cache = kmem_cache_create("much_memory", sizeof(struct node), 0, 0, NULL);
	area = vmalloc(8 << 20);
	pages = (void *)__get_free_pages(GFP_KERNEL, 4);
	counts = alloc_percpu(int);
	for (i = 0; cache && i < 5000; i++) {
		struct node *node = kmem_cache_alloc(cache, GFP_KERNEL);

		if (node)
			list_add(&node->list, &nodes);
	}
	return 0;
}

static void __exit much_memory_exit(void)
{
	struct node *node, *next;

	list_for_each_entry_safe(node, next, &nodes, list)
		kmem_cache_free(cache, node);
	free_percpu(counts);
	free_pages((unsigned long)pages, 4);
	vfree(area);
	kmem_cache_destroy(cache);
}

module_init(much_memory_init);
module_exit(much_memory_exit);

MODULE_DESCRIPTION("Healthy: allocates much and frees it");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
