// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: takes memory from each allocator and frees it, also in ways that
 * look suspicious: pages one by one, by the reference count, after a grace
 * period, by a work item after it was freed and allocated again.
 */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

struct later {
	struct rcu_head rcu;
	char data[200];
};

struct job {
	struct work_struct work;
	char data[200];
};

static unsigned long pages;
static struct page *page, *split;
static void *exact, *area, *large, *small;
static long __percpu *counters;
static mempool_t *pool;
static char *text;
static unsigned long *bits;
static struct later *later;
static struct workqueue_struct *jobs;

static void run_job(struct work_struct *work)
{
	kfree(container_of(work, struct job, work));
}

static void give_back(void)
{
	int i;

	free_pages(pages, 2);
	if (page)
		put_page(page);
	for (i = 0; split && i < 4; i++)
		__free_page(split + i);
	if (exact)
		free_pages_exact(exact, 3 * PAGE_SIZE);
	vfree(area);
	kvfree(large);
	kvfree(small);
	free_percpu(counters);
	mempool_destroy(pool);
	kfree(text);
	bitmap_free(bits);
	if (later)
		kfree_rcu(later, rcu);
}

static bool take(void)
{
	pages = __get_free_pages(GFP_KERNEL, 2);
	page = alloc_page(GFP_KERNEL);
	split = alloc_pages(GFP_KERNEL, 2);
	if (split)
		split_page(split, 2);
	exact = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);
	area = vmalloc(10000);
	large = kvmalloc(3 << 20, GFP_KERNEL);
	small = kvmalloc(100, GFP_KERNEL);
	counters = alloc_percpu(long);
	pool = mempool_create_kmalloc_pool(2, 300);
	text = kasprintf(GFP_KERNEL, "%d pages", 4);
	bits = bitmap_zalloc(700, GFP_KERNEL);
	later = kmalloc(sizeof(*later), GFP_KERNEL);
	return pages && page && split && exact && area && large && small && counters && pool && text && bits && later;
}

/* The same object is often allocated and freed again and again. */
static bool reuse(void)
{
	int i;

	for (i = 0; i < 100; i++) {
		struct job *job = kmalloc(sizeof(*job), GFP_KERNEL);

		if (!job)
			return false;
		if (i % 2) {
			kfree(job);
			continue;
		}
		INIT_WORK(&job->work, run_job);
		queue_work(jobs, &job->work);
	}
	return true;
}

static int __init gives_memory_back_init(void)
{
	jobs = alloc_workqueue("gives_memory_back", WQ_UNBOUND, 0);
	if (!jobs)
		return -ENOMEM;
	if (take() && reuse())
		return 0;
	destroy_workqueue(jobs);
	give_back();
	return -ENOMEM;
}

static void __exit gives_memory_back_exit(void)
{
	destroy_workqueue(jobs);
	give_back();
}

module_init(gives_memory_back_init);
module_exit(gives_memory_back_exit);

MODULE_DESCRIPTION("Healthy: allocates memory of each kind and frees it");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
