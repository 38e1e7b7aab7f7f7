// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: has a thread and a slab cache, and gives both back. Meanwhile, its
 * plan makes the kernel start a thread and create a cache of its own, which
 * stay.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>

static struct task_struct *thread;
static struct kmem_cache *cache;

static int turns(void *unused)
{
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static int __init beside_the_kernel_init(void)
{
	cache = kmem_cache_create("beside_the_kernel", 720, 0, 0, NULL);
	if (!cache)
		return -ENOMEM;
	thread = kthread_run(turns, NULL, "of_the_module/%d", 0);
	if (IS_ERR(thread)) {
		kmem_cache_destroy(cache);
		return PTR_ERR(thread);
	}
	return 0;
}

static void __exit beside_the_kernel_exit(void)
{
	kthread_stop(thread);
	kmem_cache_destroy(cache);
}

module_init(beside_the_kernel_init);
module_exit(beside_the_kernel_exit);

MODULE_DESCRIPTION("Healthy: has a thread and a cache, like the kernel");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
