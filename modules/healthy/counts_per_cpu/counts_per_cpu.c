// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Allocates memory for each CPU in several ways, some of it through other
 * parts of the kernel, and frees all of it.
 */
#include <linux/completion.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/percpu-refcount.h>
#include <linux/percpu.h>
#include <linux/percpu-rwsem.h>
#include <linux/percpu_counter.h>
#include <linux/slab.h>

static DEFINE_PER_CPU(long, hits);
static long __percpu *counters;
static struct percpu_counter total;
static struct percpu_ref users;
static struct percpu_rw_semaphore gate;
static struct kmem_cache *cache;
static DECLARE_COMPLETION(nobody_left);

static void last_user_left(struct percpu_ref *ref)
{
	complete(&nobody_left);
}

static int __init counts_per_cpu_init(void)
{
	int error = -ENOMEM;

	counters = alloc_percpu(long);
	if (!counters)
		return error;
	error = percpu_counter_init(&total, 0, GFP_KERNEL);
	if (error)
		goto no_total;
	error = percpu_ref_init(&users, last_user_left, 0, GFP_KERNEL);
	if (error)
		goto no_users;
	error = percpu_init_rwsem(&gate);
	if (error)
		goto no_gate;
	error = -ENOMEM;
	cache = kmem_cache_create("counts_per_cpu", 72, 0, 0, NULL);
	if (!cache)
		goto no_cache;
	this_cpu_inc(hits);
	this_cpu_inc(*counters);
	percpu_counter_inc(&total);
	return 0;

no_cache:
	percpu_free_rwsem(&gate);
no_gate:
	percpu_ref_exit(&users);
no_users:
	percpu_counter_destroy(&total);
no_total:
	free_percpu(counters);
	return error;
}

static void __exit counts_per_cpu_exit(void)
{
	kmem_cache_destroy(cache);
	percpu_free_rwsem(&gate);
	percpu_ref_kill(&users);
	wait_for_completion(&nobody_left);
	percpu_ref_exit(&users);
	percpu_counter_destroy(&total);
	free_percpu(counters);
}

module_init(counts_per_cpu_init);
module_exit(counts_per_cpu_exit);

MODULE_DESCRIPTION("Counts on each CPU");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
