// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: frees nothing. The parameter says where the memory comes
 * from.
 */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/kfifo.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

static char *from = "pages";
module_param(from, charp, 0444);
MODULE_PARM_DESC(from, "pages, page, exact, vmalloc, kvmalloc, percpu, pool, text, bits, buffer, clone, queue or fifo");

static const void *kept;
static DECLARE_KFIFO_PTR(fifo, int);

/* The original is freed, and the clone is not. */
static noinline const void *take_clone(void)
{
	struct sk_buff *buffer = alloc_skb(200, GFP_KERNEL), *clone;

	if (!buffer)
		return NULL;
	skb_put_zero(buffer, 60);
	clone = skb_clone(buffer, GFP_KERNEL);
	kfree_skb(buffer);
	return clone;
}

static noinline const void *take(void)
{
	if (!strcmp(from, "pages"))
		return (void *)__get_free_pages(GFP_KERNEL, 2);
	if (!strcmp(from, "page"))
		return alloc_page(GFP_KERNEL);
	if (!strcmp(from, "exact"))
		return alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);
	if (!strcmp(from, "vmalloc"))
		return vmalloc(10000);
	if (!strcmp(from, "kvmalloc"))
		return kvmalloc(3 << 20, GFP_KERNEL);
	if (!strcmp(from, "percpu"))
		return (const void *)(__force unsigned long)alloc_percpu(long);
	if (!strcmp(from, "pool"))
		return mempool_create_kmalloc_pool(2, 300);
	if (!strcmp(from, "text"))
		return kasprintf(GFP_KERNEL, "taken from %s", from);
	if (!strcmp(from, "buffer"))
		return alloc_skb(1500, GFP_KERNEL);
	if (!strcmp(from, "clone"))
		return take_clone();
	if (!strcmp(from, "queue"))
		return alloc_workqueue("keeps_memory", WQ_UNBOUND, 0);
	if (!strcmp(from, "fifo"))
		return kfifo_alloc(&fifo, 16, GFP_KERNEL) ? NULL : &fifo;
	return bitmap_zalloc(700, GFP_KERNEL);
}

static int __init keeps_memory_init(void)
{
	kept = take();
	return kept ? 0 : -ENOMEM;
}

static void __exit keeps_memory_exit(void)
{
}

module_init(keeps_memory_init);
module_exit(keeps_memory_exit);

MODULE_DESCRIPTION("Faulty on purpose: allocates memory and never frees it");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
